"""Fits a layer's constants on measurements, robustly, and finds how wide its interval must be.

Huber regression (Huber 1964) of relative errors, by iterated weights; routes are found again under
the new constants until they settle. A slope other than 1 is fitted only where rows that took no
part are then better predicted; a constant that too few rows speak of stays as it was.

Each row is predicted by a fit on rows of other operators that share neither of its cities. The
interval is the 90 per cent quantile of these errors' sizes in logarithms, by conformal prediction
with cities as groups (Dunn, Wasserman and Ramdas 2023, "Distribution-free prediction sets for
two-layer hierarchical models"): all cities weigh alike, and one more city may be worse than all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from corridor.topologies.analysis.measurements import Measurement
from corridor.topologies.analysis.predict import (
    Parts,
    jurisdictions_of,
    layered_map,
    parts_of,
    place_of,
    region_parts,
)
from corridor.topologies.base.arrays import Floats
from corridor.topologies.base.seeds import seed_of
from corridor.topologies.base.words import counted
from corridor.topologies.model.delay_model import Layer, Region

HUBER_WIDTH = 0.08
"""Relative error beyond which a row pulls with constant force: P95 rows and reroutes are noisy."""
ROUNDS = 5
START_MS = 5.0
FEWEST_ROWS = 8
"""Of a region, to fit anything."""
FEWEST_USES = 5
"""Of a constant, to fit it."""
FEWEST_FOR_INTERVAL = 20
CONFIDENCE = 0.9
RESAMPLES = 2000


@dataclass(frozen=True)
class LeftOut:
    """A row, predicted by a fit on rows of other operators that share neither of its cities.

    Rows of the same operator are used where the table has but one.
    """

    row: Measurement
    error: float
    """Predicted over measured, less 1."""

    @property
    def size(self) -> float:
        """Of the error, in logarithms: as large for twice as for half."""
        return abs(float(np.log1p(self.error)))

    @property
    def cities(self) -> frozenset[str]:
        return frozenset((self.row.a, self.row.z))


@dataclass(frozen=True)
class FittedRegion:
    """A region of a layer with constants from measurements, and its errors on rows left out."""

    number: int
    region: Region
    over: str
    """The map of its routes, or ``great-circle``."""
    constants: int
    """How many were fitted."""
    left_out: tuple[LeftOut, ...]

    @cached_property
    def covered(self) -> tuple[bool, ...]:
        """Of each row: whether the interval holds it that rows without its cities give."""
        return tuple(
            one.size <= interval_size([o for o in self.left_out if not o.cities & one.cities])
            for one in self.left_out
        )


@dataclass(frozen=True)
class FittedLayer:
    """A layer with constants from measurements, and its errors on rows it has not seen."""

    layer: Layer
    rows: int
    fitted: tuple[FittedRegion, ...]
    kept: tuple[str, ...]
    """What was not fitted, and why."""


def fit_layer(layer: Layer, rows: Sequence[Measurement]) -> FittedLayer:
    """The layer fitted on its rows: each region on those that its map joins and that it holds."""
    kept, regions = list[str](), list[FittedRegion]()
    fitted = layer
    for number, region in enumerate(layer.regions):
        own = [row for row in rows if _is_of(row, layer, region)]
        if len(own) < FEWEST_ROWS:
            if own or len(layer.regions) == 1:
                where = ", ".join(region.within) or "anywhere"
                kept.append(
                    f"{layer.layer} ({where}): {counted(len(own), 'row')}, {FEWEST_ROWS} are needed"
                )
            continue
        best = min((_Fit(fitted, number, own, sloped) for sloped in (False, True)), key=_score)
        fitted = _with_interval(best.fit(own, keeping=True), number, len(own), best.left_out)
        found = fitted.regions[number]
        over = layer.map_of(found)
        regions.append(FittedRegion(number, found, over, best.constants, best.left_out))
    return FittedLayer(fitted, len(rows), tuple(regions), tuple(kept))


def interval_size(left_out: Sequence[LeftOut]) -> float:
    """How far, in logarithms, the interval reaches in either direction; infinite for too few
    cities."""
    counts = Counter(city for one in left_out for city in one.cities)
    if not counts:
        return float("inf")
    sizes = np.array([one.size for one in left_out for _ in one.cities])
    weights = np.array([1 / counts[city] for one in left_out for city in sorted(one.cities)])
    order = np.argsort(sizes)
    reached = np.cumsum(weights[order]) / (len(counts) + 1)
    place = int(np.searchsorted(reached, CONFIDENCE - 1e-12))
    return float(sizes[order][place]) if place < len(sizes) else float("inf")


def coverage_interval(left_out: Sequence[LeftOut], covered: Sequence[bool]) -> tuple[float, float]:
    """Of the share covered: 95 per cent, by resampling cities with all their rows."""
    cities = sorted({city for one in left_out for city in one.cities})
    uses = np.array([[city in one.cities for city in cities] for one in left_out], dtype=float)
    random = np.random.default_rng(seed_of(0, "coverage of the delay model"))
    drawn = random.multinomial(len(cities), [1 / len(cities)] * len(cities), size=RESAMPLES)
    weights = drawn @ uses.T
    shares = weights @ np.array(covered, dtype=float) / weights.sum(axis=1)
    low, high = np.quantile(shares, (0.025, 0.975))
    return float(low), float(high)


def _is_of(row: Measurement, layer: Layer, region: Region) -> bool:
    fits = region in layer.regions_of(jurisdictions_of(row.a, row.z))
    return fits and region_parts(layer, region, place_of(row.a), place_of(row.z)) is not None


def _score(fit: _Fit) -> float:
    """The mean size of its errors on rows left out; too few of them: as good as no fit."""
    sizes = [one.size for one in fit.left_out]
    return float(np.mean(sizes)) if sizes else float("inf")


class _Fit:
    """One region of a layer, the rows that lie in it, and whether its slope is fitted."""

    def __init__(
        self, layer: Layer, number: int, rows: Sequence[Measurement], sloped: bool
    ) -> None:
        self.layer, self.number, self.rows, self.sloped = layer, number, rows, sloped

    def fit(self, rows: Sequence[Measurement], *, keeping: bool = False) -> Layer:
        """Constants by these rows only. The start is neutral, so that the file that was fitted
        before decides nothing of them; ``keeping`` those that too few rows speak of as they are."""
        layer = _neutral(self.layer, self.number)
        for _ in range(ROUNDS):
            before, parts = layer, self.parts(layer, rows)
            layer = self._solved(layer, rows, parts, keeping=keeping)
            if layer == before:
                break
        return layer

    def parts(self, layer: Layer, rows: Sequence[Measurement]) -> list[Parts]:
        """Of each row, by the routes of the region as it is now."""
        region = layer.regions[self.number]
        found = [region_parts(layer, region, place_of(row.a), place_of(row.z)) for row in rows]
        return [one for one in found if one is not None]

    @cached_property
    def constants(self) -> int:
        """How many the rows are enough for."""
        layer = _neutral(self.layer, self.number)
        columns, _ = self._columns(layer, self.rows, self.parts(layer, self.rows))
        return len(self._used(columns))

    @cached_property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Every row of which enough others are left to fit on."""
        found = []
        for row in self.rows:
            others = [one for one in self.rows if one.by != row.by] or self.rows
            apart = [one for one in others if not {one.a, one.z} & {row.a, row.z}]
            if len(apart) >= FEWEST_USES:
                layer = self.fit(apart)
                (parts,) = self.parts(layer, [row])
                rtt_ms = parts.rtt_ms(layer, layer.regions[self.number], tail=row.tail)
                found.append(LeftOut(row, rtt_ms / row.rtt_ms - 1))
        return tuple(found)

    def _used(self, columns: Floats) -> list[int]:
        """Constants that enough rows speak of; the slope is the second."""
        enough = [
            i for i in range(columns.shape[1]) if np.count_nonzero(columns[:, i]) >= FEWEST_USES
        ]
        return enough if self.sloped else [i for i in enough if i != 1]

    def _columns(
        self, layer: Layer, rows: Sequence[Measurement], parts: Sequence[Parts]
    ) -> tuple[Floats, Floats]:
        return _columns(layer, layer.regions[self.number], rows, parts)

    def _solved(
        self,
        layer: Layer,
        rows: Sequence[Measurement],
        parts: Sequence[Parts],
        *,
        keeping: bool,
    ) -> Layer:
        columns, now = self._columns(layer, rows, parts)
        used = self._used(columns)
        if keeping:
            as_it_was = self._columns(self.layer, rows, parts)[1]
            now = np.array([now[1] if i == 1 else was for i, was in enumerate(as_it_was)])
        measured = np.array([row.rtt_ms for row in rows])
        fixed = np.array([one.terminals_ms for one in parts])
        while True:
            rest = [i for i in range(len(now)) if i not in used]
            target = measured - fixed - columns[:, rest] @ now[rest]
            solution = huber(columns[:, used] / measured[:, None], target / measured)
            wrong = [i for i, x in zip(used, solution, strict=True) if i < 2 and x <= 0]
            if not wrong:
                break
            used.remove(wrong[0])  # no end costs less than nothing: what it was stays
        now[used] = solution
        return _with_constants(layer, self.number, now)


