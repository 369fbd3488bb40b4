"""The table a run ends with, as text: one line a demand, the answer first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from corridor.experiments.plan.values import NO_POLICIES
from corridor.experiments.results.summary import DemandSummary, FlowSummary, Summary

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
MOST_SURPRISES = 5
MOST_LACKING = 12
PATH_WIDTH = 38


def demand_table(summary: Summary) -> str:
    """Measured RTT is the minimum; difference is measured less predicted.

    Where policies decide, each demand's status and the permit it travels by are told too.
    """
    rows = [_row(demand) for demand in summary["demands"]]
    if summary["policies"] == NO_POLICIES:
        return render(HEADINGS, rows, RIGHT_ALIGNED)
    ruled = [
        (*row[:2], demand["status"], demand["permit"], *row[2:])
        for row, demand in zip(rows, summary["demands"], strict=True)
    ]
    return render((*HEADINGS[:2], "status", "permit", *HEADINGS[2:]), ruled, RIGHT_ALIGNED)


def reasons(summary: Summary) -> str:
    """A line for each demand that, or whose answers, policies or missing fibres keep back."""
    return "\n".join(
        f"{demand['id']}: {demand['why']}" for demand in summary["demands"] if demand["why"]
    )


def lacks_lines(of: Iterable[tuple[str, Sequence[str]]]) -> str:
    """A line for each of the first demands that have less than was asked for; empty if none has."""
    said = [f"{demand} has less than asked for: {'; '.join(some)}" for demand, some in of if some]
    more = len(said) - MOST_LACKING
    return "\n".join([*said[:MOST_LACKING], *([f"and {more} more demands"] if more > 0 else [])])


def crossings_line(summary: Summary) -> str:
    """What the monitor on the fibres saw, in a line; empty if nobody watched."""
    seen = summary.get("crossings")
    if seen is None:
        return ""
    wrong = [*seen["forbidden"], *seen["strange"]]
    if wrong:
        first = wrong[0]
        packets = sum(one["packets"] for one in wrong)
        return (
            f"{packets} of {seen['frames']} packets on fibres were where no policy lets them be, "
            f"the first {first['demand'] or first['flow']} from {first['sent_by']} onto "
            f"{first['fibre']}: see crossings in summary.json"
        )
    if seen["lost"]:
        return f"the monitor on the fibres missed {seen['lost']} packets: its counts are too low"
    return f"watched {seen['frames']} packets on fibres: none where its policies forbid it"


def cuts_lines(summary: Summary) -> str:
    """What cutting fibres one after another came to; empty if none was cut."""
    cuts = summary.get("cuts")
    if cuts is None:
        return ""
    counts, outages = cuts["demand_cuts"], cuts["outage_ms"].items()
    said = (
        f"cut {_counted(cuts['fibres'], 'fibre')} one after another: "
        f"{_counted(counts['detour'], 'time')} a demand took a detour, "
        f"{_counted(counts['lost'], 'time')} none was lawful and it was lost"
    )
    times = ", ".join(f"{name} {value:g} ms" for name, value in outages)
    surprises = [
        f"not as predicted: {row['demand']} when {row['fibre']} was cut ({row['expected']} "
        f"expected; lost {row['lost']} of {row['sent']})"
        for row in cuts["surprises"]
    ]
    lines = [said, f"outages of detoured demands: {times}" if times else ""]
    lines += surprises[:MOST_SURPRISES]
    if len(surprises) > MOST_SURPRISES:
        lines.append(f"and {len(surprises) - MOST_SURPRISES} more surprises")
    return "\n".join(filter(None, lines))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def flow_table(summary: Summary) -> str:
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


def _row(demand: DemandSummary) -> tuple[str, ...]:
    predicted = demand["predicted_rtt_ms"]
    least = (demand["rtt_ms"] or {}).get("min")
    difference = (
        f"{(least - predicted) * 1000:+.1f} us"
        if least is not None and predicted is not None
        else ""
    )
    return (
        demand["id"],
        demand["class"],
        _shortened(demand["path"]),
        " ".join(demand["crosses"]),
        "none" if predicted is None else f"{predicted:.3f} ms",
        "none" if least is None else f"{least:.3f} ms",
        difference,
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


def _losses(flow: FlowSummary) -> str:
    if flow["error"]:
        return f"failed: {flow['error']}"
    return ", ".join(f"{place} {count}" for place, count in (flow["lost_at"] or {}).items()) or "-"
