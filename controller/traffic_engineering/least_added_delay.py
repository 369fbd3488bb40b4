"""Minimizes the added delay of primary paths, then that of their detours."""

from __future__ import annotations

from dataclasses import dataclass

from corridor.controller.traffic_engineering.candidate_paths import PathSpace
from corridor.controller.traffic_engineering.candidate_values import CandidatePath, Key, Order
from corridor.topologies.model.topology import Fibre

MS = 1e6
DETOURS_WEIGH = 1e-3
"""The weight of a detour's delay relative to that of a primary path."""
RATE_WEIGHS = 1e-11
"""Between equals the demand of the lower rate moves."""


@dataclass(frozen=True)
class AddedDelay:
    key: str = "added-delay"
    words: str = "delay added to primary paths"

    def over(self, _space: PathSpace, _fibre: Fibre, delay_ns: int) -> float:
        return delay_ns / MS

    def main(self, space: PathSpace, _order: Order, one_way_ns: int, alone: CandidatePath) -> float:
        return max(one_way_ns - alone.one_way_ns, 0) * (1 + RATE_WEIGHS * space.rate_bps) / MS

    def detour(
        self, _space: PathSpace, found: Key, _order: Order, one_way_ns: int, _alone: CandidatePath
    ) -> float:
        return DETOURS_WEIGH ** len(found) * one_way_ns / MS


KIND = AddedDelay()
