"""The brief of a run: what is read of its summary is read here. Pure."""

from __future__ import annotations

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.answers.document import Answers
from corridor.experiments.answers.names import Names
from corridor.experiments.brief.document import Brief
from corridor.experiments.brief.free import free_brief
from corridor.experiments.brief.places import Places
from corridor.experiments.brief.policies import Question, policy_brief
from corridor.experiments.pages.demands import of_answers
from corridor.experiments.pages.run_page import RunResults, alarms_of
from corridor.experiments.text.events_sentence import worst_cut, worst_event
from corridor.experiments.text.verdict import holds
from corridor.topologies.base.words import LEAST_SHOWN_MS, ms

KIND = "Computed, and measured in an emulation of the map"
COMPUTED = "Computed; the measurement is incomplete or invalid"


def run_brief(of: RunResults, answers: Answers, names: Names) -> Brief:
    """The brief of a run. An incomplete or invalid run states no measurement."""
    summary = of.summary
    measured = []
    is_sound = summary.complete and not summary.invalid
    if is_sound:
        lines = (
            holds(answers, summary, of.proof),
            worst_event(summary.events or ()),
        )
        measured = [line for line in lines if line]
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
        return free_brief(asked, worst_cut(answers))
    return policy_brief(asked)


def _helps(of: Answers) -> list[str]:
    """What each clause alone costs a delayed demand, and the first remedy of each blocked one."""
    places = Places(of.map)
    delayed = [
        f"{places.between(one.src, one.dst)}: without {clause.policy} {clause.clause} alone, the "
        f"delay of one direction falls by {ms(clause.costs_ms)}."
        for one in of.demands
        for clause in one.clauses
        if clause.costs_ms >= LEAST_SHOWN_MS
    ]
    blocked = [
        f"{places.between(one.src, one.dst)}: {one.remedies[0]}."
        for one in of.demands
        if one.remedies
    ]
    return [*delayed, *blocked]
