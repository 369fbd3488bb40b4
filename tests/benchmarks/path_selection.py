"""Load-aware routing on published instances: ``python -m tests.benchmarks.path_selection FILE...``

Files are SNDlib's native text, or REPETITA's ``.graph`` with the ``.demands`` beside it (the first
set). A row each: the most that a link is asked for, as a part of its capacity (SNDlib's networks
have no capacities: of one unit each), by the shortest ways, by ways chosen together, and the bound
that no choice of ways can be better than; while nothing fails, and with ``--cuts`` under every
single cut with the switches' own detours. ``--most`` leaves only the largest demands. Ways are
chosen for capacities a hair above the bound, then for a little more, until they fit; ``tries``
counts, ``CPU s`` are the seconds of processor that all of them took.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

from corridor.controller.forwarding.forwarding_graph import GraphBuilder
from corridor.controller.intent.intent import Intent, Protection
from corridor.controller.policy.model import Bandwidth, Demand, Policy, PolicySet
from corridor.controller.policy.semantics import PolicyLookup
from corridor.controller.traffic_engineering.candidate_values import Links
from corridor.controller.traffic_engineering.lower_bounds import least_fullest
from corridor.controller.traffic_engineering.path_selection import select_paths
from corridor.controller.traffic_engineering.selection_setting import selection_problem_of
from corridor.experiments.terminal.columns import render
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.topology import Topology

HEADINGS = (
    "instance",
    "hubs",
    "fibres",
    "demands",
    "shortest",
    "chosen",
    "bound",
    "gap",
    "tries",
    "CPU s",
)
KBPS_OF_GBPS = 1e6
UNIT_BPS = 10**6
"""What one unit of an instance's demands is taken for."""
NEAR = 1.002
"""How near to the bound paths have to come, at first."""
STEP, TRIES = 1.003, 20


class Asked(NamedTuple):
    src: str
    dst: str
    rate: float
    """In the instance's unit."""


def instance(path: Path) -> tuple[Topology, list[Asked], bool]:
    """The map, what is asked for, and whether the map has capacities."""
    topology = load_topology(path, default_delay="1ms")
    hubs = [hub.id for hub in topology.hubs]
    if path.suffix == ".graph":
        rows = path.with_suffix(".0000.demands").read_text(encoding="utf-8").split("\n")[2:]
        words = [row.split() for row in rows if row.strip()]
        return topology, [Asked(hubs[int(a)], hubs[int(z)], float(r)) for _, a, z, r in words], True
    named = {hub.name.lower(): hub.id for hub in topology.hubs} | {one: one for one in hubs}
    text = path.read_text(encoding="utf-8")
    found = re.findall(
        r"\S+ \( (\S+) (\S+) \) \d+ (\d+\.\d+) \S+\n", text[text.index("DEMANDS (") :]
    )
    ends = [(named[a.lower()], named[z.lower()], float(rate)) for a, z, rate in found]
    return topology, [Asked(*one) for one in ends if one[2] > 0], False


def intents(topology: Topology, asked: list[Asked], k: int) -> Iterator[Intent]:
    policies = PolicySet.model_validate(
        {
            "name": "all",
            "classes": [{"id": "any", "origin": "CN", "sensitivity": "general", "basis": "exempt"}],
            "policies": [Policy(id="ALL", effect="permit")],
        }
    )
    rulings = PolicyLookup(policies, topology, date(2026, 11, 27))
    for number, one in enumerate(asked):
        said = {"id": f"d{number}", "class": "any", "src": one.src, "dst": one.dst}
        demand = policies.seen(Demand.model_validate(said))
        rate = Bandwidth.model_validate({"cir": f"{max(round(one.rate * UNIT_BPS), 1)}bit"})
        yield Intent(
            rulings.on(demand), protection=Protection(k, ("link",) if k else ()), bandwidth=rate
        )


def largest(asked: list[Asked], most: int | None) -> list[Asked]:
    return asked if most is None else sorted(asked, key=lambda one: (-one.rate, one))[:most]


def row(path: Path, *, cuts: bool, most: int | None = None) -> tuple[str, ...]:
    topology, asked, has_capacities = instance(path)
    asked = largest(asked, most)
    served = tuple(intents(topology, asked, int(cuts)))
    builder = GraphBuilder(topology)
    graphs = [builder.graph(one) for one in served]
    links = Links(topology)
    own = [UNIT_BPS for _ in links.capacity_bps]
    if has_capacities:  # of both in kbit/s
        gbps = [fibre.known_gbps or 0.0 for fibre in topology.fibres for _ in fibre.ends]
        own = [max(round(one * KBPS_OF_GBPS * UNIT_BPS), 1) for one in gbps]
    setting = selection_problem_of(graphs, builder, links)
    bound = least_fullest(setting, [max(round(one), 1) for one in own])
    began = time.process_time()
    before, reached = float("inf"), list[float]()
    for tried in range(TRIES):
        target = bound.fullest * NEAR * STEP**tried
        room = [max(round(one * target), 1) for one in own]
        choice = select_paths(topology, graphs, builder, links=Links(topology, capacity_bps=room))
        before = min(before, choice.fullest_before * target)
        reached.append(choice.fullest * target)
        if choice.fullest <= 1:
            break
    took, best = time.process_time() - began, min(reached)
    return (
        path.stem,
        str(len(topology.hubs)),
        str(len(topology.fibres)),
        str(len(asked)),
        f"{before:.4g}",
        f"{best:.4g}",
        f"{bound.fullest:.4g}",
        f"{_above(best, bound.fullest):.2f} %",
        str(len(reached)),
        f"{took:.1f}",
    )


def _above(best: float, bound: float) -> float:
    """In per cent, to two digits; what is below it by rounding is at it."""
    return round(100 * (best / bound - 1), 2) + 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--cuts", action="store_true", help="under every single cut, too")
    parser.add_argument("--most", type=int, metavar="N", help="only the N largest demands")
    args = parser.parse_args()
    rows = []
    for path in args.files:
        rows.append(row(path, cuts=args.cuts, most=args.most))
        print(" ".join(rows[-1]), flush=True)
    print(render(HEADINGS, rows, frozenset(HEADINGS[1:])))


if __name__ == "__main__":
    main()
