"""What measured traceroutes say about the fibres of a map. Pure.

Between two consecutive hops of known place, the round trip grows by an increment. A path of the map
between the two places is *possible* if the low end of its 90 % interval (``delay_factors``) is not
above the increment, with a tolerance, because queues and other return paths only add. It *fits* if
its high end is not below the increment, either.

A fibre is *confirmed* if a path fits and all possible paths contain the fibre. It is *ambiguous* if
only some of these do. It is *contradicted* if no path is possible and the shortest is this fibre
alone: light then took a shorter path than the map has. The minimum over all traces of a source
removes most queueing. Nautilus (Ramanathan and Abdu Jyothi, POMACS 7(3), 2023) and Calypso map
traceroutes to cables likewise.
"""

from __future__ import annotations

import heapq
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Literal

from corridor.topologies.analysis.monte_carlo import delay_factors
from corridor.topologies.analysis.traceroutes import (
    Hop,
    HopPlaces,
    Trace,
    read_prefixes,
    read_traces,
)
from corridor.topologies.base.codec import Document
from corridor.topologies.model import delay
from corridor.topologies.model.delay_model import DelayModel
from corridor.topologies.model.routing import shortest_tree
from corridor.topologies.model.topology import Fibre, Topology, great_circle_km

EVIDENCE_SCHEMA = 1
TOLERANCE_MS = 1.0
MOST_PATHS = 200
"""Of one pair of places: beyond, an increment counts as ambiguous."""
MOST_STEPS = 50_000
RTT_MS_PER_KM = 2 * delay.FIBRE_NS_PER_KM / 1e6
CAVEATS = (
    "A response may return by another path than its request, so an increment may be of two paths.",
    "Hops in MPLS tunnels, and hops of unknown place, are not used; tunnels may hide detours.",
    "Routers answer late and packets queue: increments are minima, and still upper bounds.",
    "A wrong place of a hop is evidence against the right fibre. Check prefixes and names first.",
)

type Outcome = Literal["fits", "ambiguous", "shorter", "longer", "impossible", "unconnected"]
type Verdict = Literal["confirmed", "contradicted", "disputed", "ambiguous"]


@dataclass(frozen=True, kw_only=True)
class PairEvidence:
    """The increment between two places, of one source. Round trips in ms."""

    source: str
    from_hub: str
    to_hub: str
    traces: int
    increment_ms: float
    shortest_ms: float | None
    """Round trip of the shortest path of the map; None if there is none."""
    outcome: Outcome
    """``fits``: it confirms a fibre; ``ambiguous``: other paths fit, too; ``shorter``, ``longer``:
    than every path of the map; ``impossible``: less than light in fibre on the great circle takes;
    ``unconnected``: the map has no path."""
    fitting_paths: int
    confirms: tuple[str, ...]
    """Fibres of fitting paths that all possible paths contain."""
    may_use: tuple[str, ...]
    """Other fibres of fitting paths."""
    contradicts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FibreEvidence:
    """What all sources say about one fibre; counts are of traces, round trips in ms."""

    fibre: str
    from_hub: str
    to_hub: str
    rtt_ms: float
    rtt_low_ms: float
    rtt_high_ms: float
    verdict: Verdict
    confirmed: int
    contradicted: int
    ambiguous: int
    sources: int
    least_increment_ms: float | None
    """Between its own ends; None if no trace has both as neighbours."""


@dataclass(frozen=True, kw_only=True)
class TraceEvidence(Document):
    """The evidence of all traceroutes about one map."""

    schema: int
    topology: str
    tolerance_ms: float
    traces: int
    hops: int
    located_hops: int
    tunnel_hops: int
    fibres: tuple[FibreEvidence, ...]
    """Those with evidence, in the order of the map."""
    without_evidence: int
    pairs: tuple[PairEvidence, ...]
    caveats: tuple[str, ...] = CAVEATS


def evidence_of_files(
    topology: Topology,
    files: Sequence[str | Path],
    prefixes: str | Path | None = None,
    *,
    tolerance_ms: float = TOLERANCE_MS,
    model: DelayModel | None = None,
) -> TraceEvidence:
    """The same of files of traceroutes, with a table of prefixes if there is one. Raises
    InputError for what cannot be read."""
    table = {} if prefixes is None else read_prefixes(prefixes, topology)
    traces = [trace for file in files for trace in read_traces(file)]
    places = HopPlaces(topology, table)
    return trace_evidence(topology, traces, places.hub, tolerance_ms=tolerance_ms, model=model)


