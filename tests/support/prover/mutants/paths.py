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


def _by(world, demand, hub, fibre, *, bucket=None):
    """A demand's packets at a hub take a fibre: always, or in one bucket of a group only."""
    port = world.port(hub, fibre)
    if bucket is None:
        at, flow = world.one_of(
            world.decisions(demand, lambda h, f: h == hub and of(f, "in_port") != port)
        )
        return world.replaced(at, flow, acting(flow, decrement_label_ttl(), output(port)))
    groups = [
        (at, flow, made)
        for at, flow, made in world.grouped()
        if at == hub and world.intent(flow).id == demand and of(flow, "in_port") != port
    ]
    at, flow, made = world.one_of(groups)
    wrong = rebuilt(made, bucket, lambda one: sending(one, port))
    return world.replaced(at, None, groups=[wrong])


@mutant("C4")
def confined_data_leaves_its_country(world):
    return _by(world, "backup", "a1", DIRECT)


@mutant("C4")
def a_detour_of_confined_data_leaves_its_country(world):
    return _by(world, "backup", "a1", DIRECT, bucket=-1)


@mutant("C5")
def data_takes_a_fibre_of_an_operator_it_avoids(world):
    return _by(world, "pages", "a1", DIRECT)


@mutant("C5")
def a_detour_takes_a_fibre_of_an_operator_it_avoids(world):
    return _by(world, "pages", "a1", DIRECT, bucket=-1)


@mutant("C5")
def data_crosses_a_country_it_avoids(world):
    """Under every other detail as intended: to India and on."""
    return _by(world, "pages", "b1", "b1-x1")


@mutant("C5")
def buckets_swapped_into_a_country_it_avoids(world):
    hub, fibre = world.one_of([("b1", "b1-x1"), ("a3", "a3-x1")])
    return _by(world, "pages", hub, fibre, bucket=0)


@mutant("C7")
def what_owes_a_gateway_crosses_the_border_without(world):
    hub, flow = world.one_of(
        world.decisions("checkpoints", lambda at, f: at == "a1" and of(f, "in_port") == HOST_PORT)
    )
    port = world.port(hub, DIRECT)
    return world.replaced(hub, flow, acting(flow, decrement_label_ttl(), output(port)))


@mutant("C7")
def the_gateway_is_gone_past(world):
    """From the hub of the gateway straight on, under the label that it came with."""
    hub, flow = world.one_of(
        [(hub, flow) for hub, flow in world.decisions("more") if of(flow, "in_port") == HOST_PORT]
    )
    port = world.port(hub, "a2-b1")
    return world.replaced(hub, flow, acting(flow, decrement_label_ttl(), output(port)))


@mutant("C7")
def a_dead_gateway_is_gone_past(world):
    groups = [
        (hub, flow, made)
        for hub, flow, made in world.grouped()
        if flow.reason is Reason.TO_GATEWAY and hub == "a2"
    ]
    hub, _flow, made = world.one_of(groups)
    port = world.port(hub, "a2-b1")
    actions = (decrement_label_ttl(), output(port))
    spare = Bucket(port, None, actions)
    return world.replaced(hub, None, groups=[replace(made, buckets=(made.buckets[0], spare))])


@mutant("C7")
def data_is_delivered_without_its_gateway(world):
    """Its whole path is domestic, although it requires a gateway."""
    number = next(n for n, intent in world.served() if intent.id == "checkpoints")
    hub, flow = world.one_of(
        [(h, f) for h, f in world.decisions("checkpoints") if h == "a1"
         and of(f, "in_port") == HOST_PORT]
    )  # fmt: skip
    label = of(flow, "mpls_label")
    port = world.port("c1", DIRECT)
    matched = match(in_port=port, eth_type=ETH_MPLS, mpls_label=label)
    end = Flow(Table.SWITCH, 100, matched, (pop_label(), output(HOST_PORT)), None,
               cookie(Reason.EGRESS, policy=number))  # fmt: skip
    there = acting(flow, decrement_label_ttl(), output(world.port("a1", DIRECT)))
    return several(world, {hub: {flow: (there,)}, "c1": {None: (end,)}})


@mutant("C6")
def data_ends_at_a_hub_on_the_path(world):
    hub, flow = world.one_of(
        world.decisions(
            where=lambda at, f: (
                f.reason is Reason.SWITCH
                and of(f, "in_port") != HOST_PORT
                and at != world.intent(f).pair[1]
            )
        )
    )
    return world.replaced(hub, flow, acting(flow, pop_label(), output(HOST_PORT)))


@mutant("C6")
def a_detour_ends_at_a_hub_on_the_path(world):
    hub, _flow, made = world.one_of(
        [
            (hub, flow, made)
            for hub, flow, made in world.grouped()
            if hub != world.intent(flow).pair[1] and of(flow, "in_port") != HOST_PORT
        ]
    )
    place = len(made.buckets) - 1
    end = Bucket(HOST_PORT, None, (pop_label(), output(HOST_PORT)))
    return world.replaced(hub, None, groups=[rebuilt(made, place, lambda _: end)])


@mutant("C6")
def what_may_not_end_there_is_sent(world):
    """A permit that speaks of it allows no such end."""
    number = next(n for n, one in enumerate(world.intents, start=1) if one.id == "kept")
    hub, flow = world.pick(Reason.DROP_BLOCKED, lambda _, f: f.policy == number)
    other = world.pick(Reason.LABEL, lambda at, _: at == hub)[1]
    let = replace(acting(flow, set_field("ip_dscp", 0)), goto=int(Table.LABEL))
    given = replace(flow, table=int(Table.LABEL), actions=other.actions, goto=other.goto)
    return world.replaced(hub, flow, let, given)


