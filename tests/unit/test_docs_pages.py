"""The pages: lines that fit, their readers, links and files that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from test_rooms import PURE, ROOMS, everything, sources

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs/stories").glob("*.md"))]
DECISIONS = sorted((ROOT / "docs/decisions").glob("*.md"))
OTHERS = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "examples/README.md"]
ALL = [*PAGES, *DECISIONS, *OTHERS]
LENGTH, CELL = 120, 110
PRINTED = ("text", "ini")
"""Blocks that show what a program prints, or what a file of another program holds."""
USERS_OWN = {"lab.py", "compare.py", "probes.py", "test_our_policies.py"}
USERS_OWN |= {"my_app.py", "my_test.py", "my_mininet_script.py"}
USERS_OWN |= {"test_our_policies_live.py", "NAME.py", "KIND.py", "faults.py", "gateways.py"}
USERS_OWN |= {"test_my_rule.py", "controller_app.py"}


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def lines(page: Path) -> Iterator[tuple[int, str, str | None]]:
    """Number and text of each line, and the kind of block it is in."""
    kind: str | None = None
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("```"):
            kind = None if kind is not None else line[3:].split(" ")[0]
            yield number, line, None
        else:
            yield number, line, kind


def anchors(page: Path) -> set[str]:
    titles = [line.lstrip("#").strip() for _, line, kind in lines(page) if line.startswith("#")]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", ALL, ids=name_of)
def test_no_line_is_longer_than_a_reader_takes_in(page):
    long = [n for n, line, kind in lines(page) if kind not in PRINTED and len(line) > LENGTH]
    assert long == []


@pytest.mark.parametrize("page", ALL, ids=name_of)
def test_a_cell_of_a_table_holds_a_phrase(page):
    rows = [(n, line) for n, line, kind in lines(page) if kind is None and line.startswith("|")]
    long = [n for n, row in rows if any(len(cell) > CELL for cell in row.split(" | "))]
    assert long == []


@pytest.mark.parametrize("page", ALL, ids=name_of)
def test_every_block_says_what_it_is(page):
    bare = [n for n, line, kind in lines(page) if kind == ""]
    assert bare == []


@pytest.mark.parametrize("page", [one for one in PAGES if one.name != "README.md"], ids=name_of)
def test_a_page_says_first_whom_it_is_for(page):
    title, empty, first = page.read_text(encoding="utf-8").split("\n", 3)[:3]
    assert title.startswith("# ")
    assert empty == ""
    assert first.startswith("For ")


@pytest.mark.parametrize("page", ALL, ids=name_of)
def test_links_lead_to_a_place_that_is_there(page):
    text = "\n".join(line for _, line, kind in lines(page) if kind is None)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        assert other.exists(), target
        assert not anchor or anchor in anchors(other), target


@cache
def names_of_code():
    names = {path.rpartition("/")[2] for path, _ in everything()}
    names |= {path.name for path in (ROOT / "tests").rglob("*.py")}
    return names | {path.name for path in (ROOT / "examples").glob("*.py")} | USERS_OWN


@pytest.mark.parametrize("page", ALL, ids=name_of)
def test_files_of_code_that_a_page_names_are_there(page):
    for named in re.findall(r"[\w./-]*\w\.py\b", page.read_text(encoding="utf-8")):
        path = named.lstrip("./")
        assert (ROOT / path).exists() or path in names_of_code(), named


def test_files_and_pages_that_code_names_are_there():
    paths = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("[a-z]*/**/*.py")]
    for file, text in [*everything(), *sources("tests")]:
        for named in re.findall(r"``([\w./]*\w\.py)\b", text):
            assert any(f"/{path}".endswith(f"/{named}") for path in paths), f"{file}: {named}"
        for named in re.findall(r"\bdocs/[\w./-]+\.md\b", text):
            assert (ROOT / named).exists(), f"{file}: {named}"


def test_the_design_draws_every_room_in_the_order_that_imports_follow():
    drawn: dict[str, list[str]] = {}
    pure: set[str] = set()
    for line in (ROOT / "docs/design.md").read_text(encoding="utf-8").splitlines():
        if found := re.match(r"### (\w+):", line):
            rooms = drawn.setdefault(found[1], [])
            folder = found[1]
        elif drawn and (found := re.match(r"- `([\w/]+)`: (.+)", line)):
            rooms.append(found[1])
            pure |= {f"{folder}/{found[1]}"} if line.endswith("(*pure*)") else set()
        elif line.startswith("## ") and drawn:
            break
    assert drawn == {folder: list(rooms) for folder, rooms in ROOMS.items()}
    nested = {
        f"{folder}/{room}"
        for folder, rooms in ROOMS.items()
        for room in rooms
        if any(f"{folder}/{room}".startswith(f"{one}/") for one in PURE)
    }
    assert pure == {*PURE, *nested}
