"""What pages say of a clause next to its name. Pure."""

from __future__ import annotations

from corridor.controller.policy.clauses.statement_kinds import caveat
from corridor.experiments.answers.document import Clause
from corridor.experiments.answers.price_causes import Cause


def caveat_of(clause: Clause | Cause) -> str:
    """Return why a clause of ``answers.json`` or ``price.json`` is not a confident text of law;
    empty where it is one, or where it is a rule of the policy set's own."""
    return caveat(clause.kind, clause.confidence)
