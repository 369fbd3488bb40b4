"""A year of failures and repairs as a timeline: sampled and shortened. Pure.

A state is a set of fibres that are down. In virtual time, 1 real second of an idle network still
costs milliseconds, and a year has 31 million. So each state lasts one slot of the emulation, and
what is measured in it counts for as long as it lasts in the year.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from corridor.experiments.availability.enclosed import EnclosedScenario
from corridor.topologies.analysis.failure_rates import DAYS_OF_YEAR, FailureRates
from corridor.topologies.analysis.repair_queue import RepairSimulation, repaired, states
from corridor.topologies.base.documents import Plain

SECONDS_OF_YEAR = DAYS_OF_YEAR * 24 * 3600
MOST_STATES = 60
"""Beyond it, states between which no demand gains or loses its permitted path are merged."""
SLOT_MS, INTERVAL_MS = 4000, 250
"""A fibre that fails every other slot stays below the limit of the controller's flap damping."""
SETTLED_MS, LEAVING_MS = 1000, 2400
"""Of a slot: from when demands should be on their new paths, and until when probes return before
the next change."""


@dataclass(frozen=True)
class YearState:
    """What is down for some time of the year, and who has no permitted path then."""

    seconds: float
    down: int
    """Fibres, as bits."""
    out: frozenset[str]
    """Demands."""


@dataclass(frozen=True)
class SampledYear:
    """A year of one map."""

    seed: int
    failures: int
    states: tuple[YearState, ...]
    """In order of time."""
    emulated: tuple[YearState, ...]
    """The same, or merged: with the fibres of the longest, and the seconds of all."""
    expected_s: Mapping[str, float]
    """By demand that is served, the expected seconds a year without a path, over all samples."""
    fibres: tuple[str, ...]

    @property
    def timeline(self) -> list[Plain]:
        """Events of a scenario in which each emulated state lasts one slot."""
        found: list[Plain] = []
        for number, fibre in enumerate(self.fibres):
            slots = [bool(one.down >> number & 1) for one in self.emulated]
            at = 0
            for is_down, run in groupby(slots):
                begin, at = at, at + len(list(run))
                if is_down:
                    event: dict[str, Plain] = {"at": f"{begin * SLOT_MS}ms", "cut": fibre}
                    if at < len(slots):
                        event["until"] = f"{at * SLOT_MS}ms"
                    found.append(event)
        return found

    @property
    def probes(self) -> int:
        """Probes of each demand, for all slots."""
        return len(self.emulated) * SLOT_MS // INTERVAL_MS


def sampled_year(decided: EnclosedScenario, rates: FailureRates, seed: int) -> SampledYear:
    """Return a year of failures and repairs at the first sample of the rates, from a moment at
    which all works. Repairs do not wait for ships."""
    model = decided.model
    failures = RepairSimulation(model, rates, seed=seed).failures(0, 1.0)
    systems = {one.demand.id: decided.permitted(one.policies) for one in decided.served}
    known: dict[int, frozenset[str]] = {}

    def out(down: int) -> frozenset[str]:
        if down not in known:
            known[down] = frozenset(name for name, ask in systems.items() if not ask(down).works)
        return known[down]

    found = [
        YearState((end - begin) * SECONDS_OF_YEAR, down, out(down))
        for begin, end, down in states(list(repaired(failures, {}, {})), 1.0)
    ]
    return SampledYear(
        seed=seed,
        failures=len(failures),
        states=tuple(found),
        emulated=tuple(found if len(found) <= MOST_STATES else _merged(found)),
        expected_s={
            one.demand.id: float(decided.bounds(one.replanned).low.mean()) * SECONDS_OF_YEAR
            for one in decided.demands
        },
        fibres=tuple(one.id for one in model.topology.fibres),
    )


def _merged(found: Sequence[YearState]) -> Iterator[YearState]:
    for out, run in groupby(found, key=lambda one: one.out):
        of = list(run)
        longest = max(of, key=lambda one: one.seconds)
        yield YearState(sum(one.seconds for one in of), longest.down, out)
