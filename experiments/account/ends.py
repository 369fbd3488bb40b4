"""What hosts say that they have sent and received, by class. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from corridor.experiments.account.packet_classes import (
    BACKWARD,
    FORWARD,
    MESSAGE,
    PROBE,
    STREAM,
    PacketClass,
)
from corridor.topologies.base.bounded_file import RESULT, read_json, read_text
from corridor.topologies.base.named_tuples import from_plain
from corridor.traffic.agents import records
from corridor.traffic.agents.stream_in import ReceivedStream
from corridor.traffic.agents.stream_out import SentStream
from corridor.traffic.measures.samples import HostRecords

# What the kernel states about the TCP connections of workloads: a second count of their packets.
#
# A socket counts each segment that it sends (``segs_out`` of TCP_INFO), and knows nothing of the
# counters at its host's port. What it does not count are a few of each connection: the server's
# answers to SYN, which no socket has sent yet, and what follows once the connection was closed.

UNCOUNTED = 8
"""Segments of a connection that its sockets may not count, on average: tcp_synack_retries is 5."""


class Segments(NamedTuple):
    """Of one class of packets."""

    sent: int
    connections: int

    @property
    def most(self) -> int:
        """What a port may have counted."""
        return self.sent + UNCOUNTED * self.connections


def segments_of(
    raw: Path, classes: Mapping[int, PacketClass], demand_of: Mapping[int, str]
) -> dict[int, Segments]:
    """By class, of demands whose connections all came to their end; ``demand_of`` each."""
    sent, ended = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    whole = Counter(demand_of.values())
    failed = set[str]()
    for path in sorted(raw.glob("messages-*.jsonl")):
        host = path.stem.removeprefix("messages-")
        for line in read_text(path, RESULT).splitlines():
            if '"end"' not in line and '"failed"' not in line:
                continue
            match _whole(line):
                case {"c": int(number), "end": {"segs_out": int(segments)}} if number in demand_of:
                    sent[demand_of[number], host] += segments
                    ended[demand_of[number], host] += 1
                case {"c": int(number), "failed": _} if number in demand_of:
                    failed.add(demand_of[number])
    return {
        number: Segments(sent[of.demand, of.src], whole[of.demand])
        for number, of in classes.items()
        if of.kind == MESSAGE
        and of.direction in (FORWARD, BACKWARD)
        and of.demand not in failed
        and 0 < whole[of.demand] == ended[of.demand, of.src]
    }


def _whole(line: str) -> object:
    """What a line says; None of one that is torn."""
    try:
        return json.loads(line)
    except ValueError:
        return None


class HostStreams(NamedTuple):
    """Of ``flows-HOST.json``: what agents have counted of the streams of a host."""

    streams_out: tuple[SentStream, ...]
    streams_in: tuple[ReceivedStream, ...]


def read_streams(path: Path) -> HostStreams:
    """Raises TypeError, KeyError: the file is of another version."""
    return from_plain(HostStreams, read_json(path, RESULT))


class Ends(NamedTuple):
    """By class, as far as its hosts count."""

    sent: Mapping[int, int]
    received: Mapping[int, int]
    dropped: Mapping[tuple[str, str, str], int] = {}
    """By hub, kind and direction: what the sockets of the host there had no room for."""
    unheard: Mapping[str, int] = {}
    """By hub, datagrams that came when no socket was bound to their port, of any class."""
    segments: Mapping[int, Segments] = {}
    """Of TCP, as far as sockets told, by class: what they have sent."""


def ends_of(
    raw: Path,
    hosts: Sequence[HostRecords],
    classes: Sequence[PacketClass],
    ids: Sequence[str],
    dropped: Mapping[tuple[str, str, str], int],
    unheard: Mapping[str, int],
    demand_of: Mapping[int, str],
) -> Ends:
    """From a run's ``raw`` folder; ``ids`` are those of demands, in order, ``dropped`` and
    ``unheard`` as in ``Ends``; ``demand_of`` tells whose each connection is."""
    number = {(one.demand, one.kind, one.direction): one.number for one in classes}
    sent, received = Counter[int](), Counter[int]()
    for demand in ids:
        for direction in (FORWARD, BACKWARD):
            sent[number[demand, PROBE, direction]] = received[number[demand, PROBE, direction]] = 0
    for host in hosts:
        for kind, is_sent, direction, counted in (
            (records.SENT, True, FORWARD, sent),
            (records.REFLECTED, False, FORWARD, received),
            (records.REFLECTED, True, BACKWARD, sent),
            (records.REPLY, False, BACKWARD, received),
        ):
            for index, count in host.packets(kind, sent=is_sent).items():
                counted[number[ids[index], PROBE, direction]] += count
    for path in sorted(raw.glob("flows-*.json")):
        counted_at = read_streams(path)
        for out in counted_at.streams_out:
            sent[number[ids[out.flow], STREAM, FORWARD]] += out.packets_sent
        for came in counted_at.streams_in:
            received[number[ids[came.flow], STREAM, FORWARD]] += came.packets + came.duplicates
    by_number = {one.number: one for one in classes}
    return Ends(sent, received, dropped, unheard, segments_of(raw, by_number, demand_of))
