"""Statistics of a sample, as documents state them. Pure."""

from __future__ import annotations

from dataclasses import dataclass

type Bounds = tuple[float, float] | None
"""The lower and the upper bound; None where the sample carries none."""


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """Of a sample, in ms; a quantile is None where too few values carry it."""

    min: float | None
    mean: float | None
    p50: float | None
    p95: float | None
    p99: float | None
    max: float | None
