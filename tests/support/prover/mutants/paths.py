"""Paths: through forbidden elements, past required ones, with loops, too long, to a wrong end."""

from __future__ import annotations

from dataclasses import replace

from corridor.controller.forwarding.program import (
    Bucket,
    FastFailover,
    Flow,
    Reason,
    Table,
    back_to_sender,
    cookie,
    decrement_label_ttl,
    group,
    match,
    output,
    pop_label,
    set_field,
)
from mutants.tool import (
    ETH_MPLS,
    acting,
    changed,
    mutant,
    of,
    outlet,
    rebuilt,
    sending,
)
from prover_worlds import HOST_PORT, NotHereError

DIRECT = "a1-c1"
"""Of the atlas: out of CN where no gateway is, and run by an operator that some data avoids."""


def _by(mesh, demand, hub, fibre, *, bucket=None):
    """A demand's packets at a hub take a fibre: always, or in one bucket of a group only."""
    port = mesh.port(hub, fibre)
    if bucket is None:
        at, flow = mesh.one_of(
            mesh.decisions(demand, lambda h, f: h == hub and of(f, "in_port") != port)
        )
        return mesh.replaced(at, flow, acting(flow, decrement_label_ttl(), output(port)))
    groups = [
        (at, flow, made)
        for at, flow, made in mesh.grouped()
        if at == hub and mesh.intent(flow).id == demand and of(flow, "in_port") != port
    ]
    at, flow, made = mesh.one_of(groups)
    wrong = rebuilt(made, bucket, lambda one: sending(one, port))
    return mesh.replaced(at, None, groups=[wrong])


@mutant("C4")
def confined_data_leaves_its_country(mesh):
    return _by(mesh, "backup", "a1", DIRECT)


@mutant("C4")
def a_detour_of_confined_data_leaves_its_country(mesh):
    return _by(mesh, "backup", "a1", DIRECT, bucket=-1)


@mutant("C5")
def data_takes_a_fibre_of_an_operator_it_avoids(mesh):
    return _by(mesh, "pages", "a1", DIRECT)


@mutant("C5")
def a_detour_takes_a_fibre_of_an_operator_it_avoids(mesh):
    return _by(mesh, "pages", "a1", DIRECT, bucket=-1)


@mutant("C5")
def data_crosses_a_country_it_avoids(mesh):
    """Under every other detail as intended: to India and on."""
    return _by(mesh, "pages", "b1", "b1-x1")


@mutant("C5")
def buckets_swapped_into_a_country_it_avoids(mesh):
    hub, fibre = mesh.one_of([("b1", "b1-x1"), ("a3", "a3-x1")])
    return _by(mesh, "pages", hub, fibre, bucket=0)


@mutant("C7")
def what_owes_a_gateway_crosses_the_border_without(mesh):
    hub, flow = mesh.one_of(
        mesh.decisions("checkpoints", lambda at, f: at == "a1" and of(f, "in_port") == HOST_PORT)
    )
    port = mesh.port(hub, DIRECT)
    return mesh.replaced(hub, flow, acting(flow, decrement_label_ttl(), output(port)))


@mutant("C7")
def the_gateway_is_gone_past(mesh):
    """From the hub of the gateway straight on, under the label that it came with."""
    hub, flow = mesh.one_of(
        [(hub, flow) for hub, flow in mesh.decisions("more") if of(flow, "in_port") == HOST_PORT]
    )
    port = mesh.port(hub, "a2-b1")
    return mesh.replaced(hub, flow, acting(flow, decrement_label_ttl(), output(port)))


@mutant("C7")
def a_dead_gateway_is_gone_past(mesh):
    groups = [
        (hub, flow, made)
        for hub, flow, made in mesh.grouped()
        if flow.reason is Reason.TO_GATEWAY and hub == "a2"
    ]
    hub, _flow, made = mesh.one_of(groups)
    port = mesh.port(hub, "a2-b1")
    actions = (decrement_label_ttl(), output(port))
    spare = Bucket(port, None, actions)
    return mesh.replaced(hub, None, groups=[replace(made, buckets=(made.buckets[0], spare))])


