"""What switches hold, as values: from their dump, or from a program as if it were installed.

Nothing is passed over. What the prover has no meaning for stays in an entry, where the
claim ``T0`` finds it, or becomes an ``Oddity`` where an entry cannot hold it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from corridor.controller.forwarding.program import FastFailover, Flow, Meter, Program, SwitchProgram
from corridor.topologies.base.codec import from_plain
from corridor.topologies.base.errors import InputError
from corridor.topologies.model.wiring import Wiring

DUMP_SCHEMAS = (1, 2, 3)
"""1 had no groups, 2 no meters."""

_PARTS = ("switches", "groups", "meters", "settings")
_COUNTERS = {"packets", "bytes"}
_FLOW = {"table", "priority", "match", "actions", "goto", "cookie"}
_GROUP = {"id", "buckets"}
_METER = {"id", "rate_kbps", "burst_kbit"}


@dataclass(frozen=True)
class Oddity:
    """Something a switch says that is no entry, no group and no meter."""

    hub: str
    said: str


@dataclass(frozen=True)
class Settings:
    """How a switch is set up, as far as it says; what is None is not claimed."""

    fail_mode: str | None = None
    """What it does without a controller: only ``secure`` leaves its tables as they are."""
    bfd_ports: tuple[int, ...] | None = None
    """Ports of fibres whose loss of frames it notices by itself (RFC 5880)."""


@dataclass(frozen=True)
class Tables:
    """Entries, groups and meters of every switch, by hub."""

    switches: Mapping[str, SwitchProgram]
    oddities: tuple[Oddity, ...] = ()
    settings: Mapping[str, Settings] = field(default_factory=dict)


def tables_of(program: Program) -> Tables:
    """The tables a program leads to, before any switch has seen it."""
    return Tables({switch.hub: switch for switch in program.switches})


def read_dump(plain: Any, wiring: Wiring, *, file: str = "") -> Tables:
    """The JSON of ``tables/*.json``; raises InputError where it is not that at all."""
    if not isinstance(plain, dict) or plain.get("schema") not in DUMP_SCHEMAS:
        known = " or ".join(map(str, DUMP_SCHEMAS))
        raise InputError(f"not a dump of tables of schema {known}", file=file)
    said: dict[str, dict[str, Any]] = {part: plain.get(part, {}) for part in _PARTS}
    if "switches" not in plain or not all(isinstance(part, dict) for part in said.values()):
        raise InputError(f"{', '.join(_PARTS)} must be objects by hub", file=file)
    oddities = [Oddity("", f"the dump holds {key!r}") for key in plain.keys() - {"schema", *_PARTS}]
    dpids = {hub.hub: hub.dpid for hub in wiring.hubs}
    switches, settings = {}, {}
    for hub in [*dpids, *sorted({hub for part in said.values() for hub in part} - dpids.keys())]:
        if hub not in dpids:
            oddities.append(Oddity(hub, "no such switch in the wiring"))
        elif hub not in said["switches"]:
            oddities.append(Oddity(hub, "the switch said nothing"))
        flows = [_flow(hub, one, oddities) for one in _list(said["switches"], hub, file)]
        groups = [
            _whole(FastFailover, _GROUP, hub, one, oddities)
            for one in _list(said["groups"], hub, file)
        ]
        meters = [
            _whole(Meter, _METER, hub, one, oddities) for one in _list(said["meters"], hub, file)
        ]
        switches[hub] = SwitchProgram(
            hub,
            dpids.get(hub, 0),
            tuple(flow for flow in flows if flow is not None),
            tuple(group for group in groups if group is not None),
            tuple(meter for meter in meters if meter is not None),
        )
        if hub in said["settings"]:
            settings[hub] = _settings(hub, said["settings"][hub], oddities)
    return Tables(switches, tuple(oddities), settings)


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
        for key in sorted(said.keys() - _FLOW - _COUNTERS - {"meter"})
    ]
    try:
        plain = {key: said[key] for key in _FLOW} | {"meter": said.get("meter")}
        match = tuple(
            sorted((name, _value(value)) for name, value in map(tuple, plain.pop("match")))
        )
        flow = from_plain(Flow, {**plain, "match": match})
        numbers = (flow.table, flow.priority, flow.cookie, flow.goto or 0, flow.meter or 0)
        if not all(isinstance(number, int) for number in numbers):
            raise TypeError("numbers expected")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        oddities.append(Oddity(hub, f"an entry is not whole: {error!r}"))
        return None
    return flow


def _value(value: Any) -> int | str:
    """A match's value; one with a mask becomes text, which is no exact value of any field."""
    return value if isinstance(value, int | str) else f"masked {value}"


def _whole[T: (FastFailover, Meter)](
    kind: type[T], parts: set[str], hub: str, said: Any, oddities: list[Oddity]
) -> T | None:
    """A group or a meter; what has no place in it is odd."""
    name = _NAMES[kind]
    if not isinstance(said, dict):
        oddities.append(Oddity(hub, f"{said!r} is no {name}"))
        return None
    oddities += [
        Oddity(hub, f"{name} {said.get('id')} says {key} = {said[key]!r}")
        for key in sorted(said.keys() - parts)
    ]
    try:
        made = from_plain(kind, {key: said[key] for key in parts})
        if not isinstance(made.id, int):
            raise TypeError("a number expected")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        oddities.append(Oddity(hub, f"a {name} is not whole: {error!r}"))
        return None
    return made


_NAMES = {FastFailover: "group", Meter: "meter"}


def _settings(hub: str, said: Any, oddities: list[Oddity]) -> Settings:
    try:
        return from_plain(Settings, said)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        oddities.append(Oddity(hub, f"its settings are not whole: {error!r}"))
        return Settings()
