"""Messages as the framework's own objects and parsers make them: what ``encoding.py`` and
``decoding.py`` must agree with, octet by octet and value by value."""

from __future__ import annotations

from typing import Any

from corridor.controller.forwarding.program import (
    COOKIE_MAGIC,
    Action,
    Bucket,
    ByCookie,
    FastFailover,
    Flow,
    Meter,
    Value,
    group_of_type,
    unknown,
)
from corridor.controller.openflow import encoding
from corridor.controller.openflow.framework import ofproto, parser
from corridor.controller.openflow.table_dump import plain_entry


def add_flow(datapath: Any, flow: Flow) -> Any:
    """The message that installs one entry; it never times out."""
    return parser.OFPFlowMod(
        datapath,
        cookie=flow.cookie,
        table_id=flow.table,
        priority=flow.priority,
        match=parser.OFPMatch(**dict(flow.match)),
        instructions=encoding.instructions(flow.meter, flow.actions, flow.goto),
        # Packets that the replaced entry passed do not count as its drops.
        flags=ofproto.OFPFF_RESET_COUNTS,
    )


def remove_flow(datapath: Any, flow: Flow) -> Any:
    """The message that removes one entry, and no other that has its match by now.

    Foreign entries may match what has no value here. They go by their cookie and table, with others
    like them.
    """
    mine = flow.cookie >> 48 == COOKIE_MAGIC
    matched = dict(flow.match) if mine else {}
    return parser.OFPFlowMod(
        datapath,
        cookie=flow.cookie,
        cookie_mask=(1 << 64) - 1,
        table_id=flow.table,
        priority=flow.priority,
        command=ofproto.OFPFC_DELETE_STRICT if mine else ofproto.OFPFC_DELETE,
        out_port=ofproto.OFPP_ANY,
        out_group=ofproto.OFPG_ANY,
        match=parser.OFPMatch(**matched),
    )


def message_of(datapath: Any, order: Any) -> Any:
    """What tells a switch to carry out an order."""
    what = order.what
    if isinstance(what, ByCookie):
        return _remove_entries(datapath, what.cookie, what.mask)
    if isinstance(what, Flow):
        return add_flow(datapath, what) if order.do == "add" else remove_flow(datapath, what)
    if order.do == "remove":
        if isinstance(what, Meter):
            return parser.OFPMeterMod(datapath, ofproto.OFPMC_DELETE, 0, what.id, [])
        return parser.OFPGroupMod(datapath, ofproto.OFPGC_DELETE, group_id=what.id)
    made = add_meter(datapath, what) if isinstance(what, Meter) else add_group(datapath, what)
    if order.do == "change":
        is_meter = isinstance(what, Meter)
        made.command = ofproto.OFPMC_MODIFY if is_meter else ofproto.OFPGC_MODIFY
    return made


def delete_all_flows(datapath: Any) -> Any:
    return _remove_entries(datapath, 0, 0)


def _remove_entries(datapath: Any, cookie: int, mask: int) -> Any:
    """All whose cookies are alike where the mask looks."""
    return parser.OFPFlowMod(
        datapath,
        cookie=cookie,
        cookie_mask=mask,
        table_id=ofproto.OFPTT_ALL,
        command=ofproto.OFPFC_DELETE,
        out_port=ofproto.OFPP_ANY,
        out_group=ofproto.OFPG_ANY,
        match=parser.OFPMatch(),
    )


def add_group(datapath: Any, made: FastFailover) -> Any:
    """The message that makes one group; those its buckets name must be there already."""
    buckets = [
        parser.OFPBucket(
            watch_port=_or(bucket.watch_port, ofproto.OFPP_ANY),
            watch_group=_or(bucket.watch_group, ofproto.OFPG_ANY),
            actions=encoding.actions_to_openflow(bucket.actions),
        )
        for bucket in made.buckets
    ]
    add, fast_failover = ofproto.OFPGC_ADD, ofproto.OFPGT_FF
    return parser.OFPGroupMod(datapath, add, fast_failover, made.id, buckets)


def delete_all_groups(datapath: Any) -> Any:
    return parser.OFPGroupMod(datapath, ofproto.OFPGC_DELETE, group_id=ofproto.OFPG_ALL)


def add_meter(datapath: Any, made: Meter) -> Any:
    """The message that makes one meter; entries name it, so it comes before them."""
    flags = ofproto.OFPMF_KBPS | ofproto.OFPMF_BURST
    band = parser.OFPMeterBandDrop(rate=made.rate_kbps, burst_size=made.burst_kbit)
    return parser.OFPMeterMod(datapath, ofproto.OFPMC_ADD, flags, made.id, [band])


def delete_all_meters(datapath: Any) -> Any:
    return parser.OFPMeterMod(datapath, ofproto.OFPMC_DELETE, 0, ofproto.OFPM_ALL, [])


def flow_of(stats: Any) -> Flow:
    """The entry a switch says it holds; a part without a value here becomes ``unknown``."""
    actions: list[Action] = []
    goto = meter = None
    for instruction in stats.instructions:
        if isinstance(instruction, parser.OFPInstructionMeter):
            meter = int(instruction.meter_id)
        elif isinstance(instruction, parser.OFPInstructionGotoTable):
            goto = int(instruction.table_id)
        elif instruction.type == ofproto.OFPIT_APPLY_ACTIONS:
            actions += encoding.actions_from_openflow(instruction.actions)
        else:
            actions.append(unknown(str(instruction)))
    fields: dict[str, Value] = dict(stats.match.items())
    return Flow(
        table=stats.table_id,
        priority=stats.priority,
        match=tuple(sorted(fields.items())),
        actions=tuple(actions),
        goto=goto,
        cookie=stats.cookie,
        meter=meter,
    )


def group_of(description: Any) -> FastFailover:
    """The group a switch says it holds; a kind other than fast failover becomes ``unknown``."""
    buckets = tuple(
        Bucket(
            watch_port=_unless(bucket.watch_port, ofproto.OFPP_ANY),
            watch_group=_unless(bucket.watch_group, ofproto.OFPG_ANY),
            actions=tuple(encoding.actions_from_openflow(bucket.actions)),
        )
        for bucket in description.buckets
    )
    if description.type != ofproto.OFPGT_FF:
        kind = group_of_type(description.type)
        buckets = (Bucket(None, None, (kind,)), *buckets)
    return FastFailover(description.group_id, buckets)


def _or(number: int | None, any_of_them: int) -> int:
    return any_of_them if number is None else number


def _unless(number: int, any_of_them: int) -> int | None:
    return None if number == any_of_them else number


def as_dumped(stats: Any) -> Any:
    """An entry as a dump has it."""
    counts = (stats.packet_count, stats.byte_count, stats.idle_timeout, stats.hard_timeout)
    return plain_entry(flow_of(stats), *counts)


def as_octets(message: Any, xid: int) -> bytes:
    message.set_xid(xid)
    message.serialize()
    return bytes(message.buf)
