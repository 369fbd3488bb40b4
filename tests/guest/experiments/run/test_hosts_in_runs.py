"""Hosts behind hubs in a run: each is reached in the predicted time, with the data that it may."""

import json

import pytest

from corridor_runs import ROOT, run

pytestmark = [pytest.mark.guest, pytest.mark.usefixtures("virtual_kernel")]
EXACT_MS = 0.001
UP = {
    "orders": ("web1", "db1"),
    "catalogue": ("web2", "karachi"),
    "copies": ("shanghai", "db1"),
    "local": ("web1", "guian"),
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory, client):
    folder = tmp_path_factory.mktemp("hosts") / "out"
    ran = run(folder, ROOT / "examples/hosts.yaml", "--testbed", "uml", client=client)
    assert ran.code == 0, f"{ran.said}{ran.complained}"
    return ran


def test_round_trips_between_hosts_take_the_time_that_the_model_predicts(ran):
    assert {one for one, said in ran.demands.items() if said["status"] == "UP"} == UP.keys()
    for name in UP:
        said = ran.demands[name]
        assert said["received"] == said["sent"] == 50
        assert 0 <= said["rtt_ms"]["min"] - said["predicted_rtt_ms"] <= EXACT_MS, name
    assert ran.demands["orders"]["rtt_ms"]["min"] == ran.demands["catalogue"]["rtt_ms"]["min"]


def test_one_of_two_hosts_of_a_hub_is_blocked_by_the_law_of_its_data(ran):
    blocked = ran.demands["records"]
    assert (blocked["status"], blocked["received"]) == ("BLOCKED", 0)
    assert (blocked["src_host"], blocked["dst_host"]) == ("web2", "db1")


def test_the_account_names_hosts_and_closes(ran):
    account = json.loads((ran.folder / "account.json").read_text())
    assert (account["closes"], account["problems"]) == (True, [])
    ends = {
        one["demand"]: (one["from"], one["to"])
        for one in account["demands"]
        if one["direction"] == "forward"
    }
    assert ends == {**UP, "records": ("web2", "db1")}
    kinds = {one["kind"] for one in account["demands"] if one["demand"] == "orders"}
    assert kinds == {"probe", "message"}
    assert ran.summary["crossings"]["forbidden"] == []
