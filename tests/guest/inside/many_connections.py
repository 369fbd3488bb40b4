"""In a guest: two hundred connections at once over ``mini``, and one next to iperf3's.

``many_connections.py OUT_DIR`` leaves ``seen.json``.
"""

from __future__ import annotations

import json
import sys
from itertools import permutations
from pathlib import Path
from typing import Any

from tests.benchmarks import tcp_lab as lab
from tests.benchmarks.plain import Line
from tests.benchmarks.tcp_lab import Flow

from corridor.topologies.emulation.network import CorridorNet
from corridor.topologies.formats.load import load_topology
from corridor.traffic.agents.messages import ConnectionEnd, Message

CONNECTIONS, REQUEST_BYTES, ANSWER_BYTES = 200, 2_000, 100_000
LASTS_NS = 20 * lab.NS_PER_S
TRANSFER_S = 5


def asking(net: CorridorNet) -> dict[str, list[ConnectionEnd]]:
    """Every hub asks every other one, over ten connections, for an answer."""
    hubs = net.wiring.hubs
    pairs = [*permutations(hubs, 2)]
    found: dict[str, list[ConnectionEnd]] = {hub.hub: [] for hub in hubs}
    for number in range(CONNECTIONS):
        here, there = pairs[number % len(pairs)]
        request = Message(number, REQUEST_BYTES)
        answer = Message(CONNECTIONS + number, ANSWER_BYTES, after=(number,))
        client, server = lab.CLIENT_PORT + number, lab.SERVER_PORT
        found[here.hub].append(
            ConnectionEnd(
                *(number, 0, "connects", here.host_ip, client, there.host_ip, server, 0, LASTS_NS),
                sends=(request,),
                expects=((answer.id, answer.bytes),),
            )
        )
        found[there.hub].append(
            ConnectionEnd(
                *(number, 0, "listens", there.host_ip, server, here.host_ip, client, 0, LASTS_NS),
                sends=(answer,),
                expects=((request.id, request.bytes),),
            )
        )
    return found


def many(out_dir: Path) -> dict[str, Any]:
    with lab.standing(load_topology("mini"), out_dir) as net:
        epoch_ns, counts = lab.carry_out(net, asking(net), out_dir / "many")
        lines = [
            line for hub in net.wiring.hubs for line in lab.lines_of(net, hub.hub, out_dir / "many")
        ]
    arrived = {line["m"]: line["in"][1] - epoch_ns for line in lines if "in" in line}
    return {
        "counts": {host: one["connections"] for host, one in counts.items()},
        "arrived": arrived,
        "received": sum(line["end"]["received"] for line in lines if "end" in line),
        "rtt_ns": {line["c"]: line["end"]["min_rtt_us"] * 1000 for line in lines if "end" in line},
    }


def beside_iperf3(out_dir: Path) -> dict[str, Any]:
    """As long over the same line, by us and by iperf3."""
    line = Line(0, 1, 100_000_000, 10 * lab.NS_PER_MS)
    flow = Flow(0, 1, TRANSFER_S)
    with lab.lines_up(2, [line], out_dir) as net:
        (ours,) = lab.run(net, [flow], out_dir / "one")
        theirs = lab.by_iperf3(net, flow)
    handshake_s = 2 * line.one_way_ns / lab.NS_PER_S
    return {
        "ours_mbps": ours.octets * 8 / (TRANSFER_S - handshake_s) / 1e6,
        "theirs_mbps": theirs.received_mbps,
        "ours_retransmitted": ours.sent["total_retrans"],
        "theirs_retransmitted": theirs.retransmits,
        "ours_windows": [window for _, _, window in ours.samples],
        "theirs_windows": [(one.cwnd_octets or 0) // 1448 for one in theirs.sending],
    }


def main() -> None:
    out_dir = Path(sys.argv[1])
    seen = {"many": many(out_dir), "one": beside_iperf3(out_dir)}
    (out_dir / "seen.json").write_text(json.dumps(seen))


main()
