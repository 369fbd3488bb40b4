"""Entries that a framework could not read are noticed and reported to the prover."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from corridor.controller.openflow import decoding
from corridor.controller.openflow.decoding import TableReading
from corridor.controller.openflow.framework import ofp_event, ofproto, parser
from corridor.controller.openflow.table_dump import dump_of
from corridor.controller.prover import read_dump
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.wiring import wire

WIRING = wire(load_topology("mini"))
HUBS = {one.dpid: one.hub for one in WIRING.hubs}
EVENTS = {
    "switches": ofp_event.EventOFPFlowStatsReply,
    "groups": ofp_event.EventOFPGroupDescStatsReply,
    "meters": ofp_event.EventOFPMeterConfigStatsReply,
    "count": ofp_event.EventOFPAggregateStatsReply,
}


class Datapath:
    def __init__(self, dpid: int) -> None:
        self.id, self.xid = dpid, 0
        self.ofproto, self.ofproto_parser = ofproto, parser

    def set_xid(self, request) -> None:
        self.xid += 1
        request.xid = self.xid


@pytest.fixture
def read(monkeypatch):
    """The prover's input where switches have this number of entries, none of which could be
    read."""
    sent: dict[int, list] = {}
    monkeypatch.setattr(decoding, "encoded", lambda _datapath, requests: requests)
    monkeypatch.setattr(
        decoding,
        "send_together",
        lambda datapath, requests: sent.update({datapath.id: requests}),
    )

    def told(held: dict[str, int]):
        reading, got = TableReading(), []
        datapaths = {dpid: Datapath(dpid) for dpid in HUBS}
        reading.ask(datapaths, got.append)
        for dpid, requests in sent.items():
            for part, request in zip(EVENTS, requests, strict=True):
                entries = SimpleNamespace(flow_count=held.get(HUBS[dpid], 0))
                body = entries if part == "count" else []
                said = SimpleNamespace(
                    datapath=datapaths[dpid], xid=request.xid, body=body, flags=0
                )
                assert not got
                assert dpid in reading.silent
                reading.hear(EVENTS[part](said))
        assert not reading.silent
        return read_dump(dump_of(got[0], HUBS.__getitem__), WIRING)

    return told


def test_what_could_not_be_read_is_odd(read):
    (odd,) = read({"guian": 3}).oddities
    assert (odd.hub, odd.said) == ("guian", "3 of its entries could not be read")


def test_nothing_is_odd_where_all_was_read(read):
    tables = read({})
    assert not tables.oddities
    assert not any(switch.flows for switch in tables.switches.values())
