"""The demands of a scenario: as they are written, and as each is served by one hub. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final, Literal

from pydantic import (
    Field,
    InstanceOf,
    JsonValue,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from corridor.controller.intent.anycast import Settler, unknown_names
from corridor.controller.intent.anycast_choice import AnycastChoice
from corridor.controller.intent.intent import Aggregate, Disjoint
from corridor.controller.policy.clauses.elements import Destination, Where
from corridor.controller.policy.clauses.places import Service
from corridor.controller.policy.model import RETURN, SAME_CLASS, UNCLASSIFIED, Bandwidth, PolicySet
from corridor.controller.policy.model import DemandEntry as RuledEntry
from corridor.experiments.scenario.fields import PolicedBps, Unpoliced, check_policed
from corridor.experiments.scenario.options import (
    MIN_PADDING_BYTES,
    MIN_PROBE_BYTES,
    ProbeOptions,
    ThroughputOptions,
)
from corridor.experiments.scenario.queues import Dscp
from corridor.topologies.base.documents import Document, KeyPath
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.model.addresses import IPV6_HEADER_MORE_BYTES, Family
from corridor.topologies.model.catalogue import nearest_named
from corridor.topologies.model.topology import Frozen, NonEmpty, Slug, Topology

type Families = Literal["ipv4", "ipv6", "dual"]
IPV4: Final = "ipv4"
IPV6: Final = "ipv6"
OF_IPV6 = "-ipv6"
"""What the id of the second demand of a dual one ends in."""


class DemandEntry(Frozen):
    """Traffic from one host to another, or to one of several hubs, with its answers coming back.

    A hub's id names its default host."""

    id: Slug
    """Lower case, digits, hyphens; unique."""
    data_class: NonEmpty = Field(alias="class")
    """The application class; any name."""
    data: Slug = UNCLASSIFIED
    """The data class. Policy sets do not cover unclassified data: it is served as ``not covered``,
    or blocked if the set has ``outside: deny``."""
    returns: Slug | None = None
    """Data class of the return traffic, which is a separate demand for policies, or ``same-class``.
    Required with ``data``."""
    service: Service | None = None
    """Service of the demand and its return traffic, instead of the scenario's."""
    dscp: Dscp | None = None
    """DSCP of the demand and its return traffic, instead of that of its class, for example ``EF``
    or ``12``."""
    src: str
    """Source hub, or a host behind a hub of the topology."""
    dst: Destination
    """Destination hub or host, or a selector of hubs: the nearest permitted one then serves the
    demand."""
    guarantee: Bandwidth | None = None
    """Committed and peak rate of the forward direction, instead of the permit's, for example
    ``{cir: 20Mbit, pir: 40Mbit}``. Admission control checks it under every protected failure, and
    it is never relaxed."""
    police: PolicedBps | Unpoliced | None = None
    """Peak rate in each direction, with bursts of a tenth of a second, or ``none``; that of the
    network if not given. A guarantee takes precedence."""
    probe: ProbeOptions | None = None
    """Probes of this demand, instead of the scenario's."""
    throughput: ThroughputOptions | None = None
    """A stream or transfer in addition to probes."""
    family: Families | None = None
    """``ipv4``, ``ipv6``, or ``dual``: the demand by IPv4, and a second one by IPv6, whose id ends
    in ``-ipv6``; that of the scenario if not given."""

    @model_serializer(mode="wrap")
    def _without_defaults(self, handler: SerializerFunctionWrapHandler) -> dict[str, JsonValue]:
        """Without what says that all is as it was before there were such keys."""
        dumped: dict[str, JsonValue] = handler(self)
        for key, usual in (("src_host", ()), ("dst_host", ()), ("family", (IPV4,))):
            if dumped.get(key) in (None, *usual):
                dumped.pop(key, None)
        return dumped

    def ruled(self, service: Service | None) -> RuledEntry:
        """As policies are asked about it, those in force now and any that come later; carried by
        ``service`` where it does not say."""
        return RuledEntry.model_validate(
            {
                "id": self.id,
                "class": self.data,
                "src": self.src,
                "dst": self.dst,
                "returns": self.returns or SAME_CLASS,
                "service": self.service or service,
                "family": self.family or IPV4,
                **self.hosts_behind,
            }
        )

    @property
    def hosts_behind(self) -> dict[str, str]:
        """``src_host`` and ``dst_host``, as far as they are not default hosts."""
        return {}


