"""What the file of a kind of faults holds, and the network as it sees it. A guest imports it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from corridor.topologies.base.errors import InputError
from corridor.topologies.base.options import Option, Values, nothing_wrong
from corridor.topologies.model.wiring import End, Shape, Wiring


@dataclass(frozen=True)
class Effect:
    """What a fault does to interfaces as long as it lasts."""

    off: frozenset[str] = frozenset()
    """Those that are down."""
    silent: frozenset[str] = frozenset()
    """Those that lose all they send and all that is under way, with their carrier up."""
    shapes: Mapping[str, Callable[[Shape], Shape]] = field(default_factory=dict)
    """How the shape of an interface changes. Of several faults, each changes what the one before
    has left."""


FaultName = tuple[str, str]
"""An action of a kind, and the fibre or hub: what fails by it fails once."""


class Interfaces(Protocol):
    """The interfaces of a network that runs, as faults see them."""

    @property
    def wiring(self) -> Wiring: ...

    def make(self, name: FaultName, effect: Effect) -> list[str]:
        """Let an effect last until its name is ended; the interfaces that have changed."""

    def end(self, *names: FaultName) -> list[str]:
        """End effects, those of them that last; the interfaces that have changed."""


class Network(Interfaces, Protocol):
    """All of a network that runs that faults can change."""

    def kill_gateway(self, hub: str) -> None:
        """Nothing where no gateway stands."""

    def start_gateway(self, hub: str) -> None:
        """Nothing where no gateway stands."""

    def set_bfd(self, fibre: str, *, quick: bool) -> None:
        """BFD of a fibre, or of all (an empty name), at the planned interval, or slower."""


Action = Callable[[Network, str, Values], object]
"""Makes or ends a fault: the network, the fibre or hub, its options (none where it ends)."""


@dataclass(frozen=True)
class FaultKind:
    """One kind of fault."""

    key: str
    """Its key in YAML; the value is the name of what fails."""
    of: Literal["fibre", "hub"]
    words: str
    """What fails, for people: a phrase for a table."""
    example: str
    """One of ``faults`` in YAML, on the topology ``mini``."""
    actions: Mapping[str, Action]
    """By the name that plans and ``raw/faults.json`` give it; no two kinds share one."""
    begin: str
    """The action that makes the fault."""
    end: str
    """The action that repairs it."""
    options: Mapping[str, Option] = field(default_factory=dict)
    """Further keys beside ``at`` and ``until``; a name that two kinds share means one thing."""
    instead: Mapping[str, str] = field(default_factory=dict)
    """By flag, the action that makes the fault where the flag is set. Plans keep the action, and
    need not keep the flag."""
    only_bfd_notices: frozenset[str] = frozenset()
    """Flags that are refused without BFD, because nothing else would notice."""
    problem: Callable[[Values], str] = nothing_wrong
    """What is wrong with options that are right one by one; empty if nothing."""

    def begins_by(self, values: Values) -> str:
        """The action that makes the fault with these options."""
        return next((do for flag, do in self.instead.items() if values.get(flag)), self.begin)

    def kept(self, values: Values) -> dict[str, object]:
        """The options that a plan keeps: all but the flags that its action stands for."""
        return {name: value for name, value in values.items() if name not in self.instead}


def ends_of(wiring: Wiring, fibre: str) -> tuple[tuple[End, Shape], tuple[End, Shape]]:
    """Both ends of a fibre, each with how it is shaped; InputError for one that is not there."""
    for wire in wiring.fibres:
        if wire.fibre == fibre:
            return (wire.a, wire.forward), (wire.z, wire.backward)
    raise InputError(f"no fibre {fibre!r} in this network")


def interfaces_of(wiring: Wiring, fibre: str) -> frozenset[str]:
    """The two interfaces of a fibre; InputError for one that is not there."""
    return frozenset(end.interface for end, _ in ends_of(wiring, fibre))


def ports_of(wiring: Wiring, hub: str) -> frozenset[str]:
    """Every interface of a hub's switch: its host's, and its end of each fibre. InputError."""
    hosts = [wire.switch_interface for wire in wiring.hubs if wire.hub == hub]
    if not hosts:
        raise InputError(f"no hub {hub!r} in this network")
    ends = (end for wire in wiring.fibres for end in (wire.a, wire.z))
    return frozenset([*hosts, *(end.interface for end in ends if end.hub == hub)])
