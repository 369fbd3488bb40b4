"""From a scenario to the specification that its run is judged by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from corridor.controller.forwarding.compiler import plan_ways
from corridor.controller.forwarding.forwarding_tree import ForwardingTree
from corridor.controller.intent.intent import ANY_PACKET, Intent, Selector
from corridor.controller.intent.specification import Direction, Specification
from corridor.controller.traffic_engineering.fit_rates import NONE, fits, fitted, with_picks
from corridor.controller.traffic_engineering.own_objective import OwnObjective
from corridor.controller.traffic_engineering.relaxation import climb
from corridor.experiments.scenario.demands import Demand as ScenarioDemand
from corridor.experiments.scenario.policing import police_bps
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.traffic.packets import ports, stamp


def specify(loaded: LoadedScenario) -> Specification:
    """The specification of a scenario, with what has to be given up so that its rates fit."""
    scenario = loaded.scenario
    turned = turned_demands(scenario.demands)
    crowded = Counter(frozenset((one.src, one.dst)) for one in scenario.demands)
    directions = []
    for number, demand in enumerate(scenario.demands):
        alone = crowded[frozenset((demand.src, demand.dst))] == 1
        forward, backward = _packets(
            number,
            streams=scenario.streams(demand),
            messages=scenario.sends_messages(demand),
            turned=number in turned,
            server=server_port(number, demand) if scenario.sends_by_tcp(demand) else None,
        )
        ruled = demand.ruled(scenario.service).to(demand.dst)
        answers = ruled.returning()
        assert answers is not None
        directions += [
            Direction(
                demand=ruled,
                selectors=(ANY_PACKET,) if alone else forward,
                bandwidth=demand.guarantee,
                dscp=scenario.dscp(demand),
                police=police_bps(scenario.network.police, demand.police),
            ),
            Direction(
                demand=answers,
                selectors=(ANY_PACKET,) if alone else backward,
                dscp=scenario.dscp(demand),
                police=police_bps(scenario.network.police, demand.police),
            ),
        ]
    asked = Specification(
        topology=loaded.topology,
        policies=loaded.policies,
        as_of=loaded.as_of,
        directions=tuple(directions),
        k=scenario.protect.k,
        over=scenario.protect.over,
        disjoint=scenario.disjoint,
        aggregates=scenario.aggregates,
        chooses=scenario.objective != NONE,
    )
    chosen = fitted(asked, objective_of(loaded))
    climbed = climb(chosen)
    if chosen == asked:
        return climbed
    bare = with_picks(climbed, {})
    if climbed != chosen and fits(bare):  # with what is given up the shortest paths do
        return bare
    if fits(climbed):
        return climbed
    laddered = climb(asked)  # ladders may help where paths with a smaller shortfall do not
    return laddered if fits(laddered) else climbed


def objective_of(loaded: LoadedScenario) -> str | OwnObjective:
    """By what its paths are chosen together; a file of its author's is carried out. Raises
    InputError where that offers no objective."""
    own = loaded.own_objective
    return loaded.scenario.objective if own is None else own.carried_out()


def turned_demands(demands: Sequence[ScenarioDemand]) -> frozenset[int]:
    """Numbers of demands whose source serves their workloads, and whose destination connects.

    Workloads are distinguished by the port of the server alone. Where demands join two hubs in both
    directions, one hub serves all of them, the later by name: else a packet could be from the
    server of one and to that of another.
    """
    ways = {(one.src, one.dst) for one in demands}
    return frozenset(
        number
        for number, one in enumerate(demands)
        if one.src > one.dst and (one.dst, one.src) in ways
    )


def server_port(number: int, demand: ScenarioDemand) -> int:
    """Where a demand's TCP transfer goes to."""
    return ports.TCP_SERVER if demand.throughput is not None else ports.TCP_TIMED_BASE + number


@dataclass(frozen=True)
class Intended:
    """What a scenario asks for, and how it is served while nothing has failed: planned once, for
    tables, answers and samples alike."""

    specification: Specification
    ways: tuple[ForwardingTree, ...]
    """Of each demand and its answers, by turns."""

    @classmethod
    def of(cls, loaded: LoadedScenario) -> Self:
        specification = specify(loaded)
        return cls(specification, plan_ways(loaded.topology, specification.intents()))


def intents_for(loaded: LoadedScenario) -> tuple[Intent, ...]:
    """The intents of a scenario: each demand and its answers, by turns."""
    return specify(loaded).intents()


def _packets(
    number: int, *, streams: bool, messages: bool, turned: bool, server: int | None
) -> tuple[tuple[Selector, ...], tuple[Selector, ...]]:
    """What a demand sends there, and what comes back; ``server`` is the port of its transfer."""
    reply = ports.REPLY_BASE + number
    forward = [Selector("udp", reply, stamp.PORT)]
    backward = [Selector("udp", stamp.PORT, reply)]
    if streams:
        forward.append(Selector("udp", ports.STREAM_BASE + number, ports.STREAM_BASE + number))
    if messages:
        to_server = Selector("tcp", dst_port=ports.WORKLOAD_BASE + number)
        from_server = Selector("tcp", src_port=ports.WORKLOAD_BASE + number)
        forward.append(from_server if turned else to_server)
        backward.append(to_server if turned else from_server)
    if server is not None:
        for base in (ports.TCP_CLIENT_BASE, ports.TCP_CONTROL_BASE):
            forward.append(Selector("tcp", base + number, server))
            backward.append(Selector("tcp", server, base + number))
    return tuple(forward), tuple(backward)
