"""The table of all demands: where each may go, how long it takes, and why. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from corridor.experiments.answers.words import counted, joined
from corridor.experiments.pages.demands import STATES, Asked, Json, Under


@dataclass(frozen=True)
class DemandTable:
    title: str
    said: str
    demands: Sequence[Asked]
    names: Mapping[str, str]
    """Of hubs, by id; short."""
    has_map: bool

    def crosses(self, of: Under) -> str:
        return crosses_of(of)


def crosses_of(of: Under) -> str:
    """Jurisdictions on the way; with a ``?`` those that it may meet besides."""
    if of.way is None:
        return ""
    may = [f"{code}?" for code in of.way["may_cross"]]
    return " ".join([*of.way["crosses"], *may])


def demand_table(
    demands: Sequence[Asked], names: Mapping[str, str], *, has_map: bool
) -> DemandTable:
    counts = Counter(one.under[0].state for one in demands)
    parts = [f"{counts[state]} {said}" for state, said in STATES.items() if counts[state]]
    said = f"{counted(len(demands), 'demand')}: {joined(parts)}. Answers are counted with them."
    return DemandTable("All demands", said, demands, names, has_map)


def short_name(hub: Json) -> str:
    """Without what stands in parentheses."""
    name: str = hub["name"]
    return name.partition(" (")[0]
