"""The page of a network that lives: its answers now; its script adds what happens. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from corridor.experiments.answers.document import Answers
from corridor.experiments.pages.costs import costs_of
from corridor.experiments.pages.cuts import cuts_of
from corridor.experiments.pages.demands import Asked, demand_table, of_answers
from corridor.experiments.pages.page import Page, Section
from corridor.experiments.pages.sections import map_and_sources, section
from corridor.experiments.pages.stage import stage_of
from corridor.experiments.pages.uncertainty import sureness_of
from corridor.experiments.pages.words import fibres_by_name
from corridor.topologies.base.words import counted


@dataclass(frozen=True)
class Happenings:
    title: str = "Events"
    said: str = (
        "Events since this page was opened, and earlier events that the controller still stores."
    )


def network_page(answers: Answers, verdict: Sequence[str]) -> Page:
    demands = of_answers(answers, None)
    where = answers.map
    hubs, fibres = counted(len(where.hubs), "hub"), counted(len(where.fibres), "fibre")
    return Page(
        title=f"Live: {answers.title}",
        about=(
            f"{counted(len(demands), 'demand')} between {hubs} over {fibres}, started with policy "
            f"set {answers.policies} as of {answers.as_of}. An emulation. Not legal advice."
        ),
        alarms=[],
        verdict=verdict,
        stage=stage_of(where, demands, [answers.policies], lawful="path in use"),
        sections=list(_sections(answers, demands)),
        footer=f"A live network of scenario {answers.scenario}, by corridor.",
    )


def _sections(answers: Answers, demands: Sequence[Asked]) -> Iterator[Section]:
    where = answers.map
    yield section("events", "events", Happenings())
    yield section("demands", "demands", demand_table(demands, where))
    yield section("costs", "costs", costs_of(answers, demands))
    yield section("cuts", "cuts", cuts_of(demands, None, fibres_by_name(where)))
    yield section("sure", "sureness", sureness_of(demands, None, where))
    yield from map_and_sources(where, demands)
