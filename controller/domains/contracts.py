"""Proofs of single domains that compose to a proof of the whole network.

A domain proves from its own tables, for every entry of packets that it accepts, what leaves it and
how: assume and guarantee. Packets at a border are an OpenFlow port, a label, and their standing,
that is, the state of each permit's automaton, which is public. What one domain guarantees to hand
over is what the next one assumes. The search inside a domain is that of the prover
(``controller/prover/search``), over every set of failures; beyond its border it sees no tables.

Composed are the claims about paths: C4 to C8, C11, and that packets arrive without failures. Claims
about single switches and ports (T0, C0 to C3, C14, C15) need no other domain.
"""

from __future__ import annotations

import graphlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from corridor.controller.domains.controller_view import part_of
from corridor.controller.forwarding.program import LABEL_TTL
from corridor.controller.intent.intent import Intent
from corridor.controller.policy.automaton import State
from corridor.controller.prover.claim_registry import Opened, of_steps, open_edge
from corridor.controller.prover.search.core import DOOR, At, Core, Turn
from corridor.controller.prover.search.declared_demands import Demand
from corridor.controller.prover.search.declared_network import Network
from corridor.controller.prover.search.reach import Place
from corridor.controller.prover.search.search import Exploration, Kind, Node, longest
from corridor.controller.prover.search.tables import Tables
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import Wiring

COMPOSED = ("C4", "C5", "C6", "C7", "C8", "C11")
"""Claims whose verdict on the whole network follows from contracts."""
type Standing = tuple[State | None, ...]
"""By permit, the state of its automaton; None where it no longer allows the packet."""


class Handed(NamedTuple):
    """Packets of one demand that come over a border, as both sides see them."""

    demand: int
    """Its number among the intents; 0 for packets outside all demands."""
    at: Place
    standing: Standing


class Cost(NamedTuple):
    """The maximum that packets may have spent in a domain, over all failures."""

    hops: int
    delay_ns: int
    is_intact: bool
    """Whether they also come there while nothing fails."""


class Violated(NamedTuple):
    """A claim that does not hold, by the domain that found it."""

    domain: str
    demand: str
    claim: str
    said: str


class Ended(NamedTuple):
    """A delivery that is allowed, but for its delay."""

    standing: int
    delay_ns: int


@dataclass(frozen=True)
class Contract:
    """What a domain guarantees of packets that enter by one port in one standing."""

    leaves: Mapping[Handed, Cost]
    ends: tuple[Ended, ...]
    most_hops: int
    """That packets may spend inside, wherever they end."""
    loops: bool
    violated: tuple[Violated, ...]
    lost: str
    """The hub at which packets end otherwise than delivered while nothing fails, if any do."""
    arrives: bool
    """Whether packets are delivered here while nothing fails."""


@dataclass
class _Entered(Exploration):
    """All paths from an entry of the domain; ``Exploration`` follows those from a host's port."""

    entry: Node = (DOOR, 0)

    @cached_property
    def start(self) -> Node:
        return self.entry

    @cached_property
    def headers(self) -> tuple[object, ...]:  # type: ignore[override]
        return self.demand.packets if self.demand else ()

    @classmethod
    def by(cls, core: Core, demand: Demand | None, entry: Node) -> _Entered:  # type: ignore[override]
        seen = cls(core, demand, At((), ()), entry=entry)
        seen._count(seen._follow(None, frozenset()))
        return seen


