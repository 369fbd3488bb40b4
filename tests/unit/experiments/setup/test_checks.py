"""What ``corridor test`` runs, in which order, and what it leaves out."""

import argparse
import re
import subprocess
from functools import cache

import pytest

from corridor.experiments.commands import test as command
from corridor.experiments.setup import checks, import_graph
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError
from corridor.topologies.base.installation import CHECKOUT

ALL = {"whole": True, "guests": True, "native": False, "root": True, "browser": True}
QUICK = ALL | {"whole": False}
UNIT, GUESTS = "unit and property tests", "end-to-end tests in guests"


def names(**wanted):
    return [section.name for section in checks.sections(**(ALL | wanted))]


def command_of(section_name, **wanted):
    (found,) = [one for one in checks.sections(**(ALL | wanted)) if one.name == section_name]
    return found.command


def markers(section_name, **wanted):
    words = command_of(section_name, **wanted)
    return words[words.index("-m", 3) + 1]


def test_from_quick_to_slow():
    assert names() == [
        "lint",
        "format",
        "types",
        UNIT,
        "pages in a browser",
        "tests in this machine's own kernel",
        GUESTS,
    ]


def test_the_short_form_runs_what_is_quick_and_one_run_for_each_promise():
    assert names(**QUICK) == ["lint", "format", "types", UNIT, GUESTS]
    assert markers(UNIT, **QUICK).endswith(" and not slow")
    assert markers(GUESTS, **QUICK) == "guest and promise"


def test_the_whole_form_includes_all_of_the_short_one():
    short, whole = (checks.sections(**form) for form in (QUICK, ALL))
    named = {one.name: one.command for one in whole}
    for section in short:
        narrower = [word for word in section.command if word not in named[section.name]]
        few = [f"{checks.NO_MACHINE} and not slow", "--few-examples", "--quick"]
        assert narrower in ([], few, ["guest and promise"])


def test_guests_are_left_out_only_when_asked():
    assert GUESTS not in names(guests=False)


def test_the_site_is_built_where_sphinx_is_installed():
    assert "site of the documentation" in names(docs=True)
    assert "site of the documentation" not in names(docs=False)
    assert "site of the documentation" not in names(docs=True, pytest_arguments=["-x"])


def test_pages_are_seen_in_a_browser_where_there_is_one():
    assert "pages in a browser" not in names(browser=False)
    assert command_of("pages in a browser")[-3:] == ("-m", "browser", "tests/browser")


def test_each_section_collects_the_folders_that_hold_its_tests():
    marked = {"guest": checks.GUEST, "browser": checks.BROWSER, "netns": checks.OWN_KERNEL}
    for path in (CHECKOUT / "tests").rglob("test_*.py"):
        text = path.read_text(encoding="utf-8")
        for marker, folders in marked.items():
            if re.search(rf"^(@|pytestmark = .*|    )pytest\.mark\.{marker}\b", text, re.MULTILINE):
                assert path.relative_to(CHECKOUT).as_posix().startswith(folders), path


def test_files_that_are_affected_run_in_the_sections_that_hold_them():
    files = ["tests/unit/test_rooms.py", "tests/property/test_ways.py"]
    assert command_of(UNIT, files=files)[-2:] == tuple(files)
    assert "--quick" in command_of(UNIT, **QUICK)
    assert "--quick" not in command_of(UNIT, **QUICK, files=files)
    assert GUESTS not in names(files=files)
    (section,) = [one for one in checks.sections(**ALL, files=files) if one.name == UNIT]
    assert section.empty_is_fine
    files = ["tests/guest/experiments/live_network/test_up.py"]
    assert names(files=files) == ["lint", "format", "types", GUESTS]


