"""Fits a layer's constants on measurements, robustly, and finds how wide its interval must be.

Huber regression (Huber 1964) of relative errors, by iterated weights; routes are found again under
the new constants until they settle. A constant is fitted only where enough rows speak of it; else
it stays. Intervals are of rows whose two cities took no part in the fit, so they hold for new
places as far as those resemble the old ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from corridor.topologies.analysis.layered import LayeredMap, Parts, layered_map, straight_parts
from corridor.topologies.analysis.measurements import Measurement
from corridor.topologies.analysis.predict import parts_of, place_of, region_of
from corridor.topologies.model.delay_model import DelayModel, Layer, Region

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
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FittedLayer:
    """A layer with constants from measurements, and its errors on rows it has not seen."""

    layer: Layer
    rows: int
    left_out: tuple[float, ...]
    """Predicted over measured, less 1: each row once for each of its cities, by a fit on rows of
    other sources that have nothing of that city; of the same source where there is but one."""
    kept: tuple[str, ...]
    """What was not fitted, and why."""
    fitted: tuple[int, ...]
    """Numbers of the regions that were."""


def fit_layer(layer: Layer, rows: Sequence[Measurement]) -> FittedLayer:
    """The layer fitted on its rows of any region; others of the model stay as they are."""
    kept: list[str] = []
    fitted, left_out, numbers = layer, list[float](), list[int]()
    for number, region in enumerate(layer.regions):
        own = [row for row in rows if region_of(row.a, row.z, layer) is region]
        if len(own) < FEWEST_ROWS:
            if own or len(layer.regions) == 1:
                where = ", ".join(region.within) or "anywhere"
                kept.append(f"{layer.layer} ({where}): {len(own)} rows, {FEWEST_ROWS} are needed")
            continue
        numbers.append(number)
        part = _Fit(fitted, number, own)
        fitted = part.fit(own, keeping=True)
        errors = part.left_out()
        left_out += errors
        fitted = _with_interval(fitted, number, len(own), errors)
    return FittedLayer(fitted, len(rows), tuple(left_out), tuple(kept), tuple(numbers))


class _Fit:
    """One region of a layer, and the rows that lie in it."""

    def __init__(self, layer: Layer, number: int, rows: Sequence[Measurement]) -> None:
        self.layer, self.number, self.rows = layer, number, rows

    def fit(self, rows: Sequence[Measurement], *, keeping: bool = False) -> Layer:
        """Constants by these rows only. The start is neutral, so that the file that was fitted
        before decides nothing of them; ``keeping`` those that too few rows speak of as they are."""
        layer = _neutral(self.layer, self.number)
        for _ in range(ROUNDS):
            parts = self.parts(layer, rows)
            layer = self._solved(layer, rows, parts, keeping=keeping)
        return layer

    def parts(self, layer: Layer, rows: Sequence[Measurement]) -> list[Parts]:
        """Of each row, by the routes of the layer as it is now."""
        if not layer.topology:
            return [straight_parts(place_of(row.a), place_of(row.z)) for row in rows]
        found = LayeredMap(layer, layer.regions[self.number])
        return [
            found.parts(place_of(row.a), place_of(row.z))
            or straight_parts(place_of(row.a), place_of(row.z))
            for row in rows
        ]

    def left_out(self) -> list[float]:
        """See ``FittedLayer.left_out``."""
        sources = sorted({row.by for row in self.rows})
        errors = []
        for source in sources:
            own = [row for row in self.rows if row.by == source]
            other = [row for row in self.rows if row.by != source] or own
            for city in sorted({city for row in own for city in (row.a, row.z)}):
                others = [row for row in other if city not in (row.a, row.z)]
                tested = [row for row in own if city in (row.a, row.z)]
                errors += self._errors(self.fit(others), tested)
        return errors

    def _errors(self, layer: Layer, rows: Sequence[Measurement]) -> list[float]:
        region = layer.regions[self.number]
        pairs = zip(rows, self.parts(layer, rows), strict=True)
        return [parts.rtt_ms(layer, region, tail=row.tail) / row.rtt_ms - 1 for row, parts in pairs]

    def _solved(
        self,
        layer: Layer,
        rows: Sequence[Measurement],
        parts: Sequence[Parts],
        *,
        keeping: bool,
    ) -> Layer:
        columns, now = _columns(layer, layer.regions[self.number], rows, parts)
        if keeping:
            now = _columns(self.layer, self.layer.regions[self.number], rows, parts)[1]
        measured = np.array([row.rtt_ms for row in rows])
        fixed = np.array([one.terminals_ms for one in parts])
        used = [i for i in range(len(now)) if np.count_nonzero(columns[:, i]) >= FEWEST_USES]
        while True:
            rest = [i for i in range(len(now)) if i not in used]
            target = measured - fixed - columns[:, rest] @ now[rest]
            solution = huber(columns[:, used] / measured[:, None], target / measured)
            wrong = [i for i, x in zip(used, solution, strict=True) if i < 3 and x <= 0]
            if not wrong:
                break
            used.remove(wrong[0])  # no end costs less than nothing: what it was stays
        now[used] = solution
        return _with_constants(layer, self.number, now)


def _neutral(layer: Layer, number: int) -> Layer:
    regions = list(layer.regions)
    update = {"ends_ms": START_MS, "land": 1.0, "sea": 1.0}
    regions[number] = regions[number].model_copy(update=update)
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
) -> tuple[Array, Array]:
    """What each row has of each constant, and their values now."""
    columns = [[1.0] * len(rows), [one.land_ms for one in parts], [one.sea_ms for one in parts]]
    now = [region.ends_ms, region.land, region.sea]
    if not layer.topology:
        del columns[2], now[2]
    for crossing in layer.crossings:
        passed = [float(crossing.id in one.crossings) for one in parts]
        if crossing.median_ms is not None:
            columns.append(passed)
            now.append(crossing.median_ms)
        if crossing.tail_ms is not None:
            columns.append([x * row.tail for x, row in zip(passed, rows, strict=True)])
            now.append(crossing.tail_ms)
    return np.array(columns, dtype=np.float64).T, np.array(now, dtype=np.float64)


def _with_constants(layer: Layer, number: int, values: Array) -> Layer:
    found = [round(float(value), 3) for value in values]
    sea = found[2] if layer.topology else found[1]
    update = {"ends_ms": found[0], "land": found[1], "sea": sea}
    regions = list(layer.regions)
    regions[number] = regions[number].model_copy(update=update)
    rest = iter(found[3:] if layer.topology else ())
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


def _with_interval(layer: Layer, number: int, rows: int, errors: Sequence[float]) -> Layer:
    regions = list(layer.regions)
    update: dict[str, object] = {"basis": "fitted", "rows": rows}
    if rows >= FEWEST_FOR_INTERVAL:
        # Which of two sources is fitted and which is predicted is chance: so is the sign.
        wide = float(np.exp(np.quantile(np.abs(np.log1p(errors)), CONFIDENCE)))
        interval = (round(1 / wide, 3), round(wide, 3))
        update |= {"interval": interval, "interval_basis": "fitted"}
    regions[number] = regions[number].model_copy(update=update)
    return layer.model_copy(update={"regions": tuple(regions)})


def huber(design: Array, target: Array) -> Array:
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
    """Of one fibre's delay, apart from all others."""
    land: float
    sea: float
    """Of all fibres of a medium together: what the fit leaves open in its slopes."""
    rest: float
    """Of one row: who measured, when, by which way."""


