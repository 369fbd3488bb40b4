"""A brief as one self-contained HTML page without a script. Pure."""

from __future__ import annotations

from markupsafe import Markup

from corridor.experiments.brief.chart import figure_of
from corridor.experiments.brief.document import Brief, fitted
from corridor.experiments.brief.picture import map_of
from corridor.experiments.pages.page import hash_of, template, text_of

STYLES = ("page.css", "brief.css")


def brief_page(of: Brief) -> str:
    """The page of a brief, cut to what two A4 pages have room for."""
    shown = fitted(of)
    style = "\n".join(map(text_of, STYLES))
    return template("brief.html.j2").render(
        brief=shown,
        map=map_of(shown.picture) if shown.picture else None,
        figure=figure_of(shown.chart) if shown.chart else None,
        csp=f"default-src 'none'; style-src {hash_of(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'",
        style=Markup(f"<style>{style}</style>"),  # noqa: S704 - our own files
    )
