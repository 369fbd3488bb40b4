"""A computed delay with its interval: as a sentence, as a bar of the figure. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from corridor.experiments.brief.document import Bar
from corridor.topologies.base.words import is_longer, ms, ms_within


class Delay(NamedTuple):
    """In ms, with the 90 % interval of the Monte Carlo samples, where it is known."""

    ms: float
    interval: Sequence[float] | None

    @property
    def is_shown(self) -> bool:
        return is_longer(self.ms)

    @property
    def text(self) -> str:
        return ms_within(self.ms, self.interval)[0] if self.interval else ms(self.ms)

    @property
    def bounds(self) -> str:
        """``5.2 to 18.1``; empty without an interval."""
        return ms_within(self.ms, self.interval)[1] if self.interval else ""

    @property
    def known(self) -> str:
        return f"(computed; {self._within})"

    @property
    def _within(self) -> str:
        return f"90 % interval {self.bounds} ms" if self.interval else "no interval known"

    def certainty(self, what: str) -> str:
        """``what`` with its interval and the level of this, or that no interval is known."""
        return f"{what} {self.text}, {self._within}"

    def bar(
        self,
        label: str,
        small: str,
        *,
        other: float | None = None,
        third: float | None = None,
        sign: str = "",
    ) -> Bar:
        within = f" ({self.bounds})" if self.interval else ""
        interval = (self.interval[0], self.interval[1]) if self.interval else None
        text = f"{sign}{self.text}{within}"
        return Bar(label, small, self.ms, interval, other, third, text)
