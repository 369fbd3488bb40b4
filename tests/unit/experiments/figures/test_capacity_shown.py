"""Capacity on a page, on the map and in figures: the fullest fibres are highlighted and
reported."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import corridor
import page_case
from corridor.experiments import cli
from corridor.experiments.answers.capacity_answer import foreseen
from corridor.experiments.answers.capacity_document import (
    CapacityAnswer,
    read_capacity,
    write_capacity,
)
from corridor.experiments.answers.map_document import map_document
from corridor.experiments.atlas.map_drawing import FULL, by_fibre
from corridor.experiments.figures import draw_figures
from corridor.experiments.figures.capacity import capacity
from corridor.experiments.figures.style import COLUMN, TEXT, lay_out, style
from corridor.experiments.pages.report import write_report
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.errors import InputError
from drawn_texts import assert_apart, assert_legible

EXAMPLE = Path(__file__).resolve().parents[4] / "examples/capacity.yaml"


@pytest.fixture(scope="module")
def answer() -> CapacityAnswer:
    return corridor.capacity(EXAMPLE)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("capacity") / "out"
    assert cli.main(["capacity", str(EXAMPLE), "--rate", "train=26Tbit", "--out", str(folder)]) == 0
    return folder


def page_of(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


def test_a_folder_has_the_answer_a_map_and_a_page_that_a_report_draws(asked: Path) -> None:
    kept = {"capacity.json", "map.json", "manifest.json", "report.html"}
    assert {path.name for path in asked.iterdir()} == kept
    assert cli.main(["report", str(asked), "--no-figures"]) == 0
    assert {path.name for path in asked.iterdir()} == kept
    assert cli.main(["report", str(asked), "--format", "svg", "--width", "text,column"]) == 0
    drawn = {path.name for path in (asked / "figures").iterdir()}
    assert drawn == {"capacity.svg", "capacity-column.svg"}
    assert cli.main(["report", str(asked), "--format", "pdf"]) == 0
    drawn = {path.name for path in (asked / "figures").iterdir()}
    assert drawn == {"capacity.pdf"}


def test_the_page_draws_each_fibre_as_full_as_it_is(asked: Path) -> None:
    document = json.loads((asked / "capacity.json").read_text())
    shares: dict[str, float] = {}
    for one in document["links"]:
        shares[one["fibre"]] = max(one["share"], shares.get(one["fibre"], 0))
    page = page_of(asked)
    drawn = re.findall(r'<path class="u u(\d)" d="[^"]+"><title>([\w-]+)', page)
    assert len(drawn) == 7
    for band, fibre in drawn:
        limits = [0, 0.5, 0.8, 1, 100]
        share = shares.get(fibre, 0)
        assert limits[int(band) - 1 if int(band) else 0] <= share <= limits[int(band)]
    assert [band for band, _ in drawn] == sorted(band for band, _ in drawn)
    assert "Overload on" in page
    assert 'data-demand="' not in page


def test_no_two_elements_of_the_page_have_one_id(asked: Path) -> None:
    ids = re.findall(r'<[a-z][^>]* id="([^"]*)"', page_of(asked))
    assert len(set(ids)) == len(ids)


def test_a_report_is_made_again_of_the_folder_alone(asked: Path) -> None:
    before = page_of(asked)
    (asked / "report.html").unlink()
    assert cli.main(["report", str(asked), "--html"]) == 0
    assert page_of(asked) == before


def test_a_folder_without_the_answer_says_what_is_missing(asked: Path, tmp_path: Path) -> None:
    (tmp_path / "map.json").write_bytes((asked / "map.json").read_bytes())
    with pytest.raises(InputError, match=r"capacity\.json is missing"):
        write_report(tmp_path)


def test_an_answer_comes_back_from_its_file(answer: CapacityAnswer, tmp_path: Path) -> None:
    assert read_capacity(tmp_path) is None
    write_capacity(tmp_path, answer)
    assert read_capacity(tmp_path) == answer
    plain = answer.to_json() | {"schema": 99}
    (tmp_path / "capacity.json").write_text(json.dumps(plain))
    with pytest.raises(InputError, match="of this version: its schema is 99, not"):
        read_capacity(tmp_path)


def test_only_scenarios_that_promise_rates_are_foreseen() -> None:
    assert foreseen(load_scenario("mini")) is None
    found = foreseen(load_scenario(str(EXAMPLE)))
    assert found is not None
    assert found.load == "committed"


def test_a_run_that_promises_rates_shows_how_full_fibres_are(
    answer: CapacityAnswer, tmp_path: Path
) -> None:
    run = page_case.write_run(tmp_path)
    summary = json.loads((run / "summary.json").read_text())
    write_report(run)
    assert 'id="capacity"' not in page_of(run)
    assert draw_figures(run, summary, ("capacity",)) == []
    write_capacity(run, answer)
    write_report(run)
    assert "Highest utilization: guian-kunming" in page_of(run)
    drawn = draw_figures(run, summary, ("capacity",), ["svg"], [TEXT, COLUMN])
    assert len(drawn) == 2


@pytest.mark.parametrize("width", [TEXT, COLUMN], ids=["text", "column"])
def test_texts_of_figures_are_legible_and_apart(answer: CapacityAnswer, width: Any) -> None:
    with style():
        figure = capacity(answer, map_document(corridor.load_topology("mini")), width)
        lay_out(figure)
    assert_legible(figure)
    assert_apart(figure, high_px=3)


def test_fuller_fibres_are_drawn_wider(answer: CapacityAnswer) -> None:
    widths = [look.width for _, _, look in FULL]
    assert widths == sorted(widths)
    assert by_fibre(answer)["guian-kunming"].hub == "guian"
