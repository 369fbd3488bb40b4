"""The page of an answer of capacity that is of no run. Pure."""

from __future__ import annotations

from corridor.experiments.answers.capacity_answer import CapacityAnswer
from corridor.experiments.answers.map_document import MapDocument
from corridor.experiments.pages.capacity import capacity_of
from corridor.experiments.pages.demands import Json
from corridor.experiments.pages.page import Page
from corridor.experiments.pages.provenance import provenance_of
from corridor.experiments.pages.sections import map_and_sources, section
from corridor.experiments.text.capacity_text import sentences


def capacity_page(of: CapacityAnswer, where: MapDocument, manifest: Json | None) -> Page:
    asked, *answers = sentences(of)
    more = {"Scenario": of.scenario, "Policies": f"{of.policies}, as of {of.as_of}"}
    return Page(
        title=f"Capacity of the corridor: {of.scenario}",
        about=f"{asked} Computed, not measured.",
        alarms=[] if of.fits else ["Links are overloaded: see the remedies."],
        verdict=answers,
        stage=None,
        sections=[
            section("capacity", "capacity", capacity_of(of, where, says=False)),
            *map_and_sources(where, []),
            section("provenance", "provenance", provenance_of(None, manifest, more)),
        ],
        footer=f"Made by corridor of scenario {of.scenario}.",
    )
