"""The file of computing jobs that ``corridor place`` reads, and its checks. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import BeforeValidator, Field, model_validator

from corridor.controller.policy.clauses.places import Service
from corridor.controller.policy.load import load_policies
from corridor.controller.policy.model import SAME_CLASS, PolicySet
from corridor.experiments.answers.cut_each import Each, cuts_of
from corridor.experiments.scenario.extending import hint_about, under
from corridor.experiments.scenario.fields import DurationNs, Share, SizeBytes
from corridor.experiments.scenario.options import BackgroundOptions, background_of
from corridor.topologies.base.bounded_file import is_file
from corridor.topologies.base.documents import Document, KeyPath, read_document, validate
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.today import today
from corridor.topologies.base.units import no_truth, written_day
from corridor.topologies.energy.countings import Count
from corridor.topologies.energy.figures import MOST_G_PER_KWH
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.background import BackgroundTraffic
from corridor.topologies.model.catalogue import nearest_named
from corridor.topologies.model.fields import Frozen, NonEmpty, Slug, Text
from corridor.topologies.model.topology import Topology

HOURS = 24
"""Of the day that is placed."""
MOST_JOBS, MOST_COUNT, MOST_EVENTS = 20_000, 1_000_000, 50


class Job(Frozen):
    """One or more equal computing jobs."""

    id: Slug
    """Lower case, digits, hyphens; unique."""
    count: int = Field(default=1, ge=1, le=MOST_COUNT, strict=True)
    """Equal jobs."""
    origin: Slug
    """The hub where the input data is."""
    data: Slug
    """Data class of the input."""
    returns: Slug
    """Data class of the results, or ``same-class``."""
    destination: Slug | None = None
    """The hub that the results go to; the origin if not given."""
    hubs: tuple[Slug, ...] = ()
    """Hubs where it may run, by a contract for example; all candidate hubs if not given."""
    it_mw: float = Field(gt=0, le=100_000)
    """IT power of one job while it runs, in MW, without cooling."""
    input: SizeBytes
    """Input of one job, for example ``10TB``."""
    output: SizeBytes
    """Results of one job."""
    rtt_budget: DurationNs | None = None
    """Of interactive jobs, which run all day: RTT by the nominal delays of the map, ``30ms``."""
    window_h: tuple[int, int] | None = None
    """Of batch jobs: the hours of the day (UTC) in which they run, for example ``[8, 20]``."""
    hours: int | None = Field(default=None, ge=1, le=HOURS, strict=True)
    """Of batch jobs: hours of computing."""
    divisible: tuple[Literal["time", "space"], ...] = ()
    """``time``: the energy of a batch job may be spread over its window, at up to ``it_mw`` in an
    hour. ``space``: parts of jobs may run at several hubs."""
    state: SizeBytes | None = None
    """What one job takes along if an event makes it change its hub while it runs, ``2TB``. It has
    the data class of the input."""
    survives: bool = Field(default=False, strict=True)
    """Run only where paths for input and results remain, within the RTT budget, under each of the
    file's ``cuts``."""

    @model_validator(mode="after")
    def _interactive_or_batch(self) -> Self:
        if (self.rtt_budget is None) == (self.window_h is None):
            raise ValueError(f"{self.id} has either rtt_budget (interactive) or window_h (batch)")
        if (self.window_h is None) != (self.hours is None):
            raise ValueError(f"{self.id}: batch jobs have window_h and hours, others have neither")
        begin, end = self.window
        if not 0 <= begin < end <= HOURS:
            raise ValueError(
                f"window_h of {self.id} is two hours of one day, 0 to 24, the first before the "
                "second; a window past midnight cannot be written"
            )
        if self.rtt_budget is not None and "time" in self.divisible:
            raise ValueError(f"{self.id} is interactive and runs all day, so time is not divisible")
        if self.running_h > end - begin:
            raise ValueError(f"{self.id} needs {self.hours} hours, its window has {end - begin}")
        return self

    @property
    def window(self) -> tuple[int, int]:
        """The first hour, and the hour after the last."""
        return self.window_h or (0, HOURS)

    @property
    def running_h(self) -> int:
        """Hours of computing in a day."""
        return self.hours or HOURS

    @property
    def it_mwh(self) -> float:
        """IT energy of one job in a day."""
        return self.it_mw * self.running_h

    def may_run_at(self, hub: str) -> bool:
        """Whether the file lets it run there; law and latency are other questions."""
        return not self.hubs or hub in self.hubs

    @property
    def to(self) -> str:
        """The hub that the results go to."""
        return self.destination or self.origin

    @property
    def result_class(self) -> str:
        """The data class of the results."""
        return self.data if self.returns == SAME_CLASS else self.returns


