"""Workloads that ship, with their sources, and how a scenario takes them up. Pure.

``shipped: infer-chat`` in a workload stands for the keys of that one, of which those that are
written next to it are others. ``shipped: by-class``, or ``workloads: by-class`` alone, stands for
one workload for each class of demands that has one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from corridor import traffic
from corridor.experiments.scenario.workloads import WorkloadEntry
from corridor.topologies.base.documents import Document, KeyPath, Plain, read_document, validate
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.model.topology import Frozen, NonEmpty, Slug
from corridor.traffic.workloads.workload_registry import KINDS

FILE = Path(traffic.__file__).with_name("data") / "workloads.yaml"
SHIPPED, BY_CLASS, WORKLOADS = "shipped", "by-class", "workloads"
_ONLY_WHERE_SCALED = ("compress", "customers", "fills")
"""Keys that ``by-class`` leaves out where octets are sent as they are written: such requests are a
sample of what users send, and not their load."""


class Source(Frozen):
    """Where figures come from."""

    title: NonEmpty
    url: NonEmpty
    date: NonEmpty
    licence: str = ""


class Figure(Frozen):
    """A figure of a workload."""

    of: NonEmpty
    """The keys that it decides."""
    value: NonEmpty
    """As the source has it."""
    source: str = ""
    """Of ``sources``; empty where no one said so."""
    derived: str = ""
    confidence: Literal["confident", "unsure"]
    assumed: bool = False
    """Whether it is our choice."""


class ShippedWorkload(Frozen):
    """A workload with what its figures rest on."""

    id: Slug
    title: NonEmpty
    classes: tuple[NonEmpty, ...] = ()
    """Classes of demands whose workload it is by default."""
    workload: dict[str, Any]
    """Its keys in a scenario."""
    figures: Annotated[tuple[Figure, ...], Field(min_length=1)]
    notes: str = ""

    @property
    def kind(self) -> str:
        return str(self.workload["kind"])

    @property
    def scaled_by(self) -> str:
        return str(self.workload.get("scale", KINDS[self.kind].scale))

    @property
    def compresses(self) -> bool:
        return KINDS[self.kind].compresses and self.scaled_by == "bytes"


class _File(Frozen):
    schema_version: Literal[1] = Field(alias="schema")
    sources: dict[str, Source]
    workloads: Annotated[tuple[ShippedWorkload, ...], AfterValidator(lambda given: given)]


@dataclass(frozen=True)
class ShippedWorkloads:
    """All that ship."""

    sources: Mapping[str, Source]
    workloads: Mapping[str, ShippedWorkload]

    @property
    def by_class(self) -> Mapping[str, ShippedWorkload]:
        return {name: one for one in self.workloads.values() for name in one.classes}


@cache
def shipped_workloads() -> ShippedWorkloads:
    file = validate(read_document(FILE), _File)
    return ShippedWorkloads(file.sources, {one.id: one for one in file.workloads})


def with_shipped(document: Document) -> Document:
    """A scenario whose shipped workloads are written out. Raises InputError for one that does not
    ship; other mistakes are reported at their place."""
    given = document.value(WORKLOADS)
    if given == BY_CLASS:
        given = [{"id": "", SHIPPED: BY_CLASS}]
    elif isinstance(given, str):
        message = f'workloads "{given[:40]}" are not known'
        raise document.error(message, WORKLOADS, hint=f"write {BY_CLASS}, or a list")
    if not isinstance(given, list) or not any(_named(one) for one in given):
        return document
    assert isinstance(document.data, dict)
    entries: list[Plain] = []
    lines = {path: line for path, line in document.lines.items() if path[:1] != (WORKLOADS,)}
    lines[WORKLOADS,] = document.line_of(WORKLOADS) or 1
    for number, one in enumerate(given):
        for made in _expanded(document, number, one, given):
            lines |= _moved(document, number, len(entries))
            entries.append(made)
    return Document({**document.data, WORKLOADS: entries}, document.file, lines)


def _named(entry: Plain) -> bool:
    return isinstance(entry, dict) and SHIPPED in entry


def _moved(document: Document, old: int, new: int) -> dict[KeyPath, int]:
    """The lines of an entry that stands at another place."""
    line = document.line_of(WORKLOADS, old) or 1
    moved = {
        (WORKLOADS, new, *path[2:]): at
        for path, at in document.lines.items()
        if path[:2] == (WORKLOADS, old)
    }
    return {(WORKLOADS, new): line, **moved}


def _expanded(
    document: Document, number: int, entry: Plain, among: Sequence[Plain]
) -> Iterator[Plain]:
    """The workloads that one entry stands for."""
    if not isinstance(entry, dict) or SHIPPED not in entry:
        yield entry
        return
    name, known = entry[SHIPPED], shipped_workloads()
    if name == BY_CLASS:
        yield from _by_class(document, number, entry, among)
    elif name in known.workloads:
        yield {**known.workloads[str(name)].workload, **entry}
    else:
        names = [*known.workloads, BY_CLASS]
        hint = nearest(str(name), names) or "corridor list workloads"
        message = f'no workload "{name}" ships'
        raise document.error(message, WORKLOADS, number, SHIPPED, hint=hint)


def _by_class(
    document: Document, number: int, entry: Mapping[str, Plain], among: Sequence[Plain]
) -> Iterator[Plain]:
    """One for each class of the scenario's demands that has a workload, and that no other entry
    names."""
    demands = document.value("demands")
    classes = [
        str(one["class"])
        for one in (demands if isinstance(demands, list) else [])
        if isinstance(one, dict) and "class" in one
    ]
    spoken_for = {one.get("class") for one in among if isinstance(one, dict)}
    by_class = shipped_workloads().by_class
    found = [name for name in dict.fromkeys(classes) if name in by_class and name not in spoken_for]
    if not found:
        message = "no class of its demands has a workload that ships"
        hint = f"classes that have one are {', '.join(by_class)}"
        raise document.error(message, WORKLOADS, number, hint=hint)
    prefix = f"{entry['id']}-" if entry.get("id") else ""
    for name in found:
        shipped = by_class[name]
        own = {key: value for key, value in entry.items() if key not in _left_out(shipped)}
        slug = name.lower().replace("_", "-")
        yield {
            **shipped.workload,
            **own,
            "id": f"{prefix}{slug}",
            "class": name,
            SHIPPED: shipped.id,
        }


def _left_out(shipped: ShippedWorkload) -> tuple[str, ...]:
    """Of the keys for all classes, those that one cannot have."""
    if shipped.scaled_by != "bytes":
        return ("id", *_ONLY_WHERE_SCALED)
    left_out = () if shipped.compresses else ("compress",)
    mean_bps = KINDS[shipped.kind].mean_bps(entry_of(shipped).options)
    return ("id", *left_out) if mean_bps else ("id", *left_out, "fills")


def entry_of(shipped: ShippedWorkload) -> WorkloadEntry:
    """As a scenario would write it, with its demands class."""
    return WorkloadEntry.model_validate({**shipped.workload, "id": shipped.id, "class": "any"})
