"""Throughput: what sender and receiver counted, and what iperf3 says, with its known traps."""

from __future__ import annotations

import json

import numpy as np
import pytest

from corridor.topologies.base.codec import from_plain, to_plain
from corridor.traffic.agents import tcp
from corridor.traffic.agents.stream_in import ReceivedStream
from corridor.traffic.agents.stream_out import SentStream
from corridor.traffic.agents.tcp import Said, TcpInterval, TcpResult, parse, starts
from corridor.traffic.measures import flows
from corridor.traffic.measures.flows import Times

SENT = SentStream(
    flow=1, phase=0, frame_bytes=1000, rate_bps=8_000_000, packets_intended=1000,
    packets_sent=990, queue_full=0, errors={}, burst_packets=1, first_sent_ns=5,
    last_sent_ns=999_000_005, late_max_ns=9,
)  # fmt: skip
RECEIVED = ReceivedStream(
    flow=1, phase=0, port=9, packets=900, frame_bytes_total=900_000, first_frame_bytes=1000,
    first_arrival_ns=1_000, last_arrival_ns=1_000 + 899_000_000, duplicates=2, reordered=3,
    foreign=0, dropped_by_socket=4, delay_min_ns=5, delay_max_ns=7, delay_sum_ns=5400,
)  # fmt: skip
TRANSFER = tcp.Transfer(3, "/s", "10.0.0.2", "/c", "10.0.0.1", duration_s=5)


def test_metrics_a_flows_losses_are_split_by_where_they_happened() -> None:
    late = Times(np.arange(100), np.array([0] * 99 + [8]))
    arrived = Times(np.arange(900), np.array([5] * 450 + [6] * 450))
    flow = flows.flow_result(SENT, RECEIVED, arrived, late)
    assert (flow.asked_mbps, flow.offered_mbps) == (8.0, 7.92)
    assert (flow.sent_packets, flow.duration_ns) == (990, 1_000_000_000)
    assert flow.delivered_mbps == 8.0, "899 frames of 1000 octets in 899 ms"
    assert (flow.lost_packets, flow.loss) == (100, 0.1)
    where = ("lost_at_sender", "lost_in_network", "lost_at_receiver_socket")
    assert [getattr(flow, name) for name in where] == [10, 86, 4]
    quantiles = ("delay_mean_ns", "delay_p50_ns", "delay_p95_ns", "delay_p99_ns")
    assert [getattr(flow, name) for name in quantiles] == [6, 5, 6, None], "p99 needs 1000 packets"
    assert flow.sample is not None
    losses = flow.sample.losses
    assert (losses.lost, losses.periods, losses.longest) == (100, 1, 100)
    assert flow.send_late_p99_ns == 0


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
    sent = SENT._replace(packets_sent=1000, burst_packets=burst, last_sent_ns=last_sent_ns)
    flow = flows.flow_result(sent, None)
    assert (flow.asked_mbps, flow.offered_mbps) == (8.0, offered_mbps)


def test_metrics_a_flow_nobody_received_has_no_delivered_rate() -> None:
    none = {"packets": 0, "frame_bytes_total": 0, "first_arrival_ns": 0, "last_arrival_ns": 0}
    nothing = RECEIVED._replace(**none)
    flow = flows.flow_result(SENT, nothing)
    assert (flow.loss, flow.delivered_mbps, flow.delay_mean_ns) == (1.0, None, None)
    assert flows.flow_result(SENT, None).delivered_packets is None


def test_metrics_iperf3_is_asked_for_fixed_ports_and_the_window_named() -> None:
    assert " ".join(tcp.client_arguments(TRANSFER)) == (
        "iperf3 -c 10.0.0.2 -p 5201 --json-stream -i 0.1 -l 16384 -B 10.0.0.1 --cport 5304 -t 5"
        " -C cubic"
    )
    sized = tcp.Transfer(3, "/s", "10.0.0.2", "/c", "10.0.0.1", size_bytes=7, congestion="",
                         window_bytes=99, omit_s=1, client_port=6)  # fmt: skip
    assert tcp.client_arguments(sized)[12:] == ["--cport", "6", "-n", "7", "-w", "99", "-O", "1"]
    assert " ".join(tcp.server_arguments(TRANSFER)) == (
        "iperf3 -s -1 --json-stream -i 0.1 -p 5201 -B 10.0.0.2"
    )
    with pytest.raises(ValueError, match="one of the two"):
        tcp.client_arguments(tcp.Transfer(3, "/s", "1", "/c", "2"))


def lines(**events: object) -> str:
    return "".join(f"{json.dumps({'event': key, 'data': said})}\n" for key, said in events.items())


