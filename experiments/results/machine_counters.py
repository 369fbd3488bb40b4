"""``raw/health.json``: what the machinery under a network had lost, before traffic and after it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from corridor.topologies.base.bounded_file import RESULT, read_json
from corridor.topologies.base.codec import from_plain, to_plain

HEALTH = "health.json"


@dataclass(frozen=True)
class Counted:
    """What the machinery has lost since the network was built, or the kernel was started."""

    softnet_dropped: int
    """Packets that the kernel's backlog had no room for."""
    datapath_lost: int
    """Packets that Open vSwitch's datapath could not hand up to be decided."""
    bfd_changes: Mapping[str, int]
    """By interface, how often BFD has come up or gone down."""
    fibres: Mapping[str, Mapping[str, int]]
    """Counters of each fibre's directions, by the sending interface."""


@dataclass(frozen=True)
class Health:
    """Before traffic, and after it: ``raw/health.json``."""

    before: Counted
    after: Counted


def read_health(raw: Path) -> Health | None:
    """None where a run did not come that far."""
    path = raw / HEALTH
    return from_plain(Health, read_json(path, RESULT)) if path.exists() else None


def write_health(raw: Path, health: Health) -> None:
    (raw / HEALTH).write_text(json.dumps(to_plain(health)))
