"""A run in a few sentences: what is permitted, what policies cost, what was verified, the worst
event, how certain.

Pure. Before anything is measured, the same of what is computed alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.account.proof_document import ProofDocument, ProofOfTables
from corridor.experiments.account.summary import EventSummary, Summary
from corridor.experiments.answers.demand_parts import UncertaintySummary
from corridor.experiments.answers.document import Answers, CauseEntry, DemandAnswer
from corridor.experiments.answers.outcome import Outcome
from corridor.experiments.answers.price_causes import BASES
from corridor.experiments.text.demand_table import fibre_crossings
from corridor.experiments.text.event_text import internet_of_events, worst_cut, worst_event
from corridor.experiments.text.workload_text import (
    Messages,
    congestion_sentence,
    workload_effects_sentence,
    workload_sentence,
)
from corridor.topologies.base.words import (
    between_ms,
    by_number,
    counted,
    is_longer,
    joined,
    joined_few,
    ms,
    percent,
)

NO_MESSAGES = Messages()
NOTHING = "nothing was verified"
NOT_RECORDED = "the verification is not recorded (no readable proof.json)"
OPENINGS = (
    "Verified",
    "Not verified",
    "Verification failed",
    "Policy violated on the network",
    NOTHING.capitalize(),
    NOT_RECORDED[0].upper() + NOT_RECORDED[1:],
)
"""How the sentence about the verification may begin."""


@dataclass(frozen=True)
class Verdict:
    """Sentences, each one line: the question first, then the answers, then what to ask next."""

    question: str
    answers: tuple[str, ...]
    next: str

    @property
    def lines(self) -> list[str]:
        return [self.question, *self.answers, *([self.next] if self.next else [])]


def foreseen(of: Answers) -> Verdict:
    """What is known before anything runs."""
    answers = (
        permitted(of),
        cost_sentence(of, None),
        worst_cut(of),
        internet_of_events(of),
        uncertainty_sentence(of),
    )
    return Verdict(_question(of, 0, ""), tuple(filter(None, answers)), _next(of, None))


def verdict(
    of: Answers, summary: Summary, proof: ProofDocument | None, messages: Messages = NO_MESSAGES
) -> Verdict:
    """Of a run whose tables were proven. What is not valid has no answers but why not."""
    events = summary.events or ()
    question = _question(of, len(events), summary.controller)
    if not summary.complete:
        return Verdict(question, (f"No verdict: the run is incomplete: {summary.failure}",), "")
    if summary.invalid:
        return Verdict(
            question, (f"No verdict: the measurement is invalid: {summary.invalid}",), ""
        )
    answers = (
        permitted(of),
        cost_sentence(of, summary),
        holds(of, summary, proof),
        worst_event(events) or worst_cut(of),
        internet_of_events(of),
        workload_sentence(summary),
        workload_effects_sentence(summary, messages),
        congestion_sentence(summary),
        outside(summary.unexpected),
        uncertainty_sentence(of),
    )
    said = Verdict(question, tuple(filter(None, answers)), "")
    return replace(said, next=_next(of, summary))


def outside(unexpected: Sequence[str]) -> str:
    """What the run measured outside its own expectation: the first, and how many there are."""
    if not unexpected:
        return ""
    more = f" ({counted(len(unexpected), 'such value')})" if len(unexpected) > 1 else ""
    return f"Warning: a value is outside its expectation: {unexpected[0]}{more}."


def holds(of: Answers, summary: Summary, proof: ProofDocument | None) -> str:
    """What was proven, and what was watched.

    Without a proof nothing is known about the verification: the file is missing or unreadable. A
    proof of no tables says that nothing was verified.
    """
    seen = summary.crossings
    wrong = [*seen.forbidden, *seen.strange] if seen else []
    watched = _watched(summary, sum(one.packets for one in wrong))
    if proof is None or not proof.proofs:
        none = NOT_RECORDED if proof is None else NOTHING
        none = f"Policy violated on the network, {none}" if wrong else none[0].upper() + none[1:]
        return f"{none}{watched}."
    violated, unproven = proof.claims("violated"), proof.claims("not proven")
    if summary.domains is not None and summary.domains.moments is not None:
        at_moments = {one.split()[0] for one in summary.domains.moments.violated}
        violated = by_number({*violated, *at_moments})
    differs = proof.second_opinion is not None and not proof.second_opinion.agrees
    controller = summary.controller or ("another controller" if unproven else "")
    if controller:
        told = _of_own_tables(controller, proof.first, violated, unproven)
        opened = "Not verified" if unproven else "Verified"
        opened = "Policy violated on the network" if wrong else opened
        opened = "Verification failed" if violated else opened
        then = ", although " if wrong and not violated and not unproven else ": "
        return f"{opened}{then}{told} (proof.json){watched}."
    if violated or differs:
        broken = f"{joined(violated)} violated" if violated else "no property is violated"
        broken += ", but the independent check disagrees" if differs else ""
        return f"Verification failed: {broken} (proof.json){watched}."
    if wrong:
        found = "although the flow tables were verified (proof.json)"
        return f"Policy violated on the network, {found}{watched}."
    proven = sum(one.status == "proven" for one in proof.first.verdicts)
    return (
        f"Verified on the installed flow tables: {counted(proven, 'property')} "
        f"({_under_failures(of)}){watched}."
    )


def _under_failures(of: Answers) -> str:
    """What the properties come to for packets. Of how many failures are protected against, those
    that permits ask for are not counted."""
    stays = "reaches a wrong host" if of.policies == NO_POLICIES else "leaves its permitted paths"
    said = f"under any failures, no packet {stays}"
    if not of.protect:
        return said
    failures = "any single failure" if of.protect == 1 else f"up to {of.protect} failures"
    return (
        f"{said}; with {failures} of protected elements, packets are forwarded while a permitted "
        "path remains"
    )


def _of_own_tables(
    controller: str, proof: ProofOfTables, violated: list[str], unproven: list[str]
) -> str:
    """What is proven of the tables that someone else's controller made, and what is not."""
    asked = {one.claim for one in proof.verdicts if one.status != "not claimed"}
    proven = len(asked - {*violated, *unproven})
    parts = [
        f"{proven} of {counted(len(asked), 'property')} verified on the tables of {controller}"
    ]
    parts += [f"{joined(violated)} violated"] if violated else []
    parts += [f"{joined(by_number({*unproven} - {*violated}))} not verified"] if unproven else []
    return ", ".join(parts)


