"""The exact search on networks small enough to see what must come out."""

from __future__ import annotations

from dataclasses import replace

import pytest

import exact_lab as lab
from corridor.controller.forwarding.program import FastFailover, Flow, Meter, Reason, output
from corridor.controller.intent.intent import Intent, Protection, Selector
from corridor.controller.policy.semantics import Failures
from corridor.controller.prover.exact_claims import ExactReport, examine, predict
from corridor.controller.prover.exact_decisions import End
from corridor.controller.prover.exact_outcomes import Outcome, Searched
from corridor.controller.prover.exact_rates import uses
from corridor.controller.prover.exact_search import Explorer
from corridor.controller.prover.search.tables import tables_of
from policy_lab import applicable_policies, demand, fibre, hub, network, permit

LINKS = Protection(1, ("link",))


def diamond(**srlgs: tuple[str, ...]):
    """a to d by b in 2 ms, or by c in 10 ms."""
    delays = {"a-b": 1, "b-d": 1, "a-c": 5, "c-d": 5}
    fibres = [
        fibre(name, delay, srlgs=srlgs.get(name.replace("-", "_"), ()))
        for name, delay in delays.items()
    ]
    return network([hub(name, "CN") for name in "abcd"], fibres)


def asking(topology, *rules, protection=LINKS, src="a", dst="d", **more) -> Intent:
    about = demand("general", src, dst)
    return Intent(
        applicable_policies(*(rules or (permit(),)), about=about, on=topology),
        protection=protection,
        **more,
    )


def explorer_of(laid: lab.Laid) -> Explorer:
    return Explorer(tables_of(laid.program), laid.wiring, laid.topology)


def search(topology, *rules, **more) -> Searched:
    laid = lab.lay(topology, [asking(topology, *rules, **more)])
    return explorer_of(laid).search(laid.intents[0])


def report_on(laid: lab.Laid, *intents: Intent, within: Protection | None = None) -> ExactReport:
    intents = intents or laid.intents
    known = lab.failures_named(laid.known)
    return examine(tables_of(laid.program), laid.wiring, laid.topology, intents, within, known)


def broken(report: ExactReport) -> list[str]:
    return [claim for claim, found in report.breaches.items() if found]


def told(outcome: Outcome) -> tuple[str, str, list[tuple[str, str]], list[list[str]]]:
    dead = [(watch.hub, watch.thing) for watch in outcome.dead]
    return (" ".join(outcome.hubs), outcome.end.name, dead, [sorted(s) for s in outcome.explained])


def test_each_outcome_is_what_one_set_of_sights_leads_to():
    outcomes = search(diamond()).outcomes
    assert {told(one)[0]: told(one)[1:] for one in outcomes} == {
        "a b d": ("DELIVERED", [], [[]]),
        "a c d": ("DELIVERED", [("a", "a-b")], [["link:a-b"]]),
        "a b a c d": ("DELIVERED", [("b", "b-d")], [["link:b-d"]]),
    }


def test_outcomes_say_what_was_seen_and_how_long_it_took():
    detour = next(one for one in search(diamond()).outcomes if one.hubs == tuple("abacd"))
    assert detour.fibres == ("a-b", "a-b", "a-c", "c-d")
    assert [watch.thing for watch in detour.alive] == ["a-b", "a-b", "a-c", "c-d"]
    assert detour.one_way_ns == 12_000_000
    assert detour.gateways == ()
    assert detour.hub == "d"


def test_a_hub_that_is_dead_is_seen_as_dead_fibres():
    outcomes = search(diamond(), protection=Protection(1, ("hub",))).outcomes
    assert [told(one) for one in outcomes] == [
        ("a b d", "DELIVERED", [], [[]]),
        ("a b", "NO_PATH", [("b", "b-d")], [["hub:d"]]),
        ("a c d", "DELIVERED", [("a", "a-b")], [["hub:b"]]),
    ]


def test_a_group_that_was_crossed_has_not_failed():
    both = diamond(a_b=("s",), b_d=("s",))
    outcomes = search(both, protection=Protection(1, ("srlg", "link"))).outcomes
    causes = {" ".join(one.hubs): told(one)[3] for one in outcomes}
    assert causes == {
        "a b d": [[]],
        "a c d": [["link:a-b"], ["srlg:s"]],
        "a b a c d": [["link:b-d"]],
    }


