"""The values that a run is to come to again, and how far off they may be. Pure.

In the virtual clock a run in the same environment comes to the same bytes, so its values are to be
the same. In another environment clocks differ by ticks, and what is random falls elsewhere: there,
and in any other clock, values have a tolerance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import stdev
from typing import Any, Literal, NamedTuple

from pydantic import TypeAdapter, ValidationError

from corridor.experiments.study import measures
from corridor.experiments.study.answers import RunValues
from corridor.experiments.study.study_file import StudyFile, described
from corridor.topologies.base.errors import InputError

TIMES_IN_MS: Mapping[str, float] = {"ms": 1.0, "s": 1e-3, "ns": 1e6}
LEAST_MS: Mapping[str, float] = {"virtual": 0.01, "virtual, computing charged": 0.01, "real": 3.0}
"""Of times, by clock: more than the 2.6 us that boots with other packages were seen to differ by;
of the real clock what a valid run may be off the prediction."""
LEAST_SHARE: Mapping[str, float] = {
    "virtual": 0.01,
    "virtual, computing charged": 0.01,
    "real": 0.1,
}
"""Of anything else, as a share of the value: assumed."""
SPREADS = 3.0
"""Standard deviations between the runs of a condition that a run elsewhere may be off: there, other
packets are lost, as with another seed."""
OF_A_DEMAND = ("rtt_ms.min", "rtt_ms.p50", "rtt_ms.p99", "sent", "lost")
OF_A_CLASS = ("completion_ms.p50", "completion_ms.p99")
OF_EVENTS = ("max(events[{}].hits.out_ms)", "sum(events[{}].hits.lost)")

type Outcome = Literal["exact", "within", "off"]


class Expected(NamedTuple):
    id: str
    of: str
    """A path into ``summary.json``, as measures of studies are."""
    unit: str
    value: float | None
    """None where the run had no such number; then it is to have none again."""
    here: float
    """By how much it may differ in the environment in which it was measured."""
    elsewhere: float
    """The same in any other."""


class ExpectedRun(NamedTuple):
    cell: str
    """Empty for the one run of an artifact that is not a study."""
    title: str
    condition: str
    took_s: float
    """Wall seconds, where it was measured."""
    values: list[Expected]


class Found(NamedTuple):
    """What a value came to again."""

    expected: Expected
    value: float | None
    outcome: Outcome


class Tolerance(NamedTuple):
    """As who packs may give one: an amount in the measure's unit, or a share of the value."""

    amount: float
    is_share: bool

    def of(self, value: float) -> float:
        return self.amount * abs(value) if self.is_share else self.amount


def parse_tolerance(text: str) -> tuple[str, Tolerance]:
    """``rtt=0.1`` or ``lost=5%``. Raises InputError."""
    name, _, amount = text.partition("=")
    is_share = amount.endswith("%")
    try:
        number = float(amount.removesuffix("%"))
    except ValueError:
        number = math.nan
    if not name or not 0 <= number < math.inf:
        raise InputError(f'"{text}" is not a tolerance', "write MEASURE=0.1, in its unit, or =5%")
    return name, Tolerance(number / 100 if is_share else number, is_share)


def of_study(
    study: StudyFile,
    runs: Sequence[RunValues],
    took_s: Mapping[str, float],
    asked: Mapping[str, Tolerance],
) -> list[ExpectedRun]:
    """Of every valid cell. Raises InputError for a tolerance without a measure."""
    for name in asked.keys() - {one.id for one in study.measures}:
        known = ", ".join(one.id for one in study.measures)
        raise InputError(f'no measure is called "{name}"', f"there are {known}")
    spreads = {
        (described(levels), measure.id): _spread(
            [one.values.get(measure.id) for one in runs if one.levels == levels]
        )
        for levels in {described(one.levels): one.levels for one in runs}.values()
        for measure in study.measures
    }
    return [
        ExpectedRun(
            run.cell,
            f"{described(run.levels)}, seed {run.repetition + 1}",
            described(run.levels),
            took_s[run.cell],
            [
                _expected(
                    (measure.id, measure.of, measure.shown_unit),
                    run.values.get(measure.id),
                    study.clock if study.testbed != "qemu" else "virtual, computing charged",
                    spreads[described(run.levels), measure.id],
                    asked.get(measure.id),
                )
                for measure in study.measures
            ],
        )
        for run in runs
        if run.state == "valid"
    ]


