"""What a topology file may say: its keys, their units and their bounds."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from corridor.topologies.base.units import (
    QuantityError,
    parse_duration_ns,
    parse_length_km,
    parse_rate_bps,
)
from corridor.topologies.model import delay
from corridor.topologies.model.capacity import (
    MAX_CAPACITY_GBPS,
    CapacityBasis,
    CapacityGroup,
    Scaling,
)
from corridor.topologies.model.fields import Frozen, JurisdictionCode, Slug, Text
from corridor.topologies.model.operators import WrittenDomains
from corridor.topologies.model.topology import (
    MAX_DELAY_NS,
    MAX_LENGTH_KM,
    Confidence,
    LengthBasis,
    PossibleCrossing,
    Status,
)

DEFAULT_SCALING = Scaling(
    capacity_scale=1.0,
    assumed_terrestrial_gbps=1.0,
    assumed_submarine_gbps=1.0,
    min_rate_bps=1_000,
    max_rate_bps=10_000_000_000,
)
"""For files that state none: capacities as written, 1 Gbit/s where none is."""


class ScalingEntry(Frozen):
    scale: float = Field(gt=0, le=1)
    assumed_terrestrial: int
    assumed_submarine: int
    min_rate: int
    max_rate: int

    @field_validator(
        "assumed_terrestrial", "assumed_submarine", "min_rate", "max_rate", mode="before"
    )
    @classmethod
    def _rate(cls, value: object) -> int:
        return parse_rate_bps(value)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_rate > self.max_rate:
            raise QuantityError("min_rate is above max_rate", "exchange the two")
        return self

    def scaling(self) -> Scaling:
        return Scaling(
            capacity_scale=self.scale,
            assumed_terrestrial_gbps=self.assumed_terrestrial / 1e9,
            assumed_submarine_gbps=self.assumed_submarine / 1e9,
            min_rate_bps=self.min_rate,
            max_rate_bps=self.max_rate,
        )


class Without(Frozen):
    """What a file leaves out of those that it extends."""

    hubs: tuple[str, ...] = ()
    """With every fibre that ends there."""
    fibres: tuple[str, ...] = ()


class Overrides(Frozen):
    """What a file changes of those that it extends: by id, the keys that are to differ."""

    hubs: dict[str, dict[str, object]] = Field(default_factory=dict)
    fibres: dict[str, dict[str, object]] = Field(default_factory=dict)
    capacity_groups: dict[str, dict[str, object]] = Field(default_factory=dict)


class TopologyEntry(Frozen):
    name: Slug
    title: Text = ""
    extends: tuple[str, ...] = ()
    without: Without | None = None
    override: Overrides | None = None
    capacity: ScalingEntry | None = None
    capacity_classes: list[object] = Field(default_factory=list)
    capacity_groups: list[object] = Field(default_factory=list)
    hubs: list[object] = Field(default_factory=list)
    systems: list[object] = Field(default_factory=list)
    fibres: list[object] = Field(default_factory=list)
    footprints: list[object] = Field(default_factory=list)
    """Disasters by id, or written out: fibres that one may hit become a shared-risk group."""
    hosts: list[object] = Field(default_factory=list)
    """Hosts behind hubs, next to the default host of each hub."""
    domains: WrittenDomains | None = None
    """Operators, the domains that they run at hubs and fibres, and their hand-overs."""
    notes: tuple[Text, ...] = ()


def _crossings(written: object) -> object:
    """``{IN: why}`` or ``[IN]`` as what the field holds; anything else is left to be refused."""
    if isinstance(written, dict):
        return [{"code": code, "why": why} for code, why in written.items()]
    if isinstance(written, list):
        return [{"code": code} if isinstance(code, str) else code for code in written]
    return written


class GroupEntry(Frozen):
    id: Slug
    at: str
    capacity: int | None = Field(default=None, le=MAX_CAPACITY_GBPS * 1e9)
    sources: tuple[Text, ...] = ()
    notes: Text = ""

    @field_validator("capacity", mode="before")
    @classmethod
    def _capacity(cls, value: object) -> int | None:
        return None if value is None else parse_rate_bps(value, "capacity")

    def group(self) -> CapacityGroup:
        gbps = None if self.capacity is None else self.capacity / 1e9
        fields = {"capacity_gbps": gbps, "sources": self.sources, "notes": self.notes}
        return CapacityGroup.model_validate({"id": self.id, "at": self.at, **fields})


class FibreEntry(Frozen):
    id: Slug
    a: str
    z: str
    medium: delay.Medium = "terrestrial"
    length: float | None = Field(default=None, le=MAX_LENGTH_KM)
    length_basis: LengthBasis | None = None
    via: tuple[object, ...] = ()
    """Waypoint ids, hub ids or [lat, lon]."""
    one_way_delay: int | None = Field(default=None, le=MAX_DELAY_NS)
    system: Text = ""
    crosses: tuple[JurisdictionCode, ...] = ()
    may_cross: Annotated[
        tuple[PossibleCrossing, ...],
        BeforeValidator(_crossings, json_schema_input_type=dict[str, str] | list[str]),
    ] = ()
    """Jurisdictions that light may come under, each with what makes it doubtful."""
    operated_by: Text | None = None
    srlgs: tuple[Text, ...] = ()
    capacity: int | None = Field(default=None, le=MAX_CAPACITY_GBPS * 1e9)
    capacity_basis: CapacityBasis | None = None
    capacity_class: str = ""
    """Where none is published: a class of capacity_classes, which says what is assumed, and why."""
    assumed_capacity: int | None = Field(default=None, le=MAX_CAPACITY_GBPS * 1e9)
    """The same, written out."""
    assumed_because: Text = ""
    shares: tuple[str, ...] = ()
    """Ids of capacity_groups."""
    status: Status = "in-service"
    sources: tuple[Text, ...] = ()
    confidence: Confidence = "confident"
    notes: Text = ""

    @field_validator("length", mode="before")
    @classmethod
    def _length(cls, value: object) -> float | None:
        return None if value is None else parse_length_km(value)

    @field_validator("one_way_delay", mode="before")
    @classmethod
    def _delay(cls, value: object) -> int | None:
        return None if value is None else parse_duration_ns(value, "one_way_delay")

    @field_validator("capacity", "assumed_capacity", mode="before")
    @classmethod
    def _capacity(cls, value: object) -> int | None:
        return None if value is None else parse_rate_bps(value, "capacity")
