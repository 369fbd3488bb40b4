"""The main promise: exact delays, exact throughput, and the same seed gives the same bytes."""

import compileall
import shutil
from concurrent.futures import ThreadPoolExecutor

import pyarrow.parquet as pq
import pytest

from corridor_runs import SCENARIOS, checkout_of_its_own, run

pytestmark = [pytest.mark.guest, pytest.mark.usefixtures("virtual_kernel")]
RTT_TOLERANCE_MS = 0.020
MEDIAN_TOLERANCE_MS = 0.010
BUFFER_MS = 20
OF_THIS_MACHINE = ("wall_s", "build_s", "teardown_s")


def assert_same_bytes(left, right):
    """Every timestamp of every probe, and everything that is computed from them."""
    ours, theirs = left.raw_records, right.raw_records
    assert ours.keys() == theirs.keys()
    different = [name for name in ours if ours[name] != theirs[name]]
    assert different == [], f"records differ: {different}"
    tables = [(one.folder / "probes.parquet").read_bytes() for one in (left, right)]
    assert tables[0] == tables[1], "the records are the same but probes.parquet is not"
    assert without_wall_times(left.summary) == without_wall_times(right.summary)


def without_wall_times(value):
    if isinstance(value, dict):
        return {k: without_wall_times(v) for k, v in value.items() if k not in OF_THIS_MACHINE}
    return [without_wall_times(item) for item in value] if isinstance(value, list) else value


@pytest.mark.promise("round trips take the time that the model predicts")
def test_every_least_round_trip_is_what_was_predicted_and_the_median_hardly_above(once):
    for demand in once("timing").summary["demands"]:
        least, median = demand["rtt_ms"]["min"], demand["rtt_ms"]["p50"]
        path = " > ".join(demand["path"])
        predicted = demand["predicted_rtt_ms"]
        assert least == pytest.approx(predicted, abs=RTT_TOLERANCE_MS), f"{demand['id']}: {path}"
        assert median - least < MEDIAN_TOLERANCE_MS, f"{demand['id']}: {path}"
        assert demand["sent"] >= 100
        assert (demand["lost"], demand["duplicates"], demand["reordered"]) == (0, 0, 0)


def test_each_way_takes_the_time_predicted_for_it(once):
    for demand in once("timing").summary["demands"]:
        for direction in ("forward", "backward"):
            measured = demand["one_way_ms"][direction]["min"]
            predicted = demand["predicted_one_way_ms"][direction]
            assert measured == pytest.approx(predicted, abs=RTT_TOLERANCE_MS), (
                demand["id"],
                direction,
            )


@pytest.mark.promise("the same seed gives the same bytes")
def test_the_same_seed_gives_the_same_bytes(once):
    assert_same_bytes(once("timing"), once("timing", "--seed", "1"))


def test_another_checkout_elsewhere_gives_the_same_bytes(once, tmp_path):
    place = checkout_of_its_own(tmp_path / "another place, with a longer name/and deeper down")
    compileall.compile_dir(place / "traffic", quiet=1)
    for compiled in list((place / "controller").rglob("__pycache__")):
        shutil.rmtree(compiled)
    where = ("--testbed", "uml", "--clock", "virtual")
    python = place / ".venv/bin/python"
    ran = run(tmp_path / "r", SCENARIOS / "lossy.yaml", *where, code=place, python=python)
    assert ran.code == 0, ran.complained
    assert_same_bytes(ran, once("lossy"))


def test_another_seed_loses_other_probes(once):
    first, second = once("lossy"), once("lossy", "--seed", "2")
    assert first.raw_records != second.raw_records
    lost = [{d["id"]: d["lost"] for d in one.summary["demands"]} for one in (first, second)]
    assert lost[0] != lost[1], lost