def test_one_failure_explains_two_that_fail_together():
    shared = diamond(a_b=("s",), a_c=("s",))
    found = search(shared, protection=Protection(1, ("link", "srlg")))
    lost = [told(one) for one in found.outcomes if not one.delivered]
    assert lost == [("a", "NO_PATH", [("a", "a-b"), ("a", "a-c")], [["srlg:s"]])]
    twice = search(shared, protection=Protection(2, ("link", "srlg")))
    lost = [told(one)[3] for one in twice.outcomes if one.hubs == ("a",)]
    assert lost == [[["srlg:s"], ["link:a-b", "link:a-c"]]]


def gated():
    """a to the coast by either of two gateways, and abroad to d."""
    return network(
        [
            hub("a", "CN"),
            hub("g", "CN", intl_gateway=True),
            hub("h", "CN", intl_gateway=True),
            hub("d", "PK"),
        ],
        [fibre("a-g", 1), fibre("a-h", 2), fibre("g-h", 1), fibre("g-d", 3), fibre("h-d", 3)],
    )


GATE = permit(hard={"waypoints": [{"any_of": "gateways", "before": "border", "then": "SEEN"}]})


def test_a_gateway_that_is_dead_is_found_dead_at_its_hub_and_another_is_passed():
    found = search(gated(), GATE, protection=Protection(1, ("gateway",)))
    intact, detour = found.outcomes
    assert (intact.hubs, intact.gateways) == (("a", "g", "d"), ("g",))
    assert (detour.hubs, detour.gateways) == (("a", "g", "h", "d"), ("h",))
    assert told(detour)[2:] == ([("g", "gateway:g")], [["gateway:g"]])
    assert intact.states == detour.states == ((1,),)


def test_both_gateways_dead_leave_no_lawful_path_and_packets_are_dropped_at_home():
    laid = lab.lay(gated(), [asking(gated(), GATE, protection=Protection(2, ("gateway",)))])
    report = report_on(laid)
    assert report.holds
    lost = [one for one in report.searched[0].outcomes if not one.delivered]
    assert [(one.hub, sorted(one.explained[0])) for one in lost] == [
        ("h", ["gateway:g", "gateway:h"])
    ]
    assert report.stranded == ()


def test_without_a_gateway_on_the_wire_its_port_is_dead():
    laid = lab.lay(gated(), [asking(gated(), GATE, protection=Protection(0))])
    bare = replace(laid.wiring, hubs=tuple(replace(one, gateway=None) for one in laid.wiring.hubs))
    report = report_on(replace(laid, wiring=bare))
    assert broken(report) == ["C9"]


def budgeted(milliseconds: int):
    return permit(hard={"max_one_way": f"{milliseconds}ms"})


def test_packets_that_have_come_too_far_need_the_controller():
    laid = lab.lay(diamond(), [asking(diamond(), budgeted(10))])
    report = report_on(laid)
    assert report.holds
    assert [(sorted(one.failures), one.outcome.hub, one.permit) for one in report.stranded] == [
        (["link:b-d"], "b", "P")
    ]


NEAR = permit("NEAR", hard={"avoid": {"crosses": ["PK"]}}, preference=1)


def two_fibres():
    return network(
        [hub(name, "CN") for name in "ad"], [fibre("a-d", 1), fibre("a-d.2", 2, crosses=("PK",))]
    )


def test_packets_that_another_permit_can_save_go_on_under_it():
    laid = lab.lay(two_fibres(), [asking(two_fibres(), NEAR, permit("FAR"))])
    report = report_on(laid)
    assert report.holds
    assert [(one.fibres, one.delivered) for one in report.searched[0].outcomes] == [
        (("a-d",), True),
        (("a-d.2",), True),
    ]
    assert report.stranded == ()


def test_a_drop_that_another_permit_would_spare_is_needless():
    laid = lab.lay(two_fibres(), [asking(two_fibres(), NEAR, permit("FAR"))])
    (group,) = lab.switch_of(laid, "a").groups
    shorter = FastFailover(group.id, group.buckets[:1])
    report = report_on(lab.respelt(laid, "a", groups=(shorter,)))
    assert broken(report) == ["C9"]
    (breach,) = report.breaches["C9"]
    assert breach.said == (
        "packets of demand come by a and are lost when link:a-d fails, though a - d is left"
    )


