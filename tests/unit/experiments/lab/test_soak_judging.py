"""Complaints of soaks about a network: each reason, and what is not a reason."""

from dataclasses import replace
from datetime import date

import pytest
from tests.soak import events as e
from tests.soak.judging import (
    BACK_NS,
    DETECTED_NS,
    FLIPPED_NS,
    FOLLOWED_NS,
    UNDER_WAY_NS,
    Asked,
    Flows,
    Loss,
    ProductPath,
    may_be_left,
    withdrawn,
    wrong_after_answers,
    wrong_in_course,
    wrong_in_journal,
    wrong_statuses,
    wrong_when_settled,
)
from tests.soak.oracle import Expected
from tests.soak.state import State

from corridor.topologies.base.seconds import NS_PER_S

ENDS = {"d": ("a", "c")}
CROSSED = {("a-b", "a"): 10, ("b-c", "b"): 10}
DELAY_NS = {"a-b": 3, "b-c": 4, "a-c": 9}
AT = 100 * NS_PER_S
SERVED = Expected("d", "SERVED", "P", 7)
DOWN = Expected("d", "DOWN")
NEVER = Expected("d", "BLOCKED", blamed=frozenset({"R"}), ever=False)
DAY = date(2027, 7, 1)


def flows(lost=(), crossed=CROSSED, sent=10, repeated=0):
    return Flows({"d": [AT + n for n in range(sent)]}, {"d": list(lost)}, {"d": repeated},
                 {"d": crossed})  # fmt: skip


def course(*losses, asked=()):
    return ProductPath(State(), State(), begun_ns=AT, losses=list(losses), asked=list(asked))


def asked(change, *, done=True, died=False, reason=""):
    return Asked(change, done, died, reason, change.after(State()), AT)


def complaints(went, *outlooks, seen=None, gone=()):
    of_each = [{"d": one} for one in outlooks or (SERVED, SERVED)]
    return list(wrong_in_course(went, of_each, ENDS, seen or flows(), {}, gone))


CUT = Loss.of_fibres(("a-b",), AT)


@pytest.mark.parametrize(
    ("sent_ns", "loss", "is_explained"),
    [
        (AT, CUT, True),
        (AT - UNDER_WAY_NS, CUT, True),
        (AT - UNDER_WAY_NS - 1, CUT, False),
        (AT + FOLLOWED_NS, CUT, True),
        (AT + FOLLOWED_NS + 1, CUT, False),
        (AT + FOLLOWED_NS + DETECTED_NS, Loss.of_fibres(("a-b",), AT, silently=True), True),
        (AT, Loss.of_fibres(("a-c",), AT), False),
        (AT, Loss.of_hub("b", AT), True),
        (AT, Loss.of_hub("c", AT), True),
        (AT, Loss.of_hub("z", AT), False),
        (AT + 60 * NS_PER_S, Loss.of_hub("b", AT, until_settled=True), True),
        (AT + BACK_NS, Loss.of_everybody(AT), True),
        (AT + BACK_NS + 1, Loss.of_everybody(AT), False),
        (AT + BACK_NS + 1, Loss.of_everybody(AT, over_ns=AT + NS_PER_S), True),
        (AT + 60 * NS_PER_S, Loss.of_everybody(AT, until_settled=True), True),
        (AT - NS_PER_S, Loss.of_everybody(AT), False),
    ],
)
def test_a_loss_is_explained_by_what_broke_under_it_and_as_long_as_it_may_last(
    sent_ns, loss, is_explained
):
    found = complaints(course(loss), seen=flows([sent_ns]))
    assert (found == []) == is_explained


