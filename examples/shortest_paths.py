"""A user-supplied controller for Ryu or os-ken: shortest paths by destination.

corridor run mini --controller examples/shortest_paths.py

It knows the network from a file that CORRIDOR_WIRING names, and installs everything as switches
connect. It ignores demands, policies and failures: the verification shows the violations.
"""

from __future__ import annotations

import json
import os
from heapq import heappop, heappush
from pathlib import Path

from corridor.controller.openflow.framework import App, handler, ofp_event, ofproto, parser

HOST_PORT = 1
ETH_IPV4, ETH_ARP = 0x0800, 0x0806
PRIORITY = 10


class ShortestPaths(App):
    OFP_VERSIONS = (ofproto.OFP_VERSION,)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        wiring = json.loads(Path(os.environ["CORRIDOR_WIRING"]).read_text())
        self.hubs = {hub["dpid"]: hub for hub in wiring["hubs"]}
        self.fibres = {hub["hub"]: [] for hub in wiring["hubs"]}
        for fibre in wiring["fibres"]:
            for near, far in (("a", "z"), ("z", "a")):
                delay_ns = fibre["forward"]["one_way_delay_ns"]
                here, there = fibre[near], fibre[far]
                self.fibres[here["hub"]].append((here["port"], there["hub"], delay_ns))

    @handler.set_ev_cls(ofp_event.EventOFPSwitchFeatures, handler.CONFIG_DISPATCHER)
    def on_switch(self, event):
        """Entries for every host: packets to its address, and questions for it."""
        datapath = event.msg.datapath
        here = self.hubs[datapath.id]["hub"]
        for hub in self.hubs.values():
            port = HOST_PORT if hub["hub"] == here else self.port_towards(here, hub["hub"])
            self.send(datapath, port, eth_type=ETH_IPV4, ipv4_dst=hub["host_ip"])
            self.send(datapath, port, eth_type=ETH_ARP, arp_tpa=hub["host_ip"])

    def send(self, datapath, port, **match):
        actions = [parser.OFPActionOutput(port)]
        apply = parser.OFPInstructionActions(ofproto.OFPIT_APPLY_ACTIONS, actions)
        message = parser.OFPFlowMod(
            datapath, priority=PRIORITY, match=parser.OFPMatch(**match), instructions=[apply]
        )
        datapath.send_msg(message)

    def port_towards(self, here, there):
        """Dijkstra's algorithm: the first port of the shortest path."""
        queue, settled = [(0, here, None)], set()
        while queue:
            delay_ns, hub, first = heappop(queue)
            if hub == there:
                return first
            if hub in settled:
                continue
            settled.add(hub)
            for port, far, more_ns in self.fibres[hub]:
                heappush(queue, (delay_ns + more_ns, far, first or port))
        return None
