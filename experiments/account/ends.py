"""What hosts say that they have sent and received, by class. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from corridor.experiments.account.packet_classes import (
    BACKWARD,
    FORWARD,
    PROBE,
    STREAM,
    PacketClass,
)
from corridor.experiments.account.segments import Segments, segments_of
from corridor.topologies.base.bounded_file import RESULT, read_json
from corridor.traffic.agents import records
from corridor.traffic.measures.samples import HostRecords


class Ends(NamedTuple):
    """By class, as far as its hosts count."""

    sent: Mapping[int, int]
    received: Mapping[int, int]
    dropped: Mapping[tuple[str, str, str], int] = {}
    """By hub, kind and direction: what the sockets of the host there had no room for."""
    segments: Mapping[int, Segments] = {}
    """Of TCP, as far as sockets told, by class: what they have sent."""


def ends_of(
    raw: Path,
    hosts: Sequence[HostRecords],
    classes: Sequence[PacketClass],
    ids: Sequence[str],
    dropped: Mapping[tuple[str, str, str], int],
    demand_of: Mapping[int, str],
) -> Ends:
    """From a run's ``raw`` folder; ``ids`` are those of demands, in order, ``dropped`` as in
    ``Ends``; ``demand_of`` tells whose each connection is."""
    number = {(one.demand, one.kind, one.direction): one.number for one in classes}
    sent, received = Counter[int](), Counter[int]()
    for demand in ids:
        for way in (FORWARD, BACKWARD):
            sent[number[demand, PROBE, way]] = received[number[demand, PROBE, way]] = 0
    for host in hosts:
        for kind, flag, way, counted in (
            (records.SENT, True, FORWARD, sent),
            (records.REFLECTED, False, FORWARD, received),
            (records.REFLECTED, True, BACKWARD, sent),
            (records.REPLY, False, BACKWARD, received),
        ):
            rows = host.records[host.records["kind"] == kind]
            if flag:
                rows = rows[rows["flags"] & records.SEND_FAILED == 0]
            if kind == records.REFLECTED and flag:
                rows = rows[rows["t3_ns"] != 0]
            demands, counts = np.unique(rows["demand"], return_counts=True)
            for demand, count in zip(demands.tolist(), counts.tolist(), strict=True):
                counted[number[ids[demand], PROBE, way]] += count
    for path in sorted(raw.glob("flows-*.json")):
        report = read_json(path, RESULT)
        for item in report["streams_out"]:
            sent[number[ids[item["flow"]], STREAM, FORWARD]] += item["packets_sent"]
        for item in report["streams_in"]:
            received[number[ids[item["flow"]], STREAM, FORWARD]] += (
                item["packets"] + item["duplicates"]
            )
    by_number = {one.number: one for one in classes}
    return Ends(sent, received, dropped, segments_of(raw, by_number, demand_of))
