"""Words that are mistyped, what ships, the version, the welcome and the manual page."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys

import pytest

from corridor.controller.policy.load import load_policies, shipped_policies
from corridor.experiments import cli
from corridor.experiments.commands import list as listing
from corridor.experiments.run.version import this_code, version
from corridor.experiments.scenario.extending import shipped_scenarios
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.scenario.shipped_things import Shipped
from corridor.experiments.terminal import parser as meanings
from corridor.topologies.formats.load import SHIPPED, load_topology
from terminals import ROOT

PARSER = cli.build_parser()


def complained(capsys, *words: str) -> str:
    with pytest.raises(SystemExit) as stop:
        cli.main(list(words))
    assert stop.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    return line


def shown(capsys, *words: str) -> str:
    assert cli.main(list(words)) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("rnu",), "run"),
        (("simulate",), "run"),
        (("why",), "explain"),
        (("version",), "--version"),
        (("--versoin",), "--version"),
        (("run", "mini", "--sede", "4"), "--seed"),
        (("run", "--sede"), "--seed"),
        (("check", "--date=2026-01-01"), "--as-of"),
        (("run", "--timeout", "3"), "--patience"),
        (("policy", "sho"), "show"),
        (("policy", "show", "--jsn"), "--json"),
        (("fault", "degrad", "guian-kunming"), "degrade"),
        (("topology", "shwo"), "show"),
        (("run", "--testbed", "ulm"), "uml"),
        (("explain", "--sur"), "--sure"),
        (("completion", "fisch"), "fish"),
    ],
    ids=" ".join,
)
def test_what_a_mistyped_word_meant_is_said(capsys, words, meant):
    if words == ("explain", "--sur"):  # the beginning of a flag is that flag
        assert "DEMAND" in complained(capsys, *words)
        return
    assert f'did you mean "{meant}"?' in complained(capsys, *words)


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (("zzz",), "corridor help lists them"),
        (("explain",), "corridor help explain shows how"),
        (("run", "--zzzzzz"), "corridor help run shows what there is"),
        (("law", "list", "--qqqq"), "corridor help law list shows what there is"),
        (("run", "mini", "extra"), "corridor help run shows what there is"),
    ],
    ids=" ".join,
)
def test_where_nothing_is_near_the_way_out_is_help(capsys, words, advice):
    assert advice in complained(capsys, *words)


def test_a_flag_that_is_not_known_is_told_before_an_argument_that_lacks(capsys):
    assert "--sede" in complained(capsys, "explain", "--sede")


def test_every_other_word_means_something_that_is_there():
    assert set(meanings.VERBS.values()) <= {*cli.VERBS, "--version"}
    assert not set(meanings.VERBS) & set(cli.VERBS)
    flags = {
        flag for parser in parsers() for one in parser.arguments for flag in one.option_strings
    }
    assert set(meanings.FLAGS.values()) <= flags


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("run", "minni"), "mini"),
        (("check", "mini", "--policies", "cn"), "cn-outbound"),
        (("check", "mini", "--policies", "thailand"), "th"),
        (("explain", "lahore-urumqi-records"), "records-urumqi-lahore"),
        (("topology", "show", "pan"), "pan-asia"),
        (("topology", "latency", "karach", "kunming"), "karachi"),
        (("law", "list", "CN-244"), "CN-24-4"),
        (("lab", "minni", "--", "true"), "mini"),
    ],
    ids=" ".join,
)
def test_what_a_mistyped_name_meant_is_said(capsys, words, meant):
    assert cli.main(list(words)) == 2
    assert f'did you mean "{meant}"?' in capsys.readouterr().err


def test_a_topology_in_place_of_a_scenario_is_named_with_the_command_that_checks_it(
    tmp_path, capsys
):
    file = tmp_path / "map.yaml"
    file.write_text("name: map\nhubs: []\nfibres: []\n")
    assert cli.main(["price", str(file)]) == 2
    said = capsys.readouterr().err
    assert f"{file}:1: the file is a topology, not a scenario" in said
    assert f"corridor topology check {file}" in said


def test_a_check_of_a_topology_without_a_scenario_names_the_command_that_checks_maps(
    tmp_path, capsys
):
    file = tmp_path / "map.yaml"
    shutil.copy(ROOT / "examples/own_topology.yaml", file)
    assert cli.main(["check", str(file)]) == 0
    said = capsys.readouterr().err
    assert "no table is verified; corridor topology check" in said


def test_alone_it_says_three_first_commands(capsys):
    said = shown(capsys)
    commands = re.findall(r"^  corridor ((?:\S+ ?)+?)(?: {2,}|$)", said, re.M)
    assert len(commands) == 3
    for command in commands:
        PARSER.parse_args(command.split())
    assert max(map(len, said.splitlines())) <= 80


def test_the_version_says_the_commit_of_a_checkout(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["--version"])
    assert stop.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith(f"corridor {version()}")
    commit = this_code()["commit"]
    assert not commit or f"commit {commit[:12]}" in said


def test_what_is_installed_has_no_commit_of_somebody_elses_repository(monkeypatch, tmp_path):
    from corridor.experiments.run import version as module

    monkeypatch.setattr(module, "PROJECT", tmp_path / "pyproject.toml")
    assert module.this_code() == {"commit": "", "changed": False}
    assert module.version_line().count("commit") == 0


@pytest.mark.parametrize(
    ("noted", "commit"),
    [
        ('{"url": "file:///x", "vcs_info": {"vcs": "git", "commit_id": "0123456789abcdef"}}', True),
        ('{"url": "file:///x.whl", "archive_info": {}}', False),
        ("[]", False),
        ("{", False),
    ],
)
def test_what_is_installed_from_an_address_of_git_says_its_commit(
    monkeypatch, tmp_path, noted, commit
):
    from corridor.experiments.run import version as module

    about = tmp_path / "corridor_emulator-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: corridor-emulator\nVersion: 1.0\n"
    )
    (about / "direct_url.json").write_text(noted)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(module, "PROJECT", tmp_path / "pyproject.toml")
    said = ", commit 0123456789ab" if commit else ""
    assert module.version_line() == f"corridor 1.0{said}"


def test_all_that_ships_is_listed_with_its_size(capsys):
    found = json.loads(shown(capsys, "list", "--json"))
    assert found["schema"] == 1
    names = {
        kind: [one["name"] for one in some] for kind, some in found.items() if kind != "schema"
    }
    assert names["scenarios"] == list(shipped_scenarios())
    assert names["policies"] == list(shipped_policies())
    assert names["topologies"] == list(SHIPPED)
    sizes = {one["name"]: one["size"] for one in found["scenarios"]}
    assert sizes["mini"]["demands"] == len(load_scenario("mini").scenario.demands)
    rules = {one["name"]: one["size"]["rules"] for one in found["policies"]}
    assert rules["th"] == len(load_policies("th").policies)
    assert found["topologies"][0]["size"]["fibres"] == len(load_topology("pan-asia").fibres)
    assert all(one["title"] for some in names for one in found[some])


def test_the_index_of_the_list_is_that_of_the_files_that_ship():
    """``python -m corridor.experiments.commands.list`` writes it again."""
    index = json.loads(listing.INDEX.read_text())
    assert index["of"] == listing.data_digest()
    for kind, some in index["lists"].items():
        assert [Shipped(**one) for one in some] == listing.computed(kind)
    assert {*index["lists"], listing.NOT_IN_INDEX} == set(listing.KINDS)


def test_the_list_is_computed_where_a_file_has_changed(capsys, monkeypatch):
    monkeypatch.setattr(listing, "data_digest", lambda: "another")
    monkeypatch.setattr(listing, "computed", lambda kind: [Shipped(kind, "now", {}, "none")])
    assert json.loads(shown(capsys, "list", "policies", "--json"))["policies"][0]["title"] == "now"


@pytest.mark.parametrize("damaged", ["", "[]", "{}", '{"of": 1', '{"lists": {"policies": [1]}}'])
def test_the_list_is_computed_where_its_index_is_damaged(capsys, monkeypatch, tmp_path, damaged):
    monkeypatch.setattr(listing, "INDEX", tmp_path / "index.json")
    listing.INDEX.write_text(damaged)
    monkeypatch.setattr(listing, "computed", lambda kind: [Shipped(kind, "now", {}, "none")])
    asked = ("list", "policies", "--json", "--no-cache")
    assert json.loads(shown(capsys, *asked))["policies"][0]["title"] == "now"


def test_the_index_is_read_without_imports_of_what_computes():
    code = (
        "import sys; from corridor.experiments import cli; cli.main(['list']);"
        "print(*{'pydantic', 'numpy', 'yaml'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pan-asia" in done.stdout
    assert done.stderr.split() == []


def test_each_example_is_listed_that_says_how_it_is_run(capsys):
    examples = json.loads(shown(capsys, "list", "examples", "--json"))["examples"]
    assert {"own_scenario.yaml", "how_sure.py", "live_network.sh"} <= {
        one["name"] for one in examples
    }
    for one in examples:
        assert re.match(r"corridor |\.venv/bin/|examples/", one["command"]), one
        assert not one["title"].startswith(("#", '"')), one


def test_each_command_of_the_list_is_one_that_is_understood(capsys):
    found = json.loads(shown(capsys, "list", "--json"))
    for kind in ("scenarios", "policies", "topologies", "examples"):
        for one in found[kind]:
            command, _, _ = one["command"].partition(" -- ")
            program, *words = command.split()
            if program == "corridor":
                PARSER.parse_args(words)


def test_only_what_was_asked_for_is_listed(capsys):
    said = shown(capsys, "list", "topologies")
    assert "cloud-backbone" in said
    assert "sovereignty" not in said


def parsers(parser=PARSER):
    yield parser
    for below in parser.verbs.values():
        yield from parsers(below)


@pytest.fixture(scope="module")
def page():
    return PARSER.get_default("manual")("1.2.3")


def test_the_manual_page_has_every_verb_and_every_flag(page):
    said = page.replace("\\-", "-")
    for parser in parsers():
        assert parser.prog in said
        section = said.split(f".B {parser.prog}\n")[1].split("\n.B corridor")[0]
        for one in parser.arguments:
            for flag in one.option_strings:
                assert flag in ("-h", "--help") or flag in section, (parser.prog, flag)


def test_the_manual_page_has_every_example_as_it_is_written(page):
    said = page.replace("\\-", "-").replace("\\(aq", "'").replace("\\e", "\\")
    for parser in parsers():
        for line in (parser.epilog or "").splitlines() if parser is not PARSER else ():
            if line.startswith("  corridor"):
                assert line in said, (parser.prog, line)


def test_the_manual_page_says_what_every_verb_and_argument_is(page):
    assert "\n\\&\n" not in page


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="mandoc is not installed")
def test_mandoc_finds_nothing_wrong_with_the_manual_page(page):
    done = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning"],
        input=page,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    wrong = [line for line in done.stdout.splitlines() if "missing date" not in line]
    assert wrong == []


@pytest.mark.skipif(shutil.which("man") is None, reason="man is not installed")
def test_man_shows_the_manual_page(page):
    done = subprocess.run(
        ["man", "--warnings", "-l", "-"],
        input=page,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANWIDTH": "80"},
    )
    assert done.stderr == ""
    assert "emulate data corridors" in " ".join(done.stdout.split())


def test_man_prints_roff_where_no_terminal_is(capsys):
    assert shown(capsys, "man").startswith(".TH CORRIDOR 1 ")


def test_help_of_an_action_is_its_own(capsys):
    for words in (("help", "policy", "set"), ("help", "topology", "show")):
        with pytest.raises(SystemExit):
            cli.main(list(words))
        assert capsys.readouterr().out.startswith(f"usage: corridor {' '.join(words[1:])} ")
