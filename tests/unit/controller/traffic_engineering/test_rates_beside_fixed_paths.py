"""Demands of aggregates keep their paths, disjoint demands their primary paths: others move.

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
