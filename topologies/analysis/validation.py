"""Holds a table of measurements against the delay model: errors, coverage, and what does no better.

Errors are predicted over measured less 1. A row is covered when it lies in its prediction's
interval. Two great circles are baselines: times 2.0, and a factor and a constant that are fitted
on the shipped table of calibration, as the model is. ``left_out_errors`` gives errors of rows that
took no part in a fit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt

from corridor.topologies.analysis.fit import FittedRegion, coverage_interval, huber
from corridor.topologies.analysis.measurements import (
    CALIBRATE,
    Measurement,
    Table,
    cloud_places,
    read_measurements,
)
from corridor.topologies.analysis.predict import (
    OffTheMap,
    Prediction,
    place_of,
    predict,
    straight_parts,
)
from corridor.topologies.base.codec import JsonObject
from corridor.topologies.model.delay_model import DelayModel, LayerName

TWICE = 2.0
NORMAL_95 = 1.959964
"""The 97.5 per cent quantile of the normal distribution."""
ZONES: dict[str, tuple[str, ...]] = {
    "China": ("CN", "HK", "MO"),
    "East Asia": ("JP", "KR", "KP", "TW", "MN"),
    "South-East Asia": ("SG", "MY", "ID", "TH", "VN", "LA", "MM", "KH", "PH", "BN", "TL"),
    "South Asia": ("IN", "PK", "LK", "BD", "NP", "MV", "BT"),
    "Gulf": ("AE", "QA", "BH", "OM", "SA", "KW", "IQ", "IR", "YE"),
    "Red Sea and Levant": ("IL", "EG", "DJ", "SD", "ER", "JO", "LB", "CY", "PS"),
    "Central Asia": ("KZ", "KG", "UZ", "TJ", "TM", "AF"),
}
ELSEWHERE = "Europe and beyond"


@dataclass(frozen=True)
class Judged:
    """A row next to its prediction."""

    row: Measurement
    prediction: Prediction
    twice: float
    """Errors of the two great circles."""
    fitted: float

    @property
    def error(self) -> float:
        return self.prediction.rtt_ms / self.row.rtt_ms - 1

    @property
    def covered(self) -> bool:
        return self.prediction.low_ms <= self.row.rtt_ms <= self.prediction.high_ms

    @property
    def region(self) -> str:
        return region_of_row(self.row)


@dataclass(frozen=True)
class Errors:
    """Of some rows: sizes of relative errors, and the share that their intervals cover."""

    of: str
    rows: int
    median: float
    mean: float
    p90: float
    bias: float
    """The median error with its sign."""
    covered: float
    covered_interval: tuple[float, float]
    """95 per cent of the share covered."""
    twice_mean: float | None = None
    """Of the great circles; None of rows left out."""
    fitted_mean: float | None = None


@dataclass(frozen=True)
class Report:
    """What a table states about a model."""

    file: str
    model: str
    by_layer: tuple[Errors, ...]
    by_region: tuple[Errors, ...]
    far: int
    """Rows near which the model's own tables have no other measurement of the layer."""
    left_out: tuple[str, ...]
    judged: tuple[Judged, ...]

    def to_json(self) -> JsonObject:
        rows = [
            {
                **asdict(one.row),
                "predicted_ms": round(one.prediction.rtt_ms, 2),
                "interval_ms": [
                    round(one.prediction.low_ms, 2),
                    round(one.prediction.high_ms, 2),
                ],
                "region": one.region,
            }
            for one in self.judged
        ]
        head = {"schema": "corridor/delay-validation/1", "file": self.file, "model": self.model}
        tables = {
            "by_layer": list(map(asdict, self.by_layer)),
            "by_region": list(map(asdict, self.by_region)),
        }
        return {**head, **tables, "far": self.far, "left_out": self.left_out, "rows": rows}


def validate_table(table: Table, model: DelayModel) -> Report:
    """Judge every row of a table by a model. Pure; half a second for a hundred rows."""
    judged, left_out = list[Judged](), list[str]()
    for row in table.rows:
        try:
            judged.append(_judged(row, model))
        except OffTheMap as problem:
            left_out.append(f"line {row.line}: {problem.message}")
    return Report(
        file=table.file,
        model=model.name,
        by_layer=_grouped(judged, lambda one: one.row.layer),
        by_region=_grouped(judged, lambda one: f"{one.row.layer}, {one.region}"),
        far=sum(not one.prediction.near for one in judged),
        left_out=(*table.left_out, *left_out),
        judged=tuple(judged),
    )


