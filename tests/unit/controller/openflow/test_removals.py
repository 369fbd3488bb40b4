"""Entries leave switches in few orders, and none that is to stay goes with them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from corridor.controller.forwarding.program import (
    COOKIE_MAGIC,
    ByCookie,
    Flow,
    Program,
    Reason,
    SwitchProgram,
    Table,
    cookie,
)
from corridor.controller.forwarding.two_phase_plan import update
from corridor.controller.openflow.modifications import add, entries_of_the_old, off
from fake_switches import Held


def entry(number: int, policy: int, serial: int, reason: Reason = Reason.SWITCH) -> Flow:
    mark = cookie(reason, policy=policy, serial=serial)
    return Flow(Table.SWITCH, 9, (("in_port", number),), (), None, mark)


COOKIES = st.tuples(
    st.integers(0, 3), st.integers(0, 2), st.sampled_from((Reason.SWITCH, Reason.BFD))
)


@given(st.lists(COOKIES, max_size=12), st.sets(st.integers(0, 11)))
def test_what_is_to_go_goes_and_what_is_to_stay_stays(cookies, going):
    held = Held()
    flows = [entry(number, *one) for number, one in enumerate(cookies)]
    for order in add(flows):
        held.obey(order)
    gone = [flow for number, flow in enumerate(flows) if number in going]
    kept = [flow for number, flow in enumerate(flows) if number not in going]
    for order in off(gone, kept):
        held.obey(order)
    assert [*held.flows.values()] == kept


def test_an_epoch_leaves_a_switch_in_one_order():
    shared = entry(0, 0, 0)
    old, new = ([entry(n, n, serial) for n in range(1, 90)] for serial in (1, 2))
    step = update(*(Program((SwitchProgram("guian", 1, (shared, *f)),), ()) for f in (old, new)))
    (order,) = entries_of_the_old(step)[1]
    assert order.what == ByCookie(COOKIE_MAGIC << 48 | 1, 0xFFFF_0000_0000_FFFF)


def test_demands_leave_one_by_one_where_others_of_their_epoch_stay():
    stay, go = entry(1, 1, 1), [entry(n, 2 + n % 2, 1) for n in range(2, 40)]
    assert len([*off(go, [stay])]) == 2


def test_entries_leave_one_by_one_where_others_of_their_demand_stay():
    stay, go = entry(1, 1, 1), [entry(n, 1, 1) for n in range(2, 40)]
    assert [order.what for order in off(go, [stay])] == go
