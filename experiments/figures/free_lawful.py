"""The figure of round trips without law and under it, a demand a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from corridor.experiments.figures import answers_data as answers_of
from corridor.experiments.figures.dumbbells import Dumbbell, draw_dumbbells, left_out
from corridor.experiments.figures.kind import FigureKind
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.figures.style import Width
from corridor.topologies.base.words import counted

if TYPE_CHECKING:
    from corridor.experiments.answers.document import Answers, DemandAnswer

MOST_ROWS = 24


def _draw(run: RunData, width: Width) -> Figure | None:
    return None if run.answers is None else free_lawful(run.answers, width)


def free_lawful(answers: Answers, width: Width) -> Figure | None:
    """None where the law changes no round trip and keeps nothing back."""
    delayed, kept_back = answers_of.delayed(answers), answers_of.kept_back(answers)
    if not delayed and not kept_back:
        return None
    rows = [_row(demand) for demand in (*delayed, *kept_back)]
    unchanged = len(answers["demands"]) - len(rows)
    said = counted(len(answers["demands"]), "demand")
    if unchanged:
        said += f", {unchanged} with the same round trip not shown"
    caption = answers_of.caption(answers, f"{said}{left_out(rows, MOST_ROWS)}")
    names = ("round trip without law", "under the law", "kept back")
    title = _title(answers, delayed)
    return draw_dumbbells(title, caption, rows[:MOST_ROWS], names, width)


def _title(answers: Answers, delayed: list[DemandAnswer]) -> str:
    kept_back = answers_of.kept_back_told(answers)
    if not delayed:
        return f"The law delays no demand; {kept_back}"
    most = delayed[0]
    who = counted(len(delayed), "demand")
    return (
        f"The law delays {who}, {most['id']} most: {answers_of.extra_ms(most):.3g} ms; {kept_back}"
    )


def _row(demand: DemandAnswer) -> Dumbbell:
    trips = demand["round_trip_ms"]
    if demand["kept_back"]:
        sure = "" if demand["kept_back_by_certain_rules"] else ", not by confident rules alone"
        return Dumbbell(demand["id"], trips["free"], None, f"kept back{sure}")
    cause = answers_of.delay_cause(demand)
    by = f" by {cause['policy']}" if cause else ""
    return Dumbbell(
        demand["id"], trips["free"], trips["lawful"], f"+{answers_of.extra_ms(demand):.3g} ms{by}"
    )


KIND = FigureKind(
    "free-lawful",
    _draw,
)
