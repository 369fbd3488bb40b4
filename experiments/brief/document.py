"""A brief as values. What it is about is filled in by one file a kind of folder. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from corridor.experiments.answers.map_document import HubEntry, MapDocument
from corridor.topologies.base.words import counted

type HubText = Callable[[HubEntry], str]
Look = Literal["permitted", "free", "blocked"]
MOST_ROWS, MOST_BARS, MOST_HELPS, MOST_BELIEFS = 9, 6, 5, 4
MOST_LAW, MOST_FIBRES = 7, 6
"""What two pages have room for. A brief states how much more the full results contain."""
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


def fitted(of: Brief) -> Brief:
    """The brief with the first entries of long lists; each list then states what is left out."""
    table, chart = of.table, of.chart
    hidden = len(table.rows) - MOST_ROWS
    if hidden > 0:
        more = f"{counted(hidden, 'more row')} {'is' if hidden == 1 else 'are'} {FULL}."
        rest = f"{more} {table.rest}".strip()
        table = replace(table, rows=table.rows[:MOST_ROWS], rest=rest)
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
