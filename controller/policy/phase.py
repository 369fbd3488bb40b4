"""Which of its border requirements a packet has met. Standard library only: switches' entries name
it, and who reads those reads no policies."""

from __future__ import annotations

from enum import IntEnum


class Phase(IntEnum):
    """How a packet stands to the border of the jurisdiction its trip starts in."""

    PRE = 0
    """A waypoint before the border is still required."""
    ASSESSED = 1
    """The waypoints required before the border have been passed."""
    DOMESTIC = 2
    """Confined to where it starts."""
    EXEMPT = 3
    """Nothing is required before the border."""

    @property
    def may_cross_borders(self) -> bool:
        return self in (Phase.ASSESSED, Phase.EXEMPT)
