"""Tab in bash, zsh and fish: verbs, flags and names, in the shells themselves, and soon enough."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from corridor.controller.policy.load import shipped_policies
from corridor.experiments.cli import build_parser
from corridor.experiments.run.manifest import write_scenario
from corridor.experiments.scenario.extending import shipped_scenarios
from corridor.experiments.scenario.scenario import DEFAULT, load_scenario
from corridor.experiments.setup.import_graph import ImportGraph
from corridor.experiments.study.load import shipped_studies
from corridor.experiments.terminal import names
from corridor.experiments.terminal.completion import BY_METAVAR, FILES, shell_code
from corridor.topologies.formats.load import SHIPPED, load_topology
from terminals import ROOT, Terminal

FREE = {
    *("DAY", "N", "MIN", "APP", "HOW", "KIND", "WHO", "TEXT", "KEY=VALUE", "LENGTH", "DELAY"),
    *("NAME=UNIT", "name", "URL", "CMD ...", "TIME", "PERCENT", "PROCESS"),
    *(
        "I/N",
        "COUNT",
        "NUMBER",
        "ADDRESS",
        "COMMAND",
        "MB",
        "MS",
        "PORT",
        "ARCH",
        "SOURCES",
        "MEASURE=N",
    ),
    *(
        "HUB=MW",
        "HUB=PUE",
        "HUB=SHARE",
        "HUB=PRICE",
        "HUB=GRAMS",
        "[OF=]RATE",
        "[OF=]TIMES",
        "[OF=]PERCENT",
        "ID",
        "SECONDS",
        "MUSD",
        "DOMAIN",
        "DOMAIN,...",
        "DOMAIN:KIND",
        "ID,...",
        "COUNTRY/OWNER",
    ),
}
"""What nothing could be proposed for."""


@pytest.fixture
def environment(tmp_path):
    """With ``corridor`` on the path, and in the folder like the entry of a checkout."""
    for place in (tmp_path / "bin/corridor", tmp_path / "corridor"):
        place.parent.mkdir(exist_ok=True)
        place.write_text(f'#!/bin/sh\nexec {sys.executable} -m corridor.experiments.cli "$@"\n')
        place.chmod(0o755)
    return {
        "PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin",
        "PYTHONPATH": str(ROOT / ".package"),
        "HOME": str(tmp_path),
        "TERM": "xterm",
        "LC_ALL": "C.UTF-8",
        "PS1": "ready> ",
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }


def proposed(line: str, **environment: str) -> list[str]:
    """As argcomplete's part of a shell asks."""
    command = 'exec "$@" 8>&1 9>/dev/null >/dev/null'
    asked = {
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "COMP_TYPE": "9",
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_SHELL": "bash",
        "IFS": "\n",
        "_ARGCOMPLETE_IFS": "\n",
    }
    python = [sys.executable, "-m", "corridor.experiments.cli"]
    done = subprocess.run(
        ["bash", "-c", command, "bash", *python],
        env={**os.environ, "PYTHONPATH": str(ROOT / ".package"), **asked, **environment},
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=True,
    )
    return [one.strip() for one in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("line", "among"),
    [
        ("corridor ", {"run", "list", "explain", "cut"}),
        ("corridor run ", set(shipped_scenarios())),
        ("corridor run mini --pol", {"--policies"}),
        ("corridor check mini --policies ", set(shipped_policies())),
        ("corridor price --sets th,c", {"th,cn-outbound"}),
        ("corridor study run ", set(shipped_studies())),
        ("corridor explain rec", {"records-urumqi-lahore", "records-urumqi-lahore.return"}),
        ("corridor drain guian-k", {"guian-kunming"}),
        ("corridor fault degrade guian-k", {"guian-kunming"}),
        ("corridor cut red", {"red-sea"}),
        ("corridor run --cut hub:kara", {"hub:karachi"}),
        ("corridor fault group corridor:kara", {"corridor:karakoram"}),
        ("corridor ping karac", {"karachi"}),
        ("corridor probe karac", {"karachi"}),
        ("corridor exec karac", {"karachi"}),
        ("corridor topology show ", set(SHIPPED)),
        ("corridor law list CN-24-", {"CN-24-3", "CN-24-4"}),
        ("corridor law classify --from T", {"TH"}),
        ("corridor law classify --reading pa", {"path=recipient", "path=confine"}),
        ("corridor help exp", {"explain"}),
        ("corridor help policy s", {"set", "show"}),
        ("./corridor --yes run m", {"mini"}),
        ("corridor completion ", {"bash", "zsh", "fish"}),
    ],
)
def test_what_may_stand_there_is_proposed(line, among, tmp_path):
    assert among <= set(proposed(line, XDG_STATE_HOME=str(tmp_path)))


