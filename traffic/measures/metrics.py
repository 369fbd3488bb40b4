"""What the probes of a demand say: counts, delays, delay variation, losses by direction. Pure.

| measure          | definition                                                                 |
|------------------|----------------------------------------------------------------------------|
| RTT              | RFC 2681, less the reflector's residence: (T4 - T1) - (T3 - T2)            |
| one-way delay    | RFC 7679: T2 - T1 forward, T4 - T3 backward; one clock, so no sync error   |
| loss             | RFC 7680: no reply until the agents stopped                                |
| duplicates       | RFC 5560: replies beyond the first of a probe                              |
| reordered        | RFC 4737 type-P-reordered: arrived after a later-numbered one              |
| PDV              | RFC 5481: a delay less the least delay of the same set                     |
| send lateness    | T1 less the intended time                                                  |

Delays are those of first replies to probes that left. Quantiles are nearest-rank: the smallest
value that at least a share p of the values does not exceed, always one that was measured. A
quantile is given only where at least ``TAIL_SAMPLES`` values are expected beyond it, else null:
but for send lateness, which judges the machine and infers nothing, where one is enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corridor.topologies.base.seconds import NS_PER_S
from corridor.traffic.measures.quantiles import QUANTILES, TAIL_SAMPLES, needed
from corridor.traffic.measures.samples import Probes
from corridor.traffic.measures.statistics import Statistics


@dataclass(frozen=True)
class Distribution:
    """Integers in ns; a quantile is None where too few values carry it."""

    count: int
    min_ns: int | None
    mean_ns: int | None
    p50_ns: int | None
    p95_ns: int | None
    p99_ns: int | None
    max_ns: int | None

    def ms(self) -> Statistics:
        """The same in milliseconds, without the count; exact to the nanosecond."""
        return Statistics(
            min=_ms(self.min_ns),
            mean=_ms(self.mean_ns),
            p50=_ms(self.p50_ns),
            p95=_ms(self.p95_ns),
            p99=_ms(self.p99_ns),
            max=_ms(self.max_ns),
        )


def _ms(value_ns: int | None) -> float | None:
    return None if value_ns is None else value_ns / 1_000_000


def nearest_rank(ordered: NDArray[np.int64], part: int, whole: int) -> int:
    """The ``part / whole`` quantile of values in ascending order, by integer arithmetic."""
    rank = max(1, -(-len(ordered) * part // whole))
    return int(ordered[rank - 1])


def distribution(values: NDArray[np.int64], tail_samples: int = TAIL_SAMPLES) -> Distribution:
    count = len(values)
    if not count:
        return Distribution(0, None, None, None, None, None, None)
    ordered = np.sort(values)
    p50, p95, p99 = (
        nearest_rank(ordered, part, whole) if count >= needed(part, whole, tail_samples) else None
        for part, whole in QUANTILES
    )
    least = int(ordered[0])
    above = int((ordered - least).sum())
    mean = least + (2 * above + count) // (2 * count)
    return Distribution(count, least, mean, p50, p95, p99, int(ordered[-1]))


def variation(values: NDArray[np.int64], tail_samples: int = TAIL_SAMPLES) -> Distribution:
    """Packet delay variation of RFC 5481 section 4.2: each value minus the minimum."""
    return distribution(values - values.min() if len(values) else values, tail_samples)


@dataclass(frozen=True)
class DemandMetrics:
    """One demand in one phase.

    ``lost`` is the sum of ``lost_forward``, ``lost_backward`` and ``lost_unattributed``: with the
    reflector's records every loss has a direction, with a foreign reflector only those between
    two replies have one, read from its own sequence numbers. ``negative_delays`` other than 0 means
    that the clock was stepped and no delay can be trusted.
    """

    phase: int
    demand: int
    sent: int
    send_failed: int
    received: int
    duplicates: int
    reordered: int
    lost: int
    loss: float | None
    lost_forward: int
    lost_backward: int
    lost_unattributed: int
    negative_delays: int
    without_kernel_stamp: int
    ttl_forward: tuple[int, ...]
    ttl_back: tuple[int, ...]
    rtt: Distribution
    forward: Distribution
    backward: Distribution
    forward_pdv: Distribution
    backward_pdv: Distribution
    send_lateness: Distribution


def _loss_directions(probes: Probes, first: Probes, lost: int) -> tuple[int, int]:
    """Losses known to be forward and backward; ``probes`` one row each, ``first`` the answered."""
    if np.any(probes["reflections"] > 0):
        arrived = np.count_nonzero((probes["reflections"] > 0) | probes["received"])
        forward = len(probes) - int(arrived)
        return forward, lost - forward
    if len(first) < 2:
        return 0, 0
    between = int(first["seq"].max()) - int(first["seq"].min()) + 1 - len(first)
    answers = np.unique(first["reflector_seq"])
    backward = min(between, int(answers[-1]) - int(answers[0]) + 1 - len(answers))
    return between - backward, backward


def of_demand(rows: Probes, tail_samples: int = TAIL_SAMPLES) -> DemandMetrics:
    """Measures of the rows of one demand and phase, as samples.join sorts them."""
    failed = rows["send_failed"]
    left = rows[~failed]
    probes = left[left["copy"] == 0]
    answered = left[left["received"]]
    first = answered[answered["copy"] == 0]
    first = first[np.argsort(first["arrival"], kind="stable")]
    lost = len(probes) - len(first)
    sequence = first["seq"].astype(np.int64)
    late = np.zeros(0, np.bool_)
    if len(sequence):
        late = sequence[1:] < np.maximum.accumulate(sequence)[:-1]
    reordered = int(np.count_nonzero(late))
    forward = first["t2_ns"] - first["t1_ns"]
    backward = first["t4_ns"] - first["t3_ns"]
    rtt = (first["t4_ns"] - first["t1_ns"]) - (first["t3_ns"] - first["t2_ns"])
    timed = probes[probes["sent"]]
    lost_forward, lost_backward = _loss_directions(probes, first, lost)
    return DemandMetrics(
        phase=int(rows["phase"][0]),
        demand=int(rows["demand"][0]),
        sent=len(probes),
        send_failed=int(np.count_nonzero(failed)),
        received=len(first),
        duplicates=len(answered) - len(first),
        reordered=reordered,
        lost=lost,
        loss=round(lost / len(probes), 9) if len(probes) else None,
        lost_forward=lost_forward,
        lost_backward=lost_backward,
        lost_unattributed=lost - lost_forward - lost_backward,
        negative_delays=int(np.count_nonzero((forward < 0) | (backward < 0))),
        without_kernel_stamp=int(np.count_nonzero(~answered["kernel_stamped"])),
        ttl_forward=tuple(int(ttl) for ttl in np.unique(first["ttl_forward"])),
        ttl_back=tuple(int(ttl) for ttl in np.unique(first["ttl_back"])),
        rtt=distribution(rtt, tail_samples),
        forward=distribution(forward, tail_samples),
        backward=distribution(backward, tail_samples),
        forward_pdv=variation(forward, tail_samples),
        backward_pdv=variation(backward, tail_samples),
        send_lateness=distribution(timed["t1_ns"] - timed["intended_ns"], 1),
    )


def by_demand(probes: Probes, tail_samples: int = TAIL_SAMPLES) -> list[DemandMetrics]:
    """Measures of every demand in every phase, sorted by phase and demand."""
    order = np.lexsort((probes["copy"], probes["seq"], probes["demand"], probes["phase"]))
    ordered = probes[order]
    group = ordered["phase"].astype(np.int64) << 32 | ordered["demand"]
    edges = np.flatnonzero(group[1:] != group[:-1]) + 1
    return [of_demand(rows, tail_samples) for rows in np.split(ordered, edges) if len(rows)]


# Transfers of this many octets: how fast, in time, and shared how fairly. Pure.


def goodput_bps(octets: int, from_ns: int, until_ns: int) -> float | None:
    """Octets received, once each, over the time it took; None if no time passed."""
    return octets * 8 * NS_PER_S / (until_ns - from_ns) if until_ns > from_ns else None


def met(intended_ns: int, completed_ns: int | None, deadline_ns: int | None) -> bool | None:
    """Whether a transfer was over ``deadline_ns`` after its intended start; None without one.

    One that never was over has missed its deadline.
    """
    if deadline_ns is None:
        return None
    return completed_ns is not None and completed_ns - intended_ns <= deadline_ns


def jain(shares: Sequence[float]) -> float | None:
    """Jain's index of fairness (DEC-TR-301, 1984): 1 where all have the same, 1/n where one has
    all; None where no one has anything."""
    squares = sum(share * share for share in shares)
    if not squares:
        return None
    return sum(shares) ** 2 / (len(shares) * squares)
