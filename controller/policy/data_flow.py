"""Facts about a flow of data, and conditions on them, as rules of law ask for them.

An unknown value is neither yes nor no: a condition then has no answer, see ``clauses/places.py``.
"""

from __future__ import annotations

from typing import Any, Literal, Self, get_args

from pydantic import Field, model_validator

from corridor.controller.policy.clauses.places import (
    Answer,
    Groups,
    Names,
    Value,
    every,
    inside,
    negation,
    shipped_groups,
    some,
)
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.model.topology import JurisdictionCode

Operation = Literal[
    "export",
    "reexport",
    "remote-access",
    "transit",
    "cache",
    "store",
    "store-encrypted",
    "provide-to-foreign-authority",
    "lease-circuit",
    "route",
]
Sensitivity = Literal[
    "unlabelled",
    "general",
    "personal",
    "sensitive-personal",
    "critical-personal",
    "important",
    "core",
    "open",
    "public",
    "restricted",
    "sensitive-confidential",
    "secret",
    "top-secret",
    "subscriber",
]
Actor = Literal["private", "ciio", "public-sector", "critical-infrastructure"]
Service = Literal["internet", "leased-circuit", "border-area"]
Hub = Literal["private", "extended", "virtual"]
Sector = Literal["health", "banking", "other"]


class DataFlow(Value):
    """What a rule may ask about a flow of data. ``None``: not known."""

    origin: JurisdictionCode
    """Where the data was collected."""
    destination: JurisdictionCode
    """Where it is received, stored, or looked at."""
    operation: Operation = "export"
    sensitivity: Sensitivity = "unlabelled"
    origin_place: str | None = None
    """The city it was collected in."""
    actor: Actor | None = None
    """Who handles it; ``ciio``: operator of critical information infrastructure."""
    persons_since_jan1: int | None = Field(default=None, ge=0)
    """Individuals whose data this handler sent abroad since 1 January."""
    sensitive_persons_since_jan1: int | None = Field(default=None, ge=0)
    """Of these, individuals whose sensitive data it sent."""
    sector: Sector | None = None
    """The sector whose rules bind the handler."""
    large_scale: bool | None = None
    """Continuous or large-scale."""
    added_personal_or_important: bool | None = None
    """Domestic personal information or important data was added while foreign data was
    processed. Other domestic data, such as the weights of a model, does not count."""
    holds_personal_data: bool | None = None
    """Of data that carries no label: whether some of it is about individuals."""
    service: Service | None = None
    """As what a route is bought."""
    gateway_on_route: bool | None = None
    """The route passes a full international gateway (a service gateway for the internet)."""
    channel_gateway_on_route: bool | None = None
    """The route crosses the border at an approved channel gateway."""
    runs_telecom_business: bool | None = None
    """Whether a leased circuit carries telecommunication services that are sold to others."""
    by_land: bool | None = None
    """Whether a circuit crosses the border by land."""
    accredited_provider: bool | None = None
    """Whether who stores it is registered or accredited where the data comes from."""
    foreign_provider: bool | None = None
    """Whether the provider of the service is a firm from abroad."""
    storage_ordered: bool | None = None
    """Whether an authority ordered the provider to store data where it was collected."""
    hub: Hub | None = None
    """Of a data centre that stands under a guest country's law: what kind of hub it is."""
    zone_lists_sector: bool | None = None
    """Whether the handler is in a free-trade zone whose negative list covers its sector."""
    processed_in: JurisdictionCode | None = None
    stored_in: JurisdictionCode | None = None
    purpose: str = ""
    necessity: str = ""
    lawful_ground: str = ""
    operator_role: str = ""
    circuit_joins: str | None = None
    circuit_bought_for: str | None = None
    off_negative_list: bool = False
    """From a free-trade zone and not on its negative list."""
    mechanisms: tuple[str, ...] = ()
    """Transfer mechanisms that are in place."""
    onward: tuple[JurisdictionCode, ...] = ()
    """Where the receiver passes it on to."""
    transit: tuple[JurisdictionCode, ...] = ()
    """What it crosses between its ends."""

    @model_validator(mode="after")
    def _general_is_not_personal(self) -> Self:
        if self.sensitivity == "general" and self.holds_personal_data:
            raise ValueError("general data holds no personal data: call it personal, or unlabelled")
        return self


PLACES = frozenset({"origin", "destination", "processed_in", "stored_in", "onward", "transit"})
_CHOICES = {
    "operation": Operation,
    "sensitivity": Sensitivity,
    "actor": Actor,
    "service": Service,
    "hub": Hub,
    "sector": Sector,
}


def choices(attribute: str) -> tuple[str, ...]:
    """Every value that an attribute may be compared with; empty when it is free text."""
    if attribute in PLACES:
        return tuple(shipped_groups().members)
    return get_args(_CHOICES.get(attribute))


class Range(Value):
    at_least: int | None = None
    below: int | None = None

    def holds(self, number: int) -> bool:
        above = self.at_least is None or number >= self.at_least
        return above and (self.below is None or number < self.below)


class Other(Value):
    than: Names = Field(alias="not", min_length=1)


type Accepted = bool | Range | Other | Names


class Condition(Value):
    """A conjunction: attribute -> accepted values, ``{not: values}``, or a range."""

    tests: dict[str, Accepted] = Field(default_factory=dict)
    any_of: tuple[Condition, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _written_flat(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        tests = {key: item for key, item in value.items() if key != "any_of"}
        return {"tests": tests, "any_of": value.get("any_of", ())}

    @model_validator(mode="after")
    def _asks_what_a_flow_has(self) -> Self:
        for attribute, accepted in self.tests.items():
            if attribute not in DataFlow.model_fields:
                hint = nearest(attribute, DataFlow.model_fields)
                raise ValueError(f'a flow has no attribute "{attribute}" {hint}'.strip())
            known = choices(attribute)
            for name in _names(accepted):
                if known and name not in known:
                    raise ValueError(f'{attribute} is never "{name}" {nearest(name, known)}')
        return self

    def holds(self, flow: DataFlow, groups: Groups) -> Answer:
        tests = [self._test(name, accepted, flow, groups) for name, accepted in self.tests.items()]
        if self.any_of:
            tests.append(some(part.holds(flow, groups) for part in self.any_of))
        return every(tests)

    def attributes(self) -> frozenset[str]:
        """Everything the condition asks about."""
        return frozenset(self.tests).union(*(part.attributes() for part in self.any_of))

    def values(self, attribute: str) -> frozenset[str]:
        """The names that ``attribute`` is compared with."""
        own = _names(self.tests.get(attribute, ()))
        return frozenset(own).union(*(part.values(attribute) for part in self.any_of))

    def mechanisms(self) -> frozenset[str]:
        """Mechanisms that must be in place for the condition to hold."""
        return frozenset(_names(self.tests.get("mechanisms", ())))

    @staticmethod
    def _test(name: str, accepted: Accepted, flow: DataFlow, groups: Groups) -> Answer:
        value = getattr(flow, name)
        if value is None:
            return None
        if isinstance(accepted, Range):
            return accepted.holds(value)
        if isinstance(accepted, bool):
            return bool(value is accepted)
        names = _names(accepted)
        each = [
            inside(item, groups.codes(names)) if name in PLACES else item in names
            for item in (value if isinstance(value, tuple) else (value,))
        ]
        return (
            some(negation(answer) for answer in each) if isinstance(accepted, Other) else some(each)
        )


def _names(accepted: Accepted) -> tuple[str, ...]:
    if isinstance(accepted, Other):
        return accepted.than
    return accepted if isinstance(accepted, tuple) else ()
