"""Files of results and answers as JSON that have no type where they are written."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from corridor.experiments.account.workload_summary import ClassSummary
from corridor.experiments.run.version import Code


class ChosenTestbed(TypedDict):
    testbed: str
    clock: str
    reason: str


class Manifest(TypedDict):
    """What a run, or a price, was made of and by."""

    schema: int
    version: NotRequired[str]
    """Of the emulator, with its commit in a checkout."""
    scenario: str
    seed: NotRequired[int]
    testbed: NotRequired[ChosenTestbed]
    framework: NotRequired[str]
    hashes: dict[str, str]
    """SHA-256 of what the run was made from."""
    guest_kernel: NotRequired[dict[str, object] | None]
    versions: dict[str, str]
    kinds: NotRequired[dict[str, str]]
    """Of installed packages: by group and name, the package and its version."""
    machine: dict[str, str | int | None]
    code: Code
    arguments: list[str]
    """Of the command."""


class IndexedCell(TypedDict):
    id: str
    levels: dict[str, str]
    """By axis, the name of a level."""
    repetition: int
    """From 0."""
    seed: int
    scenario: str
    """SHA-256 of the resolved scenario."""


class StudyIndex(TypedDict):
    """The cells of a study, and what ran them."""

    schema: int
    study: dict[str, object]
    """As ``corridor schema study`` has it."""
    version: str
    program: str
    """SHA-256 of all files by which a run could come to other results."""
    packages: NotRequired[dict[str, str]]
    """Versions of the installed packages whose kinds its scenarios use."""
    cells: list[IndexedCell]


class CellFile(TypedDict):
    """The outcome of a cell."""

    levels: dict[str, str]
    repetition: int
    seed: int
    scenario: str
    state: Literal["valid", "invalid", "failed"]
    message: str
    """Why it is not valid, or what does not hold; may be empty."""
    wall_s: float
    machine: str
    log: NotRequired[str]
    """Of a cell that failed."""


class LeftOut(TypedDict):
    """A cell that is in no figure, and why."""

    cell: str
    levels: dict[str, str]
    repetition: int
    state: str
    message: str


class DemandOfRun(TypedDict):
    status: str
    path: list[str]
    rtt_ms: dict[str, float | None] | None
    sent: int
    lost: int


class DemandOfRuns(TypedDict):
    demand: str
    differs: bool
    median_may_be_chance: bool | None
    """Whether the 95 % intervals of both medians have values in common."""
    one: DemandOfRun | None
    other: DemandOfRun | None


_ClassOfRuns = TypedDict("_ClassOfRuns", {"class": str})


class ClassOfRuns(_ClassOfRuns):
    when: str
    """``all of it``, or a stretch."""
    one: ClassSummary | None
    other: ClassSummary | None


class RunsCompared(TypedDict):
    demands: list[DemandOfRuns]
    classes: list[ClassOfRuns]
    """Of workloads; empty where one of the runs had none."""


class MeasureOfStudies(TypedDict):
    levels: dict[str, str]
    measure: str
    of: str
    """A path into ``summary.json``."""
    unit: str
    one: float
    other: float
    """Means over the runs that are compared."""


class StudiesCompared(TypedDict):
    versions: list[str]
    """That ran the cells."""
    left_out: list[str]
    """What only one has, in words."""


class PredictedLayer(TypedDict):
    rtt_ms: float
    interval_ms: list[float]
    basis: str
    interval_basis: str
    source: str
    topology: str
    """The map of the route, or ``great-circle``."""
    route: list[str]
    straight: bool
    fibre_ms: float | None
    """Of the optical layer between the same places."""
    near: list[str]
    near_km: float


class Latency(TypedDict):
    schema: int
    a: str
    z: str
    statistic: Literal["median", "p95"]
    model: str
    rtt_ms: dict[str, float]
    layers: dict[str, PredictedLayer]
    no_answer: dict[str, str]
    """Layers that have no path between these places, and why."""
