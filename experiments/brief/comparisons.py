"""The brief of a run beside another run: which demands differ, and by how much. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.account.summary import DemandSummary
from corridor.experiments.answers.document import Answers
from corridor.experiments.answers.names import Names
from corridor.experiments.answers.outcome import Outcome, outcome_of
from corridor.experiments.brief.document import Bar, Brief, Cell, Chart, Look, Picture, Table
from corridor.experiments.brief.places import Places
from corridor.experiments.brief.runs import run_brief
from corridor.experiments.pages.claims import map_sources
from corridor.experiments.pages.run_page import RunResults, alarms_of
from corridor.experiments.text.comparison_text import DemandPair, demand_pairs
from corridor.experiments.text.demand_table import undisturbed_rtt_ms
from corridor.topologies.base.words import counted, has_moved, ms

CERTAINTY = (
    "each run was measured once, so there is no interval; a study of several seeds gives one"
)
ONE_RUN = (
    "Each side is one run. A difference of two runs has no interval; a study with several seeds "
    "states one."
)
EVENTS = (
    "RTTs are medians before the first event that affects a demand. Losses are those of the whole "
    "run, including events."
)
HELPS = "No change was searched for here: see corridor price for policies, corridor cut for cables."
NOT_LISTED = "corridor compare --json lists every demand."
KEYS = {"as_of": "as of", **{key: key for key in ("seed", "clock", "testbed", "controller")}}
"""Settings that are named where both runs differ; scenario and policy set always are."""


@dataclass(frozen=True)
class Side:
    """A run, its answers, and the name of its folder."""

    run: RunResults
    answers: Answers
    names: Names
    name: str

    @property
    def quoted(self) -> str:
        return f"“{self.name}”"

    @cached_property
    def rtt_ms(self) -> Mapping[str, float | None]:
        return undisturbed_rtt_ms(self.run.summary)

    def about(self, other: Side) -> str:
        """The name, with the settings of the run that differ from those of the other."""
        one, two = self.run.summary, other.run.summary
        said = [f"scenario {one.scenario}", f"policy set {one.policies}"]
        for key, words in KEYS.items():
            if getattr(one, key) != getattr(two, key):
                said += [f"{words} {getattr(one, key) or '-'}"]
        return f"{self.quoted} ({', '.join(said)})"

    def of(self, demand: DemandSummary) -> Served:
        is_checked = self.run.summary.policies != NO_POLICIES
        is_covered = not demand.not_judged
        outcome = outcome_of(demand.status, is_checked=is_checked, is_covered=is_covered)
        rtt_ms = self.rtt_ms[demand.id] if outcome.is_served else None
        return Served(demand, outcome, rtt_ms)


class Served(NamedTuple):
    """A demand in one run."""

    demand: DemandSummary
    outcome: Outcome
    rtt_ms: float | None

    @property
    def lost(self) -> str:
        return f"{self.demand.lost:,} of {self.demand.sent:,}"


@dataclass(frozen=True)
class Both:
    """A demand in both runs; None where a run has no demand of that id."""

    pair: DemandPair
    one: Served | None
    other: Served | None

    @property
    def any(self) -> DemandSummary:
        return next(one for one in (self.one, self.other) if one is not None).demand

    @property
    def change_ms(self) -> float | None:
        """How much longer the round trip is in the first run."""
        if self.one is None or self.other is None:
            return None
        if self.one.rtt_ms is None or self.other.rtt_ms is None:
            return None
        return self.one.rtt_ms - self.other.rtt_ms

    @property
    def differs(self) -> bool:
        one, other = self.one, self.other
        if one is None or other is None:
            return True
        return (
            _differs(one.outcome, other.outcome)
            or self.pair.is_measured_otherwise
            or (one.rtt_ms is None) != (other.rtt_ms is None)
            or has_moved(self.change_ms)
        )


def _differs(one: Outcome, other: Outcome) -> bool:
    """Without policies nothing is checked, so only whether a demand is served compares."""
    if Outcome.SERVED in (one, other):
        return one.is_served != other.is_served
    return one is not other


def comparison_brief(one: Side, other: Side) -> Brief:
    """What differs between a run and another one, both complete and valid, on the same map."""
    places = Places(one.answers.map)
    every = [_both(pair, one, other) for pair in demand_pairs(one.run.summary, other.run.summary)]
    shown = sorted((both for both in every if both.differs), key=_rank)
    parts = [run_brief(side.run, side.answers, side.names) for side in (one, other)]
    paths = [served for both in shown for served in (both.one, both.other) if served is not None]
    used = {fibre for served in paths for fibre in served.demand.fibres}
    alarms = [f"{side.quoted}: {said}" for side in (one, other) for said in alarms_of(side.run)]
    return replace(
        parts[0],
        title="Two runs compared",
        about=f"{one.names.scenario or one.answers.scenario}. Measured in an emulation of the "
        "map. Rules below are those that either run cites. Not legal advice.",
        alarms=alarms,
        question=f"What differs between run {one.about(other)} and run {other.about(one)}?",
        answer=list(_answer(every, shown, places, one, other)),
        certainty=CERTAINTY,
        uncertainty=list(_uncertainty(shown, one, other)),
        picture=_picture(shown, places, one, other),
        chart=_chart(shown, places, one, other),
        table=_table(every, shown, places, one, other),
        helps=[HELPS],
        beliefs=list(dict.fromkeys(line for part in parts for line in part.beliefs)),
        law=list(dict.fromkeys(line for part in parts for line in part.law)),
        fibres=map_sources(fibre for fibre in one.answers.map.fibres if fibre.id in used),
        footer=f"Made by corridor from the results {one.name} and {other.name}.",
    )


def _both(pair: DemandPair, one: Side, other: Side) -> Both:
    return Both(
        pair,
        None if pair.one is None else one.of(pair.one),
        None if pair.other is None else other.of(pair.other),
    )


def _rank(both: Both) -> tuple[bool, float]:
    """Demands without a round trip in one run first, then by the change."""
    change = both.change_ms
    return change is not None, -abs(change or 0.0)


def _answer(
    every: Sequence[Both], shown: Sequence[Both], places: Places, one: Side, other: Side
) -> Iterator[str]:
    verb = "differs" if len(shown) == 1 else "differ"
    yield f"{len(shown) or 'None'} of {counted(len(every), 'demand')} {verb}."
    only = [(both.one is not None, both.other is not None) for both in every]
    heard = [(_is_heard(both.one), _is_heard(both.other)) for both in every]
    for this, that, sides in ((one, other, (True, False)), (other, one, (False, True))):
        alone = only.count(sides)
        if alone:
            yield f"Only in {this.quoted}: {counted(alone, 'demand')}."
        if heard.count(sides) > alone:
            gone = counted(heard.count(sides) - alone, "demand")
            yield f"With replies in {this.quoted} and none in {that.quoted}: {gone}."
    moved = [both for both in shown if has_moved(both.change_ms)]
    for both in moved[:1]:
        change = both.change_ms or 0.0
        yield (
            f"The round-trip time (RTT) differs most for {_where(both, places)}: it is "
            f"{ms(abs(change))} {'longer' if change > 0 else 'shorter'} in {one.quoted} (measured)."
        )


def _is_heard(served: Served | None) -> bool:
    return served is not None and served.rtt_ms is not None


def _where(both: Both, places: Places) -> str:
    return places.between(both.any.src, both.any.dst)


def _uncertainty(shown: Sequence[Both], one: Side, other: Side) -> Iterator[str]:
    yield ONE_RUN
    if one.run.summary.events or other.run.summary.events:
        yield EVENTS
    moved = [both for both in shown if has_moved(both.change_ms)]
    chance = sum(bool(both.pair.may_be_chance) for both in moved)
    if chance:
        yield (
            f"For {counted(chance, 'demand')}, the 95 % intervals of both medians overlap, so that "
            "the difference of the RTT may be random."
        )


def _picture(shown: Sequence[Both], places: Places, one: Side, other: Side) -> Picture | None:
    looks: tuple[Look, Look] = ("permitted", "free")
    found = [
        (look, served)
        for both in shown
        for look, served in zip(looks, (both.one, both.other), strict=True)
        if served is not None and served.demand.fibres
    ]
    paths = [served for _, served in found]
    ends = [hub for served in paths for hub in (served.demand.src, served.demand.dst)]
    meanings: dict[Look, str] = {
        "permitted": f"path in {one.quoted}",
        "free": f"path in {other.quoted}",
    }
    legs = [(look, served.demand) for look, served in found]
    return places.picture(legs, [served.demand for served in paths], ends, meanings)


def _chart(shown: Sequence[Both], places: Places, one: Side, other: Side) -> Chart | None:
    bars = [
        Bar(
            _where(both, places),
            both.any.id,
            both.one.rtt_ms,
            other=None if both.other is None else both.other.rtt_ms,
            text=ms(both.one.rtt_ms),
        )
        for both in shown
        if both.one is not None and both.one.rtt_ms is not None
    ]
    title = "Round-trip times (measured, median)"
    return Chart(title, "ms", bars, one.quoted, other=other.quoted) if bars else None


def _table(
    every: Sequence[Both], shown: Sequence[Both], places: Places, one: Side, other: Side
) -> Table:
    same = len(every) - len(shown)
    rest = f"The same in both runs: {counted(same, 'demand')}. {NOT_LISTED}"
    return Table(
        "Demands that differ",
        (
            "Demand",
            f"In {other.quoted}",
            f"In {one.quoted}",
            f"Packets lost, {other.quoted} → {one.quoted}",
            "Path",
        ),
        [_row(both, places) for both in shown],
        rest if same else NOT_LISTED,
    )


def _row(both: Both, places: Places) -> list[Cell]:
    one, other = both.one, both.other
    path = "-" if one is None or other is None else "same"
    if one is not None and other is not None and one.demand.path != other.demand.path:
        path = "differs"
    lost = " → ".join("-" if served is None else served.lost for served in (other, one))
    return [
        Cell(_where(both, places), both.any.id),
        _cell(other),
        _cell(one),
        Cell(lost),
        Cell(path),
    ]


def _cell(served: Served | None) -> Cell:
    if served is None:
        return Cell("not in this run")
    if served.rtt_ms is None:
        return Cell(served.outcome.word, "no reply" if served.outcome.is_served else "")
    return Cell(ms(served.rtt_ms), served.outcome.word)
