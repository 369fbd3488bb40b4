"""The results of a run's demands over time, a row a demand and bin. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from corridor.experiments.account.summary import EventSummary
from corridor.experiments.results.measures import MEASURES, Sample
from corridor.experiments.results.message_columns import OF_MESSAGES
from corridor.experiments.scenario.event_registry import KINDS

if TYPE_CHECKING:
    import pyarrow as pa


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
    for measure, samples in course.series.items():
        for one in samples:
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