def _watched(summary: Summary, wrong: int) -> str:
    seen = summary.crossings
    if seen is None:
        return ""
    lost = f" ({seen.lost:,} crossings not captured)" if seen.lost else ""
    violations = "policy violation" if wrong == 1 else "policy violations"
    said = f"{fibre_crossings(seen, summary.account)}, {wrong} {violations}{lost}"
    return f". Monitored: {said}"


def _question(of: Answers, events: int, controller: str) -> str:
    demands = counted(len(of.demands), "demand")
    hubs = counted(len(of.map.hubs), "hub")
    more = f", {counted(events, 'event')}" if events else ""
    more += f", controlled by {controller} (user-supplied)" if controller else ""
    if of.policies == NO_POLICIES:
        return f"{demands} between {hubs}, no policy set{more}."
    law = f" (law of {joined(of.law_of)})" if of.law_of else ""
    return f"{demands} between {hubs}, policy set {of.policies}{law} as of {of.as_of}{more}."


def _next(of: Answers, summary: Summary | None) -> str:
    """The demand most worth a look: the costliest, else a blocked one, else one hit hardest."""
    demand = _telling(of, summary)
    return f"Next step: corridor explain {demand} {of.asked}".rstrip() if demand else ""


def _telling(of: Answers, summary: Summary | None) -> str:
    dear = max(of.demands, key=lambda one: one.extra_ms or 0.0, default=None)
    if dear is not None and dear.extra_ms:
        return dear.id
    kept = next((one.id for one in of.demands if one.kept_back), "")
    return kept or next(_hit_hardest(summary), "") or _longest(of)


def _hit_hardest(summary: Summary | None) -> Iterator[str]:
    events = (summary.events or ()) if summary else []
    hits = [hit for event in events for hit in event.hits]
    for hit in sorted(hits, key=lambda one: -one.out_ms)[:1]:
        yield hit.demand


def _longest(of: Answers) -> str:
    served = {one.id: one.round_trip_ms.lawful or 0.0 for one in of.demands}
    longest = max(served, key=lambda name: served[name], default="")
    return longest if served.get(longest) else ""


# What policies do to the demands of a scenario, in sentences.

REASONS = {
    "law": ("by law", "by law"),
    "uncertain text": ("by an uncertain legal text", "by uncertain legal texts"),
    "interpretation": ("by our interpretation", "by our interpretations"),
    "assumption": ("by our assumption", "by our assumptions"),
    "set": ("by the policy set's own rule", "by the policy set's own rules"),
    "no permit": ("because no permit matches", "because no permit matches"),
}
"""What blocks demands, of one rule and of several, the strongest first: a demand is counted under
the first that blocks it."""
NAMED = 3
"""Clauses named in one sentence."""


