"""The disciplines of one queue, as values: what a kind makes, and what the kernel holds. Pure.

On top stands a gate, a token bucket that lets a frame pass whenever the fibre has sent the one
before. So what stands below chooses when the fibre is free, and no frame that has begun is
interrupted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.emulation.queues.disciplines import (
    TICK_NS,
    ByteFifo,
    Htb,
    HtbClass,
    Options,
)
from corridor.topologies.emulation.queues.filter_octets import Program
from corridor.topologies.model.line import FULL_FRAME_ON_FIBRE_BYTES, Queue, QueueClass

GATE, INNER, FIRST_LINE = 0x10000, 0x20000, 0x100000
GATE_CLASS = GATE + 1
LINE_STEP = 0x10000
ROOT = 0xFFFFFFFF
LEAST_BYTES_PER_S = 1


class Stage(NamedTuple):
    handle: int
    parent: int
    what: Options


class Class(NamedTuple):
    classid: int
    parent: int
    what: Options


class Filter(NamedTuple):
    """A program that gives frames their class, in the discipline ``parent``."""

    parent: int
    program: Program


class Line(NamedTuple):
    """A queue in which frames stand: its counters are those of the discipline ``handle``."""

    name: str
    handle: int


class Tree(NamedTuple):
    """In the order of requests to the kernel: parents before their children."""

    parts: tuple[Stage | Class | Filter, ...]
    lines: tuple[Line, ...]


def gate(rate_bytes_per_s: int) -> tuple[Stage, Class]:
    """Lets a frame pass when the one before has been sent. A bucket of one tick saves no time up:
    after a pause the next frame passes 64 ns early at most."""
    rate = max(LEAST_BYTES_PER_S, rate_bytes_per_s)
    only = HtbClass(rate, rate, 1, 1, FULL_FRAME_ON_FIBRE_BYTES, 0)
    return Stage(GATE, ROOT, Htb(1)), Class(GATE_CLASS, GATE, only)


def ticks(frame_bytes: int, rate_bytes_per_s: int) -> int:
    """The time that a frame takes at a rate, one at least."""
    return max(1, frame_bytes * NS_PER_S // rate_bytes_per_s // TICK_NS)


def classid(parent: int, number: int) -> int:
    """Of the class ``number``, counted from 0, of a discipline."""
    return parent + number + 1


def lines(parent: int, classes: tuple[QueueClass, ...]) -> tuple[tuple[Stage, Line], ...]:
    """A drop-tail queue under each class of a discipline."""
    found = []
    for number, one in enumerate(classes):
        handle = FIRST_LINE + number * LINE_STEP
        stage = Stage(handle, classid(parent, number), ByteFifo(one.buffer_bytes))
        found.append((stage, Line(one.name, handle)))
    return tuple(found)


def numbers_by_dscp(parent: int, classes: tuple[QueueClass, ...]) -> tuple[dict[int, int], int]:
    """The class of each DSCP, and that of all others."""
    found = {
        dscp: classid(parent, number) for number, one in enumerate(classes) for dscp in one.dscps
    }
    rest = next((n for n, one in enumerate(classes) if not one.dscps), len(classes) - 1)
    return found, classid(parent, rest)


# What the file of a kind of queues holds. Pure.

type Takes = Literal["classes", "weights", "target", "ecn", "commitments"]


class QueueKind(NamedTuple):
    """One kind. ``tree(queue, rate_bytes_per_s)`` is what is in front of a fibre."""

    key: str
    words: str
    """What it does, for people: a phrase for a table."""
    tree: Callable[[Queue, int], Tree]
    takes: frozenset[Takes] = frozenset()
    """What of a ``Queue`` it looks at, besides its buffer."""


# What a kernel states about one interface's tree of disciplines, as dumped.


@dataclass(frozen=True)
class Found:
    """Bodies of messages: each a ``rtnetlink.QDISC`` header, then attributes."""

    qdiscs: Mapping[int, bytes]
    """By their handle."""
    filters: tuple[bytes, ...] = ()
    """Of the root discipline."""
