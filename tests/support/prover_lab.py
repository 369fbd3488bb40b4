"""Correct tables, and ways to spoil them: each a mutant with the claim that has to notice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from controller.compiler import compile_paths
from controller.paths import shortest_paths
from controller.program import (
    Action,
    Bucket,
    FastFailover,
    Flow,
    Program,
    Reason,
    Table,
    back_to_sender,
    cookie,
    decrement_label_ttl,
    group,
    match,
    output,
    pop_label,
    push_label,
    set_field,
    to_controller,
)
from controller.prover import Proof, Tables, prove, tables_of
from topologies.model import Topology
from topologies.wiring import HOST_PORT, Wiring, wire

ETH_MPLS, ETH_LLDP, FLOOD, NORMAL = 0x8847, 0x88CC, 0xFFFFFFFB, 0xFFFFFFFA
STRANGER = "02:00:00:00:00:66"


class NotHereError(Exception):
    """The mutant needs something these tables do not have."""


@dataclass(frozen=True)
class Correct:
    """Tables as compiled, and chance to pick from them."""

    wiring: Wiring
    program: Program
    chance: Random

    def pick(self, reason: Reason, *, where: Callable[[str, Flow], bool] | None = None):
        """An entry of a reason with its hub."""
        found = [
            (switch.hub, flow)
            for switch in self.program.switches
            for flow in switch.flows
            if flow.reason is reason and (where is None or where(switch.hub, flow))
        ]
        if not found:
            raise NotHereError
        return self.chance.choice(found)

    def replaced(self, hub: str, old: Flow | None, *new: Flow, groups=()) -> Tables:
        """Tables with one entry of a hub taken out and others put in."""
        switches = tuple(
            replace(
                switch,
                flows=(*(flow for flow in switch.flows if flow != old), *new),
                groups=(*switch.groups, *groups),
            )
            if switch.hub == hub
            else switch
            for switch in self.program.switches
        )
        return tables_of(replace(self.program, switches=switches))

    def fibre_ports(self, hub: str) -> list[int]:
        return [
            end.port for fibre in self.wiring.fibres for end in (fibre.a, fibre.z) if end.hub == hub
        ]

    def other_port(self, hub: str, *but: int) -> int:
        ports = [port for port in self.fibre_ports(hub) if port not in but]
        if not ports:
            raise NotHereError
        return self.chance.choice(ports)

    def other_label(self, label: int) -> int:
        labels = [path.label for path in self.program.paths if path.label != label]
        if not labels:
            raise NotHereError
        return self.chance.choice(labels)


def correct(topology: Topology, pairs, seed: int = 0) -> Correct:
    """Tables of pairs and their ways back."""
    both = dict.fromkeys([*pairs, *((dst, src) for src, dst in pairs)])
    wiring = wire(topology)
    program = compile_paths(wiring, shortest_paths(topology, both).values())
    return Correct(wiring, program, Random(seed))


def without(flow: Flow, *names: str) -> Flow:
    return replace(flow, match=tuple(one for one in flow.match if one[0] not in names))


def of(flow: Flow, name: str):
    return dict(flow.match)[name]


def outlet(flow: Flow) -> int:
    return next(action.arguments[0] for action in flow.actions if action.kind == "output")


def acting(flow: Flow, *actions: Action) -> Flow:
    return replace(flow, actions=actions)


type Mutation = Callable[[Correct], Tables | tuple[Tables, Program]]
MUTANTS: dict[str, tuple[str, Mutation]] = {}
"""Name to the claim that must be violated, and the mutation."""


def mutant(claim: str):
    def keep(mutation: Mutation) -> Mutation:
        MUTANTS[mutation.__name__] = (claim, mutation)
        return mutation

    return keep


def proof_of(tables: Correct, mutation: Mutation) -> Proof:
    mutated = mutation(tables)
    held, intended = mutated if isinstance(mutated, tuple) else (mutated, tables.program)
    return prove(held, tables.wiring, intended)


def admits_host(_hub: str, flow: Flow) -> bool:
    return flow.goto == Table.CLASSIFY


# What a host may send.


@mutant("C2")
def source_mac_is_not_checked(tables):
    hub, flow = tables.pick(Reason.ADMIT, where=admits_host)
    return tables.replaced(hub, flow, without(flow, "eth_src"))


@mutant("C2")
def source_address_is_not_checked(tables):
    hub, flow = tables.pick(Reason.ADMIT, where=admits_host)
    return tables.replaced(hub, flow, without(flow, "ipv4_src"))


@mutant("C2")
def sender_of_arp_is_not_checked(tables):
    hub, flow = tables.pick(Reason.ARP_REPLY)
    return tables.replaced(hub, flow, without(flow, "arp_sha", "arp_spa"))


@mutant("C1")
def any_arp_operation_is_answered(tables):
    hub, flow = tables.pick(Reason.ARP_REPLY)
    return tables.replaced(hub, flow, without(flow, "arp_op"))


@mutant("C3")
def vlan_tags_are_let_in(tables):
    hub, flow = tables.pick(Reason.ADMIT, where=admits_host)
    return tables.replaced(hub, flow, without(flow, "vlan_vid"))


@mutant("C3")
def labels_of_hosts_are_let_in(tables):
    hub, _flow = tables.pick(Reason.SWITCH, where=lambda _, flow: of(flow, "in_port") == HOST_PORT)
    wide = Flow(
        Table.ADMIT,
        50,
        match(in_port=HOST_PORT, eth_type=ETH_MPLS),
        (),
        Table.SWITCH,
        cookie(Reason.ADMIT),
    )
    return tables.replaced(hub, None, wide)


@mutant("C1")
def bindings_hold_on_every_port(tables):
    hub, flow = tables.pick(Reason.ADMIT, where=admits_host)
    classify = next((at, one) for at, one in all_of(tables, Reason.CLASSIFY) if at == hub)[1]
    label = next(
        one
        for at, one in all_of(tables, Reason.LABEL)
        if at == hub and of(one, "ipv4_dst") == of(classify, "ipv4_dst")
    )
    path = label.actions[0].arguments[0]
    first = next(
        one
        for at, one in all_of(tables, Reason.SWITCH)
        if at == hub and of(one, "mpls_label") == path and of(one, "in_port") == HOST_PORT
    )
    tables.other_port(hub, outlet(first))  # from its own port it would not go out again
    spoilt = tables.replaced(hub, flow, without(flow, "in_port"))
    for entry in (classify, label, first):
        spoilt = swap(spoilt, hub, entry, without(entry, "in_port"))
    return spoilt


@mutant("C1")
def undeclared_target_of_arp_is_answered(tables):
    hub, flow = tables.pick(Reason.ARP_REPLY)
    other = replace(
        flow,
        match=match(**(dict(flow.match) | {"arp_tpa": "10.0.99.1"})),
        actions=tuple(
            set_field("arp_spa", "10.0.99.1")
            if action == set_field("arp_spa", of(flow, "arp_tpa"))
            else action
            for action in flow.actions
        ),
    )
    return tables.replaced(hub, None, other)


@mutant("C2")
def answer_of_arp_is_a_lie(tables):
    hub, flow = tables.pick(Reason.ARP_REPLY)
    lie = tuple(
        set_field("arp_sha", STRANGER) if action.arguments[:1] == ("arp_sha",) else action
        for action in flow.actions
    )
    return tables.replaced(hub, flow, acting(flow, *lie))


@mutant("C1")
def question_of_arp_is_flooded(tables):
    hub, flow = tables.pick(Reason.ARP_REPLY)
    return tables.replaced(hub, flow, acting(flow, output(FLOOD)))


@mutant("C1")
def what_nobody_knows_is_switched_as_usual(tables):
    hub, flow = tables.pick(Reason.DROP_NOT_ADMITTED)
    return tables.replaced(hub, flow, acting(flow, output(NORMAL)))


@mutant("C3")
def what_is_unclassified_goes_to_the_controller(tables):
    hub, flow = tables.pick(
        Reason.DROP_UNCLASSIFIED,
        where=lambda hub, _: any(path.hubs[0] == hub for path in tables.program.paths),
    )
    return tables.replaced(hub, flow, acting(flow, to_controller()))


@mutant("C3")
def lldp_of_hosts_goes_to_the_controller(tables):
    hub, flow = tables.pick(Reason.WIRING_CHECK)
    return tables.replaced(
        hub, None, replace(flow, match=match(in_port=HOST_PORT, eth_type=ETH_LLDP))
    )


@mutant("C3")
def any_frame_of_a_fibre_goes_to_the_controller(tables):
    hub, flow = tables.pick(Reason.WIRING_CHECK)
    return tables.replaced(hub, flow, replace(without(flow, "eth_type"), priority=50))


# Labels and paths.


@mutant("C2")
def another_paths_label_is_pushed(tables):
    hub, flow = tables.pick(Reason.LABEL)
    return tables.replaced(
        hub, flow, acting(flow, push_label(tables.other_label(flow.actions[0].arguments[0])))
    )


@mutant("C3")
def two_labels_are_pushed(tables):
    hub, flow = tables.pick(Reason.LABEL)
    return tables.replaced(hub, flow, acting(flow, *flow.actions, *flow.actions))


@mutant("C3")
def packets_cross_without_a_label(tables):
    hub, flow = tables.pick(Reason.LABEL)
    bare = replace(acting(flow, output(tables.other_port(hub))), goto=None)
    return tables.replaced(hub, flow, bare)


@mutant("C3")
def label_is_not_popped(tables):
    hub, flow = tables.pick(Reason.EGRESS)
    return tables.replaced(hub, flow, acting(flow, output(HOST_PORT)))


@mutant("C3")
def a_label_of_yesterday_is_accepted(tables):
    hub, flow = tables.pick(Reason.EGRESS)
    old = match(**(dict(flow.match) | {"mpls_label": 900_000}))
    return tables.replaced(hub, None, replace(flow, match=old))


@mutant("C3")
def any_label_is_accepted(tables):
    hub, flow = tables.pick(Reason.EGRESS)
    return tables.replaced(hub, None, replace(without(flow, "mpls_label"), priority=50))


@mutant("C3")
def a_fibre_gets_a_label_pushed(tables):
    hub, flow = tables.pick(Reason.LABEL)
    port = tables.other_port(hub)
    door = Flow(
        Table.ADMIT,
        100,
        match(in_port=port, eth_type=0x0800),
        flow.actions,
        Table.SWITCH,
        cookie(Reason.ADMIT),
    )
    inner = Flow(
        Table.SWITCH,
        100,
        match(in_port=port, eth_type=ETH_MPLS, mpls_label=flow.actions[0].arguments[0]),
        (pop_label(), output(HOST_PORT)),
        None,
        cookie(Reason.EGRESS),
    )
    return tables.replaced(hub, None, door, inner)


@mutant("C14")
def one_label_is_turned_into_another(tables):
    hub, flow = tables.pick(Reason.SWITCH)
    turn = set_field("mpls_label", tables.other_label(of(flow, "mpls_label")))
    return tables.replaced(hub, flow, acting(flow, turn, *flow.actions))


@mutant("C14")
def a_bucket_turns_the_label(tables):
    hub, flow = tables.pick(Reason.SWITCH)
    out = outlet(flow)
    turn = set_field("mpls_label", tables.other_label(of(flow, "mpls_label")))
    spare = tables.other_port(hub, out, of(flow, "in_port"))
    buckets = (
        Bucket(out, None, (output(out),)),
        Bucket(spare, None, (turn, output(spare))),
    )
    return tables.replaced(
        hub,
        flow,
        acting(flow, decrement_label_ttl(), group(1)),
        groups=(FastFailover(1, buckets),),
    )


@mutant("C14")
def two_paths_share_a_label(tables):
    one, other, *rest = tables.program.paths
    intended = replace(tables.program, paths=(one, replace(other, label=one.label), *rest))
    return tables_of(intended), intended


@mutant("C9")
def packets_go_out_by_another_fibre(tables):
    hub, flow = tables.pick(Reason.SWITCH)
    port = tables.other_port(hub, outlet(flow), of(flow, "in_port"))
    return tables.replaced(hub, flow, acting(flow, decrement_label_ttl(), output(port)))


@mutant("C9")
def packets_end_at_the_wrong_host(tables):
    hub, flow = tables.pick(Reason.SWITCH, where=lambda _, flow: of(flow, "in_port") != HOST_PORT)
    return tables.replaced(hub, flow, acting(flow, pop_label(), output(HOST_PORT)))


@mutant("C9")
def a_copy_goes_elsewhere(tables):
    hub, flow = tables.pick(Reason.SWITCH)
    port = tables.other_port(hub, outlet(flow), of(flow, "in_port"))
    return tables.replaced(hub, flow, acting(flow, *flow.actions, output(port)))


@mutant("C9")
def addresses_are_rewritten_at_the_end(tables):
    hub, flow = tables.pick(Reason.EGRESS)
    rewritten = (pop_label(), set_field("ipv4_src", "10.0.99.1"), output(HOST_PORT))
    return tables.replaced(hub, flow, acting(flow, *rewritten))


@mutant("C9")
def an_entry_of_the_way_is_missing(tables):
    hub, flow = tables.pick(Reason.SWITCH)
    return tables.replaced(hub, flow)


@mutant("C16")
def nothing_is_delivered_at_an_end(tables):
    hub, flow = tables.pick(Reason.EGRESS)
    return tables.replaced(hub, flow)


@mutant("C17")
def the_way_back_is_lost(tables):
    hub, flow = tables.pick(Reason.LABEL)
    return tables.replaced(hub, flow)


@mutant("C9")
def one_kind_of_packet_is_dropped_first(tables):
    hub, flow = tables.pick(Reason.ADMIT, where=admits_host)
    narrow = match(**(dict(flow.match) | {"eth_dst": STRANGER}))
    drop = replace(flow, match=narrow, priority=200, goto=None)
    return tables.replaced(hub, None, drop)


@mutant("C8")
def a_hop_is_not_spent(tables):
    hub, flow = tables.pick(Reason.SWITCH)
    return tables.replaced(hub, flow, acting(flow, output(outlet(flow))))


def _ring(tables: Correct, *, only_when_cut: bool) -> Tables:
    """The second hub of a path sends its packets back, and the first sends them on again."""
    paths = [path for path in tables.program.paths if len(path.hubs) > 2]
    if not paths:
        raise NotHereError
    path = tables.chance.choice(paths)
    first, second = path.hubs[:2]
    onward, back = (
        next(
            flow
            for hub, flow in all_of(tables, Reason.SWITCH)
            if hub == at and of(flow, "mpls_label") == path.label
        )
        for at in (first, second)
    )
    returned = match(in_port=outlet(onward), eth_type=ETH_MPLS, mpls_label=path.label)
    again = replace(onward, match=returned, actions=(decrement_label_ttl(), back_to_sender()))
    spoilt = tables.replaced(first, None, again)
    if not only_when_cut:
        return swap(spoilt, second, back, acting(back, decrement_label_ttl(), back_to_sender()))
    out = outlet(back)
    buckets = (
        Bucket(out, None, (output(out),)),
        Bucket(of(back, "in_port"), None, (back_to_sender(),)),
    )
    grouped = acting(back, decrement_label_ttl(), group(1))
    return swap(spoilt, second, back, grouped, groups=(FastFailover(1, buckets),))


@mutant("C8")
def packets_go_round(tables):
    return _ring(tables, only_when_cut=False)


@mutant("C8")
def packets_go_round_when_a_fibre_is_cut(tables):
    return _ring(tables, only_when_cut=True)


# Groups and ports.


def _grouped(tables: Correct, *buckets_of) -> Tables:
    hub, flow = tables.pick(Reason.SWITCH)
    out = outlet(flow)
    groups = tuple(made(out) for made in buckets_of)
    return tables.replaced(hub, flow, acting(flow, decrement_label_ttl(), group(1)), groups=groups)


@mutant("C15")
def a_bucket_watches_another_port(tables):
    return _grouped(tables, lambda out: FastFailover(1, (Bucket(out + 1, None, (output(out),)),)))


@mutant("C15")
def a_bucket_watches_nothing(tables):
    return _grouped(tables, lambda out: FastFailover(1, (Bucket(None, None, (output(out),)),)))


@mutant("C15")
def a_chain_of_groups_comes_back(tables):
    return _grouped(
        tables,
        lambda out: FastFailover(
            1, (Bucket(out, None, (output(out),)), Bucket(None, 2, (group(2),)))
        ),
        lambda out: FastFailover(2, (Bucket(None, 1, (group(1),)),)),
    )


@mutant("C15")
def a_group_is_not_there(tables):
    hub, flow = tables.pick(Reason.SWITCH)
    return tables.replaced(hub, flow, acting(flow, decrement_label_ttl(), group(7)))


@mutant("C15")
def packets_go_back_by_plain_output(tables):
    hub, flow = tables.pick(Reason.SWITCH, where=lambda _, flow: of(flow, "in_port") != HOST_PORT)
    return tables.replaced(
        hub, flow, acting(flow, decrement_label_ttl(), output(of(flow, "in_port")))
    )


@mutant("C15")
def packets_go_to_an_empty_port(tables):
    hub, flow = tables.pick(Reason.SWITCH)
    return tables.replaced(hub, flow, acting(flow, decrement_label_ttl(), output(99)))


# Entries as such.


@mutant("C0")
def a_foreign_entry_is_there(tables):
    hub, _flow = tables.pick(Reason.DROP_NOT_ADMITTED)
    foreign = Flow(Table.ADMIT, 7, match(in_port=HOST_PORT), (), None, 0x2B)
    return tables.replaced(hub, None, foreign)


@mutant("C0")
def a_cookie_is_another(tables):
    hub, flow = tables.pick(Reason.EGRESS)
    return tables.replaced(hub, flow, replace(flow, cookie=cookie(Reason.SWITCH)))


@mutant("C0")
def a_last_drop_is_missing(tables):
    hub, flow = tables.pick(Reason.DROP_NOT_SWITCHED)
    return tables.replaced(hub, flow)


@mutant("C0")
def a_group_nobody_intended_is_there(tables):
    hub, _flow = tables.pick(Reason.DROP_NOT_SWITCHED)
    spare = FastFailover(9, (Bucket(2, None, (output(2),)),))
    return tables.replaced(hub, None, groups=(spare,))


@mutant("T0")
def two_entries_of_one_priority_overlap(tables):
    hub, flow = tables.pick(Reason.SWITCH)
    return tables.replaced(hub, None, acting(without(flow, "mpls_label")))


@mutant("T0")
def an_entry_is_there_twice(tables):
    hub, flow = tables.pick(Reason.EGRESS)
    return tables.replaced(hub, None, acting(flow, output(2)))


@mutant("T0")
def a_match_has_a_mask(tables):
    hub, flow = tables.pick(Reason.ADMIT, where=admits_host)
    masked = match(**(dict(flow.match) | {"ipv4_src": "10.0.0.0/255.255.0.0"}))
    return tables.replaced(hub, flow, replace(flow, match=masked))


@mutant("T0")
def a_match_lacks_what_it_needs(tables):
    hub, flow = tables.pick(Reason.CLASSIFY)
    return tables.replaced(hub, flow, without(flow, "eth_type"))


@mutant("T0")
def an_action_is_not_understood(tables):
    hub, flow = tables.pick(Reason.SWITCH)
    return tables.replaced(hub, flow, acting(flow, Action("set_queue", (1,)), *flow.actions))


@mutant("T0")
def an_entry_goes_back(tables):
    hub, flow = tables.pick(Reason.LABEL)
    return tables.replaced(hub, flow, replace(flow, goto=Table.ADMIT))


# What was declared.


@mutant("C17")
def no_way_back_is_declared(tables):
    one_way = {(path.hubs[0], path.hubs[-1]) for path in tables.program.paths[:1]}
    paths = tuple(p for p in tables.program.paths if (p.hubs[-1], p.hubs[0]) not in one_way)
    intended = replace(tables.program, paths=paths)
    return tables_of(intended), intended


@mutant("C16")
def nothing_is_declared(tables):
    intended = replace(tables.program, paths=())
    return tables_of(intended), intended


def all_of(tables: Correct, reason: Reason):
    for switch in tables.program.switches:
        for flow in switch.flows:
            if flow.reason is reason:
                yield switch.hub, flow


def swap(tables: Tables, hub: str, old: Flow, new: Flow, groups=()) -> Tables:
    switch = tables.switches[hub]
    flows = tuple(new if flow == old else flow for flow in switch.flows)
    changed = replace(switch, flows=flows, groups=(*switch.groups, *groups))
    return Tables({**tables.switches, hub: changed}, tables.oddities)
