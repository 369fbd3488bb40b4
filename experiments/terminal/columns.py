"""The one table renderer: columns as wide as their cells, or as a terminal lets them. Pure.

Where a table is too wide, empty columns go, one column is wrapped if its table allows that, then
columns are left out, those first that matter least, and a last line says which. Without a width
nothing is touched.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from corridor.topologies.base.words import counted

GAP = "  "
LEAST_WRAPPED = 24
"""Characters that a wrapped column has at least."""
LEAST_CUT, LEAST_NAME = 8, 24
"""Characters that are left of a text, and of the name that a row begins with."""
LEAST_WIDTH = 40
"""No table is made narrower than this."""
DOTS = "..."
LEFT_OUT = "widen the terminal or use --json"
NONE: frozenset[str] = frozenset()
MOST_WIDTH = 100
"""Prose is never wider, however wide a terminal is."""


def render(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: frozenset[str] = NONE,
    *,
    width: int | None = None,
    spare: Sequence[str] = (),
    wrap: str = "",
    ruled: bool = True,
) -> str:
    """Columns two spaces apart, those of ``right`` at their right edge.

    ``spare`` names those that may go, the least important first; ``wrap`` one that may take several
    lines a row. A heading that comes again is named like ``expected/2``. ``ruled`` draws a line
    below the headings.
    """
    keys = [_key(headings, at) for at in range(len(headings))]
    at_right = frozenset(key for key, one in zip(keys, headings, strict=True) if one in right)
    whole = _Table(keys, [tuple(row) for row in rows], at_right, ruled, headings)
    if width is None or whole.fits(width):
        return str(whole)
    width = max(width, LEAST_WIDTH)
    told = whole.without_empty()
    table = _narrowed(told, width, spare, wrap)
    gone = [one for key, one in zip(told.keys, told.titles, strict=True) if key not in table.keys]
    if not gone:
        return str(table)
    said = f"{counted(len(gone), 'column')} left out ({', '.join(gone)}): {LEFT_OUT}"
    return "\n".join([str(table), *textwrap.wrap(said, width)])


def prose(
    text: str,
    width: int | None,
    indent: str = "",
    rest: str | None = None,
    *,
    hyphens: bool = False,
) -> str:
    """A paragraph within a terminal, whose further lines begin with ``rest``: by default, set in
    twice as far as the first. ``hyphens`` lets lines end after them."""
    return textwrap.fill(
        text,
        min(width or MOST_WIDTH, MOST_WIDTH),
        initial_indent=indent,
        subsequent_indent=2 * indent if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=hyphens,
    )


@dataclass(frozen=True)
class Table:
    """A table for terminals and pages."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: frozenset[str] = NONE
    """Heads of columns of numbers."""
    spare: Sequence[str] = ()
    """Heads of columns that a narrow terminal leaves out, the first first."""
    wrap: str = ""

    @property
    def columns(self) -> list[tuple[str, bool]]:
        """Heads, and whether numbers are below."""
        return [(one, one in self.numbers) for one in self.heads]

    def told(self, width: int | None) -> str:
        """For a terminal, below its title; no table without rows."""
        title = prose(f"{self.title}:", width) + "\n" if self.title else ""
        return title + self.drawn(width) if self.rows else ""

    def drawn(self, width: int | None) -> str:
        return render(
            self.heads, self.rows, self.numbers, width=width, spare=self.spare, wrap=self.wrap
        )


