"""What the site of docs adds to Sphinx: a sidebar with the pages that ``docs/README.md`` names, in
its order, and texts for a search without a server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docutils.nodes import Node
    from sphinx.application import Sphinx


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


# The texts of all pages as a script, so that a search without a server can show what it found.
#
# Sphinx's own search fetches each page it found to cut a summary out of it. Browsers refuse that
# to pages opened from a disk.

FILE = "_static/texts.js"


def write_texts(app: Sphinx, exception: Exception | None) -> None:
    """``TEXTS``: for each page its sections, as anchor, title and text. Called by Sphinx."""
    if exception is None:
        texts = {
            page: list(_sections(app.env.get_doctree(page))) for page in sorted(app.env.found_docs)
        }
        said = json.dumps(texts, ensure_ascii=False, separators=(",", ":"))
        Path(app.outdir, FILE).write_text(f"const TEXTS = {said};\n", encoding="utf-8")


def _sections(tree: Node) -> Iterator[tuple[str, str, str]]:
    for section in tree.findall(lambda node: node.tagname == "section"):
        title, *rest = section.children
        own = (child.astext() for child in rest if child.tagname not in ("section", "compound"))
        anchor = section.get("ids")[0] if section.parent.tagname == "section" else ""
        yield anchor, title.astext(), " ".join(" ".join(own).split())
