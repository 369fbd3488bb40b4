"""Measures of a run, as a path into its summary: ``max(events[red-sea].hits.out_ms)``. Pure.

``[NAME]`` takes the items of a list whose ``id`` or another of ``NAMES`` is that name, several of
them with commas between; without it a path goes into all items. What may come to more than one
number needs a function around it. ``count(demands.rtt_ms.p50 <= 20)`` counts those numbers that are
no more. After ``answers.`` a path goes into what was computed before the run.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from statistics import fmean, median
from typing import Any, NamedTuple

from corridor.experiments.account.packet_classes import CAUSES
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.base.units import unit_of

# What a value is to be: ``< 120 ms``. Pure.

_BOUND = re.compile(
    r"\s*(?P<sign><=?|>=?)\s*(?P<value>-?[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>[A-Za-z/%]*)\s*"
)


class Bound(NamedTuple):
    below: bool
    inclusive: bool
    limit: float
    unit: str
    """Empty where it is not said: the measure's."""

    def holds(self, value: float) -> bool:
        if value == self.limit:
            return self.inclusive
        return (value < self.limit) is self.below


def parse_bound(text: str) -> Bound:
    """Raises ValueError for what is none."""
    found = _BOUND.fullmatch(text)
    if found is None:
        raise ValueError(f'"{text}" is not a bound: write for example "< 120 ms"')
    sign = found["sign"]
    limit = float(found["value"])
    return Bound(sign.startswith("<"), sign.endswith("="), limit, found["unit"])


NAMES = (
    *("id", "class", "demand", "fibre", "event", "country", "reaction", "application"),
    *("hub", "job", "count", "end", "what"),
)
FUNCTIONS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "sum": math.fsum,
    "mean": fmean,
    "median": median,
    "min": min,
    "max": max,
    "count": lambda values: float(len(values)),
}
COUNTED = ("lost", "lost_by", "lost_at")
"""Keys of counts by cause, which name none that did not happen."""
ANSWERS = "answers"
INTERNET = f"{ANSWERS}.internet"
FIBRE_USE = "fibre_use"
UNAFFECTED = (INTERNET, f"{INTERNET}.cut.countries", FIBRE_USE, "hubs", "lifted")
"""Lists that leave out events and countries without an effect, fibres without traffic, and of
placements hubs without jobs and changes of law that save nothing."""
UNSERVED = "unserved"
"""In a computed answer: demands that its list of demands leaves out."""
_WHOLE = re.compile(r"(?:(?P<function>[a-z]+)\((?P<inner>.+)\)|(?P<path>[^()]+))")
_LIMITED = re.compile(r"(?P<path>[^<>]+)(?P<limit>[<>].*)")
_STEP = re.compile(r"(?P<key>[A-Za-z0-9_ -]+)(?:\[(?P<names>[^\[\]]+)\])?")


class Step(NamedTuple):
    key: str
    names: tuple[str, ...]
    """Of items that are meant; all if empty."""


class Measure(NamedTuple):
    function: str
    """Empty for a path to one number."""
    steps: tuple[Step, ...]
    limit: Bound | None = None
    """Of what is counted, what alone is."""

    @property
    def is_answered(self) -> bool:
        """Whether it is computed before the run."""
        return self.steps[0].key == ANSWERS

    @property
    def unit(self) -> str:
        """By the ending of its keys; empty where none says."""
        if self.function == "count":
            return ""
        found = (unit_of(step.key) for step in reversed(self.steps))
        return next((one for one in found if one is not None), "")


