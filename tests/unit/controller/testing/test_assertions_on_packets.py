"""Of a network that runs, assertions hold only if its tables and its packets both show it.

The network that runs here is made up: tables as they are compiled, unless others are given, and
packets as a test says they were seen.
"""

from dataclasses import dataclass, field, replace

import pytest

from corridor.controller.intent.intent import Protection
from corridor.controller.policy.model import PolicySet
from corridor.controller.prover.search.tables import tables_of
from corridor.controller.testing import (
    CorridorNetwork,
    assert_blocked,
    assert_delivers_under,
    assert_delivers_up_to,
    assert_never_transits,
    assert_passes,
    assert_stays_within,
    assert_within,
)
from corridor.controller.testing.network import EACH_ONCE
from corridor.controller.testing.packets import Crossing, Packets, Seen, paths_taken
from corridor.topologies.base.errors import InputError
from policy_lab import CLASSES, TODAY, corridor, deny, permit, restrict

MS = 10**6
BY_KASH = ("west-kash", "kash-gilgit", "gilgit-karachi")
BY_INDIA = ("west-kun", "kun-mandalay", "mandalay-mumbai", "mumbai-karachi")
GATES = {"waypoints": [{"any_of": "gateways", "before": "border", "then": "ASSESSED"}]}


def crossings(*fibres, start="west", label=17):
    found, here = [], start
    for number, name in enumerate(fibres):
        found.append(Crossing(name, here, label + number, 10))
        here = corridor().fibre(name).other_end(here)
    return tuple(found)


def packets(*fibres, failed=(), arrived=10, ms=12, gateways=()):
    fastest_ns = ms * MS if arrived else None
    return Packets(failed, 10, arrived, fastest_ns, crossings(*fibres), frozenset(gateways))


@dataclass
class Imagined:
    """A network that runs, of which all is known."""

    seen_of: tuple[Packets, ...] = ()
    others: Packets = field(default_factory=lambda: packets(*BY_KASH))
    more: dict = field(default_factory=dict)
    served_as: object = None
    asked: list = field(default_factory=list)
    where = "in a guest"
    slack_ns = MS

    def tables(self, demand):
        wiring, program = (self.served_as or demand).compiled()
        return tables_of(program), wiring

    def seen(self, demand, sets):
        self.asked += sets
        known = {one.failed: one for one in self.seen_of}
        all_sets = {*known, *sets}
        found = {failed: replace(self.others, failed=failed) for failed in all_sets} | known
        return Seen(found, **{"dropped": {}, **self.more})


def demand(*rules, live, k=0, over=("link", "srlg")):
    policies = PolicySet(name="lab", policies=rules or (permit(),), classes=CLASSES)
    network = CorridorNetwork(corridor(), policies, TODAY, live)
    return network.demand("general", "west", "karachi", k=k, over=over)


def gated(live):
    return demand(permit(), restrict("GATE", hard=GATES), live=live)


def why(assertion, *arguments, **more):
    with pytest.raises(AssertionError) as raised:
        assertion(*arguments, **more)
    return str(raised.value)


def test_what_tables_and_packets_both_show_holds():
    live = Imagined()
    results = demand(live=live)
    assert_never_transits(results, "IN")
    assert_stays_within(results, "CN", "PK")
    assert_passes(results, "kash", before="border")
    assert_delivers_under(results)
    assert_within(results, "12ms")
    by_gateway = Imagined(others=packets(*BY_INDIA, gateways=["kun"]))
    assert_passes(gated(by_gateway), "gateways", before="border")


def test_packets_where_the_tables_do_not_send_them_are_told_with_their_path():
    strayed = packets("west-kun", "kun-mandalay", "mandalay-mumbai", arrived=0)
    said = why(assert_never_transits, demand(live=Imagined((strayed,))), "IN")
    assert said.splitlines() == [
        'general from west to karachi: "never transits IN" does not hold',
        "  judged   by packets, in a guest",
        "  because  mumbai is in IN",
        "  path     west CN > kun CN > mandalay MM > mumbai IN",
        "  dead     nothing",
        "  packets  10 sent, 0 arrived; 10.0.0.1 (west) to 10.0.0.8 (karachi), udp",
        "  permit   P, which cites no law",
    ]
    assert "mandalay is in MM" in why(
        assert_stays_within, demand(live=Imagined((strayed,))), "CN", "PK", "IN"
    )