def _neutral(layer: Layer, number: int) -> Layer:
    regions = list(layer.regions)
    regions[number] = regions[number].model_copy(update={"ends_ms": START_MS, "slope": 1.0})
    crossings = tuple(
        one.model_copy(
            update={
                "median_ms": None if one.median_ms is None else 0.0,
                "tail_ms": None if one.tail_ms is None else 0.0,
            }
        )
        for one in layer.crossings
    )
    return layer.model_copy(update={"regions": tuple(regions), "crossings": crossings})


def _columns(
    layer: Layer, region: Region, rows: Sequence[Measurement], parts: Sequence[Parts]
) -> tuple[Floats, Floats]:
    """What each row has of each constant, and their values now."""
    columns = [[1.0] * len(rows), [one.land_ms + one.sea_ms for one in parts]]
    now = [region.ends_ms, region.slope]
    for crossing in layer.crossings:
        passed = [float(crossing.id in one.crossings) for one in parts]
        if crossing.median_ms is not None:
            columns.append(passed)
            now.append(crossing.median_ms)
        if crossing.tail_ms is not None:
            columns.append([x * row.tail for x, row in zip(passed, rows, strict=True)])
            now.append(crossing.tail_ms)
    return np.array(columns, dtype=np.float64).T, np.array(now, dtype=np.float64)


