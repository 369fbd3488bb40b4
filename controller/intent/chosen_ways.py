"""What is chosen of a specification while a network runs, and what may be kept in a file of it."""

from __future__ import annotations

from collections.abc import Mapping

from corridor.controller.intent.picks import Pick
from corridor.controller.intent.specification import Specification
from corridor.controller.policy.model import RateStep
from corridor.topologies.model.topology import Frozen


class ChosenWays(Frozen):
    """Of one demand, or of its answers."""

    picks: tuple[Pick, ...] = ()
    given_up: tuple[RateStep, ...] = ()


NONE_CHOSEN = ChosenWays()

type ChosenByDemand = Mapping[str, ChosenWays]


def chosen_in(specification: Specification) -> dict[str, ChosenWays]:
    """By demand, without demands for which no path is chosen."""
    chosen = {
        one.demand.id: ChosenWays(picks=one.picks, given_up=one.given_up)
        for one in specification.directions
    }
    return {name: one for name, one in chosen.items() if one != NONE_CHOSEN}


def choosing(specification: Specification, chosen: ChosenByDemand) -> Specification:
    """The same with what is chosen, and nothing else that was."""
    directions = []
    for one in specification.directions:
        ways = chosen.get(one.demand.id, NONE_CHOSEN)
        if (one.picks, one.given_up) != (ways.picks, ways.given_up):
            one = one.model_copy(update={"picks": ways.picks, "given_up": ways.given_up})
        directions.append(one)
    if all(new is old for new, old in zip(directions, specification.directions, strict=True)):
        return specification
    return specification.model_copy(update={"directions": tuple(directions)})
