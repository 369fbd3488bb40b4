"""Everything that may happen at each place beyond the hosts' ports, asked once and kept.

There only the label distinguishes packets, so what a switch does at a place is the same for all
demands that come there. Places are numbered for good; what happens at them changes with tables.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from typing import NamedTuple

from corridor.controller.forwarding.program import Table, Value, epoch_of, phase_of
from corridor.controller.prover.search.claim import Claim
from corridor.controller.prover.search.declared_network import Network
from corridor.controller.prover.search.declared_permits import Move
from corridor.controller.prover.search.headers import ANY
from corridor.controller.prover.search.reach import End, Place, Step, steps_at

DOOR = -1
"""The number of the place that a demand's packets come from: its host's port."""
NOWHERE = -2
NO_PHASE = -1
NOBODY = -1


class Turn(NamedTuple):
    """A step by where it leads."""

    step: Step
    to: int
    """The number of the place it leads to, or ``NOWHERE``."""
    move: Move | None
    phase: int
    """What the label says that the packet leaves with, or ``NO_PHASE``."""
    hops: int
    is_narrow: bool
    """Whether it happens only to packets that were sent with certain headers."""


type Remark = tuple[Claim, Step, str]
"""A claim, a step that breaks it, and how."""
type Judge = Callable[[Network, Iterable[Step]], tuple[Remark, ...]]


class At(NamedTuple):
    """What may happen at a place, and what is wrong with that for packets of any demand."""

    turns: tuple[Turn, ...]
    remarks: tuple[Remark, ...]
    serves: int | None = None
    """The number of the demand that entries met there state: ``NOBODY`` where they differ, or where
    some state another epoch than the label; None where none is met."""


class Core:
    """Places and what happens at them, found out when it is asked for."""

    def __init__(self, network: Network, judge: Judge) -> None:
        self.network = network
        self.places: list[Place] = []
        self.by_door: dict[tuple[str, int], dict[int | None, list[int]]] = {}
        """Numbers of places by hub and port, and by label."""
        self._judge = judge
        self._numbers: dict[Place, int] = {}
        self._known: list[At | None] = []

    def at(self, number: int) -> At:
        if number >= len(self._known):
            self._known += [None] * (len(self.places) - len(self._known))
        known = self._known[number]
        if known is None:
            steps = steps_at(self.network, self.places[number])
            known = self._known[number] = self.judged(steps)
        return known

    def judged(self, steps: tuple[Step, ...]) -> At:
        turns = tuple(map(self._turn, steps))
        return At(turns, self._judge(self.network, steps), _served(steps))

    def _turn(self, step: Step) -> Turn:
        narrow = step.packet.sent is not ANY
        if step.to is None:
            return Turn(step, NOWHERE, None, NO_PHASE, step.hops, narrow)
        if step.end is End.CROSSED:
            fibre = self.network.cables[step.at.hub, step.port or 0].fibre
            move = Move(fibre, step.to.hub)
        else:
            move = Move("", step.to.hub)
        label = step.packet.label
        phase = NO_PHASE if label is None else int(phase_of(label))
        return Turn(step, self._number(step.to), move, phase, step.hops, narrow)

    def _number(self, place: Place) -> int:
        number = self._numbers.get(place)
        if number is None:
            number = self._numbers[place] = len(self.places)
            self.places.append(place)
            by_label = self.by_door.setdefault((place.hub, place.port), {})
            by_label.setdefault(place.packet.label, []).append(number)
        return number

    def changed(self, network: Network, places: Iterable[int]) -> Core:
        """The core of a network in which something else may happen at these places."""
        after = Core(network, self._judge)
        after.places, after.by_door, after._numbers = self.places, self.by_door, self._numbers
        after._known = self._known.copy()
        for number in places:
            if number < len(after._known):
                after._known[number] = None
        return after

    def has_same(self, other: Core, numbers: Iterable[int]) -> bool:
        """Whether nothing has changed at these places since another core, or before it."""
        mine, its = self._known, other._known
        most = min(len(mine), len(its))
        return all(one < most and mine[one] is its[one] is not None for one in numbers)

    def places_at(self, hub: str, port: Value | None, label: Value | None) -> Iterator[int]:
        """Places at a port of a hub that have been met, by a label or by none; None for any."""
        for by_label in self._doors(hub, port):
            some = (
                by_label.values()
                if label is None
                else (by_label.get(int(label)), by_label.get(None))
            )
            for numbers in some:
                yield from numbers or ()

    def _doors(self, hub: str, port: Value | None) -> Iterable[dict[int | None, list[int]]]:
        if isinstance(port, int):
            return (self.by_door.get((hub, port), {}),)
        return (by_label for (at, _), by_label in self.by_door.items() if at == hub)

    def meets(self, number: int, flows: Container[int]) -> bool:
        """Whether packets at a place may meet one of these entries, each named by its id."""
        known = self._known[number] if number < len(self._known) else None
        return known is not None and any(
            id(flow) in flows for turn in known.turns for flow in turn.step.matched
        )


def _served(steps: Iterable[Step]) -> int | None:
    """The demand whose packets entries of the last table say they are for; see ``At.serves``."""
    numbers: set[int] = set()
    for step in steps:
        label = step.at.packet.label
        for flow in step.matched:
            if flow.table == Table.SWITCH and flow.match:
                is_of_epoch = label is None or flow.serial == epoch_of(label) + 1
                numbers.add(flow.policy if is_of_epoch else NOBODY)
    if len(numbers) > 1:
        return NOBODY
    return numbers.pop() if numbers else None
