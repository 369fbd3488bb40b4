"""Letters of any script: fonts by file, shaped as scripts want it, and none missing in silence."""

from __future__ import annotations

import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from corridor.experiments.figures.saving import save
from corridor.experiments.figures.style import (
    SCRIPTS,
    LettersLacking,
    broken,
    lay_out,
    new_figure,
    style,
)
from handmade_map import hub

looks = import_module("corridor.experiments.figures.style")
"""The package has a function of this name."""
THERE = all((looks.NOTO / script.files[0]).exists() for script in SCRIPTS)
NEEDS_FONTS = pytest.mark.skipif(not THERE, reason="fonts-noto-core or fonts-noto-cjk is missing")
NAMES = {
    "Chinese": "乌鲁木齐",
    "Thai": "กรุงเทพฯ ที่นี่ น้ำ",
    "Arabic": "الرياض",
    "Urdu": "لاہور",
    "mixed": "Lahore لاہور (PK), Riyadh الرياض",
}


@pytest.fixture
def no_fonts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """A machine without Noto."""
    monkeypatch.setattr(looks, "NOTO", tmp_path)
    for cached in (looks._installed, looks._drawn):
        cached.cache_clear()
    yield
    for cached in (looks._installed, looks._drawn):
        cached.cache_clear()


def picture(text: str, family: list[str] | None = None) -> Any:
    figure = Figure(figsize=(4, 1), dpi=100)
    figure.text(0.05, 0.4, text, fontsize=20, fontfamily=family or looks.families(text))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., 0]


def width(text: str) -> int:
    columns = np.flatnonzero((picture(text) < 128).any(axis=0))
    return int(columns[-1] - columns[0])


@NEEDS_FONTS
@pytest.mark.parametrize("script", NAMES)
def test_every_script_is_drawn_without_a_warning(script: str) -> None:
    with warnings.catch_warnings(), style():
        warnings.simplefilter("error")
        assert (picture(NAMES[script]) < 128).sum() > 200
    assert looks.can_be_set(NAMES[script])


@NEEDS_FONTS
def test_arabic_letters_join_and_thai_marks_stand_above() -> None:
    with style():
        assert width("ببب") < 0.7 * 3 * width("ب")
        assert width("بببا") < width("ببب") + width("ا") + 4
        assert width("ที่") == width("ท")


@NEEDS_FONTS
def test_urdu_is_of_one_font_throughout() -> None:
    assert looks.families("لاہور")[0] == "Noto Naskh Arabic"
    assert looks.families("Lahore لاہور")[:2] == ["Noto Naskh Arabic", "DejaVu Sans"]
    assert looks.families("乌鲁木齐 Urumqi")[:2] == ["DejaVu Sans", "Noto Sans CJK SC"]
    assert looks.families("Urumqi → µs") == ["DejaVu Sans"]


@NEEDS_FONTS
def test_names_of_ticks_and_titles_are_set_too(tmp_path: Path) -> None:
    def drawn() -> Any:
        with style():
            figure = new_figure("كراتشي و 乌鲁木齐", "กรุงเทพฯ", 1.0)
            axes = figure.add_subplot()
            axes.set_yticks([0, 1], ["乌鲁木齐", "لاہور"])
            return [path.read_bytes() for path in save(figure, tmp_path, "names", "", ["pdf"])]

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first = drawn()
    assert first == drawn()
    assert b"NotoSansCJK" in first[0]


def test_a_letter_that_no_font_has_is_told_with_its_package(no_fonts: Any) -> None:
    assert looks.lacking(["Karachi µ → é"]) == ""
    assert looks.lacking(["喀什"]) == "no font here has 什喀: install fonts-noto-cjk"
    assert "install fonts-noto-core" in looks.lacking(["กรุง"])
    assert looks.lacking(["\ue000"]).endswith("no package we know of has them")


def test_a_figure_with_such_letters_says_so_itself_and_warns_once(no_fonts: Any) -> None:
    with warnings.catch_warnings(record=True) as told, style():
        warnings.simplefilter("always")
        figure = new_figure("喀什", "from 喀什", 1.0)
        lay_out(figure)
    assert [one.category for one in told] == [LettersLacking]
    assert any("install fonts-noto-cjk" in text.get_text() for text in figure.texts)


def test_maps_leave_out_local_names_without_fonts(no_fonts: Any) -> None:
    from corridor.experiments.figures.maps import name_of

    assert name_of(hub("bangkok", (13.8, 100.5), local_name="กรุงเทพฯ")) == "Bangkok"


@NEEDS_FONTS
def test_maps_have_both_names() -> None:
    from corridor.experiments.figures.maps import name_of

    assert name_of(hub("lahore", (31.5, 74.3), local_name="لاہور")) == "Lahore\nلاہور"
    long = hub("qingpu", (31, 121), local_name="长三角生态绿色一体化发展示范区")
    assert name_of(long) == "Qingpu"


def test_dollars_in_names_are_no_mathematics() -> None:
    with style():
        figure = new_figure("costs $1 and $2", "x_1", 1.0)
        lay_out(figure)
    assert not any(text.get_parse_math() for text in figure.texts)


def test_lines_are_broken_before_a_number_and_never_before_its_unit() -> None:
    with style():
        lines = broken(Figure(dpi=150), "out for 40 ms, predicted 36.6 ms (87 %) at once", 7, 70)
    assert len(lines) > 2
    assert not any(line.startswith(("ms", "%")) for line in lines), lines


def test_no_line_begins_with_the_dot_that_ends_the_part_before() -> None:
    with style():
        lines = [broken(Figure(dpi=150), "a part · and another", 7, room) for room in range(20, 90)]
    assert {len(one) for one in lines} >= {1, 2, 3}
    assert not any(line.startswith("·") for one in lines for line in one), lines
