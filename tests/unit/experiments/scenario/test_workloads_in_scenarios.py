"""Workloads of a scenario: when they run, what is scaled, what is refused, and how many there may
be."""

import time
from math import ceil

import pytest

from corridor.experiments.account.packet_classes import BACKWARD, FORWARD, classes_of, selected
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.plan.warnings import idle_streams
from corridor.experiments.scenario.changed import with_cuts
from corridor.experiments.scenario.intents import intents_for
from corridor.experiments.scenario.scenario import AS_WRITTEN
from corridor.topologies.base.errors import InputError
from corridor.traffic.agents.messages import ConnectionEnd
from corridor.traffic.agents.stream_out import StreamOut
from corridor.traffic.packets import ports
from corridor.traffic.packets.headers import TCP
from corridor.traffic.workloads import outbox
from kinds_lab import HEAD, loaded

FIRST_LINE = HEAD.count("\n") + 1
DEMANDS = """probe: {interval: 20ms, count: 200}
demands:
  - {id: one, class: dr, src: shanghai, dst: karachi}
  - {id: two, class: infer, src: guian, dst: bangkok}
  - {id: three, class: infer, src: bangkok, dst: guian}
"""
START_NS = 1_000_000_000
SCALE = 3e-6


def planned(folder, *entries, more="", demands=DEMANDS):
    text = "workloads:\n" + "".join(f"  - {entry}\n" for entry in entries) + more
    return make_plan(loaded(folder, text, demands), clock="virtual", run_id="c0", seed=1)


def refused(folder, *entries, more="", demands=DEMANDS):
    with pytest.raises(InputError) as caught:
        planned(folder, *entries, more=more, demands=demands)
    return caught.value


def rows(plan):
    return [] if plan.messages is None else list(plan.messages.rows())


def ends(plan, host):
    (found,) = [one for one in plan.job.hosts if one.name == host]
    return found.of(ConnectionEnd)


def ends_of(plan, host):
    """None of a host that does nothing."""
    return [part for one in plan.job.hosts if one.name == host for part in one.of(ConnectionEnd)]


BULK = "{id: load, kind: bulk, demands: [one], size: 1TB}"


def test_octets_are_scaled_as_rates_are_and_a_deadline_is_not(tmp_path):
    plan = planned(tmp_path, "{id: load, kind: bulk, demands: [one], size: 1TB, deadline: 8h}")
    (row,) = rows(plan)
    assert (row.bytes, row.at_ns) == (round(1e12 * SCALE), START_NS)
    assert row.deadline_ns == 8 * 3600 * 10**9
    assert plan.workloads[0].factors == (SCALE,)
    assert "as rates are: load and completion times hold" in plan.workloads[0].notes[0]


def test_what_is_compressed_keeps_its_load_and_has_a_shorter_deadline(tmp_path):
    of = "{id: load, kind: checkpoint, demands: [one], size: 782GB, period: 30min%s}"
    whole = planned(tmp_path, of % ", stop: 1h")
    short = planned(tmp_path, of % ", compress: 1800, customers: 100, stop: 2s")
    assert [row.at_ns - START_NS for row in rows(whole)] == [0, 1800 * 10**9]
    assert [row.at_ns - START_NS for row in rows(short)] == [0, 10**9]
    assert {row.deadline_ns for row in rows(short)} == {10**9}
    assert {row.bytes for row in rows(short)} == {round(782e9 * SCALE * 100 / 1800)}
    assert short.workloads[0].mean_bps[0] == pytest.approx(
        100 * whole.workloads[0].mean_bps[0], rel=1e-4
    )
    assert "times are 1/1800" in short.workloads[0].notes[0]


def test_requests_are_sent_as_they_are_written_or_as_rarely_as_rates_are_small(tmp_path):
    of = "{id: load, kind: requests, demands: [one], interval: %s, up: 4kB, down: 30kB%s}"
    as_written = planned(tmp_path, of % ("20ms", ", arrival: periodic"))
    rarer = planned(tmp_path, of % ("60ns", ", arrival: periodic, scale: arrivals"))
    assert {row.bytes for row in rows(as_written)} == {4000, 30_000}
    assert [row.at_ns for row in rows(rarer)] == [row.at_ns for row in rows(as_written)]
    many = planned(tmp_path, of % ("20ms", ", arrival: periodic, customers: 2"))
    assert len(rows(many)) == pytest.approx(2 * len(rows(as_written)), abs=2)


