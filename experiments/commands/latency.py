"""``corridor topology latency`` and ``validate``: the delay model, beside what was measured."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.experiments.commands.arguments import add_delay_model
from corridor.experiments.terminal.screen import show, terminal_width
from corridor.topologies.base.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from corridor.topologies.analysis.fit import FittedLayer
    from corridor.topologies.analysis.measurements import Table
    from corridor.topologies.analysis.predict import Prediction
    from corridor.topologies.analysis.validation import Errors, Report
    from corridor.topologies.model.delay_model import DelayModel, Layer, LayerName

LAYERS: tuple[LayerName, ...] = ("optical", "ip", "cloud", "public", "straight")
VALIDATE_EPILOG = """columns of FILE.csv, named by its first line:
  a, b           hub ids of the shipped maps
  layer          optical, ip, cloud, public or straight
  value_ms       milliseconds of the round trip
optional:
  value_ms_hi    of the other direction: the mean of both is used
  metric         RTT (default) or one-way
  statistic      a text with "p95" is a 95th percentile, others are medians
  kind           rows of a target, claim, hint, carrier or vendor are left out
  id             a name for the row
Rows of places on no shipped map are left out, and told; a row that is wrong is refused."""


def add_latency(actions: Any) -> None:
    latency = actions.add_parser("latency", help="expected round trip between two places")
    latency.add_argument("a", metavar="A", help="hub id")
    latency.add_argument("z", metavar="Z", help="hub id")
    latency.add_argument("--layer", choices=LAYERS, help="default: all")
    latency.add_argument(
        "--p95", action="store_true", help="the 95th percentile where a layer tells it apart"
    )
    _add_common(latency)


def add_validate(actions: Any) -> None:
    validate = actions.add_parser(
        "validate",
        help="hold a table of measurements against the delay model, or fit it",
        description="Hold a table of measured round trips against the delay model.",
        epilog=VALIDATE_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    validate.add_argument("table", metavar="FILE.csv", help="measurements; see below")
    validate.add_argument("--rows", action="store_true", help="print every row, too")
    validate.add_argument(
        "--fit",
        type=Path,
        metavar="OUT.yaml",
        help="fit the layers that the table has enough rows of, and write all constants there",
    )
    _add_common(validate)


def _add_common(parser: argparse.ArgumentParser) -> None:
    add_delay_model(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def latency(args: argparse.Namespace) -> int:
    from corridor.topologies.analysis.predict import places, predict
    from corridor.topologies.model.delay_model import load_delay_model
    from corridor.topologies.model.meanings import nearest_named

    model = load_delay_model(args.delay_model)
    known = places()
    for hub in (args.a, args.z):
        if hub not in known:
            hint = nearest_named(hub, known) or "corridor topology show lists them"
            raise InputError(f'no hub "{hub}"', hint)
    layers: tuple[LayerName, ...] = (args.layer,) if args.layer else LAYERS
    found = [predict(args.a, args.z, layer, model=model, tail=args.p95) for layer in layers]
    if args.json:
        print(json.dumps(_document(args, model, found), indent=1))
    else:
        show("\n".join([*(_line(args, one) for one in found), *_notes(found)]))
    return 0


def _document(
    args: argparse.Namespace, model: DelayModel, found: Sequence[Prediction]
) -> dict[str, object]:
    rtt_ms = {one.layer: round(one.rtt_ms, 2) for one in found}
    layers = {one.layer: one.to_json() for one in found}
    head = {"schema": 2, "a": args.a, "z": args.z, "statistic": "p95" if args.p95 else "median"}
    return {**head, "model": model.name, "rtt_ms": rtt_ms, "layers": layers}


def _line(args: argparse.Namespace, one: Prediction) -> str:
    interval = f"{one.low_ms:.1f} to {one.high_ms:.1f}"
    marks = [one.interval_basis, *(["great circle"] if one.straight else [])]
    ends = f"{args.a} - {args.z}  {one.layer:9}"
    return f"{ends}{one.rtt_ms:8.1f} ms round trip, 90 % {interval} ms ({', '.join(marks)})"


def _notes(found: Sequence[Prediction]) -> list[str]:
    """Which answers rest on no measurement of such a pair, and how near one would have to be."""
    from corridor.topologies.analysis.predict import NEAR_KM

    far = [one.layer for one in found if not one.near and one.layer != "straight"]
    near = [f"{one.layer} ({', '.join(one.near[:3])})" for one in found if one.near]
    rule = f"both ends of one lie within {NEAR_KM:.0f} km of these"
    lines = [f"measured near: {'; '.join(near)}"] if near else []
    if far:
        lines.append(f"no measurement lies near its route: {', '.join(far)} (near: {rule})")
    return lines


def validate(args: argparse.Namespace) -> int:
    from corridor.topologies.analysis.measurements import read_measurements
    from corridor.topologies.analysis.validation import validate_table
    from corridor.topologies.model.delay_model import load_delay_model

    model, table = load_delay_model(args.delay_model), read_measurements(args.table)
    if not table.rows:
        hint = (table.left_out or ("it has only a first line",))[0]
        raise InputError("has no row that can be held against the model", hint, file=table.file)
    told: list[str] = []
    if args.fit is not None:
        model, told = _fitted(model, table, args.fit)
    report = validate_table(table, model)
    if args.json:
        print(json.dumps({**report.to_json(), "fit": told}, indent=1, ensure_ascii=False))
    else:
        show("\n".join([*told, *_report_lines(report, rows=args.rows)]))
    return 0


def _fitted(model: DelayModel, table: Table, out: Path) -> tuple[DelayModel, list[str]]:
    """The model with the layers fitted that the table speaks of; it is written to ``out``."""
    from corridor.topologies.analysis.fit import fit_layer
    from corridor.topologies.model.delay_model_text import to_text

    if out.exists():
        raise InputError("is there already", "name a new file with --fit", file=str(out))
    told = []
    for name in dict.fromkeys(row.layer for row in table.rows):
        rows = [row for row in table.rows if row.layer == name]
        fitted = fit_layer(model.layer(name), rows)
        told += _fit_lines(fitted)
        model = model.with_layer(_sourced(fitted, table))
    model = model.model_copy(update={"name": "fitted"})
    try:
        out.write_text(to_text(model), encoding="utf-8")
    except OSError as problem:
        reason = problem.strerror or str(problem)
        raise InputError(f"cannot be written: {reason}", "name another", file=str(out)) from None
    return model, [*told, f"written: {out}; use it with --delay-model {out}", ""]


def _sourced(fitted: FittedLayer, table: Table) -> Layer:
    """The layer with the table named wherever constants were fitted on it."""
    source = f"{fitted.rows} rows of {Path(table.file).name}"
    regions = [
        one.model_copy(update={"source": source}) if number in fitted.fitted else one
        for number, one in enumerate(fitted.layer.regions)
    ]
    return fitted.layer.model_copy(update={"regions": tuple(regions)})


def _fit_lines(fitted: FittedLayer) -> list[str]:
    import numpy as np

    lines = [f"not fitted: {why}" for why in fitted.kept]
    for number in fitted.fitted:
        region = fitted.layer.regions[number]
        constants = f"ends {region.ends_ms:.2f} ms, land {region.land:.3f}, sea {region.sea:.3f}"
        lines.append(f"fitted {fitted.layer.layer}: {constants}, on {region.rows} rows")
    if fitted.left_out:
        sizes = np.abs(fitted.left_out)
        median, mean, p90 = np.median(sizes), sizes.mean(), np.quantile(sizes, 0.9)
        errors = f"median {median:.1%}, mean {mean:.1%}, p90 {p90:.1%}"
        lines.append(f"  rows left out with their city and source: {errors}")
    return lines


def _report_lines(report: Report, *, rows: bool) -> list[str]:
    lines = [f"{len(report.judged)} rows of {report.file} against the model {report.model}", ""]
    lines += [*_errors_lines("layer", report.by_layer), ""]
    lines += [*_errors_lines("layer, region", report.by_region), ""]
    lines.append("errors in per cent of what was measured; covered: by the 90 % interval;")
    lines.append("x 2.0 and fitted: mean errors of the great circle, times 2, and fitted")
    if report.far:
        lines.append(f"{report.far} rows have no shipped measurement near their route")
    if report.left_out:
        lines.append(f"{len(report.left_out)} rows were left out:")
        lines += [f"  {why}" for why in report.left_out]
    return lines + (["", *_row_lines(report)] if rows else [])


def _errors_lines(of: str, errors: Sequence[Errors]) -> list[str]:
    from corridor.experiments.results.columns import render

    heads = (of, "rows", "median", "mean", "p90", "bias", "covered", "x 2.0", "fitted")
    cells = [
        (
            one.of,
            str(one.rows),
            *(f"{100 * value:.1f}" for value in (one.median, one.mean, one.p90)),
            f"{100 * one.bias:+.1f}",
            f"{100 * one.covered:.0f}",
            *(f"{100 * value:.1f}" for value in (one.twice_mean, one.fitted_mean)),
        )
        for one in errors
    ]
    return render(heads, cells, frozenset(heads[1:]), width=terminal_width()).splitlines()


def _row_lines(report: Report) -> list[str]:
    from corridor.experiments.results.columns import render

    heads = ("id", "from", "to", "layer", "measured", "model", "90 %", "error")
    cells = [
        (
            one.row.id,
            one.row.a,
            one.row.z,
            one.row.layer,
            f"{one.row.rtt_ms:.1f}",
            f"{one.prediction.rtt_ms:.1f}",
            f"{one.prediction.low_ms:.0f}-{one.prediction.high_ms:.0f}"
            + ("" if one.covered else " !"),
            f"{100 * one.error:+.1f} %",
        )
        for one in report.judged
    ]
    right = frozenset({"measured", "model", "error"})
    spare = ("layer", "90 %")
    return render(heads, cells, right, width=terminal_width(), spare=spare).splitlines()
