"""An objective of a scenario's author, from a file next to it: what it can define, and its
errors."""

from __future__ import annotations

from pathlib import Path

import pytest

import corridor
from corridor.controller.forwarding.forwarding_graph import GraphBuilder
from corridor.controller.forwarding.packet_traces import trace_packet
from corridor.controller.policy.semantics import NO_FAILURES
from corridor.controller.traffic_engineering.fit_rates import fits
from corridor.experiments.lab.proof import prove_compiled
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.run import manifest
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import LoadedScenario, load_scenario
from corridor.experiments.study.cells import digest_of
from corridor.experiments.study.study_file import files_named
from corridor.topologies.base.errors import InputError

EXAMPLE = Path(__file__).resolve().parents[4] / "examples" / "own_objective.yaml"
COSTS = """
class Mine:
    key = "mine"
    words = "what I want"
    def over(self, space, fibre, delay_ns):
        return {over}
    def main(self, space, order, one_way_ns, alone):
        return {main}
    def detour(self, space, found, order, one_way_ns, alone):
        return {detour}
KIND = Mine()
"""
BY_LAND = ["shanghai-kunming", "kunming-bangkok", "bangkok-karachi"]
BY_SEA = ["shanghai-bangkok", "bangkok-karachi"]


def costs(over: str = "1.0", main: str = "1.0", detour: str = "0.001") -> str:
    return COSTS.format(over=over, main=main, detour=detour)


def scenario(folder: Path, source: str, more: str = "") -> Path:
    (folder / "mine.py").write_text(source, encoding="utf-8")
    text = EXAMPLE.read_text(encoding="utf-8").replace(
        "own_objective.py\ndemands", "mine.py\ndemands"
    )
    path = folder / "own.yaml"
    path.write_text(text + more, encoding="utf-8")
    return path


def paths_of(loaded: LoadedScenario) -> dict[str, list[str]]:
    builder = GraphBuilder(loaded.topology)
    return {
        one.id: list(trace_packet(builder.graph(one), loaded.topology, NO_FAILURES).path.fibres)
        for one in specify(loaded).intents()
        if not one.id.endswith(".return")
    }


def test_the_example_takes_another_way_than_the_least_delay() -> None:
    own = load_scenario(str(EXAMPLE))
    assert own.own_objective is not None
    assert own.own_objective.carried_out().key == "leases"
    assert paths_of(own)["copies"] == BY_SEA
    shipped = own.model_copy(
        update={
            "own_objective": None,
            "scenario": own.scenario.model_copy(update={"objective": "added-delay"}),
        }
    )
    assert paths_of(shipped)["copies"] == BY_LAND
    assert fits(specify(own))


def test_python_names_a_file_that_stands_in_for_what_the_scenario_says(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(costs("-1"), encoding="utf-8")
    lab = corridor.Lab(EXAMPLE, objective=str(tmp_path / "mine.py"))
    with pytest.raises(InputError, match=r"mine\.py: over gives -1"):
        lab.run("1s")


DIVERSITY = '''
class Apart:
    """copies keeps off the fibres that training would take alone."""
    key, words = "apart", "fibres that copies shares with training"
    def __init__(self, shared=frozenset()):
        self.shared = shared
    def seeing(self, spaces, alone):
        path = next(path for space, path in zip(spaces, alone) if space.name == "training")
        return Apart(frozenset(path.order))
    def over(self, space, fibre, delay_ns):
        number = space.product.topology.fibres.index(fibre)
        return delay_ns / 1e6 + 100 * (space.name == "copies" and number in self.shared)
    def main(self, space, order, one_way_ns, alone):
        fibres = space.product.topology.fibres
        delays = space.product.topology.one_way_delay_ns
        return sum(self.over(space, fibres[one], delays(fibres[one])) for one in order)
    def detour(self, space, found, order, one_way_ns, alone):
        return one_way_ns / 1e9
KIND = Apart()
'''


def test_demands_are_kept_apart_by_an_objective_that_sees_the_paths_of_others(
    tmp_path: Path,
) -> None:
    """Rates would fit with copies over the fibre that training takes first; it is kept off."""
    path = scenario(tmp_path, DIVERSITY)
    text = path.read_text(encoding="utf-8").replace("55Mbit", "25Mbit")
    path.write_text(
        text + "- {id: more, class: dr, src: guian, dst: kunming, guarantee: {cir: 40Mbit}}\n"
    )
    found = paths_of(load_scenario(str(path)))
    assert not set(found["copies"]) & set(found["training"]), found


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", r"mine\.py: has no KIND; end it with KIND = YourObjective\(\)"),
        ("KIND = 3", r"mine\.py: KIND has no over, main, detour, key, words"),
        (costs().replace("Mine()", "Mine"), r"mine\.py: KIND is a class; write KIND = Mine\(\)"),
        (costs().replace("def detour", "def other"), r"mine\.py: KIND has no detour; an objective"),
        (costs().replace('"mine"', '"moves"'), r'mine\.py: its key "moves" is that of one that'),
        ("x = (", r"mine\.py:1: is not Python: '\(' was never closed; correct it"),
        ("\n1 / 0", r"mine\.py:2: it raised ZeroDivisionError: division by zero; repair it"),
        ("import no_such", r"mine\.py:1: it raised ModuleNotFoundError: No module named"),
        ("raise SystemExit(0)", r"mine\.py:1: it raised SystemExit: 0; repair it"),
    ],
)
def test_what_is_no_objective_is_refused(tmp_path: Path, source: str, said: str) -> None:
    loaded = load_scenario(str(scenario(tmp_path, source)))
    with pytest.raises(InputError, match=said) as refused:
        specify(loaded)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (costs(over="-1"), r"mine\.py: over gives -1; give 0 to 10,000"),
        (costs(main="float('nan')"), r"mine\.py: main gives no number; give 0 to 10,000"),
        (costs(main="1e300"), r"mine\.py: main gives 1e\+300; give 0 to 10,000"),
        (costs(main="'much'"), r"mine\.py: main gives a str; give a number of ms"),
        (costs(main="None"), r"mine\.py: main gives a NoneType; give a number of ms"),
        (costs(main="[][1]"), r"mine\.py:8: main raised IndexError: list index out of range"),
        (
            costs().replace(
                "order, one_way_ns, alone):\n        return 1", "way):\n        return 1"
            ),
            r"mine\.py: main raised TypeError: .*takes 3 positional arguments but 5 were given",
        ),
    ],
)
def test_what_it_answers_is_held_to_what_costs_are(tmp_path: Path, source: str, said: str) -> None:
    loaded = load_scenario(str(scenario(tmp_path, source)))
    with pytest.raises(InputError, match=said) as refused:
        specify(loaded)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_told_where_it_is_named(tmp_path: Path) -> None:
    path = scenario(tmp_path, costs())
    (tmp_path / "mine.py").unlink()
    with pytest.raises(InputError, match=r"own\.yaml:\d+: .*mine\.py: no such file"):
        load_scenario(str(path))


