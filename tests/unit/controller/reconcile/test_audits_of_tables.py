"""Audits: unexpected and missing entries of switches, and the repairs.

What a rollout that broke off may have left is taken away before the next begins.
"""

from dataclasses import replace
from types import SimpleNamespace

from corridor.controller.forwarding.program import COOKIE_MAGIC, FastFailover, Meter, Table, group
from corridor.controller.reconcile.rollouts import Rollouts
from lab_views import FIBRE, KNOWN, NETWORK, ask, foreign, status


def test_an_audit_takes_away_what_is_foreign_puts_back_what_is_missing_and_counts(lab):
    dpid = NETWORK.hub("guian").dpid
    held = lab.switches.held[dpid].flows
    gone = next(key for key, flow in held.items() if flow.table == Table.SWITCH)
    del held[gone]
    held[foreign().key] = foreign()
    lab.run(1001)
    assert lab.holds() == lab.stands()
    repaired = lab.events("repaired")[-1]
    assert (list(repaired["foreign"]), repaired["missing"]) == (["guian"], {"guian": 1})
    assert ask(lab, do="status")["foreign"] == 1


def test_an_audit_tells_of_groups_that_are_nobodys_or_gone(lab):
    held = lab.switches.held[NETWORK.hub("guian").dpid].groups
    held[0xFFFFF0] = FastFailover(0xFFFFF0, ())
    number, buckets = next(iter(held.items()))
    held[number] = replace(buckets, buckets=buckets.buckets[:1])
    assert not ask(lab, do="audit")["was_whole"]
    assert lab.holds() == lab.stands()
    assert lab.events("repaired")[-1]["groups_and_meters"] == {"guian": 2}
    assert ask(lab, do="audit")["was_whole"]


def test_an_entry_that_uses_a_strangers_group_or_meter_is_replaced_before_these_go(lab):
    """A switch that removes a group removes the entries that use it, too."""
    held = lab.switches.held[NETWORK.hub("guian").dpid]
    held.groups[0xFFFFF0] = FastFailover(0xFFFFF0, ())
    held.meters[0xFFF0] = Meter(0xFFF0, 1, 1)
    turned, slowed = [key for key, one in held.flows.items() if one.table == Table.SWITCH][:2]
    held.flows[turned] = replace(held.flows[turned], actions=(group(0xFFFFF0),))
    held.flows[slowed] = replace(held.flows[slowed], meter=0xFFF0)
    assert not ask(lab, do="audit")["was_whole"]
    assert lab.holds() == lab.stands()
    assert 0xFFFFF0 not in held.groups
    assert 0xFFF0 not in held.meters


def test_tables_that_cannot_be_put_right_make_every_status_unknown(lab):
    dpid = NETWORK.hub("guian").dpid

    def stubborn(_call, _orders):
        lab.switches.held[dpid].flows[foreign().key] = foreign()

    lab.switches.before = stubborn
    assert not lab.do("ask_audit")["ok"]
    assert {str(one.status) for one in lab.event_log.statuses.values()} == {"UNKNOWN"}
    lab.switches.before = lambda _call, _orders: None
    assert lab.do("ask_audit")["ok"]
    assert status(lab, "train") == "UP"


def test_a_switch_that_comes_back_does_not_vouch_for_another_that_could_not_be_put_right(lab):
    dpid = NETWORK.hub("guian").dpid

    def stubborn(_call, orders):
        if dpid in orders:
            lab.switches.held[dpid].flows[foreign().key] = foreign()

    lab.switches.before = stubborn
    assert not lab.do("ask_audit")["ok"]
    lab.lose("kunming")
    lab.connect("kunming")
    assert not lab.do("look")["ok"]
    assert ask(lab, do="status")["unproven"] == "guian differ from the intended tables"
    lab.switches.before = lambda _call, _orders: None
    assert lab.do("look")["ok"]
    assert not ask(lab, do="status")["unproven"]
    assert lab.holds() == lab.stands()


def test_a_switch_that_comes_back_is_read_alone_while_all_is_proven(lab):
    lab.lose("kunming")
    lab.connect("kunming")
    lab.switches.done.clear()
    assert lab.do("look")["ok"]
    assert lab.switches.done == [("dump", {NETWORK.hub("kunming").dpid})]


def test_an_audit_takes_away_what_nobody_can_read_says_how_much_and_leaves_ours(lab):
    held = lab.switches.held[NETWORK.hub("guian").dpid]
    held.unread = [0, 0x1234]
    assert not ask(lab, do="audit")["was_whole"]
    assert not held.unread
    assert lab.holds() == lab.stands()
    repaired = lab.events("repaired")[-1]
    assert (repaired["unread"], repaired["missing"]) == ({"guian": 2}, {})
    assert ask(lab, do="status")["foreign"] == 2
    assert ask(lab, do="audit")["was_whole"]


def test_what_nobody_can_read_and_has_our_mark_makes_every_status_unknown_and_is_named(lab):
    held = lab.switches.held[NETWORK.hub("guian").dpid]
    held.unread = [COOKIE_MAGIC << 48]
    answer = ask(lab, do="audit")
    assert answer["reason"] == "guian: 1 of its entries could not be read"
    assert ask(lab, do="status")["unproven"] == "guian: 1 of its entries could not be read"
    assert {str(one.status) for one in lab.event_log.statuses.values()} == {"UNKNOWN"}


def test_updates_wait_until_what_nobody_can_read_is_gone(lab):
    lab.switches.held[NETWORK.hub("guian").dpid].unread = [5]
    answer = ask(lab, do="drain", fibre=FIBRE)
    assert not answer["ok"]
    assert "guian: 1 of its entries could not be read" in answer["reason"]
    lab.run(5)
    assert lab.events("repaired")[-1]["unread"] == {"guian": 1}
    assert ask(lab, do="drain", fibre=FIBRE)["ok"]


def test_a_controller_that_starts_takes_away_what_nobody_can_read(lab):
    lab.switches.held[NETWORK.hub("guian").dpid].unread = [5]
    lab.start(KNOWN)
    lab.connect()
    lab.run(3)
    assert lab.events("taken over")[-1]["unread"] == {"guian": 1}
    assert lab.holds() == lab.stands()
    assert not lab.switches.held[NETWORK.hub("guian").dpid].unread


def test_a_trace_of_what_is_held_says_where_something_cannot_be_read(lab):
    lab.switches.held[NETWORK.hub("guian").dpid].unread = [5]
    answer = ask(lab, do="trace", demand="train", live=True)
    assert (answer["ok"], answer["kind"]) == (False, "failed")
    assert "where packets go: guian: 1 of its entries could not be read" in answer["reason"]
    assert ask(lab, do="trace", demand="train")["ok"]


def network(*, left_over, told=frozenset({1, 2})):
    audits = []
    deployer = SimpleNamespace(audit=lambda *given: audits.append(given))
    return SimpleNamespace(left_over=left_over, told=told, deployer=deployer), audits


def test_what_may_be_left_is_looked_for_once():
    state, audits = network(left_over=True)
    Rollouts(state).tidy_up()
    Rollouts(state).tidy_up()
    assert audits == [(frozenset({1, 2}), "left over")]
    assert not state.left_over


def test_nobody_is_asked_where_nothing_is_left():
    state, audits = network(left_over=False)
    Rollouts(state).tidy_up()
    assert audits == []


def test_it_stays_to_be_done_while_no_switch_is_there():
    state, audits = network(left_over=True, told=frozenset())
    Rollouts(state).tidy_up()
    assert audits == []
    assert state.left_over
