"""The decisions that paths are made of: values, linked into a graph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from corridor.controller.intent.intent import Protection
from corridor.controller.policy.automaton import Automaton, State
from corridor.controller.policy.phase import Phase


@dataclass(frozen=True, eq=False, slots=True)
class Node:
    """One decision, shared wherever the same is decided."""

    hub: str
    automaton: Automaton
    """Of the permit that the path follows from here on."""
    state: State
    """The packet's at this hub, under that permit."""
    phase: Phase
    otherwise: Node | None
    """At the same hub, if this is found dead."""

    @property
    def alternatives(self) -> Iterator[Node]:
        """This, and what is done otherwise, in order."""
        node: Node | None = self
        while node is not None:
            yield node
            node = node.otherwise


@dataclass(frozen=True, eq=False, slots=True)
class Deliver(Node):
    """To the hub's host."""


@dataclass(frozen=True, eq=False, slots=True)
class Cross(Node):
    """Over a fibre; ``then`` at its far end."""

    fibre: str
    then: Node


@dataclass(frozen=True, eq=False, slots=True)
class Assess(Node):
    """Through the hub's gateway; ``then`` at the same hub, in the state past it."""

    then: Node


def unprotected(first: Node | None, protection: Protection) -> Iterator[Cross | Assess]:
    """What the primary path traverses without a detour, of the kinds protected against."""
    node = first if protection.k else None
    while isinstance(node, Cross | Assess):
        kind = "link" if isinstance(node, Cross) else "gateway"
        if node.otherwise is None and kind in protection.over:
            yield node
        node = node.then


def reached(first: Node | None) -> Iterator[Node]:
    """Every decision of a graph, once."""
    waiting, seen = [first], set[Node]()
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            yield node
            waiting += [node.otherwise, getattr(node, "then", None)]


def is_alike(one: Node | None, other: Node | None) -> bool:
    """Whether two graphs decide the same at every place, in the same states of the same permits."""
    if one is other:
        return True
    waiting, paired = [(one, other)], dict[Node, Node]()
    while waiting:
        here, there = waiting.pop()
        if here is None or there is None:
            if here is not there:
                return False
        elif here not in paired:
            if _decision(here) != _decision(there) or here.automaton is not there.automaton:
                return False
            paired[here] = there
            waiting.append((here.otherwise, there.otherwise))
            waiting.append((getattr(here, "then", None), getattr(there, "then", None)))
        elif paired[here] is not there:
            return False
    return len({*paired.values()}) == len(paired)


def _decision(node: Node) -> tuple[object, ...]:
    return type(node), node.hub, node.state, node.phase, getattr(node, "fibre", "")


class Used(NamedTuple):
    """What a path traverses without failures."""

    rank: int
    """How many unequal permits were tried in vain before its own."""
    one_way_ns: int
    fibres: tuple[str, ...]
    gateways: tuple[str, ...]
    """Hubs whose gateway is passed."""


def met_along(first: Node | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Fibres that are crossed, and hubs whose gateway is passed, while nothing is found dead."""
    fibres, gateways = [], []
    node = first
    while isinstance(node, Cross | Assess):
        if isinstance(node, Cross):
            fibres.append(node.fibre)
        else:
            gateways.append(node.hub)
        node = node.then
    return tuple(fibres), tuple(gateways)
