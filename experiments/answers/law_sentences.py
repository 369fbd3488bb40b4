"""What the law does to the demands of a scenario, in sentences. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.answers.document import Answers, CauseEntry, DemandAnswer
from corridor.experiments.answers.words import LEAST_MS, ms
from corridor.experiments.results.summary import CertaintySummary, EventSummary, Summary
from corridor.topologies.base.words import counted, joined

BASES: Mapping[str, str] = {
    "law": "certain",
    "set": "the set's own rule",
    "reading": "a reading that is unsure",
    "no permit": "no permit matches",
}
NAMED = 2
"""Clauses told by name in one sentence."""


def may_go(of: Answers) -> str:
    """How many, and why not the others."""
    demands = of["demands"]
    kept = [one for one in demands if one["kept_back"]]
    unjudged = sum(not one["judged"] and not one["kept_back"] for one in demands)
    lawful = len(demands) - len(kept) - unjudged
    if of["policies"] == NO_POLICIES:
        return "All may go: no policies are in force, so nothing is said of what is lawful."
    if lawful == len(demands):
        return f"All {lawful} may go."
    said = f"{lawful or 'None'} may go{_unjudged(unjudged, of['policies'])}"
    if not kept:
        return f"{said}."
    certain = sum(one["kept_back_by_certain_rules"] for one in kept)
    return (
        f"{said}, {len(kept)} {'is' if len(kept) == 1 else 'are'} kept back: "
        f"{joined(_reasons(kept))}{_certainly(certain, len(kept))}."
    )


def _unjudged(number: int, policies: str) -> str:
    if not number:
        return ""
    goes, them = ("goes", "it") if number == 1 else ("go", "them")
    return f", {number} {goes} unjudged (no rule of {policies} is of {them})"


def _certainly(certain: int, kept: int) -> str:
    if certain == kept:
        return ", by rules that are certain"
    return f"; {certain or 'none'} of the {kept} by certain rules alone"


def _reasons(kept: Sequence[DemandAnswer]) -> list[str]:
    """The first cause of each, counted by what it rests on."""
    first = [_first_cause(one) for one in kept]
    said = []
    for basis, phrase in (
        ("no permit", "because no permit matches"),
        ("law", "by law ({})"),
        ("set", "by the set's own rules ({})"),
        ("reading", "by readings that are unsure ({})"),
    ):
        of_it = [one["policy"] for one in first if one is not None and one["basis"] == basis]
        if of_it:
            said.append(f"{len(of_it)} {phrase.format(_few(of_it))}")
    other = sum(one is None for one in first)
    return [*said, f"{other} for want of a path"] if other else said


def _first_cause(of: DemandAnswer) -> CauseEntry | None:
    return next((one for one in of["causes"] if one["costs"] == "kept back"), None)


def _few(names: Sequence[str]) -> str:
    often = [name for name, _ in Counter(names).most_common()]
    more = len(often) - NAMED
    return ", ".join(often[:NAMED]) + (f" and {more} more" if more > 0 else "")


def costs(of: Answers, summary: Summary | None) -> str:
    """What the law adds to round trips; measured too, where a run lifted it."""
    both = [one for one in of["demands"] if one["extra_ms"] is not None]
    if of["policies"] == NO_POLICIES or not both:
        return ""
    dear = max(both, key=lambda one: one["extra_ms"] or 0.0)
    extra, protection = dear["extra_ms"] or 0.0, _less_protected(of)
    if extra < LEAST_MS:
        return f"The law costs no time on any of the {len(both)} that may go{protection}."
    middle = median(one["extra_ms"] or 0.0 for one in both)
    half = "nothing" if middle < LEAST_MS else ms(middle)
    slower = sum((one["extra_ms"] or 0.0) >= LEAST_MS for one in both)
    certain = max(one["certain_extra_ms"] or 0.0 for one in both)
    return (
        f"The law costs {half} at the median and {ms(extra)} at most{_between(dear)}"
        f"{_measured(dear, summary)}: {dear['id']}{_by(dear)}; "
        f"{counted(slower, 'demand')} {'takes' if slower == 1 else 'take'} longer, by certain "
        f"rules alone {'none' if certain < LEAST_MS else f'up to {ms(certain)}'}{protection}."
    )


def _between(of: DemandAnswer) -> str:
    interval = of["extra_interval_ms"]
    return f" [{interval[0]:.0f} to {interval[1]:.0f}]" if interval else ""


def _by(of: DemandAnswer) -> str:
    cause = next((one for one in of["causes"] if one["costs"] == "delay"), None)
    return f", by {cause['policy']}, {BASES[cause['basis']]}" if cause else ""


def _less_protected(of: Answers) -> str:
    lost = sum(bool(one["lost_protection"]) for one in of["demands"])
    return f"; {counted(lost, 'demand')} lost a way around a failure" if lost else ""


def _measured(of: DemandAnswer, summary: Summary | None) -> str:
    """The round trip less than before, where the timeline lifted the law."""
    events = summary.get("events", []) if summary else []
    lifted = [event for event in events if _lifts(event)]
    for hit in (hit for event in lifted for hit in event["hits"]):
        before, then = hit["rtt_before_ms"], hit["rtt_then_ms"]
        if hit["demand"] == of["id"] and before is not None and then is not None:
            return f", {ms(before - then)} measured"
    return ""


def _lifts(event: EventSummary) -> bool:
    return event["kind"] == "policies" and event["what"] == NO_POLICIES


def _of_lengths(sure: Sequence[CertaintySummary]) -> str:
    """The half widths of the 90 % intervals of round trips: the median demand's, and the widest."""
    spreads = [
        (one["rtt_ms"]["high"] - one["rtt_ms"]["low"]) / one["rtt_ms"]["median"] / 2
        for one in sure
        if one["rtt_ms"] is not None
    ]
    if not spreads:
        return "no demand is answered, so no round trip has an interval"
    middle, worst = median(spreads), max(spreads)
    return (
        "unpublished fibre lengths alone leave the round trip of the median demand uncertain by "
        f"{middle:.0%} and of the worst by {worst:.0%} (90 % intervals)"
    )


def how_sure(of: Answers) -> str:
    """Of what crosses a border: how many ways are near ties; what lengths do to round trips."""
    sure = [one["certainty"] for one in of["demands"] if one["certainty"] is not None]
    abroad = [
        one
        for one in of["demands"]
        if one["lawful"] and len({*one["lawful"]["crosses"], *one["lawful"]["may_cross"]}) > 1
    ]
    ties = sum(bool(one["certainty"] and one["certainty"]["near_tie"]) for one in abroad)
    doubtful = sum(bool(one["lawful"] and one["lawful"]["may_cross"]) for one in abroad)
    if not sure:
        return ""
    said = f"How sure: {_of_lengths(sure)}"
    if not abroad:
        return f"{said}; no demand leaves its jurisdiction."
    unknown = f", and nobody knows all jurisdictions that {doubtful} may meet" if doubtful else ""
    return (
        f"{said}; of {counted(len(abroad), 'demand')} that cross a border {ties or 'none'} "
        f"{'is a near tie' if ties == 1 else 'are near ties'} with a way under other law{unknown}."
    )
