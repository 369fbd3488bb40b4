"""Bad input, through the real command line: one clear line, exit 2, no traceback, no results.

``pytest -s tests/unit/test_bad_input.py`` prints the table of what is said for what.
"""

# One mistake a line reads better than one folded over eight.
# ruff: noqa: E501

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from corridor.experiments import cli

ROOT = Path(__file__).resolve().parents[2]
AS_OTHERS = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
"""Root, to which permissions then apply, too."""
SCENARIO = """\
schema: 1
name: mine
topology: mini
probe: {interval: 20ms, count: 5}
demands:
  - {id: one, class: dr, src: shanghai, dst: karachi}
"""
TOPOLOGY = """\
name: mine
hubs: [shanghai, guian, karachi]
fibres:
  - {id: east, a: shanghai, z: guian, length: 1500km, length_basis: stated, capacity: 10Gbit, capacity_basis: derived}
  - {id: west, a: guian, z: karachi, one_way_delay: 20ms}
"""
ALIAS_BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{one}: &{one} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, one in zip("abcdefg", "bcdefgh", strict=True)
)


@dataclass(frozen=True)
class Bad:
    """One mistake: the files of a user, what was typed, and what the line must say."""

    kind: str
    says: tuple[str, ...]
    scenario: str | bytes | None = None
    topology: str | bytes | None = None
    arguments: tuple[str, ...] = ("run", "mine.yaml", "--out", "out")
    made: tuple[str, ...] = field(default=())
    """Folders and files that are there before."""


def changed(old: str, new: str, text: str = SCENARIO) -> str:
    assert text.count(old) >= 1, old
    return text.replace(old, new)


def in_topology(old: str, new: str, says: tuple[str, ...], kind: str) -> Bad:
    scenario = changed("topology: mini", "topology: topology.yaml")
    return Bad(kind, ("topology.yaml:", *says), scenario, changed(old, new, TOPOLOGY))


def in_scenario(old: str, new: str, says: tuple[str, ...], kind: str, line: int = 6) -> Bad:
    return Bad(kind, (f"mine.yaml:{line}: ", *says), changed(old, new))


