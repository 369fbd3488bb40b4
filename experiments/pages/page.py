"""A page as HTML: its sections by their templates, one style sheet, scripts, a content policy."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from corridor.experiments.answers.map_document import MapDocument
from corridor.experiments.atlas.map_drawing import rules
from corridor.experiments.pages import words
from corridor.experiments.pages.claims import caveat_of, law_of, map_sources, safe_address
from corridor.experiments.pages.demands import Asked
from corridor.experiments.pages.stage import Stage
from corridor.experiments.pages.words import language
from corridor.topologies.base.words import confidence_word, counted, joined, percent

TEMPLATES = Path(__file__).with_name("templates")
STYLE = "page.css"
LOOKS = "/* looks of marks, from map_drawing.py */"
SCRIPTS = ("map.js", "tables.js", "app.js")
"""In their order; each is complete by itself, and has its own hash."""
WITHOUT_MAP = ("tables.js",)
FILTERS = (
    *(confidence_word, counted, joined, language, safe_address),
    *(
        words.between,
        caveat_of,
        words.crosses,
        words.duration,
        words.extra,
        words.led,
        words.ms,
        percent,
    ),
)


@dataclass(frozen=True)
class Section:
    id: str
    title: str
    template: str
    data: object


@dataclass(frozen=True)
class Page:
    title: str
    about: str
    """One line: what it is of."""
    alarms: Sequence[str]
    """What makes its numbers worth less."""
    verdict: Sequence[str]
    """The answer, in a few sentences."""
    stage: Stage | None
    """None where no one knows where things are."""
    sections: Sequence[Section]
    footer: str


def report(of: Page) -> str:
    """One file that needs no other: style and scripts in it, allowed by their hashes alone."""
    style = text_of(STYLE)
    scripts = [text_of(name) for name in (SCRIPTS if of.stage else WITHOUT_MAP)]
    policy = (
        f"default-src 'none'; script-src {' '.join(map(hash_of, scripts))}; "
        f"style-src {hash_of(style)}; img-src data:; base-uri 'none'; form-action 'none'"
    )
    return _rendered(
        of,
        csp=policy,
        style=Markup(f"<style>{style}</style>"),  # noqa: S704 - our own files
        scripts=Markup("").join(Markup(f"<script>{one}</script>") for one in scripts),  # noqa: S704
    )


def live_page(of: Page) -> str:
    """The same for a network that lives: style and scripts are files next to it, so that its server
    can say ``'self'``."""
    return _rendered(
        of,
        live=True,
        style=Markup('<link rel="stylesheet" href="{}">').format(STYLE),
        scripts=Markup("\n").join(Markup('<script src="{}"></script>').format(n) for n in SCRIPTS),
    )


@cache
def text_of(name: str) -> str:
    """A file next to the templates; the style sheet has the rules of marks in it."""
    return (TEMPLATES / name).read_text(encoding="utf-8").replace(LOOKS, rules())


def _rendered(of: Page, *, live: bool = False, csp: str = "", **parts: Markup) -> str:
    return template("page.html.j2").render(
        title=of.title,
        about=of.about,
        alarms=of.alarms,
        verdict=of.verdict,
        stage=of.stage,
        model=Markup(of.stage.model) if of.stage else "",  # noqa: S704 - escaped by as_text
        sections=of.sections,
        footer=of.footer,
        live=live,
        csp=csp,
        **parts,
    )


def template(name: str) -> Template:
    """Return a template of a page, with the filters of pages."""
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    made.filters |= {one.__name__: one for one in FILTERS}
    return made


def hash_of(text: str) -> str:
    """Return a script or a style as the content policy of its page names it."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


# Sections that pages share, and how one is made of what it shows.


class Titled(Protocol):
    @property
    def title(self) -> str: ...


def section(name: str, template: str, data: Titled) -> Section:
    return Section(name, data.title, f"{template}.html.j2", data)


def map_and_sources(where: MapDocument, demands: Sequence[Asked]) -> Iterator[Section]:
    yield Section("map-tables", "The map in tables", "map_tables.html.j2", where)
    sources = {"law": law_of(demands), "map": map_sources(where.fibres)}
    yield Section("sources", "Sources", "sources.html.j2", sources)
