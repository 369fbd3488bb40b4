"""Queueing disciplines and their classes as octets, and what the kernel states about them. Pure.

Each value has ``options`` and is read back by ``held``; ``as_held`` is what the kernel makes of it,
which keeps some times in its own units. Layouts and numbers: linux/pkt_sched.h.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol, Self

from corridor.topologies.emulation.queues.rtnetlink import Attributes, attribute, attributes, u32

_U32, _U64 = struct.Struct("=I"), struct.Struct("=Q")
_RATE = struct.Struct("=BBHhHI")
"""Cell log, link layer, overhead, cell alignment, least packet, octets a second."""
_HTB = struct.Struct("=12s12sIIIII")
"""Rate, ceiling, both bursts in ticks, quantum, level, priority."""
_HTB_GLOBAL = struct.Struct("=IIIII")
ETHERNET = 1
HTB_VERSION, RATE_TO_QUANTUM = 3, 10
HTB_PARAMETERS, HTB_INIT, HTB_RATE64, HTB_CEIL64 = 1, 2, 6, 7
RATE32_MAX = 2**32 - 1
TICK_NS = 64
PRIORITIES = 16
DRR_QUANTUM = 1
CODEL_TARGET, CODEL_LIMIT, CODEL_FLOWS, CODEL_QUANTUM = 1, 2, 5, 6
CODEL_ECN = 4
CODEL_UNIT_SHIFT = 10
PIE_TARGET, PIE_LIMIT, PIE_ECN = 1, 2, 6


_MARKS_AT = {"fq_codel": 12, "pie": 36}
"""Where AQMs say how many packets they have marked: ``struct tc_fq_codel_xstats`` and
``struct tc_pie_xstats``."""


def marks(kind: str, own_statistics: bytes) -> int:
    """Packets that an AQM has marked; none where a discipline does not mark."""
    at = _MARKS_AT.get(kind)
    if at is None or len(own_statistics) < at + _U32.size:
        return 0
    return int(_U32.unpack_from(own_statistics, at)[0])


class Options(Protocol):
    """A discipline's options, or a class's."""

    kind: ClassVar[str]

    def options(self) -> bytes:
        """As the kernel wants them."""

    def as_held(self) -> Self:
        """As it says them again."""

    @classmethod
    def held(cls, said: bytes) -> Self:
        """From the options that it says; raises KeyError or struct.error for others."""


@dataclass(frozen=True)
class Htb:
    """Hierarchical token buckets, used to let one frame pass at a time."""

    default: int
    """The minor number of the class for what no filter knows."""
    kind: ClassVar[str] = "htb"

    def options(self) -> bytes:
        packed = _HTB_GLOBAL.pack(HTB_VERSION, RATE_TO_QUANTUM, self.default, 0, 0)
        return attribute(HTB_INIT, packed)

    def as_held(self) -> Self:
        return self

    @classmethod
    def held(cls, said: bytes) -> Self:
        return cls(_HTB_GLOBAL.unpack_from(attributes(said)[HTB_INIT])[2])


@dataclass(frozen=True)
class HtbClass:
    """``burst_ticks`` are what a class that was idle may send too early, at its rate."""

    rate_bytes_per_s: int
    ceil_bytes_per_s: int
    burst_ticks: int
    ceil_burst_ticks: int
    quantum_bytes: int
    priority: int
    kind: ClassVar[str] = "htb"

    def options(self) -> bytes:
        rates = (self.rate_bytes_per_s, self.ceil_bytes_per_s)
        small = [_RATE.pack(0, ETHERNET, 0, -1, 0, min(rate, RATE32_MAX)) for rate in rates]
        bursts = (self.burst_ticks, self.ceil_burst_ticks)
        packed = _HTB.pack(*small, *bursts, self.quantum_bytes, 0, self.priority)
        found = attribute(HTB_PARAMETERS, packed)
        for number, rate in zip((HTB_RATE64, HTB_CEIL64), rates, strict=True):
            if rate > RATE32_MAX:
                found += attribute(number, _U64.pack(rate))
        return found

    def as_held(self) -> Self:
        return self

    @classmethod
    def held(cls, said: bytes) -> Self:
        found = attributes(said)
        rate, ceil, burst, ceil_burst, quantum, _level, priority = _HTB.unpack_from(
            found[HTB_PARAMETERS]
        )
        rates = [
            _U64.unpack(found[number])[0] if number in found else _RATE.unpack(small)[5]
            for number, small in ((HTB_RATE64, rate), (HTB_CEIL64, ceil))
        ]
        return cls(rates[0], rates[1], burst, ceil_burst, quantum, priority)


@dataclass(frozen=True)
class Prio:
    """Strict priorities: of all bands the first that has a frame."""

    bands: int
    kind: ClassVar[str] = "prio"

    def options(self) -> bytes:
        return struct.pack(f"=i{PRIORITIES}B", self.bands, *(self.bands - 1,) * PRIORITIES)

    def as_held(self) -> Self:
        return self

    @classmethod
    def held(cls, said: bytes) -> Self:
        return cls(struct.unpack_from("=i", said)[0])


@dataclass(frozen=True)
class Drr:
    """Deficit round robin (Shreedhar and Varghese 1996); its classes have the quanta."""

    kind: ClassVar[str] = "drr"

    def options(self) -> bytes:
        return b""

    def as_held(self) -> Self:
        return self

    @classmethod
    def held(cls, said: bytes) -> Self:  # noqa: ARG003
        return cls()


@dataclass(frozen=True)
class DrrClass:
    quantum_bytes: int
    kind: ClassVar[str] = "drr"

    def options(self) -> bytes:
        return u32(DRR_QUANTUM, self.quantum_bytes)

    def as_held(self) -> Self:
        return self

    @classmethod
    def held(cls, said: bytes) -> Self:
        return cls(_u32(attributes(said), DRR_QUANTUM))


@dataclass(frozen=True)
class ByteFifo:
    """One drop-tail queue of this many octets."""

    limit_bytes: int
    kind: ClassVar[str] = "bfifo"

    def options(self) -> bytes:
        return _U32.pack(self.limit_bytes)

    def as_held(self) -> Self:
        return self

    @classmethod
    def held(cls, said: bytes) -> Self:
        return cls(_U32.unpack_from(said)[0])


@dataclass(frozen=True)
class FqCodel:
    """Fair queueing of flows, each with controlled delay (RFC 8290)."""

    target_us: int
    limit_packets: int
    flows: int
    quantum_bytes: int
    ecn: bool = False
    kind: ClassVar[str] = "fq_codel"

    def options(self) -> bytes:
        return (
            u32(CODEL_TARGET, self.target_us)
            + u32(CODEL_LIMIT, self.limit_packets)
            + u32(CODEL_ECN, int(self.ecn))
            + u32(CODEL_FLOWS, self.flows)
            + u32(CODEL_QUANTUM, self.quantum_bytes)
        )

    def as_held(self) -> Self:
        """Its times are whole units of 1,024 ns."""
        units = self.target_us * 1000 >> CODEL_UNIT_SHIFT
        return replace(self, target_us=(units << CODEL_UNIT_SHIFT) // 1000)

    @classmethod
    def held(cls, said: bytes) -> Self:
        found = attributes(said)
        numbers = (CODEL_TARGET, CODEL_LIMIT, CODEL_FLOWS, CODEL_QUANTUM)
        target_us, limit, flows, quantum = (_u32(found, number) for number in numbers)
        return cls(target_us, limit, flows, quantum, bool(_u32(found, CODEL_ECN)))


@dataclass(frozen=True)
class Pie:
    """Proportional integral controller enhanced (RFC 8033)."""

    target_us: int
    limit_packets: int
    ecn: bool = False
    kind: ClassVar[str] = "pie"

    def options(self) -> bytes:
        return (
            u32(PIE_TARGET, self.target_us)
            + u32(PIE_LIMIT, self.limit_packets)
            + u32(PIE_ECN, int(self.ecn))
        )

    def as_held(self) -> Self:
        """Its times are whole ticks."""
        ticks = self.target_us * 1000 // TICK_NS
        return replace(self, target_us=ticks * TICK_NS // 1000)

    @classmethod
    def held(cls, said: bytes) -> Self:
        found = attributes(said)
        target_us, limit_packets = (_u32(found, number) for number in (PIE_TARGET, PIE_LIMIT))
        return cls(target_us, limit_packets, bool(_u32(found, PIE_ECN)))


def _u32(found: Attributes, number: int) -> int:
    return int(_U32.unpack(found[number])[0])
