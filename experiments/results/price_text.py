"""Prices as text and as JSON: each set with its total twice, then a row a class that pays. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from corridor.experiments.results.columns import render
from corridor.experiments.results.price import Row, SetPrice, Total
from corridor.experiments.results.price_causes import Basis
from corridor.experiments.results.price_certainty import ExtraCertainty
from corridor.experiments.results.price_changes import Change
from corridor.topologies.base.codec import JsonObject, to_plain
from corridor.topologies.base.words import LEAST_SHOWN_MS, counted

SCHEMA = 2
HEADINGS = ("class of data", "n", "kept back", "extra round trip", "no way around", "narrower")
RIGHT = frozenset({"n", "kept back", "narrower"})
SPARE = ("narrower", "n", "kept back")
"""Where a terminal is too narrow for all."""
MOST_NAMES = 4
BASES: Mapping[Basis, str] = {
    "law": "certain",
    "set": "the set's own",
    "reading": "a reading, unsure",
    "no permit": "no permit matches",
}
LEGEND = """\
[low to high]: the middle 90 % of draws of the map, in ms, by how well lengths are known; a total of
0.0 ms with an interval is a near tie. How sure the law is stands at each clause."""


def document(scenario: str, as_of: str, against: str, prices: Sequence[SetPrice]) -> JsonObject:
    """``price.json``: everything, by demand and by class, for programs."""
    return {
        "schema": SCHEMA,
        "scenario": scenario,
        "as_of": as_of,
        "against": against,
        "sets": [_plain(one) for one in prices],
    }


def _plain(of: SetPrice) -> JsonObject:
    plain: JsonObject = to_plain(of)
    rows = [{**to_plain(row), "median_ms": row.median_ms} for row in of.rows]
    demands = [
        {
            **to_plain(one),
            "causes": [{**to_plain(cause), "basis": cause.basis} for cause in one.causes],
        }
        for one in of.demands
    ]
    return {**plain, "demands": demands, "rows": rows}


def told(prices: Sequence[SetPrice], width: int | None = None) -> str:
    """Prices for people, tables within ``width`` characters."""
    said = [_set(one, width) for one in prices]
    if any(one.certainty for one in prices):
        said.append(LEGEND if width is None else " ".join(LEGEND.split()))
    return "\n\n".join(said)


def _set(of: SetPrice, width: int | None) -> str:
    unjudged = f", {of.not_judged} of them not judged" if of.not_judged else ""
    lines = [f"{of.policies} against {of.against}: {len(of.demands)} demands{unjudged}"]
    lines.append(f"  by certain rules:  {total(of.by_certain_rules)}")
    lines.append(f"  with readings:     {total(of.with_readings, of.certainty)}")
    lines += [f"    {line}" for line in _causes(of)]
    lines += [f"  {line}" for line in _moved(of)]
    paying = [row for row in of.rows if row.is_costly]
    if paying:
        lines += ["", _table(paying, width)]
        lines += ["", *_lowering(paying)] if any(row.changes for row in paying) else []
    unjudged_rows = [row for row in of.rows if row.not_judged == row.demands]
    free = [row for row in of.rows if not row.is_costly and row not in unjudged_rows]
    if free:
        costs = "costs" if len(free) == 1 else "cost"
        lines.append(f"{counted(len(free), 'class')} of data {costs} nothing under {of.policies}")
    if unjudged_rows:
        classes = counted(len(unjudged_rows), "class")
        lines.append(f"of {classes} of data {of.policies} says nothing: not judged, and not priced")
    return "\n".join(lines)


def _table(rows: Sequence[Row], width: int | None) -> str:
    cells = [_cells(row) for row in rows]
    return render(HEADINGS, cells, RIGHT, width=width, spare=SPARE, wrap="no way around")


def total(of: Total, certainty: ExtraCertainty | None = None) -> str:
    """In a line."""
    parts = [
        f"{of.kept_back} kept back",
        f"{of.extra_ms:+.1f}{_between(certainty)} ms on {of.delayed} of {of.both} served by both",
        f"{of.losing} with less protection",
    ]
    parts += [f"{of.narrower} with a narrower way"] if of.narrower else []
    parts += [f"{of.opened} opened"] if of.opened else []
    parts += [f"{of.saved_ms:.1f} ms saved"] if of.saved_ms >= LEAST_SHOWN_MS else []
    return ", ".join(parts)


def _moved(of: SetPrice) -> Iterator[str]:
    """Of demands that may go to any of several hubs: those that another one serves."""
    several = [one for one in of.demands if one.anycast is not None]
    moved = [one for one in several if one.against_dst]
    if several:
        others = counted(len(moved), "demand")
        yield (
            f"each set has its own nearest lawful hub for {counted(len(several), 'demand')}: "
            f"{others} to another than under {of.against}"
        )
    for one in moved[:MOST_NAMES]:
        why = one.anycast.why if one.anycast else ""
        yield f"  {one.demand} to {one.dst}, not {one.against_dst}: {why}"
    if len(moved) > MOST_NAMES:
        yield f"  and {len(moved) - MOST_NAMES} more"


def _causes(of: SetPrice) -> Iterator[str]:
    """Each clause that costs something, with its basis, and of how many demands."""
    counts: Counter[tuple[str, str, str]] = Counter()
    shown: dict[tuple[str, str], str] = {}
    for demand in of.demands:
        for cause in demand.causes:
            name = (cause.policy, cause.clause)
            law = ", ".join(one.id or one.citation for one in cause.legal)
            cited = f" [{law}]" if law else ""
            shown[name] = f"{cause.policy} {cause.clause}{cited}, {BASES[cause.basis]}"
            counts[(*name, cause.costs)] += 1
    for name, text in shown.items():
        each = (
            f"{costs} of {count}"
            for (policy, clause, costs), count in counts.items()
            if (policy, clause) == name
        )
        yield f"{text}: {', '.join(each)}"


def _cells(row: Row) -> tuple[str, ...]:
    kept = f"{row.kept_back} of {row.demands}" if row.kept_back else ""
    narrower = f"{row.narrower} of {row.demands}" if row.narrower else ""
    return (row.data, str(row.demands), kept, extra(row), _lost(row), narrower)


def extra(row: Row) -> str:
    """Few values one by one, of more the median and the most; those kept back are in neither."""
    if not row.extra_ms:
        return "none served"
    sure = row.certainty or (None,) * len(row.extra_ms)
    if row.median_ms is None:
        each = zip(row.extra_ms, sure, strict=True)
        return ", ".join(f"{one:+.1f}{_between(of)}" for one, of in each) + " ms"
    served = f" of {len(row.extra_ms)}" if row.kept_back else ""
    most = max(range(len(row.extra_ms)), key=row.extra_ms.__getitem__)
    between = _between(sure[most])
    return f"{row.median_ms:+.1f} ms median{served}, {row.extra_ms[most]:+.1f} most{between}"


def _between(of: ExtraCertainty | None) -> str:
    """The middle 90 % of draws of the map, to a millisecond; nothing where that is 0 to 0."""
    if of is None:
        return ""
    low, high = round(of.interval.low_ms), round(of.interval.high_ms)
    return f" [{low} to {high}]" if (low, high) != (0, 0) else ""


def _lost(row: Row) -> str:
    if not row.lost:
        return ""
    more = len(row.lost) - MOST_NAMES
    names = ", ".join(row.lost[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
    return f"{row.losing} of {row.demands}: {names}"


def _lowering(rows: Iterable[Row]) -> Iterator[str]:
    yield (
        "What would lower it most (nothing is changed by itself; a new fibre is taken to touch no "
        "third jurisdiction):"
    )
    for row in rows:
        if row.changes:
            yield f"  {row.data}: {'; or '.join(map(change, row.changes))}"
        else:
            yield f"  {row.data}: no single change that was tried"


def change(one: Change) -> str:
    """What is changed, and what it takes off."""
    does = {"lift": "lift", "basis": "legal basis", "gateway": "gateway at", "fibre": "fibre"}
    takes = []
    if one.opens:
        takes.append(f"opens {one.opens} of {one.of.kept_back}")
    if one.saves_ms >= LEAST_SHOWN_MS:
        takes.append(f"{one.saves_ms:.1f} of {one.of.extra_ns / 1e6:.1f} ms less")
    if one.regains:
        takes.append(f"a way around {one.regains} of {one.of.lost} points")
    return f"{does[one.kind]} {one.what} ({', '.join(takes)})"
