"""Rules of law as data: who asks what of which data flow, since when, and who says so.

Summaries of statutes and guidance, made for experiments: **not legal advice**. A rule has cases;
a case holds when its condition does, and allows, requires, forbids, or says how a flow counts.
Exemptions name the rules they lift, so that the order of rules means nothing. Each rule says
where it can be read, when someone looked, and when it must be looked at again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, model_validator

from corridor.controller.policy.clauses.clause import StatementKind, check_confidence
from corridor.controller.policy.clauses.places import Answer, Names, Value, shipped_groups
from corridor.controller.policy.data_flow import PLACES, Condition, DataFlow
from corridor.topologies.base.documents import Document, KeyPath, read_document, validate
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.base.units import written_day
from corridor.topologies.model.catalogue import nearest_named
from corridor.topologies.model.topology import Confidence, JurisdictionCode, Slug, Text

DATA = Path(__file__).parents[1] / "data"
Day = Annotated[date, BeforeValidator(written_day)]

type Requirement = frozenset[str]
"""Mechanisms of which one is needed."""


def _alternatives(value: Any) -> Any:
    return [part.strip() for part in value.split("|")] if isinstance(value, str) else value


class Case(Value):
    """One thing a rule says."""

    when: Condition
    then: Literal["allow", "require", "forbid", "treat-as", "owe", "keep"]
    requires: tuple[Annotated[Requirement, BeforeValidator(_alternatives)], ...] = ()
    """All of these; ``a | b`` is met by either."""
    owes: Names = ()
    """Duties in addition, on which no transfer depends: notices, records."""
    lifts: Names = ()
    """Ids of rules that do not bind where this case holds."""
    treat_as: dict[str, str] = Field(default_factory=dict)
    """Attributes that the flow counts as having."""
    keep_in: JurisdictionCode | None = None
    """Where the primary copy must stay."""
    reading: dict[str, str] = Field(default_factory=dict)
    """Disputed readings under which alone it counts: name of the reading -> its answer."""
    kind: StatementKind | None = None
    """The kind of this case, if it is weaker than that of the rule."""
    confidence: Confidence | None = None
    """Where it is less sure than the rule."""

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        for then, key, given in (
            ("require", "requires", self.requires),
            ("treat-as", "treat_as", self.treat_as),
            ("owe", "owes", self.owes),
        ):
            if (self.then == then) != bool(given):
                raise ValueError(f'"{key}" belongs to "then: {then}", and only there')
        if self.then == "keep" and self.keep_in is None:
            raise ValueError('"then: keep" needs "keep_in": where the primary copy stays')
        return self


Status = Literal[
    "in-force",
    "policy",
    "guidance",
    "practice",
    "administrative-act",
    "treaty",
    "nothing-found",
    "repealed",
    "unclear",
    "not-in-force",
    "draft",
    "not-researched",
]
APPLIES: dict[Status, Answer] = {
    **dict.fromkeys(("not-in-force", "draft", "not-researched"), False),
    "unclear": None,
}
"""Whether rules of a status apply; true for all others, ``None`` where no one could tell."""
Reading = Literal["text", "copy", "address", "home-page", "none"]
"""What was read of an official source: the words at that address, a copy of them, only that the
address is cited for it, nothing but the authority's site, or no address was found."""


class Official(Value):
    """Where the authority publishes the rule."""

    url: str = ""
    read: Reading = "none"

    @model_validator(mode="after")
    def _has_what_was_read(self) -> Self:
        if bool(self.url) == (self.read == "none"):
            raise ValueError(f"an official source that is read: {self.read} has {_an(self.url)}")
        return self


def _an(url: str) -> str:
    return "no address" if url else "an address"


class Secondary(Value):
    """Someone who writes about a rule."""

    title: str = Field(min_length=2)
    url: str = Field(default="", pattern=r"^(?:https?://\S+)?$")
    date: str = Field(default="", pattern=r"^(?:\d{4}(?:-\d{2}){0,2})?$")
    """As the page shows it; empty if it shows none."""


