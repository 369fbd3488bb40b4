"""The exact search: the outcome of each intent's packets under every set of up to ``k`` failures.

Failover is a deterministic function of what each hub of the path sees of its own ports, so a packet
is followed through the tables as they are, and wherever something is asked that is neither known
nor implied, it is followed both ways: alive, and dead while up to ``k`` failures can explain all
that was found dead and spare all that was found alive. No set of failures is enumerated, yet each
agrees with exactly one outcome: that of the sights it causes. A set with the source's hub in it
agrees with none, since nothing is sent.

A packet is a representative of its intent: entries distinguish an intent's packets at the edge
only, where the claims on bindings look at all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from corridor.controller.forwarding.program import LABEL_TTL, SwitchProgram
from corridor.controller.intent.intent import Intent, Protection, Selector
from corridor.controller.policy.automaton import Automaton
from corridor.controller.policy.product import Ground
from corridor.controller.policy.semantics import NO_FAILURES, Failures, ranked
from corridor.controller.prover.exact_decisions import (
    Causes,
    End,
    Family,
    Fate,
    Fork,
    Mask,
    Onward,
    Stop,
    Switch,
    Watch,
    explaining,
)
from corridor.controller.prover.exact_outcomes import (
    Found,
    Joined,
    Lawful,
    Outcome,
    Progress,
    Searched,
    Seen,
    States,
    accepts,
)
from corridor.controller.prover.search.declared_demands import some_packet
from corridor.controller.prover.search.packets import Packet
from corridor.controller.prover.search.tables import Tables
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import HostEnd, Wiring


class Network(Protocol):
    """What changes while a packet travels."""

    def takes_for_live(self, watch: Watch, at_ns: int) -> bool:
        """Whether a hub's switch would have a group send by this port."""

    def arrives_ns(self, watch: Watch, at_ns: int) -> int | None:
        """When what is sent by this port arrives at its other end; None if it is lost."""


class Journey(NamedTuple):
    """How far a packet has come."""

    delivered: bool
    at_ns: int
    """When it ended."""
    crossed: tuple[Watch, ...]
    """Fibres and gateways passed, each as the hub before it sees it."""

    @property
    def fibres(self) -> tuple[str, ...]:
        return tuple(watch.thing for watch in self.crossed if not watch.is_gateway)


