"""The hard clauses: what each permits, its syntax and its description, one kind a file.

Read ``clause`` first: what a kind must offer. ``registry`` lists the kinds; whatever reads,
compiles, proves or explains policies takes them from there. docs/policies.md says how to add one.
"""

from corridor.controller.policy.clauses.clause import Broken, Clause, Trip
from corridor.controller.policy.clauses.registry import CLAUSES
from corridor.controller.policy.terms.elements import Element

__all__ = ["CLAUSES", "Broken", "Clause", "Element", "Trip"]
