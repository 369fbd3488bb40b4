"""What switches hold, as values: from their dump, or from a program as if it were installed.

Nothing is passed over. What the prover has no meaning for stays in an entry, where the
claim ``T0`` finds it, or becomes an ``Oddity`` where an entry cannot hold it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controller.program import FastFailover, Flow, Program, SwitchProgram
from topologies.errors import InputError
from topologies.values import from_plain
from topologies.wiring import Wiring

DUMP_SCHEMAS = (1, 2)
"""1 had no groups."""

_COUNTERS = {"packets", "bytes"}
_FLOW = {"table", "priority", "match", "actions", "goto", "cookie"}
_GROUP = {"id", "buckets"}


@dataclass(frozen=True)
class Oddity:
    """Something a switch says that is no entry and no group."""

    hub: str
    said: str


@dataclass(frozen=True)
class Tables:
    """Entries and groups of every switch, by hub."""

    switches: Mapping[str, SwitchProgram]
    oddities: tuple[Oddity, ...] = ()


def tables_of(program: Program) -> Tables:
    """The tables a program leads to, before any switch has seen it."""
    return Tables({switch.hub: switch for switch in program.switches})


def read_dump(plain: Any, wiring: Wiring, *, file: str = "") -> Tables:
    """The JSON of ``tables/*.json``; raises InputError where it is not that at all."""
    if not isinstance(plain, dict) or plain.get("schema") not in DUMP_SCHEMAS:
        known = " or ".join(map(str, DUMP_SCHEMAS))
        raise InputError(f"not a dump of tables of schema {known}", file=file)
    said_flows, said_groups = plain.get("switches"), plain.get("groups", {})
    if not isinstance(said_flows, dict) or not isinstance(said_groups, dict):
        raise InputError('"switches" and "groups" must be objects by hub', file=file)
    oddities = [
        Oddity("", f"the dump holds {key!r}")
        for key in plain.keys() - {"schema", "switches", "groups"}
    ]
    dpids = {hub.hub: hub.dpid for hub in wiring.hubs}
    switches = {}
    for hub in [*dpids, *sorted((said_flows.keys() | said_groups.keys()) - dpids.keys())]:
        if hub not in dpids:
            oddities.append(Oddity(hub, "no such switch in the wiring"))
        elif hub not in said_flows:
            oddities.append(Oddity(hub, "the switch said nothing"))
        flows = [_flow(hub, said, oddities) for said in _list(said_flows, hub, file)]
        groups = [_group(hub, said, oddities) for said in _list(said_groups, hub, file)]
        switches[hub] = SwitchProgram(
            hub,
            dpids.get(hub, 0),
            tuple(flow for flow in flows if flow is not None),
            tuple(group for group in groups if group is not None),
        )
    return Tables(switches, tuple(oddities))


def _list(said: dict[str, Any], hub: str, file: str) -> list[Any]:
    entries = said.get(hub, [])
    if not isinstance(entries, list):
        raise InputError(f"what {hub} says is not a list", file=file)
    return entries


def _flow(hub: str, said: Any, oddities: list[Oddity]) -> Flow | None:
    """An entry with everything in it that an entry can hold; the rest is odd."""
    if not isinstance(said, dict):
        oddities.append(Oddity(hub, f"{said!r} is no entry"))
        return None
    oddities += [
        Oddity(hub, f"an entry of table {said.get('table')} says {key} = {said[key]!r}")
        for key in sorted(said.keys() - _FLOW - _COUNTERS)
    ]
    try:
        plain = {key: said[key] for key in _FLOW}
        match = tuple(
            sorted((name, _value(value)) for name, value in map(tuple, plain.pop("match")))
        )
        flow = from_plain(Flow, {**plain, "match": match})
        numbers = (flow.table, flow.priority, flow.cookie, flow.goto or 0)
        if not all(isinstance(number, int) for number in numbers):
            raise TypeError("numbers expected")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        oddities.append(Oddity(hub, f"an entry is not whole: {error!r}"))
        return None
    return flow


def _value(value: Any) -> int | str:
    """A match's value; one with a mask becomes text, which is no exact value of any field."""
    return value if isinstance(value, int | str) else f"masked {value}"


def _group(hub: str, said: Any, oddities: list[Oddity]) -> FastFailover | None:
    if not isinstance(said, dict):
        oddities.append(Oddity(hub, f"{said!r} is no group"))
        return None
    oddities += [
        Oddity(hub, f"group {said.get('id')} says {key} = {said[key]!r}")
        for key in sorted(said.keys() - _GROUP)
    ]
    try:
        return from_plain(FastFailover, {key: said[key] for key in _GROUP})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        oddities.append(Oddity(hub, f"a group is not whole: {error!r}"))
        return None