def parse(text: str) -> Measure:
    """Raises ValueError for what is not a path."""
    whole = _WHOLE.fullmatch(text.strip())
    if whole is None:
        raise ValueError(f'"{text}" is not a path of keys')
    function = whole["function"] or ""
    if function and function not in FUNCTIONS:
        hint = nearest(function, FUNCTIONS) or f"use one of {', '.join(FUNCTIONS)}"
        raise ValueError(f'no function is called "{function}": {hint}')
    path, limit = whole["inner"] or whole["path"], None
    if limited := _LIMITED.fullmatch(path):
        if function != "count":
            raise ValueError(f'no bound goes with "{text}": write count(PATH {limited["limit"]})')
        path, limit = limited["path"].strip(), parse_bound(limited["limit"])
    steps = []
    for part in path.split("."):
        step = _STEP.fullmatch(part.strip())
        if step is None:
            raise ValueError(f'"{part}" is not a key')
        names = tuple(name.strip() for name in (step["names"] or "").split(",") if name.strip())
        steps.append(Step(step["key"].strip(), names))
    return Measure(function, tuple(steps), limit)


def value_of(measure: Measure, summary: Mapping[str, Any]) -> float | None:
    """None where the run has no such number, or of a function's numbers one is not there: a p99 of
    too few probes may be the highest.

    Raises InputError where a key is none of a summary's, or a path leads to no number, or to more
    than one and no function is around it.
    """
    happened = [one["id"] for one in summary.get("events", [])]
    found = list(_found(summary, measure.steps, "", {*CAUSES, *happened}))
    if measure.function == "count" and measure.limit is None:
        return float(sum(one is not None for one in found))
    if any(one is not None and not isinstance(one, int | float) for one in found):
        raise InputError(f'"{".".join(step.key for step in measure.steps)}" is not a number')
    values = [float(one) for one in found if one is not None]
    if measure.limit is not None:
        return float(sum(map(measure.limit.holds, values)))
    if measure.function == "sum" and not found:
        return 0.0
    if not values or (len(values) < len(found) and measure.function != "sum"):
        return None
    if measure.function:
        return FUNCTIONS[measure.function](values)
    if len(found) > 1:
        known = ", ".join(f"{name}(...)" for name in FUNCTIONS)
        raise InputError(f"the path leads to {len(found)} numbers", f"put one of {known} around it")
    return values[0]


def _found(
    value: Any, steps: Sequence[Step], so_far: str, causes: Collection[str]
) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _found(item, steps, so_far, causes)
        return
    if not steps:
        yield value
        return
    if value is None:
        yield None
        return
    (key, names), *rest = steps
    path = f"{so_far}.{key}" if so_far else key
    if path in UNAFFECTED and isinstance(value, dict):
        items = [one for one in value.get(key) or () if not names or _is_called(one, names)]
        unknown = [None for one in value.get("unknown", ()) if one["country"] in names]
        yield from _found([*items, *unknown], rest, path, causes)
        return
    if path == "demands" and isinstance(value, dict) and {*names} & {*value.get(UNSERVED, ())}:
        yield None
        names = tuple(one for one in names if one not in value[UNSERVED])
        if not names:
            return
    counts = isinstance(value, dict) and so_far.rpartition(".")[2] in COUNTED
    if counts and key not in value and key in causes:
        yield 0
        return
    if not isinstance(value, dict) or key not in value:
        keys = list(value) if isinstance(value, dict) else []
        keys = sorted({*keys, *causes}) if counts else keys
        hint = nearest(key, keys) or (f"keys are {', '.join(keys)}" if keys else "")
        where = f'"{so_far}"' if so_far else "a summary"
        raise InputError(f'{where} has no key "{key}"', hint)
    inner = value[key]
    yield from _found(_named(inner, names, path) if names else inner, rest, path, causes)


def _is_called(item: Mapping[str, Any], names: Sequence[str]) -> bool:
    return any(item.get(key) in names for key in NAMES)


def _named(items: Any, names: Sequence[str], path: str) -> list[Any]:
    if not isinstance(items, list):
        raise InputError(f'"{path}" is not a list', "leave out what is in brackets")
    chosen = [item for item in items if _is_called(item, names)]
    missing = set(names) - {item.get(key) for item in chosen for key in NAMES}
    if missing:
        known = sorted({str(item[key]) for item in items for key in NAMES if key in item})
        lost = sorted(missing)[0]
        hint = nearest(lost, known) or f"there are {', '.join(known[:12])}"
        raise InputError(f'"{path}" has nothing called "{lost}"', hint)
    return chosen