@mutant("C11")
def data_takes_longer_than_it_may(world):
    """By the slow fibre, and from there to a neighbour and back."""
    number = next(n for n, intent in world.served() if intent.id == "calls")
    why = cookie(Reason.SWITCH, policy=number)
    hub, first = world.one_of(
        [(h, f) for h, f in world.decisions("calls") if of(f, "in_port") == HOST_PORT]
    )
    label = of(first, "mpls_label")

    def entry(port, *actions):
        matched = match(in_port=port, eth_type=ETH_MPLS, mpls_label=label)
        return Flow(Table.SWITCH, 150, matched, (decrement_label_ttl(), *actions), None, why)

    there = acting(first, decrement_label_ttl(), output(world.port("c2", "b2-c2")))
    on = entry(world.port("b2", "b2-c2"), output(world.port("b2", "b1-b2")))
    back = entry(world.port("b1", "b1-b2"), back_to_sender())
    return several(world, {hub: {first: (there,)}, "b2": {None: (on,)}, "b1": {None: (back,)}})


def several(world, changes, groups=None):
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
        for switch in world.program.switches
    ]
    return world.with_switches(switches)


@mutant("C16")
def packets_go_out_by_another_fibre(world):
    """Where nothing takes them."""
    found = []
    for hub, flow in _first_choices(world):
        for port in world.fibre_ports(hub):
            if port in (of(flow, "in_port"), outlet(flow.actions)):
                continue
            _, far = world.ports[hub, port]
            known = {of(one, "mpls_label") for at, one in world.decisions() if at == far}
            if of(flow, "mpls_label") not in known:
                found.append((hub, flow, port))
    hub, flow, port = world.one_of(found)
    return world.replaced(hub, flow, acting(flow, decrement_label_ttl(), output(port)))


def _first_choices(world):
    """Entries of a demand's primary path at its source, which detours alone never use."""
    return world.decisions(where=lambda _, f: of(f, "in_port") == HOST_PORT)


@mutant("C16")
def an_entry_of_the_path_is_missing(world):
    hub, flow = world.one_of(_first_choices(world))
    return world.replaced(hub, flow)


@mutant("C16")
def nothing_is_delivered_at_an_end(world):
    intent = world.one_of([intent for _, intent in world.served()])
    changes = {}
    for hub, flow in world.decisions(intent.id):
        if any(action.kind == "pop_label" for action in flow.actions):
            changes.setdefault(hub, {})[flow] = ()
    return several(world, changes)


@mutant("C1")
def a_copy_goes_elsewhere(world):
    hub, flow = world.one_of(world.decisions())
    port = world.other_port(hub, outlet(flow.actions), of(flow, "in_port"))
    return world.replaced(hub, flow, acting(flow, *flow.actions, output(port)))


@mutant("C2")
def addresses_are_rewritten_at_the_end(world):
    hub, flow = world.one_of(
        world.decisions(where=lambda _, f: f.reason is Reason.EGRESS and outlet(f.actions) == 1)
    )
    rewritten = (pop_label(), set_field("ipv4_src", "10.0.99.1"), output(HOST_PORT))
    return world.replaced(hub, flow, acting(flow, *rewritten))


@mutant("C8")
def a_hop_is_not_spent(world):
    hub, flow = world.one_of(
        world.decisions(where=lambda at, f: (at, outlet(f.actions)) in world.ports)
    )
    return world.replaced(hub, flow, acting(flow, *changed(flow.actions, "decrement_label_ttl")))


@mutant("C8")
def a_detour_does_not_spend_a_hop(world):
    hub, _flow, made = world.one_of(
        [one for one in world.grouped() if (one[0], one[2].buckets[-1].watch_port) in world.ports]
    )
    wrong = rebuilt(
        made,
        -1,
        lambda b: replace(b, actions=changed(b.actions, "decrement_label_ttl")),
    )
    return world.replaced(hub, None, groups=[wrong])


def _ring(world, *, only_when_cut):
    """The second hub of a path returns packets, and the first sends them again."""
    found = [
        (first, onward, second, back)
        for first, onward in world.decisions(where=lambda _, f: of(f, "in_port") == HOST_PORT)
        if (first, outlet(onward.actions)) in world.ports
        for second, back in world.decisions()
        if world.ports[first, outlet(onward.actions)][1] == second
        and of(back, "mpls_label") == of(onward, "mpls_label")
        and world.ports.get((second, of(back, "in_port")), ("", ""))[0]
        == world.ports[first, outlet(onward.actions)][0]
        and (second, outlet(back.actions)) in world.ports
    ]
    first, onward, second, back = world.one_of(found)
    port = outlet(onward.actions)
    returned = match(in_port=port, eth_type=ETH_MPLS, mpls_label=of(onward, "mpls_label"))
    again = replace(onward, match=returned, actions=(decrement_label_ttl(), back_to_sender()))
    if not only_when_cut:
        turned = acting(back, decrement_label_ttl(), back_to_sender())
        return several(world, {first: {None: (again,)}, second: {back: (turned,)}})
    out = outlet(back.actions)
    buckets = (
        Bucket(out, None, (output(out),)),
        Bucket(of(back, "in_port"), None, (back_to_sender(),)),
    )
    grouped = acting(back, decrement_label_ttl(), group(701))
    changes = {first: {None: (again,)}, second: {back: (grouped,)}}
    return several(world, changes, {second: FastFailover(701, buckets)})


@mutant("C8")
def packets_go_round(world):
    return _ring(world, only_when_cut=False)


@mutant("C8")
def packets_go_round_when_a_fibre_is_cut(world):
    return _ring(world, only_when_cut=True)


assert NotHereError
