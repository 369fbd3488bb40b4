"""Service classes and DSCPs of classes of demands, as the file next to this one has them. Pure."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from corridor.topologies.base.documents import read_document, validate
from corridor.topologies.model.dscp import MOST, NAMES, format_dscp, parse_dscp
from corridor.topologies.model.topology import Frozen, NonEmpty, Slug

FILE = Path(__file__).with_name("service_classes.yaml")
BEST_EFFORT = 0

Dscp = Annotated[
    int,
    BeforeValidator(parse_dscp),
    PlainSerializer(format_dscp, when_used="json"),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 0, "maximum": MOST}, {"enum": [*NAMES]}]}
    ),
]
Confidence = Literal["confident", "unsure"]


class ServiceClass(Frozen):
    """Demands that tolerate alike; those that tolerate least come first."""

    id: Slug
    meaning: NonEmpty
    dscps: tuple[Dscp, ...]
    """None: all that no other has."""
    weight: int
    """Where classes share a fibre by weight."""
    source: NonEmpty
    confidence: Confidence


class Weights(Frozen):
    source: NonEmpty
    confidence: Confidence


class DemandClass(Frozen):
    """How the packets of a class of demands are marked."""

    name: NonEmpty = Field(alias="class")
    service_class: Slug = Field(alias="in")
    dscp: Dscp
    source: NonEmpty
    confidence: Confidence


class ServiceClasses(Frozen):
    service_classes: tuple[ServiceClass, ...]
    weights: Weights
    demand_classes: tuple[DemandClass, ...]

    def dscp_of(self, demand_class: str) -> int | None:
        """None for a class that is not in the file."""
        return next((one.dscp for one in self.demand_classes if one.name == demand_class), None)


@cache
def shipped() -> ServiceClasses:
    return validate(read_document(FILE), ServiceClasses)