LAWFUL = """
schema: 1
name: keep
policies:
- {id: MAY, effect: permit}
- {id: NOT-BY-SEA, effect: restrict, hard: {avoid: {crosses: [IN, VN]}}}
"""
HOSTILE = (
    costs(over="0.0 if set(fibre.crosses) & {'IN', 'VN'} else 10_000.0", main="0.0"),
    costs(over="10_000.0", main="10_000.0 - one_way_ns / 1e6", detour="10_000.0"),
    costs(over="__import__('random').random()", main="10_000 * __import__('random').random()"),
)


@pytest.mark.parametrize("source", HOSTILE, ids=["wants what is forbidden", "longest", "random"])
def test_whatever_an_objective_wants_paths_stay_lawful_and_fit(tmp_path: Path, source: str) -> None:
    (tmp_path / "keep.yaml").write_text(LAWFUL, encoding="utf-8")
    path = scenario(tmp_path, source)
    text = path.read_text(encoding="utf-8").replace("dst: karachi", "dst: kunming")
    path.write_text(text.replace("topology: mini", "topology: mini\npolicies: keep.yaml"))
    loaded = load_scenario(str(path))
    judged_by = specify(loaded)
    assert any(one.picks for one in judged_by.directions), "nothing was chosen"
    assert fits(judged_by)
    for fibres in paths_of(loaded).values():
        assert not any(set(loaded.topology.fibre(one).crosses) & {"IN", "VN"} for one in fibres)
    plan = make_plan(loaded, clock="virtual", run_id="c0", seed=1)
    assert prove_compiled(plan, judged_by).holds


def test_a_file_is_not_carried_out_where_a_scenario_is_only_told_apart(tmp_path: Path) -> None:
    """As where an artifact is verified: who reads it need not trust its author."""
    ran = tmp_path / "ran"
    loaded = load_scenario(str(scenario(tmp_path, f"open({str(ran)!r}, 'w')\n{costs()}")))
    assert digest_of(loaded)
    assert not ran.exists()
    specify(loaded)
    assert ran.exists()


def test_a_cell_is_another_where_the_file_says_something_else(tmp_path: Path) -> None:
    first = digest_of(load_scenario(str(scenario(tmp_path, costs()))))
    assert digest_of(load_scenario(str(scenario(tmp_path, costs())))) == first
    assert digest_of(load_scenario(str(scenario(tmp_path, costs(over="2.0"))))) != first
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    assert digest_of(load_scenario(str(scenario(moved, costs())))) == first


def test_the_file_travels_with_a_cell_and_stays_with_results(tmp_path: Path) -> None:
    path = scenario(tmp_path, costs())
    loaded = load_scenario(str(path))
    assert files_named(loaded.document.data, tmp_path) == {"mine.py": costs().encode()}
    results = tmp_path / "results"
    results.mkdir()
    manifest.write_scenario(results / "scenario.yaml", loaded)
    assert (results / "objective.py").read_text(encoding="utf-8") == costs()


def test_what_it_says_of_being_equal_to_others_is_not_asked(tmp_path: Path) -> None:
    odd = (
        "    def __eq__(self, other):\n        raise RuntimeError('no')\n    __hash__ = None\nKIND"
    )
    loaded = load_scenario(scenario(tmp_path, costs().replace("KIND", odd, 1)))
    assert paths_of(loaded) == paths_of(loaded)
