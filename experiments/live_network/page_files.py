"""The files that a page is made of, by the path under which anybody here may have them.

They are the same for every network: what is of this one comes with the token alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from corridor.controller.api.pages import Page
from corridor.experiments.pages.page import SCRIPTS, STYLE, text_of

HERE = Path(__file__).with_name("static")
OWN_SCRIPTS = ("open.js", "line.js", "live.js")
OWN_STYLE = "live.css"
SHELL = "shell.html"
SCRIPT_TYPE, STYLE_TYPE, HTML_TYPE = "text/javascript", "text/css", "text/html"


def files() -> Mapping[str, Page]:
    """All of them."""
    table = {"/": Page(HTML_TYPE, _own(SHELL)), f"/{OWN_STYLE}": Page(STYLE_TYPE, _own(OWN_STYLE))}
    table[f"/{STYLE}"] = Page(STYLE_TYPE, text_of(STYLE).encode())
    table |= {f"/{name}": Page(SCRIPT_TYPE, _own(name)) for name in OWN_SCRIPTS}
    return table | {f"/{name}": Page(SCRIPT_TYPE, text_of(name).encode()) for name in SCRIPTS}


def _own(name: str) -> bytes:
    return (HERE / name).read_bytes()