class StatedValues(Frozen):
    """Values of hubs that the file states, as the options of the command do."""

    mw: dict[Slug, float | NonEmpty] = Field(default_factory=dict)
    """IT power that the jobs may use, in MW: ``120``, or with an interval ``120:80-160``."""
    pue: dict[Slug, float | NonEmpty] = Field(default_factory=dict)
    green: dict[Slug, float | NonEmpty] = Field(default_factory=dict)
    """Share of contracted green power, 0 to 1."""
    price: dict[Slug, NonEmpty] = Field(default_factory=dict)
    """Of a kWh, for example ``0.45CNY`` or ``0.45:0.4-0.6CNY``."""
    factor: dict[Slug, float | NonEmpty] = Field(default_factory=dict)
    """Direct emissions of a kWh in g, location counting: of a dry year, for example."""

    @property
    def by_option(self) -> dict[str, dict[str, float | str]]:
        """By option, by hub."""
        return {
            "mw": {**self.mw},
            "pue": {**self.pue},
            "green": {**self.green},
            "price": {**self.price},
            "factor": {**self.factor},
        }


class PowerEvent(Frozen):
    """From an hour on, other values of one hub; what is not given stays as it was."""

    id: Slug
    """Lower case, digits, hyphens; unique."""
    at_h: int = Field(ge=1, lt=HOURS, strict=True)
    """The hour of the day (UTC) from which on it applies. No plan before that hour uses it."""
    power: Slug
    """The hub."""
    mw: float | None = Field(default=None, ge=0, le=100_000)
    """IT power that the jobs may use, in MW."""
    factor: dict[Count, Annotated[float, Field(ge=0, le=MOST_G_PER_KWH)]] = Field(
        default_factory=dict
    )
    """Emissions of a kWh in g by counting, for example ``{location: 250}``."""
    factor_times: dict[Count, Annotated[float, Field(gt=0, le=1000)]] = Field(default_factory=dict)
    """The same as a multiple of the factor before: ``{location: 1.6}``."""
    price: NonEmpty | None = None
    """Of a kWh, for example ``0.9CNY``."""
    because: NonEmpty
    """Why, for readers: curtailment, drought, price; and what the values rest on."""

    @property
    def changes(self) -> Iterator[tuple[str, str]]:
        """By key, the quantities that it changes: ``factor_times``, ``the location factor``."""
        names = {"mw": "mw", "price": "the price"}
        yield from ((key, name) for key, name in names.items() if getattr(self, key) is not None)
        for key in ("factor", "factor_times"):
            yield from ((key, f"the {count} factor") for count in getattr(self, key))

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.mw is None and self.price is None and not self.factor and not self.factor_times:
            raise ValueError(f"{self.id} changes nothing; give mw, factor, factor_times or price")
        both = self.factor.keys() & self.factor_times.keys()
        if both:
            raise ValueError(f"{self.id} has factor and factor_times of {', '.join(sorted(both))}")
        return self


class JobsFile(Frozen):
    """A day of computing jobs as it is written."""

    schema_version: Annotated[Literal[1], BeforeValidator(no_truth)] = Field(
        default=1, alias="schema"
    )
    """Version of this format."""
    name: Slug
    title: Text = ""
    topology: NonEmpty = "pan-asia"
    """A shipped topology, or a file next to this one."""
    leave_out: tuple[Literal["planned", "uncertain"], ...] = ()
    """Leave out fibres of these statuses."""
    policies: NonEmpty = "pan-asia"
    """A shipped policy set, or a file next to this one. ``--policies`` overrides it."""
    as_of: Annotated[date, BeforeValidator(written_day)] | None = None
    """The day whose policies apply; today if not given."""
    service: Service | None = None
    """The service that carries the data, for example ``leased-circuit``."""
    hubs: tuple[Slug, ...] = ()
    """Hubs that may compute; all hubs of the map with energy figures if not given."""
    state: StatedValues = StatedValues()
    """Values that you state, where none is published or another is meant."""
    fibre_share: Share | None = Field(default=None, gt=0, le=1)
    """The share of each fibre's capacity that the jobs may use, and at most what the background
    leaves; not limited if not given."""
    background: BackgroundOptions | None = None
    """Traffic that is on the fibres beside the jobs, as in scenarios: ``internet``, or keys."""
    cuts: Each | None = None
    """Also count loads under each cut, with recomputed paths: of each shared-risk group
    (``groups``), fibre (``fibres``), or two groups together (``pairs``)."""
    wan_kwh_per_gb: float | None = Field(default=None, gt=0, le=100)
    """Energy of the network for each GB; not counted if not given."""
    jobs: tuple[Job, ...] = Field(min_length=1, max_length=MOST_JOBS)
    events: tuple[PowerEvent, ...] = Field(default=(), max_length=MOST_EVENTS)
    """Changes of power, emission factors and prices during the day; jobs then may move."""

    @model_validator(mode="after")
    def _survives_cuts(self) -> Self:
        named = [one.id for one in self.jobs if one.survives]
        if named and self.cuts is None:
            raise ValueError(f"{named[0]} survives cuts, and the file has none: add cuts: groups")
        return self