class DomainProver:
    """Proves contracts of one domain from its own tables."""

    def __init__(
        self,
        name: str,
        owner: Mapping[str, str],
        tables: Tables,
        wiring: Wiring,
        topology: Topology,
        intents: Sequence[Intent],
    ) -> None:
        """``owner``: the domain of each hub's switch. Of ``tables``, only its own are read."""
        self.name = name
        self.mine = frozenset(hub for hub, domain in owner.items() if domain == name)
        fibres = tuple(one for one in topology.fibres if not self.mine.isdisjoint(one.ends))
        near = self.mine | {hub for one in fibres for hub in one.ends}
        near |= {hub for one in intents for hub in one.pair}
        view = part_of(topology, near, fibres)
        names = {one.id for one in fibres}
        sight = replace(
            wiring,
            hubs=tuple(one for one in wiring.hubs if one.hub in near),
            fibres=tuple(one for one in wiring.fibres if one.fibre in names),
        )
        held = {hub: switch for hub, switch in tables.switches.items() if hub in self.mine}
        self.network = Network(Tables(held), sight, view, intents)
        self.core = Core(self.network, of_steps)
        self._known: dict[Handed, Contract] = {}

    def at_hosts(self) -> Iterator[Violated]:
        """What is wrong at ports of hosts, whatever happens to packets later."""
        for opened in self._opened.values():
            for claim, breach in opened.found:
                yield Violated(self.name, "", claim.id, breach.said)

    @cached_property
    def _opened(self) -> dict[str, Opened]:
        return {
            host: open_edge(self.network, self.core, host)
            for host, end in sorted(self.network.hosts.items())
            if end.hub in self.mine
        }

    @cached_property
    def from_hosts(self) -> tuple[tuple[int, Contract], ...]:
        """By demand, the contract of what hosts of this domain send; 0: outside all demands."""
        return tuple(self._from_hosts())

    def _from_hosts(self) -> Iterator[tuple[int, Contract]]:
        for opened in self._opened.values():
            for demand, door in opened.demands:
                seen = Exploration.of(self.core, demand, door)
                contract = self._contract(seen, demand)
                refused = tuple(self._refused(demand, door)) if demand else ()
                yield (
                    demand.number if demand else 0,
                    replace(contract, violated=(*refused, *contract.violated)),
                )

    def contract(self, handed: Handed) -> Contract:
        """The contract of packets that a neighbour hands over; proven once."""
        if handed not in self._known:
            demand = self.network.demands[handed.demand - 1] if handed.demand else None
            standing = demand.permits.numbered(handed.standing) if demand else 0
            entry = (self.core.number_of(handed.at), standing)
            self._known[handed] = self._contract(_Entered.by(self.core, demand, entry), demand)
        return self._known[handed]

    def too_late(self, handed: Handed, ended: Ended, delay_ns: int) -> str:
        """The budgets that a delivery after this delay breaks; empty if none."""
        if not handed.demand:
            return ""
        permits = self.network.demands[handed.demand - 1].permits
        return str(permits.exceeds(ended.standing, delay_ns) or "")

    def _is_foreign(self, node: Node) -> bool:
        return node[0] != DOOR and self.core.places[node[0]].hub not in self.mine

    def _contract(self, seen: Exploration, demand: Demand | None) -> Contract:
        loops = seen.hops is None
        delays = {} if loops else longest(seen, self._delay_ns)[0]
        hops = seen.hops or {}
        intact, lost, arrives = self._intact(seen)
        return Contract(
            leaves={
                self._handed(seen, node, demand): Cost(
                    hops.get(node, 0), delays.get(node, 0), node in intact
                )
                for node in seen.edges
                if self._is_foreign(node)
            },
            ends=tuple(
                Ended(one.node[1], delays.get(one.node, 0)) for one in seen.of_kind(Kind.DELIVERED)
            ),
            most_hops=max(
                (
                    hops.get(node, 0) + turn.hops
                    for node in seen.edges
                    if not self._is_foreign(node)
                    for turn in seen.at(node[0]).turns
                ),
                default=0,
            ),
            loops=loops,
            violated=tuple(self._violated(seen, demand)),
            lost=lost,
            arrives=arrives,
        )

    def _handed(self, seen: Exploration, node: Node, demand: Demand | None) -> Handed:
        standing = demand.permits.standing(node[1]) if demand else ()
        return Handed(demand.number if demand else 0, seen.core.places[node[0]], standing)

    def _delay_ns(self, turn: Turn) -> int:
        fibre = turn.move.fibre if turn.move else ""
        topology = self.network.topology
        return topology.one_way_delay_ns(topology.fibre(fibre)) if fibre else 0

    def _violated(self, seen: Exploration, demand: Demand | None) -> Iterator[Violated]:
        name = demand.id if demand else ""
        for node, notes in seen.noted.items():
            for one in () if self._is_foreign(node) else notes:
                if one.kind is Kind.DEATH and one.death is not None:
                    yield Violated(self.name, name, one.death.claim, str(one.death))
                elif one.kind is Kind.MISPLACED:
                    said = f"{demand} ends at {one.step.at.hub}"
                    yield Violated(self.name, name, "C6", said)
                elif one.remark is not None:
                    claim, step, said = one.remark
                    yield Violated(self.name, name, claim.id, f"{step.at.hub} {said}")

    def _refused(self, demand: Demand, door: At) -> Iterator[Violated]:
        """Packets that no permit lets leave their source, and that leave it."""
        refused = demand.permits.refused
        if refused is not None and any(not turn.step.end.is_drop for turn in door.turns):
            yield Violated(self.name, demand.id, refused.claim, str(refused))

    def _intact(self, seen: Exploration) -> tuple[frozenset[Node], str, bool]:
        """Borders that packets come to while nothing fails; where they are lost; if any arrives."""
        waiting, met = [seen.start], {seen.start}
        borders: set[Node] = set()
        lost, arrives = "", False
        while waiting:
            node = waiting.pop()
            if self._is_foreign(node):
                borders.add(node)
                continue
            arrived = {one.step for one in seen.noted.get(node, ()) if one.kind is Kind.DELIVERED}
            for turn in seen.at(node[0]).turns:
                step = turn.step
                if not step.without_failures or step.to is not None:
                    continue
                if node[0] != DOOR and turn.is_narrow and not seen.happens(step):
                    continue
                arrives = arrives or step in arrived
                lost = lost or ("" if step in arrived else step.at.hub)
            following = {to for to, turn in seen.edges[node] if turn.step.without_failures}
            waiting += following - met
            met |= following
        return frozenset(borders), lost, arrives