def test_a_detour_by_another_permit_passes_the_gateway_where_the_packet_is():
    hubs = [hub("a", "CN", intl_gateway=True), hub("b", "CN"), hub("c", "PK"), hub("d", "CN")]
    fibres = [fibre("a-b", 1), fibre("b-d", 1), fibre("a-c", 3), fibre("c-d", 3)]
    topology = network(hubs, fibres)
    first = permit("FIRST", hard={"confine": "CN"}, preference=1)
    second = permit("SECOND", hard={"waypoints": [{"any_of": "gateways", "before": "border"}]})
    report = report_on(lab.lay(topology, [asking(topology, first, second)]))
    assert report.holds
    gone = {one.hubs: one.gateways for one in report.searched[0].outcomes if one.delivered}
    assert gone == {("a", "b", "d"): (), ("a", "c", "d"): ("a",), ("a", "b", "a", "c", "d"): ("a",)}


def test_packets_that_have_passed_what_the_other_permit_forbids_need_the_controller():
    hubs = [hub("a", "CN"), hub("b", "HK"), hub("c", "PK"), hub("d", "CN")]
    fibres = [fibre("a-b", 1), fibre("b-d", 1), fibre("b-c", 1), fibre("a-c", 3), fibre("c-d", 3)]
    topology = network(hubs, fibres)
    first = permit("FIRST", hard={"avoid": {"located_in": ["PK"]}}, preference=1)
    second = permit("SECOND", hard={"avoid": {"located_in": ["HK"]}})
    report = report_on(lab.lay(topology, [asking(topology, first, second)]))
    assert report.holds
    assert [(sorted(one.failures), one.outcome.hub, one.permit) for one in report.stranded] == [
        (["link:b-d"], "b", "SECOND")
    ]


def test_a_lost_bucket_is_a_needless_drop():
    laid = lab.lay(diamond(), [asking(diamond())])
    (group,) = lab.switch_of(laid, "b").groups
    shorter = FastFailover(group.id, group.buckets[:1])
    report = report_on(lab.respelt(laid, "b", groups=(shorter,)))
    assert broken(report) == ["C9"]
    (breach,) = report.breaches["C9"]
    assert breach.hub == "b"
    assert breach.said == (
        "packets of demand come by a - b and are lost when link:b-d fails, "
        "though b - a - c - d is left"
    )
    assert breach.entry is not None


def test_beyond_the_protection_in_effect_a_drop_breaks_no_claim():
    laid = lab.lay(diamond(), [asking(diamond(), protection=Protection(0))])
    assert report_on(laid).holds
    report = report_on(laid, within=LINKS)
    assert report.holds
    assert sorted(sorted(one.failures)[0] for one in report.stranded) == ["link:a-b", "link:b-d"]
    (asked,) = laid.intents
    assert broken(report_on(laid, replace(asked, protection=LINKS))) == ["C9"]


def test_what_is_known_to_have_failed_counts_for_nothing():
    laid = lab.lay(diamond(), [asking(diamond())], ["link:a-b"])
    report = report_on(laid)
    assert report.holds
    assert [(*told(one)[:2], told(one)[3]) for one in report.searched[0].outcomes] == [
        ("a c d", "DELIVERED", [["link:a-b"]]),
        ("a c", "NO_PATH", [["link:a-b", "link:c-d"]]),
        ("a", "NO_PATH", [["link:a-b", "link:a-c"]]),
    ]
    assert broken(report_on(replace(laid, known=frozenset()))) == ["C9"]


def test_a_source_that_is_known_to_be_dead_sends_nothing():
    laid = lab.lay(diamond(), [asking(diamond())], ["hub:a"])
    report = report_on(laid)
    assert report.holds
    assert [one.end for one in report.searched[0].outcomes] == [End.UNSENT]


def test_the_permit_in_use_may_ask_for_more_protection():
    soft = {"protect": {"k": 1, "over": ["link"]}}
    found = search(diamond(), permit(soft=soft), protection=Protection(0))
    assert found.promised == found.within == LINKS
    assert len(found.outcomes) == 3


