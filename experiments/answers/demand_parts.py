"""Parts of documents about demands: the uncertainty of paths, and the hub that serves. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from corridor.controller.intent.anycast_choice import AnycastChoice
from corridor.topologies.base.codec import Document
from corridor.topologies.base.words import few


@dataclass(frozen=True, kw_only=True)
class IntervalSummary:
    """The middle 90 % of draws and their median, in ms."""

    low: float
    median: float
    high: float


@dataclass(frozen=True, kw_only=True)
class SharedSummary:
    """Jurisdictions, or hubs of a path, and the share of draws that have them."""

    of: tuple[str, ...]
    share: float


@dataclass(frozen=True, kw_only=True)
class NextSetSummary:
    """The shortest permitted path through another set of jurisdictions."""

    crosses: tuple[str, ...]
    more_one_way_ms: float


@dataclass(frozen=True, kw_only=True)
class UncertaintySummary:
    """The uncertainty of a demand's path: ``Certainty`` explains each field."""

    rtt_ms: IntervalSummary | None
    one_way_ms: IntervalSummary
    path_share: float
    set_share: float
    sets: tuple[SharedSummary, ...]
    paths: tuple[SharedSummary, ...]
    blocked_share: float
    next_set: NextSetSummary | None
    near_tie: bool


@dataclass(frozen=True, kw_only=True)
class SamplesSummary:
    """The Monte Carlo samples of the map behind the uncertainties."""

    schema: int
    delay_model: str
    draws: int
    seed: int
    confidence: float
    near_tie_share: float


@dataclass(frozen=True, kw_only=True)
class CertaintiesDocument(Document):
    """What ``raw/certainty.json`` holds."""

    of: SamplesSummary
    demands: dict[str, UncertaintySummary]


# Which hub serves a demand that may go to any of several, in words.

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
