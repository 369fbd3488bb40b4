"""Minimizes the demands that leave the path they would have alone, then the changed detours."""

from __future__ import annotations

from dataclasses import dataclass

from corridor.controller.traffic_engineering.candidate_paths import PathSpace
from corridor.controller.traffic_engineering.candidate_values import CandidatePath, Key, Order
from corridor.controller.traffic_engineering.least_added_delay import MS
from corridor.topologies.model.topology import Fibre

MOVED, DETOURED, DELAY_WEIGHS = 1000.0, 10.0, 1e-3
"""The cost of a moved path and of a changed detour; and of a millisecond next to both."""


@dataclass(frozen=True)
class Moves:
    key: str = "moves"
    words: str = "paths that differ from those that demands would have alone"

    def over(self, _space: PathSpace, _fibre: Fibre, delay_ns: int) -> float:
        return delay_ns / MS

    def main(self, _space: PathSpace, order: Order, one_way_ns: int, alone: CandidatePath) -> float:
        return MOVED * (order != alone.order) + DELAY_WEIGHS * one_way_ns / MS

    def detour(
        self, _space: PathSpace, found: Key, order: Order, one_way_ns: int, alone: CandidatePath
    ) -> float:
        changed = alone.detours.get(found, order) != order
        return DETOURED * changed + DELAY_WEIGHS**2 * one_way_ns / MS


KIND = Moves()
