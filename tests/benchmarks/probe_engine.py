"""Packets a second of the agents' probes and streams, next to raw frames and Scapy's own loops.

    sudo .venv/bin/python -m tests.benchmarks.probe_engine [ROUNDS]

In this machine's kernel, over a veth pair between two namespaces. Probes and streams are asked for
faster than they can be sent; what counts is what was sent between the first packet and the last.
The raw loop sends the same octets again and again; Scapy changes one field of each packet.
"""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median

from corridor.experiments.lab.line_process import AgentsProcess
from corridor.experiments.terminal.columns import render
from corridor.topologies.base.seconds import NS_PER_S
from corridor.traffic.agents.jobs import Host, Settings, plan_job
from corridor.traffic.agents.probe import Probe
from corridor.traffic.agents.program import Part
from corridor.traffic.agents.reflector import Reflector
from corridor.traffic.agents.scapy_process import build_templates
from corridor.traffic.agents.stream_out import StreamOut
from corridor.traffic.measures import samples
from corridor.traffic.packets import kernel
from corridor.traffic.packets.frame_spec import FrameSpec, ssid_of
from corridor.traffic.packets.template import FrameTemplate

ROUNDS = 3
PROBES, FRAMES, BY_SCAPY, BY_TUTORIALS = 30_000, 60_000, 2_000, 60
PROBE_BYTES, LARGE_BYTES = 128, 1_400
TOO_FAST_BPS = 40 * NS_PER_S
NAMES = ("cdcbench-a", "cdcbench-b")
MACS = ("02:00:00:00:0a:01", "02:00:00:00:0a:02")
IPS = ("10.99.0.1", "10.99.0.2")
PORT = 20_000


@contextlib.contextmanager
def two_hosts() -> Iterator[tuple[str, str]]:
    """Paths to their namespaces; each has an interface ``eth0``."""
    made = []
    try:
        for name in NAMES:
            _ip("netns", "add", name)
            made.append(name)
        pair = ("type", "veth", "peer", "name", "eth0", "netns", NAMES[1])
        _ip("link", "add", "eth0", "netns", NAMES[0], *pair)
        for here, name in enumerate(NAMES):
            there = 1 - here
            _ip("-n", name, "link", "set", "eth0", "address", MACS[here], "mtu", "9000", "up")
            _ip("-n", name, "addr", "add", f"{IPS[here]}/24", "dev", "eth0")
            _ip("-n", name, "neigh", "add", IPS[there], "lladdr", MACS[there], "dev", "eth0")
        yield f"/run/netns/{NAMES[0]}", f"/run/netns/{NAMES[1]}"
    finally:
        for name in made:
            _ip("netns", "del", name)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def frames() -> Mapping[str, FrameTemplate]:
    def spec(name: str, kind: str, size: int) -> FrameSpec:
        return FrameSpec(
            id=name,
            kind=kind,  # type: ignore[arg-type]
            src_mac=MACS[0],
            dst_mac=MACS[1],
            src_ip=IPS[0],
            dst_ip=IPS[1],
            sport=PORT,
            dport=862 if kind == "stamp" else PORT,
            size_bytes=size,
            **({"ssid": ssid_of(0)} if kind == "stamp" else {"flow": 0}),  # type: ignore[arg-type]
        )

    wanted = [spec("probe", "stamp", PROBE_BYTES)]
    wanted += [spec(f"stream {size}", "stream", size) for size in (PROBE_BYTES, LARGE_BYTES)]
    return build_templates(wanted)


