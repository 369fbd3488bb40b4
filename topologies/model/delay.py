"""The delay model of fibres: from kilometres to one-way nanoseconds.

``length = published, else great circle x ROUTE_FACTOR[medium]``
``one-way delay = length x FIBRE_NS_PER_KM + TERMINAL_NS``

The two route factors are fitted by ``topologies/analysis/calibrate.py``, which also prints how
far the model is from the measurements it was fitted on and, left out one by one, from the
measurements it was not. What is measured above the fibre, and how certain all of it is, says
``delay_model.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Medium = Literal["terrestrial", "submarine", "aerial"]

FIBRE_NS_PER_KM: Final = 4_900
"""Group delay of G.652/G.654 fibre, index about 1.468 (areapac.com; mapyourtech.com)."""

TERMINAL_NS: Final = 100_000
"""Both ends of one fibre: transponders with FEC (15-150 us a pair, mapyourtech.com), one
regeneration or switch (100 us, Huawei forum 681393-875). Line amplifiers (0.1-0.15 us each)
are left out: 1,000 km of them is under 2 us."""

ROUTE_FACTOR: Final[Mapping[str, float]] = {
    "terrestrial": 1.64,
    "submarine": 1.32,
    "aerial": 1.64,
}
"""Fibre length over the great circle through the stated points."""


def derived_length_km(great_circle_km: float, medium: Medium) -> float:
    """The length assumed for a fibre whose length is not published, to a tenth of a km."""
    return max(0.1, round(great_circle_km * ROUTE_FACTOR[medium], 1))


def one_way_delay_ns(length_km: float) -> int:
    """Nanoseconds from one end of a fibre to the other, terminals included."""
    return round(length_km * FIBRE_NS_PER_KM) + TERMINAL_NS
