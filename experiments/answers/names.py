"""What people call a scenario, its policy sets, its data and its rules, next to their ids. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from corridor.controller.explain.path_summary import kind_of
from corridor.controller.policy.model import DataClass, PolicySet
from corridor.topologies.base.words import joined, short_name
from corridor.topologies.model.catalogue import load_jurisdictions

BASES: Mapping[str, str] = {
    "exempt": "no legal basis needed",
    "none": "no legal basis",
}


@dataclass(frozen=True, kw_only=True)
class Names:
    """Titles and descriptions by id; an id without one is not in them."""

    scenario: str = ""
    sets: dict[str, str] = field(default_factory=dict)
    """Titles of policy sets."""
    data: dict[str, str] = field(default_factory=dict)
    """Data classes: sensitivity, origin and legal basis."""
    beliefs: dict[str, str] = field(default_factory=dict)
    """What the set states about policies that are interpretations or assumptions."""


def names_of(scenario: str, sets: Iterable[PolicySet]) -> Names:
    """The names that a scenario's title and the policy sets give."""
    every = list(sets)
    return Names(
        scenario=scenario,
        sets={one.name: one.title for one in every if one.title},
        data={one.id: _described(one) for each in every for one in each.classes},
        beliefs={
            one.id: one.note
            for each in every
            for one in each.policies
            if one.note and kind_of(one) in ("interpretation", "assumption")
        },
    )


def _described(of: DataClass) -> str:
    known = load_jurisdictions()
    origin = joined(short_name(known.name(code)) for code in of.origin)
    basis = BASES.get(of.basis, f"legal basis: {of.basis.replace('-', ' ')}")
    return f"{of.sensitivity.replace('-', ' ')} data of {origin}, {basis}"
