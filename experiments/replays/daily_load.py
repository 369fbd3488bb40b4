"""The traffic of a day, hour by hour: one cosine with its peak in the evening. Pure.

Nothing is published on the shape for the countries of the data; the ratio of peak and mean is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime

PEAK_HOUR = 21.0
"""Local time; assumed."""
UTC_HOURS: Mapping[str | None, float] = {"PK": 5, "BD": 6, "KW": 3, "VN": 7}
HOURS = 24


def daily_load(at: datetime, utc_hours: float, peak_over_mean: float) -> float:
    """Return the traffic at an instant as a share of the traffic in the busy hour.

    Args:
        at: UTC.
        utc_hours: Local time minus UTC.
        peak_over_mean: Of a day; at most 2, where the lowest traffic is 0.
    """
    hour = at.hour + at.minute / 60 + utc_hours
    swing = (peak_over_mean - 1) * math.cos(2 * math.pi * (hour - PEAK_HOUR) / HOURS)
    return (1 + swing) / peak_over_mean
