"""What each event is expected to do to each demand: by the model, before anything is built. Pure.

The whole timeline is gone through: when fibres fail, when switches see it and when a session of BFD
is up again, what the controller makes of it and when. Tables are searched as the prover does it.
Where BFD has a part, sessions draw their random intervals, so it is gone through several times:
what most draws come to is expected, and how long demands are out stands between the least and the
most of all draws.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from corridor.controller.intent.specification import Specification
from corridor.controller.openflow.deployments import Deployment
from corridor.experiments.plan.predicted_controller import Compiled, foreseen, installed_once
from corridor.experiments.plan.predicted_fibres import Fibres, broken
from corridor.experiments.plan.predicted_rtt import (
    Explorers,
    Look,
    Piece,
    PredictedRtt,
    RunProgress,
    Window,
)
from corridor.experiments.plan.queues import BackgroundMoves
from corridor.experiments.plan.timeline import Placed
from corridor.experiments.plan.values import Impact, PlannedEvent
from corridor.experiments.scenario.event_registry import is_fault
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.model.wiring import Wiring
from corridor.traffic.agents.jobs import Clock

DRAWS = 20
"""Of BFD's random intervals."""
AT_ONCE_NS, SOON_NS = 3_000_000_000, 1_000_000_000
"""By then an event without an end has its full effect; and after an end, that of the end."""


def planned_events(
    placed: Sequence[Placed],
    loaded: LoadedScenario,
    specification: Specification,
    installed: Deployment,
    wiring: Wiring,
    over_ns: int,
    clock: Clock,
) -> tuple[PlannedEvent, ...]:
    """The events with what they are expected to do until the last packet is sent; ``installed``
    is what switches hold before the first."""
    compiled = Compiled(specification, installed, wiring, clock)
    foresight = _Foresight(placed, loaded, compiled, over_ns)
    return tuple(
        replace(
            unpredicted(one),
            back_ns=foresight.back_ns(one),
            impacts=tuple(foresight.impacts(number)),
        )
        for number, one in enumerate(placed)
    )


def unpredicted(one: Placed) -> PlannedEvent:
    """Return an event without what it does to demands: controllers of domains are not modelled."""
    return PlannedEvent(
        id=one.event.id,
        kind=one.event.kind.key,
        what=one.event.what,
        options=_given(one),
        begin_ns=one.begin_ns,
        end_ns=one.end_ns,
        back_ns=None,
        impacts=(),
    )


def _given(one: Placed) -> dict[str, Any]:
    """But for flags that are not set; 0 is given."""
    options = one.event.options.items()
    return {name: value for name, value in options if value is not None and value is not False}


