"""Plans that others have published, where their model is that of ``corridor plan``.

Facts only: edges, weights and results are theirs, maps and demands are written here. Distances are
one-way delays in ms, costs are in million US dollars, volumes in Gbit/s.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import networkx as nx
import pytest
import yaml

import corridor
from corridor.experiments.expansion.plan_documents import PlanAnswer


class Edge(NamedTuple):
    """A link of a published graph, built or not."""

    a: str
    z: str
    cost: float = 1
    delay_ms: float = 1
    gbps: float | None = None

    @property
    def id(self) -> str:
        """As candidates are called: ``a-z``, or ``a-z-2gbps``."""
        return f"{self.a}-{self.z}" + ("" if self.gbps is None else f"-{self.gbps:g}gbps")

    @property
    def fibre(self) -> dict[str, Any]:
        """As in a topology file, without ``id``."""
        capacity = {} if self.gbps is None else {"capacity": f"{self.gbps}Gbit"}
        ends = {"a": f"hub-{self.a}", "z": f"hub-{self.z}"}
        return {**ends, "one_way_delay": f"{self.delay_ms}ms", **capacity}


def planned(
    folder: Path, nodes: str, today: Iterable[Edge], candidates: Iterable[Edge], **asked: Any
) -> PlanAnswer:
    """Ask for the plan of a published graph, with a demand for each of ``pairs``."""
    pairs: Sequence[Any] = asked.pop("pairs", list(itertools.combinations(nodes, 2)))
    hubs = [
        {"id": f"hub-{one}", "name": one, "role": "foreign", "located_in": "TH"}
        | {"lat": 10 + at, "lon": 100}
        for at, one in enumerate(nodes)
    ]
    fibres = [{"id": f"today-{one.id}", **one.fibre} for one in today]
    _write(folder / "map.yaml", {"name": "published", "hubs": hubs, "fibres": fibres})
    demands = [
        {"id": f"d{at}-{a}-{z}", "class": "dr", "src": f"hub-{a}", "dst": f"hub-{z}"}
        | ({"guarantee": {"cir": f"{rate[0]}Gbit"}} if rate else {})
        for at, (a, z, *rate) in enumerate(pairs)
    ]
    scenario = {"schema": 1, "name": "published", "topology": "map.yaml", "policies": "none"}
    _write(folder / "scenario.yaml", {**scenario, "demands": demands})
    file = {
        "schema": 1,
        "name": "published",
        "topology": "published",
        "fibres": [
            {"id": one.id, "what": "published", "origin": "assumption", "fibre": one.fibre}
            | {"cost_musd": {"low": one.cost, "high": one.cost}}
            for one in candidates
        ],
    }
    _write(folder / "candidates.yaml", file)
    return corridor.plan(folder / "scenario.yaml", candidates=folder / "candidates.yaml", **asked)


def _write(path: Path, document: Any) -> None:
    path.write_text(yaml.safe_dump(document))


PATH = [Edge("1", "2"), Edge("2", "3"), Edge("3", "4")]
"""The graph of the examples of NetworkX 3.4, ``weighted_bridge_augmentation``: the edges of least
weight without which no single edge is a bridge. The method is that of Khuller and Thurimella
(1993), which may cost twice the least, or three times from a graph that is not connected.
https://networkx.org/documentation/stable/reference/algorithms/connectivity.html"""


@pytest.mark.parametrize(
    ("nodes", "available", "theirs", "best"),
    [
        ("1234", [("1", "4", 1), ("1", "3", 1), ("2", "4", 1)], ["1-4"], ["1-4"]),
        (
            "1234",
            [("1", "4", 1000), ("1", "3", 1), ("2", "4", 1)],
            ["1-3", "2-4"],
            ["1-3", "2-4"],
        ),
        (
            "12345",
            [("1", "5", 11), ("2", "5", 10), ("4", "3", 1), ("4", "5", 1)],
            ["1-5", "4-5"],
            ["1-5", "4-5"],
        ),
        (
            "12345",
            [("1", "5", 11), ("2", "5", 10), ("4", "3", 1), ("4", "5", 51)],
            ["1-5", "2-5", "4-5"],
            ["1-5", "4-5"],  # 62 instead of 72: theirs is an approximation
        ),
    ],
)
def test_networkx_examples_of_augmentation_are_the_cheapest_plans_that_survive(
    tmp_path: Path, nodes: str, available: list[Any], theirs: list[str], best: list[str]
) -> None:
    edges = [Edge(*one) for one in available]
    pairs = (len(PATH) + len(edges)) * len(list(itertools.combinations(nodes, 2)))
    found = planned(tmp_path, nodes, PATH, edges, by="cost", at_least={"survival": pairs})
    weights = {one.id: one.cost for one in edges}
    assert sorted(found.plan.ids) == best
    assert found.plan.cost is not None
    assert found.plan.cost.high_musd == found.bound == sum(weights[one] for one in best)
    assert found.bound <= sum(weights[one] for one in theirs)
    assert found.plan.measured.survival_pairs == pairs
    assert found.proof.gap == 0


