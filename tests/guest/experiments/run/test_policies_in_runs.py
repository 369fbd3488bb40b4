"""Runs under policies: permitted data arrives in time, the rest is blocked, all is monitored."""

import json
from collections import Counter

import pyarrow.parquet as pq
import pytest

from corridor.controller.forwarding.program import Reason
from corridor_runs import SCENARIOS, broken_copy, run

pytestmark = [pytest.mark.guest, pytest.mark.usefixtures("virtual_kernel")]
RTT_TOLERANCE_MS = 0.020
CARRIER_OUTAGE_MS, SILENT_OUTAGE_MS = 15, 50
VIRTUAL = ("--testbed", "uml", "--clock", "virtual")


@pytest.fixture(scope="module")
def sovereign(once):
    return once("sovereign")


def demands_of(ran):
    return {demand["id"]: demand for demand in ran.summary["demands"]}


@pytest.mark.promise("permitted data arrives through its gateway, in the predicted time")
def test_what_may_go_takes_the_time_predicted_through_the_gateway_too(sovereign):
    demands = demands_of(sovereign)
    assert "ASSESSED" in demands["out"]["phases"]
    for name in ("home", "out", "also"):
        demand = demands[name]
        least, predicted = demand["rtt_ms"]["min"], demand["predicted_rtt_ms"]
        assert least == pytest.approx(predicted, abs=RTT_TOLERANCE_MS), name


@pytest.mark.promise("blocked data is dropped, and no packet is where its policies forbid it")
def test_what_is_kept_back_is_sent_and_does_not_arrive(sovereign):
    kept = demands_of(sovereign)["kept"]
    assert (kept["status"], kept["sent"], kept["received"]) == ("BLOCKED", 100, 0)
    assert "no permit matches" in kept["why"]
    reasons = Counter()
    for flows in json.loads((sovereign.folder / "tables" / "after.json").read_text())[
        "switches"
    ].values():
        for flow in flows:
            reasons[flow["cookie"] >> 16 & 0xFFFF] += flow["packets"]
    # Three probes to warm up, and those that are measured.
    assert reasons[Reason.DROP_BLOCKED] == 103


@pytest.mark.promise("blocked data is dropped, and no packet is where its policies forbid it")
def test_no_packet_was_on_a_fibre_where_its_policies_forbid_it(sovereign):
    crossings = sovereign.summary["crossings"]
    assert crossings["frames"] > 1000
    assert (crossings["lost"], crossings["forbidden"], crossings["strange"]) == (0, [], [])


def test_a_dead_gateway_is_never_passed_by_and_another_takes_over(sovereign):
    out = demands_of(sovereign)["out"]
    assert out["lost"] <= 2
    detour_ms = out["rtt_ms"]["max"] - out["rtt_ms"]["min"]
    assert detour_ms > 1, "all probes took the same way although their gateway was killed"
    audited = (sovereign.folder / "audit" / "gateway-shanghai.jsonl").read_text()
    assert '"demand":"out"' in audited.replace(": ", ":")


def test_an_edge_lets_in_no_more_than_the_peak_rate(sovereign):
    delivered = demands_of(sovereign)["home"]["throughput_mbps"]["delivered"]
    # The meter's burst, a tenth of a second, comes on top.
    assert 20 <= delivered <= 22.5


@pytest.mark.promise("installed tables are proven before traffic and after it")
def test_the_tables_were_proven_before_traffic_and_after(sovereign):
    proof = json.loads((sovereign.folder / "proof.json").read_text())
    assert proof["holds"]
    assert set(proof["proofs"]) == {"before", "after"}
    assert proof["second_opinion"]["agrees"]
    events = [json.loads(line) for line in (sovereign.folder / "events.jsonl").open()]
    names = [event.get("name", event["event"]) for event in events]
    assert names.index("proven") < names.index("measure")


def test_without_policies_everything_goes(once):
    demands = demands_of(once("sovereign", "--policies", "none"))
    assert {demand["status"] for demand in demands.values()} == {"UP"}
    assert demands["kept"]["received"] == 100


@pytest.mark.parametrize(
    ("scenario", "most_ms"), [("cuts", CARRIER_OUTAGE_MS), ("silent-cuts", SILENT_OUTAGE_MS)]
)
def test_cut_fibres_are_left_in_time_and_nothing_is_lost_but_what_was_predicted(
    once, scenario, most_ms
):
    ran = once(scenario)
    cuts = ran.summary["cuts"]
    assert cuts["demand_cuts"]["detour"] == 3
    assert cuts["surprises"] == []
    assert cuts["not_restored"] == []
    assert cuts["outage_ms"]["max"] <= most_ms
    assert ran.summary["crossings"]["forbidden"] == ran.summary["crossings"]["strange"] == []
    for row in pq.read_table(ran.folder / "cuts.parquet").to_pylist():
        if row["expected"] == "detour":
            assert row["detour_rtt_ms"] == pytest.approx(row["expected_rtt_ms"], abs=0.5), row


@pytest.mark.promise("installed tables are proven before traffic and after it")
def test_nothing_is_sent_unless_the_tables_are_proven(tmp_path):
    """A controller that lets hosts send under any address is found out before any traffic."""
    code = broken_copy(
        tmp_path / "code",
        "controller/openflow/encoding.py",
        "    fields = sorted(_field(name, value) for name, value in match)\n",
        "    wider = [one for one in match if one[0] != 'ipv4_src']\n"
        "    fields = sorted(_field(name, value) for name, value in wider)\n",
    )
    ran = run(tmp_path / "result", SCENARIOS / "sovereign.yaml", *VIRTUAL, code=code)
    assert ran.code == 1
    assert "nothing is sent" in ran.complained
    assert not list((tmp_path / "result" / "raw").glob("probes-*.rec"))
    proof = json.loads((tmp_path / "result" / "proof.json").read_text())
    violated = [
        v["claim"] for v in proof["proofs"]["before"]["verdicts"] if v["status"] == "violated"
    ]
    assert "C2" in violated


def test_packets_go_on_by_another_permit_where_the_one_in_use_leaves_no_path(once):
    ran = once("two-permits")
    (goods,) = demands_of(ran).values()
    assert (goods["status"], goods["permit"]) == ("UP", "FIRST")
    # What is on the fibre when it is cut is lost; the switches send the rest by the south.
    assert goods["lost"] <= 2
    assert goods["rtt_ms"]["max"] - goods["rtt_ms"]["min"] > 3
    assert ran.summary["crossings"]["forbidden"] == []
