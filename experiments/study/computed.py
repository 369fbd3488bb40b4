"""Answers that cells compute instead of runs: kinds, and what a study asks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.availability.availability_answer import (
    SAMPLES,
    AvailabilityAnswer,
    availability_answer,
    check_climate,
    check_samples,
    checked_limits,
)
from corridor.experiments.availability.served_systems import QUESTIONS
from corridor.experiments.expansion.candidates import read_candidates
from corridor.experiments.expansion.plan_answer import PlanQuestion as PlanAsked
from corridor.experiments.expansion.plan_answer import plan_answer
from corridor.experiments.expansion.plan_documents import Measure, PlanAnswer, Varied
from corridor.experiments.placement.jobs_file import (
    Ground,
    LoadedJobs,
    StatedValues,
    load_jobs,
)
from corridor.experiments.placement.place_answer import (
    GAP,
    SECONDS,
    checked_asked,
    place_answer,
    values_of,
    with_extras,
)
from corridor.experiments.placement.place_documents import PlaceAnswer
from corridor.experiments.placement.placing import Asked as PlaceAsked
from corridor.experiments.routing.routing_documents import Protocols, RoutingAnswer
from corridor.experiments.run.routing import (
    PROBE_INTERVAL_MS,
    PROTOCOLS,
    RoutingOptions,
    checked_routing,
    routed,
)
from corridor.experiments.scenario.changed import timeline_of
from corridor.experiments.scenario.scenario import LoadedScenario, Under, load_document
from corridor.experiments.study.study_file import files_named
from corridor.topologies.analysis.failure_rates import DEFAULT_CLIMATE, read_failure_rates
from corridor.topologies.base.bounded_file import is_file
from corridor.topologies.base.codec import Document
from corridor.topologies.base.documents import Document as Written
from corridor.topologies.base.documents import Plain, validate
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.registry import Recorder, Registry
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.energy.energy_file import read_energy
from corridor.topologies.model.fields import Frozen

ASK = "ask"
"""The key of a study, and the first part of the paths in levels that change it."""


class CellScenario(NamedTuple):
    """The scenario of a cell, to load it again with changes."""

    document: Written
    folder: Path
    """Where its files are."""
    loaded: LoadedScenario

    def under(self, policies: str) -> LoadedScenario:
        """Return it under another policy set, by name or file."""
        asked_for = Under(policies=str(_placed(policies, self.folder)), as_of=self.loaded.as_of)
        topology = self.loaded.topology
        return load_document(self.document, self.folder, asked_for, topology=topology)

    def changed(self, timeline: Sequence[Plain], probe: Plain) -> LoadedScenario:
        """Return it with just these events, and just these probes of all demands."""
        asked_for, topology = Under(as_of=self.loaded.as_of), self.loaded.topology
        return timeline_of(
            self.document, self.folder, asked_for, timeline, probe, topology=topology
        )


class AnswerKind(NamedTuple):
    """An answer that the cells of a study compute."""

    key: str
    question: type[Frozen]
    """The keys of ``ask``. A text may name a file next to the study."""
    document: type[Document]
    """What measures are paths into."""
    check: Callable[[Written, Any, CellScenario], None]
    """Raises InputError for a question that has no answer, before any cell is computed: from
    ``ask`` as it is written, with its lines, the question, and the scenario."""
    compute: Callable[[CellScenario, Any, int], Document]
    """From the scenario of a cell, its question and seed."""


class AvailabilityQuestion(Frozen):
    """What a study asks of ``corridor availability``, with the same defaults."""

    against: str | None = "none"
    climate: str = DEFAULT_CLIMATE
    rates: str | None = None
    samples: int = SAMPLES
    questions: int = QUESTIONS


def _check_availability(written: Written, of: AvailabilityQuestion, ground: CellScenario) -> None:
    with _told_at(written, "rates"):
        rates = read_failure_rates(of.rates)
    with _told_at(written, "climate"):
        check_climate(rates, of.climate)
    with _told_at(written, "samples"):
        check_samples(of.samples)
    with _told_at(written, "questions"):
        checked_limits(questions=of.questions)
    with _told_at(written, "against"):
        if of.against is not None:
            ground.under(of.against)


@contextmanager
def _told_at(written: Written, key: str) -> Iterator[None]:
    try:
        yield
    except InputError as error:
        raise written.error_of_named(error, key) from error


def _availability(ground: CellScenario, of: AvailabilityQuestion, seed: int) -> AvailabilityAnswer:
    return availability_answer(
        ground.loaded,
        read_failure_rates(of.rates),
        baseline=None if of.against is None else ground.under(of.against),
        climate=of.climate,
        samples=of.samples,
        seed=seed,
        limits=checked_limits(questions=of.questions),
    )


class PlaceQuestion(Frozen):
    """What a study asks of ``corridor place``, with the same defaults. The scenario has the map,
    the policies and the day."""

    jobs: str
    """A file of jobs next to the study."""
    objective: str = "carbon"
    count: str | None = None
    hubs: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    state: StatedValues = StatedValues()
    """Before those of the file of jobs."""
    without_law: bool = False
    samples: int = 0
    clauses: bool = False
    gap: float = GAP
    season: str = ""


def _check_place(written: Written, of: PlaceQuestion, ground: CellScenario) -> None:
    with _told_at(written, "count"):
        asked = _asked_of(of, 1)
    with _told_at(written, "jobs"):
        jobs = _jobs_of(ground.under(NO_POLICIES), of)
    with _told_at(written, "hubs"):
        values_of(jobs, read_energy(), asked, hubs=of.hubs, given=of.state.by_option)
    if of.against:
        with _told_at(written, "against"):
            values_of(jobs, read_energy(), asked, hubs=of.against, given=of.state.by_option)


def _asked_of(of: PlaceQuestion, seed: int) -> PlaceAsked:
    asked = checked_asked(of.objective, of.count, of.gap, SECONDS)
    return with_extras(asked, of.samples, seed, clauses=of.clauses, season=of.season)


def _jobs_of(loaded: LoadedScenario, of: PlaceQuestion) -> LoadedJobs:
    return load_jobs(of.jobs, on=Ground(loaded.topology, loaded.policies, loaded.as_of))


def _place(ground: CellScenario, of: PlaceQuestion, seed: int) -> PlaceAnswer:
    return place_answer(
        _jobs_of(ground.loaded, of),
        read_energy(),
        _asked_of(of, seed),
        hubs=of.hubs,
        against=of.against,
        given=of.state.by_option,
        without_law=of.without_law,
    )


class PlanQuestion(Frozen):
    """What a study asks of ``corridor plan``, with the same defaults. The scenario has the map,
    the policies and the demands."""

    by: Measure = "latency"
    next: int | None = None
    budget_musd: float | None = None
    candidates: str | None = None
    """A file next to the study; the shipped one without it."""
    only: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()
    measures: tuple[Measure, ...] = ()
    samples: int = 0
    vary: tuple[Varied, ...] = ()
    rates: tuple[str, ...] = ()
    weigh: Literal["equal", "traffic"] = "equal"


def _check_plan(written: Written, of: PlanQuestion, ground: CellScenario) -> None:
    with _told_at(written, "by"):
        _plan_asked(of, 1)
    with _told_at(written, "candidates"):
        known = read_candidates(ground.under(NO_POLICIES).topology, _path(of.candidates))
    with _told_at(written, "only"):
        known.without((), of.only)
    with _told_at(written, "leave_out"):
        known.without(of.leave_out)


def _plan_asked(of: PlanQuestion, seed: int) -> PlanAsked:
    return PlanAsked(
        most=1 if of.next is None and of.budget_musd is None else of.next,
        budget_musd=of.budget_musd,
        by=of.by,
        samples=of.samples,
        seed=seed,
        weigh=of.weigh,
        rates=of.rates,
        measures=of.measures,
        vary=of.vary,
    )


def _path(name: str | None) -> Path | None:
    return None if name is None else Path(name)


def _plan(ground: CellScenario, of: PlanQuestion, seed: int) -> PlanAnswer:
    asked_for, candidates = _plan_asked(of, seed), _path(of.candidates)
    return plan_answer(ground.loaded, asked_for, candidates, of.leave_out, of.only)


class RoutingQuestion(Frozen):
    """What a study asks of ``corridor routing``, with the same defaults. The scenario has the map,
    the policies and the demands."""

    protocols: Protocols = PROTOCOLS
    cuts: tuple[str, ...] = ()
    probe_interval_ms: int = PROBE_INTERVAL_MS


def _check_routing(written: Written, of: RoutingQuestion, ground: CellScenario) -> None:
    with _told_at(written, "probe_interval_ms"):
        checked_routing(ground.loaded, _routing_asked(of.model_copy(update={"cuts": ()}), 1))
    with _told_at(written, "cuts"):
        checked_routing(ground.loaded, _routing_asked(of, 1))


def _routing_asked(of: RoutingQuestion, seed: int) -> RoutingOptions:
    return RoutingOptions(of.protocols, of.cuts, seed, of.probe_interval_ms)


def _routing(ground: CellScenario, of: RoutingQuestion, seed: int) -> RoutingAnswer:
    return routed(ground.loaded, ground.changed, _routing_asked(of, seed), print)


KINDS = Registry(
    "corridor.answers",
    (
        AnswerKind(
            key="availability",
            question=AvailabilityQuestion,
            document=AvailabilityAnswer,
            check=_check_availability,
            compute=_availability,
        ),
        AnswerKind(
            key="place",
            question=PlaceQuestion,
            document=PlaceAnswer,
            check=_check_place,
            compute=_place,
        ),
        AnswerKind(
            key="plan",
            question=PlanQuestion,
            document=PlanAnswer,
            check=_check_plan,
            compute=_plan,
        ),
        AnswerKind(
            key="routing",
            question=RoutingQuestion,
            document=RoutingAnswer,
            check=_check_routing,
            compute=_routing,
        ),
    ),
    of=AnswerKind,
)
"""By name."""


class Asked(NamedTuple):
    """A question of one condition."""

    kind: AnswerKind
    written: Mapping[str, Plain]
    digest: str
    """Of the question with the files that it names, and of the package of its kind."""


def kind_named(name: str) -> AnswerKind:
    """Return the kind of that name.

    Raises:
        InputError: There is none.
    """
    try:
        return KINDS[name]
    except KeyError as error:
        hint = nearest(name, list(KINDS)) or f"known are {', '.join(KINDS)}"
        raise InputError(f'a study computes no "{name}"', hint) from error


def asked(computes: str, written: Written, ground: CellScenario) -> Asked:
    """Return a question that is known to have an answer.

    Args:
        computes: The name of its kind.
        written: The keys of ``ask``, with what the levels change, and their lines.
        ground: The scenario, and where files that the question names are.

    Raises:
        InputError: A name, a file or a number is invalid.
    """
    with Recorder() as recorder:
        kind = kind_named(computes)
    question = question_of(kind, written, ground.folder)
    kind.check(written, question, ground)
    assert isinstance(written.data, dict)
    files = files_named(written.data, ground.folder)
    contents = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    known = [computes, written.data, contents, sorted(map(str, recorder.used))]
    digest = hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()
    return Asked(kind, written.data, digest)


def question_of(kind: AnswerKind, written: Written, folder: Path) -> Any:
    """Return the question, with the paths of the files that it names.

    Raises:
        InputError: It is not a mapping, or a key or value is invalid, with its line.
    """
    if not isinstance(written.data, dict):
        hint = f"known keys: {', '.join(kind.question.model_fields)}"
        raise written.error(f"{ASK} must be a mapping of keys to values", hint=hint)
    values = {key: _placed(value, folder) for key, value in written.data.items()}
    return validate(Written(values, written.file, written.lines), kind.question)


def _placed(value: Plain, folder: Path) -> Plain:
    beside = isinstance(value, str) and bool(value) and is_file(folder / value)
    return str(folder / str(value)) if beside else value
