"""The second opinion on tables, and on what a proof reports about them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from corridor.controller.second_opinion.declared import Declared
from corridor.controller.second_opinion.packet_check import (
    World,
    counterexample_differences,
    counterexamples,
    witness_differences,
)
from corridor.controller.second_opinion.plain import Plain
from corridor.controller.second_opinion.tables import switches_of
from corridor.controller.second_opinion.walker import Walker
from corridor.topologies.base.opinion import Disagreement, SecondOpinion
from corridor.topologies.base.seeds import seed_of
from corridor.topologies.model.wiring import Wiring

# Which sets of failures a second opinion tries.


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


def compare(
    declared: Declared,
    said: Plain,
    wiring: Wiring,
    proof: Plain | None = None,
    sample: Sample = EVERY_SINGLE,
) -> SecondOpinion:
    """Judge what switches hold, as a dump of ``tables/`` says it, and what a proof, as in
    ``proof.json``, reports about it."""
    world = World(declared, Walker(switches_of(said), wiring), wiring, sample.tries)
    proof = proof or {}
    witnesses = list(proof.get("witnesses", ()))
    told = list(counterexamples(proof.get("verdicts", ())))
    found = list(_of_packets(world, [()]))
    sets = list(failure_sets(world.may_fail, world.k, sample))
    found += _of_packets(world, sets[1:])
    found += [one for witness in witnesses for one in witness_differences(world, witness)]
    found += [one for each in told for one in counterexample_differences(world, each)]
    judged = world.demands.values()
    return SecondOpinion(
        demands=len(judged),
        witnesses=len(witnesses),
        counterexamples=len(told),
        failure_sets=len(sets),
        walks=sum(one.walks for one in judged),
        paths=sum(len(one.verdicts) for one in judged),
        disagreements=tuple(dict.fromkeys(found)),
    )


def _of_packets(world: World, sets: list[tuple[str, ...]]) -> Iterator[Disagreement]:
    """What is wrong with packets of every demand, one set of failures after another."""
    for names in sets:
        what = world.failed(names)
        for demand in world.demands.values():
            yield from demand.differences(what) if names else demand.usual_differences()
