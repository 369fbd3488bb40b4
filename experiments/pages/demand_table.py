"""The table of all demands: where each may go, how long it takes, and why. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from corridor.experiments.answers.map_document import MapDocument
from corridor.experiments.answers.outcome import Outcome
from corridor.experiments.atlas.source import short_name
from corridor.experiments.pages.demands import Asked
from corridor.topologies.base.words import counted, joined


@dataclass(frozen=True)
class DemandTable:
    title: str
    said: str
    demands: Sequence[Asked]
    names: Mapping[str, str]
    """Of hubs, by id; short."""
    has_map: bool


def demand_table(demands: Sequence[Asked], where: MapDocument | None) -> DemandTable:
    """Of a map, if there is one."""
    names = {one: one for demand in demands for one in (demand.src, demand.dst)}
    names |= {hub.id: short_name(hub.name) for hub in where.hubs} if where else {}
    counts = Counter(one.under[0].state for one in demands)
    longer = counts.pop(Outcome.LONGER, 0)
    counts[Outcome.PERMITTED] += longer
    parts = [f"{counts[one]} {one.word}" for one in Outcome if counts[one]]
    if longer:
        parts[0] += f" ({longer} on a longer path)"
    said = f"{counted(len(demands), 'demand')}: {joined(parts)}. Counts include reverse demands."
    return DemandTable("All demands", said, demands, names, where is not None)
