"""What permits give up so that guaranteed rates fit, and who of many gives it up. Pure.

Each demand asks for all that its permit gives. Committed rates are held against capacity under
every failure protected against, peak rates while nothing fails. Where a link is overloaded, demands
on it whose permit in use has the step on its ladder give something up, one after another, the one
first that takes most off the link, of equal ones the first by id: protection where committed rates
do not fit, the peak where peaks do not. At last each that turns out not to be needed is given back,
in the reverse order. So the order of demands and policies means nothing.

A demand without its protection takes no detour: it puts no load where it had none while all is
well. So giving up more never makes a link fuller, and a link that all of its demands cannot help
is not to be helped; only where a permit states ``one_way`` may a path change with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from corridor.controller.forwarding.forwarding_graph import Cross, ForwardingGraph, unprotected
from corridor.controller.forwarding.packet_traces import trace_packet
from corridor.controller.intent.intent import Intent
from corridor.controller.intent.specification import Specification, failures_of
from corridor.controller.policy.model import Policy, RateStep, RelaxationStep
from corridor.controller.policy.permitted_paths import NoPermittedPath
from corridor.controller.policy.semantics import NO_FAILURES, Failures
from corridor.controller.traffic_engineering.fit_rates import Served, too_full
from corridor.controller.traffic_engineering.guaranteed_demands import rates_of
from corridor.topologies.base.units import format_duration, format_rate
from corridor.topologies.model.routing import capacities_bps, shared_links
from corridor.topologies.model.topology import Topology

if TYPE_CHECKING:
    from corridor.controller.intent.values import Link, Worst

RATE_STEPS: tuple[RateStep, ...] = ("drop_protect", "drop_pir")


def climb(specification: Specification, without: Failures = NO_FAILURES) -> Specification:
    """The same, with what has to be given up for rates; as it is where committed rates do not fit
    whatever is given up. What it gave up before is not looked at; what has failed is done
    ``without``."""
    asked = specification.model_copy(
        update={
            "directions": tuple(
                one.model_copy(update={"given_up": ()}) for one in specification.directions
            )
        }
    )
    if not any(_may_climb(policy) for policy in asked.policies.policies):
        return asked
    served = _Served(asked.topology, asked.intents(), without)
    if not served.make_room_for_committed():
        return asked
    served.make_room_for_peaks()
    given = served.given_up
    directions = tuple(
        one.model_copy(update={"given_up": given.get(one.demand.id, ())})
        for one in asked.directions
    )
    return asked.model_copy(update={"directions": directions})


def _may_climb(policy: Policy) -> bool:
    return any(step in policy.on_soft_failure for step in RATE_STEPS)


class _Served:
    """Demands with guaranteed rates, by id, as they are served with what they have given up."""

    def __init__(self, topology: Topology, intents: Iterable[Intent], without: Failures) -> None:
        self._topology, self._without = topology, without
        self._served = Served(topology, intents, without)
        self._capacities_bps = capacities_bps(topology)
        self._graph = self._served.graph
        self._graphs = {graph.intent.id: graph for graph in self._served.graphs}

    @property
    def given_up(self) -> dict[str, tuple[RateStep, ...]]:
        return {name: graph.intent.given_up for name, graph in self._graphs.items()}

    def make_room_for_committed(self) -> bool:
        """Whether committed rates fit at last."""
        order: list[str] = []
        while (full := self._fullest()) is not None:
            ranked = sorted(self._helping(full))
            if not ranked:
                return False
            _, name = ranked[0]
            self._give_up(name, "drop_protect")
            order.append(name)
        self._give_back(order, "drop_protect", lambda _graph: self._fullest() is None)
        return True

    def make_room_for_peaks(self) -> None:
        """As far as ladders go: what is left of a peak that does not fit is not promised."""
        order: list[str] = []
        infeasible: set[Link] = set()
        while (full := self._fullest_by_peaks(infeasible)) is not None:
            ranked = sorted(self._slowing(full))
            if not ranked:
                infeasible.add(full)
                continue
            _, name = ranked[0]
            self._give_up(name, "drop_pir")
            order.append(name)
        self._give_back(order, "drop_pir", self._peak_fits)

    def _fullest(self) -> Worst | None:
        """The link that has the largest shortfall for committed rates, in its worst case; ties by
        name."""
        full = too_full(self._topology, list(self._graphs.values()), self._without)
        return min(
            full,
            key=lambda link: (-link.excess_bps, link.fibre, link.hub, link.failure),
            default=None,
        )

    def _helping(self, full: Worst) -> Iterator[tuple[int, str]]:
        """Demands on a link that can give up protection, with what that takes off it, negative."""
        link = (full.fibre, full.hub)
        failures = failures_of(self._topology, full.failure)
        for name in full.demands:
            if name not in self._graphs:  # rates of an aggregate are on no ladder
                continue
            graph, rates = self._graphs[name], rates_of(self._graphs[name])
            assert rates is not None
            without = self._graph(_giving_up(graph.intent, "drop_protect"))
            if without.protection == graph.protection:
                continue
            times = [
                Counter(_links(one, self._topology, failures))[link] for one in (graph, without)
            ]
            yield rates.cir * (times[1] - times[0]), name

    def _too_full_by_peaks(self) -> dict[Link, int]:
        """What does not fit, by directed link, while nothing fails."""
        most: dict[tuple[Link, str], int] = {}
        for graph in self._graphs.values():
            rates = rates_of(graph)
            assert rates is not None
            for link, times in self._crossings(graph).items():
                paid = (link, graph.intent.pays_as)
                most[paid] = max(most.get(paid, 0), times * (rates.pir or rates.cir))
        loads: Counter[Link] = Counter()
        for (link, _), load in most.items():
            loads[link] += load
        excess = {link: load - self._capacity_bps(link) for link, load in loads.items()}
        return {link: over for link, over in excess.items() if over > 0}

    def _fullest_by_peaks(self, infeasible: set[Link]) -> Link | None:
        full = self._too_full_by_peaks()
        left = [link for link in full if link not in infeasible]
        return min(left, key=lambda link: (-full[link], link), default=None)

    def _slowing(self, full: Link) -> Iterator[tuple[int, str]]:
        """Demands on a link that can be held to less, with what that takes off it, negative."""
        for name, graph in self._graphs.items():
            rates, times = rates_of(graph), self._crossings(graph)[full]
            assert graph.permit is not None
            held = _giving_up(graph.intent, "drop_pir").guarantee(graph.permit)
            assert rates is not None
            if times and held != rates and rates.pir is not None:
                yield (rates.cir - rates.pir) * times, name

    def _peak_fits(self, graph: ForwardingGraph) -> bool:
        return self._too_full_by_peaks().keys().isdisjoint(self._crossings(graph))

    def _crossings(self, graph: ForwardingGraph) -> Counter[Link]:
        return Counter(_links(graph, self._topology))

    def _capacity_bps(self, link: Link) -> int:
        return self._capacities_bps[link[0]]

    def _give_up(self, name: str, step: RateStep) -> None:
        self._graphs[name] = self._graph(_giving_up(self._graphs[name].intent, step))

    def _give_back(
        self, order: Iterable[str], step: RateStep, fits: Callable[[ForwardingGraph], bool]
    ) -> None:
        """Whatever turns out not to be needed, the last first."""
        for name in reversed([*order]):
            before = self._graphs[name]
            kept = tuple(one for one in before.intent.given_up if one != step)
            self._graphs[name] = self._graph(replace(before.intent, given_up=kept))
            if not fits(self._graphs[name]):
                self._graphs[name] = before


def _giving_up(intent: Intent, step: RateStep) -> Intent:
    given = {*intent.given_up, step}
    return replace(intent, given_up=tuple(one for one in RATE_STEPS if one in given))


def _links(
    graph: ForwardingGraph, topology: Topology, failures: Failures = NO_FAILURES
) -> Iterator[Link]:
    """Directed links that packets cross, up to where they are dropped, and what those share."""
    path = trace_packet(graph, topology, failures).path
    for fibre, hub in zip(path.fibres, path.hubs[:-1], strict=True):
        yield fibre, hub
        yield from shared_links(topology.fibre(fibre), hub)


# What a demand was to have and has not, and whether its permit's ladder gives it up. Pure.


@dataclass(frozen=True)
class UnmetConstraint:
    """One soft clause that does not hold, or protection that is not had."""

    step: RelaxationStep
    """That gives it up."""
    said: str
    on_ladder: bool
    """Whether the permit in use has that step; it is served all the same if not."""

    def __str__(self) -> str:
        return f"{self.step}: {self.said}" if self.on_ladder else self.said


def unmet_constraints(
    graph: ForwardingGraph, one_way_ns: int | None = None
) -> tuple[UnmetConstraint, ...]:
    """What a served demand gives up; ``one_way_ns`` is its delay now, if not the planned one."""
    permit = graph.permit
    if permit is None or isinstance(graph.route, NoPermittedPath):
        return ()
    takes_ns = graph.route.one_way_ns if one_way_ns is None else one_way_ns
    return tuple(
        UnmetConstraint(step, said, step in permit.on_soft_failure)
        for step, said in _said(graph, permit, takes_ns)
    )


def _said(
    graph: ForwardingGraph, permit: Policy, one_way_ns: int
) -> Iterator[tuple[RelaxationStep, str]]:
    asked, intent = permit.soft.one_way, graph.intent
    rates = intent.guarantee(permit)
    if asked is not None and one_way_ns > asked:
        took = format_duration(one_way_ns)
        yield "exceed_latency", f"one way takes {took}, asked for {format_duration(asked)}"
    if rates is not None and intent.gives_up("drop_protect", permit):
        yield "drop_protect", f"no room on detours for {format_rate(rates.cir)}"
    bare = [
        f"link:{node.fibre}" if isinstance(node, Cross) else f"gateway:{node.hub}"
        for node in unprotected(graph.first, graph.protection)
    ]
    if bare:
        yield "drop_protect", f"no detour around {', '.join(bare)}"
    if intent.aggregate is None and rates not in (None, intent.bandwidth, permit.soft.bandwidth):
        assert rates is not None
        yield "drop_pir", f"held to {format_rate(rates.cir)}"
