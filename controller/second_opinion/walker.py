"""Follows one packet through what switches hold, while given ports are dead.

OpenFlow 1.3 as ``docs/controller.md`` and ``docs/prover.md`` tell it: a miss drops, output to the
port of arrival or to a dead one drops, so does a spent label and a group without a live bucket. A
gateway gives back by its journey out what it is sent, unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from corridor.controller.second_opinion.declared import (
    Asked,
    Plain,
    UnknownKeyError,
    is_given,
    names,
    refuse_others,
)
from corridor.controller.second_opinion.journey import Port, Ports
from corridor.controller.second_opinion.packets import IPV4, Packet, StoppedError, Switch
from corridor.controller.second_opinion.selectors import Known, Places, every, selects, some
from corridor.topologies.model.wiring import GATEWAY_IN_PORT, GATEWAY_OUT_PORT, Wiring

HOLDS_NOTHING = Switch({}, {})
MOST_VISITS = 600
"""More than any label's TTL lets a packet have."""


@dataclass
class Walk:
    """The outcome of one packet."""

    hubs: list[str]
    visits: list[str] = field(default_factory=list)
    """Each time that it came to a switch, by a fibre or back from a gateway."""
    fibres: list[str] = field(default_factory=list)
    inspected: set[int] = field(default_factory=set)
    """Positions of hubs whose gateway it went through there."""
    delivered_to: str = ""
    """The host that got it; empty where no one did."""
    end: str = ""
    """Why it went no further; empty where it was delivered as it was sent."""
    relied_on: set[Port] = field(default_factory=set)
    """Ports of which it was asked whether they live: others change nothing about it."""


type _Out = tuple[int, Packet]


class Walker:
    """Switches joined as a wiring says."""

    def __init__(self, switches: Mapping[str, Switch], wiring: Wiring) -> None:
        self._switches = switches
        self.ports = Ports(wiring)

    def walk(self, start: Port, packet: Packet, dead: frozenset[Port] = frozenset()) -> Walk:
        """The path of a packet that the host at a port sends."""
        hub, port = start
        walk = Walk([hub])
        for _ in range(MOST_VISITS):
            here = walk.hubs[-1]
            walk.visits.append(here)
            sent = _At(self, walk, here, port, dead)
            try:
                leaving = list(sent.switched(packet))
            except StoppedError as stopped:
                walk.end = f"{here} {stopped}"
                return walk
            if len(leaving) != 1:
                walk.end = sent.why or f"{here} makes {len(leaving)} packets of it"
                return walk
            out, packet = leaving[0]
            if (here, out) in self.ports.hosts:
                walk.delivered_to = self.ports.hosts[here, out]
                walk.end = "with a label" if packet.labels else ""
                return walk
            if out == GATEWAY_IN_PORT:
                walk.inspected.add(len(walk.hubs) - 1)
                port = GATEWAY_OUT_PORT
                continue
            (far, port), fibre = self.ports.far[here, out]
            walk.hubs.append(far)
            walk.fibres.append(fibre)
        walk.end = "it loops"
        return walk

    def switch(self, hub: str) -> Switch:
        """What a hub's switch holds: nothing, where it said nothing."""
        return self._switches.get(hub, HOLDS_NOTHING)

    def leads_somewhere(self, hub: str, port: int) -> bool:
        if port == GATEWAY_IN_PORT:
            return hub in self.ports.gateways
        return (hub, port) in self.ports.hosts or (hub, port) in self.ports.far


