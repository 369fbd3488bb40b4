"""What a policy can state: places, expressions, and the hard clauses, one kind a file. Pure."""

from corridor.controller.policy.clauses.clause import Broken, Clause, Trip
from corridor.controller.policy.clauses.elements import Element
from corridor.controller.policy.clauses.registry import CLAUSES

__all__ = ["CLAUSES", "Broken", "Clause", "Element", "Trip"]