def _with_constants(layer: Layer, number: int, values: Floats) -> Layer:
    found = [round(float(value), 3) for value in values]
    regions = list(layer.regions)
    update = {"ends_ms": found[0], "slope": found[1]}
    regions[number] = regions[number].model_copy(update=update)
    rest = iter(found[2:])
    crossings = tuple(
        crossing.model_copy(
            update={
                key: next(rest)
                for key in ("median_ms", "tail_ms")
                if getattr(crossing, key) is not None
            }
        )
        for crossing in layer.crossings
    )
    return layer.model_copy(update={"regions": tuple(regions), "crossings": crossings})


def _with_interval(layer: Layer, number: int, rows: int, left_out: Sequence[LeftOut]) -> Layer:
    regions = list(layer.regions)
    update: dict[str, object] = {"basis": "fitted", "rows": rows}
    wide = float(np.exp(interval_size(left_out)))
    if len(left_out) >= FEWEST_FOR_INTERVAL and np.isfinite(wide):
        # Which of two sources is fitted and which is predicted is chance: so is the sign.
        interval = (round(1 / wide, 3), round(wide, 3))
        update |= {"interval": interval, "interval_basis": "fitted"}
    regions[number] = regions[number].model_copy(update=update)
    return layer.model_copy(update={"regions": tuple(regions)})


