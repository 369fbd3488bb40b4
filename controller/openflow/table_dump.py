"""All that switches report about their tables, as values and in one document; no framework.

Their counters show packets dropped, by reason, and sent, by demand.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

from corridor.controller.forwarding.program import COOKIE_MAGIC, DUMP_SCHEMA, UNREAD, Flow, Reason
from corridor.topologies.base.codec import JsonObject, to_plain

type Said = Mapping[int, Mapping[str, list[Any]]]
"""By datapath id and part: ``HeldEntry``, ``FastFailover`` and ``Meter``, or an object of JSON for
what none of these can hold in full."""


class HeldEntry(NamedTuple):
    """An entry that never expires, and what it has counted."""

    flow: Flow
    packets: int
    bytes: int


class TableDump(TypedDict):
    """What switches say they hold, by hub, as ``tables/*.json`` have it."""

    schema: int
    switches: dict[str, list[Any]]
    """Entries."""
    groups: dict[str, list[Any]]
    meters: dict[str, list[Any]]


def unread(entries: int) -> dict[str, Any]:
    """Stands among entries of a switch for those that could not be read: how many more it holds.
    Fewer than none where some went while they were read."""
    nothing = {"table": 0, "priority": 0, "match": [], "actions": [], "goto": None, "cookie": 0}
    return {**nothing, "packets": 0, "bytes": 0, UNREAD: entries}


def unread_part() -> dict[str, Any]:
    """Stands among groups or meters of a switch for those that could not be read."""
    return {UNREAD: True}


def plain_entry(
    flow: Flow, packets: int, octets: int, idle_s: int = 0, hard_s: int = 0
) -> JsonObject:
    """An entry as a dump has it: with its counts, and its timeouts if it has any."""
    entry: JsonObject = {**to_plain(flow), "packets": packets, "bytes": octets}
    if idle_s or hard_s:
        entry["timeouts_s"] = [idle_s, hard_s]
    return entry


def plain_item(item: Any) -> JsonObject:
    """One item of ``Said`` as a dump has it."""
    if isinstance(item, dict):
        return item
    if isinstance(item, HeldEntry):
        return plain_entry(*item)
    plain: JsonObject = to_plain(item)
    return plain


def dump_of(said: Said, hub: Callable[[int], str]) -> TableDump:
    """Of answers about ``TABLES`` of ``decoding.py``, and the hub of each datapath id."""

    def by_hub(part: str) -> dict[str, list[Any]]:
        return {hub(d): [*map(plain_item, parts[part])] for d, parts in sorted(said.items())}

    return {
        "schema": DUMP_SCHEMA,
        "switches": by_hub("switches"),
        "groups": by_hub("groups"),
        "meters": by_hub("meters"),
    }


def write_dump(dump: TableDump, target: Path) -> None:
    target.write_text(json.dumps(dump, indent=1, sort_keys=True))


class PortCounts(TypedDict):
    """As OpenFlow counts, since the port is there. `tx` leaves the switch."""

    rx_packets: int
    tx_packets: int
    rx_bytes: int
    tx_bytes: int
    rx_dropped: int
    tx_dropped: int
    rx_errors: int
    tx_errors: int


class Drops(TypedDict):
    """Packets dropped, by reason: of all switches, and by hub where any were."""

    drops: dict[str, int]
    by_hub: dict[str, dict[str, int]]


class Sent(TypedDict):
    """What edges have sent for a demand since the epoch began."""

    packets: int
    bytes: int


def drops_by_reason(document: Mapping[str, Any]) -> Drops:
    """Packets dropped in the tables of a dump: of all switches, and by hub where any were."""
    total: dict[str, int] = {reason.name: 0 for reason in Reason if reason.is_drop}
    by_hub: dict[str, dict[str, int]] = {}
    for hub, flows in document["switches"].items():
        for flow in flows:
            name = _reason(flow["cookie"])
            if name is not None and name.startswith("DROP_") and flow["packets"]:
                total[name] += flow["packets"]
                here = by_hub.setdefault(hub, {})
                here[name] = here.get(name, 0) + flow["packets"]
    return {"drops": total, "by_hub": by_hub}


def sent_by_demand(document: Mapping[str, Any], demands: Sequence[str]) -> dict[str, Sent]:
    """Packets and bytes that edges have sent for demands, which are in the order of their
    numbers. Entries of a new epoch count from nothing."""
    sent: dict[str, Sent] = {demand: {"packets": 0, "bytes": 0} for demand in demands}
    for flows in document["switches"].values():
        for flow in flows:
            number = flow["cookie"] >> 32 & 0xFFFF
            if _reason(flow["cookie"]) == Reason.LABEL.name and 0 < number <= len(demands):
                here = sent[demands[number - 1]]
                here["packets"] += flow["packets"]
                here["bytes"] += flow["bytes"]
    return sent


def _reason(cookie: int) -> str | None:
    if cookie >> 48 != COOKIE_MAGIC:
        return None
    try:
        return Reason(cookie >> 16 & 0xFFFF).name
    except ValueError:
        return None
