"""The state of a network as who breaks it knows it: what is in force, drained, broken. Pure."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

from corridor.controller.intent.specification import Specification
from tests.soak.setup import DAYS, FIRST_SET, Setup

type Names = frozenset[str]
NONE: Names = frozenset()


@dataclass(frozen=True)
class State:
    """Nothing of what controllers or switches say is in here."""

    policies: str = FIRST_SET
    day: date = DAYS[0]
    drained: Names = NONE
    """Fibres that are to carry nothing."""
    cut: Names = NONE
    """Fibres whose ends see no carrier."""
    silent: Names = NONE
    """Fibres that lose everything, with their carrier up."""
    dark: Names = NONE
    """Hubs all of whose ports are down."""
    closed: Names = NONE
    """Hubs whose gateway is dead."""
    away: Names = NONE
    """Hubs whose switch has had no controller for long enough to be given up."""

    @property
    def broken(self) -> int:
        """How many things are out of order."""
        each = (self.cut, self.silent, self.dark, self.closed, self.away)
        return sum(len(names) for names in each)

    @property
    def repaired(self) -> State:
        """The same with everything in order and nothing drained."""
        return State(policies=self.policies, day=self.day)

    def dead_fibres(self, setup: Setup) -> Names:
        """Fibres over which nothing comes."""
        dark = (one.id for one in setup.topology.fibres if self.dark & {one.a, one.z})
        return self.cut | self.silent | frozenset(dark)

    def specification(self, setup: Setup) -> Specification:
        return setup.specification(self.policies, self.day)

    def with_names(self, key: str, *names: str) -> State:
        return replace(self, **{key: getattr(self, key) | frozenset(names)})

    def without_names(self, key: str, *names: str) -> State:
        return replace(self, **{key: getattr(self, key) - frozenset(names)})

    def to_json(self) -> dict[str, Any]:
        """Without what is empty."""
        said: dict[str, Any] = {"policies": self.policies, "day": self.day.isoformat()}
        for key in (one.name for one in fields(self)[2:]):
            if getattr(self, key):
                said[key] = sorted(getattr(self, key))
        return said
