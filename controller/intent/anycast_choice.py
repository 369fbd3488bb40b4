"""Which of several hubs serves an anycast demand: a value that a guest can read without the
model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AnycastChoice:
    """The hub that serves a demand that may go to any of several."""

    among: tuple[str, ...]
    """The hubs that are certainly selected, its source aside; sorted."""
    chosen: str
    why: str
    """In one line: its delay compared with the next, or what forbids the paths to all of them."""
