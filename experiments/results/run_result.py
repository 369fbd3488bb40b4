"""The results of one run as values: demands, events, probes, and any measure over time.

    run = corridor.load("results/mini-20261125T230000Z")
    run.demands["ckpt-karachi"].rtt_ms.p50
    run.series("ckpt-karachi", "rtt_ms", bin="100ms")

Reads only the result folder. docs/results.md says what is in it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from corridor.experiments.account.account_of_run import ACCOUNT_FILE
from corridor.experiments.account.flows import Track, read_tracks, to_arrow
from corridor.experiments.account.run_files import CONTROLLER_EVENTS, ControllerEvents
from corridor.experiments.account.summary import (
    REPORT_AGAIN,
    AccountFile,
    DemandSummary,
    EventSummary,
    ExpectationSummary,
    Summary,
    read_summary,
)
from corridor.experiments.account.utilisation import UTILISATION_FILE, utilisation_of
from corridor.experiments.account.workload_summary import WorkloadSummary
from corridor.experiments.plan.values import Plan, PlannedDemand
from corridor.experiments.results import measures
from corridor.experiments.results.measures import MEASURES, Sample
from corridor.experiments.results.message_columns import OF_MESSAGES, of_messages
from corridor.experiments.results.messages import (
    MESSAGES_FILE,
    MessageRow,
    messages_table,
    read_messages,
)
from corridor.experiments.results.results import read_plan
from corridor.experiments.results.timeline import epoch_of
from corridor.experiments.scenario.event_registry import KINDS
from corridor.topologies.base.arrays import Floats
from corridor.topologies.base.bounded_file import RESULT, is_folder, read_json
from corridor.topologies.base.codec import read_document
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.base.units import QuantityError, parse_duration_ns
from corridor.traffic.measures import samples
from corridor.traffic.measures.flows import read_stream_delays
from corridor.traffic.measures.samples import Probes

if TYPE_CHECKING:
    import pyarrow as pa


class Run:
    """The contents of one result folder. Raises InputError if it is not of a run."""

    def __init__(self, out_dir: Path) -> None:
        self.out_dir = out_dir
        if not is_folder(out_dir):
            raise InputError(
                "is not a folder", "name the result folder of a run", file=str(out_dir)
            )

    def __repr__(self) -> str:
        return f"Run({str(self.out_dir)!r})"

    @cached_property
    def summary(self) -> Summary:
        """All of ``summary.json``."""
        return read_summary(self.out_dir / "summary.json")

    @property
    def demands(self) -> dict[str, DemandSummary]:
        """By id: what was predicted, measured, lost and why."""
        return {demand.id: demand for demand in self.summary.demands}

    @property
    def events(self) -> Sequence[EventSummary]:
        """In order of time: affected demands, their outages, and the predictions."""
        return self.summary.events or ()

    @cached_property
    def account(self) -> AccountFile | None:
        """All of ``account.json``: of each demand's packets, by kind and direction, how many were
        sent, delivered and lost, where and by what; of each fibre likewise. None without
        counters."""
        path = self.out_dir / ACCOUNT_FILE
        if not path.exists():
            return None
        return read_document(AccountFile, read_json(path, RESULT), str(path), REPORT_AGAIN)

    @property
    def expectations(self) -> Sequence[ExpectationSummary]:
        """What the timeline expected, and whether it holds."""
        return self.summary.expectations

    @property
    def verdict(self) -> Sequence[str]:
        """The question, the answers and the next command, a sentence each; empty where the run has
        none."""
        return self.summary.verdict

    @property
    def is_valid(self) -> bool:
        """Whether its numbers are those of the network that was asked for."""
        return self.summary.complete and self.summary.invalid is None

    @cached_property
    def plan(self) -> Plan:
        """What was planned, exactly."""
        return read_plan(self.out_dir)

    @cached_property
    def probes(self) -> pa.Table:
        """One row a probe, with ``demand`` (its id), ``phase``, ``seq``, ``sent_s`` from the start
        of probing, ``lost``, and in ms ``rtt_ms``, ``forward_ms``, ``backward_ms`` (null where
        lost). ``.to_pandas()`` makes a DataFrame of it where pandas is installed."""
        import pyarrow as pa

        ids = [demand.id for demand in self.plan.demands]
        rows = self._rows
        lost = ~rows.received
        times = {name: measures.times_ms(rows, name) for name in measures.TIMES}
        return pa.table(
            {
                "demand": [ids[number] for number in rows.demand.tolist()],
                "phase": [self.plan.job.phases[number] for number in rows.phase.tolist()],
                "seq": rows.seq,
                "sent_s": self._sent_s,
                "lost": lost,
                **{name: pa.array(values, mask=lost) for name, values in times.items()},
            }
        )

    def series(self, demand: str, measure: str = "rtt_ms", bin: str = "100ms") -> list[Sample]:  # noqa: A002
        """A measure of a demand over time: ``rtt_ms``, ``forward_ms`` and ``backward_ms`` are
        medians of what was sent in each bin, ``lost`` and ``sent`` counts, ``loss`` a share.

        Of its stream ``throughput_mbps`` and ``offered_mbps``, ``stream_offered``, ``stream_lost``,
        ``stream_loss`` and ``stream_forward_ms``, a mean; of its transfer ``tcp_mbps``,
        ``tcp_sent_mbps``, ``tcp_retransmits``, and as bins end ``tcp_cwnd_bytes`` and
        ``tcp_rtt_ms``; of its messages ``goodput_mbps``, ``completion_ms``, a median by intended
        start, and as bins end ``messages_under_way``. Bins of streams are multiples of 10 ms, those
        of transfers 100 ms at least.

        Raises InputError for a demand or a measure that there is not, one that nothing tells, no
        duration, or bins finer than what was recorded.
        """
        index = next((one.index for one in self.plan.demands if one.id == demand), None)
        if index is None:
            raise InputError(f'no demand is called "{demand}"', file=str(self.out_dir))
        if measure not in COLUMNS:
            known = ", ".join(COLUMNS)
            raise InputError(f'no measure is called "{measure}"', f"use one of {known}")
        width_ns = _width_ns(bin)
        if measure in OF_MESSAGES:
            return of_messages(self._messages, demand, measure, width_ns, self.plan.start_ns)
        if measure in measures.OF_FLOWS:
            return measures.of_flow(self._tracks, demand, measure, width_ns)
        mine = self._rows.demand == index
        return measures.of_probes(self._rows.where(mine), self._sent_s[mine], measure, width_ns)

    def paths(self, demand: str) -> list[Served]:
        """How a following controller served a demand, from when on; empty where none followed."""
        said = ControllerEvents(self.out_dir / "raw" / CONTROLLER_EVENTS)
        told = [one for one in said.statuses() if one.demand == demand]
        return [
            Served((one.at_ns - self._start_ns) / NS_PER_S, one.status, one.hubs, one.reason)
            for one in told
        ]

    def over_time(self, bin: str = "100ms") -> pa.Table:  # noqa: A002
        """The results of all demands over time: a row a demand and bin, with ``demand``, ``at_s``,
        a column a measure of ``series``, ``status`` and ``path`` as the bin begins, and the ids of
        the ``events`` of which a part lies in it. Raises InputError as ``series`` does.
        """
        width_ns = _width_ns(bin)
        courses = [
            DemandHistory(demand.id, self._served(demand), self._every_series(demand.id, bin))
            for demand in self.plan.demands
        ]
        return table(courses, self.events, width_ns / NS_PER_S)

    def _served(self, demand: PlannedDemand) -> list[Served]:
        """As planned, where no controller followed."""
        planned = Served(-math.inf, demand.status, demand.hubs, demand.why)
        return self.paths(demand.id) or [planned]

    def _every_series(self, demand: str, width: str) -> dict[str, list[Sample]]:
        of_flows = (
            name for name in measures.OF_FLOWS if measures.track_of(self._tracks, demand, name)
        )
        of_messages = OF_MESSAGES if demand in {row.demand for row in self._messages} else ()
        names = (*measures.OF_PROBES, *of_flows, *of_messages)
        return {name: self.series(demand, name, width) for name in names}

    @property
    def workloads(self) -> dict[str, WorkloadSummary]:
        """By id: rounds, deadlines, goodput, completion times, and what was expected of them; empty
        where no workload sent messages. ``summary.workloads`` has classes and stretches, too."""
        found = self.summary.workloads
        return {} if found is None else {one.id: one for one in found.workloads}

    @cached_property
    def messages(self) -> pa.Table:
        """One row a message of workloads: the rows of ``messages.parquet``."""
        return messages_table(self._messages)

    @cached_property
    def utilisation(self) -> pa.Table:
        """How much of which demand came over which fibre, over time, where workloads were sent: the
        rows of ``utilisation.parquet``."""
        return utilisation_of(self.out_dir / UTILISATION_FILE)

    @cached_property
    def _messages(self) -> Sequence[MessageRow]:
        return list(read_messages(self.out_dir / MESSAGES_FILE))

    @cached_property
    def stream_delays(self) -> pa.Table:
        """One row a packet of UDP streams that arrived, in order of arrival: ``demand``,
        ``packet`` (its number) and ``delay_ns``, one way."""
        import pyarrow as pa

        found = read_stream_delays(self.out_dir / "raw").delay
        ids = [self.plan.demands[flow].id for flow in found]
        return pa.table(
            {
                "demand": pa.array(
                    [
                        name
                        for name, times in zip(ids, found.values(), strict=True)
                        for _ in times.ns
                    ],
                    pa.string(),
                ),
                "packet": _joined([times.number for times in found.values()]),
                "delay_ns": _joined([times.ns for times in found.values()]),
            }
        )

    @cached_property
    def flow_series(self) -> pa.Table:
        """Streams and transfers over time as they were counted: the rows of ``series.parquet``."""
        return to_arrow(self._tracks)

    @cached_property
    def _tracks(self) -> Sequence[Track]:
        try:
            return read_tracks(self.out_dir / "raw", self.plan, epoch_of(self._hosts))
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise InputError(
                f"holds no series of this version ({type(error).__name__}: {error})",
                file=str(self.out_dir / "raw"),
            ) from error

    @cached_property
    def _hosts(self) -> Sequence[samples.HostRecords]:
        return samples.read_directory(self.out_dir / "raw")

    @cached_property
    def _rows(self) -> Probes:
        """Of all but the warm-up, each probe once."""
        rows = samples.join(self._hosts)
        return rows.where(rows.is_first & (rows.phase != 0))

    @property
    def _start_ns(self) -> int:
        return epoch_of(self._hosts) + self.plan.start_ns

    @cached_property
    def _sent_s(self) -> Floats:
        sent: Floats = (self._rows.intended_ns - self._start_ns) / NS_PER_S
        return sent


def _joined(parts: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(0, np.int64), *parts])


def _width_ns(text: str) -> int:
    try:
        return parse_duration_ns(text, "bin", allow_zero=False)
    except QuantityError as error:
        raise InputError(str(error), error.hint) from error


def load(folder: str | Path) -> Run:
    """The run that a result folder holds; InputError where there is none."""
    run = Run(Path(folder))
    _ = run.summary
    return run


# The results of a run's demands over time, a row a demand and bin.

COLUMNS = (*MEASURES, *OF_MESSAGES)
"""Measures of a demand over time."""


class Served(NamedTuple):
    """How a demand was served from a moment on, as the controller told it."""

    at_s: float
    status: str
    hubs: tuple[str, ...]
    """Of its path there."""
    reason: str


class DemandHistory(NamedTuple):
    """One demand: how it was served, in order of time, and its series by measure."""

    demand: str
    served: Sequence[Served]
    series: Mapping[str, Sequence[Sample]]


type _Row = dict[str, str | float | list[str] | None]


def table(
    courses: Sequence[DemandHistory], events: Sequence[EventSummary], width_s: float
) -> pa.Table:
    """A column a measure, null where it tells nothing; ``path`` and ``status`` as a bin begins,
    ``events`` those of which a part lies in it."""
    import pyarrow as pa

    texts = pa.list_(pa.string())
    schema = pa.schema(
        [
            *(("demand", pa.string()), ("at_s", pa.float64())),
            *((name, pa.float64()) for name in COLUMNS),
            *(("status", pa.string()), ("path", texts), ("events", texts)),
        ]
    )
    rows = [row for one in courses for row in _rows(one, events, width_s)]
    return pa.Table.from_pylist(rows, schema=schema)


def _rows(course: DemandHistory, events: Sequence[EventSummary], width_s: float) -> Iterator[_Row]:
    by_time: dict[float, _Row] = {}
    for measure, series in course.series.items():
        for one in series:
            by_time.setdefault(one.at_s, {})[measure] = one.value
    for at_s, values in sorted(by_time.items()):
        before = [one for one in course.served if one.at_s <= at_s]
        now = before[-1] if before else None
        yield {
            "demand": course.demand,
            "at_s": at_s,
            **values,
            "status": now.status if now else None,
            "path": list(now.hubs) if now else None,
            "events": [one.id for one in events if _is_on(one, at_s, at_s + width_s)],
        }


def _is_on(event: EventSummary, from_s: float, until_s: float) -> bool:
    """Whether some of it lies between these moments; what is over at once, at one of them."""
    begins_s, ends_ms = event.at_ms / 1000, event.until_ms
    if ends_ms is not None:
        return begins_s < until_s and from_s < ends_ms / 1000
    return begins_s < until_s and (KINDS[event.kind].end != "" or from_s <= begins_s)