@mutant("C7")
def data_is_delivered_without_its_gateway(mesh):
    """Its whole path is domestic, although it requires a gateway."""
    number = next(n for n, intent in mesh.served() if intent.id == "checkpoints")
    hub, flow = mesh.one_of(
        [(h, f) for h, f in mesh.decisions("checkpoints") if h == "a1"
         and of(f, "in_port") == HOST_PORT]
    )  # fmt: skip
    label = of(flow, "mpls_label")
    port = mesh.port("c1", DIRECT)
    matched = match(in_port=port, eth_type=ETH_MPLS, mpls_label=label)
    end = Flow(Table.SWITCH, 100, matched, (pop_label(), output(HOST_PORT)), None,
               cookie(Reason.EGRESS, policy=number))  # fmt: skip
    there = acting(flow, decrement_label_ttl(), output(mesh.port("a1", DIRECT)))
    return several(mesh, {hub: {flow: (there,)}, "c1": {None: (end,)}})


@mutant("C6")
def data_ends_at_a_hub_on_the_path(mesh):
    hub, flow = mesh.one_of(
        mesh.decisions(
            where=lambda at, f: (
                f.reason is Reason.SWITCH
                and of(f, "in_port") != HOST_PORT
                and at != mesh.intent(f).pair[1]
            )
        )
    )
    return mesh.replaced(hub, flow, acting(flow, pop_label(), output(HOST_PORT)))


@mutant("C6")
def a_detour_ends_at_a_hub_on_the_path(mesh):
    hub, _flow, made = mesh.one_of(
        [
            (hub, flow, made)
            for hub, flow, made in mesh.grouped()
            if hub != mesh.intent(flow).pair[1] and of(flow, "in_port") != HOST_PORT
        ]
    )
    place = len(made.buckets) - 1
    end = Bucket(HOST_PORT, None, (pop_label(), output(HOST_PORT)))
    return mesh.replaced(hub, None, groups=[rebuilt(made, place, lambda _: end)])


@mutant("C6")
def what_may_not_end_there_is_sent(mesh):
    """A permit that speaks of it allows no such end."""
    number = next(n for n, one in enumerate(mesh.intents, start=1) if one.id == "kept")
    hub, flow = mesh.pick(Reason.DROP_BLOCKED, lambda _, f: f.policy == number)
    other = mesh.pick(Reason.LABEL, lambda at, _: at == hub)[1]
    let = replace(acting(flow, set_field("ip_dscp", 0)), goto=int(Table.LABEL))
    given = replace(flow, table=int(Table.LABEL), actions=other.actions, goto=other.goto)
    return mesh.replaced(hub, flow, let, given)


@mutant("C11")
def data_takes_longer_than_it_may(mesh):
    """By the slow fibre, and from there to a neighbour and back."""
    number = next(n for n, intent in mesh.served() if intent.id == "calls")
    why = cookie(Reason.SWITCH, policy=number)
    hub, first = mesh.one_of(
        [(h, f) for h, f in mesh.decisions("calls") if of(f, "in_port") == HOST_PORT]
    )
    label = of(first, "mpls_label")

    def entry(port, *actions):
        matched = match(in_port=port, eth_type=ETH_MPLS, mpls_label=label)
        return Flow(Table.SWITCH, 150, matched, (decrement_label_ttl(), *actions), None, why)

    there = acting(first, decrement_label_ttl(), output(mesh.port("c2", "b2-c2")))
    on = entry(mesh.port("b2", "b2-c2"), output(mesh.port("b2", "b1-b2")))
    back = entry(mesh.port("b1", "b1-b2"), back_to_sender())
    return several(mesh, {hub: {first: (there,)}, "b2": {None: (on,)}, "b1": {None: (back,)}})


def several(mesh, changes, groups=None):
    """Entries changed at several hubs, and a group added at some."""
    groups = groups or {}
    switches = [
        replace(
            switch,
            flows=(
                *(
                    new
                    for flow in switch.flows
                    for new in changes.get(switch.hub, {}).get(flow, (flow,))
                ),
                *changes.get(switch.hub, {}).get(None, ()),
            ),
            groups=(*switch.groups, *([groups[switch.hub]] if switch.hub in groups else [])),
        )
        for switch in mesh.program.switches
    ]
    return mesh.with_switches(switches)


@mutant("C16")
def packets_go_out_by_another_fibre(mesh):
    """Where nothing takes them."""
    found = []
    for hub, flow in _first_choices(mesh):
        for port in mesh.fibre_ports(hub):
            if port in (of(flow, "in_port"), outlet(flow.actions)):
                continue
            _, far = mesh.ports[hub, port]
            known = {of(one, "mpls_label") for at, one in mesh.decisions() if at == far}
            if of(flow, "mpls_label") not in known:
                found.append((hub, flow, port))
    hub, flow, port = mesh.one_of(found)
    return mesh.replaced(hub, flow, acting(flow, decrement_label_ttl(), output(port)))