def test_a_plain_output_over_a_dead_port_is_a_drop():
    laid = lab.lay(diamond(), [asking(diamond(), protection=Protection(0))])
    found = explorer_of(laid).search(laid.intents[0], LINKS)
    assert [told(one) for one in found.outcomes] == [
        ("a b d", "DELIVERED", [], [[]]),
        ("a b", "NO_PATH", [("b", "b-d")], [["link:b-d"]]),
        ("a", "NO_PATH", [("a", "a-b")], [["link:a-b"]]),
    ]


def test_a_path_that_no_permit_allows_is_a_breach():
    laid = lab.lay(diamond(), [asking(diamond())])
    stricter = permit(hard={"waypoints": [{"any_of": "gateways"}]})
    assert broken(report_on(laid, asking(diamond(), stricter))) == ["C10"]


def test_a_path_that_takes_too_long_is_a_breach():
    laid = lab.lay(diamond(), [asking(diamond())])
    report = report_on(laid, asking(diamond(), budgeted(11)))
    assert broken(report) == ["C11"]
    (breach,) = report.breaches["C11"]
    assert "a - b - a - c - d when link:b-d fails after 12ms" in breach.said


def test_the_slowest_is_told_with_its_cause():
    (slowest,) = report_on(lab.lay(diamond(), [asking(diamond())])).slowest
    assert (slowest.one_way_ns, slowest.intact_ns) == (12_000_000, 2_000_000)
    assert slowest.failures == {"link:b-d"}


def test_packets_that_go_round_are_dropped_once_their_hops_are_spent():
    topology = diamond()
    laid = lab.lay(topology, [asking(topology, protection=Protection(0))])
    turned = [
        replace(flow, actions=tuple(back if one.kind == "output" else one for one in flow.actions))
        for flow in lab.switch_of(laid, "b").flows
        for back in (output(99),)
    ]
    report = report_on(lab.respelt(laid, "b", flows=tuple(turned)))
    assert [one.end for one in report.searched[0].outcomes] == [End.UNPLUGGED]
    assert broken(report) == ["C9"]


def test_delivery_to_another_host_is_a_breach():
    topology = diamond()
    laid = lab.lay(topology, [asking(topology, dst="b"), asking(topology)])
    other = asking(topology)
    same = replace(laid, intents=(other,))
    switch = lab.switch_of(same, "b")
    strayed = tuple(_ending_here(flow, switch.flows) for flow in switch.flows)
    report = report_on(lab.respelt(same, "b", flows=strayed), other)
    assert "C10" in broken(report)


def _ending_here(flow: Flow, flows: tuple[Flow, ...]) -> Flow:
    """Pop and deliver, whatever it did."""
    ending = next(one for one in flows if any(a.kind == "pop_label" for a in one.actions))
    labelled = any(name == "mpls_label" for name, _ in flow.match)
    return replace(flow, actions=ending.actions) if labelled else flow


def test_a_blocked_demand_is_dropped_by_its_entry():
    found = search(diamond(), permit(hard={"waypoints": [{"any_of": "gateways"}]}))
    (only,) = found.outcomes
    assert (found.permit, only.end, only.hub) == (None, End.REFUSED, "a")
    assert only.entry is not None
    assert only.entry.reason.name == "DROP_BLOCKED"


def test_any_failures_are_predicted_and_a_dead_source_sends_nothing():
    laid = lab.lay(diamond(), [asking(diamond())])
    explorer = explorer_of(laid)

    def end(**failed: str) -> tuple[End, int]:
        failures = Failures(**{kind: frozenset(names.split()) for kind, names in failed.items()})
        (outcome,) = predict(explorer, laid.intents, failures).values()
        return outcome.end, outcome.one_way_ns

    assert end() == (End.DELIVERED, 2_000_000)
    assert end(links="a-b c-d") == (End.NO_PATH, 5_000_000)
    assert end(hubs="b") == (End.DELIVERED, 10_000_000)
    assert end(hubs="a") == (End.UNSENT, 0)


def test_packets_of_one_intent_must_be_treated_alike():
    by_port = tuple(Selector("udp", dst_port=port) for port in (5000, 5001))
    laid = lab.lay(diamond(), [asking(diamond(), selectors=by_port)])
    assert report_on(laid).holds
    switch = lab.switch_of(laid, "a")
    kept = tuple(flow for flow in switch.flows if ("udp_dst", 5001) not in flow.match)
    assert broken(report_on(lab.respelt(laid, "a", flows=kept))) == ["C9"]


