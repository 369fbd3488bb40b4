"""The account of packets: it closes where all counts agree, and does not where one is wrong."""

from __future__ import annotations

import copy
import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.controller.forwarding.program import Flow, Program, Reason, SwitchProgram, cookie
from corridor.experiments.account import switches
from corridor.experiments.account.account_of_run import (
    Account,
    _connections,
    to_arrow,
    write_account,
)
from corridor.experiments.account.counters import Counted
from corridor.experiments.account.ends import Ends, Segments, segments_of
from corridor.experiments.account.ledger import Ledger
from corridor.experiments.account.packet_classes import CONTROL, OTHER, Cause, split
from corridor.experiments.account.run_files import StatusEvent
from corridor.experiments.lab.account_readings import counting_all
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.plan.values import PlannedEvent
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.model.wiring import ALL_PPM, GatewayWire
from counted_network import (
    CLASSES,
    PATHS,
    PLAN,
    PROBES_OF_FAR,
    STREAM_OF_FAR,
    STREAM_OF_NEAR,
    CountedNetwork,
    lost,
)

CUT = PlannedEvent("dig", "cut", "two", {}, 1_000, 2_000)


def lossy(**shares: float):
    """The plan with some loss declared on fibres."""
    fibres = tuple(
        dataclasses.replace(
            fibre, forward=dataclasses.replace(fibre.forward, loss_ppm=shares.get(fibre.fibre, 0))
        )
        for fibre in PLAN.wiring.fibres
    )
    wiring = dataclasses.replace(PLAN.wiring, fibres=fibres)
    return dataclasses.replace(PLAN, wiring=wiring)


def test_an_account_of_packets_that_all_arrive_closes_with_nothing_lost():
    network = CountedNetwork()
    network.send(PROBES_OF_FAR, 7)
    network.read("end")
    found = network.ledger()
    (line,) = found.lines
    assert found.closes
    assert (line.sent, line.delivered, line.lost, line.in_flight) == (7, 7, 0, 0)


def test_what_a_full_queue_dropped_stands_under_queue_at_its_fibre():
    network = CountedNetwork()
    network.send(STREAM_OF_FAR, 40)
    network.send(STREAM_OF_FAR, 9, until="s2p3", drop="queue")
    network.read("end")
    found = network.ledger()
    assert found.closes
    assert lost(found, STREAM_OF_FAR) == {"queue": 9}
    (loss,) = found.lines[0].losses
    assert (loss.place, loss.shared) == ("two:guian->karachi", 0)


def test_what_a_queue_marked_is_told_of_its_fibre_and_is_no_loss():
    network = CountedNetwork()
    network.send(PROBES_OF_FAR, 5)
    network.fibres["s2p3"]["ce_marks"] = 3
    network.read("end")
    found = network.ledger()
    assert found.closes
    assert [one.ce_marks for one in found.fibres if one.ce_marks] == [3]
    assert not any(one.losses for one in found.fibres)


def test_what_fibres_lose_of_packets_of_no_demand_is_said():
    network = CountedNetwork()
    network.send(PROBES_OF_FAR, 7)
    network.send(OTHER, 3, until="s2p3", drop="queue")
    network.read("end")
    found = network.ledger()
    assert found.closes
    assert found.unsure == ("3 packets without a demand were lost; they are listed by fibre only",)


def test_what_is_on_a_fibre_at_the_end_is_in_flight_and_not_lost():
    network = CountedNetwork()
    network.send(STREAM_OF_FAR, 3, until="s2p3")
    network.read("end")
    found = network.ledger()
    assert found.closes
    assert (found.lines[0].in_flight, found.lines[0].lost) == (3, 0)


