"""How far a packet is in what it owes before a border."""

from enum import IntEnum


class Phase(IntEnum):
    """How a packet stands to the border of the jurisdiction its trip starts in."""

    PRE = 0
    """A waypoint is still owed before the border."""
    ASSESSED = 1
    """What was owed before the border has been passed."""
    DOMESTIC = 2
    """Confined to where it starts."""
    EXEMPT = 3
    """Nothing is owed before the border."""

    @property
    def may_cross_borders(self) -> bool:
        return self in (Phase.ASSESSED, Phase.EXEMPT)
