"""What policies do to the demands of a scenario, in sentences. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import median

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.account.summary import EventSummary, Summary
from corridor.experiments.answers.certainty_summary import UncertaintySummary
from corridor.experiments.answers.document import Answers, CauseEntry, DemandAnswer
from corridor.experiments.answers.outcome import Outcome
from corridor.experiments.answers.price_causes import BASES
from corridor.topologies.base.words import between_ms, counted, is_longer, joined, ms, ordinal

REASONS = {
    "law": "law",
    "uncertain text": "uncertain legal texts",
    "interpretation": "interpretations",
    "assumption": "assumptions of ours",
    "set": "policy set's own rules",
    "no permit": "no matching permit",
}
"""What blocks demands, the strongest first: a demand is counted under the first that blocks it."""
NAMED = 2
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
    if blocked:
        parts.append(f"{len(blocked)} {_are(len(blocked))} blocked ({_reasons(blocked)})")
    if uncovered:
        parts.append(f"{uncovered} {_are(uncovered)} not covered by policy set {of.policies}")
    if cut_off:
        parts.append(f"{cut_off} {'has' if cut_off == 1 else 'have'} no path")
    return f"{joined(parts)}{_confident(blocked)}."


def _served(number: int, cut_off: int) -> str:
    if not cut_off:
        return f"{_all(number)} {_are(number)} served."
    has = "has" if cut_off == 1 else "have"
    return f"{counted(number, 'demand')} {_are(number)} served, {cut_off} {has} no path."


def _all(number: int) -> str:
    return f"All {counted(number, 'demand')}" if number > 1 else counted(number, "demand")


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _confident(blocked: Sequence[DemandAnswer]) -> str:
    """Of the blocked demands, how many confident rules alone block."""
    if not blocked:
        return ""
    number = sum(one.kept_back_by_certain_rules for one in blocked)
    if number == len(blocked):
        return f"; confident rules alone block {'all of them' if number > 1 else 'it'}"
    return f"; confident rules alone block {number or 'none'}"


def _reasons(blocked: Sequence[DemandAnswer]) -> str:
    """The strongest cause of each, counted by what it rests on: ``law: 2 (A, B), no path: 1``."""
    strongest = [blocking_cause(one) for one in blocked]
    parts = []
    for basis, reason in REASONS.items():
        of_it = [one.policy for one in strongest if one is not None and one.basis == basis]
        names = "" if basis == "no permit" else f" ({_few(of_it)})"
        parts += [f"{reason}: {len(of_it)}{names}"] if of_it else []
    unknown = sum(one is None for one in strongest)
    return "; ".join([*parts, f"no path: {unknown}"] if unknown else parts)


def blocking_cause(of: DemandAnswer) -> CauseEntry | None:
    """Return the strongest cause that blocks a demand, which stands first: text of law before all
    others, and that no permit matches after all others."""
    return next((one for one in of.causes if one.costs == "kept back"), None)


def _few(names: Sequence[str]) -> str:
    often = [name for name, _ in Counter(names).most_common()]
    more = len(often) - NAMED
    return ", ".join([*often[:NAMED], *([f"+{more}"] if more > 0 else [])])


def costs(of: Answers, summary: Summary | None) -> str:
    """What policies add to round trips; measured too, where a run lifted the policies."""
    both = [one for one in of.demands if one.extra_ms is not None]
    if of.policies == NO_POLICIES or not both:
        return ""
    dear = max(both, key=lambda one: one.extra_ms or 0.0)
    extra, backup = dear.extra_ms or 0.0, _lost_backup(of)
    if not is_longer(extra):
        served = f"the {len(both)} served demands" if len(both) > 1 else "the served demand"
        return f"Compliance adds no delay to {served}{backup}."
    middle = median(one.extra_ms or 0.0 for one in both)
    slower = sum(is_longer(one.extra_ms) for one in both)
    certain = max(one.certain_extra_ms or 0.0 for one in both)
    half = ms(middle) if is_longer(middle) else "0 ms"
    confident = f"by up to {ms(certain)}" if is_longer(certain) else "none"
    return (
        f"Compliance adds {half} to the median RTT and at most {ms(extra)}{_place(dear, summary)}, "
        f"for {dear.id}{_because(dear)}. {counted(slower, 'demand')} "
        f"{'has' if slower == 1 else 'have'} a higher RTT, {confident} by confident rules "
        f"alone{backup}."
    )


def _place(of: DemandAnswer, summary: Summary | None) -> str:
    """Where the value of the map lies among those of Monte Carlo samples, and what was measured."""
    parts = []
    interval, middle, percentile = (
        of.extra_interval_ms,
        of.extra_median_ms,
        of.extra_percentile,
    )
    if interval is not None and middle is not None and percentile is not None:
        parts += [
            f"{ordinal(percentile * 100)} percentile of the Monte Carlo samples",
            f"median {ms(middle)}, 90 % interval {between_ms(*interval)}",
        ]
    parts += _measured(of, summary)
    return f" ({'; '.join(parts)})" if parts else ""


def _because(of: DemandAnswer) -> str:
    cause = next((one for one in of.causes if one.costs == "delay"), None)
    return f", because of {_named(cause)}" if cause else ""


def _named(cause: CauseEntry) -> str:
    return f"{cause.policy} ({BASES[cause.basis]})"


def _lost_backup(of: Answers) -> str:
    """How many demands lost a backup path, and by which policies."""
    lost = [one for one in of.demands if one.lost_protection]
    if not lost:
        return ""
    causes = [cause for one in lost for cause in one.causes if cause.costs == "no way around"]
    names = list(dict.fromkeys(map(_named, causes)))
    more = f", +{len(names) - NAMED}" if len(names) > NAMED else ""
    because = f" because of {', '.join(names[:NAMED])}{more}" if names else ""
    return f"; {counted(len(lost), 'demand')} lost a backup path{because}"


def _measured(of: DemandAnswer, summary: Summary | None) -> list[str]:
    """The round trip less than before, where the timeline lifted the policies."""
    events = (summary.events or ()) if summary else []
    lifted = [event for event in events if _lifts(event)]
    for hit in (hit for event in lifted for hit in event.hits):
        before, then = hit.rtt_before_ms, hit.rtt_then_ms
        if hit.demand == of.id and before is not None and then is not None:
            return [f"measured {ms(before - then)}"]
    return []


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
    middle, worst = median(spreads), max(spreads)
    return (
        f"unpublished fibre lengths alone make the RTT of the median demand uncertain by "
        f"{middle:.0%}, and of the worst by {worst:.0%} (half of the 90 % interval)"
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
    unknown = f"; {doubtful} may cross jurisdictions that are not documented" if doubtful else ""
    return (
        f"{said}. Of {counted(len(abroad), 'cross-border demand')}, {ties or 'none'} "
        f"{'is a near tie' if ties == 1 else 'are near ties'} with a path through other "
        f"jurisdictions{unknown}."
    )
