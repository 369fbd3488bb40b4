"""Streams and transfers over time: from what both ends counted to measures in bins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import corridor
import handmade_run
from corridor.experiments.account.flows import SERIES_COLUMNS
from corridor.experiments.results.measures import MEASURES, OF_FLOWS
from corridor.experiments.results.results import read_plan, summarise
from corridor.experiments.results.run_result import COLUMNS
from corridor.experiments.run.recover import recover
from corridor.topologies.base.errors import InputError
from typed_summary import typed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "run"
    handmade_run.write_run(place)
    handmade_run.write_series(place / "raw")
    summarise(place, read_plan(place), handmade_run.FACTS)
    return place


@pytest.fixture
def run(folder: Path) -> corridor.Run:
    return corridor.load(folder)


def values(run: corridor.Run, demand: str, measure: str, width: str) -> list[float | None]:
    return [one.value for one in run.series(demand, measure, width)]


@pytest.mark.parametrize(
    ("measure", "width", "expected"),
    [
        ("throughput_mbps", "10ms", [5, 10, 5, 5, 5]),
        ("throughput_mbps", "20ms", [7.5, 5, 2.5]),
        ("offered_mbps", "10ms", [10, 19, 0, 10, 0]),
        ("stream_offered", "20ms", [30, 10, 0]),
        ("stream_lost", "10ms", [0, 10, 0, 0, 0]),
        ("stream_loss", "10ms", [0, 0.5, None, 0, None]),
        ("stream_forward_ms", "10ms", [5, 5, None, 5, None]),
        ("stream_forward_ms", "50ms", [5]),
    ],
)
def test_a_stream_over_time(
    run: corridor.Run, measure: str, width: str, expected: list[float | None]
) -> None:
    assert values(run, "near", measure, width) == expected
    assert run.series("near", measure, width)[0].at_s == 0


@pytest.mark.parametrize(
    ("measure", "width", "expected"),
    [
        ("tcp_mbps", "100ms", [10, 10, 5, 5]),
        ("tcp_mbps", "200ms", [10, 5]),
        ("tcp_mbps", "350ms", [3 / 0.35]),
        ("tcp_sent_mbps", "100ms", [10, 10, 5, 5]),
        ("tcp_retransmits", "150ms", [0, 3, 0]),
        ("tcp_retransmits", "100ms", [0, 0, 3, 0]),
        ("tcp_cwnd_bytes", "150ms", [14_480, 1448, 2896]),
        ("tcp_cwnd_bytes", "100ms", [None, 14_480, 1448, 2896]),
        ("tcp_rtt_ms", "200ms", [50, 51]),
    ],
)
def test_a_transfer_over_time(
    run: corridor.Run, measure: str, width: str, expected: list[float | None]
) -> None:
    assert values(run, "far", measure, width) == pytest.approx(expected)


@pytest.mark.parametrize("width", ["10ms", "70ms", "1s"])
def test_bins_of_any_width_add_up_to_the_whole(run: corridor.Run, width: str) -> None:
    assert sum(values(run, "near", "stream_lost", width)) == 10  # type: ignore[arg-type]
    width_s = int(width.removesuffix("ms").removesuffix("s")) / (1000 if "ms" in width else 1)
    rates = values(run, "near", "throughput_mbps", width)
    assert sum(rates) * width_s == pytest.approx(30 * 0.01)  # type: ignore[arg-type]


def test_a_transfer_keeps_its_octets_and_its_retransmissions(run: corridor.Run) -> None:
    for width, width_s in (("100ms", 0.1), ("130ms", 0.13), ("1s", 1)):
        rates = values(run, "far", "tcp_mbps", width)
        assert sum(rates) * width_s == pytest.approx(3)  # type: ignore[arg-type]
        assert sum(values(run, "far", "tcp_retransmits", width)) == 3  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("near", "throughput_mbps", "5ms"), "a bin of 5ms is finer than the 10ms of streams"),
        (("near", "stream_loss", "15ms"), "a bin of 15ms is not a multiple of the 10ms .*use 20ms"),
        (("far", "tcp_mbps", "50ms"), "a bin of 50ms is finer than the 100ms of transfers"),
        (("far", "throughput_mbps"), "no stream of it was recorded; use tcp_mbps, tcp_sent_mbps"),
        (("near", "tcp_rtt_ms"), "no transfer of it was recorded; use throughput_mbps"),
        (("silent", "throughput_mbps"), "throughput_mbps of silent is not known"),
        (("nothing", "throughput_mbps"), 'no demand is called "nothing"'),
        (("near", "throughput"), "no measure is called .*throughput_mbps"),
        (("near", "throughput_mbps", "wide"), "wide"),
    ],
)
def test_what_nothing_tells_is_refused_in_a_line(
    run: corridor.Run, asked: tuple[str, ...], says: str
) -> None:
    with pytest.raises(InputError, match=says) as caught:
        run.series(*asked)
    assert "\n" not in str(caught.value)


def test_what_one_end_alone_counted_is_told_as_far_as_it_goes(folder: Path) -> None:
    (folder / "raw" / "intervals-guian.json").unlink()
    run = corridor.load(folder)
    assert values(run, "near", "stream_offered", "10ms") == [10, 20, 0, 10]
    with pytest.raises(InputError, match="stream_lost of near is not known"):
        run.series("near", "stream_lost")
    (folder / "raw" / "intervals-shanghai.json").rename(folder / "raw" / "elsewhere.json")
    handmade_run.write_series(folder / "raw")
    (folder / "raw" / "intervals-shanghai.json").unlink()
    run = corridor.load(folder)
    assert values(run, "near", "throughput_mbps", "10ms") == [5, 10, 5, 5, 5]
    with pytest.raises(InputError, match="stream_offered of near is not known"):
        run.series("near", "stream_offered")


def test_a_folder_of_an_earlier_version_has_no_series_and_all_else(tmp_path: Path) -> None:
    handmade_run.write_run(tmp_path / "old")
    summarise(tmp_path / "old", read_plan(tmp_path / "old"), handmade_run.FACTS)
    run = corridor.load(tmp_path / "old")
    assert not (tmp_path / "old" / "series.parquet").exists()
    assert run.flow_series.num_rows == 0
    assert run.series("near", "lost")
    with pytest.raises(InputError, match="run the scenario with this version"):
        run.series("near", "throughput_mbps")


def test_the_table_has_a_row_an_interval_of_each_end(folder: Path, run: corridor.Run) -> None:
    table = pq.read_table(folder / "series.parquet")
    assert tuple(table.column_names) == SERIES_COLUMNS
    assert table.schema.metadata[b"corridor_schema"] == b"series/1"
    assert table.equals(run.flow_series)
    rows = table.to_pylist()
    ends = [(row["demand"], row["protocol"], row["side"]) for row in rows]
    assert {end: ends.count(end) for end in ends} == {
        ("near", "udp", "sender"): 5,
        ("near", "udp", "receiver"): 5,
        ("far", "tcp", "sender"): 3,
        ("far", "tcp", "receiver"): 3,
    }
    second = rows[1]
    assert (second["at_ns"], second["lasts_ns"], second["arrived_packets"]) == (10**7, 10**7, 10)
    assert second["delivered_bytes"] is None
    assert rows[-3]["at_ns"] == 50_000_000
    assert rows[-3]["retransmits"] is None


def test_a_report_writes_the_same_table(folder: Path) -> None:
    before = (folder / "series.parquet").read_bytes()
    (folder / "series.parquet").unlink()
    assert recover(folder).passed_over == ()
    assert (folder / "series.parquet").read_bytes() == before


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"schema": 2}, "of format 2, not 1"),
        ({"width_ns": 20_000_000}, "not equally wide"),
        ({"width_ns": 0}, "not equally wide"),
        ({"first": 10**15}, "do not belong together"),
        ({"packets": None}, "another version"),
        ({"flow": 99}, "another version"),
    ],
)
def test_a_report_of_intervals_that_no_run_leaves_says_so(
    folder: Path, changes: dict[str, Any], says: str
) -> None:
    path = folder / "raw" / "intervals-guian.json"
    about = json.loads(path.read_text())
    for key, value in changes.items():
        (about if key in about else about["streams_in"][0])[key] = value
    path.write_text(json.dumps(about))
    with pytest.raises(InputError, match=says) as caught:
        recover(folder)
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="holds no series of this version"):
        corridor.load(folder).series("near", "throughput_mbps")


def test_a_torn_file_is_passed_over(folder: Path) -> None:
    path = folder / "raw" / "intervals-guian.json"
    path.write_text(path.read_text()[:80])
    assert recover(folder).passed_over == ("raw/intervals-guian.json is torn",)


def test_intervals_of_a_transfer_that_overlap_are_refused(folder: Path) -> None:
    path = folder / "raw" / "transfers.json"
    transfers = json.loads(path.read_text())
    transfers[0]["result"]["sending"][1]["from_ns"] -= 1
    path.write_text(json.dumps(transfers))
    with pytest.raises(InputError, match="of the transfer of far are not in order"):
        recover(folder)


def test_no_two_measures_have_one_name() -> None:
    assert len(set(MEASURES)) == len(MEASURES) > len(OF_FLOWS)


def test_all_over_time_is_a_row_a_demand_and_bin(folder: Path) -> None:
    summary = json.loads((folder / "summary.json").read_text())
    lasting = {"id": "dig", "kind": "cut", "at_ms": 150.0, "until_ms": 200.0}
    at_once = {"id": "dawn", "kind": "day", "at_ms": 100.0, "until_ms": None}
    to_the_end = {"id": "out", "kind": "cut", "at_ms": 250.0, "until_ms": None}
    summary["events"] = [lasting, at_once, to_the_end]
    (folder / "summary.json").write_text(json.dumps(typed(summary).to_json()))
    table = corridor.load(folder).over_time("100ms")
    assert table.column_names == ["demand", "at_s", *COLUMNS, "status", "path", "events"]
    rows = {(row["demand"], row["at_s"]): row for row in table.to_pylist()}
    assert len(rows) == table.num_rows
    near, far = rows["near", 0.0], rows["far", 0.1]
    assert near["throughput_mbps"] == pytest.approx(3.0)
    assert (near["status"], near["path"], near["events"]) == ("UP", ["shanghai", "guian"], [])
    assert (near["rtt_ms"], near["tcp_mbps"]) == (None, None)
    assert rows["near", -1.0]["lost"] == 2
    assert rows["near", -1.0]["throughput_mbps"] is None
    assert (far["tcp_mbps"], far["events"]) == (pytest.approx(10), ["dig", "dawn"])
    assert rows["far", 0.2]["events"] == ["out"]
    assert rows["far", 0.3]["events"] == ["out"]
    with pytest.raises(InputError, match="finer than the 100ms of transfers"):
        corridor.load(folder).over_time("10ms")
