"""What a proof claims. Each claim is a class: an id, a sentence, and how it would be broken.

A claim looks where it could be broken: at the network as a whole, at the entries and groups of a
switch, at what a host's port or any other door lets in, at each step beyond, and, if it is a
``PathClaim``, along all paths of one demand. It yields a breach for each violation, and holds
if there is none. There is no
third answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from corridor.controller.forwarding.program import FastFailover, Flow
from corridor.controller.policy.automaton import Violation
from corridor.controller.prover.search.declared_demands import NOTHING, Demand
from corridor.controller.prover.search.declared_network import Network
from corridor.controller.prover.search.headers import ANY, Box
from corridor.controller.prover.search.reach import Step


class TraceStep(NamedTuple):
    """A step of a packet's path, and the packet's standing before it."""

    step: Step
    permit_state: int = NOTHING


@dataclass(frozen=True)
class Breach:
    """One violation of a claim, with what is needed to show it."""

    said: str
    """The verdict, one sentence without a full stop."""
    hub: str = ""
    entry: Flow | None = None
    """The entry at fault, where no packet need be followed to see it."""
    trace: tuple[TraceStep, ...] = ()
    """The path of a packet that shows it."""
    demand: Demand | None = None
    """Whose packet that is."""
    violations: tuple[Violation, ...] = ()
    """The clauses broken."""

    @property
    def headers(self) -> Box:
        """Headers any of which shows it, as they are sent."""
        headers = ANY
        for sight in self.trace:
            headers = headers.meet(sight.step.packet.sent) or headers
        return headers

    @property
    def cost(self) -> tuple[int, int]:
        """How many ports must be dead to see it, and the length of the path: the fewer the
        better."""
        return (sum(dead_before(sight.step) for sight in self.trace), len(self.trace))

    @property
    def order(self) -> tuple[object, ...]:
        """Cheapest first, then by what distinguishes two of equal cost."""
        entry = self.entry
        match = (entry.table, -entry.priority, repr(entry.match)) if entry else ()
        place = self.trace[-1].step.at.port if self.trace else 0
        headers = sorted(map(repr, (*self.headers.equal, *self.headers.unequal)))
        return (self.cost, self.hub, place, self.said, match, headers)


def dead_before(step: Step) -> int:
    """How many buckets must be dead for a packet to take this step."""
    return sum(choice.bucket for choice in step.chosen)


@dataclass(frozen=True)
class Edge:
    """All that a host's port may do with anything that the host sends."""

    hub: str
    host: str
    """Its name."""
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Door:
    """A port that a fibre or a gateway is on, and what its switch would do with what it brings.

    Fibres carry only what switches emit, and that they emit nothing else follows from the hosts'
    ports. The other doors are asked what they would let in all the same.
    """

    hub: str
    port: int
    unlabelled: tuple[Step, ...] = ()
    unnamed: tuple[Step, ...] = ()
    """With a label that no entry names."""
    unfit: tuple[Step, ...] = ()
    """Over a border, with a traffic class that may not cross one."""
    unsent: tuple[Step, ...] = ()
    """With a label that entries name and that no demand's packet brings here."""


class Claim:
    """Base of all claims; each overrides one or more of the places to look."""

    id: ClassVar[str]
    sentence: ClassVar[str]
    needs_program: ClassVar[bool] = False
    """Whether it compares with what was intended, and so needs a program in addition to the
    tables."""

    def overall(self, _network: Network) -> Iterator[Breach]:
        yield from ()

    def in_switch(self, _network: Network, _hub: str) -> Iterator[Breach]:
        """Of all entries of a switch together."""
        yield from ()

    def in_entry(self, _network: Network, _hub: str, _flow: Flow) -> Iterator[str]:
        """What is wrong with one entry alone."""
        yield from ()

    def in_group(self, _network: Network, _hub: str, _group: FastFailover) -> Iterator[str]:
        yield from ()

    def at_edge(self, _network: Network, _edge: Edge) -> Iterator[Breach]:
        yield from ()

    def at_port(self, _network: Network, _door: Door) -> Iterator[Breach]:
        yield from ()

    def in_step(self, _network: Network, _step: Step) -> Iterator[str]:
        """What is wrong with one thing that may happen to a packet, whosever it is."""
        yield from ()


def shown_at(step: Step, said: str, headers: Box | None = None) -> Breach:
    """A breach shown by the first step that a packet takes."""
    if headers is not None:
        step = step._replace(packet=step.packet.of(headers))
    return Breach(said, step.at.hub, trace=(TraceStep(step),))


def leaving(steps: Iterable[Step]) -> Iterator[Step]:
    """Those that do not end in a drop."""
    return (step for step in steps if not step.end.is_drop)