class _At:
    """One visit of a packet to a switch."""

    def __init__(
        self, walker: Walker, walk: Walk, hub: str, port: int, dead: frozenset[Port]
    ) -> None:
        self._walker, self._walk, self._dead = walker, walk, dead
        self._hub, self._port = hub, port
        self._switch = walker.switch(hub)
        self.why = ""
        """Why nothing leaves, as far as it is known."""

    def switched(self, packet: Packet) -> Iterator[_Out]:
        """By which ports the packet leaves, and as what."""
        number: int | None = 0
        while number is not None:
            table = self._switch.tables.get(number)
            found = table.matching(packet.seen_at(self._port)) if table else []
            if len(found) != 1:
                chance = "chooses by chance" if found else "has no entry for it"
                self.why = f"{self._hub} table {number} {chance}"
                return
            (entry,) = found
            if not entry.actions and entry.goto is None:
                self.why = f"{self._hub} table {number} drops it"
            packet, leaving = self._act(entry.actions, packet)
            yield from leaving
            number = entry.goto

    def _act(
        self, actions: tuple[tuple[str, tuple[Any, ...]], ...], packet: Packet
    ) -> tuple[Packet, list[_Out]]:
        """The packet as it is afterwards, and what has left in the meantime."""
        leaving: list[_Out] = []
        for kind, arguments in actions:
            if kind == "output":
                leaving += self._output(int(arguments[0]), packet)
            elif kind == "group":
                leaving += self._group(int(arguments[0]), packet)
            elif kind == "push_label":
                packet = packet.pushed(int(arguments[0]))
            elif kind == "pop_label":
                packet = packet.popped(arguments[0] if arguments else IPV4)
            elif kind == "decrement_label_ttl":
                packet = packet.aged()
            elif kind == "set_field":
                packet = packet.with_field(str(arguments[0]), arguments[1])
            elif kind == "in_port":
                leaving += [(self._port, packet)] if self._lives(self._port) else []
            else:
                raise StoppedError(f"has an action {kind} that does not apply to such a packet")
        return packet, leaving

    def _output(self, port: int, packet: Packet) -> list[_Out]:
        if port == self._port:
            self.why = f"{self._hub} would send it back by port {port}"
        elif not self._lives(port):
            self.why = f"{self._hub} sends it to port {port}, which is dead"
        else:
            return [(port, packet)]
        return []

    def _group(self, number: int, packet: Packet) -> list[_Out]:
        """The first live bucket takes a copy."""
        for bucket in self._switch.groups.get(number, ()):
            if self._watched(bucket.watch_port, bucket.watch_group):
                return self._act(bucket.actions, packet)[1]
        self.why = f"{self._hub} has no live bucket in group {number}"
        return []

    def _watched(self, port: int | None, group: int | None) -> bool:
        if port is not None:
            return self._lives(port)
        if group is None:
            return True
        return any(
            self._watched(one.watch_port, one.watch_group)
            for one in self._switch.groups.get(group, ())
        )

    def _lives(self, port: int) -> bool:
        self._walk.relied_on.add((self._hub, port))
        leads = self._walker.leads_somewhere(self._hub, port)
        return leads and (self._hub, port) not in self._dead


# Which demands a policy speaks about.


def speaks(policy: Plain, demand: Asked, places: Places) -> bool:
    """A permit has to match for certain; all else matches unless it certainly does not."""
    is_permit = policy["effect"] == "permit"
    try:
        answer = _answer(policy.get("match") or {}, demand, places, is_permit=is_permit)
    except UnknownKeyError:
        return not is_permit
    return answer is True if is_permit else answer is not False


def _answer(match: Plain, demand: Asked, places: Places, *, is_permit: bool) -> Known:
    refuse_others(match, ("class", "origin", "service", "family", "src", "dst"))
    return every(
        (
            _is_of_class(names(match.get("class")), demand),
            _comes_from(names(match.get("origin")), demand, places, of_all=is_permit),
            _is_carried_by(names(match.get("service")), demand),
            demand.family in (names(match.get("family")) or (demand.family,)),
            selects(match.get("src") or {}, demand.src, places),
            selects(match.get("dst") or {}, demand.dst, places),
        )
    )


def _is_of_class(classes: tuple[str, ...], demand: Asked) -> Known:
    return not classes or demand.data_class in classes


def _comes_from(origins: tuple[str, ...], demand: Asked, places: Places, *, of_all: bool) -> Known:
    """Mixed data has several origins: a permit covers all of them, for others one is enough."""
    if not is_given(origins):
        return True
    covered = [places.lies_in(code, origins) for code in demand.origins]
    return every(covered) if of_all else some(covered)


def _is_carried_by(services: tuple[str, ...], demand: Asked) -> Known:
    if not services:
        return True
    return None if demand.service is None else demand.service in services
