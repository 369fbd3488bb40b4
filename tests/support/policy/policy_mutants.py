"""Changes to the evaluator of policies, one for each relation that has to notice it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from corridor.controller.policy import automaton, permitted_paths, semantics
from corridor.controller.policy.automaton import Violation
from corridor.controller.policy.clauses import (
    avoid,
    borders,
    expressions,
    hops,
    no_return,
    path,
    via,
)
from corridor.controller.policy.clauses.clause import Broken
from corridor.controller.policy.clauses.places import Groups
from corridor.controller.policy.semantics import ApplicablePolicies, PolicyDecision
from corridor.topologies.model.topology import Fibre, Hub

type Mutant = Callable[[pytest.MonkeyPatch], None]
type Maker = Callable[[Any], Any]


def changed(owner: Any, name: str, make: Maker) -> Mutant:
    """``make`` receives the original and returns its replacement."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(owner, name, make(getattr(owner, name)))

    return patch


def refusing(when: Callable[[ApplicablePolicies, Any], bool]) -> Mutant:
    """Some paths are refused whatever policies say."""

    def make(real: Any) -> Any:
        refused = PolicyDecision(False, None, (), ())
        return lambda self, path: refused if when(self, path) else real(self, path)

    return changed(ApplicablePolicies, "_verdict", make)


def excusing(when: Callable[[Any, Any], bool]) -> Mutant:
    """What is avoided is put up with in some elements."""

    def make(real: Any) -> Any:
        return lambda self, state, element, trip: (
            state if when(element, trip) else real(self, state, element, trip)
        )

    return changed(avoid.Avoid, "enter", make)


def _alone(real: Any) -> Any:
    return lambda trip, permit, restricts: (
        real(trip, restricts[0], restricts[1:]) if restricts else real(trip, permit, ())
    )


def _first_permit(real: Any) -> Any:
    def verdict(self: ApplicablePolicies, path: Any) -> PolicyDecision:
        first = ApplicablePolicies(self.topology, self.demand, self.automata[:1], self.refusals)
        answer: PolicyDecision = real(first, path)
        return answer

    return verdict


def _only_where_all_hold(real: Any) -> Any:
    def enter(self: Any, state: int, element: Any, trip: Any) -> Any:
        keys = [asked.name for asked in self.given]
        written = self.model_dump(by_alias=True)
        parts = [type(self).model_validate({key: written[key]}) for key in keys]
        found = [real(one, state, element, trip) for one in parts]
        broken = [one for one in found if isinstance(one, Broken)]
        return broken[0] if keys and len(broken) == len(keys) else state

    return enter


def _first_selector(real: Any) -> Any:
    def enter(self: Any, state: int, element: Any, trip: Any) -> Any:
        written = self.model_dump(by_alias=True)
        first = type(self).model_validate(written | {"any_of": written["any_of"][:1]})
        return real(first, state, element, trip)

    return enter


def _first_half(text: str) -> str:
    half, bar, _ = text.partition(") | (")
    return f"{half})" if bar else text


def _stops_in_any_order(real: Any) -> Any:
    def enter(self: Any, state: int, element: Any, trip: Any) -> Any:
        serves = any(s.any_of.selects(element, trip.groups) is True for s in self.stops)
        return min(state + serves, len(self.stops))

    return enter


def _sooner(real: Any) -> Any:
    return lambda self, delay_ns: (
        Violation("X", "max_one_way", "", "") if delay_ns > 12 * 10**6 else real(self, delay_ns)
    )


FIRST_PERMIT_DECIDES = changed(ApplicablePolicies, "_verdict", _first_permit)
RESTRICTS_FORGOTTEN = changed(
    semantics, "build", lambda real: lambda trip, permit, _: real(trip, permit, ())
)
ONE_HUB_IS_EXCUSED = excusing(lambda element, _: element.id == "c")
FIBRES_ARE_NOT_AVOIDED = excusing(lambda element, _: isinstance(element, Fibre))
HUBS_OF_ODD_DEGREE_ARE_REFUSED = refusing(
    lambda self, path: any(len(self.topology.fibres_of(hub)) % 2 for hub in path.hubs)
)


def _without_its_hubs(real: Any) -> Any:
    return lambda self, state, element, trip: (
        state if isinstance(element, Hub) else real(self, state, element, trip)
    )


def _from_three_on_none(real: Any) -> Any:
    def enter(self: Any, state: int, element: Any, trip: Any) -> Any:
        most = self.most if self.most < 3 else 0
        return real(self.model_copy(update={"most": most}), state, element, trip)

    return enter


