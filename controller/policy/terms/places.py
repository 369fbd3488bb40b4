"""Jurisdictions and their groups by name, and selectors of hubs.

Wherever a jurisdiction may stand, the name of a group may stand. Where something is (``XX``)
or who runs it (no operator given) may be unknown; then the answer is "not known", see answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator

from corridor.controller.policy.terms.answers import Answer, every, negation
from corridor.topologies.model.jurisdictions import load_jurisdictions
from corridor.topologies.model.meanings import nearest_named
from corridor.topologies.model.topology import UNKNOWN_JURISDICTION, Frozen, Hub, NonEmpty


class Value(Frozen):
    """A frozen value whose attribute docstrings describe it in the JSON Schema, see ``schema``."""


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Names = Annotated[
    tuple[NonEmpty, ...],
    BeforeValidator(_listed, json_schema_input_type=str | list[str]),
]
"""One name or a list of names."""


@dataclass(frozen=True)
class Groups:
    """What each name covers: a jurisdiction covers itself, a group its members."""

    members: Mapping[str, frozenset[str]]

    def codes(self, names: Iterable[str]) -> frozenset[str]:
        """The jurisdictions that ``names`` cover. Raises KeyError with a near match."""
        covered: frozenset[str] = frozenset()
        for name in names:
            if name not in self.members:
                raise KeyError(
                    f'no jurisdiction or group "{name}" {nearest_named(name, self.members)}'
                )
            covered |= self.members[name]
        return covered

    def having(self, extra: Mapping[str, Iterable[str]]) -> Self:
        """These and groups of one's own, whose members may be groups known here."""
        added = {name: self.codes(members) for name, members in extra.items()}
        return type(self)({**self.members, **added})


@cache
def shipped_groups() -> Groups:
    """The jurisdictions and groups of ``topologies/data/jurisdictions.yaml``."""
    known = load_jurisdictions()
    codes = {code: frozenset([code]) for code in known.by_id}
    return Groups(codes | {group.id: frozenset(known.members(group.id)) for group in known.groups})


def inside(code: str, codes: frozenset[str]) -> Answer:
    """Whether a jurisdiction is one of ``codes``; not known for ``XX``."""
    return None if code == UNKNOWN_JURISDICTION else code in codes


_UNNAMED = frozenset({"others", "partners"})


def operators(text: str | None) -> frozenset[str]:
    """The operators in ``China Telecom / TTK and partners``; empty when none is given."""
    return frozenset(re.split(r"\s*/\s*|\s+and\s+", text)) if text else frozenset()


def run_by(text: str | None, names: Iterable[str], groups: Groups) -> Answer:
    """Whether one of ``names`` (operators, or jurisdictions of operators) runs an element.

    No operator, unnamed partners, or an operator whose jurisdiction is asked for but not given:
    not known.
    """
    asked, given = frozenset(names), operators(text)
    if not asked:
        return False
    wanted = groups.codes(asked & groups.members.keys()) | (asked - groups.members.keys())
    if given & wanted:
        return True
    asks_jurisdiction = bool(asked & groups.members.keys())
    nameless = given - groups.members.keys()
    if not given or given & _UNNAMED or (asks_jurisdiction and nameless):
        return None
    return False


class Where(Value):
    """Selects hubs; every key given must hold. Without keys: any hub."""

    hubs: Names = ()
    """Hub ids."""
    located_in: Names = ()
    """Jurisdictions or groups whose law applies to the building."""
    outside: Names = ()
    """Located in none of these."""
    operated_by: Names = ()
    """Operators, or jurisdictions of operators."""
    gateway: bool | None = None
    """Whether the hub has a full international gateway bureau."""

    def selects(self, hub: Hub, groups: Groups) -> Answer:
        tests: list[Answer] = []
        if self.hubs:
            tests.append(hub.id in self.hubs)
        if self.located_in:
            tests.append(inside(hub.located_in, groups.codes(self.located_in)))
        if self.outside:
            tests.append(negation(inside(hub.located_in, groups.codes(self.outside))))
        if self.operated_by:
            tests.append(run_by(hub.operated_by, self.operated_by, groups))
        if self.gateway is not None:
            tests.append(hub.intl_gateway == self.gateway)
        return every(tests)

    @property
    def specificity(self) -> int:
        """Selecting by id is more specific than by anything else."""
        return 2 if self.hubs else int(self != Where())

    def __str__(self) -> str:
        if self == Where(gateway=True):
            return "an international gateway"
        given = [
            f"{key} {', '.join(value)}" if isinstance(value, tuple) else key
            for key, value in self
            if value
        ]
        return " and ".join(given) or "any hub"


_SHORT: Mapping[str, Mapping[str, bool]] = {"any": {}, "gateways": {"gateway": True}}

HubSelector = Annotated[
    Where,
    BeforeValidator(
        lambda value: _SHORT.get(value, value) if isinstance(value, str) else value,
        json_schema_input_type=Literal["any", "gateways"] | Where,
    ),
]
"""``any``, ``gateways``, or the keys of ``Where``."""
