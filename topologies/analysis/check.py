"""Checks of a topology: what a reader must know before trusting a result on it.

Pure: a Topology in, a frozen Report out. An invariant that fails is a defect of the data
(``Report.ok``); everything else is a property that is merely stated.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass

import networkx as nx

from corridor.topologies.base.codec import JsonObject
from corridor.topologies.base.units import format_rate
from corridor.topologies.base.words import counted, few
from corridor.topologies.model.catalogue import load_jurisdictions
from corridor.topologies.model.topology import UNKNOWN_JURISDICTION, Topology

MOST_ALIKE, MOST_NAMED = 10, 3
"""Problems of one kind that are listed one by one, and those that a summary of more names."""


_LENGTH_HINT = "correct its length, or the place of its hubs"
_GIVEN_HINT = "its length follows from a given delay; a graph can be read with --ignore-delays"


@dataclass(frozen=True)
class SingleFibre:
    """A fibre whose loss alone splits the topology, and the smaller side it cuts off."""

    fibre: str
    cuts_off: tuple[str, ...]


@dataclass(frozen=True)
class SharedRisk:
    """A shared-risk group whose loss splits the topology, and what it cuts off."""

    srlg: str
    fibres: tuple[str, ...]
    cuts_off: tuple[str, ...]


@dataclass(frozen=True)
class Problem:
    """An invariant that does not hold, or a warning: what it is, and what can be done."""

    message: str
    hint: str


@dataclass(frozen=True)
class Assumption:
    """An assumed capacity, its basis, and the fibres that it applies to."""

    capacity: str
    because: str
    fibres: tuple[str, ...]


@dataclass(frozen=True)
class DoubtfulCrossing:
    """A jurisdiction that a fibre may come under, and what makes it doubtful."""

    fibre: str
    jurisdiction: str
    why: str


@dataclass(frozen=True)
class SharedCapacity:
    """Capacity at a landing that several fibres share."""

    group: str
    at: str
    capacity: str
    fibres: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """What ``check_topology`` found. Delays in milliseconds one way, lengths in km."""

    topology: str
    hubs: int
    fibres: int
    hosts: int
    """Further hosts, next to the default host of each hub."""
    connected: bool
    single_fibres: tuple[SingleFibre, ...]
    shared_risks: tuple[SharedRisk, ...]
    hubs_without_sources: tuple[str, ...]
    fibres_without_sources: tuple[str, ...]
    lengths_derived: int
    lengths_apportioned: int
    lengths_published: int
    lengths_stated: int
    capacities_unpublished: int
    assumptions: tuple[Assumption, ...]
    doubtful_crossings: tuple[DoubtfulCrossing, ...]
    capacity_groups: tuple[SharedCapacity, ...]
    rates_at_bounds: tuple[str, ...]
    uncertain_fibres: tuple[str, ...]
    shortest: tuple[str, float]
    longest: tuple[str, float]
    emulated_rates_bps: tuple[int, int]
    warnings: tuple[Problem, ...]
    """What results on it must be read with."""
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Every invariant holds."""
        return not self.problems

    def to_json(self) -> JsonObject:
        """Plain values; the keys are the fields of this class."""
        return {"schema": "corridor/topology-check/1", "ok": self.ok, **asdict(self)}

    def __str__(self) -> str:
        low, high = (format_rate(rate) for rate in self.emulated_rates_bps)
        hosts = f", {counted(self.hosts, 'further host')}" if self.hosts else ""
        lines = [
            f"{self.topology}: {counted(self.hubs, 'hub')}, {counted(self.fibres, 'fibre')}{hosts}",
            f"connected: {'yes' if self.connected else 'NO'}",
            (
                f"lengths: {self.lengths_published} published, {self.lengths_apportioned} shares "
                f"of a published total, {self.lengths_stated} stated without a source, "
                f"{self.lengths_derived} derived"
            ),
            (
                f"capacities: {self.fibres - self.capacities_unpublished} known, "
                f"{self.capacities_unpublished} unpublished (assumed when emulated)"
            ),
            f"emulated rates: {low} to {high}, {len(self.rates_at_bounds)} at a stated bound"
            + _list(self.rates_at_bounds),
        ]
        lines += [
            f"  {one.capacity} assumed for {len(one.fibres)}: {one.because}"
            for one in self.assumptions
        ]
        lines.append(f"capacity groups, each counted once: {len(self.capacity_groups)}")
        lines += [
            f"  {one.capacity} at {one.at} ({one.group}) for {', '.join(one.fibres)}"
            for one in self.capacity_groups
        ]
        lines += _crossings_not_known(self.doubtful_crossings)
        if self.fibres:
            lines.append(
                f"one-way delay: {self.shortest[1]:.2f} ms ({self.shortest[0]}) to "
                f"{self.longest[1]:.2f} ms ({self.longest[0]})"
            )
        lines.append(f"hubs without sources: {len(self.hubs_without_sources)}")
        lines.append(f"fibres without sources: {len(self.fibres_without_sources)}")
        lines.append(f"fibres planned or uncertain: {len(self.uncertain_fibres)}")
        lines[-1] += _list(self.uncertain_fibres)
        lines.append(f"single fibres that split it: {len(self.single_fibres)}")
        lines += [f"  {cut.fibre} cuts off {', '.join(cut.cuts_off)}" for cut in self.single_fibres]
        lines.append(f"shared risks that split it: {len(self.shared_risks)}")
        lines += [
            f"  {risk.srlg} ({counted(len(risk.fibres), 'fibre')}) cuts off "
            + ", ".join(risk.cuts_off)
            for risk in self.shared_risks
        ]
        lines += [f"WARNS: {warning.message}; {warning.hint}" for warning in self.warnings]
        lines += [f"FAILS: {problem.message}; {problem.hint}" for problem in self.problems]
        return "\n".join(lines)


