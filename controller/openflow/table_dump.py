"""All that switches say of their tables, in one document. Knows no framework."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypedDict

from corridor.controller.forwarding.program import DUMP_SCHEMA, UNREAD

type Said = Mapping[int, Mapping[str, list[Any]]]
"""By datapath id and part."""


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


def dump_of(said: Said, hub: Callable[[int], str]) -> TableDump:
    """Of answers about ``TABLES`` of ``dumps.py``, and the hub of each datapath id."""

    def by_hub(part: str) -> dict[str, list[Any]]:
        return {hub(dpid): parts[part] for dpid, parts in sorted(said.items())}

    return {
        "schema": DUMP_SCHEMA,
        "switches": by_hub("switches"),
        "groups": by_hub("groups"),
        "meters": by_hub("meters"),
    }


def write_dump(dump: TableDump, target: Path) -> None:
    target.write_text(json.dumps(dump, indent=1, sort_keys=True))
