"""The texts of all pages as a script, so that a search without a server can show what it found.

Sphinx's own search fetches each page it found to cut a summary out of it. Browsers refuse that to
pages opened from a disk.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docutils.nodes import Node
    from sphinx.application import Sphinx

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