def trace_evidence(
    topology: Topology,
    traces: Sequence[Trace],
    hub_of: Callable[[Hop], str | None],
    *,
    tolerance_ms: float = TOLERANCE_MS,
    model: DelayModel | None = None,
) -> TraceEvidence:
    """Compare traceroutes with a map; ``hub_of`` gives the place of a hop, or None."""
    judge = _Judge(topology, tolerance_ms, model)
    pairs = tuple(judge.pair(one) for one in _increments(traces, hub_of))
    fibres = tuple(_fibres(topology, judge, pairs))
    hops = [hop for trace in traces for hop in trace.hops]
    return TraceEvidence(
        schema=EVIDENCE_SCHEMA,
        topology=topology.name,
        tolerance_ms=tolerance_ms,
        traces=len(traces),
        hops=len(hops),
        located_hops=sum(hub_of(hop) is not None for hop in hops),
        tunnel_hops=sum(hop.is_in_tunnel for hop in hops),
        fibres=fibres,
        without_evidence=len(topology.fibres) - len(fibres),
        pairs=pairs,
    )


@dataclass(frozen=True)
class _Increment:
    source: str
    a: str
    z: str
    traces: int
    ms: float


def _increments(
    traces: Iterable[Trace], hub_of: Callable[[Hop], str | None]
) -> Iterator[_Increment]:
    """Of each source and pair of places: the difference of the minima over its traces."""
    seen: dict[tuple[str, str, str], list[tuple[float, float]]] = defaultdict(list)
    for trace in traces:
        for (a, before), (z, after) in itertools.pairwise(_places(trace, hub_of)):
            seen[trace.source, a, z].append((before, after))
    for (source, a, z), both in seen.items():
        least = [min(ms) for ms in zip(*both, strict=True)]
        yield _Increment(source, a, z, len(both), round(least[1] - least[0], 3))


def _places(trace: Trace, hub_of: Callable[[Hop], str | None]) -> list[tuple[str, float]]:
    """The places that a trace passes, with the minimum round trip to each. A number of hops that is
    answered from several places, by load balancing, has none."""
    found: list[tuple[str, float]] = []
    for _, hops in itertools.groupby(trace.hops, key=lambda one: one.ttl):
        here = {(hub_of(hop) or "", hop.rtt_ms) for hop in hops}
        if len({hub for hub, _ in here}) != 1 or not (at := min(here))[0]:
            continue
        if found and found[-1][0] == at[0]:
            found[-1] = min(found[-1], at)
        else:
            found.append(at)
    return found


@dataclass(frozen=True)
class _Path:
    fibres: tuple[str, ...]
    low_ms: float
    high_ms: float


class _Judge:
    """Compares increments with the paths of one map."""

    def __init__(self, topology: Topology, tolerance_ms: float, model: DelayModel | None) -> None:
        self._topology, self._tolerance_ms = topology, tolerance_ms
        self._bounds = {one.id: _bounds_ms(one, model) for one in topology.fibres}
        self._least = min((low / ms for low, ms, _ in self._bounds.values()), default=1.0)

    def bounds_ms(self, fibre: str) -> tuple[float, float, float]:
        """Low end, value of the map and high end of a fibre's round trip."""
        return self._bounds[fibre]

    def pair(self, of: _Increment) -> PairEvidence:
        paths, are_all = self._paths(of.a, of.z, of.ms)
        above_ms = of.ms + self._tolerance_ms
        is_possible = above_ms >= self._straight_ms(of.a, of.z)
        possible = [one for one in paths if is_possible and one.low_ms <= above_ms]
        fitting = [one for one in possible if of.ms - self._tolerance_ms <= one.high_ms]
        used = {name: None for one in fitting for name in one.fibres}  # in order
        in_all = [name for name in used if all(name in one.fibres for one in possible)]
        confirmed = in_all if are_all else []
        outcome = _outcome(paths, possible, fitting, confirmed) if is_possible else "impossible"
        shortest = paths[0] if paths else None
        alone = outcome == "shorter" and shortest is not None and len(shortest.fibres) == 1
        return PairEvidence(
            source=of.source,
            from_hub=of.a,
            to_hub=of.z,
            traces=of.traces,
            increment_ms=of.ms,
            shortest_ms=None if shortest is None else self._sum_ms(shortest.fibres),
            outcome=outcome,
            fitting_paths=len(fitting),
            confirms=tuple(confirmed),
            may_use=tuple(one for one in used if one not in confirmed),
            contradicts=shortest.fibres if alone and shortest else (),
        )

    def _straight_ms(self, a: str, z: str) -> float:
        """A round trip of light in fibre on the great circle."""
        return RTT_MS_PER_KM * great_circle_km(*(self._topology.hub(hub).place for hub in (a, z)))

    def _sum_ms(self, fibres: Iterable[str]) -> float:
        return round(sum(self._bounds[one][1] for one in fibres), 3)

    def _paths(self, a: str, z: str, ms: float) -> tuple[list[_Path], bool]:
        """The shortest path, and all others that may fit ``ms``; whether these are all."""
        found: list[_Path] = []
        longest_ms = (ms + self._tolerance_ms) / self._least
        for fibres in _by_delay(self._topology, a, z):
            if fibres is None or len(found) == MOST_PATHS:
                return found, False
            if found and self._sum_ms(fibres) > longest_ms:
                break
            low, high = (sum(self._bounds[one][end] for one in fibres) for end in (0, 2))
            found.append(_Path(fibres, low, high))
        return found, True


