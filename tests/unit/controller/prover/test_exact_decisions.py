"""What one switch does with one packet, port by port."""

from __future__ import annotations

from corridor.controller.forwarding.program import (
    ETH_IPV4,
    Action,
    Bucket,
    FastFailover,
    Flow,
    SwitchProgram,
    back_to_sender,
    decrement_label_ttl,
    group,
    match,
    output,
    pop_label,
    push_label,
    set_field,
    to_controller,
)
from corridor.controller.prover.exact_decisions import End, Fork, Onward, Stop, Switch, Watch
from corridor.controller.prover.search.packets import ETH_MPLS, Packet

PACKET = Packet.of(in_port=2, eth_type=ETH_IPV4, ip_dscp=0, ip_proto=17, udp_dst=5000)


class Interfaces:
    """Tells packets that leave by their port and label."""

    def to_host(self, _port: int, packet: Packet) -> End:
        return End.GARBLED if packet.beneath else End.DELIVERED

    def onward(self, packet: Packet, watch: Watch) -> Onward[Packet]:
        return Onward(packet, watch, packet.aged)


def watch(port: int) -> Watch:
    return Watch("here", port, f"fibre{port}", "there", 1, 0, 1 << port, 1 << port)


def flow(*actions: Action, table: int = 0, priority: int = 9, goto: int | None = None, **fields):
    return Flow(table, priority, match(**fields), actions, goto, 0)


def decide(*flows: Flow, groups: tuple[FastFailover, ...] = (), packet: Packet = PACKET):
    program = SwitchProgram("here", 1, flows, groups)
    switch = Switch(program, {port: watch(port) for port in (2, 3, 4)}, frozenset({1}))
    return told(switch.decide(packet, Interfaces()))


def told(fate):
    """A decision as nested tuples: (port, live, dead), a port, or an end."""
    if isinstance(fate, Fork):
        return (fate.watch.port, told(fate.live), told(fate.dead))
    return fate.end.name if isinstance(fate, Stop) else fate.watch.port


def buckets(*ports: int) -> tuple[Bucket, ...]:
    return tuple(Bucket(port, None, (output(port),)) for port in ports)


def test_a_plain_output_depends_on_its_port():
    assert decide(flow(output(3))) == (3, 3, "NO_PATH")


def test_a_group_takes_its_first_live_bucket():
    falls_back = FastFailover(1, buckets(3, 4))
    assert decide(flow(group(1)), groups=(falls_back,)) == (3, 3, (4, 4, "NO_PATH"))


def test_the_host_is_always_there():
    last = FastFailover(1, (*buckets(3), Bucket(1, None, (output(1),))))
    assert decide(flow(group(1)), groups=(last,)) == (3, 3, "DELIVERED")


def test_output_to_the_port_of_arrival_drops_unless_by_its_own_action():
    assert decide(flow(output(2))) == "SWALLOWED"
    assert decide(flow(back_to_sender())) == (2, 2, "NO_PATH")


def test_a_port_that_leads_nowhere_is_never_live():
    nowhere = FastFailover(1, buckets(7, 3))
    assert decide(flow(group(1)), groups=(nowhere,)) == (3, 3, "NO_PATH")
    assert decide(flow(output(7))) == "UNPLUGGED"


def test_a_bucket_may_watch_one_port_and_use_another():
    crooked = FastFailover(1, (Bucket(3, None, (output(4),)),))
    assert decide(flow(group(1)), groups=(crooked,)) == (3, (4, 4, "NO_PATH"), "NO_PATH")


def test_what_was_asked_is_not_asked_again():
    twice = FastFailover(1, (Bucket(3, None, (output(7),)), *buckets(3, 4)))
    assert decide(flow(group(1)), groups=(twice,)) == (3, "UNPLUGGED", (4, 4, "NO_PATH"))


