"""Policies, data classes, bindings and demands: frozen values, read from YAML with units.

What a policy allows is in ``semantics``; docs/policies.md is the reference of the language.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    JsonValue,
    PlainSerializer,
    SerializeAsAny,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from corridor.controller.policy.clauses.clause import StatementKind, check_confidence
from corridor.controller.policy.clauses.elements import Destination, HubSelector, Where
from corridor.controller.policy.clauses.places import (
    Groups,
    Names,
    Service,
    Services,
    Value,
    listed,
    shipped_groups,
)
from corridor.controller.policy.clauses.registry import ShippedClauses
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.base.units import (
    format_duration,
    format_rate,
    no_truth,
    parse_duration_ns,
    parse_rate_bps,
    written_day,
)
from corridor.topologies.base.words import counted
from corridor.topologies.model.topology import (
    UNKNOWN_JURISDICTION,
    Confidence,
    JurisdictionCode,
    Slug,
    Text,
)


def _duration_ns(text: object) -> int:
    return parse_duration_ns(text, allow_zero=False)


DurationNs = Annotated[
    int, BeforeValidator(_duration_ns), PlainSerializer(format_duration, when_used="json")
]
RateBps = Annotated[
    int, BeforeValidator(parse_rate_bps), PlainSerializer(format_rate, when_used="json")
]
Day = Annotated[date, BeforeValidator(written_day)]
PolicyId = Annotated[str, Field(pattern=r"^[A-Za-z0-9]+(?:[-_.][A-Za-z0-9]+)*$", max_length=80)]


UNCLASSIFIED = "unclassified"
"""Undescribed data, so that its origin is not known. Every set has this class."""


def _origins(value: object) -> object:
    return [value] if isinstance(value, str) else value


class DataClass(Value):
    """A kind of data. Its origin belongs to the data, not to its sender."""

    id: Slug
    origin: Annotated[
        tuple[JurisdictionCode, ...],
        BeforeValidator(_origins, json_schema_input_type=str | list[str]),
    ] = Field(min_length=1)
    """Where the data was collected; several once data of several origins is mixed."""
    sensitivity: Slug
    """general, personal, sensitive-personal, important, core, or a public-sector level."""
    basis: Slug
    """Legal basis for leaving the origin: ``exempt`` (none needed), ``none`` (needed, not held),
    or a basis named in ``controller/data/law.yaml``."""
    service: Service | None = None
    """What carries it, where its demand does not say."""
    valid_until: Day | None = None
    """Last day of the legal basis."""
    note: Text = ""


_NOTHING_SAID = DataClass(
    id=UNCLASSIFIED, origin=(UNKNOWN_JURISDICTION,), sensitivity="general", basis="none"
)


class Binding(Value):
    """The packets of a hub's host that carry a class. The most specific binding wins."""

    hub: Slug
    data_class: Slug = Field(alias="class")
    dst: Slug | None = None
    protocol: Literal["udp", "tcp"] | None = None
    dst_port: int | None = Field(default=None, ge=1, le=65535)

    @model_validator(mode="after")
    def _ports_need_a_protocol(self) -> Self:
        if self.dst_port is not None and self.protocol is None:
            raise ValueError("dst_port needs a protocol: udp or tcp")
        return self

    @property
    def packets(self) -> tuple[str | int | None, ...]:
        """What is matched beyond the hub; ``None`` matches anything."""
        return (self.dst, self.protocol, self.dst_port)

    def is_ambiguous_with(self, other: Binding) -> bool:
        """Whether some packet matches both, and neither is more specific."""
        pairs = list(zip(self.packets, other.packets, strict=True))
        overlap = all(mine == theirs or None in (mine, theirs) for mine, theirs in pairs)
        given = [sum(item is not None for item in packets) for packets in zip(*pairs, strict=True)]
        return self.hub == other.hub and overlap and given[0] == given[1]


RETURN = ".return"
"""What the answers of a demand are called, after its own id."""


class DemandEntry(Value):
    """A demand as a file has it: to one hub, or to the nearest lawful one of several."""

    id: Slug
    data_class: Slug = Field(alias="class")
    src: Slug
    dst: Destination
    """A hub, or a selector of hubs: then it is served by the nearest lawful one of them."""
    returns: Slug | None = None
    """The class of the answers: a separate demand. ``same-class`` must be spelled out."""
    service: Service | None = None
    """What carries it and its answers."""
    src_host: Slug | None = None
    """The host that sends it, behind the source; None: its default host."""
    dst_host: Slug | None = None
    """The host that receives it, behind the destination; None: its default host."""
    family: Literal["ipv4", "ipv6"] = "ipv4"
    """The protocol of its packets and of its answers."""

    @model_serializer(mode="wrap")
    def _without_defaults(self, handler: SerializerFunctionWrapHandler) -> dict[str, JsonValue]:
        """Hosts only where they are not those of hubs, and a family only where it is not IPv4."""
        dumped: dict[str, JsonValue] = handler(self)
        for key, usual in (("src_host", None), ("dst_host", None), ("family", "ipv4")):
            if dumped.get(key) == usual:
                dumped.pop(key, None)
        return dumped

    def to(self, hub: str) -> Demand:
        """The demand with its data going to a hub."""
        return Demand.model_validate({**self.model_dump(by_alias=True), "dst": hub})


