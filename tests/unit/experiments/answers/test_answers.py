"""What a scenario comes to before anything is measured, and the sentences that tell it."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from corridor.controller.explain.path_summary import passage_of_graph, passage_of_route
from corridor.controller.forwarding.compiler import build_forwarding_graphs
from corridor.controller.policy.permitted_paths import NoPermittedPath, best_permitted_path
from corridor.experiments.account.proof_document import ProofDocument
from corridor.experiments.answers.certainty import certainties
from corridor.experiments.answers.document import Answers, document
from corridor.experiments.answers.gathering import gather
from corridor.experiments.scenario.intents import intents_for
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.text.demand_table import short_table, undisturbed_rtt_ms
from corridor.experiments.text.run_text import sentences_below
from corridor.experiments.text.verdict import (
    REASONS,
    blocking_cause,
    cost_sentence,
    foreseen,
    holds,
    permitted,
    verdict,
)
from corridor.topologies.analysis.monte_carlo import draw
from corridor.topologies.base.opinion import OpinionEntry
from corridor.topologies.base.words import percent
from corridor.topologies.model.delay_model import shipped_model
from typed_summary import made, typed


@cache
def answers(scenario: str, policies: str | None = None) -> Answers:
    loaded = load_scenario(scenario, policies=policies)
    return document(gather(loaded, shipped_model()), "")


def demand(of: Answers, name: str) -> Any:
    return next(one for one in of.demands if one.id == name)


def hit(name: str, **more: Any) -> Any:
    plain = {"demand": name, "expected": True, "lost": 1, "out_ms": 0.0, "over_ms": 0.0}
    plain |= {"rtt_before_ms": 100.0, "rtt_then_ms": 100.0, "path_then": ["a", "b"], "share": 1.0}
    return plain | more


def event(name: str, kind: str, what: str, *hits: Any) -> Any:
    return {
        "id": name,
        "kind": kind,
        "what": what,
        "at_ms": 2000.0,
        "until_ms": 3000.0,
        "options": {},
        "back_ms": None,
        "refused": None,
        "hits": list(hits),
    }


def summary(of: Answers, *events: Any, **more: Any) -> Any:
    plain: dict[str, Any] = {"complete": True, "invalid": None, "failure": None}
    plain["demands"] = [
        {"id": one.id, "predicted_rtt_ms": 10.0, "rtt_ms": {"p50": 10.0}, "lost": 0, "sent": 5}
        for one in of.demands
    ]
    return typed(plain | {"events": list(events)} | more)


PROVEN = {"verdicts": [{"claim": f"C{number}", "status": "proven"} for number in range(18)]}
PROOF = made(ProofDocument, {"holds": True, "proofs": {"before": PROVEN, "after": PROVEN}})


def test_the_reference_says_who_may_go_and_why_the_others_may_not() -> None:
    said = foreseen(answers("reference"))
    assert said.question == (
        "62 demands between 56 hubs, policy set pan-asia (law of CN, HK, PK, SA and TH) as of "
        "2026-11-24."
    )
    assert said.answers[0] == (
        "54 demands are permitted and 1 is served although policy set pan-asia does not cover it. "
        "7 demands are blocked: 3 by law (CN-NO-BASIS, SA-NO-BASIS and TH-NO-BASIS), 1 by an "
        "uncertain legal text (SA-GOVERNMENT), 1 by our interpretation (PK-PUBLIC-SECTOR) and 2 "
        "because no permit matches. If only confident rules apply, 5 of them are blocked."
    )


def test_the_price_names_the_demand_the_clause_and_how_sure_both_are() -> None:
    said = foreseen(answers("reference")).answers[1]
    assert re.fullmatch(
        r"Compliance adds a median of 0 ms and a maximum of 16\.4 ms to the RTT\. The maximum is "
        r"that of ckpt-zhongwei-jeddah, because of CN-ASSESSED-AT-GATEWAY \(our assumption\); "
        r"uncertain fibre lengths make it \d+-\d+ ms \(90 % interval, median [\d.]+ ms\)\. 2 "
        r"demands have a higher RTT; under confident rules alone, none has\.",
        said,
    )


def test_a_law_that_was_lifted_is_told_as_it_was_measured() -> None:
    of = answers("reference")
    then = hit("ckpt-zhongwei-jeddah", rtt_before_ms=138.56, rtt_then_ms=122.15)
    run = summary(of, event("law-lifted", "policies", "none", then))
    assert " (16.4 ms emulated) to the RTT. " in verdict(of, run, PROOF).answers[1]
    other = summary(of, event("other-law", "policies", "th", then))
    assert "emulated" not in verdict(of, other, PROOF).answers[1]


def test_confident_rules_that_raise_the_rtt_or_cost_a_backup_path_are_told() -> None:
    of = answers("reference")
    dear = next(one for one in of.demands if one.id == "ckpt-zhongwei-jeddah")
    alone = replace(of, demands=(replace(dear, certain_extra_ms=12.0),))
    assert "1 demand has a higher RTT; confident rules alone add 12.0 ms to it." in cost_sentence(
        alone, None
    )
    both = replace(of, demands=(*alone.demands, replace(dear, id="other", certain_extra_ms=9.0)))
    assert (
        "2 demands have a higher RTT; confident rules alone add up to 12.0 ms to them."
    ) in cost_sentence(both, None)
    causes = (replace(dear.causes[0], costs="no way around"),)
    lost = replace(dear, extra_ms=0.0, causes=causes, lost_protection=("link:one",))
    assert cost_sentence(replace(of, demands=(lost,)), None) == (
        "Compliance adds no delay to the served demand. 1 demand lost a backup path because of "
        "CN-ASSESSED-AT-GATEWAY (our assumption)."
    )


def test_what_blocks_demands_is_told_in_the_number_of_its_rules() -> None:
    of = answers("reference")
    blocked = [one for one in of.demands if one.kept_back]
    uncertain = next(one for one in blocked if not one.kept_back_by_certain_rules)
    assert permitted(replace(of, demands=(uncertain,))).endswith(
        "If only confident rules apply, it is not blocked."
    )
    twice = replace(of, demands=(uncertain, replace(uncertain, id="other")))
    assert re.fullmatch(
        r"0 demands are permitted\. 2 demands are blocked by [a-z ]+ \([A-Z-]+\)\. If only "
        r"confident rules apply, none of them is blocked\.",
        permitted(twice),
    )
    (cause, *_) = uncertain.causes
    other = replace(uncertain, id="other", causes=(replace(cause, policy="OTHER"),))
    nothing = replace(uncertain, id="nothing", causes=())
    said = permitted(replace(of, demands=(uncertain, other, nothing)))
    assert f"2 by {REASONS[cause.basis][1].removeprefix('by ')} (" in said
    assert "and OTHER) and 1 because no path is permitted." in said


def test_what_no_rule_is_of_is_never_said_to_be_lawful() -> None:
    assert foreseen(answers("mini", "pan-asia")).answers[0] == (
        "0 demands are permitted and 6 are served although policy set pan-asia does not cover them."
    )
    assert foreseen(answers("sovereignty", "th")).answers[0] == (
        "4 demands are permitted and 57 are served although policy set th does not cover them. 1 "
        "demand is blocked by law (TH-NO-BASIS). If only confident rules apply, it is blocked."
    )


def test_without_policies_nothing_is_said_of_law() -> None:
    said = foreseen(answers("mini"))
    assert said.question == "6 demands between 5 hubs, no policy set."
    assert said.answers[0] == (
        "All 6 demands are served. No policy set is active, so nothing was checked for compliance."
    )
    assert not any(one.startswith("Compliance") for one in said.answers)


def test_the_worst_cuts_are_the_one_that_moves_most_and_the_one_that_closes_most() -> None:
    assert (
        "Worst single cut: the Karakoram corridor (corridor:karakoram). It reroutes 16 demands and "
        "adds up to 146 ms to their " in (said := foreseen(answers("reference")).answers[2])
    )
    end = "A cut of fibre karachi-gwadar disconnects science-gwadar-lanzhou (no permitted path)."
    assert said.endswith(end)
    assert foreseen(answers("mini")).answers[1].endswith("No single cut disconnects a demand.")


def test_the_worst_event_is_the_one_that_leaves_demands_without_a_path() -> None:
    of = answers("mini")
    long = event("long", "cut", "one", hit("a", out_ms=900.0))
    down = event("down", "group", "two", hit("b", out_ms=40.0, rtt_then_ms=None, lost=7))
    said = verdict(of, summary(of, long, down), PROOF).answers
    assert (
        "Worst event: down (the cut of group two) at 2 s affected 1 demand; "
        "disconnected until the repair: b. 7 probes were lost."
    ) in said
    slow = event("cut-one", "cut", "one", hit("a", rtt_then_ms=140.0, out_ms=20.0))
    assert (
        "Worst event: the cut of fibre one at 2 s affected 1 demand and interrupted 1 of them for "
        "up to 20.0 ms. RTT rose by up to 40.0 ms. 1 probe was lost."
    ) in verdict(of, summary(of, slow), PROOF).answers
    detour = event("cut-one", "cut", "one", hit("a", rtt_then_ms=140.0, rtt_at_once_ms=161.5))
    assert (
        "RTT was up to 61.5 ms higher on the backup paths of the switches, and up to 40.0 ms "
        "higher on the new paths of the controller. 1 probe was lost."
    ) in " ".join(verdict(of, summary(of, detour), PROOF).answers)


def test_the_worst_event_states_when_rtts_were_stable_again() -> None:
    of = answers("mini")
    sentences_below = {
        (180.0, 240.0): "within 240 ms for all affected demands",
        (180.0, None): "within 180 ms for 1 of 2 affected demands",
    }
    for times, text in sentences_below.items():
        hits = [hit(name, settled_ms=one) for name, one in zip("ab", times, strict=True)]
        said = verdict(of, summary(of, event("dig", "cut", "one", *hits)), PROOF).answers
        assert any(f"RTT was stable again {text}. 2 probes were lost." in line for line in said)
    unchanged = summary(of, event("dig", "cut", "one", hit("a", settled_ms=0.0)))
    assert "stable" not in " ".join(verdict(of, unchanged, PROOF).answers)


def test_what_queues_took_while_an_event_lasted_is_told_apart_and_is_no_outage() -> None:
    of = answers("mini")
    loaded = event("cut-one", "cut", "one", hit("a", out_ms=0.0, lost=1, lost_otherwise=12))
    said = verdict(of, summary(of, loaded), PROOF).answers
    assert (
        "Worst event: the cut of fibre one at 2 s affected 1 demand. 1 probe was lost, and 12 more "
        "in the same period (queue overflow or random loss)."
    ) in said
    loaded = event("cut-one", "cut", "one", hit("a", lost=0, lost_otherwise=12))
    assert (
        "Worst event: the cut of fibre one at 2 s affected 1 demand and caused no outage. 12 "
        "probes were lost in the same period (queue overflow or random loss)."
    ) in verdict(of, summary(of, loaded), PROOF).answers


def test_the_uncertainty_of_lengths_is_that_of_draws_summed_along_paths() -> None:
    """Demands of mini go and come back along the same fibres."""
    ensemble = draw(load_scenario("mini").topology)
    of = answers("mini")
    halves = []
    for one in of.demands:
        assert one.lawful is not None
        columns = [ensemble.numbers[fibre] for fibre in one.lawful.fibres]
        drawn = sorted(
            2 * sum(int(row[column]) for column in columns) for row in ensemble.delays_ns
        )
        low, middle, high = (_at(drawn, share) for share in (0.05, 0.5, 0.95))
        halves.append((high - low) / middle / 2)
    middle, worst = sorted(halves)[len(halves) // 2 - 1 : len(halves) // 2 + 1], max(halves)
    assert (
        "Uncertainty: fibre lengths and delay constants are not known exactly, so the RTT is "
        f"known to within {percent(sum(middle) / 2)} for the median demand and {percent(worst)} "
        "for the worst (half-width of the 90 % interval). Of 4 cross-border demands, 2 have a path "
        "through other jurisdictions that is nearly as short."
    ) == foreseen(of).answers[2]


def test_the_plan_names_the_same_cause_of_a_block_first_as_the_verdict() -> None:
    """A demand that a law forbids matches no permit either: both name the law, not the default."""
    of, loaded = answers("reference"), load_scenario("reference")
    blocked = {one.id: blocking_cause(one) for one in of.demands if one.kept_back}
    first = {}
    for intent in intents_for(loaded):
        path = best_permitted_path(intent.applicable_policies)
        if isinstance(path, NoPermittedPath) and intent.id in blocked:
            first[intent.id] = path.because[0].policy
    assert first == {name: cause and cause.policy for name, cause in blocked.items()}
    assert first["model-beijing-karachi"] == "CN-NO-BASIS"


def _at(ordered: list[int], share: float) -> float:
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def test_what_holds_is_what_was_proven_and_what_was_watched() -> None:
    of = answers("reference")
    seen: Any = {"frames": 3_534_725, "lost": 0, "forbidden": [], "strange": []}
    assert holds(of, summary(of, crossings=seen), PROOF) == (
        "Verified on the installed flow tables: 18 properties (under any failures, no packet "
        "leaves its permitted paths; with up to 2 failures of protected elements, packets are "
        "forwarded while a permitted path remains). Monitored: 3,534,725 fibre crossings, 0 "
        "policy violations."
    )
    counted = {"sent": 1_200_000}
    assert holds(of, summary(of, crossings=seen, account=counted), PROOF).endswith(
        " Monitored: 3,534,725 fibre crossings (1,200,000 packets sent), 0 policy violations."
    )
    assert "; with any single failure of protected elements, packets are forwarded " in holds(
        replace(of, protect=1), summary(of), PROOF
    )
    assert holds(answers("mini"), summary(of), PROOF) == (
        "Verified on the installed flow tables: 18 properties (under any failures, no packet "
        "reaches a wrong host)."
    )
    assert "(4 crossings not captured)" in holds(
        of, summary(of, crossings=seen | {"lost": 4}), PROOF
    )


def test_what_does_not_hold_is_said_first() -> None:
    of = answers("mini")
    after = {"verdicts": [{"claim": "C9", "status": "violated"}]}
    broken = made(ProofDocument, {"proofs": {"after": after}})
    assert holds(of, summary(of), broken).startswith("Verification failed: C9 violated")
    wrong = {"frames": 9, "lost": 0, "forbidden": [{"packets": 3}], "strange": []}
    said = holds(of, summary(of, crossings=wrong), PROOF)
    assert said.startswith(
        "Policy violated on the network, although the flow tables were verified (proof.json). "
    )
    assert said.endswith("Monitored: 9 fibre crossings, 3 policy violations.")
    differs, agrees = (
        replace(PROOF, second_opinion=made(OpinionEntry, {"agrees": one})) for one in (False, True)
    )
    said = holds(of, summary(of), differs)
    assert said.startswith("Verification failed: no property is violated, but the independent")
    assert holds(of, summary(of), agrees) == holds(of, summary(of), PROOF)
    nothing = made(ProofDocument, {"proofs": {}})
    assert holds(of, summary(of), nothing) == "Nothing was verified."
    assert holds(of, summary(of, crossings=wrong), nothing).startswith(
        "Policy violated on the network, nothing was verified. Monitored"
    )


def test_without_its_file_a_verification_is_not_recorded_rather_than_not_made() -> None:
    of = answers("mini")
    not_recorded = "he verification is not recorded (no readable proof.json)."
    assert holds(of, summary(of), None) == f"T{not_recorded}"
    wrong = {"frames": 9, "lost": 0, "forbidden": [{"packets": 3}], "strange": []}
    said = holds(of, summary(of, crossings=wrong), None)
    assert said.startswith(f"Policy violated on the network, t{not_recorded}")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"complete": False, "failure": "killed"}, "No verdict: the run is incomplete: killed"),
        ({"invalid": "came too late"}, "No verdict: the measurement is invalid: came too late"),
    ],
)
def test_what_is_not_valid_has_no_verdict(more: Any, said: str) -> None:
    of = answers("mini")
    assert verdict(of, summary(of, **more), PROOF).answers == (said,)


def test_the_next_command_asks_of_the_same_scenario_under_the_same_set() -> None:
    loaded = load_scenario("sovereignty", policies="th")
    said = foreseen(document(gather(loaded, shipped_model()), "sovereignty --policies th"))
    assert (
        said.next == "Next step: corridor explain backup-sriracha-nanning sovereignty --policies th"
    )
    assert foreseen(answers("reference")).next == "Next step: corridor explain ckpt-zhongwei-jeddah"


def test_intervals_are_those_of_the_certainties_told_elsewhere() -> None:
    of, loaded = answers("mini"), load_scenario("mini")
    alone = certainties(loaded).document.demands
    assert {one.id: one.certainty for one in of.demands} == alone


def test_the_map_has_every_place_that_a_fibre_passes() -> None:
    of, topology = answers("reference"), load_scenario("reference").topology
    assert len(of.map.hubs) == len(topology.hubs)
    drawn = {one.id: one for one in of.map.fibres}
    for fibre in topology.fibres:
        points = drawn[fibre.id].points
        assert len(points) == 2 + len(fibre.via)
        assert tuple(points[0]) == topology.hub(fibre.a).place
        assert tuple(points[-1]) == topology.hub(fibre.z).place
    assert of.map.jurisdictions["PK"] == "Pakistan"


def test_a_cut_says_what_switches_do_at_once_and_what_is_planned_again() -> None:
    of = demand(answers("reference"), "records-urumqi-lahore")
    cut = next(one for one in of.cuts if "srlg:corridor:karakoram" in one.dead)
    assert (cut.protected, cut.delivered, cut.found_at) == (True, True, "kashgar")
    before = of.lawful.one_way_ms
    assert cut.at_once.one_way_ms - before == pytest.approx(89.68, abs=0.01)
    assert cut.again.one_way_ms - before == pytest.approx(73.17, abs=0.01)


def test_a_path_that_is_planned_again_names_the_gateways_that_inspect_it() -> None:
    loaded = load_scenario("reference")
    graphs = build_forwarding_graphs(loaded.topology, intents_for(loaded))
    served = [graph for graph in graphs if not isinstance(graph.route, NoPermittedPath)]
    assert len(served) > 100
    for graph in served:
        assert graph.automaton is not None
        assert not isinstance(graph.route, NoPermittedPath)
        walked = passage_of_graph(loaded.topology, graph)
        planned = passage_of_route(loaded.topology, graph.route, graph.automaton)
        assert walked is not None
        assert (planned.gateways, planned.hubs) == (walked.gateways, walked.hubs), graph.intent.id


def test_a_gateway_that_is_closed_inspects_nothing() -> None:
    cut = next(
        one
        for one in demand(answers("reference"), "records-urumqi-lahore").cuts
        if "gateway:khunjerab" in one.dead
    )
    assert cut.again.gateways
    assert "khunjerab" not in cut.again.gateways


def test_the_short_table_begins_with_what_is_kept_back_and_what_pays() -> None:
    of = answers("reference")
    lines = short_table(of, summary(of)).splitlines()
    assert lines[-1] == "50 more rows: use --all, or see summary.json or the report"
    names = [line.split()[0] for line in lines[2:-1]]
    assert names[7:10] == ["ckpt-zhongwei-jeddah", "ckpt-guian-karachi", "results-guian-riyadh"]
    assert sum("BLOCKED" in line for line in lines[2:9]) == 7
    assert not any("10.0 ms" in line for line in lines[2:9])  # blocked: they have no round trip


def test_sentences_are_wrapped_on_a_terminal_only() -> None:
    lines = foreseen(answers("reference")).lines
    assert sentences_below(lines, None) == "\n".join(lines)
    assert max(map(len, sentences_below(lines, 80).splitlines())) <= 80
    assert sentences_below(lines, 80).split() == " ".join(lines).split()


def test_a_round_trip_is_told_as_it_was_before_the_first_event_that_changed_it() -> None:
    of = answers("mini")
    first, second = (one.id for one in of.demands[:2])
    run = summary(
        of,
        event("later", "cut", "x", hit(first, rtt_before_ms=90.0)),
        {**event("dig", "cut", "y", hit(first, rtt_before_ms=30.0)), "at_ms": 500.0},
        event("lifted", "policies", "none", hit(second, rtt_before_ms=None)),
    )
    found = undisturbed_rtt_ms(run)
    assert (found[first], found[second]) == (30.0, None)
    assert set(list(found.values())[2:]) == {10.0}
    assert "30.0 ms" in short_table(of, run)
