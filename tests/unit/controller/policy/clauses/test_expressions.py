"""Expressions over paths: how they are read, what they fit, and how many states they have."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from corridor.controller.policy.clauses.clause import Broken, Trip
from corridor.controller.policy.clauses.elements import Element
from corridor.controller.policy.clauses.path import MOST_STATES, Path, automaton_of
from corridor.controller.policy.clauses.places import shipped_groups
from policy_lab import fibre, hub, permit, verdict

NAMES = "abc"
HUBS = {name: hub(name, "CN") for name in NAMES}
LAND = fibre("x-y", 1)
TRIP = Trip(HUBS["a"], HUBS["b"], shipped_groups())


def fits(expression: str, *path: Element) -> bool:
    """Whether a clause lets a path pass; plain fibres stand between hubs."""
    clause, state = Path(expression=expression), 0
    for number, element in enumerate(path):
        if number and not isinstance(path[number - 1], type(LAND)) and element != LAND:
            entered = clause.enter(state, LAND, TRIP) if element in HUBS.values() else state
            if isinstance(entered, Broken):
                return False
            state = entered
        after = clause.enter(state, element, TRIP)
        if isinstance(after, Broken):
            return False
        state = after
    return clause.finish(state, TRIP) is None


parts = st.recursive(
    st.sampled_from((*NAMES, ".", "!a")),
    lambda part: st.one_of(
        st.lists(part, min_size=2, max_size=3).map(" ".join),
        st.lists(part, min_size=2, max_size=3).map(lambda some: f"({'|'.join(some)})"),
        st.tuples(part, st.sampled_from(("*", "+", "?", "{2}", "{0,2}", "{1,3}", "{2,}"))).map(
            lambda two: f"({two[0]}){two[1]}"
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=400, deadline=None)
@given(parts, st.lists(st.sampled_from(NAMES), min_size=1, max_size=7))
def test_an_expression_fits_what_pythons_own_fits(expression: str, word: list[str]) -> None:
    theirs = expression.replace(" ", "").replace("!a", "[bc]")
    try:
        mine = fits(expression, *(HUBS[name] for name in word))
    except ValidationError as problem:
        assert "more than 200 states" in str(problem)  # noqa: PT017 - few of those drawn
        return
    assert mine is (re.fullmatch(theirs, "".join(word)) is not None)


CABLE = fibre("a-b", 1, system="smw4", srlgs=("corridor:red-sea", "cable:adc"))
A, B, NOWHERE = HUBS["a"], HUBS["b"], hub("c", "XX")
WEST = hub("c", "PK", role="western", intl_gateway=True)


@pytest.mark.parametrize(
    ("expression", "path", "fit"),
    [
        ("a <smw4>b", (A, CABLE, B), True),
        ("a <adc> b", (A, CABLE, B), True),
        ("a <corridor:red-sea>", (A, CABLE, B), True),
        ("a <a-b>.", (A, CABLE, B), True),
        ("a <smw4>. b", (A, CABLE, B), False),
        ("a <smw5>b", (A, CABLE, B), False),
        ("a !<smw5>b", (A, CABLE, B), True),
        ("a !<smw4>", (A, CABLE, B), False),
        ("a <smw4>!a", (A, CABLE, B), True),
        ("a <smw4> !<smw5>", (A, CABLE, B), False),
        ("<smw4> b", (A, CABLE, B), False),
        ("!<smw4>. .", (A, CABLE, B), True),
        ("a(b)", (A, CABLE, B), True),
        ("a\\tb", (A, CABLE, B), True),
        ("CN CN", (A, CABLE, B), True),
        ("sco sco", (A, CABLE, B), True),
        ("'a' 'b'", (A, CABLE, B), True),
        (". PK", (A, LAND, NOWHERE), False),
        (". !PK", (A, LAND, NOWHERE), False),
        (". !a", (A, LAND, NOWHERE), True),
        (". @western", (A, LAND, WEST), True),
        (". !@western", (A, LAND, WEST), False),
        (". @gateway", (A, LAND, WEST), True),
        ("!@gateway @gateway", (A, LAND, WEST), True),
    ],
)
def test_atoms_speak_of_a_hub_and_of_the_fibre_it_was_entered_by(
    expression: str, path: tuple[Element, ...], fit: bool
) -> None:
    assert fits(expression.replace("\\t", "\t"), *path) is fit


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("a (b|c", 'character 7: a ")" is missing'),
        ("a) b", 'character 2: a "(" is missing before this ")"'),
        ("a (b|) c", "character 6: a hub, jurisdiction, @role or <fibre> is expected here"),
        ("()", "character 2: a hub"),
        ("* a", "character 1: there is nothing here to repeat"),
        ("a | {2}", "character 5: there is nothing here to repeat"),
        ("a**", "character 3: what is repeated is repeated again"),
        ("a{17}", "character 2: nothing is counted to more than 16"),
        ("a{3,2}", "character 2: the maximum is at least 1, and not below the minimum"),
        ("a{0}", "character 2: the maximum is at least 1"),
        ("a{x}", 'character 2: "{" is not understood'),
        ("a & b", 'character 3: "&" is not understood'),
        ("a <smw4", 'character 3: "<" is not understood'),
        ("a !", "character 3: a hub, jurisdiction, @role or <fibre> follows !"),
        ("a !(b|c)", "character 3: a hub, jurisdiction, @role or <fibre> follows !"),
        ("a !. b", "character 3: a hub, jurisdiction, @role or <fibre> follows !"),
        ("a @westrn", 'character 3: no role is called @westrn: did you mean "western"?'),
        ("a @", "no role is called @: known are coastal, western, core, foreign, transit, gateway"),
        ("(" * 40 + "a" + ")" * 40, "brackets are nested deeper than 32"),
        ("a " * 600, "path is longer than 1000 characters"),
        ("(.* a .{16} b)*", "needs more than 200 states"),
        ("(((a b){16}){16}){16}", "needs more than 200 states"),
    ],
)
def test_a_mistake_is_told_with_its_character(expression: str, says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Path(expression=expression)
    assert says in str(caught.value)


def states_of(expression: str, alphabet: list[Element]) -> int:
    """How many states the hubs of an alphabet, each entered by any of its fibres, lead to."""
    clause, found = Path(expression=expression), {0}
    waiting: list[int] = [0]
    fibres = [one for one in alphabet if isinstance(one, type(LAND))]
    hubs = [one for one in alphabet if one not in fibres]
    while waiting:
        state = waiting.pop()
        before = [clause.enter(state, by, TRIP) for by in fibres] if state else [0]
        after = [
            clause.enter(one, at, TRIP)
            for one in before
            if not isinstance(one, Broken)
            for at in hubs
        ]
        new = {one for one in after if not isinstance(one, Broken)} - found
        found |= new
        waiting += new
    return len(found - {0})


@settings(max_examples=100, deadline=None)
@given(parts)
def test_no_map_leads_to_more_states_than_are_allowed(expression: str) -> None:
    try:
        Path(expression=expression)
    except ValidationError:
        return
    assert states_of(expression, [*HUBS.values(), LAND, CABLE]) <= MOST_STATES


def test_few_states_suffice_for_what_people_write() -> None:
    """Names that exclude each other do not multiply."""
    lengthy = ".* (" + "|".join(f"hub-{number}" for number in range(60)) + ") .* (CN|PK|asean)+"
    assert automaton_of(lengthy)
    assert states_of(".* a .* b .* c .*", [*HUBS.values(), LAND]) == 4


def test_what_is_asked_for_next_is_told() -> None:
    asked: dict[str, Any] = {"path": "west kash* (kun|mandalay)+ . karachi"}
    said = str(verdict(permit(hard=asked), on="west coast karachi"))
    assert 'coast does not fit "west kash* (kun|mandalay)+ . karachi", which asks for' in said
    assert "asks for kash or kun or mandalay there" in said
    asked = {"path": "west kun mandalay mumbai . ."}
    said = str(verdict(permit(hard=asked), on="west kun mandalay mumbai karachi"))
    assert "karachi ends what" in said