def test_a_workload_fills_as_much_of_its_path_as_it_is_asked_to(tmp_path):
    plan = planned(
        tmp_path,
        "{id: load, kind: bulk, demands: [one, two], size: 1TB, interval: 1h, compress: 36000, "
        "fills: 30%}",
    )
    for demand, bps in zip(plan.demands[:2], plan.workloads[0].mean_bps, strict=True):
        assert bps == pytest.approx(0.3 * demand.bottleneck_bps, rel=1e-6)
    sent = sum(row.bytes for row in rows(plan) if row.demand == 0)
    window_ns = plan.workloads[0].windows[0][1] - START_NS
    assert sent * 8e9 / window_ns == pytest.approx(plan.workloads[0].mean_bps[0], rel=0.5)


def test_a_transfer_is_split_over_its_connections_to_the_octet(tmp_path):
    plan = planned(tmp_path, BULK[:-1] + ", transport: {tcp: bbr, connections: 7, sample: 10ms}}")
    near = ends(plan, "shanghai")
    assert len(near) == 7
    assert sum(end.sends[0].bytes for end in near) == round(1e12 * SCALE)
    assert {(end.congestion, end.sample_ns, end.role) for end in near} == {
        ("bbr", 10_000_000, "connects")
    }
    assert len({end.local_port for end in near}) == 7
    assert {end.peer_port for end in near} == {ports.WORKLOAD_BASE}
    assert {row.round for row in rows(plan)} == {0}


def test_both_ends_mark_packets_as_their_demand_does(tmp_path):
    demands = DEMANDS.replace("class: dr,", "class: dr, dscp: AF11,")
    plan = planned(tmp_path, BULK, demands=demands)
    (near,), (far,) = ends(plan, "shanghai"), ends(plan, "karachi")
    assert near.dscp == far.dscp == 10


def test_an_answer_waits_for_its_request_and_is_streamed_in_pieces(tmp_path):
    plan = planned(
        tmp_path,
        "{id: load, kind: requests, demands: [two], interval: 500ms, arrival: periodic, up: 4kB, "
        "down: 10kB, headers: 1kB, piece: 300B, gap: 20ms, service: 50ms, deadline: 1s}",
    )
    asked, answered = rows(plan)[:2]
    assert (asked.bytes, asked.back, asked.at_ns) == (5000, False, START_NS)
    assert (answered.bytes, answered.back, answered.answers) == (10_000, True, asked.id)
    assert asked.round == answered.round
    assert asked.deadline_ns == answered.deadline_ns == 10**9
    (server,) = [end for end in ends(plan, "bangkok") if end.connection == asked.connection]
    (message,) = server.sends
    assert (message.after, message.wait_ns) == ((asked.id,), 50_000_000)
    assert (message.pieces, message.gap_ns) == (ceil(10_000 / 300), 20_000_000)
    assert server.closes_ns >= asked.at_ns + 50_000_000 + message.pieces * 20_000_000


@pytest.mark.parametrize(("more", "ahead_ns"), [("", 10**9), (", handshake: true", 0)])
def test_each_request_has_a_connection_that_is_open_unless_its_handshake_counts(
    tmp_path, more, ahead_ns
):
    plan = planned(
        tmp_path,
        f"{{id: load, kind: requests, demands: [one], interval: 100ms, up: 4kB, down: 1kB{more}}}",
    )
    near = ends(plan, "shanghai")
    assert len(near) == len(rows(plan)) / 2
    assert {end.sends[0].at_ns - end.opens_ns for end in near if end.opens_ns} == {ahead_ns}


def test_demands_and_workloads_of_a_run_draw_apart_and_so_does_another_seed(tmp_path):
    of = "{id: %s, kind: requests, class: infer, interval: 10ms, "
    of += "up: {pareto: {least: 1kB, alpha: 2}}"
    text = "".join(f"  - {of % name}, down: 1kB}}\n" for name in ("load", "more"))
    scenario = loaded(tmp_path, f"workloads:\n{text}", DEMANDS)
    found = {
        (seed, row.workload, row.demand): (row.at_ns, row.bytes)
        for seed in (1, 2)
        for row in rows(make_plan(scenario, clock="virtual", run_id="c0", seed=seed))
        if row.round == 0 and not row.back
    }
    assert len(found) == 8
    assert len({at_ns for at_ns, _ in found.values()}) == 8
    assert len({size for _, size in found.values()}) == 8


def test_requests_are_dealt_to_kept_connections_by_turns(tmp_path):
    plan = planned(
        tmp_path,
        "{id: load, kind: requests, demands: [one], interval: 10ms, up: 4kB, down: 1kB, "
        "transport: {connections: 3}}",
    )
    connections = [row.connection for row in rows(plan) if not row.back]
    assert connections[:6] == [0, 1, 2, 0, 1, 2]


