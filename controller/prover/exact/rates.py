"""Claim C12: guaranteed rates fit wherever failures move them, and meters hold demands to them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from corridor.controller.forwarding.program import Table
from corridor.controller.intent.intent import Protection
from corridor.controller.policy.model import Bandwidth, Protected
from corridor.controller.prover.exact.outcomes import Outcome, Searched
from corridor.controller.prover.exact.search import Explorer
from corridor.controller.prover.search.claim import Breach
from corridor.topologies.base.units import format_rate
from corridor.topologies.model.sharing import assumed_capacities, capacities_bps, shared_links

if TYPE_CHECKING:
    from corridor.controller.admission import Admission, Use
    from corridor.topologies.model.topology import Topology


def guaranteed(searched: Searched) -> Bandwidth | None:
    """The rates promised, if any."""
    automaton = searched.automaton
    return None if automaton is None else searched.intent.guarantee(automaton.permit)


def uses(explorer: Explorer, searched: Iterable[Searched], within: Protection) -> Iterator[Use]:
    """Where the guaranteed rates go under all these failures, protected against or not."""
    down = explorer.causes.dead(explorer.known)
    for one in searched:
        bandwidth = guaranteed(one)
        if bandwidth is None:
            continue
        same = one.within == within
        for outcome in one.outcomes if same else explorer.search(one.intent, within).outcomes:
            use = use_of(outcome, bandwidth.cir, explorer.topology, down)
            yield replace(use, payer=one.intent.pays_as)


def use_of(
    outcome: Outcome, cir_bps: int, topology: Topology, down: frozenset[str] = frozenset()
) -> Use:
    """What must hold for an outcome, given what is down in any case; it loads fibres, and what they
    share with others."""
    from corridor.controller.admission import Use

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
    """Whether guaranteed rates fit: once for each set of kinds that some are protected against.

    A demand is promised its rate only under failures of its own kinds, so each set of kinds is
    looked at by itself.
    """
    served = [one for one in searched if guaranteed(one) is not None]
    if not served:  # numpy is dear to import, above all in a guest
        return
    from corridor.controller.admission import admit

    capacity_bps = capacities_bps(explorer.topology)
    assumed = assumed_capacities(explorer.topology)
    for kinds in dict.fromkeys(_kinds(one) for one in served):
        promises = {one.intent.id: one.promised.k if kinds <= _kinds(one) else 0 for one in served}
        within = Protection(max(promises.values()), tuple(sorted(kinds)))
        taken_down = {
            name: things
            for name, things in explorer.causes.taken_down.items()
            if name.partition(":")[0] in kinds
        }
        admission = admit(uses(explorer, served, within), capacity_bps, taken_down, promises)
        yield replace(admission, assumed=assumed)


def _kinds(searched: Searched) -> frozenset[Protected]:
    return frozenset(searched.promised.over if searched.promised.k else ())


def misfits(admitted: Iterable[Admission]) -> Iterator[Breach]:
    for one in admitted:
        if not one.fits:
            yield Breach(one.refusal())


def unmetered(explorer: Explorer, searched: Iterable[Searched]) -> Iterator[Breach]:
    """Guaranteed demands without a meter of their own, or of their aggregate at their hub, at the
    rate that their edge lets in."""
    owners: dict[tuple[str, int], str] = {}
    for one in searched:
        bandwidth, intent = guaranteed(one), one.intent
        hub = intent.pair[0]
        switch = explorer.switches[hub]
        for selector in intent.selectors:
            matched, _, _ = switch.walk(explorer.packet(intent, selector))
            met = [flow.meter for flow in matched if flow.meter is not None]
            for meter in met:
                owner = owners.setdefault((hub, meter), intent.pays_as)
                if owner != intent.pays_as:
                    yield Breach(f"packets of {intent.id} and {owner} share meter {meter}", hub)
            rates = [switch.meters[meter].rate_kbps for meter in met if meter in switch.meters]
            if bandwidth is not None and rates != [_rate_kbps(bandwidth)]:
                held = ", ".join(format_rate(rate * 1000) for rate in rates) or "nothing"
                rate = format_rate(bandwidth.pir or bandwidth.cir)
                said = f"packets of {intent.id} are held to {held} instead of {rate}"
                giving = (flow for flow in matched if flow.table == Table.LABEL)
                yield Breach(said, hub, next(giving, None))


def _rate_kbps(bandwidth: Bandwidth) -> int:
    """The peak rate as meters count, rounded up."""
    return -(-(bandwidth.pir or bandwidth.cir) // 1000)
