"""One intent as the prover needs it: its packets, and which of its permits they still satisfy.

A path is lawful as long as some permit, narrowed by every restrict, accepts it. So a packet's
standing is the vector of the states of all permits' automata, where those that have died are
None. Standings are numbered, and what was asked once is kept.

A hub that is entered by a fibre serves no waypoint; only what comes back from its gateway has
passed one. Passing the gateway is entering the hub again, this time with its gateway open.

A proof that nothing forbidden happens would hold of policies that forbid nothing. So for each
policy that restricts, and each that denies, there is a witness: a demand that would take another
path without it, and the tables must not permit that path.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from typing import NamedTuple

from corridor.controller.forwarding.program import Value
from corridor.controller.intent.intent import Intent, Selector
from corridor.controller.policy.automaton import Automaton, State, Violation
from corridor.controller.policy.clauses import Element
from corridor.controller.policy.clauses.registry import claim_of
from corridor.controller.policy.model import Policy
from corridor.controller.policy.permitted_paths import deciding
from corridor.controller.policy.semantics import (
    NO_FAILURES,
    ApplicablePolicies,
    Failures,
    ranked,
    unevaluable,
)
from corridor.controller.prover.search.headers import IP_PROTO, UNTAGGED, box
from corridor.topologies.model.addresses import ETH_TYPE, Family
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import HostEnd

NOTHING = 0
"""The standing of a packet that no permit allows."""


class Move(NamedTuple):
    """To a hub over a fibre, or, without one, back from the hub's gateway."""

    fibre: str
    hub: str


@dataclass(frozen=True)
class Death:
    """What broke the last permits that were left, the one tried first before the others."""

    violations: tuple[Violation, ...]

    @property
    def claim(self) -> str:
        return claim_of(self.violations[0].clause)

    def __str__(self) -> str:
        return "; ".join(map(str, self.violations))


class Trail(NamedTuple):
    """A path over fibres: hubs in order, the fibres between them, and the delay of it all."""

    hubs: tuple[str, ...]
    fibres: tuple[str, ...]
    one_way_ns: int


