"""Measured traceroutes: JSON of RIPE Atlas or scamper in, hops with minimum round trips out.

RIPE Atlas: an array, or one result a line (``type`` is ``traceroute``; its documentation of
measurement results, firmware 4400 and later). scamper: lines of ``sc_warts2json`` or ``warts2json``
(``type`` is ``trace``). Both state round trips in milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from corridor.topologies.base.bounded_file import Kind, parse_json, read_text, shown
from corridor.topologies.base.errors import InputError

TRACES = Kind(256 * 2**20, "split it into smaller files, and name all of them")
MPLS_CLASS = 1
"""Of an ICMP extension object: a stack of MPLS labels (RFC 4950)."""
MOST_RTT_MS = 1e9
"""Beyond, an RTT is an error of the file."""
NEITHER = "name JSON of RIPE Atlas traceroutes, or of scamper's sc_warts2json"

type Plain = Mapping[str, object]


@dataclass(frozen=True)
class Hop:
    """An address that answered probes of one number of hops."""

    ttl: int
    address: str
    name: str
    """Its reverse DNS name, if the file states it."""
    rtt_ms: float
    """The minimum over the probes of this trace."""
    is_in_tunnel: bool
    """Whether its answers carry MPLS labels: such an answer may travel to the end of the tunnel
    before it turns round."""


@dataclass(frozen=True)
class Trace:
    """One traceroute: its source, and its hops by increasing number."""

    source: str
    destination: str
    hops: tuple[Hop, ...]


def read_traces(path: str | Path) -> tuple[Trace, ...]:
    """All traceroutes of a file; results of other measurements in it are skipped.

    Raises:
        InputError: The file is not such JSON, or has no traceroute.
    """
    file = shown(path)
    found = [trace for one in _documents(path) if (trace := _trace(one, file)) is not None]
    if not found:
        raise InputError("holds no traceroute", NEITHER, file=file)
    return tuple(found)


def _documents(path: str | Path) -> Iterator[Plain]:
    """The objects of an array, of lines, or of one document."""
    file, text = shown(path), read_text(path, TRACES)
    for one in _parsed(text, file):
        if not isinstance(one, dict):
            raise InputError("has an entry that is not an object", NEITHER, file=file)
        yield one


def _parsed(text: str, file: str) -> Iterator[object]:
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and all(line.lstrip().startswith("{") for line in lines):
        yield from (parse_json(line, file) for line in lines)
        return
    whole = parse_json(text, file)
    yield from whole if isinstance(whole, list) else [whole]


def _trace(plain: Plain, file: str) -> Trace | None:
    """None of what is not a traceroute."""
    kind = plain.get("type")
    if kind not in ("traceroute", "trace"):
        return None
    source, destination, replies = (_atlas if kind == "traceroute" else _scamper)(plain)
    try:
        return Trace(source, destination, tuple(_hops(replies)))
    except (TypeError, ValueError) as error:
        message = f"has a traceroute from {source} that cannot be read: {error}"
        raise InputError(message, NEITHER, file=file) from None


@dataclass(frozen=True)
class _Reply:
    ttl: object
    address: object
    name: object
    rtt_ms: object
    extensions: object


def _atlas(plain: Plain) -> tuple[str, str, list[_Reply]]:
    """Late answers and errors without an address are left out."""
    replies = [
        _Reply(hop.get("hop"), one["from"], "", one["rtt"], one.get("icmpext"))
        for hop in _objects(plain.get("result"))
        for one in _objects(hop.get("result"))
        if "from" in one and "rtt" in one and "late" not in one
    ]
    probe = plain.get("prb_id")
    source = str(plain.get("from") or plain.get("src_addr")) if probe is None else f"probe {probe}"
    return source, str(plain.get("dst_addr", "")), replies


def _scamper(plain: Plain) -> tuple[str, str, list[_Reply]]:
    replies = [
        _Reply(one.get("probe_ttl"), one["addr"], one.get("name"), one["rtt"], one.get("icmpext"))
        for one in _objects(plain.get("hops"))
        if "addr" in one and "rtt" in one
    ]
    return str(plain.get("src", "")), str(plain.get("dst", "")), replies


def _objects(value: object) -> list[Plain]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _hops(replies: Sequence[_Reply]) -> Iterator[Hop]:
    """The minimum by number of hops and address. Raises ValueError, TypeError."""
    best: dict[tuple[int, str], Hop] = {}
    for reply in replies:
        hop = _hop(reply)
        key = hop.ttl, hop.address
        if key not in best or hop.rtt_ms < best[key].rtt_ms:
            best[key] = hop
    yield from sorted(best.values(), key=lambda one: (one.ttl, one.rtt_ms, one.address))


def _hop(reply: _Reply) -> Hop:
    if not isinstance(reply.ttl, int) or not isinstance(reply.rtt_ms, int | float):
        raise ValueError(f"hop {reply.ttl!r}, RTT {reply.rtt_ms!r}")
    if not 0 <= reply.rtt_ms < MOST_RTT_MS:
        raise ValueError(f"RTT {reply.rtt_ms!r} at hop {reply.ttl}")
    name = reply.name if isinstance(reply.name, str) else ""
    return Hop(reply.ttl, str(reply.address), name, float(reply.rtt_ms), _is_mpls(reply.extensions))


def _is_mpls(extensions: object) -> bool:
    """RIPE Atlas writes an object with ``obj``, a list of ``class``; scamper a list of ``ic``."""
    if isinstance(extensions, dict):
        return any(one.get("class") == MPLS_CLASS for one in _objects(extensions.get("obj")))
    return any(one.get("ic") == MPLS_CLASS for one in _objects(extensions))
