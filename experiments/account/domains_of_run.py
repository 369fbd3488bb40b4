"""A run whose domains have a controller each: who carried what for whom, and what was told. Pure.

Volumes are those of the account: frames and octets that ports of fibres received, by class of
packets, between its first and last reading.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from corridor.controller.domains.held_tables import Held, Moments
from corridor.controller.intent.specification import Specification
from corridor.experiments.account.domains_summary import (
    HELD_FILE,
    TOLD_FILE,
    DomainOfRun,
    DomainsOfRun,
    HandedOver,
    ToldByDomain,
    TransitFor,
    Volume,
)
from corridor.experiments.account.packet_classes import PacketClass, classes_of
from corridor.experiments.account.readings import read_readings
from corridor.experiments.plan.domain_values import DomainFibre
from corridor.experiments.plan.values import Plan
from corridor.topologies.base.bounded_file import RESULT, read_json, read_text
from corridor.topologies.base.codec import from_plain


class _Entered(NamedTuple):
    """What entered a domain over a fibre, of one class of packets."""

    fibre: DomainFibre
    by: str
    to: str
    of: PacketClass
    volume: Volume


type _Counts = Mapping[tuple[str, int], Volume]
"""By interface and class of packets."""


def domains_of_run(
    raw: Path, plan: Plan, asked: Sequence[Specification] = ()
) -> DomainsOfRun | None:
    """Return the result; None if one controller served the network. ``asked``: the specification of
    the run, and each that its events asked for."""
    planned = plan.domains
    if planned is None:
        return None
    told = _told(raw)
    counts = _received(raw)
    entered = tuple(_entered(counts or {}, plan))
    home = {hub: one.id for one in planned.domains for hub in one.hubs}
    ends = {
        one.number: {home[plan.wiring.host(host).hub] for host in (one.src, one.dst)}
        for one in classes_of(plan)
    }
    found = []
    for one in planned.domains:
        mine = [each for each in entered if each.to == one.id]
        transit = [each for each in mine if one.id not in ends[each.of.number]]
        demands = sorted({each.of.demand for each in transit})
        by_demand = [
            TransitFor(name, _sum(each for each in transit if each.of.demand == name))
            for name in demands
        ]
        by_demand.sort(key=lambda each: -each.volume.bytes)
        found.append(
            DomainOfRun(
                domain=one.id,
                name=one.name,
                hubs=one.hubs,
                told=told.get(one.id),
                received=None if counts is None else _sum(mine),
                transit=None if counts is None else _sum(transit),
                transit_for=tuple(by_demand),
            )
        )
    crossings = sorted({_crossing(each) for each in entered})
    handed = (
        HandedOver(*one, _sum(each for each in entered if _crossing(each) == one))
        for one in crossings
    )
    moments = _moments(raw / HELD_FILE, plan, asked) if (raw / HELD_FILE).exists() else None
    return DomainsOfRun(tuple(found), planned.fibres, tuple(handed), planned.directions, moments)


def _moments(path: Path, plan: Plan, asked: Sequence[Specification]) -> Moments:
    from corridor.controller.domains.messages import digest
    from corridor.controller.domains.moments import prove_moments

    assert plan.domains is not None
    lines = read_text(path, RESULT).splitlines()
    held = [from_plain(Held, json.loads(line)) for line in lines]
    owner = {hub: one.id for one in plan.domains.domains for hub in one.hubs}
    rules = {digest(one): one.intents() for one in asked}
    return prove_moments(held, rules, owner, plan.wiring, asked[0].topology)


def _told(raw: Path) -> Mapping[str, ToldByDomain]:
    path = raw / TOLD_FILE
    listed = from_plain(tuple[ToldByDomain, ...], read_json(path, RESULT)) if path.exists() else ()
    return {one.domain: one for one in listed}


def _crossing(of: _Entered) -> tuple[str, str, str]:
    return of.by, of.to, of.fibre.fibre


def _entered(counts: _Counts, plan: Plan) -> Iterator[_Entered]:
    """Yield what domains received over fibres from others, in both directions of each."""
    assert plan.domains is not None
    known = {one.number: one for one in classes_of(plan)}
    wires = {one.fibre: one for one in plan.wiring.fibres}
    for fibre in plan.domains.fibres:
        wire = wires[fibre.fibre]
        sides = {end.hub: end.interface for end in (wire.a, wire.z)}
        for hub, domain in zip(fibre.hubs, fibre.domains, strict=True):
            other = next(one for one in fibre.domains if one != domain)
            for (interface, number), volume in counts.items():
                if interface == sides[hub] and number in known:
                    yield _Entered(fibre, other, domain, known[number], volume)


def _received(raw: Path) -> _Counts | None:
    """By interface and class, what switches received between readings; None without readings."""
    said = read_readings(raw)
    if said is None or said.problem or not said.readings:
        return None
    first: dict[tuple[str, int], Volume] = {}
    last: dict[tuple[str, int], Volume] = {}
    for number, reading in enumerate(said.readings):
        for interface, sent, of, packets, _frames, octets in reading.passed:
            if not sent:
                counted = last if number else first
                counted[said.interfaces[interface], of] = Volume(packets, octets)
    zero = Volume(0, 0)
    more = {at: (one, first.get(at, zero)) for at, one in last.items()}
    return {
        at: Volume(now.packets - was.packets, now.bytes - was.bytes)
        for at, (now, was) in more.items()
        if now.packets > was.packets
    }


def _sum(of: Iterator[_Entered] | list[_Entered]) -> Volume:
    volumes = [one.volume for one in of]
    return Volume(sum(one.packets for one in volumes), sum(one.bytes for one in volumes))
