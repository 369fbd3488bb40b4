"""Measured traceroutes: JSON of RIPE Atlas or scamper in, hops with minimum round trips out.

RIPE Atlas: an array, or one result a line (``type`` is ``traceroute``; its documentation of
measurement results, firmware 4400 and later). scamper: lines of ``sc_warts2json`` or ``warts2json``
(``type`` is ``trace``). Both state round trips in milliseconds.
"""

from __future__ import annotations

import csv
import io
import ipaddress
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import Field

from corridor.topologies.base.bounded_file import Kind, parse_json, read_text, shown
from corridor.topologies.base.documents import read_document, validate
from corridor.topologies.base.errors import InputError
from corridor.topologies.model.catalogue import DATA, nearest_named
from corridor.topologies.model.topology import Frozen, Slug, Topology

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


# The hub at which a hop of a traceroute is: by a table of address prefixes, or by its name.
#
# The table is the user's: CSV with the columns ``prefix`` (IPv4 or IPv6) and ``hub``; the longest
# prefix decides. Names are reverse DNS names that the traceroute states. A part of one, or several
# parts next to each other, is the id of a hub or a code of its city (``data/city_codes.yaml``), as
# it is or without digits at its end. Ids of fewer than three letters are not looked for, because
# names of interfaces have such parts.


COLUMNS = ("prefix", "hub")
HEADER = "its first line is prefix,hub"
PREFIXES = Kind(64 * 2**20, "keep only prefixes of the traceroutes' hops")
"""A whole routing table has a million prefixes, which is about 30 MB."""
SHORTEST_ID = 3
"""Letters."""

type Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class _CityCodes(Frozen):
    codes: Mapping[Slug, tuple[str, ...]] = Field(min_length=1)


@cache
def _city_codes() -> _CityCodes:
    return validate(read_document(DATA / "city_codes.yaml"), _CityCodes)


def read_prefixes(path: str | Path, topology: Topology) -> dict[Network, str]:
    """Hubs by prefix.

    Raises:
        InputError: The file is not such a table, or names a hub that the map does not have.
    """
    file = shown(path)
    reader = csv.DictReader(io.StringIO(read_text(path, PREFIXES), newline=""))
    hubs = {one.id for one in topology.hubs}
    found: dict[Network, str] = {}
    try:
        if not set(COLUMNS) <= set(reader.fieldnames or ()):
            raise InputError("has no columns prefix and hub", HEADER, file=file, line=1)
        for row in reader:
            prefix, hub = _read(row, file, reader.line_num)
            if prefix in found:
                message, hint = f"has prefix {prefix} again", "name each prefix once"
                raise InputError(message, hint, file=file, line=reader.line_num)
            if hub not in hubs:
                message = f'no hub "{hub}" on {topology.name}'
                hint = nearest_named(hub, sorted(hubs))
                raise InputError(message, hint, file=file, line=reader.line_num)
            found[prefix] = hub
    except csv.Error as error:
        message, hint = f"is not CSV: {error}", "write a prefix and a hub on each line"
        raise InputError(message, hint, file=file, line=reader.line_num + 1) from None
    return found


def _read(row: Mapping[str, str | None], file: str, line: int) -> tuple[Network, str]:
    prefix, hub = ((row[name] or "").strip() for name in COLUMNS)
    try:
        return ipaddress.ip_network(prefix, strict=False), hub
    except ValueError as error:
        hint = "write it like 192.0.2.0/24 or 2001:db8::/32"
        raise InputError(str(error), hint, file=file, line=line) from None


class HopPlaces:
    """Finds the hub of a hop on one map. Keeps what it found, because traces repeat addresses."""

    def __init__(self, topology: Topology, prefixes: Mapping[Network, str]) -> None:
        by_length: dict[tuple[int, int], dict[int, str]] = defaultdict(dict)
        for prefix, hub in prefixes.items():
            rest = prefix.max_prefixlen - prefix.prefixlen
            by_length[prefix.version, rest][int(prefix.network_address) >> rest] = hub
        self._by_length = sorted(by_length.items())
        """By version and number of host bits, the longest prefixes first: hubs by network bits."""
        self._names = {
            _parts(name): hub.id
            for hub in topology.hubs
            for name in (*_city_codes().codes.get(hub.id, ()), hub.id)
            if sum(map(str.isalpha, name)) >= SHORTEST_ID
        }
        self._most_parts = max(map(len, self._names), default=0)
        self._by_address = cache(self._of_address)
        self._by_name = cache(self._of_name)

    def hub(self, hop: Hop) -> str | None:
        """None if nothing states it, if its name fits several hubs, or in an MPLS tunnel."""
        if hop.is_in_tunnel:
            return None
        return self._by_address(hop.address) or self._by_name(hop.name)

    def _of_address(self, text: str) -> str | None:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return None
        found = (
            hubs.get(int(address) >> rest)
            for (version, rest), hubs in self._by_length
            if version == address.version
        )
        return next(filter(None, found), None)

    def _of_name(self, name: str) -> str | None:
        found = set(self._in_name(_parts(name)))
        return found.pop() if len(found) == 1 else None

    def _in_name(self, parts: tuple[str, ...]) -> Iterator[str]:
        """Hubs that it names; of several that begin at one part, the one of most parts."""
        at = 0
        while at < len(parts):
            for end in range(min(at + self._most_parts, len(parts)), at, -1):
                run = parts[at:end]
                bare = (*run[:-1], run[-1].rstrip("0123456789"))
                if hub := self._names.get(run) or self._names.get(bare):
                    yield hub
                    at = end - 1
                    break
            at += 1


def _parts(name: str) -> tuple[str, ...]:
    return tuple(re.split(r"[^a-z0-9]+", name.lower()))
