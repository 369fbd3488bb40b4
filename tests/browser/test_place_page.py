"""The page of a placement in a real browser: every width, in the dark, without a complaint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import Open

import corridor
from corridor.experiments.answers.map_document import map_document
from corridor.experiments.pages.page import report
from corridor.experiments.pages.place_page import place_page
from corridor.experiments.placement.jobs_file import load_jobs

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install it")
pytestmark = pytest.mark.browser

EXAMPLE = Path(__file__).parents[2] / "examples/jobs.yaml"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = corridor.place(EXAMPLE, objective="pareto", count="location", samples=5, clauses=True)
    path = tmp_path_factory.mktemp("place") / "place.html"
    path.write_text(report(place_page(found, map_document(load_jobs(EXAMPLE).topology))))
    return path


@pytest.mark.parametrize(
    "look",
    [
        {"width": 1280},
        {"width": 390, "height": 844, "is_mobile": True, "has_touch": True},
        {"width": 1280, "color_scheme": "dark"},
    ],
)
def test_a_page_of_a_placement_fits_and_is_accessible(
    open_page: Open, placed: Path, look: dict[str, Any]
) -> None:
    opened = open_page(placed, **look)
    page = opened.page
    assert page.evaluate(OVERFLOW) == 0
    assert page.locator(".fullmap .mw").count() >= 4
    assert page.locator(".fullmap .names text:visible").count() >= 4
    found = axe.Axe().run(page, options={"resultTypes": ["violations"]})
    bad = [one for one in found.response["violations"] if one["impact"] in ("serious", "critical")]
    assert [one["id"] for one in bad] == []
    opened.assert_quiet()
