"""Input that is too much, no file at all, or of another shape: one line and exit code 2."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from corridor.experiments import cli
from corridor.experiments.lab.dumps import as_compiled
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.plan.timeline import Clock
from corridor.experiments.scenario.moments import START
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base import bounded_file
from corridor.topologies.base.bounded_file import Kind, open_bounded, parse_json, read_bytes
from corridor.topologies.base.errors import InputError, shortened

ROOT = Path(__file__).resolve().parents[2]
SCENARIO = """\
schema: 1
name: mine
topology: mini
probe: {interval: 20ms, count: 5}
demands:
  - {id: one, class: dr, src: shanghai, dst: karachi}
"""
GRAPHML = """\
<graphml><graph>
<node id="a"><data key="Latitude">LAT</data><data key="Longitude">3</data></node>
<node id="b"><data key="Latitude">1</data><data key="Longitude">3</data></node>
<edge source="a" target="b"/></graph></graphml>
"""
REPETITA = """\
NODES 2
label x y
a 1 2
b 3 4

EDGES 2
label src dest weight bw delay
e0 0 1 1 1000 DELAY
e1 1 0 1 1000 DELAY
"""
LONG = "a" * 300
INCLUDED, LEVELS = 7, 6


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def refused(capsys):
    """Calls a command that is to refuse its input; its one line."""

    def call(*words):
        assert cli.main(list(words)) == 2
        said = capsys.readouterr()
        assert said.err.count("\n") == 1, said.err
        assert said.err.startswith("corridor: ")
        return said.err

    return call


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("name: mine", f"name: mine\nseed: 0x{'f' * 5000}", ":3: number has too many digits"),
        ("name: mine", f"name: mine\nseed: {'9' * 5000}", ":3: number has too many digits"),
        ("count: 5", "count: true", ":4: probe.count must be a whole number"),
        ("schema: 1", "schema: true", ":1: true is not a number"),
        ("name: mine", "name: mine\nseed: true", ":3: seed must be a whole number"),
        ("name: mine", "name: mine\nas_of: 1700006400", ':3: "1700006400" is not a date'),
        ("name: mine", 'name: mine\nas_of: "1700006400"', ':3: "1700006400" is not a date'),
        ("name: mine", "name: mine\nnetwork: {buffer: 1000h}", ":3: a buffer is 60s at most"),
        ("topology: mini", f"topology: {LONG}", f':3: no topology "{"a" * 40}...'),
        ("topology: mini", 'topology: "x\\0.yaml"', "is not a file name"),
        ("topology: mini", f"topology: {LONG}.yaml", "is too long for a file's name"),
    ],
)
def test_values_that_are_none_of_their_kind_are_named(folder, refused, old, new, says):
    (folder / "mine.yaml").write_text(SCENARIO.replace(old, new))
    assert says in refused("check", "mine.yaml")


def test_a_buffer_of_more_packets_than_the_kernel_counts_is_refused(folder, refused):
    (folder / "fast.yaml").write_text(
        "name: fast\nhubs: [shanghai, guian]\n"
        "capacity: {scale: 1, assumed_terrestrial: 1Gbit, assumed_submarine: 1Gbit,"
        " min_rate: 1kbit, max_rate: 9999Tbit}\n"
        "fibres:\n  - {id: f, a: shanghai, z: guian, capacity: 9999Tbit, capacity_basis: derived}\n"
    )
    text = SCENARIO.replace("mini", "fast.yaml").replace("karachi", "guian")
    (folder / "mine.yaml").write_text(f"{text}network: {{buffer: 50s}}\n")
    said = refused("check", "mine.yaml")
    assert "mine.yaml:7: at 9999Tbit the buffer holds " in said
    assert "the kernel queues 4294967295 at most" in said


@pytest.mark.parametrize("latitude", ["nan", "inf", "1e400", "-inf", "1e300"])
def test_a_place_that_is_nowhere_on_earth_is_named(folder, refused, latitude):
    (folder / "x.graphml").write_text(GRAPHML.replace("LAT", latitude))
    assert 'x.graphml:2: node "a" stands at' in refused("topology", "show", "x.graphml")


@pytest.mark.parametrize("delay", ["1e308", "60000001"])
def test_a_delay_that_no_fibre_has_is_named(folder, refused, delay):
    (folder / "x.graph").write_text(REPETITA.replace("DELAY", delay))
    assert "x.graph:8: a delay is 60s at most" in refused("topology", "show", "x.graph")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f'{{"schema": {"9" * 5000}}}', "a number of too many digits"),
        ("[" * 200_000, "is nested deeper than 64 levels"),
        ("[" * 66 + "]" * 66, "is nested deeper than 64 levels"),
        ('{"schema": NaN}', "NaN is not a number"),
        ("{", "x.json:1: is not JSON"),
    ],
)
def test_json_that_is_no_topology_is_named(folder, refused, text, says):
    (folder / "x.json").write_text(text)
    assert says in refused("topology", "show", "x.json")


def test_json_may_be_as_deep_as_it_says():
    assert parse_json("[" * 64 + "]" * 64, "x")


@pytest.mark.parametrize(
    "words",
    [
        ("check", LONG),
        ("check", f"{LONG}.yaml"),
        ("check", "mini", "--policies", LONG),
        ("check", "mini", "--tables", LONG),
        ("topology", "show", LONG),
        ("topology", "show", f"{LONG}.json"),
        ("report", LONG),
        ("report", LONG, "--no-figures"),
        ("status", "--url", "http://127.0.0.1:1", "--token-file", LONG),
    ],
)
def test_names_that_are_too_long_are_names_of_nothing(refused, words):
    refused(*words)


PIPED = [
    ("check", "pipe.yaml"),
    ("check", "mini", "--policies", "pipe.yaml"),
    ("check", "mini", "--tables", "pipe.json"),
    ("topology", "show", "pipe.yaml"),
    ("topology", "show", "pipe.json"),
    ("topology", "show", "pipe.graphml"),
    ("topology", "show", "pipe.graph"),
    ("report", "run", "--no-figures"),
    ("status", "--url", "http://127.0.0.1:1", "--token-file", "pipe.token"),
]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("words", PIPED, ids=" ".join)
def test_nobody_waits_at_a_pipe(folder, refused, words):
    for name in ("pipe.yaml", "pipe.json", "pipe.graphml", "pipe.graph", "pipe.token"):
        os.mkfifo(folder / name)
    (folder / "run" / "raw").mkdir(parents=True)
    os.mkfifo(folder / "run" / "raw" / "plan.json")
    assert "is a pipe, not a file; write it to a file and name that" in refused(*words)


@pytest.mark.timeout(20)
def test_what_has_no_end_or_is_too_large_is_not_read(folder, refused):
    os.truncate(os.open("large.json", os.O_CREAT | os.O_WRONLY), 10 * 2**30)
    said = refused("check", "mini", "--tables", "large.json")
    assert "large.json: is larger than 256 MiB; name a run's tables/after.json" in said
    assert "is a device, not a file" in refused("check", "mini", "--tables", "/dev/zero")
    assert "is a device, not a file" in refused("check", "/dev/zero")


def test_a_file_that_grows_while_it_is_read_is_not_read_to_its_end():
    with pytest.raises(InputError, match="is larger than 16 bytes; cut it"):
        read_bytes("/proc/self/status", Kind(16, "cut it"))  # the kernel says that it holds 0


def test_files_that_are_refused_are_closed(folder):
    os.mkfifo(folder / "pipe")
    before = set(os.listdir("/proc/self/fd"))
    for name in ("pipe", ".", "/dev/zero", "nowhere"):
        with pytest.raises(InputError):
            open_bounded(name, bounded_file.WRITTEN)
    assert set(os.listdir("/proc/self/fd")) == before


@pytest.mark.timeout(60)
def test_policy_files_that_many_include_are_read_once(folder, capsys):
    for level in range(LEVELS):
        below = ", ".join(f"p{level + 1}-{one}.yaml" for one in range(INCLUDED))
        include = f"include: [{below}]\n" if level + 1 < LEVELS else ""
        for number in range(INCLUDED):
            name = f"p{level}-{number}"
            (folder / f"{name}.yaml").write_text(f"name: {name}\n{include}")
    top = ", ".join(f"p0-{one}.yaml" for one in range(INCLUDED))
    (folder / "top.yaml").write_text(f"name: top\ninclude: [{top}]\n")
    assert cli.main(["check", "mini", "--policies", "top.yaml"]) == 0
    assert "mini, policy set top, as of" in capsys.readouterr().out


@pytest.mark.parametrize(
    "action",
    [
        {"kind": "output"},
        {"kind": "output", "arguments": ["all"]},
        {"kind": "group", "arguments": []},
        {"kind": "group", "arguments": [{}]},
        {"kind": "set_field", "arguments": ["mpls_label"]},
        {"kind": "push_label"},
        {"kind": 5, "arguments": [5]},
        {"kind": [], "arguments": [5]},
    ],
    ids=str,
)
def test_an_action_that_lacks_what_it_needs_is_taken_at_its_worst(folder, capsys, action):
    said = as_compiled(make_plan(load_scenario("mini"), clock="virtual", run_id="c0", seed=1)).said
    said = json.loads(json.dumps(said))
    flow = next(flow for flow in said["switches"]["shanghai"] if flow["actions"])
    flow["actions"] = [action]
    (folder / "after.json").write_text(json.dumps(said))
    assert cli.main(["check", "mini", "--tables", "after.json"]) == 1
    shown = capsys.readouterr()
    assert "has an action that is not understood: unknown" in shown.out
    assert shown.err == ""


def test_an_empty_list_of_sets_prices_nothing_and_says_so(refused):
    assert "--sets names no policy set; name some of" in refused("price", "--sets", "")


@pytest.mark.parametrize("words", [("topology", "show", "mini"), ("check", "mini", "--json")])
def test_a_full_disk_is_one_line_and_exit_code_3(words):
    done = corridor(f"{' '.join(words)} >/dev/full")
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "output: cannot be written: No space left on device; make room" in done.stderr


@pytest.mark.parametrize("errors", ["2>&-", "2>/dev/full"])
def test_the_exit_code_is_the_same_where_nobody_can_be_told(errors):
    assert corridor(f"check nowhere.yaml {errors}").returncode == 2


def corridor(command):
    """As a shell runs it."""
    return subprocess.run(
        ["sh", "-c", f"{sys.executable} -P -m corridor.experiments.cli {command}"],
        env={**os.environ, "PYTHONPATH": str(ROOT / ".package")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_no_more_memory_is_asked_for_than_a_file_takes(tmp_path):
    """A guest has less than the bound of the largest kind."""
    (tmp_path / "small.rec").write_bytes(b"x" * 100)
    tracemalloc.start()
    try:
        assert len(bounded_file.read_bytes(tmp_path / "small.rec", bounded_file.RECORDS)) == 100
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_a_file_that_grows_while_it_is_read_is_read_to_its_end(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_bytes(b"y" * (3 * 2**20))
    with (tmp_path / "a.txt").open("rb") as file:
        known = os.fstat(file.fileno())
        before = os.stat_result((*known[:6], 10, *known[7:10]))
        monkeypatch.setattr(bounded_file.os, "fstat", lambda _: before)
        assert len(bounded_file._read(file, 2**30)) == 3 * 2**20
        file.seek(0)
        assert len(bounded_file._read(file, 2**21)) == 2**21


def test_no_quantity_is_larger_than_plans_can_hold(folder, refused):
    (folder / "mine.yaml").write_text(
        f"{SCENARIO}workloads:\n  - {{id: w, kind: bulk, demands: [one], size: 999999999999TB}}\n"
    )
    said = refused("check", "mine.yaml")
    assert "mine.yaml:8: size must be at most 1,000,000,000,000,000,000 bytes" in said


def test_an_error_about_very_long_input_is_one_short_line(folder, refused):
    rule = f"- {{id: P, effect: permit, hard: {{confine: [{'k' * 20_000}]}}}}\n"
    (folder / "long.yaml").write_text(f"schema: 1\nname: long\npolicies:\n{rule}")
    (folder / "mine.yaml").write_text(SCENARIO.replace("mini", "mini\npolicies: long.yaml"))
    said = refused("check", "mine.yaml")
    assert "long.yaml:4: " in said
    assert "kkk...kkk" in said
    assert len(said) < 1_500
    words = shortened("word " * 1_000)
    assert words.endswith("word... (4,000 characters more)")
    assert len(words) < 1_100


def test_more_events_than_can_be_predicted_in_time_are_refused(folder, refused):
    events = "".join(f"  - {{at: {n}ms, cut: shanghai-guian}}\n" for n in range(201))
    (folder / "mine.yaml").write_text(f"{SCENARIO}timeline:\n{events}")
    assert "mine.yaml:7: timeline must have at most 200 items" in refused("check", "mine.yaml")


def test_events_may_count_from_each_other_as_far_as_they_like(folder):
    """Later ones first, so that each waits for all that are written after it."""
    (folder / "mine.yaml").write_text(
        f"{SCENARIO}timeline:\n"
        "  - {id: e0, at: e1 + 1ms, for: 1ms, cut: shanghai-guian}\n"
        "  - {id: e1, at: 1ms, for: 1ms, cut: guian-kunming}\n"
    )
    loaded = load_scenario("mine.yaml")
    first, last = loaded.events
    chain = [
        replace(first, id=f"e{n}", begins=first.begins._replace(name=f"e{n + 1}"))
        for n in range(3_000)
    ]
    clock = Clock([*chain, replace(last, id="e3000")], {START: 0}, loaded.document)
    assert [one.begin_ns for one in clock.placed()] == [n * 10**6 for n in range(1, 3_002)]


def test_more_policies_than_can_be_asked_in_time_are_refused(folder, refused):
    rules = "".join(f"- {{id: R{n}, effect: restrict, hard: {{hops: 9}}}}\n" for n in range(4_001))
    (folder / "many.yaml").write_text(f"schema: 1\nname: many\npolicies:\n{rules}")
    (folder / "mine.yaml").write_text(SCENARIO.replace("mini", "mini\npolicies: many.yaml"))
    said = refused("check", "mine.yaml")
    assert "many.yaml:3: has 4,001 policies with those it includes" in said
    assert "at most 4,000 are read" in said