def test_what_was_under_way_before_counting_began_is_not_missed():
    network = CountedNetwork()
    network.readings[0].fibres["s2p3"]["control_backlog_packets"] = 1
    network.fibres["s2p3"]["control_backlog_packets"] = 1
    network.passed["s2p3", 1, CONTROL] += 4
    network.passed["s3p2", 0, CONTROL] += 4
    network.fibres["s2p3"]["control_packets"] += 4
    network.read("end")
    found = network.ledger()
    assert found.problems == ()
    assert [
        (one.direction.name, one.entered, one.arrived) for one in found.fibres if one.entered
    ] == [("two:guian->karachi", 5, 4)]
    assert_fibres_close(found)


def assert_fibres_close(found: Ledger) -> None:
    for one in found.fibres:
        lost = sum(loss.packets for loss in one.losses)
        assert one.entered == one.arrived + lost, one.direction.name


def test_what_was_on_a_fibre_when_it_was_cut_is_lost_by_the_event():
    network = CountedNetwork()
    network.send(STREAM_OF_FAR, 5, until="s2p3")
    network.read(at_ns=1_000)
    network.fibres["s2p3"]["backlog_packets"] = 0
    network.off = ["s2p3", "s3p2"]
    network.read(at_ns=1_000, do="cut", event="dig")
    network.read("end")
    (loss,) = network.ledger().lines[0].losses
    assert (loss.cause.kind, loss.cause.event, loss.packets) == ("fault", "dig", 5)


def test_what_went_in_after_its_queue_was_read_is_not_lost_by_an_event():
    """On a slow processor packets pass while counters are read, one after another."""
    network = CountedNetwork()
    network.send(STREAM_OF_FAR, 5)
    network.off = ["s2p3", "s3p2"]
    network.read(at_ns=1_000, do="cut", event="dig")
    network.off = []
    network.send(STREAM_OF_FAR, 9, until="s2p3")
    network.fibres["s2p3"]["backlog_packets"] = 0
    into = network.said.interfaces.index("s2p3")
    network.read(at_ns=2_000, do="repair", event="dig", moving=[[into, 1, 0]])
    network.fibres["s2p3"]["backlog_packets"] = 9
    network.read("end")
    found = network.ledger()
    assert found.closes
    assert (found.lines[0].in_flight, found.lines[0].lost) == (9, 0)


def test_what_a_cut_took_is_told_by_the_next_reading_where_packets_moved_during_the_first():
    network = CountedNetwork()
    network.send(STREAM_OF_FAR, 5, until="s2p3")
    network.read(at_ns=1_000)
    network.fibres["s2p3"]["backlog_packets"] = 0
    into = network.said.interfaces.index("s2p3")
    network.off = ["s2p3", "s3p2"]
    network.read(at_ns=1_000, do="cut", event="dig", moving=[[into, 1, 0]])
    network.off = []
    network.read("end")
    (loss,) = network.ledger().lines[0].losses
    assert (loss.cause.kind, loss.cause.event, loss.packets) == ("fault", "dig", 5)


def test_packets_sent_as_switches_start_again_may_be_missing_in_the_counts_of_their_queue():
    network = CountedNetwork()
    network.read(at_ns=1_000)
    network.send(STREAM_OF_FAR, 3)
    network.fibres["s2p3"]["sent_packets"] = 0
    network.read(at_ns=1_000, do="restart-switches", event="again")
    network.send(STREAM_OF_FAR, 2)
    network.read("end")
    assert network.ledger().problems == ()


@pytest.mark.parametrize("sent_before", [0, 90])
def test_a_packet_that_arrived_just_before_a_silent_cut_may_be_missing_in_the_counts_of_its_queue(
    sent_before,
):
    """The cut replaces the queue, and what was counted since the reading before goes with it."""
    network = CountedNetwork()
    network.send(STREAM_OF_FAR, sent_before)
    network.send(STREAM_OF_FAR, 8, until="s2p3")
    network.read(at_ns=1_000)
    for interface, side in (("s3p2", 0), ("s3", 1)):
        network.passed[interface, side, STREAM_OF_FAR] += 1
    network.received[STREAM_OF_FAR] += 1
    network.fibres["s2p3"].update(sent_packets=0, backlog_packets=0)
    network.losing = {"s2p3": ALL_PPM, "s3p2": ALL_PPM}
    network.read(at_ns=1_000, do="silence", event="dig")
    network.read("end")
    found = network.ledger()
    assert found.problems == ()
    (loss,) = found.lines[0].losses
    assert (loss.cause.kind, loss.cause.event, loss.packets) == ("fault", "dig", 7)


