"""What a check of an artifact came to: in a code, in values, in words. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

from corridor.experiments.artifact.about import About
from corridor.experiments.artifact.environment import shown
from corridor.experiments.artifact.expected import Found
from corridor.topologies.base.words import counted

MOST_SHOWN = 20
type State = Literal["holds", "does not hold", "cannot be told", "not looked at"]
CODES: dict[State, int] = {"holds": 0, "not looked at": 0, "does not hold": 1, "cannot be told": 3}


class Check(NamedTuple):
    name: Literal["files", "values", "runs"]
    state: State
    said: str
    problems: list[str] = []  # noqa: RUF012 - a default of a tuple's field


class RunAgain(NamedTuple):
    """A run that was repeated."""

    cell: str
    title: str
    state: Literal["valid", "invalid", "failed", "unable"]
    message: str
    took_s: float
    same_samples: bool
    """Whether its probes were recorded to the same byte."""
    values: list[Found]

    @property
    def held(self) -> bool:
        return self.state == "valid" and all(one.outcome != "off" for one in self.values)


class Verdict(NamedTuple):
    about: About
    identity: str
    """The SHA-256 of its sums: what a paper may print."""
    here: str
    """The version that checked it."""
    differs: list[str]
    """In what the environment here is another; empty also where nothing ran."""
    checks: list[Check]
    runs: list[RunAgain]

    @property
    def code(self) -> int:
        """1 outdoes 3: a known error stays one, whatever else cannot be checked."""
        found = {CODES[one.state] for one in self.checks}
        return 1 if 1 in found else max(found)

    @property
    def holds(self) -> bool:
        return self.code == 0


def of_runs(runs: Sequence[RunAgain], differs: Sequence[str], of: int) -> Check:
    """The check of what was run again, ``of`` this many runs."""
    unable = [one for one in runs if one.state in ("unable", "invalid")]
    off = [one for one in runs if one.state == "failed" or (one.state == "valid" and not one.held)]
    counts = Counter(value.outcome for one in runs for value in one.values)
    same = sum(one.same_samples for one in runs)
    words = [
        f"{len(runs)} of {counted(of, 'run')} again",
        f"{counts['exact']} of {counted(counts.total(), 'value')} exactly the same",
    ]
    if counts["within"]:
        words.append(f"{counts['within']} within tolerance")
    if counts["off"]:
        words.append(f"{counts['off']} off")
    words.append(f"probes of {same} equal to the byte")
    problems = [
        *(line for one in off for line in _off(one)),
        *(f"{one.title}: {one.message}" for one in unable),
    ]
    state: State = "does not hold" if off else "cannot be told" if unable else "holds"
    said = ", ".join(words)
    if differs:
        said += f"; the environment is another: {shown(list(differs))}"
    return Check("runs", state, said, problems)


def _off(run: RunAgain) -> Iterator[str]:
    if run.state == "failed":
        yield f"{run.title}: {run.message}"
    for one in run.values:
        if one.outcome == "off":
            wanted = one.expected
            unit = f" {wanted.unit}" if wanted.unit else ""
            yield (
                f"{run.title}: {wanted.id} is {_number(one.value)} instead of "
                f"{_number(wanted.value)}{unit}"
            )


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.9g}"


def lines(verdict: Verdict, *, everything: bool = False) -> Iterator[str]:
    """In words; with ``everything``, also each value that was the same."""
    about = verdict.about
    yield f"{about.name}: {about.kind} of {counted(about.runs, 'run')}, made by {about.made_by}"
    yield f"SHA-256 of its sums: {verdict.identity}"
    if verdict.here != about.made_by:
        yield f"checked by {verdict.here}"
    yield ""
    for check in verdict.checks:
        yield f"{check.name:8}{check.state}: {check.said}"
        yield from (f"          {one}" for one in check.problems[:MOST_SHOWN])
        if len(check.problems) > MOST_SHOWN:
            yield f"          and {len(check.problems) - MOST_SHOWN} more"
    if verdict.runs:
        yield ""
    for run in verdict.runs:
        yield f"{run.title}: {run.state}, {run.took_s:.0f} s"
        for one in run.values if everything or len(run.values) <= MOST_SHOWN else ():
            unit = f" {one.expected.unit}" if one.expected.unit else ""
            yield f"  {one.expected.id}: {_number(one.value)}{unit}, {_judged(one)}"
    yield ""
    yield _conclusion(verdict)


def _judged(one: Found) -> str:
    if one.outcome == "exact":
        return "exactly as expected"
    words = {"within": "within tolerance of", "off": "not within tolerance of"}[one.outcome]
    return f"{words} {_number(one.expected.value)}"


def _conclusion(verdict: Verdict) -> str:
    if verdict.code == 1:
        failed = [one.name for one in verdict.checks if one.state == "does not hold"]
        return f"It does not hold: {' and '.join(failed)}."
    if verdict.code:
        untold = [one.name for one in verdict.checks if one.state == "cannot be told"]
        return f"What was looked at holds; {' and '.join(untold)} cannot be told here."
    left = [one.name for one in verdict.checks if one.state == "not looked at"]
    return f"It holds, as far as was looked: not at {' and '.join(left)}." if left else "It holds."


def to_json(verdict: Verdict) -> dict[str, Any]:
    return {
        "schema": 1,
        "holds": verdict.holds,
        "name": verdict.about.name,
        "kind": verdict.about.kind,
        "identity": verdict.identity,
        "made_by": verdict.about.made_by,
        "checked_by": verdict.here,
        "environment_differs": verdict.differs,
        "checks": [one._asdict() for one in verdict.checks],
        "runs": [
            {
                **one._asdict(),
                "values": [
                    {**each.expected._asdict(), "found": each.value, "outcome": each.outcome}
                    for each in one.values
                ],
            }
            for one in verdict.runs
        ],
    }
