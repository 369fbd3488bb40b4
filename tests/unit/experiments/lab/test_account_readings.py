"""An account is read when nothing moves: counts of packets and of queues are of one moment."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from corridor.experiments.lab.account_readings import TRIES, AccountReadings
from corridor.topologies.emulation.packet_counters import Passed, Point


class Moving:
    """A queue through which one packet goes at each of the first readings."""

    def __init__(self, moves: int) -> None:
        self.moves, self.arrived, self.looked = moves, 0, 0

    def read(self) -> dict[Point, Passed]:
        return {Point("right", sent=False, number=0): Passed(self.arrived, self.arrived, 0)}

    def counters(self) -> dict[str, dict[str, int]]:
        self.looked += 1
        sent = {"sent_packets": self.arrived + (self.moves > 0)}
        if self.moves:
            self.moves -= 1
            self.arrived += 1
        return {"left": sent}


def reading(of: Moving) -> Any:
    readings = AccountReadings.__new__(AccountReadings)
    state: dict[str, Any] = {
        "_net": SimpleNamespace(kernel=of),
        "_counters": of,
        "_places": {"right": 0},
        "_meters": 0,
        "_follows": False,
        "_passed": {},
        "_fibres": {},
        "_read": [],
        "faults": None,
    }
    readings.__dict__.update(state)
    readings.read("", 0)
    (said,) = readings._read
    return said


def consistent(of: Moving) -> tuple[int, int]:
    """What a reading holds of it."""
    said = reading(of)
    return said.passed[0][3], said.fibres["left"]["sent_packets"]


def moving(of: Moving) -> list[list[int]]:
    said: Any = reading(of)
    return list(said.moving)


def test_counts_are_read_again_while_packets_move() -> None:
    of = Moving(moves=2)
    assert consistent(of) == (2, 2)
    assert of.looked == 3


def test_where_packets_always_move_the_last_counts_are_taken() -> None:
    of = Moving(moves=1000)
    consistent(of)
    assert of.looked == TRIES


def test_a_reading_names_where_packets_moved_meanwhile() -> None:
    assert moving(Moving(moves=2)) == []
    assert moving(Moving(moves=1000)) == [[0, 0, 0]]
