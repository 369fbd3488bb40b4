"""What hosts may send, and what else comes in by doors."""

from __future__ import annotations

from dataclasses import replace

from corridor.controller.forwarding.program import (
    Flow,
    Meter,
    Reason,
    Table,
    cookie,
    label_of,
    match,
    output,
    pop_label,
    push_label,
    set_field,
    to_controller,
)
from mutants.tool import (
    ETH_LLDP,
    ETH_MPLS,
    FLOOD,
    NORMAL,
    STRANGER,
    acting,
    changed,
    matching,
    mutant,
    of,
    unset,
    without,
    written,
)
from prover_worlds import HOST_PORT, NotHereError


def admits_host(_hub, flow):
    return flow.goto == Table.CLASSIFY


def of_served_hubs(mesh):
    """Hubs that send something."""
    hubs = {hub for hub, _ in mesh.entries(Reason.LABEL)}
    return lambda hub, flow: hub in hubs and admits_host(hub, flow)


@mutant("C2")
def source_mac_is_not_checked(mesh):
    hub, flow = mesh.pick(Reason.ADMIT, of_served_hubs(mesh))
    return mesh.replaced(hub, flow, replace(without(flow, "eth_src"), priority=105))


@mutant("C2")
def source_address_is_not_checked(mesh):
    hub, flow = mesh.pick(Reason.ADMIT, of_served_hubs(mesh))
    return mesh.replaced(hub, flow, without(flow, "ipv4_src"))


@mutant("C2")
def sender_of_arp_is_not_checked(mesh):
    hub, flow = mesh.pick(Reason.ARP_REPLY)
    return mesh.replaced(hub, flow, without(flow, "arp_sha", "arp_spa"))


@mutant("C1")
def any_arp_operation_is_answered(mesh):
    hub, flow = mesh.pick(Reason.ARP_REPLY)
    return mesh.replaced(hub, flow, without(flow, "arp_op"))


@mutant("C3")
def vlan_tags_are_let_in(mesh):
    hub, flow = mesh.pick(Reason.ADMIT, of_served_hubs(mesh))
    return mesh.replaced(hub, flow, without(flow, "vlan_vid"))


@mutant("C3")
def labels_of_hosts_are_let_in(mesh):
    hub, _flow = mesh.one_of(mesh.decisions(where=lambda _, f: of(f, "in_port") == HOST_PORT))
    match_ = match(in_port=HOST_PORT, eth_type=ETH_MPLS)
    wide = Flow(Table.ADMIT, 90, match_, (), Table.SWITCH, cookie(Reason.ADMIT))
    return mesh.replaced(hub, None, wide)


@mutant("C1")
def a_host_sends_to_hubs_not_declared(mesh):
    hub, flow = mesh.pick(Reason.CLASSIFY)
    label = next(
        one for at, one in mesh.entries(Reason.LABEL) if at == hub and one.match == flow.match
    )
    wide = {one: (without(one, "ipv4_dst", "eth_dst"),) for one in (flow, label)}
    return mesh.rewritten(hub, {one: (replace(w[0], priority=50),) for one, w in wide.items()})


@mutant("C1")
def ports_of_a_demand_are_not_asked(mesh):
    hub, flow = mesh.pick(Reason.CLASSIFY, lambda _, f: of(f, "ip_proto") is not None)
    label = next(
        one for at, one in mesh.entries(Reason.LABEL) if at == hub and one.match == flow.match
    )
    ports = ("udp_src", "udp_dst", "tcp_src", "tcp_dst")
    changes = {one: (replace(without(one, *ports), priority=50),) for one in (flow, label)}
    return mesh.rewritten(hub, changes)


@mutant("C1")
def bindings_hold_on_every_port(mesh):
    hub, flow = mesh.pick(Reason.ADMIT, of_served_hubs(mesh))
    label = mesh.one_of([one for at, one in mesh.entries(Reason.LABEL) if at == hub])
    classify = next(
        one for at, one in mesh.entries(Reason.CLASSIFY) if at == hub and one.match == label.match
    )
    given = label.actions[0].arguments[0]
    first = next(
        one
        for at, one in mesh.decisions()
        if at == hub and of(one, "mpls_label") == given and of(one, "in_port") == HOST_PORT
    )
    # From the port that it would go out by nothing would come of it.
    if len(mesh.fibre_ports(hub)) < 2:
        raise NotHereError
    spoilt = {one: (without(one, "in_port"),) for one in (classify, label, first)}
    return mesh.rewritten(hub, {flow: (without(flow, "in_port"),), **spoilt})


@mutant("C1")
def undeclared_target_of_arp_is_answered(mesh):
    hub, flow = mesh.pick(Reason.ARP_REPLY)
    answer = written(flow.actions, "arp_spa", "10.0.99.1")
    return mesh.replaced(hub, None, acting(matching(flow, arp_tpa="10.0.99.1"), *answer))


@mutant("C2")
def answer_of_arp_is_a_lie(mesh):
    hub, flow = mesh.pick(Reason.ARP_REPLY)
    return mesh.replaced(hub, flow, acting(flow, *written(flow.actions, "arp_sha", STRANGER)))


