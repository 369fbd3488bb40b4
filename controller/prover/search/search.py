"""The search: every path that packets of one demand may take, whatever has failed, to its end.

A node is a place and the standing of the packets there, that is, which permits they still satisfy.
None is visited twice. Packets without a demand are allowed by no permit.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from itertools import chain, count
from typing import NamedTuple

from corridor.controller.forwarding.program import GROUP_OF_ALL, FastFailover
from corridor.controller.prover.search.claim import Breach, Claim, TraceStep, dead_before
from corridor.controller.prover.search.core import DOOR, NO_PHASE, NOWHERE, At, Core, Remark, Turn
from corridor.controller.prover.search.declared_demands import NOTHING, Death, Demand, Move
from corridor.controller.prover.search.declared_network import Network
from corridor.controller.prover.search.headers import Box
from corridor.controller.prover.search.lookup import Lookup, uses
from corridor.controller.prover.search.reach import End, Step

type Node = tuple[int, int]
"""Packets at a place, by its number, and their standing, by its number."""


class Kind(Enum):
    """What a finding is about."""

    DEATH = "the last permit dies, or a delivery leaves a requirement open"
    MISPLACED = "delivered to a host that is not the demand's"
    MISLABELLED = "the label says another phase than the permits do"
    MISTAKEN = "entries met say that they are for another demand"
    DELIVERED = "delivered as some permit allows"
    REMARK = "wrong for packets of any demand"


class Finding(NamedTuple):
    """Something that claims are about, at an turn of a node."""

    kind: Kind
    node: Node
    step: Step
    death: Death | None = None
    remark: Remark | None = None


type Came = dict[Node, tuple[Node, Turn]]
"""By which node and turn each node is come to."""
type Edges = dict[Node, list[tuple[Node, Turn]]]
"""Every node, and the nodes that come next."""


@dataclass
class Exploration:
    """What was found on the paths of one demand."""

    core: Core
    demand: Demand | None
    door: At
    """What the host's port does with what the host may send for it."""
    edges: Edges = field(default_factory=dict)
    noted: dict[Node, list[Finding]] = field(default_factory=dict)
    hops: dict[Node, int] | None = None
    """The maximum that a packet may have spent when it reaches a node; None where paths loop."""

    @classmethod
    def of(
        cls,
        core: Core,
        demand: Demand | None,
        door: At,
        before: Exploration | None = None,
        changed: Collection[int] = (),
    ) -> Exploration:
        """All paths of a demand's packets, from the action of the door on.

        ``before`` is what was found with the same door when only ``changed`` places were others.
        """
        seen = cls(core, demand, door)
        left = seen._follow(before, frozenset(changed))
        seen._count(left)
        return seen

    def by(self, core: Core, demand: Demand | None) -> Exploration:
        """Return the same paths for a core that has the same at every place on them.

        ``demand`` may differ from its own by what is known to have failed.
        """
        seen = copy(self)
        seen.core, seen.demand = core, demand
        return seen

    def starts_alike(self, demand: Demand | None, door: At) -> bool:
        """Whether packets of a demand leave their host alike, and under the same permits."""
        permits, mine = (one.permits if one else None for one in (demand, self.demand))
        return permits is mine and self.door == door

    def is_same(self, core: Core, demand: Demand | None, door: At) -> bool:
        """Whether a core has the same at every place on these paths, and they start alike.

        Both cores were changed from one, so places have the same numbers.
        """
        if core.places is not self.core.places or not self.starts_alike(demand, door):
            return False
        here, there = self.core.network.lookups, core.network.lookups
        hubs = {turn.step.at.hub for turn in door.turns}
        return (
            all(here[hub] is there[hub] for hub in hubs)
            or _groups(here, door) == _groups(there, door)
        ) and core.has_same(self.core, self.reached)

    def of_kind(self, kind: Kind) -> list[Finding]:
        return self._by_kind.get(kind, [])

    @cached_property
    def _by_kind(self) -> dict[Kind, list[Finding]]:
        found: dict[Kind, list[Finding]] = {}
        for one in chain.from_iterable(self.noted.values()):
            found.setdefault(one.kind, []).append(one)
        return found

    @cached_property
    def delivers(self) -> bool:
        """Whether something arrives, whatever it takes."""
        return bool(self.of_kind(Kind.DELIVERED))

    @cached_property
    def lost(self) -> tuple[Node, Step] | None:
        """The first step while nothing fails at which some packets end other than they should."""
        waiting, met = [self.start], {self.start}
        while waiting:
            node = waiting.pop()
            arrived = {one.step for one in self.noted.get(node, ()) if one.kind is Kind.DELIVERED}
            for turn in self.at(node[0]).turns:
                step = turn.step
                ends = step.without_failures and step.to is None and step not in arrived
                if ends and (node[0] == DOOR or not turn.is_narrow or self.happens(step)):
                    return node, step
            following = {to for to, turn in self.edges[node] if turn.step.without_failures}
            waiting += following - met
            met |= following
        return None

    @cached_property
    def intact(self) -> tuple[Finding, ...]:
        """Deliveries while nothing fails."""
        return tuple(
            one
            for node in self.intact_nodes
            for one in self.noted.get(node, ())
            if one.kind is Kind.DELIVERED and one.step.without_failures
        )

    @cached_property
    def intact_nodes(self) -> tuple[Node, ...]:
        """Nodes that packets come to while nothing fails."""
        waiting, met = [self.start], {self.start: None}
        while waiting:
            node = waiting.pop()
            for to, turn in self.edges[node]:
                if turn.step.without_failures and to not in met:
                    met[to] = None
                    waiting.append(to)
        return tuple(met)

    @cached_property
    def intact_moves(self) -> tuple[tuple[str, Move], ...]:
        """Fibres crossed and gateways passed while nothing fails, each with the hub before it."""
        return tuple(
            (turn.step.at.hub, turn.move)
            for node in self.intact_nodes
            for _, turn in self.edges[node]
            if turn.step.without_failures and turn.move is not None
        )

    @cached_property
    def headers(self) -> tuple[Box, ...]:
        return tuple(turn.step.packet.sent for turn in self.door.turns)

    @cached_property
    def start(self) -> Node:
        return (DOOR, self.demand.permits.start if self.demand else NOTHING)

    @cached_property
    def reached(self) -> frozenset[int]:
        """Numbers of the places that packets come to."""
        return frozenset([place for place, _ in self.edges]) - {DOOR}

    @cached_property
    def labels(self) -> frozenset[int]:
        """Every label that packets carry."""
        places = self.core.places
        given = {turn.step.packet.label for turn in self.door.turns}
        given |= {places[number].packet.label for number in self.reached}
        return frozenset(label for label in given if label is not None)

    @cached_property
    def read(self) -> tuple[tuple[Step, ...], tuple[FastFailover, ...]]:
        """Everything that may happen to packets on these paths, and the groups that decide it."""
        lookups = self.core.network.lookups
        doors = (self.door, *(self.core.at(place) for place in sorted(self.reached)))
        steps = tuple(turn.step for door in doors for turn in door.turns)
        return steps, tuple(_groups(lookups, *doors).values())

    def at(self, place: int) -> At:
        return self.door if place == DOOR else self.core.at(place)

    def _follow(self, before: Exploration | None, changed: frozenset[int]) -> dict[Node, int]:
        """Depth first from the door to all nodes; how many edges lead to each from others."""
        edges, waiting = self.edges, [self.start]
        known = before.edges if before else {}
        entered = {self.start: 0}
        while waiting:
            node = waiting.pop()
            following = known.get(node)
            if following is None or before is None or node[0] in changed:
                following = self._look(node)
            elif node in before.noted:
                self.noted[node] = before.noted[node]
            edges[node] = following
            for to, _ in following:
                if to in entered:
                    entered[to] += 1
                else:
                    entered[to] = 1
                    waiting.append(to)
        return entered

    def _look(self, node: Node) -> list[tuple[Node, Turn]]:
        """What comes next after a node, noting what claims are about."""
        place, permit_state = node
        following: list[tuple[Node, Turn]] = []
        notes: list[Finding] = []
        turns, remarks, serves = self.at(place)
        permits = self.demand.permits if self.demand and permit_state != NOTHING else None
        phases = permits.phases(permit_state) if permits else None
        for turn in turns:
            step, to, move, phase, _, is_narrow = turn
            if is_narrow and place != DOOR and not self.happens(step):
                continue
            after = NOTHING
            if permits is not None and phases is not None:
                if move is None:
                    notes += self._end(node, step)
                else:
                    after, death = permits.move(permit_state, move)
                    if death is not None:
                        notes.append(Finding(Kind.DEATH, node, step, death))
                    if phase not in phases and phase != NO_PHASE:
                        notes.append(Finding(Kind.MISLABELLED, node, step))
            if to != NOWHERE:
                following.append(((to, after), turn))
        if serves is not None and place != DOOR and self.demand and serves != self.demand.number:
            notes.append(Finding(Kind.MISTAKEN, node, turns[0].step))
        notes += [Finding(Kind.REMARK, node, one[1], None, one) for one in remarks]
        if notes:
            self.noted[node] = notes
        return following

    def _end(self, node: Node, step: Step) -> Iterator[Finding]:
        if step.end is End.DELIVERED and self.demand is not None:
            if (step.at.hub, step.port) != self.demand.delivered_at:
                yield Finding(Kind.MISPLACED, node, step)
            else:
                death = self.demand.permits.deliver(node[1])
                yield Finding(Kind.DEATH if death else Kind.DELIVERED, node, step, death)

    def happens(self, step: Step) -> bool:
        """Whether a step that depends on what was sent happens to this demand's packets."""
        return any(headers.meet(step.packet.sent) is not None for headers in self.headers)

    def _count(self, left: dict[Node, int]) -> None:
        """Each node after all those that lead to it, as long as there is such an order."""
        edges = self.edges
        most = dict.fromkeys(edges, 0)
        ready, done = [self.start], 0
        while ready:
            node = ready.pop()
            done += 1
            spent = most[node]
            for to, turn in edges[node]:
                left[to] -= 1
                if not left[to]:
                    ready.append(to)
                total = spent + turn.hops
                if total > most[to]:
                    most[to] = total
        self.hops = most if done == len(edges) else None

    @cached_property
    def cheapest(self) -> Came:
        """Paths to all nodes: the fewest dead ports first, then the fewest hops (Dijkstra).

        The nodes are in this order.
        """
        came: Came = {}
        order = count()
        queue: list[tuple[int, int, int, Node, tuple[Node, Turn] | None]]
        queue = [(0, 0, next(order), self.start, None)]
        settled: set[Node] = set()
        while queue:
            dead, length, _, node, by = heapq.heappop(queue)
            if node in settled:
                continue
            settled.add(node)
            if by is not None:
                came[node] = by
            for to, turn in self.edges[node]:
                if to not in settled:
                    more = dead + dead_before(turn.step)
                    entry = (more, length + 1, next(order), to, (node, turn))
                    heapq.heappush(queue, entry)
        return came


