"""Briefs in a real browser: two A4 pages, every width, dark, without a script, and heard."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from conftest import Open

import brief_case
from corridor.experiments import cli
from corridor.experiments.brief.written_brief import write_brief
from corridor.experiments.run.exporting import print_page

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install it")
pypdf = pytest.importorskip("pypdf", reason="pip install pypdf")
pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

KINDS = ("run", "price", "comparison", "cut", "study")
SECTIONS = (
    *("Question", "Answer", "What makes it uncertain", "What would change the answer"),
    "Sources used",
)
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="session")
def briefs(tmp_path_factory: pytest.TempPathFactory, run_report: Path) -> dict[str, Path]:
    base = tmp_path_factory.mktemp("briefs")
    asked = {
        "price": ["price", "sovereignty", "--sets", "pan-asia"],
        "comparison": ["price", "sovereignty", "--sets", "pan-asia,sa,th", "--no-changes"],
        "cut": ["cut", "corridor:karakoram", "--scenario", "sovereignty"],
    }
    for kind, words in asked.items():
        assert cli.main([*words, "--out", str(base / kind)]) == 0
    (base / "study").mkdir()
    folders = {kind: base / kind for kind in asked}
    folders |= {"study": brief_case.write_study(base / "study"), "run": run_report.parent}
    return {kind: write_brief(folder) for kind, folder in folders.items()}


@pytest.fixture(params=KINDS)
def brief(request: pytest.FixtureRequest, briefs: dict[str, Path]) -> Path:
    return briefs[request.param]


def test_a_brief_prints_on_two_pages_of_a4(brief: Path, tmp_path: Path) -> None:
    pdf = pypdf.PdfReader(io.BytesIO(print_page(brief, tmp_path / "brief.pdf").read_bytes()))
    assert len(pdf.pages) == 2
    width, height = (float(side) for side in pdf.pages[0].mediabox[2:])
    assert (round(width), round(height)) == (595, 842)
    said = " ".join(" ".join(page.extract_text() for page in pdf.pages).split())
    assert [one for one in SECTIONS if one not in said] == []
    assert "Made by corridor" in said


@pytest.mark.parametrize("width", [390, 768, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_brief_fits_and_can_be_heard_at_every_width(
    open_page: Open, brief: Path, width: int, scheme: str
) -> None:
    opened = open_page(brief, width=width, color_scheme=scheme)
    assert opened.page.evaluate(OVERFLOW) <= 0
    found: list[dict[str, Any]] = axe.Axe().run(opened.page).response["violations"]
    serious = [one["id"] for one in found if one["impact"] in ("serious", "critical")]
    assert serious == []
    opened.asked = [url for url in opened.asked if "#" not in url]
    opened.assert_quiet()


def test_a_brief_is_whole_without_a_script(open_page: Open, brief: Path) -> None:
    page = open_page(brief, java_script_enabled=False).page
    assert page.locator("svg.map.wide").is_visible()
    assert page.locator("h2:visible").all_inner_texts()[:3] == list(SECTIONS[:3])


def test_no_name_on_the_map_covers_another(open_page: Open, brief: Path) -> None:
    page = open_page(brief).page
    boxes = page.locator("svg.map.wide .towns text").evaluate_all(
        "all => all.map((one) => { const b = one.getBBox();"
        " return [b.x, b.y + b.height * .2, b.x + b.width, b.y + b.height * .8]; })"
    )
    over = [
        (one, other)
        for number, one in enumerate(boxes)
        for other in boxes[:number]
        if one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
    ]
    assert over == []
