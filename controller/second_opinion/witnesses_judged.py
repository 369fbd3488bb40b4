"""What a proof tells, held against the evaluator: witnesses and counterexamples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corridor.controller.second_opinion.journey import journey_of
from corridor.controller.second_opinion.packets import Packet
from corridor.controller.second_opinion.packets_judged import Judged, World
from corridor.controller.second_opinion.plain import Plain
from corridor.topologies.base.opinion import Disagreement
from corridor.topologies.model.wiring import HOST_PORT

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
