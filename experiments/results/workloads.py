"""What workloads came to: by workload, by class, and by stretch of the timeline. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corridor.experiments.account.probes import PROBE_PHASE, bounds, bounds_ms
from corridor.experiments.account.workload_summary import (
    ClassSummary,
    ExpectedSummary,
    Middle,
    RoundsSummary,
    RttSummary,
    StretchSummary,
    WorkloadsSummary,
    WorkloadSummary,
)
from corridor.experiments.plan.values import Plan, PlannedWorkload
from corridor.experiments.results.expected_messages import Expected, expected_messages
from corridor.experiments.results.message_columns import (
    NEVER,
    EventWindow,
    MessageColumns,
    RoundColumns,
    ends_ns,
    stretches,
    within,
)
from corridor.experiments.results.messages import (
    MessageRow,
    Round,
    RoundKey,
    Said,
    kept_back,
    rounds_of,
)
from corridor.topologies.base.arrays import Integers
from corridor.traffic.measures.metrics import distribution, goodput_bps, jain
from corridor.traffic.measures.quantiles import (
    CONFIDENCE,
    QuantileIntervals,
    intervals,
    left_out,
    share_interval,
)
from corridor.traffic.measures.samples import Probes

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
    everything = EventWindow(EVERYTHING, "while", 0, 1 << 62)
    return WorkloadsSummary(
        workloads=judge.workloads(everything),
        classes=judge.classes(everything),
        stretches=tuple(judge.stretch(one) for one in stretches(sent.plan)),
    )


class _Judge:
    """Of one run; what is asked for again and again is worked out once."""

    def __init__(self, sent: Sent) -> None:
        self._sent = sent
        self._kept = kept_back(sent.plan)
        rounds = rounds_of(sent.rows)
        reckoned = expected_messages(sent.plan)
        expected = _expected_ns(sent.rows, rounds, reckoned.of)
        self._not_known = reckoned.not_known
        self._workloads = _groups(sent.rows, rounds, expected, lambda one: one.workload)
        self._classes = _groups(sent.rows, rounds, expected, lambda one: one.data_class)
        self._unscaled = {one.id for one in sent.plan.workloads if one.scale == "none"}
        self._over_ns = ends_ns(sent.plan)

    def stretch(self, one: EventWindow) -> StretchSummary:
        start_ns = self._sent.plan.start_ns
        return StretchSummary(
            event=one.event,
            when=one.when,
            from_ms=(one.from_ns - start_ns) / 1e6,
            until_ms=(one.until_ns - start_ns) / 1e6,
            on=tuple(one.on),
            workloads=self.workloads(one),
            classes=self.classes(one),
        )

    def workloads(self, during: EventWindow) -> tuple[WorkloadSummary, ...]:
        """Those that sent messages."""
        return tuple(
            self._workload(one, self._workloads[one.id], during)
            for one in self._sent.plan.workloads
            if one.id in self._workloads
        )

    def _workload(
        self, workload: PlannedWorkload, group: _Group, during: EventWindow
    ) -> WorkloadSummary:
        connections, said = group.messages.connections, self._sent.said
        number = self._sent.plan.workloads.index(workload)
        reasons = Counter(said.failed[one] for one in sorted(connections & said.failed.keys()))
        rounds = replace(self._figures(group, during), not_expected=self._not_known.get(number))
        return WorkloadSummary(
            id=workload.id,
            kind=workload.kind,
            transport=workload.transport,
            background=workload.background,
            scale=workload.scale,
            compress=workload.compress,
            notes=tuple(workload.notes),
            failed=dict(reasons),
            retransmitted=sum(said.retransmitted.get(one, 0) for one in connections),
            **vars(rounds),
        )

    def classes(self, during: EventWindow) -> tuple[ClassSummary, ...]:
        """By class of the demand; a round of several demands is of the class of its first."""
        return tuple(
            ClassSummary(
                class_=name,
                background=all(row.background for row in group.messages.rows),
                probes=self._probes(name, during),
                **vars(self._figures(group, during)),
            )
            for name, group in self._classes.items()
        )

    def _figures(self, group: _Group, during: EventWindow) -> RoundsSummary:
        messages, rounds = group
        mine, sent = within(rounds.from_ns, during), within(messages.intended_ns, during)
        begun = mine & ~rounds.kept_back
        took, sample = _in_order(rounds.took_ns, rounds.from_ns, begun & (rounds.took_ns != NEVER))
        arrived, lasts_ns = messages.arrived(during), messages.lasts_ns(during, self._over_ns)
        bps = goodput_bps(round(float(arrived.sum())), 0, lasts_ns)
        return RoundsSummary(
            rounds=int(np.count_nonzero(begun)),
            kept_back=int(np.count_nonzero(mine & rounds.kept_back)),
            completed=len(took),
            deadlines=int(np.count_nonzero(begun & rounds.has_deadline)),
            met=int(np.count_nonzero(begun & rounds.met)),
            messages=int(np.count_nonzero(sent)),
            messages_completed=int(np.count_nonzero(sent & (messages.completed_ns != NEVER))),
            bytes=round(float(arrived.sum())),
            bytes_unfinished=round(float(arrived[messages.completed_ns == NEVER].sum())),
            goodput_mbps=None if bps is None else bps / 1e6,
            real_gbps=self._real_gbps(messages, arrived, lasts_ns),
            completion_ms=distribution(took).ms(),
            confidence=CONFIDENCE,
            intervals_ms=bounds_ms(sample),
            left_out=left_out(len(took)),
            no_interval=tuple(sample.missing),
            fairness=self._fairness(messages, during),
            expected=_expected(rounds, begun),
        )

    def _fairness(self, messages: MessageColumns, during: EventWindow) -> float | None:
        """Between demands; of a single one, between connections that carry messages side by side
        for one workload."""
        names = {row.workload for row in messages.rows}
        every = [one.connections for one in self._sent.plan.workloads if one.id in names]
        if messages.demands < 2 and (len(every) != 1 or every[0] < 2):
            return None
        rates = messages.rates(during)
        return jain(rates) if len(rates) > 1 else None

    def _real_gbps(
        self, messages: MessageColumns, arrived: NDArray[np.float64], lasts_ns: int
    ) -> float | None:
        scale = self._sent.capacity_scale
        if scale is None or lasts_ns <= 0:
            return None
        scales = [1.0 if row.workload in self._unscaled else scale for row in messages.rows]
        return float((arrived / np.array(scales)).sum()) * 8 / lasts_ns

    def _is_served(self, demands: Sequence[int], sent_ns: Integers) -> NDArray[np.bool_]:
        """Which probes are of these demands, and were sent while policies let them go."""
        found: NDArray[np.bool_] = np.isin(self._sent.probes.demand, demands)
        numbers = {one.id: one.index for one in self._sent.plan.demands}
        for one in self._kept:
            kept = (sent_ns >= one.from_ns) & (sent_ns < one.until_ns)
            found &= ~(kept & (self._sent.probes.demand == numbers[one.demand]))
        return found

    def _probes(self, name: str, during: EventWindow) -> RttSummary:
        demands = [one.index for one in self._sent.plan.demands if one.data_class == name]
        probes = self._sent.probes
        counted = (probes.phase == PROBE_PHASE) & probes.is_first & ~probes.send_failed
        sent_ns = probes.intended_ns - self._sent.epoch_ns
        meanwhile = within(sent_ns, during)
        mine = probes.where(counted & meanwhile & self._is_served(demands, sent_ns))
        mine = Probes.of(mine[np.argsort(mine.intended_ns, kind="stable")])
        answered = mine.where(mine.received)
        rtt = answered.rtt_ns
        _, sample = _in_order(rtt, answered.intended_ns, np.ones(len(rtt), np.bool_))
        return RttSummary(
            sent=len(mine),
            lost=len(mine) - len(answered),
            loss=bounds(share_interval(~mine.received)),
            rtt_ms=distribution(rtt).ms(),
            pdv_ms=distribution(_above_least(rtt, answered.demand)).ms(),
            intervals_ms=bounds_ms(sample),
            no_interval=tuple(sample.missing),
        )


class _Group(NamedTuple):
    messages: MessageColumns
    rounds: RoundColumns


def _groups(
    rows: Iterable[MessageRow],
    rounds: Iterable[Round],
    expected: Mapping[RoundKey, int],
    key: Callable[[MessageRow | Round], str],
) -> dict[str, _Group]:
    sent, waited = _grouped(rows, key), _grouped(rounds, key)
    return {
        name: _Group(
            MessageColumns([row for row in mine if not row.kept_back]),
            RoundColumns(waited.get(name, []), expected),
        )
        for name, mine in sent.items()
    }


def _grouped[One](of: Iterable[One], key: Callable[[One], str]) -> dict[str, list[One]]:
    groups: dict[str, list[One]] = {}
    for one in of:
        groups.setdefault(key(one), []).append(one)
    return groups


def _in_order(
    values: Integers, at_ns: Integers, chosen: NDArray[np.bool_]
) -> tuple[Integers, QuantileIntervals]:
    """Return the chosen values in order of time, and their intervals."""
    times = at_ns[chosen]
    found = values[chosen][np.argsort(times, kind="stable")]
    return found, intervals(found, int(np.ptp(times)) if len(times) else 0)


def _expected(rounds: RoundColumns, begun: NDArray[np.bool_]) -> ExpectedSummary | None:
    both = begun & (rounds.took_ns != NEVER) & (rounds.expected_ns != NEVER)
    if not both.any():
        return None
    return ExpectedSummary(
        rounds=int(np.count_nonzero(both)),
        expected_ms=_middle(rounds.expected_ns[both]),
        measured_ms=_middle(rounds.took_ns[both]),
    )


def _above_least(values: Integers, demands: NDArray[np.uint32]) -> Integers:
    found = values.copy()
    for demand in np.unique(demands):
        mine = demands == demand
        found[mine] -= values[mine].min()
    return found


def _expected_ns(
    rows: Sequence[MessageRow], rounds: Sequence[Round], expected: Mapping[int, Expected]
) -> dict[RoundKey, int]:
    """How long each round would take; without rounds of which not all is expected."""
    as_expected = (
        row._replace(intended_ns=one.intended_ns, completed_ns=one.arrives_ns)
        for row in rows
        if (one := expected.get(row.message)) is not None
    )
    whole = {one.key: one.messages for one in rounds}
    return {
        one.key: one.took_ns
        for one in rounds_of(as_expected)
        if one.took_ns is not None and whole[one.key] == one.messages
    }


def _middle(of: Integers) -> Middle:
    found = distribution(of).ms()
    return Middle(mean=found.mean, p50=found.p50, p95=found.p95, p99=found.p99)
