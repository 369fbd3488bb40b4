"""Parse what switches report of their tables, from octets to values.

The framework's parser makes about 20 objects for each entry. The entries of a network share most of
their parts, and a table hardly changes between two reads. So the framework parses each distinct
field and list of actions once, and this module keeps the result by its octets. An entry that is
read twice is the same value, so it compares at once.

Only answers to requests that ``read_as_values`` names are parsed here. The framework parses all
others, such as those of other apps in this process.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from corridor.controller.forwarding.program import (
    Action,
    Bucket,
    FastFailover,
    Flow,
    Meter,
    Value,
    group_of_type,
    unknown,
)
from corridor.controller.openflow import codec
from corridor.controller.openflow.framework import ofproto, parser
from corridor.controller.openflow.table_dump import HeldEntry, plain_entry
from corridor.topologies.base.codec import JsonObject, to_plain
from corridor.topologies.base.memory import remembered_if_short

KEPT = 1 << 16
"""Entries that are kept: 60 hubs with 60 demands have 26,000 during an update."""
PARTS_KEPT = 1 << 14
_REPLY = ofproto.OFPT_MULTIPART_REPLY
_BODY = ofproto.OFP_MULTIPART_REPLY_SIZE
_KIND = struct.Struct(ofproto.OFP_MULTIPART_REPLY_PACK_STR)
_ENTRY = struct.Struct(ofproto.OFP_FLOW_STATS_0_PACK_STR)
_GROUP = struct.Struct(ofproto.OFP_GROUP_DESC_STATS_PACK_STR)
_BUCKET = struct.Struct(ofproto.OFP_BUCKET_PACK_STR)


def entries(data: bytes, at: int) -> list[HeldEntry | JsonObject]:
    """Parse the entries that fill the rest of a reply. An entry that a ``Flow`` cannot represent in
    full becomes an object of JSON, as in a dump."""
    found: list[HeldEntry | JsonObject] = []
    while at < len(data):
        length, table, _, _, priority, idle, hard, _, cookie, packets, octets = _ENTRY.unpack_from(
            data, at
        )
        flow, is_plain = _entry(table, priority, cookie, _cut(data, at, length, _ENTRY.size))
        if is_plain and not idle and not hard:
            found.append(HeldEntry(flow, packets, octets))
        else:
            found.append(plain_entry(flow, packets, octets, idle, hard))
        at += length
    return found


def groups(data: bytes, at: int) -> list[FastFailover | JsonObject]:
    """Parse the groups that fill the rest of a reply. A group with an action that an ``Action``
    cannot represent becomes an object of JSON, as in a dump."""
    found: list[FastFailover | JsonObject] = []
    while at < len(data):
        length, kind, number = _GROUP.unpack_from(data, at)
        made = FastFailover(number, _buckets(kind, _cut(data, at, length, _GROUP.size)))
        is_plain = all(_is_plain((), bucket.actions) for bucket in made.buckets)
        found.append(made if is_plain else to_plain(made))
        at += length
    return found


def meters(data: bytes, at: int) -> list[Meter]:
    """Parse the meters that fill the rest of a reply."""
    found = []
    while at < len(data):
        said = parser.OFPMeterConfigStats.parser(data, at)
        found.append(codec.meter_of(said))
        at += said.length
    return found


_READERS: dict[int, tuple[Any, Callable[[bytes, int], list[Any]]]] = {
    ofproto.OFPMP_FLOW: (parser.OFPFlowStatsReply, entries),
    ofproto.OFPMP_GROUP_DESC: (parser.OFPGroupDescStatsReply, groups),
    ofproto.OFPMP_METER_CONFIG: (parser.OFPMeterConfigStatsReply, meters),
}
_asked: WeakKeyDictionary[Any, set[int]] = WeakKeyDictionary()
"""By connection, the requests whose answers are read here."""


def read_as_values(datapath: Any, xid: int) -> None:
    """Have the answer to a request parsed by ``entries``, ``groups`` or ``meters``. Call it before
    the request is sent."""
    _asked.setdefault(datapath, set()).add(xid)


def read_reply(datapath: Any, version: int, kind: int, length: int, xid: int, buf: bytes) -> Any:
    """Parse a multipart reply in place of the framework's parser. The framework logs what this
    raises, and drops the message."""
    asked = _asked.get(datapath, set())
    is_asked = xid in asked
    part, flags = _KIND.unpack_from(buf, ofproto.OFP_HEADER_SIZE)
    if not flags & ofproto.OFPMPF_REPLY_MORE:
        asked.discard(xid)
    if not is_asked or part not in _READERS:
        return parser.OFPMultipartReply.parser(datapath, version, kind, length, xid, buf)
    of_framework, read = _READERS[part]
    message = of_framework(datapath, flags=flags)
    message.set_headers(version, kind, length, xid)
    message.type = part
    message.body = read(bytes(buf), _BODY)
    return message


parser._MSG_PARSERS[_REPLY] = read_reply  # noqa: SLF001 - the framework has no other place for it


def _cut(data: bytes, at: int, length: int, head: int) -> bytes:
    """What follows the head of an element that is so long. Raises ValueError where it cannot be."""
    if length < head or at + length > len(data):
        raise ValueError(f"an element of {length} octets, where {len(data) - at} are left")
    return data[at + head : at + length]


@remembered_if_short(KEPT)
def _entry(table: int, priority: int, cookie: int, rest: bytes) -> tuple[Flow, bool]:
    """An entry by its match and instructions, and whether it says everything in plain values."""
    fields, at = _match(rest)
    match = tuple(sorted(fields.items()))
    meter, actions, goto = _instructions(rest[at:])
    flow = Flow(table, priority, match, actions, goto, cookie, meter)
    return flow, _is_plain((value for _, value in match), actions)


def _match(rest: bytes) -> tuple[dict[str, Value], int]:
    """The fields of the match that comes first, and where it ends, with its padding."""
    _, length = struct.unpack_from("!HH", rest)
    fields, at = {}, 4
    while at < length:
        end = at + 4 + rest[at + 3]
        name, value = _field(rest[at:end])
        fields[name] = value
        at = end
    return fields, (length + 7) // 8 * 8


def _is_plain(values: Iterator[object] | tuple[()], actions: tuple[Action, ...]) -> bool:
    """Whether all are numbers and texts; a value with a mask, for one, is neither."""
    return all(isinstance(value, int | str) for value in values) and all(
        isinstance(argument, int | str) for action in actions for argument in action.arguments
    )


@lru_cache(maxsize=PARTS_KEPT)
def _field(octets: bytes) -> tuple[str, Value]:
    number, value, mask, _ = ofproto.oxm_parse(octets, 0)
    name, said = ofproto.oxm_to_user(number, value, mask)
    return name, said


@remembered_if_short(PARTS_KEPT)
def _instructions(octets: bytes) -> tuple[int | None, tuple[Action, ...], int | None]:
    """Meter, actions and next table. What has no value here becomes an ``unknown`` action."""
    actions: list[Action] = []
    goto = meter = None
    at = 0
    while at < len(octets):
        said = parser.OFPInstruction.parser(octets, at)
        if isinstance(said, parser.OFPInstructionMeter):
            meter = int(said.meter_id)
        elif isinstance(said, parser.OFPInstructionGotoTable):
            goto = int(said.table_id)
        elif said.type == ofproto.OFPIT_APPLY_ACTIONS:
            actions += codec.actions_from_openflow(said.actions)
        else:
            actions.append(unknown(str(said)))
        at += said.len
    return meter, tuple(actions), goto


@remembered_if_short(PARTS_KEPT)
def _buckets(kind: int, octets: bytes) -> tuple[Bucket, ...]:
    """Those of a group; a kind other than fast failover is in its own bucket."""
    found = []
    if kind != ofproto.OFPGT_FF:
        found.append(Bucket(None, None, (group_of_type(kind),)))
    at = 0
    while at < len(octets):
        length, _, port, over = _BUCKET.unpack_from(octets, at)
        actions = _actions(_cut(octets, at, length, _BUCKET.size))
        watch_port = None if port == ofproto.OFPP_ANY else port
        watch_group = None if over == ofproto.OFPG_ANY else over
        found.append(Bucket(watch_port, watch_group, actions))
        at += length
    return tuple(found)


@remembered_if_short(PARTS_KEPT)
def _actions(octets: bytes) -> tuple[Action, ...]:
    said, at = [], 0
    while at < len(octets):
        said.append(parser.OFPAction.parser(octets, at))
        at += said[-1].len
    return tuple(codec.actions_from_openflow(said))
