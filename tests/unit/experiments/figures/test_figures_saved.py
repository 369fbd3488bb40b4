"""Figures to hand in: five formats, the same bytes again, and in each where it comes from."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest
from fontTools import subset
from matplotlib.figure import Figure
from PIL import Image
from pypdf import PdfReader

import handmade_run
from corridor.experiments import cli
from corridor.experiments.figures import saving
from corridor.experiments.figures.saving import ENDINGS, FORMATS, save
from corridor.experiments.figures.style import COLUMN, TEXT, WIDTHS, new_figure, style
from corridor.experiments.results.results import read_plan, summarise
from corridor.experiments.study.answers import RunValues, answers
from corridor.experiments.study.figures_of_studies import draw
from corridor.experiments.study.study_file import StudyFile
from corridor.experiments.study.writing import carried, made_by
from corridor.experiments.terminal.names import FIGURE_FORMATS, FIGURE_WIDTHS

MADE_BY = "corridor 1.2, study x, scenario mini, seed 7: 11, 12"


def drawn(title: str = "Delay: 5 % & more_or_less") -> Figure:
    figure = new_figure(title, "a caption", 1.0)
    axes = figure.add_subplot()
    axes.plot([-2, 1, 2], [3, 1, 2], label="µs")
    return figure


def saved(folder: Path, **more: str) -> dict[str, Path]:
    folder.mkdir(exist_ok=True)
    with style():
        made = save(drawn(**more), folder, "delay", MADE_BY, FORMATS)
    return dict(zip(FORMATS, made, strict=True))


def told(path: Path) -> str:
    """The source that a file states."""
    if path.suffix == ".pdf":
        return str(PdfReader(path).metadata["/Subject"])
    if path.suffix == ".png":
        return str(Image.open(path).info["Description"])
    if path.suffix == ".svg":
        root = ET.parse(path).getroot()
        return str(next(one.text for one in root.iter() if one.tag.endswith("}description")))
    if path.suffix == ".json":
        return str(json.loads(path.read_text())["description"]).rpartition(" · ")[2]
    return path.read_text().splitlines()[1].removeprefix("%% ")


def test_every_format_says_where_it_comes_from(tmp_path: Path) -> None:
    assert {one: told(path) for one, path in saved(tmp_path).items()} == dict.fromkeys(
        ("pdf", "png", "svg", "pgf", "vega"), MADE_BY
    )


def test_every_format_is_the_same_bytes_again(tmp_path: Path) -> None:
    first = saved(tmp_path / "first")
    with mpl.rc_context({"font.size": 20, "svg.hashsalt": "other", "pgf.rcfonts": False}):
        again = saved(tmp_path / "again")
    for one in FORMATS:
        assert first[one].read_bytes() == again[one].read_bytes(), one


def test_pgf_needs_no_latex_and_sets_texts_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    text = saved(tmp_path)["pgf"].read_text()
    assert r"\bfseries\selectfont Delay: 5 \% \& more\_or\_less}" in text
    assert r"\selectfont \ensuremath{-}2.0}" in text
    assert text.isascii()
    assert text.count(r"\begin{pgfscope}") == text.count(r"\end{pgfscope}")


def test_letters_that_latex_has_not_are_outlines_in_pgf(tmp_path: Path) -> None:
    plain, outlined = (
        saved(tmp_path / name, title=title)["pgf"].read_text()
        for name, title in (("a", "Omega"), ("b", "Omega \N{GREEK CAPITAL LETTER OMEGA}"))
    )
    assert "Omega" in plain
    assert "Omega" not in outlined
    assert outlined.count("pgfpathquadraticcurveto") > plain.count("pgfpathquadraticcurveto")


def test_the_command_knows_the_formats_and_widths_that_there_are() -> None:
    assert set(FIGURE_FORMATS) == set(FORMATS)
    assert set(FIGURE_WIDTHS) == set(WIDTHS)


def test_each_font_is_read_once_for_all_pdf_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    load = subset.load_font

    def counting(source: Any, *more: Any, **named: Any) -> Any:
        if not isinstance(source, BytesIO):
            read.append(Path(source).name)
        return load(source, *more, **named)

    monkeypatch.setattr(subset, "load_font", counting)
    monkeypatch.setattr(saving, "_reduced", {})
    fresh = saved(tmp_path / "a", title="Delay")["pdf"]
    other = saved(tmp_path / "b", title="Größe, šířka")["pdf"]
    again = saved(tmp_path / "c", title="Delay")["pdf"]
    assert sorted(read) == ["DejaVuSans-Bold.ttf", "DejaVuSans.ttf"]
    assert again.read_bytes() == fresh.read_bytes()
    assert "Größe, šířka" in PdfReader(other).pages[0].extract_text()


def test_a_font_is_reduced_again_for_letters_that_come_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "_reduced", {})
    saved(tmp_path / "a", title="Delay")
    later = saved(tmp_path / "b", title="Ж in Cyrillic")["pdf"]
    monkeypatch.setattr(saving, "_reduced", {})
    first = saved(tmp_path / "c", title="Ж in Cyrillic")["pdf"]
    assert "Ж in Cyrillic" in PdfReader(later).pages[0].extract_text()
    assert later.read_bytes() == first.read_bytes()


def test_a_report_draws_what_is_asked_for_and_says_of_what_run(tmp_path: Path) -> None:
    run = tmp_path / "run"
    handmade_run.write_run(run)
    summarise(run, read_plan(run), handmade_run.FACTS)
    manifest = {"version": "corridor 9", "scenario": "handmade", "seed": 7}
    (run / "manifest.json").write_text(json.dumps(manifest))
    asked = ("--format", "svg,pgf", "--width", "text,column")
    assert cli.main(["report", str(run), *asked]) in (0, 4)
    drawn = {path.name for path in (run / "figures").glob("*.*")}
    assert drawn == {
        f"{name}{width}.{suffix}"
        for name in ("rtt-ecdf", "throughput")
        for width in ("", "-column")
        for suffix in ("svg", "pgf")
    }
    for path in (run / "figures").glob("*.*"):
        assert told(path) == "corridor 9, scenario handmade, seed 7"
    assert cli.main(["report", str(run)]) in (0, 4)
    assert {path.name for path in (run / "figures").glob("*.*")} == {
        "rtt-ecdf.png",
        "throughput.png",
    }


def test_a_format_or_width_that_there_is_not_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["report", str(tmp_path), "--format", "pdf,gif"])
    assert (
        "'gif' is not a format of figures: choose from pdf,png,svg,pgf" in capsys.readouterr().err
    )
    with pytest.raises(SystemExit, match="2"):
        cli.main(["report", str(tmp_path), "--width", "page"])
    assert "'page' is not a width of figures: choose from text,column" in capsys.readouterr().err


def test_figures_of_a_study_are_in_the_formats_asked_for_with_all_seeds(tmp_path: Path) -> None:
    study = StudyFile.model_validate(
        {
            "name": "law",
            "scenario": "mini",
            "seeds": [11, 12, 13],
            "matrix": {"law": ["none", "th"]},
            "measures": [{"id": "rtt", "of": "demands[a].rtt_ms.p50"}],
        }
    )
    runs = [
        RunValues("x", {"law": law}, seed, "valid", "", {"rtt": 20.0 + seed + 5 * (law == "th")})
        for law in ("none", "th")
        for seed in range(3)
    ]
    where = made_by(study, "corridor 1.2"), carried(study, runs, "corridor 1.2")
    about = (tmp_path / "figures", study, runs, answers(study, runs), *where)
    assert [path.name for path in draw(*about)] == ["rtt.png"]
    made = draw(*about, FORMATS, (TEXT, COLUMN))
    assert {path.name.partition(".")[2] for path in made} == set(ENDINGS.values())
    assert {path.name.partition(".")[0] for path in made} == {"rtt", "rtt-column"}
    for path in made:
        assert told(path) == "corridor 1.2, study law, scenario mini, seeds as given: 11, 12, 13"
    svg = (tmp_path / "figures" / "rtt.svg").read_text()
    assert re.search(r"<!-- .*scenario mini, seeds as given -->", svg)


def test_figures_of_the_studys_own_choice_show_what_it_names(tmp_path: Path) -> None:
    study = StudyFile.model_validate(
        {
            "name": "law",
            "scenario": "mini",
            "matrix": {"law": ["none", "th"]},
            "measures": [{"id": "rtt", "of": "demands[a].rtt_ms.p50"}],
            "compare": [{"id": "price", "axis": "law", "from": "none", "to": "th"}],
            "figures": [
                {"id": "lawless", "measure": "rtt", "where": {"law": "none"}, "title": "Lawless"},
                {"id": "price", "measure": "rtt", "of": "comparisons"},
            ],
        }
    )
    runs = [
        RunValues("x", {"law": law}, seed, "valid", "", {"rtt": 20.0 + seed + 5 * (law == "th")})
        for law in ("none", "th")
        for seed in range(5)
    ]
    made = draw(tmp_path, study, runs, answers(study, runs), "v", "", ["svg"], [TEXT, COLUMN])
    names = {path.name.partition(".")[0] for path in made}
    assert {"lawless", "lawless-column", "price", "rtt", "rtt-differences"} <= names
    lawless = (tmp_path / "lawless.svg").read_text()
    assert "<!-- Lawless -->" in lawless
    assert "law th" not in lawless
