"""When the packets of a paced stream are due. Pure, and no rounding adds up."""

from __future__ import annotations

from corridor.topologies.base.seconds import NS_PER_S


def stream_packets(duration_ns: int, rate_bps: int, frame_bytes: int) -> int:
    """How many frames a stream of ``rate_bps`` (frame bits, no FCS) sends in ``duration_ns``."""
    return max(1, duration_ns * rate_bps // (frame_bytes * 8 * NS_PER_S))


def burst_packets(burst_ns: int, rate_bps: int, frame_bytes: int) -> int:
    """How many frames fall into one burst interval; at least one."""
    return max(1, burst_ns * rate_bps // (frame_bytes * 8 * NS_PER_S))


def packet_time(start_ns: int, packet: int, rate_bps: int, frame_bytes: int) -> int:
    """When packet number ``packet`` of a stream is due, without accumulated rounding."""
    return start_ns + packet * frame_bytes * 8 * NS_PER_S // rate_bps