def test_blocks_of_changed_pages_run_although_they_are_slow(monkeypatch):
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pages = ["README.md", "docs/law.md"]
    command = command_of("blocks of changed pages", **QUICK, pages=[*pages, "examples/gone.md"])
    done = subprocess.run(
        [*command, "--collect-only"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    found = [one for one in done.stdout.splitlines() if one.startswith(checks.BLOCKS)]
    follow = f"{checks.BLOCKS}::test_what_a_page_tells_to_do_works"
    assert found == [f"{follow}[{page}]" for page in pages]
    assert "blocks of changed pages" not in names(pages=pages)
    assert "blocks of changed pages" not in names(**QUICK, pages=pages, pytest_arguments=["-x"])


def test_arguments_of_pytest_that_name_no_place_apply_to_every_folder():
    assert command_of(UNIT, pytest_arguments=["-k", "delay"])[-4:] == ("-k", "delay", *checks.UNIT)
    path = "tests/unit/test_rooms.py::test_imports_follow_the_order_of_the_rooms"
    assert command_of(UNIT, pytest_arguments=["-x", path])[-2:] == ("-x", path)


@pytest.fixture
def machine(monkeypatch):
    """A machine that can boot guests, and do all that a run needs in its own kernel."""

    class Facts:
        root = True

        def real_guest_lacks(self):
            return []

        def native_lacks(self):
            return []

    monkeypatch.setattr("corridor.experiments.testbeds.probe.probe", lambda **_: Facts())


def test_a_missing_browser_is_told_with_what_installs_it(machine, monkeypatch, capsys):
    monkeypatch.setattr("corridor.experiments.run.exporting.find_browser", lambda: None)
    monkeypatch.setattr(checks, "sections", lambda **_: [checks.Section("first", ("true",))])
    assert checks.run_checks(whole=True, guests=False, files=None, pytest_arguments=[]) == 0
    assert "left out: tests of pages in a browser (no Chromium" in capsys.readouterr().out


def test_singling_tests_out_runs_only_tests():
    assert "lint" not in names(pytest_arguments=["-k", "delay"])


def test_tests_run_side_by_side_but_on_this_kernel_and_where_some_are_singled_out():
    def side_by_side(*picked):
        every = checks.sections(**ALL, pytest_arguments=picked)
        return [one.name for one in every if "loadfile" in one.command]

    assert side_by_side() == [UNIT, GUESTS]
    assert side_by_side("-x") == []


@pytest.mark.parametrize(
    ("native", "root", "expected"),
    [
        (True, True, "netns or native"),
        (False, True, "netns"),
        (True, False, "native"),
    ],
)
def test_tests_of_this_kernel_run_where_it_can(native, root, expected):
    assert markers("tests in this machine's own kernel", native=native, root=root) == expected


def test_where_this_kernel_allows_nothing_nothing_is_run_in_it():
    assert "tests in this machine's own kernel" not in names(native=False, root=False)


def test_no_way_to_boot_a_guest_is_a_failure_and_not_a_skip(monkeypatch):
    class Facts:
        def real_guest_lacks(self):
            return ["linux.uml is not installed"]

    monkeypatch.setattr("corridor.experiments.testbeds.probe.probe", lambda **_: Facts())
    with pytest.raises(EnvironmentUnsupported, match=r"linux\.uml is not installed") as refused:
        checks.run_checks(whole=False, guests=True, files=None, pytest_arguments=[])
    assert "--no-guests" in refused.value.hint


def test_every_section_runs_and_one_failure_fails_all(monkeypatch, capsys):
    sections = [
        checks.Section("first", ("false",)),
        checks.Section("second", ("true",)),
        checks.Section("nothing picked", ("sh", "-c", "exit 5"), empty_is_fine=True),
    ]
    monkeypatch.setattr(checks, "sections", lambda **_: sections)
    assert checks.run_checks(whole=False, guests=False, files=None, pytest_arguments=[]) == 1
    shown = capsys.readouterr().out
    assert "FAILED  first" in shown
    assert "ok      second" in shown
    assert "ok      nothing picked" in shown


def test_sections_of_one_process_run_in_parallel_the_others(monkeypatch, capfd, tmp_path):
    begun = tmp_path / "begun"
    waits = f"for i in $(seq 500); do [ -e {begun} ] && echo met && exit; sleep 0.01; done; exit 1"
    works = (
        f"touch {begun}; echo one; i=0; while [ $i -lt 99999 ]; do i=$((i+1)); done; echo two >&2"
    )
    sections = [
        checks.Section("waits", ("sh", "-c", waits)),
        checks.Section("works", ("sh", "-c", works), in_parallel=True),
        checks.Section("fails", ("false",), in_parallel=True),
        checks.Section("last", ("true",)),
    ]
    waits, works, fails, last = checks._run_all(sections)
    assert [one.passed for one in (waits, works, fails, last)] == [True, True, False, True]
    assert works.cpu_s > 2 * waits.cpu_s, "each has its own"
    shown = capfd.readouterr().out
    assert "\n== works ==\none\ntwo\n" in shown, "in one piece"
    assert shown.index("== waits ==") < shown.index("met") < shown.index("== last ==")
    monkeypatch.setattr(checks, "sections", lambda **_: sections)
    assert checks.run_checks(whole=False, guests=False, files=None, pytest_arguments=[]) == 1
    summary = capfd.readouterr().out.partition("== summary ==")[2]
    assert re.findall(r"^(?:ok|FAILED) +(\w+)", summary, re.MULTILINE) == [
        one.name for one in sections
    ]


def test_what_runs_in_parallel_needs_no_quiet_machine():
    """Runs in this kernel and in guests measure in real time, or use all processors."""
    parallel = [one.name for one in checks.sections(**ALL, docs=True) if one.in_parallel]
    assert parallel == ["types", "site of the documentation", "pages in a browser"]


def test_processes_of_the_checks_share_the_bytecode_of_the_launcher(monkeypatch, capfd, tmp_path):
    words = "${PYTHONPYCACHEPREFIX:-none} ${PYTHONDONTWRITEBYTECODE:-may write}"
    show = checks.Section("first", ("sh", "-c", f"echo {words}"))
    monkeypatch.setattr(checks, "sections", lambda **_: [show])
    monkeypatch.delenv("PYTHONPYCACHEPREFIX", raising=False)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    for prefix, said in ((None, "none 1"), (str(tmp_path), f"{tmp_path} may write")):
        monkeypatch.setattr(checks.sys, "pycache_prefix", prefix)
        checks.run_checks(whole=False, guests=False, files=None, pytest_arguments=[])
        assert f"\n{said}\n" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("whole", "guests", "expected"),
    [
        (False, True, "slow tests, other runs in guests, pages in a browser"),
        (False, False, "slow tests, all runs in guests, pages in a browser"),
        (True, False, "all runs in guests (--no-guests)"),
    ],
)
def test_what_is_left_out_is_named(machine, monkeypatch, capsys, whole, guests, expected):
    monkeypatch.setattr(checks, "sections", lambda **_: [])
    checks.run_checks(whole=whole, guests=guests, files=None, pytest_arguments=[])
    assert f"left out: {expected}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "whole", "guests", "rest"),
    [
        ([], False, True, []),
        (["--whole", "-k", "delay"], True, True, ["-k", "delay"]),
        (["-x", "--no-guests", "tests/unit"], False, False, ["-x", "tests/unit"]),
    ],
)
def test_own_options_are_taken_and_the_rest_goes_to_pytest(asked, given, whole, guests, rest):
    assert asked(*given) == {
        "whole": whole,
        "guests": guests,
        "files": None,
        "pages": [],
        "pytest_arguments": rest,
    }


