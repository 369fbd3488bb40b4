"""What iperf3 states about a TCP transfer, by a parser that trusts nothing. Pure.

The delivered figure is the receiver's, ``end.sum_received``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from corridor.topologies.base.codec import OMIT_EMPTY
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
