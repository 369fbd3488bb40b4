"""What each event is expected to do to each demand: by the model, before anything is built. Pure.

Tables are searched as the prover does it, with just that failed which an event takes away: first
those that switches hold when it begins, then those that a following controller makes of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from corridor.controller.deployment.deployments import Deployment, DesiredState, stand
from corridor.controller.intent.specification import Specification
from corridor.controller.policy.failures import Failures
from corridor.controller.prover import tables_of
from corridor.controller.prover.exact.search import Explorer
from corridor.experiments.plan.prediction import LABEL_BYTES, serialisation_ns
from corridor.experiments.plan.timeline import Placed
from corridor.experiments.plan.values import Impact, PlannedEvent
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.faults import degrade
from corridor.topologies.faults.kind import NOTHING, Reach
from corridor.topologies.model.wiring import Shape, Wiring

HOLD_NS, FLIP_NS = 100_000_000, 20_000_000
"""Of a following controller: how long it waits for more failures, and about how long the edges of
a two-phase update take to flip (docs/benchmarks.md)."""
RECONNECT_NS = 2_000_000_000
"""About how long switches that start again with empty tables take until they are filled."""
GIVEN_UP_NS = 10_000_000_000
"""After which a following controller does without a switch that is away."""
DETECTION_INTERVALS = 3
"""After so many BFD packets that did not come a fibre counts as failed (RFC 5880)."""
FIRST_EPOCH = 0


def planned_events(
    placed: Sequence[Placed], loaded: LoadedScenario, specification: Specification, wiring: Wiring
) -> tuple[PlannedEvent, ...]:
    """The events with what they are expected to do."""
    foresight = _Foresight(loaded, specification, wiring)
    return tuple(
        PlannedEvent(
            id=one.event.id,
            kind=one.event.kind.key,
            what=one.event.what,
            options=_given(one),
            begin_ns=one.begin_ns,
            end_ns=one.end_ns,
            impacts=tuple(foresight.impacts(one, _lasting(placed, one), _together(placed, one))),
        )
        for one in placed
    )


def _given(one: Placed) -> dict[str, Any]:
    """But for flags that are not set; 0 is given."""
    options = one.event.options.items()
    return {name: value for name, value in options if value is not None and value is not False}


def _lasting(placed: Iterable[Placed], at: Placed) -> tuple[Placed, ...]:
    """Those that have begun before an event and still last when it begins, or last for good."""
    before = [one for one in placed if one.begin_ns < at.begin_ns]
    return tuple(one for one in before if one.end_ns is None or one.end_ns > at.begin_ns)


def _together(placed: Iterable[Placed], at: Placed) -> tuple[Placed, ...]:
    """Those that begin with an event, itself among them."""
    return tuple(one for one in placed if one.begin_ns == at.begin_ns)


class _Trip(NamedTuple):
    """A demand's round trip; None where it does not arrive, or its answers do not."""

    rtt_ns: int | None
    there: tuple[str, ...]
    back: tuple[str, ...]
    """The hubs on the way."""
    fibres: frozenset[str] = frozenset()


@dataclass
class _State:
    """The network between two events: what is taken away, and what is wanted of it."""

    reach: Reach
    degraded: tuple[Placed, ...]
    known: DesiredState


