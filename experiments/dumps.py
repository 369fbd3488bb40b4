"""The dumps of tables that a run leaves, and which of them say the same."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from topologies.errors import InputError

COUNTERS = ("packets", "bytes")


@dataclass(frozen=True)
class Dump:
    """What a file of ``tables/`` says, whether or not that is a dump of tables."""

    file: str
    said: Any

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all it says but how often entries were met: sorted, no spaces."""
        text = json.dumps(_without_counters(self.said), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def read_dump_file(path: Path) -> Dump:
    """Raises InputError for what cannot be read as JSON."""
    file = str(path)
    try:
        return Dump(file, json.loads(path.read_text()))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", file=file) from error
    except (ValueError, RecursionError) as error:
        raise InputError("is not JSON", "name a run's tables/after.json", file=file) from error


def _without_counters(said: Any) -> Any:
    """The same without the counters of its entries; whatever has another form stays whole."""
    switches = said.get("switches") if isinstance(said, dict) else None
    if not isinstance(switches, dict):
        return said
    return {**said, "switches": {hub: _uncounted(entries) for hub, entries in switches.items()}}


def _uncounted(entries: Any) -> Any:
    if not isinstance(entries, list):
        return entries
    return [
        {key: value for key, value in entry.items() if key not in COUNTERS}
        if isinstance(entry, dict)
        else entry
        for entry in entries
    ]
