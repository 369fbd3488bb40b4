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
SHIPPED_AGAIN = """
from dataclasses import replace

from corridor.topologies.model import degrade, group_faults, hub_faults


def again(kind, key):
    begin, end = kind.actions[kind.begin], kind.actions[kind.end]
    actions = {f"{key}.begin": begin, f"{key}.end": end}
    return replace(kind, key=key, actions=actions, begin=f"{key}.begin", end=f"{key}.end")


def shapes(topology, group, options):
    return {
        fibre.id: lambda shape: replace(shape, one_way_delay_ns=shape.one_way_delay_ns + 7_000_000)
        for fibre in topology.fibres
        if group in fibre.srlgs
    }


LENGTHEN, DEAFEN = again(degrade.KIND, "lengthen"), again(hub_faults.SWITCH, "deafen")
SLOW = replace(again(group_faults.GROUP, "slow"), reach=degrade.KIND.reach, shapes=shapes)
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
from corridor.controller.second_opinion.declared import short_form
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


class Far:
    key = "far"
    words = "no objective at all"

    def over(self, space, fibre, delay_ns):
        return 1.0

    def main(self, space, order, one_way_ns, alone):
        return -1.0

    def detour(self, space, found, order, one_way_ns, alone):
        return 0.0


FAR = Far()
"""
EXPORT = """
from corridor.controller.explain.subject import Exported, Format



def write(subject):
    return Exported({"hubs.txt": "kunming"}, left_out=(), said="1 hub")


FORMAT = Format("hubs", "names of hubs", write)
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
lengthen = corridor_sea.again:LENGTHEN
deafen = corridor_sea.again:DEAFEN
slow = corridor_sea.again:SLOW
[corridor.workloads]
once = corridor_sea.workload:KIND
[corridor.arrivals]
twins = corridor_sea.arrivals:TWINS
triplets = corridor_sea.arrivals:TWINS
quitter = corridor_sea.quitter:KIND
[corridor.sizes]
either = corridor_sea.others:EITHER
[corridor.objectives]
far = corridor_sea.others:FAR
[corridor.exports]
hubs = corridor_sea.export:FORMAT
"""
METADATA = "Metadata-Version: 2.1\nName: corridor-sea\nVersion: 1.2\n"
FILES = {
    "corridor_sea/__init__.py": "",
    "corridor_sea/clause.py": CLAUSE,
    "corridor_sea/event.py": EVENT,
    "corridor_sea/again.py": SHIPPED_AGAIN,
    "corridor_sea/workload.py": WORKLOAD,
    "corridor_sea/arrivals.py": ARRIVALS,
    "corridor_sea/others.py": OTHERS,
    "corridor_sea/export.py": EXPORT,
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


@pytest.fixture
def python(corridor, tmp_path):
    """What a script prints that runs with the package installed."""

    def run(code, *words):
        done = subprocess.run(
            [sys.executable, "-c", code, *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": f"{tmp_path / 'site'}:{ROOT / '.package'}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

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


RUNS = """
from corridor.experiments.scenario.scenario import load_scenario
print([one.name for one in load_scenario("mine.yaml").installed])
print([one.name for one in load_scenario("mini").installed])
print([one.name for one in load_scenario("mine.yaml").installed])
"""


def test_a_scenario_records_its_kinds_of_packages_and_none_of_the_one_before(python, tmp_path):
    (tmp_path / "mine.yaml").write_text(SCENARIO + EVERYTHING)
    used = "['twins', 'isolate', 'either', 'once']\n"
    assert python(RUNS) == f"{used}[]\n{used}"


PREDICTED = """
import sys
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.scenario import load_scenario
for name in sys.argv[1:]:
    plan = make_plan(load_scenario(name), clock="virtual", run_id="c0", seed=1)
    print([(one.begin_ns, one.back_ns, one.impacts) for one in plan.events])
"""
BOTH = """network: {bfd: 15ms}
probe: {count: 300}
timeline:
  - {at: 1s, for: 500ms, {degrade}: kunming-karachi, delay: 20ms, rate: 50%}
  - {at: 2s, for: 500ms, {degrade}: kunming-karachi, loss: 100%}
  - {at: 3s, for: 2s, {switch}: kunming}
  - {at: 3100ms, for: 300ms, cut: kunming-karachi}
"""


def test_events_of_a_package_are_predicted_like_those_that_ship(python, tmp_path):
    for name, degrade, switch in (("a", "degrade", "switch"), ("b", "lengthen", "deafen")):
        written = BOTH.replace("{degrade}", degrade).replace("{switch}", switch)
        (tmp_path / f"{name}.yaml").write_text(SCENARIO + written)
    shipped, own = python(PREDICTED, "a.yaml", "b.yaml").splitlines()
    assert own == shipped
    assert shipped.count("Impact(") == 3


def test_an_event_may_reshape_the_fibres_of_a_group(python, tmp_path):
    slow = 'timeline:\n  - {at: 1s, for: 1s, slow: "corridor:karakoram"}\n'
    (tmp_path / "mine.yaml").write_text(f"{SCENARIO}probe: {{count: 300}}\n{slow}")
    code = (
        f"{PREDICTED}    impact = plan.events[0].impacts[0]\n"
        "    print(impact.followed_rtt_ns - impact.before_rtt_ns)\n"
        "    print(plan.changes[0].options['fibres'])\n"
    )
    assert python(code, "mine.yaml").splitlines()[1:] == ["14000000", "['kunming-karachi']"]


def test_the_second_opinion_of_a_package_agrees_on_its_clause(corridor):
    of_law = ("--policies", "law.yaml", "--second-opinion")
    done = corridor(["check", "mine.yaml"], "", *of_law, policies=ONE % 2)
    assert done.returncode == 0, done.stdout + done.stderr
    assert FROM.format("submarine", "second opinions") in done.stderr


def test_python_exports_in_a_format_of_a_package(python):
    code = """
import corridor
print(corridor.export("mini", "hubs").said)
try:
    corridor.export("mini", "hubz")
except corridor.InputError as error:
    print(error)
"""
    assert python(code) == "1 hub\nno format 'hubz'; did you mean \"hubs\"?\n"


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
        (
            "timeline:\n  - {at: 1s, tidal: bangkok}\n",
            "",
            "; or install the package that offers it",
        ),
        ("probe: {arrival: tides}\n", "", "or install the package that offers it"),
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


def test_an_objective_of_a_package_is_checked_as_one_of_a_file_is(corridor, tmp_path):
    example = (ROOT / "examples" / "own_objective.yaml").read_text()
    written = example.replace("objective: own_objective.py", "objective: far")
    (tmp_path / "example.yaml").write_text(written)
    done = corridor(["check", "example.yaml"])
    assert done.returncode == 2
    assert 'the objective "far" of a package: main gives -1; give 0 to 10,000' in done.stderr


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


def test_a_name_in_faults_of_one_package_and_events_of_another_is_refused(corridor, tmp_path):
    other = tmp_path / "site" / "corridor_sky-3.dist-info"
    other.mkdir()
    (other / "METADATA").write_text(METADATA.replace("sea", "sky").replace("1.2", "3"))
    (other / "entry_points.txt").write_text("[corridor.events]\nisolate = corridor_sky:ISOLATE\n")
    done = corridor(["check", "mine.yaml"], "timeline:\n  - {at: 1s, isolate: bangkok}\n")
    assert done.returncode == 2
    assert '"isolate" is in faults of corridor-sea 1.2 and events of corridor-sky 3' in done.stderr
    (line,) = done.stderr.splitlines()
    assert line.endswith("rename one, or remove one package")


CELLS = """
from pathlib import Path
from corridor.experiments.study.cells import cells, conditions
from corridor.experiments.study.load import load_study
from corridor.experiments.study.reading import index_of
study = load_study("study.yaml")
found = cells(study, conditions(study), "program")
print([one.id for one in found], index_of(study, found, "program").get("packages"))
"""
STUDY = """name: gaps
scenario: mine.yaml
as_of: 2026-11-24
repeat: 1
matrix:
  probe.arrival: [twins, poisson]
measures:
  - {id: rtt, of: "demands[one].rtt_ms.p50"}
"""


def test_a_study_runs_only_those_cells_again_that_use_a_changed_package(python, tmp_path):
    (tmp_path / "mine.yaml").write_text(SCENARIO)
    (tmp_path / "study.yaml").write_text(STUDY)
    first, packages = python(CELLS).split("] ")
    assert packages == "{'corridor-sea': '1.2'}\n"
    metadata = tmp_path / "site" / "corridor_sea-1.2.dist-info" / "METADATA"
    metadata.write_text(METADATA.replace("1.2", "1.3"))
    then, packages = python(CELLS).split("] ")
    assert packages == "{'corridor-sea': '1.3'}\n"
    changed = [one != other for one, other in zip(first.split(), then.split(), strict=True)]
    assert changed == [True, False]


@pytest.mark.parametrize("words", [["isolate", "bangkok", "--depth", "2"], ["isolate", "--help"]])
def test_a_fault_of_a_package_is_a_word_of_the_command_for_live_networks(corridor, words):
    done = corridor(["fault", *words])
    assert FROM.format("isolate", "faults") in done.stderr
    if "--help" in words:
        assert "a parameter that nothing needs" in done.stdout
    else:
        assert "no network" in done.stderr


def test_the_help_of_faults_names_packages_and_imports_none(corridor):
    done = corridor(["fault", "--help"])
    assert done.stderr == ""
    assert "a kind of the package corridor-sea 1.2" in done.stdout


AGENT = """import sys
sys.path.insert(0, sys.argv[1])
from corridor.traffic.agents.launcher import main
from corridor.traffic.workloads.arrivals import send_times
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
