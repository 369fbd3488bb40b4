"""Entries, groups and settings as such, and what was declared."""

from __future__ import annotations

from dataclasses import replace

from corridor.controller.forwarding.program import (
    Action,
    Bucket,
    FastFailover,
    Flow,
    Reason,
    Table,
    cookie,
    decrement_label_ttl,
    group,
    match,
    output,
)
from corridor.controller.prover.search.tables import Settings
from mutants.tool import ETH_MPLS, acting, matching, mutant, of, outlet, rebuilt, sending, without
from prover_worlds import HOST_PORT, NotHereError, Spoilt


def _grouped(mesh, *buckets_of):
    """An entry that sends without a group, changed to use groups."""
    hub, flow = mesh.one_of(
        mesh.decisions(where=lambda _, f: (outlet(f.actions) or HOST_PORT) != HOST_PORT)
    )
    out = outlet(flow.actions)
    groups = tuple(made(out) for made in buckets_of)
    by_group = acting(flow, decrement_label_ttl(), group(groups[0].id))
    return mesh.replaced(hub, flow, by_group, groups=groups)


@mutant("C15")
def a_bucket_watches_another_port(mesh):
    hub, _flow, made = mesh.one_of(mesh.grouped())
    place = mesh.chance.randrange(len(made.buckets))
    wrong = rebuilt(made, place, lambda b: replace(b, watch_port=(b.watch_port or 0) + 1))
    return mesh.replaced(hub, None, groups=[wrong])


@mutant("C15")
def a_bucket_watches_nothing(mesh):
    hub, _flow, made = mesh.one_of(mesh.grouped())
    place = mesh.chance.randrange(len(made.buckets))
    return mesh.replaced(
        hub, None, groups=[rebuilt(made, place, lambda b: replace(b, watch_port=None))]
    )


@mutant("C15")
def a_chain_of_groups_comes_back(mesh):
    return _grouped(
        mesh,
        lambda out: FastFailover(
            801, (Bucket(out, None, (output(out),)), Bucket(None, 802, (group(802),)))
        ),
        lambda _: FastFailover(802, (Bucket(None, 801, (group(801),)),)),
    )


@mutant("C15")
def a_group_is_not_there(mesh):
    hub, flow = mesh.one_of(mesh.decisions())
    return mesh.replaced(hub, flow, acting(flow, decrement_label_ttl(), group(977)))


@mutant("C15")
def packets_go_back_by_plain_output(mesh):
    hub, flow = mesh.one_of(
        mesh.decisions(where=lambda at, f: (at, of(f, "in_port")) in mesh.ports)
    )
    back = acting(flow, decrement_label_ttl(), output(of(flow, "in_port")))
    return mesh.replaced(hub, flow, back)


@mutant("C15")
def a_bucket_that_sends_back_does_so_by_plain_output(mesh):
    hub, flow, made, place = _sends_back(mesh)
    port = of(flow, "in_port")
    wrong = rebuilt(made, place, lambda b: sending(b, port))
    return mesh.replaced(hub, None, groups=[wrong])


@mutant("C15")
def a_bucket_that_sends_back_watches_another_port(mesh):
    hub, flow, made, place = _sends_back(mesh)
    port = mesh.other_port(hub, of(flow, "in_port"))
    wrong = rebuilt(made, place, lambda b: replace(b, watch_port=port))
    return mesh.replaced(hub, None, groups=[wrong])


def _sends_back(mesh):
    return mesh.one_of(
        [
            (hub, flow, made, place)
            for hub, flow, made in mesh.grouped()
            for place, bucket in enumerate(made.buckets)
            if any(action.kind == "in_port" for action in bucket.actions)
        ]
    )


@mutant("C15")
def packets_go_to_an_empty_port(mesh):
    hub, flow = mesh.one_of(mesh.decisions())
    return mesh.replaced(hub, flow, acting(flow, decrement_label_ttl(), output(99)))


