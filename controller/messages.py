"""Between the values of ``controller.program`` and OpenFlow 1.3 messages, both ways."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from controller.framework import ofproto, parser
from controller.program import (
    Action,
    Flow,
    Value,
    decrement_label_ttl,
    output,
    pop_label,
    push_label,
    set_field,
)

ETH_IPV4, ETH_MPLS = 0x0800, 0x8847
MISS_NO_LIMIT = ofproto.OFPCML_NO_BUFFER

_TO_OPENFLOW: dict[str, Callable[..., list[Any]]] = {
    "output": lambda port: [parser.OFPActionOutput(port)],
    "controller": lambda: [parser.OFPActionOutput(ofproto.OFPP_CONTROLLER, MISS_NO_LIMIT)],
    "in_port": lambda: [parser.OFPActionOutput(ofproto.OFPP_IN_PORT)],
    "push_label": lambda label: [
        parser.OFPActionPushMpls(ETH_MPLS),
        parser.OFPActionSetField(mpls_label=label),
    ],
    "pop_label": lambda: [parser.OFPActionPopMpls(ETH_IPV4)],
    "decrement_label_ttl": lambda: [parser.OFPActionDecMplsTtl()],
    "set_field": lambda name, value: [parser.OFPActionSetField(**{name: value})],
}


def add_flow(datapath: Any, flow: Flow) -> Any:
    """The message that installs one entry; it never times out."""
    instructions = []
    if flow.actions:
        actions = [message for action in flow.actions for message in _to_openflow(action)]
        apply = ofproto.OFPIT_APPLY_ACTIONS
        instructions.append(parser.OFPInstructionActions(apply, actions))
    if flow.goto is not None:
        instructions.append(parser.OFPInstructionGotoTable(flow.goto))
    return parser.OFPFlowMod(
        datapath,
        cookie=flow.cookie,
        table_id=flow.table,
        priority=flow.priority,
        match=parser.OFPMatch(**dict(flow.match)),
        instructions=instructions,
    )


def delete_all_flows(datapath: Any) -> Any:
    return parser.OFPFlowMod(
        datapath,
        table_id=ofproto.OFPTT_ALL,
        command=ofproto.OFPFC_DELETE,
        out_port=ofproto.OFPP_ANY,
        out_group=ofproto.OFPG_ANY,
        match=parser.OFPMatch(),
    )


def flow_of(stats: Any) -> Flow:
    """The entry a switch says it holds; an unknown part raises ValueError rather than vanish."""
    actions: list[Action] = []
    goto = None
    for instruction in stats.instructions:
        if isinstance(instruction, parser.OFPInstructionGotoTable):
            goto = int(instruction.table_id)
        elif instruction.type == ofproto.OFPIT_APPLY_ACTIONS:
            actions += _from_openflow(instruction.actions)
        else:
            raise ValueError(f"unexpected instruction {instruction}")
    fields: dict[str, Value] = dict(stats.match.items())
    return Flow(
        table=stats.table_id,
        priority=stats.priority,
        match=tuple(sorted(fields.items())),
        actions=tuple(actions),
        goto=goto,
        cookie=stats.cookie,
    )


def _to_openflow(action: Action) -> list[Any]:
    return _TO_OPENFLOW[action.kind](*action.arguments)


def _from_openflow(messages: Iterable[Any]) -> Iterable[Action]:
    pushed = False
    for message in messages:
        if isinstance(message, parser.OFPActionPushMpls):
            pushed = True
        elif isinstance(message, parser.OFPActionSetField) and pushed:
            pushed = False
            yield push_label(message.value)
        elif isinstance(message, parser.OFPActionSetField):
            yield set_field(message.key, message.value)
        elif isinstance(message, parser.OFPActionPopMpls):
            yield pop_label()
        elif isinstance(message, parser.OFPActionDecMplsTtl):
            yield decrement_label_ttl()
        elif isinstance(message, parser.OFPActionOutput):
            yield _output_action(message.port)
        else:
            raise ValueError(f"unexpected action {message}")


def _output_action(port: int) -> Action:
    special = {
        ofproto.OFPP_CONTROLLER: Action("controller"),
        ofproto.OFPP_IN_PORT: Action("in_port"),
    }
    return special.get(port) or output(port)
