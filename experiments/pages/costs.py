"""What policies cost the demands of a run: only those that pay or are kept back. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.pages.demands import Asked, Json
from corridor.experiments.pages.words import extra
from corridor.experiments.results.price_causes import BASES
from corridor.topologies.base.words import counted

CERTAIN = (
    "Confident rules are legal texts that were read, and rules that the policy set states as its "
    "own. The other costs rest on interpretations, on assumptions of ours, or on unsure texts."
)


TAKES = ("kept back", "delay")


NO_PERMIT = (
    "a permit: its data may have one on another legal basis, which corridor price searches for"
)
NOTHING_FOUND = "no single change that was tried"


@dataclass(frozen=True)
class Cost:
    """One demand that pays."""

    number: int
    demand: Asked
    clauses: Sequence[Json]
    """Those that cost it time, of the way there."""
    causes: Sequence[Json]
    """Those that keep it back, or cost it or its answers time."""

    @property
    def helps(self) -> Sequence[str]:
        """What would let it go."""
        wants_permit = any(one["basis"] == "no permit" for one in self.causes)
        return self.demand.under[0].remedies or [NO_PERMIT if wants_permit else NOTHING_FOUND]


@dataclass(frozen=True)
class Costs:
    title: str
    said: Sequence[str]
    paying: Sequence[Cost]
    kept: Sequence[Cost]
    rest: str
    totals: Sequence[tuple[str, Mapping[str, Any]]]
    """By confident rules alone, and by all rules."""
    bases: Mapping[str, str]


def costs_of(answers: Json, demands: Sequence[Asked]) -> Costs:
    every = [
        Cost(
            number,
            one,
            [clause for clause in one.under[0].clauses if clause["costs_ms"]],
            [cause for cause in one.under[0].causes if cause["costs"] in TAKES],
        )
        for number, one in enumerate(demands)
    ]
    kept = [one for one in every if one.demand.under[0].is_kept_back]
    paying = sorted(
        (one for one in every if one not in kept and one.demand.under[0].is_costly),
        key=lambda one: -(one.demand.under[0].extra_ms or 0),
    )
    rest = len(demands) - len(kept) - len(paying)
    totals: Json = answers["totals"]
    return Costs(
        title="What the policies cost",
        said=_said(demands, answers["against"]),
        paying=paying,
        kept=kept,
        rest=_rest(rest),
        totals=[
            (name, totals[key])
            for key, name in (
                ("by_certain_rules", "confident rules only"),
                ("with_readings", "all rules"),
            )
            if key in totals
        ],
        bases=BASES,
    )


def _rest(number: int) -> str:
    if number == 1:
        return "The other demand costs nothing."
    return f"The other {number} demands cost nothing." if number else ""


def _said(demands: Sequence[Asked], against: str) -> list[str]:
    added = [one.under[0].extra_ms for one in demands]
    both = [one for one in added if one is not None]
    if not both:
        return []
    beside = "without policies" if against == NO_POLICIES else f"under {against}"
    longer = f"{extra(median(both))} ms longer at the median and {extra(max(both))} ms at most"
    may_go = f"the {counted(len(both), 'demand')} that may go take {longer}"
    return [f"Beside the same demands {beside}, {may_go}. {CERTAIN}"]
