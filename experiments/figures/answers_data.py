"""``answers.json``: what is computed of a scenario, as far as figures show it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from corridor.experiments.answers.price_causes import UNCERTAIN
from corridor.topologies.base.words import counted, is_longer

if TYPE_CHECKING:
    from corridor.experiments.answers.document import Answers, CauseEntry, CutEntry, DemandAnswer
    from corridor.experiments.answers.map_document import PathDocument

NOT_ADVICE = "not legal advice"


def caption(answers: Answers, shown: str) -> str:
    """What is shown, then where it comes from."""
    parts = [shown, "computed, not measured", f"scenario {answers.scenario}"]
    parts.append(f"policies {answers.policies} as of {answers.as_of}")
    return " · ".join([*parts, NOT_ADVICE])


def extra_ms(demand: DemandAnswer) -> float:
    """Of the round trip; 0 where sentences tell it as the same, or nothing can be compared."""
    extra = demand.extra_ms or 0.0
    return extra if is_longer(extra) else 0.0


def cause_of(demand: DemandAnswer, *costs: str) -> CauseEntry | None:
    """The first clause that makes it pay in one of these ways."""
    return next((one for one in demand.causes if one.costs in costs), None)


def is_uncertain(cause: CauseEntry) -> bool:
    """Whether a cost rests on anything but confident text of law or the set's own rules."""
    return cause.basis in UNCERTAIN


def delayed(answers: Answers) -> list[DemandAnswer]:
    """Those whose law costs time, the most first."""
    costly = [demand for demand in answers.demands if extra_ms(demand)]
    return sorted(costly, key=lambda demand: (-extra_ms(demand), demand.id))


def kept_back(answers: Answers) -> list[DemandAnswer]:
    return [demand for demand in answers.demands if demand.kept_back]


def less_protected(answers: Answers) -> list[DemandAnswer]:
    return [demand for demand in answers.demands if demand.lost_protection]


def blocked_in_words(answers: Answers) -> str:
    """``7 of 62 demands are blocked``, or that none is."""
    number, every = len(kept_back(answers)), counted(len(answers.demands), "demand")
    return f"{number or 'none'} of {every} {'is' if number < 2 else 'are'} blocked"


def subject(answers: Answers) -> DemandAnswer | None:
    """The demand that a picture is of: the one whose law costs most; where none costs anything,
    the one whose path is longest."""
    served = [demand for demand in answers.demands if demand.lawful is not None]

    def rank(demand: DemandAnswer) -> tuple[float, float]:
        path = demand.lawful
        return extra_ms(demand), path.one_way_ms if path else 0.0

    return max(served, key=rank, default=None)


def worst_cut(demand: DemandAnswer) -> CutEntry | None:
    """The cut of fibres after which its path is longest; None where none leaves a path."""
    cuts = [cut for cut in demand.cuts if _is_of_fibres(cut) and path_after(cut)]
    return max(cuts, key=_one_way_ms, default=None)


def deadly_cuts(demand: DemandAnswer) -> list[CutEntry]:
    """Those that leave it no lawful path."""
    return [cut for cut in demand.cuts if _is_of_fibres(cut) and not path_after(cut)]


def _is_of_fibres(cut: CutEntry) -> bool:
    return any(dead.startswith("link:") for dead in cut.dead)


def _one_way_ms(cut: CutEntry) -> float:
    path = path_after(cut)
    return path.one_way_ms if path else 0.0


def path_after(cut: CutEntry) -> PathDocument | None:
    """As the controller then plans it, else as switches bridge it, if they do."""
    return cut.again or (cut.at_once if cut.delivered else None)


def told(dead: Sequence[str]) -> str:
    """``guian-kunming``, or ``guian-kunming and 2 more``."""
    names = [one.partition(":")[2] or one for one in dead]
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