def test_packets_under_a_failure_count_as_much():
    strayed = packets(*BY_INDIA, failed=("link:west-kash",))
    said = why(assert_never_transits, demand(live=Imagined((strayed,))), "IN")
    assert "  dead     link:west-kash" in said


def test_packets_of_which_none_arrives_show_nothing():
    said = why(assert_never_transits, demand(live=Imagined(others=packets(arrived=0))), "IN")
    assert '"never transits IN" does not hold' in said
    assert "0 of 10 packets arrived, and by the tables all do" in said


def test_a_gateway_is_passed_only_if_it_let_packets_pass():
    said = why(
        assert_passes, gated(Imagined(others=packets(*BY_INDIA))), "gateways", before="border"
    )
    assert "judged   by packets" in said
    assert "the path is outside CN at mandalay before an international gateway" in said
    passed = Imagined(others=packets(*BY_INDIA, gateways=["kun"]))
    said = why(assert_never_transits, demand(live=passed), "MM")
    assert "  path     west CN > kun (gateway) = kun CN > mandalay MM" in said


def test_a_hub_is_passed_only_by_packets_that_come_to_it():
    elsewhere = Imagined(others=packets("west-coast", "coast-karachi"))
    said = why(assert_passes, demand(live=elsewhere), "kash")
    assert "karachi is reached before hub kash" in said


def test_tables_are_at_fault_where_they_show_it():
    rules = {"avoid": {"operated_by": "SCO", "unknown_operator": "accept"}}
    by_india = demand(permit(hard=rules), live=None)
    said = why(assert_never_transits, demand(live=Imagined(served_as=by_india)), "IN")
    assert said.splitlines()[1] == "  judged   by the tables that switches hold, in a guest"
    assert "  path     west CN > kun CN > mandalay MM > mumbai IN" in said


def test_without_a_network_that_runs_nobody_is_named_as_judge():
    assert "judged" not in why(assert_never_transits, demand(live=None), "PK")


def test_packets_that_do_not_arrive_are_told_with_where_they_were_last_seen():
    lost = packets("west-kash", arrived=3, failed=("link:west-kun",))
    live = Imagined((lost,), more={"dropped": {"DROP_X": 7}})
    said = why(assert_delivers_under, demand(live=live), "link:west-kun")
    assert "3 of 10 packets arrived, and by the tables all do; dropped at west: 7 DROP_X" in said
    assert "  path     west CN > kash CN\n" in said
    assert "  dead     link:west-kun" in said
    said = why(assert_within, demand(live=Imagined(others=packets(arrived=9))), "12ms")
    assert "9 of 10 packets arrived" in said


def test_failures_are_the_same_however_they_are_written():
    live = Imagined()
    results = demand(live=live, k=2)
    assert_delivers_under(results, ["link:west-kun", "corridor:karakoram", "link:west-kun"])
    assert live.asked == [("link:west-kun", "srlg:corridor:karakoram")]


def test_each_single_failure_is_tried_and_must_be_borne():
    lost = packets("west-kash", arrived=0, failed=("link:kash-gilgit",))
    live = Imagined((lost,))
    said = why(assert_delivers_up_to, demand(live=live, k=1), k=1, over=["link"])
    assert '"delivers under any 1 failure" does not hold' in said
    assert "  dead     link:kash-gilgit" in said
    assert set(live.asked) == {(), *((f"link:{name}",) for name in BY_KASH)}


def test_what_arrives_late_is_late():
    slow = demand(live=Imagined(others=packets(*BY_KASH, ms=14)))
    assert "the fastest packet took 14ms" in why(assert_within, slow, "12ms")
    assert_within(slow, "13ms")
    under = packets(*BY_KASH, ms=40, failed=("link:west-kash",))
    said = why(assert_within, demand(live=Imagined((under,)), k=1), "31ms", up_to=1, over=["link"])
    assert "the fastest packet took 40ms" in said
    assert "dead     link:west-kash" in said


