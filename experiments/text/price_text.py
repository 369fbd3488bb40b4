"""Prices as text and as JSON: each set with two totals, then a row for each class that pays.

Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from corridor.experiments.answers.price import AddedRttUncertainty, Row, SetPrice, Total
from corridor.experiments.answers.price_causes import BASES, Cause
from corridor.experiments.answers.price_changes import Change
from corridor.experiments.terminal.columns import render
from corridor.topologies.base.codec import JsonObject, read_document, to_plain
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.words import (
    between_ms,
    counted,
    few,
    has_moved,
    is_longer,
    joined,
    more_ms,
)

SCHEMA = 3
HEADINGS = (
    "data class",
    "demands",
    "blocked",
    "added RTT",
    "single points of failure",
    "lower capacity",
)
RIGHT = frozenset({"demands", "blocked", "lower capacity"})
SPARE = ("lower capacity", "demands", "blocked")
"""Where a terminal is too narrow for all."""
MOST_NAMES = 4
MANY_SETS = 3
"""From this number of sets on, a table of all comes first."""
NO_PERMIT = "no permit matches"
COSTS = {
    "kept back": "blocked",
    "delay": "delayed",
    "no way around": "lost protection",
    "width": "with lower path capacity",
}
CHANGES = {
    "lift": "remove clause",
    "basis": "add legal basis",
    "gateway": "add gateway at",
    "fibre": "add fibre",
}
LEGEND = """\
A 90 % interval is the 5 % to 95 % quantile of Monte Carlo samples of the map. If it is given for
0.0 ms, the policies add delay in some samples only. ( ) after a clause is its basis: only "legal
text" is law. [ ] are its sources."""


@dataclass(frozen=True)
class Prices:
    """What ``price.json`` contains."""

    scenario: str
    as_of: str
    against: str
    sets: tuple[SetPrice, ...]


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


def prices_of(document: object, file: str = "price.json") -> Prices:
    """The prices that ``document`` was made of; raises InputError for another schema."""
    hint = "run corridor price again, with --out"
    match document:
        case {"schema": schema} if schema == SCHEMA:
            return read_document(Prices, document, file, hint)
        case {"schema": schema}:
            why = f"its schema is {schema!r}, not {SCHEMA}"
        case _:
            why = "it has no schema"
    raise InputError(f"is not a price.json of this version: {why}", hint, file)


def told(prices: Sequence[SetPrice], width: int | None = None) -> str:
    """Prices for people, tables within ``width`` characters."""
    said = [_overview(prices, width)] if len(prices) >= MANY_SETS else []
    said += [_set(one, width) for one in prices]
    if any(one.certainty for one in prices):
        said.append(LEGEND if width is None else " ".join(LEGEND.split()))
    return "\n\n".join(said)


def _overview(prices: Sequence[SetPrice], width: int | None) -> str:
    """A row for each policy set, with all its rules."""
    headings = (
        "policy set",
        "not covered",
        "blocked",
        "higher RTT",
        "added RTT",
        "lost protection",
    )
    rows = [(one.policies, str(one.not_judged), *_totals(one.with_readings)) for one in prices]
    return render(headings, rows, frozenset(headings[1:]), width=width, spare=headings[1:2])


def _totals(of: Total) -> tuple[str, ...]:
    return str(of.kept_back), str(of.delayed), more_ms(of.extra_ms), str(of.losing)


def _set(of: SetPrice, width: int | None) -> str:
    uncovered = f", {of.not_judged} not covered" if of.not_judged else ""
    demands = counted(len(of.demands), "demand")
    lines = [
        f"Policy set {of.policies}, baseline {of.against}: {demands}{uncovered}",
        f"  confident rules only: {total(of.by_certain_rules)}",
        f"  all rules:            {total(of.with_readings, of.certainty)}",
    ]
    causes = list(_causes(of))
    lines += ["  causes (a demand can have several):"] if causes else []
    lines += [f"    {line}" for line in causes]
    lines += [f"  {line}" for line in _by_value(of)]
    lines += [f"  {line}" for line in _moved(of)]
    paying = [row for row in of.rows if row.is_costly]
    if paying:
        lines += ["", _table(paying, width)]
        lines += ["", *_lowering(paying)] if any(row.changes for row in paying) else []
    uncovered_rows = [row for row in of.rows if row.not_judged == row.demands]
    free = [row for row in of.rows if not row.is_costly and row not in uncovered_rows]
    if free:
        lines.append(f"{of.policies} adds no cost for {counted(len(free), 'data class')}")
    if uncovered_rows:
        classes = counted(len(uncovered_rows), "data class")
        are = "is" if len(uncovered_rows) == 1 else "are"
        lines.append(f"{classes} {are} not covered by {of.policies}")
    return "\n".join(lines)


def _table(rows: Sequence[Row], width: int | None) -> str:
    cells = [_cells(row) for row in rows]
    return render(HEADINGS, cells, RIGHT, width=width, spare=SPARE, wrap=HEADINGS[4])


