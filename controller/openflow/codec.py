"""Between the values of ``forwarding/program.py`` and OpenFlow 1.3 messages, in both directions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from corridor.controller.forwarding.program import (
    LABEL_TTL,
    Action,
    Meter,
    decrement_label_ttl,
    group,
    output,
    pop_label,
    push_label,
    set_field,
    unknown,
)
from corridor.controller.openflow.framework import ofproto, parser

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
