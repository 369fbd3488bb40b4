"""The only list of objectives."""

from __future__ import annotations

from collections.abc import Mapping

from corridor.controller.traffic_engineering import fewest_moves, least_added_delay
from corridor.controller.traffic_engineering.objective import Objective

KINDS: tuple[Objective, ...] = (least_added_delay.KIND, fewest_moves.KIND)
OBJECTIVES: Mapping[str, Objective] = {kind.key: kind for kind in KINDS}