def test_a_loss_without_a_reason_is_told_with_its_time():
    (told,) = complaints(course(), seen=flows([AT + NS_PER_S // 2]))
    assert told.startswith("d was lawful all the time and lost 1 packets")
    assert "+0.500" in told


def test_who_was_not_lawful_all_the_time_may_lose():
    lost = flows([AT])
    assert complaints(course(), SERVED, DOWN, seen=lost) == []
    assert complaints(course(), DOWN, SERVED, seen=lost) == []
    assert complaints(course(), SERVED, SERVED, DOWN, seen=lost) == []


def test_who_is_never_lawful_gets_nothing_through():
    (told,) = complaints(course(), NEVER, NEVER)
    assert told == "d has no lawful path, and 10 packets arrived"
    assert complaints(course(), NEVER, SERVED) == []


@pytest.mark.parametrize(
    ("one", "state", "changed", "from_ns", "until_ns"),
    [
        (e.SetDay(DAY), SERVED, {"d"}, AT - UNDER_WAY_NS, AT + FLIPPED_NS),
        (e.SetDay(DAY), SERVED, set(), None, None),
        (e.SetPolicies("open"), NEVER, {"d"}, None, None),
    ],
    ids=["a day rules it again", "a day does not", "policies that are carried out"],
)
def test_a_change_that_is_made_takes_only_from_those_that_its_day_rules_anew(
    one, state, changed, from_ns, until_ns
):
    went = course(asked=[asked(one)])
    gone = list(withdrawn(went, lambda _world: {"d": state}, changed))
    for at_ns in (AT - UNDER_WAY_NS - 1, AT - UNDER_WAY_NS, AT + FLIPPED_NS, AT + FLIPPED_NS + 1):
        is_explained = from_ns is not None and from_ns <= at_ns <= until_ns
        assert (complaints(went, seen=flows([at_ns]), gone=gone) == []) == is_explained


@pytest.mark.parametrize(("state", "loses"), [(NEVER, True), (SERVED, False)])
def test_policies_that_are_not_carried_out_take_only_from_those_they_refuse(state, loses):
    went = course(asked=[asked(e.SetPolicies("shut"), done=False, died=True)])
    gone = list(withdrawn(went, lambda _world: {"d": state}, {"d"}))
    assert (complaints(went, seen=flows([AT + 60 * NS_PER_S]), gone=gone) == []) == loses


def test_a_mistake_in_the_journal_is_told_with_its_place():
    said = [
        {"event": "failed", "reason": "a switch went away"},
        {"event": "error", "do": "look", "message": "KeyError: 'x'", "where": "reconciler.py:12"},
    ]
    (told,) = wrong_in_journal(said)
    assert told == "the controller failed at look: KeyError: 'x'; reconciler.py:12"


@pytest.mark.parametrize(
    ("event", "may_be"),
    [
        ({"event": "failed"}, True),
        ({"event": "update", "left_over": ["x"]}, True),
        ({"event": "refused", "kind": "failed"}, True),
        ({"event": "refused", "kind": "busy"}, False),
        ({"event": "update"}, False),
        ({"event": "status"}, False),
    ],
)
def test_what_an_audit_may_find_has_been_told_before(event, may_be):
    assert may_be_left([{"event": "switch"}, event]) == may_be


@pytest.mark.parametrize(("counted", "is_right"), [(8, True), (7, False), (9, False)])
def test_every_frame_of_an_attack_is_counted_and_nothing_else(counted, is_right):
    went = course()
    went.attacked = (8, counted)
    assert (list(went.unnoticed()) == []) == is_right


def test_nothing_may_arrive_twice():
    assert complaints(course(), seen=flows(repeated=2)) == ["2 packets of d arrived more than once"]


def test_what_an_answered_change_forbids_is_gone_by_then():
    def told(one, after_ns):
        sent = Flows({"d": [AT + after_ns]}, {"d": []}, {}, {})
        return list(wrong_after_answers(course(asked=[one]), lambda _world: {"d": NEVER}, sent))

    late = 2_000_000
    assert told(asked(e.SetPolicies("shut")), late) != []
    assert told(asked(e.SetPolicies("shut")), 0) == []
    assert told(asked(e.SetPolicies("shut"), done=False), late) == []
    deferred = asked(e.SetDay(DAY), done=False, reason="deferred until x is back")
    assert told(deferred, late) != []


def settled(one, seen, broken=()):
    return list(wrong_when_settled({"d": one}, seen, DELAY_NS, broken))


def test_when_all_is_settled_the_shortest_lawful_path_is_taken_without_loss():
    assert settled(SERVED, flows()) == []
    assert settled(SERVED, flows([AT])) == ["d is to be served, and 1 of 10 packets were lost"]
    (longer,) = settled(SERVED, flows(crossed={("a-c", "a"): 10}))
    assert "goes by a-c" in longer
    (drained,) = settled(SERVED, flows(), broken={"b-c"})
    assert drained == "d is on b-c from b, which is dead or drained"


def test_a_switch_that_cannot_be_told_may_go_on_sending_onto_a_drained_fibre():
    gone = [AT + n for n in range(10)]
    astray = flows(gone, crossed={("a-b", "a"): 10})
    told = wrong_when_settled({"d": DOWN}, astray, DELAY_NS, {"a-b"}, {"a"})
    assert list(told) == []
    told = wrong_when_settled({"d": DOWN}, astray, DELAY_NS, {"a-b"}, {"b"})
    assert list(told) == ["d is on a-b from a, which is dead or drained"]


def test_when_all_is_settled_nothing_arrives_of_who_is_not_served():
    assert settled(DOWN, flows(range(AT, AT + 10), crossed={})) == []
    assert settled(DOWN, flows(range(AT, AT + 9), crossed={})) == [
        "d is DOWN, and 1 of 10 packets arrived"
    ]


def said(status, **more):
    told = {"demand": "d", "status": status, "permit": "P", "one_way_ns": 7, "reason": ""}
    return [{**told, "clause": "", **more}]


@pytest.mark.parametrize(
    ("expected", "told", "is_right"),
    [
        (SERVED, said("UP"), True),
        (SERVED, said("DEGRADED", reason="no detour around link:x"), True),
        (SERVED, said("DEGRADED", reason="bridged around link:x"), False),
        (SERVED, said("BLOCKED"), False),
        (SERVED, said("UP", permit="Q"), False),
        (SERVED, said("UP", one_way_ns=8), False),
        (SERVED, [], False),
        (NEVER, said("BLOCKED", clause="R avoid"), True),
        (NEVER, said("BLOCKED", clause="RR avoid"), False),
        (NEVER, said("DOWN"), False),
        (DOWN, said("DOWN"), True),
        (DOWN, said("UNKNOWN"), False),
    ],
)
def test_statuses_are_those_of_the_oracle(expected, told, is_right):
    assert (list(wrong_statuses({"d": expected}, told)) == []) == is_right


OLD, NEW = State(), State(policies="open")
REFUSED = {"done": False, "reason": "no"}


@pytest.mark.parametrize(
    ("step", "answer", "outcomes"),
    [
        (None, {}, [NEW]),
        (None, REFUSED, [OLD]),
        ("beside", {**REFUSED, "died": True}, [OLD]),
        ("half flipped", {**REFUSED, "died": True}, [NEW]),
        ("removed", {**REFUSED, "died": True}, [NEW]),
        (40, {**REFUSED, "died": True}, [OLD, NEW]),
    ],
)
def test_what_may_be_in_force_follows_from_the_answer_and_where_the_controller_died(
    step, answer, outcomes
):
    went = ProductPath(OLD, NEW, asked=[asked(e.SetPolicies("open"), **answer)])
    assert went.outcomes(step) == outcomes


def test_a_controller_that_died_after_it_withdrew_demands_may_finish_what_it_was_asked():
    answer = {**REFUSED, "died": True}
    went = ProductPath(OLD, NEW, asked=[asked(e.SetPolicies("open"), **answer)], withdrew=True)
    assert went.outcomes("beside") == [OLD, NEW]


def test_a_day_is_in_force_however_it_was_answered():
    for answer in (REFUSED, {**REFUSED, "died": True}):
        went = ProductPath(OLD, replace(OLD, day=DAY), asked=[asked(e.SetDay(DAY), **answer)])
        assert went.outcomes("beside") == [replace(OLD, day=DAY)]


def test_a_refusal_is_a_complaint_unless_something_else_explains_it():
    went = ProductPath(OLD, NEW, asked=[asked(e.SetPolicies("open"), **REFUSED)])
    assert list(went.refused()) == ["SetPolicies(name=open) was refused: no"]
    went.may_refuse = True
    assert list(went.refused()) == []