def _groups(lookups: Mapping[str, Lookup], *places: At) -> dict[tuple[str, int], FastFailover]:
    """By hub and number, the groups that decide what happens to packets at some places."""
    groups: dict[tuple[str, int], FastFailover] = {}
    for step in (turn.step for place in places for turn in place.turns):
        hub = step.at.hub
        waiting = [one for flow in step.matched for one in uses(flow.actions, "group")]
        while waiting:
            number = waiting.pop()
            group = lookups[hub].groups.get(number)
            if group is not None and (hub, number) not in groups:
                groups[hub, number] = group
                for bucket in group.buckets:
                    waiting += uses(bucket.actions, "group")
                    waiting += [] if bucket.watch_group is None else [bucket.watch_group]
    return groups


# Paths on which packets multiply without end: loops in which a copy of each packet stays.


def grows(seen: Exploration) -> str:
    """The hubs of a round on which a switch makes two packets of one, or nothing."""
    if seen.hops is not None:
        return ""
    import networkx as nx  # heavy, and seldom needed

    graph = nx.DiGraph()
    for node, following in seen.edges.items():
        graph.add_edges_from((node, to) for to, _ in following)
    for members in nx.strongly_connected_components(graph):
        for node in sorted(members):
            stay = Counter(
                _one_packet(seen, turn) for to, turn in seen.edges[node] if to in members
            )
            if any(copies > 1 for copies in stay.values()):
                return ", ".join(sorted({seen.core.places[place].hub for place, _ in members}))
    return ""