class Demand(DemandEntry):
    """Data of one class from one hub to another: what policies rule on."""

    dst: Slug

    @property
    def hosts(self) -> tuple[str, str]:
        """The names of the hosts that send and receive it; that of a default host is its hub's."""
        return (self.src_host or self.src, self.dst_host or self.dst)

    def returning(self) -> Demand | None:
        """The demand of the answers, if there is one."""
        if self.returns is None:
            return None
        data_class = self.data_class if self.returns == SAME_CLASS else self.returns
        ends = {"src": self.dst, "dst": self.src, "service": self.service}
        ends |= {"src_host": self.dst_host, "dst_host": self.src_host, "family": self.family}
        return Demand.model_validate({"id": self.id + RETURN, "class": data_class, **ends})

    def __str__(self) -> str:
        return f"{self.id} ({self.data_class}, {self.src} to {self.dst})"


SAME_CLASS = "same-class"


class Match(Value):
    """Which demands a policy speaks about; every key given must hold."""

    data_class: Names = Field(default=(), alias="class")
    """Ids of data classes."""
    origin: Names = ()
    """Jurisdictions or groups. A permit must cover every origin of mixed data; for a restrict
    or deny one suffices."""
    service: Services = ()
    """What carries it. A service that is not stated may be any."""
    family: Literal["ipv4", "ipv6"] | None = None
    """The protocol of its packets; None: either."""
    src: HubSelector = Where()
    dst: HubSelector = Where()

    @model_serializer(mode="wrap")
    def _without_family(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A family only where it is asked for: other files are as they were."""
        dumped: dict[str, Any] = handler(self)
        if dumped.get("family") is None:
            dumped.pop("family", None)
        return dumped

    @property
    def specificity(self) -> tuple[int, ...]:
        """class before origin before service before family before dst before src."""
        return (
            int(bool(self.data_class)),
            int(bool(self.origin)),
            int(bool(self.service)),
            int(bool(self.family)),
            self.dst.specificity,
            self.src.specificity,
        )


class Hard(ShippedClauses):
    """Never relaxed, whatever fails."""

    max_one_way: DurationNs | None = None
    """Budget on the pure one-way delay of the path, which no clause judges."""


MOST_BPS = 4_294_967_295_000
"""What a meter can say: 32 bits of kbit/s (``ofp_meter_band_header``)."""


class Bandwidth(Value):
    cir: RateBps
    """Committed rate: admitted under every failure that ``protect`` covers, or refused."""
    pir: RateBps | None = None
    """Peak rate that the edge lets in; the committed rate when not given. It is not promised."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.pir is not None and self.pir < self.cir:
            raise ValueError("the peak rate pir is below the committed rate cir")
        if (self.pir or self.cir) > MOST_BPS:
            most = format_rate(MOST_BPS)
            raise ValueError(f"a meter of OpenFlow holds demands to no more than {most}")
        return self


Protected = Literal["link", "srlg", "hub", "gateway"]


def _each_once[T](given: tuple[T, ...]) -> tuple[T, ...]:
    """What is given, where nothing is given twice."""
    twice = next((one for place, one in enumerate(given) if one in given[:place]), None)
    if twice is not None:
        raise ValueError(f"{twice} is given twice")
    return given


KindsOfFailure = Annotated[
    tuple[Protected, ...],
    Field(min_length=1),
    BeforeValidator(listed, json_schema_input_type=Protected | list[Protected]),
    AfterValidator(_each_once),
]
"""One kind or a list of kinds."""


class Protect(Value):
    k: int = Field(default=1, ge=0, le=3, strict=True)
    """How many simultaneous failures must leave the demand delivered."""
    over: KindsOfFailure = ("link", "srlg")
    immediate: bool = True
    """By the switches themselves, without waiting for the controller."""


class Soft(Value):
    """Wanted, graded, and given up along the ladder when it cannot be had."""

    one_way: DurationNs | None = None
    bandwidth: Bandwidth | None = None
    protect: Protect | None = None


RelaxationStep = Literal["drop_protect", "drop_pir", "exceed_latency"]
RateStep = Literal["drop_protect", "drop_pir"]
"""Steps that make room for the rates of others."""
_GIVES_UP: dict[str, str] = {
    "drop_protect": "protect",
    "drop_pir": "bandwidth",
    "exceed_latency": "one_way",
}


class Policy(Value):
    """One permit, restrict or deny. See docs/policies.md for the semantics."""

    id: PolicyId
    effect: Literal["permit", "restrict", "deny"]
    enabled: bool = True
    """What is not enacted ships switched off."""
    match: Match = Match()
    preference: int = Field(default=100, ge=0)
    """Among permits: the smallest is tried first."""
    hard: SerializeAsAny[Hard] = Hard()
    soft: Soft = Soft()
    on_soft_failure: Annotated[tuple[RelaxationStep, ...], AfterValidator(_each_once)] = ()
    """The ladder: what may be given up of ``soft``, in this order."""
    on_hard_failure: Literal["block"] = "block"
    valid_from: Day | None = None
    valid_until: Day | None = None
    """Last day."""
    legal_ref: Names = ()
    """Ids of rules in ``controller/data/law.yaml``, or free text."""
    kind: StatementKind | None = None
    """``text``: the cited text says so. ``interpretation``: what we take it to mean.
    ``assumption``: one of our models. Where not given, the weakest kind of the cited rules."""
    confidence: Confidence = "confident"
    owner: Text = ""
    version: int = Field(default=1, ge=1)
    note: Text = ""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.effect == "deny" and self.hard != Hard():
            raise ValueError(f"{self.id} denies, so hard clauses mean nothing: drop them")
        if self.effect == "restrict" and self.hard == type(self.hard)():
            raise ValueError(f"{self.id} restricts nothing: give it a hard clause")
        if self.effect != "permit" and (self.soft != Soft() or self.on_soft_failure):
            raise ValueError(f"{self.id} is not a permit: only permits have soft clauses")
        for step in self.on_soft_failure:
            if getattr(self.soft, _GIVES_UP[step]) is None:
                raise ValueError(f"{step} gives up soft.{_GIVES_UP[step]}, which is not asked for")
        if self.kind == "text" and not self.legal_ref:
            raise ValueError(f"{self.id} is the text of a law: name it in legal_ref")
        check_confidence(self.id, self.kind, self.confidence)
        wanted, budget = self.soft.one_way, self.hard.max_one_way
        if wanted is not None and budget is not None and wanted > budget:
            raise ValueError("soft.one_way is above hard.max_one_way")
        if self.valid_from and self.valid_until and self.valid_from > self.valid_until:
            raise ValueError("valid_until is before valid_from")
        return self

    def applies_on(self, day: date) -> bool:
        """Switched on, begun and not expired."""
        return self.enabled and is_valid_on(day, self.valid_from, self.valid_until)

    def __str__(self) -> str:
        reference = f" [{', '.join(self.legal_ref)}]" if self.legal_ref else ""
        return f"{self.effect} {self.id}{reference}"


def is_valid_on(day: date, first: date | None, last: date | None) -> bool:
    """Both days belong to the time of validity."""
    return (first is None or first <= day) and (last is None or day <= last)


class Interpretation(Value):
    """A question that the law leaves open, with the answers that a policy set can be read by."""

    id: Slug
    question: Text
    default: Slug
    """The value that is chosen where no one chooses."""
    values: dict[Slug, Names] = Field(min_length=2)
    """By value: the policies that are switched on under this value and off under all others."""

    @model_validator(mode="after")
    def _has_its_default(self) -> Self:
        if self.default not in self.values:
            known = ", ".join(self.values)
            raise ValueError(f'{self.id} has no value "{self.default}"; its values are {known}')
        return self

    @property
    def policies(self) -> frozenset[str]:
        """All policies that some value switches on."""
        return frozenset(name for names in self.values.values() for name in names)


Outside = Literal["deny", "not-judged"]
"""The outcome of data outside a set, which is not among its classes and has no matching permit:
nothing permits it; or it uses any path that restricts and denies leave, and is not covered."""


class PolicyFile(Value):
    """A policy file as it is written."""

    schema_version: Annotated[Literal[1], BeforeValidator(no_truth)] = Field(
        default=1, alias="schema"
    )
    name: Slug
    title: Text = ""
    include: Names = ()
    """Policy sets to take over whole: shipped names, or files next to this one."""
    outside: Outside | None = None
    """The outcome of data outside the set; see ``read_as`` of ``load.py`` where not given."""
    switch_on: Names = ()
    """Ids of included policies that ship switched off."""
    switch_off: Names = ()
    """Ids of included policies to do without. Doing without a restrict or deny opens paths."""
    interpretations: tuple[Interpretation, ...] = ()
    """Questions that the law leaves open, answered by policies of this file or of included sets."""
    interpret: dict[Slug, Slug] = Field(default_factory=dict)
    """Which value of an interpretation this file chooses, by the interpretation's id."""
    groups: dict[Slug, Names] = Field(default_factory=dict)
    """Groups of jurisdictions of your own."""
    classes: tuple[DataClass, ...] = ()
    bindings: tuple[Binding, ...] = ()
    demands: tuple[DemandEntry, ...] = ()
    policies: tuple[Policy, ...] = ()
    described: tuple[DataClass, ...] = ()
    """As a live network tells it: see ``PolicySet``."""


class PolicySet(Value):
    """Policies that hold together. Their order means nothing."""

    name: Slug
    title: Text = ""
    groups: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    classes: tuple[DataClass, ...] = ()
    bindings: tuple[Binding, ...] = ()
    demands: tuple[DemandEntry, ...] = ()
    policies: tuple[Policy, ...] = ()
    outside: Outside = "deny"
    described: tuple[DataClass, ...] = ()
    """Classes that others describe and that are outside: their origin is known, and no more."""
    interpretations: tuple[Interpretation, ...] = ()

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        for kind in ("classes", "demands", "policies", "interpretations"):
            counts = Counter(entry.id for entry in getattr(self, kind))
            twice = [name for name, count in counts.items() if count > 1]
            if twice:
                raise ValueError(f'id "{twice[0]}" is used {counts[twice[0]]} times in {kind}')
        return self

    @cached_property
    def known_groups(self) -> Groups:
        return shipped_groups().having(self.groups)

    def data_class(self, name: str) -> DataClass:
        """Raises KeyError with a near match."""
        known = {UNCLASSIFIED: _NOTHING_SAID}
        known |= {entry.id: entry for entry in (*self.described, *self.classes)}
        if name not in known:
            raise KeyError(f'no data class "{name}" {nearest(name, known)}'.strip())
        return known[name]

    @property
    def looks_at_data(self) -> bool:
        """Whether some policy asks of which class or origin data is."""
        return any(policy.match.data_class or policy.match.origin for policy in self.policies)

    @property
    def class_ids(self) -> frozenset[str]:
        """The classes that data may be of."""
        known = (*self.classes, *self.described)
        return frozenset({UNCLASSIFIED, *(entry.id for entry in known)})

    def seen(self, demand: Demand) -> Demand:
        """A demand as the set sees it: where it asks for no class, one it does not know is
        nothing."""
        if self.looks_at_data or demand.data_class in self.class_ids:
            return demand
        return demand.model_copy(update={"data_class": UNCLASSIFIED})

    def is_outside(self, data_class: str) -> bool:
        """Whether data of a class is none of the set's business unless a permit speaks of it."""
        own = (entry.id for entry in self.classes)
        return self.outside == "not-judged" and data_class not in own

    def beside(self, others: Iterable[DataClass]) -> Self:
        """The set where others describe classes too. Its own are as it says; a set that denies
        what is outside knows no others."""
        if self.outside == "deny":
            return self
        known = {entry.id for entry in self.classes}
        described = {entry.id: entry for entry in (*others, *self.described)}
        kept = tuple(entry for name, entry in described.items() if name not in known)
        return self.model_copy(update={"described": kept})

    def interpreted(self, chosen: Mapping[str, str]) -> Self:
        """Return the set under chosen values of its interpretations, by their ids.

        Ids that the set does not have change nothing. Raises KeyError for an unknown value.
        """
        enabled: dict[str, bool] = {}
        for one in self.interpretations:
            if one.id in chosen:
                if chosen[one.id] not in one.values:
                    hint = nearest(chosen[one.id], one.values) or f"known: {', '.join(one.values)}"
                    raise KeyError(f'{one.id} has no value "{chosen[one.id]}"; {hint}')
                switched_on = one.values[chosen[one.id]]
                enabled |= {name: name in switched_on for name in one.policies}
        policies = tuple(
            policy.model_copy(update={"enabled": enabled.get(policy.id, policy.enabled)})
            for policy in self.policies
        )
        return self.model_copy(update={"policies": policies})

    def value_of(self, interpretation: Interpretation) -> str | None:
        """Return the value that the set is read by; None if switches fit no value."""
        on = {policy.id for policy in self.policies if policy.enabled} & interpretation.policies
        fits = (value for value, names in interpretation.values.items() if set(names) == on)
        return next(fits, None)

    def __str__(self) -> str:
        policies, classes = len(self.policies), len(self.classes)
        return f"{self.name}: {counted(policies, 'policy')}, {counted(classes, 'class')}"
