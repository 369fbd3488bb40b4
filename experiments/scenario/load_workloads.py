"""Workloads of a scenario with what they name: shipped workloads, files, demands, moments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from corridor.experiments.scenario.demands import DemandEntry
from corridor.experiments.scenario.events import NamedEvent
from corridor.experiments.scenario.load_event import KIND as LOAD
from corridor.experiments.scenario.moments import END, START, Moment
from corridor.experiments.scenario.workloads import Workload, WorkloadEntry, demands_of
from corridor.topologies.base.bounded_file import read_text
from corridor.topologies.base.documents import Document
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.options import Values
from corridor.traffic.workloads.sizes import READ, Sizes
from corridor.traffic.workloads.trace import TraceRow, read_column, read_trace
from corridor.traffic.workloads.workload_registry import KINDS

WORKLOADS = "workloads"


def workloads_of(
    document: Document,
    entries: Sequence[WorkloadEntry],
    demands: Sequence[DemandEntry],
    events: Sequence[NamedEvent],
    folder: Path,
) -> tuple[Workload, ...]:
    """Each held against the demands there are, with its files read. Raises InputError."""
    found = []
    for number, entry in enumerate(entries):
        at = (WORKLOADS, number)
        names = demands_of(document, number, entry, demands)
        _check_times(document, number, entry, events)
        options = {
            name: _with_file(document, at, name, value, folder)
            for name, value in entry.options.items()
        }
        _check_fit(document, number, entry, options, [one for one in demands if one.id in names])
        trace = _trace(document, number, options, folder)
        found.append(Workload(entry, names, options, at, trace))
    _check_streams(document, found, demands, events)
    return tuple(found)


def check_ids(document: Document, entries: Sequence[WorkloadEntry]) -> None:
    """Check that each id is unique. Raises InputError."""
    taken = set[str]()
    for number, entry in enumerate(entries):
        if entry.id in taken:
            message = f'workload id "{entry.id}" is used twice'
            raise document.error(message, WORKLOADS, number, "id", hint="give each its own")
        taken.add(entry.id)


def implied(workloads: Sequence[WorkloadEntry], events: Sequence[NamedEvent]) -> list[NamedEvent]:
    """A load for each workload that no event of the timeline switches on: from its start to its
    stop, or as long as probes are sent."""
    loaded = {event.what for event in events if event.kind is LOAD}
    return [
        NamedEvent(
            id=f"load-{one.id}",
            kind=LOAD,
            what=one.id,
            options={},
            begins=one.start or Moment(START, 0),
            ends=one.stop or Moment(END, 0),
            lasts_ns=None,
            place=(WORKLOADS, number),
        )
        for number, one in enumerate(workloads)
        if one.id not in loaded
    ]


def _check_times(
    document: Document, number: int, entry: WorkloadEntry, events: Sequence[NamedEvent]
) -> None:
    loaded = next((one for one in events if one.kind is LOAD and one.what == entry.id), None)
    if loaded is not None and (entry.start or entry.stop):
        key = "start" if entry.start else "stop"
        message = f'workload "{entry.id}" is switched on by {loaded.id}'
        raise document.error(message, WORKLOADS, number, key, hint=f"leave {key} out")


def _check_fit(
    document: Document,
    number: int,
    entry: WorkloadEntry,
    options: Values,
    demands: Sequence[DemandEntry],
) -> None:
    kind = KINDS[entry.kind]
    if entry.fills is not None and not kind.mean_bps(options):
        message = f'what "{entry.id}" sends on average is not known before it has run'
        raise document.error(
            message, WORKLOADS, number, "fills", hint="give customers instead of fills"
        )
    if kind.misfit is None:
        return
    ends = []
    for one in demands:
        if not isinstance(one.dst, str):
            message = f'demand "{one.id}" may go to any of several hubs'
            hint = "name demands whose dst is one hub"
            raise document.error(message, WORKLOADS, number, hint=hint)
        behind = one.hosts_behind
        ends.append((behind.get("src_host", one.src), behind.get("dst_host", one.dst)))
    if misfit := kind.misfit(options, tuple(ends)):
        message = f'workload "{entry.id}": {misfit}'
        raise document.error(message, WORKLOADS, number, hint="name other demands")


def _check_streams(
    document: Document,
    workloads: Sequence[Workload],
    demands: Sequence[DemandEntry],
    events: Sequence[NamedEvent],
) -> None:
    """A demand has one stream of UDP at most: each has its own port."""
    taken = {one.id: "a throughput" for one in demands if one.throughput and one.throughput.udp}
    taken |= {one.what: f"the stream {one.id}" for one in events if one.kind.key == "stream"}
    for workload in workloads:
        if workload.entry.transport.udp is None:
            continue
        if sum(one.kind is LOAD and one.what == workload.entry.id for one in events) > 1:
            message = f'workload "{workload.entry.id}" is a stream of UDP, and switched on twice'
            hint = "give it one load, or write a second workload"
            raise document.error(message, *workload.place, hint=hint)
        for name in workload.demands:
            if name in taken:
                message = f'demand "{name}" streams UDP already, by {taken[name]}'
                raise document.error(message, *workload.place, hint="leave one of the two out")
            taken[name] = f'workload "{workload.entry.id}"'


def _with_file(
    document: Document, at: tuple[str, int], name: str, value: object, folder: Path
) -> object:
    """Sizes with the file they are drawn from."""
    if not isinstance(value, Sizes) or "file" not in value.options:
        return value
    path = folder / value.options["file"]
    column = value.options["column"]
    read = _read(document, (*at, name), lambda: read_column(read_text(path), column, str(path)))
    return Sizes(value.kind, {**value.options, READ: read})


def _trace(document: Document, number: int, options: Values, folder: Path) -> tuple[TraceRow, ...]:
    if not options.get("trace"):
        return ()
    path = folder / options["trace"]
    return _read(
        document, (WORKLOADS, number, "trace"), lambda: read_trace(read_text(path), str(path))
    )


def _read[T](document: Document, at: tuple[str | int, ...], read: Callable[[], T]) -> T:
    try:
        return read()
    except InputError as error:
        raise document.error_of_named(error, *at) from error
