"""Figures of a study: what each condition came to, and differences seed by seed, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from corridor.experiments.figures.rows import Rows, RowText
from corridor.experiments.figures.saving import ON_SCREEN, save
from corridor.experiments.figures.style import TEXT, Key, Width, style
from corridor.experiments.study.answers import (
    Answers,
    ComparisonAnswer,
    ConditionAnswer,
    RunValues,
    Told,
)
from corridor.experiments.study.study_file import (
    CONDITIONS,
    DIFFERENCES,
    MeasureEntry,
    StudyFile,
    described,
)
from corridor.experiments.study.words import ALIKE, bounds, chosen, figure
from corridor.traffic.measures.quantiles import Interval

ROW_IN = 0.24
RUN: dict[str, Any] = {"marker": "|", "color": "0.45", "markersize": 7, "linestyle": "none"}
MEAN: dict[str, Any] = {"marker": "o", "color": "k", "markersize": 4.5, "linestyle": "none"}
WITHIN: dict[str, Any] = {"color": "k", "linewidth": 1.6, "solid_capstyle": "butt"}
UNPAIRED: dict[str, Any] = {"color": "0.75", "linewidth": 5, "solid_capstyle": "butt", "zorder": 1}
NONE: dict[str, Any] = {"color": "0.4", "linewidth": 0.8, "zorder": 0.5}
ROOM = 0.06


def draw(
    folder: Path,
    study: StudyFile,
    runs: Sequence[RunValues],
    found: Answers,
    made_by: str,
    carried: str = "",
    formats: Sequence[str] = ON_SCREEN,
    widths: Sequence[Width] = (TEXT,),
) -> list[Path]:
    """A figure a measure, and one of its differences where some are compared.

    ``made_by`` is in captions, ``carried`` in the files.
    """

    def save_it(figure: Figure, name: str) -> list[Path]:
        return save(figure, folder, name, carried or made_by, formats)

    made: list[Path] = []
    folder.mkdir(exist_ok=True)
    with style():
        for measure in study.measures:
            for width in widths:
                whole = _of_conditions(measure, Told(runs), found, made_by, width)
                if whole is not None:
                    made += save_it(whole, f"{measure.id}{width.suffix}")
                compared = _of_comparisons(runs, measure, found.comparisons, made_by, width)
                if compared is not None:
                    made += save_it(compared, f"{measure.id}{DIFFERENCES}{width.suffix}")
        for entry in study.figures:
            measure = next(one for one in study.measures if one.id == entry.measure)
            shown = chosen(found, entry, [entry.measure])
            for width in widths:
                if entry.of == CONDITIONS:
                    one = _of_conditions(measure, Told(runs), shown, made_by, width, entry.title)
                else:
                    of = shown.comparisons
                    one = _of_comparisons(runs, measure, of, made_by, width, entry.title)
                made += save_it(one, f"{entry.id}{width.suffix}") if one is not None else []
    return made


def _of_conditions(
    measure: MeasureEntry,
    told: Told,
    found: Answers,
    made_by: str,
    width: Width,
    title: str = "",
) -> Figure | None:
    rows = [one for one in found.conditions if one.measure == measure.id and one.estimate]
    if not rows:
        return None
    placed = Rows([RowText(described(one.levels), _beside(one)) for one in rows], width, ROW_IN)
    key: Key = [(Line2D([], [], **RUN), "a run"), _mean_key("its mean, 95 %")]
    sheet, axes = placed.figure(title or _title(measure, rows), _caption(told.runs, made_by), key)
    for y, one in zip(placed.ys, rows, strict=True):
        values = list(told.by_seed(one.levels, measure.id).values())
        axes.plot(values, [y] * len(values), **RUN)
        assert one.estimate is not None
        _draw_mean(axes, y, one.estimate.mean, one.estimate.mean_within)
    _finish(axes, placed, measure, "")
    return sheet


def _of_comparisons(
    runs: Sequence[RunValues],
    measure: MeasureEntry,
    found: Sequence[ComparisonAnswer],
    made_by: str,
    width: Width,
    title: str = "",
) -> Figure | None:
    rows = [one for one in found if one.measure == measure.id and one.difference]
    if not rows:
        return None
    texts = [RowText(_compared(one), _beside_difference(one)) for one in rows]
    placed = Rows(texts, width, ROW_IN)
    key: Key = [
        _mean_key("seed by seed, 95 %"),
        (Line2D([], [], **{**UNPAIRED, "linewidth": 5}), "if seeds were not shared"),
    ]
    sheet, axes = placed.figure(title or _differs(measure, rows), _caption(runs, made_by), key)
    axes.axvline(0, **NONE)
    for y, one in zip(placed.ys, rows, strict=True):
        assert one.difference is not None
        if one.difference.unpaired_within is not None:
            axes.plot(list(one.difference.unpaired_within), [y, y], **UNPAIRED)
        _draw_mean(axes, y, one.difference.mean, one.difference.within)
    _finish(axes, placed, measure, "difference in ")
    return sheet


def _mean_key(words: str) -> tuple[Any, str]:
    return Line2D([], [], **{**MEAN, "linestyle": "-", "linewidth": 1.6}), words


def _draw_mean(axes: Any, y: float, mean: float, within: Interval | None) -> None:
    if within is not None:
        axes.plot(list(within), [y, y], **WITHIN)
    axes.plot(mean, y, **MEAN)


def _finish(axes: Any, placed: Rows, measure: MeasureEntry, more: str) -> None:
    axes.margins(x=ROOM)
    unit = f" ({measure.shown_unit})" if measure.shown_unit else ""
    axes.set_xlabel(f"{more}{measure.name}{unit}")
    placed.write(axes)


def _beside(one: ConditionAnswer) -> str:
    assert one.estimate is not None
    missing = f", {one.without + one.left_out} without" if one.without + one.left_out else ""
    within = ALIKE if one.estimate.is_same else bounds(one.estimate.mean_within)
    return f"{figure(one.estimate.mean)} ({within}){missing}"


def _beside_difference(one: ComparisonAnswer) -> str:
    assert one.difference is not None
    within = ALIKE if one.difference.is_same else bounds(one.difference.within)
    return f"{one.difference.mean:+.4g} ({within})"


def _compared(one: ComparisonAnswer) -> str:
    where = f", {described(one.levels)}" if one.levels else ""
    return f"{one.one} to {one.other}{where}"


def _title(measure: MeasureEntry, rows: Sequence[ConditionAnswer]) -> str:
    """Between which conditions it differs most."""
    means = [(one.estimate.mean, one.levels) for one in rows if one.estimate is not None]
    least, most = min(means, key=lambda one: one[0]), max(means, key=lambda one: one[0])
    unit = f" {measure.shown_unit}" if measure.shown_unit else ""
    name = f"{measure.name[:1].upper()}{measure.name[1:]}"
    if figure(least[0]) == figure(most[0]):
        return f"{name}: {figure(least[0])}{unit} on average, whatever the condition"
    return (
        f"{name}: {figure(least[0])}{unit} with {described(least[1])}, "
        f"{figure(most[0])}{unit} with {described(most[1])}"
    )


def _differs(measure: MeasureEntry, rows: Sequence[ComparisonAnswer]) -> str:
    told = sum(
        one.difference is not None
        and one.difference.within is not None
        and not one.difference.within.holds(0)
        for one in rows
    )
    name = f"{measure.name[:1].upper()}{measure.name[1:]}"
    return f"{name}: {told} of {len(rows)} differences have an interval without 0"


def _caption(runs: Sequence[RunValues], made_by: str) -> str:
    seeds = len({one.repetition for one in runs})
    return f"{seeds} seeds, the same in every condition; {made_by}"
