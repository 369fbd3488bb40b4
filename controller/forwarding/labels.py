"""Labels: which label a demand's packets carry on each fibre of its path.

A label names one decision at each hub it reaches, so paths that come together may share a label
from there to the end: a label is a tree of decisions towards the destination. Labels are never
shared between demands, nor between phases.

A path that returns to a hub without a gateway in between continues under another label
from there: it is given by the hub before. So no label is to name two decisions at a hub.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field
from typing import NamedTuple, TypeGuard

from corridor.controller.forwarding.forwarding_graph import Assess, Cross, ForwardingGraph, Node
from corridor.controller.forwarding.nodes import reached
from corridor.controller.forwarding.program import (
    FIRST_PATH,
    LAST_PATH,
    LabelUse,
    epoch_of,
    label_of,
)
from corridor.controller.policy.automaton import State
from corridor.controller.policy.phase import Phase
from corridor.topologies.base.errors import InputError

SNAP_PATHS = range(0xAAAA0 & LAST_PATH, (0xAAAAF & LAST_PATH) + 1)
"""Never given out: a host can make labels that end in one of these.

Open vSwitch takes IPv4 behind an LLC and SNAP header for IPv4, and the kernel pushes labels behind
that header, so that the next hub reads one from the octets AA-AA and the four bits after them.
"""


class Seat(NamedTuple):
    """Where the labels of one direction are: its epoch, and the number of its first label.

    A direction that changes moves to a seat of its other epoch. All others keep theirs.
    """

    epoch: int
    first: int

    @property
    def base(self) -> int:
        """What is added to the labels of a ``Labelling``."""
        return label_of(self.epoch, Phase.PRE, self.first)


def seat_of(first: int) -> Seat:
    """That of the direction whose first label this is."""
    return Seat(epoch_of(first), first & LAST_PATH)


class FreePaths:
    """The free direction numbers of one epoch. Each request gets a contiguous range."""

    def __init__(self, taken: Iterable[range] = ()) -> None:
        self._free: list[range] = []
        start = FIRST_PATH
        for block in sorted((*taken, SNAP_PATHS, _PAST_ALL), key=lambda one: one.start):
            if start < block.start:
                self._free.append(range(start, block.start))
            start = max(start, block.stop)

    def take(self, count: int) -> int:
        """The first number of the first free piece with room for ``count`` numbers."""
        if not count:
            return FIRST_PATH
        for place, free in enumerate(self._free):
            if len(free) >= count:
                self._free[place] = free[count:]
                return free.start
        most = LAST_PATH - FIRST_PATH + 1 - len(SNAP_PATHS)
        needs = f"{count} labels in a row" if count > 1 else "a label"
        raise InputError(
            f"a direction needs {needs}, and the {most:,} of its epoch have no gap for that",
            "protect fewer demands, or against fewer failures",
        )


_PAST_ALL = range(LAST_PATH + 1, LAST_PATH + 1)


@dataclass
class Labelling:
    """Labels of one forwarding graph, counted from 0: a seat states the offset.

    ``of`` gives the label a packet has once a node's decision is taken.
    """

    graph: ForwardingGraph
    first: int
    of: dict[Node, int] = field(default_factory=dict)
    """Alternatives that begin a detour, and what follows a gateway or is come to again, by
    their own label."""
    again: frozenset[Node] = frozenset()
    """Decisions where packets come to a hub again, and under another label."""
    at: dict[int, dict[str, Node]] = field(default_factory=dict)
    """Label to hub to the decision it names there."""
    began: dict[int, Node] = field(default_factory=dict)

    def onward(self, node: Node, label: int) -> int:
        """The label that packets leave by, if the decision that is taken goes by ``label``."""
        return self.of[node.then] if _is_before(node, self.again) else label

    def uses(self, base: int = 0) -> Iterator[LabelUse]:
        for label, node in self.began.items():
            hubs = [one.hub for one in _run(node, self.again)]
            state = node.automaton.name(node.state)
            permit = node.automaton.permit.id
            yield LabelUse(base + label, self.graph.intent.id, permit, state, tuple(hubs))


def label_graph(graph: ForwardingGraph) -> Labelling:
    """Labels for every decision of a graph, as few as first fit needs."""
    assert graph.first is not None
    labelling = Labelling(graph, first=0, again=_come_to_again(graph.first))
    named = _Named()
    labelling.first = _fit(labelling, named, graph.first)
    waiting = deque([graph.first])
    seen = {graph.first}
    while waiting:
        node = waiting.popleft()
        for begin in _beginnings(node, labelling.again):
            if begin not in labelling.of:
                labelling.of[begin] = _fit(labelling, named, begin)
        for following in (node.otherwise, getattr(node, "then", None)):
            if following is not None and following not in seen:
                seen.add(following)
                waiting.append(following)
    return labelling


def _beginnings(node: Node, again: Set[Node]) -> Iterator[Node]:
    """Decisions next to this one that need a separate label: detours, and past a gateway, and
    where a hub is come to again."""
    if node.otherwise is not None:
        yield node.otherwise
    if isinstance(node, Assess) or _is_before(node, again):
        yield node.then


def _is_before(node: Node, again: Set[Node]) -> TypeGuard[Cross]:
    """Whether packets leave a hub by another label than its decision has."""
    return isinstance(node, Cross) and node.then in again


def _run(node: Node, again: Set[Node]) -> Iterator[Node]:
    """The decisions that a packet meets under one label while nothing is found dead."""
    yield node
    while isinstance(node, Cross) and node.then not in again:
        node = node.then
        yield node


def _come_to_again(first: Node) -> frozenset[Node]:
    """Decisions to cut runs at, so that none comes to a hub twice."""
    waiting = [first, *(begin for node in reached(first) for begin in _beginnings(node, set()))]
    again: set[Node] = set()
    seen: set[Node] = set()
    while waiting:
        begin = waiting.pop()
        if begin in seen:
            continue
        seen.add(begin)
        hubs: set[str] = set()
        for node in _run(begin, again):
            if node.hub in hubs:
                again.add(node)
                waiting.append(node)
                break
            hubs.add(node.hub)
    return frozenset(again)


def _fit(labelling: Labelling, named: _Named, begin: Node) -> int:
    """A label that names the same decisions along the run of ``begin``, or nothing yet, there."""
    run = [*_run(begin, labelling.again)]
    # A detour's first decision is taken by the bucket that gives the label: no packet comes to it
    # under that label, unless by the host's port, back from a gateway, or where it is cut.
    is_met = begin is labelling.graph.first or isinstance(begin, Assess) or begin in labelling.again
    decided = run if is_met else run[1:]
    fitting = named.fitting(begin, decided)
    if fitting:
        label = max(fitting, key=lambda one: _shared(labelling.at[one], decided))
    else:
        label = label_of(0, begin.phase, len(labelling.at))
        labelling.at[label], labelling.began[label] = {}, begin
        named.begin(label, begin)
    by_hub = {node.hub: node for node in decided}
    labelling.at[label].update(by_hub)
    named.name(label, by_hub.values())
    return label


class _Named:
    """What labels name, as sets of labels: the bits of ints, in the order they were given."""

    def __init__(self) -> None:
        self._labels: list[int] = []
        self._places: dict[int, int] = {}
        self._of_state: dict[tuple[str, State], int] = {}
        """By permit, too."""
        self._at_hub: dict[str, int] = {}
        self._as_node: dict[Node, int] = {}

    def begin(self, label: int, node: Node) -> None:
        """A label whose first decision is in the state of a node."""
        bit = self._places[label] = 1 << len(self._labels)
        self._labels.append(label)
        state = (node.automaton.permit.id, node.state)
        self._of_state[state] = self._of_state.get(state, 0) | bit

    def name(self, label: int, decisions: Iterable[Node]) -> None:
        bit = self._places[label]
        for node in decisions:
            self._at_hub[node.hub] = self._at_hub.get(node.hub, 0) | bit
            self._as_node[node] = self._as_node.get(node, 0) | bit

    def fitting(self, begin: Node, run: list[Node]) -> list[int]:
        """The labels of its state that name these decisions at their hubs, or nothing yet."""
        fit = self._of_state.get((begin.automaton.permit.id, begin.state), 0)
        for node in run:
            fit &= ~self._at_hub.get(node.hub, 0) | self._as_node.get(node, 0)
        return (
            [label for place, label in enumerate(self._labels) if fit >> place & 1] if fit else []
        )


def _shared(names: dict[str, Node], run: list[Node]) -> int:
    return sum(names.get(node.hub) is node for node in run)
