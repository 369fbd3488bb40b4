"""Reference tables of the pages are those that models and registries give."""

from __future__ import annotations

from pathlib import Path

import pytest

from corridor.experiments.setup.reference import BLOCK, blocks, rewritten

ROOT = Path(__file__).resolve().parents[4]
PAGES = {page: page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs").rglob("*.md"))}
GENERATED = [page for page, text in PAGES.items() if BLOCK.search(text)]


@pytest.mark.parametrize("page", GENERATED, ids=lambda page: page.name)
def test_blocks_of_a_page_are_as_generated(page: Path) -> None:
    text = PAGES[page]
    assert text == rewritten(text), "python -m corridor.experiments.setup.reference"


def test_each_block_is_in_one_place() -> None:
    placed = sorted(found[2] for text in PAGES.values() for found in BLOCK.finditer(text))
    assert placed == sorted(blocks())


def test_each_key_of_a_block_has_a_meaning() -> None:
    keys = [line for make in blocks().values() for line in make() if line.startswith("- `")]
    assert [line for line in keys if line.endswith((":", ": "))] == []


def test_a_block_without_a_generator_is_an_error() -> None:
    with pytest.raises(KeyError, match="unknown-block"):
        rewritten("<!-- generated: unknown-block -->\n<!-- end -->\n")
