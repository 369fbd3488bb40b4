"""What an artifact is of: ``artifact.json``, which is read before anything else. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from pydantic import TypeAdapter, ValidationError

from corridor.experiments.artifact.expected import ExpectedRun
from corridor.topologies.base.errors import InputError

SCHEMA = 1
ABOUT, EXPECTED, ENVIRONMENT = "artifact.json", "expected.json", "environment.json"
README, CITATION, LOCK = "README.md", "CITATION.cff", "requirements.lock"
type Kind = Literal["study", "run"]


class About(NamedTuple):
    kind: Kind
    """Also the name of the folder in which its results are."""
    name: str
    title: str
    question: str
    assumptions: list[str]
    sources: list[str]
    scenario: str
    made_by: str
    """The version that ran it, as ``corridor --version`` has it."""
    program: str
    """The hash of what by which a run could come to other results, where it was packed."""
    clock: str
    machines: list[str]
    """On which it ran, in words."""
    kernels: list[str]
    runs: int
    left_out: list[str]
    """What has no results, or none that are valid, and why."""
    took_s: float
    """All runs together, where they were measured."""
    check: list[str]
    """Cells of the short check."""
    check_took_s: float
    answers: list[str]
    """What it came to, in sentences."""


def to_json(about: About) -> dict[str, Any]:
    return {"schema": SCHEMA, **about._asdict()}


def from_json(said: object, file: str) -> About:
    """Raises InputError for what is not an artifact, or one of another version."""
    if isinstance(said, dict) and said.get("schema") not in (SCHEMA, None):
        hint = "take the version that its README.md names"
        raise InputError(f"is an artifact of schema {said['schema']}, not {SCHEMA}", hint, file)
    plain = {k: v for k, v in said.items() if k != "schema"} if isinstance(said, dict) else said
    try:
        return TypeAdapter(About).validate_python(plain)
    except ValidationError as error:
        raise InputError("is not an artifact of this version", "pack it again", file) from error


# Which runs a short check repeats: decided by what they are, so that no one picks. Pure.

SHORT_CHECK_S = 600
BUDGET_S = SHORT_CHECK_S / 2
"""What the chosen runs took where they were measured: another machine may take twice as long."""


def chosen(runs: Sequence[ExpectedRun], budget_s: float = BUDGET_S) -> list[ExpectedRun]:
    """In the order of their ids, which are hashes: first one of each condition, then others, as
    long as they fit; one at least."""
    found: list[ExpectedRun] = []
    left_s = budget_s
    for one in _by_condition(runs):
        if not found or one.took_s <= left_s:
            found.append(one)
            left_s -= one.took_s
    return found


def _by_condition(runs: Sequence[ExpectedRun]) -> list[ExpectedRun]:
    ordered = sorted(runs, key=lambda one: one.cell)
    seen: dict[str, int] = {}
    ranked = []
    for one in ordered:
        seen[one.condition] = seen.get(one.condition, 0) + 1
        ranked.append((seen[one.condition], one))
    return [one for _, one in sorted(ranked, key=lambda pair: (pair[0], pair[1].cell))]
