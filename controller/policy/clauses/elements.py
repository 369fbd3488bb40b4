"""Selectors of hubs and fibres: every key given must hold, and the answer may be "not known".

A key is a ``Key`` next to the type of a field. Selectors, and the clauses that take keys by
themselves, are made of the same few classes of fields, so a new key is one field here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from corridor.controller.policy.clauses.places import (
    Answer,
    Groups,
    Names,
    Value,
    every,
    inside,
    listed,
    negation,
    run_by,
    some,
)
from corridor.topologies.model.delay import Medium
from corridor.topologies.model.topology import (
    UNKNOWN_JURISDICTION,
    Confidence,
    Fibre,
    Hub,
    Role,
    Slug,
    Status,
    Topology,
)

type Element = Hub | Fibre
type Named = Literal["place", "hub", "operator", "fibre", "cable", "srlg", "path", "carrier"]
"""What names stand for; a place is a jurisdiction or a group, a path an expression with names, a
carrier an operator that runs ends of fibres, or a place."""
CABLE = "cable:"
"""Shared-risk groups that begin so are of the cable system that follows."""
MOST_SELECTORS = 32


@dataclass(frozen=True)
class Key:
    """What one key of a selector asks of an element."""

    of: frozenset[type]
    """The kinds of elements that it speaks of; it selects none of another kind."""
    holds: Callable[[Any, Any, Groups], Answer]
    """Of an element of these kinds, and of what is written under the key."""
    words: str
    """Of an element that it selects: ``fibre of cable smw4``; before the noun if it ends in -."""
    named: Named | None = None


_HUB, _FIBRE, _BOTH = frozenset({Hub}), frozenset({Fibre}), frozenset({Hub, Fibre})


def _is_named(element: Element, names: tuple[str, ...], _: Groups) -> Answer:
    return element.id in names


def _is_in(hub: Hub, names: tuple[str, ...], groups: Groups) -> Answer:
    return inside(hub.located_in, groups.codes(names))


def _is_outside(hub: Hub, names: tuple[str, ...], groups: Groups) -> Answer:
    return negation(_is_in(hub, names, groups))


def _crosses(fibre: Fibre, names: tuple[str, ...], groups: Groups) -> Answer:
    codes = groups.codes(names)
    if not codes.isdisjoint(fibre.crosses):
        return True
    may = fibre.may_cross_codes
    unknown = UNKNOWN_JURISDICTION in fibre.crosses or UNKNOWN_JURISDICTION in may
    return None if unknown or codes & may else False


def cables_of(fibre: Fibre) -> frozenset[str]:
    """The cable systems that a fibre is of: its own, and those it shares its risk with."""
    groups = {srlg.removeprefix(CABLE) for srlg in fibre.srlgs if srlg.startswith(CABLE)}
    return frozenset({fibre.system, *groups} - {""})


def _is_of_cable(fibre: Fibre, names: tuple[str, ...], _: Groups) -> Answer:
    return not cables_of(fibre).isdisjoint(names)


def _is_run_by(element: Element, names: tuple[str, ...], groups: Groups) -> Answer:
    return run_by(element.operated_by, names, groups)


Roles = Annotated[
    tuple[Role, ...], BeforeValidator(listed, json_schema_input_type=Role | list[Role])
]
Media = Annotated[
    tuple[Medium, ...], BeforeValidator(listed, json_schema_input_type=Medium | list[Medium])
]
Statuses = Annotated[
    tuple[Status, ...], BeforeValidator(listed, json_schema_input_type=Status | list[Status])
]
Confidences = Annotated[
    tuple[Confidence, ...],
    BeforeValidator(listed, json_schema_input_type=Confidence | list[Confidence]),
]
LocatedIn = Annotated[Names, Key(_HUB, _is_in, "in {}", "place")]
Outside = Annotated[Names, Key(_HUB, _is_outside, "outside {}", "place")]
Gateway = Annotated[
    bool | None,
    Key(_HUB, lambda hub, asked, _: hub.intl_gateway == asked, "gateway {}"),
]
Start = Literal["any", "no", "only"]
"""How a selector begins in words."""
Crosses = Annotated[Names, Key(_FIBRE, _crosses, "that touches {}", "place")]


class Asked(NamedTuple):
    """A key that is given."""

    name: str
    key: Key
    value: Any
    """What is written under it."""

    @property
    def predicate(self) -> str:
        """What an element is that it selects."""
        if isinstance(self.value, bool):
            return f"with{'' if self.value else 'out'} an international gateway"
        *first, last = self.value
        names = (
            f"{', '.join(first)} or {last}" if first and self.is_by_id else ", ".join(self.value)
        )
        return self.key.words.removesuffix(" -").format(names)

    @property
    def is_by_id(self) -> bool:
        return self.key.holds is _is_named


class Keyed(Value):
    """A value some of whose fields are keys."""

    @classmethod
    @cache
    def keys(cls) -> dict[str, Key]:
        """Its keys by the names of their fields, in the order of the fields."""
        return {
            name: key
            for name, field in cls.model_fields.items()
            for key in field.metadata
            if isinstance(key, Key)
        }

    @classmethod
    def named(cls) -> dict[str, Named]:
        """What is named under its keys."""
        return {name: key.named for name, key in cls.keys().items() if key.named is not None}

    @cached_property
    def given(self) -> tuple[Asked, ...]:
        """The keys that are given."""
        asked = (Asked(name, key, getattr(self, name)) for name, key in self.keys().items())
        return tuple(one for one in asked if one.value not in ((), None))

    @cached_property
    def of_hubs(self) -> tuple[Asked, ...]:
        """Those that speak of hubs."""
        return tuple(one for one in self.given if Hub in one.key.of)

    @cached_property
    def of_fibres(self) -> tuple[Asked, ...]:
        return tuple(one for one in self.given if Fibre in one.key.of)

    def asked_of(self, element: Element) -> tuple[Asked, ...]:
        return self.of_hubs if isinstance(element, Hub) else self.of_fibres


class ByPlace(Keyed):
    """Keys that speak of jurisdictions."""

    located_in: LocatedIn = ()
    """It is in one of these jurisdictions or groups; unknown if it is in ``XX``."""
    crosses: Crosses = ()
    """It certainly crosses one of these; unknown if it may cross one or ``XX``, or crosses ``XX``.
    """


class ByHub(Keyed):
    """Keys that speak of hubs."""

    hubs: Annotated[Names, Key(_HUB, _is_named, "hub {}", "hub")] = ()
    """Its id is one of these."""
    role: Annotated[Roles, Key(_HUB, lambda hub, names, _: hub.role in names, "of role {}")] = ()
    """Its role is one of these: ``coastal``, ``western``, ``core``, ``gateway``, ``foreign``,
    ``transit``."""


class ByFibre(Keyed):
    """Keys that speak of fibres."""

    fibres: Annotated[Names, Key(_FIBRE, _is_named, "fibre {}", "fibre")] = ()
    """Its id is one of these."""
    cables: Annotated[Names, Key(_FIBRE, _is_of_cable, "of cable {}", "cable")] = ()
    """Its ``system`` is one of these, or it is in the group ``cable:ID`` of one."""
    srlgs: Annotated[
        Names,
        Key(
            _FIBRE,
            lambda fibre, names, _: not set(names).isdisjoint(fibre.srlgs),
            "of shared risk {}",
            "srlg",
        ),
    ] = ()
    """It is in one of these shared-risk groups, such as ``corridor:red-sea``."""
    medium: Annotated[
        Media, Key(_FIBRE, lambda fibre, names, _: fibre.medium in names, "{} -")
    ] = ()
    """``submarine``, ``terrestrial`` or ``aerial``."""
    status: Annotated[
        Statuses, Key(_FIBRE, lambda fibre, names, _: fibre.status in names, "{} -")
    ] = ()
    """``in-service``, ``planned`` or ``uncertain``."""


class ByBoth(Keyed):
    """The keys that speak of both."""

    operated_by: Annotated[Names, Key(_BOTH, _is_run_by, "run by {}", "operator")] = ()
    """One of its operators is one of these, or of one of these jurisdictions."""
    confidence: Annotated[
        Confidences,
        Key(_BOTH, lambda element, names, _: element.confidence in names, "of confidence {}"),
    ] = ()
    """Its entry in the topology is ``confident`` or ``unsure``."""


_NOUNS = {
    "any": ("hub", "fibre", "anything"),
    "no": ("hub", "fibre", "nothing"),
    "only": ("hubs", "fibres", "what is"),
}


def in_words(given: Iterable[Asked], start: Start = "any") -> str:
    """``any submarine fibre of cable smw4``, or what else such words start with."""
    hub, fibre, either = _NOUNS[start]
    kinds, before, noun, behind = _BOTH, "", "", []
    for one in given:
        kinds &= one.key.of
        if one.key.words.endswith("-"):
            before += f"{one.predicate} "
        elif one.is_by_id:
            noun = one.predicate
        else:
            behind.append(one.predicate)
    if noun:
        said = noun if start == "any" else f"{start} {noun}"
    elif kinds == _BOTH:
        said = either
    else:
        said = f"{start} {before}{hub if Hub in kinds else fibre}"
    return " ".join((said, *behind))


class Selects(Keyed):
    """What selectors of hubs and of elements have in common."""

    @property
    def exceptions(self) -> tuple[Selects, ...]:
        """What is not meant although its keys hold."""
        raise NotImplementedError

    def selects(self, element: Element, groups: Groups) -> Answer:
        """Whether every key holds of an element, and no exception does."""
        asked = self.asked_of(element)
        if len(asked) < len(self.given):
            return False
        answers: list[Answer] = [one.key.holds(element, one.value, groups) for one in asked]
        if self.exceptions:
            answers.append(negation(selected(self.exceptions, element, groups)))
        return every(answers)

    def in_words(self, start: Start = "any") -> str:
        return f"{in_words(self.given, start)}{but(self.exceptions)}"

    def __str__(self) -> str:
        return self.in_words()


def selected(selectors: Iterable[Selects], element: Element, groups: Groups) -> Answer:
    """Whether one of them selects an element."""
    return some([one.selects(element, groups) for one in selectors])


def but(excepted: Iterable[Selects]) -> str:
    """Exceptions in words."""
    return "".join(f", but not {one}" for one in excepted)


_SHORT: Mapping[str, Mapping[str, bool]] = {"any": {}, "gateways": {"gateway": True}}


def _written_out(value: Any) -> Any:
    return _SHORT.get(value, value) if isinstance(value, str) else value


def each_written_out(value: Any) -> Any:
    """One selector or a list of them, as a list, with short forms written out."""
    several = value if isinstance(value, list | tuple) else [value]
    return [_written_out(one) for one in several]


class Where(ByHub, ByBoth, Selects):
    """Selects hubs; every key given must hold. Without keys: any hub."""

    located_in: LocatedIn = ()
    """It is in one of these jurisdictions or groups; unknown if it is in ``XX``."""
    outside: Outside = ()
    """It is in none of these; unknown if it is in ``XX``."""
    gateway: Gateway = None
    """``true``: it has an international gateway; ``false``: it has none."""
    excepted: Annotated[
        tuple[Where, ...],
        Field(max_length=MOST_SELECTORS),
        BeforeValidator(each_written_out, json_schema_input_type=Where | list[Where]),
    ] = Field(default=(), alias="except")
    """No selector of this list selects it; one selector may replace a list of one."""

    @property
    def exceptions(self) -> tuple[Where, ...]:
        return self.excepted

    @property
    def specificity(self) -> int:
        """Selecting by id is more specific than by anything else."""
        return 2 if self.hubs else int(bool(self.given or self.excepted))

    def in_words(self, start: Start = "any") -> str:
        if self == Where(gateway=True):
            return "an international gateway"
        return super().in_words(start) if self.given else f"any hub{but(self.excepted)}"


HubSelector = Annotated[
    Where,
    BeforeValidator(_written_out, json_schema_input_type=Literal["any", "gateways"] | Where),
]
"""``any``, ``gateways``, or the keys of ``Where``."""


class Selector(ByFibre, ByHub, ByBoth, ByPlace, Selects):
    """Selects hubs and fibres; every key given must hold."""

    gateway: Gateway = None
    """``true``: it has an international gateway; ``false``: it has none."""
    outside: Outside = ()
    """It is in none of these; unknown if it is in ``XX``."""
    excepted: Selectors = Field(default=(), alias="except")
    """No selector of this list selects it; one selector may replace a list of one."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.given or self.excepted):
            raise ValueError(f"a selector names nothing: give {', '.join(self.keys())} or except")
        hubs = [one.name for one in self.given if one.key.of == _HUB]
        fibres = [one.name for one in self.given if one.key.of == _FIBRE]
        if hubs and fibres:
            raise ValueError(
                f"a selector with {hubs[0]}, which speaks of hubs, and {fibres[0]}, which speaks "
                "of fibres, selects nothing: make it two"
            )
        return self

    @property
    def exceptions(self) -> tuple[Selector, ...]:
        return self.excepted


