"""What ``corridor law`` answers, as values: rules in force on a day, and classified flows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import islice, product

from corridor.controller.policy.classifier import Finding, Outcome, classify
from corridor.controller.policy.clauses.clause import StatementKind
from corridor.controller.policy.data_flow import DataFlow
from corridor.controller.policy.law import Law, Rule
from corridor.controller.policy.law_calendar import on_day, policy_confidence, warning
from corridor.controller.policy.load import load_policies, shipped_policies
from corridor.controller.policy.model import Policy
from corridor.topologies.base.codec import JsonObject, to_plain
from corridor.topologies.base.errors import InputError
from corridor.topologies.model.topology import Confidence

MOST_PATHS = 12
WHOLE = ("none", "pan-asia", "gateway-cities")
"""Shipped sets that do not belong to one jurisdiction."""


@dataclass(frozen=True)
class RuleShown:
    """A rule in force on a day, and where it can be read."""

    id: str
    jurisdiction: tuple[str, ...]
    citation: str
    says: str
    kind: StatementKind
    status: str
    applies: str
    """``in force``, ``not in force``, ``not known``: on the day."""
    effective: str
    until: str
    confidence: Confidence
    """On the day."""
    passage: str
    official: str
    """Its official address, or empty."""
    read: str
    """What was read of it, see ``Reading``."""
    secondary: tuple[str, ...]
    from_memory: str
    looked_up: str
    review_by: str
    note: str


def shown(rule: Rule, day: date) -> RuleShown:
    stands = on_day(rule, day)
    return RuleShown(
        id=rule.id,
        jurisdiction=rule.jurisdiction,
        citation=rule.citation,
        says=rule.says,
        kind=rule.kind,
        status=rule.status,
        applies=stands.applies,
        effective=rule.effective or "",
        until=str(rule.until or ""),
        confidence=stands.confidence,
        passage=rule.passage,
        official=rule.official.url,
        read=rule.official.read,
        secondary=tuple(one.url for one in rule.secondary if one.url),
        from_memory=rule.from_memory,
        looked_up=str(rule.looked_up),
        review_by=str(rule.review_by),
        note=rule.note,
    )


@dataclass(frozen=True)
class PolicyShown:
    """What a shipped policy says about a class of data."""

    policy_set: str
    policy: str
    effect: str
    says: str
    confidence: Confidence
    in_force: bool


@dataclass(frozen=True)
class TransferOption:
    """Mechanisms that would make a transfer lawful, and the class that data is of then."""

    mechanisms: tuple[str, ...]
    data_class: str


@dataclass(frozen=True)
class AnswerUnderReading:
    """The legal classification of a flow under one answer to a disputed interpretation."""

    answer: str
    says: str
    chosen: bool
    outcome: Outcome
    confidence: Confidence
    data_class: str
    requires: tuple[tuple[str, ...], ...]
    """Mechanisms: one of each group, in place or not."""
    keep_in: tuple[str, ...]
    decided_by: tuple[str, ...]


@dataclass(frozen=True)
class ReadingShown:
    """A disputed reading on which the answer depends, with the answer under each reading."""

    reading: str
    question: str
    answers: tuple[AnswerUnderReading, ...]


@dataclass(frozen=True)
class Classified:
    """A flow, its legal classification, and what the shipped sets permit its class."""

    day: str
    flow: DataFlow
    finding: Finding
    rules: tuple[RuleShown, ...]
    """Those that decided, or cannot be decided, in the order of the file."""
    readings: tuple[ReadingShown, ...]
    """Disputed readings that change the answer."""
    options: tuple[TransferOption, ...]
    policies: tuple[PolicyShown, ...]
    warning: str


def interpreted(law: Law, chosen: Mapping[str, str]) -> Law:
    """Return the law with other answers to disputed interpretations. Raises InputError."""
    try:
        return law.under(chosen)
    except KeyError as error:
        names = ", ".join(one.id for one in law.readings)
        raise InputError(str(error.args[0]), f"disputed readings are {names}") from None


def classified(flow: DataFlow, law: Law, day: date) -> Classified:
    finding = classify(flow, law, day)
    named = {*finding.decided_by, *finding.open_rules}
    rules = [rule for rule in law.rules if rule.id in named]
    return Classified(
        day=str(day),
        flow=flow,
        finding=finding,
        rules=tuple(shown(rule, day) for rule in rules),
        readings=tuple(_readings(flow, law, day)),
        options=_options(flow, finding, law, day),
        policies=_policies(finding, law, day),
        warning=warning(law, day, rules),
    )


def _readings(flow: DataFlow, law: Law, day: date) -> Iterator[ReadingShown]:
    for reading in law.readings:
        chosen = law.answer_to(reading)
        answers = tuple(
            _under(answer, says, classify(flow, law.under({reading.id: answer}), day), chosen)
            for answer, says in reading.answers.items()
        )
        if len({(one.outcome, one.data_class, one.requires, one.keep_in) for one in answers}) > 1:
            yield ReadingShown(reading.id, reading.question, answers)


def _under(answer: str, says: str, finding: Finding, chosen: str) -> AnswerUnderReading:
    return AnswerUnderReading(
        answer=answer,
        says=says,
        chosen=answer == chosen,
        outcome=finding.outcome,
        confidence=finding.confidence,
        data_class=finding.data_class,
        requires=tuple(tuple(sorted(item)) for item in finding.requires),
        keep_in=finding.keep_in,
        decided_by=finding.decided_by or finding.open_rules,
    )


def _options(flow: DataFlow, finding: Finding, law: Law, day: date) -> tuple[TransferOption, ...]:
    if not finding.outstanding:
        return ()
    found = []
    for chosen in islice(product(*map(sorted, finding.outstanding)), MOST_PATHS):
        held = flow.model_copy(update={"mechanisms": (*flow.mechanisms, *chosen)})
        then = classify(held, law, day)
        if then.outcome == "allow":
            found.append(TransferOption(chosen, then.data_class))
    return tuple(found)


def _policies(finding: Finding, law: Law, day: date) -> tuple[PolicyShown, ...]:
    found: list[PolicyShown] = []
    for name in shipped_policies():
        policies = None if name in WHOLE else load_policies(name)
        if policies is None or finding.data_class not in policies.class_ids:
            continue
        found += [
            _shown(name, policy, law, day)
            for policy in policies.policies
            if _speaks_of(policy, finding, policies.known_groups.codes(policy.match.origin))
        ]
    return tuple(found)


def _speaks_of(policy: Policy, finding: Finding, origins: frozenset[str]) -> bool:
    of_class = not policy.match.data_class or finding.data_class in policy.match.data_class
    return of_class and (not policy.match.origin or finding.origin in origins)


def _shown(name: str, policy: Policy, law: Law, day: date) -> PolicyShown:
    clauses = [clause.describe() for clause in policy.hard.clauses()]
    where = [
        f"{word} {place}"
        for word, place in (("from", policy.match.src), ("to", policy.match.dst))
        if str(place) != "any hub"
    ]
    return PolicyShown(
        policy_set=name,
        policy=policy.id,
        effect=policy.effect,
        says="; ".join([*where, *clauses]),
        confidence=policy_confidence(policy, law, day),
        in_force=policy.enabled and policy.applies_on(day),
    )


def as_json(answer: Classified) -> JsonObject:
    finding = answer.finding
    return {
        "schema": 1,
        "day": answer.day,
        "facts": answer.flow.model_dump(mode="json", exclude_defaults=True),
        "outcome": finding.outcome,
        "confidence": finding.confidence,
        "kind": finding.kind,
        "data_class": finding.data_class,
        "basis": finding.basis,
        "requires": [sorted(item) for item in finding.requires],
        "outstanding": [sorted(item) for item in finding.outstanding],
        "owes": list(finding.owes),
        "keep_in": list(finding.keep_in),
        "missing": list(finding.missing),
        "not_researched": list(finding.not_researched),
        "decided_by": list(finding.decided_by),
        "open_rules": list(finding.open_rules),
        "rules": to_plain(answer.rules),
        "readings": to_plain(answer.readings),
        "ways": to_plain(answer.options),
        "policies": to_plain(answer.policies),
        "warning": answer.warning,
    }