@dataclass
class Composition:
    """What contracts together prove of the whole network."""

    violated: list[Violated] = field(default_factory=list)
    arrives: dict[str, bool] = field(default_factory=dict)
    """By demand, whether all of its packets arrive while nothing fails."""
    contracts: int = 0
    disclosed: int = 0
    """Entries disclosed by one domain to another: port, label, standing, hops and delay."""

    @property
    def claims(self) -> frozenset[str]:
        """Claims that do not hold."""
        return frozenset(one.claim for one in self.violated)


def provers(
    owner: Mapping[str, str],
    tables: Tables,
    wiring: Wiring,
    topology: Topology,
    intents: Sequence[Intent],
) -> dict[str, DomainProver]:
    """A prover for each domain, by the domain of each hub's switch."""
    names = sorted({owner[hub.hub] for hub in wiring.hubs})
    return {name: DomainProver(name, owner, tables, wiring, topology, intents) for name in names}


def compose(of: Mapping[str, DomainProver], owner: Mapping[str, str]) -> Composition:
    """Follow what each domain hands over until all of it is proven by who receives it."""
    found = Composition()
    for prover in of.values():
        found.violated += prover.at_hosts()
        for number, first in prover.from_hosts:
            _Chain(of, owner, prover, number, first).add_to(found)
    return found


class _Chain:
    """The contracts that packets of one demand meet, from their host on."""

    def __init__(
        self,
        of: Mapping[str, DomainProver],
        owner: Mapping[str, str],
        source: DomainProver,
        number: int,
        first: Contract,
    ) -> None:
        self._of = of
        self._owner = owner
        self._source = source
        self._number = number
        self._first = first
        self._met: dict[Handed, Contract] = {}
        waiting = [*first.leaves]
        while waiting:
            handed = waiting.pop()
            if handed not in self._met:
                self._met[handed] = self._prover(handed).contract(handed)
                waiting += self._met[handed].leaves

    def _prover(self, handed: Handed) -> DomainProver:
        return self._of[self._owner[handed.at.hub]]

    def add_to(self, found: Composition) -> None:
        contracts = (self._first, *self._met.values())
        found.contracts += len(contracts)
        found.disclosed += sum(len(one.leaves) for one in contracts)
        found.violated += [one for contract in contracts for one in contract.violated]
        demand = self._source.network.demands[self._number - 1] if self._number else None
        name = demand.id if demand else ""
        order = self._order()
        if order is None:
            found.violated.append(Violated(self._source.name, name, "C8", "loops"))
        else:
            found.violated += self._spent(order, name)
        if demand is not None:
            found.arrives[name] = self._arrives()

    def _order(self) -> list[Handed] | None:
        """Entries before those that they lead to; None if packets may come back to one."""
        if any(one.loops for one in (self._first, *self._met.values())):
            return None
        before: dict[Handed, set[Handed]] = {one: set() for one in self._met}
        for handed, contract in self._met.items():
            for to in contract.leaves:
                before[to].add(handed)
        try:
            return [*graphlib.TopologicalSorter(before).static_order()]
        except graphlib.CycleError:
            return None

    def _spent(self, order: Iterable[Handed], name: str) -> Iterator[Violated]:
        """Claims about what paths take altogether: hops of the TTL, and delay."""
        hops: dict[Handed, int] = {}
        delays: dict[Handed, int] = {}

        def leave(contract: Contract, base_hops: int, base_ns: int) -> None:
            for to, cost in contract.leaves.items():
                hops[to] = max(hops.get(to, 0), base_hops + cost.hops)
                delays[to] = max(delays.get(to, 0), base_ns + cost.delay_ns)

        leave(self._first, 0, 0)
        start = Handed(self._number, Place("", 0, None), ())  # type: ignore[arg-type]
        yield from self._exceeding(self._source, start, self._first, 0, 0, name)
        for handed in order:
            contract, base_hops, base_ns = self._met[handed], hops[handed], delays[handed]
            leave(contract, base_hops, base_ns)
            prover = self._prover(handed)
            yield from self._exceeding(prover, handed, contract, base_hops, base_ns, name)

    def _exceeding(
        self,
        prover: DomainProver,
        handed: Handed,
        contract: Contract,
        hops: int,
        delay_ns: int,
        name: str,
    ) -> Iterator[Violated]:
        if hops + contract.most_hops >= LABEL_TTL:
            said = f"a path uses {hops + contract.most_hops} hops of {LABEL_TTL}"
            yield Violated(prover.name, name, "C8", said)
        for ended in contract.ends:
            late = prover.too_late(handed, ended, delay_ns + ended.delay_ns)
            if late:
                yield Violated(prover.name, name, "C11", late)

    def _arrives(self) -> bool:
        """Whether packets arrive, and none is lost, while nothing fails."""
        waiting, met, arrives = [self._first], set[Handed](), False
        while waiting:
            contract = waiting.pop()
            if contract.lost:
                return False
            arrives = arrives or contract.arrives
            following = {to for to, cost in contract.leaves.items() if cost.is_intact} - met
            met |= following
            waiting += [self._met[to] for to in following]
        return arrives
