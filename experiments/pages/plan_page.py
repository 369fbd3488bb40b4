"""The page of a plan: what to build on the map, each candidate with its intervals. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from corridor.experiments.answers.map_document import HubEntry, MapDocument
from corridor.experiments.atlas import Atlas, atlas
from corridor.experiments.atlas.map_drawing import (
    FREE,
    LAWFUL,
    DrawnPath,
    Names,
    around,
    path_drawing,
)
from corridor.experiments.expansion.plan_documents import Building, ChangedDemand, PlanAnswer
from corridor.experiments.pages.claims import provenance_of
from corridor.experiments.pages.page import Page, map_and_sources, section
from corridor.experiments.pages.place_page import MapSection, TableSection, full_map
from corridor.experiments.pages.stage import hub_key
from corridor.experiments.pages.time_chart import LEFT, WIDE, Chart, Row
from corridor.experiments.terminal.columns import Table
from corridor.experiments.text import plan_text as text

HIGH, GAP, FOOT, BETWEEN = 16.0, 22.0, 26.0, 60.0
MOST_ROWS = 20
"""Candidates and demands of a chart; tables have all."""


def plan_page(of: PlanAnswer, where: MapDocument) -> Page:
    """Return the page of an answer on its map, which has all candidate fibres."""
    drawn = atlas(where)
    plan = TableSection("Before and after", [text.before_after_table(of)], (), _changed(of))
    alone = TableSection("Each candidate alone", [text.singles_table(of)], _key(of), _singles(of))
    sections = [
        section("built", "place", _built(of, drawn)),
        section("plan", "place_tables", plan),
        section("candidates", "place_tables", alone),
    ]
    if of.certainty:
        said = text.certain_sentences(of.certainty, of.by)
        tables = [text.choices_table(of.certainty, of.by)]
        certain = TableSection("How certain the plan is", tables, said)
        sections.append(section("certainty", "place_tables", certain))
    if of.pareto:
        front = TableSection("Plans that are not dominated", [text.pareto_table(of)])
        sections.append(section("pareto", "place_tables", front))
    notes = TableSection("Limits and assumptions", [_basis(of)], list(text.notes(of)))
    more = {
        "Scenario": of.scenario,
        "Policies": f"{of.policies}, as of {of.as_of}",
        "Candidates": of.candidates,
    }
    return Page(
        title=f"What to build next: {of.scenario}",
        about=f"{of.topology}, {of.policies} as of {of.as_of}. Computed, not measured.",
        alarms=[],
        verdict=[text.headline(of), *text.results(of)],
        stage=None,
        sections=[
            *sections,
            section("notes", "place_tables", notes),
            *map_and_sources(where, []),
            section("provenance", "provenance", provenance_of(None, None, more)),
        ],
        footer=f"Made by corridor of scenario {of.scenario} and candidates {of.candidates}.",
    )


def _built(of: PlanAnswer, drawn: Atlas) -> MapSection:
    fibres = [one.id for one in of.singles if one.kind == "fibre"]
    built = [one for one in fibres if one in of.plan.ids]
    others = [one for one in fibres if one not in of.plan.ids]
    ends = [end for one in built for end in (drawn.fibres[one].fibre.a, drawn.fibres[one].fibre.z)]
    opened = {
        one.hub: one.id for one in of.singles if one.hub is not None and one.id in of.plan.ids
    }
    paths = [DrawnPath(FREE, others), DrawnPath(LAWFUL, built)]
    view = around(drawn, paths, [one.hub for one in of.singles if one.hub is not None])

    def named(hub: HubEntry) -> str:
        return f"{hub.short_name}: new" if hub.id in opened else hub.short_name

    shown = [*opened, *ends]
    lines = [(LAWFUL.name, "built by the plan"), (FREE.name, "other candidates")]
    return MapSection(
        title="What to build",
        described="Map: candidate fibres, and those of the plan",
        hint="Thin lines are the fibres of today. Routes of candidates are those of their file."
        + (" New: a gateway that the plan opens." if opened else ""),
        drawn=full_map(
            lambda names: path_drawing(drawn, paths, names),
            Names(0.0, view, shown, len(shown), text=named),
            lines,
            hub_key(drawn),
        ),
        left=view.left,
        top=view.top,
        tables=[],
    )


def _scale(low: float, high: float, left: float, right: float) -> Callable[[float], float]:
    span = (high - low) or 1.0
    return lambda value: round(left + (value - low) / span * (right - left), 1)


def _key(of: PlanAnswer) -> list[str]:
    left = "ms of RTT saved alone"
    if of.certainty and of.by == "latency":
        left += ", with the 90 % interval over the samples where one was computed"
    return [f"Left: {left}. Right: the interval of the cost in million US dollars, if known."]


def _singles(of: PlanAnswer) -> Chart:
    """What each candidate saves, and its cost, next to each other."""
    rows = of.singles[:MOST_ROWS]
    gains = {one.id: one for one in of.certainty.choices} if of.certainty else {}
    spans = {
        one.id: (gains[one.id].low_gain, gains[one.id].high_gain)
        for one in rows
        if one.id in gains and of.by == "latency"
    }
    values = [
        0.0,
        *(one.saves_ms for one in rows),
        *(end for pair in spans.values() for end in pair),
    ]
    dear = max((one.cost.high_musd for one in rows if one.cost), default=0.0)
    middle = (LEFT + WIDE) / 2
    at_ms = _scale(min(values), max(values), LEFT + 12, middle - BETWEEN)
    at_musd = _scale(0.0, dear, middle + BETWEEN, WIDE - 50)

    def row(one: Building, y: float) -> Row:
        place = y + HIGH / 2
        gain = at_ms(one.saves_ms)
        paths = [("mid", f"M{gain - 4:g} {place:g}h8")]
        if one.id in spans:
            paths.append(("rtt", _whisker(map(at_ms, spans[one.id]), place)))
        if one.cost:
            ends = map(at_musd, (one.cost.low_musd, one.cost.high_musd))
            paths.append(("rtt", _whisker(ends, place)))
        cost = text.range_of(one.cost) if one.cost else "unknown"
        name = f"{one.id}: {one.saves_ms:,.1f} ms, {cost} MUSD"
        return Row(name, y, y + HIGH, paths, ())

    ticks = [
        (at_ms(min(values)), f"{min(values):,.0f} ms"),
        (at_ms(max(values)), f"{max(values):,.0f} ms"),
    ]
    if dear:
        ticks += [(at_musd(0.0), "0"), (at_musd(dear), f"{dear:,.0f} MUSD")]
    return _stacked("Saved RTT and cost of each candidate alone.", rows, row, ticks)


def _changed(of: PlanAnswer) -> Chart | None:
    """RTTs of the demands that the plan changes most, before and after."""
    by_gain = sorted(of.changed, key=lambda one: one.after_ms - (one.before_ms or float("inf")))
    rows = by_gain[:MOST_ROWS]
    if not rows:
        return None
    high = max(max(one.before_ms or 0.0, one.after_ms) for one in rows)
    at_ms = _scale(0.0, high, LEFT + 12, WIDE - 50)

    def row(one: ChangedDemand, y: float) -> Row:
        place, after = y + HIGH / 2, at_ms(one.after_ms)
        paths = [("mid", f"M{after - 4:g} {place:g}h8")]
        before = "no path"
        if one.before_ms is not None:
            was, before = at_ms(one.before_ms), f"{one.before_ms:,.1f}"
            paths += [
                ("level", f"M{after:g} {place:g}H{was:g}"),
                ("dots", f"M{was - 3:g} {place:g}h6"),
            ]
        name = f"{one.demand}: {before} to {one.after_ms:,.1f} ms"
        return Row(name, y, y + HIGH, paths, ())

    ticks = [(at_ms(0.0), "0"), (at_ms(high), f"{high:,.0f} ms")]
    return _stacked("RTTs of changed demands: after (blue) and before (grey).", rows, row, ticks)


def _whisker(ends: Iterable[float], y: float) -> str:
    low, high = ends
    return f"M{low:g} {y - 4:g}v8M{low:g} {y:g}H{high:g}M{high:g} {y - 4:g}v8"


def _stacked[Item](
    described: str,
    items: Sequence[Item],
    row: Callable[[Item, float], Row],
    ticks: Sequence[tuple[float, str]],
) -> Chart:
    rows = [row(one, GAP + at * (HIGH + GAP)) for at, one in enumerate(items)]
    return Chart(described, len(rows) * (HIGH + GAP) + FOOT, 0.0, (), rows, _apart(ticks))


def _apart(ticks: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    """Ticks that do not cover each other."""
    return [*ticks[:1], *(now for before, now in pairwise(ticks) if now[0] - before[0] > BETWEEN)]


def _basis(of: PlanAnswer) -> Table:
    """What each candidate rests on."""
    rows = [
        (
            one.id,
            one.origin,
            one.what,
            one.cost_because or ("" if one.cost else "no cost is known"),
            one.needs,
            "; ".join(one.sources) or "no source: our assumption",
        )
        for one in of.singles
    ]
    heads = ("candidate", "origin", "what", "cost", "needs", "sources")
    return Table("What candidates rest on", heads, rows, frozenset())
