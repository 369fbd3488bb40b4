"""Files of a result folder that readers need in part: manifest, plan, controllers' events. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from corridor.topologies.base.bounded_file import RESULT, NoSuchFile, open_bounded, read_json
from corridor.topologies.base.codec import JsonObject, read_document
from corridor.topologies.model.wiring import FibreWire, Shape

AGAIN = "name a folder of this version"


@dataclass(frozen=True, kw_only=True)
class CodeVersion:
    """The checkout that made a folder."""

    commit: str = ""
    changed: bool = False
    """Whether it had changes that are in no commit."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Of ``manifest.json``: what a run, or prices, were made of and by."""

    version: str = ""
    scenario: str = ""
    seed: int | None = None
    hashes: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    """The package of each kind that does not ship, by group and name: ``faults isolate``."""
    machine: dict[str, str | int | None] = field(default_factory=dict)
    code: CodeVersion = CodeVersion()
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PlannedNetwork:
    """The fibres of a plan."""

    fibres: tuple[FibreWire, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ChangeOptions:
    """Of a change to a group or jurisdiction: its fibres."""

    fibres: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PlannedChange:
    """One change of a plan, and the event that it is part of."""

    event: str = ""
    options: ChangeOptions = ChangeOptions()


@dataclass(frozen=True, kw_only=True)
class PlanHead:
    """Of ``raw/plan.json``: what the pages and figures of a run need."""

    start_ns: int = 0
    """When probing starts, after the epoch."""
    bfd_interval_ms: int | None = None
    wiring: PlannedNetwork = PlannedNetwork()
    changes: tuple[PlannedChange, ...] = ()

    @property
    def fibres_of_events(self) -> Mapping[str, tuple[str, ...]]:
        """Of events on a group or jurisdiction, by id: the fibres that they affect."""
        return {one.event: one.options.fibres for one in self.changes if one.options.fibres}

    @property
    def shapes(self) -> Mapping[tuple[str, str], Shape]:
        """How each fibre treats what enters it at a hub."""
        return {
            (one.fibre, end.hub): shape
            for one in self.wiring.fibres
            for end, shape in ((one.a, one.forward), (one.z, one.backward))
        }


def read_manifest(out_dir: Path) -> Manifest | None:
    """None without the file; InputError if another program wrote it."""
    return _part(Manifest, out_dir / "manifest.json")


def read_plan_head(out_dir: Path) -> PlanHead | None:
    """None without the file; InputError if another program wrote it."""
    return _part(PlanHead, out_dir / "raw" / "plan.json")


def _part[T](kind: type[T], path: Path) -> T | None:
    try:
        found = read_json(path, RESULT)
    except NoSuchFile:
        return None
    return read_document(kind, found, str(path), AGAIN)


CONTROLLER_EVENTS = "controller_events.jsonl"
"""In ``raw`` of a result folder."""


@dataclass(frozen=True, kw_only=True)
class StatusEvent:
    """How a controller served a demand from a moment on; ``at_ns`` is CLOCK_REALTIME."""

    at_ns: int
    demand: str
    status: str
    hubs: tuple[str, ...] = ()
    """The path."""
    reason: str = ""


class ControllerEvents:
    """The events of one file, which may not be there yet, and may grow: each is read once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0
        self._events: list[JsonObject] = []

    def so_far(self, *kinds: str) -> list[JsonObject]:
        """In order, of these kinds or of all; a line that is cut short is the last."""
        if self._path.exists():
            with open_bounded(self._path, RESULT) as file:
                file.seek(self._at)
                for line in file:
                    event = _whole(line)
                    if event is None:
                        break
                    self._at += len(line)
                    self._events.append(event)
        return [one for one in self._events if not kinds or one.get("event") in kinds]

    def statuses(self) -> list[StatusEvent]:
        """How demands were served, in order. Raises InputError for events of another version."""
        file, hint = str(self._path), "repeat the run with this version"
        return [read_document(StatusEvent, one, file, hint) for one in self.so_far("status")]


def _whole(line: bytes) -> JsonObject | None:
    if not line.endswith(b"\n"):
        return None
    try:
        event: JsonObject = json.loads(line)
    except ValueError:
        return None
    return event