def left_out_errors(region: FittedRegion) -> tuple[Errors, ...]:
    """Errors of rows that took no part in the fit: of all of them, then by region.

    The interval of what all cover is found by resampling cities, those by region by Wilson's
    method, which takes rows for independent.
    """
    groups: dict[str, list[int]] = {}
    for number, one in enumerate(region.left_out):
        groups.setdefault(region_of_row(one.row), []).append(number)
    errors = np.array([one.error for one in region.left_out])
    whole = _errors(f"all over {region.over}", errors, region.covered)
    resampled = coverage_interval(region.left_out, region.covered)
    by_region = [
        _errors(name, errors[at], [region.covered[number] for number in at])
        for name, at in sorted(groups.items())
    ]
    return replace(whole, covered_interval=resampled), *by_region


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 per cent interval of a share, for independent trials (Wilson 1927)."""
    z2 = NORMAL_95**2
    middle, spread = hits + z2 / 2, NORMAL_95 * np.sqrt(hits * (of - hits) / of + z2 / 4)
    return float((middle - spread) / (of + z2)), float((middle + spread) / (of + z2))


def region_of_row(row: Measurement) -> str:
    """The regions that a row joins."""
    return " - ".join(sorted({zone(row.a), zone(row.z)}))


def zone(hub: str) -> str:
    """The region of a hub, by which reports of errors are grouped."""
    code = cloud_places()[hub][2]
    return next((name for name, codes in ZONES.items() if code in codes), ELSEWHERE)


def _judged(row: Measurement, model: DelayModel) -> Judged:
    straight_ms = straight_parts(place_of(row.a), place_of(row.z)).land_ms
    ends_ms, factor = fitted_great_circle(row.layer)
    return Judged(
        row,
        predict(row.a, row.z, row.layer, model=model, tail=row.tail),
        TWICE * straight_ms / row.rtt_ms - 1,
        (ends_ms + factor * straight_ms) / row.rtt_ms - 1,
    )


@cache
def fitted_great_circle(layer: LayerName) -> tuple[float, float]:
    """Milliseconds of both ends and the factor on the great circle, fitted on the shipped table.

    On its cloud rows where the layer itself has too few rows.
    """
    known = read_measurements(CALIBRATE).rows
    rows = [row for row in known if row.layer == layer]
    if len(rows) < 8:
        rows = [row for row in known if row.layer == "cloud"]
    measured = np.array([row.rtt_ms for row in rows])
    straight = [straight_parts(place_of(row.a), place_of(row.z)).land_ms for row in rows]
    design = np.column_stack([np.ones(len(rows)), straight])
    ends, factor = huber(design / measured[:, None], np.ones(len(rows)))
    return float(ends), float(factor)


def _grouped(judged: Sequence[Judged], key: Callable[[Judged], str]) -> tuple[Errors, ...]:
    groups: dict[str, list[Judged]] = {}
    for one in judged:
        groups.setdefault(key(one), []).append(one)
    return tuple(_of_judged(name, some) for name, some in sorted(groups.items()))


def _of_judged(name: str, judged: Sequence[Judged]) -> Errors:
    errors = np.array([one.error for one in judged])
    found = _errors(name, errors, [one.covered for one in judged])
    return replace(
        found,
        twice_mean=float(np.mean([abs(one.twice) for one in judged])),
        fitted_mean=float(np.mean([abs(one.fitted) for one in judged])),
    )


def _errors(name: str, errors: npt.NDArray[np.float64], covered: Sequence[bool]) -> Errors:
    sizes, hits = np.abs(errors), sum(map(bool, covered))
    return Errors(
        of=name,
        rows=len(errors),
        median=float(np.median(sizes)),
        mean=float(sizes.mean()),
        p90=float(np.quantile(sizes, 0.9)),
        bias=float(np.median(errors)),
        covered=hits / len(errors),
        covered_interval=wilson(hits, len(errors)),
    )