def test_a_queue_that_was_replaced_without_a_cause_is_a_problem():
    network = CountedNetwork()
    network.send(STREAM_OF_FAR, 90)
    network.read(at_ns=1_000)
    network.send(STREAM_OF_FAR, 8)
    network.fibres["s2p3"]["sent_packets"] = 0
    network.read("end")
    (problem,) = network.ledger().problems
    assert problem.endswith("its queue has sent -8 packets more than came")


@pytest.mark.parametrize("sent", [-1, 1])
def test_packets_that_a_queue_has_sent_otherwise_than_they_came_are_a_problem(sent):
    network = CountedNetwork()
    network.send(STREAM_OF_FAR, 3)
    network.fibres["s2p3"]["sent_packets"] += sent
    network.read("end")
    (problem,) = network.ledger().problems
    assert problem.endswith(f"its queue has sent {sent} packets more than came")


def test_what_arrives_while_something_else_is_cut_is_no_loss_of_a_fibre_that_stays():
    network = CountedNetwork()
    network.read(at_ns=1_000)
    network.send(STREAM_OF_FAR, 1)
    network.passed["s3p2", 0, STREAM_OF_FAR] -= 1
    network.passed["s3", 1, STREAM_OF_FAR] -= 1
    network.read(at_ns=1_000, do="cut", event="dig")
    network.passed["s3p2", 0, STREAM_OF_FAR] += 1
    network.passed["s3", 1, STREAM_OF_FAR] += 1
    network.read("end")
    found = network.ledger()
    assert (found.closes, found.lines[0].lost) == (True, 0)


def test_what_a_silent_fibre_loses_is_not_random_loss():
    network = CountedNetwork(lossy(two=10.0))
    network.send(STREAM_OF_FAR, 2, until="s2p3", drop="line")
    network.read()
    network.losing = {"s2p3": ALL_PPM}
    network.read(do="silence", event="dig")
    network.send(STREAM_OF_FAR, 4, until="s2p3", drop="line")
    network.read("end")
    assert lost(network.ledger(), STREAM_OF_FAR) == {"random loss": 2, "fault": 4}


def test_what_a_delay_line_dropped_that_loses_nothing_at_random_found_it_full():
    network = CountedNetwork()
    network.send(STREAM_OF_FAR, until="s2p3", drop="line")
    network.read("end")
    (loss,) = network.ledger().lines[0].losses
    assert (loss.cause.kind, loss.cause.reason) == ("queue", "the delay line was full")


def test_two_demands_that_lose_by_two_causes_at_once_keep_their_sums_and_are_said_to_share():
    network = CountedNetwork(lossy(one=10.0))
    network.send(STREAM_OF_FAR, 30, until="s1p2", drop="queue")
    network.send(STREAM_OF_NEAR, 60, until="s1p2", drop="queue")
    network.send(STREAM_OF_NEAR, 9, until="s1p2", drop="line")
    network.read("end")
    found = network.ledger()
    assert found.closes
    far, near = lost(found, STREAM_OF_FAR), lost(found, STREAM_OF_NEAR)
    assert (sum(far.values()), sum(near.values())) == (30, 69)
    assert far["queue"] + near["queue"] == 90
    assert "which lost which is by shares" in " ".join(found.unsure)


def test_what_a_switch_did_not_send_on_is_by_the_event_that_took_its_port():
    plan = dataclasses.replace(PLAN, events=(CUT,))
    network = CountedNetwork(plan)
    network.read(at_ns=1_500)
    network.send(STREAM_OF_FAR, 6, until="s2p2")
    network.read("end", at_ns=1_900)
    found = network.ledger()
    assert found.closes
    (loss,) = found.lines[0].losses
    assert (loss.place, loss.cause.kind, loss.cause.event) == ("guian", "switch", "dig")