def check_topology(topology: Topology) -> Report:
    """Look at every hub and fibre once, and at every cut of one fibre or one shared risk."""
    delays = sorted((fibre.one_way_delay_ns / 1e6, fibre.id) for fibre in topology.fibres)
    rates = {fibre.id: topology.emulated_rate(fibre) for fibre in topology.fibres}
    bps = [rate.rate_bps for rate in rates.values()]
    bases = Counter(fibre.length_basis for fibre in topology.fibres)
    return Report(
        topology=topology.name,
        hubs=len(topology.hubs),
        fibres=len(topology.fibres),
        hosts=len(topology.hosts),
        connected=not _cut_off(topology, set()),
        single_fibres=_single_fibres(topology),
        shared_risks=_shared_risks(topology),
        hubs_without_sources=tuple(hub.id for hub in topology.hubs if not hub.sources),
        fibres_without_sources=tuple(f.id for f in topology.fibres if not f.sources),
        lengths_derived=bases["derived"],
        lengths_apportioned=bases["apportioned"],
        lengths_published=bases["published"],
        lengths_stated=bases["stated"],
        capacities_unpublished=sum(f.known_gbps is None for f in topology.fibres),
        assumptions=_assumptions(topology),
        doubtful_crossings=tuple(
            DoubtfulCrossing(fibre.id, one.code, one.why)
            for fibre in topology.fibres
            for one in fibre.may_cross
        ),
        capacity_groups=_shared_capacities(topology),
        rates_at_bounds=tuple(k for k, v in rates.items() if v.is_bound),
        uncertain_fibres=tuple(f.id for f in topology.fibres if f.status != "in-service"),
        shortest=_named(delays[0]) if delays else ("", 0.0),
        longest=_named(delays[-1]) if delays else ("", 0.0),
        emulated_rates_bps=(min(bps, default=0), max(bps, default=0)),
        warnings=tuple(_warnings(topology)),
        problems=tuple(_problems(topology)),
    )


def _assumptions(topology: Topology) -> tuple[Assumption, ...]:
    found: dict[tuple[float, str], list[str]] = {}
    for fibre in topology.fibres:
        if fibre.known_gbps is None:
            because = fibre.assumed_because or f"this map's assumption for {fibre.medium} fibres"
            found.setdefault((topology.capacity_gbps(fibre), because), []).append(fibre.id)
    return tuple(
        Assumption(format_rate(round(gbps * 1e9)), because, tuple(fibres))
        for (gbps, because), fibres in found.items()
    )


def _shared_capacities(topology: Topology) -> tuple[SharedCapacity, ...]:
    return tuple(
        SharedCapacity(
            group.id,
            group.at,
            "assumed"
            if group.capacity_gbps is None
            else format_rate(round(group.capacity_gbps * 1e9)),
            tuple(fibre.id for fibre in topology.fibres if group in fibre.shares),
        )
        for group in topology.capacity_groups.values()
    )


def _crossings_not_known(crossings: tuple[DoubtfulCrossing, ...]) -> list[str]:
    """By jurisdiction and reason, with the fibres."""
    found: dict[tuple[str, str], list[str]] = {}
    for one in crossings:
        found.setdefault((one.jurisdiction, one.why), []).append(one.fibre)
    lines = [f"fibres whose crossings are not all known: {len({one.fibre for one in crossings})}"]
    lines += [
        f"  {code}? {why or 'no reason given'}: {', '.join(fibres)}"
        for (code, why), fibres in sorted(found.items())
    ]
    return lines


def _named(delay: tuple[float, str]) -> tuple[str, float]:
    return delay[1], delay[0]


def _list(names: tuple[str, ...]) -> str:
    return f" ({', '.join(names)})" if names else ""


def _cut_off(topology: Topology, cut: set[str]) -> tuple[str, ...]:
    """Hubs outside the largest part once the fibres in ``cut`` are gone, in file order."""
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(hub.id for hub in topology.hubs)
    graph.add_edges_from(fibre.ends for fibre in topology.fibres if fibre.id not in cut)
    largest = max(nx.connected_components(graph), key=len)
    return tuple(hub.id for hub in topology.hubs if hub.id not in largest)


