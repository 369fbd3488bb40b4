"""A day with events: at each, what is left of the day is placed again, and jobs may move. Pure.

Events are not known in advance. What was computed stays computed; a job that runs takes its state
along, by a path that is permitted for the data of its input, and moves only if that saves enough or
if power does not suffice where it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from corridor.controller.policy.permitted_paths import PermittedPath
from corridor.experiments.placement.day_documents import (
    Day,
    DayLeg,
    DayMove,
    DayPeriod,
    DayRun,
    PeriodHub,
)
from corridor.experiments.placement.day_work import (
    LEAST_H,
    Run,
    Work,
    left_mwh,
    left_of,
    mean_rtt_ms,
    scheduled,
)
from corridor.experiments.placement.fibre_loads import LegRate, rates_of
from corridor.experiments.placement.hub_values import End, HubValues
from corridor.experiments.placement.jobs_file import HOURS, Job, PowerEvent
from corridor.experiments.placement.placing import BYTES_OF_GB, LEAST_JOBS, Part, Placing, Plan
from corridor.experiments.placement.power_events import with_events
from corridor.experiments.placement.program import NoPlacement, Solution, solve
from corridor.experiments.placement.program_rows import Column, Problem
from corridor.experiments.placement.round_trips import Leg, RoundTrip
from corridor.topologies.base.arrays import Floats

LEAST_SAVING = 0.01
"""Of what is left of a running job: what a move has to save, so that none is for nothing."""


NOTHING_LEFT = DayPeriod(
    from_h=0,
    until_h=HOURS,
    events=(),
    because=(),
    hubs=(),
    left_mwh=0.0,
    before_events=0.0,
    stays=0.0,
    stays_bound=0.0,
    why_not="",
    value=0.0,
    gap=0.0,
    mean_rtt_before_ms=0.0,
    mean_rtt_ms=0.0,
)
"""The rest of a day in which all jobs are finished."""


class _Option(NamedTuple):
    """A hub for the rest of some jobs."""

    work: int
    hub: int
    trip: RoundTrip
    move: PermittedPath | None
    """How their state gets there, if they have to move."""
    surcharge: float


def day_of(placing: Placing, plan: Plan, *, law: bool, end: End) -> Day:
    """Return the day of a file with events, from the placement of the day without them.

    Args:
        placing: The jobs and hubs, with the values at the beginning.
        plan: The placement without events.
        law: Whether paths are lawful ones.
        end: The end of the factors that the objective uses.

    Raises:
        NoPlacement: After an event, what is left does not fit.
        InputError: An event names a hub that may not compute, lacks a factor by the counting of
            the objective, or moves a job whose state is unknown.
    """
    return _Day(placing, plan, law=law, end=end).made()


class _Day:
    def __init__(self, placing: Placing, plan: Plan, *, law: bool, end: End) -> None:
        self._first, self._now = placing, placing
        self._plan, self._law, self._end = plan, law, end
        self._file = placing.loaded.file
        self._legs: list[DayLeg] = []
        self._runs: list[DayRun] = []
        self._moves: list[DayMove] = []
        self._periods: list[DayPeriod] = []
        self._names: set[str] = set()

    def made(self) -> Day:
        value = self._plan.solution.value
        works = [
            Work(job, job, part.jobs, part.hub, part.trip)
            for job in self._first.jobs
            for part in self._plan.parts[job.id]
        ]
        rtt_ms = mean_rtt_ms(works)
        period = replace(
            NOTHING_LEFT,
            left_mwh=left_mwh(works),
            before_events=value,
            stays=value,
            stays_bound=self._plan.solution.bound,
            value=value,
            gap=value - self._plan.solution.bound,
            mean_rtt_before_ms=rtt_ms,
            mean_rtt_ms=rtt_ms,
        )
        runs = list(scheduled(works, self._plan.solution.schedules))
        begin_h = 0
        for at_h, events in self._by_hour():
            runs = self._close(period, runs, begin_h, at_h)
            period, runs = self._after(events, at_h, runs)
            begin_h = at_h
        self._close(period, runs, begin_h, HOURS)
        return self._summed()

    def _by_hour(self) -> list[tuple[int, list[PowerEvent]]]:
        by_hour = defaultdict[int, list[PowerEvent]](list)
        for event in self._file.events:
            by_hour[event.at_h].append(event)
        return sorted(by_hour.items())

    def _after(
        self, events: Sequence[PowerEvent], at_h: int, runs: Iterable[Run]
    ) -> tuple[DayPeriod, list[Run]]:
        """The placement of what is left, and its runs."""
        works = [left for run in runs if (left := left_of(run, at_h)) is not None]
        before_events = sum(self._cost(one.left, one.hub, one.trip) * one.jobs for one in works)
        hubs = with_events(self._now.hubs, events, self._first.loaded, self._first.asked.counting)
        self._now = self._now.with_hubs(hubs)
        names = tuple(one.id for one in events)
        if not works:
            because = tuple(one.because for one in events)
            return replace(NOTHING_LEFT, from_h=at_h, events=names, because=because), []
        stays, why_not = self._stays(works)
        options, solution = self._placed(works, at_h)
        placed = list(self._moved(works, options, solution, at_h, names))
        paid = sum(n * one.surcharge for n, one in zip(solution.placed, options, strict=True))
        period = DayPeriod(
            from_h=at_h,
            until_h=HOURS,
            events=names,
            because=tuple(one.because for one in events),
            hubs=(),
            left_mwh=left_mwh(works),
            before_events=before_events,
            stays=None if stays is None else stays.value,
            stays_bound=None if stays is None else stays.bound,
            why_not=why_not,
            value=solution.value - paid,
            gap=solution.value - solution.bound,
            mean_rtt_before_ms=mean_rtt_ms(works),
            mean_rtt_ms=mean_rtt_ms(placed),
        )
        return period, list(scheduled(placed, solution.schedules))

    def _cost(self, job: Job, hub: int, trip: RoundTrip) -> float:
        return self._now.unit_cost(job, Part(hub, 1.0, trip), self._end)

    def _options(self, works: Sequence[Work], *, moves: bool) -> Iterator[_Option]:
        for number, work in enumerate(works):
            stays = self._cost(work.left, work.hub, work.trip)
            for hub, trip in self._now.options(work.entry, law=self._law).items():
                move, surcharge = None, 0.0
                if work.has_begun and hub != work.hub:
                    ends = (self._now.hubs[one].hub for one in (work.hub, hub))
                    move = self._now.trips.leg(work.entry.data, *ends, law=self._law)
                    surcharge = LEAST_SAVING * stays
                    if move is None or not moves:
                        continue
                yield _Option(number, hub, trip, move, surcharge)

    def _solved(self, works: Sequence[Work], options: Sequence[_Option]) -> Solution:
        """Raises NoPlacement."""
        now = self._now
        columns = [
            Column(
                one.work,
                one.hub,
                self._cost(works[one.work].left, one.hub, one.trip) + one.surcharge,
                one.trip.rtt_ns / 1e6,
            )
            for one in options
        ]
        groups = [(one.left, one.jobs) for one in works]
        limits = [one.limit_mw for one in now.hubs]
        rates = [self._rates(works[one.work], one) for one in options]
        problem = Problem(groups, limits, columns, {}, is_early=True)
        problem = now.loads.limited(problem, rates, law=self._law)
        try:
            return solve(problem, now.asked.effort)
        except NoPlacement as error:
            raise now.explained(error, problem, law=self._law) from error

    def _rates(self, work: Work, option: _Option) -> list[LegRate]:
        """Over what is left of the window, with the state."""
        rates = rates_of(work.left, self._now.hubs[option.hub].hub)
        if option.move is None:
            return rates
        state = work.left.model_copy(update={"input": work.entry.state or 0})
        (_, gbps), _ = rates_of(state, self._now.hubs[option.hub].hub)
        src, dst = (self._now.hubs[one].hub for one in (work.hub, option.hub))
        return [*rates, LegRate(Leg(work.entry.data, src, dst), gbps)]

    def _stays(self, works: Sequence[Work]) -> tuple[Solution | None, str]:
        """If no running job moves; or why that does not fit."""
        try:
            return self._solved(works, list(self._options(works, moves=False))), ""
        except NoPlacement as error:
            return None, error.message

    def _placed(self, works: Sequence[Work], at_h: int) -> tuple[list[_Option], Solution]:
        options = list(self._options(works, moves=True))
        try:
            return options, self._solved(works, options)
        except NoPlacement as error:
            raise NoPlacement(f"from {at_h} h on, {error.message}", error.hint) from error

    def _moved(
        self,
        works: Sequence[Work],
        options: Sequence[_Option],
        solution: Solution,
        at_h: int,
        names: tuple[str, ...],
    ) -> Iterator[Work]:
        """What was placed where; moves are written down."""
        for jobs, option in zip(solution.placed, options, strict=True):
            work = works[option.work]
            if jobs <= LEAST_JOBS:
                continue
            at = replace(work, jobs=jobs, hub=option.hub, trip=option.trip)
            if option.move is None:
                yield at
                continue
            state = self._move(work, at, option.move, at_h, names)
            yield replace(at, awaits=(*work.awaits, *state), brought_by="".join(state))

    def _move(
        self, work: Work, to: Work, path: PermittedPath, at_h: int, names: tuple[str, ...]
    ) -> list[str]:
        """Raises InputError where the state is unknown."""
        entry, jobs = work.entry, to.jobs
        src, dst = self._now.hubs[work.hub].hub, self._now.hubs[to.hub].hub
        if entry.state is None:
            number = self._file.jobs.index(entry)
            raise self._first.loaded.document.error(
                f"state of {entry.id}: unknown, and {jobs:,.4g} of it move from {src} to {dst} at "
                f"{at_h} h",
                "jobs",
                number,
                hint="state the bytes that one takes along, for example state: 2TB",
            )
        octets = round(entry.state * jobs)
        self._moves.append(
            DayMove(
                job=entry.id,
                jobs=jobs,
                at_h=at_h,
                from_hub=src,
                to_hub=dst,
                because=names,
                state_bytes=octets,
                path=path.path.hubs,
                wan_mwh=self._wan_mwh(octets),
                it_mwh=work.left.it_mwh * jobs,
                before=self._cost(work.left, work.hub, work.trip) * jobs,
                after=self._cost(work.left, to.hub, to.trip) * jobs,
                rtt_before_ms=work.trip.rtt_ns / 1e6,
                rtt_ms=to.trip.rtt_ns / 1e6,
            )
        )
        return self._leg("state", to, (src, dst), path, octets, (at_h, None))

    def _close(self, period: DayPeriod, runs: Iterable[Run], begin_h: int, end_h: int) -> list[Run]:
        """Write down what ran from the beginning of a period to its end, and what was sent; return
        the runs with what they waited for."""
        it_mwh, closed = np.zeros(len(self._now.hubs)), list[Run]()
        for run in runs:
            work, load = run.work, np.zeros(HOURS)
            load[begin_h:end_h] = run.load[begin_h:end_h]
            mw = load * work.left.it_mw * work.jobs
            it_mwh[work.hub] += mw.sum()
            if work.left.window[0] < end_h:
                work = self._sent(work, run.load, begin_h, end_h)
            closed.append(Run(work, run.load))
            hub = self._now.hubs[work.hub].hub
            if mw.any():
                self._runs.append(
                    DayRun(
                        work.entry.id,
                        work.entry.data,
                        hub,
                        work.jobs,
                        tuple(mw.tolist()),
                        work.awaits,
                        work.brought_by,
                    )
                )
        hubs = tuple(
            self._period_hub(one, float(mwh))
            for one, mwh in zip(self._now.hubs, it_mwh, strict=True)
            if mwh > LEAST_H
        )
        self._periods.append(replace(period, until_h=end_h, hubs=hubs))
        return closed

    def _sent(self, work: Work, load: Floats, begin_h: int, end_h: int) -> Work:
        """Write down input and results; return the work with what it waits for."""
        entry, hub = work.entry, self._now.hubs[work.hub].hub
        there, back = (entry.origin, hub), (hub, entry.to)
        if entry.rtt_budget is not None:
            share = work.jobs * (end_h - begin_h) / HOURS
            hours = (begin_h, end_h)
            sent = self._leg("input", work, there, work.trip.legs[0], entry.input * share, hours)
            self._leg("results", work, back, work.trip.legs[1], entry.output * share, hours)
            return replace(work, brought_by="".join(sent) or work.brought_by)
        if not work.has_begun:
            when = (max(begin_h, work.left.window[0]), None)
            octets = entry.input * work.jobs
            sent = self._leg("input", work, there, work.trip.legs[0], octets, when)
            work = replace(work, awaits=tuple(sent), brought_by="".join(sent))
        if load[end_h:].sum() <= LEAST_H:
            done_h = int(np.flatnonzero(load > LEAST_H)[-1]) + 1
            octets = entry.output * work.jobs
            self._leg("results", work, back, work.trip.legs[1], octets, (done_h, None))
        return work

    def _leg(
        self,
        what: str,
        work: Work,
        ends: tuple[str, str],
        path: PermittedPath | None,
        octets: float,
        hours: tuple[int, int | None],
    ) -> list[str]:
        """Its id, or nothing where data stays at the hub."""
        (src, dst), entry = ends, work.entry
        if src == dst or octets < 1:
            return []
        data = entry.result_class if what == "results" else entry.data
        round_trip = what != "state" and entry.to == entry.origin
        other = entry.data if what == "results" else entry.result_class
        name = self._name(f"{entry.id}-{what}-{src if what == 'results' else dst}")
        assert path is not None
        self._legs.append(
            DayLeg(
                id=name,
                what=what,
                job=entry.id,
                data=data,
                returns=other if round_trip else data,
                src=src,
                dst=dst,
                octets=round(octets),
                at_h=hours[0],
                until_h=hours[1],
                path=path.path.hubs,
            )
        )
        return [name]

    def _name(self, wanted: str) -> str:
        number, name = 1, wanted
        while name in self._names:
            number += 1
            name = f"{wanted}-{number}"
        self._names.add(name)
        return name

    def _period_hub(self, hub: HubValues, it_mwh: float) -> PeriodHub:
        count = self._first.asked.counting
        assert hub.pue.value is not None

        def tco2(end: End) -> float | None:
            return None if count is None else hub.tco2(it_mwh, count, end)

        return PeriodHub(
            hub=hub.hub,
            limit_mw=hub.limit_mw,
            pue=hub.pue.value,
            factor=None if count is None else hub.factors[count].at(self._end),
            green=hub.green,
            price=None if hub.price is None else hub.price.value,
            it_mwh=it_mwh,
            meter_mwh=hub.meter_mwh(it_mwh),
            tco2=tco2(self._end),
            tco2_low=tco2("low"),
            tco2_high=tco2("high"),
            cost=hub.cost(it_mwh),
        )

    def _wan_mwh(self, octets: float) -> float | None:
        each = self._file.wan_kwh_per_gb
        return None if each is None else octets / BYTES_OF_GB * each / 1000

    def _summed(self) -> Day:
        hubs = [one for period in self._periods for one in period.hubs]
        sent = sum(one.octets for one in self._legs)
        tco2, cost = _total(one.tco2 for one in hubs), _total(one.cost for one in hubs)
        objective = self._first.asked.objective
        last = self._periods[-1].value
        totals = {"latency": last, "cost": cost or 0.0}
        return Day(
            it_mwh=sum(one.it_mwh for one in hubs),
            tco2=tco2,
            tco2_low=_total(one.tco2_low for one in hubs),
            tco2_high=_total(one.tco2_high for one in hubs),
            cost=cost,
            sent_bytes=sent,
            wan_mwh=self._wan_mwh(sent),
            undisturbed=self._plan.solution.value,
            total=totals.get(objective, tco2 or 0.0),
            least_saving=LEAST_SAVING,
            periods=tuple(self._periods),
            moves=tuple(self._moves),
            legs=tuple(self._legs),
            runs=tuple(self._runs),
        )


def _total(each: Iterable[float | None]) -> float | None:
    """None where one is unknown."""
    known = list(each)
    return None if None in known else sum(filter(None, known))
