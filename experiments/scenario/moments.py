"""Moments of a run as scenarios write them: from its start, or from a moment with a name. Pure.

    2s                    after the first probe may be sent
    streams + 500ms       after the first stream begins
    end - 1s              before the last probe is sent
    red-sea.end + 10ms    after the end of the event with that id

What a name means in nanoseconds is known once a run is planned.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from corridor.topologies.base.units import QuantityError, format_duration, parse_duration_ns

START, STREAMS, END = "start", "streams", "end"
NAMED = (START, STREAMS, END)
"""Moments that every run has, but for ``streams`` where nothing streams."""
_WRITTEN = re.compile(
    r"(?P<name>[a-z][A-Za-z0-9_.:-]*)(?:\s*(?P<sign>[+-])\s*(?P<offset>[0-9].*))?"
)


class Moment(NamedTuple):
    """A number of nanoseconds after a named moment, or before it."""

    name: str
    offset_ns: int

    @property
    def event(self) -> str:
        """The id of the event whose start or end it counts from; empty for one that all have."""
        return "" if self.name in NAMED else self.name.removesuffix(".end")

    @property
    def after_its_end(self) -> bool:
        return self.name.endswith(".end")

    def __str__(self) -> str:
        if self.name == START:
            return format_duration(self.offset_ns)
        if not self.offset_ns:
            return self.name
        sign = "-" if self.offset_ns < 0 else "+"
        return f"{self.name} {sign} {format_duration(abs(self.offset_ns))}"


def parse_moment(text: object) -> Moment:
    """Raises QuantityError."""
    written = text.strip() if isinstance(text, str) else ""
    named = _WRITTEN.fullmatch(written)
    if named is None:
        return Moment(START, parse_duration_ns(text))
    offset = named["offset"]
    offset_ns = parse_duration_ns(offset) if offset else 0
    if named["name"] == START and named["sign"] == "-" and offset_ns:
        raise QuantityError(f'"{written}" is before the start', "write a moment after it")
    return Moment(named["name"], -offset_ns if named["sign"] == "-" else offset_ns)
