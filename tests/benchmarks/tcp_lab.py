"""Connections of kernel TCP over networks designed by hand, in a guest: the goodput of each."""

from __future__ import annotations

import contextlib
import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from corridor.controller.forwarding.all_pairs import compile_all_pairs
from corridor.experiments.lab.assembly import assemble
from corridor.experiments.lab.line_process import AgentsProcess
from corridor.experiments.run.program_controllers import AllPairs
from corridor.topologies.emulation.network import CorridorNet
from corridor.topologies.model.line import Line as Noise
from corridor.topologies.model.line import Queue
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import Wiring, wire
from corridor.traffic.agents import tcp
from corridor.traffic.agents.jobs import Host, Settings, plan_job
from corridor.traffic.agents.messages import ConnectionEnd, Message
from corridor.traffic.agents.messages_log import file_name
from corridor.traffic.agents.tcp import TcpResult
from tests.benchmarks.plain import Line, plain_topology

NS_PER_S, NS_PER_MS = 10**9, 10**6
SERVER_PORT, CLIENT_PORT = 55_000, 20_000
ENDLESS_BYTES = 10**12
LEAD_NS = 2 * NS_PER_S
RUN_ID = "b0"
DROP_TAIL = Queue()
MSS_BYTES, FRAME_BYTES = 1448, 1518
"""A full frame with its label."""
PAYLOAD = MSS_BYTES / FRAME_BYTES


class Flow(NamedTuple):
    """What one connection is to carry, from hub to hub; without ``octets`` as much as it can."""

    src: int
    dst: int
    lasts_s: float
    congestion: str = "cubic"
    begins_s: float = 0
    octets: int = ENDLESS_BYTES
    sample_ms: float = 100


class Got(NamedTuple):
    """The result; ``samples`` are times after the epoch in seconds and what has been
    acknowledged, and the window in segments, by then."""

    octets: int
    completed_s: float | None
    samples: list[tuple[float, int, int]]
    sent: Mapping[str, int]
    failed: str | None

    def bps(self, from_s: float, until_s: float) -> float:
        """Acknowledged between the samples next to these times."""
        first, last = self._sample_at(from_s), self._sample_at(until_s)
        return (last[1] - first[1]) * 8 / (last[0] - first[0])

    def _sample_at(self, at_s: float) -> tuple[float, int, int]:
        return min(self.samples, key=lambda one: abs(one[0] - at_s))


@contextlib.contextmanager
def standing(model: Topology, out_dir: Path, wiring: Wiring | None = None) -> Iterator[CorridorNet]:
    """The network, with tables for every pair of hubs; wired as usual by default."""
    with tempfile.TemporaryDirectory(prefix="corridor-") as scratch:
        program = compile_all_pairs(model, run_id=RUN_ID)
        steering = AllPairs(program, "ryu", Path(scratch), out_dir, patient=True)
        laid_out = wiring or wire(model, run_id=RUN_ID)
        with assemble(laid_out, steering, Path(scratch), out_dir) as (net, _):
            steering.wait(net)
            yield net


@contextlib.contextmanager
def lines_up(
    hubs: int,
    lines: Sequence[Line],
    out_dir: Path,
    buffer_ms: float = 20,
    seed: int = 1,
    queue: Queue = DROP_TAIL,
) -> Iterator[CorridorNet]:
    """``queue`` is that of every fibre, with a separate buffer."""
    model = plain_topology("lines", hubs, lines)
    noise = {
        f"fibre{number}": Noise(line.loss_ppm, jitter_ns=line.jitter_ns)
        for number, line in enumerate(lines)
    }
    wiring = wire(model, run_id=RUN_ID, seed=seed, buffer_ms=buffer_ms, lines=noise)
    fibres = (
        replace(
            one,
            forward=replace(one.forward, queue=queue),
            backward=replace(one.backward, queue=queue),
        )
        for one in wiring.fibres
    )
    with standing(model, out_dir, replace(wiring, fibres=tuple(fibres))) as net:
        yield net


