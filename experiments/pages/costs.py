"""What policies cost the demands of a run: only those that pay or are blocked. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.answers.document import Answers, CauseEntry, Clause
from corridor.experiments.answers.price import Total
from corridor.experiments.answers.price_causes import BASES
from corridor.experiments.pages.demands import Asked
from corridor.experiments.pages.words import extra
from corridor.topologies.base.words import counted

CERTAIN = (
    "Confident rules are legal texts that were read, and rules that the policy set states as its "
    "own. The other costs rest on interpretations, on our assumptions, or on uncertain texts."
)


TAKES = ("kept back", "delay")


NO_PERMIT = "a permit: another legal basis may provide one (corridor price searches for it)"
NOTHING_FOUND = "no effective single change found"


@dataclass(frozen=True)
class Cost:
    """One demand that pays."""

    number: int
    demand: Asked
    clauses: Sequence[Clause]
    """Those that cost it time, of the way there."""
    causes: Sequence[CauseEntry]
    """Those that keep it back, or cost it or its answers time."""

    @property
    def helps(self) -> Sequence[str]:
        """What would let it go."""
        wants_permit = any(one.basis == "no permit" for one in self.causes)
        return self.demand.under[0].remedies or [NO_PERMIT if wants_permit else NOTHING_FOUND]


@dataclass(frozen=True)
class Costs:
    title: str
    said: Sequence[str]
    paying: Sequence[Cost]
    kept: Sequence[Cost]
    rest: str
    totals: Sequence[tuple[str, Total]]
    """By confident rules alone, and by all rules."""
    bases: Mapping[str, str]


def costs_of(answers: Answers, demands: Sequence[Asked]) -> Costs:
    every = [
        Cost(
            number,
            one,
            [clause for clause in one.under[0].clauses if clause.costs_ms],
            [cause for cause in one.under[0].causes if cause.costs in TAKES],
        )
        for number, one in enumerate(demands)
    ]
    kept = [one for one in every if one.demand.under[0].is_kept_back]
    paying = sorted(
        (one for one in every if one not in kept and one.demand.under[0].is_costly),
        key=lambda one: -(one.demand.under[0].extra_ms or 0),
    )
    rest = len(demands) - len(kept) - len(paying)
    return Costs(
        title="Cost of the policies",
        said=_said(demands, answers.against),
        paying=paying,
        kept=kept,
        rest=_rest(rest),
        totals=[
            ("confident rules only", answers.totals.by_certain_rules),
            ("all rules", answers.totals.with_readings),
        ],
        bases=BASES,
    )


def _rest(number: int) -> str:
    if number == 1:
        return "The other demand has no added cost."
    return f"The other {number} demands have no added cost." if number else ""


def _said(demands: Sequence[Asked], against: str) -> list[str]:
    added = [one.under[0].extra_ms for one in demands]
    both = [one for one in added if one is not None]
    if not both:
        return []
    beside = "no policy set" if against == NO_POLICIES else f"policy set {against}"
    more = f"{extra(median(both))} ms to the median RTT and {extra(max(both))} ms at most"
    served = f"{counted(len(both), 'served demand')}"
    return [f"Compared with {beside}, the policies add {more} ({served}). {CERTAIN}"]
