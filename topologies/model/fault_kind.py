"""What the file of a kind of faults holds, and the network as it sees it. A guest imports it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from corridor.topologies.base.errors import InputError
from corridor.topologies.base.options import Option, Values, nothing_wrong
from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.model.wiring import End, Shape, Wiring

if TYPE_CHECKING:
    from corridor.topologies.model.topology import Topology


SILENT = Option("flag", "packets are lost but carriers stay, so only BFD detects it", False)
"""Of kinds that cut fibres."""

type ShapeChange = Callable[[Shape], Shape]
"""From the shape of one direction of a fibre to its shape during an event."""


@dataclass(frozen=True)
class Effect:
    """What a fault does to interfaces as long as it lasts."""

    off: frozenset[str] = frozenset()
    """Those that are down."""
    silent: frozenset[str] = frozenset()
    """Those that lose all they send and all that is in flight, with their carrier up."""
    shapes: Mapping[str, ShapeChange] = field(default_factory=dict)
    """How the shape of an interface changes. Of several faults, each changes what the one before
    has left."""
    first: bool = False
    """Whether it changes the declared shape, before faults that began earlier."""


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

    def connect_switch(self, hub: str, *, connected: bool) -> None:
        """Point a hub's switch to its controller, or to where no one listens."""

    def restart_switches(self) -> None:
        """Kill ovs-vswitchd and start it: every table is empty."""

    def kill_gateway(self, hub: str) -> None:
        """Nothing where no gateway stands."""

    def start_gateway(self, hub: str) -> None:
        """Nothing where no gateway stands."""

    def set_bfd(self, fibre: str, *, quick: bool) -> None:
        """BFD of a fibre, or of all (an empty name), at the planned interval, or slower."""


Action = Callable[[Any, str, Values], object]
"""Begins or ends an event: the network (of a fault a ``Network``), what it affects, its options
(where it ends, those that plans keep of its beginning)."""
Disconnects = Literal["", "switch", "switches", "controller"]
Target = Literal[
    "fibre",
    "hub",
    "group",
    "jurisdiction",
    "demand",
    "file",
    "day",
    "process",
    "workload",
    "domain",
]
"""What the value of a kind's key names. A group is a shared-risk group."""


@dataclass(frozen=True)
class Reach:
    """What an event takes away while it lasts, for who predicts the outcome of demands."""

    fibres: frozenset[str] = frozenset()
    hubs: frozenset[str] = frozenset()
    gateways: frozenset[str] = frozenset()
    drained: frozenset[str] = frozenset()
    """Fibres that work, and are to carry nothing."""

    def __or__(self, other: Reach) -> Reach:
        return Reach(
            self.fibres | other.fibres,
            self.hubs | other.hubs,
            self.gateways | other.gateways,
            self.drained | other.drained,
        )


NOTHING = Reach()


def no_reach(_topology: Topology, _what: str, _options: Values) -> Reach:
    """Of events that take nothing away."""
    return NOTHING


def no_shapes(_topology: Topology, _what: str, _options: Values) -> Mapping[str, ShapeChange]:
    """Of events that change no delay, loss or rate."""
    return {}


def fits(_topology: Topology, _what: str, _options: Values) -> str:
    """For kinds that fit whatever topology has what they affect."""
    return ""