def test_nothing_else_is_proposed():
    assert proposed("corridor run pan") == ["pan-asia"]
    assert "keep" not in proposed("corridor ")
    assert proposed("corridor run --seed ") == []


def test_rooms_are_proposed_to_the_tests():
    assert proposed("corridor test controller/policy/c") == ["controller/policy/clauses"]
    assert set(names.rooms(Namespace())) == ImportGraph(ROOT).rooms


def test_a_file_is_proposed_where_no_name_fits(tmp_path):
    (tmp_path / "mine.yaml").write_text("")
    (tmp_path / "mine.txt").write_text("")
    assert proposed(f"corridor run {tmp_path}/m") == [f"{tmp_path}/mine.yaml"]


def test_nothing_slow_is_imported_for_it():
    code = (
        "import sys; from corridor.experiments.cli import build_parser; build_parser();"
        "print(*{'rich', 'pydantic', 'numpy', 'yaml', 'argcomplete'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT / ".package")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == []


@pytest.mark.parametrize("name", shipped_scenarios())
def test_names_read_quickly_are_those_of_the_scenario(name):
    loaded = load_scenario(name)
    args = Namespace(scenario=name)
    quick = [one for one in names.demands(args) if not one.endswith(".return")]
    assert quick == [one.id for one in loaded.scenario.demands]
    assert set(names.hubs(args)) == {one.id for one in loaded.topology.hubs}
    assert set(names.fibres(args)) == {one.id for one in loaded.topology.fibres}


def test_a_map_beside_the_file_of_a_scenario_is_read():
    args = Namespace(scenario=str(ROOT / "examples/hosts.yaml"))
    assert set(names.hosts(args)) == {*names.hubs(args), "web1", "web2", "db1"}
    assert "karachi" in names.hubs(args)


@pytest.mark.parametrize("name", SHIPPED)
def test_names_read_quickly_are_those_of_the_map(name):
    known = load_topology(name)
    args = Namespace(topology=name)
    assert set(names.hubs(args)) == {one.id for one in known.hubs}
    assert set(names.fibres(args)) == {one.id for one in known.fibres}
    assert names.groups(args) == list(known.srlgs)


def test_names_read_quickly_are_of_what_commands_take_if_nothing_is_said():
    assert names.DEFAULT_SCENARIO == DEFAULT
    args = build_parser().parse_args(["topology", "show"])
    assert args.topology == names.DEFAULT_TOPOLOGY
    assert SHIPPED == names.SHIPPED_TOPOLOGIES


def test_a_file_that_is_no_scenario_names_nothing(tmp_path):
    for text in ("[1, 2", "- a\n", "demands: {a: 1}\n", "demands: [{src: a}]\n", "\x00"):
        (tmp_path / "x.yaml").write_text(text)
        assert list(names.demands(Namespace(scenario=str(tmp_path / "x.yaml")))) == []


def live(tmp_path, scenario):
    folder = tmp_path / "corridor/live/law"
    folder.mkdir(parents=True)
    (folder / "session.json").write_text(f'{{"scenario": "{scenario}", "out": "{tmp_path}"}}')


@pytest.mark.parametrize("verb", ["exec", "ping", "probe", "capture"])
def test_hosts_behind_hubs_of_a_live_network_are_proposed(verb, tmp_path):
    live(tmp_path, "hosts.yaml")
    write_scenario(tmp_path / "scenario.yaml", load_scenario(str(ROOT / "examples/hosts.yaml")))
    assert proposed(f"corridor {verb} web", XDG_STATE_HOME=str(tmp_path)) == ["web1", "web2"]


def test_a_live_network_names_its_own_fibres(tmp_path):
    live(tmp_path, "mini")
    assert proposed("corridor drain guian", XDG_STATE_HOME=str(tmp_path)) == ["guian-kunming"]
    assert proposed("corridor drain --network l", XDG_STATE_HOME=str(tmp_path)) == ["law"]


def test_interpretations_are_completed_with_their_values():
    found = proposed("corridor check mini --interpret cn-transfer=")
    assert found == ["cn-transfer=path", "cn-transfer=recipient"]


def test_every_argument_is_completed_or_known_to_be_free():
    def walk(parser):
        for one in parser.arguments:
            if one.choices is None and one.nargs != 0:
                yield parser.prog, one.metavar or one.dest
        for below in parser.verbs.values():
            yield from walk(below)

    known = {*BY_METAVAR, *FILES, *FREE}
    assert [found for found in walk(build_parser()) if found[1] not in known] == []


def test_bash_completes_what_is_typed(environment, tmp_path):
    with Terminal(["bash", "--norc", "--noprofile", "-i"], environment) as bash:
        bash.until("ready> ")
        bash.type("source <(corridor completion bash); cd ~\n")
        bash.until("ready> ")
        bash.type("corridor expl\t")
        bash.until("corridor explain ")
        bash.type("records-uru\t")
        bash.until("records-urumqi-lahore")
        bash.type("\x15./corridor run mini --poli\tpan\t")
        bash.until("./corridor run mini --policies pan-asia ")


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh_completes_what_is_typed(environment):
    with Terminal(["zsh", "-f", "-i"], environment) as zsh:
        zsh.until("ready> ")
        zsh.type("autoload -U compinit && compinit -D && source <(corridor completion zsh); cd ~\n")
        zsh.until("ready> ")
        zsh.type("corridor expl\t")
        zsh.until("corridor explain ")
        zsh.type("records-uru\t")
        zsh.until("records-urumqi-lahore")
        zsh.type("\x15./corridor run mini --poli\tpan\t")
        zsh.until(" pan-asia")


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
@pytest.mark.parametrize("program", ["corridor", "./corridor", "~/corridor"])
def test_fish_completes_what_is_typed(environment, program, tmp_path):
    def completes(line: str) -> list[str]:
        code = f'cd ~; corridor completion fish | source; complete -C "{line}"'
        environment["XDG_DATA_HOME"] = str(tmp_path / "data")
        done = subprocess.run(
            ["fish", "--no-config", "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return [one.partition("\t")[0] for one in done.stdout.splitlines()]

    assert completes(f"{program} expl") == ["explain"]
    assert "pan-asia" in completes(f"{program} run mini --policies pan")


def test_a_shell_that_is_not_known_is_refused(capsys):
    from corridor.experiments import cli

    with pytest.raises(SystemExit) as stop:
        cli.main(["completion", "bsh"])
    assert stop.value.code == 2
    assert 'did you mean "bash"?' in capsys.readouterr().err


def test_fish_asks_the_program_that_was_typed():
    assert "$program 8>&1" in shell_code("fish")
    assert "corridor 8>&1" not in shell_code("fish")


def test_the_entry_sets_nothing_up_while_a_shell_asks(tmp_path: Path):
    shutil.copy(ROOT / "corridor", tmp_path)
    done = subprocess.run(
        [tmp_path / "corridor"],
        env={"PATH": "/usr/bin:/bin", "_ARGCOMPLETE": "1", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (tmp_path / ".venv").exists()
