"""From a scenario to the specification that its run is judged by."""

from __future__ import annotations

from collections import Counter

from corridor.controller.intent.intent import ANY_PACKET, Intent, Selector
from corridor.controller.intent.specification import Direction, Specification
from corridor.controller.relaxation.relaxation import climb
from corridor.experiments.scenario import ports
from corridor.experiments.scenario.demands import Demand as ScenarioDemand
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.traffic.packets import stamp


def specify(loaded: LoadedScenario) -> Specification:
    """The specification of a scenario, with what has to be given up so that its rates fit."""
    scenario = loaded.scenario
    crowded = Counter(frozenset((one.src, one.dst)) for one in scenario.demands)
    directions = []
    for number, demand in enumerate(scenario.demands):
        alone = crowded[frozenset((demand.src, demand.dst))] == 1
        forward, backward = _packets(
            number,
            streams=scenario.stream_share(demand) is not None,
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
            ),
            Direction(
                demand=answers,
                selectors=(ANY_PACKET,) if alone else backward,
                dscp=scenario.dscp(demand),
            ),
        ]
    return climb(
        Specification(
            topology=loaded.topology,
            policies=loaded.policies,
            as_of=loaded.as_of,
            directions=tuple(directions),
            k=scenario.protect.k,
            over=scenario.protect.over,
            disjoint=scenario.disjoint,
            aggregates=scenario.aggregates,
        )
    )


def server_port(number: int, demand: ScenarioDemand) -> int:
    """Where a demand's TCP transfer goes to."""
    return ports.TCP_SERVER if demand.throughput is not None else ports.TCP_TIMED_BASE + number


def intents_for(loaded: LoadedScenario) -> tuple[Intent, ...]:
    """The intents of a scenario: each demand and its answers, by turns."""
    return specify(loaded).intents()


def _packets(
    number: int, *, streams: bool, server: int | None
) -> tuple[tuple[Selector, ...], tuple[Selector, ...]]:
    """What a demand sends there, and what comes back; ``server`` is the port of its transfer."""
    reply = ports.REPLY_BASE + number
    forward = [Selector("udp", reply, stamp.PORT)]
    backward = [Selector("udp", stamp.PORT, reply)]
    if streams:
        forward.append(Selector("udp", ports.STREAM_BASE + number, ports.STREAM_BASE + number))
    if server is not None:
        for base in (ports.TCP_CLIENT_BASE, ports.TCP_CONTROL_BASE):
            forward.append(Selector("tcp", base + number, server))
            backward.append(Selector("tcp", server, base + number))
    return tuple(forward), tuple(backward)