@dataclass(frozen=True)
class LoadedJobs:
    """A file of jobs with the topology and policies that it names."""

    file: JobsFile
    topology: Topology
    policies: PolicySet
    as_of: date
    document: Document
    background: BackgroundTraffic | None = None


class Ground(NamedTuple):
    """What jobs are placed on, instead of what their file names."""

    topology: Topology
    policies: PolicySet
    as_of: date


def load_jobs(
    path: str | Path, policies: str | None = None, *, on: Ground | None = None
) -> LoadedJobs:
    """Read a file of jobs and check its names.

    Args:
        path: The file.
        policies: A policy set instead of the file's.
        on: The map, policies and day of a scenario instead of the file's.

    Raises:
        InputError: The file cannot be read or is invalid, or a name in it is unknown, with its
            line.
    """
    document = read_document(path)
    file = validate(document, JobsFile)
    folder = Path(document.file).parent
    topology = _topology(document, file, folder) if on is None else on.topology
    topology = topology.without_status(file.leave_out) if file.leave_out else topology
    for at, hub in _hubs_named(file):
        if hub not in {one.id for one in topology.hubs}:
            known = [one.id for one in topology.hubs]
            hint = nearest_named(hub, known) or f"corridor topology show {file.topology}"
            raise document.error(f'no hub is called "{hub}"', *at, hint=hint)
    _check_ids(document, file)
    _check_events(document, file)
    asked = None if on is None else on.policies
    if policies is not None:
        asked = load_policies(policies, topology)
    loaded = _policies(document, file, folder, topology, asked)
    _check_classes(document, file, loaded)
    day = (file.as_of or today()) if on is None else on.as_of
    _check_cuts(document, file, topology)
    background = background_of(document, file.background, topology, file.topology, day, folder)
    return LoadedJobs(file, topology, loaded, day, document, background)


def _check_cuts(document: Document, file: JobsFile, topology: Topology) -> None:
    try:
        cuts_of(topology, file.cuts or "fibres")
    except InputError as error:
        hint = "write cuts: fibres, or state srlgs of the fibres of the map"
        raise document.error(error.message, "cuts", hint=hint) from error


def _topology(document: Document, file: JobsFile, folder: Path) -> Topology:
    beside = folder / file.topology
    try:
        return load_topology(str(beside) if is_file(beside) else file.topology)
    except InputError as error:
        raise document.error_of_named(error, "topology") from error


def _policies(
    document: Document, file: JobsFile, folder: Path, topology: Topology, asked: PolicySet | None
) -> PolicySet:
    """The asked policy set, or that of the file; other classes of the file are outside it."""
    beside = folder / file.policies

    def own() -> PolicySet:
        try:
            return load_policies(str(beside) if is_file(beside) else file.policies, topology)
        except InputError as error:
            raise document.error_of_named(error, "policies") from error

    found = own() if asked is None else asked
    classes = {name for job in file.jobs for name in (job.data, job.result_class)}
    return under(found, classes, own, None)


def _hubs_named(file: JobsFile) -> Iterator[tuple[KeyPath, str]]:
    for number, hub in enumerate(file.hubs):
        yield ("hubs", number), hub
    for number, job in enumerate(file.jobs):
        yield ("jobs", number, "origin"), job.origin
        yield ("jobs", number, "destination"), job.to
        yield from ((("jobs", number, "hubs", at), hub) for at, hub in enumerate(job.hubs))
    for number, event in enumerate(file.events):
        yield ("events", number, "power"), event.power


def _check_ids(document: Document, file: JobsFile) -> None:
    hints = {
        "jobs": "give each its own id; count has the number of equal jobs",
        "events": "give each its own id",
    }
    ids = {"jobs": [one.id for one in file.jobs], "events": [one.id for one in file.events]}
    for key, hint in hints.items():
        seen = set[str]()
        for number, name in enumerate(ids[key]):
            if name in seen:
                message = f'{key[:-1]} id "{name}" is used twice'
                raise document.error(message, key, number, hint=hint)
            seen.add(name)


def _check_events(document: Document, file: JobsFile) -> None:
    """Two events of one hour must not give the same quantity of one hub."""
    seen = dict[tuple[str, int, str], str]()
    for number, event in enumerate(file.events):
        for key, what in event.changes:
            other = seen.setdefault((event.power, event.at_h, what), event.id)
            if other != event.id:
                message = f"events {other} and {event.id} both change {what} of {event.power}"
                hint = f"join them: both apply from {event.at_h} h on"
                raise document.error(message, "events", number, key, hint=hint)


def _check_classes(document: Document, file: JobsFile, policies: PolicySet) -> None:
    known = {SAME_CLASS, *policies.class_ids}
    for number, job in enumerate(file.jobs):
        for key, name in (("data", job.data), ("returns", job.returns)):
            if policies.looks_at_data and name not in known:
                message = f'job "{job.id}" has the unknown data class "{name}"'
                hint = hint_about(name, policies)
                raise document.error(message, "jobs", number, key, hint=hint)
