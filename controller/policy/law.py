"""Rules of law as data: who asks what of which data flow, since when, and who says so.

Summaries of statutes and guidance, mostly from secondary sources: **not legal advice**. A rule
has cases; a case holds when its condition does, and allows, requires, forbids, or says how a
flow counts. Exemptions name the rules they lift, so that the order of rules means nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BeforeValidator, Field, model_validator

from corridor.controller.policy.terms.answers import Answer, every, negation, some
from corridor.controller.policy.terms.places import Groups, Names, Value, inside, shipped_groups
from corridor.topologies.base.documents import Document, KeyPath, nearest, read_document, validate
from corridor.topologies.model.topology import Confidence, JurisdictionCode, Slug, Text

DATA = Path(__file__).parents[1] / "data"

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
]
Actor = Literal["private", "ciio", "public-sector", "critical-infrastructure"]


class DataFlow(Value):
    """What a rule may ask about a flow of data. ``None``: not told."""

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
    large_scale: bool | None = None
    """Continuous or large-scale."""
    mixed: bool | None = None
    """Domestic data was added while foreign data was processed."""
    gateway_on_route: bool | None = None
    """The route passes a full international gateway."""
    processed_in: JurisdictionCode | None = None
    stored_in: JurisdictionCode | None = None
    purpose: str = ""
    necessity: str = ""
    lawful_ground: str = ""
    operator_role: str = ""
    circuit_joins: str = ""
    circuit_bought_for: str = ""
    off_negative_list: bool = False
    """From a free-trade zone and not on its negative list."""
    mechanisms: tuple[str, ...] = ()
    """Transfer mechanisms that are in place."""
    onward: tuple[JurisdictionCode, ...] = ()
    """Where the receiver passes it on to."""
    transit: tuple[JurisdictionCode, ...] = ()
    """What it crosses on the way."""


_PLACES = frozenset({"origin", "destination", "processed_in", "stored_in", "onward", "transit"})
_CHOICES = {"operation": Operation, "sensitivity": Sensitivity, "actor": Actor}


def _choices(attribute: str) -> tuple[str, ...]:
    """Every value that an attribute may be compared with; empty when it is free text."""
    if attribute in _PLACES:
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
            choices = _choices(attribute)
            for name in _names(accepted):
                if choices and name not in choices:
                    raise ValueError(f'{attribute} is never "{name}" {nearest(name, choices)}')
        return self

    def holds(self, flow: DataFlow, groups: Groups) -> Answer:
        tests = [self._test(name, accepted, flow, groups) for name, accepted in self.tests.items()]
        if self.any_of:
            tests.append(some(part.holds(flow, groups) for part in self.any_of))
        return every(tests)

    def attributes(self) -> frozenset[str]:
        """Everything the condition asks about."""
        return frozenset(self.tests).union(*(part.attributes() for part in self.any_of))

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
            inside(item, groups.codes(names)) if name in _PLACES else item in names
            for item in (value if isinstance(value, tuple) else (value,))
        ]
        return (
            some(negation(answer) for answer in each) if isinstance(accepted, Other) else some(each)
        )


def _names(accepted: Accepted) -> tuple[str, ...]:
    if isinstance(accepted, Other):
        return accepted.than
    return accepted if isinstance(accepted, tuple) else ()


type Requirement = frozenset[str]
"""Mechanisms of which one is needed."""


def _alternatives(value: Any) -> Any:
    return [part.strip() for part in value.split("|")] if isinstance(value, str) else value


class Case(Value):
    """One thing a rule says."""

    when: Condition
    then: Literal["allow", "require", "forbid", "treat-as"]
    requires: tuple[Annotated[Requirement, BeforeValidator(_alternatives)], ...] = ()
    """All of these; ``a | b`` is met by either."""
    lifts: Names = ()
    """Ids of rules that do not bind where this case holds."""
    treat_as: dict[str, str] = Field(default_factory=dict)
    """Attributes that the flow counts as having."""
    keep_in: JurisdictionCode | None = None
    """Where the primary copy must stay."""
    confidence: Confidence | None = None
    """Where it differs from the rule's."""

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if (self.then == "require") != bool(self.requires):
            raise ValueError('"requires" belongs to "then: require", and only there')
        if (self.then == "treat-as") != bool(self.treat_as):
            raise ValueError('"treat_as" belongs to "then: treat-as", and only there')
        return self


