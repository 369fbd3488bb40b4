"""When packets are meant to leave: exact lists of integers, known before the run. Pure.

Periodic streams follow RFC 3432, Poisson sampling RFC 2330 section 11.1.1. All times are
nanoseconds after the epoch. The agents sleep until each of them on an absolute timer of
CLOCK_REALTIME, the clock the kernel stamps arrivals with, so intended times, T1 and T4 compare
without conversion and no error adds up.
"""

from __future__ import annotations

from math import log

from corridor.topologies.base.seconds import NS_PER_S

_MASK = 0xFFFF_FFFF_FFFF_FFFF


class SplitMix64:
    """The generator of Steele, Lea and Flood (OOPSLA 2014): the same numbers everywhere.

    Chosen over ``random`` because agents then need not import it, and its stream is fixed by
    these few lines instead of by a library's version.
    """

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        self._state = seed & _MASK

    def next(self) -> int:
        self._state = (self._state + 0x9E37_79B9_7F4A_7C15) & _MASK
        mixed = self._state
        mixed = (mixed ^ mixed >> 30) * 0xBF58_476D_1CE4_E5B9 & _MASK
        mixed = (mixed ^ mixed >> 27) * 0x94D0_49BB_1331_11EB & _MASK
        return mixed ^ mixed >> 31

    def unit(self) -> float:
        """Uniform in (0, 1], so its logarithm is finite."""
        return ((self.next() >> 11) + 1) * 2.0**-53


def periodic(start_ns: int, interval_ns: int, count: int) -> list[int]:
    return list(range(start_ns, start_ns + interval_ns * count, interval_ns))


def poisson(start_ns: int, mean_interval_ns: int, count: int, seed: int) -> list[int]:
    """``count`` arrivals with exponential gaps, the first one gap after ``start_ns``."""
    generator = SplitMix64(seed)
    now = start_ns
    times = []
    for _ in range(count):
        now += round(-mean_interval_ns * log(generator.unit()))
        times.append(now)
    return times


def send_times(
    arrival: str, start_ns: int, interval_ns: int, count: int, seed: int = 0
) -> list[int]:
    """The intended send times of one demand; ValueError for an arrival process not known."""
    if arrival == "periodic":
        return periodic(start_ns, interval_ns, count)
    if arrival == "poisson":
        return poisson(start_ns, interval_ns, count, seed)
    raise ValueError(f"arrival {arrival!r} is neither 'periodic' nor 'poisson'")


def stream_packets(duration_ns: int, rate_bps: int, frame_bytes: int) -> int:
    """How many frames a stream of ``rate_bps`` (frame bits, no FCS) sends in ``duration_ns``."""
    return max(1, duration_ns * rate_bps // (frame_bytes * 8 * NS_PER_S))


def burst_packets(burst_ns: int, rate_bps: int, frame_bytes: int) -> int:
    """How many frames fall into one burst interval; at least one."""
    return max(1, burst_ns * rate_bps // (frame_bytes * 8 * NS_PER_S))


def packet_time(start_ns: int, packet: int, rate_bps: int, frame_bytes: int) -> int:
    """When packet number ``packet`` of a stream is due, without accumulated rounding."""
    return start_ns + packet * frame_bytes * 8 * NS_PER_S // rate_bps
