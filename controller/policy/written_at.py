"""Where policies are written: the file and line of each, and of the include that brings it in.

A policy set is a value without places, so these are read from the files again when a report of
findings needs them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from corridor.controller.policy.load import SHIPPED, found_file
from corridor.topologies.base.documents import Document, Plain, read_document


@dataclass(frozen=True)
class WrittenAt:
    """A line of a file."""

    file: str
    line: int = 1

    @property
    def is_shipped(self) -> bool:
        return Path(self.file).is_relative_to(SHIPPED)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class PolicyPlaces:
    """Where the policies of a set are written."""

    file: WrittenAt
    """The set itself."""
    by_policy: Mapping[str, tuple[WrittenAt, ...]]
    """By policy id: its own line, then the includes that lead to it, innermost first."""

    def of(self, policy: str) -> WrittenAt:
        """Return the nearest line to a policy that is not in a shipped file, if any is not.

        An unknown id, such as ``default deny``, has the first line of the set.
        """
        places = (*self.by_policy.get(policy, ()), self.file)
        return next((one for one in places if not one.is_shipped), places[0])


def places_of_policies(name_or_path: str | Path) -> PolicyPlaces:
    """Return the places of a set that ``load_policies`` accepts.

    Raises InputError if a file cannot be read.
    """
    return _places(str(name_or_path), None, set())


def _places(name: str, beside: Path | None, read: set[Path]) -> PolicyPlaces:
    """Of a set without those files that have been ``read``: they may include each other."""
    path = found_file(name, beside)
    document = read_document(path)
    read.add(path.resolve())
    found: dict[str, tuple[WrittenAt, ...]] = {}
    for number, include in enumerate(_list(document, "include")):
        if found_file(str(include), path.parent).resolve() in read:
            continue
        part = _places(str(include), path.parent, read)
        here = _at(document, "include", number)
        for policy, places in part.by_policy.items():
            found.setdefault(policy, (*places, here))
    for number, entry in enumerate(_list(document, "policies")):
        if isinstance(entry, dict):
            found[str(entry.get("id"))] = (_at(document, "policies", number),)
    return PolicyPlaces(WrittenAt(str(path), document.line_of() or 1), found)


def _list(document: Document, key: str) -> list[Plain]:
    """The values under a key, of which ``include`` may have one without brackets."""
    value = document.value(key)
    return value if isinstance(value, list) else [] if value is None else [value]


def _at(document: Document, key: str, number: int) -> WrittenAt:
    return WrittenAt(document.file, document.line_of(key, number) or 1)
