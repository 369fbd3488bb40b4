"""The answer of a replay: a document that commands print and pages read. Pure.

Published series of round trips and losses are compared interval by interval.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

from corridor.experiments.replays.outages import (
    Measure,
    Outage,
    Range,
    Series,
    Statistic,
    Unit,
    moment,
)
from corridor.experiments.replays.verdicts import Verdict
from corridor.topologies.base.bounded_file import RESULT, read_json
from corridor.topologies.base.codec import Document, JsonObject, read_document, to_plain
from corridor.topologies.base.whole_file import write_text
from corridor.topologies.model.topology import Confidence
from corridor.traffic.background import Reaction

REPLAY_SCHEMA = 1
CHECK: Literal["check"] = "check"
type Kind = Literal["check", "input", "remark"]
"""``input``: the model was fitted to the figure, or has it in its data. ``remark``: the source is
weak, or the figure is not independent of the model."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Whose figure it is; None is all countries, owners, systems or directions."""

    country: str | None = None
    owner: str | None = None
    system: str | None = None
    direction: str | None = None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One figure, published and computed. ``before`` is the value before the cut."""

    id: str
    measure: Measure
    place: Place
    statistic: Statistic
    day: float
    """Days after the cut."""
    unit: Unit | None
    computed: float | None
    """With the reaction that the day implies."""
    computed_before: float | None
    by_reaction: dict[Reaction, float]
    """The same figure with each reaction; a reaction without a value is left out."""
    interval: Range | None
    """The 5 % and 95 % quantiles of the random traffic matrices."""
    judged: Literal["value", "rise"]
    """Round trips and losses with a value before the cut are compared by their rise: levels differ
    by who measures."""
    verdict: Verdict
    off: float | None
    """Computed minus the nearest published value."""
    error: float | None
    """The same without sign, as a share of the published value."""
    agreement: float | None
    """Share of the samples that agree with the published figure, or not, as the best estimate."""
    agrees: bool | None
    """Whether the best estimate agrees with the published figure to within its tolerance."""
    reason: str
    """Why a figure cannot be computed."""
    published: Range | None = None
    published_before: Range | None = None
    text: str = ""
    """What was published, where it is not a number."""
    check: bool = False
    """Whether the figure may judge the model; ``because`` says why not."""
    input: bool = False
    because: str = ""
    sources: tuple[str, ...] = ()
    confidence: Confidence | None = None

    @property
    def kind(self) -> Kind:
        """What agreement proves: something only of a check."""
        if self.input:
            return "input"
        return "check" if self.check else "remark"

    @property
    def counts(self) -> bool:
        """Whether the figure enters the median error: a check with an error."""
        return self.error is not None and self.kind == "check"


@dataclass(frozen=True, kw_only=True)
class CutSegments:
    """One system that is cut, at a place, and the segments that this means in the data."""

    system: str
    at: str
    segments: tuple[str, ...]
    """None known: the system has no capacity in the data, or passes elsewhere."""


@dataclass(frozen=True, kw_only=True)
class State:
    """A country at one time after the cut: rates in Gbit/s, round trips in ms, loss in percent."""

    country: str
    after: Reaction
    demand_gbps: float
    lost_gbps: float
    """Traffic on paths that were cut."""
    unserved_gbps: float
    rtt_ms: float | None
    rtt_before_ms: float | None
    loss_percent: float | None
    steady: float | None
    """Share of the samples that agree whether traffic stays unserved."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """One interval of a series: its beginning, and values published and computed."""

    at: str
    cut: bool
    published_rtt_ms: float
    computed_rtt_ms: float
    published_loss_percent: float
    computed_loss_percent: float


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """Of a series: absolute differences of points."""

    median: float
    worst: float
    worst_at: str


@dataclass(frozen=True, kw_only=True)
class SeriesComparison:
    id: str
    title: str
    source: str
    points: tuple[Point, ...]
    rtt_ms: Deviation
    """Of round trips."""
    rtt_rise_ms: Deviation
    """Of rises above the median before the cut, which need no baseline."""
    rtt_rise_cut_ms: Deviation
    """The same, of intervals between begin and end of the outage only."""
    loss_percent: Deviation
    loss_cut_percent: Deviation


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Figures of one kind."""

    compared: int
    within: int
    """Of these, how many lie within their interval."""


@dataclass(frozen=True, kw_only=True)
class Totals:
    """How the figures of one or all replays compare."""

    figures: int
    compared: int
    not_computed: int
    by_kind: dict[Kind, Tally]
    median_error: float | None
    """Of the checks that have an error, as a share of the published value."""
    errors: int
    """How many these are: a published zero has no error."""
    steady: int | None
    """Checks within their interval of which the best estimate and at least four of five samples
    agree with the published figure. None without samples."""
    steadily_off: int | None
    """Checks of which the best estimate and at least four of five samples disagree with it."""
    outside: tuple[str, ...]
    """Compared figures outside their interval, as ``outage/figure``."""
    reasons: dict[str, int]
    """Figures that cannot be computed, by reason."""

    @property
    def checks(self) -> Tally:
        return self.by_kind[CHECK]


@dataclass(frozen=True, kw_only=True)
class Replay(Document):
    """One outage on the market of its day."""

    id: str
    title: str
    begin: str
    end: str | None
    market: str
    """The day whose holdings and traffic were used."""
    note: str
    cuts: tuple[CutSegments, ...]
    samples: int
    seed: int
    states: tuple[State, ...]
    comparisons: tuple[Comparison, ...]
    series: tuple[SeriesComparison, ...]
    totals: Totals
    sources: dict[str, str]
    """Titles and addresses by id."""

    def to_json(self) -> JsonObject:
        return {"schema": REPLAY_SCHEMA, **to_plain(self)}


@dataclass(frozen=True, kw_only=True)
class Replays(Document):
    """All shipped outages."""

    replays: tuple[Replay, ...]
    totals: Totals

    def to_json(self) -> JsonObject:
        return {"schema": REPLAY_SCHEMA, **to_plain(self)}


REPLAY_FILE = "replay.json"


def write_replay(folder: Path, of: Replay | Replays) -> None:
    write_text(folder / REPLAY_FILE, json.dumps(of.to_json(), ensure_ascii=False) + "\n")


def read_replay(folder: Path) -> Replay | Replays:
    """Read the answer of a folder: one outage, or all.

    Raises:
        InputError: There is none, or another version wrote it.
    """
    path = folder / REPLAY_FILE
    plain, hint = read_json(path, RESULT), "replay again, with --out"
    if isinstance(plain, dict) and "replays" in plain:
        return read_document(Replays, plain, str(path), hint)
    return read_document(Replay, plain, str(path), hint)


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