class _Foresight:
    """Of one scenario."""

    def __init__(
        self, loaded: LoadedScenario, specification: Specification, wiring: Wiring
    ) -> None:
        self._loaded = loaded
        self._wiring = wiring
        self._first = DesiredState(specification)
        self._deployments: list[tuple[DesiredState, Deployment, Explorer]] = []
        self._shapes = {wire.fibre: wire.forward for wire in wiring.fibres}

    def impacts(
        self, one: Placed, lasting: Sequence[Placed], together: Sequence[Placed]
    ) -> Iterator[Impact]:
        """On every demand that it hits, with those that begin together with it."""
        before, after = self._state(lasting), self._state([*lasting, *together])
        follows = self._loaded.scenario.follows
        holds = before.known if follows else self._first
        follows_ns = self._follows_ns(one, [*lasting, *together])
        is_followed = follows_ns is not None and (one.end_ns is None or follows_ns < one.end_ns)
        trips = zip(
            self._trips(holds, before),
            self._trips(holds, after),
            self._trips(after.known if is_followed else holds, after),
            strict=True,
        )
        alone = self._trips(holds, self._state([*lasting, one]))
        lossy = one.event.what if one.event.options.get("loss") else None
        empties = one.event.kind.key == "restart"
        reach = self._state([one]).reach
        breaks = bool(reach.fibres | reach.hubs | reach.gateways) or one.event.kind is degrade.KIND
        is_one_of_several = breaks and len(together) > 1
        for number, (had, bridged, followed) in enumerate(trips):
            loses = lossy is not None and lossy in had.fibres
            if not empties and not loses and had == bridged == followed:
                continue
            if is_one_of_several and not loses and alone[number] == had:
                continue  # that is of another that begins with it
            if had.rtt_ns is None and followed.rtt_ns is None:
                continue
            yield Impact(
                demand=number,
                before_rtt_ns=had.rtt_ns,
                bridged_rtt_ns=None if empties else bridged.rtt_ns,
                followed_rtt_ns=followed.rtt_ns,
                hubs_then=followed.there,
                out_ns=None if loses else self._out_ns(one, follows_ns, had, bridged, followed),
            )

    def _follows_ns(self, one: Placed, lasting: Sequence[Placed]) -> int | None:
        """When a controller can follow an event: not while it is dead, nor, until it gives a switch
        up, while one is away; None if it never does."""
        if not self._loaded.scenario.follows:
            return None
        ready_ns = one.begin_ns
        for other in lasting:
            if other.event.kind.key == "kill":
                if other.end_ns is None:
                    return None
                ready_ns = max(ready_ns, other.end_ns)
            if other.event.kind.key == "switch":
                given_up_ns = other.begin_ns + GIVEN_UP_NS
                ready_ns = max(ready_ns, min(other.end_ns or given_up_ns, given_up_ns))
        return ready_ns

    def _out_ns(
        self,
        one: Placed,
        follows_ns: int | None,
        had: _Trip,
        bridged: _Trip,
        followed: _Trip,
    ) -> int | None:
        if one.event.kind.key == "restart":
            return RECONNECT_NS
        notices_ns = self._notices_ns(one)
        if had.rtt_ns is None:
            return 0
        if followed.rtt_ns is None:
            return None
        if bridged.rtt_ns is not None:
            return 0 if bridged[1:] == had[1:] else notices_ns
        if follows_ns is None:
            return None
        out_ns = max(follows_ns - one.begin_ns, notices_ns) + HOLD_NS + FLIP_NS
        is_over_before = one.end_ns is not None and one.begin_ns + out_ns >= one.end_ns
        return None if is_over_before else out_ns

    def _notices_ns(self, one: Placed) -> int:
        """How long switches take to see that a port is dead."""
        silent = any(one.event.options[flag] for flag in one.event.kind.only_bfd_notices)
        interval_ns = self._loaded.scenario.network.bfd or 0
        return DETECTION_INTERVALS * interval_ns if silent else 0

    def _state(self, lasting: Sequence[Placed]) -> _State:
        topology, reach = self._loaded.topology, NOTHING
        for one in lasting:
            reach |= one.event.kind.reach(topology, one.event.what, one.event.options)
        failures = Failures(links=reach.fibres, hubs=reach.hubs, gateways=reach.gateways)
        specification = self._first.specification
        for one in lasting:
            specification = specification.model_copy(update=_asked(one))
        degraded = tuple(one for one in lasting if one.event.kind is degrade.KIND)
        return _State(reach, degraded, DesiredState(specification, failures, reach.drained))

    def _trips(self, holds: DesiredState, state: _State) -> list[_Trip]:
        """Of every demand, by the tables made for ``holds``, in a state."""
        deployment, explorer = self._deployed(holds)
        failures = state.known.failures
        trips = []
        for number, demand in enumerate(self._loaded.scenario.demands):
            size = (demand.probe or self._loaded.scenario.probe).size
            pair = deployment.intents[2 * number : 2 * number + 2]
            outcomes = [explorer.follow(intent, failures) for intent in pair]
            there, back = (tuple(outcome.hubs) for outcome in outcomes)
            delivered = all(outcome.delivered for outcome in outcomes)
            fibres = [fibre for outcome in outcomes for fibre in outcome.fibres]
            rtt_ns = sum(self._over_ns(fibre, size, state.degraded) for fibre in fibres)
            crossed = frozenset(fibres)
            trips.append(_Trip(rtt_ns, there, back, crossed) if delivered else _Trip(None, (), ()))
        return trips

    def _over_ns(self, fibre: str, size: int, degraded: Sequence[Placed]) -> int:
        shape: Shape = self._shapes[fibre]
        for one in degraded:
            if one.event.what == fibre:
                shape = degrade.degraded(shape, one.event.options)
        return shape.one_way_delay_ns + serialisation_ns(size + LABEL_BYTES, shape.rate_bps)

    def _deployed(self, known: DesiredState) -> tuple[Deployment, Explorer]:
        for other, deployment, explorer in self._deployments:
            if other == known:
                return deployment, explorer
        deployment = stand(known, self._wiring, FIRST_EPOCH)
        explorer = Explorer(tables_of(deployment.program), self._wiring, self._loaded.topology)
        self._deployments.append((known, deployment, explorer))
        return deployment, explorer


def _asked(one: Placed) -> dict[str, Any]:
    """What an event asks of the specification."""
    if one.event.policies is not None:
        return {"policies": one.event.policies}
    if one.event.kind.of == "day":
        return {"as_of": date.fromisoformat(one.event.what)}
    return {}
