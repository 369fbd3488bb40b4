"""Many cuts by harm: sentences and a table. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.answers.cut_each import CutEachAnswer, CutEffect, EachCut
from corridor.experiments.terminal.columns import render
from corridor.experiments.text.internet_text import wrapped
from corridor.topologies.base.words import counted, few

MOST_ROWS, MOST_NAMED = 20, 3
NOUNS = {"groups": "shared-risk groups", "fibres": "fibres", "pairs": "pairs of shared-risk groups"}
NUMBERS = (
    *("fibres", "no path", "only together", "slower", "sum ms", "max ms", "detours", "Gbit/s"),
    *("without path", "with plan", "saves ms"),
)
SPARE = ("Gbit/s", "fibres", "max ms", "without path", "detours")


def told(of: CutEachAnswer, *, worst: int = MOST_ROWS, width: int | None = None) -> str:
    """The most harmful cuts, within ``width``; those without an effect are only counted."""
    some = [one for one in of.cuts if one.effect.affected and not one.same_as]
    rows = [_row(one, of) for one in some[:worst]]
    lines = [wrapped(one, width) for one in _sentences(of)]
    if rows:
        headings = list(rows[0])
        cells = [list(row.values()) for row in rows]
        table = render(
            headings, cells, frozenset(NUMBERS), width=width, spare=SPARE, wrap=headings[-1]
        )
        lines += ["", table]
    if more := len(some) - len(rows):
        lines.append(f"{counted(more, 'more row')}: use --worst {len(some)} or --json")
    return "\n".join([*lines, "", *(wrapped(one, width) for one in _notes(of))])


def _sentences(of: CutEachAnswer) -> Iterator[str]:
    law = "no policy set" if of.policies == NO_POLICIES else f"policy set {of.policies}"
    yield (
        f"{of.scenario}, {law}, as of {of.as_of}: each of {len(of.cuts):,} {NOUNS[of.each]} cut "
        f"alone; {of.served} of {counted(of.demands, 'demand')} are served before."
    )
    down = sum(bool(one.effect.disconnected) for one in of.cuts)
    slower = sum(bool(one.effect.slower) and not one.effect.disconnected for one in of.cuts)
    none = sum(not one.effect.affected for one in of.cuts)
    yield (
        f"Cuts that disconnect demands: {down}; that only make demands slower: {slower}; without "
        f"an affected demand: {none}."
    )
    if of.each == "pairs":
        same = sum(bool(one.same_as) and bool(one.effect.affected) for one in of.cuts)
        more = sum(bool(one.only_together) for one in of.cuts)
        yield (
            f"Pairs that disconnect demands which neither group disconnects alone: {more}. Pairs "
            f"with the effect of one of their groups alone: {same}, not shown."
        )
    if of.planned_topology:
        gains = sum(bool(one.reconnects) for one in of.cuts)
        yield (
            f"On {of.planned_topology}, {of.planned_served} demands are served before; cuts under "
            f"which demands that are disconnected today have a path: {gains}."
        )


def _row(one: EachCut, of: CutEachAnswer) -> dict[str, str]:
    """By heading, in the order of columns."""
    effect = one.effect
    has_rates, has_plan = of.rates != "none", bool(of.planned_topology)
    planned = one.planned
    cells: list[tuple[str, str, bool]] = [
        ("cut", " and ".join(element.partition(":")[2] for element in one.cut), True),
        ("fibres", str(len(effect.fibres)), True),
        ("no path", str(len(effect.disconnected) or ""), True),
        ("slower", str(effect.slower or ""), True),
        ("sum ms", f"{effect.added_sum_ms:,.1f}" if effect.slower else "", True),
        ("max ms", f"{effect.added_max_ms:,.1f}" if effect.slower else "", True),
        ("detours", _detours(effect), True),
        ("only together", str(len(one.only_together) or ""), of.each == "pairs"),
        ("Gbit/s", _gbps(effect.affected_gbps), has_rates),
        ("without path", _gbps(effect.disconnected_gbps), has_rates),
        ("with plan", "?" if planned is None else str(len(planned.disconnected) or ""), has_plan),
        ("saves ms", "" if planned is None else f"{one.saves_ms:,.1f}", has_plan),
        ("disconnected", few(one.only_together or effect.disconnected, MOST_NAMED), True),
    ]
    return {heading: cell for heading, cell, is_shown in cells if is_shown}


def _detours(effect: CutEffect) -> str:
    left = effect.affected - len(effect.disconnected)
    return f"{left - len(effect.waiting)} of {left}" if left else ""


def _gbps(value: float | None) -> str:
    return f"{value:,.4g}" if value else ""


def _notes(of: CutEachAnswer) -> Iterator[str]:
    yield (
        "sum ms, max ms: added round trip after the controller has recomputed paths. detours: "
        "demands that the installed tables reroute at once, of those with a path."
    )
    if of.rates != "none":
        rates = "committed rates" if of.rates == "committed" else "offered load of workloads"
        yield (
            f"Gbit/s: {rates} of affected demands (real rates), and of demands without a path. "
            "Background traffic is not included: corridor cut WHAT computes it."
        )
    if of.planned_topology:
        yield (
            f"with plan: demands without a path on {of.planned_topology} under the same cut; "
            "saves ms: how much shorter round trips then are, of demands with a path on both maps."
        )
