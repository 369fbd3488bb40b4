"""What a controller must know after a restart: what stands, and what was about to."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from controller.engine import Known, Standing
from controller.policy.failures import Failures
from controller.policy.model import PolicySet
from controller.specification import Specification

SCHEMA = 1
KINDS = ("links", "srlgs", "hubs", "gateways")


@dataclass(frozen=True)
class Kept:
    """A standing without what can be computed again."""

    known: Known
    epoch: int


class Store:
    """One file, replaced as a whole; without a path nothing is kept."""

    def __init__(self, path: Path | None, specification: Specification) -> None:
        self._path = path
        self._specification = specification

    def keep(self, standing: Standing, about_to: Standing | None = None) -> None:
        """What stands, and what an update is about to make of it."""
        if self._path is None:
            return
        said = {
            "schema": SCHEMA,
            "stands": _plain(standing),
            "next": _plain(about_to) if about_to is not None else None,
        }
        aside = self._path.with_suffix(".new")
        with aside.open("w") as file:
            json.dump(said, file)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(self._path)

    def kept(self) -> tuple[Kept, ...]:
        """What was about to stand before what stood; nothing where the file cannot be read."""
        if self._path is None or not self._path.exists():
            return ()
        try:
            return tuple(self._read(json.loads(self._path.read_text())))
        except (OSError, ValueError, KeyError, TypeError):
            return ()

    def _read(self, said: dict[str, Any]) -> Iterator[Kept]:
        if said["schema"] != SCHEMA:
            return
        for part in ("next", "stands"):
            if said[part] is not None:
                yield self._kept(said[part])

    def _kept(self, said: dict[str, Any]) -> Kept:
        changes = {
            "policies": PolicySet.model_validate(said["policies"]),
            "as_of": date.fromisoformat(said["as_of"]),
        }
        known = Known(
            self._specification.model_copy(update=changes),
            Failures(**{kind: frozenset(said["failures"][kind]) for kind in KINDS}),
            frozenset(said["drained"]),
        )
        return Kept(known, int(said["epoch"]))


def _plain(standing: Standing) -> dict[str, Any]:
    known = standing.known
    specification = known.specification
    return {
        "epoch": standing.epoch,
        "policies": specification.policies.model_dump(mode="json", by_alias=True),
        "as_of": specification.as_of.isoformat(),
        "failures": {kind: sorted(getattr(known.failures, kind)) for kind in KINDS},
        "drained": sorted(known.drained),
    }
