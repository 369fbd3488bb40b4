"""Refusals of rates state whether other paths could fit them; no path is longer than necessary.

Demands of aggregates keep their paths, disjoint demands their primary paths: others move.

Out of Shanghai each fibre holds 96 Mbit/s.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from corridor.controller.forwarding.compiler import build_forwarding_graphs
from corridor.controller.forwarding.forwarding_graph import ForwardingGraph
from corridor.controller.forwarding.packet_traces import trace_packet
from corridor.controller.intent.specification import failures_of
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import LoadedScenario, load_scenario
from corridor.topologies.base.errors import InputError
from rates_lab import MINI

BOTH = """\
schema: 1
name: both
topology: mini
demands:
- {id: training, class: ai_bulk, src: shanghai, dst: guian, guarantee: {cir: %s}}
- {id: copies, class: dr, src: shanghai, dst: guian, guarantee: {cir: 50Mbit}}
"""
LAW = """\
name: law
classes:
- {id: bulk, origin: CN, sensitivity: general, basis: exempt}
- {id: gold, origin: CN, sensitivity: general, basis: exempt}
policies:
"""
PROTECTED = "soft: {protect: {k: 1, over: [link], immediate: true}}"
DEMAND = (
    "- {id: %s, data: %s, returns: bulk, class: ai_bulk, src: %s, dst: %s, "
    "guarantee: {cir: %sMbit}}\n"
)
LAWFUL = "schema: 1\nname: lawful\ntopology: mini\npolicies: law.yaml\n%sdemands:\n"
CHOOSES, STAYS = "objective: added-delay\n", "objective: none\n"


@pytest.fixture
def refused(tmp_path: Path):
    def refusal(text: str) -> str:
        path = tmp_path / "both.yaml"
        path.write_text(text)
        with pytest.raises(InputError, match="do not fit fibre shanghai-guian") as said:
            make_plan(load_scenario(path), clock="virtual", run_id="c0", seed=1)
        return str(said.value)

    return refusal


def test_rates_that_other_ways_may_fit_are_told_how_to_look_for_them(refused):
    said = refused(STAYS + BOTH % "60Mbit")
    assert "other paths may have enough capacity: objective: added-delay" in said


def test_rates_that_no_choice_of_paths_fits_are_told_so(refused):
    for text in (STAYS + BOTH % "200Mbit", CHOOSES + BOTH % "200Mbit"):
        said = refused(text)
        assert "no selection of paths fits them, by the permits in use" in said
        assert (
            "training requests a higher rate than any of its paths can carry, even alone; " in said
        )
    assert "even alone" not in refused(STAYS + BOTH % "60Mbit")


def test_rates_for_which_no_paths_were_found_are_told_that_too(refused, monkeypatch):
    monkeypatch.setattr("corridor.controller.traffic_engineering.fit_rates.TRIES", 0)
    assert "the search found no paths that fit" in refused(CHOOSES + BOTH % "60Mbit")


@pytest.fixture
def lawful(tmp_path: Path):
    """A scenario under separate policies: demands with their class, ends and Mbit/s."""

    def load(rules: str, objective: str, *demands: tuple[str, str, str, str, int]):
        (tmp_path / "law.yaml").write_text(LAW + rules)
        path = tmp_path / "one.yaml"
        path.write_text(LAWFUL % objective + "".join(DEMAND % one for one in demands))
        return load_scenario(path)

    return load


def test_a_demand_that_is_not_protected_does_not_count_where_it_may_be_lost(lawful):
    rules = "- {id: ALL, effect: permit, match: {class: bulk}}\n"
    rules += f"- {{id: GOLD, effect: permit, match: {{class: gold}}, {PROTECTED}}}\n"
    demands = [
        ("u", "bulk", "kunming", "karachi", 30),
        ("w", "bulk", "bangkok", "karachi", 60),
        ("z", "gold", "kunming", "karachi", 60),
        ("y", "bulk", "kunming", "bangkok", 40),
    ]
    with pytest.raises(InputError, match="do not fit") as said:
        make_plan(lawful(rules, STAYS, *demands), clock="virtual", run_id="c0", seed=1)
    assert "other paths may have enough capacity" in str(said.value)
    make_plan(lawful(rules, CHOOSES, *demands), clock="virtual", run_id="c0", seed=1)


def test_paths_are_the_shortest_where_what_ladders_give_up_makes_room_on_them(lawful):
    rule = f"- {{id: ALL, effect: permit, on_soft_failure: [drop_protect], {PROTECTED}}}\n"
    specification = specify(
        lawful(
            *(rule, CHOOSES),
            ("a", "bulk", "karachi", "shanghai", 30),
            ("b", "bulk", "guian", "shanghai", 45),
            ("c", "bulk", "guian", "kunming", 30),
            ("d", "bulk", "guian", "kunming", 30),
        )
    )
    assert any(one.given_up for one in specification.directions)
    assert not any(one.picks for one in specification.directions)


PIPE = """\
schema: 1
name: pipe
topology: mini
demands:
- {id: training, class: ai_bulk, src: shanghai, dst: guian}
- {id: copies, class: dr, src: shanghai, dst: kunming}
- {id: backups, class: dr, src: shanghai, dst: guian, guarantee: {cir: %s}}
- {id: mirrors, class: dr, src: shanghai, dst: bangkok, guarantee: {cir: 30Mbit}}
aggregates:
- {id: customer, demands: [training, copies], guarantee: {cir: %s}}
"""
PAIR = """\
schema: 1
name: pair
topology: mini
protect: {k: 1, over: [link]}
demands:
- {id: copies, class: dr, src: shanghai, dst: kunming, guarantee: {cir: 50Mbit}}
- {id: training, class: ai_bulk, src: shanghai, dst: guian, guarantee: {cir: 55Mbit}}
disjoint:
- {demands: [copies, training], over: [link]}
"""
DIRECT, ROUND = ("shanghai-guian",), ("shanghai-kunming", "guian-kunming")


@pytest.fixture
def load(tmp_path: Path):
    def loaded(text: str) -> LoadedScenario:
        path = tmp_path / "one.yaml"
        path.write_text(text)
        return load_scenario(path)

    return loaded


def served(loaded: LoadedScenario) -> dict[str, ForwardingGraph]:
    """Of what is planned, which has all its rates admitted."""
    make_plan(loaded, clock="virtual", run_id="c0", seed=1)
    intents = specify(loaded).intents()
    return {graph.intent.id: graph for graph in build_forwarding_graphs(MINI, intents)}


def path(graph: ForwardingGraph, *failed: str) -> tuple[str, ...]:
    return trace_packet(graph, MINI, failures_of(MINI, failed)).path.fibres


def test_another_goes_round_what_an_aggregate_loads(load):
    """60 Mbit/s of the aggregate, 40 and 30: without what is fixed, 70 would fit the direct fibre,
    and no demand would have to leave it."""
    graphs = served(load(PIPE % ("40Mbit", "60Mbit")))
    assert path(graphs["training"]) == DIRECT
    assert path(graphs["backups"]) == ROUND


def test_a_refusal_tells_what_fits_beside_an_aggregate_from_what_fits_at_all(load):
    for rates, said in (
        (
            ("40Mbit", "97Mbit"),
            "keep their paths, and no selection for the others fits next to them",
        ),
        (("40Mbit", "400Mbit"), "no selection of paths fits them, by the permits in use"),
        (("90Mbit", "60Mbit"), ""),
    ):
        loaded = load(PIPE % rates)
        if said:
            with pytest.raises(InputError, match="do not fit fibre") as refused:
                make_plan(loaded, clock="virtual", run_id="c0", seed=1)
            assert said in str(refused.value), rates
        else:
            assert path(served(loaded)["backups"]) != DIRECT


def test_rates_of_aggregates_alone_are_refused_by_a_line(load):
    text = "\n".join(one for one in (PIPE % ("1Mbit", "97Mbit")).splitlines() if "gua" not in one)
    text += "\n- {id: customer, demands: [training, copies], guarantee: {cir: 97Mbit}}\n"
    with pytest.raises(InputError, match="no selection for the others fits next to them"):
        make_plan(load(text), clock="virtual", run_id="c0", seed=1)


def test_detours_of_demands_that_are_to_be_disjoint_are_chosen(load):
    """Whichever fibre out of Shanghai is cut, the other does not hold both: one goes by Bangkok."""
    loaded = load(PAIR)
    with pytest.raises(InputError, match="do not fit"):
        make_plan(load(PAIR + "objective: none\n"), clock="virtual", run_id="c0", seed=1)
    graphs, shortest = served(loaded), build_forwarding_graphs(MINI, specify(load(PAIR)).intents())
    assert {graph.intent.id: graph.route for graph in shortest} == {
        name: graph.route for name, graph in graphs.items()
    }
    assert not {*path(graphs["copies"])} & {*path(graphs["training"])}
    for cut in ("link:shanghai-guian", "link:shanghai-kunming"):
        assert not {*path(graphs["copies"], cut)} & {*path(graphs["training"], cut)}, cut
    assert any(one.picks for one in specify(loaded).directions)