def test_the_former_option_is_refused_with_the_present_one(asked):
    with pytest.raises(InputError, match='"--fast" was replaced') as refused:
        asked("--fast", "-x")
    assert "--no-guests" in refused.value.hint


def test_rooms_and_changes_choose_files(asked, monkeypatch, capsys):
    seen = asked("traffic/measures", "--whole", "-k", "queue")
    assert "tests/unit/traffic/measures/test_theory_of_transfers.py" in seen["files"]
    assert "tests/unit/traffic/packets/test_pcapng.py" not in seen["files"]
    assert (seen["whole"], seen["pytest_arguments"]) == (True, ["-k", "queue"])
    printed = capsys.readouterr().out
    assert f"{len(seen['files'])} test files: those of traffic/measures" in printed
    changed = "corridor.experiments.setup.import_graph.changed_files"
    monkeypatch.setattr(changed, lambda _: ["tests/unit/traffic/packets/test_pcapng.py"])
    both = asked("traffic/measures", "--changed")["files"]
    assert set(both) == {*seen["files"], "tests/unit/traffic/packets/test_pcapng.py"}
    monkeypatch.setattr(changed, lambda _: ["docs/law.md", "pyproject.toml", "README.md"])
    seen = asked("--changed")
    assert seen["files"] is None
    assert seen["pages"] == ["docs/law.md", "README.md"]
    assert "all tests: pyproject.toml changed" in capsys.readouterr().out


@pytest.fixture
def asked(monkeypatch):
    """What the checks get for words of the command line."""

    graph = cache(import_graph.ImportGraph)  # the checkout stays the same
    monkeypatch.setattr(import_graph, "ImportGraph", graph)

    def asked(*given):
        seen = {}
        monkeypatch.setattr(checks, "run_checks", lambda **arguments: seen.update(arguments) or 0)
        parser = argparse.ArgumentParser()
        command.add_parser(parser.add_subparsers(dest="verb"))
        assert command.run(parser.parse_args(["test", *given])) == 0
        return seen

    return asked


def test_every_promise_of_the_documentation_has_its_test_in_a_guest_and_the_other_way_round():
    page = (CHECKOUT / "docs/design.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| (.+?) +\| `(test_\w+\.py)` +\|$", page, re.MULTILINE))
    marked = set()
    for path in (CHECKOUT / "tests").rglob("test_*.py"):
        for text in re.findall(r'pytest\.mark\.promise\("(.+)"\)', path.read_text()):
            assert path.is_relative_to(CHECKOUT / "tests/guest"), path
            marked.add((text, path.name))
    assert marked == listed


def test_in_a_machine_only_its_own_tests_run(monkeypatch):
    ran = []

    class Done:
        returncode = 1

    def run(command, **_):
        ran.append(command)
        return Done

    monkeypatch.setattr(checks.subprocess, "run", run)
    monkeypatch.setattr(
        "corridor.experiments.machines.system_packages.find", lambda program: program
    )
    assert command.run(argparse.Namespace(arguments=["--vm", "-k", "mini"])) == 1
    ((_, *words),) = ran
    assert words == ["-m", "pytest", "-q", "-m", "vm", "tests/vm", "-k", "mini"]


def test_an_installed_package_has_no_machine_to_test_in(tmp_path, monkeypatch):
    monkeypatch.setattr("corridor.experiments.machines.recipe.CHECKOUT", tmp_path)
    with pytest.raises(EnvironmentUnsupported, match="a machine is made of a checkout"):
        command.run(argparse.Namespace(arguments=["--vm"]))


def test_a_machine_cannot_be_tested_without_what_boots_it(monkeypatch):
    monkeypatch.setattr("corridor.experiments.machines.system_packages.find", lambda program: None)
    with pytest.raises(EnvironmentUnsupported, match="testing in a machine needs it"):
        command.run(argparse.Namespace(arguments=["--vm"]))
