"""Kernel TCP by iperf3: argument vectors, one transfer, and a parser of its report.

The delivered figure is the receiver's, ``end.sum_received``; it counts TCP payload, so a path of
1 Gbit/s delivers at most 949 Mbit/s of it in frames of 1514 octets. The hosts' buffers are the
network builder's (``corridor.topologies.emulation.namespaces.HOST_SYSCTLS``). The parser trusts
nothing of the report.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from corridor.topologies.base.codec import OMIT_EMPTY
from corridor.topologies.base.errors import EnvironmentUnsupported, MeasurementInvalid
from corridor.topologies.base.seconds import NS_PER_S

_NOT_NUMBERS = re.compile(r"(?<=[:\[,\s])[-+]?(?:nan|inf(?:inity)?)(?=[,\s\]}])", re.IGNORECASE)

Report = Mapping[str, object]
"""What iperf3 printed, or a part of it: no one promises what is in it."""


class Said(NamedTuple):
    """What one end printed, and when it said that its transfer starts, CLOCK_REALTIME."""

    text: str = ""
    began_ns: int | None = None


@dataclass(frozen=True)
class TcpInterval:
    """A tenth of a second of one end of a transfer, by CLOCK_REALTIME. None where iperf3, or this
    end, does not say."""

    from_ns: int
    until_ns: int
    octets: int
    """Of TCP payload: handed to the sender's socket, or taken from the receiver's."""
    retransmits: int | None = None
    cwnd_octets: int | None = None
    """The congestion window as the interval ends."""
    rtt_us: int | None = None
    """The kernel's smoothed round trip as it ends."""


@dataclass(frozen=True)
class TcpResult:
    """The outcome of a transfer. Rates count TCP payload; None where iperf3 did not say."""

    flow: int
    layer: str
    received_bytes: int | None
    received_mbps: float | None
    sent_bytes: int | None
    sent_mbps: float | None
    duration_ns: int | None
    retransmits: int | None
    min_rtt_us: int | None
    error: str | None
    sending: tuple[TcpInterval, ...] = field(default=(), metadata=OMIT_EMPTY)
    """Over time, by the sender."""
    receiving: tuple[TcpInterval, ...] = field(default=(), metadata=OMIT_EMPTY)
    """Over time, by the receiver."""


def starts(line: str) -> bool:
    """Whether iperf3 says by it that its transfer starts."""
    return line.startswith('{"event":"start"')


def loads(text: str) -> Report:
    """iperf3's lines as one object: ``end``, ``error`` and a list of ``intervals``.

    Lines that are not JSON are ignored, and ``-nan`` is read as null. ValueError for text
    without any line that says what it is.
    """
    report: dict[str, object] = {}
    intervals: list[object] = []
    for line in text.splitlines():
        try:
            said = json.loads(_NOT_NUMBERS.sub("null", line))
        except (ValueError, RecursionError):
            continue
        match said:
            case {"event": "interval", "data": data}:
                intervals.append(data)
            case {"event": str(event), "data": data}:
                report[event] = data
    if not report and not intervals:
        raise ValueError("iperf3 wrote no line of JSON")
    return {**report, "intervals": intervals}


def _intervals(report: Report, began_ns: int | None) -> Iterator[TcpInterval]:
    """Those that have a beginning, an end and a count."""
    listed = report.get("intervals")
    if not isinstance(listed, list) or began_ns is None:
        return
    for one in listed:
        streams = one.get("streams") if isinstance(one, dict) else None
        stream = streams[0] if isinstance(streams, list) and len(streams) == 1 else None
        if not isinstance(stream, dict):
            continue
        start_s, end_s = _number(stream, "start"), _number(stream, "end")
        octets = _whole(stream, "bytes")
        if start_s is None or end_s is None or octets is None or not 0 <= start_s < end_s:
            continue
        yield TcpInterval(
            began_ns + round(start_s * NS_PER_S),
            began_ns + round(end_s * NS_PER_S),
            octets,
            _whole(stream, "retransmits"),
            _whole(stream, "snd_cwnd"),
            _whole(stream, "rtt"),
        )


def _sum(report: Report, name: str) -> Report:
    end = report.get("end")
    value = end.get(name) if isinstance(end, dict) else None
    return value if isinstance(value, dict) else {}


def _number(values: Report, name: str) -> float | None:
    value = values.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return value if math.isfinite(value) else None


def _whole(values: Report, name: str) -> int | None:
    value = _number(values, name)
    return None if value is None else round(value)


_NOTHING = Said()


def parse(flow: int, client: Said, server: Said = _NOTHING, *, late: bool = False) -> TcpResult:
    """The result of a transfer from what both ends printed. Never raises.

    The receiver's own report is preferred, then what it told the client. A report without received
    octets is an error, even if iperf3 reported none; so is one of a transfer that was ``late``.
    """
    reports = []
    error = "the transfer took too long" if late else None
    for side, said in (("client", client), ("server", server)):
        try:
            report = loads(said.text) if said.text else {}
        except ValueError as problem:
            report = {}
            error = error or f"{side}: {problem}"
        if report.get("error"):
            error = error or str(report["error"])
        reports.append(report)
    client_report, server_report = reports
    received = _sum(server_report, "sum_received")
    if not _number(received, "bytes"):
        received = _sum(client_report, "sum_received")
    sent = _sum(client_report, "sum_sent")
    octets, bits = _whole(received, "bytes"), _number(received, "bits_per_second")
    if not octets and error is None:
        error = "the receiver reported no data"
    seconds = _number(received, "seconds")
    sent_bits = _number(sent, "bits_per_second")
    return TcpResult(
        flow=flow,
        layer="TCP payload",
        received_bytes=octets,
        received_mbps=None if bits is None else round(bits / 1e6, 6),
        sent_bytes=_whole(sent, "bytes"),
        sent_mbps=None if sent_bits is None else round(sent_bits / 1e6, 6),
        duration_ns=None if seconds is None else round(seconds * NS_PER_S),
        retransmits=_whole(sent, "retransmits"),
        min_rtt_us=_min_rtt_us(client_report),
        error=error,
        sending=tuple(_intervals(client_report, client.began_ns)),
        receiving=tuple(_intervals(server_report, server.began_ns)),
    )


def _min_rtt_us(report: Report) -> int | None:
    end = report.get("end")
    streams = end.get("streams") if isinstance(end, dict) else None
    if not isinstance(streams, list):
        return None
    found = [
        value
        for stream in streams
        if isinstance(stream, dict) and isinstance(stream.get("sender"), dict)
        if (value := _whole(stream["sender"], "min_rtt")) is not None
    ]
    return min(found, default=None)


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
