"""Kinds of an installed package: found by entry points, named in one line, checked."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
CLAUSE = '''
from typing import ClassVar

from corridor.controller.policy.clauses import Broken, Clause, Element, Trip


class Submarine(Clause):
    """The path crosses at most this many submarine fibres."""

    kind = "submarine"
    short = "most"
    examples: ClassVar = (0,)
    most: int

    def describe(self) -> str:
        return f"cross at most {self.most} submarine fibres"

    def enter(self, state: int, element: Element, trip: Trip) -> int | Broken:
        if getattr(element, "medium", "") != "submarine":
            return state
        if state == self.most:
            return Broken(f"{element.id} would be submarine fibre {state + 1} of {self.most}")
        return state + 1


class Deep(Submarine):
    """The same under another name."""

    kind = "deep"
'''
EVENT = """
from corridor.topologies.base.options import Option
from corridor.topologies.model.fault_kind import Effect, EventKind, Reach, ports_of


def begin(network, hub, options):
    return network.make(("isolate.begin", hub), Effect(off=ports_of(network.wiring, hub)))


def end(network, hub, options):
    return network.end(("isolate.begin", hub))


def reach(topology, hub, options):
    return Reach(fibres=frozenset(one.id for one in topology.fibres if hub in one.ends))


KIND = EventKind(
    key="isolate",
    of="hub",
    words="a hub whose fibres all fail",
    example="{at: 1s, until: 1500ms, isolate: kunming}",
    actions={"isolate.begin": begin, "isolate.end": end},
    begin="isolate.begin",
    end="isolate.end",
    options={"depth": Option("count", "a parameter that nothing needs", 1, above=0)},
    reach=reach,
)
"""
WORKLOAD = """
from corridor.topologies.base.options import Option
from corridor.traffic.workloads.workload_kind import WorkloadKind


def plan(load, out):
    for along in load.demands:
        for window, (begin_ns, _) in enumerate(load.windows):
            connection = out.connect(along.number, begin_ns, load.closes_ns(window))
            out.send(connection, along.octets(load.options["burst"]), window, begin_ns)


KIND = WorkloadKind(
    key="once",
    words="one message per window",
    example="{burst: 10kB}",
    options={"burst": Option("size", "octets of the message", required=True, above=0)},
    plan=plan,
    mean_bps=lambda options: 0.0,
)
"""
ARRIVALS = """
from corridor.traffic.workloads.arrival_kind import ArrivalKind

TWINS = ArrivalKind(
    key="twins",
    words="two at a time",
    example="twins",
    times=lambda start, gap, count, numbers, options: [
        start + number // 2 * 2 * gap for number in range(count)
    ],
    draws=False,
)
"""
OTHERS = """
from corridor.controller.second_opinion.clause_registry import ClauseReader
from corridor.controller.second_opinion.plain import short_form
from corridor.topologies.base.options import Option
from corridor.traffic.workloads.size_kind import SizeKind

EITHER = SizeKind(
    key="either",
    words="one of two sizes",
    example="{either: {low: 1kB, high: 2kB}}",
    draw=lambda numbers, options: options["low" if numbers.unit() < 0.5 else "high"],
    mean=lambda options: (options["low"] + options["high"]) / 2,
    options={"low": Option("size", "one", required=True), "high": Option("size", "the other")},
)


def submarine(asked, journey, places):
    most = short_form(asked, "most")
    crossed = [one for one in journey.fibres if one.medium == "submarine"]
    return "too many submarine fibres" if len(crossed) > most else ""


