"""The kinds of hard clauses, and what others take from them: a policy's keys, lookups, claims."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import Field

from corridor.controller.policy.clauses.avoid import Avoid
from corridor.controller.policy.clauses.borders import Borders
from corridor.controller.policy.clauses.carriers import Carriers
from corridor.controller.policy.clauses.clause import Clause
from corridor.controller.policy.clauses.confine import Confine
from corridor.controller.policy.clauses.elements import Named, Selector, Where
from corridor.controller.policy.clauses.hops import Hops
from corridor.controller.policy.clauses.no_return import NoReturn
from corridor.controller.policy.clauses.path import Path
from corridor.controller.policy.clauses.terminate import Terminate
from corridor.controller.policy.clauses.via import Via
from corridor.controller.policy.clauses.waypoints import Waypoints
from corridor.topologies.base.registry import Registry
from corridor.topologies.model.fields import ByKind, Fields

CLAUSES = Registry[type[Clause]](
    "corridor.clauses",
    (Confine, Avoid, Terminate, Waypoints, Hops, Via, NoReturn, Path, Borders, Carriers),
    of=Clause,
    named="kind",
)
"""By their keys under ``hard``, in the order in which a policy's clauses are asked and told."""


def looked_up() -> dict[str, Named]:
    """What is named under each key of selectors and of the kinds; under a kind's own key, by its
    short form."""
    found: dict[str, Named] = {**Selector.named(), **Where.named()}
    for kind in CLAUSES.in_use():
        found.update(kind.looked_up)
        if kind.short in kind.looked_up:
            found[kind.kind] = kind.looked_up[kind.short]
    return found


def claim_of(kind: str) -> str:
    """The prover's claim that a clause is held by, by its name.

    All else that allows nothing (a deny, no permit, what cannot be evaluated) is the default deny.
    """
    return next((one.claim for one in CLAUSES.in_use() if one.kind == kind), Clause.claim)


class Clauses(ByKind):
    """A value with a key for each kind."""

    @classmethod
    def registry(cls) -> Registry[type[Clause]]:
        return CLAUSES

    @classmethod
    def fields_of(cls, kind: type[Clause]) -> Fields:
        described = (kind.__doc__ or "").partition("\n")[0]
        entry = Field(default=kind.absent, description=described, examples=list(kind.examples))
        return {kind.kind: (kind.as_written(), entry)}

    def clauses(self) -> Iterator[Clause]:
        """The clauses that judge elements."""
        for kind in self.kinds():
            clause = kind.of(getattr(self, kind.kind))
            if clause is not None:
                yield clause


if TYPE_CHECKING:  # what it has is known only when it is made, and no one else asks by kind
    ShippedClauses = Clauses
else:
    ShippedClauses = Clauses.of_kinds("ShippedClauses", CLAUSES.values())