MINIMAL = {
    "AB": 16, "AC": 12, "AD": 21, "BD": 17, "BE": 20, "CD": 28,
    "CF": 31, "DE": 18, "DF": 19, "DG": 23, "EG": 11, "FG": 27,
}  # fmt: skip
"""Project Euler, problem 107, https://projecteuler.net/problem=107: twelve edges of a weight of
243, and the least that connects all, of 93."""


def test_the_minimal_network_is_the_cheapest_plan_that_serves_all(tmp_path: Path) -> None:
    edges = [Edge(a.lower(), z.lower(), cost) for (a, z), cost in MINIMAL.items()]
    assert sum(one.cost for one in edges) == 243
    found = planned(tmp_path, "abcdefg", [], edges, by="cost", at_least={"reach": 21})
    assert found.plan.cost is not None
    assert found.plan.cost.high_musd == found.bound == 93
    assert sorted(found.plan.ids) == ["a-b", "a-c", "b-d", "d-e", "d-f", "e-g"]
    assert found.plan.latencies.served == 21


REQUIRED = {
    "01": 1, "02": 7, "12": 1, "13": 3, "14": 2, "24": 4, "34": 1, "35": 6, "45": 2,
}  # fmt: skip
"""The graph of https://en.wikipedia.org/wiki/Gomory-Hu_tree, as the tests of NetworkX have it. Hu
(1974, SIAM Journal on Computing 3:188): if all links have one length, a cut tree has the smallest
sum of traffic times distance of all trees, and that is the sum of its cuts."""


def test_the_five_links_of_least_traffic_times_distance_are_a_cut_tree(tmp_path: Path) -> None:
    old = [Edge("h", one, delay_ms=90) for one in "012345"]  # serves all, far away
    edges = [Edge(a, z) for a, z in itertools.combinations("012345", 2)]
    pairs = [(a, z, rate) for (a, z), rate in REQUIRED.items()]
    found = planned(tmp_path, "012345h", old, edges, pairs=pairs, most=5, weigh="traffic")
    mean = sum(REQUIRED.values()) / len(REQUIRED)  # weights are rates over it
    distance = found.plan.latencies.sum_ms * mean / 2
    graph = nx.Graph()
    graph.add_weighted_edges_from([(*ends, rate) for ends, rate in REQUIRED.items()])
    tree = nx.gomory_hu_tree(graph, capacity="weight")
    assert tree.size(weight="weight") == 8 + 6 + 6 + 7 + 8
    assert distance == pytest.approx(8 + 6 + 6 + 7 + 8, abs=1e-3)
    assert len(found.plan.ids) == 5
    assert found.proof.gap == 0


def test_the_flow_of_netgraph_is_the_growth_of_demands_that_fit_its_links(tmp_path: Path) -> None:
    """NetGraph 0.17.4, its basic example: the flow from A to C is 6, and 3 without B or D."""
    by_b = [Edge(*ends, gbps=rate) for ends in ("ab", "bc") for rate in (1, 2)]
    by_d = [Edge(*ends, delay_ms=2, gbps=3) for ends in ("ad", "dc")]
    pairs = [("a", "c", 1)] * 6
    built = planned(tmp_path, "abcd", by_d, by_b, pairs=pairs, most=4, by="capacity")
    assert len(pairs) * (built.today_measured.growth_times or 0) == 3
    assert len(pairs) * (built.plan.measured.growth_times or 0) == 6
    assert len(built.plan.ids) == 4
    # A demand keeps to one path here; NetGraph splits the flow over three paths.
    whole = planned(tmp_path, "abcd", by_d, by_b, pairs=[("a", "c", 6)], most=4, by="capacity")
    assert 6 * (whole.plan.measured.growth_times or 0) == 3