class Permits:
    """The automata of one ruling in lockstep."""

    def __init__(
        self,
        applicable_policies: ApplicablePolicies,
        topology: Topology,
        automata: Sequence[Automaton] | None = None,
    ) -> None:
        self.topology = topology
        self._ruling = applicable_policies
        self._open = tuple(applicable_policies.automata if automata is None else automata)
        shut = frozenset(hub.id for hub in topology.hubs)
        self._shut = tuple(replace(one, trip=replace(one.trip, closed=shut)) for one in self._open)
        self._vectors: list[tuple[State | None, ...]] = [(None,) * len(self._open)]
        self._numbers = {self._vectors[0]: NOTHING}
        self._after: dict[tuple[int, Move], tuple[int, Death | None]] = {}
        self._phases: dict[int, frozenset[int]] = {}
        self._forbidden: dict[str, Trail | None] = {}
        source = topology.hub(applicable_policies.demand.src)
        self.start, died = self._enter(self._number(tuple(a.start for a in self._shut)), [source])
        self.refused = died or (None if self.start else Death(applicable_policies.refusals))
        """Why no packet may leave its source, where that is so."""

    def standing(self, permit_state: int) -> tuple[State | None, ...]:
        """The state of each permit's automaton; None where it no longer allows the packet."""
        return self._vectors[permit_state]

    def numbered(self, standing: tuple[State | None, ...]) -> int:
        """The number of a standing that another prover of the same policies found."""
        return self._number(standing)

    def move(self, permit_state: int, move: Move) -> tuple[int, Death | None]:
        """The standing after a move, and what broke the last permits if any was left before."""
        key = (permit_state, move)
        known = self._after.get(key)
        if known is None:
            known = self._after[key] = self._moved(permit_state, move)
        return known

    def _moved(self, permit_state: int, move: Move) -> tuple[int, Death | None]:
        hub = self.topology.hub(move.hub)
        if not move.fibre:
            return self._enter(permit_state, [hub], self._open)
        return self._enter(permit_state, [self.topology.fibre(move.fibre), hub])

    def deliver(self, permit_state: int) -> Death | None:
        """The requirements still open under all permits that are left when a packet is
        delivered."""
        owed = []
        for state, automaton in zip(self._vectors[permit_state], self._open, strict=True):
            if state is not None:
                violation = automaton.finish(state)
                if violation is None:
                    return None
                owed.append(violation)
        return Death(tuple(owed)) if owed else None

    def allowing(self, permit_state: int) -> frozenset[int]:
        """Which of the permits allow a packet to be delivered at its destination."""
        return frozenset(
            number
            for number, (state, automaton) in enumerate(
                zip(self._vectors[permit_state], self._open, strict=True)
            )
            if state is not None and automaton.finish(state) is None
        )

    def phases(self, permit_state: int) -> frozenset[int]:
        """The phases that a label may state for a packet of this standing."""
        if permit_state not in self._phases:
            self._phases[permit_state] = frozenset(
                int(automaton.phase(state))
                for state, automaton in zip(self._vectors[permit_state], self._open, strict=True)
                if state is not None
            )
        return self._phases[permit_state]

    def name(self, permit_state: int) -> str:
        """The state of the first permit that is left, as people call it."""
        for state, automaton in zip(self._vectors[permit_state], self._open, strict=True):
            if state is not None:
                return f"{automaton.name(state)} under {automaton.permit.id}"
        return "allowed by no permit"

    @property
    def has_budgets(self) -> bool:
        return any(automaton.budgets for automaton in self._open)

    def exceeds(self, permit_state: int, delay_ns: int) -> Death | None:
        """The budgets broken, where each permit that accepts the delivery has one and it is."""
        broken = []
        for state, automaton in zip(self._vectors[permit_state], self._open, strict=True):
            if state is not None and automaton.finish(state) is None:
                violation = automaton.exceeds(delay_ns)
                if violation is None:
                    return None
                broken.append(violation)
        return Death(tuple(broken)) if broken else None

    def shortest(self, failures: Failures = NO_FAILURES) -> Trail | None:
        """The shortest lawful path without what has failed; by Dijkstra's search.

        Every other gateway there might be works.
        """
        order = count()
        queue: list[tuple[int, int, str, int, tuple[str, ...], tuple[str, ...]]]
        queue = [(0, next(order), self._ruling.demand.src, self.start, (), ())]
        settled: set[tuple[str, int]] = set()
        while queue:
            delay_ns, _, hub, permit_state, hubs, fibres = heapq.heappop(queue)
            if (hub, permit_state) in settled or permit_state == NOTHING:
                continue
            settled.add((hub, permit_state))
            if not hubs or hubs[-1] != hub:
                hubs = (*hubs, hub)
            if hub == self._ruling.demand.dst and self._may_end(permit_state, delay_ns):
                return Trail(hubs, fibres, delay_ns)
            if hub not in failures.gateways:
                passed = self.move(permit_state, Move("", hub))[0]
                heapq.heappush(queue, (delay_ns, next(order), hub, passed, hubs, fibres))
            for fibre in filter(failures.spare, self.topology.fibres_of(hub)):
                far = fibre.other_end(hub)
                after = self.move(permit_state, Move(fibre.id, far))[0]
                total_ns = delay_ns + self.topology.one_way_delay_ns(fibre)
                heapq.heappush(
                    queue, (total_ns, next(order), far, after, hubs, (*fibres, fibre.id))
                )
        return None

    def forbidden(self, policy: Policy) -> Trail | None:
        """The path that would be the shortest without a policy, and is lawful by none of the
        permits; searched for once."""
        if policy.id not in self._deciding:
            return None
        if policy.id not in self._forbidden:
            weaker = [_without(automaton, policy) for automaton in self._ruling.automata]
            trail = Permits(self._ruling, self.topology, weaker).shortest()
            lawful = trail is None or _allows(self, trail)
            self._forbidden[policy.id] = None if lawful else trail
        return self._forbidden[policy.id]

    @cached_property
    def _deciding(self) -> frozenset[str]:
        """The ids of policies that may be what keeps packets from a path."""
        each = (deciding(one, self.topology) for one in self._ruling.automata)
        return frozenset[str]().union(*each)

    def _may_end(self, permit_state: int, delay_ns: int) -> bool:
        return self.deliver(permit_state) is None and self.exceeds(permit_state, delay_ns) is None

    def _enter(
        self,
        permit_state: int,
        elements: Sequence[Element],
        automata: Sequence[Automaton] | None = None,
    ) -> tuple[int, Death | None]:
        after: list[State | None] = []
        died: list[Violation] = []
        for state, automaton in zip(
            self._vectors[permit_state], self._shut if automata is None else automata, strict=True
        ):
            entered = None if state is None else self._past(automaton, state, elements)
            if isinstance(entered, Violation):
                died.append(entered)
                entered = None
            after.append(entered)
        number = self._number(tuple(after))
        return number, Death(tuple(died)) if died and number == NOTHING else None

    def _past(
        self, automaton: Automaton, state: State, elements: Sequence[Element]
    ) -> State | Violation:
        """The state past some elements. What cannot be evaluated is denied."""
        try:
            for element in elements:
                entered = automaton.enter(state, element)
                if isinstance(entered, Violation):
                    return entered
                state = entered
        except Exception as problem:  # noqa: BLE001 - an evaluation error means deny
            return unevaluable(self._ruling.demand, problem)
        return state

    def _number(self, vector: tuple[State | None, ...]) -> int:
        number = self._numbers.setdefault(vector, len(self._vectors))
        if number == len(self._vectors):
            self._vectors.append(vector)
        return number


SOME_PORT = 49152
"""Stands for a port that a demand leaves open: the first of the dynamic ones (RFC 6335)."""


