"""Kernel TCP by iperf3: argument vectors, which are pure, and one transfer.

The delivered figure is the receiver's; it counts TCP payload, so a path of 1 Gbit/s delivers at
most 949 Mbit/s of it in frames of 1514 octets. The hosts' buffers are the network builder's
(``corridor.topologies.emulation.namespaces.HOST_SYSCTLS``).
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from corridor.topologies.base.errors import EnvironmentUnsupported, MeasurementInvalid
from corridor.traffic.agents.tcp_report import Said, TcpResult, parse, starts

_LISTEN = "0A"
_SAYING = ("--json-stream", "-i", "0.1")
"""A line as a transfer starts, which says when that is, and one every 0.1 s, the minimum it gives.
"""
_BLOCK_BYTES = 16 << 10
"""iperf3 counts whole blocks; of its usual 128 KiB there is one in 0.1 s of 10 Mbit/s."""


@dataclass(frozen=True)
class Transfer:
    """One TCP transfer between two hosts; give ``duration_s`` or ``size_bytes``.

    Ports are fixed on both ends, so that a run repeats. The client's is 5301 + ``flow`` unless
    given: a port used again within a minute is refused, for its last connection still waits.
    iperf3 opens a second connection for control, by ``control_port`` if that is given: all of the
    client's namespace then has only this port to choose.
    ``window_bytes`` of 0 leaves the window to the kernel's tuning, ``congestion`` empty to the
    kernel's default. The first ``omit_s`` are left out of the figures.
    """

    flow: int
    server_netns: str
    server_ip: str
    client_netns: str
    client_ip: str
    port: int = 5201
    client_port: int = 0
    control_port: int = 0
    duration_s: int = 0
    size_bytes: int = 0
    congestion: str = "cubic"
    window_bytes: int = 0
    dscp: int = 0
    """Of what the client sends."""
    omit_s: int = 0
    timeout_s: float = 600


def server_arguments(transfer: Transfer) -> list[str]:
    """Serve one test, say what was received as lines of JSON, then leave."""
    return ["iperf3", "-s", "-1", *_SAYING, "-p", str(transfer.port), "-B", transfer.server_ip]


def client_arguments(transfer: Transfer) -> list[str]:
    """ValueError unless exactly one of duration and size is given."""
    if bool(transfer.duration_s) == bool(transfer.size_bytes):
        raise ValueError("a transfer lasts duration_s or carries size_bytes, one of the two")
    arguments = ["iperf3", "-c", transfer.server_ip, "-p", str(transfer.port), *_SAYING]
    arguments += [
        "-l",
        str(_BLOCK_BYTES),
        "-B",
        transfer.client_ip,
        "--cport",
        str(_client_port(transfer)),
    ]
    arguments += (
        ["-t", str(transfer.duration_s)]
        if transfer.duration_s
        else ["-n", str(transfer.size_bytes)]
    )
    if transfer.congestion:
        arguments += ["-C", transfer.congestion]
    if transfer.window_bytes:
        arguments += ["-w", str(transfer.window_bytes)]
    if transfer.dscp:
        arguments += ["-S", str(transfer.dscp << 2)]
    if transfer.omit_s:
        arguments += ["-O", str(transfer.omit_s)]
    return arguments


def _client_port(transfer: Transfer) -> int:
    return transfer.client_port or 5301 + transfer.flow


_PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def start_inside(
    netns: str, arguments: Sequence[str], ephemeral_port: int = 0
) -> subprocess.Popen[str]:
    """Start a program in another network namespace without a helper program.

    An ``ephemeral_port`` is the only one the namespace then gives to sockets that name none.

    A thread enters the namespace and starts it; namespaces are a thread's own, so the caller stays
    where it is, and the thread is gone on return.
    """
    outcome: list[subprocess.Popen[str] | OSError] = []

    def enter_and_start() -> None:
        try:
            descriptor = os.open(netns, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.setns(descriptor, os.CLONE_NEWNET)
            finally:
                os.close(descriptor)
            if ephemeral_port:
                _PORT_RANGE.write_text(f"{ephemeral_port} {ephemeral_port}")
            outcome.append(
                subprocess.Popen(
                    arguments,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    text=True,
                )
            )
        except OSError as problem:
            outcome.append(problem)

    thread = threading.Thread(target=enter_and_start)
    thread.start()
    thread.join()
    if isinstance(outcome[0], FileNotFoundError) and outcome[0].filename == arguments[0]:
        raise EnvironmentUnsupported(f"{arguments[0]} is not installed", "run ./corridor setup")
    if isinstance(outcome[0], OSError):
        raise outcome[0]
    return outcome[0]


def listens(pid: int, port: int) -> bool:
    """Whether someone listens on a TCP port in the namespace of process ``pid``."""
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            rows = Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
            for row in rows:
                fields = row.split()
                if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                    return True
    return False


def run(transfer: Transfer) -> TcpResult:
    """Carry out one transfer; both programs are gone on return.

    MeasurementInvalid if the server does not come up. A transfer that fails or outlasts
    ``timeout_s`` is a result with an error.
    """
    client_argv = client_arguments(transfer)
    with contextlib.ExitStack() as stack:
        server = start_inside(transfer.server_netns, server_arguments(transfer))
        stack.callback(_end, server)
        deadline = time.monotonic() + min(10.0, transfer.timeout_s)
        while not listens(server.pid, transfer.port):
            if server.poll() is not None or time.monotonic() > deadline:
                _end(server)
                said = parse(transfer.flow, Said(), Said(server.communicate()[0])).error
                raise MeasurementInvalid(
                    f"iperf3 serves no TCP on {transfer.server_ip}:{transfer.port}: {said}"
                )
            time.sleep(0.002)
        heard_server = _Listener(server)
        client = start_inside(transfer.client_netns, client_argv, transfer.control_port)
        stack.callback(_end, client)
        heard = _Listener(client)
        if not heard.to_the_end(transfer.timeout_s) or not heard_server.to_the_end(10):
            _end(client)
            _end(server)
            return parse(transfer.flow, heard.said(), late=True)
        return parse(transfer.flow, heard.said(), heard_server.said())


class _Listener(threading.Thread):
    """Reads what a program prints, and notes when it says that its transfer starts."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        super().__init__(daemon=True)
        self._process = process
        self._lines: list[str] = []
        self._began_ns: int | None = None
        self.start()

    def run(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                if self._began_ns is None and starts(line):
                    self._began_ns = time.time_ns()
                self._lines.append(line)

    def to_the_end(self, timeout_s: float) -> bool:
        """Whether the program ends within that time."""
        self.join(timeout_s)
        if self.is_alive():
            return False
        self._process.wait()
        return True

    def said(self) -> Said:
        """Once the program has ended."""
        self.join()
        return Said("".join(self._lines), self._began_ns)


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.kill()
        process.wait()