def by_agents(places: tuple[str, str], here: tuple[Part, ...], there: tuple[Part, ...]) -> float:
    """Packets a second."""
    with tempfile.TemporaryDirectory(prefix="corridor-benchmark-") as folder:
        hosts = (Host("a", places[0], "eth0", here), Host("b", places[1], "eth0", there))
        settings = Settings(linger_ns=NS_PER_S, flush_records=4096)
        job = plan_job("real", folder, hosts, settings=settings)
        path = Path(folder, "job.json")
        path.write_text(job.to_json())
        agents = AgentsProcess(path)
        try:
            agents.wait("ready", 20)
            agents.tell({"epoch_ns": time.time_ns() + NS_PER_S // 10})
            agents.wait("started", 20)
            told = agents.wait("done", 120)["agents"]["a"]
        finally:
            agents.close()
        if told["streams_out"]:
            (out,) = told["streams_out"]
            return _rate(out["packets_sent"], out["first_sent_ns"], out["last_sent_ns"])
        sent = samples.join(samples.read_directory(Path(folder)))
        return _rate(len(sent), int(sent["t1_ns"].min()), int(sent["t1_ns"].max()))


def _rate(packets: int, first_ns: int, last_ns: int) -> float:
    return packets * NS_PER_S / (last_ns - first_ns)


def by_raw_frames(frame: bytes) -> float:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as wire:
        wire.bind(("eth0", 0))
        return _timed(FRAMES, lambda _number: wire.send(frame))


def by_l2socket(frame: bytes) -> float:
    from scapy.all import Ether, conf

    packet = Ether(frame)
    wire = conf.L2socket(iface="eth0")

    def send(number: int) -> None:
        packet["IP"].id = number & 0xFFFF
        wire.send(packet)

    return _timed(BY_SCAPY, send)


def by_sendp(frame: bytes) -> float:
    """What tutorials do."""
    from scapy.all import Ether, sendp

    packet = Ether(frame)

    def send(number: int) -> None:
        packet["IP"].id = number & 0xFFFF
        sendp(packet, iface="eth0", verbose=False)

    return _timed(BY_TUTORIALS, send)


def _timed(count: int, send: Callable[[int], object]) -> float:
    began_ns = time.monotonic_ns()
    for number in range(count):
        send(number)
    return _rate(count, began_ns, time.monotonic_ns())


OTHERS: Mapping[str, Callable[[bytes], float]] = {
    "raw frames, one by one": by_raw_frames,
    "Scapy, L2socket.send": by_l2socket,
    "Scapy, sendp": by_sendp,
}


def inside(place: str, what: str, frame: str) -> None:
    """One of the others, in a namespace."""
    kernel.enter_network_namespace(place)
    print(json.dumps(OTHERS[what](bytes.fromhex(frame))))


def measure(rounds: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    built = frames()
    probe = Probe(0, built["probe"], PORT, 0, 1, PROBES)
    with two_hosts() as places:
        for _ in range(rounds):
            rate = by_agents(places, (probe,), (Reflector(IPS[1]),))
            found.setdefault("probes, stamped and recorded", []).append(rate)
            for size in (PROBE_BYTES, LARGE_BYTES):
                lasts_ns = FRAMES * size * 8 * NS_PER_S // TOO_FAST_BPS
                stream = StreamOut(0, built[f"stream {size}"], 0, lasts_ns, TOO_FAST_BPS)
                found.setdefault(f"stream of {size} octets", []).append(
                    by_agents(places, (stream,), ())
                )
            for what in OTHERS:
                command = [sys.executable, "-m", "tests.benchmarks.probe_engine", "inside"]
                command += [places[0], what, built["probe"].frame_hex]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                found.setdefault(what, []).append(json.loads(done.stdout.splitlines()[-1]))
    return found


def main() -> None:
    if sys.argv[1:2] == ["inside"]:
        inside(*sys.argv[2:])
        return
    found = measure(int(sys.argv[1]) if sys.argv[1:] else ROUNDS)
    rows = [
        (what, f"{median(rates):,.0f}", f"{min(rates):,.0f} to {max(rates):,.0f}")
        for what, rates in found.items()
    ]
    heads = ("", "packets a second", "of all rounds")
    print(render(heads, rows, frozenset(heads[1:])))


if __name__ == "__main__":
    main()
