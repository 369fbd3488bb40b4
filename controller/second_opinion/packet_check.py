"""What tables do to demands' packets under failures, held against the evaluator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from corridor.controller.second_opinion.declared import Declared, Direction, Protection, protected
from corridor.controller.second_opinion.evaluator import DemandRules, Evaluator, PathVerdict
from corridor.controller.second_opinion.failing import KINDS, NOTHING, Failed, everything, failed
from corridor.controller.second_opinion.journey import Journey, journey_of
from corridor.controller.second_opinion.onward import Around, permitted_path_on
from corridor.controller.second_opinion.packets import Packet, sent_by_host
from corridor.controller.second_opinion.plain import Plain
from corridor.controller.second_opinion.walker import Walk, Walker
from corridor.topologies.base.opinion import Disagreement
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import HOST_PORT, HubWire, Wiring


@dataclass
class Judged:
    """One demand: its rules, and what was found of its packets."""

    direction: Direction
    rules: DemandRules
    walker: Walker
    hosts: Mapping[str, HubWire]
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
        src, dst = (self.hosts[self.direction.demand[end]] for end in ("src", "dst"))
        self.walks += 1
        packet = sent_by_host(src, dst, self.direction.selectors[selector])
        return self.walker.walk(src.hub, packet, self.walker.ports.dead_by(what))

    def journey(self, walk: Walk) -> Journey:
        journey = journey_of(self.topology, walk.hubs, walk.fibres, sorted(walk.inspected))
        return journey.delivered() if walk.delivered_at else journey.going_on()

    @cached_property
    def usual(self) -> Walk:
        """While nothing fails."""
        return self.walk(NOTHING)

    @cached_property
    def protection(self) -> Protection:
        """By the permits of first choice under which the usual path is lawful."""
        permits = self.verdict(self.journey(self.usual)).permits if self.usual.delivered_at else ()
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
        at_home = not walk.fibres and not walk.inspected and not walk.delivered_at
        if not said.lawful and not at_home:
            yield self._disagreement("unlawful path", what, journey, said.reason)
        if walk.delivered_at and (walk.delivered_at != self.rules.demand.dst.id or walk.end):
            reached = f"delivered at {walk.delivered_at} {walk.end}".strip()
            yield self._disagreement("wrong host", what, journey, reached)
        if not walk.delivered_at and self._is_promised(what):
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
        if not permits or not self.usual.delivered_at or self.direction.is_kept_apart:
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
        hosts = {hub.hub: hub for hub in wiring.hubs}
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
        if told["packet"].get("in_port") == HOST_PORT and not told["note"]:
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
    walk = world.walker.walk(hops[0], Packet(header), dead)
    journey = demand.journey(walk)
    if walk.visits[: len(hops)] != hops:
        yield _of("counterexample", demand, str(journey), f"reported is {' '.join(hops)}")
    elif demand.verdict(journey).lawful and walk.delivered_at in ("", demand.rules.demand.dst.id):
        reason = f"{told['claim']} calls it forbidden: {told['verdict']}"
        yield _of("counterexample", demand, str(journey), reason)


def _of(kind: str, demand: Judged, path: str, reason: str) -> Disagreement:
    return Disagreement(kind, demand.direction.id, (), path, reason)