UNDER: dict[str, Mutant] = {
    "each_verdict_is_that_of_a_judge_that_reads_policies_as_written": FIBRES_ARE_NOT_AVOIDED,
    "to_cross_no_border_is_to_stay_where_the_path_starts": changed(
        borders.Borders, "enter", _without_its_hubs
    ),
    "a_further_border_loses_no_path": changed(borders.Borders, "enter", _from_three_on_none),
    "a_further_restrict_adds_no_path_and_shortens_none": changed(semantics, "build", _alone),
    "what_is_delivered_under_a_further_restrict_is_lawful_without_it": FIBRES_ARE_NOT_AVOIDED,
    "two_restricts_leave_what_each_of_them_leaves": changed(
        semantics,
        "build",
        lambda real: lambda trip, permit, restricts: real(trip, permit, restricts[:1]),
    ),
    "a_further_permit_takes_no_path_away": FIRST_PERMIT_DECIDES,
    "two_permits_allow_what_either_allows": FIRST_PERMIT_DECIDES,
    "a_deny_leaves_nothing_and_nothing_leaves_its_hub": changed(
        semantics,
        "_refusals",
        lambda real: lambda data, demand, day, permits, _: real(data, demand, day, permits, ()),
    ),
    "a_preference_changes_no_path_that_is_lawful": FIRST_PERMIT_DECIDES,
    "equal_permits_are_as_good_as_one_that_is_their_union": changed(
        permitted_paths,
        "ranked",
        lambda _: lambda automata: tuple((n,) for n in range(len(automata))),
    ),
    "a_clause_of_a_permit_is_worth_as_much_in_a_restrict": RESTRICTS_FORGOTTEN,
    "more_protection_makes_no_lawful_path_unlawful": FIBRES_ARE_NOT_AVOIDED,
    "other_names_in_the_same_order_change_nothing_but_names": ONE_HUB_IS_EXCUSED,
    "other_names_in_any_order_change_no_path_and_no_delay": ONE_HUB_IS_EXCUSED,
    "the_order_of_policies_hubs_and_fibres_changes_no_path_and_no_delay": refusing(
        lambda self, path: path.hubs[1] == self.topology.hubs[1].id
    ),
    "which_end_of_a_fibre_comes_first_changes_nothing": excusing(
        lambda element, _: isinstance(element, Fibre) and element.a > element.z
    ),
    "hubs_and_fibres_that_nothing_leads_to_change_nothing": refusing(
        lambda self, _: any(hub.located_in == "XX" for hub in self.topology.hubs)
    ),
    "all_delays_and_budgets_times_three_give_the_same_paths": changed(
        automaton.Automaton, "exceeds", _sooner
    ),
    "a_hub_put_into_a_fibre_beside_its_end_changes_no_path_and_no_delay": refusing(
        lambda _, path: len(path.fibres) > 3
    ),
    "a_fibre_that_is_cut_might_as_well_not_be_there": HUBS_OF_ODD_DEGREE_ARE_REFUSED,
    "a_fibre_more_takes_no_path_away": HUBS_OF_ODD_DEGREE_ARE_REFUSED,
    "a_wider_confine_loses_no_path": changed(
        Groups, "codes", lambda real: lambda self, names: real(self, list(names)[-1:])
    ),
    "an_exception_to_confine_or_avoid_loses_no_path": changed(
        avoid, "selected", lambda real: lambda *asked: real(*asked) is not True
    ),
    "to_avoid_less_loses_no_path": changed(avoid.Avoid, "enter", _only_where_all_hold),
    "to_avoid_two_things_is_to_avoid_each": changed(avoid.Avoid, "enter", _first_selector),
    "to_avoid_a_property_is_to_keep_to_the_rest_where_all_is_known": FIBRES_ARE_NOT_AVOIDED,
    "paths_by_some_hub_or_other_are_all_paths": changed(
        via.Via,
        "enter",
        lambda real: (
            lambda self, state, element, trip: (
                state
                if isinstance(element, Hub) and trip.ends_at(element)
                else real(self, state, element, trip)
            )
        ),
    ),
    "to_go_by_one_of_two_is_to_go_by_either": changed(
        via.Via,
        "enter",
        lambda real: (
            lambda self, state, element, trip: (
                state if isinstance(element, Fibre) else real(self, state, element, trip)
            )
        ),
    ),
    "two_stops_in_either_order_are_both_passed": changed(via.Via, "enter", _stops_in_any_order),
    "at_most_so_many_hops_is_an_expression_of_so_many_hubs": changed(
        hops.Hops,
        "enter",
        lambda real: (
            lambda self, state, element, trip: real(
                hops.Hops(most=self.most + 1), state, element, trip
            )
        ),
    ),
    "an_expression_says_what_clauses_say": changed(
        expressions.Test, "of_fibre", lambda _: lambda self, fibre: True
    ),
    "an_expression_of_two_halves_is_the_union_of_both": changed(
        path, "automaton_of", lambda real: lambda text: real(_first_half(text))
    ),
    "never_to_return_is_out_in_out_where_all_is_known": changed(
        no_return.NoReturn, "enter", lambda _: lambda self, state, element, trip: state
    ),
    "never_to_return_where_one_never_is_forbids_nothing": changed(
        no_return, "inside", lambda _: lambda code, codes: None
    ),
}
