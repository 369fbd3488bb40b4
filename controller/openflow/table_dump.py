"""All that switches report about their tables, as values and in one document. No framework."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

from corridor.controller.forwarding.program import DUMP_SCHEMA, UNREAD, Flow
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
    """Of answers about ``TABLES`` of ``dumps.py``, and the hub of each datapath id."""

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
