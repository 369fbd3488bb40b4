"""A brief as values. What it is about is filled in by one file a kind of folder. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from corridor.controller.explain.path_summary import Reference
from corridor.experiments.answers.map_document import HubEntry, MapDocument
from corridor.experiments.pages.claims import safe_address
from corridor.topologies.base.words import confidence_word, counted, is_longer, ms, ms_within
from corridor.topologies.model.delay import FIBRE_NS_PER_KM, ROUTE_FACTOR, TERMINAL_NS

type HubText = Callable[[HubEntry], str]
Look = Literal["permitted", "free", "blocked", "some", "much", "most"]
"""Of paths; the last three are degrees of importance."""
MOST_ROWS, MOST_BARS, MOST_HELPS, MOST_BELIEFS = 9, 6, 5, 4
MOST_LAW, MOST_FIBRES = 7, 6
"""What two pages have room for. A brief states how much more the full results contain."""
HEADINGS_AS_ROWS = 2
"""The height of the second table without its rows, which have one line instead of two."""
FULL = "in the full results"


@dataclass(frozen=True)
class Cell:
    text: str
    small: str = ""
    """An id or a detail, below the text."""
    tone: str = ""
    """A class of the style sheet."""


@dataclass(frozen=True)
class Table:
    """What is affected."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    rest: str = ""
    """The rows that are left out, in a sentence."""


@dataclass(frozen=True)
class Bar:
    """One row of the figure. Values that are not known are None."""

    label: str
    small: str
    value: float | None
    interval: tuple[float, float] | None = None
    other: float | None = None
    third: float | None = None
    text: str = ""
    """The value with its interval, as text."""


@dataclass(frozen=True)
class Chart:
    """Values with intervals, or counts from 0 on, one a row."""

    title: str
    unit: str
    bars: Sequence[Bar]
    value: str
    """What the mark of ``value`` means; and of the others, empty where no bar has one."""
    interval: str = ""
    other: str = ""
    third: str = ""
    rest: str = ""
    is_count: bool = False


@dataclass(frozen=True)
class Picture:
    """Paths on the part of a map that the question is about."""

    where: MapDocument
    paths: Sequence[tuple[Look, Sequence[str]]]
    """Fibres of each path."""
    meanings: Mapping[Look, str]
    ends: Sequence[str]
    """Hubs that are named first: where demands start and end."""
    caption: str
    cut: Sequence[str] = ()


@dataclass(frozen=True)
class Source:
    text: str
    id: str = ""
    address: str = ""
    caveat: str = ""
    """Why it is worth less; empty for a confident source."""


@dataclass(frozen=True)
class Brief:
    title: str
    about: str
    """What kind of result it is, of which scenario, as of which day."""
    alarms: Sequence[str]
    question: str
    answer: Sequence[str]
    """The first sentence is the headline."""
    certainty: str
    """How certain the answer is, in one phrase: an interval with its level, and what is sure."""
    uncertainty: Sequence[str]
    picture: Picture | None
    chart: Chart | None
    table: Table
    helps: Sequence[str]
    """What would change the answer."""
    beliefs: Sequence[tuple[str, str]]
    """Interpretations and assumptions, by the id of their rule."""
    law: Sequence[Source]
    fibres: Sequence[str]
    """Where the fibres of the paths come from."""
    constants: Sequence[str]
    footer: str
    second: Table | None = None
    """Below ``table``."""


def fitted(of: Brief) -> Brief:
    """The brief with the first entries of long lists; each list then states what is left out."""
    table, chart = of.table, of.chart
    most_rows = MOST_ROWS - (
        0 if of.second is None else len(of.second.rows) // 2 + HEADINGS_AS_ROWS
    )
    hidden = len(table.rows) - most_rows
    if hidden > 0:
        more = f"{counted(hidden, 'more row')} {'is' if hidden == 1 else 'are'} {FULL}."
        rest = f"{more} {table.rest}".strip()
        table = replace(table, rows=table.rows[:most_rows], rest=rest)
    if chart is not None and len(chart.bars) > MOST_BARS:
        more = f"{len(chart.bars) - MOST_BARS} more are {FULL}."
        chart = replace(chart, bars=chart.bars[:MOST_BARS], rest=more)
    beliefs = of.beliefs
    if len(beliefs) > MOST_BELIEFS:
        names = ", ".join(name for name, _ in beliefs[MOST_BELIEFS:])
        beliefs = [*beliefs[:MOST_BELIEFS], ("others", f"{names}: {FULL}.")]
    law = of.law
    if len(law) > MOST_LAW:
        ids = ", ".join(one.id or one.text for one in law[MOST_LAW:])
        law = [*law[:MOST_LAW], Source(f"also cited: {ids}")]
    return replace(
        of,
        table=table,
        chart=chart,
        helps=_first(of.helps, MOST_HELPS),
        beliefs=beliefs,
        law=law,
        fibres=_first(of.fibres, MOST_FIBRES),
    )


def _first(lines: Sequence[str], most: int) -> Sequence[str]:
    more = len(lines) - most
    said = f"{more} more {FULL}"
    return [*lines[:most], said] if more > 0 else lines


# What a brief rests on: cited rules, and the constants of computed delays.

_BY_LAND, _BY_SEA = (ROUTE_FACTOR[medium] for medium in ("terrestrial", "submarine"))
CONSTANTS = (
    (
        f"Fibre delay {FIBRE_NS_PER_KM / 1000:g} µs per km (areapac.com; mapyourtech.com); "
        f"{TERMINAL_NS / 1e6:g} ms for the two ends of a fibre (mapyourtech.com; Huawei forum "
        "681393-875)."
    ),
    (
        "Where no length is published: great circle times "
        f"{_BY_LAND:g} by land and {_BY_SEA:g} by sea "
        "(fitted on measurements)."
    ),
)
FINE = ("in-force", "confident", "")


def law_sources(cited: Iterable[Reference]) -> list[Source]:
    return [
        Source(
            text=one.citation,
            id=one.id,
            address=safe_address(one.address),
            caveat=", ".join(
                confidence_word(word) for word in (one.status, one.confidence) if word not in FINE
            ),
        )
        for one in cited
    ]


# A computed delay with its interval: as a sentence, as a bar of the figure.


class Delay(NamedTuple):
    """In ms, with the 90 % interval of the Monte Carlo samples, where it is known."""

    ms: float
    interval: Sequence[float] | None

    @property
    def is_shown(self) -> bool:
        return is_longer(self.ms)

    @property
    def text(self) -> str:
        return ms_within(self.ms, self.interval)[0] if self.interval else ms(self.ms)

    @property
    def bounds(self) -> str:
        """``5.2 to 18.1``; empty without an interval."""
        return ms_within(self.ms, self.interval)[1] if self.interval else ""

    @property
    def known(self) -> str:
        return f"(computed; {self._within})"

    @property
    def _within(self) -> str:
        return f"90 % interval {self.bounds} ms" if self.interval else "no interval known"

    def certainty(self, what: str) -> str:
        """``what`` with its interval and the level of this, or that no interval is known."""
        return f"{what} {self.text}, {self._within}"

    def bar(
        self,
        label: str,
        small: str,
        *,
        other: float | None = None,
        third: float | None = None,
        sign: str = "",
    ) -> Bar:
        within = f" ({self.bounds})" if self.interval else ""
        interval = (self.interval[0], self.interval[1]) if self.interval else None
        text = f"{sign}{self.text}{within}"
        return Bar(label, small, self.ms, interval, other, third, text)
