"""A Chromium of this machine, and pages in it that report their errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import handmade_workloads
import page_case
from corridor.experiments import cli
from corridor.experiments.pages.report import write_report
from corridor.experiments.run.exporting import find_browser

playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")

WATCH = """
addEventListener("securitypolicyviolation", (e) => console.error("policy: " + e.violatedDirective));
"""


@dataclass
class Opened:
    """A page, and all that it asked for or complained of."""

    page: Any
    url: str
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def assert_quiet(self) -> None:
        assert self.complaints == []
        assert [url for url in self.asked if url != self.url and not url.startswith("data:")] == []


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    found = find_browser()
    if found is None:
        pytest.skip("no Chromium is installed: apt-get install --no-install-recommends chromium")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield started
        started.close()


type Open = Callable[..., Any]
"""``open_page(path, width=, height=, ...)``: a separate context, closed at the end."""


@pytest.fixture
def open_page(browser: Any) -> Iterator[Open]:
    with_own: list[Any] = []

    def opened(path: Path, width: int = 1280, height: int = 800, **more: Any) -> Opened:
        context = browser.new_context(viewport={"width": width, "height": height}, **more)
        with_own.append(context)
        context.add_init_script(WATCH)
        page = context.new_page()
        page.set_default_timeout(60_000)
        seen = Opened(page, path.resolve().as_uri())
        page.on("request", lambda one: seen.asked.append(one.url))
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        page.on("console", lambda said: seen.complaints.append(f"{said.type}: {said.text}"))
        page.goto(seen.url)
        return seen

    yield opened
    for context in with_own:
        context.close()


@pytest.fixture(scope="session")
def run_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the run made by hand, with workloads."""
    folder = tmp_path_factory.mktemp("run")
    return write_report(page_case.write_run(folder, handmade_workloads.write_run))


@pytest.fixture(scope="session")
def price_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of all shipped sets on the reference corridor."""
    folder = tmp_path_factory.mktemp("price") / "all"
    assert cli.main(["price", "sovereignty", "--no-changes", "--out", str(folder)]) == 0
    return folder / "report.html"


@pytest.fixture(params=["run", "price"])
def either_report(request: pytest.FixtureRequest) -> Path:
    found: Path = request.getfixturevalue(f"{request.param}_report")
    return found
