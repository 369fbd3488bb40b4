"""What ``corridor test`` runs, in which order, and what it leaves out."""

import argparse

import pytest

from corridor.experiments.commands import test as command
from corridor.experiments.setup import checks
from corridor.topologies.base.errors import EnvironmentUnsupported

ALL = {"fast": False, "guests": True, "native": False, "root": True, "browser": True}


def names(**wanted):
    return [section.name for section in checks.sections(**(ALL | wanted))]


def markers(section_name, **wanted):
    (found,) = [one for one in checks.sections(**(ALL | wanted)) if one.name == section_name]
    return found.command[found.command.index("-m", 3) + 1]


def test_from_quick_to_slow():
    assert names() == [
        "lint",
        "format",
        "types",
        "unit and property tests",
        "pages in a browser",
        "tests in this machine's own kernel",
        "end-to-end tests in guests",
    ]


def test_fast_stops_before_slow_tests():
    assert names(fast=True)[-1] == "unit and property tests"


def test_guests_are_left_out_only_when_asked():
    assert "end-to-end tests in guests" not in names(guests=False)


def test_the_site_is_built_where_sphinx_is_installed():
    assert "site of the documentation" in names(docs=True)
    assert "site of the documentation" not in names(docs=False)
    assert "site of the documentation" not in names(docs=True, pytest_arguments=["-x"])


def test_pages_are_seen_in_a_browser_where_there_is_one():
    assert "pages in a browser" not in names(browser=False)
    assert "pages in a browser" not in names(fast=True)
    (section,) = [one for one in checks.sections(**ALL) if one.name == "pages in a browser"]
    assert section.command[-3:] == ("-m", "browser", "tests/browser")


def test_a_missing_browser_is_told_with_what_installs_it(monkeypatch, capsys):
    class Facts:
        root = True

        def real_guest_lacks(self):
            return []

        def native_lacks(self):
            return []

    monkeypatch.setattr("corridor.experiments.testbeds.probe.probe", lambda **_: Facts())
    monkeypatch.setattr("corridor.experiments.run.printing.find_browser", lambda: None)
    monkeypatch.setattr(checks, "sections", lambda **_: [checks.Section("first", ("true",))])
    assert checks.run_checks(fast=False, guests=False, pytest_arguments=[]) == 0
    assert "left out: tests of pages in a browser (no Chromium" in capsys.readouterr().out


def test_singling_tests_out_runs_only_tests():
    assert "lint" not in names(pytest_arguments=["-k", "delay"])


def test_tests_run_side_by_side_but_on_this_kernel_and_where_some_are_singled_out():
    def side_by_side(*picked):
        every = checks.sections(**ALL, pytest_arguments=picked)
        return [one.name for one in every if "loadfile" in one.command]

    assert side_by_side() == ["unit and property tests", "end-to-end tests in guests"]
    assert side_by_side("-x") == []


def test_slow_tests_run_beside_the_quick_ones_unless_only_those_are_asked_for():
    assert markers("unit and property tests") == (
        "not guest and not native and not netns and not browser and not vm"
    )
    assert markers("unit and property tests", fast=True).endswith(" and not slow")


@pytest.mark.parametrize(
    ("native", "root", "expected"),
    [
        (True, True, "(netns or native) and not guest"),
        (False, True, "(netns) and not guest"),
        (True, False, "(native) and not guest"),
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
        checks.run_checks(fast=False, guests=True, pytest_arguments=[])
    assert "--no-guests" in refused.value.hint


def test_every_section_runs_and_one_failure_fails_all(monkeypatch, capsys):
    sections = [
        checks.Section("first", ("false",)),
        checks.Section("second", ("true",)),
        checks.Section("nothing picked", ("sh", "-c", "exit 5"), empty_is_fine=True),
    ]
    monkeypatch.setattr(checks, "sections", lambda **_: sections)
    assert checks.run_checks(fast=True, guests=False, pytest_arguments=[]) == 1
    shown = capsys.readouterr().out
    assert "FAILED  first" in shown
    assert "ok      second" in shown
    assert "ok      nothing picked" in shown


@pytest.mark.parametrize(
    ("given", "fast", "guests", "rest"),
    [
        ([], False, True, []),
        (["--fast", "-k", "delay"], True, True, ["-k", "delay"]),
        (["-x", "--no-guests", "tests/unit"], False, False, ["-x", "tests/unit"]),
    ],
)
def test_own_options_are_taken_and_the_rest_goes_to_pytest(monkeypatch, given, fast, guests, rest):
    seen = {}

    def run_checks(**arguments):
        seen.update(arguments)
        return 0

    monkeypatch.setattr(checks, "run_checks", run_checks)
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers(dest="verb"))
    assert command.run(parser.parse_args(["test", *given])) == 0
    assert seen == {"fast": fast, "guests": guests, "pytest_arguments": rest}


def test_in_a_machine_only_its_own_tests_run(monkeypatch):
    ran = []

    class Done:
        returncode = 1

    def run(command, **_):
        ran.append(command)
        return Done

    monkeypatch.setattr(checks.subprocess, "run", run)
    monkeypatch.setattr("corridor.experiments.machines.tools.find", lambda program: program)
    assert command.run(argparse.Namespace(arguments=["--vm", "-k", "mini"])) == 1
    ((_, *words),) = ran
    assert words == ["-m", "pytest", "-q", "-m", "vm", "tests/vm", "-k", "mini"]


def test_an_installed_package_has_no_machine_to_test_in(tmp_path, monkeypatch):
    monkeypatch.setattr("corridor.experiments.machines.images.CHECKOUT", tmp_path)
    with pytest.raises(EnvironmentUnsupported, match="a machine is made of a checkout"):
        command.run(argparse.Namespace(arguments=["--vm"]))


def test_a_machine_cannot_be_tested_without_what_boots_it(monkeypatch):
    monkeypatch.setattr("corridor.experiments.machines.tools.find", lambda program: None)
    with pytest.raises(EnvironmentUnsupported, match="testing in a machine needs it"):
        command.run(argparse.Namespace(arguments=["--vm"]))
