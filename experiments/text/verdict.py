"""A run in a few sentences: what is permitted, what policies cost, what was verified, the worst
event, how certain.

Pure. Before anything is measured, the same of what is computed alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.account.proof_document import ProofDocument, ProofOfTables
from corridor.experiments.account.summary import Summary
from corridor.experiments.answers.document import Answers
from corridor.experiments.text.compliance_sentences import (
    cost_sentence,
    permitted,
    uncertainty_sentence,
)
from corridor.experiments.text.demand_table import fibre_crossings
from corridor.experiments.text.events_sentence import internet_of_events, worst_cut, worst_event
from corridor.experiments.text.workload_sentences import (
    Messages,
    workload_effects_sentence,
    workload_sentence,
)
from corridor.topologies.base.words import by_number, counted, joined

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
