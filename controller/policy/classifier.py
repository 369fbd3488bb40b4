"""Attributes of a data flow -> its class, its legal basis, and the rules that decided.

Strict where it must choose: a prohibition beats everything, all requirements of all rules add
up, an exemption lifts only the rules it names, and a rule that may bind but cannot be decided
leaves the flow undecided. Nothing is allowed but by a rule that says so: where no rule was
researched for a jurisdiction and a kind of data, that is the answer. **Not legal advice.**
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from corridor.controller.policy.clauses.clause import StatementKind, weakest
from corridor.controller.policy.clauses.places import Answer, Groups, every, shipped_groups
from corridor.controller.policy.data_flow import DataFlow
from corridor.controller.policy.law import Case, Law, Requirement, Rule
from corridor.topologies.model.topology import Confidence

Outcome = Literal["allow", "require", "deny", "undecided", "not-researched", "domestic"]
MAX_REWRITES = 8


@dataclass(frozen=True)
class Finding:
    """What the law in the file says about a flow."""

    outcome: Outcome
    """``allow``: nothing is missing; ``require``: mechanisms are; ``undecided``: facts are;
    ``not-researched``: no one looked for rules; ``domestic``: no border is crossed."""
    origin: str
    sensitivity: str
    basis: str = "none"
    """``exempt``: no mechanism is needed; ``none``: one is needed and none is in place; else the
    basis that the mechanisms in place give."""
    decided_by: tuple[str, ...] = ()
    """Ids of the rules that made the outcome, in the order of the file."""
    requires: tuple[Requirement, ...] = ()
    """Mechanisms: one of each set, in place or not."""
    outstanding: tuple[Requirement, ...] = ()
    """Of these, what is not in place."""
    owes: tuple[str, ...] = ()
    """Duties in addition, on which no transfer depends."""
    keep_in: tuple[str, ...] = ()
    """Where a primary copy must stay."""
    open_rules: tuple[str, ...] = ()
    """Rules that cannot be decided."""
    missing: tuple[str, ...] = ()
    """Attributes that would decide them; none if whether the rules apply is not known."""
    not_researched: tuple[str, ...] = ()
    """Jurisdictions whose law on such data no one looked for."""
    confidence: Confidence = "confident"
    kind: StatementKind | None = None
    """The weakest kind of statement among those that made the outcome; None if none did."""

    @property
    def data_class(self) -> str:
        """Id of the data class in the shipped policy sets: ``cn-personal-contract``."""
        return f"{self.origin.lower()}-{self.sensitivity}-{self.basis}"

    def __str__(self) -> str:
        if self.not_researched:
            return f"not researched: the law of {', '.join(self.not_researched)} on such data"
        by = ", ".join(self.decided_by or self.open_rules) or "no rule"
        text = f"{self.outcome} ({self.data_class}) by {by}"
        if self.outstanding:
            text += ": needs " + " and ".join(map(one_of, self.outstanding))
        if self.missing:
            text += f": tell {', '.join(self.missing)}"
        return text


def one_of(requirement: Requirement) -> str:
    """``certification | standard_contract``."""
    return " | ".join(sorted(requirement))


PASSING = ("route", "lease-circuit", "transit")
"""Operations after which data is nowhere else than before."""
type _Held = tuple[Rule, Case]


def classify(flow: DataFlow, law: Law, as_of: date, groups: Groups | None = None) -> Finding:
    """What ``law`` says about ``flow`` on the day ``as_of``.

    Data may be allowed to where it is sent and yet end elsewhere: each further place is asked of
    as if it were sent there, and the first that is not allowed is the answer.
    """
    reading = _Reading(law, as_of, groups or shipped_groups())
    found = reading.of(flow)
    if found.outcome != "allow" or flow.operation in PASSING:
        return found
    places = (flow.processed_in, flow.stored_in, *flow.onward)
    asked = (None, flow.origin, *_asked(flow))
    for place in dict.fromkeys(code for code in places if code not in asked):
        farther = reading.of(flow.model_copy(update={"destination": place}))
        if farther.outcome != "allow":
            return farther
    return found


@dataclass(frozen=True)
class _Reading:
    """The law as it is read on one day."""

    law: Law
    day: date
    groups: Groups

    def of(self, flow: DataFlow) -> Finding:
        flow, rewritten = self._rewritten(flow)
        answers = [(*one, self._holds(one, flow)) for one in self._cases()]
        held = [(rule, case) for rule, case, answer in answers if answer is True]
        lifted = {name for _, case in held for name in case.lifts}
        binding = [one for one in held if one[0].id not in lifted]
        open_ones = [
            (rule, case)
            for rule, case, answer in answers
            if answer is None and rule.id not in lifted and case.then not in ("owe", "keep")
        ]
        # Where it is not known whether a copy must stay, it stays: that blocks no transfer.
        may_keep = [
            (rule, case)
            for rule, case, answer in answers
            if answer is None and rule.id not in lifted and case.then == "keep"
        ]
        may_bind = [one for one in open_ones if one[1].then != "allow"]
        forbids = [one for one in binding if one[1].then == "forbid"]
        if forbids:
            return self._found("deny", flow, [*rewritten, *forbids])
        if may_bind and not self._met(flow, may_bind):
            return self._undecided(flow, open_ones, rewritten)
        spoken = [one for one in (*binding, *may_bind) if one[1].then in ("allow", "require")]
        unknown = _not_spoken_of(flow, [rule for rule, _ in spoken])
        if any(rule.speaks_of(code) for code in unknown for rule, _ in open_ones):
            return self._undecided(flow, open_ones, rewritten)
        if unknown and _is_domestic(flow):
            return replace(self._found("domestic", flow, rewritten), confidence="unsure")
        if unknown:
            found = self._found("not-researched", flow, rewritten)
            return replace(found, not_researched=unknown, confidence="unsure")
        return self._required(flow, [*binding, *may_bind, *may_keep], rewritten)

    def _cases(self) -> Iterator[_Held]:
        for rule in self.law.rules:
            if rule.applies_on(self.day) is not False:
                yield from ((rule, case) for case in rule.cases if self.law.counts(case))

    def _holds(self, one: _Held, flow: DataFlow) -> Answer:
        rule, case = one
        return every((rule.applies_on(self.day), case.when.holds(flow, self.groups)))

    def _met(self, flow: DataFlow, open_ones: list[_Held]) -> bool:
        """Whether all that may be asked for is in place, so that it does not matter if it is."""
        return all(
            case.then == "require"
            and case.when.holds(flow, self.groups) is True
            and all(item.intersection(flow.mechanisms) for item in case.requires)
            for _, case in open_ones
        )

    def _rewritten(self, flow: DataFlow) -> tuple[DataFlow, list[_Held]]:
        """The flow as it counts, and the rules that say so."""
        said: list[_Held] = []
        cases = [one for one in self._cases() if one[1].then == "treat-as"]
        for _ in range(MAX_REWRITES):
            held = [one for one in cases if self._holds(one, flow) is True]
            if not held:
                break
            for _, case in held:
                flow = flow.model_copy(update=case.treat_as)
            said += held
        return flow, said

    def _required(self, flow: DataFlow, binding: list[_Held], rewritten: list[_Held]) -> Finding:
        asked = {requirement for _, case in binding for requirement in case.requires}
        needed = {item for item in asked if not any(other < item for other in asked)}
        decisive = [
            (rule, case)
            for rule, case in binding
            if case.then in ("allow", "keep") or needed.intersection(case.requires)
        ]
        requires = tuple(sorted(needed, key=one_of))
        outstanding = tuple(item for item in requires if not item.intersection(flow.mechanisms))
        found = self._found("require" if outstanding else "allow", flow, [*rewritten, *decisive])
        return replace(
            found,
            basis=_basis(flow, self.law, requires, outstanding, binding),
            requires=requires,
            outstanding=outstanding,
            owes=tuple(sorted({name for _, case in binding for name in case.owes})),
            keep_in=tuple(sorted({case.keep_in for _, case in binding if case.keep_in})),
        )

    def _undecided(self, flow: DataFlow, open_ones: list[_Held], rewritten: list[_Held]) -> Finding:
        missing = {
            name
            for _, case in open_ones
            if case.when.holds(flow, self.groups) is None
            for name in case.when.attributes()
            if getattr(flow, name) is None
        }
        found = self._found("undecided", flow, rewritten)
        open_rules = tuple(dict.fromkeys(rule.id for rule, _ in open_ones))
        return replace(
            found, open_rules=open_rules, missing=tuple(sorted(missing)), confidence="unsure"
        )

    def _found(self, outcome: Outcome, flow: DataFlow, decisive: list[_Held]) -> Finding:
        ids = {rule.id for rule, _ in decisive}
        sure = [self._is_sure(one) for one in decisive]
        # One prohibition we are sure of is enough; anything else rests on every rule it rests on.
        confident = any(sure) if outcome == "deny" else all(sure)
        return Finding(
            outcome=outcome,
            origin=flow.origin,
            sensitivity=flow.sensitivity,
            decided_by=tuple(rule.id for rule in self.law.rules if rule.id in ids),
            confidence="confident" if confident else "unsure",
            kind=weakest(case.kind or rule.kind for rule, case in decisive),
        )

    def _is_sure(self, one: _Held) -> bool:
        rule, case = one
        return "unsure" not in (rule.confidence_on(self.day), case.confidence)


def _not_spoken_of(flow: DataFlow, rules: list[Rule]) -> tuple[str, ...]:
    """Jurisdictions of which some rule must speak before anything is stated, and none does."""
    if flow.operation in ("route", "lease-circuit"):
        asked = [flow.origin, flow.destination] if not rules else []
    else:
        asked = [*_asked(flow)]
    return tuple(
        code for code in dict.fromkeys(asked) if not any(rule.speaks_of(code) for rule in rules)
    )


def _asked(flow: DataFlow) -> tuple[str, ...]:
    """Whose law is asked: of passing through, that of each place; else that of the origin."""
    if flow.operation == "transit" and flow.transit:
        return flow.transit
    if flow.operation == "reexport" and flow.processed_in:
        return (flow.processed_in,)
    if flow.operation == "provide-to-foreign-authority" and flow.stored_in:
        return (flow.stored_in,)
    return (flow.origin,)


def _is_domestic(flow: DataFlow) -> bool:
    elsewhere = (flow.destination, flow.processed_in, flow.stored_in, *flow.onward, *flow.transit)
    return all(code in (None, flow.origin) for code in elsewhere)


def _basis(
    flow: DataFlow,
    law: Law,
    requires: tuple[Requirement, ...],
    outstanding: tuple[Requirement, ...],
    binding: list[_Held],
) -> str:
    if outstanding:
        return "none"
    relied_on = {law.bases[name] for item in requires for name in item if name in flow.mechanisms}
    relied_on |= {
        law.bases[name]
        for _, case in binding
        if case.then == "allow"
        for name in case.when.mechanisms()
        if name in flow.mechanisms and name in law.bases
    }
    return next((b for b in dict.fromkeys(law.bases.values()) if b in relied_on), "exempt")