def _one_packet(seen: Exploration, turn: Turn) -> object:
    """Alike for what happens to one packet at once, whichever ports are dead."""
    step = turn.step
    groups = seen.core.network.lookups[step.at.hub].groups
    chosen = tuple(one for one in step.chosen if not _copies(groups[one.group]))
    return step.at, step.matched, chosen, step.packet.sent


def _copies(group: FastFailover) -> bool:
    return any(GROUP_OF_ALL in bucket.actions for bucket in group.buckets)


class PathClaim(Claim):
    """A claim that is asked once for each demand, with all paths of its packets."""

    def along_paths(self, network: Network, seen: Exploration) -> Iterator[Breach]:
        """What is wrong along the paths of one demand."""
        raise NotImplementedError

    def among(self, _explored: Sequence[Exploration]) -> Iterator[Breach]:
        """Return what is wrong with the paths of all demands together."""
        yield from ()


def trace_to(
    seen: Exploration, node: Node, step: Step, came: Came | None = None
) -> tuple[TraceStep, ...]:
    """The path from the door to a step, by default that which needs the fewest ports dead."""
    came = seen.cheapest if came is None else came
    sights = [TraceStep(step, node[1])]
    while node in came:
        node, turn = came[node]
        sights.append(TraceStep(turn.step, node[1]))
    return tuple(reversed(sights))


