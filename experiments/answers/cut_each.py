"""One question: which cut does most harm? Every group, fibre or pair of groups alone. Pure.

Policies and tables are compiled once. A larger cut has the same outcome for a demand as a smaller
one, if neither its detour nor its new path crosses the further fibres. Only other demands are
followed and searched again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from corridor.controller.explain.explanation import depends_on_detours, replanned_route
from corridor.controller.forwarding.compiler import build_forwarding_graphs
from corridor.controller.forwarding.forwarding_graph import ForwardingGraph
from corridor.controller.forwarding.packet_traces import trace_packet
from corridor.controller.intent.specification import failures_of
from corridor.controller.policy.model import RETURN
from corridor.controller.policy.product import lost
from corridor.controller.policy.semantics import Failures
from corridor.experiments.plan.workloads import offered
from corridor.experiments.scenario.given import given_choice
from corridor.experiments.scenario.intents import intents_for
from corridor.experiments.scenario.scenario import (
    AS_WRITTEN,
    DEFAULT,
    LoadedScenario,
    Under,
    load_under,
    under_given,
    whole_map,
)
from corridor.topologies.base.codec import Document
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.words import few
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.background import Link
from corridor.topologies.model.routing import Path as HubPath
from corridor.topologies.model.topology import Topology

CUT_EACH_SCHEMA = 1
MOST_NAMED = 3
Each = Literal["groups", "fibres", "pairs"]
"""``pairs`` are of groups."""


@dataclass(frozen=True, kw_only=True)
class CutEffect:
    """The effect of a cut on all demands of a scenario. Round trips are in ms, rates are real."""

    fibres: tuple[str, ...]
    """All that are cut."""
    affected: int
    """Demands that cross one of them, in either direction."""
    disconnected: tuple[str, ...]
    """Of these, demands without a permitted path that is left."""
    waiting: tuple[str, ...]
    """Of the others, demands whose packets the installed tables drop until the controller has
    recomputed their paths: no detour covers them."""
    slower: int
    """Demands whose recomputed round trip is longer than the one without failures."""
    added_sum_ms: float
    """Of these, the added round-trip times together."""
    added_max_ms: float
    slowest: str
    """The demand of that maximum; empty if none is slower."""
    affected_gbps: float | None
    """Rates that cross the cut, in either direction; None of a scenario without rates."""
    disconnected_gbps: float | None
    """Of these, rates of disconnected demands."""


@dataclass(frozen=True, kw_only=True)
class EachCut:
    """One row: what is cut, and the effect."""

    cut: tuple[str, ...]
    """Elements as ``srlg:`` or ``link:``."""
    effect: CutEffect
    same_as: str
    """Of a pair, the element that has the same effect alone; else empty."""
    only_together: tuple[str, ...]
    """Of a pair, disconnected demands that neither element disconnects alone."""
    planned: CutEffect | None
    """On the second map; None without one, or if that map has not all elements."""
    reconnects: tuple[str, ...]
    """Disconnected demands that have a path on the second map."""
    saves_ms: float
    """How much shorter the recomputed round trips are on the second map under the same cut: the
    sum over demands with a path on both maps."""


@dataclass(frozen=True, kw_only=True)
class CutEachAnswer(Document):
    """What each of many cuts does to a scenario."""

    schema: int
    scenario: str
    topology: str
    policies: str
    as_of: str
    each: Each
    demands: int
    served: int
    """Demands that have a path without failures."""
    rates: Literal["committed", "offered", "none"]
    """The rates of the rows: committed ones if there are any, else the offered load of workloads.
    """
    planned_topology: str
    """The second map; empty without one."""
    planned_served: int | None
    cuts: tuple[EachCut, ...]
    """The most harmful first: by disconnected demands, then their rates, then added round trips."""


def cut_each(
    each: Each = "groups",
    *,
    scenario: str | Path = DEFAULT,
    planned: str | Path = "",
    policies: str | Path | None = None,
    as_of: date | str | None = None,
) -> CutEachAnswer:
    """Compute the effect of each single cut on a scenario, and order them by harm.

    Args:
        each: ``"groups"``: each shared-risk group alone; ``"fibres"``: each fibre; ``"pairs"``:
            each two groups together.
        scenario: The name of a shipped scenario, or a scenario file.
        planned: A second map, such as ``corridor plan --map`` writes: the same cuts on it, too.
        policies: A shipped policy set or a file, instead of the scenario's own.
        as_of: The date whose policies are in force; default: the scenario's date, or today.

    Returns:
        A row for each cut (``cuts``), each equal to the answer of :func:`corridor.cut`. Round
        trips are in milliseconds, rates in Gbit/s.

    Raises:
        InputError: The map has no group, or a file or a name is invalid.

    Example:
        >>> [row.cut for row in corridor.cut_each("fibres", scenario="mini").cuts[:2]]
        [('link:guian-kunming',), ('link:kunming-bangkok',)]
    """
    asked, chosen = under_given(policies, as_of), given_choice(each, get_args(Each), "each")
    loaded = load_under(str(scenario), asked)
    other = on_second_map(loaded, str(planned), str(scenario), asked) if planned else None
    return cut_each_answer(loaded, chosen, other)


def on_second_map(
    loaded: LoadedScenario, file: str, scenario: str, asked: Under = AS_WRITTEN
) -> LoadedScenario:
    """Load the scenario on another map, without the fibres that its ``leave_out`` removes today.

    New fibres stay, whatever their status. Raises InputError if hubs of demands are not
    on the map.
    """
    topology = load_topology(file)
    ends = {hub for one in loaded.scenario.demands for hub in (one.src, one.dst)}
    if absent := sorted(ends - {one.id for one in topology.hubs}):
        has = f"the second map has no {few(absent, MOST_NAMED)}, which are ends of demands"
        raise InputError(has, f"extend {loaded.topology.name}, as corridor plan --map does", file)
    left_out = {one.id for one in whole_map(loaded).fibres}
    left_out -= {one.id for one in loaded.topology.fibres}
    return load_under(scenario, asked, topology=topology.without(left_out))


def cut_each_answer(
    loaded: LoadedScenario, each: Each, planned: LoadedScenario | None = None
) -> CutEachAnswer:
    """Return the same for a scenario that is loaded, and on a second map if there is one."""
    now, then = Outcomes(loaded), None if planned is None else Outcomes(planned)
    rows = [_row(now, then, cut) for cut in cuts_of(loaded.topology, each)]
    return CutEachAnswer(
        schema=CUT_EACH_SCHEMA,
        scenario=loaded.scenario.name,
        topology=loaded.topology.name,
        policies=loaded.policies.name,
        as_of=str(loaded.as_of),
        each=each,
        demands=len(loaded.scenario.demands),
        served=len(now.served),
        rates=now.rates.kind,
        planned_topology="" if planned is None else planned.topology.name,
        planned_served=None if then is None else len(then.served),
        cuts=tuple(sorted(rows, key=_harm)),
    )


def cuts_of(topology: Topology, each: Each) -> list[tuple[str, ...]]:
    """Return each cut as its elements. Raises InputError if the map has too few groups."""
    if each == "fibres":
        return [(f"link:{fibre.id}",) for fibre in topology.fibres]
    groups = [f"srlg:{name}" for name in sorted(topology.srlgs)]
    size = 2 if each == "pairs" else 1
    if len(groups) < size:
        has = f"the map {topology.name} has {len(groups) or 'no'} shared-risk groups"
        raise InputError(has, "use --each fibres, or state srlgs of its fibres")
    return list(combinations(groups, size))


def _harm(of: EachCut) -> tuple[float, float, float, float, tuple[str, ...]]:
    effect = of.effect
    lost_gbps = effect.disconnected_gbps or 0.0
    added = effect.added_sum_ms, effect.added_max_ms
    return (-len(effect.disconnected), -lost_gbps, -added[0], -added[1], of.cut)


def _row(now: Outcomes, then: Outcomes | None, cut: tuple[str, ...]) -> EachCut:
    hits, effect = now.hits(cut), now.effect(cut)
    alone = [(one, now.effect((one,))) for one in cut] if len(cut) > 1 else []
    in_one = {name for _, of in alone for name in of.disconnected}
    row = EachCut(
        cut=cut,
        effect=effect,
        same_as=next((one for one, of in alone if _is_same(of, effect)), ""),
        only_together=tuple(one for one in effect.disconnected if one not in in_one)
        if alone
        else (),
        planned=None,
        reconnects=(),
        saves_ms=0.0,
    )
    if then is None or not then.has(cut):
        return row
    after = {**then.undisturbed_ns, **{hit.demand: hit.again_ns for hit in then.hits(cut)}}
    before = {**now.undisturbed_ns, **{hit.demand: hit.again_ns for hit in hits}}
    both = [(ns, other) for name, ns in before.items() if (other := after.get(name)) is not None]
    return replace(
        row,
        planned=then.effect(cut),
        reconnects=tuple(one for one in effect.disconnected if after.get(one) is not None),
        saves_ms=sum(ns - other for ns, other in both if ns is not None) / 1e6,
    )


def _is_same(one: CutEffect, other: CutEffect) -> bool:
    """Whether two cuts do the same, by whichever fibres."""
    return replace(one, fibres=()) == replace(other, fibres=())


class _Hit(NamedTuple):
    """A demand that a cut affects, with the round trips of ``CutDemand`` in ns."""

    demand: str
    before_ns: int
    at_once_ns: int | None
    again_ns: int | None


class _Rates(NamedTuple):
    kind: Literal["committed", "offered", "none"]
    gbps: Mapping[str, tuple[str, float]]
    """By directed demand: whose rate it is, and the rate. An aggregate has one for all demands."""


class Outcomes:
    """A scenario on one map, compiled once, under one cut after another."""

    def __init__(self, loaded: LoadedScenario) -> None:
        self._loaded = loaded
        self._graphs = {
            one.intent.id: one
            for one in build_forwarding_graphs(loaded.topology, intents_for(loaded))
        }
        self.directions = {
            name: Direction(loaded.topology, graph)
            for name, graph in self._graphs.items()
            if graph.first is not None
        }
        """By directed demand, those that have a path."""
        self.served = {
            one.id: (self.directions[one.id], self.directions[f"{one.id}{RETURN}"])
            for one in loaded.scenario.demands
            if {one.id, f"{one.id}{RETURN}"} <= self.directions.keys()
        }
        self.undisturbed_ns: Mapping[str, int | None] = {
            name: there.before_ns + back.before_ns for name, (there, back) in self.served.items()
        }
        self._known: dict[tuple[str, ...], tuple[_Hit, ...]] = {}
        self._paths: dict[tuple[str, ...], Mapping[str, Leg]] = {}
        self._fibres: dict[str, frozenset[str]] = {}

    @cached_property
    def rates(self) -> _Rates:
        per_gbps = 1e9 * self._loaded.topology.scaling.capacity_scale
        promised = {
            name: (graph.intent.pays_as, rates.cir / per_gbps)
            for name, graph in self._graphs.items()
            if graph.permit is not None and (rates := graph.intent.guarantee(graph.permit))
        }
        if promised:
            return _Rates("committed", promised)
        sent = offered(self._loaded, self._graphs).bps
        found = {name: (name, bps / per_gbps) for name, bps in sent.items()}
        return _Rates("offered" if found else "none", found)

    def has(self, cut: Iterable[str]) -> bool:
        """Whether the map has all these elements."""
        fibres = {f"link:{one.id}" for one in self._loaded.topology.fibres}
        groups = {f"srlg:{one}" for one in self._loaded.topology.srlgs}
        return fibres.union(groups).issuperset(cut)

    def hits(self, cut: tuple[str, ...]) -> tuple[_Hit, ...]:
        """The demands that cross what is cut, in the order of the scenario."""
        if cut not in self._known:
            self._known[cut] = tuple(self._hits(cut))
        return self._known[cut]

    def recomputed(self, cut: tuple[str, ...]) -> Mapping[str, Leg]:
        """Return the paths that the controller recomputes, by directed demand of ``directions``."""
        if cut not in self._paths:
            for one in cut if len(cut) > 1 else ():
                self.recomputed((one,))  # most of its paths are those of the pair
            parts, failures = tuple(map(self._dead, cut)), failures_of(self._loaded.topology, cut)
            found = {name: one.outcome(parts, failures) for name, one in self.directions.items()}
            self._paths[cut] = {name: again for name, (_, again) in found.items()}
        return self._paths[cut]

    def effect(self, cut: tuple[str, ...]) -> CutEffect:
        hits = self.hits(cut)
        dead = frozenset().union(*map(self._dead, cut))
        longer = {
            hit.demand: hit.again_ns - hit.before_ns
            for hit in hits
            if hit.again_ns is not None and hit.again_ns > hit.before_ns
        }
        down = tuple(hit.demand for hit in hits if hit.again_ns is None)
        slowest = max(longer, key=longer.__getitem__, default="")
        return CutEffect(
            fibres=tuple(one.id for one in self._loaded.topology.fibres if one.id in dead),
            affected=len(hits),
            disconnected=down,
            waiting=tuple(
                hit.demand for hit in hits if hit.again_ns is not None and hit.at_once_ns is None
            ),
            slower=len(longer),
            added_sum_ms=sum(longer.values()) / 1e6,
            added_max_ms=longer.get(slowest, 0) / 1e6,
            slowest=slowest,
            affected_gbps=self._gbps(hit.demand for hit in hits),
            disconnected_gbps=self._gbps(down),
        )

    def _gbps(self, demands: Iterable[str]) -> float | None:
        of = self.rates.gbps
        names = (name for one in demands for name in (one, f"{one}{RETURN}"))
        return float(sum(dict(of[one] for one in names if one in of).values())) if of else None

    def _dead(self, element: str) -> frozenset[str]:
        topology = self._loaded.topology
        if element not in self._fibres:
            down = lost(topology, failures_of(topology, [element]))
            self._fibres[element] = frozenset(one.id for one in down)
        return self._fibres[element]

    def _hits(self, cut: tuple[str, ...]) -> Iterator[_Hit]:
        parts = tuple(map(self._dead, cut))
        failures = failures_of(self._loaded.topology, cut)
        for name, pair in self.served.items():
            found = [one.outcome(parts, failures) for one in pair]
            if any(now is not one.undisturbed for one, now in zip(pair, found, strict=True)):
                before_ns = sum(one.before_ns for one in pair)
                at_once, again = zip(*found, strict=True)
                yield _Hit(name, before_ns, _round_trip_ns(at_once), _round_trip_ns(again))


def _round_trip_ns(of: Sequence[Leg]) -> int | None:
    there, back = of
    return None if there.ns is None or back.ns is None else there.ns + back.ns


class Leg(NamedTuple):
    """A path in one direction: its delay, or None where packets are dropped, and its fibres."""

    ns: int | None
    fibres: frozenset[str]
    links: tuple[Link, ...]
    """The same in order, each with the hub from which it is entered."""


NO_PATH = Leg(None, frozenset(), ())


def _leg(ns: int | None, path: HubPath) -> Leg:
    return Leg(ns, frozenset(path.fibres), tuple(zip(path.fibres, path.hubs[:-1], strict=True)))


type Legs = tuple[Leg, Leg]
"""By the installed tables, and by recomputed ones."""


class Direction:
    """One direction of a demand under one cut after another."""

    def __init__(self, topology: Topology, graph: ForwardingGraph) -> None:
        self._topology, self._graph = topology, graph
        self.before_ns: int = graph.route.one_way_ns  # type: ignore[union-attr]  # it is served
        path = _leg(self.before_ns, trace_packet(graph, topology).path)
        self.undisturbed: Legs = path, path
        self._at_once: dict[frozenset[str], Leg] = {}
        self._again: dict[frozenset[str], Leg] = {}
        self._may_reuse = not depends_on_detours(graph.intent)

    def outcome(self, parts: Sequence[frozenset[str]], failures: Failures) -> Legs:
        """What it becomes while the fibres of all ``parts`` are dead, which ``failures`` name;
        ``undisturbed`` itself if it crosses none of them."""
        dead = parts[0] if len(parts) == 1 else frozenset().union(*parts)
        if self.undisturbed[0].fibres.isdisjoint(dead):
            return self.undisturbed
        at_once = _reused(self._at_once, parts, dead, lambda: self._followed(failures))
        if not self._may_reuse:
            return at_once, self._searched(failures)
        return at_once, _reused(self._again, parts, dead, lambda: self._searched(failures))

    def _followed(self, failures: Failures) -> Leg:
        trace = trace_packet(self._graph, self._topology, failures)
        return _leg(trace.one_way_ns if trace.delivered else None, trace.path)

    def _searched(self, failures: Failures) -> Leg:
        found = replanned_route(self._graph.intent, failures)
        return NO_PATH if found is None else _leg(found.one_way_ns, found.path)


def _reused(
    known: dict[frozenset[str], Leg],
    parts: Sequence[frozenset[str]],
    dead: frozenset[str],
    find: Callable[[], Leg],
) -> Leg:
    """Return what is known of these dead fibres, or of a part of them if no other one is crossed.

    A packet that crosses none of the further dead fibres makes the same choices without them, and
    the shortest permitted path that is left stays so if fewer are left. Where a packet is dropped,
    its path counts up to there; where no path is permitted, fewer fibres permit none."""
    if dead not in known:
        of_parts = ((known[one], dead - one) for one in parts if one in known)
        same = (leg for leg, further in of_parts if leg.fibres.isdisjoint(further))
        known[dead] = next(same, None) or find()
    return known[dead]