KINDS = [
    # Unknown names.
    Bad("unknown verb", ("invalid choice", "rnu"), arguments=("rnu",)),
    Bad("unknown option", ("unrecognized arguments: --sed",), arguments=("run", "--sed", "4")),
    Bad("unknown scenario", ('no scenario is called "pan-asa"', '"pan-asia"'), arguments=("run", "pan-asa")),
    in_scenario("topology: mini", "topology: minni", ('no topology "minni"', 'did you mean "mini"?'), "unknown topology", 3),
    in_scenario("src: shanghai", "src: shangai", ('unknown hub "shangai"', 'did you mean "shanghai"?'), "unknown hub in a demand"),
    in_scenario("count: 5}", "count: 5}\nprotect: {k: 1, over: []}", ("protect.over", "at least 1"), "protection against nothing", 5),
    in_scenario("count: 5}", "count: 5}\nprotect: {k: 1, over: [link, link]}", ("link is given twice",), "protection twice against the same", 5),
    in_scenario("count: 5}", "count: 5}\nprotect: {k: true}", ("protect.k",), "a truth for a number", 5),
    in_scenario("topology: mini", "topology: mini\npolicies: laddr.yaml", ("laddr.yaml: no such file",), "policies in a missing file", 4),
    in_scenario("topology: mini", "topology: ./nowhere.yaml", ("nowhere.yaml: no such file",), "topology in a missing file", 3),
    in_scenario("count: 5", "cuont: 5", ('unknown key "cuont"', 'did you mean "count"?'), "unknown key", 4),
    in_scenario("count: 5}", "count: 5}\nnetwork: {fibre_loss: {shanghai-guain: 1%}}", ('loss of unknown fibre "shanghai-guain"', 'did you mean "shanghai-guian"?'), "loss of an unknown fibre", 5),
    in_topology("z: guian", "z: guiyan", ('unknown hub "guiyan"', 'did you mean "guian"?'), "fibre to an unknown hub"),
    in_topology("hubs: [shanghai,", "hubs: [shanghia,", ("shanghia", 'did you mean "shanghai"?'), "hub that is not in the catalogue"),
    # Quantities.
    in_scenario("interval: 20ms", "interval: 20", ("20", "has no unit", "as in 18ms"), "bare number for a duration", 4),
    in_scenario("interval: 20ms", "interval: -20ms", ("-20ms",), "negative duration", 4),
    in_scenario("interval: 20ms", "interval: 0ms", ("0ms",), "zero interval", 4),
    in_scenario("count: 5", "count: 0", ("probe.count must be at least 1, not 0",), "no probes at all", 4),
    in_scenario("count: 5", "count: many", ("probe.count must be a whole number, not many",), "count that is not a number", 4),
    in_scenario("count: 5", "count: 5, size: 40B", ("probe.size must be at least 86, not 40",), "probe too small for its header", 4),
    in_scenario("count: 5}", "count: 5}\nnetwork: {loss: 120%}", ("a loss cannot exceed 100%",), "loss above 100%", 5),
    in_scenario("count: 5}", "count: 5}\nnetwork: {loss: 0.1}", ('"0.1" needs a percent sign',), "loss without a percent sign", 5),
    in_scenario("dst: karachi}", "dst: karachi, throughput: {tcp: true, duration: 1500ms}}", ("whole seconds",), "TCP for a fraction of a second"),
    in_topology("length: 1500km", "length: -1500km", ("-1500km",), "negative length"),
    in_topology("length: 1500km", "length: 1500", ("1500", "unit", "km"), "length without a unit"),
    in_topology("capacity: 10Gbit", "capacity: 10", ("10", "unit", "Gbit"), "rate without a unit"),
    in_topology("capacity: 10Gbit", "capacity: 0Gbit", ("0Gbit",), "zero capacity"),
    in_topology("capacity: 10Gbit", "capacity: 10GB", ("10GB",), "rate in bytes"),
    in_topology("one_way_delay: 20ms", "one_way_delay: 20km", ("20km",), "delay in kilometres"),
    in_scenario("dst: karachi", "dst: karachi, guarantee: {cir: 99999999999Gbit}", ("at most 1,000,000,000,000,000,000 bits per second",), "rate that no number holds"),
    in_scenario("dst: karachi", "dst: karachi, guarantee: {cir: 10Mbit, pir: 5Tbit}", ("no more than 4.294967295Tbit",), "peak that no meter holds"),
    # Contradictions.
    Bad("rates that no ladder makes fit", ("200Mbit do not fit fibre guian-kunming", "least change: lower one"), changed("dst: karachi", "dst: guian, data: cn-core-none, returns: same-class, guarantee: {cir: 200Mbit}", changed("topology: mini", "topology: mini\npolicies: cn-outbound"))),
    in_scenario("dst: karachi", "dst: shanghai", ('starts and ends at "shanghai"',), "demand to itself"),
    in_scenario("dst: karachi}", "dst: karachi}\n  - {id: one, class: dr, src: guian, dst: karachi}", ('demand id "one" is used 2 times',), "duplicate demand id"),
    in_scenario("dst: karachi}", "dst: karachi}\n  - {id: one.return, class: dr, src: guian, dst: karachi}", ('demand id "one.return" is the id of the responses of another demand',), "demand called like another's answers", 7),
    in_scenario("name: mine", "name: mine\nname: yours", ('key "name" is given twice',), "duplicate YAML key", 3),
    in_topology("id: west", "id: east", ('"east" is used twice',), "duplicate fibre id"),
    in_topology("a: shanghai, z: guian", "a: guian, z: guian", ("guian",), "fibre to itself"),
    Bad("demand across a gap", ("mine.yaml:6: ", "shanghai", "karachi", "no fibre"), changed("topology: mini", "topology: topology.yaml"), changed("  - {id: west, a: guian, z: karachi, one_way_delay: 20ms}\n", "", TOPOLOGY)),
    in_topology("name: mine", "name: mine\nextends: [topology.yaml]", ("circle",), "topology that extends itself"),
    in_scenario("schema: 1", "schema: 2", ('schema "2" is not known; use 1',), "schema of another version", 1),
    in_scenario("demands:\n  - {id: one, class: dr, src: shanghai, dst: karachi}\n", "demands: []\n", ("demands must have at least 1 item",), "no demands", 5),
    in_scenario("  - {id: one, class: dr, src: shanghai, dst: karachi}", "  - {id: one, class: dr, src: shanghai}", ('has no "dst"',), "demand without an end"),
    # Files.
    Bad("missing file", ("nowhere.yaml", "no such file"), arguments=("run", "nowhere.yaml", "--out", "out")),
    Bad("empty file", ("mine.yaml", "is empty"), ""),
    Bad("file of comments only", ("mine.yaml", "is empty"), "# later\n"),
    Bad("binary file", ("mine.yaml", "binary"), b"\x7fELF\x02\x01\x01\x00\x00"),
    Bad("file in another encoding", ("mine.yaml", "UTF-8"), "title: Düsseldorf\n".encode("latin-1")),
    Bad("directory for a scenario", ("folder.yaml", "is a directory"), arguments=("run", "folder.yaml", "--out", "out"), made=("folder.yaml/",)),
    Bad("list instead of keys", ("mine.yaml", "must be a mapping"), "- one\n- two\n"),
    Bad("broken YAML", ("mine.yaml:3", "is not YAML"), "schema: 1\nname: [mine\ntopology: mini\n"),
    Bad("alias to itself", ("mine.yaml", "an alias refers to itself"), SCENARIO + "network: &n {fibre_loss: *n}\n"),
    Bad("alias bomb", ("mine.yaml", "aliases expand to too many values"), ALIAS_BOMB),
    Bad("Python tag", ("mine.yaml", "tag", "not allowed"), changed("name: mine", "name: !!python/name:os.system mine")),
    Bad("line end in the file's name", (r"a\nb.yaml: no such file",), arguments=("run", "a\nb.yaml", "--out", "out")),
    # The command line.
    Bad("seed that is not a number", ("--seed", "'four' is not a whole number"), SCENARIO, arguments=("run", "mine.yaml", "--seed", "four", "--out", "out")),
    Bad("negative seed", ("--seed", "0 or more"), SCENARIO, arguments=("run", "mine.yaml", "--seed=-1", "--out", "out")),
    Bad("unknown testbed", ("--testbed", "invalid choice", "cloud"), arguments=("run", "--testbed", "cloud")),
    Bad("virtual clock of the machine itself", ("native testbed has the machine's own clock",), SCENARIO, arguments=("run", "mine.yaml", "--testbed", "native", "--clock", "virtual", "--out", "out")),
    Bad("result folder that is not empty", ("full", "not empty"), SCENARIO, arguments=("run", "mine.yaml", "--out", "full"), made=("full/", "full/earlier")),
    Bad("result folder that is a file", ("taken: is a file, not a folder",), SCENARIO, arguments=("run", "mine.yaml", "--out", "taken"), made=("taken",)),
    Bad("report of a folder without a run", ("folder", "contains no run"), arguments=("report", "folder"), made=("folder/",)),
    Bad("topology without a name", ("topology",), arguments=("topology", "show", "minii")),
]  # fmt: skip


