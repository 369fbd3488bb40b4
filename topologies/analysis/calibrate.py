"""Fits the route factors of fibres on measurements and prints how wrong they are.

``python -m corridor.topologies.analysis.calibrate [--rows] [--json]``

Three constants are fitted by robust regression on relative errors (Huber weights, iterated,
because the constants move the routes): the terrestrial and the submarine route factor and the
access overhead of a cloud round trip. The rows are round trips between AWS (P50) and Azure
(P95) regions over the cloud-backbone graph, and the two CAICT optical aggregates over ``edwc``.
Generalisation is reported twice: each row predicted by a fit without it, and each row predicted
by a fit on rows of the other operator that share neither of its cities. The constants of layers
above the fibre are fitted by ``fit.py``.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean

import networkx as nx
import numpy as np

from corridor.topologies.analysis.fit import huber
from corridor.topologies.analysis.measurements import (
    CALIBRATE,
    Measurement,
    read_measurements,
)
from corridor.topologies.base.arrays import Floats
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model import delay
from corridor.topologies.model.routing import shortest_path_between
from corridor.topologies.model.topology import Topology

CAICT_MEAN_MS, CAICT_MAX_MS = 9.7, 17.1
MS_PER_KM = delay.FIBRE_NS_PER_KM / 1e6
TERMINAL_MS = delay.TERMINAL_NS / 1e6
TERMINAL_KM = delay.TERMINAL_NS / delay.FIBRE_NS_PER_KM


@dataclass(frozen=True)
class Constants:
    access_rtt_ms: float
    terrestrial: float
    submarine: float


ACCESS_RTT_MS = 5.5
"""Both ends of a cloud round trip while the factors are fitted; ``data/delay-model.yaml`` has the
constants that answers use. The same-region figure in the AWS data is 1.7-3.9 ms."""

SHIPPED = Constants(
    ACCESS_RTT_MS, delay.ROUTE_FACTOR["terrestrial"], delay.ROUTE_FACTOR["submarine"]
)


@dataclass(frozen=True)
class Report:
    """Relative errors of the model; the printed lines say what each is."""

    fitted: Constants
    shipped: Constants
    rows: int
    in_sample: tuple[float, ...]
    leave_one_out: tuple[float, ...]
    leave_city_out: tuple[float, ...]
    caict_mean_ms: float
    caict_max_ms: float


def cloud_rows() -> tuple[Measurement, ...]:
    """The rows between clouds that the model is fitted on, in the order of their file."""
    return tuple(row for row in read_measurements(CALIBRATE).rows if row.layer == "cloud")


class Graph:
    """A topology as great-circle kilometres by medium, so that route factors can vary."""

    def __init__(self, topology: Topology) -> None:
        self.edges = [
            (fibre.a, fibre.z, fibre.medium, fibre.length_km / delay.ROUTE_FACTOR[fibre.medium])
            for fibre in topology.fibres
        ]

    def features(self, pairs: Iterable[tuple[str, str]], at: Constants) -> Floats:
        """Per pair: land km, sea km, fibres, along the shortest route under ``at``."""
        graph: nx.Graph[str] = nx.Graph()
        for a, z, medium, km in self.edges:
            sea = medium == "submarine"
            cost = km * (at.submarine if sea else at.terrestrial) + TERMINAL_KM
            if not graph.has_edge(a, z) or graph[a][z]["cost"] > cost:
                graph.add_edge(a, z, cost=cost, land=0.0 if sea else km, sea=km if sea else 0.0)
        rows = []
        for a, z in pairs:
            path = nx.dijkstra_path(graph, a, z, weight="cost")
            steps = [graph[u][v] for u, v in itertools.pairwise(path)]
            rows.append([sum(e["land"] for e in steps), sum(e["sea"] for e in steps), len(steps)])
        return np.array(rows, dtype=np.float64)


@dataclass(frozen=True)
class Problem:
    """What is fitted: cloud rows on one graph, cluster aggregates on another."""

    cloud: Graph
    edwc: Graph
    clusters: tuple[tuple[str, str], ...]


def load_problem() -> Problem:
    edwc = load_topology("edwc")
    clusters = [hub.id for hub in edwc.hubs if hub.edwc_cluster]
    pairs = tuple(itertools.combinations(clusters, 2))
    return Problem(Graph(load_topology("cloud-backbone")), Graph(edwc), pairs)


def fit(problem: Problem, rows: Sequence[Measurement]) -> Constants:
    """Huber regression of relative errors, routes recomputed until they settle."""
    constants = Constants(4.0, 1.6, 1.3)
    for _ in range(4):
        design, target = _equations(problem, rows, constants)
        access, land, sea = huber(design, target)
        constants = Constants(float(access), float(land), float(sea))
    return constants


def predict(problem: Problem, rows: Sequence[Measurement], at: Constants) -> Floats:
    """Milliseconds round trip for each row."""
    features = problem.cloud.features([(row.a, row.z) for row in rows], at)
    return _cloud_design(features) @ _vector(at) + 2 * TERMINAL_MS * features[:, 2]


def _equations(
    problem: Problem, rows: Sequence[Measurement], at: Constants
) -> tuple[Floats, Floats]:
    """Each row and both aggregates, scaled so that a residual is a relative error."""
    cloud = problem.cloud.features([(row.a, row.z) for row in rows], at)
    edwc = problem.edwc.features(problem.clusters, at)
    one_way = np.zeros((len(edwc), 3))
    one_way[:, 1] = edwc[:, 0] * MS_PER_KM
    slowest = int(np.argmax(one_way[:, 1]))
    design = np.vstack([_cloud_design(cloud), one_way.mean(axis=0), one_way[slowest]])
    measured = np.array([*(row.rtt_ms for row in rows), CAICT_MEAN_MS, CAICT_MAX_MS])
    terminals = np.array([*(2 * cloud[:, 2]), edwc[:, 2].mean(), edwc[slowest, 2]]) * TERMINAL_MS
    return design / measured[:, None], (measured - terminals) / measured


def _cloud_design(features: Floats) -> Floats:
    ones = np.ones(len(features))
    return np.column_stack([ones, *(2 * MS_PER_KM * features[:, i] for i in (0, 1))])


def _vector(at: Constants) -> Floats:
    return np.array([at.access_rtt_ms, at.terrestrial, at.submarine])


def _relative(predicted: float, row: Measurement) -> float:
    return predicted / row.rtt_ms - 1


def _left_out(
    problem: Problem,
    rows: Sequence[Measurement],
    shares: Callable[[Measurement, Measurement], bool],
) -> tuple[float, ...]:
    """Each row's error under a fit on the rows that do not share what it has."""
    errors = []
    for row in rows:
        others = [other for other in rows if not shares(row, other)]
        fitted = fit(problem, others)
        errors.append(_relative(float(predict(problem, [row], fitted)[0]), row))
    return tuple(errors)


