"""netem's options as octets: nanosecond delay, 64-bit rate and the seed of its losses.

Attribute numbers and layouts: linux/pkt_sched.h, ``TCA_NETEM_*`` and ``struct tc_netem_qopt``.
Each direction of a fibre is two stages, a delay line and a queue: see ``Shape``. Pure.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from corridor.topologies.emulation.rtnetlink import (
    QDISC,
    TCA_KIND,
    TCA_OPTIONS,
    attribute,
    attributes,
)
from corridor.topologies.model.wiring import Shape

KIND = "netem"
RATE, RATE64, LATENCY64, PRNG_SEED = 6, 8, 10, 14
RATE32_MAX = 2**32 - 1
PROBABILITY_ONE = 2**32 - 1
_FIXED = struct.Struct("=IIIIII")
"""Latency in ticks, limit, loss, gap, duplicate, jitter."""
_RATE = struct.Struct("=IiIi")
_I64, _U64 = struct.Struct("=q"), struct.Struct("=Q")


@dataclass(frozen=True)
class Stages:
    """Both stages of a shape in the kernel's own terms: what was asked for, or what it holds.

    ``rate_bytes_per_s`` is whole, so up to 7 bit/s of a shape's rate are left out; ``loss`` is a
    share of 2^32 - 1.
    """

    one_way_delay_ns: int
    in_flight_packets: int
    loss: int
    seed: int
    rate_bytes_per_s: int
    queue_packets: int

    def delay_options(self) -> bytes:
        fixed = _FIXED.pack(0, self.in_flight_packets, self.loss, 0, 0, 0)
        latency = attribute(LATENCY64, _I64.pack(self.one_way_delay_ns))
        return fixed + latency + attribute(PRNG_SEED, _U64.pack(self.seed))

    def rate_options(self) -> bytes:
        packed = _FIXED.pack(0, self.queue_packets, 0, 0, 0, 0)
        packed += attribute(RATE, _RATE.pack(min(self.rate_bytes_per_s, RATE32_MAX), 0, 0, 0))
        if self.rate_bytes_per_s > RATE32_MAX:
            packed += attribute(RATE64, _U64.pack(self.rate_bytes_per_s))
        return packed


def stages(shape: Shape) -> Stages:
    """What the kernel is to hold for a shape."""
    return Stages(
        one_way_delay_ns=shape.one_way_delay_ns,
        in_flight_packets=shape.in_flight_packets,
        loss=loss_of(shape.loss_ppm),
        seed=shape.seed,
        rate_bytes_per_s=shape.rate_bps // 8,
        queue_packets=shape.queue_packets,
    )


def loss_of(loss_ppm: float) -> int:
    """A probability as netem has it, rounded down: 0 for less than 0.00024 parts per million."""
    return int(loss_ppm * PROBABILITY_ONE / 1_000_000)


def held(delay_stage: bytes, rate_stage: bytes) -> Stages | None:
    """What two dumped qdiscs really do, or None if they are not both netem, or this kernel's netem
    has no such thing as a seed (before Linux 6.6) or nanoseconds."""
    dumped = [attributes(stage[QDISC.size :]) for stage in (delay_stage, rate_stage)]
    if any(said.get(TCA_KIND) != KIND.encode() + b"\0" for said in dumped):
        return None
    delay, rate = (said[TCA_OPTIONS] for said in dumped)
    _, in_flight_packets, loss, *_ = _FIXED.unpack_from(delay)
    _, queue_packets, *_ = _FIXED.unpack_from(rate)
    line, pace = (attributes(options[_FIXED.size :]) for options in (delay, rate))
    if not {LATENCY64, PRNG_SEED} <= line.keys() or RATE not in pace:
        return None
    rate_bytes = _U64.unpack(pace[RATE64]) if RATE64 in pace else _RATE.unpack(pace[RATE])
    return Stages(
        one_way_delay_ns=_I64.unpack(line[LATENCY64])[0],
        in_flight_packets=in_flight_packets,
        loss=loss,
        seed=_U64.unpack(line[PRNG_SEED])[0],
        rate_bytes_per_s=rate_bytes[0],
        queue_packets=queue_packets,
    )