def test_a_workload_runs_between_its_moments_and_events_switch_it_on(tmp_path):
    of = "{id: load, kind: requests, demands: [one], interval: 10ms, up: 4kB, down: 1kB%s}"
    window = ", start: 500ms, stop: dig.end + 100ms"
    dig = "timeline: [{id: dig, at: 1s, for: 200ms, cut: kunming-bangkok}]\n"
    (only,) = planned(tmp_path, of % window, more=dig).workloads[0].windows
    assert only == (START_NS + 500_000_000, START_NS + 1_300_000_000)
    switched = "timeline: [{at: 1s, for: 200ms, load: load}, {at: 2s, for: 100ms, load: load}]\n"
    plan = planned(tmp_path, of % "", more=switched)
    windows = plan.workloads[0].windows
    assert [(a - START_NS, b - START_NS) for a, b in windows] == [
        (1_000_000_000, 1_200_000_000),
        (2_000_000_000, 2_100_000_000),
    ]
    assert all(any(a <= row.at_ns < b for a, b in windows) for row in rows(plan) if not row.back)
    assert [event.kind for event in plan.events] == ["load", "load"]


def test_what_events_would_switch_on_runs_all_the_time_where_only_cuts_happen(tmp_path):
    of = "{id: %s, kind: requests, demands: [one], interval: 10ms, up: 4kB, down: 1kB%s}"
    more = "timeline: [{id: dig, at: 1s, for: 200ms, cut: kunming-bangkok}, {at: dig, load: a}]\n"
    planned(tmp_path, of % ("a", ""), of % ("b", ", start: dig.end, stop: 2s"), more=more)
    loaded_again = with_cuts(str(tmp_path / "mine.yaml"), AS_WRITTEN, ["link:guian-kunming"])
    plan = make_plan(loaded_again, clock="virtual", run_id="c0", seed=1)
    a, b = (one.windows for one in plan.workloads)
    assert a == ((START_NS, START_NS + 200 * 20_000_000 - 20_000_000 + 13_333_333),)
    assert b == ((START_NS, START_NS + 2_000_000_000),)


def test_a_stream_of_tcp_sends_its_rate_and_one_of_udp_is_a_stream_of_agents(tmp_path):
    by_tcp = planned(tmp_path, "{id: load, kind: stream, demands: [one], rate: 1Tbit, stop: 2s}")
    assert sum(row.bytes for row in rows(by_tcp)) == 1e12 * SCALE * 2 / 8
    by_udp = planned(
        tmp_path, "{id: load, kind: stream, demands: [one], transport: {udp: 1Tbit}, stop: 2s}"
    )
    assert by_udp.messages is None
    (sender,) = next(one for one in by_udp.job.hosts if one.name == "shanghai").of(StreamOut)
    assert (sender.rate_bps, sender.start_ns, sender.duration_ns) == (
        3_000_000,
        START_NS,
        2_000_000_000,
    )
    assert by_udp.workloads[0].transport == "udp"


def test_a_stream_of_udp_along_which_nothing_is_sent_is_warned_of(tmp_path):
    udp = "{id: load, kind: stream, demands: [one], transport: {udp: 1Tbit}, stop: 2s}"
    assert idle_streams(planned(tmp_path, udp)) == []
    kept = DEMANDS.replace("class: dr,", "class: dr, data: cn-core-none, returns: same-class,")
    under = "policies: pan-asia\nas_of: 2026-11-24\n"
    (kept_back,) = idle_streams(planned(tmp_path, udp, more=under, demands=kept))
    assert kept_back.startswith("workload load sends nothing along one: it has no path")


def test_demands_that_join_two_hubs_both_ways_are_told_apart_by_the_port_of_one_server(tmp_path):
    plan = planned(
        tmp_path,
        "{id: load, kind: requests, class: infer, interval: 100ms, up: 4kB, down: 1kB}",
    )
    assert {end.role for end in ends(plan, "guian")} == {"listens"}
    turned = [end for end in ends(plan, "bangkok") if end.demand == 1]
    assert {end.role for end in turned} == {"connects"}
    assert {one.bytes for end in turned for one in end.sends} == {1000}, "answers go back"
    for one in intents_for(loaded(tmp_path, "", DEMANDS)):
        assert all(selector.protocol != "tcp" for selector in one.selectors)


