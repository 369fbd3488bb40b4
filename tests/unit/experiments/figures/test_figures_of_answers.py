"""Figures of what is computed: titles say the finding with its numbers, marks are where they
belong, no text is small, cut off, or over another."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from matplotlib.colors import to_hex

import handmade_answers
import handmade_run
from corridor.experiments.answers.document import CutEntry
from corridor.experiments.answers.map_document import PathDocument
from corridor.experiments.figures import answers_data, draw_figures
from corridor.experiments.figures.maps import path_map
from corridor.experiments.figures.price import MOST_DEMANDS, price_of_run
from corridor.experiments.figures.registry import KINDS
from corridor.experiments.figures.style import COLUMN, TEXT, lay_out, style
from corridor.experiments.results.results import read_plan, summarise
from corridor.topologies.base.codec import from_plain
from corridor.topologies.base.words import LEAST_SHOWN_MS
from drawn_texts import assert_apart, assert_legible, visible_texts
from typed_answers import typed

WIDTHS = pytest.mark.parametrize("width", [TEXT, COLUMN], ids=["text", "column"])
DRAWERS = {
    "map": lambda answers, width: path_map(answers, {}, width),
    "price": price_of_run,
}
NAMES = pytest.mark.parametrize("name", DRAWERS)


@pytest.fixture
def answers() -> Any:
    return handmade_answers.answers()


def drawn(name: str, answers: Any, width: Any = TEXT) -> Any:
    with style():
        figure = DRAWERS[name](typed(answers), width)
        if figure is not None:
            lay_out(figure)
    return figure


def texts(figure: Any) -> list[str]:
    return [text.get_text() for text in visible_texts(figure)]


def title(figure: Any) -> str:
    (found,) = [
        text.get_text()
        for text in figure.texts
        if text.get_fontweight() == "bold" and text.get_va() == "top"
    ]
    return " ".join(found.split("\n"))


def many(answers: Any, copies: int) -> Any:
    """As many demands as the reference corridor has, and more."""
    demands = [
        demand | {"id": f"{demand['id']}-qingyang-frankfurt-{number}"}
        for number in range(copies)
        for demand in answers["demands"]
    ]
    return answers | {"demands": demands}


def test_the_map_tells_of_the_demand_whose_law_costs_most(answers: Any) -> None:
    said = title(drawn("map", answers))
    assert said.startswith("Policies add up to 12 ms to a round trip (longer); ")
    assert said.endswith("; its worst cut adds 3 ms one way at once, 3 ms after recomputation")


def test_the_map_says_what_switches_add_at_once_and_what_is_left_after_that(answers: Any) -> None:
    changed = copy.deepcopy(answers)
    (longer,) = [one for one in changed["demands"] if one["id"] == "longer"]
    for cut in longer["cuts"]:
        if cut["at_once"]:
            cut["at_once"] = cut["at_once"] | {"one_way_ms": cut["again"]["one_way_ms"] + 20.5}
    assert title(drawn("map", changed)).endswith(
        "; its worst cut adds 23.5 ms one way at once, 3 ms after recomputation"
    )


def test_the_map_marks_the_cut_and_names_both_ends(answers: Any) -> None:
    figure = drawn("map", answers)
    (cross,) = [line for line in figure.axes[0].lines if line.get_markerfacecolor() == "#b3001b"]
    (x,), (y,) = cross.get_data()
    (left, right), (bottom, top) = figure.axes[0].get_xlim(), figure.axes[0].get_ylim()
    assert left < x < right
    assert top < y < bottom
    names = [text.partition("\n")[0] for text in texts(figure)]
    assert {"Gui'an New Area", "Karachi", "cut: three and 1 more"} <= set(names)


def lines_of(figure: Any, colour: str) -> list[float]:
    """Widths of the lines of a colour."""
    return [
        float(one.get_linewidth()[0])
        for one in figure.axes[0].collections
        if to_hex(one.get_color()[0]) == colour
    ]


def test_the_map_draws_each_way_once(answers: Any) -> None:
    figure = drawn("map", answers)
    assert lines_of(figure, "#0b57b0") == [4.5 * 0.75] * 3  # under policies: one, three, four
    assert lines_of(figure, "#a34700") == [3.0 * 0.75]  # without policies: two


def test_the_map_without_law_tells_of_the_longest_path(answers: Any) -> None:
    figure = drawn("map", answers | {"policies": "none", "demands": answers["demands"][:1]})
    assert title(figure) == (
        "Without policies: highest one-way delay 6 ms (easy); "
        "its worst cut adds 2 ms one way at once, 2 ms after recomputation"
    )
    assert "path in use" in texts(figure)
    assert "without policies" not in texts(figure)


def test_the_map_says_where_cuts_leave_no_path(answers: Any) -> None:
    exposed = [one for one in answers["demands"] if one["id"] == "exposed"]
    assert title(drawn("map", answers | {"demands": exposed})).endswith(
        "1 of 1 cut leaves it no path"
    )


def test_bridges_that_deliver_nothing_are_no_paths() -> None:
    partial = handmade_answers.cut(["link:one"], None, at_once=handmade_answers.EASY)
    assert answers_data.path_after(from_plain(CutEntry, partial)) is None
    delivered = from_plain(CutEntry, partial | {"delivered": True})
    assert answers_data.path_after(delivered) == from_plain(PathDocument, handmade_answers.EASY)


def test_the_map_draws_fuller_fibres_wider(answers: Any) -> None:
    with style():
        figure = path_map(typed(answers), {"one": 0.5, "two": 1.2, "unknown": 0.3}, TEXT)
    assert lines_of(figure, "#3a3a3a") == pytest.approx([2.8 * 0.75, 4.8 * 0.75])


def test_a_map_over_the_far_side_of_the_globe_is_drawn(answers: Any) -> None:
    for hub in answers["map"]["hubs"]:
        hub["lon"] = (hub["lon"] + 130 + 180) % 360 - 180
    for fibre in answers["map"]["fibres"]:
        fibre["points"] = [[lat, (lon + 130 + 180) % 360 - 180] for lat, lon in fibre["points"]]
    shifted = drawn("map", answers)
    assert shifted.axes[0].get_xlim()[1] == pytest.approx(
        drawn("map", handmade_answers.answers()).axes[0].get_xlim()[1]
    )


def test_the_price_says_the_most_how_sure_it_is_what_is_certain_and_whom_it_blocks(
    answers: Any,
) -> None:
    assert title(drawn("price", answers)) == (
        "Policies add up to 12 ms [9 to 15.5] to a round trip (longer), "
        "confident rules alone up to 4 ms; 2 of 7 demands are blocked"
    )


def test_bars_of_the_price_are_split_where_readings_begin(answers: Any) -> None:
    axes = drawn("price", answers).axes[0]
    bars = [(bar.get_x(), bar.get_width()) for bar in axes.patches]
    assert [bar for bar in bars if bar[0] or bar[1]] == [
        *((0.0, 2.0), (2.0, 10.0), (0.0, 4.0), (4.0, 0.0)),
    ]
    lines = [list(line.get_xdata()) for line in axes.lines if line.get_marker() == "|"]
    assert lines == [[9.0, 15.5], [3.0, 5.0]]


def test_the_price_has_each_demand_that_law_changes_and_by_what(answers: Any) -> None:
    figure = drawn("price", answers)
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert sorted(names) == ["exposed", "later", "longer", "read", "refused"]
    said = set(texts(figure))
    assert any(text.startswith("+12 ms by CN-GATEWAY") for text in said)
    assert any(text.startswith("blocked by PK-STATE, ") for text in said), "by an interpretation"
    assert "blocked by default deny" in said
    assert any(text.startswith("less protection by SA-STATE") for text in said)
    assert [line.get_marker() for line in figure.axes[0].lines].count("x") == 2


def test_too_many_demands_leave_out_those_that_law_changes_least(answers: Any) -> None:
    figure = drawn("price", many(answers, MOST_DEMANDS))
    assert len(figure.axes[0].get_yticks()) == MOST_DEMANDS
    caption = " ".join(text.replace("\n", " ") for text in texts(figure))
    assert f"{4 * MOST_DEMANDS} less affected left out" in caption


def test_law_that_costs_nothing_has_no_figure_of_prices(answers: Any) -> None:
    assert drawn("price", answers | {"demands": answers["demands"][:1]}) is None


@WIDTHS
@NAMES
@pytest.mark.parametrize("copies", [1, 9])
def test_no_text_is_small_or_leaves_the_figure(
    answers: Any, name: str, width: Any, copies: int
) -> None:
    figure = drawn(name, many(answers, copies), width)
    assert figure.get_size_inches()[0] == pytest.approx(width.inches)
    assert_legible(figure)


@WIDTHS
@NAMES
@pytest.mark.parametrize("copies", [1, 9])
def test_no_two_texts_overlap(answers: Any, name: str, width: Any, copies: int) -> None:
    assert_apart(drawn(name, many(answers, copies), width), high_px=3)


def test_figures_of_answers_are_the_same_bytes_for_the_same_data(tmp_path: Path) -> None:
    run = tmp_path / "run"
    handmade_run.write_run(run)
    summary = summarise(run, read_plan(run), handmade_run.FACTS)
    handmade_answers.write_answers(run)
    asked: Any = (tuple(DRAWERS), ("pdf", "png"), (TEXT, COLUMN))
    first = {path.name: path.read_bytes() for path in draw_figures(run, summary, *asked)}
    again = {path.name: path.read_bytes() for path in draw_figures(run, summary, *asked)}
    assert first == again
    assert sorted(first) == sorted(
        f"{name}{suffix}.{kind}"
        for name in DRAWERS
        for suffix in ("", "-column")
        for kind in ("pdf", "png")
    )


def test_a_run_without_answers_has_none_of_them(tmp_path: Path) -> None:
    run = tmp_path / "run"
    handmade_run.write_run(run)
    summary = summarise(run, read_plan(run), handmade_run.FACTS)
    assert draw_figures(run, summary, tuple(DRAWERS)) == []


def test_what_sentences_tell_as_the_same_delays_nobody(answers: Any) -> None:
    demand = answers["demands"][0]
    alike = answers | {"demands": [demand | {"extra_ms": 0.9 * LEAST_SHOWN_MS}]}
    other = answers | {"demands": [demand | {"extra_ms": LEAST_SHOWN_MS}]}
    assert (answers_data.delayed(typed(alike)), len(answers_data.delayed(typed(other)))) == ([], 1)


def test_every_kind_of_figure_is_on_the_page_of_results() -> None:
    page = (Path(__file__).resolve().parents[4] / "docs/results.md").read_text()
    for name in KINDS:
        assert f"- `{name}`: " in page, name
