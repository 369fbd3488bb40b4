"""netem's options as octets: nanosecond delay, 64-bit rate, models of loss and the seed of both.

Attribute numbers and layouts: linux/pkt_sched.h, ``TCA_NETEM_*`` and ``struct tc_netem_qopt``.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace
from fractions import Fraction

from corridor.topologies.emulation.queues.rtnetlink import (
    QDISC,
    TCA_KIND,
    TCA_OPTIONS,
    attribute,
    attributes,
)

KIND = "netem"
DELAY_DIST, LOSS, RATE, RATE64, LATENCY64, JITTER64, PRNG_SEED = 2, 5, 6, 8, 10, 11, 14
LOSS_GE = 2
RATE32_MAX = 2**32 - 1
PROBABILITY_ONE = 2**32 - 1
NO_TIME_BYTES_PER_S = 2**62
"""A rate at which no frame takes a nanosecond. With a rate, netem lets no packet overtake."""
ALL_JITTER = 8192
"""In a table: as much later as the jitter is (``NETEM_DIST_SCALE``)."""
TABLE_MOST = 16384
_FIXED = struct.Struct("=IIIIII")
"""Latency in ticks, limit, loss, gap, duplicate, jitter."""
_RATE, _BURSTS = struct.Struct("=IiIi"), struct.Struct("=IIII")
_I64, _U64 = struct.Struct("=q"), struct.Struct("=Q")


@dataclass(frozen=True)
class Netem:
    """One netem: what was asked for, or what the kernel holds.

    Rates are whole, so up to 7 bit/s of a shape's are left out; probabilities are shares of
    2^32 - 1. ``bursts`` are netem's p, r, h and 1-k, and take the place of ``loss``.
    """

    limit: int
    latency_ns: int = 0
    jitter_ns: int = 0
    """Half the width of an even spread, or the unit of ``table``."""
    loss: int = 0
    bursts: tuple[int, ...] = ()
    rate_bytes_per_s: int = 0
    seed: int | None = None
    table: tuple[int, ...] = field(default=(), compare=False)
    """What jitter is drawn from, each as likely; the kernel does not say which it holds."""

    def options(self) -> bytes:
        packed = _FIXED.pack(0, self.limit, self.loss, 0, 0, 0)
        packed += attribute(LATENCY64, _I64.pack(self.latency_ns))
        packed += attribute(JITTER64, _I64.pack(self.jitter_ns))
        if self.bursts:
            packed += attribute(LOSS, attribute(LOSS_GE, _BURSTS.pack(*self.bursts)))
        if self.rate_bytes_per_s:
            rate = min(self.rate_bytes_per_s, RATE32_MAX)
            packed += attribute(RATE, _RATE.pack(rate, 0, 0, 0))
        if self.rate_bytes_per_s > RATE32_MAX:
            packed += attribute(RATE64, _U64.pack(self.rate_bytes_per_s))
        if self.seed is not None:
            packed += attribute(PRNG_SEED, _U64.pack(self.seed))
        if self.table:
            packed += attribute(DELAY_DIST, struct.pack(f"={len(self.table)}h", *self.table))
        return packed


def probability(share: float) -> int:
    """As netem has it, rounded down: 0 for less than 0.00024 parts per million."""
    return int(share * PROBABILITY_ONE)


def late_table(share: float) -> tuple[int, ...]:
    """To draw jitter from: a share of packets has all of it, the others have none.

    The nearest fraction that a table holds: to one in 16,384, or better.
    """
    nearest = Fraction(share).limit_denominator(TABLE_MOST)
    late = nearest.numerator
    return (ALL_JITTER,) * late + (0,) * (nearest.denominator - late)


def held(dumped: bytes) -> Netem | None:
    """What a dumped discipline really does; None if it is not a netem that has nanoseconds."""
    said = attributes(dumped[QDISC.size :])
    if said.get(TCA_KIND) != KIND.encode() + b"\0":
        return None
    _, limit, loss, *_ = _FIXED.unpack_from(said[TCA_OPTIONS])
    more = attributes(said[TCA_OPTIONS][_FIXED.size :])
    if LATENCY64 not in more or RATE not in more:
        return None
    bursts = attributes(more.get(LOSS, b"")).get(LOSS_GE)
    rate = _U64.unpack(more[RATE64]) if RATE64 in more else _RATE.unpack(more[RATE])
    return Netem(
        limit=limit,
        latency_ns=_I64.unpack(more[LATENCY64])[0],
        jitter_ns=_I64.unpack(more[JITTER64])[0],
        loss=loss,
        bursts=() if bursts is None else _BURSTS.unpack(bursts),
        rate_bytes_per_s=rate[0],
        seed=_U64.unpack(more[PRNG_SEED])[0] if PRNG_SEED in more else None,
    )


def unseeded(stage: Netem) -> Netem:
    """Of one that draws nothing: the kernel gives it a separate seed."""
    return replace(stage, seed=None)