# Rates.

FAST = permit(soft={"bandwidth": {"cir": "20Mbit", "pir": "40Mbit"}})


def test_uses_say_where_rates_go_and_when():
    laid = lab.lay(diamond(), [asking(diamond(), FAST)])
    explorer = explorer_of(laid)
    found = explorer.search(laid.intents[0])
    by_links = {use.links: use for use in uses(explorer, [found], LINKS)}
    detour = by_links[("a-b", "a"), ("a-b", "b"), ("a-c", "a"), ("c-d", "c")]
    assert (detour.demand, detour.cir_bps, detour.down) == ("demand", 20_000_000, {"b-d"})
    assert set(by_links) == {
        (("a-b", "a"), ("b-d", "b")),
        (("a-c", "a"), ("c-d", "c")),
        detour.links,
    }


def test_uses_name_the_gateways_passed():
    fast = GATE.model_copy(update={"soft": FAST.soft})
    protection = Protection(1, ("gateway",))
    laid = lab.lay(gated(), [asking(gated(), fast, protection=protection)])
    explorer = explorer_of(laid)
    intact, detour = uses(explorer, [explorer.search(laid.intents[0])], protection)
    assert (intact.up, intact.down) == ({"gateway:g"}, set())
    assert (detour.up, detour.down) == ({"gateway:h"}, {"gateway:g"})


def test_rates_that_do_not_fit_under_failures_are_a_breach():
    narrow = diamond()
    scaling = narrow.scaling.model_copy(update={"max_rate_bps": 20_000_000})
    narrow = narrow.model_copy(update={"scaling": scaling})
    laid = lab.lay(narrow, [asking(narrow, FAST)])
    assert report_on(laid).holds
    others = [
        replace(
            laid.intents[0], applicable_policies=applicable_policies(FAST, about=about, on=narrow)
        )
        for about in (
            demand("general", "a", "d"),
            demand("general", "a", "c").model_copy(update={"id": "near"}),
        )
    ]
    report = report_on(lab.lay(narrow, others))
    assert broken(report) == ["C12"]
    assert "when link:a-c fails" in report.breaches["C12"][0].said


@pytest.mark.parametrize(
    ("meters", "said"),
    [
        ((), "held to nothing"),
        ((Meter(1, 20_000, 1000),), "held to 20Mbit instead of 40Mbit"),
        ((Meter(1, 40_000, 400_000),), "let through 400000 kbit at once instead of 4000 kbit"),
        ((Meter(1, 40_000, 1),), "let through 1 kbit at once instead of 4000 kbit"),
    ],
)
def test_guaranteed_demands_need_a_meter_of_their_rate_and_burst(meters, said):
    laid = lab.lay(diamond(), [asking(diamond(), FAST)])
    report = report_on(lab.respelt(laid, "a", meters=meters))
    assert broken(report) == ["C12"]
    assert said in report.breaches["C12"][0].said


def test_what_is_promised_nothing_is_held_to_nothing():
    laid = lab.lay(diamond(), [asking(diamond(), permit("FREE"))])
    assert report_on(laid).holds
    switch = lab.switch_of(laid, "a")
    metered = tuple(
        replace(flow, meter=1) if flow.reason is Reason.LABEL else flow for flow in switch.flows
    )
    report = report_on(lab.respelt(laid, "a", flows=metered, meters=(Meter(1, 777, 77),)))
    assert [breach.said for breach in report.breaches["C12"]] == [
        "packets of demand are held to 777kbit, and nothing is promised to them"
    ]


def test_a_meter_is_for_one_demand():
    topology = diamond()
    other = replace(
        asking(topology, FAST),
        applicable_policies=applicable_policies(
            FAST,
            about=demand("general", "a", "c").model_copy(update={"id": "near"}),
            on=topology,
        ),
    )
    laid = lab.lay(topology, [asking(topology, FAST), other])
    assert report_on(laid).holds
    switch = lab.switch_of(laid, "a")
    shared = tuple(replace(flow, meter=1) if flow.meter else flow for flow in switch.flows)
    report = report_on(lab.respelt(laid, "a", flows=shared))
    assert [breach.said for breach in report.breaches["C12"]] == [
        "packets of near and demand share meter 1"
    ]
