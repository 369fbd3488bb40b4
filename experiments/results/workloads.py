"""What workloads came to: by workload, by class, and by stretch of the timeline. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corridor.experiments.plan.planned_messages import PlannedWorkload
from corridor.experiments.plan.values import Plan
from corridor.experiments.results.expected_messages import Expected, expected_messages
from corridor.experiments.results.kept_back import kept_back
from corridor.experiments.results.messages import MessageRow, Round, Said, rounds_of
from corridor.experiments.results.probes import PROBE_PHASE
from corridor.experiments.results.samples_told import bounds, bounds_ms
from corridor.experiments.results.stretches import Stretch, ends_ns, stretches
from corridor.experiments.results.workload_summary import (
    ClassSummary,
    ExpectedSummary,
    Figures,
    RoundsSummary,
    RttSummary,
    StretchSummary,
    WorkloadsSummary,
    WorkloadSummary,
)
from corridor.traffic.measures.completion import goodput_bps, jain
from corridor.traffic.measures.metrics import distribution
from corridor.traffic.measures.quantiles import CONFIDENCE, intervals, left_out, share_interval
from corridor.traffic.measures.samples import Probes

type Integers = NDArray[np.int64]
EVERYTHING = ""


@dataclass(frozen=True)
class Sent:
    """All that is known of the messages of a run; times are ns after the epoch."""

    plan: Plan
    said: Said
    rows: Sequence[MessageRow]
    probes: Probes
    epoch_ns: int
    capacity_scale: float | None
    """Of the rates of the network; None where it is not known."""


def workloads_summary(sent: Sent) -> WorkloadsSummary:
    """Of a run that has messages."""
    judge = _Judge(sent)
    everything = Stretch(EVERYTHING, "while", 0, 1 << 62)
    return {
        "workloads": judge.workloads(everything),
        "classes": judge.classes(everything),
        "stretches": [judge.stretch(one) for one in stretches(sent.plan)],
    }


class _Judge:
    """Of one run; what is asked for again and again is worked out once."""

    def __init__(self, sent: Sent) -> None:
        self._sent = sent
        self._rounds = rounds_of(sent.rows)
        self._expected_ns = _expected_ns(sent.rows, expected_messages(sent.plan))
        self._kept = kept_back(sent.plan)
        self._of_workload = _grouped(sent.rows, lambda row: row.workload)
        self._of_class = _grouped(sent.rows, lambda row: row.data_class)
        self._rounds_of_workload = _grouped(self._rounds, lambda one: one.workload)
        self._rounds_of_class = _grouped(self._rounds, lambda one: one.data_class)
        self._unscaled = {one.id for one in sent.plan.workloads if one.scale == "none"}
        self._over_ns = ends_ns(sent.plan)

    def stretch(self, one: Stretch) -> StretchSummary:
        start_ns = self._sent.plan.start_ns
        return {
            "event": one.event,
            "when": one.when,
            "from_ms": (one.from_ns - start_ns) / 1e6,
            "until_ms": (one.until_ns - start_ns) / 1e6,
            "workloads": self.workloads(one),
            "classes": self.classes(one),
        }

    def workloads(self, during: Stretch) -> list[WorkloadSummary]:
        """Those that sent messages."""
        return [
            self._workload(one, self._of_workload[one.id], self._rounds_of_workload[one.id], during)
            for one in self._sent.plan.workloads
            if one.id in self._of_workload
        ]

    def _workload(
        self,
        workload: PlannedWorkload,
        rows: Sequence[MessageRow],
        rounds: Sequence[Round],
        during: Stretch,
    ) -> WorkloadSummary:
        connections = {row.connection for row in rows}
        said = self._sent.said
        reasons = Counter(said.failed[one] for one in sorted(connections & said.failed.keys()))
        return {
            "id": workload.id,
            "kind": workload.kind,
            "transport": workload.transport,
            "background": workload.background,
            "scale": workload.scale,
            "compress": workload.compress,
            "notes": list(workload.notes),
            "failed": dict(reasons),
            "retransmitted": sum(said.retransmitted.get(one, 0) for one in connections),
            **self._figures(rows, rounds, during),
        }

    def classes(self, during: Stretch) -> list[ClassSummary]:
        """By class of the demand; a round of several demands is of the class of its first."""
        return [
            {
                "class": name,
                "background": all(row.background for row in rows),
                "probes": self._probes(name, during),
                **self._figures(rows, self._rounds_of_class.get(name, []), during),
            }
            for name, rows in self._of_class.items()
        ]

    def _figures(
        self, every: Sequence[MessageRow], rounds: Sequence[Round], during: Stretch
    ) -> RoundsSummary:
        rows = [row for row in every if not row.kept_back]
        mine = [one for one in rounds if during.holds(one.from_ns)]
        begun = [one for one in mine if not one.kept_back]
        sent = [row for row in rows if during.holds(row.intended_ns)]
        took = np.array([one.took_ns for one in begun if one.took_ns is not None], np.int64)
        arrived = _arrived(rows, during)
        lasts_ns = self._lasts_ns(rows, during)
        bps = goodput_bps(round(sum(arrived.values())), 0, lasts_ns)
        summary: RoundsSummary = {
            "rounds": len(begun),
            "kept_back": len(mine) - len(begun),
            "completed": len(took),
            "deadlines": sum(one.deadline_ns is not None for one in begun),
            "met": sum(bool(one.met) for one in begun),
            "messages": len(sent),
            "messages_completed": sum(row.completed_ns is not None for row in sent),
            "bytes": round(sum(arrived.values())),
            "goodput_mbps": None if bps is None else bps / 1e6,
            "real_gbps": self._real_gbps(rows, arrived, lasts_ns),
            "completion_ms": distribution(took).ms(),
            "confidence": CONFIDENCE,
            "intervals_ms": bounds_ms(intervals(took)),
            "left_out": left_out(len(took)),
            "fairness": _fairness(rows, during, self._connections(rows)),
        }
        expected = self._expected(begun)
        if expected is not None:
            summary["expected"] = expected
        return summary

    def _connections(self, rows: Sequence[MessageRow]) -> int:
        """That carry messages side by side; 0 where they are of several workloads."""
        names = {row.workload for row in rows}
        every = [one.connections for one in self._sent.plan.workloads if one.id in names]
        return every[0] if len(every) == 1 else 0

    def _lasts_ns(self, rows: Sequence[MessageRow], during: Stretch) -> int:
        """How much of a stretch something was to arrive: from the first intended start to the last
        arrival, or to the end of the run where something never arrived."""
        begins = [row.intended_ns for row in rows if row.intended_ns is not None]
        if not begins:
            return 0
        ends = [row.completed_ns for row in rows if row.completed_ns is not None]
        lacks = any(row.intended_ns is not None and row.completed_ns is None for row in rows)
        last_ns = max([*ends, self._over_ns] if lacks else ends)
        return min(last_ns, during.until_ns) - max(min(begins), during.from_ns)

    def _real_gbps(
        self, rows: Sequence[MessageRow], arrived: Mapping[int, float], lasts_ns: int
    ) -> float | None:
        scale = self._sent.capacity_scale
        if scale is None or lasts_ns <= 0:
            return None
        octets = sum(
            arrived.get(row.message, 0.0) / (1.0 if row.workload in self._unscaled else scale)
            for row in rows
        )
        return octets * 8 / lasts_ns

    def _expected(self, begun: Iterable[Round]) -> ExpectedSummary | None:
        pairs = [
            (self._expected_ns[key], one.took_ns)
            for one in begun
            if one.took_ns is not None and (key := _key(one)) in self._expected_ns
        ]
        if not pairs:
            return None
        expected, measured = np.array(pairs, np.int64).T
        return {
            "rounds": len(pairs),
            "expected_ms": _some(distribution(expected).ms()),
            "measured_ms": _some(distribution(measured).ms()),
        }

    def _is_served(self, demands: Sequence[int], sent_ns: Integers) -> NDArray[np.bool_]:
        """Which probes are of these demands, and were sent while policies let them go."""
        found: NDArray[np.bool_] = np.isin(self._sent.probes["demand"], demands)
        numbers = {one.id: one.index for one in self._sent.plan.demands}
        for one in self._kept:
            kept = (sent_ns >= one.from_ns) & (sent_ns < one.until_ns)
            found &= ~(kept & (self._sent.probes["demand"] == numbers[one.demand]))
        return found

    def _probes(self, name: str, during: Stretch) -> RttSummary:
        demands = [one.index for one in self._sent.plan.demands if one.data_class == name]
        probes = self._sent.probes
        counted = (probes["phase"] == PROBE_PHASE) & (probes["copy"] == 0) & ~probes["send_failed"]
        sent_ns = probes["intended_ns"] - self._sent.epoch_ns
        within = (sent_ns >= during.from_ns) & (sent_ns < during.until_ns)
        mine = probes[counted & within & self._is_served(demands, sent_ns)]
        answered = mine[mine["received"].astype(np.bool_)]
        rtt = (answered["t4_ns"] - answered["t1_ns"]) - (answered["t3_ns"] - answered["t2_ns"])
        lost = len(mine) - len(answered)
        return {
            "sent": len(mine),
            "lost": lost,
            "loss": bounds(share_interval(lost, len(mine))),
            "rtt_ms": distribution(rtt).ms(),
            "pdv_ms": distribution(_above_least(rtt, answered["demand"])).ms(),
            "intervals_ms": bounds_ms(intervals(rtt)),
        }


def _grouped[One](of: Iterable[One], key: Callable[[One], str]) -> dict[str, list[One]]:
    groups: dict[str, list[One]] = {}
    for one in of:
        groups.setdefault(key(one), []).append(one)
    return groups


def _above_least(values: Integers, demands: NDArray[np.uint32]) -> Integers:
    found = values.copy()
    for demand in np.unique(demands):
        mine = demands == demand
        found[mine] -= values[mine].min()
    return found


type _RoundKey = tuple[str, str, int]


def _key(one: Round) -> _RoundKey:
    return one.workload, one.demand, one.number


def _expected_ns(
    rows: Sequence[MessageRow], expected: Mapping[int, Expected]
) -> dict[_RoundKey, int]:
    """How long each round would take; without rounds of which not all is expected."""
    as_expected = (
        row._replace(intended_ns=one.intended_ns, completed_ns=one.arrives_ns)
        for row in rows
        if (one := expected.get(row.message)) is not None
    )
    whole = Counter(_key(one) for one in rounds_of(rows) for _ in range(one.messages))
    return {
        _key(one): one.took_ns
        for one in rounds_of(as_expected)
        if one.took_ns is not None and whole[_key(one)] == one.messages
    }


def _arrived(rows: Iterable[MessageRow], during: Stretch) -> dict[int, float]:
    """Octets that arrived in a stretch, by message that arrived whole: spread evenly from its first
    to its last."""
    return {message: octets for message, octets in _arriving(rows, during) if octets}


def _arriving(rows: Iterable[MessageRow], during: Stretch) -> Iterator[tuple[int, float]]:
    for row in rows:
        if row.completed_ns is None:
            continue
        first_ns = row.completed_ns if row.first_ns is None else row.first_ns
        took_ns = row.completed_ns - first_ns
        if took_ns <= 0:
            yield row.message, float(row.bytes) if during.holds(row.completed_ns) else 0.0
            continue
        within_ns = min(row.completed_ns, during.until_ns) - max(first_ns, during.from_ns)
        yield row.message, row.bytes * max(0, within_ns) / took_ns


def _fairness(rows: Sequence[MessageRow], during: Stretch, connections: int) -> float | None:
    """Of the rates at which messages came: between demands, or the connections of a single one."""
    demands = {row.demand for row in rows}
    if len(demands) < 2 and connections < 2:
        return None
    octets: Counter[str] = Counter()
    took_ns: Counter[str] = Counter()
    for row in rows:
        if row.took_ns and during.holds(row.intended_ns):
            name = row.demand if len(demands) > 1 else str(row.connection)
            octets[name] += row.bytes
            took_ns[name] += row.took_ns
    rates = [octets[name] / took_ns[name] for name in octets]
    return jain(rates) if len(rates) > 1 else None


def _some(figures: Figures) -> Figures:
    return {name: figures[name] for name in ("mean", "p50", "p95", "p99")}
