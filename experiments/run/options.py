"""What may be asked of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

from corridor.controller.openflow.frameworks import AskedFramework
from corridor.controller.policy.clauses.places import Service
from corridor.experiments.scenario.scenario import DEFAULT, Under
from corridor.experiments.testbeds.choice import AskedClock, Wanted
from corridor.experiments.testbeds.reusable_guest import ReusableGuests


@dataclass(frozen=True)
class Options:
    """What the command line or a caller may ask; None leaves it to the scenario or the machine."""

    scenario: str = DEFAULT
    testbed: Wanted = "auto"
    clock: AskedClock | None = None
    policies: str | None = None
    as_of: date | None = None
    outside: Literal["deny", "not-judged"] | None = None
    service: Service | None = None
    interpret: Mapping[str, str] = field(default_factory=dict)
    """Values of the policy set's interpretations, by their ids."""
    cut: tuple[str, ...] = ()
    """What fails, instead of all that the scenario has happen: as ``dead_elements`` reads it."""
    seed: int | None = None
    framework: AskedFramework | None = None
    out: Path | None = None
    report: bool = True
    """Write ``report.html``, which draws what it shows itself."""
    figures: bool = False
    """Draw the figures as PNG, too; ``corridor report`` draws them later, in other formats."""
    controller: str | None = None
    """An app of the user's own that steers the switches: a module, or a file of Python."""
    standing: ReusableGuests | None = None
    """Guests whose networks stand from one run to the next, in place of a new one; in the virtual
    clock only."""
    delay_model: Path | None = None
    """A file of constants and errors, for how certain paths are; None is the shipped one."""
    patience_s: float | None = None
    """How long a guest may show no progress; None reckons it from the plan."""
    predict_first: bool = False
    """Say before anything runs what is known without."""
    width: int | None = None
    """Of the terminal, in characters, for sentences that are stated."""

    @property
    def under(self) -> Under:
        return Under(
            policies=self.policies,
            as_of=self.as_of,
            outside=self.outside,
            service=self.service,
            interpret=dict(self.interpret),
        )