class Explorer:
    """Searches one network in which some things are ``known`` to have failed.

    Protection is against further failures. What switches decide is kept.
    """

    def __init__(
        self,
        tables: Tables,
        wiring: Wiring,
        topology: Topology,
        known: Failures = NO_FAILURES,
    ) -> None:
        self.wiring = wiring
        self.topology = topology
        self.causes = Causes(topology)
        self.known_failures = known
        self.known = self.causes.failed(known)
        self.hosts: dict[str, HostEnd] = {host.name: host for host in wiring.hosts}
        ports = {hub.hub: frozenset(host.port for host in hub.attached) for hub in wiring.hubs}
        self.switches = _Switches(tables, self.causes.watches(topology, wiring), ports)
        self._journeys: dict[int, Journeys] = {}
        self._ground = Ground(topology)
        self._joined = Joined(topology, self.causes.things)

    def after(self, tables: Tables, known: Failures) -> Explorer:
        """The same network with other tables, and while other things are known to have failed.

        Switches whose tables are the same object decide by what was made ready for them before.
        """
        other = copy(self)
        other.known_failures, other.known = known, self.causes.failed(known)
        other.switches = self.switches.after(tables)
        other._journeys = {}  # noqa: SLF001 - of this class
        return other

    def search(self, intent: Intent, within: Protection | None = None) -> Searched:
        """All outcomes under the failures that an intent is protected against, or others."""
        journeys = self.journeys(intent)
        permit = self._permit_in_use(intent, journeys.under(self.known))
        promised = intent.protection
        if permit is not None:
            promised = intent.protected(intent.applicable_policies.automata[permit].permit)
        looked_at = promised if within is None else within
        kinds = self.causes.over(looked_at.over)
        outcomes = tuple(journeys.beside(self.known, looked_at.k, kinds))
        return Searched(intent, permit, promised, looked_at, outcomes, self.known)

    def searched_again(self, before: Searched) -> Searched | None:
        """What was found with the same entries, groups and network while other things had failed;
        None where a packet may see the difference, or another permit may be in use."""
        outcomes = before.outcomes_under(self.known)
        if outcomes is None or self._permit_in_use(before.intent, outcomes[0]) != before.permit:
            return None
        return replace(before, outcomes=outcomes, known=self.known)

    def follow(self, intent: Intent, failures: Failures) -> Outcome:
        """The outcome of an intent's packets when just these have failed, whatever they are."""
        return self.journeys(intent).under(self.causes.failed(failures))

    def travel(self, intent: Intent, network: Network, at_ns: int) -> Journey:
        """The outcome of a packet sent then, while the live elements change. At each switch it
        follows what that switch takes for live when the packet arrives, be it so or not."""
        journeys, crossed = self.journeys(intent), list[Watch]()
        place = journeys.first
        while len(crossed) < LABEL_TTL:
            fate = journeys.fate(place)
            while isinstance(fate, Fork):
                goes = fate.is_output or network.takes_for_live(fate.watch, at_ns)
                fate = fate.live if goes else fate.dead
            if isinstance(fate, Stop):
                return Journey(fate.end is End.DELIVERED, at_ns, tuple(crossed))
            arrives_ns = network.arrives_ns(fate.watch, at_ns)
            if arrives_ns is None:
                break
            crossed.append(fate.watch)
            place, at_ns = fate.to, arrives_ns
        return Journey(False, at_ns, tuple(crossed))

    def packet(self, intent: Intent, selector: Selector) -> Packet:
        """One that an intent's host sends, marked as the demand is, as it comes to its switch."""
        src, dst = (self.hosts[name] for name in intent.hosts)
        header = some_packet(src, dst, intent.family, selector) | {"ip_dscp": intent.dscp}
        return Packet.of(in_port=src.port, **header)

    def delivered_at(self, intent: Intent) -> tuple[str, int]:
        """Where packets of an intent leave the network: hub and port."""
        dst = self.hosts[intent.hosts[1]]
        return dst.hub, dst.port

    def lawful(self, automaton: Automaton) -> Lawful:
        return Lawful(automaton, self._ground, self._joined)

    def _permit_in_use(self, intent: Intent, intact: Outcome) -> int | None:
        """The first with a path while no more has failed, of equal ones that with the shortest;
        ``intact`` may show one."""
        down, automata = self.causes.down(self.known), intent.applicable_policies.automata
        if intent.disjoint and intact.delivered:
            # Which one has a path that is disjoint from others, C16 decides.
            numbers = (number for rank in ranked(automata) for number in rank)
            states, took_ns = intact.states, intact.one_way_ns
            return next((n for n in numbers if accepts(automata[n], states[n], took_ns)), None)
        for rank in ranked(automata):
            if len(rank) == 1:
                (number,) = rank
                arrived = (intact.states[number], intact.one_way_ns)
                if intact.delivered and accepts(automata[number], *arrived):
                    return number
            lawful = {number: self.lawful(automata[number]).from_source(down) for number in rank}
            found = [(path, number) for number, path in lawful.items() if path is not None]
            if found:
                return min(found, key=lambda one: (one[0].one_way_ns, len(one[0].hops), one[1]))[1]
        return None

    def journeys(self, intent: Intent) -> Journeys:
        """Where packets of an intent may go, as far as it was asked for."""
        # Journeys hold on to their intent, so that its id stays its own.
        if id(intent) not in self._journeys:
            packet = self.packet(intent, intent.selectors[0])
            self._journeys[id(intent)] = Journeys(self, intent, packet)
        return self._journeys[id(intent)]

    def resume(self, intent: Intent, journeys: Journeys) -> None:
        """Search from journeys of an equal intent. All entries and groups that its packets can meet
        must be equal, and the network the same; what is known to have failed may differ."""
        journeys.intent, journeys.switches = intent, self.switches
        self._journeys[id(intent)] = journeys


class _Switches(dict[str, Switch]):
    """Switches by hub, each made ready when a packet first comes to it."""

    def __init__(
        self,
        tables: Tables,
        watches: Mapping[str, Mapping[int, Watch]],
        hosts: Mapping[str, frozenset[int]],
    ) -> None:
        self._held = tables.switches
        self._watches, self._hosts = watches, hosts

    def __missing__(self, hub: str) -> Switch:
        held = self._held.get(hub) or SwitchProgram(hub, 0, ())
        made = self[hub] = Switch(held, self._watches[hub], self._hosts[hub])
        return made

    def after(self, tables: Tables) -> _Switches:
        """The same with other tables; switches whose tables are the same object stay ready."""
        other = _Switches(tables, self._watches, self._hosts)
        other.update(
            (hub, switch)
            for hub, switch in self.items()
            if self._held.get(hub) is tables.switches.get(hub)
        )
        return other