@dataclass(frozen=True)
class EventKind:
    """One kind of event: a fault, or whatever else may happen while a network is measured."""

    key: str
    """Its key in YAML; the value is the name of what it affects."""
    of: Target
    words: str
    """What happens, for people: a phrase for a table."""
    example: str
    """One of ``timeline`` in YAML, on the topology ``mini``; a fault also one of ``faults``."""
    actions: Mapping[str, Action]
    """By the name that plans and ``raw/changes.json`` give it; no two kinds share one."""
    begin: str
    """The action that begins it; empty where something else carries the event out."""
    end: str = ""
    """The action that ends it; empty for an event that has no end."""
    options: Mapping[str, Option] = field(default_factory=dict)
    """Further keys in addition to ``at`` and ``until``; a name that two kinds share means one
    thing."""
    instead: Mapping[str, str] = field(default_factory=dict)
    """By flag, the action that makes the fault where the flag is set. Plans keep the action, and
    need not keep the flag."""
    keeps: frozenset[str] = frozenset()
    """Those of ``instead`` that their action needs all the same."""
    only_bfd_notices: frozenset[str] = frozenset()
    """Flags that are refused without BFD, because nothing else would notice."""
    reach: Callable[[Topology, str, Values], Reach] = no_reach
    """What it takes away. Fibres of it come to the action as the option ``fibres`` where the key
    names neither a fibre nor a hub, for a guest knows nothing of groups and jurisdictions."""
    shapes: Callable[[Topology, str, Values], Mapping[str, ShapeChange]] = no_shapes
    """By fibre, what it does to delay, loss and rate in both directions, for predictions. Its
    action has the same effect in a network."""
    disconnects: Disconnects = ""
    """What loses its connection to the controller, for predictions and for Open vSwitch: the
    switch of the hub that it names; all switches, which start again with empty tables; or the
    controller itself, which another replaces at the end."""
    steps: Callable[[Values], Sequence[tuple[int, str]]] | None = None
    """For events of several actions: when after the start which is done, in ns, in order. The last
    is their end, which is not given otherwise."""
    must_end: bool = False
    """Whether its end is to be given, because a run cannot do without it."""
    names: tuple[str, ...] = ()
    """What it may affect, of kinds whose key names a process."""
    disturbs: bool = True
    """Whether it may lose packets of demands, which are then told to be of it."""
    observes: bool = False
    """Whether it changes nothing, so that measures before and after it are not compared."""
    asks_controller: bool = False
    """Whether it means nothing to a controller that only installs tables."""
    misfit: Callable[[Topology, str, Values], str] = fits
    """What is wrong with it on a topology that has what it affects; empty if nothing."""
    bfd_notices: frozenset[str] = frozenset()
    """Parameters of which BFD tells, if there is any, and nothing else does."""
    problem: Callable[[Values], str] = nothing_wrong
    """What is wrong with options that are right one by one; empty if nothing."""

    def needs_bfd(self, values: Values) -> bool:
        """Whether only BFD, and how soon it looks, reports an event with these options."""
        return any(values.get(name) for name in self.only_bfd_notices | self.bfd_notices)

    def disabled_fibres(self, topology: Topology, what: str, values: Values) -> frozenset[str]:
        """The fibres that it disables, those of hubs included."""
        reach = self.reach(topology, what, values)
        of_hubs = {fibre.id for hub in reach.hubs for fibre in topology.fibres_of(hub)}
        return reach.fibres | of_hubs

    def begins_by(self, values: Values) -> str:
        """The action that makes the fault with these options."""
        return next((do for flag, do in self.instead.items() if values.get(flag)), self.begin)

    def kept(self, values: Values) -> dict[str, object]:
        """The options that a plan keeps: all but those that decide which action makes it, unless
        that action needs them."""
        needed = {name for name in self.keeps if values[name]}
        told = self.instead.keys() - needed
        return {name: value for name, value in values.items() if name not in told}

    def kept_on(self, topology: Topology, what: str, values: Values) -> dict[str, object]:
        """The same with the fibres of a group or jurisdiction, which a guest does not know."""
        kept = self.kept(values)
        if self.of in ("group", "jurisdiction"):
            shapes = self.shapes(topology, what, values)
            kept["fibres"] = sorted(self.reach(topology, what, values).fibres | shapes.keys())
        return kept


def of_fibre(_topology: Topology, what: str, _options: Values) -> Reach:
    """Of an event that takes the fibre it names away."""
    return Reach(fibres=frozenset([what]))


def of_hub(_topology: Topology, what: str, _options: Values) -> Reach:
    """Of one that takes a whole hub away."""
    return Reach(hubs=frozenset([what]))


def of_gateway(_topology: Topology, what: str, _options: Values) -> Reach:
    """Of one that takes a hub's gateway away."""
    return Reach(gateways=frozenset([what]))


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
    """Every interface of a hub's switch: its hosts', and its end of each fibre. InputError."""
    hosts = [host.switch_interface for host in wiring.hosts if host.hub == hub]
    if not hosts:
        raise InputError(f"no hub {hub!r} in this network")
    ends = (end for wire in wiring.fibres for end in (wire.a, wire.z))
    return frozenset([*hosts, *(end.interface for end in ends if end.hub == hub)])


# How often BFD looks: no fault, but done at planned times as faults are.
#
# Each session costs wall time by the packet, so BFD is quick only where something fails silently.
#
# Two ends agree upon a new interval by packets (RFC 5880, 6.8.3). Open vSwitch sends each of them
# when its monitor thread wakes up, which may be a second later, by the old interval; three such
# waits may follow one another. A second request for the same interval has the thread wake up, so
# requests are repeated, and begin three seconds before the interval must be in force.

QUICKEN, SLOW = "quicken", "slow"
ALL_FIBRES = ""
QUICKEN_NS = 3 * NS_PER_S
REPEATED_AFTER_NS = (0, NS_PER_S, 2 * NS_PER_S)


def quicken(network: Network, fibre: str, _options: Values) -> None:
    network.set_bfd(fibre, quick=True)


def slow(network: Network, fibre: str, _options: Values) -> None:
    network.set_bfd(fibre, quick=False)


ACTIONS: Mapping[str, Action] = {QUICKEN: quicken, SLOW: slow}
