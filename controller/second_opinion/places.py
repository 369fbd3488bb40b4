"""Jurisdictions, and the groups that may stand for them, from the shipped list and a set's own.

Answers about them may be unknown: True, False, or None where no one can tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from corridor.topologies.base.documents import read_document
from corridor.topologies.model.topology import UNKNOWN_JURISDICTION

type Known = bool | None


def every(answers: Iterable[Known]) -> Known:
    """Whether all hold: one that does not decides, whatever is unknown."""
    known = list(answers)
    if False in known:
        return False
    return None if None in known else True


def some(answers: Iterable[Known]) -> Known:
    """Whether one holds: one that does decides, whatever is unknown."""
    known = list(answers)
    if True in known:
        return True
    return None if None in known else False


def opposite(answer: Known) -> Known:
    return None if answer is None else not answer


SHIPPED = Path(__file__).parents[2] / "topologies" / "data" / "jurisdictions.yaml"


@cache
def shipped_groups() -> Mapping[str, frozenset[str]]:
    """The members of each shipped group; a jurisdiction is a group of one."""
    document: Any = read_document(SHIPPED).value()
    groups: dict[str, set[str]] = {group["id"]: set() for group in document["groups"]}
    for one in document["jurisdictions"]:
        groups[one["id"]] = {one["id"]}
        for group in one.get("groups", ()):
            groups[group].add(one["id"])
    return {name: frozenset(members) for name, members in groups.items()}


class Places:
    """What names of places mean in one policy set."""

    def __init__(self, groups: Mapping[str, Iterable[str]]) -> None:
        self._own = {name: tuple(members) for name, members in groups.items()}

        self._found: dict[tuple[str, ...], frozenset[str]] = {}

    def codes(self, named: Iterable[str]) -> frozenset[str]:
        """The jurisdictions behind names of jurisdictions and of groups, groups of groups too."""
        key = tuple(named)
        if key not in self._found:
            self._found[key] = self._covered(key)
        return self._found[key]

    def _covered(self, named: Iterable[str]) -> frozenset[str]:
        found: set[str] = set()
        waiting, seen = list(named), set[str]()
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            if name in self._own:
                waiting += self._own[name]
            else:
                found |= shipped_groups().get(name, {name})
        return frozenset(found)

    def is_place(self, name: str) -> bool:
        return name in self._own or name in shipped_groups()

    def lies_in(self, code: str, named: Iterable[str]) -> Known:
        """Whether a jurisdiction is one of those named; what is not known may be any."""
        return None if code == UNKNOWN_JURISDICTION else code in self.codes(named)
