"""Waits until a network has come to what the oracle says, or tells what is amiss."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from corridor.experiments.live_network.network import KeptNetwork
from tests.soak.hearing import Heard
from tests.soak.judging import NS, wrong_statuses
from tests.soak.oracle import Broken, Outlook, expect
from tests.soak.scene import Scene
from tests.soak.world import World

POLL_S = 0.1
CALM_S = 0.16
"""Longer than a controller waits for more failures after one."""
STUCK_S = 60.0
HELD_FAILURES = 3
MENDED = ("mended", "installed", "taken over")
"""Events that say that tables were put right."""
HELD_WITHIN_NS = 60 * NS


@dataclass(frozen=True)
class Settled:
    """What a network has come to."""

    world: World
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

    kept: KeptNetwork
    scene: Scene
    heard: Heard
    failures: list[tuple[str, int]] = field(default_factory=list)
    """What failed, and when."""
    _outlooks: dict[tuple[World, frozenset[str]], Outlook] = field(default_factory=dict)

    def settle(
        self,
        outcomes: Sequence[World],
        *,
        nothing_held: bool = False,
        also: Callable[[], bool] = lambda: True,
    ) -> Settled:
        """What it has come to, which is one of the outcomes. Raises Stuck."""
        deadline = time.monotonic() + STUCK_S
        calm: Settled | None = None
        while True:
            found = self.look(outcomes)
            if isinstance(found, Settled) and not (nothing_held and found.held) and also():
                if calm is not None:
                    return found
                calm = found
                time.sleep(CALM_S)
                continue
            calm = None
            if time.monotonic() > deadline:
                raise Stuck(
                    "; ".join(found) if isinstance(found, list) else "held out for too long"
                )
            time.sleep(POLL_S)

    def supposed(self, world: World) -> Settled:
        """What it should have come to."""
        return Settled(world, frozenset(), self.outlook(world), -1)

    def outlook(self, world: World, held: frozenset[str] = frozenset()) -> Outlook:
        if (world, held) not in self._outlooks:
            specification = world.specification(self.scene)
            self._outlooks[world, held] = expect(specification, self.broken(world, held))
        return self._outlooks[world, held]

    def broken(self, world: World, held: frozenset[str]) -> Broken:
        unwired = {hub.id for hub in self.scene.topology.hubs} - self.scene.gateways
        gateways = {name.removeprefix("gateway ") for name in held if name.startswith("gateway ")}
        fibres = {name for name in held if not name.startswith("gateway ")}
        return Broken(
            fibres=world.dead_fibres(self.scene) | world.drained | fibres,
            hubs=world.away,
            gateways=world.closed | unwired | gateways,
        )

    def look(self, outcomes: Sequence[World]) -> Settled | list[str]:
        """What it has come to, or what is amiss now."""
        status, topology, demands = (
            self.kept.ask(what) for what in ("status", "topology", "demands")
        )
        if not all(one["ok"] for one in (status, topology, demands)) or not status["standing"]:
            return ["no controller has installed anything yet"]
        drained = frozenset(name for name, one in topology["fibres"].items() if one["drained"])
        said = (status["policies"], status["as_of"], drained)
        matching = [
            one for one in outcomes if (one.policies, one.day.isoformat(), one.drained) == said
        ]
        if not matching:
            return [f"in force is {said}, and not {[one.to_json() for one in outcomes]}"]
        world, held = matching[0], self._held(topology)
        expected = self.outlook(world, held)
        wrong = [
            *_wrong_state(status),
            *self._wrong_topology(world, held, topology),
            *self._wrongly_held(held),
            *wrong_statuses(expected, demands["demands"]),
        ]
        updates = self.heard.count("update", *MENDED)
        return wrong or Settled(world, held, expected, updates)

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
        self, world: World, held: frozenset[str], topology: Mapping[str, Any]
    ) -> Iterator[str]:
        dead = world.dead_fibres(self.scene) | held
        for name, one in topology["fibres"].items():
            if world.away.isdisjoint(one["ends"]) and one["works"] == (name in dead):
                yield f"{name} is said to {'work' if one['works'] else 'have failed'}"
        for hub, one in topology["hubs"].items():
            if one["failed"] != (hub in world.away) or one["connected"] == (hub in world.away):
                yield f"{hub} is said to be {one}"
            if hub not in world.away and one["gateway"] == (hub in world.closed):
                yield f"the gateway of {hub} is said to {'live' if one['gateway'] else 'be dead'}"


def _wrong_state(status: Mapping[str, Any]) -> Iterator[str]:
    for key in ("doubt", "deferred", "away"):
        if status[key]:
            yield f"{key}: {status[key]}"
