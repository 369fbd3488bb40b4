"""The figure of policies and demands: what becomes of each demand, and by which clause."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.figures import answers_data as answers_of
from corridor.experiments.figures import table_axes
from corridor.experiments.figures.kind import FigureKind
from corridor.experiments.figures.outcomes import (
    Mark,
    Matrix,
    Row,
    matrix_of,
    told_in_all,
)
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.figures.style import SMALL_PT, Key, Width, new_sheet, width_pt
from corridor.experiments.figures.table_axes import Column, Table
from corridor.topologies.base.words import counted

if TYPE_CHECKING:
    from corridor.experiments.answers.document import Answers

ROW_IN, CELL_IN, NUMBER_IN, GAP_IN = 0.114, 0.175, 0.36, 0.1
SHAPES = {"kept back": "X", "delay": "o", "no way around": "s", "width": "v"}
WORDS = {
    "kept back": "keeps back",
    "delay": "costs time",
    "no way around": "costs a way around",
    "width": "costs capacity",
}
LOOK: dict[str, Any] = {"color": "k", "linestyle": "none", "markeredgewidth": 0.7}
BINDS: dict[str, Any] = {"marker": ".", "color": "0.55", "markersize": 3.2, "linestyle": "none"}
OUTCOME: dict[str, Any] = {"marker": "o", "color": "k", "markersize": 4.6, "linestyle": "none"}


def _draw(run: RunData, width: Width) -> Figure | None:
    if run.answers is None or run.answers["policies"] == NO_POLICIES:
        return None
    return policy_demand(run.answers, width)


def policy_demand(answers: Answers, width: Width) -> Figure | None:
    """A row a demand; in a narrow figure a row a class of data, with the number of demands."""
    if not answers["demands"]:
        return None
    matrix = matrix_of(answers)
    if width.is_narrow:
        return _narrow(answers, matrix, width)
    return _wide(answers, matrix, width)


def _wide(answers: Answers, matrix: Matrix, width: Width) -> Figure:
    scratch = Figure()
    left_in = [
        width_pt(scratch, texts, SMALL_PT) / 72 + GAP_IN
        for texts in ([one.demand for one in matrix.rows], [one.data for one in matrix.rows])
    ]
    used = sum(left_in) + CELL_IN * (len(matrix.outcomes) - 1) + NUMBER_IN + GAP_IN + 0.1
    most = max(1, int((width.inches - used) / CELL_IN))
    clauses = matrix.clauses[:most]
    columns = [Column(name, NUMBER_IN if name == "longer" else CELL_IN) for name in matrix.outcomes]
    columns[-1] = Column(columns[-1].name, columns[-1].wide_in, gap_in=GAP_IN)
    columns += [Column(matrix.name_of(clause), CELL_IN) for clause in clauses]
    lines = table_axes.lines_of([(row.group, row) for row in matrix.rows])
    caption = answers_of.caption(answers, _shown(matrix, len(clauses)))
    body_in = table_axes.header_in(columns) + ROW_IN * len(lines) + 0.04
    sheet = new_sheet(told_in_all(matrix), caption, body_in, width, _key(matrix))
    table = Table(sheet, columns, lines, ROW_IN, left_in)
    table.write_frame(lambda row: (row.demand, row.data))
    for y, row in table.rows():
        _draw_outcomes(table, y, row, matrix.outcomes)
        for number, clause in enumerate(clauses):
            for mark in row.marks.get(clause, ()):
                x = table.x_in(len(matrix.outcomes) + number)
                table.axes.plot(x, y, **_look(mark))
    return sheet.figure


def _narrow(answers: Answers, matrix: Matrix, width: Width) -> Figure:
    classes = matrix.by_class()
    scratch = Figure()
    left_in = [width_pt(scratch, [one.data for one in classes], SMALL_PT) / 72 + GAP_IN]
    columns = [Column(name, 0.25) for name in ("demands", *matrix.outcomes)]
    lines = table_axes.lines_of([(row.group, row) for row in classes])
    caption = answers_of.caption(answers, f"{counted(len(matrix.rows), 'demand')} by class of data")
    body_in = table_axes.header_in(columns) + ROW_IN * len(lines) + 0.04
    sheet = new_sheet(told_in_all(matrix), caption, body_in, width)
    table = Table(sheet, columns, lines, ROW_IN, left_in)
    table.write_frame(lambda row: (row.data,))
    for y, row in table.rows():
        numbers = [row.demands, *(row.outcomes[name] for name in matrix.outcomes)]
        for column, number in enumerate(numbers):
            if number:
                table.write(column, y, str(number), is_bold=column > 1)
    return sheet.figure


def _draw_outcomes(table: Table[Row], y: float, row: Row, outcomes: Sequence[str]) -> None:
    for column, name in enumerate(outcomes):
        if name == "longer" and row.extra_ms:
            table.write(column, y, f"+{row.extra_ms:.3g}")
        elif name in row.outcomes:
            table.axes.plot(table.x_in(column), y, **OUTCOME)


def _look(mark: Mark) -> dict[str, Any]:
    if not mark.costs:
        return BINDS
    fill = "white" if mark.is_uncertain else "k"
    size = 5.6 if SHAPES[mark.costs] == "X" else 4.6
    return LOOK | {"marker": SHAPES[mark.costs], "markerfacecolor": fill, "markersize": size}


def _key(matrix: Matrix) -> Key:
    marks = {mark for row in matrix.rows for found in row.marks.values() for mark in found}
    key: list[tuple[Any, str]] = []
    for costs, words in WORDS.items():
        for is_uncertain in (False, True):
            mark = Mark(costs, is_uncertain)
            if mark in marks:
                said = f"{words}, uncertain" if is_uncertain else words
                key.append((Line2D([], [], **_look(mark)), said))
    if Mark("", False) in marks or Mark("", True) in marks:
        key.append((Line2D([], [], **BINDS | {"markersize": 6}), "binds, costs nothing"))
    return key


def _shown(matrix: Matrix, clauses: int) -> str:
    said = [counted(len(matrix.rows), "demand")]
    if matrix.left_out:
        said.append(f"{matrix.left_out} more that law changes nothing for")
    if clauses < len(matrix.clauses):
        said.append(f"{len(matrix.clauses) - clauses} clauses without room left out")
    said.append("longer: ms of round trip")
    return ", ".join(said)


KIND = FigureKind(
    "policy-demand",
    _draw,
)
