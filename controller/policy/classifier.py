"""Attributes of a data flow -> its class, its legal basis, and the rules that decided.

Strict where it must choose: a prohibition beats everything, all requirements of all rules add
up, an exemption lifts only the rules it names, and a rule that may bind but cannot be decided
leaves the flow undecided, which a policy treats like forbidden. **Not legal advice.**
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from corridor.controller.policy.law import Case, DataFlow, Law, Requirement, Rule
from corridor.controller.policy.terms.places import Groups, shipped_groups
from corridor.topologies.model.topology import Confidence

Outcome = Literal["allow", "require", "deny", "undecided"]
MAX_REWRITES = 8


@dataclass(frozen=True)
class Finding:
    """What the law in the file says about a flow."""

    outcome: Outcome
    """``allow``: nothing is missing; ``require``: mechanisms are; ``undecided``: facts are."""
    origin: str
    sensitivity: str
    basis: str
    """``exempt``: no mechanism is needed; ``none``: one is needed and none is in place; else the
    basis that the mechanisms in place give."""
    decided_by: tuple[str, ...]
    """Ids of the rules that made the outcome, in the order of the file."""
    requires: tuple[Requirement, ...] = ()
    """Mechanisms: one of each set, in place or not."""
    outstanding: tuple[Requirement, ...] = ()
    """Of these, what is not in place."""
    keep_in: tuple[str, ...] = ()
    """Where a primary copy must stay."""
    open_rules: tuple[str, ...] = ()
    """Rules that cannot be decided."""
    missing: tuple[str, ...] = ()
    """Attributes that would decide them."""
    confidence: Confidence = "confident"

    @property
    def data_class(self) -> str:
        """Id of the data class in the shipped policy sets: ``cn-personal-contract``."""
        return f"{self.origin.lower()}-{self.sensitivity}-{self.basis}"

    def __str__(self) -> str:
        text = f"{self.outcome} ({self.data_class}) by {', '.join(self.decided_by) or 'no rule'}"
        if self.outstanding:
            text += ": needs " + " and ".join(map(one_of, self.outstanding))
        if self.missing:
            text += f": tell {', '.join(self.missing)}"
        return text


def one_of(requirement: Requirement) -> str:
    """``certification | standard_contract``."""
    return " | ".join(sorted(requirement))


type _Held = tuple[Rule, Case]


def classify(flow: DataFlow, law: Law, as_of: date, groups: Groups | None = None) -> Finding:
    """What ``law`` says about ``flow`` on the day ``as_of``."""
    groups = groups or shipped_groups()
    rules = [rule for rule in law.rules if rule.applies_on(as_of)]
    flow, rewritten = _rewritten(flow, rules, groups)
    answers = [(rule, case, case.when.holds(flow, groups)) for rule in rules for case in rule.cases]
    held = [(rule, case) for rule, case, answer in answers if answer is True]
    lifted = {name for _, case in held for name in case.lifts}
    binding = [(rule, case) for rule, case in held if rule.id not in lifted]
    forbids = [entry for entry in binding if entry[1].then == "forbid"]
    if forbids:
        return _found("deny", flow, [*rewritten, *forbids], rules)
    doubtful = [
        (rule, case) for rule, case, answer in answers if answer is None and rule.id not in lifted
    ]
    if any(case.then != "allow" for _, case in doubtful):
        return _undecided(flow, doubtful, rewritten, rules)
    return _required(flow, law, binding, rewritten, rules)


def _rewritten(
    flow: DataFlow, rules: Iterable[Rule], groups: Groups
) -> tuple[DataFlow, list[_Held]]:
    """The flow as it counts, and the rules that say so."""
    said: list[_Held] = []
    cases = [(rule, case) for rule in rules for case in rule.cases if case.then == "treat-as"]
    for _ in range(MAX_REWRITES):
        held: list[_Held] = [entry for entry in cases if entry[1].when.holds(flow, groups) is True]
        if not held:
            break
        for rule, case in held:
            flow = flow.model_copy(update=case.treat_as)
            said.append((rule, case))
    return flow, said


def _required(
    flow: DataFlow,
    law: Law,
    binding: list[_Held],
    rewritten: list[_Held],
    rules: list[Rule],
) -> Finding:
    asked = {requirement for _, case in binding for requirement in case.requires}
    needed = {item for item in asked if not any(other < item for other in asked)}
    decisive = [
        (rule, case)
        for rule, case in binding
        if case.then == "allow" or needed.intersection(case.requires)
    ]
    requires = tuple(sorted(needed, key=one_of))
    outstanding = tuple(item for item in requires if not item.intersection(flow.mechanisms))
    return _found(
        "require" if outstanding else "allow",
        flow,
        [*rewritten, *decisive],
        rules,
        basis=_basis(flow, law, requires, outstanding, binding),
        requires=requires,
        outstanding=outstanding,
        keep_in=tuple(sorted({case.keep_in for _, case in binding if case.keep_in})),
    )


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


def _undecided(
    flow: DataFlow, doubtful: list[_Held], rewritten: list[_Held], rules: list[Rule]
) -> Finding:
    missing = {
        name
        for _, case in doubtful
        for name in case.when.attributes()
        if getattr(flow, name) is None
    }
    open_rules = tuple(dict.fromkeys(rule.id for rule, _ in doubtful))
    return _found(
        "undecided", flow, rewritten, rules, open_rules=open_rules, missing=tuple(sorted(missing))
    )


def _found(
    outcome: Outcome,
    flow: DataFlow,
    decisive: list[_Held],
    rules: list[Rule],
    *,
    basis: str = "none",
    requires: tuple[Requirement, ...] = (),
    outstanding: tuple[Requirement, ...] = (),
    keep_in: tuple[str, ...] = (),
    open_rules: tuple[str, ...] = (),
    missing: tuple[str, ...] = (),
) -> Finding:
    ids = {rule.id for rule, _ in decisive}
    sure = [(case.confidence or rule.confidence) == "confident" for rule, case in decisive]
    # One prohibition we are sure of is enough; anything else stands on every rule it rests on.
    confident = any(sure) if outcome == "deny" else all(sure) and outcome != "undecided"
    return Finding(
        outcome=outcome,
        origin=flow.origin,
        sensitivity=flow.sensitivity,
        basis=basis,
        decided_by=tuple(rule.id for rule in rules if rule.id in ids),
        requires=requires,
        outstanding=outstanding,
        keep_in=keep_in,
        open_rules=open_rules,
        missing=missing,
        confidence="confident" if confident else "unsure",
    )
