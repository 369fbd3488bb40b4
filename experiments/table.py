"""The table a run ends with, as text: one line a demand, the answer first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

HEADINGS = (
    "demand",
    "class",
    "path",
    "crosses",
    "predicted RTT",
    "measured RTT",
    "difference",
    "loss",
)
RIGHT_ALIGNED = frozenset(HEADINGS[4:])
PATH_WIDTH = 38


def demand_table(summary: dict[str, Any]) -> str:
    """Measured RTT is the minimum; difference is measured less predicted."""
    rows = [_row(demand) for demand in summary["demands"]]
    return render(HEADINGS, rows, RIGHT_ALIGNED)


def flow_table(summary: dict[str, Any]) -> str:
    """Throughput beside the bottleneck and where packets were lost; empty if none was asked for."""
    rows = [
        (
            demand["id"],
            flow["protocol"],
            _mbps(flow["offered"]),
            _mbps(flow["delivered"]),
            _mbps(flow["bottleneck"]),
            _losses(flow),
        )
        for demand in summary["demands"]
        for flow in demand.get("flows", ())
    ]
    headings = ("demand", "by", "offered", "delivered", "bottleneck", "lost at")
    right = frozenset(headings[2:5])
    return render(headings, rows, right) if rows else ""


def render(
    headings: Sequence[str], rows: Sequence[Sequence[str]], right: frozenset[str] = frozenset()
) -> str:
    """Columns as wide as their widest cell, two spaces apart."""
    widths = [
        max(len(cells[column]) for cells in (headings, *rows)) for column in range(len(headings))
    ]

    def line(cells: Sequence[str]) -> str:
        aligned = (
            cell.rjust(width) if heading in right else cell.ljust(width)
            for cell, width, heading in zip(cells, widths, headings, strict=True)
        )
        return "  ".join(aligned).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([line(headings), rule, *map(line, rows)])


def _row(demand: dict[str, Any]) -> tuple[str, ...]:
    predicted = demand["predicted_rtt_ms"]
    least = (demand["rtt_ms"] or {}).get("min")
    return (
        demand["id"],
        demand["class"],
        _shortened(demand["path"]),
        " ".join(demand["crosses"]),
        f"{predicted:.3f} ms",
        "none" if least is None else f"{least:.3f} ms",
        "" if least is None else f"{(least - predicted) * 1000:+.1f} us",
        f"{demand['lost']}/{demand['sent']}",
    )


def _shortened(path: Sequence[str]) -> str:
    """Both ends and as much of the middle as fits."""
    whole = " > ".join(path)
    if len(whole) <= PATH_WIDTH:
        return whole
    return f"{path[0]} > ({len(path) - 2} hubs) > {path[-1]}"


def _mbps(rate: float | None) -> str:
    return "" if rate is None else f"{rate:.3f} Mbit/s"


def _losses(flow: dict[str, Any]) -> str:
    if flow["error"]:
        return f"failed: {flow['error']}"
    return ", ".join(f"{place} {count}" for place, count in (flow["lost_at"] or {}).items()) or "-"
