"""Asking switches for what they hold, and parsing what they report, from octets to values.

The framework's parser makes about 20 objects for each entry. The entries of a network share most of
their parts, and a table hardly changes between two reads. So the framework parses each distinct
field and list of actions once, and this module keeps the result by its octets. An entry that is
read twice is the same value, so it compares at once.

Only answers to requests that ``read_as_values`` names are parsed here. The framework parses all
others, such as those of other apps in this process.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from corridor.controller.forwarding.program import (
    COOKIE_MAGIC,
    Action,
    Bucket,
    FastFailover,
    Flow,
    Meter,
    Value,
    group_of_type,
    unknown,
)
from corridor.controller.openflow import encoding
from corridor.controller.openflow.encoding import encoded, send_together
from corridor.controller.openflow.framework import ofp_event, ofproto, parser
from corridor.controller.openflow.table_dump import (
    HeldEntry,
    PortCounts,
    Said,
    plain_entry,
    unread,
    unread_part,
)
from corridor.topologies.base.codec import JsonObject, to_plain
from corridor.topologies.base.memory import remembered_if_short


def _as_read(item: Any) -> Any:
    return item


def plain_counts(stats: Any) -> tuple[int, PortCounts]:
    """A port's number, and what went through it."""
    return stats.port_no, {
        "rx_packets": stats.rx_packets,
        "tx_packets": stats.tx_packets,
        "rx_bytes": stats.rx_bytes,
        "tx_bytes": stats.tx_bytes,
        "rx_dropped": stats.rx_dropped,
        "tx_dropped": stats.tx_dropped,
        "rx_errors": stats.rx_errors,
        "tx_errors": stats.tx_errors,
    }


def _entries_of_ours(datapath: Any) -> Any:
    cookie, mask = COOKIE_MAGIC << 48, 0xFFFF << 48
    anything = (ofproto.OFPTT_ALL, ofproto.OFPP_ANY, ofproto.OFPG_ANY)
    return parser.OFPFlowStatsRequest(datapath, 0, *anything, cookie, mask, parser.OFPMatch())


def _how_many(datapath: Any) -> Any:
    anything = (ofproto.OFPTT_ALL, ofproto.OFPP_ANY, ofproto.OFPG_ANY)
    return parser.OFPAggregateStatsRequest(datapath, 0, *anything, 0, 0, parser.OFPMatch())


def _count_said(stats: Any) -> int:
    return int(stats.flow_count)


type Part = tuple[Callable[[Any], Any], Callable[[Any], Any]]
"""How it is asked for, and the outcome of each item of an answer."""
ENTRIES, COUNT = "switches", "count"
_COUNT: Mapping[str, Part] = {COUNT: (_how_many, _count_said)}
TABLES: Mapping[str, Part] = {
    ENTRIES: (parser.OFPFlowStatsRequest, _as_read),
    "groups": (parser.OFPGroupDescStatsRequest, _as_read),
    "meters": (parser.OFPMeterConfigStatsRequest, _as_read),
    **_COUNT,
}
"""The number of entries comes last: a framework logs and drops a message of which it cannot read a
part, with what else was in it, and switches answer one request after the other."""
OURS: Mapping[str, Part] = {ENTRIES: (_entries_of_ours, _as_read), **_COUNT}
"""Entries of the product's own alone, which are always read, and the number of all."""
PORTS: Mapping[str, Part] = {"ports": (parser.OFPPortStatsRequest, plain_counts)}


class Answers:
    """Parts of what switches say, each in as many messages as it takes. Once a switch says how many
    entries it holds, what has not ended before was not to be read."""

    def __init__(self, parts: Mapping[str, Part], dpids: Collection[int]) -> None:
        self._parts = parts
        self._lacking = {dpid: set(parts) for dpid in dpids}
        self.said: dict[int, dict[str, list[Any]]] = {
            dpid: {part: [] for part in parts} for dpid in dpids
        }

    def take(self, dpid: int, part: str, message: Any) -> frozenset[str]:
        """Take a message of an answer; return the parts that are now complete."""
        plain = self._parts[part][1]
        items = [message.body] if part == COUNT else message.body
        self.said[dpid][part] += [plain(item) for item in items]
        if message.flags & ofproto.OFPMPF_REPLY_MORE:
            return frozenset()
        self._lacking[dpid].discard(part)
        return frozenset(self._parts) if part == COUNT else frozenset({part})

    @property
    def not_read(self) -> frozenset[int]:
        """Switches that hold another number of entries than were read of them."""
        return frozenset(
            dpid for dpid, said in self.said.items() if [len(said[ENTRIES])] != said[COUNT]
        )

    def tables(self) -> dict[int, dict[str, list[Any]]]:
        """What all have said, with something that stands for what could not be read."""
        return {dpid: self._marked(dpid, dict(said)) for dpid, said in self.said.items()}

    def _marked(self, dpid: int, said: dict[str, list[Any]]) -> dict[str, list[Any]]:
        (count,) = said.pop(COUNT)
        if len(said[ENTRIES]) != count:
            said[ENTRIES] = [*said[ENTRIES], unread(count - len(said[ENTRIES]))]
        for part in self._lacking[dpid] - {ENTRIES}:
            said[part] = [*said[part], unread_part()]
        return said


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
        found.append(encoding.meter_of(said))
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
            actions += encoding.actions_from_openflow(said.actions)
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
    return tuple(encoding.actions_from_openflow(said))


ANSWERS = {
    ofp_event.EventOFPAggregateStatsReply: COUNT,
    ofp_event.EventOFPFlowStatsReply: ENTRIES,
    ofp_event.EventOFPGroupDescStatsReply: "groups",
    ofp_event.EventOFPMeterConfigStatsReply: "meters",
}
"""To requests for ``TABLES``."""


class TableReading:
    """One reading at a time; answers to what others asked are passed over."""

    def __init__(self) -> None:
        self._answers = Answers(TABLES, ())
        self._awaited: dict[int, dict[str, int]] = {}
        """By switch, the numbers of requests for parts that have not ended."""
        self._then: Callable[[Said], None] | None = None

    def ask(self, datapaths: Mapping[int, Any], then: Callable[[Said], None]) -> None:
        """``then`` gets what all of them say, by datapath id."""
        self._answers = Answers(TABLES, datapaths)
        self._awaited, self._then = {}, then
        asked = [(one, _requests(one)) for one in datapaths.values()]
        for datapath, requests in asked:
            numbers = [request.xid for request in requests]
            self._awaited[datapath.id] = dict(zip(TABLES, numbers, strict=True))
        for datapath, requests in asked:
            send_together(datapath, encoded(datapath, requests))

    def hear(self, event: Any) -> None:
        """One message of an answer, of a kind that is in ``ANSWERS``."""
        message = event.msg
        dpid, part = message.datapath.id, ANSWERS[type(event)]
        awaited = self._awaited.get(dpid, {})
        if awaited.get(part) != message.xid:
            return
        for ended in self._answers.take(dpid, part, message):
            awaited.pop(ended, None)
        if not awaited:
            del self._awaited[dpid]
        if not self._awaited and self._then is not None:
            self._then(self._answers.tables())

    @property
    def silent(self) -> set[int]:
        """Datapath ids of those whose answers are not whole."""
        return set(self._awaited)


def _requests(datapath: Any) -> list[Any]:
    requests = [ask(datapath) for ask, _ in TABLES.values()]
    for request in requests:
        read_as_values(datapath, datapath.set_xid(request))
    return requests
