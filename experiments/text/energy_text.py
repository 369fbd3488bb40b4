"""Power, emissions, prices and seasons of hubs, and energy audits of runs, as text. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corridor.experiments.account.workload_summary import Audited, AuditedTransfer, EnergyAudit
from corridor.experiments.placement.energy_documents import (
    CurtailedShare,
    DroughtAnswer,
    EnergyAnswer,
    EnergyFigure,
    GridAnswer,
    HubAnswer,
    SeasonShape,
)
from corridor.experiments.terminal.columns import prose, render
from corridor.topologies.base.words import confidence_word, counted, few, percent
from corridor.topologies.energy.countings import Counted
from corridor.topologies.energy.seasons import season_name

UNKNOWN = "unknown"
COLUMNS = {
    ("location", "direct"): "location",
    ("location", "life-cycle"): "life-cycle",
    ("market", "direct"): "market",
    ("marginal", "direct"): "marginal",
}
"""Headings of countings: location-based factors of the two boundaries are never in one column."""
HEADS = ("hub", "grid", "MW in use", "MW limit", "PUE")
MORE_HEADS = ("green", "price", "seasons")
SPARE = ("seasons", "PUE", "green", "price", "life-cycle", "MW in use", "grid")
FIGURE_HEADS = ("figure", "value", "interval", "unit", "basis", "date", "confidence", "source")
FIGURE_SPARE = ("confidence", "date", "source", "basis")
NUMBERS = frozenset({"value", "interval", *HEADS[2:], *COLUMNS.values(), "green"})
OPTIONS = "--mw, --pue, --green and --price state a value: --mw guian=120"


def told(of: EnergyAnswer, width: int | None = None, *, everything: bool = False) -> str:
    """A table of hubs and what is unknown; of one hub, every figure with its source."""
    if len(of.hubs) == 1 or everything:
        parts = [part for hub in of.hubs for part in _in_full(of, hub, width)]
    else:
        parts = [prose(_heading(of), width), _table(of, width), *_notes(of, width)]
    return "\n\n".join(filter(None, parts))


def _heading(of: EnergyAnswer) -> str:
    return (
        f"Power and carbon of {counted(len(of.hubs), 'hub')}, figures collected to {of.compiled}. "
        "A range is an interval or bounds, * is stated by you, ? is unknown. Emissions in g/kWh; "
        "life-cycle includes plants and fuel supply and is not comparable with the other columns "
        "(direct CO2)." + _season(of)
    )


def _season(of: EnergyAnswer) -> str:
    if not of.season:
        return ""
    return (
        f" Emissions by location are those of {season_name(of.season)}, and unknown where no "
        "factor of it is."
    )


def _table(of: EnergyAnswer, width: int | None) -> str:
    grids = {one.id: one for one in of.grids}
    columns = [name for (count, _), name in COLUMNS.items() if count in of.counts]
    rows = [
        (
            hub.id,
            hub.grid,
            _short(hub.known("power-in-use")),
            _short(hub.known("power-limit")),
            _short(hub.known("pue")),
            *(_emissions(hub, *key) for key, name in COLUMNS.items() if name in columns),
            _short(hub.known("green-share")),
            _price(hub),
            _seasons(grids[hub.grid]),
        )
        for hub in of.hubs
    ]
    heads = (*HEADS, *columns, *MORE_HEADS)
    return render(heads, rows, NUMBERS, width=width, spare=SPARE, wrap="seasons")


def _notes(of: EnergyAnswer, width: int | None) -> Iterator[str]:
    yield prose(
        "MW in use is mean utility power with cooling; MW limit is the IT power in operation, or a "
        "bound. Which hub emits least depends on the counting, so no order is implied. Factors of "
        "China are official; those of other countries are estimates: differences below 10 % across "
        "the border mean nothing.",
        width,
    )
    if of.unknown:
        yield "\n".join(["Unknown:", *(prose(one, width, "  ") for one in _unknown(of))])
    if of.not_covered:
        listed = ", ".join(of.not_covered)
        yield prose(f"No figures were collected for {listed}.", width)
    yield prose(f"{OPTIONS}. corridor energy HUB lists every figure with its source.", width)


def _unknown(of: EnergyAnswer) -> Iterator[str]:
    """Quantities with the hubs where they are unknown, or the fewer ones where they are known."""
    by_what: dict[str, list[str]] = {}
    for one in of.unknown:
        by_what.setdefault(one.what, []).append(one.hub)
    for what, hubs in by_what.items():
        known = [hub.id for hub in of.hubs if hub.id not in hubs]
        listed = f"known of {', '.join(known)} only" if known else f"all {len(hubs)} hubs"
        yield f"{what}: {', '.join(hubs) if len(hubs) < len(known) else listed}"


def _in_full(of: EnergyAnswer, hub: HubAnswer, width: int | None) -> Iterator[str]:
    """Every figure of a hub and its grids, with what is unknown and the sources."""
    grids = [one for one in of.grids if one.id in _ids_above(of, hub.grid)]
    yield prose(f"{hub.name} ({hub.id}), grid {hub.grid}. {hub.note}".rstrip(), width)
    yield _figures([(None, one) for one in hub.figures if one.is_known], width)
    counted_lines = (prose(_counted(one), width, "  ") for one in hub.countings)
    yield "\n".join(["Emissions of a kWh by counting:", *counted_lines])
    yield _figures([(grid, one) for grid in grids for one in grid.figures if one.is_known], width)
    own = [one for one in grids if one.id == hub.grid]
    lines = [
        *(_shape(one) for grid in own for one in grid.shapes),
        *(_curtailed(one) for grid in own for one in grid.curtailment),
        *(_drought(one) for one in of.droughts if one.grid == hub.grid),
    ]
    if lines:
        yield "\n".join(["Seasons:", *(prose(one, width, "  ") for one in lines)])
    unknown = [one for one in of.unknown if one.hub == hub.id]
    if unknown:
        said = (
            f"{one.what}: {one.why}" + (f" (state it: {one.state})" if one.state else "")
            for one in unknown
        )
        yield "\n".join(["Unknown:", *(prose(one, width, "  ") for one in said)])
    yield _sources(of, [*hub.figures, *(f for grid in grids for f in grid.figures)], own, width)


def _ids_above(of: EnergyAnswer, grid: str) -> set[str]:
    return {grid, *(one.parent for one in of.grids if one.id == grid)}


def _figures(rows: Sequence[tuple[GridAnswer | None, EnergyFigure]], width: int | None) -> str:
    if not rows:
        return ""
    cells = [
        (
            f"{one.what} of {grid.name}" if grid else _name(one),
            _number(one.value),
            _interval(one.low, one.high),
            f"{one.unit} {one.boundary}".rstrip(),
            one.basis,
            one.date,
            confidence_word(one.confidence) if one.source else "",
            ", ".join(one.source),
        )
        for grid, one in rows
    ]
    table = render(FIGURE_HEADS, cells, NUMBERS, width=width, spare=FIGURE_SPARE)
    notes = [
        f"{one.what}: {'; '.join(filter(None, (one.of, one.note)))}."
        for _, one in rows
        if one.of or one.note
    ]
    return "\n".join([table, *(prose(one, width, "  ") for one in notes)])


def _name(one: EnergyFigure) -> str:
    scope = {"part": " (part of the hub)", "whole": " (wider than the hub)"}
    return one.what + scope.get(one.scope, "")


def _counted(one: Counted) -> str:
    name = f"{one.count}, {one.boundary}" if one.boundary else one.count
    if not one.is_known:
        return f"{name}: {UNKNOWN}; {one.how}"
    return f"{name}: {_range(one.value, one.low, one.high, 0)} g/kWh; {one.how}"


def _shape(one: SeasonShape) -> str:
    months = ", ".join(
        f"{month} {value:.2f}"
        + (f" ({one.low[month]:.2f}-{one.high[month]:.2f})" if one.low else "")
        for month, value in one.months.items()
    )
    ratio = ""
    if one.wet_to_dry is not None:
        low, value, high = one.wet_to_dry
        ratio = f" July to September over January to April {value:.1f} ({low:.1f}-{high:.1f})."
    factor = f" Capacity factor {one.capacity_factor:.2f}." if one.capacity_factor else ""
    return f"{one.what} by month, 1 is the mean ({one.years}): {months}.{ratio}{factor} {one.note}"


def _curtailed(one: CurtailedShare) -> str:
    shares = ", ".join(f"{year} {share:.1%}" for year, share in one.shares.items())
    place = f" of {one.of}" if one.of else ""
    return f"{one.what} curtailed{place}: {shares}; worst {one.worst_month} {one.worst:.1%}"


def _drought(one: DroughtAnswer) -> str:
    effects = "; ".join(
        each.what + ("" if each.value is None else f" {_effect(each.value, each.unit)}")
        for each in one.effects
    )
    return f"{one.id} ({one.begin} to {one.end}): {effects}"


def _effect(value: float, unit: str) -> str:
    return f"{value:+.0%}" if unit == "change" else f"{value:g} {unit}"


def _sources(
    of: EnergyAnswer,
    figures: Sequence[EnergyFigure],
    grids: Sequence[GridAnswer],
    width: int | None,
) -> str:
    listed = [one.source for one in figures]
    for grid in grids:
        listed += [one.source for one in grid.shapes] + [one.source for one in grid.curtailment]
    used = dict.fromkeys(key for source in listed for key in source)
    lines = [
        f"{key}: {of.sources[key].title} ({of.sources[key].date}) {of.sources[key].url}".rstrip()
        for key in used
    ]
    return "\n".join(["Sources:", *(prose(one, width, "  ") for one in lines)])


def _emissions(hub: HubAnswer, count: str, boundary: str) -> str:
    for one in hub.countings:
        if (one.count, one.boundary) == (count, boundary) and one.is_known:
            return _range(one.value, one.low, one.high, 0)
    return "?"


def _short(one: EnergyFigure | None) -> str:
    if one is None:
        return "?"
    mark = "*" if one.basis == "stated" else ""
    if one.unit == "share" and one.value is not None:
        return percent(one.value) + mark
    return _range(one.value, one.low, one.high, 2 if one.unit == "ratio" else 0) + mark


def _range(value: float | None, low: float | None, high: float | None, digits: int) -> str:
    """``937 (861-937)``, ``<= 630``, ``200-300``."""
    interval = _interval(low, high, digits)
    if value is None:
        return interval
    text = f"{value:,.{digits}f}"
    return f"{text} ({interval})" if interval and low is not None and high is not None else text


def _interval(low: float | None, high: float | None, digits: int | None = None) -> str:
    first, last = (_number(one) if digits is None else _digits(one, digits) for one in (low, high))
    if low is None:
        return f"<= {last}" if last else ""
    return f"{first}-{last}" if last else f">= {first}"


def _digits(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,g}"


def _price(hub: HubAnswer) -> str:
    one = hub.known("price", "hub", "whole")
    if one is None:
        return "?"
    value = _interval(one.low, one.high) if one.value is None else _number(one.value)
    return f"{value} {one.unit}{'*' if one.basis == 'stated' else ''}"


def _seasons(grid: GridAnswer) -> str:
    """``hydro x2.0; curtailed wind 6 %, solar 9 %``: wet over dry season, and the last year."""
    wet = (f"hydro x{one.wet_to_dry[1]:.1f}" for one in grid.shapes if one.wet_to_dry is not None)
    lost: dict[str, float] = {}
    for one in grid.curtailment:
        lost.setdefault(one.what, one.shares.get("2024", 0.0))
    cut = [f"{what} {percent(share)}" for what, share in lost.items() if share >= 0.01]
    return "; ".join([*wet, *([f"curtailed {', '.join(cut)}"] if cut else [])])


AT_HUB = "(at the hub already)"
MOST_ROWS, MOST_NAMED = 12, 3
AUDIT_HEADS = ("IT kWh planned", "IT kWh", "PUE", "kWh", "kgCO2", "green", "GB planned", "GB")


def audit_text(of: EnergyAudit | None, width: int | None) -> str:
    """Sentences and a table by hub, demand and data class; empty without an audit."""
    if of is None:
        return ""
    rows = [
        (f"{kind} {one.name or AT_HUB}", *cells(one))
        for kind, parts in parts_of(of)
        for one in parts[:MOST_ROWS]
    ]
    table = render(("of", *AUDIT_HEADS), rows, frozenset(AUDIT_HEADS), width=width,
                   spare=("green", "IT kWh planned", "GB planned"))  # fmt: skip
    left = sum(max(0, len(parts) - MOST_ROWS) for _, parts in parts_of(of))
    more = [f"and {counted(left, 'more row')} in summary.json"] if left else []
    return "\n".join([*sentences(of), table, *more])


def parts_of(of: EnergyAudit) -> list[tuple[str, Sequence[Audited]]]:
    """What the rows are of."""
    return [("hub", of.hubs), ("demand", of.demands), ("data", of.classes), ("", [of.total])]


def cells(one: Audited) -> tuple[str, ...]:
    """Of a row, by ``HEADS``."""
    green = None if one.green_mwh is None or not one.mwh else one.green_mwh / one.mwh
    return (
        _whole(one.planned_it_mwh * 1000),
        _whole(one.it_mwh * 1000),
        "" if one.pue is None else f"{one.pue:.2f}",
        _whole(one.mwh * 1000),
        "unknown" if one.tco2 is None else _whole(one.tco2 * 1000),
        "unknown" if green is None else percent(green),
        _whole(one.planned_bytes / 1e9),
        _whole(one.bytes / 1e9),
    )


def sentences(of: EnergyAudit) -> Iterator[str]:
    """The results, what came late, and how it was counted."""
    total = of.total
    counting = f", {of.count} counting" if of.count else ""
    carbon = "" if total.tco2 is None else (
        f" and {total.tco2:,.1f} tCO2{counting} (planned {total.planned_tco2:,.1f})"
    )  # fmt: skip
    yield (
        f"Energy audit: {total.it_mwh:,.1f} of {total.planned_it_mwh:,.1f} MWh of IT energy "
        f"computed ({_off(total.it_mwh, total.planned_it_mwh)}), {total.mwh:,.1f} MWh at the "
        f"meter{carbon}."
    )
    if total.cost is not None and of.currency:
        yield f"Cost of power: {total.cost:,.0f} {of.currency} (planned {total.planned_cost:,.0f})."
    yield (
        f"Sent: {total.bytes / 1e12:,.2f} of {total.planned_bytes / 1e12:,.2f} TB "
        f"({_off(total.bytes, total.planned_bytes)})."
        + ("" if of.wan_mwh is None else f" Energy of the network: {of.wan_mwh:,.1f} MWh, in no "
           "total.")
    )  # fmt: skip
    lost = [one.workload for one in of.transfers if one.arrived_h is None]
    if lost:
        yield f"Incomplete transfers, whose jobs did not compute: {few(lost, MOST_NAMED)}."
    slow = max(of.transfers, key=_took_h, default=None)
    if slow is not None and _took_h(slow):
        yield (
            f"The slowest transfer took {_took_h(slow) * 60:.0f} min of the plan: {slow.workload}. "
            "Jobs compute from the arrival of their input on, and do not make up for it."
        )
    yield (
        f"An hour of the plan is {of.hour_s:g} s of the run. Energy follows from planned power and "
        "measured arrivals; no power was metered."
    )


def _took_h(one: AuditedTransfer) -> float:
    """0 of transfers that are incomplete or last by plan."""
    at_once = one.arrived_h is not None and one.arrived_h - one.began_h < 1
    return one.arrived_h - one.began_h if at_once and one.arrived_h is not None else 0.0


def _off(value: float, planned: float) -> str:
    return f"{value / planned - 1:+.2%}" if planned else "none planned"


def _whole(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.3g}"
