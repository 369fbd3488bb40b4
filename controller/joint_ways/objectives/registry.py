"""The only list of objectives."""

from __future__ import annotations

from collections.abc import Mapping

from corridor.controller.joint_ways.objectives import added_delay, moves
from corridor.controller.joint_ways.objectives.objective import Objective

KINDS: tuple[Objective, ...] = (added_delay.KIND, moves.KIND)
OBJECTIVES: Mapping[str, Objective] = {kind.key: kind for kind in KINDS}