Status = Literal["in-force", "policy", "guidance", "not-in-force", "draft", "not-researched"]
BINDING = ("in-force", "policy", "guidance")


class Rule(Value):
    """One provision. A rule without cases is context: it decides nothing."""

    id: str = Field(pattern=r"^[A-Z]{2}(?:-[A-Za-z0-9]+)+$")
    jurisdiction: Names = Field(min_length=1)
    instrument: str
    article: str = ""
    status: Status
    in_force: bool
    effective: str | None = Field(default=None, pattern=r"^\d{4}(?:-\d{2}){0,2}$")
    """Day, month or year, as precisely as the source says."""
    confidence: Confidence
    sources: tuple[str, ...] = Field(min_length=1)
    cases: tuple[Case, ...] = ()
    transit: Text = ""
    """What it means for a path."""
    storage: Text = ""
    note: Text = ""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.in_force != (self.status in BINDING):
            raise ValueError(f"{self.id} is {self.status}, so in_force must be {not self.in_force}")
        return self

    def applies_on(self, day: date) -> bool:
        """In force by ``day``; where only a year or month is known, from its first day."""
        return self.in_force and (self.effective is None or self.effective <= str(day))

    @property
    def citation(self) -> str:
        return f"{self.instrument}, {self.article}" if self.article else self.instrument


class Mechanism(Value):
    """A way to make a transfer lawful, and the basis it gives to a class of data."""

    id: str
    basis: Slug
    title: str


class Law(Value):
    """All rules, and the mechanisms they ask for."""

    as_of: date
    mechanisms: tuple[Mechanism, ...]
    rules: tuple[Rule, ...]

    @cached_property
    def by_id(self) -> dict[str, Rule]:
        return {rule.id: rule for rule in self.rules}

    @cached_property
    def bases(self) -> dict[str, str]:
        """Mechanism -> legal basis of a data class."""
        return {mechanism.id: mechanism.basis for mechanism in self.mechanisms}

    def switched(self, *, on: Iterable[str] = (), off: Iterable[str] = ()) -> Law:
        """The law as if these rules were, or were not, in force. Raises KeyError."""
        flags = dict.fromkeys(on, True) | dict.fromkeys(off, False)
        for name in flags:
            if name not in self.by_id:
                raise KeyError(f'no rule "{name}" {nearest(name, self.by_id)}'.strip())
        rules = tuple(
            rule.model_copy(update={"in_force": flags.get(rule.id, rule.in_force)})
            for rule in self.rules
        )
        return self.model_copy(update={"rules": rules})


@cache
def load_law(path: Path = DATA / "law.yaml") -> Law:
    """The shipped rules, or a file like them. Raises InputError with file and line."""
    document = read_document(path)
    law = validate(document, Law)
    known = [rule.id for rule in law.rules]
    for number, rule in enumerate(law.rules):
        at: KeyPath = ("rules", number)
        for name in rule.jurisdiction:
            if name not in shipped_groups().members:
                hint = nearest(name, shipped_groups().members)
                raise document.error(f'no jurisdiction "{name}"', *at, "jurisdiction", hint=hint)
        if known.index(rule.id) != number:
            raise document.error(f'rule id "{rule.id}" is used twice', *at, "id")
        for position, case in enumerate(rule.cases):
            _check_case(document, (*at, "cases", position), case, law)
    return law


def _check_case(document: Document, at: KeyPath, case: Case, law: Law) -> None:
    for name in case.lifts:
        if name not in law.by_id:
            hint = nearest(name, law.by_id)
            raise document.error(f'lifts unknown rule "{name}"', *at, "lifts", hint=hint)
    for name in sorted(frozenset().union(*case.requires)):
        if name not in law.bases:
            hint = nearest(name, law.bases) or "list it under mechanisms"
            raise document.error(f'unknown mechanism "{name}"', *at, "requires", hint=hint)
    for name in case.treat_as:
        if name not in DataFlow.model_fields:
            hint = nearest(name, DataFlow.model_fields)
            raise document.error(f'a flow has no attribute "{name}"', *at, "treat_as", hint=hint)


def is_rule_id(text: str) -> bool:
    """Whether a legal reference is meant as a rule's id rather than as free text."""
    return re.fullmatch(r"[A-Z]{2}(?:-[A-Za-z0-9]+)+", text) is not None
