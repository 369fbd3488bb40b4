"""Sections that pages share, and how one is made of what it shows. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from corridor.experiments.answers.map_document import MapDocument
from corridor.experiments.pages.demands import Asked
from corridor.experiments.pages.page import Section
from corridor.experiments.pages.sources import law_of, map_sources


class Titled(Protocol):
    @property
    def title(self) -> str: ...


def section(name: str, template: str, data: Titled) -> Section:
    return Section(name, data.title, f"{template}.html.j2", data)


def map_and_sources(where: MapDocument, demands: Sequence[Asked]) -> Iterator[Section]:
    yield Section("map-tables", "The map in tables", "map_tables.html.j2", where)
    sources = {"law": law_of(demands), "map": map_sources(where.fibres)}
    yield Section("sources", "Sources", "sources.html.j2", sources)