def test_what_waits_for_policies_to_let_it_pass_is_kept_back_by_them_and_by_no_event_before():
    """Their roll-out takes a moment, in which packets are dropped though more is allowed."""
    plan = dataclasses.replace(PLAN, events=(CUT,))
    told = [
        StatusEvent(at_ns=at_ns, demand="far", status=status)
        for status, at_ns in (("BLOCKED", 100), ("UP", 1_700))
    ]
    network = CountedNetwork(plan)
    network.read(at_ns=1_500)
    network.send(STREAM_OF_FAR, 6, until="s1")
    network.send(STREAM_OF_FAR, 4)
    network.read("end", at_ns=1_900)
    found = network.ledger(told=told)
    assert found.closes
    assert lost(found, STREAM_OF_FAR) == {"policy": 6}


@pytest.mark.parametrize(("events", "event"), [((), ""), ((CUT,), "dig")])
def test_what_went_into_a_gateway_and_did_not_come_out_stands_under_gateway(
    events, event, monkeypatch
):
    gateway = GatewayWire("g-in", "g-out", "02:00:00:00:00:01", "02:00:00:00:00:02")
    hubs = tuple(
        dataclasses.replace(hub, gateway=gateway) if hub.hub == "guian" else hub
        for hub in PLAN.wiring.hubs
    )
    wiring = dataclasses.replace(PLAN.wiring, hubs=hubs)
    monkeypatch.setitem(PATHS, "near", ("s1", "s1p2", "s2p2", "g-in", "g-out", "s2"))
    network = CountedNetwork(dataclasses.replace(PLAN, wiring=wiring, events=events))
    network.read(at_ns=1_500)
    network.send(STREAM_OF_NEAR, 20)
    network.send(STREAM_OF_NEAR, 6, until="g-in")
    network.read("end", at_ns=1_900)
    found = network.ledger()
    assert found.closes, found.problems
    (loss,) = found.lines[0].losses
    assert (loss.place, loss.packets) == ("gateway guian", 6)
    assert (loss.cause.kind, loss.cause.event) == ("gateway", event)


def test_what_a_switch_did_not_send_on_for_no_reason_makes_the_account_not_close():
    network = CountedNetwork()
    network.send(STREAM_OF_FAR, 6, until="s2p2")
    network.read("end")
    found = network.ledger()
    assert (found.closes, found.off_by) == (False, 6)
    assert "guian: 6 packets were not forwarded" in " ".join(found.problems)


def metered():
    """The plan with a meter for what far sends, which is the third demand."""
    given = Flow(2, 100, (), (), 4, cookie(Reason.LABEL, policy=5), meter=1)
    switch = SwitchProgram("shanghai", 1, (given,))
    return dataclasses.replace(PLAN, program=Program((switch,), ()))


@pytest.mark.parametrize(("counted", "closes"), [(8, True), (5, False), (11, False)])
def test_what_meters_dropped_has_to_be_what_is_missing_where_they_are(counted, closes):
    network = CountedNetwork(metered())
    network.send(STREAM_OF_FAR, 8, until="s1")
    network.meters = counted
    network.read("end")
    found = network.ledger()
    assert found.closes is closes
    assert lost(found, STREAM_OF_FAR)["meter"] == min(8, counted)


def whole_run() -> CountedNetwork:
    """Packets of two demands, some of which are lost, by one cause at a time."""
    network = CountedNetwork(lossy(one=10.0))
    network.send(STREAM_OF_FAR, 50)
    network.send(STREAM_OF_NEAR, 20)
    network.send(STREAM_OF_NEAR, 4, until="s1p2", drop="queue")
    network.read("middle")
    network.send(STREAM_OF_FAR, 2, until="s1p2", drop="line")
    network.send(PROBES_OF_FAR, 5)
    network.read("end")
    return network


PASSED = [tuple(one[:3]) for one in whole_run().readings[-1].passed]
FIBRES = [(name, key) for name in ("s1p2", "s2p3") for key in ("queue_drops", "line_drops")]


