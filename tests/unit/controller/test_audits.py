"""Audits: what switches hold and should not, what they lack, and what comes of it."""

from dataclasses import replace

from corridor.controller.forwarding.program import FastFailover, Table
from lab_views import NETWORK, ask, foreign, status


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
