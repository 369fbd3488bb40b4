"""Entries as the octets that switches are sent, and many messages in one write.

A program repeats itself: a thousand entries share a handful of instructions and a few hundred
matches. The framework encodes each of those once; the fixed part of an entry is packed here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from corridor.controller.forwarding.program import Action, Flow, Value
from corridor.controller.openflow import codec
from corridor.controller.openflow.framework import ofproto, parser

WRITE_OCTETS = 1 << 16
KEPT = 1 << 14
"""Matches and sets of instructions that are remembered."""
_HEADER = struct.Struct(ofproto.OFP_HEADER_PACK_STR)
_ENTRY = struct.Struct(ofproto.OFP_FLOW_MOD_PACK_STR0)


def entry(flow: Flow, xid: int) -> bytes:
    """The message that ``codec.add_flow`` makes, with its transaction id, as octets."""
    body = _ENTRY.pack(
        flow.cookie,
        0,
        flow.table,
        ofproto.OFPFC_ADD,
        0,
        0,
        flow.priority,
        ofproto.OFP_NO_BUFFER,
        0,
        0,
        ofproto.OFPFF_RESET_COUNTS,
    )
    tail = _match(flow.match) + _instructions(flow.meter, flow.actions, flow.goto)
    length = _HEADER.size + len(body) + len(tail)
    return _HEADER.pack(ofproto.OFP_VERSION, ofproto.OFPT_FLOW_MOD, length, xid) + body + tail


def send_together(datapath: Any, parts: Iterable[bytes]) -> None:
    """Encoded messages to one switch, in order, in as few writes as they need."""
    waiting: list[bytes] = []
    octets = 0
    for part in parts:
        waiting.append(part)
        octets += len(part)
        if octets >= WRITE_OCTETS:
            datapath.send(b"".join(waiting))
            waiting, octets = [], 0
    if waiting:
        datapath.send(b"".join(waiting))


def encoded(datapath: Any, many: Iterable[Any]) -> Iterator[bytes]:
    """Messages of the framework as octets, numbered if they are not yet."""
    for message in many:
        if message.xid is None:
            datapath.set_xid(message)
        message.serialize()
        yield bytes(message.buf)


@lru_cache(maxsize=KEPT)
def _match(match: tuple[tuple[str, Value], ...]) -> bytes:
    buffer = bytearray()
    parser.OFPMatch(**dict(match)).serialize(buffer, 0)
    return bytes(buffer)


@lru_cache(maxsize=KEPT)
def _instructions(meter: int | None, actions: tuple[Action, ...], goto: int | None) -> bytes:
    buffer = bytearray()
    for instruction in codec.instructions(meter, actions, goto):
        instruction.serialize(buffer, len(buffer))
    return bytes(buffer)