def test_a_run_with_several_losses_closes():
    assert whole_run().ledger().closes


@pytest.mark.parametrize("off", [-1, 1])
@pytest.mark.parametrize("where", PASSED)
def test_an_account_in_which_one_point_has_counted_one_packet_wrongly_does_not_close(where, off):
    network = whole_run()
    for row in network.readings[-1].passed:
        if tuple(row[:3]) == where:
            row[3] += off
            row[4] += off
    assert not network.ledger().closes


@pytest.mark.parametrize("where", FIBRES)
def test_an_account_in_which_a_queue_has_counted_one_packet_wrongly_does_not_close(where):
    network = whole_run()
    name, key = where
    network.readings[-1].fibres[name][key] += 1
    assert not network.ledger().closes


@pytest.mark.parametrize("end", ["sent", "received"])
def test_an_account_in_which_a_host_has_counted_one_packet_wrongly_does_not_close(end):
    network = whole_run()
    ends = Ends(copy.copy(network.sent), copy.copy(network.received))
    getattr(ends, end)[STREAM_OF_FAR] += 1
    assert not network.ledger(ends).closes


@pytest.mark.parametrize(("unheard", "off_by"), [(3, 0), (7, 0), (2, 1), (0, 3)])
def test_datagrams_that_came_when_nobody_listened_are_lost_at_their_host(unheard, off_by):
    network = CountedNetwork()
    network.send(STREAM_OF_FAR, 5)
    network.received[STREAM_OF_FAR] -= 3
    network.read("end")
    (line,) = (one for one in CLASSES if one.number == STREAM_OF_FAR)
    found = network.ledger(Ends(network.sent, network.received, unheard={line.dst: unheard}))
    assert (found.off_by, found.closes) == (off_by, not off_by)
    said = {one.cause.reason: one.packets for one in found.lines[0].losses}
    assert said == ({"no socket was bound to its port": min(3, unheard)} if unheard else {})


def test_packets_that_no_host_counts_are_taken_from_the_ports_and_that_is_said():
    network = CountedNetwork()
    network.send(STREAM_OF_FAR, 5)
    network.read("end")
    found = network.ledger(Ends({}, {}))
    assert found.closes
    assert found.unsure[0].startswith("5 packets of TCP")


@pytest.mark.parametrize(
    ("sent", "closes"), [(5, True), (4, True), (0, True), (6, False), (-4, False)]
)
def test_packets_of_tcp_are_held_against_what_sockets_have_sent(sent, closes):
    """A port may have counted a few of each connection more, and none fewer."""
    network = CountedNetwork()
    network.send(STREAM_OF_FAR, 5)
    network.read("end")
    found = network.ledger(Ends({}, {}, segments={STREAM_OF_FAR: Segments(sent, 1)}))
    assert found.closes == closes
    if closes:
        assert f"sockets counted {sent} of them" in found.unsure[0]
    else:
        assert f"{sent} segments were sent by the count of their sockets" in found.problems[0]


def test_a_port_that_was_down_is_not_held_against_sockets():
    network = CountedNetwork()
    network.off = ["s1"]
    network.read()
    network.off = []
    network.send(STREAM_OF_FAR, 5)
    network.read("end")
    assert network.ledger(Ends({}, {}, segments={STREAM_OF_FAR: Segments(9, 1)})).closes


def test_segments_are_told_of_demands_whose_connections_all_came_to_their_end(tmp_path):
    number = next(
        one.number
        for one in CLASSES
        if (one.demand, one.kind, one.direction) == ("far", "message", "forward")
    )
    by_number = {one.number: one for one in CLASSES}
    lines = [{"c": 1, "end": {"segs_out": 4}}, {"c": 2, "end": {"segs_out": 5}}, {"m": 1}]
    path = tmp_path / f"messages-{by_number[number].src}.jsonl"
    path.write_text("".join(f"{json.dumps(one)}\n" for one in lines))
    assert segments_of(tmp_path, by_number, {1: "far", 2: "far"}) == {number: Segments(9, 2)}
    assert segments_of(tmp_path, by_number, {1: "far", 2: "far", 3: "far"}) == {}
    path.write_text(path.read_text() + '{"c": 2, "failed": "reset", "at_ns": 1}\n')
    assert segments_of(tmp_path, by_number, {1: "far", 2: "far"}) == {}


