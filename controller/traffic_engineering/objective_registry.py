"""The only list of objectives."""

from __future__ import annotations

from corridor.controller.traffic_engineering import fewest_moves, least_added_delay
from corridor.controller.traffic_engineering.objective import Objective
from corridor.topologies.base.registry import Registry

OBJECTIVES = Registry[Objective](
    "corridor.objectives", (least_added_delay.KIND, fewest_moves.KIND), of=Objective
)
"""By their names in YAML."""
