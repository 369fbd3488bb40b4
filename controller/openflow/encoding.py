"""Values of ``forwarding/program.py`` as OpenFlow 1.3 messages and back, and messages as octets.

The framework's serializer takes 50 microseconds for each message. All entries of a program share
a handful of actions and a few thousand values of match fields. So the framework encodes each
distinct field and action once, and this module packs the fixed part of each message.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from corridor.controller.forwarding.program import (
    COOKIE_MAGIC,
    ETH_IPV4,
    ETH_IPV6,
    LABEL_TTL,
    Action,
    Bucket,
    ByCookie,
    FastFailover,
    Flow,
    Meter,
    Value,
    decrement_label_ttl,
    output,
    pop_label,
    popped_type,
    push_label,
    set_field,
    unknown,
)
from corridor.controller.forwarding.program import group as to_group
from corridor.controller.openflow.framework import ofproto, parser
from corridor.controller.openflow.message_check import ONF

if TYPE_CHECKING:
    from corridor.controller.openflow.modifications import Modification


ETH_MPLS = 0x8847
POPPED = (ETH_IPV4, ETH_IPV6)
MISS_NO_LIMIT = ofproto.OFPCML_NO_BUFFER

_TO_OPENFLOW: dict[str, Callable[..., list[Any]]] = {
    "output": lambda port: [parser.OFPActionOutput(port)],
    "controller": lambda: [parser.OFPActionOutput(ofproto.OFPP_CONTROLLER, MISS_NO_LIMIT)],
    "in_port": lambda: [parser.OFPActionOutput(ofproto.OFPP_IN_PORT)],
    "push_label": lambda label: [
        parser.OFPActionPushMpls(ETH_MPLS),
        parser.OFPActionSetField(mpls_label=label),
        parser.OFPActionSetMplsTtl(LABEL_TTL),
    ],
    "pop_label": lambda *below: [parser.OFPActionPopMpls(popped_type(below))],
    "decrement_label_ttl": lambda: [parser.OFPActionDecMplsTtl()],
    "set_field": lambda name, value: [parser.OFPActionSetField(**{name: value})],
    "group": lambda number: [parser.OFPActionGroup(number)],
}


def instructions(meter: int | None, actions: tuple[Action, ...], goto: int | None) -> list[Any]:
    """What an entry does, in the order in which a switch does it."""
    made = []
    if meter is not None:
        made.append(parser.OFPInstructionMeter(meter))
    if actions:
        apply = ofproto.OFPIT_APPLY_ACTIONS
        made.append(parser.OFPInstructionActions(apply, actions_to_openflow(actions)))
    if goto is not None:
        made.append(parser.OFPInstructionGotoTable(goto))
    return made


def meter_of(said: Any) -> Meter:
    """The meter a switch says it holds; one of another kind has a rate of -1."""
    flags = ofproto.OFPMF_KBPS | ofproto.OFPMF_BURST
    bands = [band for band in said.bands if band.type == ofproto.OFPMBT_DROP]
    if (
        said.flags & ~ofproto.OFPMF_STATS != flags
        or len(bands) != len(said.bands)
        or len(bands) != 1
    ):
        return Meter(said.meter_id, -1, -1)
    return Meter(said.meter_id, bands[0].rate, bands[0].burst_size)


def actions_to_openflow(actions: Iterable[Action]) -> list[Any]:
    """Actions of the framework, which together do what these do."""
    return [
        message for action in actions for message in _TO_OPENFLOW[action.kind](*action.arguments)
    ]


def actions_from_openflow(messages: Iterable[Any]) -> Iterable[Action]:
    """A push, its label and its TTL are one action; any of them without the others is unknown."""
    rest = list(messages)
    while rest:
        label = _pushed(rest[:3])
        if label is not None:
            yield push_label(label)
            del rest[:3]
            continue
        message = rest.pop(0)
        if isinstance(message, parser.OFPActionSetField):
            yield set_field(message.key, message.value)
        elif isinstance(message, parser.OFPActionGroup):
            yield to_group(message.group_id)
        elif isinstance(message, parser.OFPActionPopMpls) and message.ethertype in POPPED:
            yield pop_label(message.ethertype)
        elif isinstance(message, parser.OFPActionDecMplsTtl):
            yield decrement_label_ttl()
        elif isinstance(message, parser.OFPActionOutput):
            yield _output_action(message.port)
        else:
            yield unknown(str(message))


def _pushed(messages: list[Any]) -> int | None:
    """The label that three messages push together, if they do."""
    kinds = (parser.OFPActionPushMpls, parser.OFPActionSetField, parser.OFPActionSetMplsTtl)
    if len(messages) < len(kinds) or not all(map(isinstance, messages, kinds)):
        return None
    push, label, ttl = messages
    as_ours = (push.ethertype, label.key, ttl.mpls_ttl) == (ETH_MPLS, "mpls_label", LABEL_TTL)
    return int(label.value) if as_ours else None


def _output_action(port: int) -> Action:
    special = {
        ofproto.OFPP_CONTROLLER: Action("controller"),
        ofproto.OFPP_IN_PORT: Action("in_port"),
    }
    return special.get(port) or output(port)


WRITE_OCTETS = 1 << 16
KEPT = 1 << 14
"""Matches, fields and sets of instructions that are remembered."""
_HEADER = struct.Struct(ofproto.OFP_HEADER_PACK_STR)
_ENTRY = struct.Struct(ofproto.OFP_FLOW_MOD_PACK_STR0)
_GROUP = struct.Struct(ofproto.OFP_GROUP_MOD_PACK_STR)
_BUCKET = struct.Struct(ofproto.OFP_BUCKET_PACK_STR)
_METER = struct.Struct(ofproto.OFP_METER_MOD_PACK_STR)
_BAND = struct.Struct(ofproto.OFP_METER_BAND_DROP_PACK_STR)
_IN_BUNDLE = struct.Struct(
    ofproto.OFP_EXPERIMENTER_HEADER_PACK_STR + ofproto.ONF_BUNDLE_ADD_MSG_PACK_STR.lstrip("!")
)
_EXACT = (1 << 64) - 1
_GROUP_COMMAND = {"add": ofproto.OFPGC_ADD, "change": ofproto.OFPGC_MODIFY}
_METER_COMMAND = {"add": ofproto.OFPMC_ADD, "change": ofproto.OFPMC_MODIFY}


def order(told: Modification, xid: int) -> bytes:
    """The message that has a switch carry out one modification."""
    what = told.what
    if isinstance(what, Flow):
        return entry(what, xid) if told.do == "add" else _entry_off(what, xid)
    if isinstance(what, ByCookie):
        return _entries_off(what.cookie, what.mask, xid)
    if isinstance(what, FastFailover):
        return _group_off(what.id, xid) if told.do == "remove" else group(what, xid, told.do)
    return _meter_off(what.id, xid) if told.do == "remove" else meter(what, xid, told.do)


def entry(flow: Flow, xid: int) -> bytes:
    """The message that installs one entry, which never expires."""
    # Packets that the replaced entry let pass must not count as drops of the new one.
    head = (flow.cookie, 0, flow.table, ofproto.OFPFC_ADD, 0, 0, flow.priority)
    fixed = _ENTRY.pack(*head, ofproto.OFP_NO_BUFFER, 0, 0, ofproto.OFPFF_RESET_COUNTS)
    tail = _match(flow.match) + _instructions(flow.meter, flow.actions, flow.goto)
    return _message(ofproto.OFPT_FLOW_MOD, xid, fixed + tail)


def group(made: FastFailover, xid: int, do: str = "add") -> bytes:
    """The message that makes or changes one group. Groups that its buckets name must exist."""
    fixed = _GROUP.pack(_GROUP_COMMAND[do], ofproto.OFPGT_FF, made.id)
    return _message(ofproto.OFPT_GROUP_MOD, xid, fixed + b"".join(map(_bucket, made.buckets)))


def meter(made: Meter, xid: int, do: str = "add") -> bytes:
    """The message that makes or changes one meter. Send it before the entries that name it."""
    flags = ofproto.OFPMF_KBPS | ofproto.OFPMF_BURST
    band = _BAND.pack(ofproto.OFPMBT_DROP, _BAND.size, made.rate_kbps, made.burst_kbit)
    fixed = _METER.pack(_METER_COMMAND[do], flags, made.id)
    return _message(ofproto.OFPT_METER_MOD, xid, fixed + band)


def everything_off(xid: int) -> tuple[bytes, bytes, bytes]:
    """Messages that remove all entries, then all groups, then all meters."""
    groups, meters = ofproto.OFPG_ALL, ofproto.OFPM_ALL
    return _entries_off(0, 0, xid), _group_off(groups, xid), _meter_off(meters, xid)


def barrier(xid: int) -> bytes:
    return _message(ofproto.OFPT_BARRIER_REQUEST, xid, b"")


def in_bundle(number: int, flags: int, message: bytes) -> bytes:
    """The message that adds another to an open bundle, under the same transaction id."""
    _, _, _, xid = _HEADER.unpack_from(message)
    experiment = (ONF, ofproto.ONF_ET_BUNDLE_ADD_MESSAGE)
    fixed = _IN_BUNDLE.pack(*experiment, number, flags)
    return _message(ofproto.OFPT_EXPERIMENTER, xid, fixed + message)


def send_together(datapath: Any, parts: Iterable[bytes]) -> bool:
    """Send encoded messages to one switch, in order, in as few writes as they need. False if the
    connection no longer accepts messages."""
    taken = True
    waiting: list[bytes] = []
    octets = 0
    for part in parts:
        waiting.append(part)
        octets += len(part)
        if octets >= WRITE_OCTETS:
            taken = datapath.send(b"".join(waiting)) and taken
            waiting, octets = [], 0
    if waiting:
        taken = datapath.send(b"".join(waiting)) and taken
    return taken


def encoded(datapath: Any, many: Iterable[Any]) -> Iterator[bytes]:
    """Messages of the framework as octets, numbered if they are not yet."""
    for message in many:
        if message.xid is None:
            datapath.set_xid(message)
        message.serialize()
        yield bytes(message.buf)


def _entry_off(flow: Flow, xid: int) -> bytes:
    """Removes one entry, and no other that has its match by now.

    Foreign entries may match what has no value here. They go by their cookie and table, with others
    like them.
    """
    mine = flow.cookie >> 48 == COOKIE_MAGIC
    command = ofproto.OFPFC_DELETE_STRICT if mine else ofproto.OFPFC_DELETE
    match = flow.match if mine else ()
    return _removal(flow.cookie, _EXACT, flow.table, command, flow.priority, match, xid)


def _entries_off(cookie: int, mask: int, xid: int) -> bytes:
    """Removes all entries whose cookies are alike where the mask looks."""
    priority = ofproto.OFP_DEFAULT_PRIORITY
    return _removal(cookie, mask, ofproto.OFPTT_ALL, ofproto.OFPFC_DELETE, priority, (), xid)


def _removal(
    cookie: int,
    mask: int,
    table: int,
    command: int,
    priority: int,
    match: tuple[tuple[str, Value], ...],
    xid: int,
) -> bytes:
    head = (cookie, mask, table, command, 0, 0, priority, ofproto.OFP_NO_BUFFER)
    fixed = _ENTRY.pack(*head, ofproto.OFPP_ANY, ofproto.OFPG_ANY, 0)
    return _message(ofproto.OFPT_FLOW_MOD, xid, fixed + _match(match))


def _group_off(number: int, xid: int) -> bytes:
    fixed = _GROUP.pack(ofproto.OFPGC_DELETE, ofproto.OFPGT_ALL, number)
    return _message(ofproto.OFPT_GROUP_MOD, xid, fixed)


def _meter_off(number: int, xid: int) -> bytes:
    fixed = _METER.pack(ofproto.OFPMC_DELETE, 0, number)
    return _message(ofproto.OFPT_METER_MOD, xid, fixed)


def _message(kind: int, xid: int, body: bytes) -> bytes:
    return _HEADER.pack(ofproto.OFP_VERSION, kind, _HEADER.size + len(body), xid) + body


@lru_cache(maxsize=KEPT)
def _match(match: tuple[tuple[str, Value], ...]) -> bytes:
    """A match with its padding; a switch requires fields in the order of their numbers."""
    fields = sorted(_field(name, value) for name, value in match)
    octets = b"".join(octets for _, octets in fields)
    length = ofproto.OFP_MATCH_SIZE - 4 + len(octets)
    return struct.pack("!HH", ofproto.OFPMT_OXM, length) + octets + bytes(-length % 8)


@lru_cache(maxsize=KEPT)
def _field(name: str, value: Value) -> tuple[int, bytes]:
    """The number of one field, by which the framework sorts, and its octets."""
    number, octets, mask = ofproto.oxm_from_user(name, value)
    buffer = bytearray()
    ofproto.oxm_serialize(number, octets, mask, buffer, 0)
    return number[0] if isinstance(number, tuple) else number, bytes(buffer)


@lru_cache(maxsize=KEPT)
def _instructions(meter: int | None, actions: tuple[Action, ...], goto: int | None) -> bytes:
    buffer = bytearray()
    for instruction in instructions(meter, actions, goto):
        instruction.serialize(buffer, len(buffer))
    return bytes(buffer)


def _bucket(bucket: Bucket) -> bytes:
    actions = b"".join(map(_action, bucket.actions))
    port = ofproto.OFPP_ANY if bucket.watch_port is None else bucket.watch_port
    over = ofproto.OFPG_ANY if bucket.watch_group is None else bucket.watch_group
    return _BUCKET.pack(_BUCKET.size + len(actions), 0, port, over) + actions


@lru_cache(maxsize=KEPT)
def _action(action: Action) -> bytes:
    buffer = bytearray()
    for message in actions_to_openflow((action,)):
        message.serialize(buffer, len(buffer))
    return bytes(buffer)
