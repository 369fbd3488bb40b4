"""The exact search against every set of failures tried one by one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

import exact_lab as lab
from corridor.controller.forwarding.program import FastFailover, SwitchProgram, output
from corridor.controller.intent.intent import ALL_KINDS, Intent, Protection
from corridor.controller.policy.automaton import Automaton
from corridor.controller.policy.permitted_paths import NoPermittedPath, best_permitted_path
from corridor.controller.policy.semantics import ranked
from corridor.controller.prover.exact_claims import ExactReport, examine
from corridor.controller.prover.exact_decisions import End
from corridor.controller.prover.exact_outcomes import Outcome, Searched
from corridor.controller.prover.exact_search import Explorer
from corridor.controller.prover.search.tables import tables_of
from corridor.topologies.model.topology import Topology
from policy_lab import applicable_policies, demand, permit
from random_policies import hard_clauses, networks, policy_lists

MANY = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))

protections = st.builds(
    Protection,
    st.integers(0, 2),
    st.lists(st.sampled_from(ALL_KINDS), min_size=1, unique=True).map(tuple),
)


@dataclass(frozen=True)
class Case:
    laid: lab.Laid
    """Tables as compiled, or changed."""
    intents: tuple[Intent, ...]
    """What the tables are held to."""


def intent(topology: Topology, rules: list[Any], protection: Protection, turned: bool) -> Intent:
    ends = (topology.hubs[0].id, topology.hubs[-1].id)
    about = demand("general", *(ends[::-1] if turned else ends))
    about = about.model_copy(update={"id": "back" if turned else "there"})
    return Intent(applicable_policies(*rules, about=about, on=topology), protection=protection)


@st.composite
def compiled(draw: st.DrawFn, most: int = 5) -> Case:
    """A demand and its answers, as the compiler serves them."""
    topology = draw(networks(most, extra=5))
    protection = draw(protections)
    made = []
    for turned in (False, True):
        one = intent(topology, draw(policy_lists()), protection, turned)
        if isinstance(best_permitted_path(one.applicable_policies), NoPermittedPath):
            soft = permit("SOFT", hard=draw(hard_clauses()), preference=50)
            one = intent(topology, [soft, permit()], protection, turned)
        made.append(one)
    known = st.lists(st.sampled_from(lab.names_of(topology)), min_size=1, max_size=2)
    failed = draw(known) if draw(st.integers(0, 3)) == 0 else []
    return Case(lab.lay(topology, made, failed), tuple(made))


@st.composite
def spoilt(draw: st.DrawFn) -> Case:
    """Tables for less protection or other policies than are asked for, changed at a hub or two."""
    case = draw(compiled())
    asked = draw(protections)
    intents = tuple(replace(one, protection=asked) for one in case.intents)
    laid = case.laid
    if draw(st.booleans()):
        topology = laid.topology
        both = (False, True)
        free = [intent(topology, [permit()], draw(protections), turned) for turned in both]
        laid = lab.lay(topology, free, laid.known)
        if draw(st.booleans()):
            soon = permit("SOON", hard={"max_one_way": f"{draw(st.integers(2, 8))}ms"})
            intents = tuple(intent(topology, [soon], asked, turned) for turned in both)
    for _ in range(draw(st.integers(0, 2))):
        laid = draw(changed(laid))
    return Case(laid, intents)


@st.composite
def changed(draw: st.DrawFn, laid: lab.Laid) -> lab.Laid:
    grouped = [switch for switch in laid.program.switches if switch.groups]
    kinds = ["lost entry", "lost bucket", "turned bucket"] if grouped else ["lost entry"]
    kind = draw(st.sampled_from((*kinds, "plain output")))
    switch: SwitchProgram = draw(st.sampled_from(grouped or list(laid.program.switches)))
    labelled = [flow for flow in switch.flows if flow.table == 4 and flow.match]
    if kind == "lost entry" and labelled:
        lost = draw(st.sampled_from(labelled))
        flows = tuple(flow for flow in switch.flows if flow != lost)
        return lab.respelt(laid, switch.hub, flows=flows)
    if kind == "plain output" and labelled:
        flow = draw(st.sampled_from(labelled))
        ports = range(1, 8)
        plain = replace(flow, actions=(output(draw(st.sampled_from(ports))),))
        flows = tuple(plain if one == flow else one for one in switch.flows)
        # A label that is not popped would come to a host.
        if plain.actions[0].arguments[0] == lab.HOST:
            return laid
        return lab.respelt(laid, switch.hub, flows=flows)
    if not switch.groups:
        return laid
    group = draw(st.sampled_from(switch.groups))
    buckets = list(group.buckets)
    if kind == "lost bucket":
        del buckets[draw(st.integers(0, len(buckets) - 1))]
    else:
        buckets.reverse()
    turned = FastFailover(group.id, tuple(buckets))
    groups = tuple(turned if one == group else one for one in switch.groups)
    return lab.respelt(laid, switch.hub, groups=groups)


def searched(case: Case, within: Protection | None = None) -> ExactReport:
    laid = case.laid
    known = lab.failures_named(laid.known)
    tables = tables_of(laid.program)
    return examine(tables, laid.wiring, laid.topology, case.intents, within, known)


def explorer_of(laid: lab.Laid) -> Explorer:
    known = lab.failures_named(laid.known)
    return Explorer(tables_of(laid.program), laid.wiring, laid.topology, known)


def agreeing(one: Searched, explorer: Explorer, failed: frozenset[str]) -> list[Outcome]:
    mask = sum(explorer.causes.bits[name] for name in failed)
    return [outcome for outcome in one.outcomes if outcome.agrees_with(mask)]


def facts(outcome: Outcome) -> tuple[Any, ...]:
    arrived = outcome.end in (End.DELIVERED, End.ELSEWHERE)
    passed = [watch.thing for watch in outcome.crossed]
    return (list(outcome.hubs), passed, outcome.hub if arrived else "", outcome.one_way_ns)


def happened(laid: lab.Laid, trip: lab.Trip) -> tuple[Any, ...]:
    return (trip.hubs, trip.passed, trip.delivered_at, trip.one_way_ns(laid.topology))


cases = st.one_of(compiled(), spoilt())


@MANY
@given(cases)
def test_each_set_of_failures_agrees_with_one_outcome_and_that_is_what_happens(case: Case) -> None:
    laid = case.laid
    explorer = explorer_of(laid)
    for one in map(explorer.search, case.intents):
        seen = set()
        for failed in lab.sets_of(laid, one.within):
            agree = agreeing(one, explorer, failed)
            if f"hub:{one.intent.pair[0]}" in failed:
                assert [outcome.end for outcome in agree] in ([], [End.UNSENT])
                seen |= set(agree)
                continue
            assert len(agree) == 1, (sorted(failed), list(map(str, agree)))
            seen.add(agree[0])
            trip = lab.Network(laid, failed).send(laid, one.intent)
            assert facts(agree[0]) == happened(laid, trip), sorted(failed)
            assert any(least <= failed for least in agree[0].explained)
        assert seen == set(one.outcomes), "an outcome that nothing causes"


@MANY
@given(cases)
def test_least_sets_of_failures_are_least_and_all(case: Case) -> None:
    laid = case.laid
    explorer = explorer_of(laid)
    for one in map(explorer.search, case.intents):
        causing: dict[Outcome, list[frozenset[str]]] = {}
        for failed in lab.sets_of(laid, one.within):
            for outcome in agreeing(one, explorer, failed):
                causing.setdefault(outcome, []).append(failed)
        for outcome, sets in causing.items():
            least = {one for one in sets if not any(other < one for other in sets)}
            assert set(outcome.explained) == least


@MANY
@given(cases, st.data())
def test_any_failures_at_all_are_predicted(case: Case, data: st.DataObject) -> None:
    laid = case.laid
    explorer = explorer_of(laid)
    names = st.lists(st.sampled_from(lab.names_of(laid.topology)), max_size=6)
    for _ in range(10):
        failed = frozenset(data.draw(names))
        for one in case.intents:
            outcome = explorer.follow(one, lab.failures_named(failed))
            trip = lab.Network(laid, failed).send(laid, one)
            assert facts(outcome) == happened(laid, trip), sorted(failed)


@MANY
@given(cases)
def test_claims_agree_with_a_judge_that_tries_every_set(case: Case) -> None:
    laid, topology = case.laid, case.laid.topology
    report = searched(case)
    breached = dict.fromkeys(("C9", "C10", "C11"), False)
    stranded: set[tuple[str, frozenset[str]]] = set()
    for one in report.searched:
        automata = one.intent.applicable_policies.automata
        used = [
            n
            for n, each in enumerate(automata)
            if lab.trace_from_source(each, topology, laid.known)
        ]
        first = next((rank for rank in ranked(automata) if set(rank) & set(used)), ())
        assert one.permit in (set(first) & set(used) or {None})
        for failed in lab.sets_of(laid, one.within):
            if f"hub:{one.intent.pair[0]}" in failed:
                continue
            trip = lab.Network(laid, failed).send(laid, one.intent)
            if trip.delivered_at == one.intent.pair[1]:
                ends = [lab.states_along(each, topology, trip) for each in automata]
                good = [
                    a
                    for a, s in zip(automata, ends, strict=True)
                    if s is not None and not a.finish(s)
                ]
                late = all(a.exceeds(trip.one_way_ns(topology)) for a in good)
                breached["C10"] |= not good
                breached["C11"] |= bool(good) and late
                continue
            breached["C10"] |= bool(trip.delivered_at)
            if one.permit is None:
                continue
            if any(left_for(each, topology, failed, trip) for each in automata):
                breached["C9"] = True
                event("C9")
            elif any(lab.trace_from_source(each, topology, failed) for each in automata):
                stranded.add((one.intent.id, failed))
    for claim, is_broken in breached.items():
        event(f"{claim} {is_broken}")
    event(f"stranded {bool(stranded)}")
    assert {claim: bool(report.breaches[claim]) for claim in breached} == breached, report.breaches
    listed = {(one.outcome.intent, one.failures) for one in report.stranded}
    assert listed <= stranded
    # Where a minimal set leaves a path, so that C9 is violated, a larger one may leave none.
    for name, failed in () if breached["C9"] else stranded:
        assert any(other == name and least <= failed for other, least in listed)


def left_for(
    automaton: Automaton, topology: Topology, failed: frozenset[str], trip: lab.Trip
) -> bool:
    """Whether a permit leaves a path on from where a packet ended."""
    state, spent_ns = lab.states_along(automaton, topology, trip), trip.one_way_ns(topology)
    return state is not None and lab.trace_on(
        automaton, topology, failed, trip.hubs[-1], state, spent_ns
    )


@MANY
@given(compiled())
def test_compiled_tables_break_no_claim(case: Case) -> None:
    report = searched(case)
    assert report.holds, report.breaches


@MANY
@given(compiled())
def test_the_slowest_is_the_slowest_of_all(case: Case) -> None:
    laid = case.laid
    report = searched(case)
    slowest = {one.intent: one for one in report.slowest}
    for one in report.searched:
        longest = -1
        for failed in lab.sets_of(laid, one.within):
            trip = lab.Network(laid, failed).send(laid, one.intent)
            if trip.delivered_at:
                longest = max(longest, trip.one_way_ns(laid.topology))
        found = slowest.get(one.intent.id)
        assert (found.one_way_ns if found else -1) == longest
        if found:
            trip = lab.Network(laid, found.failures).send(laid, one.intent)
            assert trip.one_way_ns(laid.topology) == longest
