"""``answers.json``: what is computed of a scenario, as far as figures show it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypedDict

from corridor.experiments.figures.data import count
from corridor.topologies.base.bounded_file import RESULT, read_json

FILE = "answers.json"
LEAST_MS = 1e-3
"""A smaller difference of round trips is none."""
NOT_ADVICE = "not legal advice"


class WayAnswer(TypedDict):
    hubs: list[str]
    fibres: list[str]
    one_way_ms: float
    length_km: float
    crosses: list[str]


class ClauseAnswer(TypedDict):
    """One that a demand has to keep; ``costs_ms`` is of its round trip."""

    policy: str
    clause: str
    says: str
    confidence: str
    costs_ms: float | None


class CutAnswer(TypedDict):
    """What becomes of a demand if something fails: at once by switches, again by the controller."""

    dead: list[str]
    protected: bool
    at_once: WayAnswer | None
    again: WayAnswer | None


class RoundTripAnswer(TypedDict):
    free: float | None
    lawful: float | None


class DemandAnswer(TypedDict):
    id: str
    data: str
    src: str
    dst: str
    status: str
    judged: bool
    free: WayAnswer | None
    lawful: WayAnswer | None
    why: str
    clauses: list[ClauseAnswer]
    round_trip_ms: RoundTripAnswer
    extra_ms: float | None
    extra_interval_ms: list[float] | None
    certain_extra_ms: float | None
    kept_back_by_certain_rules: bool
    single_points: list[str]
    lost_protection: list[str]
    cuts: list[CutAnswer]


class Answers(TypedDict):
    scenario: str
    policies: str
    as_of: str
    against: str
    map: dict[str, Any]
    demands: list[DemandAnswer]


def read_answers(out_dir: Path) -> Answers | None:
    """None where there are none. Raises InputError where they cannot be read."""
    if not (out_dir / FILE).exists():
        return None
    answers: Answers = read_json(out_dir / FILE, RESULT)
    return answers


def caption(answers: Answers, shown: str) -> str:
    """What is shown, then where it comes from."""
    parts = [shown, "computed, not measured", f"scenario {answers['scenario']}"]
    parts.append(f"policies {answers['policies']} as of {answers['as_of']}")
    return " · ".join([*parts, NOT_ADVICE])


def is_kept_back(demand: DemandAnswer) -> bool:
    """Fibres lead there, and policies allow no way."""
    return demand["lawful"] is None and demand["free"] is not None


def extra_ms(demand: DemandAnswer) -> float:
    """Of the round trip; 0 where it is nothing, or nothing can be compared."""
    extra = demand["extra_ms"] or 0.0
    return extra if extra > LEAST_MS else 0.0


def costliest_clause(demand: DemandAnswer) -> ClauseAnswer | None:
    costly = [one for one in demand["clauses"] if (one["costs_ms"] or 0.0) > LEAST_MS]
    return max(costly, key=lambda one: one["costs_ms"] or 0.0, default=None)


def is_reading(clause: ClauseAnswer) -> bool:
    return clause["confidence"] != "confident"


def delayed(answers: Answers) -> list[DemandAnswer]:
    """Those whose law costs time, the most first."""
    costly = [demand for demand in answers["demands"] if extra_ms(demand)]
    return sorted(costly, key=lambda demand: (-extra_ms(demand), demand["id"]))


def kept_back(answers: Answers) -> list[DemandAnswer]:
    return [demand for demand in answers["demands"] if is_kept_back(demand)]


def kept_back_told(answers: Answers) -> str:
    """``7 of 62 demands are kept back``, or that none is."""
    number, every = len(kept_back(answers)), count(len(answers["demands"]), "demand")
    return f"{number or 'none'} of {every} {'is' if number < 2 else 'are'} kept back"


def subject(answers: Answers) -> DemandAnswer | None:
    """The demand that a picture is of: the one whose law costs most; where none costs anything,
    the one whose way is longest."""
    served = [demand for demand in answers["demands"] if demand["lawful"] is not None]

    def rank(demand: DemandAnswer) -> tuple[float, float]:
        way = demand["lawful"]
        return extra_ms(demand), way["one_way_ms"] if way else 0.0

    return max(served, key=rank, default=None)


def worst_cut(demand: DemandAnswer) -> CutAnswer | None:
    """The cut after which its way is longest; if none leaves a way, the first."""
    cuts = [one for one in demand["cuts"] if any(dead.startswith("link:") for dead in one["dead"])]

    def rank(cut: CutAnswer) -> float:
        way = way_after(cut)
        return way["one_way_ms"] if way else 0.0

    return max(cuts or demand["cuts"], key=rank, default=None)


def way_after(cut: CutAnswer) -> WayAnswer | None:
    return cut["again"] or cut["at_once"]


def told(dead: Sequence[str]) -> str:
    """``guian-kunming``, or ``guian-kunming and 2 more``."""
    names = [one.partition(":")[2] or one for one in dead]
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
