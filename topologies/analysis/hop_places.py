"""The hub at which a hop of a traceroute is: by a table of address prefixes, or by its name.

The table is the user's: CSV with the columns ``prefix`` (IPv4 or IPv6) and ``hub``; the longest
prefix decides. Names are reverse DNS names that the traceroute states. A part of one, or several
parts next to each other, is the id of a hub or a code of its city (``data/city_codes.yaml``), as it
is or without digits at its end. Ids of fewer than three letters are not looked for, because names
of interfaces have such parts.
"""

from __future__ import annotations

import csv
import io
import ipaddress
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from pydantic import Field

from corridor.topologies.analysis.traceroutes import Hop
from corridor.topologies.base.bounded_file import Kind, read_text, shown
from corridor.topologies.base.documents import read_document, validate
from corridor.topologies.base.errors import InputError
from corridor.topologies.model.catalogue import DATA, nearest_named
from corridor.topologies.model.topology import Frozen, Slug, Topology

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