def test_packets_of_every_connection_are_counted_with_their_demand_and_direction(tmp_path):
    plan = planned(
        tmp_path,
        "{id: load, kind: requests, class: infer, interval: 100ms, up: 4kB, down: 1kB}",
        "{id: bulk, kind: bulk, demands: [one], size: 1TB}",
    )
    classes = {one.number: one for one in classes_of(plan)}
    told = [one for one in selected(plan) if one.protocol == TCP]
    connections = [(hub.hub, end) for hub in plan.wiring.hubs for end in ends_of(plan, hub.hub)]
    assert len(connections) > 2
    for hub, end in connections:
        (number,) = [
            one.number
            for one in told
            if (one.src_ip, one.dst_ip) == (end.local_ip, end.peer_ip)
            and one.src_port in (None, end.local_port)
            and one.dst_port in (None, end.peer_port)
        ]
        demand = plan.demands[end.demand]
        direction = FORWARD if hub == demand.src else BACKWARD
        assert (classes[number].demand, classes[number].direction) == (demand.id, direction)


def test_a_scenario_without_workloads_has_the_plan_that_it_had(tmp_path):
    from corridor.topologies.base.codec import to_plain

    plan = make_plan(loaded(tmp_path, "", DEMANDS), clock="virtual", run_id="c0", seed=1)
    assert not {"workloads", "messages"} & to_plain(plan).keys()
    assert "workloads" not in plan.job.phases
    assert plan.boundaries == ()


MISTAKES = [
    ("{id: load, kind: bulk, size: 1TB}", "needs demands or a class"),
    ("{id: load, kind: bulk, demands: [one], class: dr, size: 1TB}", "one of the two"),
    ("{id: load, kind: bulk, demands: [won], size: 1TB}", 'unknown demand "won"'),
    ("{id: load, kind: bulk, demands: [one, one], size: 1TB}", "twice"),
    ("{id: load, kind: bulk, class: drr, size: 1TB}", "which no demand has"),
    ("{id: load, kind: bluk, demands: [one], size: 1TB}", 'unknown kind "bluk"'),
    ("{id: load, kind: bulk, demands: [one], size: 1TB, rate: 1Gbit}", "of stream only"),
    ("{id: load, kind: bulk, demands: [one], size: 1000}", "has no unit"),
    ("{id: load, kind: bulk, demands: [one], size: 0B}", "must be positive"),
    ("{id: load, kind: bulk, demands: [one], size: {normal: {}}}", 'unknown key "normal"'),
    ("{id: load, kind: bulk, demands: [one], size: {pareto: {least: 1kB, alpha: 1}}}", "more than"),
    (
        "{id: load, kind: bulk, demands: [one], size: {quantiles: {points: {p0: 1B, p101: 2B}}}}",
        "is not a quantile",
    ),
    ("{id: load, kind: bulk, demands: [one], size: 1TB, arrival: poisson}", "needs an interval"),
    ("{id: load, kind: bulk, demands: [one], size: 1TB, customers: 2, fills: 3%}", "not both"),
    ("{id: load, kind: bulk, demands: [one], size: 1TB, fills: 3%}", "not known before"),
    ("{id: load, kind: bulk, demands: [one], size: 1TB, transport: {tcp: vegas}}", "is not known"),
    ("{id: load, kind: bulk, demands: [one], size: 1TB, transport: {udp: 1Gbit}}", "goes by tcp"),
    ("{id: load, kind: bulk, demands: [one], size: 1TB, scale: arrivals}", "no intervals"),
    ("{id: load, kind: bulk, demands: [one], size: 1TB, start: 9s, stop: 8s}", "ends before"),
    ("{id: load, kind: bulk, demands: [one], size: 1TB, start: nothing}", "no moment"),
    ("{id: load, kind: stream, demands: [one]}", "needs a rate"),
    ("{id: load, kind: stream, demands: [one], transport: {udp: 999Tbit}}", "200% is the maximum"),
    ("{id: load, kind: stream, demands: [one], transport: {udp: 1bit}}", "0bit as emulated"),
    ("{id: load, kind: stream, demands: [one], scale: none, transport: {udp: 9bit}}", "not one"),
    ("{id: load, kind: stream, demands: [one], rate: 1Gbit, compress: 2}", "cannot be compressed"),
    (
        "{id: load, kind: requests, demands: [one], interval: 1s, up: 1kB, down: 1kB, compress: 2}",
        "or say scale: bytes",
    ),
    ("{id: load, kind: requests, demands: [one], up: 1kB, down: 1kB}", "it needs interval"),
    ("{id: load, kind: requests, demands: [one], trace: x.csv, up: 1kB}", "a trace says what up"),
    ("{id: load, kind: requests, demands: [one], trace: no-such.csv}", "no such file"),
    ("{id: load, kind: requests, demands: [one], trace: /etc}", "/etc: is a directory"),
    ("{id: load, kind: collective, demands: [one], size: 1GB}", "give compute"),
    ("{id: load, kind: collective, demands: [one, two], size: 1GB, compute: 1s}", "not a ring"),
    (
        "{id: load, kind: collective, demands: [one], size: 1GB, compute: 1s, algorithm: tree}",
        "is not one of ring, star, all",
    ),
    (
        "{id: load, kind: collective, demands: [one, two], size: 1B, compute: 1s, algorithm: star}",
        "share no hub",
    ),
]


