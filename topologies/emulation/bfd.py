"""Bidirectional Forwarding Detection (RFC 5880) over fibres, in the words of Open vSwitch.

A port that speaks it is live for a group while its session is up, so a fibre that
loses frames in silence is left after three intervals (its detect multiplier is 3).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from corridor.topologies.base.errors import InputError
from corridor.topologies.emulation.ovsdb_client import Operation, Row, a_map
from corridor.topologies.model.wiring import Wiring

DESTINATION_MAC = "00:23:20:00:00:01"
"""That Open vSwitch sends BFD to by default."""


@dataclass(frozen=True)
class Status:
    """One end's view of its session; names and words are those of Open vSwitch."""

    state: str
    """``admin_down``, ``down``, ``init`` or ``up``."""
    remote_state: str
    forwarding: bool
    """Whether groups take the port as live."""
    flap_count: int
    """How often ``forwarding`` has changed; coming up is the first time."""

    @property
    def works(self) -> bool:
        return self.forwarding and self.state == "up" and self.remote_state == "up"


class Pace(NamedTuple):
    """How often a session sends, and how often it expects a packet."""

    sends_ms: int
    expects_ms: int

    def __str__(self) -> str:
        return f"sends each {self.sends_ms} ms, expects each {self.expects_ms} ms"


def interfaces(wiring: Wiring, fibre: str | None = None) -> Iterable[str]:
    """Those that speak BFD: both ends of every fibre, or of the one that is named."""
    for one in wiring.fibres:
        if fibre in (None, one.fibre):
            yield from (one.a.interface, one.z.interface)


def settings(interval_ms: int) -> dict[str, str]:
    """A session's: send and expect a packet each interval. InputError.

    Only what is sent to Open vSwitch's own address is heard: any user of a machine may send a
    broadcast out of an interface, but to no other address without knowing a neighbour's.
    """
    if interval_ms < 1:
        raise InputError(f"a BFD interval of {interval_ms} ms is less than 1")
    return {
        "enable": "true",
        "min_rx": f"{interval_ms}",
        "min_tx": f"{interval_ms}",
        "bfd_remote_dst_mac": DESTINATION_MAC,
    }


def column(interval_ms: int) -> Row:
    """The part of an interface's row that starts its session."""
    return {"bfd": a_map(settings(interval_ms))}


def updates(wiring: Wiring, interval_ms: int, fibre: str | None = None) -> list[Operation]:
    """Sessions of one fibre or of all, as operations on the database (RFC 7047, 5.2.3)."""
    row = column(interval_ms)
    return [
        {"op": "update", "table": "Interface", "where": [["name", "==", name]], "row": row}
        for name in interfaces(wiring, fibre)
    ]


def status(column: Mapping[str, str]) -> Status:
    """From an interface's ``bfd_status`` column, where keys are missing until it has spoken."""
    return Status(
        state=column.get("state", "down"),
        remote_state=column.get("remote_state", "down"),
        forwarding=column.get("forwarding") == "true",
        flap_count=int(column.get("flap_count", 0)),
    )


def paces(shown: str) -> dict[str, Pace]:
    """From what ``ovs-appctl bfd/show`` prints, by interface."""
    found = {}
    for part in shown.split("---- ")[1:]:
        name = part.partition(" ----")[0]
        intervals = dict(re.findall(r"^\s*([TR]X) Interval: Approx (\d+)ms$", part, re.MULTILINE))
        found[name] = Pace(int(intervals["TX"]), int(intervals["RX"]))
    return found


def unpaced(names: Iterable[str], found: Mapping[str, Pace], interval_ms: int) -> list[str]:
    """Interfaces whose session does not send and expect at the interval, each with its pace."""
    wanted = Pace(interval_ms, interval_ms)
    return [
        f"{name} ({found.get(name, 'no session')})" for name in names if found.get(name) != wanted
    ]


def lacking(wiring: Wiring, found: Mapping[str, Status]) -> list[str]:
    """Interfaces whose session is not up at both ends and forwarding, each with its state.

    Until an end has heard that the other is up, it waits for it by the slow pace of a start.
    """
    return [
        f"{name} ({found[name].state if name in found else 'no session'})"
        for name in interfaces(wiring)
        if name not in found or not found[name].works
    ]
