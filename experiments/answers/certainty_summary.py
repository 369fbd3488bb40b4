"""The uncertainty of a scenario's paths, as documents state it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from corridor.topologies.base.codec import Document


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