class Rule(Value):
    """One provision. A rule without cases is context: it decides nothing."""

    id: str = Field(pattern=r"^[A-Z]{2}(?:-[A-Za-z0-9]+)+$")
    jurisdiction: Names = Field(min_length=1)
    instrument: str
    article: str = ""
    says: Text = ""
    """A summary in one or two sentences."""
    status: Status
    effective: str | None = Field(default=None, pattern=r"^\d{4}(?:-\d{2}){0,2}$")
    """Its first day: day, month or year, as precisely as the source says."""
    until: Day | None = None
    """Its last day."""
    in_force: bool | None
    """Whether it applies from its first day to its last: as its status says, unless switched."""
    kind: StatementKind = "text"
    """Whether the cited text says so, or we take it to, or we assume it."""
    confidence: Confidence
    unsure_from: Day | None = None
    """From when something is known to have changed, and not what."""
    from_memory: Text = ""
    """The parts that no source states that was read."""
    official: Official = Official()
    secondary: tuple[Secondary, ...] = ()
    looked_up: Day
    review_by: Day
    """The day after which no one should rely on it unless it was looked at again."""
    cases: tuple[Case, ...] = ()
    passage: Literal["excluded", "reached", "silent"] = "silent"
    """Whether it reaches data that merely passes through, where a source says so."""
    transit: Text = ""
    """What it means for a path."""
    storage: Text = ""
    note: Text = ""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        applies = APPLIES.get(self.status, True)
        if self.in_force is not applies:
            said = "null" if applies is None else str(applies).lower()
            raise ValueError(f"{self.id} is {self.status}, so in_force must be {said}")
        if (self.status == "repealed") and self.until is None:
            raise ValueError(f"{self.id} is repealed: say its last day in until")
        check_confidence(self.id, self.kind, self.confidence)
        for case in self.cases:
            check_confidence(f"a case of {self.id}", case.kind, case.confidence or self.confidence)
        if self.review_by < self.looked_up:
            raise ValueError(f"{self.id}: review_by is before looked_up")
        return self

    @model_validator(mode="after")
    def _is_as_sure_as_its_sources(self) -> Self:
        if self.status == "not-researched":
            return self
        if not self.addresses and not self.from_memory:
            raise ValueError(f"{self.id} names nothing that can be opened: say so in from_memory")
        if self.confidence == "confident" and (self.from_memory or not self.addresses):
            raise ValueError(f"{self.id} rests on memory, so its confidence must be unsure")
        if self.confidence == "confident" and self.status in ("nothing-found", "unclear"):
            raise ValueError(f"{self.id} is {self.status}, so its confidence must be unsure")
        if self.confidence == "confident" and self.official.read not in ("text", "copy"):
            read = f"of its official text was read: {self.official.read}"
            raise ValueError(f"{self.id} must be unsure, for this is all that {read}")
        return self

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where it can be read or read about, official first; no mere home pages."""
        official = self.official.url if self.official.read not in ("none", "home-page") else ""
        return tuple(url for url in (official, *(one.url for one in self.secondary)) if url)

    def applies_on(self, day: date) -> Answer:
        """In force on ``day``; where only a year or month is known, from its first day."""
        begun = self.effective is None or self.effective <= str(day)
        if not begun or (self.until is not None and self.until < day):
            return False
        return self.in_force

    def confidence_on(self, day: date) -> Confidence:
        """Never ``confident`` once it should have been looked at again."""
        late = day > self.review_by or (self.unsure_from is not None and day >= self.unsure_from)
        return "unsure" if late else self.confidence

    def speaks_of(self, code: str) -> bool:
        """Whether ``code`` is among the jurisdictions whose rule it is."""
        return code in shipped_groups().codes(self.jurisdiction)

    @property
    def citation(self) -> str:
        return f"{self.instrument}, {self.article}" if self.article else self.instrument


class Mechanism(Value):
    """What makes a transfer lawful, and the basis that it gives to a class of data."""

    id: str
    basis: Slug
    title: str


class Duty(Value):
    """What is required in addition to a transfer."""

    id: str
    title: str


class DisputedReading(Value):
    """A question on which readers of a text disagree, and the answers that a user may choose."""

    id: Slug
    question: Text
    answers: dict[str, str] = Field(min_length=2)
    """Name of an answer -> what it says."""
    default: str

    @model_validator(mode="after")
    def _has_its_default(self) -> Self:
        if self.default not in self.answers:
            raise ValueError(f'{self.id} has no answer "{self.default}"')
        return self


class Law(Value):
    """All rules, and the mechanisms they ask for."""

    as_of: Day
    """The day of the last review: what came later is not in it."""
    authorities: tuple[str, ...] = ()
    """Domains of authorities: an official address is at one of these, or at a part of one."""
    mechanisms: tuple[Mechanism, ...]
    duties: tuple[Duty, ...] = ()
    readings: tuple[DisputedReading, ...] = ()
    chosen: dict[str, str] = Field(default_factory=dict)
    """Answers other than the default ones: name of a reading -> its answer."""
    rules: tuple[Rule, ...]

    @cached_property
    def by_id(self) -> dict[str, Rule]:
        return {rule.id: rule for rule in self.rules}

    @cached_property
    def bases(self) -> dict[str, str]:
        """Mechanism -> legal basis of a data class."""
        return {mechanism.id: mechanism.basis for mechanism in self.mechanisms}

    @cached_property
    def titles(self) -> dict[str, str]:
        """Mechanism or duty -> what people call it."""
        mechanisms = {one.id: one.title for one in self.mechanisms}
        return mechanisms | {one.id: one.title for one in self.duties}

    def answer_to(self, reading: DisputedReading) -> str:
        """Return the answer under which the law is read."""
        return self.chosen.get(reading.id, reading.default)

    def counts(self, case: Case) -> bool:
        """Return whether a case counts under the chosen answers to disputed readings."""
        return all(
            self.answer_to(one) == case.reading.get(one.id, self.answer_to(one))
            for one in self.readings
        )

    def under(self, chosen: Mapping[str, str]) -> Law:
        """Return the law as read with other answers to disputed readings. Raises KeyError."""
        known = {one.id: one for one in self.readings}
        for name, answer in chosen.items():
            if name not in known:
                raise KeyError(f'no disputed reading "{name}" {nearest(name, known)}'.strip())
            answers = known[name].answers
            if answer not in answers:
                raise KeyError(f'{name} is never "{answer}": {" or ".join(answers)}')
        return self.model_copy(update={"chosen": self.chosen | dict(chosen)})

    def is_official(self, url: str) -> bool:
        """Return whether an address is at a domain of an authority."""
        host = urlsplit(url).hostname or ""
        return any(host == one or host.endswith(f".{one}") for one in self.authorities)

    def values(self, attribute: str) -> frozenset[str]:
        """What rules compare an attribute of flows with."""
        cases = (case for rule in self.rules for case in rule.cases)
        return frozenset[str]().union(*(case.when.values(attribute) for case in cases))

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
        made = self.model_copy(update={"rules": rules})
        made.__dict__.pop("by_id", None)  # a copy keeps what was computed of the old rules
        return made


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
                hint = nearest_named(name, shipped_groups().members)
                raise document.error(f'no jurisdiction "{name}"', *at, "jurisdiction", hint=hint)
        if known.index(rule.id) != number:
            raise document.error(f'rule id "{rule.id}" is used twice', *at, "id")
        if rule.official.url and not law.is_official(rule.official.url):
            message = f"{rule.official.url[:60]} is at no domain of an authority"
            hint = "name it in secondary; or add its domain to authorities, if it is an authority's"
            raise document.error(message, *at, "official", hint=hint)
        if rule.looked_up > law.as_of:
            message = f"{rule.id} was looked up after as_of, the last review"
            raise document.error(message, *at, "looked_up", hint=f"as_of is {law.as_of}")
        for position, case in enumerate(rule.cases):
            _check_case(document, (*at, "cases", position), case, law)
    return law


def _check_case(document: Document, at: KeyPath, case: Case, law: Law) -> None:
    duties = {duty.id for duty in law.duties}
    for key, what, given, known in (
        ("lifts", "rule", case.lifts, law.by_id.keys()),
        ("requires", "mechanism", sorted(frozenset().union(*case.requires)), law.bases.keys()),
        ("owes", "duty", case.owes, duties),
        ("treat_as", "attribute of a flow", case.treat_as, DataFlow.model_fields.keys()),
    ):
        for name in given:
            if name not in known:
                hint = nearest(name, known) or "add it, or name another"
                raise document.error(f'unknown {what} "{name}"', *at, key, hint=hint)
    try:
        law.under(case.reading)
    except KeyError as error:
        raise document.error(str(error.args[0]), *at, "reading") from None


def is_rule_id(text: str) -> bool:
    """Whether a legal reference is meant as a rule's id rather than as free text."""
    return re.fullmatch(r"[A-Z]{2}(?:-[A-Za-z0-9]+)+", text) is not None