@mutant("C15")
def packets_go_to_a_gateway_that_is_not_there(mesh):
    gateways = {hub.hub for hub in mesh.wiring.hubs if hub.gateway}
    hub, flow = mesh.one_of(mesh.decisions(where=lambda at, _: at not in gateways))
    return mesh.replaced(hub, flow, acting(flow, decrement_label_ttl(), output(1001)))


@mutant("C1")
def packets_go_into_a_gateway_by_its_exit(mesh):
    hub, flow = mesh.one_of(mesh.entries(Reason.TO_GATEWAY))
    return mesh.replaced(hub, flow, acting(flow, decrement_label_ttl(), output(1002)))


@mutant("C0")
def a_foreign_entry_is_there(mesh):
    hub, _flow = mesh.pick(Reason.DROP_NOT_ADMITTED)
    foreign = Flow(Table.ADMIT, 7, match(in_port=HOST_PORT), (), None, 0x2B)
    return mesh.replaced(hub, None, foreign)


@mutant("C0")
def a_cookie_is_another(mesh):
    hub, flow = mesh.one_of(mesh.decisions())
    return mesh.replaced(hub, flow, replace(flow, cookie=cookie(Reason.ADMIT)))


@mutant("C1")
def a_last_drop_is_missing(mesh):
    """The packet is dropped all the same, and not counted."""
    hub, flow = mesh.pick(Reason.DROP_NOT_SWITCHED)
    return mesh.replaced(hub, flow)


@mutant("C1")
def a_named_drop_is_missing(mesh):
    """The packet is dropped all the same, and counted as something else."""
    named = (Reason.DROP_SPOOFED_IP, Reason.DROP_TAGGED, Reason.DROP_HOST_LABEL, Reason.DROP_IPV6)
    hub, flow = mesh.pick(mesh.chance.choice(named))
    return mesh.replaced(hub, flow)


@mutant("C1")
def a_drop_is_counted_as_another(mesh):
    wrong = (
        Reason.DROP_SPOOFED_IP,
        Reason.DROP_SPOOFED_MAC,
        Reason.DROP_BROADCAST,
        Reason.DROP_IPV6,
    )
    hub, flow = mesh.pick(mesh.chance.choice(wrong))
    return mesh.replaced(hub, flow, replace(flow, cookie=cookie(Reason.DROP_TAGGED)))


@mutant("C1")
def what_is_sent_on_is_counted_as_dropped(mesh):
    hub, flow = mesh.one_of(mesh.decisions())
    return mesh.replaced(hub, flow, replace(flow, cookie=_cookie(flow, Reason.DROP_NOT_SWITCHED)))


@mutant("C1")
def what_is_delivered_is_counted_as_sent_on(mesh):
    hub, flow = mesh.one_of(
        mesh.decisions(where=lambda _, f: f.reason is Reason.EGRESS and outlet(f.actions) == 1)
    )
    return mesh.replaced(hub, flow, replace(flow, cookie=_cookie(flow, Reason.SWITCH)))


@mutant("C1")
def what_is_served_is_counted_as_what_it_is_not(mesh):
    was = (Reason.LABEL, Reason.CLASSIFY, Reason.ADMIT, Reason.ARP_REPLY, Reason.WIRING_CHECK)
    hub, flow = mesh.pick(mesh.chance.choice(was))
    others = [one for one in (*was, Reason.BORDER) if one is not flow.reason]
    wrong = _cookie(flow, mesh.chance.choice(others))
    return mesh.replaced(hub, flow, replace(flow, cookie=wrong))


def _cookie(flow, reason):
    return cookie(reason, policy=flow.policy, serial=flow.serial)


@mutant("C1")
def a_blocked_demand_is_dropped_as_nobodys(mesh):
    hub, flow = mesh.pick(Reason.DROP_BLOCKED)
    return mesh.replaced(hub, flow)