def test_blocked_packets_are_sent_stay_and_are_counted():
    counted = {"dropped": {"DROP_BLOCKED": 10}}
    none = packets(arrived=0)

    def blocked(others, more):
        return demand(permit(), deny("NO"), live=Imagined(others=others, more=more))

    assert_blocked(blocked(none, counted), by="NO")
    said = why(assert_blocked, blocked(packets("west-kash", arrived=0), counted))
    assert "10 of 10 packets left west" in said
    assert "10 of 10 packets arrived" in why(assert_blocked, blocked(packets(), counted))
    said = why(assert_blocked, blocked(none, {"dropped": {"DROP_BLOCKED": 9, "DROP_X": 1}}))
    assert "west counts 9 packets as blocked" in said


@pytest.mark.parametrize(
    ("assertion", "arguments"),
    [
        (assert_never_transits, ["IN"]),
        (assert_delivers_under, []),
        (assert_delivers_up_to, [0]),
        (assert_within, ["12ms"]),
    ],
)
def test_nothing_holds_where_something_is_amiss(assertion, arguments):
    odd = Imagined(more={"amiss": ("3 frames without a demand on west-kun",)})
    said = why(assertion, demand(live=odd), *arguments)
    assert "judged   by packets" in said
    assert "  because  3 frames without a demand on west-kun" in said
    refused = Imagined(more={"refused": "nothing is sent: the tables in the switches violate C0"})
    said = why(assertion, demand(live=refused), *arguments)
    assert "judged   by the tables that switches hold" in said
    assert "  because  nothing is sent: the tables in the switches violate C0" in said


def test_what_fails_is_what_the_path_meets_but_for_its_ends():
    tried = demand(live=None, k=1).trials(EACH_ONCE)
    assert tried[0] == ()
    assert {one for (one,) in tried[1:]} == {
        *(f"link:{name}" for name in BY_KASH),
        "srlg:corridor:karakoram",
        "hub:kash",
        "hub:gilgit",
    }
    assert ("gateway:kun",) in gated(None).trials(EACH_ONCE)


def test_of_sets_of_two_one_is_tried_for_each_other_way():
    calm = demand(live=None, k=2)
    wider = calm.trials(Protection(2, ("link",)))
    pairs = [one for one in wider if len(one) == 2]
    assert pairs
    assert all(calm.outcome(one).fibres != calm.outcome().fibres for one in pairs)
    assert calm.trials(Protection(0)) == ((),)
    assert demand(permit(), deny("NO"), live=None).trials(EACH_ONCE) == ((),)


def told(*steps):
    seen = Packets((), 10, 10, 1, tuple(Crossing(*step, 10) for step in steps), frozenset())
    return ["-".join(path.hubs) for path in paths_taken(seen, "west", corridor())]


def test_a_path_may_come_back_by_a_fibre():
    steps = [("west-kun", "west", 1), ("west-kun", "kun", 2), ("west-kash", "west", 3)]
    assert told(*steps) == ["west-kun-west-kash"]


def test_ways_part_where_packets_were_sent_two_ways():
    steps = [("west-kash", "west", 1), ("kash-gilgit", "kash", 1), ("west-kun", "west", 2)]
    assert told(*steps) == ["west-kash-gilgit", "west-kun"]
    steps = [("west-kun", "west", 1), ("kun-mandalay", "kun", 2), ("west-kun", "kun", 3)]
    assert told(*steps) == ["west-kun-mandalay", "west-kun-west"]


def test_what_nothing_leads_to_is_a_path_of_its_own():
    assert told() == ["west"]
    assert told(("mandalay-mumbai", "mandalay", 1)) == ["west", "mandalay-mumbai"]


def test_a_failure_that_nothing_has_is_an_error():
    with pytest.raises(InputError):
        assert_delivers_under(demand(live=Imagined()), "link:west-kush")
