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


def _grouped(world, *buckets_of):
    """An entry that sends without a group, changed to use groups."""
    hub, flow = world.one_of(
        world.decisions(where=lambda _, f: (outlet(f.actions) or HOST_PORT) != HOST_PORT)
    )
    out = outlet(flow.actions)
    groups = tuple(made(out) for made in buckets_of)
    by_group = acting(flow, decrement_label_ttl(), group(groups[0].id))
    return world.replaced(hub, flow, by_group, groups=groups)


@mutant("C15")
def a_bucket_watches_another_port(world):
    hub, _flow, made = world.one_of(world.grouped())
    place = world.chance.randrange(len(made.buckets))
    wrong = rebuilt(made, place, lambda b: replace(b, watch_port=(b.watch_port or 0) + 1))
    return world.replaced(hub, None, groups=[wrong])


@mutant("C15")
def a_bucket_watches_nothing(world):
    hub, _flow, made = world.one_of(world.grouped())
    place = world.chance.randrange(len(made.buckets))
    return world.replaced(
        hub, None, groups=[rebuilt(made, place, lambda b: replace(b, watch_port=None))]
    )


@mutant("C15")
def a_chain_of_groups_comes_back(world):
    return _grouped(
        world,
        lambda out: FastFailover(
            801, (Bucket(out, None, (output(out),)), Bucket(None, 802, (group(802),)))
        ),
        lambda _: FastFailover(802, (Bucket(None, 801, (group(801),)),)),
    )


@mutant("C15")
def a_group_is_not_there(world):
    hub, flow = world.one_of(world.decisions())
    return world.replaced(hub, flow, acting(flow, decrement_label_ttl(), group(977)))


@mutant("C15")
def packets_go_back_by_plain_output(world):
    hub, flow = world.one_of(
        world.decisions(where=lambda at, f: (at, of(f, "in_port")) in world.ports)
    )
    back = acting(flow, decrement_label_ttl(), output(of(flow, "in_port")))
    return world.replaced(hub, flow, back)


@mutant("C15")
def a_bucket_that_sends_back_does_so_by_plain_output(world):
    hub, flow, made, place = _sends_back(world)
    port = of(flow, "in_port")
    wrong = rebuilt(made, place, lambda b: sending(b, port))
    return world.replaced(hub, None, groups=[wrong])


@mutant("C15")
def a_bucket_that_sends_back_watches_another_port(world):
    hub, flow, made, place = _sends_back(world)
    port = world.other_port(hub, of(flow, "in_port"))
    wrong = rebuilt(made, place, lambda b: replace(b, watch_port=port))
    return world.replaced(hub, None, groups=[wrong])


def _sends_back(world):
    return world.one_of(
        [
            (hub, flow, made, place)
            for hub, flow, made in world.grouped()
            for place, bucket in enumerate(made.buckets)
            if any(action.kind == "in_port" for action in bucket.actions)
        ]
    )


@mutant("C15")
def packets_go_to_an_empty_port(world):
    hub, flow = world.one_of(world.decisions())
    return world.replaced(hub, flow, acting(flow, decrement_label_ttl(), output(99)))


@mutant("C15")
def packets_go_to_a_gateway_that_is_not_there(world):
    gateways = {hub.hub for hub in world.wiring.hubs if hub.gateway}
    hub, flow = world.one_of(world.decisions(where=lambda at, _: at not in gateways))
    return world.replaced(hub, flow, acting(flow, decrement_label_ttl(), output(1001)))


@mutant("C1")
def packets_go_into_a_gateway_by_its_exit(world):
    hub, flow = world.one_of(world.entries(Reason.TO_GATEWAY))
    return world.replaced(hub, flow, acting(flow, decrement_label_ttl(), output(1002)))


@mutant("C0")
def a_foreign_entry_is_there(world):
    hub, _flow = world.pick(Reason.DROP_NOT_ADMITTED)
    foreign = Flow(Table.ADMIT, 7, match(in_port=HOST_PORT), (), None, 0x2B)
    return world.replaced(hub, None, foreign)


@mutant("C0")
def a_cookie_is_another(world):
    hub, flow = world.one_of(world.decisions())
    return world.replaced(hub, flow, replace(flow, cookie=cookie(Reason.ADMIT)))


@mutant("C1")
def a_last_drop_is_missing(world):
    """The packet is dropped all the same, and not counted."""
    hub, flow = world.pick(Reason.DROP_NOT_SWITCHED)
    return world.replaced(hub, flow)


@mutant("C1")
def a_named_drop_is_missing(world):
    """The packet is dropped all the same, and counted as something else."""
    named = (Reason.DROP_SPOOFED_IP, Reason.DROP_TAGGED, Reason.DROP_HOST_LABEL, Reason.DROP_IPV6)
    hub, flow = world.pick(world.chance.choice(named))
    return world.replaced(hub, flow)


