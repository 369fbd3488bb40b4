"""How far a study has come, and about how long the rest takes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

from corridor.experiments.study.cells import Cell
from corridor.experiments.study.outcome import Ran
from corridor.experiments.terminal.live import LiveLines

Say = Callable[[str], None]


class Progress:
    """Counts each finished cell. ``at_once`` returns how many run at once now."""

    def __init__(self, total: int, say: Say, at_once: Callable[[], int]) -> None:
        self._total, self._say, self._at_once = total, say, at_once
        self._states = Counter[str]()
        self._ran_s = 0.0
        self._goes_on()

    def step(self, cell: Cell, ran: Ran) -> None:
        self._states[ran.state] += 1
        self._ran_s += ran.wall_s
        what = "" if ran.state == "valid" else f" {ran.state}: {ran.message}"
        self._say(f"{self._done} of {self._total}{self._about()}: {cell.title}{what}")
        self._goes_on()

    @property
    def _done(self) -> int:
        return self._states.total()

    def _about(self) -> str:
        left_s = self.left_s()
        return f", about {in_words(left_s)} left" if left_s > 1 else ""

    def left_s(self) -> float:
        """By what cells took so far. Cells run in rounds of ``at_once``; running ones are
        half done, on average."""
        left = self._total - self._done
        if not left or not self._done:
            return 0.0
        at_once = max(1, self._at_once())
        whole_rounds = max(0, left - at_once) / at_once
        each_s = self._ran_s / self._done
        return each_s * (math.ceil(whole_rounds) + 0.5)

    def _goes_on(self) -> None:
        """On a terminal, in the line that moves."""
        if isinstance(self._say, LiveLines) and self._done < self._total:
            left = self._total - self._done
            spoilt = self._done - self._states["valid"]
            bad = f", {spoilt} failed or not valid" if spoilt else ""
            at_once = min(left, max(1, self._at_once()))
            waiting = f", {left - at_once} wait" if left > at_once else ""
            self._say.doing(f"{at_once} cells run{waiting}, {self._done} done{bad}{self._about()}")


def in_words(left_s: float) -> str:
    """No surer than it is: ``45 s``, ``12 min``, ``3.5 h``."""
    if left_s < 90:
        return f"{left_s:.0f} s"
    return f"{left_s / 60:.0f} min" if left_s < 5400 else f"{left_s / 3600:.1f} h"
