"""Hubs, fibres and the topology they make: frozen values, checked when they are made.

Units are in the names: kilometres, degrees, gigabits per second, nanoseconds one-way.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Self

from pydantic import (
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from corridor.topologies.base.suggestions import nearest
from corridor.topologies.base.words import counted
from corridor.topologies.model.capacity import (
    MAX_CAPACITY_GBPS,
    CapacityBasis,
    CapacityGroup,
    EmulatedRate,
    RateBasis,
    Scaling,
    least_free_bps,
)
from corridor.topologies.model.delay import Medium
from corridor.topologies.model.fields import (
    MAX_ID,
    UNKNOWN_JURISDICTION,
    Confidence,
    Frozen,
    JurisdictionCode,
    NonEmpty,
    Slug,
    Text,
)
from corridor.topologies.model.hosts import Host
from corridor.topologies.model.operators import WrittenDomains

if TYPE_CHECKING:
    import networkx as nx

# Distances on the globe, in kilometres.

MEAN_EARTH_RADIUS_KM = 6371.0088
"""IUGG mean radius R1."""

LatLon = tuple[float, float]
"""Degrees north, degrees east (WGS 84)."""


def great_circle_km(a: LatLon, z: LatLon) -> float:
    """Haversine distance between two places."""
    lat_a, lon_a, lat_z, lon_z = map(math.radians, (*a, *z))
    half = (
        math.sin((lat_z - lat_a) / 2) ** 2
        + math.cos(lat_a) * math.cos(lat_z) * math.sin((lon_z - lon_a) / 2) ** 2
    )
    return 2 * MEAN_EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(half)))


def path_km(points: Sequence[LatLon]) -> float:
    """Sum of the great circles along ``points``."""
    return sum(great_circle_km(a, z) for a, z in itertools.pairwise(points))


__all__ = [
    "MAX_CAPACITY_GBPS",
    "MAX_DELAY_NS",
    "MAX_ID",
    "MAX_LENGTH_KM",
    "UNKNOWN_JURISDICTION",
    "CapacityBasis",
    "CapacityGroup",
    "Confidence",
    "DelayBasis",
    "EmulatedRate",
    "Fibre",
    "Frozen",
    "Hub",
    "JurisdictionCode",
    "LengthBasis",
    "NonEmpty",
    "PossibleCrossing",
    "RateBasis",
    "Role",
    "Scaling",
    "Slug",
    "Status",
    "Text",
    "Topology",
]

Role = Literal["coastal", "western", "core", "gateway", "foreign", "transit"]
"""``coastal`` and ``western`` are the two sides of China's east-west computing programme;
``core`` is an inland backbone city that is neither; ``gateway`` is a mainland city that is here
because an international gateway bureau is; ``foreign`` belongs to a partner country of the
corridor; ``transit`` is a border crossing or a third country between."""

LengthBasis = Literal["published", "apportioned", "stated", "derived"]
"""``apportioned``: a published total shared between segments; ``stated``: given without a source;
``derived``: from the great circle or from a published delay, as the notes say."""
DelayBasis = Literal["model", "given"]
Status = Literal["in-service", "planned", "uncertain"]
"""``uncertain``: no source says whether light uses the fibre. Paths use fibres of every status that
a scenario does not leave out."""

MAX_LENGTH_KM = 100_000.0
MAX_DELAY_NS = 60_000_000_000
"""Bounds that no fibre on Earth reaches; they catch slips of the unit."""


class Hub(Frozen):
    """A place where fibres meet: one switch in the emulated network."""

    id: Slug
    name: NonEmpty
    role: Role
    located_in: JurisdictionCode
    """Whose law applies to the building: Hong Kong is HK, Macau MO, not CN."""
    operated_by: Text | None = None
    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)
    local_name: Text = ""
    functions: tuple[Text, ...] = ()
    edwc_hub: Text = ""
    """National computing hub of the "East Data, West Computing" programme, or empty."""
    edwc_cluster: Text = ""
    intl_gateway: bool = False
    """Has a full international gateway bureau (mainland China)."""
    intl_gateway_note: Text = ""
    sources: tuple[Text, ...] = ()
    confidence: Confidence = "confident"
    notes: Text = ""

    @property
    def place(self) -> LatLon:
        return (self.lat, self.lon)

    def __str__(self) -> str:
        return f"{self.name} ({self.located_in})"


class PossibleCrossing(Frozen):
    """A third jurisdiction that a fibre may come under; whether it does is not known."""

    code: JurisdictionCode
    why: Text = ""
    """What makes it doubtful: sources that differ, a drawing older than the cable, a strait."""


class Fibre(Frozen):
    """A light path between two hubs; both directions have the same delay.

    Two of one cable system may share most of its route. A fibre reaches a hub where it lands.
    """

    id: Slug
    a: str
    z: str
    medium: Medium
    length_km: float = Field(gt=0, le=MAX_LENGTH_KM)
    length_basis: LengthBasis
    one_way_delay_ns: int = Field(ge=0, le=MAX_DELAY_NS)
    """Propagation and terminals, one way."""
    delay_basis: DelayBasis = "model"
    system: Text = ""
    """The cable system's id, or empty."""
    via: tuple[LatLon, ...] = ()
    """Points that the fibre's route passes, in degrees; a derived length follows them."""
    crosses: tuple[JurisdictionCode, ...] = ()
    """Jurisdictions besides those of its ends that light certainly comes under: it comes ashore
    there, or goes there by land. A landing on a branch that light does not take is none."""
    may_cross: tuple[PossibleCrossing, ...] = ()
    """Those that it may come under. No policy relies on their being, or not being, crossed."""
    operated_by: Text | None = None
    srlgs: tuple[Text, ...] = ()
    """Shared-risk groups: what fails together with this fibre."""
    capacity_gbps: float | None = Field(default=None, gt=0, le=MAX_CAPACITY_GBPS)
    capacity_basis: CapacityBasis = "unpublished"
    shares: tuple[CapacityGroup, ...] = ()
    """What it shares with other fibres at its ends, which bounds its own capacity, too."""
    assumed_gbps: float | None = Field(default=None, gt=0, le=MAX_CAPACITY_GBPS)
    """Replaces the assumption of the map where no capacity is published."""
    assumed_because: Text = ""
    status: Status = "in-service"
    sources: tuple[Text, ...] = ()
    confidence: Confidence = "confident"
    notes: Text = ""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.a == self.z:
            raise ValueError(f'fibre "{self.id}" starts and ends at "{self.a}"')
        if (self.capacity_gbps is None) != (self.capacity_basis == "unpublished"):
            raise ValueError(f'fibre "{self.id}": capacity and capacity_basis disagree')
        repeated = sorted(self.may_cross_codes & set(self.crosses))
        if repeated:
            told = ", ".join(repeated)
            raise ValueError(f'fibre "{self.id}" both crosses and may cross {told}')
        for group in self.shares:
            if group.at not in self.ends:
                raise ValueError(
                    f'fibre "{self.id}" shares "{group.id}" at "{group.at}", where it does not end'
                )
        return self

    @property
    def may_cross_codes(self) -> frozenset[str]:
        return frozenset(one.code for one in self.may_cross)

    @property
    def known_gbps(self) -> float | None:
        """The minimum of its capacity and those that it shares; None where none is known. Any
        result over such a fibre rests on an assumption."""
        known = [self.capacity_gbps, *(group.capacity_gbps for group in self.shares)]
        return min((one for one in known if one is not None), default=None)

    @property
    def ends(self) -> tuple[str, str]:
        return (self.a, self.z)

    def other_end(self, hub_id: str) -> str:
        """The hub at the far side. Raises ValueError when ``hub_id`` is at neither."""
        if hub_id == self.a:
            return self.z
        if hub_id == self.z:
            return self.a
        raise ValueError(f'fibre "{self.id}" does not end at "{hub_id}"')

    def __str__(self) -> str:
        return f"{self.id}: {self.a} - {self.z}, {self.length_km:g} km {self.medium}"


