"""Random events, each of which makes sense in the state that those before it made. Pure.

The same scene and seed always give the same events. At most ``MOST_BROKEN`` things are out of order
at once, so that most demands still have a lawful way; every so often all is repaired, so that the
network must come to its settled state.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping

from tests.soak import events as e
from tests.soak.setup import DAYS, Setup
from tests.soak.state import State

MOST_BROKEN = 3
MOST_DRAINED = 2
LONGEST_BROKEN = 12
"""Events between two times that all is repaired, at most."""
MOST_MESSAGES = 600
"""About what an update sends; a controller that is to die later than that dies when it is done."""


def generate(setup: Setup, seed: int) -> Iterator[tuple[e.Event, State]]:
    """Events without end, each with the state that is to be once it is over."""
    chance = random.Random(f"soak {seed}")
    state, since = State(), 0
    while True:
        event = _next(setup, state, chance, since)
        since = 0 if isinstance(event, e.RepairAll) else since + 1
        state = event.after(state)
        yield event, state


def _next(setup: Setup, state: State, chance: random.Random, since: int) -> e.Event:
    if since >= LONGEST_BROKEN:
        return e.RepairAll()
    return _draw(_Draw(setup, state, chance), WEIGHTS, chance)


def _draw(draw: _Draw, weights: Mapping[str, int], chance: random.Random) -> e.Event:
    """One of the kinds that make sense now; there is always another policy set."""
    while True:
        (name,) = chance.choices(list(weights), list(weights.values()))
        made: e.Event | None = getattr(draw, name)()
        if made is not None and made.after(draw.state).broken <= MOST_BROKEN:
            return made


WEIGHTS: Mapping[str, int] = {
    "set_policies": 12,
    "set_day": 5,
    "drain": 4,
    "restore": 5,
    "cut": 8,
    "cut_group": 3,
    "cut_silently": 5,
    "repair": 14,
    "go_dark": 2,
    "light": 6,
    "kill_gateway": 5,
    "start_gateway": 8,
    "disconnect": 3,
    "connect": 8,
    "blink": 3,
    "restart_switches": 2,
    "tamper": 7,
    "attack": 7,
    "flap": 2,
    "hang": 2,
    "kill_controller": 3,
    "kill_during": 5,
    "together": 12,
    "repair_all": 2,
}
CHANGES = {name: WEIGHTS[name] for name in ("set_policies", "set_day", "drain", "restore")}
HAPPENINGS = {
    name: WEIGHTS[name]
    for name in (
        *("cut", "cut_group", "cut_silently", "repair", "go_dark", "light", "kill_gateway"),
        *("start_gateway", "disconnect", "connect", "restart_switches", "tamper"),
    )
}


class _Draw:
    """An event of each kind, or None where the state has nothing for it."""

    def __init__(self, setup: Setup, state: State, chance: random.Random) -> None:
        self.setup, self.state, self.chance = setup, state, chance

    def set_policies(self) -> e.Change:
        return e.SetPolicies(self._pick(set(self.setup.sets) - {self.state.policies}))

    def set_day(self) -> e.Change:
        return e.SetDay(self.chance.choice([day for day in DAYS if day != self.state.day]))

    def drain(self) -> e.Change | None:
        whole = self._fibres() - self.state.drained
        full = len(self.state.drained) >= MOST_DRAINED
        return None if full or not whole else e.Drain(self._pick(whole))

    def restore(self) -> e.Change | None:
        return e.Restore(self._pick(self.state.drained)) if self.state.drained else None

    def cut(self) -> e.Happening | None:
        whole = self._whole()
        return e.Cut((self._pick(whole),)) if whole else None

    def cut_group(self) -> e.Happening | None:
        topology, whole = self.setup.topology, self._whole()
        groups = [tuple(one.id for one in topology.fibres_in_srlg(name)) for name in topology.srlgs]
        groups = [fibres for fibres in groups if len(fibres) > 1 and whole.issuperset(fibres)]
        return e.Cut(self.chance.choice(groups)) if groups else None

    def cut_silently(self) -> e.Happening | None:
        whole = self._whole()
        return e.CutSilently(self._pick(whole)) if whole else None

    def repair(self) -> e.Happening | None:
        cut = self.state.cut | self.state.silent
        return e.Repair(self._pick(cut)) if cut else None

    def go_dark(self) -> e.Happening | None:
        hubs = self._hubs() - self.state.away
        return e.GoDark(self._pick(hubs)) if hubs and not self.state.dark else None

    def light(self) -> e.Happening | None:
        return e.Light(self._pick(self.state.dark)) if self.state.dark else None

    def kill_gateway(self) -> e.Happening | None:
        open_ = self.setup.gateways - self.state.closed
        return e.KillGateway(self._pick(open_)) if open_ else None

    def start_gateway(self) -> e.Happening | None:
        return e.StartGateway(self._pick(self.state.closed)) if self.state.closed else None

    def disconnect(self) -> e.Happening | None:
        hubs = self._hubs() - self.state.dark
        return e.Disconnect(self._pick(hubs)) if hubs and not self.state.away else None

    def connect(self) -> e.Happening | None:
        return e.Connect(self._pick(self.state.away)) if self.state.away else None

    def blink(self) -> e.Event | None:
        hubs = self._hubs() - self.state.dark
        return None if self.state.away else e.Blink(self._pick(hubs), self._change())

    def restart_switches(self) -> e.Happening:
        return e.RestartSwitches()

    def tamper(self) -> e.Happening:
        hub = self._pick(self._hubs() - self.state.away)
        return e.Tamper(self.chance.choice(e.TAMPERINGS), hub, self.chance.random() < 0.5)

    def attack(self) -> e.Event:
        return e.Attack(self._pick(self._hubs()), self.chance.randrange(10**6))

    def flap(self) -> e.Event | None:
        whole = self._whole()
        return e.Flap(self._pick(whole), self.chance.randint(2, 5)) if whole else None

    def hang(self) -> e.Event:
        seconds = self.chance.choice((0.5, 2.0, 11.0))
        return e.Hang(seconds, self._change() if self.chance.random() < 0.6 else None)

    def kill_controller(self) -> e.Event:
        meanwhile = self.happening() if self.chance.random() < 0.6 else None
        return e.KillController(self.chance.choice((0.2, 1.0, 4.0)), meanwhile)

    def kill_during(self) -> e.Event:
        step: e.Step | int = self.chance.choice(e.STEPS)
        if self.chance.random() < 0.5:
            step = self.chance.randint(1, MOST_MESSAGES)
        return e.KillControllerDuring(self._change(), step)

    def together(self) -> e.Event | None:
        first = self._change() if self.chance.random() < 0.6 else self.happening()
        second = _Draw(self.setup, first.after(self.state), self.chance).happening()
        gap_ms = self.chance.choice((0, 1, 5, 50, 101, 150, 250, 400))
        together = e.Together(first, second, gap_ms)
        return None if _meet(first, second) else together

    def repair_all(self) -> e.Event | None:
        return e.RepairAll() if self.state.repaired != self.state else None

    def _change(self) -> e.Change:
        made = _draw(self, CHANGES, self.chance)
        assert isinstance(made, e.Change)
        return made

    def happening(self) -> e.Happening:
        made = _draw(self, HAPPENINGS, self.chance)
        assert isinstance(made, e.Happening)
        return made

    def _fibres(self) -> set[str]:
        return {one.id for one in self.setup.topology.fibres}

    def _hubs(self) -> set[str]:
        return {one.id for one in self.setup.topology.hubs}

    def _whole(self) -> set[str]:
        return self._fibres() - self.state.dead_fibres(self.setup)

    def _pick(self, names: Iterable[str]) -> str:
        return self.chance.choice(sorted(names))


def _meet(first: e.Event, second: e.Event) -> bool:
    """Whether a switch would be lost and tampered with, or emptied twice, at once."""
    of_switches = (e.Disconnect, e.Connect, e.RestartSwitches, e.Tamper)
    return isinstance(first, of_switches) and isinstance(second, of_switches)
