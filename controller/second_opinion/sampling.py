"""Which sets of failures a second opinion tries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from corridor.topologies.base.seeds import seed_of


@dataclass(frozen=True)
class Sample:
    """How much is tried: nothing failed always, then single failures, then random sets."""

    singles: int | None = None
    """The number of single failures, drawn by the seed; None for all."""
    sets: int = 200
    """The number of sets of two failures and more."""
    tries: int = 3000
    """Paths that are looked at for a lawful one where a packet is dropped."""
    seed: int = 1


EVERY_SINGLE = Sample()
OF_A_RUN = Sample(singles=20, sets=20, tries=300)
"""So few that it takes about half a second of processor time on the reference scenario."""


def failure_sets(names: Sequence[str], k: int, sample: Sample) -> Iterator[tuple[str, ...]]:
    """Of all that may fail, what does: nothing first; random sets have two failures to one more
    than ``k``."""
    yield ()
    chance = Random(seed_of(sample.seed, "second opinion"))
    few = sample.singles is not None and sample.singles < len(names)
    for name in chance.sample(names, sample.singles or 0) if few else names:
        yield (name,)
    if len(names) < 2:
        return
    for _ in range(sample.sets):
        size = chance.randint(2, max(2, k + 1))
        yield tuple(sorted(chance.sample(names, min(size, len(names)))))
