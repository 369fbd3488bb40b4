"""Packets walked through the handmade network, and counted wherever a network counts them."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping
from typing import Any

import handmade_run
from corridor.experiments.account.ends import Ends
from corridor.experiments.account.ledger import Ledger, ledger
from corridor.experiments.account.packet_classes import FORWARD, PROBE, STREAM, classes_of
from corridor.experiments.account.readings import READINGS_SCHEMA, Reading, Readings, moments
from corridor.experiments.account.switches import Reasons

PLAN = handmade_run.plan()
CLASSES = classes_of(PLAN)
NUMBER = {(one.demand, one.kind, one.direction): one.number for one in CLASSES}
PROBES_OF_FAR, STREAM_OF_FAR = (NUMBER["far", kind, FORWARD] for kind in (PROBE, STREAM))
STREAM_OF_NEAR = NUMBER["near", STREAM, FORWARD]
NO_FIBRE = {
    "sent_packets": 0,
    "queue_drops": 0,
    "line_drops": 0,
    "backlog_packets": 0,
    "control_packets": 0,
    "control_drops": 0,
    "control_backlog_packets": 0,
}
NO_FIBRES = ("s1", "s2", "s3", "g-in", "g-out")
"""Interfaces of hosts, and of a gateway where there is one."""
PATHS = {
    "near": ("s1", "s1p2", "s2p2", "s2"),
    "far": ("s1", "s1p2", "s2p2", "s2p3", "s3p2", "s3"),
}
"""Interfaces in the order in which a demand's packets pass them."""


class CountedNetwork:
    """All counts of a run, packet by packet."""

    def __init__(self, plan: Any = PLAN) -> None:
        self.plan = plan
        self.passed: Counter[tuple[str, int, int]] = Counter()
        self.fibres = {
            end.interface: dict(NO_FIBRE)
            for fibre in plan.wiring.fibres
            for end in (fibre.a, fibre.z)
        }
        self.sent: Counter[int] = Counter()
        self.received: Counter[int] = Counter()
        self.meters = 0
        self.losing: dict[str, float] = {}
        self.off: list[str] = []
        self.readings: list[Reading] = []
        self.read("start")

    def send(self, number: int, packets: int = 1, *, until: str = "", drop: str = "") -> None:
        """As far as the interface ``until``, where the queue, the line or nothing (it is on its
        way) has it; past all of them without one. Packets of no demand go the way of ``far``."""
        path = PATHS[next((one.demand for one in CLASSES if one.number == number), "far")]
        self.sent[number] += packets
        for place, interface in enumerate(path):
            is_sent = place % 2
            self.passed[interface, is_sent, number] += packets
            if interface == until:
                if drop:
                    self.fibres[interface][f"{drop}_drops"] += packets
                elif is_sent and interface in self.fibres:
                    self.fibres[interface]["backlog_packets"] += packets
                return
            if interface in self.fibres and is_sent:
                self.fibres[interface]["sent_packets"] += packets
        self.received[number] += packets

    def read(self, name: str = "", at_ns: int = 0, **more: Any) -> None:
        self.readings.append(
            Reading(
                at_ns=at_ns,
                name=name,
                passed=[
                    [
                        list(self.fibres | dict.fromkeys(NO_FIBRES)).index(one),
                        side,
                        n,
                        p,
                        p,
                        0,
                    ]
                    for (one, side, n), p in self.passed.items()
                ],
                fibres=copy.deepcopy(self.fibres),
                losing=dict(self.losing),
                off=list(self.off),
                meters={"0": self.meters},
                machine=more.pop("machine", 0),
                **more,
            )
        )

    @property
    def said(self) -> Readings:
        names = [*self.fibres, *NO_FIBRES]
        return Readings(READINGS_SCHEMA, "", names, tuple(self.readings))

    def ledger(self, ends: Ends | None = None, told: Any = ()) -> Ledger:
        reasons = Reasons(self.plan, {one.number: one for one in CLASSES}, told, 0, frozenset())
        known = ends or Ends(self.sent, self.received)
        return ledger(self.plan.wiring, CLASSES, moments(self.said), known, reasons)


def lost(found: Ledger, number: int) -> Mapping[str, int]:
    """Of a class, by cause."""
    (line,) = (line for line in found.lines if line.of.number == number)
    by_cause: Counter[str] = Counter()
    for one in line.losses:
        by_cause[one.cause.kind] += one.packets
    return by_cause