def prepare(bad: Bad, folder: Path) -> set[Path]:
    for name, content in (("mine.yaml", bad.scenario), ("topology.yaml", bad.topology)):
        if content is not None:
            data = content.encode() if isinstance(content, str) else content
            (folder / name).write_bytes(data)
    for name in bad.made:
        if name.endswith("/"):
            (folder / name).mkdir()
        else:
            (folder / name).write_text("kept")
    return set(folder.rglob("*"))


def check(kind: str, says: tuple[str, ...], code: int, shown: str, complained: str) -> None:
    lines = [one for one in complained.splitlines() if one.strip()]
    usage = [line for line in lines if line.startswith(("usage:", " "))]
    rest = [line for line in lines if line not in usage]
    print(f"\n{kind:<38} {' | '.join(rest)}", end="")
    assert code == 2, complained
    assert "Traceback" not in complained
    assert len(rest) == 1, f"{kind}: not one line:\n{complained}"
    assert rest[0].startswith("corridor"), rest[0]
    for part in says:
        assert part in rest[0], f"{kind}: {part!r} is not said: {rest[0]}"
    assert "demand " not in shown, "it ran"


@pytest.mark.parametrize("bad", KINDS, ids=lambda bad: bad.kind)
def test_bad_input_is_named_in_one_line(bad, tmp_path, monkeypatch, capsys):
    before = prepare(bad, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["corridor", *bad.arguments])
    try:
        code = cli.main(list(bad.arguments))
    except SystemExit as stop:  # argparse
        code = int(stop.code or 0)
    said = capsys.readouterr()
    check(bad.kind, bad.says, code, said.out, said.err)
    assert set(tmp_path.rglob("*")) == before, "something was left behind"


@pytest.mark.parametrize("place", ["locked", "locked/new", "readonly/new"])
def test_a_folder_that_may_not_be_written_is_named(place, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o000)
    (tmp_path / "readonly").mkdir(mode=0o555)
    command = [
        sys.executable,
        "-m",
        "corridor.experiments.cli",
        "run",
        "mini",
        "--out",
        tmp_path / place,
    ]
    ran = subprocess.run(
        command if os.geteuid() else [*AS_OTHERS, *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / ".package")},
        capture_output=True,
        text=True,
        check=False,
    )
    check(
        "folder that may not be written",
        ("cannot write results", place),
        ran.returncode,
        ran.stdout,
        ran.stderr,
    )
    (tmp_path / "locked").chmod(0o700)
    assert list((tmp_path / "locked").iterdir()) == []
