"""What the events of a timeline do to fibres and gateways, and when switches see it. Pure.

A lost carrier is seen at once, and so is one that is back. Where BFD runs, a port is live while its
carrier and its end of the session are up: ``bfd_sessions.py`` says when that is.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import NamedTuple

from corridor.experiments.plan.bfd_sessions import Line, Span, turns
from corridor.experiments.plan.prediction import LABEL_BYTES, serialisation_ns
from corridor.experiments.plan.queues import BackgroundMoves, lasts
from corridor.experiments.plan.timeline import Placed
from corridor.topologies.base.options import Values
from corridor.topologies.model.fault_kind import ShapeChange
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import (
    ALL_PPM,
    GATEWAY_IN_PORT,
    GATEWAY_OUT_PORT,
    End,
    FibreWire,
    Shape,
    Wiring,
)

type Port = tuple[str, int]
"""A hub, and the number of a port of its switch."""


class Sight(NamedTuple):
    """A switch sees a port come alive or die."""

    at_ns: int
    hub: str
    port: int
    live: bool


@dataclass
class Broken:
    """What does not work when, after the epoch."""

    off: dict[str, list[Span]] = field(default_factory=lambda: defaultdict(list))
    """Fibres without a carrier."""
    silent: dict[tuple[str, str], list[Span]] = field(default_factory=lambda: defaultdict(list))
    """Fibres that lose all that a hub sends, with their carrier up."""
    reshaped: dict[str, list[tuple[Span, ShapeChange]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    reserved: dict[tuple[str, str], list[tuple[Span, ShapeChange]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """Of what a hub sends over a fibre: other rates of background traffic."""
    gateways: dict[str, list[Span]] = field(default_factory=lambda: defaultdict(list))
    restarts: list[int] = field(default_factory=list)
    """When all switches start again."""


def broken(placed: Sequence[Placed], topology: Topology, moves: BackgroundMoves) -> Broken:
    """What events do to fibres and gateways."""
    found, wires = Broken(), {wire.fibre: wire for wire in moves.wiring.fibres}
    for fibre, hub, span, change in moves.spans(placed):
        found.reserved[fibre, hub].append((span, change))
    for one in placed:
        kind, what, options = one.event.kind, one.event.what, one.event.options
        if kind.disconnects == "switches":
            found.restarts.append(one.begin_ns)
        for fibre, change in kind.shapes(topology, what, options).items():
            found.reshaped[fibre].extend((span, change) for span in lasts(one))
            for end, shape in _directions(wires[fibre]):
                if change(shape).loss_ppm >= ALL_PPM:
                    found.silent[fibre, end.hub] += lasts(one)
        for hub in kind.reach(topology, what, options).gateways:
            found.gateways[hub] += lasts(one)
        for fibre in sorted(kind.disabled_fibres(topology, what, options)):
            senders = _silent_senders(topology.fibre(fibre).ends, kind.only_bfd_notices, options)
            for hub in senders:
                found.silent[fibre, hub] += lasts(one)
            if not senders:
                found.off[fibre] += lasts(one)
    return found


def _directions(wire: FibreWire) -> tuple[tuple[End, Shape], tuple[End, Shape]]:
    """Each end that sends, with the shape of its direction."""
    return (wire.a, wire.forward), (wire.z, wire.backward)


def _silent_senders(ends: Sequence[str], flags: Iterable[str], options: Values) -> tuple[str, ...]:
    """The ends that send in vain while the carrier is up; none where it is down."""
    if not any(options.get(flag) for flag in flags):
        return ()
    toward = options.get("toward")
    return tuple(hub for hub in ends if hub != toward)


class Fibres:
    """The fibres of a wiring while a timeline goes on: what passes, and what switches see."""

    def __init__(
        self, wiring: Wiring, found: Broken, bfd_ns: int | None, draw: int, until_ns: int
    ) -> None:
        self._found = found
        self._wires = {wire.fibre: wire for wire in wiring.fibres}
        self._ends: dict[Port, tuple[FibreWire, End, Shape]] = {
            (end.hub, end.port): (wire, end, shape)
            for wire in wiring.fibres
            for end, shape in _directions(wire)
        }
        self._sights: dict[Port, list[Sight]] = {}
        for wire in wiring.fibres:
            self._see(wire, bfd_ns, draw, until_ns)
        for hub, spans in found.gateways.items():
            for port in (GATEWAY_IN_PORT, GATEWAY_OUT_PORT):
                self._sights[hub, port] = _seen(hub, port, [spans], until_ns)

    @property
    def sights(self) -> list[Sight]:
        """All that switches see, in order of time."""
        return sorted(sight for some in self._sights.values() for sight in some)

    @property
    def moments(self) -> list[int]:
        """When anything changes, in order."""
        found = self._found
        spans = [
            span
            for some in (*found.off.values(), *found.silent.values(), *found.gateways.values())
            for span in some
        ]
        changed = (*found.reshaped.values(), *found.reserved.values())
        spans += [span for some in changed for span, _ in some]
        ends = [int(span.end_ns) for span in spans if span.end_ns != math.inf]
        return sorted(
            {*(span.begin_ns for span in spans), *ends, *(one.at_ns for one in self.sights)}
        )

    def live(self, port: Port, at_ns: int) -> bool:
        """Whether a switch takes a port for live."""
        seen = self._sights.get(port)
        if not seen:
            return True
        number = bisect_right(seen, at_ns, key=lambda sight: sight.at_ns)
        return seen[number - 1].live if number else True

    def all_live_ns(self, fibres: Collection[str], from_ns: int) -> float:
        """From when on both ends of all of these are live; ``math.inf`` if never."""
        ports = [
            (end.hub, end.port)
            for fibre in fibres
            for end in (self._wires[fibre].a, self._wires[fibre].z)
        ]
        at = sorted({from_ns, *(one.at_ns for port in ports for one in self._sights.get(port, ()))})
        return next(
            (
                at_ns
                for at_ns in at
                if at_ns >= from_ns and all(self.live(port, at_ns) for port in ports)
            ),
            math.inf,
        )

    def ports(self, hub: str, at_ns: int) -> dict[int, bool]:
        """What the switch of a hub states about those ports that ever change."""
        return {port[1]: self.live(port, at_ns) for port in self._sights if port[0] == hub}

    def crossed_ns(self, port: Port, at_ns: int, size: int, *, stays: bool) -> int | None:
        """When a frame sent then has crossed; None if it is lost, also in flight, unless all
        ``stays`` as it is then."""
        if port[1] == GATEWAY_IN_PORT:
            spans = self._found.gateways.get(port[0], ())
            return None if any(span.touches(at_ns, at_ns) for span in spans) else at_ns
        wire, end, shape = self._ends[port]
        reserved = self._found.reserved.get((wire.fibre, end.hub), ())
        for span, change in (*reserved, *self._found.reshaped.get(wire.fibre, ())):
            if span.touches(at_ns, at_ns):
                shape = change(shape)
        sending_ns = serialisation_ns(size + LABEL_BYTES, shape.rate_bps)
        over_ns = at_ns + shape.usual_ns + sending_ns
        return None if self._loses(wire, end, at_ns, at_ns if stays else over_ns) else over_ns

    def _loses(self, wire: FibreWire, end: End, at_ns: int, over_ns: int) -> bool:
        spans = (
            *self._found.off.get(wire.fibre, ()),
            *self._found.silent.get((wire.fibre, end.hub), ()),
        )
        return any(span.touches(at_ns, over_ns) for span in spans)

    def _see(self, wire: FibreWire, bfd_ns: int | None, draw: int, until_ns: int) -> None:
        off = self._found.off.get(wire.fibre, [])
        down: tuple[list[Span], list[Span]] = ([], [])
        if bfd_ns is not None:
            down = _down(self._line(wire), bfd_ns, f"{draw} {wire.fibre}", until_ns)
        for end, spans in zip((wire.a, wire.z), down, strict=True):
            if off or spans:
                port = end.hub, end.port
                self._sights[port] = _seen(*port, [off, spans], until_ns)

    def _line(self, wire: FibreWire) -> Line:
        found = self._found
        off = found.off.get(wire.fibre, [])
        lost = [
            tuple(sorted([*off, *found.silent.get((wire.fibre, end.hub), [])]))
            for end in (wire.a, wire.z)
        ]
        usual_ns = wire.forward.usual_ns
        slower = [
            (span, change(wire.forward).usual_ns - usual_ns)
            for span, change in found.reshaped.get(wire.fibre, ())
        ]
        return Line(
            usual_ns,
            (lost[0], lost[1]),
            tuple((span, more_ns) for span, more_ns in slower if more_ns),
            tuple(found.restarts),
        )


@lru_cache(maxsize=10_000)
def _down(line: Line, bfd_ns: int, seed: str, until_ns: int) -> tuple[list[Span], list[Span]]:
    """When each end of a session is down."""
    since: dict[int, int] = {}
    spans: tuple[list[Span], list[Span]] = ([], [])
    for turn in turns(line, bfd_ns, Random(seed), until_ns):
        if not turn.up:
            since[turn.end] = turn.at_ns
        elif turn.end in since:
            spans[turn.end].append(Span(since.pop(turn.end), turn.at_ns))
    for end, at_ns in since.items():
        spans[end].append(Span(at_ns, math.inf))
    return spans


def _seen(hub: str, port: int, causes: Sequence[Sequence[Span]], until_ns: int) -> list[Sight]:
    """A port is live while none of the causes is there."""
    spans = [span for some in causes for span in some]
    changes = sorted({*(one.begin_ns for one in spans), *(one.end_ns for one in spans)})
    sights, was = list[Sight](), True
    for at_ns in changes:
        live = not any(span.begin_ns <= at_ns < span.end_ns for span in spans)
        if live != was and at_ns < until_ns:
            sights.append(Sight(int(at_ns), hub, port, live))
        was = live
    return sights
