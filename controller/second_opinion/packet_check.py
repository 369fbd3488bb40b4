"""The second opinion on tables, and on what a proof reports about them.

What tables do to demands' packets under failures is held against the evaluator. Whether some lawful
path is left is found by trying paths out, the shortest first, up to a bound. That decides nothing
about what is lawful: each path is put before the evaluator. What is found is there; where nothing
is found within the bound, there may still be something.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from random import Random

from corridor.controller.second_opinion.declared import (
    Declared,
    Direction,
    Plain,
    Protection,
    protected,
)
from corridor.controller.second_opinion.evaluator import DemandRules, Evaluator, PathVerdict
from corridor.controller.second_opinion.journey import (
    KINDS,
    NOTHING,
    Failed,
    Journey,
    everything,
    failed,
    journey_of,
)
from corridor.controller.second_opinion.packets import Packet, sent_by_host, switches_of
from corridor.controller.second_opinion.walker import Walk, Walker
from corridor.topologies.base.opinion import Disagreement, SecondOpinion
from corridor.topologies.base.seeds import seed_of
from corridor.topologies.model.topology import Fibre, Topology
from corridor.topologies.model.wiring import HostEnd, Wiring, is_host_port

MOST_ALIKE = 4
"""Paths that are followed on of those that come to one hub past the same gateways."""


@dataclass(frozen=True)
class Around:
    """The network that is left, and where gateways work in it."""

    topology: Topology
    gateways: Collection[str]
    what: Failed = NOTHING

    @cached_property
    def _fibres(self) -> dict[str, list[Fibre]]:
        """Those that work, by the hubs that they end at."""
        found: dict[str, list[Fibre]] = {hub.id: [] for hub in self.topology.hubs}
        for fibre in self.topology.fibres:
            if fibre.id not in self.what.fibres:
                for end in fibre.ends:
                    found[end].append(fibre)
        return found

    def onward(self, journey: Journey, most_inspected: int) -> Iterator[Journey]:
        """Every path that is one step longer."""
        here = journey.hubs[-1]
        works = here.id in self.gateways and here.id not in self.what.gateways
        is_new = len(journey.hubs) - 1 not in journey.inspected
        if works and is_new and len(journey.inspected) < most_inspected:
            yield journey.through_gateway()
        for fibre in self._fibres[here.id]:
            yield journey.onward(fibre, self.topology.hub(fibre.other_end(here.id)))

    def delays_to(self, dst: str) -> dict[str, int]:
        """The minimum delay from each hub that can get there, in ns."""
        least = {dst: 0}
        waiting = [(0, dst)]
        while waiting:
            delay, here = heapq.heappop(waiting)
            if delay > least[here]:
                continue
            for fibre in self._fibres[here]:
                far, total = fibre.other_end(here), delay + fibre.one_way_delay_ns
                if total < least.get(far, total + 1):
                    least[far] = total
                    heapq.heappush(waiting, (total, far))
        return least


def permitted_path_on(
    rules: DemandRules, around: Around, start: Journey, most: int
) -> Journey | None:
    """A lawful path to the demand's destination that begins as ``start`` does, of the first
    ``most`` that are tried."""
    dst = rules.demand.dst.id
    left = around.delays_to(dst)
    if rules.allows_nothing or start.hubs[-1].id not in left or dst in around.what.hubs:
        return None
    alike: Counter[tuple[str, tuple[str, ...]]] = Counter()
    order, inspections = count(), len(start.inspected) + rules.inspections
    waiting = [(0, next(order), start)]
    for _ in range(most):
        if not waiting:
            return None
        _, _, journey = heapq.heappop(waiting)
        here = journey.hubs[-1].id
        if here == dst and rules.verdict(journey.delivered()).lawful:
            return journey.delivered()
        kind = (here, tuple(journey.hubs[at].id for at in sorted(journey.inspected)))
        alike[kind] += 1
        if alike[kind] > MOST_ALIKE:
            continue
        for longer in around.onward(journey, inspections):
            last = longer.hubs[-1].id
            if last in left and rules.verdict(longer).lawful:
                delay = longer.one_way_delay_ns + left[last]
                heapq.heappush(waiting, (delay, next(order), longer))
    return None


@dataclass
class Judged:
    """One demand: its rules, and what was found of its packets."""

    direction: Direction
    rules: DemandRules
    walker: Walker
    hosts: Mapping[str, HostEnd]
    topology: Topology
    beside: Protection
    tries: int
    """Paths that are looked at for a lawful one."""
    walks: int = 0
    verdicts: dict[Journey, PathVerdict] = field(default_factory=dict)
    """Of every path that was asked about."""

    def verdict(self, journey: Journey) -> PathVerdict:
        if journey not in self.verdicts:
            self.verdicts[journey] = self.rules.verdict(journey)
        return self.verdicts[journey]

    def walk(self, what: Failed, selector: int = 0) -> Walk:
        src, dst = (self.hosts[name] for name in self.direction.hosts)
        self.walks += 1
        one = self.direction
        packet = sent_by_host(src, dst, one.selectors[selector], one.family)
        return self.walker.walk((src.hub, src.port), packet, self.walker.ports.dead_by(what))

    def journey(self, walk: Walk) -> Journey:
        journey = journey_of(self.topology, walk.hubs, walk.fibres, sorted(walk.inspected))
        return journey.delivered() if walk.delivered_to else journey.going_on()

    @cached_property
    def usual(self) -> Walk:
        """While nothing fails."""
        return self.walk(NOTHING)

    @cached_property
    def protection(self) -> Protection:
        """By the permits of first choice under which the usual path is lawful."""
        permits = self.verdict(self.journey(self.usual)).permits if self.usual.delivered_to else ()
        allowing = [one for one in self.rules.permits if one["id"] in permits]
        first = min((one.get("preference", 100) for one in allowing), default=0)
        in_use = [one for one in allowing if one.get("preference", 100) == first]
        return protected(in_use, self.direction, self.beside)

    def usual_differences(self) -> Iterator[Disagreement]:
        """Of what happens while nothing fails, to packets of every selector."""
        yield from self._differences(self.usual, NOTHING)
        yield from self._preferred()
        for number in range(1, len(self.direction.selectors)):
            other = self.walk(NOTHING, number)
            if (other.hubs, other.fibres) != (self.usual.hubs, self.usual.fibres):
                yield from self._differences(other, NOTHING)

    def differences(self, what: Failed) -> Iterator[Disagreement]:
        """Under failures; none where they change nothing about its packets."""
        is_met = not self.usual.relied_on.isdisjoint(self.walker.ports.dead_by(what))
        if is_met and self.rules.demand.src.id not in what.hubs:
            yield from self._differences(self.walk(what), what)

    def _differences(self, walk: Walk, what: Failed) -> Iterator[Disagreement]:
        journey = self.journey(walk)
        said = self.verdict(journey)
        at_home = not walk.fibres and not walk.inspected and not walk.delivered_to
        if not said.lawful and not at_home:
            yield self._disagreement("unlawful path", what, journey, said.reason)
        if walk.delivered_to and (walk.delivered_to != self.direction.hosts[1] or walk.end):
            reached = f"delivered to {walk.delivered_to} {walk.end}".strip()
            yield self._disagreement("wrong host", what, journey, reached)
        if not walk.delivered_to and self._is_promised(what):
            yield from self._needless(walk, journey, what)

    def _is_promised(self, what: Failed) -> bool:
        if not what.names:
            return True
        return len(what.names) <= self.protection.k and what.kinds <= self.protection.over

    def _needless(self, walk: Walk, journey: Journey, what: Failed) -> Iterator[Disagreement]:
        around = Around(self.topology, self._gateways(what), what)
        left = permitted_path_on(self.rules, around, journey, self.tries)
        if left is not None:
            permits = ", ".join(self.rules.verdict(left).permits) or "nothing forbids it"
            kind = "needless drop" if what.names else "not blocked"
            reason = f"{walk.end}, though {left} is left ({permits})"
            yield self._disagreement(kind, what, journey, reason)

    def _preferred(self) -> Iterator[Disagreement]:
        """Without failures, a permit with a higher priority leaves a path, too."""
        journey = self.journey(self.usual)
        permits = self.verdict(journey).permits
        if not permits or not self.usual.delivered_to or self.direction.is_kept_apart:
            return
        rules = self.rules.preferred_to(permits)
        around = Around(self.topology, self._gateways(NOTHING))
        src = journey_of(self.topology, [journey.hubs[0].id], []).going_on()
        left = permitted_path_on(rules, around, src, self.tries) if rules.permits else None
        if left is not None:
            first = ", ".join(rules.verdict(left).permits)
            reason = f"goes by {', '.join(permits)}, though {left} is left by {first}"
            yield self._disagreement("not preferred", NOTHING, journey, reason)

    def _gateways(self, what: Failed) -> frozenset[str]:
        """Where gateways stand; a demand that is blocked while nothing fails must be so wherever
        they might."""
        if what.names:
            return self.walker.ports.gateways
        return frozenset(hub.id for hub in self.topology.hubs)

    def _disagreement(self, kind: str, what: Failed, journey: Journey, reason: str) -> Disagreement:
        return Disagreement(kind, self.direction.id, what.names, str(journey), reason)


class World:
    """Everything that is declared and held, ready to be asked about each demand."""

    def __init__(self, declared: Declared, walker: Walker, wiring: Wiring, tries: int) -> None:
        self.topology = declared.topology
        self.walker = walker
        evaluator = Evaluator(declared.policies, declared.topology, declared.as_of)
        hosts = {host.name: host for host in wiring.hosts}
        self.demands = {
            one.id: Judged(
                one,
                evaluator.rules_of(one.demand),
                walker,
                hosts,
                declared.topology,
                declared.protection,
                tries,
            )
            for one in declared.directions
        }

    @property
    def may_fail(self) -> tuple[str, ...]:
        """All of the kinds that some demand is protected against; of every kind where none is."""
        kinds = {kind for one in self.demands.values() for kind in one.protection.over}
        return everything(self.topology, self.walker.ports.gateways, kinds or KINDS)

    @property
    def k(self) -> int:
        return max((one.protection.k for one in self.demands.values()), default=0)

    def failed(self, names: tuple[str, ...]) -> Failed:
        return failed(self.topology, names)


# What a proof tells, held against the evaluator: witnesses and counterexamples.

OF_PATHS = ("C4", "C5", "C6", "C7", "C11")
"""Claims whose counterexample is a path that policies forbid."""


def witness_differences(world: World, witness: Plain) -> Iterator[Disagreement]:
    """A witness is forbidden by its policy, and lawful without it."""
    demand, policy = world.demands[witness["demand"]], witness["policy"]
    rules = demand.rules
    if not witness["hubs"]:
        if not any(one["id"] == policy for one in rules.denies):
            yield _of("witness", demand, "", f"{policy} does not deny it")
        return
    journey = journey_of(world.topology, witness["hubs"], witness["fibres"]).through_every_gateway()
    demand.verdict(journey)
    if not rules.objections_of(policy, journey):
        yield _of("witness", demand, str(journey), f"{policy} does not forbid it")
    without = rules.without(policy).verdict(journey)
    if not without.lawful:
        yield _of("witness", demand, str(journey), f"without {policy} still: {without.reason}")


def counterexamples(verdicts: Sequence[Plain]) -> Iterator[Plain]:
    """Those with the path of a demand's packet from its own host, the same for all observers."""
    for verdict in verdicts:
        told = verdict.get("counterexample")
        if not told or verdict["claim"] not in OF_PATHS or not told["hops"]:
            continue
        if is_host_port(told["packet"].get("in_port")) and not told["note"]:
            yield told


def counterexample_differences(world: World, told: Plain) -> Iterator[Disagreement]:
    """A counterexample happens as it is reported, and its path is forbidden."""
    demand = world.demands.get(told["demand"].partition(" ")[0])
    if demand is None:
        return
    hops = [hop["hub"] for hop in told["hops"]]
    dead = frozenset((one["hub"], one["port"]) for one in told["failures"])
    given = {name: value for name, value in told["packet"].items() if name != "in_port"}
    header = {"ip_dscp": 0, **given}
    start = (hops[0], int(told["packet"]["in_port"]))
    walk = world.walker.walk(start, Packet(header), dead)
    journey = demand.journey(walk)
    if walk.visits[: len(hops)] != hops:
        yield _of("counterexample", demand, str(journey), f"reported is {' '.join(hops)}")
    elif demand.verdict(journey).lawful and walk.delivered_to in ("", demand.direction.hosts[1]):
        reason = f"{told['claim']} calls it forbidden: {told['verdict']}"
        yield _of("counterexample", demand, str(journey), reason)


def _of(kind: str, demand: Judged, path: str, reason: str) -> Disagreement:
    return Disagreement(kind, demand.direction.id, (), path, reason)


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
