"""Two hosts joined by a veth pair, for tests that need a kernel: made, and taken away again."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corridor.traffic.agents import jobs, launcher, scapy_process
from corridor.traffic.packets.frame_spec import FrameSpec, ssid_of
from corridor.traffic.packets.template import FrameTemplate

MACS = ("02:00:00:00:0a:01", "02:00:00:00:0a:02")
IPS = ("10.99.0.1", "10.99.0.2")


def lacking() -> str:
    """Why namespaces cannot be made here; empty when they can."""
    if os.geteuid():
        return "needs root to make network namespaces"
    name = f"cdcprobe{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode:
        return "this kernel lets no network namespaces be made"
    subprocess.run(["ip", "netns", "del", name], check=True)
    return ""


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


@dataclass(frozen=True)
class Pair:
    """Namespaces ``names``, each with interface ``eth0``, statically known to each other."""

    names: tuple[str, str]

    def path(self, index: int) -> str:
        return f"/run/netns/{self.names[index]}"

    def run(self, index: int, *command: str) -> str:
        return subprocess.run(
            ["ip", "netns", "exec", self.names[index], *command],
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def udp_counter(self, index: int, name: str) -> int:
        """One counter of the namespace's /proc/net/snmp, such as InCsumErrors."""
        rows = [line.split() for line in self.run(index, "cat", "/proc/net/snmp").splitlines()]
        titles, values = (row for row in rows if row[0] == "Udp:")
        return int(values[titles.index(name)])


@contextlib.contextmanager
def pair(tag: str) -> Iterator[Pair]:
    names = (f"cdc-{tag}-{os.getpid()}-a", f"cdc-{tag}-{os.getpid()}-b")
    made = []
    try:
        for name in names:
            ip("netns", "add", name)
            made.append(name)
        ip("link", "add", "eth0", "netns", names[0], "type", "veth",
           "peer", "name", "eth0", "netns", names[1])  # fmt: skip
        for index, name in enumerate(names):
            other = 1 - index
            ip("-n", name, "link", "set", "eth0", "address", MACS[index], "mtu", "9000", "up")
            ip("-n", name, "link", "set", "lo", "up")
            ip("-n", name, "addr", "add", f"{IPS[index]}/24", "dev", "eth0")
            ip("-n", name, "neigh", "add", IPS[other], "lladdr", MACS[other], "dev", "eth0")
        yield Pair(names)
    finally:
        for name in made:
            subprocess.run(["ip", "netns", "del", name], check=False)


def stamp_spec(
    name: str, demand: int, source: int = 0, size: int = 86, reply: bool = False, port: int = 20000
) -> FrameSpec:
    sink = 1 - source
    return FrameSpec(
        id=name,
        kind="stamp",
        src_mac=MACS[source],
        dst_mac=MACS[sink],
        src_ip=IPS[source],
        dst_ip=IPS[sink],
        sport=862 if reply else port,
        dport=port if reply else 862,
        size_bytes=size,
        dscp=10,
        ssid=ssid_of(demand),
        reply=reply,
    )


def stream_spec(name: str, flow: int, size: int = 1400, port: int = 30000) -> FrameSpec:
    return FrameSpec(
        id=name,
        kind="stream",
        src_mac=MACS[0],
        dst_mac=MACS[1],
        src_ip=IPS[0],
        dst_ip=IPS[1],
        sport=port,
        dport=port,
        size_bytes=size,
        flow=flow,
    )


def templates(*specs: FrameSpec) -> dict[str, FrameTemplate]:
    return scapy_process.build_templates(specs)


class Run:
    """A launcher under a test's control."""

    def __init__(self, job: jobs.Job | None, directory: Path) -> None:
        """Without a job it waits for some."""
        path = directory / "job.json" if job else launcher.SEVERAL
        if job:
            (directory / "job.json").write_text(job.to_json())
        self.process = subprocess.Popen(
            launcher.command(str(path), sys.executable),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"launcher said no more: {self.process.stderr.read()}"
        message: dict[str, Any] = json.loads(line)
        return message

    def release(self, ahead_ns: int = 100_000_000) -> int:
        epoch_ns = time.time_ns() + ahead_ns
        self.tell(epoch_ns=epoch_ns)
        return epoch_ns

    def stop(self) -> None:
        self.tell(stop=True)

    def tell(self, **message: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def to_end(self) -> dict[str, Any]:
        """From start to the ``done`` message; the exit code must be 0."""
        assert "ready" in self.hear()
        self.release()
        assert "started" in self.hear()
        done = self.hear()
        assert "done" in done, done
        assert self.process.wait(10) == 0
        result: dict[str, Any] = done["done"]
        return result

    def agents(self) -> dict[str, int]:
        """Process ids of the launcher's children, in the order of the job's hosts."""
        pid = self.process.pid
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return {str(index): int(child) for index, child in enumerate(text.split())}

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
