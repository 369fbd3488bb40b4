"""Jurisdictions and their groups by name, who runs what, and answers that may be unknown.

Wherever a jurisdiction may stand, the name of a group may stand. Where something is (``XX``)
or who runs it (no operator given) may be unknown; then the answer is "not known".

The policies and the law share one principle: *what is not known never helps*. A permit or an
exemption needs ``True``; a restriction takes anything but ``False``. The connectives are
Kleene's strong three-valued logic (S. C. Kleene, Introduction to Metamathematics, 1952, 64).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator

from corridor.topologies.model.catalogue import load_jurisdictions, nearest_named
from corridor.topologies.model.topology import UNKNOWN_JURISDICTION, Frozen, NonEmpty

type Answer = bool | None
"""``None``: not known."""


def every(answers: Iterable[Answer]) -> Answer:
    """No if one is no; else not known if one is not known; else yes."""
    known = list(answers)
    if False in known:
        return False
    return None if None in known else True


def some(answers: Iterable[Answer]) -> Answer:
    """Yes if one is yes; else not known if one is not known; else no."""
    return negation(every(negation(answer) for answer in answers))


def negation(answer: Answer) -> Answer:
    return None if answer is None else not answer


class Value(Frozen):
    """A frozen value whose attribute docstrings describe it in the JSON Schema, see ``schema``."""


def listed(value: Any) -> Any:
    """One text as a list of one."""
    return [value] if isinstance(value, str) else value


Names = Annotated[
    tuple[NonEmpty, ...],
    BeforeValidator(listed, json_schema_input_type=str | list[str]),
]
"""One name or a list of names."""


@dataclass(frozen=True)
class Groups:
    """What each name covers: a jurisdiction covers itself, a group its members."""

    members: Mapping[str, frozenset[str]]
    _known: dict[tuple[str, ...], frozenset[str]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """What was asked before: clauses ask for the same few names at every step of a search."""
    _known_operators: dict[tuple[str, ...], tuple[frozenset[str], bool]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def codes(self, names: Iterable[str]) -> frozenset[str]:
        """The jurisdictions that ``names`` cover. Raises KeyError with a near match."""
        asked = tuple(names)
        if asked not in self._known:
            self._known[asked] = self._covered(asked)
        return self._known[asked]

    def operators_of(self, names: tuple[str, ...]) -> tuple[frozenset[str], bool]:
        """The operators and jurisdictions that names of either stand for, and whether there are
        jurisdictions among them."""
        if names not in self._known_operators:
            places = [name for name in names if name in self.members]
            wanted = self.codes(places) | (frozenset(names) - frozenset(places))
            self._known_operators[names] = (wanted, bool(places))
        return self._known_operators[names]

    def _covered(self, names: tuple[str, ...]) -> frozenset[str]:
        covered: frozenset[str] = frozenset()
        for name in names:
            if name not in self.members:
                raise KeyError(
                    f'no jurisdiction or group "{name}" {nearest_named(name, self.members)}'
                )
            covered |= self.members[name]
        return covered

    def having(self, extra: Mapping[str, Iterable[str]]) -> Self:
        """These and user-supplied groups, whose members may be groups known here."""
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


@lru_cache(4096)
def operators(text: str | None) -> frozenset[str]:
    """The operators in ``China Telecom / TTK and partners``; empty when none is given."""
    return frozenset(re.split(r"\s*/\s*|\s+and\s+", text)) if text else frozenset()


def run_by(text: str | None, names: Iterable[str], groups: Groups) -> Answer:
    """Whether one of ``names`` (operators, or jurisdictions of operators) runs an element.

    No operator, unnamed partners, or an operator whose jurisdiction is asked for but not given:
    not known.
    """
    asked = tuple(names)
    if not asked:
        return False
    wanted, asks_jurisdiction = groups.operators_of(asked)
    given = operators(text)
    if not given.isdisjoint(wanted):
        return True
    if not given or not given.isdisjoint(_UNNAMED):
        return None
    nameless = asks_jurisdiction and any(one not in groups.members for one in given)
    return None if nameless else False


# Which service of a carrier takes data across a border: rules on gateways go by it.

Service = Literal["internet", "ip-vpn", "leased-circuit", "wave", "border-area"]
"""``internet``: routed by the public internet. ``ip-vpn``: a switched service of packets, such as
MPLS or SD-WAN. ``leased-circuit``, ``wave``: transmission from point to point. ``border-area``: a
circuit to the region on the other side of the border."""


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Services = Annotated[
    tuple[Service, ...],
    BeforeValidator(_listed, json_schema_input_type=Service | list[Service]),
]
"""One service or a list of them."""