def permitted(of: Answers) -> str:
    """How many demands are permitted, blocked, not covered and without any path, and why."""
    demands = of.demands
    outcomes = Counter(one.outcome(of.policies) for one in demands)
    blocked = [one for one in demands if one.kept_back]
    cut_off, uncovered = outcomes[Outcome.NO_PATH], outcomes[Outcome.NOT_COVERED]
    number = sum(count for one, count in outcomes.items() if one.is_permitted)
    if of.policies == NO_POLICIES:
        nothing = "No policy set is active, so nothing was checked for compliance."
        return f"{_served(number, cut_off)} {nothing}"
    if number == len(demands):
        return f"{_all(number)} {_are(number)} permitted."
    parts = [f"{counted(number, 'demand')} {_are(number)} permitted"]
    if uncovered:
        it = "it" if uncovered == 1 else "them"
        parts.append(
            f"{uncovered} {_are(uncovered)} served although policy set {of.policies} does not "
            f"cover {it}"
        )
    if cut_off:
        parts.append(f"{cut_off} {'has' if cut_off == 1 else 'have'} no path")
    return " ".join([f"{joined(parts)}.", *_blocked(blocked)])


def _served(number: int, cut_off: int) -> str:
    if not cut_off:
        return f"{_all(number)} {_are(number)} served."
    has = "has" if cut_off == 1 else "have"
    return f"{counted(number, 'demand')} {_are(number)} served, {cut_off} {has} no path."


def _all(number: int) -> str:
    return f"All {counted(number, 'demand')}" if number > 1 else counted(number, "demand")


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _blocked(blocked: Sequence[DemandAnswer]) -> Iterator[str]:
    """How many demands are blocked and by what, and how many confident rules alone block."""
    if not blocked:
        return
    said = f"{counted(len(blocked), 'demand')} {_are(len(blocked))} blocked"
    reasons = list(_reasons(blocked))
    if len(reasons) == 1:
        yield f"{said} {reasons[0][1]}."
    else:
        yield f"{said}: {joined(f'{count} {reason}' for count, reason in reasons)}."
    yield f"If only confident rules apply, {_confident(blocked)}."


def _confident(blocked: Sequence[DemandAnswer]) -> str:
    number = sum(one.kept_back_by_certain_rules for one in blocked)
    if len(blocked) == 1:
        return "it is blocked" if number else "it is not blocked"
    some = "all" if number == len(blocked) else number or "none"
    return f"{some} of them {'is' if number < 2 else 'are'} blocked"


def _reasons(blocked: Sequence[DemandAnswer]) -> Iterator[tuple[int, str]]:
    """Demands counted by what their strongest cause rests on, as ``(3, "by law (A and B)")``."""
    strongest = [blocking_cause(one) for one in blocked]
    for basis, (one_rule, several) in REASONS.items():
        of_it = [one.policy for one in strongest if one is not None and one.basis == basis]
        often = [name for name, _ in Counter(of_it).most_common()]
        names = "" if basis == "no permit" else f" ({joined_few(often, NAMED)})"
        if of_it:
            yield len(of_it), f"{one_rule if len(often) == 1 else several}{names}"
    unknown = sum(one is None for one in strongest)
    if unknown:
        yield unknown, "because no path is permitted"


def blocking_cause(of: DemandAnswer) -> CauseEntry | None:
    """Return the strongest cause that blocks a demand, which stands first: text of law before all
    others, and that no permit matches after all others."""
    return next((one for one in of.causes if one.costs == "kept back"), None)


def cost_sentence(of: Answers, summary: Summary | None) -> str:
    """What policies add to round trips; measured too, where a run lifted the policies."""
    both = [one for one in of.demands if one.extra_ms is not None]
    if of.policies == NO_POLICIES or not both:
        return ""
    dear = max(both, key=lambda one: one.extra_ms or 0.0)
    extra, backup = dear.extra_ms or 0.0, _lost_backup(of)
    if not is_longer(extra):
        served = f"the {len(both)} served demands" if len(both) > 1 else "the served demand"
        return f"Compliance adds no delay to {served}.{backup}"
    middle = median(one.extra_ms or 0.0 for one in both)
    half = ms(middle) if is_longer(middle) else "0 ms"
    return (
        f"Compliance adds a median of {half} and a maximum of {ms(extra)}"
        f"{_emulated(dear, summary)} to the RTT. The maximum is that of {dear.id}"
        f"{_because(dear)}{_samples(dear)}. {_slower(both)}.{backup}"
    )