def _single_fibres(topology: Topology) -> tuple[SingleFibre, ...]:
    isolated = set(_cut_off(topology, set()))
    found = []
    for fibre in topology.fibres:
        lost = tuple(hub for hub in _cut_off(topology, {fibre.id}) if hub not in isolated)
        if lost:
            found.append(SingleFibre(fibre.id, lost))
    return tuple(found)


def _shared_risks(topology: Topology) -> tuple[SharedRisk, ...]:
    isolated = set(_cut_off(topology, set()))
    found = []
    for srlg in topology.srlgs:
        members = tuple(fibre.id for fibre in topology.fibres_in_srlg(srlg))
        lost = tuple(hub for hub in _cut_off(topology, set(members)) if hub not in isolated)
        if lost:
            found.append(SharedRisk(srlg, members, lost))
    return tuple(found)


def _warnings(topology: Topology) -> list[Problem]:
    hint = "leave it out of the file to see what depends on it"
    found = [
        Problem(
            f"fibre {fibre.id} is {fibre.status}, and paths use it unless the scenario "
            f"says leave_out: [{fibre.status}]",
            hint,
        )
        for fibre in topology.fibres
        if fibre.status != "in-service"
    ]
    alike = "are not in service, and paths use them unless the scenario leaves them out"
    return [*_summed(found, topology, alike), *_too_wide(topology)]


def _too_wide(topology: Topology) -> list[Problem]:
    """Fibres with a known capacity whose emulated rate is the minimum of the map, if any."""
    found = [one for one in topology.fibres if topology.fitting_scale([one])]
    if not found:
        return []
    known = (f"{one.id} ({format_rate(round((one.known_gbps or 0) * 1e9))})" for one in found)
    named = few(known, MOST_NAMED)
    verb = "is" if len(found) == 1 else "are"
    return [
        Problem(
            f"{counted(len(found), 'fibre')} of known capacity {verb} emulated at min_rate "
            f"({format_rate(topology.scaling.min_rate_bps)}), wider than to scale: {named}",
            f"a scale of {topology.fitting_scale(found):.3g} fits, or a lower min_rate",
        )
    ]


def _problems(topology: Topology) -> list[Problem]:
    found = []
    apart = _cut_off(topology, set())
    if apart:
        message = f"it is not connected: {', '.join(apart)} cannot reach the rest"
        found.append(Problem(message, "add a fibre or drop the hubs"))
    found += _summed(_too_short(topology), topology, "are shorter than the great circle")
    found += _summed(_crossing_their_ends(topology), topology, "cross where they already end")
    found += _unlisted(topology)
    return found


def _too_short(topology: Topology) -> list[Problem]:
    """Fibres below the great circle between their hubs, the worst first."""
    ratios = [
        (fibre.length_km / straight_km, fibre, straight_km)
        for fibre in topology.fibres
        if fibre.length_km < 0.95 * (straight_km := topology.great_circle_km(fibre))
    ]
    return [
        Problem(
            f"fibre {fibre.id} is {fibre.length_km:g} km, {straight_km:.0f} km by great circle",
            _GIVEN_HINT if fibre.delay_basis == "given" else _LENGTH_HINT,
        )
        for _, fibre, straight_km in sorted(ratios, key=lambda one: (one[0], one[1].id))
    ]


def _crossing_their_ends(topology: Topology) -> list[Problem]:
    found = []
    for fibre in topology.fibres:
        ends = {topology.hub(fibre.a).located_in, topology.hub(fibre.z).located_in}
        repeated = sorted(ends & {*fibre.crosses, *fibre.may_cross_codes})
        if repeated:
            message = f"fibre {fibre.id} crosses {', '.join(repeated)}, where it already ends"
            found.append(Problem(message, "crosses names third jurisdictions only"))
    return found


def _summed(found: list[Problem], topology: Topology, what: str) -> list[Problem]:
    """Up to ``MOST_ALIKE`` problems of fibres as they are; of more the first, after their count."""
    if len(found) <= MOST_ALIKE:
        return found
    total = f"{len(found)} of {len(topology.fibres)} fibres {what}; the first {MOST_NAMED}: "
    named = ", ".join(one.message for one in found[:MOST_NAMED])
    return [Problem(total + named, found[0].hint)]


def _unlisted(topology: Topology) -> list[Problem]:
    known = {*load_jurisdictions().by_id, UNKNOWN_JURISDICTION}
    used = {hub.located_in: f"hub {hub.id}" for hub in reversed(topology.hubs)}
    for fibre in topology.fibres:
        for code in (*fibre.crosses, *fibre.may_cross_codes):
            used.setdefault(code, f"fibre {fibre.id}")
    return [
        Problem(f"{where} names jurisdiction {code}, which is not listed", "see jurisdictions.yaml")
        for code, where in sorted(used.items())
        if code not in known
    ]