def huber(design: Floats, target: Floats) -> Floats:
    """The solution whose residuals pull with constant force beyond ``HUBER_WIDTH``."""
    weights = np.ones(len(target))
    solution = np.zeros(design.shape[1])
    for _ in range(50):
        root = np.sqrt(weights)
        solution = np.linalg.lstsq(design * root[:, None], target * root, rcond=None)[0]
        errors = np.abs(design @ solution - target)
        weights = HUBER_WIDTH / np.maximum(errors, HUBER_WIDTH)
    return solution


@dataclass(frozen=True)
class Components:
    """How the errors of round trips split, as standard deviations of relative errors."""

    own: float
    """Of one fibre's delay, independent of all others."""
    land: float
    sea: float
    """Of all fibres of a medium together: what the fit leaves open in its slopes."""
    rest: float
    """Of one row: who measured, when, over which path."""


def components(layer: Layer, rows: Sequence[Measurement]) -> Components:
    """By restricted maximum likelihood (Patterson and Thompson 1971) over a grid of spreads.

    Rows share the errors of the fibres that their routes share; that is what tells the error of a
    fibre from that of a row.
    """
    routes = [parts_of(row.a, row.z, layer) for row in rows]
    measured = np.array([row.rtt_ms for row in rows])
    ends, _, *tails = _columns(layer, layer.regions[0], rows, [parts for _, parts in routes])[0].T
    land, sea = ([getattr(parts, of) for _, parts in routes] for of in ("land_ms", "sea_ms"))
    scaled = np.column_stack([ends, land, sea, *tails]) / measured[:, None]
    fixed = np.array([parts.terminals_ms for _, parts in routes]) / measured
    shares = _fibre_shares(layer, routes, measured)
    grid = [(own, rest) for own in np.arange(0, 0.41, 0.01) for rest in np.arange(0.02, 0.2, 0.01)]
    best = min(grid, key=lambda one: _restricted(scaled, 1 - fixed, shares, *one)[0])
    _, covariance = _restricted(scaled, 1 - fixed, shares, *best)
    slopes = np.sqrt(np.diag(covariance))[1:3]
    return Components(float(best[0]), float(slopes[0]), float(slopes[1]), float(best[1]))


def _fibre_shares(layer: Layer, routes: Sequence[tuple[Region, Parts]], measured: Floats) -> Floats:
    """Rows x fibres: the part of each measured round trip that each fibre is expected to take."""
    numbers: dict[str, int] = {}
    entries = []
    for row, (region, parts) in enumerate(routes):
        for name in parts.fibres:
            fibre = layered_map(layer, region).fibres[name]
            number = numbers.setdefault(name, len(numbers))
            entries.append((row, number, 2 * fibre.one_way_delay_ns / 1e6 / measured[row]))
    shares = np.zeros((len(routes), len(numbers)))
    for row, number, share in entries:
        shares[row, number] = share
    return shares


def _restricted(
    design: Floats, target: Floats, shares: Floats, own: float, rest: float
) -> tuple[float, Floats]:
    """Minus twice the restricted log-likelihood, and the covariance of the constants."""
    covariance = own**2 * shares @ shares.T + rest**2 * np.eye(len(target))
    inverse = np.linalg.inv(covariance)
    information = design.T @ inverse @ design
    constants = np.linalg.solve(information, design.T @ inverse @ target)
    residual = target - design @ constants
    determinants = np.linalg.slogdet(covariance)[1] + np.linalg.slogdet(information)[1]
    return float(determinants + residual @ inverse @ residual), np.linalg.inv(information)
