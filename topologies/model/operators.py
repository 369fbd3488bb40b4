"""Operators, domains and hand-overs as files state them. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Literal, Protocol, Self

from pydantic import AfterValidator, Field, model_validator

from corridor.topologies.model.fields import (
    Confidence,
    Frozen,
    JurisdictionCode,
    NonEmpty,
    Slug,
    Text,
)

LOW_CONFIDENCE: Confidence = "unsure"
UNSTATED = "unstated"
"""The operator of whatever no source names a carrier for."""
Basis = Literal["published", "derived", "assumed", "stated", "unknown"]
"""``derived``: follows from other facts, such as the only member of a country in a consortium;
``stated``: a topology file of a user states it."""
HandOverState = Literal[
    "known", "partner-assumed", "partner-unknown", "announced", "past", "unknown"
]


def _domain(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+(?:[-.][a-z0-9]+)*@[A-Z]{2}(?:-[A-Z0-9]{1,3})?", text):
        raise ValueError(f'"{text[:40]}" is not a domain: write OPERATOR@XX, such as ptcl@PK')
    return text


DomainId = Annotated[str, AfterValidator(_domain)]


def operator_of(domain: str) -> str:
    """Return the operator of a domain: ``ptcl`` of ``ptcl@PK``."""
    return domain.partition("@")[0]


def jurisdiction_of(domain: str) -> str:
    """Return the jurisdiction of a domain: ``PK`` of ``ptcl@PK``."""
    return domain.partition("@")[2]


def unstated_in(jurisdiction: str) -> str:
    """Return the domain that is assumed where no source names a carrier."""
    return f"{UNSTATED}@{jurisdiction}"


class CitedPage(Frozen):
    """A page or document that states facts about operators."""

    title: NonEmpty
    url: Text = ""
    date: NonEmpty


class Stated(Frozen):
    """What a fact rests on."""

    sources: tuple[Text, ...] = ()
    """Ids of ``sources`` in the shipped file; free text in other files."""
    date: Text = ""
    confidence: Confidence = "confident"
    note: Text = ""


class Operator(Stated):
    """A company, or a network of several, that runs switches."""

    id: Slug
    name: NonEmpty
    country: JurisdictionCode
    kind: Text = "carrier"
    licence: Text = ""
    old_names: tuple[Text, ...] = ()


class FibreDomains(Stated):
    """The domain at each end of a fibre, and who owns it."""

    id: Slug
    ends: Mapping[str, DomainId] = Field(min_length=1, max_length=2)
    """By hub: who runs the equipment there."""
    basis: Basis = "stated"
    owners: tuple[Text, ...] = ()
    """Of a submarine system: those of the whole system."""
    present: tuple[Slug, ...] = ()
    """Operators that a source names on this pair of cities; the fibre may be of another."""
    demarcation: Text = ""
    disputed: Text = ""
    """What another source states instead."""


class HandOver(Stated):
    """A place where two operators hand traffic over."""

    id: Slug
    hub: str | None = None
    """None: at no hub of the map."""
    parties: tuple[DomainId, ...] = Field(min_length=2, max_length=2)
    kind: Text = ""
    state: HandOverState = "known"
    since: Text = ""
    capacity: Text = ""


class _Named(Protocol):
    @property
    def id(self) -> str: ...


def _joined[One: _Named](base: tuple[One, ...], own: tuple[One, ...]) -> tuple[One, ...]:
    names = {one.id for one in own}
    return (*(one for one in base if one.id not in names), *own)


class WrittenDomains(Frozen):
    """The key ``domains:`` of a topology file."""

    operators: tuple[Operator, ...] = ()
    hubs: Mapping[str, DomainId] = Field(default_factory=dict)
    """The domain that customers of a hub attach to. It also runs the hub's end of all fibres that
    are not under ``fibres``."""
    fibres: tuple[FibreDomains, ...] = ()
    handovers: tuple[HandOver, ...] = ()

    @model_validator(mode="after")
    def _once(self) -> Self:
        for listed in (self.operators, self.fibres, self.handovers):
            for name, times in Counter(one.id for one in listed).items():
                if times > 1:
                    raise ValueError(f'"{name}" is listed {times} times')
        return self

    def over(self, base: WrittenDomains | None) -> WrittenDomains:
        """Return these domains with those of an extended topology that they do not change."""
        if base is None:
            return self
        fibres = tuple(one for one in base.fibres if self.hubs.keys().isdisjoint(one.ends))
        return WrittenDomains(
            operators=_joined(base.operators, self.operators),
            hubs={**base.hubs, **self.hubs},
            fibres=_joined(fibres, self.fibres),
            handovers=_joined(base.handovers, self.handovers),
        )