def of_run(summary: Mapping[str, Any], asked: Mapping[str, Tolerance]) -> ExpectedRun:
    """Of a single run: round trips and losses, what events did, what messages took. Raises
    InputError for a tolerance of none of them."""
    paths = list(_paths(summary))
    for name in asked.keys() - set(paths):
        raise InputError(f'no value is called "{name}"', f"there is for example {paths[0]}")
    values = []
    for path in paths:
        measure = measures.parse(path)
        value = measures.value_of(measure, summary)
        named = (path, path, measure.unit)
        values.append(_expected(named, value, summary["clock"], 0.0, asked.get(path)))
    title = f"{summary['scenario']}, seed {summary['seed']}"
    return ExpectedRun("", title, "", summary["wall_s"], values)


def to_json(runs: Sequence[ExpectedRun]) -> list[dict[str, Any]]:
    return [{**run._asdict(), "values": [value._asdict() for value in run.values]} for run in runs]


def from_json(said: object, file: str) -> list[ExpectedRun]:
    """Raises InputError for what ``to_json`` does not write."""
    try:
        return TypeAdapter(list[ExpectedRun]).validate_python(said)
    except ValidationError as error:
        raise InputError("is of another version, or damaged", "pack it again", file) from error


def again(expected: Sequence[Expected], summary: Mapping[str, Any]) -> list[Expected]:
    """The same of another run: what it came to, instead of what it was to."""
    found = []
    for one in expected:
        try:
            value = measures.value_of(measures.parse(one.of), summary)
        except (InputError, ValueError):
            value = None
        found.append(one._replace(value=value))
    return found


def held(expected: Sequence[Expected], summary: Mapping[str, Any], *, here: bool) -> list[Found]:
    """Each value next to that of another run, ``here`` in the environment of the first."""
    return [
        Found(wanted, one.value, _outcome(wanted, one.value, here=here))
        for wanted, one in zip(expected, again(expected, summary), strict=True)
    ]


def _outcome(wanted: Expected, value: float | None, *, here: bool) -> Outcome:
    if value == wanted.value:
        return "exact"
    if value is None or wanted.value is None:
        return "off"
    allowed = wanted.here if here else wanted.elsewhere
    return "within" if abs(value - wanted.value) <= allowed else "off"


def _expected(
    named: tuple[str, str, str],
    value: float | None,
    clock: str,
    spread: float,
    asked: Tolerance | None,
) -> Expected:
    number = value or 0.0
    if asked is not None:
        elsewhere = asked.of(number)
    else:
        least = LEAST_SHARE[clock] * abs(number)
        if named[2] in TIMES_IN_MS:
            least = LEAST_MS[clock] * TIMES_IN_MS[named[2]]
        elsewhere = max(least, SPREADS * spread)
    return Expected(*named, value, 0.0 if clock == "virtual" else elsewhere, elsewhere)


def _spread(values: Sequence[float | None]) -> float:
    found = [one for one in values if one is not None]
    return stdev(found) if len(found) > 1 else 0.0


def _paths(summary: Mapping[str, Any]) -> Iterator[str]:
    """Those that can be written: a name may hold what a path is made of."""
    for path in _all_paths(summary):
        try:
            measures.parse(path)
        except ValueError:
            continue
        yield path


def _all_paths(summary: Mapping[str, Any]) -> Iterator[str]:
    for demand in summary["demands"]:
        yield from (f"demands[{demand['id']}].{key}" for key in OF_A_DEMAND)
    for event in summary.get("events", []):
        if event["hits"]:
            yield from (one.format(event["id"]) for one in OF_EVENTS)
    for one in summary.get("workloads", {}).get("classes", []):
        yield from (f"workloads.classes[{one['class']}].{key}" for key in OF_A_CLASS)
