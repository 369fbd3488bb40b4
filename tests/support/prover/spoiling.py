"""Tables corrupted at random by hypothesis: most corruptions do harm, some do none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import strategies as st

from corridor.controller.forwarding.program import (
    Action,
    Bucket,
    FastFailover,
    Flow,
    Reason,
    SwitchProgram,
    Table,
    Value,
    back_to_sender,
    cookie,
    decrement_label_ttl,
    group,
    label_of,
    match,
    output,
    pop_label,
    push_label,
    set_field,
)
from corridor.topologies.model.wiring import GATEWAY_IN_PORT, HOST_PORT
from prover_worlds import Mesh, Spoilt


def decides(flow: Flow) -> bool:
    return flow.table == Table.SWITCH and bool(flow.match)


APPLIES: dict[str, Callable[[Flow], bool]] = {
    "delete": lambda _: True,
    "widen": lambda flow: len(flow.match) > 1,
    "shadow": lambda flow: len(flow.match) > 1,
    "output": decides,
    "label": lambda flow: flow.reason is Reason.LABEL,
    "relabel": decides,
    "group": decides,
    "carry": decides,
}


LIKELY = [*APPLIES, "carry", "carry", "group", "output"]
"""What keeps packets on the move is likelier, since most of the rest drops them."""


@st.composite
def spoilt(draw: st.DrawFn, mesh: Mesh, most: int = 3) -> Spoilt:
    """The tables with some entries changed, some into groups.

    The last drops stay: they are C0's, and the software switches insist on them.
    """
    switches = {switch.hub: switch for switch in mesh.program.switches}
    for kind in draw(st.lists(st.sampled_from(LIKELY), max_size=most)):
        found = [
            (switch.hub, flow)
            for switch in switches.values()
            for flow in switch.flows
            if flow.priority and APPLIES[kind](flow)
        ]
        if not found:
            continue
        hub, flow = draw(st.sampled_from(found))
        if kind == "carry":
            carry(draw, mesh, switches, hub, flow)
            continue
        switch = switches[hub]
        number = max((one.id for one in switch.groups), default=0) + 1
        new, groups = draw(changed(kind, flow, mesh, hub, number))
        flows = (*(one for one in switch.flows if one != flow), *new)
        switches[hub] = replace(switch, flows=flows, groups=(*switch.groups, *groups))
    return mesh.with_switches(tuple(switches.values()))


def carry(
    draw: st.DrawFn, mesh: Mesh, switches: dict[str, SwitchProgram], hub: str, flow: Flow
) -> None:
    """Packets of an entry go on some walk, and are delivered at its end."""
    fields = dict(flow.match)
    label, came_by = fields.get("mpls_label"), fields.get("in_port")
    if not isinstance(label, int) or came_by is None:
        return
    old: Flow | None = flow
    for _ in range(draw(st.integers(1, 4))):
        port = draw(st.sampled_from(mesh.fibre_ports(hub)))
        out = back_to_sender() if port == came_by else output(port)
        _put(switches, hub, old, _under(label, came_by, decrement_label_ttl(), out))
        hub, came_by = far_end(mesh, hub, port)
        old = None
    _put(switches, hub, None, _under(label, came_by, pop_label(), output(HOST_PORT)))


def far_end(mesh: Mesh, hub: str, port: int) -> tuple[str, int]:
    fibre, far = mesh.ports[hub, port]
    return far, mesh.port(far, fibre)


def _under(label: int, in_port: Value, *actions: Action) -> Flow:
    matched = match(in_port=in_port, eth_type=0x8847, mpls_label=label)
    return Flow(Table.SWITCH, 150, matched, actions, None, cookie(Reason.SWITCH))


def _put(switches: dict[str, SwitchProgram], hub: str, old: Flow | None, new: Flow) -> None:
    """In the place of another, or of one that is matched alike."""
    kept = [one for one in switches[hub].flows if one != old and one.key != new.key]
    switches[hub] = replace(switches[hub], flows=(*kept, new))


@st.composite
def changed(draw: st.DrawFn, kind: str, flow: Flow, mesh: Mesh, hub: str, number: int):
    """What an entry is replaced by, and the groups that this takes."""
    if kind == "delete":
        return (), ()
    if kind in ("widen", "shadow"):
        name, _ = draw(st.sampled_from([one for one in flow.match if one[0] not in _KEPT]))
        match = tuple(one for one in flow.match if one[0] != name)
        wide = replace(flow, match=match, priority=draw(st.sampled_from([50, 200])))
        drop = replace(wide, actions=(), goto=None)
        return ((wide,) if kind == "widen" else (flow, drop)), ()
    labels = mesh.labels() or [label_of(0, 3, 16)]
    if kind == "label":
        label = draw(st.sampled_from([*labels, label_of(0, 3, 999)]))
        return (replace(flow, actions=(push_label(label), *_class_of(label))),), ()
    if kind == "relabel":
        label = draw(st.sampled_from([*labels, label_of(0, 1, 999)]))
        turn = (set_field("mpls_label", label), *_class_of(label))
        return (replace(flow, actions=(*turn, *flow.actions)),), ()
    ports = [*mesh.fibre_ports(hub)]
    if mesh.wiring.hub(hub).gateway is not None:
        ports.append(GATEWAY_IN_PORT)
    if kind == "output":
        out = output(draw(st.sampled_from([HOST_PORT, *ports])))
        kept = tuple(one for one in flow.actions if one.kind not in ("output", "group"))
        return (replace(flow, actions=(*kept, out)),), ()
    outs = draw(st.lists(st.sampled_from(ports), min_size=1, max_size=3, unique=True))
    label = draw(st.sampled_from(labels))
    turn = draw(st.sampled_from([(), (set_field("mpls_label", label), *_class_of(label))]))
    came_by = dict(flow.match).get("in_port")
    buckets = tuple(
        Bucket(
            port,
            None,
            (*(turn if rank else ()), back_to_sender() if port == came_by else output(port)),
        )
        for rank, port in enumerate(outs)
    )
    grouped = replace(flow, actions=(decrement_label_ttl(), group(number)))
    return (grouped,), (FastFailover(number, buckets),)


_KEPT = ("eth_type", "ip_proto")


def _class_of(label: int):
    return (set_field("mpls_tc", label >> 17 & 3),)
