"""A stream and a transfer through a cut, over time: when they stop, when they go on, and again the
same."""

import pyarrow.parquet as pq
import pytest
from test_runs_in_the_virtual_clock import assert_same_bytes

import corridor

pytestmark = [pytest.mark.guest, pytest.mark.usefixtures("virtual_kernel")]
ASKED_MBPS = 38.4
CUT_S, FOLLOWED_S, REPAIRED_S = 2.0, 2.14, 2.5
REPEATED = ("transfers.json", "intervals-guian.json", "intervals-karachi.json")


@pytest.fixture(scope="module")
def ran(once):
    return once("series-cut")


@pytest.fixture(scope="module")
def run(ran):
    assert ran.code == 0, ran.complained
    return corridor.load(ran.folder)


def over(run, demand, measure, width, from_s, until_s):
    """The values of whole bins between two moments."""
    wide_s = {"10ms": 0.01, "100ms": 0.1}[width]
    return [
        one.value
        for one in run.series(demand, measure, width)
        if from_s - 1e-9 <= one.at_s and one.at_s + wide_s <= until_s + 1e-9
    ]


def test_a_stream_is_as_fast_as_asked_but_while_the_cut_is_not_followed(run):
    there_s = run.plan.demands[0].predicted_forward_ns / 1e9
    detour_s = run.plan.events[-1].impacts[0].followed_rtt_ns / 2e9
    steady = over(run, "streams", "throughput_mbps", "100ms", 0.7, CUT_S)
    assert steady == pytest.approx([ASKED_MBPS] * len(steady), rel=0.01)
    gap = over(run, "streams", "throughput_mbps", "10ms", CUT_S + there_s, FOLLOWED_S + there_s)
    assert set(gap) == {0.0}
    assert len(gap) >= 10
    after = over(run, "streams", "throughput_mbps", "100ms", FOLLOWED_S + detour_s + 0.1, 2.6)
    assert after
    assert after == pytest.approx([ASKED_MBPS] * len(after), rel=0.01)
    again = over(run, "streams", "throughput_mbps", "100ms", 2.8, 3.5)
    assert again == pytest.approx([ASKED_MBPS] * len(again), rel=0.01)


def test_packets_are_lost_where_they_were_sent_into_the_cut(run, ran):
    lost = run.series("streams", "stream_lost", "10ms")
    when = [one.at_s for one in lost if one.value]
    assert CUT_S - 0.1 < when[0] < CUT_S
    assert CUT_S < when[-1] < FOLLOWED_S
    flow = ran.flow("streams", "udp")
    assert sum(one.value for one in lost) == flow["offered_packets"] - flow["delivered_packets"]
    assert set(over(run, "streams", "stream_loss", "10ms", CUT_S, FOLLOWED_S - 0.03)) == {1.0}


def test_one_way_delays_of_a_stream_are_those_of_the_path_it_takes(run):
    there_ms = run.plan.demands[0].predicted_forward_ns / 1e6
    before = over(run, "streams", "stream_forward_ms", "100ms", 0.5, CUT_S - 0.1)
    assert before == pytest.approx([there_ms] * len(before), abs=0.5)
    meanwhile = over(run, "streams", "stream_forward_ms", "100ms", 2.2, REPAIRED_S)
    assert min(meanwhile) > there_ms + 20


def test_a_transfer_stops_and_comes_back_and_what_was_lost_is_sent_again(run, ran):
    steady = over(run, "sends", "tcp_mbps", "100ms", 1.0, 1.8)
    assert min(steady) > 85
    assert min(over(run, "sends", "tcp_mbps", "100ms", CUT_S, REPAIRED_S)) == 0
    assert min(over(run, "sends", "tcp_mbps", "100ms", 2.8, 3.4)) > 85
    sent_again = run.series("sends", "tcp_retransmits", "100ms")
    assert sum(one.value for one in sent_again) == ran.flow("sends", "tcp")["retransmits"]
    assert sum(one.value for one in sent_again if CUT_S < one.at_s < REPAIRED_S + 0.2) > 0
    window = over(run, "sends", "tcp_cwnd_bytes", "100ms", 1.5, 3.0)
    assert min(window) < max(window) / 10


def test_a_transfer_waits_in_the_queue_that_probes_see(run):
    """By two clocks and two programs: the kernel's smoothed round trip, and the probes'."""
    by_tcp = over(run, "sends", "tcp_rtt_ms", "100ms", 1.2, 1.9)
    by_probes = over(run, "sends", "rtt_ms", "100ms", 1.2, 1.9)
    assert by_tcp == pytest.approx(by_probes, abs=1.0)


def test_series_add_up_to_what_the_flows_say(run, ran):
    rows = pq.read_table(ran.folder / "series.parquet").to_pylist()
    flows = {row["demand"]: row for row in pq.read_table(ran.folder / "flows.parquet").to_pylist()}
    arrived = [row for row in rows if row["side"] == "receiver"]
    by_tcp = sum(row["delivered_bytes"] for row in arrived if row["protocol"] == "tcp")
    assert by_tcp == pytest.approx(flows["sends"]["received_bytes"], rel=0.01)
    packets = sum(row["delivered_packets"] for row in arrived if row["protocol"] == "udp")
    assert packets == flows["streams"]["delivered_packets"]


def test_the_same_seed_gives_the_same_series(once, ran):
    again = once("series-cut", "--seed", "1")
    assert_same_bytes(ran, again)
    for name in REPEATED:
        ours, theirs = ((one.folder / "raw" / name).read_bytes() for one in (ran, again))
        assert ours == theirs, f"{name} differs"
    ours, theirs = ((one.folder / "series.parquet").read_bytes() for one in (ran, again))
    assert ours == theirs