@mutant("C1")
def what_nobody_knows_is_counted_for_a_blocked_demand(mesh):
    hub, flow = mesh.pick(Reason.DROP_BLOCKED)
    wide = replace(without(flow, "ipv4_dst", "eth_dst", "tcp_dst", "ip_proto"), priority=50)
    return mesh.replaced(hub, None, wide)


@mutant("C1")
def the_wiring_of_a_fibre_is_not_shown(mesh):
    hub, flow = mesh.pick(Reason.WIRING_CHECK)
    return mesh.replaced(hub, flow)


@mutant("C1")
def frames_that_watch_a_fibre_are_counted_as_dropped(mesh):
    hub, flow = mesh.pick(Reason.BFD)
    return mesh.replaced(hub, flow)


@mutant("C0")
def the_wiring_that_is_checked_is_another(mesh):
    link = mesh.chance.choice(mesh.program.links)
    kept = tuple(one for one in mesh.program.links if one is not link)
    wrong = replace(link, dst_port=link.dst_port + 1)
    links = kept if mesh.chance.random() < 0.5 else (*kept, wrong)
    return Spoilt(mesh.tables, replace(mesh.program, links=links), mesh.intents)


@mutant("C0")
def a_group_nobody_intended_is_there(mesh):
    hub, _flow = mesh.pick(Reason.DROP_NOT_SWITCHED)
    spare = FastFailover(909, (Bucket(2, None, (output(2),)),))
    return mesh.replaced(hub, None, groups=(spare,))


@mutant("C0")
def a_switch_would_go_on_without_its_controller(mesh):
    hub = mesh.chance.choice(mesh.wiring.hubs).hub
    tables = replace(mesh.tables, settings={hub: Settings("standalone", None)})
    return Spoilt(tables, mesh.program, mesh.intents)


@mutant("C0")
def one_end_of_a_fibre_speaks_no_bfd(mesh):
    ports = {
        one.hub: tuple(port for hub, port in mesh.ports if hub == one.hub)
        for one in mesh.wiring.hubs
    }
    hub = mesh.one_of([hub for hub, some in ports.items() if some])
    settings = {
        one: Settings("secure", some[1:] if one == hub else some) for one, some in ports.items()
    }
    return Spoilt(replace(mesh.tables, settings=settings), mesh.program, mesh.intents)


@mutant("T0")
def two_entries_of_one_priority_overlap(mesh):
    hub, flow = mesh.one_of(mesh.decisions())
    return mesh.replaced(hub, None, acting(without(flow, "mpls_label")))


@mutant("T0")
def an_entry_is_there_twice(mesh):
    hub, flow = mesh.one_of(mesh.decisions())
    return mesh.replaced(hub, None, acting(flow, output(2)))


@mutant("T0")
def a_match_has_a_mask(mesh):
    hub, flow = mesh.pick(Reason.ADMIT, lambda _, f: f.goto == Table.CLASSIFY)
    return mesh.replaced(hub, flow, matching(flow, ipv4_src="10.0.0.0/255.255.0.0"))


@mutant("T0")
def a_match_lacks_what_it_needs(mesh):
    hub, flow = mesh.pick(Reason.CLASSIFY)
    return mesh.replaced(hub, flow, without(flow, "eth_type"))


@mutant("T0")
def ports_are_matched_without_their_protocol(mesh):
    hub, flow = mesh.pick(Reason.CLASSIFY, lambda _, f: of(f, "ip_proto") is not None)
    return mesh.replaced(hub, flow, without(flow, "ip_proto"))


@mutant("T0")
def an_action_is_not_understood(mesh):
    hub, flow = mesh.one_of(mesh.decisions())
    return mesh.replaced(hub, flow, acting(flow, Action("set_queue", (1,)), *flow.actions))


@mutant("T0")
def an_entry_goes_back(mesh):
    hub, flow = mesh.pick(Reason.LABEL)
    return mesh.replaced(hub, flow, replace(flow, goto=int(Table.ADMIT)))


