"""Figures as Vega-Lite: the marks and values of the figure, in the coordinates of its axes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from corridor.experiments.figures.saving import save
from corridor.experiments.figures.style import new_figure, style


def vega(figure: Figure, folder: Path) -> dict[str, Any]:
    (path,) = save(figure, folder, "delay", "made by a test", ("vega",))
    assert path.name == "delay.vl.json"
    found: dict[str, Any] = json.loads(path.read_text())
    return found


@pytest.fixture
def axes(tmp_path):
    """Axes to draw on, and a function that gives the one view of their figure."""
    with style():
        figure = new_figure("A title", "a caption", 2.0)
        drawn = figure.add_subplot()

        def view():
            (found,) = vega(figure, tmp_path)["vconcat"]
            return found

        yield drawn, view


def values(mark, *names):
    return [tuple(one[name] for name in names) for one in mark["data"]["values"]]


def test_title_caption_and_source_are_kept(tmp_path):
    with style():
        figure = new_figure("A title", "a caption", 2.0)
        figure.add_subplot().plot([0, 1], [1, 2])
        found = vega(figure, tmp_path)
    assert found["$schema"].endswith("vega-lite/v5.json")
    assert found["title"] == {"text": ["A title"], "subtitle": ["a caption"], "anchor": "start"}
    assert found["description"] == "A title · a caption · made by a test"


def test_a_line_keeps_its_values_order_dashes_and_steps(axes):
    drawn, view = axes
    drawn.plot([3, 1, 2], [10, np.nan, 30], "--", drawstyle="steps-post", color="#0072b2")
    drawn.set(xlabel="RTT (ms)", xlim=(0, 4), ylim=(40, 0))
    found = view()
    (mark,) = found["layer"]
    assert values(mark, "n", "x", "y") == [(0, 3.0, 10.0), (1, 1.0, None), (2, 2.0, 30.0)]
    look = mark["mark"]
    assert (look["type"], look["interpolate"], look["stroke"]) == ("line", "step-after", "#0072b2")
    assert len(look["strokeDash"]) == 2
    x, y = found["encoding"]["x"], found["encoding"]["y"]
    assert (x["axis"]["title"], x["scale"]["domain"]) == ("RTT (ms)", [0.0, 4.0])
    assert (y["scale"]["domain"], y["scale"]["reverse"]) == ([0.0, 40.0], True)


def test_marks_in_other_coordinates_come_to_those_of_the_axes(axes):
    drawn, view = axes
    drawn.set(xlim=(0, 10), ylim=(0, 100))
    drawn.plot([4], [0.5], "s", transform=drawn.get_xaxis_transform())
    (mark,) = view()["layer"]
    ((x, y),) = values(mark, "x", "y")
    assert (x, y) == (pytest.approx(4.0), pytest.approx(50.0))
    assert mark["mark"]["shape"] == "square"


def test_only_the_marked_points_of_a_line_have_marks(axes):
    drawn, view = axes
    drawn.plot([1, 2, 3], [1, 2, 3], marker="o", markevery=[0, 2])
    line, points = view()["layer"]
    assert values(line, "x") == [(1.0,), (2.0,), (3.0,)]
    assert values(points, "x") == [(1.0,), (3.0,)]


def test_bars_areas_and_rules_keep_their_corners(axes):
    drawn, view = axes
    drawn.barh([1], [5], height=0.5, facecolor="0.75", edgecolor="k")
    drawn.fill_between([0, 1], [0, 0], [2, 2], color="r", alpha=0.5)
    drawn.hlines(3, 1, 4, color="k")
    drawn.set(xlim=(0, 6), ylim=(0, 4))
    bar, area, rule = _by_kind(view()["layer"])
    assert {*values(bar, "x", "y")} == {(0.0, 0.75), (5.0, 0.75), (5.0, 1.25), (0.0, 1.25)}
    assert bar["mark"]["interpolate"] == "linear-closed"
    assert area["mark"]["fillOpacity"] == 0.5
    assert values(rule, "x", "y") == [(1.0, 3.0), (4.0, 3.0)]


def _by_kind(layer):
    closed = [one for one in layer if "fill" in one["mark"]]
    (rule,) = [one for one in layer if "fill" not in one["mark"]]
    bar = next(one for one in closed if one["mark"]["fillOpacity"] == 1)
    area = next(one for one in closed if one["mark"]["fillOpacity"] != 1)
    return bar, area, rule


def test_rows_keep_their_names_and_texts_their_place(axes):
    drawn, view = axes
    drawn.set(xlim=(0, 10), ylim=(0, 2))
    drawn.set_yticks([0, 1.5], ["ckpt", "it's"])
    drawn.text(5, 1, "here", va="center", fontweight="bold")
    found = view()
    axis = found["encoding"]["y"]["axis"]
    assert axis["values"] == [0.0, 1.5]
    assert axis["labelExpr"] == '["ckpt", "it\'s"][indexof([0.0, 1.5], datum.value)]'
    (text,) = found["layer"]
    ((x, y),) = values(text, "x", "y")
    assert (text["mark"]["text"], text["mark"]["fontWeight"]) == ("here", "bold")
    assert x == pytest.approx(5.0, abs=0.1)
    assert y == pytest.approx(1.0, abs=0.05)


def test_names_of_large_and_small_places_are_found_by_number(axes):
    """JavaScript writes 1e-05 as 0.00001 and 1e9 as 1000000000: keys of text would not match."""
    drawn, view = axes
    drawn.set(xlim=(0, 2e9), ylim=(0, 1e-4))
    drawn.set_xticks([1e9, 2e9], ["1 s", "2 s"])
    drawn.set_yticks([1e-5, 5e-5], ["few", "many"])
    for side, names in (("x", ["1 s", "2 s"]), ("y", ["few", "many"])):
        axis = view()["encoding"][side]["axis"]
        found = re.fullmatch(r"(\[.*\])\[indexof\((\[.*\]), datum\.value\)\]", axis["labelExpr"])
        assert found, axis["labelExpr"]
        assert json.loads(found[1]) == names
        assert json.loads(found[2]) == axis["values"]


def test_a_key_becomes_a_legend_and_axes_behind_others_their_marks(tmp_path):
    with style():
        key = [(Line2D([], [], color="#d55e00"), "RTT")]
        figure = new_figure("A title", "a caption", 3.0, key=key)
        figure.set_layout_engine("none")
        behind = figure.add_axes((0.1, 0.1, 0.8, 0.8), frameon=False)
        behind.axvspan(1, 2)
        upper = figure.add_axes((0.1, 0.5, 0.8, 0.3))
        lower = figure.add_axes((0.1, 0.1, 0.8, 0.3))
        for one in (behind, upper, lower):
            one.set(xlim=(0, 10), ylim=(0, 1))
        legend, *views = vega(figure, tmp_path)["vconcat"]
    scale = legend["encoding"]["color"]["scale"]
    assert scale == {"domain": ["RTT"], "range": ["#d55e00"]}
    assert len(views) == 2
    for view in views:
        (shade,) = view["layer"]
        assert {round(x, 6) for (x,) in values(shade, "x")} == {1.0, 2.0}
        assert shade["mark"]["clip"]
