"""From the raw files of a run to summary and tables, with every number known beforehand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import handmade_run
from corridor.experiments.account.probes import PROBE_PHASE
from corridor.experiments.account.summary import Summary
from corridor.experiments.results.results import read_plan, summarise
from corridor.topologies.base.codec import to_plain
from corridor.topologies.base.errors import InputError


@pytest.fixture
def run(tmp_path: Path) -> Path:
    handmade_run.write_run(tmp_path / "run")
    return tmp_path / "run"


def summary_of(run: Path) -> Summary:
    return summarise(run, read_plan(run), handmade_run.FACTS)


def demand_of(run: Path, name: str) -> Any:
    return next(demand for demand in summary_of(run).demands if demand.id == name)


def test_results_count_probes_and_tell_losses_by_direction(run: Path) -> None:
    near = demand_of(run, "near")
    counts = ("sent", "received", "lost", "lost_forward", "lost_backward", "duplicates")
    assert [getattr(near, name) for name in counts] == [4, 2, 2, 1, 1, 1]


def test_results_give_delays_to_the_nanosecond_without_the_residence(run: Path) -> None:
    near = demand_of(run, "near")
    assert near.predicted_rtt_ms == 10.0
    assert to_plain(near.rtt_ms) == {
        "min": 10.00075,
        "mean": 10.001875,
        "p50": None,
        "p95": None,
        "p99": None,
        "max": 10.003,
    }
    assert near.one_way_ms.forward.min == 5.00025
    assert near.one_way_ms.backward.max == 5.002
    assert near.pdv_ms.backward.max == 0.0015
    assert near.send_lateness_ms.max == 0.000256


def test_results_keep_the_first_packet_out_of_the_rest(run: Path) -> None:
    near = demand_of(run, "near")
    assert near.first_packet_rtt_ms == 10.1
    assert near.rtt_ms.max < 10.1


def test_results_of_a_demand_without_a_reply_are_null_beside_its_prediction(run: Path) -> None:
    silent = demand_of(run, "silent")
    assert (silent.sent, silent.received, silent.lost) == (1, 0, 1)
    assert silent.rtt_ms.min is None
    assert to_plain(silent.predicted_one_way_ms) == {"forward": 20.0, "backward": 20.0}


def test_results_give_a_loss_no_direction_where_nothing_was_ever_reflected(run: Path) -> None:
    silent = demand_of(run, "silent")
    assert (silent.lost_forward, silent.lost_backward) == (0, 0)


def test_results_count_a_probe_overtaken_by_its_successor(run: Path) -> None:
    assert demand_of(run, "far").reordered == 1


def test_results_say_what_a_stream_offered_and_delivered(run: Path) -> None:
    (flow,) = demand_of(run, "near").flows
    sample = flow.sample
    assert sample.delay_ms.p50 == 5.0, "of all packets, not of classes of them"
    assert (sample.delay_ms.p95, sample.pdv_ms.max) == (None, 20.0)
    assert sample.ipdv_ms.max == 20.0
    assert sample.left_out["p95"] == "needs 200 values, and there are 90"
    assert sample.losses.longest == 10
    assert [to_plain(replace(flow, sample=None))] == [
        {
            "protocol": "udp",
            "layer": "L2 frame without FCS",
            "asked": 12.0,
            "offered": 12.0,
            "delivered": 10.0,
            "bottleneck": 10.0,
            "offered_packets": 100,
            "delivered_packets": 90,
            "loss": 0.1,
            "lost_at": None,
            "retransmits": None,
            "error": None,
        }
    ]


def test_results_take_the_receivers_figure_of_a_tcp_transfer(run: Path) -> None:
    (flow,) = demand_of(run, "far").flows
    assert (flow.protocol, flow.offered, flow.delivered) == ("tcp", None, 5.0)
    assert (flow.retransmits, flow.lost_at) == (3, None)


def test_results_say_what_the_run_was(run: Path) -> None:
    summary = summary_of(run)
    assert to_plain(summary.network) == {"hubs": 3, "fibres": 2, "build_s": 5.0, "teardown_s": 2.0}
    names = ("schema", "scenario", "testbed", "clock", "seed", "complete", "wall_s", "virtual_s")
    assert [getattr(summary, name) for name in names] == [
        2, "handmade", "uml", "virtual", 7, True, 30.5, 13.25,
    ]  # fmt: skip
    assert json.loads((run / "summary.json").read_text()) == summary.to_json()


def test_results_hold_a_row_a_reply_and_a_row_a_probe_without_one(run: Path) -> None:
    summary_of(run)
    table = pq.read_table(run / "probes.parquet")
    near = [row for row in table.to_pylist() if row["demand"] == 0]
    probed = [row for row in near if row["phase"] == PROBE_PHASE]
    found = [(row["seq"], row["copy"], row["received"]) for row in probed]
    assert found == [(1, 0, True), (2, 0, True), (2, 1, True), (3, 0, False), (4, 0, False)]
    assert [row["t4_ns"] is None for row in probed] == [False, False, False, True, True]
    assert table.schema.metadata[b"corridor_schema"] == b"probes/1"
    assert int(table.schema.metadata[b"epoch_ns"]) == handmade_run.EPOCH_NS


def test_results_hold_a_row_a_flow(run: Path) -> None:
    summary_of(run)
    table = pq.read_table(run / "flows.parquet")
    rows = [(row["demand"], row["protocol"], row["lost_in_network"]) for row in table.to_pylist()]
    assert rows == [("near", "udp", 10), ("far", "tcp", None)]
    assert json.loads(table["lost_at_json"][1].as_py()) is None, "no place was counted"
    assert table.schema.metadata[b"corridor_schema"] == b"flows/1"


def test_results_are_the_same_bytes_for_the_same_raw_files(run: Path) -> None:
    names = ("summary.json", "probes.parquet", "flows.parquet")
    summary_of(run)
    first = [(run / name).read_bytes() for name in names]
    summary_of(run)
    assert [(run / name).read_bytes() for name in names] == first


def test_results_of_a_torn_record_file_lack_its_last_record_only(run: Path) -> None:
    path = run / "raw" / "probes-shanghai.rec"
    path.write_bytes(path.read_bytes()[:-1])  # the reply to sequence number 1 of far
    far = demand_of(run, "far")
    assert (far.sent, far.received, far.lost_backward) == (3, 2, 1)
    metadata = pq.read_schema(run / "probes.parquet").metadata
    assert metadata[b"damaged_records"] == b"1"


def test_results_of_a_run_that_measured_nothing_are_predictions(run: Path) -> None:
    for path in (run / "raw").iterdir():
        if path.name != "plan.json":
            path.unlink()
    summary = summary_of(run)
    assert [demand.sent for demand in summary.demands] == [0, 0, 0]
    assert [demand.rtt_ms for demand in summary.demands] == [None, None, None]
    assert [demand.predicted_rtt_ms for demand in summary.demands] == [10.0, 40.0, 50.0]
    assert pq.read_table(run / "probes.parquet").num_rows == 0
    assert pq.read_table(run / "flows.parquet").num_rows == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "contains no run: raw/plan.json is missing"),
        ("", "plan.json:1: is not JSON"),
        ('{"schema": 1}', "is not a plan of this version"),
        ('{"schema": 1, "unheard_of": 2}', "is not a plan of this version"),
    ],
)
def test_results_without_a_whole_plan_are_refused(
    run: Path, text: str | None, message: str
) -> None:
    path = run / "raw" / "plan.json"
    path.unlink()
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_plan(run)