def cells_of(text: str) -> int:
    """Cells of a terminal that a text takes: two for a wide letter, none for one that combines."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(one) or unicodedata.category(one) in ("Mn", "Me", "Cf")
        else 2 if unicodedata.east_asian_width(one) in "WF" else 1
        for one in text
    )  # fmt: skip


def _key(headings: Sequence[str], at: int) -> str:
    before = headings[:at].count(headings[at])
    return f"{headings[at]}/{before + 1}" if before else headings[at]


@dataclass(frozen=True)
class _Table:
    keys: Sequence[str]
    rows: Sequence[tuple[str, ...]]
    right: frozenset[str]
    ruled: bool
    titles: Sequence[str]
    """What stands above columns."""

    @property
    def widths(self) -> list[int]:
        columns = zip(self.titles, *self.rows, strict=True)
        return [max(map(cells_of, column)) for column in columns]

    def fits(self, width: int) -> bool:
        widths = self.widths
        return sum(widths) + len(GAP) * (len(widths) - 1) <= width

    def without(self, key: str) -> _Table:
        keep = [at for at, one in enumerate(self.keys) if one != key]
        rows = [tuple(row[at] for at in keep) for row in self.rows]
        titles = [self.titles[at] for at in keep]
        return replace(self, keys=[self.keys[at] for at in keep], rows=rows, titles=titles)

    def without_empty(self) -> _Table:
        """Without columns that say nothing."""
        table = self
        for at, key in enumerate(self.keys):
            if len(table.keys) > 1 and not any(row[at] for row in self.rows):
                table = table.without(key)
        return table

    def wrapped(self, key: str, room: int) -> _Table:
        """With several lines for a row whose cell does not fit into ``room``."""
        at = self.keys.index(key)
        rows = []
        for row in self.rows:
            first, *others = _lines(row[at], room)
            rows.append((*row[:at], first, *row[at + 1 :]))
            rows += [tuple(line * (one == at) for one in range(len(row))) for line in others]
        return replace(self, rows=rows)

    def cut(self, key: str, room: int) -> _Table:
        """With the cells of one column cut off."""
        at = self.keys.index(key)
        rows = [(*row[:at], _cut(row[at], room), *row[at + 1 :]) for row in self.rows]
        titles = [*self.titles]
        titles[at] = _cut(titles[at], room)
        return replace(self, rows=rows, titles=titles)

    def __str__(self) -> str:
        widths = self.widths
        rule = [GAP.join("-" * width for width in widths)] if self.ruled else []
        lines = [_line(row, self.keys, widths, self.right) for row in self.rows]
        return "\n".join([_line(self.titles, self.keys, widths, self.right), *rule, *lines])


def _narrowed(whole: _Table, width: int, spare: Sequence[str], wrap: str) -> _Table:
    for table in _fewer(whole, spare):
        if table.fits(width):
            return table
        room = _room(table, width, wrap)
        if room >= LEAST_WRAPPED:
            return table.wrapped(wrap, room)
    return _cut_down(table, width)


def _fewer(table: _Table, spare: Sequence[str]) -> Iterator[_Table]:
    yield table
    for key in spare:
        if key in table.keys:
            table = table.without(key)
            yield table


def _room(table: _Table, width: int, key: str) -> int:
    """What is left for one column if all others are as wide as they are."""
    if key not in table.keys:
        return 0
    others = sum(
        one + len(GAP) for one, name in zip(table.widths, table.keys, strict=True) if name != key
    )
    return width - others


def _cut_down(table: _Table, width: int) -> _Table:
    """Texts of the widest column cut off until all fits, numbers never; then the last one goes."""
    while not table.fits(width) and len(table.keys) > 1:
        widths = dict(zip(table.keys, table.widths, strict=True))
        too_much = sum(widths.values()) + len(GAP) * (len(widths) - 1) - width
        spare = {
            name: width - (LEAST_CUT if at else LEAST_NAME)
            for at, (name, width) in enumerate(widths.items())
            if name not in table.right
        }
        widest = max(spare, key=spare.__getitem__, default="")
        if widest and spare[widest] > 0:
            table = table.cut(widest, widths[widest] - min(too_much, spare[widest]))
        else:
            table = table.without(table.keys[-1])
    return table if table.fits(width) else table.cut(table.keys[0], width)


def _lines(cell: str, room: int) -> list[str]:
    """Cut at words; wide letters leave room for fewer."""
    letters = room
    lines = textwrap.wrap(cell, letters, break_on_hyphens=False)
    while any(cells_of(line) > room for line in lines):
        letters -= 1
        lines = textwrap.wrap(cell, letters, break_on_hyphens=False)
    return lines or [""]


def _cut(text: str, room: int) -> str:
    if cells_of(text) <= room:
        return text
    kept = text
    while cells_of(kept) > room - len(DOTS):
        kept = kept[:-1]
    return f"{kept}{DOTS}"


def _line(
    cells: Sequence[str], keys: Sequence[str], widths: Sequence[int], right: frozenset[str]
) -> str:
    aligned = (
        f"{_blank(cell, width)}{cell}" if key in right else f"{cell}{_blank(cell, width)}"
        for cell, key, width in zip(cells, keys, widths, strict=True)
    )
    return GAP.join(aligned).rstrip()


def _blank(cell: str, width: int) -> str:
    return " " * (width - cells_of(cell))
