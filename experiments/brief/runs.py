"""The brief of a run: what is read of its summary is read here. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.answers.document import Answers
from corridor.experiments.answers.names import Names
from corridor.experiments.brief.document import (
    CONSTANTS,
    Bar,
    Brief,
    Cell,
    Chart,
    Delay,
    Picture,
    Source,
    Table,
)
from corridor.experiments.brief.places import Places
from corridor.experiments.brief.policies import DEMAND, Question, policy_brief
from corridor.experiments.pages.claims import map_sources, safe_address
from corridor.experiments.pages.demands import Asked, of_answers
from corridor.experiments.pages.run_page import RunResults, alarms_of
from corridor.experiments.study.answers import Answers as Found
from corridor.experiments.study.answers import ConditionAnswer
from corridor.experiments.study.study_file import (
    Levels,
    MeasureEntry,
    SourceEntry,
    StudyFile,
    blanks,
    described,
)
from corridor.experiments.study.words import answer_of, bounds, differences, figure
from corridor.experiments.text.event_text import internet_of_events, worst_cut, worst_event
from corridor.experiments.text.verdict import holds
from corridor.experiments.text.workload_text import congestion_sentence
from corridor.topologies.base.words import counted, is_longer, ms

# The brief of a run without policies: how long demands take, and what the worst cut does.

NOTHING_CHECKED = (
    "No policy set is active, so nothing was checked for compliance. This says nothing about what "
    "the law permits."
)
MOST = 5
"""Demands that are shown: those with the longest round trips."""


def free_brief(of: Question, worst: str) -> Brief:
    """The longest round trips of a scenario without policies; ``worst`` is the worst cut."""
    places = Places(of.where, of.demands)
    order = sorted(of.demands, key=lambda one: -(one.under[0].round_trip_ms or 0.0))
    served = [one for one in order if not one.under[0].is_kept_back]
    part = policy_brief(replace(of, demands=order[:MOST], measured=[], helps=[], lost={}))
    return replace(
        part,
        about=f"Without policies. {of.kind}.",
        question=(
            f"How long do the {counted(len(of.demands), 'demand')} of this scenario take on the "
            f"shortest paths, and which cut affects them most? {DEMAND}"
        ),
        answer=[
            f"{len(served)} of {counted(len(of.demands), 'demand')} have a path.",
            *(_longest(one, places) for one in served[:1]),
            *([places.sentence(worst)] if worst else []),
            *of.measured,
        ],
        certainty=next(
            (_delay(one).certainty("longest round-trip time") for one in served), "no path exists"
        ),
        uncertainty=[*part.uncertainty, NOTHING_CHECKED],
        picture=part.picture and replace(part.picture, meanings={"permitted": "shortest path"}),
        chart=_free_chart(order[:MOST], places),
        table=Table(
            f"The {MOST} demands with the longest RTT" if len(order) > MOST else "Demands",
            ("Demand", "RTT"),
            [[row[0], row[1]] for row in part.table.rows],
            f"{counted(len(order) - MOST, 'demand')} with a shorter RTT are in the full results."
            if len(order) > MOST
            else "",
        ),
        helps=["A policy set: corridor price computes what each would change."],
        footer=f"Made by corridor from scenario {of.scenario}.",
    )


def _longest(of: Asked, places: Places) -> str:
    delay = _delay(of)
    where = places.between(of.src, of.dst)
    return f"The longest round-trip time (RTT) is {delay.text} {delay.known}: {where}."


def _delay(of: Asked) -> Delay:
    under, sure = of.under[0], of.under[0].certainty
    interval = (sure.rtt_ms.low, sure.rtt_ms.high) if sure and sure.rtt_ms else None
    return Delay(under.round_trip_ms or 0.0, interval)


def _free_chart(shown: Sequence[Asked], places: Places) -> Chart:
    bars = [
        _delay(one).bar(places.between(one.src, one.dst), one.id, other=one.under[0].measured_ms)
        for one in shown
        if one.under[0].round_trip_ms is not None
    ]
    return Chart(
        "Longest round-trip times",
        "ms",
        bars,
        "computed",
        "90 % interval" if any(bar.interval for bar in bars) else "",
        "measured, median" if any(bar.other is not None for bar in bars) else "",
    )


KIND = "Computed, and measured in an emulation of the map"
COMPUTED = "Computed; the measurement is incomplete or invalid"


def run_brief(of: RunResults, answers: Answers, names: Names) -> Brief:
    """The brief of a run. An incomplete or invalid run states no measurement."""
    summary = of.summary
    measured = []
    is_sound = summary.complete and not summary.invalid
    places = Places(answers.map, answers.demands)
    if is_sound:
        lines = (
            holds(answers, summary, of.proof),
            worst_event(summary.events or (), places.element),
            internet_of_events(answers),
            congestion_sentence(summary),
        )
        measured = [places.sentence(line) for line in lines if line]
    asked = Question(
        scenario=answers.scenario,
        policies=answers.policies,
        as_of=answers.as_of,
        against=answers.against,
        names=names,
        where=answers.map,
        demands=of_answers(answers, summary if is_sound else None),
        kind=KIND if is_sound else COMPUTED,
        lost={one.id: one.lost_protection for one in answers.demands if one.lost_protection},
        helps=_helps(answers),
        measured=measured,
        alarms=list(alarms_of(of)),
    )
    if answers.policies == NO_POLICIES:
        return free_brief(asked, worst_cut(answers, places.element))
    return policy_brief(asked)


def _helps(of: Answers) -> list[str]:
    """What each clause alone costs a delayed demand, and the first remedy of each blocked one."""
    places = Places(of.map)
    delayed = [
        f"{places.between(one.src, one.dst)}: without {clause.policy} {clause.clause} alone, the "
        f"delay of one direction falls by {ms(clause.costs_ms)}."
        for one in of.demands
        for clause in one.clauses
        if is_longer(clause.costs_ms)
    ]
    blocked = [
        f"{places.between(one.src, one.dst)}: {places.sentence(one.remedies[0])}."
        for one in of.demands
        if one.remedies
    ]
    return [*delayed, *blocked]


# The brief of a study: its question, its answer with values, and each condition's values. Pure.

MOST_CONDITIONS = 4
"""Side by side in the table; of more, conditions are its rows."""
MOST_MEASURES = 3
"""In the table, where conditions are its rows."""
SAME = "no difference"
"""In the sentence of a comparison; these come last."""
INTERVALS = (
    "Intervals of measured values are 95 % confidence intervals of the mean over runs. They cover "
    "what differs between runs, not what is unknown about the map or the law."
)


@dataclass(frozen=True)
class Study:
    """A study, what its runs gave, and the answers of one of its cells."""

    of: StudyFile
    found: Found
    runs: int
    answers: Answers | None


def study_brief(of: Study) -> Brief:
    study = of.of
    levels = _conditions(of.found)
    where = of.answers.map if of.answers else None
    picture = _picture(of.answers) if of.answers else None
    used = {name for _, fibres in picture.paths for name in fibres} if picture else set()
    chart = _chart(study, of.found)
    told = answer_of(study, of.found) if study.answer else ""
    levers = sorted(differences(study, of.found), key=lambda line: SAME in line)
    return Brief(
        title=study.title or study.name,
        about=(
            f"Study {study.name}: {counted(len(levels), 'condition')}, {counted(of.runs, 'run')}. "
            "Computed, and measured in an emulation of the map. Not legal advice."
        ),
        alarms=_alarms(of.found),
        question=study.question or f"What does {study.title or study.name} show?",
        answer=[told] if told else levers[:MOST_CONDITIONS],
        certainty=_certainty(chart, of.runs),
        uncertainty=list(_uncertainty(of)),
        picture=picture,
        chart=chart,
        table=_table(study, of.found, levels),
        helps=levers or ["The study compares no conditions."],
        beliefs=[(str(number), text) for number, text in enumerate(study.assumptions, 1)],
        law=[_source(one) for one in study.sources],
        fibres=map_sources(one for one in where.fibres if one.id in used) if where else [],
        constants=CONSTANTS,
        footer=f"Made by corridor from study {study.name}.",
    )


def _conditions(found: Found) -> list[Levels]:
    return list({described(one.levels): one.levels for one in found.conditions}.values())


def _alarms(found: Found) -> list[str]:
    missing = len(found.left_out)
    return [f"{counted(missing, 'run')} of the study has no result."] if missing else []


def _uncertainty(of: Study) -> Iterator[str]:
    yield INTERVALS
    same = [one for one in of.found.conditions if one.estimate and one.estimate.is_same]
    if same:
        yield "Where all runs gave the same value, no interval is stated."
    if any(one.estimate and not one.estimate.mean_within for one in of.found.conditions):
        few = any(
            one.estimate and not one.estimate.is_same and one.estimate.mean_within is None
            for one in of.found.conditions
        )
        if few:
            yield "Some conditions have too few runs for an interval."
    for wanted in of.found.expectations:
        if wanted.holds is not True:
            state = "is not met" if wanted.holds is False else "is not decided by these runs"
            yield f"The expectation {wanted.measure} {wanted.wanted} {state}: {wanted.found}."
    if any(one.confidence != "confident" for one in of.of.sources):
        yield "Some sources are uncertain: see below."


def _measures(study: StudyFile) -> list[MeasureEntry]:
    """The measures of the answer first, in its order."""
    order = {blank.measure: number for number, blank in reversed(list(enumerate(blanks(study))))}
    return sorted(study.measures, key=lambda one: order.get(one.id, len(order)))


def _chart(study: StudyFile, found: Found) -> Chart | None:
    measure = _measures(study)[0]
    bars = [
        Bar(
            label=described(one.levels),
            small=f"{one.estimate.runs} runs",
            value=one.estimate.mean,
            interval=within and (within.low, within.high),
            text=_value(one),
        )
        for one in found.conditions
        if one.measure == measure.id and one.estimate
        for within in [one.estimate.mean_within]
    ]
    if not bars:
        return None
    has_interval = any(bar.interval for bar in bars)
    name = measure.name[:1].upper() + measure.name[1:]
    interval = "95 % confidence interval" if has_interval else ""
    return Chart(name, measure.shown_unit, bars, "mean of runs", interval)


def _certainty(of: Chart | None, runs: int) -> str:
    """Of the measure that the figure shows, the condition with the widest interval."""
    bars = [] if of is None else [bar for bar in of.bars if bar.interval]
    if of is None or not bars:
        return f"no interval, from {counted(runs, 'run')}"
    widest = max(bars, key=lambda bar: bar.interval[1] - bar.interval[0] if bar.interval else 0.0)
    return (
        f"{of.title}, {widest.label}: {widest.text} {of.unit}, mean of {widest.small} with its "
        "95 % confidence interval, the widest of all conditions"
    )


def _value(of: ConditionAnswer | None) -> str:
    if of is None or of.estimate is None:
        return "no run"
    within = of.estimate.mean_within
    said = figure(of.estimate.mean)
    return f"{said} ({bounds(within)})" if within and not of.estimate.is_same else said


def _table(study: StudyFile, found: Found, levels: Sequence[Levels]) -> Table:
    values: Mapping[tuple[str, str], ConditionAnswer] = {
        (described(one.levels), one.measure): one for one in found.conditions
    }
    measures, names = _measures(study), [described(one) for one in levels]
    headed = [f"{one.name} ({one.shown_unit})" if one.shown_unit else one.name for one in measures]
    if len(names) <= MOST_CONDITIONS:
        rows = [
            [Cell(head, one.id), *(Cell(_value(values.get((name, one.id)))) for name in names)]
            for head, one in zip(headed, measures, strict=True)
        ]
        return Table("Measures by condition: mean of runs", ("Measure", *names), rows)
    shown = measures[:MOST_MEASURES]
    rows = [
        [Cell(name), *(Cell(_value(values.get((name, one.id)))) for one in shown)] for name in names
    ]
    more = len(measures) - len(shown)
    rest = f"{counted(more, 'more measure')}: corridor study show." if more else ""
    return Table("Conditions: mean of runs", ("Condition", *headed[:MOST_MEASURES]), rows, rest)


def _source(of: SourceEntry) -> Source:
    about = ", ".join(filter(None, (of.title, of.date)))
    caveat = "" if of.confidence == "confident" else "uncertain"
    return Source(f"{about}. {of.says}", "link", safe_address(of.url), caveat)


def _picture(answers: Answers) -> Picture | None:
    """The paths of one cell under its policies."""
    served = [(one, one.lawful) for one in answers.demands if one.lawful is not None]
    return Places(answers.map).picture(
        [("permitted", hub_path) for _, hub_path in served],
        (hub_path for _, hub_path in served),
        (hub for one, _ in served for hub in (one.src, one.dst)),
        {"permitted": "path in the first condition"},
    )