class Demand:
    """One direction of what policies were asked for."""

    def __init__(
        self,
        number: int,
        intent: Intent,
        topology: Topology,
        hosts: Mapping[str, HostEnd],
        failures: Failures = NO_FAILURES,
    ) -> None:
        self.number = number
        """Its place among the intents, from 1: what cookies call it."""
        self.intent = intent
        self.id = intent.id
        self.src, self.dst = intent.pair
        self.hosts = intent.hosts
        """The names of the hosts that send and receive."""
        src, dst = (hosts[name] for name in intent.hosts)
        self.delivered_at = (dst.hub, dst.port)
        """Where its packets leave the network: hub and port."""
        self.packets = tuple(
            box(**_bound(src, dst, intent.family, selector)) for selector in intent.selectors
        )
        """Every header that its host may send for it."""
        self.permits = Permits(intent.applicable_policies, topology)
        self._topology = topology
        self._failures = failures

    def without(self, failures: Failures) -> Demand:
        """Return the same demand while other things are known to have failed."""
        if failures == self._failures:
            return self
        other = copy(self)
        other._failures = failures  # noqa: SLF001 - of a copy
        other.__dict__.pop("is_blocked", None)
        return other

    @cached_property
    def is_blocked(self) -> bool:
        """Whether no path is lawful without what is known to have failed."""
        return self.permits.refused is not None or self.permits.shortest(self._failures) is None

    @cached_property
    def has_choice(self) -> bool:
        """Whether some permit is tried before another."""
        return len(ranked(self.intent.applicable_policies.automata)) > 1

    def passed_over(self, permit_state: int, kept_off: Failures = NO_FAILURES) -> str | None:
        """Return a permit that is tried before all that allow a delivery, and has a path that
        meets nothing of ``kept_off``; None if none does."""
        automata, allowing = (
            self.intent.applicable_policies.automata,
            self.permits.allowing(permit_state),
        )
        down = self._failures.and_also(kept_off)
        for rank in ranked(automata):
            if not allowing.isdisjoint(rank):
                return None
            some = tuple(automata[one] for one in rank)
            if Permits(self.intent.applicable_policies, self._topology, some).shortest(down):
                return some[0].permit.id
        return None

    def __str__(self) -> str:
        return f"{self.id} from {self.hosts[0]} to {self.hosts[1]}"


def some_packet(src: HostEnd, dst: HostEnd, family: Family, selector: Selector) -> dict[str, Value]:
    """The header of one packet that a host sends by a selector, by OXM names; what the selector
    leaves open is chosen."""
    protocol = selector.protocol or "udp"
    chosen: dict[str, Value] = {
        "ip_dscp": 0,
        "ip_proto": IP_PROTO[protocol],
        f"{protocol}_src": SOME_PORT,
        f"{protocol}_dst": SOME_PORT,
    }
    return chosen | _bound(src, dst, family, selector)


def _bound(src: HostEnd, dst: HostEnd, family: Family, selector: Selector) -> dict[str, Value]:
    """What all packets of a selector have in common."""
    fields: dict[str, Value] = {
        "vlan_vid": UNTAGGED,
        "eth_type": ETH_TYPE[family],
        "eth_src": src.host_mac,
        "eth_dst": dst.host_mac,
        f"{family}_src": src.ip(family),
        f"{family}_dst": dst.ip(family),
    }
    if selector.protocol is not None:
        fields["ip_proto"] = IP_PROTO[selector.protocol]
        for end, port in (("src", selector.src_port), ("dst", selector.dst_port)):
            if port is not None:
                fields[f"{selector.protocol}_{end}"] = port
    return fields


@dataclass(frozen=True)
class Witness:
    """A path that a policy forbids a demand, and that would be its shortest without it."""

    policy: str
    demand: str
    hubs: tuple[str, ...]
    """Empty where the demand is denied altogether."""
    fibres: tuple[str, ...]


def witnesses(demands: Iterable[Demand]) -> Iterator[Witness]:
    """One of each policy that keeps some demand from something."""
    found: set[str] = set()
    for demand in demands:
        applicable_policies = demand.intent.applicable_policies
        for policy in applicable_policies.denies:
            if policy.id not in found:
                found.add(policy.id)
                yield Witness(policy.id, demand.id, (), ())
        left = [policy for policy in applicable_policies.restricts if policy.id not in found]
        for policy in left:
            trail = demand.permits.forbidden(policy)
            if trail is not None:
                found.add(policy.id)
                yield Witness(policy.id, demand.id, trail.hubs, trail.fibres)


def _without(automaton: Automaton, policy: Policy) -> Automaton:
    for owner, clause in automaton.clause_names():
        if owner == policy.id:
            automaton = automaton.without(owner, clause)
    return automaton


def _allows(permits: Permits, trail: Trail) -> bool:
    """Whether a path is lawful by some choice of gateways to pass on it."""
    standings = {permits.start}
    for hub, fibre, far in zip(trail.hubs, trail.fibres, trail.hubs[1:], strict=False):
        onward = standings | {permits.move(one, Move("", hub))[0] for one in standings}
        standings = {permits.move(one, Move(fibre, far))[0] for one in onward}
    last = trail.hubs[-1]
    standings |= {permits.move(one, Move("", last))[0] for one in standings}
    return any(
        permits.deliver(one) is None and permits.exceeds(one, trail.one_way_ns) is None
        for one in standings - {NOTHING}
    )
