"""Waits until a network has reached the state of the oracle, or reports the difference."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from corridor.experiments.live_network.network import LiveNetwork
from corridor.topologies.base.seconds import NS_PER_S
from tests.soak.judging import wrong_statuses
from tests.soak.oracle import Broken, Outlook, expect
from tests.soak.setup import Setup
from tests.soak.state import State

POLL_S = 0.1
CALM_S = 0.16
"""Longer than a controller waits for more failures after one."""
STUCK_S = 60.0
HELD_FAILURES = 3
REPAIRED = ("repaired", "installed", "taken over")
"""Events that say that tables were put right."""
HELD_WITHIN_NS = 60 * NS_PER_S


@dataclass(frozen=True)
class Settled:
    """What a network has come to."""

    state: State
    held: frozenset[str]
    """Fibres and gateways that are held out because they flapped."""
    expected: Outlook
    update: int
    """How many updates there have been."""


class Stuck(Exception):
    """A network did not come to what it must be; what was amiss in the end."""


@dataclass
class Settling:
    """Knows what has failed how often."""

    kept: LiveNetwork
    setup: Setup
    failures: list[tuple[str, int]] = field(default_factory=list)
    """What failed, and when."""
    _outlooks: dict[tuple[State, frozenset[str]], Outlook] = field(default_factory=dict)

    def settle(
        self,
        outcomes: Sequence[State],
        *,
        nothing_held: bool = False,
        also: Callable[[], bool] = lambda: True,
    ) -> Settled:
        """What it has come to, which is one of the outcomes. Raises Stuck."""
        deadline = time.monotonic() + STUCK_S
        settled: Settled | None = None
        while True:
            found = self.look(outcomes)
            if isinstance(found, Settled) and not (nothing_held and found.held) and also():
                if settled is not None:
                    return found
                settled = found
                time.sleep(CALM_S)
                continue
            settled = None
            if time.monotonic() > deadline:
                raise Stuck(
                    "; ".join(found) if isinstance(found, list) else "held out for too long"
                )
            time.sleep(POLL_S)

    def supposed(self, state: State) -> Settled:
        """What it should have come to."""
        return Settled(state, frozenset(), self.outlook(state), -1)

    def outlook(self, state: State, held: frozenset[str] = frozenset()) -> Outlook:
        if (state, held) not in self._outlooks:
            specification = state.specification(self.setup)
            self._outlooks[state, held] = expect(specification, self.broken(state, held))
        return self._outlooks[state, held]

    def broken(self, state: State, held: frozenset[str]) -> Broken:
        unwired = {hub.id for hub in self.setup.topology.hubs} - self.setup.gateways
        gateways = {name.removeprefix("gateway ") for name in held if name.startswith("gateway ")}
        fibres = {name for name in held if not name.startswith("gateway ")}
        return Broken(
            fibres=state.dead_fibres(self.setup) | state.drained | fibres,
            hubs=state.away,
            gateways=state.closed | unwired | gateways,
        )

    def look(self, outcomes: Sequence[State]) -> Settled | list[str]:
        """What it has come to, or what is amiss now."""
        status, topology, demands = (
            self.kept.ask(what) for what in ("status", "topology", "demands")
        )
        if not all(one["ok"] for one in (status, topology, demands)) or not status["installed"]:
            return ["no controller has installed anything yet"]
        drained = frozenset(name for name, one in topology["fibres"].items() if one["drained"])
        said = (status["policies"], status["as_of"], drained)
        matching = [
            one for one in outcomes if (one.policies, one.day.isoformat(), one.drained) == said
        ]
        if not matching:
            return [f"in force is {said}, and not {[one.to_json() for one in outcomes]}"]
        state, held = matching[0], self._held(topology)
        expected = self.outlook(state, held)
        wrong = [
            *_wrong_state(status),
            *self._wrong_topology(state, held, topology),
            *self._wrongly_held(held),
            *wrong_statuses(expected, demands["demands"]),
        ]
        updates = count(self.kept.events(), "update", *REPAIRED)
        return wrong or Settled(state, held, expected, updates)

    def _held(self, topology: Mapping[str, Any]) -> frozenset[str]:
        return frozenset(name for name, one in topology["fibres"].items() if one["held_out"])

    def _wrongly_held(self, held: frozenset[str]) -> Iterator[str]:
        now_ns = time.time_ns()
        for name in held:
            recent = [
                at for what, at in self.failures if what == name and at > now_ns - HELD_WITHIN_NS
            ]
            if len(recent) < HELD_FAILURES:
                yield f"{name} is held out, and failed only {len(recent)} times lately"

    def _wrong_topology(
        self, state: State, held: frozenset[str], topology: Mapping[str, Any]
    ) -> Iterator[str]:
        dead = state.dead_fibres(self.setup) | held
        for name, one in topology["fibres"].items():
            if state.away.isdisjoint(one["ends"]) and one["works"] == (name in dead):
                yield f"{name} is reported to {'work' if one['works'] else 'have failed'}"
        for hub, one in topology["hubs"].items():
            if one["failed"] != (hub in state.away) or one["connected"] == (hub in state.away):
                yield f"{hub} is reported as {one}"
            if hub not in state.away and one["gateway"] == (hub in state.closed):
                yield f"gateway {hub} is reported to {'live' if one['gateway'] else 'be dead'}"


def _wrong_state(status: Mapping[str, Any]) -> Iterator[str]:
    for key in ("unproven", "deferred", "away"):
        if status[key]:
            yield f"{key}: {status[key]}"


def count(events: Sequence[Mapping[str, Any]], *kinds: str) -> int:
    """How many are of these kinds."""
    return sum(one["event"] in kinds for one in events)