@mutant("C1")
def a_drop_is_counted_as_another(world):
    wrong = (
        Reason.DROP_SPOOFED_IP,
        Reason.DROP_SPOOFED_MAC,
        Reason.DROP_BROADCAST,
        Reason.DROP_IPV6,
    )
    hub, flow = world.pick(world.chance.choice(wrong))
    return world.replaced(hub, flow, replace(flow, cookie=cookie(Reason.DROP_TAGGED)))


@mutant("C1")
def what_is_sent_on_is_counted_as_dropped(world):
    hub, flow = world.one_of(world.decisions())
    return world.replaced(hub, flow, replace(flow, cookie=_cookie(flow, Reason.DROP_NOT_SWITCHED)))


@mutant("C1")
def what_is_delivered_is_counted_as_sent_on(world):
    hub, flow = world.one_of(
        world.decisions(where=lambda _, f: f.reason is Reason.EGRESS and outlet(f.actions) == 1)
    )
    return world.replaced(hub, flow, replace(flow, cookie=_cookie(flow, Reason.SWITCH)))


@mutant("C1")
def what_is_served_is_counted_as_what_it_is_not(world):
    was = (Reason.LABEL, Reason.CLASSIFY, Reason.ADMIT, Reason.ARP_REPLY, Reason.WIRING_CHECK)
    hub, flow = world.pick(world.chance.choice(was))
    others = [one for one in (*was, Reason.BORDER) if one is not flow.reason]
    wrong = _cookie(flow, world.chance.choice(others))
    return world.replaced(hub, flow, replace(flow, cookie=wrong))


def _cookie(flow, reason):
    return cookie(reason, policy=flow.policy, serial=flow.serial)


@mutant("C1")
def a_blocked_demand_is_dropped_as_nobodys(world):
    hub, flow = world.pick(Reason.DROP_BLOCKED)
    return world.replaced(hub, flow)


@mutant("C1")
def what_nobody_knows_is_counted_for_a_blocked_demand(world):
    hub, flow = world.pick(Reason.DROP_BLOCKED)
    wide = replace(without(flow, "ipv4_dst", "eth_dst", "tcp_dst", "ip_proto"), priority=50)
    return world.replaced(hub, None, wide)


@mutant("C1")
def the_wiring_of_a_fibre_is_not_shown(world):
    hub, flow = world.pick(Reason.WIRING_CHECK)
    return world.replaced(hub, flow)


@mutant("C1")
def frames_that_watch_a_fibre_are_counted_as_dropped(world):
    hub, flow = world.pick(Reason.BFD)
    return world.replaced(hub, flow)


@mutant("C0")
def the_wiring_that_is_checked_is_another(world):
    link = world.chance.choice(world.program.links)
    kept = tuple(one for one in world.program.links if one is not link)
    wrong = replace(link, dst_port=link.dst_port + 1)
    links = kept if world.chance.random() < 0.5 else (*kept, wrong)
    return Spoilt(world.tables, replace(world.program, links=links), world.intents)


@mutant("C0")
def a_group_nobody_intended_is_there(world):
    hub, _flow = world.pick(Reason.DROP_NOT_SWITCHED)
    spare = FastFailover(909, (Bucket(2, None, (output(2),)),))
    return world.replaced(hub, None, groups=(spare,))


@mutant("C0")
def a_switch_would_go_on_without_its_controller(world):
    hub = world.chance.choice(world.wiring.hubs).hub
    tables = replace(world.tables, settings={hub: Settings("standalone", None)})
    return Spoilt(tables, world.program, world.intents)


@mutant("C0")
def one_end_of_a_fibre_speaks_no_bfd(world):
    ports = {
        one.hub: tuple(port for hub, port in world.ports if hub == one.hub)
        for one in world.wiring.hubs
    }
    hub = world.one_of([hub for hub, some in ports.items() if some])
    settings = {
        one: Settings("secure", some[1:] if one == hub else some) for one, some in ports.items()
    }
    return Spoilt(replace(world.tables, settings=settings), world.program, world.intents)


@mutant("T0")
def two_entries_of_one_priority_overlap(world):
    hub, flow = world.one_of(world.decisions())
    return world.replaced(hub, None, acting(without(flow, "mpls_label")))


@mutant("T0")
def an_entry_is_there_twice(world):
    hub, flow = world.one_of(world.decisions())
    return world.replaced(hub, None, acting(flow, output(2)))


@mutant("T0")
def a_match_has_a_mask(world):
    hub, flow = world.pick(Reason.ADMIT, lambda _, f: f.goto == Table.CLASSIFY)
    return world.replaced(hub, flow, matching(flow, ipv4_src="10.0.0.0/255.255.0.0"))