def longest(seen: Exploration, weight: Callable[[Turn], int]) -> tuple[dict[Node, int], Came]:
    """The maximum weight of a path to each node, and those paths; only of paths without loops."""
    most: dict[Node, int] = {seen.start: 0}
    came: Came = {}
    for node in _in_order(seen):
        for to, turn in seen.edges[node]:
            total = most[node] + weight(turn)
            if total > most.get(to, -1):
                most[to] = total
                came[to] = (node, turn)
    return most, came


def _in_order(seen: Exploration) -> Iterator[Node]:
    """Each node after all that lead to it: depth first, the last finished first."""
    finished: list[Node] = []
    met = {seen.start}
    open_edges = [(seen.start, iter(seen.edges[seen.start]))]
    while open_edges:
        node, rest = open_edges[-1]
        following = next(rest, None)
        if following is None:
            finished.append(node)
            open_edges.pop()
        elif following[0] not in met:
            met.add(following[0])
            open_edges.append((following[0], iter(seen.edges[following[0]])))
    return reversed(finished)


def loop(seen: Exploration) -> tuple[TraceStep, ...]:
    """A path to a node and in a loop to it again, or nothing without a loop."""
    on_trace: dict[Node, int] = {seen.start: 0}
    done: set[Node] = set()
    steps: list[tuple[Node, Turn]] = []
    open_edges = [iter(seen.edges[seen.start])]
    while open_edges:
        following = next(open_edges[-1], None)
        if following is None:
            open_edges.pop()
            done.add(on_trace.popitem()[0])
            if steps:
                steps.pop()
            continue
        to, turn = following
        node = next(reversed(on_trace))
        if to in on_trace:
            return _round(seen, [*steps[on_trace[to] :], (node, turn)])
        if to not in done:
            on_trace[to] = len(on_trace)
            steps.append((node, turn))
            open_edges.append(iter(seen.edges[to]))
    return ()


def _round(seen: Exploration, circle: list[tuple[Node, Turn]]) -> tuple[TraceStep, ...]:
    """The cheapest path to where a circle begins, then once around."""
    (first, turn), rest = circle[0], circle[1:]
    around = [TraceStep(turn.step, node[1]) for node, turn in rest]
    return (*trace_to(seen, first, turn.step), *around)


def is_taken(seen: Exploration, fibres: tuple[str, ...]) -> bool:
    """Whether packets may come over these fibres, and no others, to some host."""
    nodes = {seen.start}
    for fibre in (*fibres, None):
        nodes |= {
            to
            for node in nodes
            for to, turn in seen.edges[node]
            if turn.move is not None and not turn.move.fibre
        }
        if fibre is not None:
            nodes = _across(seen, nodes, fibre)
    return bool(fibres) and any(
        turn.step.end is End.DELIVERED for node in nodes for turn in seen.at(node[0]).turns
    )


def _across(seen: Exploration, nodes: set[Node], fibre: str) -> set[Node]:
    return {
        to
        for node in nodes
        for to, turn in seen.edges[node]
        if turn.move is not None and turn.move.fibre == fibre
    }
