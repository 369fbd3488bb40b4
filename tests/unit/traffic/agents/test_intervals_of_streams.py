"""Counts of a stream by interval: in which row a moment falls, and where rows end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import netns_lab as lab
from corridor.traffic.agents import intervals
from corridor.traffic.agents.intervals import Intervals
from corridor.traffic.agents.jobs import Host, plan_job
from corridor.traffic.agents.stream_in import StreamIn
from corridor.traffic.agents.stream_out import StreamOut

MS = 1_000_000
EPOCH_NS = 1_800_000_000_000_000_000
MISSING = lab.lacking()


def counted(*moments_ms: float, from_ms: float = 1234.5) -> Intervals:
    one = Intervals(2, round(from_ms * MS), 10 * MS)
    one.start(EPOCH_NS)
    for at_ms in moments_ms:
        one.columns[0][one.row(EPOCH_NS + round(at_ms * MS))] += 1
    return one


def test_rows_are_intervals_of_the_run_not_of_the_stream() -> None:
    one = counted(1234.5, 1239.999999, 1240, 1260)
    assert (one.first, one.columns[0]) == (123, [2, 1, 0, 1])
    assert one.columns[1] == [0, 0, 0, 0], "all columns have the same rows"


def test_moments_out_of_order_find_their_row() -> None:
    assert counted(1270, 1234.5, 1250).columns[0] == [1, 0, 1, 0, 1]


def test_what_comes_before_the_first_or_long_after_is_counted_at_the_edges() -> None:
    one = counted(1000, 1e12, 2e12)
    assert len(one.columns[0]) == intervals.MAX_KEPT
    assert (one.columns[0][0], one.columns[0][-1], sum(one.columns[0])) == (1, 2, 3)


@pytest.mark.parametrize(
    ("duration_s", "width_ms"),
    [(1, 10), (300, 10), (301, 20), (3600, 200), (30_000, 1000), (1_000_000, 1000)],
)
def test_long_streams_are_counted_less_finely(duration_s: int, width_ms: int) -> None:
    assert intervals.width_for(duration_s * 1000 * MS) == width_ms * MS
    assert 1000 % width_ms == 0, "phases begin on seconds"


@pytest.mark.parametrize(
    "part", [StreamIn(1, 3, 50, interval_ns=0), StreamIn(1, 3, 50, interval_ns=-5)]
)
def test_intervals_without_length_are_refused(part: StreamIn) -> None:
    assert list(part.problems()) == ["flow 1: needs intervals of some length"]


@pytest.mark.netns
@pytest.mark.skipif(bool(MISSING), reason=MISSING or "namespaces work")
def test_intervals_of_both_ends_add_up_to_their_counts(tmp_path: Path) -> None:
    with lab.pair("i") as pair:
        built = lab.templates(lab.stream_spec("s", 5, size=1400))
        out = StreamOut(5, built["s"], 25 * MS, 200 * MS, 20_000_000)
        into = StreamIn(5, 30000, 400 * MS, from_ns=25 * MS)
        hosts = (
            Host("a", pair.path(0), "eth0", (out,)),
            Host("b", pair.path(1), "eth0", (into,)),
        )
        agents = lab.Run(plan_job("real", str(tmp_path), hosts), tmp_path).to_end()["agents"]
    left, right = (json.loads((tmp_path / f"intervals-{host}.json").read_text()) for host in "ab")
    assert left["schema"] == right["schema"] == intervals.FORMAT
    assert left["epoch_ns"] == right["epoch_ns"]
    (sent,), (got,) = left["streams_out"], right["streams_in"]
    assert (left["streams_in"], right["streams_out"]) == ([], [])
    assert (sent["first"], got["first"], sent["width_ns"]) == (2, 2, 10 * MS)
    counts = agents["b"]["streams_in"][0]
    assert sum(sent["offered"]) == sum(sent["sent"]) == out.packets
    assert sum(got["arrived"]) == sum(got["packets"]) == counts["packets"]
    assert sum(got["frame_bytes"]) == counts["frame_bytes_total"]
    assert sum(got["delay_ns"]) == counts["delay_sum_ns"]
    assert got["arrived"] == sent["sent"], "both ends place a packet by the same stamp"
    assert "intervals" not in json.dumps(agents), "the launcher does not tell them"