@pytest.mark.parametrize(("entry", "says"), MISTAKES, ids=[says for _, says in MISTAKES])
def test_a_mistake_is_told_in_one_line_with_its_place(tmp_path, entry, says):
    found = refused(tmp_path, "{id: good, kind: bulk, demands: [one], size: 1GB}", entry)
    assert says in str(found)
    assert "\n" not in str(found).strip()
    assert found.line == FIRST_LINE + 2


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("timeline: [{at: 1s, load: laod}]\n", 'unknown workload "laod"'),
        ("timeline: [{at: 1s, load: load}, {at: 2s, load: load}]\n", "another load of"),
        ("timeline: [{at: 1h, load: load}]\n", "when the last probe has been sent"),
        (
            "timeline: [{id: a, at: 1s, for: 1s, load: load}, {at: a.end - 1ms, load: load}]\n",
            "begins while another load",
        ),
    ],
)
def test_an_event_that_switches_nothing_on_is_refused(tmp_path, more, says):
    found = refused(tmp_path, BULK, more=more)
    assert says in str(found)
    assert found.line == FIRST_LINE + 2


def test_a_second_stream_of_udp_of_a_demand_is_refused(tmp_path):
    udp = "{id: load, kind: stream, demands: [one], transport: {udp: 1Gbit}}"
    more = "timeline: [{at: 1s, for: 1s, stream: one, share: 10%}]\n"
    assert "streams UDP already" in str(refused(tmp_path, udp, more=more))


def test_a_workload_is_not_switched_on_twice_over(tmp_path):
    more = "timeline: [{at: 1s, load: load}]\n"
    found = refused(tmp_path, BULK[:-1] + ", start: 1s}", more=more)
    assert "switched on by load-load" in str(found)
    assert "used twice" in str(refused(tmp_path, BULK, BULK))


def test_more_messages_than_a_run_may_have_are_refused_with_a_way_out(tmp_path, monkeypatch):
    monkeypatch.setattr(outbox, "MOST_MESSAGES", 100)
    found = refused(tmp_path, "{id: load, kind: stream, demands: [one], rate: 1Tbit, every: 1ms}")
    assert 'with workload "load" more than 100 messages' in str(found)
    assert "fewer" in found.hint
    assert found.line == FIRST_LINE + 1


def test_more_connections_than_a_hub_has_ports_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(ports, "WORKLOAD_CLIENTS", range(6000, 6010))
    found = refused(
        tmp_path,
        "{id: load, kind: requests, demands: [one], interval: 10ms, up: 4kB, down: 1kB}",
    )
    assert "more than 10 connections at shanghai" in str(found)
    assert found.line == FIRST_LINE


def test_the_end_of_a_workload_is_told_where_it_is_written(tmp_path):
    more = "    start: 2s\n    stop: 1s\n"
    entry = "id: load\n    kind: bulk\n    demands: [one]\n    size: 1TB"
    found = refused(tmp_path, entry, more=more)
    assert found.message == 'workload "load" ends before it has begun'
    assert found.line == FIRST_LINE + 6


def test_the_mean_of_a_trace_is_that_of_what_it_sends(tmp_path):
    from corridor.experiments.commands.workload import _planned

    trace = "at_s,up_bytes,down_bytes\n" + "".join(f"{n},1000,9000\n" for n in range(3))
    (tmp_path / "x.csv").write_text(trace)
    entry = "{id: load, kind: requests, demands: [one], trace: x.csv, start: 0s, stop: 2s}"
    row = next(line for line in _planned(planned(tmp_path, entry)).splitlines() if "one" in line)
    assert row.split()[2:5] == ["4", "20kB", "80kbit"]


def test_ten_thousand_connections_are_planned_in_seconds(tmp_path):
    text = "{id: load, kind: requests, class: infer, interval: 800us, up: 4kB, down: 30kB}"
    scenario = loaded(tmp_path, f"workloads:\n  - {text}\n", DEMANDS)
    began = time.process_time()
    plan = make_plan(scenario, clock="virtual", run_id="c0", seed=1)
    assert len({row.connection for row in rows(plan)}) > 9_000
    assert time.process_time() - began < 10