@mutant("C1")
def question_of_arp_is_flooded(mesh):
    hub, flow = mesh.pick(Reason.ARP_REPLY)
    return mesh.replaced(hub, flow, acting(flow, output(FLOOD)))


@mutant("C1")
def what_nobody_knows_is_switched_as_usual(mesh):
    hub, flow = mesh.pick(Reason.DROP_NOT_ADMITTED, lambda _, f: not f.match)
    return mesh.replaced(hub, flow, acting(flow, output(NORMAL)))


@mutant("C3")
def what_is_unclassified_goes_to_the_controller(mesh):
    hub, flow = mesh.pick(Reason.DROP_UNCLASSIFIED)
    return mesh.replaced(hub, flow, acting(flow, to_controller()))


@mutant("C3")
def lldp_of_hosts_goes_to_the_controller(mesh):
    hub, flow = mesh.pick(Reason.WIRING_CHECK)
    host = match(in_port=HOST_PORT, eth_type=ETH_LLDP)
    return mesh.replaced(hub, None, replace(flow, match=host))


@mutant("C3")
def any_frame_of_a_fibre_goes_to_the_controller(mesh):
    hub, flow = mesh.pick(Reason.WIRING_CHECK)
    return mesh.replaced(hub, flow, replace(without(flow, "eth_type"), priority=50))


@mutant("C1")
def a_blocked_demand_is_admitted(mesh):
    hub, flow = mesh.pick(Reason.DROP_BLOCKED)
    other = mesh.one_of(mesh.entries(Reason.LABEL, lambda at, _: at == hub))[1]
    let = replace(acting(flow, set_field("ip_dscp", 0)), goto=int(Table.LABEL))
    given = replace(flow, table=int(Table.LABEL), actions=other.actions, goto=other.goto)
    return mesh.replaced(hub, flow, let, given)


@mutant("C1")
def broadcasts_are_let_in(mesh):
    hub, flow = mesh.pick(Reason.LABEL, lambda _, f: of(f, "ip_proto") is None)
    classify = next(
        one for at, one in mesh.entries(Reason.CLASSIFY) if at == hub and one.match == flow.match
    )
    drop = next(one for at, one in mesh.entries(Reason.DROP_BROADCAST) if at == hub)
    wide = {one: (replace(without(one, "eth_dst"), priority=50),) for one in (flow, classify)}
    return mesh.rewritten(hub, {**wide, drop: ()})


@mutant("C2")
def the_dscp_of_a_host_is_kept(mesh):
    hub, flow = mesh.pick(Reason.CLASSIFY)
    return mesh.replaced(hub, flow, acting(flow, *unset(flow.actions, "ip_dscp")))


@mutant("C2")
def a_host_chooses_its_dscp(mesh):
    hub, flow = mesh.pick(Reason.CLASSIFY)
    return mesh.replaced(hub, flow, acting(flow, set_field("ip_dscp", 46)))


@mutant("C2")
def selectors_of_two_demands_are_swapped(mesh):
    """Between the same hubs: each gets the label, the meter and the path of the other."""
    one, other = _alike(mesh)
    return mesh.rewritten(
        one[0],
        {
            flow: (replace(flow, match=others.match),)
            for mine, theirs in ((one, other), (other, one))
            for flow, others in zip(mine[1:], theirs[1:], strict=True)
        },
    )


def _alike(mesh):
    """Hub, and entries of CLASSIFY and LABEL, of two demands that join the same hubs."""
    found = [
        (hub, classify, label)
        for hub, label in mesh.entries(Reason.LABEL)
        for at, classify in mesh.entries(Reason.CLASSIFY)
        if (at, classify.match) == (hub, label.match)
    ]
    pairs = [
        (one, other)
        for one in found
        for other in found
        if one[0] == other[0] and one[1].policy != other[1].policy and of(one[1], "ip_proto")
        if of(one[1], "eth_dst") == of(other[1], "eth_dst")
    ]
    return mesh.one_of(pairs)


@mutant("C2")
def a_demand_is_taken_for_another(mesh):
    """By its cookie: it is counted as another's."""
    hub, flow = mesh.pick(Reason.CLASSIFY)
    number = mesh.one_of([n for n, _ in mesh.served() if n != flow.policy])
    return mesh.replaced(hub, flow, replace(flow, cookie=cookie(Reason.CLASSIFY, policy=number)))


@mutant("C2")
def a_demand_is_taken_for_another_on_its_path(mesh):
    """By the cookie of an entry of the last table: a gateway would take it for that demand's."""
    hub, flow = mesh.one_of(mesh.decisions())
    number = mesh.chance.choice([0, *(n for n, _ in mesh.served() if n != flow.policy)])
    wrong = cookie(flow.reason, policy=number, serial=flow.serial)
    return mesh.replaced(hub, flow, replace(flow, cookie=wrong))