def components(model: DelayModel, layer: Layer, rows: Sequence[Measurement]) -> Components:
    """By restricted maximum likelihood (Patterson and Thompson 1971) over a grid of spreads.

    Rows share the errors of the fibres that their routes share; that is what tells the error of a
    fibre from that of a row.
    """
    routes = [parts_of(row.a, row.z, layer, model) for row in rows]
    measured = np.array([row.rtt_ms for row in rows])
    region = layer.regions[0]
    columns = _columns(layer, region, rows, [parts for _, _, parts in routes])[0]
    scaled = columns / measured[:, None]
    fixed = np.array([parts.terminals_ms for _, _, parts in routes]) / measured
    shares = _fibre_shares(layer, routes, measured)
    grid = [(own, rest) for own in np.arange(0, 0.41, 0.01) for rest in np.arange(0.02, 0.2, 0.01)]
    best = min(grid, key=lambda one: _restricted(scaled, 1 - fixed, shares, *one)[0])
    _, covariance = _restricted(scaled, 1 - fixed, shares, *best)
    slopes = np.sqrt(np.diag(covariance))[1:3]
    return Components(float(best[0]), float(slopes[0]), float(slopes[1]), float(best[1]))


def _fibre_shares(
    layer: Layer, routes: Sequence[tuple[Layer, Region, Parts]], measured: Array
) -> Array:
    """Rows x fibres: the part of each measured round trip that each fibre is expected to take."""
    numbers: dict[str, int] = {}
    entries = []
    for row, (used, region, parts) in enumerate(routes):
        if used.layer != layer.layer:
            continue
        for name in parts.fibres:
            fibre = layered_map(layer, region).fibres[name]
            number = numbers.setdefault(name, len(numbers))
            entries.append((row, number, 2 * fibre.one_way_delay_ns / 1e6 / measured[row]))
    shares = np.zeros((len(routes), len(numbers)))
    for row, number, share in entries:
        shares[row, number] = share
    return shares


def _restricted(
    design: Array, target: Array, shares: Array, own: float, rest: float
) -> tuple[float, Array]:
    """Minus twice the restricted log-likelihood, and the covariance of the constants."""
    covariance = own**2 * shares @ shares.T + rest**2 * np.eye(len(target))
    inverse = np.linalg.inv(covariance)
    information = design.T @ inverse @ design
    constants = np.linalg.solve(information, design.T @ inverse @ target)
    residual = target - design @ constants
    determinants = np.linalg.slogdet(covariance)[1] + np.linalg.slogdet(information)[1]
    return float(determinants + residual @ inverse @ residual), np.linalg.inv(information)