def total(of: Total, certainty: AddedRttUncertainty | None = None) -> str:
    """In a line."""
    over = f"higher RTT for {of.delayed} of {counted(of.both, 'demand')} served under both sets"
    parts = [
        f"{of.kept_back} blocked",
        f"{over} ({more_ms(of.extra_ms)} in total{_between(certainty, ', {}')})",
        f"{of.losing} lost protection",
    ]
    parts += [f"{of.narrower} with lower path capacity"] if of.narrower else []
    parts += [f"{of.opened} newly permitted"] if of.opened else []
    parts += [f"{of.saved_ms:.1f} ms of RTT saved"] if is_longer(of.saved_ms) else []
    return "; ".join(parts)


def _by_value(of: SetPrice) -> Iterator[str]:
    """Each interpretation, with its price under each value."""
    for name in dict.fromkeys(one.interpretation for one in of.by_value):
        values = [one for one in of.by_value if one.interpretation == name]
        yield f"interpretation {name}: {values[0].question}"
        called = [f"{one.value}{' (chosen)' if one.is_chosen else ''}" for one in values]
        if len({one.total for one in values}) == 1:
            yield f"  same price under {joined(called)}"
        else:
            for value, one in zip(called, values, strict=True):
                yield f"  {value}: {total(one.total)}"


def _moved(of: SetPrice) -> Iterator[str]:
    """Of demands that may go to any of several hubs: those that another one serves."""
    several = [one for one in of.demands if one.anycast is not None]
    moved = [one for one in several if one.against_dst]
    if several:
        others = counted(len(moved), "demand")
        yield (
            f"nearest permitted hub recomputed for {counted(len(several), 'demand')}; it differs "
            f"from {of.against} for {others}"
        )
    for one in moved[:MOST_NAMES]:
        why = one.anycast.why if one.anycast else ""
        yield f"  {one.demand} to {one.dst}, not {one.against_dst}: {why}"
    if len(moved) > MOST_NAMES:
        yield f"  and {len(moved) - MOST_NAMES} more"


def causes_of(of: SetPrice) -> list[tuple[Cause, Counter[str]]]:
    """Each clause that costs something, with the number of demands by ``COSTS``."""
    found: dict[tuple[str, str], tuple[Cause, Counter[str]]] = {}
    for cause in (cause for demand in of.demands for cause in demand.causes):
        _, counts = found.setdefault((cause.policy, cause.clause), (cause, Counter()))
        counts[cause.costs] += 1
    return list(found.values())


def _causes(of: SetPrice) -> Iterator[str]:
    for cause, counts in causes_of(of):
        law = ", ".join(one.id or one.citation for one in cause.legal)
        cited = f" [{law}]" if law else ""
        clause = f"{cause.policy} {cause.clause}{cited} ({BASES[cause.basis]})"
        text = NO_PERMIT if cause.basis == "no permit" else clause
        yield f"{text}: {', '.join(f'{n} {COSTS[costs]}' for costs, n in counts.items())}"


def _cells(row: Row) -> tuple[str, ...]:
    kept = f"{row.kept_back} of {row.demands}" if row.kept_back else ""
    narrower = f"{row.narrower} of {row.demands}" if row.narrower else ""
    return (row.data, str(row.demands), kept, extra(row), _lost(row), narrower)


def extra(row: Row) -> str:
    """Few values one by one, else the median and the maximum; blocked demands are in neither."""
    if not row.extra_ms:
        return "all blocked"
    sure = row.certainty or (None,) * len(row.extra_ms)
    if row.median_ms is None:
        each = zip(row.extra_ms, sure, strict=True)
        return joined(f"{more_ms(one)}{_between(of)}" for one, of in each)
    served = f" ({len(row.extra_ms)} served)" if row.kept_back else ""
    most = max(range(len(row.extra_ms)), key=row.extra_ms.__getitem__)
    between = _between(sure[most])
    return (
        f"median {more_ms(row.median_ms)}{served}, maximum {more_ms(row.extra_ms[most])}{between}"
    )


def _between(of: AddedRttUncertainty | None, form: str = " ({})") -> str:
    """The 90 % interval of the samples; nothing where both bounds are shown as 0.0 ms."""
    if of is None:
        return ""
    low, high = of.interval.low_ms, of.interval.high_ms
    is_shown = has_moved(low) or has_moved(high)
    return form.format(f"90 % interval {between_ms(low, high)}") if is_shown else ""


def _lost(row: Row) -> str:
    if not row.lost:
        return ""
    return f"{row.losing} of {row.demands}: {few(row.lost, MOST_NAMES)}"


def _lowering(rows: Iterable[Row]) -> Iterator[str]:
    yield (
        "Single changes that reduce the cost most (hypothetical; a new fibre is assumed to cross "
        "no third jurisdiction):"
    )
    for row in rows:
        if row.changes:
            yield f"  {row.data}: {'; or '.join(map(change, row.changes))}"
        else:
            yield f"  {row.data}: no effective change found"


def change(one: Change) -> str:
    """What is changed, and what it takes off."""
    takes = []
    if one.opens:
        takes.append(f"permits {one.opens} of {one.of.kept_back}")
    if is_longer(one.saves_ms):
        takes.append(f"saves {one.saves_ms:.1f} of {one.of.extra_ns / 1e6:.1f} ms added RTT")
    if one.regains:
        takes.append(f"removes {one.regains} of {one.of.lost} single points of failure")
    return f"{CHANGES[one.kind]} {one.what} ({'; '.join(takes)})"
