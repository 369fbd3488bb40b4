"""Queues before fibres, full, against what was configured and what queueing theory says."""

import json
from statistics import mean

import pyarrow.parquet as pq
import pytest

pytestmark = [pytest.mark.guest, pytest.mark.usefixtures("virtual_kernel")]
FULL_BPS = 96e6
FRAME_BYTES, PROBE_BYTES, LABEL_BYTES = 1442, 128, 4
WITHIN = 0.03
STREAM_BPS = FULL_BPS * FRAME_BYTES / (FRAME_BYTES + LABEL_BYTES)
"""Frames without their label, of a full fibre."""


@pytest.fixture(scope="module")
def full(once):
    return once("queues")


@pytest.fixture(scope="module")
def promised(once):
    return once("committed")


def sent_ns(frame_bytes):
    return (frame_bytes + LABEL_BYTES) * 8e9 / FULL_BPS


def waits_ns(ran, demand):
    """The forward delay of each probe above the minimum."""
    number = [one["id"] for one in ran.summary["demands"]].index(demand)
    columns = ("phase", "demand", "received", "t1_ns", "t2_ns")
    rows = zip(
        *pq.read_table(ran.folder / "probes.parquet").select(columns).to_pydict().values(),
        strict=True,
    )
    took = [t2 - t1 for phase, of, back, t1, t2 in rows if (phase, of, back) == (1, number, True)]
    return [one - min(took) for one in took]


def queue(ran, fibre, hub):
    (found,) = (one for one in ran.summary["queues"] if (one["fibre"], one["from"]) == (fibre, hub))
    return {one["name"]: one for one in found["classes"]}


def test_a_lone_frame_takes_as_long_as_without_a_queue_before_its_fibre(full):
    for demand in full.summary["demands"]:
        assert demand["rtt_ms"]["min"] == pytest.approx(demand["predicted_rtt_ms"], abs=0.002)


def test_who_has_priority_waits_for_what_is_being_sent_and_for_nothing_else(full):
    """Cobham 1954: of two classes without preemption, the second of which never ends."""
    load = sent_ns(PROBE_BYTES) / 500_000
    expected = sent_ns(FRAME_BYTES) / 2 + load * sent_ns(PROBE_BYTES) / 2 / (1 - load)
    found = waits_ns(full, "first")
    assert mean(found) == pytest.approx(expected, rel=WITHIN)
    assert max(found) <= sent_ns(FRAME_BYTES) + 10 * sent_ns(PROBE_BYTES)
    assert full.demands["first"]["lost"] == 0
    assert full.flow("filling", "udp")["delivered_packets"] > 0
    classes = queue(full, "guian-kunming", "guian")
    assert classes["interactive"]["drops"] == 0 < classes["background"]["drops"]


def test_weights_share_a_full_fibre(full):
    of = {"gold": 0.5, "silver": 0.3, "rest": 0.2}
    delivered = {name: full.flow(name, "udp")["delivered"] * 1e6 for name in of}
    assert sum(delivered.values()) == pytest.approx(STREAM_BPS, rel=WITHIN)
    for name, share in of.items():
        assert delivered[name] == pytest.approx(share * STREAM_BPS, rel=WITHIN), name


def test_a_buffer_of_octets_is_as_deep_as_it_says(full):
    assert max(waits_ns(full, "beside-tail")) == pytest.approx(60_000 * 8e9 / FULL_BPS, rel=WITHIN)


def test_flows_of_fq_codel_do_not_wait_for_each_other(full):
    assert max(waits_ns(full, "beside-flows")) <= 3 * sent_ns(1514)


@pytest.mark.parametrize(("demand", "target_ms"), [("flows", 5), ("pie", 15)])
def test_an_aqm_holds_tcp_to_its_target(full, demand, target_ms):
    number = [one["id"] for one in full.summary["demands"]].index(demand)
    transfers = json.loads((full.folder / "raw/transfers.json").read_text())
    (said,) = (one["result"] for one in transfers if one["demand"] == number)
    rtts_ms = [one["rtt_us"] / 1000 for one in said["sending"]]
    last_second = rtts_ms[-10:]
    assert max(last_second) <= said["min_rtt_us"] / 1000 + 2 * target_ms
    assert said["received_mbps"] > 60


def test_what_classes_dropped_is_what_the_fibre_has_lost(full):
    classes = queue(full, "shanghai-guian", "shanghai").values()
    lost = sum(
        flow["offered_packets"] - flow["delivered_packets"]
        for flow in (full.flow(name, "udp") for name in ("gold", "silver", "rest"))
    )
    assert sum(one["drops"] for one in classes) == lost


def test_a_committed_rate_is_kept_while_peaks_fill_the_fibre_and_one_is_cut(promised):
    flow = promised.flow("customer", "udp")
    assert flow["delivered"] == pytest.approx(30, rel=WITHIN)
    drops = [
        one["drops"]
        for fibre in ("shanghai-guian", "shanghai-kunming")
        for name, one in queue(promised, fibre, "shanghai").items()
        if name == "customer"
    ]
    assert drops == [0, 0]


def test_what_no_rate_is_committed_for_shares_what_is_left_with_peaks(promised):
    rest, peak = (promised.flow(name, "udp")["delivered"] for name in ("rest", "peak"))
    left = (STREAM_BPS / 1e6 - 30 - 10) / 2
    assert rest == pytest.approx(left, rel=2 * WITHIN)
    assert peak == pytest.approx(10 + left, rel=2 * WITHIN)


def test_a_committed_probe_waits_for_a_frame_of_each_class_at_most(promised):
    (dig,) = (one for one in promised.summary["events"] if one["id"] == "dig")
    (hit,) = (one for one in dig["hits"] if one["demand"] == "customer")
    found = sorted(waits_ns(promised, "customer"))
    detour_ns = (hit["expected_rtt_then_ms"] - hit["expected_rtt_before_ms"]) * 1e6 / 2
    frames_ns = 4 * sent_ns(FRAME_BYTES)
    assert found[len(found) // 2] <= frames_ns
    assert found[-1] <= detour_ns + 2 * frames_ns
