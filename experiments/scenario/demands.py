"""The demands of a scenario: as they are written, and as each is served by one hub. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date

from pydantic import Field, InstanceOf

from corridor.controller.intent.anycast import Settler, unknown_names
from corridor.controller.intent.anycast_choice import AnycastChoice
from corridor.controller.intent.intent import Aggregate, Disjoint
from corridor.controller.policy.clauses.elements import Destination, Where
from corridor.controller.policy.clauses.places import Service
from corridor.controller.policy.model import RETURN, SAME_CLASS, UNCLASSIFIED, Bandwidth, PolicySet
from corridor.controller.policy.model import DemandEntry as RuledEntry
from corridor.experiments.scenario.fields import PolicedBps, Unpoliced, check_policed
from corridor.experiments.scenario.options import ProbeOptions, ThroughputOptions
from corridor.experiments.scenario.queues import Dscp
from corridor.topologies.base.documents import Document, KeyPath
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.model.catalogue import nearest_named
from corridor.topologies.model.topology import Frozen, NonEmpty, Slug, Topology


class DemandEntry(Frozen):
    """Traffic from one hub to another, or to one of several, with its answers coming back."""

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
    """Source hub."""
    dst: Destination
    """Destination hub, or a selector of hubs: the nearest permitted one then serves the demand."""
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
            }
        )


class Demand(DemandEntry):
    """As it is served: by one hub."""

    dst: Slug
    sought: Where | None = None
    """The selector, where it may go to any of several hubs."""
    anycast: InstanceOf[AnycastChoice] | None = None
    """Which of them serves it, and why."""


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
    document: Document, demands: Sequence[DemandEntry], topology: Topology, name: str
) -> None:
    """Each has its own id and joins two hubs that fibres join. Raises InputError; ``name`` is
    the topology's, as the scenario has it."""
    counts = Counter(demand.id for demand in demands)
    island_of = _islands(topology)
    for number, demand in enumerate(demands):
        _check_id(document, number, demand, counts)
        for end in ("src", "dst"):
            hub = getattr(demand, end)
            if isinstance(hub, str) and hub not in island_of:
                hint = nearest_named(hub, island_of) or f"corridor topology show {name}"
                message = f'demand "{demand.id}" names unknown hub "{hub}"'
                raise document.error(message, "demands", number, end, hint=hint)
        check_policed(document, number, demand.guarantee, demand.police)
        if demand.src == demand.dst:
            message = f'demand "{demand.id}" starts and ends at "{demand.src}"'
            raise document.error(message, "demands", number, "dst", hint="name another hub")
        if isinstance(demand.dst, str) and island_of[demand.src] != island_of[demand.dst]:
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
