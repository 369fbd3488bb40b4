"""Hosts of messages on one loopback: their workloads in one loop, and what they recorded."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from corridor.traffic.agents.messages import ConnectionEnd, Message
from corridor.traffic.agents.messages_host import Connections
from corridor.traffic.agents.messages_log import file_name
from corridor.traffic.agents.program import Place
from corridor.traffic.packets.kernel import Descriptors

MS = 1_000_000
CLIENT, SERVER = "127.0.0.1", "127.0.0.2"
SOON_NS = 20 * MS
"""From the making of sockets to the epoch."""


def free_ports(count: int) -> list[int]:
    """Of TCP, at both addresses."""
    with ExitStack() as stack:
        found = []
        for _ in range(count):
            one = stack.enter_context(socket.socket())
            one.bind(("", 0))
            found.append(one.getsockname()[1])
    return found


def both_ends(
    connection: int,
    ports: tuple[int, int],
    there: Sequence[Message] = (),
    back: Sequence[Message] = (),
    closes_ns: int = 2000 * MS,
    **more: Any,
) -> tuple[ConnectionEnd, ConnectionEnd]:
    """The client's and the server's, of what one sends there and the other back.

    With the congestion control that every kernel allows every user, unless ``more`` names another.
    """
    more = {"congestion": "reno", **more}
    octets = [tuple((one.id, one.bytes) for one in sends) for sends in (there, back)]
    client = ConnectionEnd(
        *(connection, 0, "connects", CLIENT, ports[0], SERVER, ports[1], 0, closes_ns),
        sends=tuple(there), expects=octets[1], **more,
    )  # fmt: skip
    server = ConnectionEnd(
        *(connection, 0, "listens", SERVER, ports[1], CLIENT, ports[0], 0, closes_ns),
        sends=tuple(back), expects=octets[0], **more,
    )  # fmt: skip
    return client, server


class Carried:
    """Results of hosts' connections: counts by host, and the lines of each."""

    def __init__(
        self, epoch_ns: int, counts: Mapping[str, Any], folder: Path, peeked: Sequence[int]
    ) -> None:
        self.epoch_ns = epoch_ns
        self.counts = counts
        self.peeked = peeked
        self._folder = folder

    def lines(self, host: str) -> list[dict[str, Any]]:
        return lines_of(self._folder, host)

    def of(self, host: str, key: str) -> list[dict[str, Any]]:
        return [line for line in self.lines(host) if key in line]

    def times(self, host: str, key: str) -> dict[int, list[int]]:
        """By message, after the epoch."""
        return {
            line["m"]: [at_ns - self.epoch_ns if at_ns else at_ns for at_ns in line[key]]
            for line in self.of(host, key)
        }

    def failures(self, host: str) -> dict[int, str]:
        return {line["c"]: line["failed"] for line in self.of(host, "failed")}


def lines_of(folder: Path, host: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / file_name(host)).read_text().splitlines()]


def carry_out(
    folder: Path,
    hosts: Mapping[str, Sequence[ConnectionEnd]],
    for_ns: int = 2000 * MS,
    flush_records: int = 64,
    peek_ns: Sequence[int] = (),
) -> Carried:
    """Run until no host has work, or until the time limit. At ``peek_ns``, the lines that the last
    host has written are counted."""
    descriptors = Descriptors()
    made = {
        name: Connections(parts, _place(descriptors, name, folder, flush_records))
        for name, parts in hosts.items()
    }
    epoch_ns = time.time_ns() + SOON_NS
    for one in made.values():
        one.start(epoch_ns)
    peeks = [epoch_ns + one for one in peek_ns]
    peeked = []
    while (
        not all(one.have_ended for one in made.values())
        and (left_ns := epoch_ns + for_ns - time.time_ns()) > 0
    ):
        until_ns = min([left_ns, *(one - time.time_ns() for one in peeks[len(peeked) :])])
        for descriptor, _ in descriptors.poll(max(until_ns, 0) / 1e9):
            descriptors.handlers[descriptor]()
        if len(peeked) < len(peeks) and time.time_ns() >= peeks[len(peeked)]:
            peeked.append(len(lines_of(folder, [*hosts][-1])))
    counts = {name: one.finish() for name, one in made.items()}
    return Carried(epoch_ns, counts, folder, peeked)


def _place(descriptors: Descriptors, host: str, folder: Path, flush_records: int) -> Place:
    """With what connections ask of it, and nothing else."""
    unasked: dict[str, Any] = dict.fromkeys(Place._fields)
    return Place(**unasked)._replace(
        descriptors=descriptors,
        host=host,
        netns="",
        out_dir=str(folder),
        flush_records=flush_records,
    )
