"""Background Internet traffic: who holds which capacity in which direction, and its routing. Pure.

>>> from datetime import date
>>> from corridor.traffic.background import assign, read_internet
>>> internet = read_internet()
>>> market = internet.at(date(2025, 9, 6))
>>> found = assign(market, internet.cut("smw4:red-sea", "imewe:red-sea"), reaction="own")
>>> found.total("PK").lost_path_gbps > 1000
True

The model is separate from the demands of scenarios, which policies route. ``docs/background.md``
has its assumptions.
"""

from corridor.traffic.background.assignment import PEAK, assign
from corridor.traffic.background.carried import (
    REACTIONS,
    Carried,
    FlowCarried,
    HoldingCarried,
    Reaction,
    TotalCarried,
)
from corridor.traffic.background.internet import COARSE, Cut, Internet, Split, read_internet
from corridor.traffic.background.market import Estimate, Flow, Holding, Market, Offer
from corridor.traffic.background.on_map import (
    CutOnMap,
    Leg,
    OnMap,
    RouteOnMap,
    fibre_routes,
    on_map,
)
from corridor.traffic.background.sampled import SAMPLES, SEED, Sampled, sampled

__all__ = [
    "COARSE",
    "PEAK",
    "REACTIONS",
    "SAMPLES",
    "SEED",
    "Carried",
    "Cut",
    "CutOnMap",
    "Estimate",
    "Flow",
    "FlowCarried",
    "Holding",
    "HoldingCarried",
    "Internet",
    "Leg",
    "Market",
    "Offer",
    "OnMap",
    "Reaction",
    "RouteOnMap",
    "Sampled",
    "Split",
    "TotalCarried",
    "assign",
    "fibre_routes",
    "on_map",
    "read_internet",
    "sampled",
]