def _same_row(row: Measurement, other: Measurement) -> bool:
    """The same two cities, by either provider: AWS and Azure rows of a pair leave together."""
    return {row.a, row.z} == {other.a, other.z}


def _same_city_or_operator(row: Measurement, other: Measurement) -> bool:
    return row.by == other.by or bool({row.a, row.z} & {other.a, other.z})


def caict(topology: Topology) -> tuple[float, float]:
    """Mean and maximum one-way milliseconds over the cluster pairs of a topology."""
    clusters = [hub.id for hub in topology.hubs if hub.edwc_cluster]
    delays = []
    for a, z in itertools.combinations(clusters, 2):
        route = shortest_path_between(topology, a, z)
        if route is not None:
            delays.append(route.one_way_delay_ns / 1e6)
    return fmean(delays), max(delays)


def calibrate() -> Report:
    """Fit, and measure every error of the report. Takes a few seconds."""
    problem, rows = load_problem(), cloud_rows()
    in_sample = [
        _relative(p, r) for p, r in zip(predict(problem, rows, SHIPPED), rows, strict=True)
    ]
    mean_ms, max_ms = caict(load_topology("edwc"))
    return Report(
        fitted=fit(problem, rows),
        shipped=SHIPPED,
        rows=len(rows),
        in_sample=tuple(float(error) for error in in_sample),
        leave_one_out=_left_out(problem, rows, _same_row),
        leave_city_out=_left_out(problem, rows, _same_city_or_operator),
        caict_mean_ms=mean_ms,
        caict_max_ms=max_ms,
    )


def summary(report: Report) -> str:
    """The report as text."""
    lines = [f"{report.rows} cloud rows (AWS P50, Azure P95) and 2 CAICT aggregates", ""]
    lines += [f"{'':26}{'fitted':>8}{'shipped':>9}"]
    for name in ("access_rtt_ms", "terrestrial", "submarine"):
        fitted, shipped = getattr(report.fitted, name), getattr(report.shipped, name)
        lines.append(f"{name:26}{fitted:8.3f}{shipped:9.3f}")
    lines += ["", f"{'relative error':26}{'median':>8}{'mean':>9}{'p90':>9}{'worst':>9}"]
    for label, errors in (
        ("in sample, shipped", report.in_sample),
        ("pair left out", report.leave_one_out),
        ("cities and operator out", report.leave_city_out),
    ):
        sizes = np.abs(errors)
        cells = (np.median(sizes), sizes.mean(), np.quantile(sizes, 0.9), sizes.max())
        lines.append(
            f"{label:26}" + "".join(f"{100 * c:{8 + (i > 0)}.1f}" for i, c in enumerate(cells))
        )
    lines += ["                          (per cent of the measured round trip)", ""]
    for name, ours, theirs in (
        ("mean", report.caict_mean_ms, CAICT_MEAN_MS),
        ("max", report.caict_max_ms, CAICT_MAX_MS),
    ):
        gap = 100 * (ours / theirs - 1)
        lines.append(
            f"CAICT optical {name:4} one-way   {ours:5.2f} ms, published {theirs} ms ({gap:+.1f} %)"
        )
    return "\n".join(lines)


def _row_lines(problem: Problem, rows: Sequence[Measurement]) -> list[str]:
    predicted = predict(problem, rows, SHIPPED)
    return [
        f"{row.id} {row.a:>12} - {row.z:12} {row.by[16:]:8} {row.rtt_ms:7.1f} {ours:7.1f} ms"
        f" {100 * _relative(ours, row):+6.1f} %"
        for row, ours in zip(rows, predicted, strict=True)
    ]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m corridor.topologies.analysis.calibrate", description=__doc__
    )
    parser.add_argument("--rows", action="store_true", help="print every row with its prediction")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    args = parser.parse_args(argv)
    report = calibrate()
    print(json.dumps(asdict(report), indent=1) if args.json else summary(report))
    if args.rows and not args.json:
        print("\n" + "\n".join(_row_lines(load_problem(), cloud_rows())))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
