"""A published series of round trips and losses, compared interval by interval. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from corridor.experiments.replays.document import Deviation, Point, SeriesComparison
from corridor.experiments.replays.outages import Outage, Series, moment


class Computed(NamedTuple):
    """What the model computes for one instant."""

    rtt_ms: float
    loss_percent: float


def compare_series(
    published: Series, outage: Outage, computed: Callable[[datetime], Computed]
) -> SeriesComparison:
    """Compare each interval of a series with the model in the middle of that interval.

    Args:
        published: Medians of round trips in ms and losses in percent.
        outage: Its begin and end decide which intervals are within the outage.
        computed: The model at an instant, before, during or after the outage.
    """
    points = [_point(published, outage, at, computed) for at in range(len(published.rtt_ms))]
    during = [one for one in points if one.cut]
    rises = _rises(points)
    return SeriesComparison(
        id=published.id,
        title=published.title,
        source=published.source,
        points=tuple(points),
        rtt_ms=_deviation(points, [one.computed_rtt_ms - one.published_rtt_ms for one in points]),
        rtt_rise_ms=_deviation(points, rises),
        rtt_rise_cut_ms=_deviation(
            during, [rise for one, rise in zip(points, rises, strict=True) if one.cut]
        ),
        loss_percent=_deviation(points, [_of_loss(one) for one in points]),
        loss_cut_percent=_deviation(during, [_of_loss(one) for one in during]),
    )


def _of_loss(point: Point) -> float:
    return point.computed_loss_percent - point.published_loss_percent


def is_cut(outage: Outage, at: datetime) -> bool:
    """Whether an instant lies within an outage; one without a known end lasts."""
    return outage.began <= at and (outage.end is None or at < moment(outage.end))


def _point(
    published: Series, outage: Outage, at: int, computed: Callable[[datetime], Computed]
) -> Point:
    middle = published.middle_of(at)
    model = computed(middle)
    return Point(
        at=middle.strftime("%Y-%m-%dT%H:%MZ"),
        cut=is_cut(outage, middle),
        published_rtt_ms=published.rtt_ms[at],
        computed_rtt_ms=round(model.rtt_ms, 3),
        published_loss_percent=published.loss_percent[at],
        computed_loss_percent=round(model.loss_percent, 4),
    )


def _rises(points: Sequence[Point]) -> list[float]:
    """Differences of the rises above the median of all intervals outside the outage."""
    calm = [one for one in points if not one.cut]
    base = statistics.median(one.published_rtt_ms for one in calm)
    computed = statistics.median(one.computed_rtt_ms for one in calm)
    return [one.computed_rtt_ms - computed - (one.published_rtt_ms - base) for one in points]


def _deviation(points: Sequence[Point], differences: Sequence[float]) -> Deviation:
    absolute = [abs(one) for one in differences]
    worst = max(range(len(absolute)), key=absolute.__getitem__)
    return Deviation(
        median=round(statistics.median(absolute), 3),
        worst=round(absolute[worst], 3),
        worst_at=points[worst].at,
    )