def ends(wiring: Wiring, flows: Sequence[Flow]) -> dict[str, list[ConnectionEnd]]:
    """Of connections numbered in the order of the flows, by hub."""
    found: dict[str, list[ConnectionEnd]] = {}
    for number, flow in enumerate(flows):
        src, dst = wiring.hub(f"hub{flow.src}"), wiring.hub(f"hub{flow.dst}")
        opens_ns = int(flow.begins_s * NS_PER_S)
        closes_ns = opens_ns + int(flow.lasts_s * NS_PER_S)
        message = Message(number, flow.octets, at_ns=opens_ns)
        client = ConnectionEnd(
            *(number, 0, "connects", src.host_ip, CLIENT_PORT + number),
            *(dst.host_ip, SERVER_PORT, opens_ns, closes_ns),
            congestion=flow.congestion,
            sends=(message,),
            sample_ns=int(flow.sample_ms * NS_PER_MS),
        )
        server = ConnectionEnd(
            *(number, 0, "listens", dst.host_ip, SERVER_PORT, src.host_ip, CLIENT_PORT + number),
            *(opens_ns, closes_ns),
            congestion=flow.congestion,
            expects=((number, flow.octets),),
        )
        found.setdefault(src.hub, []).append(client)
        found.setdefault(dst.hub, []).append(server)
    return found


def carry_out(
    net: CorridorNet, parts: Mapping[str, Sequence[ConnectionEnd]], folder: Path
) -> tuple[int, Mapping[str, Any]]:
    """By agents, as a run does it; the epoch and what they counted."""
    hosts = []
    for hub, own in parts.items():
        wired = net.wiring.hub(hub)
        path = str(net[hub].namespace.path)
        hosts.append(Host(wired.host, path, wired.host_interface, tuple(own)))
    job = plan_job("virtual", str(folder), tuple(hosts), settings=Settings())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "job.json").write_text(job.to_json())
    agents = AgentsProcess(folder / "job.json")
    try:
        agents.wait("ready", 60)
        epoch_ns = time.time_ns() // NS_PER_S * NS_PER_S + LEAD_NS
        agents.tell({"epoch_ns": epoch_ns})
        agents.wait("started", 60)
        done = agents.wait("done", None)
        assert not done["died"], done
        return epoch_ns, done["agents"]
    finally:
        agents.close()


def lines_of(net: CorridorNet, hub: str, folder: Path) -> list[dict[str, Any]]:
    text = (folder / file_name(net.wiring.hub(hub).host)).read_text()
    return [json.loads(line) for line in text.splitlines()]


def run(net: CorridorNet, flows: Sequence[Flow], folder: Path) -> list[Got]:
    """All of them; what each got."""
    parts = ends(net.wiring, flows)
    epoch_ns, _ = carry_out(net, parts, folder)
    said = {hub: lines_of(net, hub, folder) for hub in parts}
    found = []
    for number, flow in enumerate(flows):
        there = [line for line in said[f"hub{flow.dst}"] if line["c"] == number]
        here = [line for line in said[f"hub{flow.src}"] if line["c"] == number]
        completed = [one["in"][1] for one in there if "in" in one]
        samples = [
            ((one["info"][0] - epoch_ns) / NS_PER_S, one["info"][4], one["info"][2])
            for one in here
            if "info" in one
        ]
        whole = completed and completed[0] is not None
        found.append(
            Got(
                octets=next((one["end"]["received"] for one in there if "end" in one), 0),
                completed_s=(completed[0] - epoch_ns) / NS_PER_S if whole else None,
                samples=samples,
                sent=next((one["end"] for one in here if "end" in one), {}),
                failed=next((one["failed"] for one in here if "failed" in one), None),
            )
        )
    return found


def by_iperf3(net: CorridorNet, flow: Flow, number: int = 0) -> TcpResult:
    """One flow alone, by the well-known program. For a time: with a size, it does not end in the
    virtual clock."""
    src, dst = net.wiring.hub(f"hub{flow.src}"), net.wiring.hub(f"hub{flow.dst}")
    return tcp.run(
        tcp.Transfer(
            flow=number,
            server_netns=str(net[dst.hub].namespace.path),
            server_ip=dst.host_ip,
            client_netns=str(net[src.hub].namespace.path),
            client_ip=src.host_ip,
            port=5201 + number,
            client_port=40_000 + number,
            duration_s=int(flow.lasts_s),
            congestion=flow.congestion,
        )
    )
