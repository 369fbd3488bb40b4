"""What switches hold, as values: from their dump, or from a program as if it were installed.

Nothing is passed over. What the prover has no meaning for stays in an entry, where the
claim ``T0`` finds it, or becomes an ``Oddity`` where an entry cannot hold it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from corridor.controller.forwarding.program import (
    UNREAD,
    Action,
    FastFailover,
    Flow,
    Meter,
    Program,
    SwitchProgram,
    unknown,
)
from corridor.topologies.base.codec import JsonObject, from_plain
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
    """Something a switch reports that is neither an entry nor a group nor a meter."""

    hub: str
    said: str
    unread: int = 0
    """For how many entries it stands that could not be read, or 1 for groups or meters."""


@dataclass(frozen=True)
class Settings:
    """How a switch is set up, as far as it says; what is None is not claimed."""

    fail_mode: str | None = None
    """What it does without a controller: only ``secure`` leaves its tables as they are."""
    bfd_ports: tuple[int, ...] | None = None
    """Ports of fibres whose loss of frames it detects (RFC 5880)."""


@dataclass(frozen=True)
class Tables:
    """Entries, groups and meters of every switch, by hub."""

    switches: Mapping[str, SwitchProgram]
    oddities: tuple[Oddity, ...] = ()
    settings: Mapping[str, Settings] = field(default_factory=dict)


class AsIntended:
    """Gives what switches report as the objects that were intended, where these are equal.

    Then entries compare by identity. Entries are compared once, when a switch first reports them.
    """

    def __init__(self) -> None:
        self._seen: dict[str, dict[int, tuple[Flow, Flow]]] = {}
        """By hub and the id of an entry that was reported: that entry, and the equal one."""

    def of(self, held: Tables, intended: Program) -> Tables:
        wanted = {switch.hub: switch for switch in intended.switches}
        switches = {
            hub: self._switch(has, wanted[hub]) if hub in wanted else has
            for hub, has in held.switches.items()
        }
        return replace(held, switches=switches)

    def _switch(self, held: SwitchProgram, wanted: SwitchProgram) -> SwitchProgram:
        seen, ours = self._seen.get(held.hub, {}), {*map(id, wanted.flows)}
        pairs = {
            id(flow): pair
            for flow in held.flows
            if (pair := seen.get(id(flow))) is not None and id(pair[1]) in ours
        }
        new = [flow for flow in held.flows if id(flow) not in ours and id(flow) not in pairs]
        if new:
            known = {id(equal) for _, equal in pairs.values()}
            left = {flow.key: flow for flow in wanted.flows if id(flow) not in known}
            alike = ((flow, left[flow.key]) for flow in new if flow.key in left)
            pairs |= {id(flow): (flow, equal) for flow, equal in alike if equal == flow}
        self._seen[held.hub] = pairs
        flows = tuple(pairs[id(flow)][1] if id(flow) in pairs else flow for flow in held.flows)
        groups = wanted.groups if _same(held.groups, wanted.groups) else held.groups
        is_whole = (
            groups is wanted.groups
            and held.meters == wanted.meters
            and len(flows) == len(ours) == len(wanted.flows)
            and {*map(id, flows)} == ours
        )
        return wanted if is_whole else replace(held, flows=flows, groups=groups)


def _same(groups: tuple[FastFailover, ...], others: tuple[FastFailover, ...]) -> bool:
    """Whether these are the same groups, in any order, with no number twice."""
    some, more = ({group.id: group for group in each} for each in (groups, others))
    return len(groups) == len(some) == len(others) and some == more


def tables_of(program: Program) -> Tables:
    """The tables a program leads to, before any switch has seen it."""
    return Tables({switch.hub: switch for switch in program.switches})


def read_dump(plain: Any, wiring: Wiring, *, file: str = "") -> Tables:
    """The JSON of ``tables/*.json``; raises InputError where it is not that at all."""
    if not isinstance(plain, dict) or plain.get("schema") not in DUMP_SCHEMAS:
        known = " or ".join(map(str, DUMP_SCHEMAS))
        raise InputError(f"not a dump of tables of schema {known}", file=file)
    said: dict[str, JsonObject] = {part: plain.get(part, {}) for part in _PARTS}
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


def _list(said: JsonObject, hub: str, file: str) -> list[Any]:
    entries = said.get(hub, [])
    if not isinstance(entries, list):
        raise InputError(f"what {hub} says is not a list", file=file)
    return entries


def _flow(hub: str, said: Any, oddities: list[Oddity]) -> Flow | None:
    """An entry with everything in it that an entry can hold; the rest is odd."""
    if not isinstance(said, dict):
        oddities.append(Oddity(hub, f"{said!r} is no entry"))
        return None
    if isinstance(said.get(UNREAD), int):
        oddities.append(Oddity(hub, _unread(said[UNREAD]), unread=abs(said[UNREAD])))
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
        _need_numbers(flow.table, flow.priority, flow.cookie)
        _need_numbers(flow.goto, flow.meter, may_lack=True)
        if not all(isinstance(name, str) for name, _ in match):
            raise TypeError("names of fields expected")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        oddities.append(Oddity(hub, f"an entry is not whole: {error!r}"))
        return None
    return replace(flow, actions=tuple(map(_readable, flow.actions)))


def _unread(entries: int) -> str:
    if entries < 0:
        return f"{-entries} of its entries went while they were read"
    return f"{entries} of its entries could not be read"


_ARGUMENTS: Mapping[str, tuple[type, ...]] = {
    "output": (int,),
    "group": (int,),
    "push_label": (int,),
    "set_field": (str, object),
}
"""What actions cannot do without; others have none that is looked at."""


def _readable(action: Action) -> Action:
    """The action, or, where something that its kind needs is missing, an unknown one: that is
    taken at its worst."""
    kind, given = action.kind, action.arguments
    is_plain = isinstance(kind, str) and all(isinstance(one, int | str) for one in given)
    wanted = _ARGUMENTS.get(kind) if is_plain else ()
    fits = wanted is None or (len(given) == len(wanted) and all(map(isinstance, given, wanted)))
    return action if is_plain and fits else unknown(f"{kind} {list(given)}")


def _need_numbers(*given: Any, may_lack: bool = False) -> None:
    if not all(isinstance(one, int) or (may_lack and one is None) for one in given):
        raise TypeError("numbers expected")


def _value(value: Any) -> int | str:
    """A match's value; one with a mask becomes text, which is not an exact value of any field."""
    return value if isinstance(value, int | str) else f"masked {value}"


def _whole[T: (FastFailover, Meter)](
    kind: type[T], parts: set[str], hub: str, said: Any, oddities: list[Oddity]
) -> T | None:
    """A group or a meter; what has no place in it is odd."""
    name = _NAMES[kind]
    if not isinstance(said, dict):
        oddities.append(Oddity(hub, f"{said!r} is no {name}"))
        return None
    if UNREAD in said:
        oddities.append(Oddity(hub, f"its {name}s could not all be read", unread=1))
        return None
    oddities += [
        Oddity(hub, f"{name} {said.get('id')} says {key} = {said[key]!r}")
        for key in sorted(said.keys() - parts)
    ]
    try:
        made = _of_numbers(from_plain(kind, {key: said[key] for key in parts}))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        oddities.append(Oddity(hub, f"a {name} is not whole: {error!r}"))
        return None
    return made


def _of_numbers[T: (FastFailover, Meter)](made: T) -> T:
    """The same with readable actions; raises TypeError unless numbers are numbers."""
    if isinstance(made, Meter):
        _need_numbers(made.id, made.rate_kbps, made.burst_kbit)
        return made
    _need_numbers(made.id)
    for bucket in made.buckets:
        _need_numbers(bucket.watch_port, bucket.watch_group, may_lack=True)
    buckets = (
        replace(bucket, actions=tuple(map(_readable, bucket.actions))) for bucket in made.buckets
    )
    return replace(made, buckets=tuple(buckets))


_NAMES = {FastFailover: "group", Meter: "meter"}


def _settings(hub: str, said: Any, oddities: list[Oddity]) -> Settings:
    try:
        settings = from_plain(Settings, said)
        _need_numbers(*(settings.bfd_ports or ()))
        if not isinstance(settings.fail_mode, str | None):
            raise TypeError("a text expected")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        oddities.append(Oddity(hub, f"its settings are not whole: {error!r}"))
        return Settings()
    return settings
