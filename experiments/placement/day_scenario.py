"""A planned day as a scenario that runs: demands, workloads, events, and what hubs compute.

All demands are in the tables from the start: a run cannot add any. So the detour of a job, its new
hub and the path of its state are proven before the first packet, and packets carry the address of
the hub that computes then.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import yaml

from corridor.experiments.placement.day_documents import Day, DayLeg, DayPeriod, PeriodHub
from corridor.experiments.placement.jobs_file import HOURS, LoadedJobs
from corridor.experiments.placement.place_documents import PlaceAnswer
from corridor.experiments.placement.round_trips import RoundTrips
from corridor.experiments.scenario.scenario import ScenarioFile
from corridor.topologies.base.bounded_file import is_file, is_there
from corridor.topologies.base.codec import JsonObject
from corridor.topologies.base.documents import Plain
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.seconds import NS_PER_MS
from corridor.topologies.base.units import QuantityError, format_duration, parse_duration_ns
from corridor.topologies.base.whole_file import write_text

NS_OF_HOUR = 3_600_000_000_000
HOUR = "10s"
"""The time in the run that stands for an hour, unless another is asked for."""
PROBES_OF_HOUR, TAIL_H = 10, 1
"""Probes of each demand; hours after the day in which the last results arrive."""
WIDTH = 110


class Scale(NamedTuple):
    """An hour of the plan in the run."""

    hour_ns: int

    @property
    def compress(self) -> float:
        """Hours of the plan over those of the run."""
        return NS_OF_HOUR / self.hour_ns

    def at(self, hour: float) -> str:
        """A moment of the plan as a moment of the run."""
        return format_duration(round(hour * self.hour_ns))


def parse_scale(hour: str) -> Scale:
    """Return the scale of a duration such as ``10s``.

    Raises:
        InputError: It is no duration of whole milliseconds, from 100 ms to an hour.
    """
    try:
        hour_ns = parse_duration_ns(hour, "hour", allow_zero=False)
    except QuantityError as error:
        raise InputError(str(error), error.hint) from error
    if hour_ns % (10 * NS_PER_MS) or not 100 * NS_PER_MS <= hour_ns <= NS_OF_HOUR:
        raise InputError(
            f"an hour of the plan takes 100 ms to 1 h of the run, in steps of 10 ms, not {hour}"
        )
    return Scale(hour_ns)


def write_day(
    path: Path, loaded: LoadedJobs, of: PlaceAnswer, scale: Scale, *, policies: str | None = None
) -> None:
    """Write the scenario of a planned day.

    Args:
        path: The file, which must not exist.
        loaded: The jobs.
        of: Their placement, with its day.
        scale: An hour of the plan in the run.
        policies: The policy set that replaced the one of the file of jobs.

    Raises:
        InputError: The file exists or cannot be written, or the day cannot be run.
    """
    if is_there(path):
        raise InputError("exists already", "name another file", file=str(path))
    scenario = day_scenario(loaded, of, scale, path.absolute().parent, policies=policies)
    text = yaml.safe_dump(scenario, sort_keys=False, allow_unicode=True, width=WIDTH)
    capacity = loaded.topology.scaling.capacity_scale
    head = (
        f"# Made by corridor place from {of.name}: the planned day. An hour of the plan is "
        f"{scale.at(1)} of the run.\n"
        f"# Rates of fibres are {capacity:g} of the real ones. Octets are those of the plan times "
        f"{capacity:g} over {scale.compress:g},\n# so that load and times of transfers are those "
        "of the plan; delays are not compressed.\n"
    )
    try:
        write_text(path, head + text)
    except OSError as error:
        raise InputError(error.strerror or "cannot be written", file=str(path)) from error


def day_scenario(
    loaded: LoadedJobs,
    of: PlaceAnswer,
    scale: Scale,
    folder: Path,
    *,
    policies: str | None = None,
) -> JsonObject:
    """Return the scenario of a planned day as plain data; ``folder`` is where its file will be.

    Raises:
        InputError: The placement ignores law, has no day or sends nothing, or TCP cannot
            acknowledge.
    """
    if of.day is None or of.is_without_law:
        raise InputError("only a day under law can be run", "leave out --without-law")
    if not of.day.legs:
        raise InputError("no job sends anything: there is nothing to run")
    _check_returns(loaded, of.day)
    file, day = loaded.file, of.day
    beside = Path(loaded.document.file).absolute().parent
    names = _demands(day)
    demands = {names[_carried(leg)]: leg for leg in day.legs}
    made: JsonObject = {
        "schema": 1,
        "name": f"{of.name}-day",
        "title": f"{file.title or of.name}: the planned day",
        "topology": _named(file.topology, beside, folder),
        "leave_out": [*file.leave_out],
        "policies": policies or _named(file.policies, beside, folder),
        "as_of": str(loaded.as_of),
        **({"service": file.service} if file.service else {}),
        **({"background": _background(loaded, beside, folder)} if file.background else {}),
        "controller": {"follow": False},
        "probe": {"interval": scale.at(1 / PROBES_OF_HOUR),
                  "count": PROBES_OF_HOUR * (HOURS + TAIL_H)},
        "demands": [_plain_demand(name, leg) for name, leg in demands.items()],
        "workloads": [_workload(leg, names[_carried(leg)], scale) for leg in day.legs],
        "timeline": [
            {"id": event.id, "at": scale.at(event.at_h), "power": event.power,
             "because": event.because}
            for event in file.events
        ],
        "computing": _computing(loaded, of, day, scale),
    }  # fmt: skip
    made = {key: value for key, value in made.items() if value != []}
    most = ScenarioFile.model_fields["workloads"].metadata[0].max_length
    if len(day.legs) > most:
        raise InputError(
            f"the day has {len(day.legs)} transfers, a scenario at most {most}",
            "leave out jobs, or hubs",
        )
    return made


def _background(loaded: LoadedJobs, beside: Path, folder: Path) -> Plain:
    """The key of the file as it is written."""
    written, of = loaded.document.value("background"), loaded.file.background
    if isinstance(written, dict) and of and of.file:
        return {**written, "file": os.path.relpath(beside / of.file, folder)}
    return written


def _named(name: str, beside: Path, folder: Path) -> str:
    """A shipped thing by its name, a file by its place from the folder of the scenario."""
    return os.path.relpath(beside / name, folder) if is_file(beside / name) else name


def _check_returns(loaded: LoadedJobs, day: Day) -> None:
    trips = RoundTrips(loaded)
    for leg in day.legs:
        if trips.leg(leg.returns, leg.dst, leg.src, law=True) is None:
            raise InputError(
                f"{leg.what} of {leg.job} from {leg.src} to {leg.dst} cannot be acknowledged: no "
                f"path back is permitted for {leg.returns}",
                "the plan is lawful, but TCP cannot carry it out; leave the job or the hub out",
            )


type _Carried = tuple[str, str, str, str, str]


def _carried(leg: DayLeg) -> _Carried:
    """Legs between the same hubs with the same data are of one demand."""
    return leg.what, leg.src, leg.dst, leg.data, leg.returns


def _demands(day: Day) -> dict[_Carried, str]:
    """Names of demands: those between the same hubs with other data have a number."""
    names, used = dict[_Carried, str](), Counter[str]()
    for carried in dict.fromkeys(map(_carried, day.legs)):
        name = "-".join(carried[:3])
        used[name] += 1
        names[carried] = name if used[name] == 1 else f"{name}-{used[name]}"
    return names


def _plain_demand(name: str, leg: DayLeg) -> JsonObject:
    return {
        "id": name,
        "class": leg.what,
        "data": leg.data,
        "returns": leg.returns,
        "src": leg.src,
        "dst": leg.dst,
    }


def _workload(leg: DayLeg, demand: str, scale: Scale) -> JsonObject:
    """A transfer at once, or one in each hour."""
    made: JsonObject = {"id": leg.id, "kind": "bulk", "demands": [demand]}
    octets, start = leg.octets, leg.at_h
    if leg.until_h is not None:
        octets = round(leg.octets / (leg.until_h - start))
        made |= {"interval": "1h", "arrival": "periodic", "stop": scale.at(leg.until_h - 0.5)}
    return made | {
        "size": f"{octets}B",
        "compress": scale.compress,
        "start": scale.at(start),
        "drain": scale.at(TAIL_H),
    }


def _computing(loaded: LoadedJobs, of: PlaceAnswer, day: Day, scale: Scale) -> JsonObject:
    optional = {
        "count": of.count,
        "currency": of.currency,
        "wan_kwh_per_gb": loaded.file.wan_kwh_per_gb,
    }
    return {
        "hour": scale.at(1),
        **{key: value for key, value in optional.items() if value},
        "hubs": [one for period in day.periods for one in _hubs(period, day)],
        "runs": [
            {
                "job": run.job,
                "hub": run.hub,
                "data": run.data,
                **({"brought_by": run.brought_by} if run.brought_by else {}),
                **({"awaits": [*run.awaits]} if run.awaits else {}),
                "mw": [round(mw, 9) for mw in run.mw],
            }
            for run in day.runs
        ],
        "legs": [{"workload": one.id, "data": one.data, "octets": one.octets} for one in day.legs],
    }


def _hubs(period: DayPeriod, day: Day) -> Iterator[JsonObject]:
    """Values of hubs in use from the beginning of a period on; those of a hub that comes into use
    later, from hour 0 on."""
    first: Mapping[str, int] = {
        hub.hub: one.from_h for one in reversed(day.periods) for hub in one.hubs
    }
    for hub in period.hubs:
        from_h = 0 if first[hub.hub] == period.from_h else period.from_h
        yield {"hub": hub.hub, "from_h": from_h, **_values(hub)}


def _values(hub: PeriodHub) -> JsonObject:
    values = {"pue": hub.pue, "g_per_kwh": hub.factor, "green": hub.green, "price": hub.price}
    return {key: value for key, value in values.items() if value is not None}
