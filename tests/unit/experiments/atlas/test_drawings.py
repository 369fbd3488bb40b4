"""Maps of pages and figures are one drawing: the same marks at the same places, in one palette."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex

import page_case
from corridor.experiments.account.summary import read_summary
from corridor.experiments.answers.document import Answers
from corridor.experiments.atlas.drawing import COLOURS, Lines, Look, Text, svg
from corridor.experiments.atlas.labels import Box
from corridor.experiments.atlas.map_drawing import FREE, LAWFUL, rules
from corridor.experiments.figures.data import RunData
from corridor.experiments.figures.maps import path_map
from corridor.experiments.figures.style import TEXT, style
from corridor.experiments.figures.timeline import draw as timeline
from corridor.experiments.pages.demands import flagship, of_answers
from corridor.experiments.pages.page import STYLE, TEMPLATES, text_of
from corridor.experiments.pages.stage import Stage, stage_of
from corridor.experiments.pages.time_chart import LEFT, WIDE, course_of
from typed_answers import typed


@pytest.fixture
def answers() -> Answers:
    return typed(page_case.answers())


@pytest.fixture
def stage(answers: Answers) -> Stage:
    return stage_of(answers.map, of_answers(answers, None), ["ours"])


def lines_of_page(layer: str, name: str) -> list[list[tuple[float, float]]]:
    """Lines of a class in SVG."""
    found = re.findall(rf'<path class="{name}"[^>]* d="([^"]+)"', layer)
    return [
        [(float(x), float(y)) for x, y in (point.split(" ") for point in part.split("L"))]
        for path in found
        for part in path[1:].split("M")
    ]


def lines_of_figure(axes: Any, look: Look) -> list[list[tuple[float, float]]]:
    """Lines of a colour and a width on paper."""
    return [
        [(round(float(x), 1), round(float(y), 1)) for x, y in part]
        for one in axes.collections
        if to_hex(one.get_color()[0]) == to_hex(look.line_colour)
        and one.get_linewidth()[0] == pytest.approx(0.75 * look.width)
        for part in one.get_segments()
    ]


def test_page_and_figure_draw_the_same_paths_and_hubs(answers: Answers, stage: Stage) -> None:
    with style():
        figure: Any = path_map(answers, {}, TEXT)
    axes = figure.axes[0]
    for look in (LAWFUL, FREE):
        of_page = lines_of_page(stage.layers["over"], look.name)
        assert of_page
        assert of_page == lines_of_figure(axes, look)
    fibres = lines_of_page(stage.layers["fibres"], r"f \w+")
    widths = [one for one in axes.collections if one.get_linewidth()[0] == pytest.approx(0.825)]
    assert len(fibres) == sum(len(one.get_segments()) for one in widths)
    hubs = re.findall(r"translate\(([\d.]+) ([\d.]+)\)", stage.layers["hubs"])
    drawn = {(f"{line.get_xdata()[0]:.1f}", f"{line.get_ydata()[0]:.1f}") for line in axes.lines
             if len(line.get_xdata()) == 1}  # fmt: skip
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    assert hubs
    for x, y in hubs:
        in_view = left <= float(x) <= right and top <= float(y) <= bottom
        assert ((x, y) in drawn) == in_view


def test_page_and_figure_choose_the_same_demand(answers: Answers) -> None:
    demands = of_answers(answers, None)
    with style():
        figure = path_map(answers, {}, TEXT)
    title = " ".join(figure.texts[0].get_text().split())
    assert f"({demands[flagship(demands)[0]].id})" in title


def test_page_and_figure_have_the_same_time_line(tmp_path: Path) -> None:
    run = page_case.write_run(tmp_path)
    data = RunData(run, read_summary(run / "summary.json"))
    with style():
        figure: Any = timeline(data, TEXT)
    across, *axes = figure.axes
    course = course_of(data.summary, lambda: data.probes, {}, has_bfd=data.has_bfd)
    assert course
    assert [text.get_text() for text in across.texts] == ["cut two"]
    assert [band.label for band in course.chart.bands] == ["dig: cut two"]
    for row, one in zip(course.chart.rows, axes, strict=True):
        assert one.texts[0].get_text().startswith(row.name)
        rtt, lost = one.lines
        paths = dict(row.paths)
        assert len(re.findall("[ML]", paths["rtt"])) == sum(~np.isnan(rtt.get_ydata()))
        assert paths["lost"].count("M") == len(lost.get_xdata())
        levels = [(part[0], part[1]) for each in one.collections for part in each.get_segments()]
        spans = [(x_of(a[0], line_end(one)), x_of(z[0], line_end(one))) for a, z in levels]
        found = re.findall(r"M(\S+) \S+H([^M]+)", paths["level"])
        assert [(float(x), float(to)) for x, to in found] == spans


def x_of(at_s: float, end_s: float) -> float:
    return round(LEFT + at_s / end_s * (WIDE - LEFT), 1)


def line_end(axes: Any) -> float:
    return float(axes.get_xlim()[1])


def test_paper_has_the_colours_of_a_printed_page() -> None:
    sheet = (TEMPLATES / STYLE).read_text()
    printed = re.search(r"@media print \{\s*:root \{([^}]+)\}", sheet)
    assert printed
    known = dict(re.findall(r"--(\w+): (#\w+)", printed[1]))
    assert {name: known[name] for name in COLOURS} == dict(COLOURS)


def test_the_style_sheet_has_the_rules_of_all_looks() -> None:
    assert rules() in text_of(STYLE)
    rule = ".o.free { fill: none; stroke: var(--free); stroke-width: 3; stroke-dasharray: 1 7; }"
    assert FREE.css == rule
    assert rule in rules()


def test_texts_and_titles_are_escaped_in_svg() -> None:
    text = Text(("<b>", "two"), Box(0, 0, 10, 20), leader=((0.0, 0.0), (1.0, 1.0)))
    assert svg([text]) == (
        '<path class="leader" d="M0 0L1 1"/>'
        '<text x="0.0" y="8.0">&lt;b&gt;</text><text x="0.0" y="18.0">two</text>'
    )
    line = Lines(Look("f"), [((0.0, 0.0), (1.0, 2.0))], title="a<b")
    assert svg([line, line], "f") == "".join(
        f'<path class="f" id="f{at}" d="M0 0L1 2"><title>a&lt;b</title></path>' for at in (0, 1)
    )
