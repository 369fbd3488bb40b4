"""Where policies are written: the file and line of each, and of the include that brings it in.

A policy set is a value without places, so these are read from the files again when a report of
findings needs them. A live network is sent a set as one whole, with what it includes. What it says
is wrong with that is told here as of the files that a person wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corridor.controller.policy.load import MAX_INCLUDES, SHIPPED, found_file
from corridor.topologies.base.documents import (
    Document,
    KeyPath,
    Plain,
    describe_path,
    read_document,
)
from corridor.topologies.base.errors import InputError


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


@dataclass(frozen=True)
class Sources:
    """The files of a set that has been loaded: its own, then those that it includes."""

    documents: tuple[Document, ...]

    @classmethod
    def of(cls, name_or_path: str) -> Sources:
        """Raises InputError as ``load_policies`` does."""
        found: dict[Path, Document] = {}
        _gather(name_or_path, None, found)
        return cls(tuple(found.values()))

    def error(
        self, sent: Mapping[str, Any], at: KeyPath, message: str, hint: str = ""
    ) -> InputError:
        """What is wrong with the value at a place of the set as it was ``sent``."""
        for document in self.documents:
            path = _place(document, sent, at)
            if path:
                there = _as_far_as_written(document, path)
                return document.error(f"{describe_path(there)}: {message}", *there, hint=hint)
        own, first = self.documents[0], at[:1]
        return own.error(message, *(first if own.value(*first) is not None else ()), hint=hint)


def _gather(name: str, beside: Path | None, found: dict[Path, Document]) -> None:
    path = found_file(name, beside)
    if path.resolve() in found or len(found) > MAX_INCLUDES**2:
        return
    document = found[path.resolve()] = read_document(path)
    included = document.value("include")
    for one in included if isinstance(included, list) else [included] if included else ():
        _gather(str(one), path.parent, found)


def _place(document: Document, sent: Mapping[str, Any], at: KeyPath) -> KeyPath:
    """Where a file has the entry that stands at a place of a set; empty where it has it not."""
    match at:
        case ("groups", str(name), *_) if document.value("groups", name) is not None:
            return at
        case (str(kind), int(number), *rest):
            entry = _entry(sent, kind, number)
            written = document.value(kind)
            for own, one in enumerate(written if isinstance(written, list) else ()):
                if _is_same(one, entry):
                    return (kind, own, *rest)
    return ()


def _entry(sent: Mapping[str, Any], kind: str, number: int) -> Plain:
    listed = sent.get(kind)
    return listed[number] if isinstance(listed, list) and number < len(listed) else None


def _is_same(written: Plain, sent: Plain) -> bool:
    """Whether an entry of a file became one of a set: by its id, or by all that it says."""
    if not isinstance(written, dict) or not isinstance(sent, dict):
        return False
    if "id" in sent:
        return written.get("id") == sent["id"]
    return all(sent.get(key) == value for key, value in written.items())


def _as_far_as_written(document: Document, path: KeyPath) -> KeyPath:
    """Without the end of a path that a file writes in short: one name for a list of one."""
    while document.value(*path) is None:
        path = path[:-1]
    return path