def _outcome(
    paths: Sequence[_Path],
    possible: Sequence[_Path],
    fitting: Sequence[_Path],
    confirmed: Sequence[str],
) -> Outcome:
    if not paths:
        return "unconnected"
    if not possible:
        return "shorter"
    if not fitting:
        return "longer"
    return "fits" if confirmed else "ambiguous"


def _bounds_ms(fibre: Fibre, model: DelayModel | None) -> tuple[float, float, float]:
    low, high = delay_factors(fibre, model)
    ms = 2 * fibre.one_way_delay_ns / 1e6
    return low * ms, ms, high * ms


type _Step = tuple[int, int, int, tuple[str, ...], tuple[str, ...]]
"""Least delay of paths that begin so, order, delay so far, hubs and fibres so far."""


def _by_delay(topology: Topology, a: str, z: str) -> Iterator[tuple[str, ...] | None]:
    """Paths without a repeated hub, by increasing delay (best first, guided by the exact delay to
    ``z``); None in the end if the search was given up."""
    left_ns: dict[str, int] = {}
    for hub, came_by in shortest_tree(topology, z).items():  # nearer hubs come first
        left_ns[hub] = 0 if came_by is None else left_ns[came_by[0]] + came_by[1].one_way_delay_ns
    if a not in left_ns:
        return
    order = itertools.count()
    queue: list[_Step] = [(left_ns[a], next(order), 0, (a,), ())]
    for _ in range(MOST_STEPS):
        if not queue:
            return
        _, _, gone_ns, hubs, fibres = heapq.heappop(queue)
        if hubs[-1] == z:
            yield fibres
            continue
        for fibre in topology.fibres_of(hubs[-1]):
            far = fibre.other_end(hubs[-1])
            if far not in hubs:
                ns = gone_ns + fibre.one_way_delay_ns
                entry = (ns + left_ns[far], next(order), ns, (*hubs, far), (*fibres, fibre.id))
                heapq.heappush(queue, entry)
    yield None


def _fibres(
    topology: Topology, judge: _Judge, pairs: Sequence[PairEvidence]
) -> Iterator[FibreEvidence]:
    for fibre in topology.fibres:
        by_kind = [
            [one for one in pairs if fibre.id in named(one)]
            for named in map(attrgetter, ("confirms", "contradicts", "may_use"))
        ]
        confirmed, contradicted, ambiguous = (sum(one.traces for one in of) for of in by_kind)
        if not (confirmed or contradicted or ambiguous):
            continue
        between = [
            one.increment_ms
            for one in pairs
            if {one.from_hub, one.to_hub} == set(fibre.ends) and one.outcome != "impossible"
        ]
        low, ms, high = judge.bounds_ms(fibre.id)
        yield FibreEvidence(
            fibre=fibre.id,
            from_hub=fibre.a,
            to_hub=fibre.z,
            rtt_ms=round(ms, 3),
            rtt_low_ms=round(low, 3),
            rtt_high_ms=round(high, 3),
            verdict=_verdict(confirmed, contradicted),
            confirmed=confirmed,
            contradicted=contradicted,
            ambiguous=ambiguous,
            sources=len({one.source for of in by_kind for one in of}),
            least_increment_ms=min(between, default=None),
        )


def _verdict(confirmed: int, contradicted: int) -> Verdict:
    if confirmed and contradicted:
        return "disputed"
    return "confirmed" if confirmed else "contradicted" if contradicted else "ambiguous"