class Journeys:
    """Where one intent's packets may go: what switches decide, whatever has failed."""

    def __init__(self, explorer: Explorer, intent: Intent, packet: Packet) -> None:
        self.intent = intent
        self.sent = packet
        self.progress = Progress(intent, explorer.topology)
        self.places: dict[tuple[str, Packet, States], _Place] = {}
        self.switches = explorer.switches
        self._causes = explorer.causes
        self.delivered_at = explorer.delivered_at(intent)
        self._source = explorer.causes.bits[f"hub:{intent.pair[0]}"]
        self.first = self.place(intent.pair[0], packet, self.progress.first)

    def place(self, hub: str, packet: Packet, states: States) -> _Place:
        key = (hub, packet, states)
        place = self.places.get(key)
        if place is None:
            place = self.places[key] = _Place(hub, packet, states)
        return place

    def beside(self, known: Mask, k: int, kinds: Mask) -> Iterator[Outcome]:
        """Every outcome under up to ``k`` more failures of these kinds; the first, without any."""
        if known & self._source:
            yield self.under(known)
        else:
            yield from self._search(known.bit_count() + k, known | kinds, known)

    def under(self, failed: Mask) -> Outcome:
        """The outcome when just these have failed."""
        if failed & self._source:
            first = self.first
            return self._outcome(_Branch(first, Stop(End.UNSENT), (failed,), 0, None, 0, 0))
        return next(self._search(0, failed, failed))

    def _search(self, k: int, kinds: Mask, known: Mask) -> Iterator[Outcome]:
        fate = self.fate(self.first)
        waiting = [_Branch(self.first, fate, (known,), self._source, None, 0, 0)]
        while waiting:
            end = self._run(waiting.pop(), k, kinds, waiting)
            if end is not None:
                yield self._outcome(end)

    def _run(self, branch: _Branch, k: int, kinds: Mask, waiting: list[_Branch]) -> _Branch | None:
        """A branch to its end, taking all that is asked for alive where that can be.

        What follows where it is dead is left waiting. None where it cannot be alive.
        """
        place, fate, family, spared, seen, one_way_ns, hops = branch
        suspects, spare = _summed(family, k)
        while True:
            if type(fate) is Fork:
                watch, live, dead, _ = fate
                causes = watch.causes & kinds & ~spared
                suspected = causes & suspects
                if suspected or (spare and causes):
                    blamed = explaining(family, causes, k)
                    if blamed:
                        found = Seen(seen, watch, Found.DEAD)
                        waiting.append(
                            _Branch(place, dead, blamed, spared, found, one_way_ns, hops)
                        )
                if suspected:
                    family = tuple(one for one in family if not one & causes)
                    if not family:
                        return None
                    suspects, spare = _summed(family, k)
                spared |= watch.causes
                if type(live) is not Onward or live.watch is not watch:
                    seen = Seen(seen, watch, Found.ALIVE)
                fate = live
            elif type(fate) is Onward:
                hops += fate.hops
                one_way_ns += fate.watch.one_way_ns
                seen = Seen(seen, fate.watch, Found.CROSSED)
                place = fate.to
                fate = self.fate(place) if hops < LABEL_TTL else Stop(End.EXPIRED)
            else:
                return _Branch(place, fate, family, spared, seen, one_way_ns, hops)

    def _outcome(self, ended: _Branch) -> Outcome:
        place, fate, family, spared, seen, one_way_ns, _ = ended
        assert isinstance(fate, Stop)
        return Outcome(
            self.intent.id,
            fate.end,
            place.hub,
            place.states,
            one_way_ns,
            fate.entry,
            seen,
            family,
            spared,
            self._causes,
        )

    def fate(self, place: _Place) -> Fate:
        if place.fate is None:
            place.fate = self.switches[place.hub].decide(place.packet, _Here(self, place))
        return place.fate


@dataclass(eq=False, slots=True)
class _Place:
    """A packet that has come to a switch."""

    hub: str
    packet: Packet
    states: States
    fate: Fate | None = None
    """Once it was asked for."""


class _Here(NamedTuple):
    """What a switch sends a packet out to. Places do not hold it, so that journeys which nothing
    needs any more are gone at once."""

    journeys: Journeys
    place: _Place

    def to_host(self, port: int, packet: Packet) -> End:
        sent = self.journeys.sent
        if (self.place.hub, port) != self.journeys.delivered_at:
            return End.ELSEWHERE
        is_same = packet.fields[1:] == sent.fields[1:] and packet.beneath is None
        return End.DELIVERED if is_same else End.GARBLED

    def onward(self, packet: Packet, watch: Watch) -> Onward[_Place]:
        states = self.journeys.progress.beyond(self.place.states, watch)
        place = self.journeys.place(watch.far, packet.at(watch.far_port), states)
        # A packet that does not age would circulate for ever in a loop.
        return Onward(place, watch, max(packet.aged, 1))


class _Branch(NamedTuple):
    """A packet in transit, and what it has seen."""

    place: _Place
    fate: Fate
    family: Family
    spared: Mask
    seen: Seen | None
    one_way_ns: int
    hops: int


def _summed(family: Family, k: int) -> tuple[Mask, bool]:
    """All elements of the sets, and whether some set has room for one more."""
    union, spare = 0, False
    for one in family:
        union |= one
        spare = spare or one.bit_count() < k
    return union, spare
