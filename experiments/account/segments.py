"""What the kernel states about the TCP connections of workloads: a second count of their packets.

A socket counts each segment that it sends (``segs_out`` of TCP_INFO), and knows nothing of the
counters at its host's port. What it does not count are a few of each connection: the server's
answers to SYN, which no socket has sent yet, and what follows once the connection was closed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from corridor.experiments.account.packet_classes import BACKWARD, FORWARD, MESSAGE, PacketClass
from corridor.topologies.base.bounded_file import RESULT, read_text

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
            try:
                one = json.loads(line)
                demand = demand_of[one["c"]]
                segments = one["end"]["segs_out"] if "end" in one else None
            except (ValueError, LookupError, TypeError):
                continue  # torn, or of an earlier version: then it is one short
            if segments is None:
                failed.add(demand)
            else:
                sent[demand, host] += segments
                ended[demand, host] += 1
    return {
        number: Segments(sent[of.demand, of.src], whole[of.demand])
        for number, of in classes.items()
        if of.kind == MESSAGE
        and of.direction in (FORWARD, BACKWARD)
        and of.demand not in failed
        and 0 < whole[of.demand] == ended[of.demand, of.src]
    }
