"""Throughput: what sender and receiver counted, and what iperf3 says, with its known traps."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.traffic.measures import flows
from corridor.traffic.workloads import histogram, tcp

SENT = {
    "flow": 1, "phase": 0, "frame_bytes": 1000, "rate_bps": 8_000_000, "packets_intended": 1000,
    "packets_sent": 990, "burst_packets": 1, "first_sent_ns": 5, "last_sent_ns": 999_000_005,
    "late_max_ns": 9, "late_histogram_ns": [[0, 99], [8, 1]],
}  # fmt: skip
RECEIVED = {
    "packets": 900, "frame_bytes_total": 900_000, "first_frame_bytes": 1000,
    "first_arrival_ns": 1_000, "last_arrival_ns": 1_000 + 899_000_000, "duplicates": 2,
    "reordered": 3, "dropped_by_socket": 4, "delay_min_ns": 5, "delay_max_ns": 7,
    "delay_sum_ns": 5400, "delay_histogram_ns": [[5, 450], [6, 450]],
}  # fmt: skip
TRANSFER = tcp.Transfer(3, "/s", "10.0.0.2", "/c", "10.0.0.1", duration_s=5)


def test_metrics_a_flows_losses_are_split_by_where_they_happened() -> None:
    flow = flows.flow_result(SENT, RECEIVED)
    assert (flow["asked_mbps"], flow["offered_mbps"]) == (8.0, 7.92)
    assert (flow["sent_packets"], flow["duration_ns"]) == (990, 1_000_000_000)
    assert flow["delivered_mbps"] == 8.0, "899 frames of 1000 octets in 899 ms"
    assert (flow["lost_packets"], flow["loss"]) == (100, 0.1)
    where = ("lost_at_sender", "lost_in_network", "lost_at_receiver_socket")
    assert [flow[name] for name in where] == [10, 86, 4]
    assert (flow["delay_mean_ns"], flow["delay_p50_ns"], flow["delay_p99_ns"]) == (6, 5, 6)
    assert flow["send_late_p99_ns"] == 0


@pytest.mark.parametrize(
    ("burst", "last_sent_ns", "offered_mbps"),
    [
        (1, 999_000_005, 8.0),
        (300, 900_000_005, 8.0),
        (1000, 5, 8.0),
        (1, 1_999_000_005, 4.0),
        (300, 1_900_000_005, 4.0),
    ],
)
def test_metrics_a_flow_offered_what_left_in_the_time_it_took(
    burst: int, last_sent_ns: int, offered_mbps: float
) -> None:
    sent = {**SENT, "packets_sent": 1000, "burst_packets": burst, "last_sent_ns": last_sent_ns}
    flow = flows.flow_result(sent, None)
    assert (flow["asked_mbps"], flow["offered_mbps"]) == (8.0, offered_mbps)


def test_metrics_a_flow_nobody_received_has_no_delivered_rate() -> None:
    nothing = {**RECEIVED, "packets": 0, "frame_bytes_total": 0, "first_arrival_ns": 0,
               "last_arrival_ns": 0, "delay_histogram_ns": []}  # fmt: skip
    flow = flows.flow_result(SENT, nothing)
    assert (flow["loss"], flow["delivered_mbps"], flow["delay_mean_ns"]) == (1.0, None, None)
    assert flows.flow_result(SENT, None)["delivered_packets"] is None


@given(st.integers(0, 1 << 60))
def test_metrics_histogram_buckets_are_at_most_an_eighth_wide(delay_ns: int) -> None:
    edge = histogram.delay_bucket(delay_ns)
    assert edge <= delay_ns
    assert (delay_ns - edge) * 8 <= max(edge, 0)


def test_metrics_iperf3_is_asked_for_fixed_ports_and_the_window_named() -> None:
    assert " ".join(tcp.client_arguments(TRANSFER)) == (
        "iperf3 -c 10.0.0.2 -p 5201 -J -B 10.0.0.1 --cport 5304 -t 5 -C cubic"
    )
    sized = tcp.Transfer(3, "/s", "10.0.0.2", "/c", "10.0.0.1", size_bytes=7, congestion="",
                         window_bytes=99, omit_s=1, client_port=6)  # fmt: skip
    assert tcp.client_arguments(sized)[8:] == ["--cport", "6", "-n", "7", "-w", "99", "-O", "1"]
    assert " ".join(tcp.server_arguments(TRANSFER)) == "iperf3 -s -1 -J -p 5201 -B 10.0.0.2"
    with pytest.raises(ValueError, match="one of the two"):
        tcp.client_arguments(tcp.Transfer(3, "/s", "1", "/c", "2"))


def report(received: int | None, **more: object) -> str:
    end: dict[str, object] = {
        "sum_sent": {"bytes": 9, "bits_per_second": 2e6, "retransmits": 4, "seconds": 2.0},
        "streams": [{"sender": {"min_rtt": 50}}, {"sender": {"min_rtt": 40}}, None],
    }
    if received is not None:
        end["sum_received"] = {"bytes": received, "bits_per_second": 1.5e6, "seconds": 2.0}
    return json.dumps({"end": end, **more})


def test_metrics_iperf3s_receiver_has_the_word() -> None:
    result = tcp.parse(3, report(8), report(7))
    assert (result.received_bytes, result.sent_bytes, result.retransmits) == (7, 9, 4)
    assert (result.received_mbps, result.sent_mbps, result.duration_ns) == (1.5, 2.0, 2 * 10**9)
    assert (result.min_rtt_us, result.error) == (40, None)
    assert tcp.parse(3, report(8)).received_bytes == 8


@pytest.mark.parametrize(
    ("client", "error"),
    [
        ("", "the receiver reported no data"),
        ("iperf3: segfault", "client: iperf3 wrote no JSON"),
        (report(None), "the receiver reported no data"),
        (report(0), "the receiver reported no data"),
        ('{"error": "unable to connect"}', "unable to connect"),
        ('{"end": 5}', "the receiver reported no data"),
        ('{"end": {"sum_received": {"bytes": 5', "client: Expecting"),
        ("warning: x\n" + report(5, error="interrupted"), "interrupted"),
    ],
)
def test_metrics_iperf3s_failures_are_told_not_raised(client: str, error: str) -> None:
    result = tcp.parse(3, client)
    assert result.error is not None
    assert result.error.startswith(error)


def test_metrics_iperf3s_nan_is_nothing_rather_than_an_error() -> None:
    text = '{"end": {"sum_received": {"bytes": 5, "bits_per_second": -nan, "seconds": inf}}}'
    result = tcp.parse(3, text)
    assert (result.received_bytes, result.received_mbps, result.error) == (5, None, None)
