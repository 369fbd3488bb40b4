"""What a kind of objective must offer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from corridor.controller.traffic_engineering.candidate_paths import PathSpace
from corridor.controller.traffic_engineering.candidate_values import CandidatePath, Key, Order
from corridor.topologies.model.topology import Fibre


@runtime_checkable
class Objective(Protocol):
    """Costs of paths. Rates that fit always come before the cost, and law before both."""

    @property
    def key(self) -> str:
        """What YAML calls it."""

    @property
    def words(self) -> str:
        """A phrase for people: what is as little as can be."""

    def over(self, space: PathSpace, fibre: Fibre, delay_ns: int) -> float:
        """The cost of a fibre in a demand's primary path, in ms or an equivalent; not below zero.
        The search for paths adds these costs."""

    def main(self, space: PathSpace, order: Order, one_way_ns: int, alone: CandidatePath) -> float:
        """The cost of a primary path; ``alone`` is the path that its demand would have if no other
        demand had rates."""

    def detour(
        self, space: PathSpace, found: Key, order: Order, one_way_ns: int, alone: CandidatePath
    ) -> float:
        """What a detour costs that is taken where these things were found dead, one after
        another."""


def seeing(
    objective: Objective, spaces: Sequence[PathSpace], alone: Sequence[CandidatePath]
) -> Objective:
    """An objective that knows all demands with rates, and the paths that they would have alone:
    what its own ``seeing(spaces, alone)`` makes of it, if it has one; for those by which what a way
    costs hangs on others."""
    sees: Callable[..., Objective] | None = getattr(objective, "seeing", None)
    return objective if sees is None else sees(spaces, alone)