READER = ClauseReader("submarine", submarine)
"""
ENTRY_POINTS = """
[corridor.clauses]
submarine = corridor_sea.clause:Submarine
deep = corridor_sea.clause:Deep
broken = corridor_sea.nowhere:Broken
mistaken = corridor_sea.arrivals:TWINS
[corridor.second_opinions]
submarine = corridor_sea.others:READER
[corridor.faults]
isolate = corridor_sea.event:KIND
[corridor.workloads]
once = corridor_sea.workload:KIND
[corridor.arrivals]
twins = corridor_sea.arrivals:TWINS
triplets = corridor_sea.arrivals:TWINS
quitter = corridor_sea.quitter:KIND
[corridor.sizes]
either = corridor_sea.others:EITHER
"""
METADATA = "Metadata-Version: 2.1\nName: corridor-sea\nVersion: 1.2\n"
FILES = {
    "corridor_sea/__init__.py": "",
    "corridor_sea/clause.py": CLAUSE,
    "corridor_sea/event.py": EVENT,
    "corridor_sea/workload.py": WORKLOAD,
    "corridor_sea/arrivals.py": ARRIVALS,
    "corridor_sea/others.py": OTHERS,
    "corridor_sea/quitter.py": "import sys\nsys.exit(0)\n",
    "corridor_sea-1.2.dist-info/METADATA": METADATA,
    "corridor_sea-1.2.dist-info/entry_points.txt": ENTRY_POINTS,
}
SCENARIO = """schema: 1
name: mine
topology: mini
demands:
  - {id: one, class: dr, src: shanghai, dst: karachi}
"""
FROM = 'corridor: "{}" of {} is from the package corridor-sea 1.2\n'


@pytest.fixture
def corridor(tmp_path):
    """Runs a command with the package installed, on a scenario with more lines."""
    site = tmp_path / "site"
    for name, text in FILES.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text)

    def run(verb, more="", *options, policies=""):
        (tmp_path / "mine.yaml").write_text(SCENARIO + more)
        (tmp_path / "law.yaml").write_text(policies)
        return subprocess.run(
            [sys.executable, "-m", "corridor.experiments.cli", *verb, *options],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": f"{site}:{ROOT / '.package'}"},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


ONE = """schema: 1
name: law
policies:
- {id: ANY, effect: permit}
- {id: SEA, effect: restrict, hard: {submarine: %s}}
"""
EVERYTHING = """timeline:
  - {at: 200ms, until: 400ms, isolate: bangkok}
workloads:
  - {id: load, kind: once, demands: [one], burst: 10kB}
  - {id: asks, kind: checkpoint, demands: [one], size: {either: {low: 1kB, high: 2kB}}, period: 1s}