class Topology(Frozen):
    """Hubs and the fibres between them, in the order of their file."""

    name: Slug
    title: NonEmpty
    hubs: tuple[Hub, ...] = Field(min_length=1)
    fibres: tuple[Fibre, ...]
    scaling: Scaling
    notes: tuple[Text, ...] = ()
    background_gbps: dict[str, tuple[float, float]] = Field(default_factory=dict)
    """By fibre, real rates of traffic that no demand sends: from ``a`` to ``z``, and back."""
    domains: WrittenDomains | None = None
    """Who runs what, as the file states it; ``model/domains.py`` adds what is shipped."""
    hosts: tuple[Host, ...] = ()
    """Hosts behind hubs, next to the default host of each hub."""

    def __hash__(self) -> int:
        """Of what a map is: equal maps have the same, with and without background."""
        return hash((self.name, self.hubs, self.fibres))

    @model_serializer(mode="wrap")
    def _without_empty_parts(self, handler: SerializerFunctionWrapHandler) -> dict[str, JsonValue]:
        """Background, domains and hosts only where there are any: most maps have none."""
        dumped: dict[str, JsonValue] = handler(self)
        for key in ("background_gbps", "domains", "hosts"):
            if not dumped.get(key):
                dumped.pop(key, None)
        return dumped

    @field_validator("hubs", "fibres")
    @classmethod
    def _unique(cls, values: tuple[Hub | Fibre, ...]) -> tuple[Hub | Fibre, ...]:
        counts = Counter(value.id for value in values)
        for name, count in counts.items():
            if count > 1:
                raise ValueError(f'id "{name}" is used {count} times')
        return values

    @model_validator(mode="after")
    def _ends_exist(self) -> Self:
        for fibre in self.fibres:
            for end in fibre.ends:
                if end not in self._hubs_by_id:
                    hint = nearest(end, self._hubs_by_id)
                    raise ValueError(
                        f'fibre "{fibre.id}" ends at unknown hub "{end}" {hint}'.strip()
                    )
        return self

    @model_validator(mode="after")
    def _groups_agree(self) -> Self:
        known: dict[str, CapacityGroup] = {}
        for fibre in self.fibres:
            for group in fibre.shares:
                if known.setdefault(group.id, group) != group:
                    raise ValueError(f'capacity group "{group.id}" is described twice, differently')
        return self

    @cached_property
    def _hubs_by_id(self) -> dict[str, Hub]:
        return {hub.id: hub for hub in self.hubs}

    @cached_property
    def _fibres_by_id(self) -> dict[str, Fibre]:
        return {fibre.id: fibre for fibre in self.fibres}

    @cached_property
    def _fibres_by_hub(self) -> dict[str, tuple[Fibre, ...]]:
        found: dict[str, list[Fibre]] = {}
        for fibre in self.fibres:
            for end in dict.fromkeys(fibre.ends):
                found.setdefault(end, []).append(fibre)
        return {hub: tuple(fibres) for hub, fibres in found.items()}

    def hub(self, hub_id: str) -> Hub:
        """Raises KeyError with a near match."""
        return _look_up(self._hubs_by_id, hub_id, "hub", self.name)

    def fibre(self, fibre_id: str) -> Fibre:
        """Raises KeyError with a near match."""
        return _look_up(self._fibres_by_id, fibre_id, "fibre", self.name)

    def fibres_of(self, hub_id: str) -> tuple[Fibre, ...]:
        """The fibres that end at a hub, in file order."""
        self.hub(hub_id)
        return self._fibres_by_hub.get(hub_id, ())

    def fibres_in_srlg(self, srlg: str) -> tuple[Fibre, ...]:
        return tuple(fibre for fibre in self.fibres if srlg in fibre.srlgs)

    @property
    def srlgs(self) -> tuple[str, ...]:
        """All shared-risk groups, sorted."""
        return tuple(sorted({srlg for fibre in self.fibres for srlg in fibre.srlgs}))

    def one_way_delay_ns(self, fibre: Fibre) -> int:
        return fibre.one_way_delay_ns

    def capacity_gbps(self, fibre: Fibre) -> float:
        """What is known of a fibre's capacity, else what is assumed of it, or of all of its
        medium."""
        return fibre.known_gbps or fibre.assumed_gbps or self.scaling.assumed_gbps(fibre.medium)

    def emulated_rate(self, fibre: Fibre) -> EmulatedRate:
        """The scaled capacity, kept within the stated bounds; says when a bound decided."""
        capacity_gbps, basis = self.capacity_gbps(fibre), fibre.capacity_basis
        if fibre.known_gbps is None:
            return self.scaling.emulated(capacity_gbps, "assumed")
        return self.scaling.emulated(
            capacity_gbps, "published" if basis == "unpublished" else basis
        )

    def emulated_rate_bps(self, fibre: Fibre) -> int:
        """Bits per second in the emulation; ``emulated_rate`` also says on what basis."""
        return self.emulated_rate(fibre).rate_bps

    def background_bps(self, fibre: Fibre, from_hub: str) -> int:
        """Bits per second in the emulation of traffic that no demand sends, in the direction that
        is entered at a hub."""
        rates = self.background_gbps.get(fibre.id, (0.0, 0.0))
        return round(rates[from_hub != fibre.a] * 1e9 * self.scaling.capacity_scale)

    def free_rate_bps(self, fibre: Fibre, from_hub: str) -> int:
        """The emulated rate that the background leaves, in the direction that is entered at a hub;
        never less than ``LEAST_FREE`` of it, so that the fibre can be emulated."""
        rate_bps = self.emulated_rate_bps(fibre)
        return max(least_free_bps(rate_bps), rate_bps - self.background_bps(fibre, from_hub))

    def fitting_scale(self, fibres: Iterable[Fibre]) -> float:
        """The smallest scale at which none of these fibres whose capacity is known is emulated at
        ``min_rate``, and so wider than to scale; 0 if none is."""
        narrow = [
            self.capacity_gbps(fibre)
            for fibre in fibres
            if fibre.known_gbps is not None and self.emulated_rate(fibre).basis == "floor"
        ]
        return self.scaling.min_rate_bps / 1e9 / min(narrow) if narrow else 0.0

    @cached_property
    def capacity_groups(self) -> dict[str, CapacityGroup]:
        """By id, in the order of the fibres that share them."""
        return {group.id: group for fibre in self.fibres for group in fibre.shares}

    def emulated_group_bps(self, group: CapacityGroup) -> int:
        """What its fibres may carry together into the landing, and as much out of it. Where it is
        not published, as much as the largest of them."""
        if group.capacity_gbps is not None:
            return self.scaling.emulated(group.capacity_gbps, "published").rate_bps
        sharing = (fibre for fibre in self.fibres if group in fibre.shares)
        return max(self.emulated_rate_bps(fibre) for fibre in sharing)

    def great_circle_km(self, fibre: Fibre) -> float:
        """Straight distance between the two ends, whatever the fibre does in between."""
        return great_circle_km(self.hub(fibre.a).place, self.hub(fibre.z).place)

    def to_graph(self) -> nx.MultiGraph[str]:
        """A new graph: nodes carry ``hub``; edges (keyed by id) ``fibre`` and ``delay_ns``."""
        import networkx as nx

        graph: nx.MultiGraph[str] = nx.MultiGraph(name=self.name)
        for hub in self.hubs:
            graph.add_node(hub.id, hub=hub)
        for fibre in self.fibres:
            graph.add_edge(
                fibre.a, fibre.z, key=fibre.id, fibre=fibre, delay_ns=fibre.one_way_delay_ns
            )
        return graph

    def without(self, fibre_ids: Iterable[str]) -> Topology:
        """The same topology after these fibres are cut."""
        cut = set(fibre_ids)
        kept = tuple(fibre for fibre in self.fibres if fibre.id not in cut)
        return self._of(self.hubs, kept)

    def without_status(self, statuses: Collection[Status]) -> Topology:
        """Return the topology without fibres of these statuses, and without hubs that only such
        fibres reach."""
        kept = tuple(fibre for fibre in self.fibres if fibre.status not in statuses)
        reached = {end for fibre in kept for end in fibre.ends}
        dropped = {end for fibre in self.fibres for end in fibre.ends} - reached
        hubs = tuple(hub for hub in self.hubs if hub.id not in dropped)
        return self._of(hubs, kept)

    def _of(
        self, hubs: tuple[Hub, ...], fibres: tuple[Fibre, ...], more: Iterable[Host] = ()
    ) -> Topology:
        """Return the same topology with these hubs and fibres; a copy would keep the indices."""
        kept = {hub.id for hub in hubs}
        return Topology(
            name=self.name,
            title=self.title,
            hubs=hubs,
            fibres=fibres,
            scaling=self.scaling,
            notes=self.notes,
            background_gbps=self.background_gbps,
            domains=self.domains,
            hosts=(*(host for host in self.hosts if host.hub in kept), *more),
        )

    def with_hosts(self, hosts: Iterable[Host]) -> Topology:
        """Return the same topology with more hosts, which ``check_hosts`` has checked."""
        return self._of(self.hubs, self.fibres, hosts)

    def hub_of(self, name: str) -> str:
        """Return the hub of a host, or of a hub's default host, which has the hub's name.

        Raises KeyError with a near match."""
        return self._hub_of_host.get(name) or self.hub(name).id

    @cached_property
    def _hub_of_host(self) -> dict[str, str]:
        return {host.id: host.hub for host in self.hosts}

    def __str__(self) -> str:
        hosts = f", {counted(len(self.hosts), 'further host')}" if self.hosts else ""
        hubs, fibres = counted(len(self.hubs), "hub"), counted(len(self.fibres), "fibre")
        return f"{self.name}: {hubs}, {fibres}{hosts}"


def _look_up[Entry: ("Hub", "Fibre")](
    table: dict[str, Entry], key: str, kind: str, owner: str
) -> Entry:
    if key in table:
        return table[key]
    raise KeyError(" ".join(filter(None, (f'no {kind} "{key}" in {owner}', nearest(key, table)))))