# Facts about a flow of data as people give them: every name is looked up, as in policy files.

FREE_TEXT = (
    "origin_place",
    "purpose",
    "necessity",
    "lawful_ground",
    "operator_role",
    "circuit_joins",
    "circuit_bought_for",
)
OTHER = "other"
"""What is stated where no rule asks for the value."""


def read_flow(document: Document, law: Law) -> DataFlow:
    """The facts in a document. Raises InputError where a rule could never ask for a value."""
    flow = validate(document, DataFlow)
    for name in sorted(PLACES):
        _look_up(document, name, _listed(flow, name), shipped_groups().members, "jurisdiction")
    _look_up(document, "mechanisms", flow.mechanisms, law.bases, "mechanism")
    for name in FREE_TEXT:
        asked = {*law.values(name), OTHER}
        if name != "origin_place":
            _look_up(document, name, _listed(flow, name), asked, f"{name} that a rule asks for")
    return flow


def _listed(flow: DataFlow, name: str) -> tuple[str, ...]:
    value: str | tuple[str, ...] | None = getattr(flow, name)
    if isinstance(value, tuple):
        return value
    return (value,) if value else ()


def _look_up(
    document: Document, key: str, given: Iterable[str], known: Iterable[str], what: str
) -> None:
    names = sorted(known)
    for name in given:
        if name not in names:
            few = f"known are {', '.join(names)}" if len(names) <= 30 else "see docs/law.md"
            raise document.error(f'no {what} is "{name}"', key, hint=nearest(name, names) or few)
