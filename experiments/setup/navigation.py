"""What the site's sidebar lists: the pages that ``docs/README.md`` names, in its order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

ALL_PAGES = "All pages"
DECISIONS = "Decisions"
LINK = re.compile(r"^(?:- |\| )\[[^]]*\]\(([^)\s#:]+)\.md\)")


@dataclass(frozen=True)
class Part:
    title: str
    pages: tuple[str, ...]
    """Without their ending, as paths from the folder of the index."""


def parts(index: str) -> list[Part]:
    """The parts of ``All pages``, from the text of the index, and last the decisions."""
    return [Part(title, tuple(pages)) for title, pages in _titled(index).items() if pages]


def _titled(index: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    chapter = part = ""
    for line in index.splitlines():
        if line.startswith("## "):
            chapter = part = line[3:]
        elif line.startswith("### "):
            part = line[4:]
        elif chapter in (ALL_PAGES, DECISIONS) and (link := LINK.match(line)):
            found.setdefault(part, []).append(link[1])
    return found


def hidden_tree(pages: tuple[str, ...], caption: str = "") -> str:
    """Markdown that puts pages below the one that has it, without showing them there."""
    return "\n".join(_lines(pages, caption))


def _lines(pages: tuple[str, ...], caption: str) -> Iterator[str]:
    yield "\n\n```{toctree}"
    yield ":hidden:"
    if caption:
        yield f":caption: {caption}"
    yield ""
    yield from pages
    yield "```\n"
