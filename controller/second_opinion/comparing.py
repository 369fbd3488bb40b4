"""The second opinion on tables, and on what a proof reports about them."""

from __future__ import annotations

from collections.abc import Iterator

from corridor.controller.second_opinion.declared import Declared
from corridor.controller.second_opinion.packets_judged import World
from corridor.controller.second_opinion.plain import Plain
from corridor.controller.second_opinion.sampling import EVERY_SINGLE, Sample, failure_sets
from corridor.controller.second_opinion.tables import switches_of
from corridor.controller.second_opinion.walker import Walker
from corridor.controller.second_opinion.witnesses_judged import (
    counterexample_differences,
    counterexamples,
    witness_differences,
)
from corridor.topologies.base.opinion import Disagreement, SecondOpinion
from corridor.topologies.model.wiring import Wiring


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
