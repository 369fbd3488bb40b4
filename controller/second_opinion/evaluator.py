"""The verdict of policies on a whole path: lawful, under which permit, or why not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

from corridor.controller.second_opinion.clause_registry import INSPECTED, OBJECTIONS
from corridor.controller.second_opinion.declared import (
    Asked,
    Plain,
    UnknownKeyError,
    asked,
    holds_on,
    is_given,
)
from corridor.controller.second_opinion.expressions import WrittenError
from corridor.controller.second_opinion.journey import Journey
from corridor.controller.second_opinion.selectors import Places
from corridor.controller.second_opinion.walker import speaks
from corridor.topologies.model.topology import Topology

NOT_JUDGED = "not-judged"


@dataclass(frozen=True)
class PathVerdict:
    """Whether a path is lawful, and by what."""

    lawful: bool
    permits: tuple[str, ...]
    """All that allow it; none of data that is outside and is not covered."""
    reason: str
    """Why not: the first policy, clause and element; empty where it is lawful."""


@dataclass(frozen=True)
class DemandRules:
    """The policies that speak about one demand on one day."""

    demand: Asked
    permits: tuple[Plain, ...]
    restricts: tuple[Plain, ...]
    denies: tuple[Plain, ...]
    not_judged: bool
    """Whether it is outside the set, and uses a path that restricts and denies leave."""
    refused: bool
    """Whether policies ask for the class or origin of its data, and no one says what it is."""
    places: Places

    def verdict(self, journey: Journey) -> PathVerdict:
        """Of a path that has ended, or of one that may go on."""
        journey = replace(journey, dst=self.demand.dst.id)
        forbidden = self._forbidden(journey)
        if forbidden:
            return PathVerdict(False, (), forbidden)
        if self.not_judged:
            return PathVerdict(True, (), "")
        objections = {
            permit["id"]: _first(self._objections(permit, journey)) for permit in self.permits
        }
        left = tuple(name for name, objection in objections.items() if not objection)
        why = next(iter(objections.values()), "no permit matches")
        return PathVerdict(bool(left), left, "" if left else why)

    def preferred_to(self, permits: Collection[str]) -> DemandRules:
        """The same by those permits alone that are of a smaller preference than all of these."""
        least = min((_preference(one) for one in self.permits if one["id"] in permits), default=0)
        before = tuple(one for one in self.permits if _preference(one) < least)
        return replace(self, permits=before, not_judged=False)

    def without(self, policy: str) -> DemandRules:
        """The same if one restriction were not there."""
        return DemandRules(
            self.demand,
            self.permits,
            tuple(one for one in self.restricts if one["id"] != policy),
            tuple(one for one in self.denies if one["id"] != policy),
            self.not_judged,
            self.refused,
            self.places,
        )

    def objections_of(self, policy: str, journey: Journey) -> list[str]:
        """What one of the restrictions has against a path."""
        return [
            objection
            for one in self.restricts
            if one["id"] == policy
            for objection in self._objections(one, journey)
        ]

    @property
    def inspections(self) -> int:
        """More gateways than any lawful path has to pass."""
        hards = (one.get("hard") or {} for one in (*self.permits, *self.restricts))
        return sum(len(hard.get(INSPECTED) or ()) for hard in hards)

    @property
    def allows_nothing(self) -> str:
        """Why no path whatever is lawful; empty where one may be."""
        if self.refused:
            return f"no policy defines data class {self.demand.data_class}"
        if self.denies:
            return f"{self.denies[0]['id']} denies it"
        return "" if self.permits or self.not_judged else "no permit matches"

    def _forbidden(self, journey: Journey) -> str:
        if self.allows_nothing:
            return self.allows_nothing
        return _first(
            objection for one in self.restricts for objection in self._objections(one, journey)
        )

    def _objections(self, policy: Plain, journey: Journey) -> Iterator[str]:
        """One of each clause that is broken; a clause no one knows here is broken."""
        hard: Mapping[str, Any] = policy.get("hard") or {}
        for key, value in hard.items():
            if not is_given(value):
                continue
            if objection := self._objection(key, value, journey):
                yield f"{policy['id']} {key}: {objection}"

    def _objection(self, key: str, value: Any, journey: Journey) -> str:
        """What cannot be evaluated is broken."""
        if key not in OBJECTIONS:
            return "the second opinion knows no such clause"
        try:
            return OBJECTIONS[key].objection(value, journey, self.places)
        except (UnknownKeyError, WrittenError) as unknown:
            return str(unknown)


def _preference(permit: Plain) -> int:
    return int(permit.get("preference", 100))


def _first(objections: Iterator[str]) -> str:
    return next(objections, "")


class Evaluator:
    """A policy set on one day, as plain data by the keys of its file."""

    def __init__(self, policies: Plain, topology: Topology, day: date) -> None:
        self._policies, self._day = policies, day
        self.topology = topology
        self.places = Places(policies.get("groups") or {})

    @cached_property
    def _in_force(self) -> tuple[Plain, ...]:
        return tuple(
            one
            for one in self._policies.get("policies") or ()
            if one.get("enabled", True) and holds_on(self._day, one)
        )

    @cached_property
    def _looks_at_data(self) -> bool:
        matches = (one.get("match") or {} for one in self._policies.get("policies") or ())
        return any(is_given(one.get(key)) for one in matches for key in ("class", "origin"))

    def rules_of(self, demand: Plain) -> DemandRules:
        """What speaks about a demand, given by the keys of a policy file."""
        about = asked(demand, self._policies, self.topology, self._day)
        speaking = [one for one in self._in_force if speaks(one, about, self.places)]

        def of(effect: str) -> tuple[Plain, ...]:
            return tuple(one for one in speaking if one["effect"] == effect)

        outside = about.has_basis and not about.is_of_the_set and not of("permit")
        return DemandRules(
            about,
            permits=of("permit") if about.has_basis else (),
            restricts=of("restrict"),
            denies=of("deny"),
            not_judged=outside and self._policies.get("outside") == NOT_JUDGED,
            refused=self._looks_at_data and not about.is_described,
            places=self.places,
        )
