"""What switches hold, read from the plain form of ``tables/*.json``, ready to be looked up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from corridor.controller.second_opinion.plain import Plain

type Field = int | str


@dataclass(frozen=True)
class Entry:
    """A flow entry: what it matches, and what it does."""

    priority: int
    match: tuple[tuple[str, Field], ...]
    actions: tuple[tuple[str, tuple[Any, ...]], ...]
    """Kind and arguments of each, in order."""
    goto: int | None


@dataclass(frozen=True)
class Bucket:
    watch_port: int | None
    watch_group: int | None
    actions: tuple[tuple[str, tuple[Any, ...]], ...]


class FlowTable:
    """The entries of one table, by the fields that they match and by their values."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._by_fields: dict[tuple[str, ...], dict[tuple[Field, ...], list[Entry]]] = {}
        for entry in entries:
            fields = tuple(name for name, _ in entry.match)
            values = tuple(value for _, value in entry.match)
            self._by_fields.setdefault(fields, {}).setdefault(values, []).append(entry)

    def matching(self, header: Mapping[str, Field]) -> list[Entry]:
        """Those of the highest priority that match; more than one is nothing to rely on."""
        found: list[Entry] = []
        for fields, by_values in self._by_fields.items():
            if all(name in header for name in fields):
                found += by_values.get(tuple(header[name] for name in fields), ())
        best = max((entry.priority for entry in found), default=0)
        return [entry for entry in found if entry.priority == best]


@dataclass(frozen=True)
class Switch:
    tables: Mapping[int, FlowTable]
    groups: Mapping[int, tuple[Bucket, ...]]


def switches_of(said: Plain) -> dict[str, Switch]:
    """By hub, from what a dump of tables says; raises KeyError or TypeError for another form."""
    groups = said.get("groups") or {}
    return {
        hub: Switch(_tables(flows), _groups(groups.get(hub, ())))
        for hub, flows in said["switches"].items()
    }


def _tables(flows: Iterable[Plain]) -> dict[int, FlowTable]:
    by_table: dict[int, list[Entry]] = {}
    for flow in flows:
        match = tuple((name, value) for name, value in flow["match"])
        entry = Entry(flow["priority"], match, _actions(flow["actions"]), flow["goto"])
        by_table.setdefault(flow["table"], []).append(entry)
    return {number: FlowTable(entries) for number, entries in by_table.items()}


def _groups(groups: Iterable[Plain]) -> dict[int, tuple[Bucket, ...]]:
    return {
        group["id"]: tuple(
            Bucket(one["watch_port"], one["watch_group"], _actions(one["actions"]))
            for one in group["buckets"]
        )
        for group in groups
    }


def _actions(actions: Iterable[Plain]) -> tuple[tuple[str, tuple[Any, ...]], ...]:
    return tuple((one["kind"], tuple(one["arguments"])) for one in actions)
