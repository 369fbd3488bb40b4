"""Two runs side by side: what rounds of each class took, how many came in time, how long packets
took and how many were lost; over all, then before, while and after events. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from corridor.experiments.account.summary import Summary
from corridor.experiments.account.workload_summary import ClassSummary
from corridor.experiments.terminal.columns import render
from corridor.experiments.text.classes_table import in_order, middle, named
from corridor.experiments.text.verdict import OPENINGS
from corridor.topologies.base.codec import JsonObject, to_plain
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.words import duration

HEADINGS = ("application class", "period", "in time", "p50", "p99", "RTT p50", "RTT p99", "lost")
EVERYTHING = "whole run"
SPARE = ("RTT p50", "p99")
"""Where a terminal is too narrow for all."""


class Pair(NamedTuple):
    """A class in a part of the run: what it came to in either."""

    data_class: str
    when: str
    one: ClassSummary | None
    other: ClassSummary | None


def pairs(one: Summary, other: Summary) -> list[Pair]:
    """Of all classes of either, a part of the run after another; parts of the same name belong
    together. Raises InputError where a run had no workloads."""
    parts = [_parts(of) for of in (one, other)]
    whens = list(dict.fromkeys(when for of in parts for when in of))
    names = dict.fromkeys(found.class_ for of in parts for found in of[EVERYTHING])
    waited = sorted(names, key=lambda name: _is_background(name, *parts))
    return [
        Pair(name, when, *(_find(of.get(when, []), name) for of in parts))
        for name in waited
        for when in whens
    ]


def told_runs(one: Summary, other: Summary, names: tuple[str, str]) -> str:
    """What either is of; under a user-supplied controller also what is proven of its tables."""
    runs = f"{_told(one, names[0])}\n-> {_told(other, names[1])}"
    if not any(of.controller for of in (one, other)):
        return runs
    held = [f"{name}: {_verified(of)}" for of, name in zip((one, other), names, strict=True)]
    return "\n".join([runs, *held])


def _verified(of: Summary) -> str:
    told = (line for line in of.verdict if line.startswith(OPENINGS))
    return next(told, "the verification is not recorded")


def compared(one: Summary, other: Summary, width: int | None) -> str:
    """A line a class and part of the run; what differs between both stands before and after an
    arrow."""
    rows = []
    last = ""
    for pair in pairs(one, other):
        if not any(_has_any(of) for of in (pair.one, pair.other)):
            continue
        cells = [_cells(of) for of in (pair.one, pair.other)]
        shown = "" if pair.data_class == last else pair.data_class
        rows.append((shown, pair.when, *map(_change, *cells)))
        last = pair.data_class
    return render(HEADINGS, rows, frozenset(HEADINGS[2:]), width=width, spare=SPARE)


def as_json(one: Summary, other: Summary) -> list[JsonObject]:
    return [
        {
            "class": pair.data_class,
            "when": pair.when,
            "one": to_plain(pair.one),
            "other": to_plain(pair.other),
        }
        for pair in pairs(one, other)
    ]


def _told(of: Summary, name: str) -> str:
    by = f", controlled by {of.controller} (user-supplied)" if of.controller else ""
    return f"{name}: {of.scenario}, policy set {of.policies}, seed {of.seed}{by}"


def _parts(of: Summary) -> dict[str, Sequence[ClassSummary]]:
    found = of.workloads
    if found is None:
        raise InputError(
            f'the run of "{of.scenario}" had no workloads',
            "compare two runs of ai-corridor, or of a scenario with workloads",
        )
    stretches = in_order(found.stretches)
    return {
        EVERYTHING: found.classes,
        **{named(one, stretches): one.classes for one in stretches},
    }


def _find(classes: Sequence[ClassSummary], name: str) -> ClassSummary | None:
    return next((one for one in classes if one.class_ == name), None)


def _is_background(name: str, *parts: dict[str, Sequence[ClassSummary]]) -> bool:
    found = [_find(of[EVERYTHING], name) for of in parts]
    return all(one.background for one in found if one is not None)


def _has_any(of: ClassSummary | None) -> bool:
    return of is not None and bool(of.rounds or of.probes.sent)


def _cells(of: ClassSummary | None) -> tuple[str, ...]:
    return tuple(_figures(of)) if of is not None else ("",) * (len(HEADINGS) - 2)


def _figures(of: ClassSummary) -> Iterator[str]:
    took, probes = of.completion_ms, of.probes
    yield f"{of.met}/{of.deadlines}" if of.deadlines else ""
    yield middle(of)
    for value in (took.p99, probes.rtt_ms.p50, probes.rtt_ms.p99):
        yield "" if value is None else duration(value)
    yield f"{probes.lost / probes.sent:.1%}" if probes.sent else ""


def _change(one: str, other: str) -> str:
    return one if one == other else f"{one or '-'} -> {other or '-'}"
