"""The site of the documentation in a real browser, from the disk: its search, its looks."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Open

from corridor.experiments.setup.documentation_site import build_site

pytestmark = pytest.mark.browser
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("sphinx", reason="./corridor setup --docs")
    return build_site(tmp_path_factory.mktemp("docs") / "site").parent


def test_its_search_finds_sections_and_asks_nobody(built: Path, open_page: Open) -> None:
    opened = open_page(built / "index.html")
    page = opened.page
    page.click(".sidebar-search")
    page.keyboard.type("counterexample packet")
    page.keyboard.press("Enter")
    page.click("#search-results .found a:text('Reading a counterexample')")
    page.wait_for_url("**/docs/prover.html#reading-a-counterexample")
    assert [url for url in opened.asked if not url.startswith(("file:", "data:"))] == []
    assert opened.complaints == []


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_nobody_is_kept_out_of_its_pages(built: Path, open_page: Open, colours: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install it")
    for name in ("index.html", "docs/tutorial.html", "docs/python.html", "search.html"):
        opened = open_page(built / name, color_scheme=colours)
        found = axe.Axe().run(opened.page).response["violations"]
        bad = [one["id"] for one in found if one["impact"] in ("serious", "critical")]
        assert bad == [], name


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_its_pages_are_no_wider_than_the_screen(built: Path, open_page: Open, width: int) -> None:
    for name in ("index", "docs/tutorial", "docs/results", "docs/python", "docs/stories/planner"):
        opened = open_page(built / f"{name}.html", width=width)
        assert opened.page.evaluate(OVERFLOW) == 0, name
