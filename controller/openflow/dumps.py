"""What switches say of their tables, in the terms of a dump."""

from __future__ import annotations

from typing import Any, TypedDict

from corridor.controller.forwarding.program import DUMP_SCHEMA
from corridor.controller.openflow import codec
from corridor.controller.openflow.counters import PORT_COUNTS
from corridor.topologies.base.codec import to_plain


class Parts(TypedDict):
    """What switches say they hold, by hub: entries, groups and meters."""

    switches: dict[str, list[Any]]
    groups: dict[str, list[Any]]
    meters: dict[str, list[Any]]


class TableDump(Parts):
    """As ``tables/*.json`` have it."""

    schema: int


def dump_of(parts: Parts) -> TableDump:
    """What is written of what switches said."""
    return {"schema": DUMP_SCHEMA, **parts}


def plain_entry(stats: Any) -> dict[str, Any]:
    """An entry with its counts, and its timeouts if it has any."""
    entry = {
        **to_plain(codec.flow_of(stats)),
        "packets": stats.packet_count,
        "bytes": stats.byte_count,
    }
    if stats.idle_timeout or stats.hard_timeout:
        entry["timeouts_s"] = [stats.idle_timeout, stats.hard_timeout]
    return entry


def plain_group(said: Any) -> Any:
    return to_plain(codec.group_of(said))


def meter_said(said: Any) -> Any:
    return to_plain(codec.meter_of(said))


def plain_counts(stats: Any) -> tuple[int, dict[str, int]]:
    """A port's number, and what went through it."""
    return stats.port_no, {name: getattr(stats, name) for name in PORT_COUNTS}