type WrittenSelector = Literal["gateways"] | Selector
Selectors = Annotated[
    tuple[Selector, ...],
    Field(max_length=MOST_SELECTORS),
    BeforeValidator(
        each_written_out,
        json_schema_input_type=WrittenSelector
        | Annotated[list[WrittenSelector], Field(max_length=MOST_SELECTORS)],
    ),
]
"""One selector of elements or a list of them; ``gateways`` stands for ``{gateway: true}``."""


# Where demands may go: one hub, or any of several.


def _several(value: Any) -> Any:
    if value == []:
        raise ValueError("dst names no hub: name one, or a selector of hubs")
    return {"hubs": value} if isinstance(value, list) else value


def _kind(value: Any) -> str:
    return "selector" if isinstance(value, dict | Where) else "hub"


Destination = Annotated[
    Annotated[
        Annotated[Slug, Tag("hub")] | Annotated[Where, Tag("selector")], Discriminator(_kind)
    ],
    BeforeValidator(_several, json_schema_input_type=Slug | list[Slug] | Where),
]
"""A hub; or any of those that a selector, or a list of their ids, selects."""


# Names that policies may call fibres by: of a topology, or of the shipped map.

SHIPPED_MAP = "pan-asia"
FIBRE, CABLE_SYSTEM, SRLG = "fibre", "cable system", "shared-risk group"


@dataclass(frozen=True)
class FibreNames:
    """Looked up only where a policy names a fibre: to read the shipped map takes a while."""

    topology: Topology | None
    """None: the shipped map."""

    @cached_property
    def by_kind(self) -> dict[str, frozenset[str]]:
        """What kind of name, in words, to all names of it."""
        of_cables = frozenset[str]().union(*map(cables_of, self._map))
        return {
            FIBRE: frozenset(fibre.id for fibre in self._map),
            CABLE_SYSTEM: of_cables,
            SRLG: frozenset(srlg for fibre in self._map for srlg in fibre.srlgs),
        }

    @property
    def all(self) -> frozenset[str]:
        return frozenset[str]().union(*self.by_kind.values())

    @cached_property
    def _map(self) -> Iterable[Fibre]:
        if self.topology is not None:
            return self.topology.fibres
        from corridor.topologies.formats.load import load_topology

        return load_topology(SHIPPED_MAP).fibres
