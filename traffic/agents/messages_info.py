"""What the kernel knows of a TCP connection: ``struct tcp_info`` of linux/tcp.h.

Standard library only, for 64-bit Linux.
"""

from __future__ import annotations

import socket
from struct import Struct

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
