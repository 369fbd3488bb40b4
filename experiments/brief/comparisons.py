"""The brief of a run beside another run: which demands differ, and by how much. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from corridor.experiments.answers.compared_demands import DemandPair, demand_pairs
from corridor.experiments.answers.document import Answers
from corridor.experiments.answers.names import Names
from corridor.experiments.brief.document import Bar, Brief, Cell, Chart, Look, Picture, Table
from corridor.experiments.brief.places import Places, caption_of
from corridor.experiments.brief.runs import run_brief
from corridor.experiments.pages.run_page import RunResults, alarms_of
from corridor.experiments.pages.sources import map_sources
from corridor.experiments.results.summary import DemandSummary
from corridor.topologies.base.words import LEAST_SHOWN_MS, counted, ms

ONE_RUN = (
    "Each side is one run. A difference of two runs has no interval; a study with several seeds "
    "states one."
)
HELPS = "A study of both conditions with several seeds: corridor help study."


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

    @property
    def about(self) -> str:
        of = self.run.summary
        return f"{self.quoted} ({of.scenario}, policy set {of.policies}, seed {of.seed})"


def comparison_brief(one: Side, other: Side) -> Brief:
    """What differs between a run and another one, both complete and valid.

    Rules and assumptions are those of the first.
    """
    places = Places(one.answers.map)
    every = demand_pairs(other.run.summary, one.run.summary)
    shown = sorted((pair for pair in every if pair.differs), key=_rank)
    part = run_brief(one.run, one.answers, one.names)
    used = {fibre for pair in shown for side in _sides(pair) for fibre in side.fibres}
    alarms = [f"{side.name}: {said}" for side in (one, other) for said in alarms_of(side.run)]
    return replace(
        part,
        about="Two runs compared. Measured in an emulation of the map.",
        alarms=alarms,
        question=f"What differs between run {one.about} and run {other.about}?",
        answer=list(_answer(every, shown, places, one.quoted, other.quoted)),
        uncertainty=list(_uncertainty(shown)),
        picture=_picture(shown, places, one, other),
        chart=_chart(shown, places, one, other),
        table=_table(every, shown, places, one, other),
        helps=[HELPS],
        fibres=map_sources(fibre for fibre in one.answers.map.fibres if fibre.id in used),
        footer=f"Made by corridor from the results {one.name} and {other.name}.",
    )


def _sides(pair: DemandPair) -> list[DemandSummary]:
    return [of for of in (pair.one, pair.other) if of is not None]


def _median_ms(of: DemandSummary | None) -> float | None:
    return None if of is None or of.rtt_ms is None else of.rtt_ms.p50


def _change_ms(pair: DemandPair) -> float | None:
    before, now = _median_ms(pair.one), _median_ms(pair.other)
    return None if before is None or now is None else now - before


def _rank(pair: DemandPair) -> tuple[bool, float]:
    """Demands that only one run serves, then by the change of the median."""
    change = _change_ms(pair)
    return change is not None, -abs(change or 0.0)


def _answer(
    every: Sequence[DemandPair],
    shown: Sequence[DemandPair],
    places: Places,
    one: str,
    other: str,
) -> Iterator[str]:
    verb = "differs" if len(shown) == 1 else "differ"
    yield f"{len(shown) or 'None'} of {counted(len(every), 'demand')} {verb}."
    replies = [
        (_median_ms(pair.one) is not None, _median_ms(pair.other) is not None) for pair in every
    ]
    gone, new = replies.count((True, False)), replies.count((False, True))
    if gone:
        verb = "has" if gone == 1 else "have"
        yield f"{counted(gone, 'demand')} with replies in {other} {verb} none in {one}."
    if new:
        verb = "has" if new == 1 else "have"
        yield f"{counted(new, 'demand')} {verb} replies only in {one}."
    moved = [pair for pair in shown if abs(_change_ms(pair) or 0.0) >= LEAST_SHOWN_MS]
    for pair in moved[:1]:
        sides, change = _sides(pair), _change_ms(pair) or 0.0
        where = places.between(sides[0].src, sides[0].dst)
        yield (
            f"The median round-trip time (RTT) changes most for {where}: it is {ms(abs(change))} "
            f"{'longer' if change > 0 else 'shorter'} in {one}, "
            f"{ms(_median_ms(pair.other) or 0.0)} (measured)."
        )


def _uncertainty(shown: Sequence[DemandPair]) -> Iterator[str]:
    yield ONE_RUN
    chance = sum(bool(pair.may_be_chance) for pair in shown)
    if chance:
        yield (
            f"For {counted(chance, 'demand')}, the 95 % intervals of both medians overlap, so that "
            "the difference may be random."
        )


def _picture(shown: Sequence[DemandPair], places: Places, one: Side, other: Side) -> Picture | None:
    looks: tuple[Look, Look] = ("free", "permitted")
    known = {fibre.id for fibre in places.where.fibres}
    paths: list[tuple[Look, Sequence[str]]] = [
        (look, of.fibres)
        for pair in shown
        for look, of in zip(looks, (pair.one, pair.other), strict=True)
        if of is not None and of.fibres and known.issuperset(of.fibres)
    ]
    if not paths:
        return None
    hubs = {hub.id for hub in places.where.hubs}
    every = [side for pair in shown for side in _sides(pair)]
    ends = [hub for side in every for hub in (side.src, side.dst) if hub in hubs]
    ends = list(dict.fromkeys(ends))
    crossed = dict.fromkeys(code for side in every for code in side.crosses)
    may = dict.fromkeys(code for side in every for code in side.may_cross if code not in crossed)
    return Picture(
        where=places.part((fibre for _, fibres in paths for fibre in fibres), ends),
        paths=paths,
        meanings={"permitted": f"path in {one.name}", "free": f"path in {other.name}"},
        ends=ends,
        caption=caption_of([*map(places.country, crossed)], [*map(places.country, may)]),
    )


def _chart(shown: Sequence[DemandPair], places: Places, one: Side, other: Side) -> Chart | None:
    bars = [
        Bar(
            places.between(pair.other.src, pair.other.dst),
            pair.demand,
            _median_ms(pair.other),
            other=_median_ms(pair.one),
            text=ms(_median_ms(pair.other) or 0.0),
        )
        for pair in shown
        if pair.other is not None and _median_ms(pair.other) is not None
    ]
    title = "Median round-trip times (measured)"
    return Chart(title, "ms", bars, one.name, other=other.name) if bars else None


def _table(
    every: Sequence[DemandPair],
    shown: Sequence[DemandPair],
    places: Places,
    one: Side,
    other: Side,
) -> Table:
    same = len(every) - len(shown)
    return Table(
        "Demands that differ",
        ("Demand", f"RTT in {other.name}", f"RTT in {one.name}", "Packets lost", "Path"),
        [_row(pair, places) for pair in shown],
        f"Not shown, as it is the same in both runs: {counted(same, 'demand')}." if same else "",
    )


def _row(pair: DemandPair, places: Places) -> list[Cell]:
    of = _sides(pair)[0]
    paths = [" ".join(side.path) for side in _sides(pair)]
    lost = [f"{side.lost:,} of {side.sent:,}" for side in _sides(pair)]
    return [
        Cell(places.between(of.src, of.dst), pair.demand),
        _rtt(pair.one),
        _rtt(pair.other),
        Cell(" → ".join(dict.fromkeys(lost))),
        Cell("same" if len(set(paths)) == 1 else "differs"),
    ]


def _rtt(of: DemandSummary | None) -> Cell:
    median_ms = _median_ms(of)
    if of is None:
        return Cell("not in this run")
    return Cell(of.status) if median_ms is None else Cell(ms(median_ms), of.status)