class _Foresight:
    """Of one scenario."""

    def __init__(
        self,
        placed: Sequence[Placed],
        loaded: LoadedScenario,
        compiled: Compiled,
        over_ns: int,
    ) -> None:
        self._placed, self._loaded = placed, loaded
        self._compiled, self._over_ns = compiled, over_ns
        self._bfd_ns = loaded.scenario.network.bfd or None
        self._explorers = Explorers(compiled.wiring, loaded.topology)
        self._moves = BackgroundMoves(loaded, compiled.wiring)
        scenario = loaded.scenario
        self._sizes = [(demand.probe or scenario.probe).size for demand in scenario.demands]
        self._courses = [self._course(placed, draw) for draw in range(self._draws)]
        self._without: dict[int, RunProgress] = {}
        self._hit = [self._hits(one) for one in placed]

    @property
    def _draws(self) -> int:
        return 1 if self._bfd_ns is None else DRAWS

    def back_ns(self, one: Placed) -> int | None:
        """When its fibres are used again: the median of all draws."""
        event, topology = one.event, self._loaded.topology
        fibres = event.kind.disabled_fibres(topology, event.what, event.options)
        if one.end_ns is None or not fibres:
            return None
        found = sorted(_back_ns(course, fibres, one.end_ns) for course in self._courses)
        middle_ns = found[len(found) // 2]
        return None if middle_ns > self._over_ns else int(middle_ns)

    def impacts(self, number: int) -> Iterator[Impact]:
        """Of one event, on every demand that it hits."""
        one = self._placed[number]
        for demand in sorted(self._hit[number]):
            window = self._window(one, demand)
            looks = [Look(course, demand, window) for course in self._courses]
            impact = _agreed(demand, looks)
            if impact.before_rtt_ns is None and impact.followed_rtt_ns is None:
                continue
            if self._loses(one, self._courses[0].trip_at(demand, one.begin_ns - 1)):
                impact = replace(impact, out_ns=None, out_within_ns=None)
            yield impact

    def _window(self, one: Placed, demand: int) -> Window:
        others = [other.begin_ns for other in self._placed if other.begin_ns > one.begin_ns]
        hitting = [
            other.begin_ns
            for other, hit in zip(self._placed, self._hit, strict=True)
            if demand in hit and other.begin_ns > one.begin_ns
        ]
        return Window(
            begin_ns=one.begin_ns,
            end_ns=min(one.end_ns or self._over_ns, self._over_ns),
            alone_until_ns=min(others, default=self._over_ns),
            owns_until_ns=min(hitting, default=self._over_ns),
            over_ns=self._over_ns,
        )

    def _hits(self, one: Placed) -> frozenset[int]:
        """The demands that fare otherwise with it than without, had nothing else begun since: while
        it lasts, or soon after."""
        kind = one.event.kind
        if not is_fault(kind.key) and not kind.asks_controller:
            return frozenset()
        before = [other for other in self._placed if other.begin_ns < one.begin_ns]
        if one.begin_ns not in self._without:
            self._without[one.begin_ns] = self._course(before, 0)
        without, course = self._without[one.begin_ns], self._course([*before, one], 0)
        over_ns = (one.end_ns or one.begin_ns + AT_ONCE_NS) + SOON_NS
        return frozenset(
            demand
            for demand in range(len(self._sizes))
            if _until(course.fares(demand), over_ns) != _until(without.fares(demand), over_ns)
            or self._loses(one, course.trip_at(demand, one.begin_ns - 1))
        )

    def _loses(self, one: Placed, had: PredictedRtt) -> bool:
        """Whether it loses packets of a demand at random."""
        changes = one.event.kind.shapes(self._loaded.topology, one.event.what, one.event.options)
        shapes = {wire.fibre: wire.forward for wire in self._compiled.wiring.fibres}
        return any(
            change(shapes[fibre]).loss_ppm > shapes[fibre].loss_ppm
            for fibre, change in changes.items()
            if fibre in had.fibres
        )

    def _course(self, placed: Sequence[Placed], draw: int) -> RunProgress:
        found = broken(placed, self._loaded.topology, self._moves)
        fibres = Fibres(self._compiled.wiring, found, self._bfd_ns, draw, self._over_ns)
        if self._loaded.scenario.follows:
            standing = foreseen(placed, fibres, self._compiled, self._over_ns)
        else:
            standing = installed_once(placed, self._compiled)
        return RunProgress(fibres, standing, self._explorers, self._sizes)


def _until(fares: Sequence[Piece], over_ns: int) -> list[Piece]:
    return [piece for piece in fares if piece.from_ns < over_ns]


def _back_ns(course: RunProgress, fibres: frozenset[str], end_ns: int) -> float:
    live_ns = max(end_ns, course.fibres.all_live_ns(fibres, end_ns))
    if live_ns == math.inf:
        return live_ns
    at = [live_ns, *(one.at_ns for one in course.standing if one.at_ns > live_ns)]
    for at_ns in at:
        stands = course.held(int(at_ns))
        if stands is not None and not fibres & stands.known.failures.links:
            return at_ns
    return math.inf


def _agreed(demand: int, looks: Sequence[Look]) -> Impact:
    """What most draws come to, and between what all of them are."""
    found = [look.phases for look in looks]
    phases, count = Counter(found).most_common(1)[0]
    likely = sorted(look.out_ns for look in looks if look.phases == phases)
    every = [look.out_ns for look in looks]
    out_ns = likely[len(likely) // 2]
    within = min(every), max(every)
    is_sure = within[0] == within[1] or math.inf in (out_ns, within[1])
    return Impact(
        demand,
        *phases,
        out_ns=None if out_ns == math.inf else int(out_ns),
        out_within_ns=None if is_sure else (int(within[0]), int(within[1])),
        share=round(count / len(found), 3),
    )