@mutant("C3")
def a_label_of_yesterday_is_accepted(mesh):
    """Of the other epoch, by an entry that an update forgot."""
    hub, flow = mesh.one_of(
        mesh.decisions(where=lambda at, f: (at, of(f, "in_port")) in mesh.ports)
    )
    stale = matching(flow, mpls_label=of(flow, "mpls_label") | 1 << 19)
    return mesh.replaced(hub, None, stale)


@mutant("C3")
def any_label_is_accepted(mesh):
    hub, flow = mesh.one_of(
        mesh.decisions(where=lambda at, f: (at, of(f, "in_port")) in mesh.ports)
    )
    return mesh.replaced(hub, None, replace(without(flow, "mpls_label"), priority=50))


@mutant("C3")
def a_gateway_may_say_what_it_likes(mesh):
    """Whatever label comes out of it is taken."""
    hub, flow = mesh.pick(Reason.FROM_GATEWAY)
    return mesh.replaced(hub, None, replace(without(flow, "mpls_label"), priority=50))


@mutant("C3")
def a_gateway_may_give_another_demands_label(mesh):
    hub, flow = mesh.pick(Reason.FROM_GATEWAY)
    known = {of(one, "mpls_label") for at, one in mesh.decisions() if at == hub}
    other = mesh.one_of([one for one in mesh.labels() if one not in known])
    return mesh.replaced(hub, None, matching(flow, mpls_label=other))


@mutant("C1")
def a_gateway_may_send_what_is_not_labelled(mesh):
    hub, _flow = mesh.pick(Reason.FROM_GATEWAY)
    bare = match(in_port=1002, eth_type=0x0800)
    out = (output(HOST_PORT),)
    door = Flow(Table.ADMIT, 100, bare, out, None, cookie(Reason.ADMIT))
    return mesh.replaced(hub, None, door)


@mutant("C3")
def a_border_lets_in_what_owes_a_waypoint(mesh):
    hub, flow = mesh.pick(Reason.BORDER, lambda at, _: _has_border(mesh, at))
    return mesh.replaced(hub, None, matching(flow, mpls_tc=0))


@mutant("C3")
def a_border_is_not_asked(mesh):
    hub, flow = mesh.one_of(mesh.entries(Reason.ADMIT, lambda _, f: f.goto == Table.BORDER))
    # Some label must be taken from there for anything to come of it.
    if not any(
        at == hub and of(one, "in_port") == of(flow, "in_port") for at, one in mesh.decisions()
    ):
        raise NotHereError
    return mesh.replaced(hub, flow, replace(flow, goto=int(Table.SWITCH)))


def _has_border(mesh, hub):
    """Whether something comes to a hub over a border."""
    borders = {
        (at, of(flow, "in_port"))
        for at, flow in mesh.entries(Reason.ADMIT)
        if flow.goto == Table.BORDER
    }
    return any(at == hub and (at, of(flow, "in_port")) in borders for at, flow in mesh.decisions())


@mutant("C17")
def no_path_back_is_declared(mesh):
    kept = tuple(intent for intent in mesh.intents if not intent.id.endswith(".return"))
    if len(kept) == len(mesh.intents):
        raise NotHereError
    return Spoilt(mesh.tables, mesh.program, kept)


@mutant("C17")
def the_path_back_is_lost(mesh):
    numbers = {n for n, intent in mesh.served() if intent.id.endswith(".return")}
    hub, flow = mesh.pick(Reason.LABEL, lambda _, f: f.policy in numbers)
    return mesh.replaced(hub, flow)


@mutant("C16")
def nothing_is_declared(mesh):
    return Spoilt(mesh.tables, mesh.program, ())


@mutant("C1")
def a_demand_is_no_longer_declared(mesh):
    """Its packets still leave."""
    gone = mesh.one_of([intent for _, intent in mesh.served()])
    kept = tuple(intent for intent in mesh.intents if intent is not gone)
    return Spoilt(mesh.tables, mesh.program, kept)


assert ETH_MPLS
