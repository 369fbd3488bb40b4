"""Between the values of ``forwarding/program.py`` and OpenFlow 1.3 messages, both ways."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from corridor.controller.forwarding.program import (
    COOKIE_MAGIC,
    LABEL_TTL,
    Action,
    Bucket,
    FastFailover,
    Flow,
    Meter,
    NotOurs,
    Value,
    decrement_label_ttl,
    group,
    group_of_type,
    output,
    pop_label,
    push_label,
    set_field,
    unknown,
)
from corridor.controller.openflow.framework import ofproto, parser

if TYPE_CHECKING:  # a run's app orders nothing, and must not pay for the compiler
    from corridor.controller.deployment.modifications import Modification

ETH_IPV4, ETH_MPLS = 0x0800, 0x8847
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
    "pop_label": lambda: [parser.OFPActionPopMpls(ETH_IPV4)],
    "decrement_label_ttl": lambda: [parser.OFPActionDecMplsTtl()],
    "set_field": lambda name, value: [parser.OFPActionSetField(**{name: value})],
    "group": lambda number: [parser.OFPActionGroup(number)],
}


def add_flow(datapath: Any, flow: Flow) -> Any:
    """The message that installs one entry; it never times out."""
    return parser.OFPFlowMod(
        datapath,
        cookie=flow.cookie,
        table_id=flow.table,
        priority=flow.priority,
        match=parser.OFPMatch(**dict(flow.match)),
        instructions=instructions(flow.meter, flow.actions, flow.goto),
        # What the entry it replaces has let pass is no drop of its own.
        flags=ofproto.OFPFF_RESET_COUNTS,
    )


def instructions(meter: int | None, actions: tuple[Action, ...], goto: int | None) -> list[Any]:
    """What an entry does, in the order in which a switch does it."""
    made = []
    if meter is not None:
        made.append(parser.OFPInstructionMeter(meter))
    if actions:
        apply = ofproto.OFPIT_APPLY_ACTIONS
        made.append(parser.OFPInstructionActions(apply, _all_to_openflow(actions)))
    if goto is not None:
        made.append(parser.OFPInstructionGotoTable(goto))
    return made


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


def message_of(datapath: Any, order: Modification) -> Any:
    """What tells a switch to carry out an order."""
    what = order.what
    if isinstance(what, NotOurs):
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
            actions=_all_to_openflow(bucket.actions),
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
            actions += _from_openflow(instruction.actions)
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
            actions=tuple(_from_openflow(bucket.actions)),
        )
        for bucket in description.buckets
    )
    if description.type != ofproto.OFPGT_FF:
        kind = group_of_type(description.type)
        buckets = (Bucket(None, None, (kind,)), *buckets)
    return FastFailover(description.group_id, buckets)


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


def _or(number: int | None, any_of_them: int) -> int:
    return any_of_them if number is None else number


def _unless(number: int, any_of_them: int) -> int | None:
    return None if number == any_of_them else number


def _all_to_openflow(actions: Iterable[Action]) -> list[Any]:
    return [
        message for action in actions for message in _TO_OPENFLOW[action.kind](*action.arguments)
    ]


def _from_openflow(messages: Iterable[Any]) -> Iterable[Action]:
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
            yield group(message.group_id)
        elif isinstance(message, parser.OFPActionPopMpls) and message.ethertype == ETH_IPV4:
            yield pop_label()
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
