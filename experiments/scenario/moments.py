"""What events of a scenario refer to: moments of the run, and the network that they change. Pure.

A moment counts from the start of the run, or from a moment with a name:

    2s                    after the first probe may be sent
    streams + 500ms       after the first stream begins
    end - 1s              before the last probe is sent
    red-sea.end + 10ms    after the end of the event with that id

What a name means in nanoseconds is known once a run is planned.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple, Protocol

from corridor.topologies.base.units import QuantityError, format_duration, parse_duration_ns
from corridor.topologies.model.fault_kind import Network

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


# A network that is measured, as kinds of events see it beyond what faults need.


class Lab(Network, Protocol):
    """All that a timeline can change."""

    def request(self, do: str, **what: Any) -> None:
        """Ask the controller, as over its control socket; what it answers stands with what was
        done. Returns at once: others do not wait for it."""

    def kill_controller(self, name: str) -> None:
        """SIGKILL. ``name`` is a domain where each has a controller. Switches serve on by the
        tables that they hold."""

    def start_controller(self, name: str) -> None:
        """Another, which takes over what switches hold."""

    def order_domain(self, domain: str, do: str) -> None:
        """Have the controller of a domain ``leave``, ``rejoin``, be in ``silence``, or ``speak``;
        nothing where one controller serves all."""

    def transfer(self, demand: str) -> None:
        """Begin the TCP transfer that is planned for a demand; returns at once."""

    def begin_capture(self, fibre: str) -> None:
        """Write what is on a fibre to a file, from now on."""

    def end_capture(self, fibre: str) -> None:
        """No more of it."""
