"""What paths load by case and link, each reckoned once, and what is fixed there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from corridor.controller.traffic_engineering.candidate_paths import Space
from corridor.controller.traffic_engineering.candidate_values import (
    Detour,
    Group,
    Main,
    Order,
    Spot,
    Way,
)
from corridor.controller.traffic_engineering.directed_links import NO_LOAD
from corridor.controller.traffic_engineering.failure_cases import numbers_of
from corridor.controller.traffic_engineering.fixed_loads import Fixed
from corridor.controller.traffic_engineering.load_grid import Grid, Numbers, Takes


class Reckoning:
    def __init__(self, spaces: Sequence[Space], grid: Grid, fixed: Fixed) -> None:
        self._spaces, self._grid = spaces, grid
        self.fixed_bps: Numbers = np.zeros(grid.shape, dtype=np.int64)
        for row, case in enumerate(grid.cases if fixed.kept else ()):
            for link, bps in fixed.under(case).items():
                self.fixed_bps[row, link] = bps
        self._known: dict[tuple[int, Group | None, Order], Takes] = {}

    def carried_bps(self, ways: Sequence[Way]) -> Numbers:
        """What whole paths load with what is fixed, by case and link as the grid has them."""
        total = self.fixed_bps.copy()
        cells = total.ravel()
        for demand, way in enumerate(ways):
            rate_bps = self._spaces[demand].rate_bps
            for takes in self._of(demand, way):
                total[:, takes.links] += takes.times * rate_bps
                cells[takes.cells] += takes.changes.astype(np.int64) * rate_bps
        return total

    def of_main(self, demand: int, main: Main) -> Takes:
        """For a primary path: what it crosses in all cases, minus the cases that hit it."""
        key = (demand, None, main.order)
        if key not in self._known:
            space, rows = self._spaces[demand], self._grid.rows
            load = space.links.load(main.sights)
            source = space.cases.risks.bit("hub", space.automaton.trip.src.id)
            changed = [(rows(space.cases.of(source)), load, -1)]
            for spot in main.spots:
                rest = space.links.load(main.sights[spot.crossed :])
                changed.append((rows(spot.newly), rest, -1))
            self._known[key] = self._grid.takes(load, changed)
        return self._known[key]

    def of_detour(self, demand: int, spot: Spot, detour: Detour) -> Takes:
        """In the cases of its spot alone."""
        key = (demand, spot.group, detour.order)
        if key not in self._known:
            space, found = self._spaces[demand], dict[tuple[int, ...], list[int]]()
            for case in numbers_of(spot.newly):
                sights = tuple(space.crossed(spot, detour, case))
                found.setdefault(sights, []).append(self._grid.row(case))
            changed = [
                (np.array(rows), space.links.load(sights), 1) for sights, rows in found.items()
            ]
            self._known[key] = self._grid.takes(NO_LOAD, changed)
        return self._known[key]

    def _of(self, demand: int, way: Way) -> Iterator[Takes]:
        yield self.of_main(demand, way.main)
        spots = [*way.main.spots]
        while spots:
            spot = spots.pop()
            detour = way.onward.get(spot.key)
            if detour is not None:
                yield self.of_detour(demand, spot, detour)
                spots += detour.spots
