"""What a check of an artifact came to: in a code, in values, in words. Pure."""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import TypeAdapter, ValidationError

from corridor.experiments.artifact.description import About
from corridor.experiments.artifact.expected import Found
from corridor.topologies.base.bounded_file import RESULT, read_bytes, read_json
from corridor.topologies.base.errors import InputError
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
        return f"Not verified: {' and '.join(failed)}."
    if verdict.code:
        untold = [one.name for one in verdict.checks if one.state == "cannot be told"]
        return f"Verified, but {' and '.join(untold)} cannot be checked on this machine."
    left = [one.name for one in verdict.checks if one.state == "not looked at"]
    return f"Verified, without {' and '.join(left)}." if left else "Verified."


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


# Whether two files of results say the same, and where they differ first. Pure.

DIGITS = 1e-9
"""Of a number: processors add up in other orders."""
NOT_OF_SAMPLES = ("version", "made_by", "wall_s", "failure")
"""Keys of who wrote it, and of what a run's own process knew."""


def difference(wanted: Path, found: Path) -> str:
    """Where they differ first, in words; empty where they say the same. Raises InputError for a
    file that cannot be read."""
    if not found.exists():
        return "is not made again"
    one, other = read_bytes(wanted, RESULT), read_bytes(found, RESULT)
    if one == other:
        return ""
    if wanted.suffix == ".json":
        return _of_values(read_json(wanted, RESULT), read_json(found, RESULT), "")
    if wanted.suffix == ".parquet":
        return _of_tables(wanted, found)
    return _of_texts(one.decode(errors="replace"), other.decode(errors="replace"))


def _of_values(one: Any, other: Any, path: str) -> str:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in dict.fromkeys([*one, *other]):
            if key in NOT_OF_SAMPLES:
                continue
            below = f"{path}.{key}" if path else str(key)
            if (key in one) != (key in other):
                return f"{below} is {'not ' if key in one else ''}there when it is made again"
            if found := _of_values(one[key], other[key], below):
                return found
        return ""
    if isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            return f"{path} has {len(one)} items and {len(other)} when it is made again"
        pairs = enumerate(zip(one, other, strict=True))
        differing = (_of_values(a, b, f"{path}[{n}]") for n, (a, b) in pairs)
        return next(filter(None, differing), "")
    return "" if _same(one, other) else f"{path} is {_shown(one)}, and {_shown(other)} from samples"


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=DIGITS) or (math.isnan(one) and math.isnan(other))
    return bool(one == other)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _of_tables(one: Path, other: Path) -> str:
    """Of Parquet, ignoring the writer named in its metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        first, second = pq.read_table(one), pq.read_table(other)
    except (OSError, pa.ArrowException):
        return "cannot be read"
    if not first.schema.equals(second.schema):
        return "has other columns when it is made again"
    if len(first) != len(second):
        return f"has {len(first)} rows, and {len(second)} from samples"
    for name in first.column_names:
        for row, (a, b) in enumerate(
            zip(first[name].to_pylist(), second[name].to_pylist(), strict=True)
        ):
            if not _same(a, b):
                return f"{name} of row {row} is {_shown(a)}, and {_shown(b)} from samples"
    return ""


def _of_texts(one: str, other: str) -> str:
    """Of tables: comments of LaTeX say who wrote them."""
    lines = itertools.zip_longest(*(_told(text) for text in (one, other)), fillvalue="")
    return next(
        (f'has "{a.strip()}", and "{b.strip()}" from samples' for a, b in lines if a != b), ""
    )


def _told(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("%")]


# What runs depend on next to their scenario: program, packages, kernel.

MOST_NAMED = 6


class Environment(NamedTuple):
    program: str
    """The hash of all files by which a run could come to other results."""
    version: str
    """As ``corridor --version`` has it."""
    python: str
    kernel: dict[str, Any] | None
    """Of guests, without where it lies: version and hash of its configuration."""
    packages: dict[str, str]
    """Of Python, all that are installed: the bytes of a run depend on each."""
    system: dict[str, str]
    """Of the system, those that runs use."""

    def named(self) -> dict[str, str]:
        """What is compared, by a name for people."""
        kernel = self.kernel or {}
        return {
            "program": self.program[:12],
            "python": self.python,
            "guest kernel": " ".join(
                str(kernel[key]) for key in ("version", "config_hash") if kernel.get(key)
            )
            or "none",
            **self.packages,
            **{f"{name} (system)": version for name, version in self.system.items()},
        }


def differences(there: Environment, here: Environment) -> list[str]:
    """``numpy 2.5.5 instead of 2.5.4``; empty where runs are to come to the same bytes."""
    one, other = there.named(), here.named()
    return [
        f"{name} {other.get(name, 'is missing')} instead of {one.get(name, 'none')}"
        for name in sorted(one.keys() | other.keys())
        if one.get(name) != other.get(name)
    ]


def fits(here: Environment, manifests: Iterable[Mapping[str, Any]]) -> bool:
    """Whether runs with these manifests took place in an environment such as this, as far as they
    say: they name the kernel and some packages."""
    return all(_fits(here, one) for one in manifests)


def _fits(here: Environment, manifest: Mapping[str, Any]) -> bool:
    known = {**here.packages, "openvswitch": manifest["versions"].get("openvswitch")}
    versions = all(known.get(name) == said for name, said in manifest["versions"].items())
    kernel = manifest["guest_kernel"]
    same = ("version", "config_hash")
    kernels = (kernel is None) == (here.kernel is None) and (
        kernel is None
        or here.kernel is None
        or all(kernel.get(key) == here.kernel.get(key) for key in same)
    )
    return versions and kernels and manifest["machine"]["python"] == here.python


def environment_from_json(said: object, file: str) -> Environment:
    """Raises InputError for what is none."""
    try:
        return TypeAdapter(Environment).validate_python(said)
    except ValidationError as error:
        raise InputError("is of another version, or damaged", "pack it again", file) from error


def shown(found: list[str]) -> str:
    more = f", and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    return f"{'; '.join(found[:MOST_NAMED])}{more}"


def kernels(manifests: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Those of guests, each once, in words."""
    said = {
        "no guest: the machine's own kernel"
        if one["guest_kernel"] is None
        else f"Linux {one['guest_kernel'].get('version')}, "
        f"configuration {one['guest_kernel'].get('config_hash') or 'of the distribution'}"
        for one in manifests
    }
    yield from sorted(said)
