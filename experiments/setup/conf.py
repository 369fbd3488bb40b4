"""How Sphinx makes the site: read by it, from the checkout's folder. Not a part of the package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import corridor
from corridor.experiments.setup.navigation import DECISIONS, Part, hidden_tree, parts, write_texts
from corridor.topologies.base.installation import CHECKOUT

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "Corridor"
html_title = "Corridor"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "README"
INDEX, PYTHON = "docs/README", "docs/python"
AFTER_THE_THEME = 900
include_patterns = ["README.md", "CHANGELOG.md", "docs/**.md", "examples/README.md"]
exclude_patterns = [
    path.name
    for path in CHECKOUT.iterdir()
    if path.is_dir() and path.name not in ("docs", "examples")
]

myst_heading_anchors = 4
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
python_use_unqualified_type_names = True

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_show_search_summary = False  # it would fetch pages, which browsers refuse to files
html_use_index = False
html_domain_indices = False


def _complete(app: Sphinx, page: str, source: list[str]) -> None:
    """What the site has beyond the Markdown: its sidebar, and the reference of Python."""
    if page == root_doc:
        source[0] += "".join(
            hidden_tree(tuple(f"docs/{one}" for one in part.pages), part.title)
            for part in _parts(app)
            if part.title != DECISIONS
        )
        source[0] += hidden_tree((INDEX, "examples/README", "CHANGELOG"), "The rest")
    elif page == INDEX:
        (decisions,) = (part.pages for part in _parts(app) if part.title == DECISIONS)
        source[0] += hidden_tree(decisions)
    elif page == PYTHON:
        source[0] += _reference()


def _parts(app: Sphinx) -> list[Part]:
    return parts(Path(app.srcdir, f"{INDEX}.md").read_text(encoding="utf-8"))


def _reference() -> str:
    said = ["\n\n## Reference\n\n"]
    for name in corridor.__all__:
        kind = "autoclass" if isinstance(getattr(corridor, name), type) else "autofunction"
        members = "\n   :members:" if kind == "autoclass" else ""
        said.append(f"```{{eval-rst}}\n.. {kind}:: corridor.{name}{members}\n```\n\n")
    return "".join(said)


def _with_texts(app: Sphinx, page: str, *_more: object) -> None:
    """Sphinx gives scripts that are added here to this page alone."""
    if page == "search":
        app.add_js_file("texts.js")
        app.add_js_file("snippets.js")


def _within_reach(
    _app: Sphinx, _page: str, _template: str, context: dict[str, object], _tree: object
) -> None:
    """What the theme leaves out for keyboards and screen readers."""
    heading = 'role="heading"'
    for key, plain, reachable in (
        ("furo_navigation_tree", heading, f'{heading} aria-level="2"'),
        ("body", "<pre>", '<pre tabindex="0">'),
    ):
        if isinstance(text := context.get(key), str):
            context[key] = text.replace(plain, reachable)


def _first_page(app: Sphinx, exception: Exception | None) -> None:
    """Browsers and servers look for ``index.html``."""
    if exception is None:
        out = Path(app.outdir)
        Path(out, "index.html").write_bytes(Path(out, f"{root_doc}.html").read_bytes())


def setup(app: Sphinx) -> None:
    app.connect("source-read", _complete)
    app.connect("build-finished", write_texts)
    app.connect("build-finished", _first_page)
    app.connect("html-page-context", _with_texts)
    app.connect("html-page-context", _within_reach, priority=AFTER_THE_THEME)