def _slower(both: Sequence[DemandAnswer]) -> str:
    """How many demands have a higher RTT, and by how much confident rules alone raise it."""
    number = sum(is_longer(one.extra_ms) for one in both)
    certain = max(one.certain_extra_ms or 0.0 for one in both)
    said = f"{counted(number, 'demand')} {'has' if number == 1 else 'have'} a higher RTT"
    if not is_longer(certain):
        return f"{said}; under confident rules alone, none has"
    most = f"{ms(certain)} to it" if number == 1 else f"up to {ms(certain)} to them"
    return f"{said}; confident rules alone add {most}"


def _samples(of: DemandAnswer) -> str:
    interval, middle = of.extra_interval_ms, of.extra_median_ms
    if interval is None or middle is None:
        return ""
    within = between_ms(*interval)
    return f"; uncertain fibre lengths make it {within} (90 % interval, median {ms(middle)})"


def _because(of: DemandAnswer) -> str:
    cause = next((one for one in of.causes if one.costs == "delay"), None)
    return f", because of {_named(cause)}" if cause else ""


def _named(cause: CauseEntry) -> str:
    return f"{cause.policy} ({BASES[cause.basis]})"


def _lost_backup(of: Answers) -> str:
    """How many demands lost a backup path, and by which policies, as a further sentence."""
    lost = [one for one in of.demands if one.lost_protection]
    if not lost:
        return ""
    causes = [cause for one in lost for cause in one.causes if cause.costs == "no way around"]
    names = dict.fromkeys(map(_named, causes))
    because = f" because of {joined_few(names, NAMED)}" if names else ""
    return f" {counted(len(lost), 'demand')} lost a backup path{because}."


def _emulated(of: DemandAnswer, summary: Summary | None) -> str:
    """The round trip less than before, where the timeline lifted the policies."""
    events = (summary.events or ()) if summary else []
    lifted = [event for event in events if _lifts(event)]
    for hit in (hit for event in lifted for hit in event.hits):
        before, then = hit.rtt_before_ms, hit.rtt_then_ms
        if hit.demand == of.id and before is not None and then is not None:
            return f" ({ms(before - then)} emulated)"
    return ""


def _lifts(event: EventSummary) -> bool:
    return event.kind == "policies" and event.what == NO_POLICIES


def _of_lengths(sure: Sequence[UncertaintySummary]) -> str:
    """The half widths of the 90 % intervals of round trips: the median demand's, and the widest."""
    spreads = [
        (one.rtt_ms.high - one.rtt_ms.low) / one.rtt_ms.median / 2
        for one in sure
        if one.rtt_ms is not None
    ]
    if not spreads:
        return "no demand has a round trip, so no interval is known"
    middle, worst = percent(median(spreads)), percent(max(spreads))
    return (
        "fibre lengths and delay constants are not known exactly, so the RTT is known to "
        f"within {middle} for the median demand and {worst} for the worst (half-width of the 90 % "
        "interval)"
    )


def uncertainty_sentence(of: Answers) -> str:
    """Of what crosses a border: how many paths are near ties; what lengths do to round trips."""
    sure = [one.certainty for one in of.demands if one.certainty is not None]
    abroad = [
        one
        for one in of.demands
        if one.lawful and len({*one.lawful.crosses, *one.lawful.may_cross}) > 1
    ]
    ties = sum(bool(one.certainty and one.certainty.near_tie) for one in abroad)
    doubtful = sum(bool(one.lawful and one.lawful.may_cross) for one in abroad)
    if not sure:
        return ""
    said = f"Uncertainty: {_of_lengths(sure)}"
    if not abroad:
        return f"{said}. No demand leaves its jurisdiction."
    return (
        f"{said}. Of {counted(len(abroad), 'cross-border demand')}, {ties or 'none'} "
        f"{'have' if ties > 1 else 'has'} a path through other jurisdictions that is nearly as "
        f"short.{_transit(doubtful, len(abroad))}"
    )


def _transit(number: int, abroad: int) -> str:
    if not number:
        return ""
    whose = f"{number} of the {abroad} may" if abroad > 1 else "It may"
    return f" {whose} also cross a jurisdiction where no source says whether the cable lands."
