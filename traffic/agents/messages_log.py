"""The outcome of messages and connections, as lines of JSON: ``messages-HOST.jsonl``.

Standard library only. A line is one of these; all times are CLOCK_REALTIME ns:

    {"c": 7, "open": [planned, established]}                     at the end that connects
    {"m": 3, "c": 7, "out": [intended, began, written]}          null for what has not been
    {"m": 3, "c": 7, "in": [first, completed]}
    {"c": 7, "info": [at, ...]}                                  SAMPLED below
    {"c": 7, "failed": "reset", "at_ns": ...}
    {"c": 7, "end": {"at_ns": ..., "sent": octets, "received": octets, ...}}

The file is only appended to: who is killed leaves whole lines, and at most the last of them torn.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from struct import Struct

from corridor.topologies.base.seconds import NS_PER_S

FLUSH_NS = NS_PER_S
"""No line waits longer."""


def file_name(host: str) -> str:
    return f"messages-{host}.jsonl"


class MessageLog:
    """Writes lines ``flush_lines`` at a time, and those left a second after the first of them."""

    def __init__(
        self, path: str, flush_lines: int, call_at: Callable[[int, Callable[[], None]], None]
    ) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        self._flush_lines = flush_lines
        self._call_at = call_at
        self._waiting: list[str] = []
        self._is_due = False

    def opened(self, connection: int, planned_ns: int, at_ns: int) -> None:
        self._add(f'{{"c":{connection},"open":[{planned_ns},{at_ns}]}}\n', at_ns)

    def sent(
        self, message: int, connection: int, intended_ns: int, began_ns: int, written_ns: int
    ) -> None:
        """0 for what has not been."""
        times = f"{intended_ns},{began_ns or 'null'},{written_ns or 'null'}"
        line = f'{{"m":{message},"c":{connection},"out":[{times}]}}\n'
        self._add(line, written_ns or intended_ns)

    def received(self, message: int, connection: int, first_ns: int, completed_ns: int) -> None:
        times = f"{first_ns},{completed_ns or 'null'}"
        line = f'{{"m":{message},"c":{connection},"in":[{times}]}}\n'
        self._add(line, completed_ns or first_ns)

    def sampled(self, connection: int, at_ns: int, values: Sequence[int]) -> None:
        text = ",".join(map(str, values))
        self._add(f'{{"c":{connection},"info":[{at_ns},{text}]}}\n', at_ns)

    def failed(self, connection: int, reason: str, at_ns: int) -> None:
        line = f'{{"c":{connection},"failed":{json.dumps(reason)},"at_ns":{at_ns}}}\n'
        self._add(line, at_ns)

    def ended(self, connection: int, at_ns: int, totals: Mapping[str, int]) -> None:
        text = json.dumps({"at_ns": at_ns, **totals}, separators=(",", ":"))
        self._add(f'{{"c":{connection},"end":{text}}}\n', at_ns)

    def flush(self) -> None:
        """Pages are given up at once: what kills a guest's kernel would take dirty ones with it."""
        left = memoryview("".join(self._waiting).encode())
        self._waiting.clear()
        while left:
            left = left[os.write(self._fd, left) :]
        os.posix_fadvise(self._fd, 0, 0, os.POSIX_FADV_DONTNEED)

    def close(self) -> None:
        self.flush()
        os.close(self._fd)

    def _add(self, line: str, at_ns: int) -> None:
        self._waiting.append(line)
        if len(self._waiting) >= self._flush_lines:
            self.flush()
        elif not self._is_due:
            self._is_due = True
            self._call_at(at_ns + FLUSH_NS, self._flush_due)

    def _flush_due(self) -> None:
        self._is_due = False
        self.flush()


# What the kernel knows of a TCP connection: ``struct tcp_info`` of linux/tcp.h.
#
# Standard library only, for 64-bit Linux.

ESTABLISHED, SYN_SENT = 1, 2
"""States that the kernel names; none of the others is before a connection has been opened."""
SAMPLED = (
    *("rtt_us", "cwnd_segments", "retransmitted_segments", "bytes_acked", "delivery_bps"),
    *("ssthresh_segments", "unacked_segments", "bytes_received"),
)
"""What a sample has after its time, in this order."""

_INFO = Struct("@8B24I4Q6IQ3Q2I2Q2I")
_NAMES = (
    *("state", "ca_state", "retransmits", "probes", "backoff", "options", "wscale", "flags"),
    *("rto", "ato", "snd_mss", "rcv_mss", "unacked", "sacked", "lost", "retrans", "fackets"),
    *("last_data_sent", "last_ack_sent", "last_data_recv", "last_ack_recv"),
    *("pmtu", "rcv_ssthresh", "rtt", "rttvar", "snd_ssthresh", "snd_cwnd", "advmss", "reordering"),
    *("rcv_rtt", "rcv_space", "total_retrans"),
    *("pacing_rate", "max_pacing_rate", "bytes_acked", "bytes_received"),
    *("segs_out", "segs_in", "notsent_bytes", "min_rtt", "data_segs_in", "data_segs_out"),
    "delivery_rate",
    *("busy_time", "rwnd_limited", "sndbuf_limited", "delivered", "delivered_ce"),
    *("bytes_sent", "bytes_retrans", "dsack_dups", "reord_seen"),
)
_AT = {name: place for place, name in enumerate(_NAMES)}
_SAMPLE = tuple(
    _AT[name]
    for name in (
        *("rtt", "snd_cwnd", "total_retrans", "bytes_acked", "delivery_rate"),
        *("snd_ssthresh", "unacked", "bytes_received"),
    )
)
_DELIVERY = 4
_TOTALS = (
    *("bytes_sent", "bytes_acked", "bytes_received", "bytes_retrans"),
    *("segs_out", "segs_in", "data_segs_out", "data_segs_in", "total_retrans"),
    *("delivered", "delivered_ce", "dsack_dups", "reord_seen", "snd_mss"),
)
_MICROSECONDS = ("min_rtt", "busy_time", "rwnd_limited", "sndbuf_limited")


def state(connection: socket.socket) -> int:
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]


def sample(connection: socket.socket) -> list[int]:
    """The values of ``SAMPLED``."""
    said = _said(connection)
    values = [said[place] for place in _SAMPLE]
    values[_DELIVERY] *= 8
    return values


def totals(connection: socket.socket) -> dict[str, int]:
    """Under the kernel's own names, times with their unit."""
    said = _said(connection)
    times = {f"{name}_us": said[_AT[name]] for name in _MICROSECONDS}
    return {name: said[_AT[name]] for name in _TOTALS} | times


def _said(connection: socket.socket) -> tuple[int, ...]:
    octets = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO.size)
    return _INFO.unpack(octets.ljust(_INFO.size, b"\0"))