class LocatedEntry(DemandEntry):
    """With the hubs of the hosts that it names as ``src`` and ``dst``."""

    src_host: Slug | None = None
    """The host that sends it, behind the source; None: its default host."""
    dst_host: Slug | None = None
    """The host that receives it, behind the destination; None: its default host."""

    @property
    def hosts_behind(self) -> dict[str, str]:
        named = {"src_host": self.src_host, "dst_host": self.dst_host}
        return {key: name for key, name in named.items() if name is not None}


class Demand(LocatedEntry):
    """As it is served: by one hub."""

    dst: Slug
    family: Family = IPV4
    sought: Where | None = None
    """The selector, where it may go to any of several hubs."""
    anycast: InstanceOf[AnycastChoice] | None = None
    """Which of them serves it, and why."""

    @property
    def hosts(self) -> tuple[str, str]:
        """The names of the hosts that send and receive it; that of a default host is its hub's."""
        return (self.src_host or self.src, self.dst_host or self.dst)


def located(demands: Sequence[DemandEntry], topology: Topology) -> tuple[DemandEntry, ...]:
    """The demands with hubs as their ends: hosts that they name are replaced by their hubs."""
    hub_of = {host.id: host.hub for host in topology.hosts}
    return tuple(_located(demand, hub_of) for demand in demands)


def _located(demand: DemandEntry, hub_of: Mapping[str, str]) -> DemandEntry:
    named = ((end, getattr(demand, end)) for end in ("src", "dst"))
    hosts = {end: name for end, name in named if isinstance(name, str) and name in hub_of}
    if not hosts:
        return demand
    fields = dict(demand)
    for end, host in hosts.items():
        fields |= {end: hub_of[host], f"{end}_host": host}
    return LocatedEntry.model_construct(**fields)


def by_family(demands: Sequence[DemandEntry], usual: Families) -> tuple[DemandEntry, ...]:
    """The demands, each of one family. Those of IPv6 that ``dual`` demands come to are behind all
    others, so that the numbers of these stay as they are."""
    asked = [(one, one.family or usual) for one in demands]
    known = [
        one.model_copy(update={"family": IPV4 if family == "dual" else family})
        for one, family in asked
    ]
    more = [
        one.model_copy(update={"id": one.id + OF_IPV6, "family": IPV6})
        for one, family in asked
        if family == "dual"
    ]
    return (*known, *more)


def check_families(document: Document, demands: Sequence[DemandEntry], usual: ProbeOptions) -> None:
    """Demands of IPv6 have probes that hold the longer header. Raises InputError."""
    least = MIN_PROBE_BYTES + IPV6_HEADER_MORE_BYTES
    for demand in demands:
        if demand.family != IPV6:
            continue
        size = (demand.probe or usual).size
        if size < least or least < size < least + MIN_PADDING_BYTES:
            message = f'a probe of {size} B is too small for "{demand.id}", which is of IPv6'
            more = least + MIN_PADDING_BYTES
            raise document.error(message, "probe", hint=f"write {least}B, or at least {more}B")


def served(
    document: Document,
    demands: Sequence[DemandEntry],
    policies: PolicySet,
    topology: Topology,
    as_of: date,
    service: Service | None,
) -> tuple[Demand, ...]:
    """Each by one hub: the nearest lawful one where it may go to several. Raises InputError where
    a selector names what there is not, or selects no hub but the source."""
    settler = Settler(policies, topology, as_of)
    found = []
    for number, demand in enumerate(demands):
        where, fields = demand.dst, dict(demand)
        if isinstance(where, Where):
            at = ("demands", number, "dst")
            _check_selector(
                document, demand.id, at, unknown_names(where, topology, policies.known_groups)
            )
            try:
                settled = settler.settle(demand.ruled(service))
            except InputError as error:
                raise document.error_of_named(error, *at) from error
            fields |= {"dst": settled.demand.dst, "sought": where, "anycast": settled.choice}
        found.append(Demand.model_construct(**fields))
    return tuple(found)


def _check_selector(
    document: Document,
    demand: str,
    at: KeyPath,
    unknown: Iterable[tuple[KeyPath, str, frozenset[str]]],
) -> None:
    for path, name, known in unknown:
        hint = nearest_named(name, known) or "corridor topology show lists hubs"
        message = f'demand "{demand}" may go to hubs by {path[-1]} "{name}", which is not known'
        raise document.error(message, *at, *path, hint=hint)


