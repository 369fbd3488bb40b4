"""The law over time: what changed between two days, what is to come, and what is overdue."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from corridor.controller.policy.clauses.clause import StatementKind, weakest
from corridor.controller.policy.clauses.places import Answer
from corridor.controller.policy.law import Law, Rule
from corridor.controller.policy.model import Policy, PolicySet
from corridor.topologies.base.words import confidence_word
from corridor.topologies.model.topology import Confidence

APPLIES: dict[Answer, str] = {True: "in force", False: "not in force", None: "not known"}


@dataclass(frozen=True)
class RuleOnDay:
    """The status of a rule on one day."""

    applies: str
    """``in force``, ``not in force``, or ``not known``."""
    confidence: Confidence

    def __str__(self) -> str:
        if self.applies == APPLIES[False]:
            return self.applies
        return f"{self.applies}, {confidence_word(self.confidence)}"


@dataclass(frozen=True)
class Change:
    """A rule that stands otherwise on the later of two days."""

    rule: str
    kind: Literal["begins", "ends", "confidence"]
    before: RuleOnDay
    after: RuleOnDay


def on_day(rule: Rule, day: date) -> RuleOnDay:
    return RuleOnDay(APPLIES[rule.applies_on(day)], rule.confidence_on(day))


def changes(law: Law, earlier: date, later: date) -> tuple[Change, ...]:
    """What stands otherwise on the day ``later``, in the order of the file.

    The confidence of rules that are in force on neither day is not compared.
    """
    return tuple(
        Change(rule.id, _kind(before, after), before, after)
        for rule in law.rules
        for before, after in [(on_day(rule, earlier), on_day(rule, later))]
        if before != after and {before.applies, after.applies} != {APPLIES[False]}
    )


def _kind(before: RuleOnDay, after: RuleOnDay) -> Literal["begins", "ends", "confidence"]:
    if before.applies == after.applies:
        return "confidence"
    return "ends" if after.applies == APPLIES[False] else "begins"


Event = Literal["begins", "last day", "changes", "review"]


@dataclass(frozen=True)
class CalendarEntry:
    """What is due on a day."""

    day: str
    """As precisely as the source says: a day, month or year."""
    what: Event
    rules: tuple[str, ...]


def calendar(law: Law, first: date, last: date | None = None) -> tuple[CalendarEntry, ...]:
    """What begins, ends, changes and must be reviewed from ``first`` to ``last``, by day."""
    found: dict[tuple[str, Event], list[str]] = {}
    for rule in law.rules:
        for day, what in _dates(rule):
            if str(first) <= day and (last is None or day <= str(last)):
                found.setdefault((day, what), []).append(rule.id)
    return tuple(CalendarEntry(day, what, tuple(ids)) for (day, what), ids in sorted(found.items()))


def _dates(rule: Rule) -> list[tuple[str, Event]]:
    dates: list[tuple[str | date | None, Event]] = [
        (rule.effective if rule.in_force is not False else None, "begins"),
        (rule.until, "last day"),
        (rule.unsure_from, "changes"),
        (rule.review_by if rule.status != "repealed" else None, "review"),
    ]
    return [(str(day), what) for day, what in dates if day is not None]


def cited(policies: PolicySet, law: Law) -> tuple[Rule, ...]:
    """The rules that policies in a set name, each once."""
    names = dict.fromkeys(name for policy in policies.policies for name in policy.legal_ref)
    return tuple(law.by_id[name] for name in names if name in law.by_id)


def policy_confidence(policy: Policy, law: Law, day: date) -> Confidence:
    """How certain a policy is on a day: no surer than any rule that it names, none of which is sure
    once it is overdue for review."""
    rules = [law.by_id[name] for name in policy.legal_ref if name in law.by_id]
    if any(rule.confidence_on(day) == "unsure" for rule in rules):
        return "unsure"
    return policy.confidence


def policy_kind(policy: Policy, law: Law) -> StatementKind | None:
    """Return the kind of statement that a policy makes; None if it cites no rule and states none.

    A policy that states no kind has the weakest kind among the rules that it cites.
    """
    if policy.kind is not None:
        return policy.kind
    return weakest(law.by_id[name].kind for name in policy.legal_ref if name in law.by_id)


def as_sure_as_on(policy: Policy, law: Law, day: date) -> Policy:
    """A policy with the confidence that it has on a day."""
    confidence = policy_confidence(policy, law, day)
    if confidence == policy.confidence:
        return policy
    return policy.model_copy(update={"confidence": confidence})


def overdue(rules: Iterable[Rule], day: date) -> tuple[Rule, ...]:
    """Rules in force that no one has looked at since they should have been."""
    return tuple(rule for rule in rules if rule.review_by < day and rule.applies_on(day))


def warning(law: Law, day: date, rules: Iterable[Rule]) -> str:
    """A line that says that ``day`` is past the last review of ``law``; empty where it is not.

    Of ``rules``, those that are overdue are counted.
    """
    if day <= law.as_of:
        return ""
    late = overdue(rules, day)
    text = f"law: last reviewed on {law.as_of}; changes up to {day} are not included"
    if late:
        few = ", ".join(rule.id for rule in late[:3]) + (", ..." if len(late) > 3 else "")
        are = "is" if len(late) == 1 else "are"
        text += f"; {len(late)} of its rules {are} overdue for review: {few}"
    return text


def warning_of(policies: PolicySet, law: Law, day: date) -> str:
    """The same, of what a policy set cites; empty where it cites nothing."""
    rules = cited(policies, law)
    return warning(law, day, rules) if rules else ""
