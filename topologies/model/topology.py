"""Hubs, fibres and the topology they make: frozen values, checked when they are made.

Units are in the names: kilometres, degrees, gigabits per second, nanoseconds one-way.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from corridor.topologies.base.documents import nearest
from corridor.topologies.model.delay import Medium
from corridor.topologies.model.geo import LatLon, great_circle_km

if TYPE_CHECKING:
    import networkx as nx

Role = Literal["coastal", "western", "core", "gateway", "foreign", "transit"]
"""``coastal`` and ``western`` are the two sides of China's east-west computing programme;
``core`` is an inland backbone city that is neither; ``gateway`` is a mainland city that is here
because an international gateway bureau is; ``foreign`` belongs to a partner country of the
corridor; ``transit`` is a border crossing or a third country between."""

Confidence = Literal["confident", "unsure"]
LengthBasis = Literal["published", "apportioned", "stated", "derived"]
"""``apportioned``: a published total shared between segments; ``stated``: given without a source;
``derived``: from the great circle or from a published delay, as the notes say."""
CapacityBasis = Literal["published", "derived", "unpublished"]
DelayBasis = Literal["model", "given"]
Status = Literal["in-service", "planned", "uncertain"]
"""Paths use a fibre whatever its status."""

MAX_ID = 140
MAX_LENGTH_KM = 100_000.0
MAX_DELAY_NS = 60_000_000_000
MAX_CAPACITY_GBPS = 1e9
"""Bounds that no fibre on Earth reaches; they catch slips of the unit."""


def _clean(text: str) -> str:
    """One line of text; every file format can carry it unchanged."""
    text = " ".join(text.split())
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs", "Cn"):
            raise ValueError(f"text holds the control character U+{ord(character):04X}")
    return text


def _not_empty(text: str) -> str:
    if not text:
        raise ValueError("a name must not be empty")
    return text


Text = Annotated[str, AfterValidator(_clean)]
NonEmpty = Annotated[str, AfterValidator(_clean), AfterValidator(_not_empty)]


def _slug(text: str) -> str:
    if len(text) > MAX_ID or not re.fullmatch(r"[a-z0-9]+(?:[-_.][a-z0-9]+)*", text):
        raise ValueError(f'"{text[:40]}" is no id: use lower-case letters, digits and hyphens')
    return text


UNKNOWN_JURISDICTION = "XX"
"""ISO 3166 user-assigned code used where an imported graph does not say. Policies deny there what
they deny anywhere. ``ZZ``, Unicode's code for the same, is read as it."""


def _code(text: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}(?:-[A-Z0-9]{1,3})?", text):
        raise ValueError(f'"{text[:20]}" is no jurisdiction code: write it like CN, HK or CN-GD')
    return UNKNOWN_JURISDICTION if text == "ZZ" else text


Slug = Annotated[str, AfterValidator(_slug)]
JurisdictionCode = Annotated[str, AfterValidator(_code)]


class Frozen(BaseModel):
    """A value: immutable, and closed to keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


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


class Fibre(Frozen):
    """One fibre system between two hubs; both directions have the same delay."""

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
    crosses: tuple[JurisdictionCode, ...] = ()
    """Jurisdictions the medium touches besides those of its ends: landings, branching units
    and land legs in a third country."""
    operated_by: Text | None = None
    srlgs: tuple[Text, ...] = ()
    """Shared-risk groups: what fails together with this fibre."""
    capacity_gbps: float | None = Field(default=None, gt=0, le=MAX_CAPACITY_GBPS)
    capacity_basis: CapacityBasis = "unpublished"
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
        return self

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


class Scaling(Frozen):
    """How real capacities become emulated rates. All of it is stated in the topology's file."""

    capacity_scale: float = Field(gt=0, le=1)
    """Emulated rate over real capacity."""
    assumed_terrestrial_gbps: float = Field(gt=0, le=MAX_CAPACITY_GBPS)
    """Stands in where no capacity is published. The data itself keeps ``null``."""
    assumed_submarine_gbps: float = Field(gt=0, le=MAX_CAPACITY_GBPS)
    min_rate_bps: int = Field(ge=8)  # netem has whole bytes a second
    max_rate_bps: int = Field(gt=0)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.min_rate_bps > self.max_rate_bps:
            raise ValueError("the smallest emulated rate is above the largest")
        return self

    def assumed_gbps(self, medium: Medium) -> float:
        return (
            self.assumed_submarine_gbps if medium == "submarine" else self.assumed_terrestrial_gbps
        )


