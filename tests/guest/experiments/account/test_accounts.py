"""Packet accounting balances whatever is lost at once, and does not if one point counts nothing."""

import json
import shutil

import pyarrow.parquet as pq
import pytest

from corridor.experiments.run.recover import recover

pytestmark = [pytest.mark.guest, pytest.mark.usefixtures("virtual_kernel")]
FAULTS = {"dig", "silent", "gone", "alone", "alone-too"}
BEYOND_CONTROL = ("machine", "unexplained", "in flight")


@pytest.fixture(scope="module")
def lossy(once):
    return once("every-loss")


@pytest.mark.promise("the account of packets closes")
def test_an_account_closes_to_the_packet_whatever_is_lost_at_once(lossy):
    account = lossy.summary["account"]
    assert (account["closes"], account["off_by"], account["problems"]) == (True, 0, [])
    assert lossy.summary["invalid"] is None
    lost = account["lost"]
    assert {"queue", "random loss", "fault", "switch", "meter", "policy"} <= lost.keys()
    assert not lost.keys() & set(BEYOND_CONTROL)
    assert account["sent"] == account["delivered"] + sum(lost.values()) + account["in_flight"]


def test_each_demand_has_its_own_losses_at_their_own_places(lossy):
    rows = pq.read_table(lossy.folder / "account.parquet").to_pylist()
    meters = {(row["demand"], row["place"]) for row in rows if row["cause"] == "meter"}
    assert meters == {("also", "guian")}
    assert {row["event"] for row in rows if row["cause"] == "fault"} <= FAULTS
    whole = json.loads((lossy.folder / "account.json").read_text())
    for line in whole["demands"]:
        found = sum(one["packets"] for one in line["lost_at"])
        assert line["sent"] == line["delivered"] + found + line["in_flight"], line
    for fibre in whole["fibres"]:
        gone = sum(fibre["lost"].values()) + fibre["in_flight"]
        assert fibre["entered"] >= fibre["arrived"] + gone - 1, "one was under way at the start"


@pytest.mark.parametrize("sent", [0, 1])
def test_a_run_in_which_one_point_has_counted_nothing_is_not_valid(lossy, sent, tmp_path):
    folder = shutil.copytree(lossy.folder, tmp_path / "spoilt")
    path = folder / "raw" / "account.json"
    said = json.loads(path.read_text())
    point = [said["interfaces"].index("c0s1p2"), sent]
    for reading in said["readings"]:
        reading["passed"] = [row for row in reading["passed"] if row[:2] != point]
    path.write_text(json.dumps(said))
    (folder / "summary.json").unlink()
    summary = recover(folder).summary
    assert "packet accounting is not balanced" in str(summary.invalid)
