"""Claim C12: guaranteed rates fit wherever failures move them, and meters hold demands to them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from corridor.controller.forwarding.program import Meter, Table
from corridor.controller.intent.intent import Protection
from corridor.controller.policy.model import Bandwidth, Protected
from corridor.controller.prover.exact_outcomes import Outcome, Searched
from corridor.controller.prover.exact_search import Explorer
from corridor.controller.prover.search.claim import Breach
from corridor.topologies.base.units import format_rate
from corridor.topologies.model.routing import assumed_capacities, capacities_bps, shared_links

BURST_PER_S = 10
"""How many bursts of a meter's size its rate lets through in a second."""

if TYPE_CHECKING:
    from corridor.controller.intent.values import Admission, Use
    from corridor.topologies.model.topology import Topology


def guaranteed(searched: Searched) -> Bandwidth | None:
    """The rates promised, if any."""
    automaton = searched.automaton
    return None if automaton is None else searched.intent.guarantee(automaton.permit)


class Paid(NamedTuple):
    """A rate, and whose it is: a demand's own, or that of several together."""

    bps: int
    payer: str


class Asked(NamedTuple):
    """What rates ask of fibres under failures of some kinds, as an admission takes it."""

    uses: tuple[Use, ...]
    elements: Mapping[str, frozenset[str]]
    """What may fail, with what it takes down."""
    promises: Mapping[str, int]
    """By demand, how many of these it is protected against."""


def committed(searched: Searched) -> Paid | None:
    """What is promised under every failure protected against."""
    bandwidth = guaranteed(searched)
    return None if bandwidth is None else Paid(bandwidth.cir, searched.intent.pays_as)


def uses(
    explorer: Explorer,
    searched: Iterable[Searched],
    within: Protection,
    rate_of: Callable[[Searched], Paid | None] = committed,
) -> Iterator[Use]:
    """Where rates go under all these failures, protected against or not."""
    down = explorer.causes.dead(explorer.known)
    for one in searched:
        rate = rate_of(one)
        if rate is None:
            continue
        same = one.within == within
        for outcome in one.outcomes if same else explorer.search(one.intent, within).outcomes:
            use = use_of(outcome, rate.bps, explorer.topology, down)
            yield replace(use, payer=rate.payer)


def asked(
    explorer: Explorer,
    searched: Iterable[Searched],
    rate_of: Callable[[Searched], Paid | None] = committed,
) -> Iterator[Asked]:
    """Once for each set of kinds that some are protected against.

    A demand is promised its rate only under failures of its own kinds, so each set of kinds is
    considered separately.
    """
    served = [one for one in searched if rate_of(one) is not None]
    for kinds in dict.fromkeys(_kinds(one) for one in served):
        promises = {one.intent.id: one.promised.k if kinds <= _kinds(one) else 0 for one in served}
        within = Protection(max(promises.values()), tuple(sorted(kinds)))
        elements = {
            name: things
            for name, things in explorer.causes.taken_down.items()
            if name.partition(":")[0] in kinds
        }
        yield Asked(tuple(uses(explorer, served, within, rate_of)), elements, promises)


def use_of(
    outcome: Outcome, cir_bps: int, topology: Topology, down: frozenset[str] = frozenset()
) -> Use:
    """What must hold for an outcome, given what is down in any case; it loads fibres, and what they
    share with others."""
    from corridor.controller.intent.values import Use

    fibres = tuple((one.thing, one.hub) for one in outcome.crossed if not one.is_gateway)
    crossed = {fibre for fibre, _ in fibres}
    shared = (shared_links(topology.fibre(fibre), hub) for fibre, hub in fibres)
    links = (*fibres, *chain.from_iterable(shared))
    return Use(
        outcome.intent,
        cir_bps,
        down=frozenset(one.thing for one in outcome.dead) - down,
        links=links,
        up=frozenset(one.thing for one in outcome.alive) - crossed,
    )


def admissions(explorer: Explorer, searched: Collection[Searched]) -> Iterator[Admission]:
    """Whether guaranteed rates fit: once for each set of kinds that some are protected against."""
    served = [one for one in searched if guaranteed(one) is not None]
    if not served:  # numpy is dear to import, above all in a guest
        return
    from corridor.controller.intent.admit import admit

    capacity_bps = capacities_bps(explorer.topology)
    assumed = assumed_capacities(explorer.topology)
    for one in asked(explorer, served):
        admission = admit(one.uses, capacity_bps, one.elements, one.promises)
        yield replace(admission, assumed=assumed)


def too_full_together(
    explorer: Explorer, searched: Collection[Searched], most: int
) -> frozenset[frozenset[str]]:
    """Two failures each under which guaranteed rates do not fit, and fit less than under either
    alone: for each link a few, under which it is fullest."""
    from corridor.controller.intent.admit import together

    capacity_bps = capacities_bps(explorer.topology)
    served = [one for one in searched if guaranteed(one) is not None]
    found = frozenset[frozenset[str]]()
    for one in asked(explorer, served):
        found |= together(one.uses, capacity_bps, one.elements, one.promises, most)
    return found


def _kinds(searched: Searched) -> frozenset[Protected]:
    return frozenset(searched.promised.over if searched.promised.k else ())


def misfits(admitted: Iterable[Admission]) -> Iterator[Breach]:
    for one in admitted:
        if not one.fits:
            yield Breach(one.refusal())


def unmetered(explorer: Explorer, searched: Iterable[Searched]) -> Iterator[Breach]:
    """Guaranteed or policed demands without a separate meter, or one of their aggregate at their
    hub, at the rate, and with the burst, that their edge lets in; and others that have one."""
    owners: dict[tuple[str, int], str] = {}
    for one in searched:
        automaton, intent = one.automaton, one.intent
        let_in_bps = None if automaton is None else intent.let_in_bps(automaton.permit)
        hub = intent.pair[0]
        switch = explorer.switches[hub]
        for selector in intent.selectors:
            matched, _, _ = switch.walk(explorer.packet(intent, selector))
            met = [flow.meter for flow in matched if flow.meter is not None]
            for meter in met:
                owner = owners.setdefault((hub, meter), intent.pays_as)
                if owner != intent.pays_as:
                    yield Breach(f"packets of {intent.id} and {owner} share meter {meter}", hub)
            giving = next((flow for flow in matched if flow.table == Table.LABEL), None)
            meters = [switch.meters[meter] for meter in met if meter in switch.meters]
            for said in _held_wrongly(let_in_bps, meters):
                yield Breach(f"packets of {intent.id} are {said}", hub, giving)


def _held_wrongly(let_in_bps: int | None, meters: Sequence[Meter]) -> Iterator[str]:
    """What is wrong with the meters that packets pass, given what their edge is to let in."""
    rates = [meter.rate_kbps for meter in meters]
    held = ", ".join(format_rate(rate * 1000) for rate in rates) or "nothing"
    if let_in_bps is None:
        if rates:
            yield f"held to {held}, and nothing is promised to them"
    elif rates != [-(-let_in_bps // 1000)]:  # as meters count, rounded up
        yield f"held to {held} instead of {format_rate(let_in_bps)}"
    elif (burst := meters[0].burst_kbit) != (due := _burst_kbit(rates[0])):
        yield f"let through {burst} kbit at once instead of {due} kbit"


def _burst_kbit(rate_kbps: int) -> int:
    """What passes at a rate in a tenth of a second; more would let a demand fill queues that others
    share, less would cut what its rate allows."""
    return max(rate_kbps // BURST_PER_S, 1)