RateBasis = Literal["published", "derived", "assumed", "floor", "ceiling"]


class EmulatedRate(Frozen):
    """A fibre's rate in the emulation, and whether it is the scaled capacity or a bound."""

    rate_bps: int
    basis: RateBasis


class Topology(Frozen):
    """Hubs and the fibres between them, in the order of their file."""

    name: Slug
    title: NonEmpty
    hubs: tuple[Hub, ...] = Field(min_length=1)
    fibres: tuple[Fibre, ...]
    scaling: Scaling
    notes: tuple[Text, ...] = ()

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

    @cached_property
    def _hubs_by_id(self) -> dict[str, Hub]:
        return {hub.id: hub for hub in self.hubs}

    @cached_property
    def _fibres_by_id(self) -> dict[str, Fibre]:
        return {fibre.id: fibre for fibre in self.fibres}

    def hub(self, hub_id: str) -> Hub:
        """Raises KeyError with a near match."""
        return _look_up(self._hubs_by_id, hub_id, "hub", self.name)

    def fibre(self, fibre_id: str) -> Fibre:
        """Raises KeyError with a near match."""
        return _look_up(self._fibres_by_id, fibre_id, "fibre", self.name)

    def fibres_of(self, hub_id: str) -> tuple[Fibre, ...]:
        """The fibres that end at a hub, in file order."""
        self.hub(hub_id)
        return tuple(fibre for fibre in self.fibres if hub_id in fibre.ends)

    def fibres_in_srlg(self, srlg: str) -> tuple[Fibre, ...]:
        return tuple(fibre for fibre in self.fibres if srlg in fibre.srlgs)

    @property
    def srlgs(self) -> tuple[str, ...]:
        """All shared-risk groups, sorted."""
        return tuple(sorted({srlg for fibre in self.fibres for srlg in fibre.srlgs}))

    def one_way_delay_ns(self, fibre: Fibre) -> int:
        return fibre.one_way_delay_ns

    def emulated_rate(self, fibre: Fibre) -> EmulatedRate:
        """The scaled capacity, kept within the stated bounds; says when a bound decided."""
        scaling = self.scaling
        capacity_gbps, basis = fibre.capacity_gbps, fibre.capacity_basis
        if capacity_gbps is None:
            capacity_gbps = scaling.assumed_gbps(fibre.medium)
        rate_bps = round(capacity_gbps * 1e9 * scaling.capacity_scale)
        if rate_bps < scaling.min_rate_bps:
            return EmulatedRate(rate_bps=scaling.min_rate_bps, basis="floor")
        if rate_bps > scaling.max_rate_bps:
            return EmulatedRate(rate_bps=scaling.max_rate_bps, basis="ceiling")
        return EmulatedRate(rate_bps=rate_bps, basis="assumed" if basis == "unpublished" else basis)

    def emulated_rate_bps(self, fibre: Fibre) -> int:
        """Bits per second in the emulation; ``emulated_rate`` also says on what basis."""
        return self.emulated_rate(fibre).rate_bps

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
        return Topology(
            name=self.name,
            title=self.title,
            hubs=self.hubs,
            fibres=kept,
            scaling=self.scaling,
            notes=self.notes,
        )

    def __str__(self) -> str:
        return f"{self.name}: {len(self.hubs)} hubs, {len(self.fibres)} fibres"


def _look_up[Entry: ("Hub", "Fibre")](
    table: dict[str, Entry], key: str, kind: str, owner: str
) -> Entry:
    if key in table:
        return table[key]
    raise KeyError(" ".join(filter(None, (f'no {kind} "{key}" in {owner}', nearest(key, table)))))
