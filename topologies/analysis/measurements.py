"""Tables of measured round trips: CSV in, values out; every refused or omitted row is reported.

Columns: ``a``, ``b`` (hub ids), ``layer``, ``value_ms``; and where there are any ``id``,
``metric`` (``RTT`` or ``one-way``), ``value_ms_hi`` (of the other direction), ``statistic``
(a text with ``p95`` is a tail, others are medians), ``kind``. Further columns are not read.
"""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from corridor.topologies.base.bounded_file import read_text, shown
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.catalogue import DATA, nearest_named, shipped_hubs
from corridor.topologies.model.delay_model import LAYERS, LayerName
from corridor.topologies.model.topology import great_circle_km

CALIBRATE, VALIDATE = DATA / "latency_calibrate.csv", DATA / "latency_validate.csv"
NEEDED = ("a", "b", "layer", "value_ms")
NOT_MEASURED = ("target", "claim", "hint", "carrier", "vendor")
"""Kinds that do not measure the network as it is."""
LIGHT_MS_PER_KM = 2 / 299.792458
"""Of a round trip in a vacuum: what lies below it is a mistake of unit or place."""
LONGEST_MS = 60_000.0


@dataclass(frozen=True)
class Measurement:
    """Milliseconds of a round trip between two hubs, the mean of its two directions."""

    id: str
    a: str
    z: str
    layer: LayerName
    rtt_ms: float
    tail: bool
    """A 95th percentile, not a median."""
    by: str
    """The layer as the table calls it: who measured."""
    line: int


@dataclass(frozen=True)
class Table:
    """A file's rows in its order, and what was left out, a line each."""

    file: str
    rows: tuple[Measurement, ...]
    left_out: tuple[str, ...]


def read_measurements(path: str | Path) -> Table:
    """Raises InputError with file and line for what is not a row of measurements.

    Rows of unknown places, of layers that the model does not have and of kinds that were not
    measured are left out, and told.
    """
    file, text = shown(path), read_text(path)
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        _check_columns(reader.fieldnames, file)
        rows, left_out = [], []
        for row in reader:
            found = _Row(row, file, reader.line_num).measurement()
            if isinstance(found, Measurement):
                rows.append(found)
            else:
                left_out.append(f"line {reader.line_num}: {found}")
    except csv.Error as problem:
        line = reader.line_num
        raise InputError(
            f"is not CSV: {problem}", "check its quotes", file=file, line=line
        ) from None
    return Table(file, tuple(rows), tuple(left_out))


@cache
def shipped_measurements() -> tuple[Measurement, ...]:
    """Those that the model was fitted on, and those that it is judged by."""
    return tuple(row for file in (CALIBRATE, VALIDATE) for row in read_measurements(file).rows)


@cache
def cloud_places() -> dict[str, tuple[float, float, str]]:
    """Degrees and jurisdiction by hub id, of the catalogue and of the cloud graph."""
    hubs = (*shipped_hubs().values(), *load_topology("cloud-backbone").hubs)
    return {hub.id: (hub.lat, hub.lon, hub.located_in) for hub in hubs}


def layer_of(said: str) -> LayerName | None:
    """The layer that a table's words mean; None for what the model has no layer for."""
    words = said.lower()
    exact = next((name for name in LAYERS if words == name), None)
    if exact is not None:
        return exact
    if words.startswith("cloud backbone"):
        return "cloud"
    if "public" in words or "internet" in words:
        return "public"
    if "optical" in words or words == "iplc":
        return "optical"
    if words in ("cn2", "national backbone", "carrier ip") or words.startswith("ip private line"):
        return "ip"
    return None


def _check_columns(names: object, file: str) -> None:
    known = list(names) if isinstance(names, list | tuple) else []
    missing = [name for name in NEEDED if name not in known]
    if missing:
        hint = f"its first line names the columns, among them {', '.join(NEEDED)}"
        raise InputError(f'has no column "{missing[0]}"', hint, file=file, line=1)


class _Row:
    """One row, as the reader gives it."""

    def __init__(self, row: dict[str, str], file: str, line: int) -> None:
        self.row, self.file, self.line = row, file, line

    def measurement(self) -> Measurement | str:
        """The row, or why it is left out."""
        if None in self.row:
            raise self._error("has more cells than the first line names columns")
        kind = self._cell("kind")
        if any(kind.startswith(word) for word in NOT_MEASURED):
            return f"a {kind}, not measured"
        layer = layer_of(self._cell("layer"))
        if layer is None:
            return f'no layer "{self._cell("layer")}"; the model has {", ".join(LAYERS)}'
        a, z = self._cell("a"), self._cell("b")
        for end in (a, z):
            if end not in cloud_places():
                hint = nearest_named(end, cloud_places())
                return f'no hub "{end}" on any shipped map{f", {hint}" if hint else ""}'
        return self._measured(a, z, layer)

    def _measured(self, a: str, z: str, layer: LayerName) -> Measurement | str:
        if a == z:
            raise self._error(f'both ends are "{a}"', "name two hubs")
        metric = self._cell("metric") or "RTT"
        if metric == "unspecified":
            return "the row does not state one-way or RTT"
        if metric not in ("RTT", "one-way"):
            raise self._error(f'metric "{metric}" is not known', "use RTT or one-way")
        low_ms = self._number("value_ms")
        high_ms = self._number("value_ms_hi") if self._cell("value_ms_hi") else low_ms
        rtt_ms = (low_ms + high_ms) / 2 * (2 if metric == "one-way" else 1)
        self._check_light(a, z, rtt_ms)
        said, by = self._cell("statistic"), self._cell("layer")
        name = self._cell("id") or f"line {self.line}"
        return Measurement(name, a, z, layer, rtt_ms, "p95" in said.lower(), by, self.line)

    def _check_light(self, a: str, z: str, rtt_ms: float) -> None:
        (lat_a, lon_a, _), (lat_z, lon_z, _) = cloud_places()[a], cloud_places()[z]
        km = great_circle_km((lat_a, lon_a), (lat_z, lon_z))
        if rtt_ms < km * LIGHT_MS_PER_KM:
            message = f"{a} - {z} in {rtt_ms:g} ms of round trip is faster than light"
            raise self._error(message, "check the unit, the metric and the places")

    def _number(self, column: str) -> float:
        text = self._cell(column)
        try:
            value = float(text)
        except ValueError:
            raise self._error(
                f'{column} "{text[:40]}" is not a number', "write milliseconds"
            ) from None
        if not (math.isfinite(value) and 0 < value <= LONGEST_MS):
            message = f"{column} is {text[:40]}"
            raise self._error(message, f"milliseconds lie above 0 and up to {LONGEST_MS:g}")
        return value

    def _cell(self, column: str) -> str:
        return (self.row.get(column) or "").strip()

    def _error(self, message: str, hint: str = "") -> InputError:
        return InputError(message, hint, file=self.file, line=self.line)
