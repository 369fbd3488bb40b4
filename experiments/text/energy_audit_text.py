"""The energy audit of a run in sentences and a table. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corridor.experiments.account.energy_audit import Audited, AuditedTransfer, EnergyAudit
from corridor.experiments.terminal.columns import render
from corridor.topologies.base.words import counted, few, percent

AT_HUB = "(at the hub already)"
MOST_ROWS, MOST_NAMED = 12, 3
HEADS = ("IT kWh planned", "IT kWh", "PUE", "kWh", "kgCO2", "green", "GB planned", "GB")


def audit_text(of: EnergyAudit | None, width: int | None) -> str:
    """Sentences and a table by hub, demand and data class; empty without an audit."""
    if of is None:
        return ""
    rows = [
        (f"{kind} {one.name or AT_HUB}", *cells(one))
        for kind, parts in parts_of(of)
        for one in parts[:MOST_ROWS]
    ]
    table = render(("of", *HEADS), rows, frozenset(HEADS), width=width,
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
        _number(one.planned_it_mwh * 1000),
        _number(one.it_mwh * 1000),
        "" if one.pue is None else f"{one.pue:.2f}",
        _number(one.mwh * 1000),
        "unknown" if one.tco2 is None else _number(one.tco2 * 1000),
        "unknown" if green is None else percent(green),
        _number(one.planned_bytes / 1e9),
        _number(one.bytes / 1e9),
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


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.3g}"
