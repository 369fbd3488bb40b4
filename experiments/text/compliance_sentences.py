"""What policies do to the demands of a scenario, in sentences. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.account.summary import EventSummary, Summary
from corridor.experiments.answers.certainty_summary import UncertaintySummary
from corridor.experiments.answers.document import Answers, CauseEntry, DemandAnswer
from corridor.experiments.answers.outcome import Outcome
from corridor.experiments.answers.price_causes import BASES
from corridor.topologies.base.words import (
    between_ms,
    counted,
    is_longer,
    joined,
    joined_few,
    ms,
    percent,
)

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
