"""What a TCP connection costs to emulate: the agents' next to iperf3's, in the same guest.

    .venv/bin/python -m tests.benchmarks.tcp_cost [ROUNDS]

CPU seconds of the guest for each virtual second, everything counted: agents or iperf3, their start,
switches, queues, the kernel. One fibre of 100 Mbit/s and 20 ms there and back. In a round: one
connection of ours, one of iperf3's, two hundred of ours that share the fibre, and two hundred that
ask and are answered; each pair in turn, for a machine's speed drifts.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from corridor.experiments.terminal.columns import render
from corridor.traffic.agents.messages import ConnectionEnd, Message
from tests.benchmarks import guest_cpu, tcp_lab
from tests.benchmarks.in_guest import run_inside, say
from tests.benchmarks.plain import Line
from tests.benchmarks.tcp_lab import Flow

ROUNDS = 3
LASTS_S = 10
MANY = 200
REQUESTS, REQUEST_BYTES, ANSWER_BYTES = 50, 200, 5_000
LINE = Line(0, 1, 100_000_000, 10 * tcp_lab.NS_PER_MS)
ONE, THEIRS, SHARING, ASKING = "one", "iperf3", f"{MANY} share", f"{MANY} ask"
MODULE = "tests.benchmarks.tcp_cost"


def inside(out_dir: Path, rounds: str) -> None:
    with tcp_lab.lines_up(2, [LINE], out_dir) as net:
        for number in range(int(rounds)):
            flow = Flow(0, 1, LASTS_S)
            say("start")
            (got,) = tcp_lab.run(net, [flow], out_dir / f"one-{number}")
            say("end", what=ONE, mbps=got.octets * 8 / LASTS_S / 1e6)
            theirs = tcp_lab.by_iperf3(net, flow, number)
            say("end", what=THEIRS, mbps=theirs.received_mbps)
            found = tcp_lab.run(
                net, [flow._replace(sample_ms=0)] * MANY, out_dir / f"many-{number}"
            )
            octets = sum(one.octets for one in found)
            say("end", what=SHARING, mbps=octets * 8 / LASTS_S / 1e6)
            parts = _asking(net.wiring.hubs[0].host_ip, net.wiring.hubs[1].host_ip)
            tcp_lab.carry_out(net, parts, out_dir / f"asking-{number}")
            arrived = [
                line
                for line in tcp_lab.lines_of(net, "hub0", out_dir / f"asking-{number}")
                if "in" in line
            ]
            octets = len(arrived) * ANSWER_BYTES
            say("end", what=ASKING, mbps=octets * 8 / LASTS_S / 1e6, messages=2 * len(arrived))


def _asking(client_ip: str, server_ip: str) -> dict[str, list[ConnectionEnd]]:
    """Each asks every 200 ms, and never all at once."""
    found: dict[str, list[ConnectionEnd]] = {"hub0": [], "hub1": []}
    gap_ns = LASTS_S * tcp_lab.NS_PER_S // (REQUESTS + 1)
    for number in range(MANY):
        first_ns = gap_ns * number // MANY
        asks = [number * REQUESTS * 2 + request for request in range(REQUESTS)]
        requests = tuple(
            Message(one, REQUEST_BYTES, at_ns=first_ns + gap_ns * request)
            for request, one in enumerate(asks)
        )
        answers = tuple(Message(one + REQUESTS, ANSWER_BYTES, after=(one,)) for one in asks)
        ports = (tcp_lab.CLIENT_PORT + number, tcp_lab.SERVER_PORT)
        times = (0, LASTS_S * tcp_lab.NS_PER_S)
        found["hub0"].append(
            ConnectionEnd(
                *(number, 0, "connects", client_ip, ports[0], server_ip, ports[1], *times),
                sends=requests,
                expects=tuple((one.id, one.bytes) for one in answers),
            )
        )
        found["hub1"].append(
            ConnectionEnd(
                *(number, 0, "listens", server_ip, ports[1], client_ip, ports[0], *times),
                sends=answers,
                expects=tuple((one.id, one.bytes) for one in requests),
            )
        )
    return found


def measure(rounds: int) -> list[dict[str, Any]]:
    """Each with the CPU seconds that it took."""
    found: list[dict[str, Any]] = []
    used_s = wall_s = 0.0

    def note(event: dict[str, Any]) -> None:
        nonlocal used_s, wall_s
        now_s = guest_cpu.used_s()
        if event["event"] == "end":
            found.append({**event, "cpu_s": now_s - used_s, "took_s": event["wall_s"] - wall_s})
        used_s, wall_s = now_s, event["wall_s"]

    with tempfile.TemporaryDirectory(prefix="corridor-benchmark-") as folder:
        run_inside(MODULE, Path(folder), [str(rounds)], note)
    return found


def table(found: Sequence[dict[str, Any]]) -> str:
    rows = []
    for what in (ONE, THEIRS, SHARING, ASKING):
        of_it = [one for one in found if one["what"] == what]
        cpu, wall = ([one[key] / LASTS_S for one in of_it] for key in ("cpu_s", "took_s"))
        rows.append(
            (
                what,
                f"{median(one['mbps'] for one in of_it):.2f}",
                f"{median(cpu):.3f} ({min(cpu):.3f} to {max(cpu):.3f})",
                f"{median(wall):.3f}",
            )
        )
    heads = ("connections", "Mbit/s", "CPU s per virtual s", "wall s per virtual s")
    return render(heads, rows, frozenset(heads[1:]))


def main() -> None:
    if sys.argv[1:2] == ["inside"]:
        inside(Path(sys.argv[2]), *sys.argv[3:])
        return
    found = measure(int(sys.argv[1]) if sys.argv[1:] else ROUNDS)
    print(table(found))
    asked = [one for one in found if one["what"] == ASKING]
    each_us = median(one["cpu_s"] / one["messages"] for one in asked) * 1e6
    print(f"a message of {REQUEST_BYTES} or {ANSWER_BYTES} octets: {each_us:.0f} us of CPU")


if __name__ == "__main__":
    main()
