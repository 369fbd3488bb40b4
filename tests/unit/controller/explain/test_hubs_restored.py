"""Paths that return to a hub without a gateway in between: by another label, and proven.

Kash is one fibre from west, and the onward path is back by west, or around by Karachi.
"""

from __future__ import annotations

from typing import Any

import pytest

from corridor.controller.explain.trace import trace
from corridor.controller.forwarding.labels import label_graph
from corridor.controller.intent.intent import Intent, Protection
from corridor.controller.policy.permitted_paths import PermittedPath
from corridor.controller.policy.phase import Phase
from corridor.controller.policy.semantics import NO_FAILURES
from corridor.controller.prover import prove, tables_of
from corridor.controller.prover.exact_claims import examine
from corridor.controller.prover.exact_search import Explorer
from paths_lab import graph
from policy_lab import applicable_policies, corridor, demand, permit
from tables_lab import Laid

BY_KASH = {"via": [{"any_of": {"hubs": "kash"}, "then": "PASSED"}]}
TO_AND_FRO = {"path": "west kash west kash west kun"}
BY_MANDALAY = {"via": [{"fibres": "west-kash"}, {"hubs": "mandalay"}]}
GATES = {"waypoints": [{"any_of": "gateways", "before": "border", "then": "ASSESSED"}]}
CASES: dict[str, tuple[dict[str, Any], str, str]] = {
    "there and back": (BY_KASH, "kun", "west kash west kun"),
    "by a fibre": ({"via": [{"fibres": "west-kash"}]}, "kun", "west kash west kun"),
    "twice over": (TO_AND_FRO, "kun", "west kash west kash west kun"),
    "past the destination": (BY_MANDALAY, "kun", "west kash west kun mandalay kun"),
    "by a gateway first": (
        {**GATES, "via": [{"hubs": "coast"}, {"hubs": "kash"}]},
        "mandalay",
        "west coast west kash west kun mandalay",
    ),
    "in three turns": (
        {"path": "west kun west coast west kash"},
        "kash",
        "west kun west coast west kash",
    ),
}


def laid(name: str, k: int = 0) -> Laid:
    hard, dst, _ = CASES[name]
    asked = applicable_policies(permit(hard=hard), about=demand(dst=dst))
    return Laid(corridor(), [Intent(asked, protection=Protection(k))])


@pytest.mark.parametrize("name", CASES)
def test_packets_go_there_and_back_by_tables_that_say_so(name: str) -> None:
    _, dst, hubs = CASES[name]
    made = laid(name)
    (graph,) = made.graphs
    assert isinstance(graph.route, PermittedPath)
    assert " ".join(graph.route.path.hubs) == hubs
    fate = made.network.send("west", made.packet("west", dst))
    assert [hub for hub, _ in fate.delivered] == [dst]
    assert tuple(fate.fibres) == graph.route.path.fibres


@pytest.mark.parametrize("k", [0, 1, 2])
@pytest.mark.parametrize("name", CASES)
def test_such_tables_are_proven_under_failures(name: str, k: int) -> None:
    made = laid(name, k)
    intents = tuple(graph.intent for graph in made.graphs)
    tables = tables_of(made.program)
    proof = prove(tables, made.wiring, made.graph, intents)
    assert proof.holds, [str(one) for one in proof.violated]
    assert examine(tables, made.wiring, made.graph, intents, rates=False).holds


@pytest.mark.parametrize("name", CASES)
def test_each_label_comes_to_a_hub_once(name: str) -> None:
    for use in laid(name, k=2).program.labels:
        assert len(set(use.hubs)) == len(use.hubs)


def test_the_hub_before_gives_the_other_label_and_a_trace_tells_it() -> None:
    made = laid("there and back")
    uses = made.program.labels
    assert [(use.state, use.hubs) for use in uses] == [
        ("PRE", ("west", "kash")),
        ("PASSED", ("west", "kun")),
    ]
    assert {use.phase for use in uses} == {Phase.EXEMPT}
    explorer = Explorer(tables_of(made.program), made.wiring, made.graph)
    told = trace(explorer, made.graphs[0].intent, NO_FAILURES, uses)
    assert told.delivered
    labels = [hop.label.state if hop.label else "" for hop in told.hops]
    assert [hop.hub for hop in told.hops] == ["west", "kash", "west", "kun"]
    assert labels == ["PRE", "PASSED", "PASSED", ""]


def test_a_path_that_comes_to_no_hub_again_needs_no_other_label() -> None:
    gated = graph(corridor(), permit(hard=GATES), k=2)
    free = graph(corridor(), permit(), k=2)
    for one in (gated, free):
        assert label_graph(one).again == frozenset()
