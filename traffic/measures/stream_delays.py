"""What each packet of streams took, as receivers and senders wrote it. Pure but for reading."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corridor.topologies.base.bounded_file import RECORDS, read_bytes
from corridor.traffic.agents.delays import DELAY, HEADER, LATE, MAGIC


class Times(NamedTuple):
    """Packets by their numbers in the order of arrival, or bursts in the order of sending."""

    number: NDArray[np.int64]
    ns: NDArray[np.int64]


type StreamTimes = Mapping[int, Times]
"""By flow."""


class StreamDelays(NamedTuple):
    """Of all streams of a run; those of streams that were cut short are in it as far as they came.

    ``torn`` counts files that end within a block, as those of killed agents may.
    """

    delay: StreamTimes
    late: StreamTimes
    torn: int


def read_stream_delays(folder: Path) -> StreamDelays:
    """From a run's ``raw`` folder; nothing of runs without streams, or of earlier versions."""
    blocks: dict[tuple[int, int], list[Times]] = {}
    torn = 0
    for path in sorted(folder.glob("delays-*.bin")):
        torn += not _read_blocks(read_bytes(path, RECORDS), blocks)
    joined = {key: _joined(found) for key, found in blocks.items()}
    return StreamDelays(_of(joined, DELAY), _of(joined, LATE), torn)


def _read_blocks(data: bytes, into: dict[tuple[int, int], list[Times]]) -> bool:
    """Whether all of it are whole blocks; nothing behind one that is not is read."""
    at = 0
    while at + HEADER.size <= len(data):
        magic, what, flow, count = HEADER.unpack_from(data, at)
        times_at = at + HEADER.size + 4 * count
        end = times_at + 8 * count
        if magic != MAGIC or end > len(data):
            return False
        numbers = np.frombuffer(data, "<u4", count, at + HEADER.size).astype(np.int64)
        times = np.frombuffer(data, "<i8", count, times_at).astype(np.int64)
        into.setdefault((what, flow), []).append(Times(numbers, times))
        at = end
    return at == len(data)


def _joined(blocks: list[Times]) -> Times:
    return Times(
        np.concatenate([one.number for one in blocks]), np.concatenate([one.ns for one in blocks])
    )


def _of(joined: Mapping[tuple[int, int], Times], what: int) -> StreamTimes:
    return {flow: times for (kind, flow), times in joined.items() if kind == what}
