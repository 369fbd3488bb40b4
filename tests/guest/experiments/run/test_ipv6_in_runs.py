"""Both versions of IP in a run: equal times and law, an account that closes, no discovery."""

import json

import pytest

from corridor.controller.forwarding.program import Flow, Reason
from corridor.topologies.base.codec import from_plain
from corridor_runs import ROOT, run

pytestmark = [pytest.mark.guest, pytest.mark.usefixtures("virtual_kernel")]
EXACT_MS = 0.001
SEGMENTS = 1428 / 1448
"""Octets of TCP in a full packet of IPv6, and of IPv4, with time stamps."""


@pytest.fixture(scope="module")
def ran(tmp_path_factory, client):
    folder = tmp_path_factory.mktemp("ipv6") / "out"
    ran = run(folder, ROOT / "examples/dual_stack.yaml", "--testbed", "uml", client=client)
    assert ran.code == 0, f"{ran.said}{ran.complained}"
    return ran


@pytest.mark.parametrize("name", ["orders", "copies"])
def test_both_versions_take_the_time_that_the_model_predicts(ran, name):
    old, new = ran.demands[name], ran.demands[f"{name}-ipv6"]
    for said in (old, new):
        assert said["received"] == said["sent"] == 50
        assert 0 <= said["rtt_ms"]["min"] - said["predicted_rtt_ms"] <= EXACT_MS
    assert new["predicted_rtt_ms"] == old["predicted_rtt_ms"]
    assert new["path"] == old["path"]


def test_blocked_data_is_blocked_by_both_versions(ran):
    for name in ("records", "records-ipv6"):
        assert (ran.demands[name]["status"], ran.demands[name]["received"]) == ("BLOCKED", 0)
    assert ran.summary["crossings"]["forbidden"] == ran.summary["crossings"]["strange"] == []


def test_streams_lose_nothing_and_transfers_differ_by_the_longer_header(ran):
    flows = {
        (name, one["protocol"]): one
        for name in ("copies", "copies-ipv6")
        for one in ran.demands[name]["flows"]
    }
    for name in ("copies", "copies-ipv6"):
        stream = flows[name, "udp"]
        assert (stream["loss"], stream["delivered_packets"]) == (0, stream["offered_packets"])
    old, new = (flows[name, "tcp"]["delivered"] for name in ("copies", "copies-ipv6"))
    assert new / old == pytest.approx(SEGMENTS, rel=0.02)


def test_the_account_closes_and_has_messages_of_both_versions(ran):
    account = json.loads((ran.folder / "account.json").read_text())
    assert (account["closes"], account["problems"]) == (True, [])
    kinds = {
        name: {one["kind"] for one in account["demands"] if one["demand"] == name}
        for name in ("orders", "orders-ipv6", "copies-ipv6")
    }
    assert kinds["orders"] == kinds["orders-ipv6"] == {"probe", "message"}
    assert kinds["copies-ipv6"] == {"probe", "stream", "transfer"}


def test_no_host_looks_for_a_neighbour_a_router_or_a_group(ran):
    dump = json.loads((ran.folder / "tables" / "after.json").read_text())
    dropped = {}
    for entries in dump["switches"].values():
        for plain in entries:
            packets = plain.pop("packets", 0)
            plain.pop("bytes", 0)
            flow = from_plain(Flow, {**plain, "match": tuple(map(tuple, plain["match"]))})
            if flow.reason.is_drop:
                dropped[flow.reason] = dropped.get(flow.reason, 0) + packets
    assert {reason for reason, packets in dropped.items() if packets} == {Reason.DROP_BLOCKED}