SELDOM = """schema: 1
name: seldom
topology: mini
probe: {interval: 20ms, count: 50}
demands: [{id: one, class: render, src: shanghai, dst: karachi}]
workloads:
  - {id: rare, kind: requests, class: render, interval: 800ms, up: 4kB, down: 30kB,
     transport: {connections: 6}}
"""


def test_connections_without_messages_are_of_their_demand_too(tmp_path):
    (tmp_path / "seldom.yaml").write_text(SELDOM)
    loaded = load_scenario(str(tmp_path / "seldom.yaml"))
    plan = make_plan(loaded, clock="virtual", run_id="c0", seed=1)
    used = {row.connection for row in plan.messages.rows()}
    of_all = _connections(plan)
    assert len(used) < len(of_all) == 6
    assert set(of_all.values()) == {"one"}


@given(
    st.dictionaries(st.integers(1, 9), st.integers(1, 500), min_size=1, max_size=6),
    st.lists(st.integers(0, 100), min_size=3, max_size=3),
)
def test_what_is_shared_out_among_causes_keeps_both_sums(rows, weights):
    total = sum(rows.values())
    first = min(total, weights[0])
    second = min(total - first, weights[1])
    names = ("queue", "random loss", "fault")
    columns = dict(zip(map(Cause, names), (first, second, total - first - second), strict=True))
    found = split(rows, columns)
    for number, packets in rows.items():
        assert sum(n for (row, _), (n, _) in found.items() if row == number) == packets
    for cause, packets in columns.items():
        assert sum(n for (_, one), (n, _) in found.items() if one == cause) == packets
    assert all(0 <= shared <= n for n, shared in found.values())


def test_the_rows_of_a_class_in_the_table_come_to_what_was_sent():
    found = whole_run().ledger()
    rows = to_arrow(found).to_pylist()
    for line in found.lines:
        mine = [row for row in rows if (row["demand"], row["kind"]) == line.of[1:3]]
        assert sum(row["packets"] for row in mine) == line.sent


def test_where_and_by_what_a_demand_lost_packets_is_told_by_the_account():
    account = Account(whole_run().ledger())
    assert account.lost_at("near", "stream") == {"one:shanghai->guian queue": 4}
    assert account.lost_by("far", "stream") == {"random loss": 2}
    assert Account(None).lost_at("near", "stream") is None


def test_where_a_kernel_cannot_count_that_is_said_and_nothing_is_zero_or_not_valid(tmp_path):
    why = "this kernel cannot count them (that takes tcx, of Linux 6.6): Invalid argument"
    uncounted = Account(None, why)
    assert write_account(tmp_path, uncounted) is None
    assert uncounted.warnings == [f"no account of packets, by demand or by fibre: {why}"]
    assert uncounted.lost_at("far", "stream") is None
    assert list(tmp_path.iterdir()) == []


def test_meters_have_dropped_what_they_counted_since_the_first_reading():
    assert switches._dropped({1: 5, 2: 0}, {1: 7, 2: 1, 3: 4}) == 7
    assert switches._dropped({1: 5}, {2: 1}) is None


# What fibres counted before switches were restarted counts as well.


def test_what_fibres_counted_before_each_restart_is_added():
    last = Counted(1, 2, {"a": 3}, {"a": {"sent": 5, "dropped": 1}})
    before = [{"a": {"sent": 10, "dropped": 0}}, {"a": {"sent": 20, "dropped": 4}}]
    assert counting_all(last, before) == Counted(1, 2, {"a": 3}, {"a": {"sent": 35, "dropped": 5}})
    assert counting_all(last, []) == last
