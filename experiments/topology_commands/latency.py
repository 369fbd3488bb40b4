"""``corridor topology latency`` and ``validate``: the delay model, compared with measurements."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.experiments.commands.arguments import add_delay_model
from corridor.experiments.terminal.screen import show, terminal_width
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.whole_file import write_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from corridor.topologies.analysis.fit import FittedLayer, FittedRegion
    from corridor.topologies.analysis.measurements import Table
    from corridor.topologies.analysis.predict import Prediction
    from corridor.topologies.analysis.validation import Errors, Report
    from corridor.topologies.model.delay_model import DelayModel, Layer, LayerName

LAYERS: tuple[LayerName, ...] = ("optical", "ip", "cloud", "public")
VALIDATE_EPILOG = """columns of FILE.csv, named by its first line:
  a, b           hub ids of the shipped maps
  layer          optical, ip, cloud or public
  value_ms       milliseconds of the round trip
optional:
  value_ms_hi    of the other direction: the mean of both is used
  metric         RTT (default) or one-way
  statistic      a text with "p95" is a 95th percentile, others are medians
  kind           rows of a target, claim, hint, carrier or vendor are left out
  id             a name for the row
Rows of places on no shipped map are left out, and told; a row that is wrong is refused."""


def add_latency(actions: Any) -> None:
    latency = actions.add_parser("latency", help="expected RTT between two places")
    latency.add_argument("a", metavar="A", help="hub id")
    latency.add_argument("z", metavar="Z", help="hub id")
    latency.add_argument("--layer", choices=LAYERS, help="default: all")
    latency.add_argument(
        "--p95",
        action="store_true",
        help="also print the 95th percentile, for layers that have one",
    )
    add_common(latency)


def add_validate(actions: Any) -> None:
    validate = actions.add_parser(
        "validate",
        help="compare a table of measurements with the delay model, or fit the model",
        description="Compare a table of measured RTTs with the delay model.",
        epilog=VALIDATE_EPILOG,
    )
    validate.add_argument("table", metavar="FILE.csv", help="measurements; see below")
    validate.add_argument("--rows", action="store_true", help="print every row, too")
    validate.add_argument(
        "--leave-out",
        action="store_true",
        help="cross-validate: print errors and coverage of rows whose cities and operator were "
        "left out of the fit, by layer and region",
    )
    validate.add_argument(
        "--fit",
        type=Path,
        metavar="OUT.yaml",
        help="fit the layers with enough rows in the table, and write all constants to FILE",
    )
    add_common(validate)


def add_common(parser: argparse.ArgumentParser) -> None:
    add_delay_model(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def latency(args: argparse.Namespace) -> int:
    from corridor.topologies.analysis.predict import places
    from corridor.topologies.model.catalogue import nearest_named
    from corridor.topologies.model.delay_model import load_delay_model

    model = load_delay_model(args.delay_model)
    known = places()
    for hub in (args.a, args.z):
        if hub not in known:
            hint = nearest_named(hub, known) or "corridor topology show lists them"
            raise InputError(f'no hub "{hub}"', hint)
    found, refused = _predicted(args, model)
    if args.json:
        print(json.dumps(_document(args, model, found, refused), indent=1))
    else:
        lines = {one.layer: _line(args, one) for one in found}
        lines |= {layer: f"{_ends(args, layer)} no answer: {why}" for layer, why in refused.items()}
        show("\n".join([*(lines[one] for one in LAYERS if one in lines), *_notes(found)]))
    return 0


def _predicted(
    args: argparse.Namespace, model: DelayModel
) -> tuple[list[Prediction], dict[LayerName, str]]:
    """What layers answer, and why others do not; the one layer that was asked for must answer."""
    from corridor.topologies.analysis.predict import OffTheMap, predict

    found: list[Prediction] = []
    refused: dict[LayerName, str] = {}
    for layer in (args.layer,) if args.layer else LAYERS:
        try:
            found.append(predict(args.a, args.z, layer, model=model, tail=args.p95))
        except OffTheMap as problem:
            if args.layer:
                raise
            refused[layer] = problem.why
    return found, refused


def _document(
    args: argparse.Namespace,
    model: DelayModel,
    found: Sequence[Prediction],
    refused: dict[LayerName, str],
) -> dict[str, object]:
    rtt_ms = {one.layer: round(one.rtt_ms, 2) for one in found}
    layers = {one.layer: one.to_json() for one in found}
    head = {"schema": 3, "a": args.a, "z": args.z, "statistic": "p95" if args.p95 else "median"}
    answers = {"rtt_ms": rtt_ms, "layers": layers, "no_answer": refused}
    return {**head, "model": model.name, **answers}


def _ends(args: argparse.Namespace, layer: LayerName) -> str:
    return f"{args.a} - {args.z}  {layer:7}"


def _line(args: argparse.Namespace, one: Prediction) -> str:
    kind = "90 % interval" if one.interval_basis == "fitted" else "estimated range"
    interval = f"{kind} {one.low_ms:.1f} to {one.high_ms:.1f} ms"
    return f"{_ends(args, one.layer)}{one.rtt_ms:8.1f} ms round trip, {interval}, {_over(one)}"


def _over(one: Prediction) -> str:
    return "along the great circle" if one.straight else f"over {one.topology}"


def _notes(found: Sequence[Prediction]) -> list[str]:
    """Which answers are below optical fibre or rest on no measurement of such a pair."""
    from corridor.topologies.analysis.predict import NEAR_KM

    far = [one.layer for one in found if not one.near]
    near = [f"{one.layer} ({', '.join(one.near[:3])})" for one in found if one.near]
    rule = f"both ends of one lie within {NEAR_KM:.0f} km of these"
    lines = [
        f"{one.layer} is faster than optical ({one.fibre_ms:.1f} ms), because it takes a path "
        f"that the map of optical does not have: {', '.join(one.hubs)} of {one.topology}"
        for one in found
        if one.beats_fibre
    ]
    if any(one.interval_basis == "stated" for one in found):
        lines.append("estimated range: not validated; the share of measurements in it is not known")
    lines += [f"measured near: {'; '.join(near)}"] if near else []
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
    layers = _fit_layers(model, table) if args.fit is not None or args.leave_out else []
    told = [line for layer in layers for line in _fit_lines(layer)]
    if args.fit is not None:
        model = _write_model(model, layers, table, args.fit)
        told += [f"written: {args.fit}; use it with --delay-model {args.fit}", ""]
    left_out = _left_out(layers) if args.leave_out else {}
    report = validate_table(table, model)
    if args.json:
        more = {
            "fit": told,
            "rows_left_out": {k: list(map(asdict, v)) for k, v in left_out.items()},
        }
        print(json.dumps({**report.to_json(), **more}, indent=1, ensure_ascii=False))
    elif args.leave_out:
        show("\n".join([*told, *_left_out_lines(left_out)]))
    else:
        show("\n".join([*told, *_report_lines(report, rows=args.rows)]))
    return 0


def _fit_layers(model: DelayModel, table: Table) -> list[FittedLayer]:
    from corridor.topologies.analysis.fit import fit_layer

    names = dict.fromkeys(row.layer for row in table.rows)
    return [
        fit_layer(model.layer(name), [row for row in table.rows if row.layer == name])
        for name in names
    ]


def _write_model(
    model: DelayModel, layers: Sequence[FittedLayer], table: Table, out: Path
) -> DelayModel:
    """The model with the layers fitted that the table speaks of; it is written to ``out``."""
    from corridor.topologies.model.delay_model import to_text

    if out.exists():
        raise InputError("is there already", "name a new file with --fit", file=str(out))
    for fitted in layers:
        model = model.with_layer(_sourced(fitted, table))
    model = model.model_copy(update={"name": "fitted"})
    try:
        write_text(out, to_text(model))
    except OSError as problem:
        reason = problem.strerror or str(problem)
        raise InputError(f"cannot be written: {reason}", "name another", file=str(out)) from None
    return model


def _sourced(fitted: FittedLayer, table: Table) -> Layer:
    """The layer with the table named wherever constants were fitted on it."""
    regions = list(fitted.layer.regions)
    for one in fitted.fitted:
        source = f"{one.region.rows} rows of {Path(table.file).name}"
        regions[one.number] = one.region.model_copy(update={"source": source})
    return fitted.layer.model_copy(update={"regions": tuple(regions)})


def _fit_lines(fitted: FittedLayer) -> list[str]:
    from corridor.topologies.base.words import counted

    lines = [f"not fitted: {why}" for why in fitted.kept]
    for one in fitted.fitted:
        region = one.region
        numbers = f"ends {region.ends_ms:.2f} ms, slope {region.slope:.3f}"
        fits = f"{counted(one.constants, 'constant')} on {counted(region.rows, 'row')}"
        low, high = region.interval
        interval = f"interval x {low:g} to {high:g} ({region.interval_basis})"
        lines.append(f"fitted {_region_name(fitted, one)}: {numbers}; {fits}; {interval}")
    return lines


def _region_name(fitted: FittedLayer, region: FittedRegion) -> str:
    return f"{fitted.layer.layer} over {region.over}"


def _left_out(layers: Sequence[FittedLayer]) -> dict[str, tuple[Errors, ...]]:
    from corridor.topologies.analysis.validation import left_out_errors

    return {
        _region_name(layer, region): left_out_errors(region)
        for layer in layers
        for region in layer.fitted
        if region.left_out
    }


def _left_out_lines(left_out: dict[str, tuple[Errors, ...]]) -> list[str]:
    lines = []
    for name, errors in left_out.items():
        lines += ["", *_errors_lines(name, errors)]
    return [
        *lines,
        "",
        "each row is predicted by a fit on rows of other operators without either of its cities;",
        "errors in per cent of what was measured; covered, in per cent: by the 90 % interval",
        "that rows without its cities give; in brackets: the 95 % interval of that share, for all",
        "rows by resampling cities, by region by Wilson's method, which takes rows for independent",
    ]


def _report_lines(report: Report, *, rows: bool) -> list[str]:
    lines = [f"{len(report.judged)} rows of {report.file} against the model {report.model}", ""]
    lines += [*_errors_lines("layer", report.by_layer), ""]
    lines += [*_errors_lines("layer, region", report.by_region), ""]
    lines.append(
        "errors in per cent of what was measured; covered, in per cent: by the interval, and"
    )
    lines.append("the 95 % interval of that share (Wilson, which takes rows for independent);")
    lines.append("x 2.0 and fitted: mean errors of the great circle, times 2, and fitted")
    if report.far:
        lines.append(f"{report.far} rows have no shipped measurement near their route")
    if report.left_out:
        lines.append(f"{len(report.left_out)} rows were left out:")
        lines += [f"  {why}" for why in report.left_out]
    return lines + (["", *_row_lines(report)] if rows else [])


def _errors_lines(of: str, errors: Sequence[Errors]) -> list[str]:
    from corridor.experiments.terminal.columns import render

    baselines = [one for one in errors if one.twice_mean is not None]
    great_circles = ("x 2.0", "fitted") if baselines else ()
    heads = (of, "rows", "median", "mean", "p90", "bias", "covered", *great_circles)
    cells = [_error_cells(one) for one in errors]
    return render(heads, cells, frozenset(heads[1:]), width=terminal_width()).splitlines()


def _error_cells(one: Errors) -> tuple[str, ...]:
    low, high = one.covered_interval
    great_circles = (one.twice_mean, one.fitted_mean)
    return (
        one.of,
        str(one.rows),
        *(f"{100 * value:.1f}" for value in (one.median, one.mean, one.p90)),
        f"{100 * one.bias:+.1f}",
        f"{100 * one.covered:.0f} ({100 * low:.0f}-{100 * high:.0f})",
        *(f"{100 * value:.1f}" for value in great_circles if value is not None),
    )


def _row_lines(report: Report) -> list[str]:
    from corridor.experiments.terminal.columns import render

    heads = ("id", "from", "to", "layer", "measured", "model", "interval", "error")
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
    spare = ("layer", "interval")
    return render(heads, cells, right, width=terminal_width(), spare=spare).splitlines()
