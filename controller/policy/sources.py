"""Which line of which file an entry of a policy set was written in.

A live network is sent a set as one whole, with what it includes. What it says is wrong with that is
told here as of the files that a person wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corridor.controller.policy.load import MAX_INCLUDES, found_file
from corridor.topologies.base.documents import (
    Document,
    KeyPath,
    Plain,
    describe_path,
    read_document,
)
from corridor.topologies.base.errors import InputError


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
            entry = _at(sent, kind, number)
            written = document.value(kind)
            for own, one in enumerate(written if isinstance(written, list) else ()):
                if _is_same(one, entry):
                    return (kind, own, *rest)
    return ()


def _at(sent: Mapping[str, Any], kind: str, number: int) -> Plain:
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