def test_a_bucket_that_watches_a_group_is_live_while_one_of_its_buckets_is():
    inner = FastFailover(2, buckets(3, 4))
    outer = FastFailover(1, (Bucket(None, 2, (group(2),)), Bucket(1, None, (output(1),))))
    decided = decide(flow(group(1)), groups=(outer, inner))
    assert decided == (3, 3, (4, 4, "DELIVERED"))


def test_a_bucket_that_watches_nothing_is_live():
    idle = FastFailover(1, (Bucket(None, None, (output(1),)), *buckets(3)))
    assert decide(flow(group(1)), groups=(idle,)) == "DELIVERED"


def test_groups_that_lead_back_to_themselves_end():
    circle = FastFailover(1, (Bucket(None, 1, (group(1),)), Bucket(3, None, (group(1),))))
    assert decide(flow(group(1)), groups=(circle,)) == (3, "UNPLUGGED", "NO_PATH")
    assert decide(flow(group(5))) == "UNPLUGGED"


def test_the_entry_of_the_highest_priority_takes_a_packet():
    assert decide(flow(output(3), priority=1), flow(output(4), ip_proto=17)) == (4, 4, "NO_PATH")
    assert decide(flow(output(3), priority=1), flow(output(4), ip_proto=6)) == (3, 3, "NO_PATH")
    assert decide(flow(output(3)), flow(output(4), priority=10)) == (4, 4, "NO_PATH")


def test_an_entry_that_matches_what_packets_lack_or_nobody_knows_takes_none():
    assert decide(flow(output(3), arp_op=1), flow(output(4), udp_dst="masked 1")) == "MISSED"


def test_tables_follow_each_other_and_a_miss_drops():
    onward = flow(goto=2)
    assert decide(onward, flow(output(3), table=2)) == (3, 3, "NO_PATH")
    assert decide(onward) == "MISSED"
    assert decide(flow(goto=0)) == "MISSED"
    assert decide(flow()) == "REFUSED"


def test_what_has_no_one_meaning_is_unclear():
    assert decide(flow(output(3), output(4))) == "UNCLEAR"
    assert decide(flow(to_controller())) == "UNCLEAR"
    assert decide(flow(output(0xFFFFFFFB))) == "UNCLEAR"
    assert decide(flow(pop_label(), output(1))) == "UNCLEAR"
    assert decide(flow(set_field("mpls_label", 16), output(1))) == "UNCLEAR"
    both = FastFailover(1, (Bucket(3, None, (output(3), output(4))),))
    assert decide(flow(group(1)), groups=(both,)) == (3, "UNCLEAR", "NO_PATH")


def leaving(*actions: Action, packet: Packet = PACKET) -> Packet:
    program = SwitchProgram("here", 1, (flow(*actions, output(3)),))
    fate = Switch(program, {3: watch(3)}, frozenset({1})).decide(packet, Interfaces())
    assert isinstance(fate, Fork)
    assert isinstance(fate.live, Onward)
    return fate.live.to


def test_a_label_hides_what_is_beneath_it_until_it_is_popped():
    labelled = leaving(push_label(16), set_field("mpls_tc", 2), decrement_label_ttl())
    assert labelled.outermost == (ETH_MPLS, 16, 2)
    assert labelled.fields[-6:] == (None,) * 6
    assert labelled.aged == 1
    popped = leaving(pop_label(), packet=labelled.at(4))
    assert popped.fields == (4, *PACKET.fields[1:])
    assert popped.beneath is None


def test_matches_see_the_label_and_not_what_is_beneath():
    labelled = leaving(push_label(16)).at(4)
    by_label, by_port = flow(output(3), mpls_label=16), flow(output(2), udp_dst=5000)
    assert decide(by_label, by_port, packet=labelled) == (3, 3, "NO_PATH")


def test_what_is_written_before_the_next_table_is_matched_there():
    first = flow(set_field("udp_dst", 6000), goto=1)
    assert decide(first, flow(output(3), table=1, udp_dst=6000)) == (3, 3, "NO_PATH")
