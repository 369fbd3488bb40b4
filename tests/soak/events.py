"""What may happen to a live network: one frozen value a kind, and what it does to the state. Pure.

``after`` is the mesh that is to be once the network has settled. How an event is brought about is
in ``driver``, which events make sense when in ``generator``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from tests.soak.state import State

type Step = Literal["beside", "proven", "half flipped", "flipped", "drained", "removed"]
STEPS: tuple[Step, ...] = ("beside", "proven", "half flipped", "flipped", "drained", "removed")
"""At which a controller dies, in order; before the flip the old is to stand, then the new."""
type Tampering = Literal[
    "foreign drop",
    "foreign output",
    "foreign group",
    "edges deleted",
    "core deleted",
    "all deleted",
    "groups deleted",
    "meters deleted",
    "core changed",
    "edges changed",
]
TAMPERINGS: tuple[Tampering, ...] = Tampering.__value__.__args__


@dataclass(frozen=True)
class Event:
    """Something that happens."""

    @property
    def kind(self) -> str:
        return type(self).__name__

    def after(self, state: State) -> State:
        return state

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, **{key: _plain(value) for key, value in vars(self).items()}}

    def __str__(self) -> str:
        return f"{self.kind}({', '.join(f'{k}={_said(v)}' for k, v in vars(self).items())})"


@dataclass(frozen=True)
class Change(Event):
    """Something a person asks of the controller."""


@dataclass(frozen=True)
class SetPolicies(Change):
    name: str

    def after(self, state: State) -> State:
        return replace(state, policies=self.name)


@dataclass(frozen=True)
class SetDay(Change):
    day: date

    def after(self, state: State) -> State:
        return replace(state, day=self.day)


@dataclass(frozen=True)
class Drain(Change):
    fibre: str

    def after(self, state: State) -> State:
        return state.with_names("drained", self.fibre)


@dataclass(frozen=True)
class Restore(Change):
    fibre: str

    def after(self, state: State) -> State:
        return state.without_names("drained", self.fibre)


@dataclass(frozen=True)
class Happening(Event):
    """Something that happens to the network, over at once; the controller hears of it or not."""


@dataclass(frozen=True)
class Cut(Happening):
    fibres: tuple[str, ...]
    """At once: one, or all of a shared-risk group."""

    def after(self, state: State) -> State:
        return state.with_names("cut", *self.fibres)


@dataclass(frozen=True)
class CutSilently(Happening):
    fibre: str

    def after(self, state: State) -> State:
        return state.with_names("silent", self.fibre)


@dataclass(frozen=True)
class Repair(Happening):
    fibre: str

    def after(self, state: State) -> State:
        return state.without_names("cut", self.fibre).without_names("silent", self.fibre)


@dataclass(frozen=True)
class GoDark(Happening):
    hub: str

    def after(self, state: State) -> State:
        return state.with_names("dark", self.hub)


@dataclass(frozen=True)
class Light(Happening):
    hub: str

    def after(self, state: State) -> State:
        return state.without_names("dark", self.hub)


@dataclass(frozen=True)
class KillGateway(Happening):
    hub: str

    def after(self, state: State) -> State:
        return state.with_names("closed", self.hub)


@dataclass(frozen=True)
class StartGateway(Happening):
    hub: str

    def after(self, state: State) -> State:
        return state.without_names("closed", self.hub)


@dataclass(frozen=True)
class Disconnect(Happening):
    """A switch loses its controller, and stays without."""

    hub: str

    def after(self, state: State) -> State:
        return state.with_names("away", self.hub)


@dataclass(frozen=True)
class Connect(Happening):
    hub: str

    def after(self, state: State) -> State:
        return state.without_names("away", self.hub)


@dataclass(frozen=True)
class RestartSwitches(Happening):
    """ovs-vswitchd is killed and started: every table is empty."""


@dataclass(frozen=True)
class Tamper(Happening):
    """A stranger changes what a switch holds; found by an audit that is asked for, or in time."""

    how: Tampering
    hub: str
    asked: bool


@dataclass(frozen=True)
class Attack(Event):
    """The host of a hub sends what it may not."""

    hub: str
    seed: int


@dataclass(frozen=True)
class Flap(Event):
    """A fibre goes down and up several times in a row, and is up."""

    fibre: str
    times: int


@dataclass(frozen=True)
class Hang(Event):
    """ovs-vswitchd stands still for a while, in which a change may be asked for."""

    seconds: float
    change: Change | None

    def after(self, state: State) -> State:
        return self.change.after(state) if isinstance(self.change, SetDay) else state


@dataclass(frozen=True)
class Blink(Event):
    """A switch is away, but not for long; a change requested in that time is deferred."""

    hub: str
    change: Change

    def after(self, state: State) -> State:
        return self.change.after(state) if isinstance(self.change, SetDay) else state


@dataclass(frozen=True)
class KillController(Event):
    """At rest; things may happen while there is none."""

    seconds: float
    meanwhile: Happening | None

    def after(self, state: State) -> State:
        return self.meanwhile.after(state) if self.meanwhile else state


@dataclass(frozen=True)
class KillControllerDuring(Event):
    """In the middle of an update: at a step, or once it has sent a number of messages."""

    change: Change
    step: Step | int

    def after(self, state: State) -> State:
        old = self.step in ("beside", "proven") and not isinstance(self.change, SetDay)
        return state if old else self.change.after(state)


@dataclass(frozen=True)
class Together(Event):
    """Two things, the second ``gap_ms`` after the first has begun."""

    first: Change | Happening
    second: Happening
    gap_ms: int

    def after(self, state: State) -> State:
        return self.second.after(self.first.after(state))


@dataclass(frozen=True)
class RepairAll(Event):
    """Everything is repaired, and what flapped is given time."""

    def after(self, state: State) -> State:
        return state.repaired


def _plain(value: Any) -> Any:
    if isinstance(value, Event):
        return value.to_json()
    if isinstance(value, tuple):
        return list(value)
    return value.isoformat() if isinstance(value, date) else value


def _said(value: Any) -> str:
    if isinstance(value, tuple):
        return "+".join(value)
    return str(value)
