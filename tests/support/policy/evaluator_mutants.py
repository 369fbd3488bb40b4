"""Mistakes in the evaluator of policies that compiler, exact search, proof and monitor share.

Tables that are compiled by such an evaluator are proven by it: only another opinion can notice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from corridor.controller.policy import semantics
from corridor.controller.policy.automaton import Automaton
from corridor.controller.policy.clauses import avoid
from corridor.controller.policy.clauses.avoid import Avoid
from corridor.controller.policy.clauses.clause import Clause, Element, Trip
from corridor.controller.policy.clauses.confine import Confine
from corridor.controller.policy.clauses.hops import Hops
from corridor.controller.policy.clauses.no_return import NoReturn
from corridor.controller.policy.clauses.path import Path
from corridor.controller.policy.clauses.terminate import Terminate
from corridor.controller.policy.clauses.via import Via
from corridor.controller.policy.clauses.waypoints import Waypoints
from corridor.controller.policy.model import Policy
from corridor.topologies.model.topology import Fibre, Hub

type Mistake = Callable[[pytest.MonkeyPatch], None]
MISTAKES: dict[str, Mistake] = {}


def mistake(make: Mistake) -> Mistake:
    MISTAKES[make.__name__] = make
    return make


def _instead(
    patch: pytest.MonkeyPatch,
    kind: type[Clause],
    other: Callable[[Any, Element], tuple[Any, Element]],
) -> None:
    """Has a kind of clause see itself, or the elements of a path, as something else."""
    enter = kind.enter

    def mistaken(self: Any, state: int, element: Element, trip: Trip) -> Any:
        clause, seen = other(self, element)
        return enter(clause, state, seen, trip)

    patch.setattr(kind, "enter", mistaken)


def _changed(element: Element, kind: type[Element], **values: Any) -> Element:
    return element.model_copy(update=values) if isinstance(element, kind) else element


@mistake
def restricts_forgotten(patch: pytest.MonkeyPatch) -> None:
    build = semantics.build
    patch.setattr(semantics, "build", lambda trip, permit, _: build(trip, permit, ()))


@mistake
def deny_forgotten(patch: pytest.MonkeyPatch) -> None:
    refusals = semantics._refusals
    patch.setattr(semantics, "_refusals", lambda *given: refusals(*given[:-1], ()))


@mistake
def crossings_not_avoided(patch: pytest.MonkeyPatch) -> None:
    _instead(patch, Avoid, lambda self, one: (self, _changed(one, Fibre, crosses=(), may_cross=())))


@mistake
def ends_counted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Trip, "ends_at", lambda self, hub: False)


@mistake
def unknown_operator_accepted(patch: pytest.MonkeyPatch) -> None:
    _instead(
        patch,
        Avoid,
        lambda self, one: (self.model_copy(update={"unknown_operator": "accept"}), one),
    )


@mistake
def unknown_place_is_elsewhere(patch: pytest.MonkeyPatch) -> None:
    _instead(
        patch,
        Avoid,
        lambda self, one: (
            self,
            _changed(one, Hub, located_in="ZZ")
            if isinstance(one, Hub) and one.located_in == "XX"
            else one,
        ),
    )


@mistake
def confined_where_it_may_leave(patch: pytest.MonkeyPatch) -> None:
    _instead(patch, Confine, lambda self, one: (self, _changed(one, Fibre, may_cross=())))


@mistake
def waypoints_after_the_border(patch: pytest.MonkeyPatch) -> None:
    of = Waypoints.of

    def late(written: Any) -> Any:
        return of([stop.model_copy(update={"before": "end"}) for stop in written])

    patch.setattr(Waypoints, "of", late)


@mistake
def waypoints_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Waypoints, "of", lambda written: None)


@mistake
def every_end_will_do(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Terminate, "enter", lambda self, state, element, trip: state)
    patch.setattr(Terminate, "finish", lambda self, state, trip: None)


@mistake
def fibres_not_counted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Hops, "enter", lambda self, state, element, trip: state)


@mistake
def budgets_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Automaton, "exceeds", lambda self, delay_ns: None)


@mistake
def expired_policies_hold(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        Policy,
        "applies_on",
        lambda self, day: self.enabled and (not self.valid_from or self.valid_from <= day),
    )


@mistake
def policies_begin_early(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        Policy,
        "applies_on",
        lambda self, day: self.enabled and (not self.valid_until or day <= self.valid_until),
    )


@mistake
def switched_off_policies_hold(patch: pytest.MonkeyPatch) -> None:
    applies_on = Policy.applies_on
    patch.setattr(
        Policy,
        "applies_on",
        lambda self, day: applies_on(self.model_copy(update={"enabled": True}), day),
    )


@mistake
def basis_never_ends(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(semantics, "is_valid_on", lambda day, first, last: True)


@mistake
def one_origin_of_mixed_data_is_enough(patch: pytest.MonkeyPatch) -> None:
    of_origin = semantics._of_origin
    patch.setattr(
        semantics,
        "_of_origin",
        lambda policy, *more: of_origin(policy.model_copy(update={"effect": "restrict"}), *more),
    )


@mistake
def unstated_service_is_any_permitted_one(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        semantics,
        "_carried",
        lambda asked, service: not asked or service is None or service in asked,
    )


@mistake
def permits_need_no_match(patch: pytest.MonkeyPatch) -> None:
    speaks = semantics._speaks_about
    patch.setattr(
        semantics,
        "_speaks_about",
        lambda policy, *more: policy.effect == "permit" or speaks(policy, *more),
    )


@mistake
def exceptions_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(avoid, "selected", lambda *asked: False)


@mistake
def exceptions_need_not_be_sure(patch: pytest.MonkeyPatch) -> None:
    selected = avoid.selected
    patch.setattr(avoid, "selected", lambda *asked: selected(*asked) is not False)


@mistake
def selectors_not_avoided(patch: pytest.MonkeyPatch) -> None:
    _instead(patch, Avoid, lambda self, one: (self.model_copy(update={"any_of": ()}), one))


@mistake
def states_of_fibres_not_avoided(patch: pytest.MonkeyPatch) -> None:
    _instead(patch, Avoid, lambda self, one: (self, _changed(one, Fibre, status="in-service")))


@mistake
def stops_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Via, "of", lambda written: None)


@mistake
def paths_back_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(NoReturn, "of", lambda written: None)


@mistake
def expressions_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Path, "of", lambda written: None)


@mistake
def permits_are_tried_the_other_way_round(patch: pytest.MonkeyPatch) -> None:
    rank = semantics._rank
    patch.setattr(semantics, "_rank", lambda policy: (-policy.preference, rank(policy)[1]))
