"""The document that packet walkers read; docs/export.md says what its parts mean."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from corridor.controller.policy.clauses.places import Value

type Scalar = int | str
type Fields = dict[str, Scalar]
"""Header fields by their OXM names (OpenFlow 1.3, 7.2.3.7), each with one exact value."""
type Action = Annotated[
    tuple[Scalar, ...],
    Field(min_length=1, description="Its name, then its arguments."),
]


class Entry(Value):
    """A flow entry: of those of a table that take a packet, that of the highest priority acts."""

    table: int
    priority: int
    match: Fields
    """It takes packets all of whose fields have these values."""
    actions: tuple[Action, ...]
    """In order, each on the packet as the one before left it."""
    goto: int | None
    """The table that goes on with the packet; none if this is the last."""
    meter: int | None = None
    """Which drops what exceeds a rate; a walk of one packet passes it."""


class Bucket(Value):
    """One way out of a group."""

    watch_port: int | None
    """It is live while this port is."""
    watch_group: int | None
    """Or while this group has a bucket that is live."""
    actions: tuple[Action, ...]


class Hub(Value):
    """A switch, with its host on port 1."""

    hub: str
    located_in: str
    lat: float
    lon: float
    entries: tuple[Entry, ...]
    """By table, the highest priority first."""
    groups: dict[str, tuple[Bucket, ...]]
    """By number: the first live bucket acts, on a copy; without one the packet is dropped."""


class End(Value):
    """A port of a hub."""

    hub: str
    port: int


class Wire(Value):
    """A fibre: what is sent out of the port at one end comes in by the port at the other."""

    fibre: str
    a: End
    z: End


class Gateway(Value):
    """What it is sent by one port comes back by the other, as it was."""

    hub: str
    into: int
    back: int


class Dead(Value):
    """Ports to these are dead: no bucket is live by them, and what is sent there is lost."""

    fibres: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    """By hub."""


class Expected(Value):
    """The outcome of a packet, by our own search."""

    dead: Dead
    arrives: bool
    """Whether the host at ``dst`` gets it as it was sent; else no one does."""
    hubs: tuple[str, ...]
    """That it comes to, in order."""
    gateways: tuple[str, ...]
    """That it passes."""


class Arc(Value):
    """One direction of a fibre."""

    src: str
    fibre: str
    dst: str


class Never(Value):
    """What policies forbid, whatever is dead."""

    hubs: tuple[str, ...]
    """It comes to none of these."""
    fibres: tuple[Arc, ...]
    """It goes over none of these."""
    arrives_without: tuple[str, ...]
    """It does not arrive without a gateway of these hubs; none if it need pass none."""


class Host(Value):
    """A host behind a hub, next to that at the hub's ``host_port``."""

    host: str
    hub: str
    port: int


class Demand(Value):
    """A packet of a demand; a demand with several kinds of packets has one of each."""

    demand: str
    src: str
    dst: str
    src_host: str | None = None
    """The host that sends it, if not the one at ``host_port`` of ``src``."""
    dst_host: str | None = None
    """The host that receives it, if not the one at ``host_port`` of ``dst``."""
    header: Fields
    permitted: bool
    """Whether policies let it arrive: then it does while nothing is dead, else it never does."""
    expected: tuple[Expected, ...]
    never: Never


class Undeclared(Value):
    """A packet that no demand declares: it is dropped at its hub."""

    src: str
    src_host: str | None = None
    why: str
    header: Fields
    leaves: bool
    """Whether our prover finds that it does leave its hub."""


class WalkerDocument(Value):
    """Switches, wires, and packets with the outcome of them."""

    schema_: Literal[1] = Field(1, alias="schema")
    format: Literal["walker"] = "walker"
    scenario: str
    policies: str
    as_of: str
    tables: str
    """``compiled``, or the name of the dump that they are from."""
    left_out: tuple[str, ...]
    """What is not in here."""
    host_port: int
    label_ttl: int
    """Of a label that is pushed."""
    hubs: tuple[Hub, ...]
    wires: tuple[Wire, ...]
    gateways: tuple[Gateway, ...]
    demands: tuple[Demand, ...]
    undeclared: tuple[Undeclared, ...]
    hosts: tuple[Host, ...] = ()