def check_demands(
    document: Document,
    demands: Sequence[DemandEntry],
    topology: Topology,
    name: str,
    *,
    unconnected: bool = False,
) -> None:
    """Each has its own id and joins two hubs that fibres join. Raises InputError; ``name`` is
    the topology's, as the scenario has it. ``demands`` are located. ``unconnected``: hubs need no
    fibres between them."""
    counts = Counter(demand.id for demand in demands)
    island_of = _islands(topology)
    known = (*island_of, *(host.id for host in topology.hosts))
    what = "hub or host" if topology.hosts else "hub"
    for number, demand in enumerate(demands):
        _check_id(document, number, demand, counts)
        for end in ("src", "dst"):
            hub = getattr(demand, end)
            if isinstance(hub, str) and hub not in island_of:
                hint = nearest_named(hub, known) or f"corridor topology show {name}"
                message = f'demand "{demand.id}" names unknown {what} "{hub}"'
                raise document.error(message, "demands", number, end, hint=hint)
        check_policed(document, number, demand.guarantee, demand.police)
        if demand.src == demand.dst:
            message = f'demand "{demand.id}" starts and ends at "{demand.src}"'
            hint = "name a host behind another hub" if demand.hosts_behind else "name another hub"
            raise document.error(message, "demands", number, "dst", hint=hint)
        if unconnected or not isinstance(demand.dst, str):
            continue
        if island_of[demand.src] != island_of[demand.dst]:
            message = f"no fibre leads from {demand.src} to {demand.dst} in {topology.name}"
            hint = "add a fibre that joins the two parts, or drop the demand"
            raise document.error(message, "demands", number, hint=hint)


def check_disjoint(
    document: Document, demands: Sequence[DemandEntry], groups: Sequence[Disjoint]
) -> None:
    """Each names demands there are. Raises InputError with a near match."""
    for number, group in enumerate(groups):
        _check_named(document, demands, group.demands, ("disjoint", number, "demands"))


def check_aggregates(
    document: Document, demands: Sequence[DemandEntry], groups: Sequence[Aggregate]
) -> None:
    """Each names demands there are, that have no other guarantee. Raises InputError."""
    own = {demand.id: "its own guarantee" for demand in demands if demand.guarantee is not None}
    for number, group in enumerate(groups):
        at = ("aggregates", number)
        _check_named(document, demands, group.demands, (*at, "demands"))
        if group.id in {demand.id for demand in demands}:
            message = f'aggregate "{group.id}" has the id of a demand'
            raise document.error(message, *at, "id", hint="choose another id")
        for place, name in enumerate(group.demands):
            if name in own:
                message = f'demand "{name}" has {own[name]} already'
                hint = "a demand has one guarantee: drop one of them"
                raise document.error(message, *at, "demands", place, hint=hint)
            own[name] = f'that of aggregate "{group.id}"'


def _check_named(
    document: Document, demands: Sequence[DemandEntry], names: Sequence[str], at: KeyPath
) -> None:
    known = dict.fromkeys(demand.id for demand in demands)
    for place, name in enumerate(names):
        if name not in known:
            hint = nearest(name, known) or "name demands by their id; answers go with them"
            raise document.error(f'no demand is called "{name}"', *at, place, hint=hint)


def _check_id(document: Document, number: int, demand: DemandEntry, counts: Counter[str]) -> None:
    if counts[demand.id] > 1:
        raise document.error(
            f'demand id "{demand.id}" is used {counts[demand.id]} times',
            "demands",
            number,
            "id",
            hint="give each its own",
        )
    asking = demand.id.removesuffix(RETURN)
    if asking != demand.id and asking in counts:
        message = f'demand id "{demand.id}" is the id of the responses of another demand'
        raise document.error(message, "demands", number, "id", hint="choose another id")


def _islands(topology: Topology) -> dict[str, str]:
    """Each hub's island, named by one of its hubs: what fibres join, directly or not."""
    island = {hub.id: hub.id for hub in topology.hubs}
    members = {hub.id: [hub.id] for hub in topology.hubs}
    for fibre in topology.fibres:
        kept, joined = island[fibre.a], island[fibre.z]
        if kept != joined:
            for hub in members.pop(joined):
                island[hub] = kept
                members[kept].append(hub)
    return island
