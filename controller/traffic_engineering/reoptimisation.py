"""Which paths demands are to take while a network runs, so that committed rates fit. Pure.

What was chosen when the specification was loaded stands wherever it fits, under every failure
protected against. Else rates are to fit as things are, with few moves: that is found soon. Paths
that fit under the next failure too are looked for afterwards (``chosen_ahead``); where there are
none, ladders are climbed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from corridor.controller.intent.specification import Specification, choosing, chosen_in
from corridor.controller.policy.semantics import NO_FAILURES, Failures
from corridor.controller.traffic_engineering.fit_rates import (
    MOST_REMEMBERED,
    fits,
    fits_current_failures,
    is_worse_as_is,
    may_ask,
    reoptimised,
    reoptimised_for_current_failures,
    total_overload,
    with_picks,
)
from corridor.controller.traffic_engineering.relaxation import climb
from corridor.topologies.base.memory import remembered
from corridor.topologies.model.topology import Frozen

type Lane = Literal["failures", "requests", "next failure"]
"""Who waits for paths: failures that are followed, what people ask for, or no one yet."""
NONE_UNBUILT = frozenset[str]()


class Question(Frozen):
    """Which paths are to stand next?"""

    lane: Lane
    loaded: Specification
    """As is wanted; for the next failure, as what stands."""
    installed: Specification
    without: Failures
    stood: Failures | None = None
    unbuilt: frozenset[str] = NONE_UNBUILT
    for_all: bool = False
    """Whether rates have to fit under every failure protected against."""

    @classmethod
    def ahead(cls, stands: Specification, without: Failures) -> Question:
        return cls(lane="next failure", loaded=stands, installed=stands, without=without)


def answer_to(asked: Question) -> Specification:
    """What was loaded, with the paths that are to stand."""
    if asked.lane == "next failure":
        return chosen_ahead(asked.loaded, asked.without)
    choose = chosen_for_all if asked.for_all else chosen_now
    return choose(asked.loaded, asked.installed, asked.without, asked.stood, asked.unbuilt)


@remembered(MOST_REMEMBERED)
def chosen_now(
    loaded: Specification,
    installed: Specification,
    without: Failures,
    stood: Failures | None = None,
    unbuilt: frozenset[str] = NONE_UNBUILT,
) -> Specification:
    """``loaded`` with the paths that are to stand next: its own where all fits; those ``installed``
    where rates fit as things are; else others.

    What was given up for those installed, which ``stood`` without what had failed, is given up
    as long as nothing else has, under the same policies on the same day. Gateways that are
    ``unbuilt`` have not failed.
    """
    if not loaded.chooses or not may_ask(loaded):
        return loaded
    nothing_failed = replace(without, gateways=without.gateways - unbuilt) == NO_FAILURES
    bare = [with_picks(loaded, {})] if nothing_failed and _has_picks(loaded) else []
    for one in (*bare, loaded):
        if fits_current_failures(one, without) and fits(one, without):
            return one
    asked_for = (loaded.policies, loaded.as_of, without)
    if asked_for == (installed.policies, installed.as_of, stood):
        stands = choosing(loaded, chosen_in(installed))
    else:
        stands = with_picks(loaded, {one.demand.id: one.picks for one in installed.directions})
    return reoptimised_for_current_failures(stands, without)


@remembered(MOST_REMEMBERED)
def chosen_for_all(
    loaded: Specification,
    installed: Specification,
    without: Failures,
    stood: Failures | None = None,
    unbuilt: frozenset[str] = NONE_UNBUILT,
) -> Specification:
    """The same, with paths that fit under the next failures too, however long it takes."""
    now = chosen_now(loaded, installed, without, stood, unbuilt)
    return chosen_ahead(now, without) if now.chooses and may_ask(now) else now


@remembered(MOST_REMEMBERED)
def chosen_ahead(specification: Specification, without: Failures) -> Specification:
    """The same with paths on which rates fit under the next failures too, by ladders if need be; as
    it is where there are none."""
    if fits(specification, without):
        return specification
    chosen = reoptimised(specification, without)
    if fits(chosen, without):
        return chosen
    for one in (chosen, specification):
        climbed = climb(one, without)
        if fits(climbed, without):
            return climbed
    lacks_less = total_overload(chosen, without) < total_overload(specification, without)
    if lacks_less and not is_worse_as_is(chosen, specification, without):
        return chosen
    return specification


def _has_picks(specification: Specification) -> bool:
    return any(one.picks for one in specification.directions)
