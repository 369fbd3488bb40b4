"""The page of a network that lives: its answers now; its script adds what happens. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from corridor.experiments.answers.words import counted
from corridor.experiments.pages.claims import claims_of
from corridor.experiments.pages.costs import costs_of
from corridor.experiments.pages.cuts import cuts_of
from corridor.experiments.pages.demand_table import demand_table, short_name
from corridor.experiments.pages.demands import Asked, Json, of_answers
from corridor.experiments.pages.elements import fibres_by_name
from corridor.experiments.pages.page import Page, Section
from corridor.experiments.pages.sources import law_of, map_sources
from corridor.experiments.pages.stage import stage_of
from corridor.experiments.pages.sureness import sureness_of


@dataclass(frozen=True)
class Happenings:
    title: str = "What happens"
    said: str = "Since this page was opened, and what the controller still remembers."


def network_page(answers: Json, proof: Json | None, verdict: Sequence[str]) -> Page:
    demands = of_answers(answers, None)
    hubs, fibres = (counted(len(answers["map"][f"{one}s"]), one) for one in ("hub", "fibre"))
    return Page(
        title=f"Live: {answers['title']}",
        about=(
            f"{counted(len(demands), 'demand')} over {hubs} and {fibres}, policies "
            f"{answers['policies']} as of {answers['as_of']}. An emulation. Not legal advice."
        ),
        alarms=[],
        verdict=verdict,
        stage=stage_of(answers, demands, [answers["policies"]]),
        sections=list(_sections(answers, demands, proof)),
        footer=f"A live network of scenario {answers['scenario']}, by corridor.",
    )


def _sections(answers: Json, demands: Sequence[Asked], proof: Json | None) -> Iterator[Section]:
    where = answers["map"]
    names = {hub["id"]: short_name(hub) for hub in where["hubs"]}
    table = demand_table(demands, names, has_map=True)
    yield Section("events", Happenings.title, "events.html.j2", Happenings())
    yield Section("demands", table.title, "demands.html.j2", table)
    if proof is not None:
        claims = claims_of(proof, None)
        yield Section("proof", claims.title, "claims.html.j2", claims)
    costs = costs_of(answers, demands)
    yield Section("costs", costs.title, "costs.html.j2", costs)
    cuts = cuts_of(demands, None, fibres_by_name(where))
    yield Section("cuts", cuts.title, "cuts.html.j2", cuts)
    sure = sureness_of(demands, None, where)
    yield Section("sure", sure.title, "sureness.html.j2", sure)
    yield Section("map-tables", "The map in tables", "map_tables.html.j2", where)
    sources = {"law": law_of(demands), "map": map_sources(where["fibres"])}
    yield Section("sources", "Sources", "sources.html.j2", sources)
