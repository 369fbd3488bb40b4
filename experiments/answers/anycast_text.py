"""Which hub serves a demand that may go to any of several, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from corridor.controller.intent.anycast_choice import AnycastChoice
from corridor.topologies.base.words import few

MOST_HUBS, MOST_LINES = 6, 12


@dataclass(frozen=True, kw_only=True)
class AnycastSummary:
    """As JSON has it: ``AnycastChoice`` says what each is."""

    among: tuple[str, ...]
    chosen: str
    why: str


def anycast_summary(of: AnycastChoice | None) -> AnycastSummary | None:
    return None if of is None else AnycastSummary(among=of.among, chosen=of.chosen, why=of.why)


def anycast_said(of: AnycastSummary) -> str:
    """``served by guian (candidates: guian, kunming): nearest of 2 lawful ...``."""
    return f"served by {of.chosen} (candidates: {few(of.among, MOST_HUBS)}): {of.why}"


def anycast_lines(of: Mapping[str, AnycastSummary | None]) -> str:
    """A line for each of the first such demands, by id; empty if there is none."""
    return "\n".join(_few(f"{name} is {anycast_said(one)}" for name, one in of.items() if one))


def _few(lines: Iterable[str]) -> list[str]:
    every = [*lines]
    more = len(every) - MOST_LINES
    return [*every[:MOST_LINES], *([f"and {more} more such demands"] if more > 0 else [])]