def _first_choices(mesh):
    """Entries of a demand's primary path at its source, which detours alone never use."""
    return mesh.decisions(where=lambda _, f: of(f, "in_port") == HOST_PORT)


@mutant("C16")
def an_entry_of_the_path_is_missing(mesh):
    hub, flow = mesh.one_of(_first_choices(mesh))
    return mesh.replaced(hub, flow)


@mutant("C16")
def nothing_is_delivered_at_an_end(mesh):
    intent = mesh.one_of([intent for _, intent in mesh.served()])
    changes = {}
    for hub, flow in mesh.decisions(intent.id):
        if any(action.kind == "pop_label" for action in flow.actions):
            changes.setdefault(hub, {})[flow] = ()
    return several(mesh, changes)


@mutant("C1")
def a_copy_goes_elsewhere(mesh):
    hub, flow = mesh.one_of(mesh.decisions())
    port = mesh.other_port(hub, outlet(flow.actions), of(flow, "in_port"))
    return mesh.replaced(hub, flow, acting(flow, *flow.actions, output(port)))


@mutant("C2")
def addresses_are_rewritten_at_the_end(mesh):
    hub, flow = mesh.one_of(
        mesh.decisions(where=lambda _, f: f.reason is Reason.EGRESS and outlet(f.actions) == 1)
    )
    rewritten = (pop_label(), set_field("ipv4_src", "10.0.99.1"), output(HOST_PORT))
    return mesh.replaced(hub, flow, acting(flow, *rewritten))


@mutant("C8")
def a_hop_is_not_spent(mesh):
    hub, flow = mesh.one_of(
        mesh.decisions(where=lambda at, f: (at, outlet(f.actions)) in mesh.ports)
    )
    return mesh.replaced(hub, flow, acting(flow, *changed(flow.actions, "decrement_label_ttl")))


@mutant("C8")
def a_detour_does_not_spend_a_hop(mesh):
    hub, _flow, made = mesh.one_of(
        [one for one in mesh.grouped() if (one[0], one[2].buckets[-1].watch_port) in mesh.ports]
    )
    wrong = rebuilt(
        made,
        -1,
        lambda b: replace(b, actions=changed(b.actions, "decrement_label_ttl")),
    )
    return mesh.replaced(hub, None, groups=[wrong])


def _ring(mesh, *, only_when_cut):
    """The second hub of a path returns packets, and the first sends them again."""
    found = [
        (first, onward, second, back)
        for first, onward in mesh.decisions(where=lambda _, f: of(f, "in_port") == HOST_PORT)
        if (first, outlet(onward.actions)) in mesh.ports
        for second, back in mesh.decisions()
        if mesh.ports[first, outlet(onward.actions)][1] == second
        and of(back, "mpls_label") == of(onward, "mpls_label")
        and mesh.ports.get((second, of(back, "in_port")), ("", ""))[0]
        == mesh.ports[first, outlet(onward.actions)][0]
        and (second, outlet(back.actions)) in mesh.ports
    ]
    first, onward, second, back = mesh.one_of(found)
    port = outlet(onward.actions)
    returned = match(in_port=port, eth_type=ETH_MPLS, mpls_label=of(onward, "mpls_label"))
    again = replace(onward, match=returned, actions=(decrement_label_ttl(), back_to_sender()))
    if not only_when_cut:
        turned = acting(back, decrement_label_ttl(), back_to_sender())
        return several(mesh, {first: {None: (again,)}, second: {back: (turned,)}})
    out = outlet(back.actions)
    buckets = (
        Bucket(out, None, (output(out),)),
        Bucket(of(back, "in_port"), None, (back_to_sender(),)),
    )
    grouped = acting(back, decrement_label_ttl(), group(701))
    changes = {first: {None: (again,)}, second: {back: (grouped,)}}
    return several(mesh, changes, {second: FastFailover(701, buckets)})


@mutant("C8")
def packets_go_round(mesh):
    return _ring(mesh, only_when_cut=False)


@mutant("C8")
def packets_go_round_when_a_fibre_is_cut(mesh):
    return _ring(mesh, only_when_cut=True)


assert NotHereError