probe: {arrival: twins}
"""
USED = [
    ("submarine", "clauses"),
    ("isolate", "faults"),
    ("once", "workloads"),
    ("twins", "arrivals"),
    ("either", "sizes"),
]


def test_a_scenario_uses_kinds_of_a_package_and_one_line_names_it_for_each(corridor):
    done = corridor(["check", "mine.yaml"], EVERYTHING, "--policies", "law.yaml", policies=ONE % 2)
    assert done.returncode == 0, done.stderr
    for name, group in USED:
        assert done.stderr.count(FROM.format(name, group)) == 1
    assert done.stderr.count("from the package") == len(USED)


def test_a_manifest_records_the_package_and_its_version(corridor, tmp_path):
    corridor(["price", "mine.yaml"], EVERYTHING, "--out", "priced")
    versions = json.loads((tmp_path / "priced" / "manifest.json").read_text())["versions"]
    assert versions["corridor-sea"] == "1.2"


def test_the_second_opinion_of_a_package_agrees_on_its_clause(corridor):
    of_law = ("--policies", "law.yaml", "--second-opinion")
    done = corridor(["check", "mine.yaml"], "", *of_law, policies=ONE % 2)
    assert done.returncode == 0, done.stdout + done.stderr
    assert FROM.format("submarine", "second opinions") in done.stderr


def test_explain_says_what_a_clause_of_a_package_forbids(corridor):
    law = ("--policies", "law.yaml")
    done = corridor(["explain", "one", "mine.yaml"], "", *law, policies=ONE % 0)
    assert "submarine fibre 1 of 0" in done.stdout
    assert FROM.format("submarine", "clauses") in done.stderr


def test_a_written_scenario_keeps_the_keys_of_kinds_of_a_package(corridor, tmp_path):
    code = (
        "from corridor.experiments.scenario.scenario import load_scenario\n"
        "read = load_scenario('mine.yaml').scenario\n"
        "print(read.model_dump(mode='json', by_alias=True, exclude_unset=True))\n"
    )
    (tmp_path / "read.py").write_text(code)
    done = corridor(["check", "mine.yaml"], EVERYTHING)
    done = subprocess.run(
        [sys.executable, "read.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path / 'site'}:{ROOT / '.package'}"},
        capture_output=True,
        text=True,
        check=True,
    )
    for written in ("'isolate': 'bangkok'", "'burst': '10kB'", "'either': {", "'arrival': 'twins'"):
        assert written in done.stdout


EQUAL = """
from corridor.controller.policy.model import Hard
one, other = (Hard.model_validate(dict(keys)) for keys in (KEYS, reversed(KEYS)))
assert one == other and hash(one) == hash(other) and one != Hard.model_validate(dict(KEYS[:1]))
"""


def test_the_order_in_which_clauses_of_a_package_are_written_means_nothing(corridor, tmp_path):
    corridor(["list"])
    done = subprocess.run(
        [sys.executable, "-c", f"KEYS = [('submarine', 1), ('deep', 2)]{EQUAL}"],
        env={**os.environ, "PYTHONPATH": f"{tmp_path / 'site'}:{ROOT / '.package'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("more", "policies", "says"),
    [
        ("timeline:\n  - {at: 1s, isolate: bangkok, depth: 0}\n", "", "mine.yaml:7"),
        ("timeline:\n  - {at: 1s, isolate: bangkok, dept: 2}\n", "", 'unknown key "dept"'),
        ("timeline:\n  - {at: 1s, isolate: nowhere}\n", "", 'unknown hub "nowhere"'),
        ("timeline:\n  - {at: 1s, isolate: bangkok, rate: 50%}\n", "", "rate is a parameter of"),
        ("timeline:\n  - {at: 1s, isolat: bangkok}\n", "", 'unknown key "isolat"'),
        ("probe: {arrival: triplets}\n", "", 'the key of "triplets" is "twins"'),
        ("probe: {arrival: quitter}\n", "", 'does not load "quitter": SystemExit: 0'),
        ("", ONE % "null", "law.yaml:5"),
        ("", ONE % "many", "law.yaml:5"),
        ("", ONE.replace("submarine", "broken") % 1, 'does not load "broken"'),
        ("", ONE.replace("submarine", "mistaken") % 1, '"mistaken" of clauses is no Clause'),
    ],
)
def test_a_mistake_about_a_kind_of_a_package_is_one_line(corridor, more, policies, says):
    law = ("--policies", "law.yaml") if policies else ()
    done = corridor(["check", "mine.yaml"], more, *law, policies=policies)
    assert done.returncode == 2
    (line,) = [one for one in done.stderr.splitlines() if "from the package" not in one]
    assert says in line


def test_an_installed_package_is_not_imported_for_a_scenario_without_its_kinds(corridor):
    done = corridor(["check", "mine.yaml"])
    assert done.returncode == 0
    assert "corridor-sea" not in done.stderr


def test_a_name_that_two_packages_offer_is_refused(corridor, tmp_path):
    other = tmp_path / "site" / "corridor_sky-3.dist-info"
    other.mkdir()
    (other / "METADATA").write_text(METADATA.replace("sea", "sky").replace("1.2", "3"))
    (other / "entry_points.txt").write_text("[corridor.arrivals]\ntwins = corridor_sky:TWINS\n")
    done = corridor(["check", "mine.yaml"], "probe: {arrival: twins}\n")
    assert done.returncode == 2
    assert '"twins" of arrivals is in several packages: corridor-sea 1.2, corridor-sky 3' in (
        done.stderr
    )


AGENT = """import sys
sys.path.insert(0, sys.argv[1])
from corridor.traffic.agents.launcher import main
from corridor.traffic.workloads.arrival_registry import send_times
main(["-"])
print(list(send_times("twins", 5, 10, 4)))
"""


def test_agents_find_a_package_without_the_folders_of_installed_packages(corridor, tmp_path):
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", AGENT, str(ROOT / ".package")],
        env={**os.environ, "CORRIDOR_PACKAGES": str(tmp_path / "site")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[5, 5, 25, 25]\n"