def test_losses_are_as_many_as_the_scenario_asks_for(once):
    for demand in once("lossy").summary["demands"]:
        fibres = 2 * len(demand["fibres"])
        expected = demand["sent"] * (1 - 0.95**fibres)
        spread = (expected * 0.95**fibres) ** 0.5
        assert abs(demand["lost"] - expected) < 4 * spread, (demand["id"], demand["lost"], expected)


def test_two_runs_at_once_are_each_what_they_are_alone_and_lose_the_same_probes(
    once, client, tmp_path
):
    def alongside(name):
        where = ("--testbed", "uml", "--clock", "virtual")
        return run(tmp_path / name, SCENARIOS / f"{name}.yaml", *where, client=client)

    with ThreadPoolExecutor() as pool:
        timing, lossy = pool.map(alongside, ("timing", "lossy"))
    assert (timing.code, lossy.code) == (0, 0), timing.complained + lossy.complained
    assert_same_bytes(timing, once("timing"))
    assert_same_bytes(lossy, once("lossy"))


def test_a_stream_below_the_bottleneck_arrives_whole(once):
    flow = once("throughput").flow("below", "udp")
    assert flow["offered"] == pytest.approx(flow["asked"], rel=1e-5)
    assert flow["offered"] == pytest.approx(0.95 * flow["bottleneck"], rel=0.001)
    assert flow["delivered"] == pytest.approx(flow["offered"], rel=0.001)
    assert flow["delivered_packets"] == flow["offered_packets"]
    assert not flow["lost_at"]


def test_a_stream_above_the_bottleneck_is_cut_to_it_and_the_loss_is_placed_at_its_queue(once):
    flow = once("throughput").flow("above", "udp")
    assert flow["offered"] == pytest.approx(1.2 * flow["bottleneck"], rel=0.001)
    assert flow["delivered"] == pytest.approx(flow["bottleneck"], rel=0.01)
    assert flow["lost_at"] == {
        "narrow:guian->wuhan queue": flow["offered_packets"] - flow["delivered_packets"]
    }


def test_a_full_queue_delays_a_packet_by_the_buffer_the_scenario_states(once):
    rows = pq.read_table(once("throughput").folder / "flows.parquet").to_pylist()
    above = next(row for row in rows if row["demand"] == "above")
    waiting_ms = (above["delay_max_ns"] - above["delay_min_ns"]) / 1e6
    assert waiting_ms == pytest.approx(BUFFER_MS, abs=1.5)


def test_tcp_fills_nine_tenths_of_a_short_paths_bottleneck(once):
    flow = once("throughput").flow("tcp", "tcp")
    assert flow["error"] is None
    assert 0.9 * flow["bottleneck"] <= flow["delivered"] <= flow["bottleneck"]


def test_the_tables_held_are_the_tables_sent_and_stay_so(once):
    ran = once("timing")
    assert ran.tables("before") == ran.tables("after")


def test_ryu_and_os_ken_give_the_same_tables_and_paths(once):
    ryu, os_ken = once("timing"), once("timing", "--framework", "os-ken")
    assert os_ken.summary["framework"] == "os-ken"
    assert ryu.tables() == os_ken.tables()
    paths = [{d["id"]: d["path"] for d in one.summary["demands"]} for one in (ryu, os_ken)]
    assert paths[0] == paths[1]
    for demand in os_ken.summary["demands"]:
        assert demand["rtt_ms"]["min"] == pytest.approx(
            demand["predicted_rtt_ms"], abs=RTT_TOLERANCE_MS
        )


def test_the_result_folder_holds_what_it_should_and_nothing_else(once):
    names = {path.name for path in once("throughput").folder.iterdir()}
    always = {
        "scenario.yaml",
        "manifest.json",
        "events.jsonl",
        "answers.json",
        "console.log",
        "controller.log",
    }
    always |= {"raw", "tables", "summary.json"}
    always |= {"probes.parquet", "flows.parquet", "series.parquet"}
    always |= {"account.json", "account.parquet"}
    assert names - {"proof.json"} == always