@mutant("T0")
def a_match_lacks_what_it_needs(world):
    hub, flow = world.pick(Reason.CLASSIFY)
    return world.replaced(hub, flow, without(flow, "eth_type"))


@mutant("T0")
def ports_are_matched_without_their_protocol(world):
    hub, flow = world.pick(Reason.CLASSIFY, lambda _, f: of(f, "ip_proto") is not None)
    return world.replaced(hub, flow, without(flow, "ip_proto"))


@mutant("T0")
def an_action_is_not_understood(world):
    hub, flow = world.one_of(world.decisions())
    return world.replaced(hub, flow, acting(flow, Action("set_queue", (1,)), *flow.actions))


@mutant("T0")
def an_entry_goes_back(world):
    hub, flow = world.pick(Reason.LABEL)
    return world.replaced(hub, flow, replace(flow, goto=int(Table.ADMIT)))


@mutant("C3")
def a_label_of_yesterday_is_accepted(world):
    """Of the other epoch, by an entry that an update forgot."""
    hub, flow = world.one_of(
        world.decisions(where=lambda at, f: (at, of(f, "in_port")) in world.ports)
    )
    stale = matching(flow, mpls_label=of(flow, "mpls_label") | 1 << 19)
    return world.replaced(hub, None, stale)


@mutant("C3")
def any_label_is_accepted(world):
    hub, flow = world.one_of(
        world.decisions(where=lambda at, f: (at, of(f, "in_port")) in world.ports)
    )
    return world.replaced(hub, None, replace(without(flow, "mpls_label"), priority=50))


@mutant("C3")
def a_gateway_may_say_what_it_likes(world):
    """Whatever label comes out of it is taken."""
    hub, flow = world.pick(Reason.FROM_GATEWAY)
    return world.replaced(hub, None, replace(without(flow, "mpls_label"), priority=50))


@mutant("C3")
def a_gateway_may_give_another_demands_label(world):
    hub, flow = world.pick(Reason.FROM_GATEWAY)
    known = {of(one, "mpls_label") for at, one in world.decisions() if at == hub}
    other = world.one_of([one for one in world.labels() if one not in known])
    return world.replaced(hub, None, matching(flow, mpls_label=other))


@mutant("C1")
def a_gateway_may_send_what_is_not_labelled(world):
    hub, _flow = world.pick(Reason.FROM_GATEWAY)
    bare = match(in_port=1002, eth_type=0x0800)
    out = (output(HOST_PORT),)
    door = Flow(Table.ADMIT, 100, bare, out, None, cookie(Reason.ADMIT))
    return world.replaced(hub, None, door)


@mutant("C3")
def a_border_lets_in_what_owes_a_waypoint(world):
    hub, flow = world.pick(Reason.BORDER, lambda at, _: _has_border(world, at))
    return world.replaced(hub, None, matching(flow, mpls_tc=0))


@mutant("C3")
def a_border_is_not_asked(world):
    hub, flow = world.one_of(world.entries(Reason.ADMIT, lambda _, f: f.goto == Table.BORDER))
    # Some label must be taken from there for anything to come of it.
    if not any(
        at == hub and of(one, "in_port") == of(flow, "in_port") for at, one in world.decisions()
    ):
        raise NotHereError
    return world.replaced(hub, flow, replace(flow, goto=int(Table.SWITCH)))


def _has_border(world, hub):
    """Whether something comes to a hub over a border."""
    borders = {
        (at, of(flow, "in_port"))
        for at, flow in world.entries(Reason.ADMIT)
        if flow.goto == Table.BORDER
    }
    return any(at == hub and (at, of(flow, "in_port")) in borders for at, flow in world.decisions())


@mutant("C17")
def no_path_back_is_declared(world):
    kept = tuple(intent for intent in world.intents if not intent.id.endswith(".return"))
    if len(kept) == len(world.intents):
        raise NotHereError
    return Spoilt(world.tables, world.program, kept)


@mutant("C17")
def the_path_back_is_lost(world):
    numbers = {n for n, intent in world.served() if intent.id.endswith(".return")}
    hub, flow = world.pick(Reason.LABEL, lambda _, f: f.policy in numbers)
    return world.replaced(hub, flow)


@mutant("C16")
def nothing_is_declared(world):
    return Spoilt(world.tables, world.program, ())


@mutant("C1")
def a_demand_is_no_longer_declared(world):
    """Its packets still leave."""
    gone = world.one_of([intent for _, intent in world.served()])
    kept = tuple(intent for intent in world.intents if intent is not gone)
    return Spoilt(world.tables, world.program, kept)


assert ETH_MPLS