@mutant("C2")
def a_blocked_demand_is_taken_for_another(mesh):
    hub, flow = mesh.pick(Reason.DROP_BLOCKED)
    wrong = cookie(flow.reason, policy=flow.policy - 1, serial=flow.serial)
    return mesh.replaced(hub, flow, replace(flow, cookie=wrong))


@mutant("C2")
def an_entry_says_another_epoch_than_its_label(mesh):
    """So that a controller which takes over would not know what stands."""
    entries = [*mesh.entries(Reason.LABEL), *mesh.entries(Reason.CLASSIFY), *mesh.decisions()]
    hub, flow = mesh.one_of(entries)
    wrong = cookie(flow.reason, policy=flow.policy, serial=3 - flow.serial)
    return mesh.replaced(hub, flow, replace(flow, cookie=wrong))


@mutant("C2")
def an_address_is_not_told(mesh):
    """A host requests the address of an end of its demand, without a reply."""
    hub, flow = mesh.pick(Reason.ARP_REPLY)
    return mesh.replaced(hub, flow)


@mutant("C3")
def two_labels_are_pushed(mesh):
    hub, flow = mesh.pick(Reason.LABEL)
    return mesh.replaced(hub, flow, acting(flow, *flow.actions, *flow.actions))


@mutant("C3")
def packets_cross_without_a_label(mesh):
    hub, flow = mesh.pick(Reason.LABEL)
    bare = replace(acting(flow, output(mesh.other_port(hub))), goto=None)
    return mesh.replaced(hub, flow, bare)


@mutant("C3")
def a_fibre_gets_a_label_pushed(mesh):
    hub, flow = mesh.pick(Reason.LABEL)
    port = mesh.other_port(hub)
    ipv4 = match(in_port=port, eth_type=0x0800)
    door = Flow(Table.ADMIT, 100, ipv4, flow.actions, Table.SWITCH, cookie(Reason.ADMIT))
    label = flow.actions[0].arguments[0]
    labelled = match(in_port=port, eth_type=ETH_MPLS, mpls_label=label)
    out = (pop_label(), output(HOST_PORT))
    inner = Flow(Table.SWITCH, 110, labelled, out, None, cookie(Reason.EGRESS))
    return mesh.replaced(hub, None, door, inner)


@mutant("C3")
def a_host_is_assessed_at_its_port(mesh):
    """Its label states that it has passed the gateway."""
    hub, flow = mesh.pick(Reason.LABEL, lambda _, f: of(f, "ip_proto") is not None)
    assessed = label_of(0, 1, 99)
    give = (push_label(assessed), set_field("mpls_tc", 1))
    old = flow.actions[0].arguments[0]
    first = next(
        one
        for at, one in mesh.decisions()
        if at == hub and of(one, "mpls_label") == old and of(one, "in_port") == HOST_PORT
    )
    return mesh.rewritten(
        hub, {flow: (acting(flow, *give),), first: (matching(first, mpls_label=assessed),)}
    )


@mutant("C0")
def a_meter_is_missing(mesh):
    hub, flow = mesh.pick(Reason.LABEL, lambda _, f: f.meter is not None)
    return mesh.replaced(hub, flow, replace(flow, meter=None))


@mutant("C0")
def a_meter_has_another_rate(mesh):
    hub, _flow = mesh.pick(Reason.LABEL, lambda _, f: f.meter is not None)
    meters = [replace(one, rate_kbps=2 * one.rate_kbps) for one in mesh.switch(hub).meters]
    return mesh.replaced(hub, None, meters=meters)


@mutant("T0")
def a_meter_is_of_another_kind(mesh):
    hub, flow = mesh.pick(Reason.LABEL, lambda _, f: f.meter is not None)
    meters = [Meter(one.id, -1, -1) for one in mesh.switch(hub).meters]
    assert flow.meter in {one.id for one in meters}
    return mesh.replaced(hub, None, meters=meters)


@mutant("T0")
def a_meter_is_not_there(mesh):
    hub, flow = mesh.pick(Reason.LABEL)
    return mesh.replaced(hub, flow, replace(flow, meter=77))


@mutant("C16")
def one_kind_of_packet_is_dropped_first(mesh):
    """All of a demand's: it is never delivered."""
    hub, flow = mesh.pick(Reason.CLASSIFY)
    drop = replace(acting(flow), priority=200, goto=None)
    return mesh.replaced(hub, None, drop)


@mutant("C16")
def some_packets_of_a_demand_are_forgotten(mesh):
    """One of its selectors has no entry: the others' packets arrive."""
    entries = mesh.entries(Reason.CLASSIFY)
    several = [
        (hub, one)
        for hub, one in entries
        if sum(other.policy == one.policy for at, other in entries if at == hub) > 1
    ]
    hub, flow = mesh.one_of(several)
    return mesh.replaced(hub, flow)


@mutant("C3")
def label_is_not_popped(mesh):
    hub, flow = mesh.one_of(
        mesh.decisions(where=lambda _, f: any(a.kind == "pop_label" for a in f.actions))
    )
    return mesh.replaced(hub, flow, acting(flow, *changed(flow.actions, "pop_label")))
