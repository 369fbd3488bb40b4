"""Where a policy says it comes from, and how certain that is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from corridor.controller.policy.automaton import DEFAULT_DENY, Violation
from corridor.controller.policy.clauses.clause import StatementKind, caveat
from corridor.controller.policy.law import is_rule_id, load_law
from corridor.controller.policy.law_calendar import policy_confidence, policy_kind
from corridor.controller.policy.model import Policy, PolicySet
from corridor.topologies.base.words import confidence_word
from corridor.topologies.model.topology import Confidence


@dataclass(frozen=True)
class Reference:
    """A rule of law, or free text."""

    id: str
    """Empty for free text."""
    citation: str
    status: str = ""
    confidence: str = ""
    address: str = ""
    """Where the authority publishes it, if that is known."""

    def __str__(self) -> str:
        if not self.id:
            return self.citation
        caveat = "".join(
            f", {confidence_word(word)}"
            for word, fine in ((self.status, "in-force"), (self.confidence, "confident"))
            if word and word != fine
        )
        return f"{self.id}: {self.citation}{caveat}"


@dataclass(frozen=True)
class Ground:
    """Why something is forbidden: whose clause, where it died, what kind of statement its policy
    is, and how certain that is."""

    policy: str
    clause: str
    element: str
    reason: str
    legal: tuple[Reference, ...]
    confidence: Confidence
    kind: StatementKind | None
    """None: a rule of the policy set that cites none of law."""

    def __str__(self) -> str:
        if self.policy == DEFAULT_DENY:
            return self.reason
        cited = ", ".join(one.id or one.citation for one in self.legal)
        law = f" [{cited}]" if cited else ""
        return (
            f"{self.policy} {self.clause}{law}{caveat(self.kind, self.confidence)}: {self.reason}"
        )


def grounds(violations: Iterable[Violation], policies: PolicySet, day: date) -> tuple[Ground, ...]:
    law = load_law()
    by_id = {policy.id: policy for policy in policies.policies}
    sure = {name: policy_confidence(policy, law, day) for name, policy in by_id.items()}
    kinds = {name: policy_kind(policy, law) for name, policy in by_id.items()}
    return tuple(
        Ground(
            died.policy,
            died.clause,
            died.element,
            died.reason,
            tuple(_reference(one, day) for one in died.legal_ref),
            sure.get(died.policy, "confident"),
            kinds.get(died.policy),
        )
        for died in violations
    )


def kind_of(policy: Policy) -> StatementKind | None:
    """Return the kind of statement that a policy makes under the shipped law."""
    return policy_kind(policy, load_law())


def references(policy: Policy, day: date) -> tuple[Reference, ...]:
    """What a policy cites, in its order, as sure as it is on a day."""
    return tuple(_reference(one, day) for one in policy.legal_ref)


def _reference(written: str, day: date) -> Reference:
    rule = load_law().by_id.get(written) if is_rule_id(written) else None
    if rule is None:
        return Reference("", written)
    return Reference(
        rule.id, rule.citation, rule.status, rule.confidence_on(day), rule.official.url
    )
