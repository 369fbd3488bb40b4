"""``raw/account.json``: what was counted where, read before traffic, around each event, at the end.

Read and written by guests, too, so it imports little.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from corridor.topologies.base.bounded_file import RESULT, read_json
from corridor.topologies.base.codec import from_plain
from corridor.topologies.model.wiring import ALL_PPM

READINGS_SCHEMA = 1
READINGS_FILE = "account.json"
_LEFT_OUT = ("moving", "do", "event")
"""Keys of a reading that are left out if they say nothing."""
type Side = tuple[str, bool]
"""An interface, and whether its switch sent what was counted there, or received it."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One moment, with those counts that have changed since the reading before."""

    at_ns: int
    """As planned, after the epoch; no clock is read for it."""
    name: str
    passed: Sequence[Sequence[int]]
    """Each ``[interface, sent, class, packets, frames, bytes]``, of what has changed; interfaces by
    their place in ``interfaces``."""
    fibres: Mapping[str, Mapping[str, int]]
    """Counters of fibres' directions that have changed, by the sending interface."""
    losing: Mapping[str, float]
    """By interface whose shape a fault has changed, the share in parts per million that it loses at
    random."""
    off: Sequence[str]
    """Interfaces that faults hold down."""
    meters: Mapping[str, int]
    """Packets that each meter has dropped, by its number in the kernel; an update gives others."""
    machine: int
    """Packets that the backlogs of the kernel have dropped."""
    moving: Sequence[Sequence[int]] = ()
    """Each ``[interface, sent, control]`` of which packets were counted while queues were read, so
    that the two counts are not of one moment; on a slow processor that is often."""
    do: str = ""
    """The action that was carried out since the reading before."""
    event: str = ""
    """The id of its event."""


@dataclass(frozen=True)
class Readings:
    """The file. ``problem`` says why packets could not be counted by class, if they could not."""

    schema: int
    problem: str
    interfaces: Sequence[str]
    readings: tuple[Reading, ...]


type Lane = tuple[str, bool, bool]
"""A side, and whether it is switches' own packets that are meant."""
type Frames = Mapping[int, int]
"""By class; counted as queues do: where segmentation is left to the end, a frame may be several
packets."""
NOTHING: Frames = {}


class Moment(NamedTuple):
    """A reading with all counts so far."""

    said: Reading
    passed: Mapping[Side, Frames]
    fibres: Mapping[str, Mapping[str, int]]
    broken_by: Mapping[str, str]
    """By interface that a fault holds down or has lose all packets, the event it is of."""
    moving: frozenset[Lane] = frozenset()
    """Where counts of packets are newer than those of queues."""

    def frames(self, interface: str, *, sent: bool) -> Frames:
        return self.passed.get((interface, sent), NOTHING)


def write_readings(raw: Path, readings: Readings) -> None:
    # Not by the codec, which would look at each of many numbers.
    said = {**vars(readings), "readings": [_plain(one) for one in readings.readings]}
    (raw / READINGS_FILE).write_text(json.dumps(said, separators=(",", ":")) + "\n")


def _plain(reading: Reading) -> Mapping[str, object]:
    return {key: value for key, value in vars(reading).items() if value or key not in _LEFT_OUT}


def read_readings(raw: Path) -> Readings | None:
    """None where a run did not come that far, or is of an earlier version."""
    path = raw / READINGS_FILE
    return from_plain(Readings, read_json(path, RESULT)) if path.exists() else None


def moments(said: Readings) -> list[Moment]:
    """All counts at each reading."""
    passed: dict[Side, Frames] = {}
    fibres: dict[str, Mapping[str, int]] = {}
    broken_by: Mapping[str, str] = {}
    found = []
    for reading in said.readings:
        changed: dict[Side, dict[int, int]] = {}
        for interface, sent, number, _packets, frames, _octets in reading.passed:
            side = (said.interfaces[interface], bool(sent))
            if side not in changed:
                changed[side] = dict(passed.get(side, NOTHING))
            changed[side][number] = frames
        passed, fibres = {**passed, **changed}, {**fibres, **reading.fibres}
        dead = (one for one, loss_ppm in reading.losing.items() if loss_ppm >= ALL_PPM)
        broken = (*dead, *reading.off)
        broken_by = {one: broken_by.get(one, reading.event) for one in broken}
        moving = frozenset(
            (said.interfaces[interface], bool(sent), bool(control))
            for interface, sent, control in reading.moving
        )
        found.append(Moment(reading, passed, fibres, broken_by, moving))
    return found


def since(before: Moment, now: Moment, interface: str, *, sent: bool) -> dict[int, int]:
    """Frames of each class between two moments, of those that had any."""
    was, has = (one.frames(interface, sent=sent) for one in (before, now))
    if was is has:
        return {}
    more = {number: frames - was.get(number, 0) for number, frames in has.items()}
    return {number: frames for number, frames in more.items() if frames}
