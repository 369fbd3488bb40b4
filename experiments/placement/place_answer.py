"""``corridor place``: where to compute under law, latency, fibre and power. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from corridor.experiments.placement.answering import Answering
from corridor.experiments.placement.day_scenario import HOUR, parse_scale, write_day
from corridor.experiments.placement.energy_answer import energy_answer
from corridor.experiments.placement.hub_values import (
    ANNUAL,
    BY_EMISSIONS,
    OBJECTIVES,
    STATED,
    Given,
    HubValues,
    Objective,
    check_hub,
    given_by_hub,
    hub_values,
    stated_figure,
)
from corridor.experiments.placement.jobs_file import LoadedJobs, load_jobs
from corridor.experiments.placement.place_documents import (
    PlaceAnswer,
)
from corridor.experiments.placement.placing import (
    Asked,
    Placing,
)
from corridor.experiments.placement.program import Effort, NoPlacement
from corridor.experiments.placement.sampling import check_samples
from corridor.experiments.scenario.given import given_names
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.base.words import few
from corridor.topologies.energy.countings import COUNTS, Count
from corridor.topologies.energy.energy_file import EnergyFile, read_energy
from corridor.topologies.energy.seasons import check_season

GAP, SECONDS = 1e-4, 60.0
MOST_JOBS = 5
"""That a message names."""


def place(
    jobs: str | Path,
    *,
    objective: Objective = "carbon",
    count: Count | None = None,
    hubs: Iterable[str] = (),
    against: Iterable[str] = (),
    mw: dict[str, float | str] | None = None,
    pue: dict[str, float | str] | None = None,
    green: dict[str, float | str] | None = None,
    price: dict[str, str] | None = None,
    factor: dict[str, float | str] | None = None,
    data: str | Path | None = None,
    policies: str | None = None,
    without_law: bool = False,
    gap: float = GAP,
    time_limit: float = SECONDS,
    samples: int = 0,
    seed: int = 1,
    clauses: bool = False,
    scenario: str | Path | None = None,
    hour: str = HOUR,
    season: str = "",
) -> PlaceAnswer:
    """Compute where jobs run best under law, latency, fibre and power.

    Args:
        jobs: A file of jobs; docs/place.md has its keys.
        objective: ``carbon``, ``cost``, ``latency`` (sum of RTTs), or ``pareto`` (carbon against
            latency).
        count: The counting of emissions, for ``carbon`` and ``pareto``: ``location``, ``market`` or
            ``marginal``. There is no default, since it decides where to compute.
        hubs: Hubs that may compute; default: those of the file, or all with energy figures.
        against: Other hubs that may compute instead: the answer has what they add.
        mw: IT power that the jobs may use by hub, in MW, that you state: ``120``, or with an
            interval ``"120:80-160"``, as all values that you state.
        pue: PUE by hub that you state.
        green: Shares of contracted green power by hub that you state, 0 to 1.
        price: Prices by hub that you state, such as ``0.45CNY`` for a kWh.
        factor: Direct emissions of a kWh by hub that you state, in g, location counting.
        data: A file of energy figures; default: the shipped one.
        policies: A policy set instead of the file's.
        without_law: Show the placement that ignores law; both optima are in every answer.
        gap: The relative gap at which the solver stops.
        time_limit: Seconds after which each solution of the program stops.
        samples: Placements with values drawn within their intervals; 0 for none.
        seed: Selects the samples.
        clauses: Whether each policy is lifted alone, to show what it costs.
        scenario: A file to write: the day as a scenario that ``corridor run`` takes.
        hour: The time in that run that stands for an hour of the day.
        season: ``wet``, ``dry``, or a month such as ``mar``, whose emissions count, by location;
            default: the year. Hubs without a factor of that season are refused, unless you state
            theirs: ``annual`` for that of the year.

    Returns:
        MW, MWh, tCO2 by hub; hubs and RTTs in ms by job; both optima with bounds; the cost of law
        with both gaps; the placement counted in three ways; what law forbids that would be better.

    Raises:
        MissingValues: A value that the question needs is unknown; each is named.
        NoPlacement: The jobs do not fit, or no placement was found in time.
        InputError: The file, a name or a value is invalid.
        EnvironmentUnsupported: The extra ``optimize`` is not installed.

    Example:
        >>> found = corridor.place("examples/jobs.yaml", count="location")
        >>> found.with_law.value >= found.without_law.value
        True
    """
    given = given_by_hub(mw=mw, pue=pue, green=green, price=price, factor=factor)
    asked = checked_asked(objective, count, gap, time_limit)
    asked = with_extras(asked, samples, seed, clauses=clauses, season=season)
    loaded, energy = load_jobs(jobs, policies), read_energy(data)
    named, scale = given_names(hubs, "hubs"), parse_scale(hour)
    found = place_answer(
        loaded, energy, asked, hubs=named, against=given_names(against, "against"), given=given,
        without_law=without_law, plans_day=scenario is not None,
    )  # fmt: skip
    if scenario is not None:
        write_day(Path(scenario), loaded, found, scale, policies=policies)
    return found


def checked_asked(objective: str, count: str | None, gap: float, seconds: float) -> Asked:
    """Return what is minimised, by which counting, and when the solver stops.

    Raises:
        InputError: One is unknown or out of bounds, or an objective of emissions has no counting.
    """
    wanted = next((one for one in OBJECTIVES if one == objective), None)
    if wanted is None:
        raise InputError(f"objective is one of {', '.join(OBJECTIVES)}, not {objective}")
    if not (0 < gap < 1 and 0 < seconds < float("inf")):
        raise InputError("a gap is above 0 and below 1, a time limit above 0 s")
    effort = Effort(gap, seconds)
    if wanted not in BY_EMISSIONS:
        return Asked(wanted, None, effort)
    counted = next((one for one in COUNTS if one == count), None)
    if counted is None:
        hint = f"name one of {', '.join(COUNTS)} with --count"
        raise InputError("the counting of emissions decides where to compute", hint)
    return Asked(wanted, counted, effort)


def with_extras(asked: Asked, samples: int, seed: int, *, clauses: bool, season: str = "") -> Asked:
    """Return what is asked with samples of values, lifted policies and a season.

    Raises:
        InputError: The number of samples or the seed is out of bounds, the season is unknown, or
            emissions by location do not decide.
    """
    check_samples(samples, seed)
    check_season(season)
    if season and asked.counting != "location":
        hint = "name location with --count, and an objective of emissions"
        message = "factors of a season are those by location: no residual factor, price or PUE is"
        raise InputError(f"{message} known by season", hint)
    return asked._replace(samples=samples, seed=seed, clauses=clauses, season=season)


def place_answer(
    loaded: LoadedJobs,
    energy: EnergyFile,
    asked: Asked,
    *,
    hubs: Sequence[str] = (),
    against: Sequence[str] = (),
    given: Given | None = None,
    without_law: bool = False,
    plans_day: bool = False,
) -> PlaceAnswer:
    """Return the answer of a file that was read; arguments are those of ``place``. ``plans_day``
    is whether it has the day of a file without events, too."""
    stated = _stated(loaded, energy, given or {}, asked.season)
    values = values_of(loaded, energy, asked, hubs=hubs, given=given)
    placing = Placing(loaded, values, asked)
    placing.is_early |= plans_day
    other = _others(placing, energy, against, given, law=not without_law) if against else None
    return Answering(placing, law=not without_law, against=other).answer(
        tuple(f"{option} {one.hub}={_plain(stated[option][one.hub])}" for option in stated
              for one in values if one.hub in stated[option])
    )  # fmt: skip


def _others(
    placing: Placing, energy: EnergyFile, hubs: Sequence[str], given: Given | None, *, law: bool
) -> Placing:
    """Return the same jobs with other hubs. Raises NoPlacement if one may run at none of them."""
    values = values_of(placing.loaded, energy, placing.asked, hubs=hubs, given=given)
    try:
        other = Placing(placing.loaded, values, placing.asked)
    except NoPlacement as error:
        raise NoPlacement(f"among the hubs of --against, {error}", error.hint) from error
    missing = [one.id for one in placing.jobs if not other.options(one, law=law)]
    if missing:
        message = f"{few(missing, MOST_JOBS)} may run at none of the hubs of --against"
        raise NoPlacement(message, "name further hubs")
    other.jobs = placing.jobs
    return other


def values_of(
    loaded: LoadedJobs,
    energy: EnergyFile,
    asked: Asked,
    *,
    hubs: Sequence[str] = (),
    given: Given | None = None,
) -> tuple[HubValues, ...]:
    """Return the values of the hubs that may compute.

    Raises:
        MissingValues: A value that the question needs is unknown.
        InputError: A hub or a stated value is invalid.
    """
    stated = _stated(loaded, energy, given or {}, asked.season)
    candidates = _candidates(loaded, energy, hubs)
    figures = energy_answer(energy, candidates, given=stated, season=asked.season)
    return hub_values(figures, asked.objective, asked.counting)


def _stated(loaded: LoadedJobs, energy: EnergyFile, given: Given, season: str) -> Given:
    """Values of the options before those of the file, which are checked at their lines."""
    written = loaded.file.state.by_option
    for option, by_hub in written.items():
        for hub, value in by_hub.items():
            try:
                check_hub(hub, energy.hub_of)
                if not (season and option == "factor" and value == ANNUAL):
                    stated_figure(option, hub, value)
            except InputError as error:
                raise loaded.document.error_of_named(error, "state", option, hub) from error
    return {option: {**written[option], **given.get(option, {})} for option in STATED}


def _candidates(loaded: LoadedJobs, energy: EnergyFile, asked: Sequence[str]) -> list[str]:
    """Hubs that were asked for, those of the file, or all of the map with figures."""
    known = [one.id for one in loaded.topology.hubs]
    for hub in asked:
        if hub not in known:
            hint = nearest(hub, known) or "corridor topology show lists its hubs"
            raise InputError(f'{loaded.topology.name} has no hub "{hub}"', hint)
        check_hub(hub, energy.hub_of)
    for number, hub in enumerate(loaded.file.hubs):
        try:
            check_hub(hub, energy.hub_of)
        except InputError as error:
            raise loaded.document.error_of_named(error, "hubs", number) from error
    wanted = dict.fromkeys(asked or loaded.file.hubs)
    return list(wanted) or [one for one in known if one in energy.hub_of]


def _plain(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:g}"
