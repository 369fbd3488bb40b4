"""The dumps of tables that a run leaves, and which of them say the same."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.controller.forwarding.program import DUMP_SCHEMA
from corridor.topologies.base.bounded_file import TABLES, read_json
from corridor.topologies.base.codec import to_plain

if TYPE_CHECKING:
    from corridor.experiments.plan.values import Plan

DUMPS = ("before", "after")
DEPLOYMENTS = {when: f"deployment-{when}.json" for when in DUMPS}
"""In ``raw``: what a following controller had deployed at each dump."""
COUNTERS = ("packets", "bytes")
LISTED = ("switches", "groups", "meters")


@dataclass(frozen=True)
class Dump:
    """What a file of ``tables/`` says, whether or not that is a dump of tables."""

    file: str
    said: Any

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all it says but how often entries were met, whatever their order."""
        return hashlib.sha256(_text(_sorted(self.said)).encode()).hexdigest()


def read_dump_file(path: Path) -> Dump:
    """Raises InputError for what is too large, no file, or cannot be read as JSON."""
    return Dump(str(path), read_json(path, TABLES))


def fingerprint(inputs: Path) -> str:
    """SHA-256 of a plan and of what it is judged by, as they lie in the folder ``inputs``."""
    both = hashlib.sha256()
    for name in ("plan.json", "specification.json"):
        both.update(hashlib.sha256((inputs / name).read_bytes()).digest())
    return both.hexdigest()


def as_compiled(plan: Plan) -> Dump:
    """What the switches are to say once they hold a plan's program, set up as runs set them up."""
    switches = plan.program.switches
    bfd_ports: dict[str, list[int]] = {hub.hub: [] for hub in plan.wiring.hubs}
    for fibre in plan.wiring.fibres:
        for end in (fibre.a, fibre.z):
            bfd_ports[end.hub].append(end.port)
    said = {
        "schema": DUMP_SCHEMA,
        "switches": {switch.hub: to_plain(switch.flows) for switch in switches},
        "groups": {switch.hub: to_plain(switch.groups) for switch in switches},
        "meters": {switch.hub: to_plain(switch.meters) for switch in switches},
        "settings": {
            hub: {
                "fail_mode": "secure",
                "bfd_ports": None if plan.bfd_interval_ms is None else sorted(ports),
            }
            for hub, ports in bfd_ports.items()
        },
    }
    return Dump("", said)


def _sorted(said: Any) -> Any:
    """The same without the counters of its entries, and entries of a switch in one order.

    A switch has no order but that of priorities. Whatever has another form stays whole.
    """
    if not isinstance(said, dict):
        return said
    return {
        part: {hub: _entries(held) for hub, held in by_hub.items()}
        if part in LISTED and isinstance(by_hub, dict)
        else by_hub
        for part, by_hub in said.items()
    }


def _entries(held: Any) -> Any:
    if not isinstance(held, list):
        return held
    return sorted(_text(_uncounted(one)) for one in held)


def _uncounted(entry: Any) -> Any:
    if not isinstance(entry, dict):
        return entry
    return {key: value for key, value in entry.items() if key not in COUNTERS}


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
