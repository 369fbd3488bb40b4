"""What a primary path has to avoid because of other demands; detours may use it."""

from __future__ import annotations

from typing import NamedTuple


class Avoided(NamedTuple):
    """Fibres, as a mask, and hubs whose gateway is not passed."""

    fibres: int = 0
    gateways: frozenset[str] = frozenset()

    def and_also(self, other: Avoided) -> Avoided:
        return Avoided(self.fibres | other.fibres, self.gateways | other.gateways)


NOTHING = Avoided()
