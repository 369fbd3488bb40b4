"""How often tables are read, and of which switches: all at a start and at audits, else those that
received something."""

from corridor.controller.forwarding.program import (
    Flow,
    Program,
    Reason,
    SwitchProgram,
    Table,
    cookie,
)
from corridor.controller.forwarding.two_phase_plan import update
from fake_switches import Lab
from lab_views import FIBRE, KNOWN, NETWORK, ask, foreign

ALL = frozenset(hub.dpid for hub in NETWORK.hubs)


def calls(lab, *names):
    return [(name, dpids) for name, dpids in lab.switches.done if name in names]


def test_a_start_reads_all_switches_and_then_only_edges_again(tmp_path):
    lab = Lab(KNOWN, NETWORK, tmp_path / "state.json")
    lab.connect()
    lab.run(0.5)
    (edges,) = (dpids for _, dpids in calls(lab, "bundle"))
    assert edges
    assert [dpids for _, dpids in calls(lab, "dump")] == [ALL, ALL, edges]
    assert lab.holds() == lab.stands()


def test_an_audit_reads_again_what_it_has_put_right(lab):
    dpid = NETWORK.hub("guian").dpid
    lab.switches.held[dpid].flows[foreign().key] = foreign()
    lab.switches.done.clear()
    assert not ask(lab, do="audit")["was_whole"]
    assert [dpids for _, dpids in calls(lab, "dump")] == [ALL, {dpid}]


def test_an_update_reads_only_switches_that_received_something(lab):
    lab.switches.done.clear()
    lab.port(FIBRE, live=False)
    lab.run(5)
    told = frozenset().union(*(dpids for _, dpids in calls(lab, "tell", "bundle")))
    beside, removed = (dpids for _, dpids in calls(lab, "dump"))
    assert beside == removed == told
    assert lab.holds() == lab.stands()


def test_a_switch_whose_tables_stay_is_not_touched():
    def entry(serial):
        mark = cookie(Reason.SWITCH, serial=serial)
        return Flow(Table.SWITCH, 9, (("in_port", serial),), (), None, mark)

    old, new = (
        Program(
            (SwitchProgram("a", 1, (entry(0), entry(n))), SwitchProgram("b", 2, (entry(0),))), ()
        )
        for n in (1, 2)
    )
    assert update(old, new).touched == {1}