def report(received: int | None, **more: object) -> str:
    end: dict[str, object] = {
        "sum_sent": {"bytes": 9, "bits_per_second": 2e6, "retransmits": 4, "seconds": 2.0},
        "streams": [{"sender": {"min_rtt": 50}}, {"sender": {"min_rtt": 40}}, None],
    }
    if received is not None:
        end["sum_received"] = {"bytes": received, "bits_per_second": 1.5e6, "seconds": 2.0}
    return lines(**more, end=end)


def parsed(client: str, server: str = "") -> TcpResult:
    return parse(3, Said(client), Said(server))


def test_metrics_iperf3s_receiver_has_the_word() -> None:
    result = parsed(report(8), report(7))
    assert (result.received_bytes, result.sent_bytes, result.retransmits) == (7, 9, 4)
    assert (result.received_mbps, result.sent_mbps, result.duration_ns) == (1.5, 2.0, 2 * 10**9)
    assert (result.min_rtt_us, result.error) == (40, None)
    assert parsed(report(8)).received_bytes == 8


@pytest.mark.parametrize(
    ("client", "error"),
    [
        ("", "the receiver reported no data"),
        ("iperf3: segfault", "client: iperf3 wrote no line of JSON"),
        ("5\n[]\n{}", "client: iperf3 wrote no line of JSON"),
        (report(None), "the receiver reported no data"),
        (report(0), "the receiver reported no data"),
        (lines(error="unable to connect", end={}), "unable to connect"),
        (lines(end=5), "the receiver reported no data"),
        (report(5)[:-9], "client: iperf3 wrote no line of JSON"),
        ("warning: x\n" + report(5, error="interrupted"), "interrupted"),
        ("[" * 100_000 + "\n" + lines(end={}), "the receiver reported no data"),
    ],
)
def test_metrics_iperf3s_failures_are_told_not_raised(client: str, error: str) -> None:
    result = parsed(client)
    assert result.error is not None
    assert result.error.startswith(error)


def test_metrics_a_transfer_that_is_ended_for_being_late_says_so() -> None:
    late = parse(3, Said(report(8)), late=True)
    assert (late.error, late.received_bytes) == ("the transfer took too long", 8)


def test_metrics_iperf3s_nan_is_nothing_rather_than_an_error() -> None:
    sums = '{"bytes": 5, "bits_per_second": -nan, "seconds": inf}'
    for said in (sums, sums.replace("inf", "1e999")):
        result = parsed(f'{{"event":"end","data":{{"sum_received":{said}}}}}')
        assert (result.received_bytes, result.received_mbps, result.error) == (5, None, None)
        assert result.duration_ns is None


def interval(start_s: object, end_s: object, octets: object, **more: object) -> str:
    stream = {"start": start_s, "end": end_s, "bytes": octets, **more}
    return lines(interval={"streams": [stream], "sum": stream})


def test_metrics_iperf3s_intervals_are_moments_of_the_clock_that_heard_it_start() -> None:
    client = interval(0, 0.1, 7, retransmits=2, snd_cwnd=1448, rtt=50) + interval(0.1, 0.2003, 0)
    result = parse(3, Said(client + report(8), 10**9), Said(interval(0, 0.1, 5), 2 * 10**9))
    assert result.sending == (
        TcpInterval(10**9, 11 * 10**8, 7, 2, 1448, 50),
        TcpInterval(11 * 10**8, 1_200_300_000, 0),
    )
    assert result.receiving == (TcpInterval(2 * 10**9, 21 * 10**8, 5),)
    assert from_plain(TcpResult, to_plain(result)) == result


@pytest.mark.parametrize(
    "line",
    [
        interval(0.1, 0.1, 5),
        interval(-1, 0.1, 5),
        interval(0, "soon", 5),
        interval(0, 0.1, None),
        lines(interval={"streams": []}),
        lines(interval={"streams": 5}),
        lines(interval=None),
    ],
)
def test_metrics_intervals_without_beginning_end_or_count_are_passed_over(line: str) -> None:
    result = parse(3, Said(line + report(8), 10**9))
    assert (result.sending, result.error) == ((), None)


def test_metrics_without_a_start_nobody_knows_when_intervals_were() -> None:
    assert parsed(interval(0, 0.1, 5) + report(8)).sending == ()
    assert starts('{"event":"start","data":{}}\n')
    assert not starts('{"event":"interval","data":{}}\n')


def test_metrics_a_result_without_intervals_is_written_as_ever() -> None:
    assert "sending" not in to_plain(parsed(report(8)))
