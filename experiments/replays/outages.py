"""The shipped outages: dated cuts of cables, with the effects that were published of each. Pure.

They are the data of ``traffic/data/outages.yaml``; a figure has its source, and states whether it
may judge the model.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import Field, field_validator, model_validator

import corridor.traffic
from corridor.topologies.base.documents import Document, read_document, validate
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.model.fields import Frozen, Slug
from corridor.topologies.model.topology import Confidence

FILE = Path(corridor.traffic.__file__).parent / "data/outages.yaml"
type Measure = Literal[
    "capacity-lost",
    "traffic-hit",
    "shortfall",
    "rerouted",
    "restored-share",
    "traffic-lost",
    "system-load",
    "rtt",
    "loss",
    "routing",
]
"""``capacity-lost`` is capacity on cut segments, whether it was used or not. ``traffic-hit`` is the
traffic that was on them: ``rerouted`` is carried elsewhere, ``shortfall`` is not. ``routing`` is a
text, which no number can confirm."""
type Unit = Literal["Gbit/s", "%", "ms"]
type Statistic = Literal["at-day", "day-mean", "worst-3h"]
FORMS = ("%Y-%m-%dT%H:%MZ", "%Y-%m-%d", "%Y-%m", "%Y")
PERCENT = 100


class Range(NamedTuple):
    """Two numbers, the lower one first; equal where a single value was published."""

    low: float
    high: float

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2

    def to_plain(self) -> list[float]:
        return [self.low, self.high]

    @classmethod
    def from_plain(cls, plain: Iterable[float]) -> Range:
        return cls(*plain)


class Source(Frozen):
    title: str = Field(min_length=1)
    url: str = Field(min_length=1)
    date: str


class CutOfSystem(Frozen):
    """One system that was cut, and where: a place that segments of the system pass."""

    system: Slug
    at: Slug


class Published(Frozen):
    """One published effect of an outage."""

    id: Slug
    measure: Measure
    country: str | None = None
    """ISO 3166 code; None for a region that is not one country."""
    owner: Slug | None = None
    system: Slug | None = None
    direction: Slug | None = None
    before: Range | None = None
    value: Range | None = None
    tolerance: Range | None = None
    """Compared values that still count as agreement; proposed by this project, not published."""
    unit: Unit | None = None
    text: str = ""
    """The effect, where it is not a number."""
    statistic: Statistic = "at-day"
    day: float = Field(ge=0)
    """Days after the cut."""
    sources: tuple[str, ...] = Field(min_length=1, alias="source")
    confidence: Confidence = "unsure"
    use: Literal["check", "remark"]
    input: bool = False
    """The market was made from this figure, which is then no check."""
    because: str = ""

    @field_validator("before", "value", "tolerance", mode="before")
    @classmethod
    def _range(cls, value: object) -> object:
        return (value, value) if isinstance(value, int | float) else value

    @field_validator("sources", mode="before")
    @classmethod
    def _several(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _complete(self) -> Published:
        if (self.value is None) == (not self.text) or (self.value is None) != (self.unit is None):
            raise ValueError("give a value with its unit, or a text")
        if self.input and self.use == "check":
            raise ValueError("a figure that is an input cannot be a check")
        if (self.use == "remark" or self.input) and not self.because:
            raise ValueError("a remark, or a figure that is an input, has a because")
        return self


class Outage(Frozen):
    """One dated outage. Times are UTC."""

    id: Slug
    title: str = Field(min_length=1)
    begin: str
    begin_precision: Literal["minute", "hour", "day"] = "day"
    end: str | None = None
    end_precision: Literal["hour", "day", "month", "year"] = "day"
    countries: tuple[str, ...]
    confidence: Confidence = "unsure"
    sources: tuple[str, ...] = ()
    note: str = ""
    cuts: tuple[CutOfSystem, ...] = Field(min_length=1)
    published: tuple[Published, ...]

    @field_validator("begin", "end")
    @classmethod
    def _time(cls, value: str | None) -> str | None:
        if value is not None:
            moment(value)
        return value

    @property
    def began(self) -> datetime:
        return moment(self.begin)


class Series(Frozen):
    """Published round trips and losses at regular intervals; each value is a median over probes."""

    outage: Slug
    id: Slug
    title: str
    owner: Slug
    source: str
    begin: str
    step_hours: float = Field(gt=0)
    rtt_ms: tuple[float, ...] = Field(min_length=1)
    loss_percent: tuple[float, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _equal(self) -> Series:
        if len(self.rtt_ms) != len(self.loss_percent):
            raise ValueError("rtt_ms and loss_percent have one value for each interval")
        return self

    def middle_of(self, index: int) -> datetime:
        """The middle of an interval."""
        return moment(self.begin) + timedelta(hours=self.step_hours * (index + 0.5))


class Shipped(NamedTuple):
    sources: dict[str, Source]
    outages: dict[str, Outage]
    series: tuple[Series, ...]


def moment(text: str) -> datetime:
    """Return a time of the file in UTC; a day, month or year is its beginning."""
    for form in FORMS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise ValueError(f"{text} is not a time: write 2025-09-06T05:45Z, or a day, month or year")


def outage(name: str) -> Outage:
    """Return a shipped outage by its id.

    Raises:
        InputError: There is no such outage; the hint names the nearest one, or all.
    """
    known = shipped().outages
    if name not in known:
        hint = nearest(name, known) or f"outages are {', '.join(known)}"
        raise InputError(f'no outage is called "{name}"', hint)
    return known[name]


@cache
def shipped() -> Shipped:
    """Return the outages, series and sources that ship.

    Raises:
        InputError: The file has a mistake; the error names the line.
    """
    return read_outages(read_document(FILE))


def read_outages(document: Document) -> Shipped:
    """Return the outages of a document. Raises InputError with the line of a mistake."""
    named = document.value("sources")
    assert isinstance(named, dict)
    sources = {key: validate(document, Source, at=("sources", key)) for key in named}
    outages = [validate(document, Outage, at=("outages", i)) for i in _indices(document, "outages")]
    series = [validate(document, Series, at=("series", i)) for i in _indices(document, "series")]
    by_id = {one.id: one for one in outages}
    for number, one in enumerate(outages):
        if not one.sources:
            raise document.error("an outage needs a source", "outages", number)
        used = {*one.sources, *(source for each in one.published for source in each.sources)}
        for missing in sorted(used - sources.keys()):
            raise document.error(f'no source is called "{missing}"', "outages", number)
    for number, each in enumerate(series):
        if each.outage not in by_id or each.source not in sources:
            raise document.error("its outage or source is not listed", "series", number)
    if len(by_id) != len(outages):
        raise document.error("two outages have the same id", "outages")
    return Shipped(sources, by_id, tuple(series))


def _indices(document: Document, key: str) -> range:
    listed = document.value(key)
    return range(len(listed) if isinstance(listed, list) else 0)
