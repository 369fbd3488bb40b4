"""From a scenario to the specification that its run is judged by."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, Self

from corridor.controller.forwarding.compiler import build_forwarding_graphs
from corridor.controller.forwarding.forwarding_graph import ForwardingGraph
from corridor.controller.intent.intent import ANY_PACKET, Aggregate, Intent, Selector
from corridor.controller.intent.specification import Direction, Specification
from corridor.controller.policy.model import MOST_BPS, RETURN, Bandwidth
from corridor.controller.traffic_engineering.fit_rates import (
    NONE,
    fits,
    with_feasible_paths,
    with_picks,
)
from corridor.controller.traffic_engineering.objective import OwnObjective
from corridor.controller.traffic_engineering.relaxation import climb
from corridor.experiments.scenario.demands import Demand
from corridor.experiments.scenario.demands import Demand as ScenarioDemand
from corridor.experiments.scenario.fields import police_bps
from corridor.experiments.scenario.scenario import LoadedScenario, Scenario
from corridor.experiments.scenario.served_by_domains import served_policies
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.base.units import QuantityError, format_rate, parse_rate_bps
from corridor.traffic.packets import ports, stamp


def specify(loaded: LoadedScenario) -> Specification:
    """The specification of a scenario, with what has to be given up so that its rates fit."""
    scenario = loaded.scenario
    turned = turned_demands(scenario.demands)
    crowded = Counter((frozenset(one.hosts), one.family) for one in scenario.demands)
    directions = []
    for number, demand in enumerate(scenario.demands):
        alone = crowded[frozenset(demand.hosts), demand.family] == 1
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
    policies = loaded.policies
    if scenario.controller.domains is not None:
        policies = served_policies(loaded)
    asked = Specification(
        topology=loaded.topology,
        policies=policies,
        as_of=loaded.as_of,
        directions=tuple(directions),
        k=scenario.protect.k,
        over=scenario.protect.over,
        disjoint=scenario.disjoint,
        aggregates=scenario.aggregates,
        chooses=scenario.objective != NONE,
    )
    chosen = with_feasible_paths(asked, objective_of(loaded))
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

    Workloads are distinguished by the port of the server alone. Where demands join two hosts in
    both directions, one host serves all of them, the later by name: else a packet could be from the
    server of one and to that of another.
    """
    pairs = {one.hosts for one in demands}
    return frozenset(
        number
        for number, one in enumerate(demands)
        if one.hosts[0] > one.hosts[1] and one.hosts[::-1] in pairs
    )


def server_port(number: int, demand: ScenarioDemand) -> int:
    """Where a demand's TCP transfer goes to."""
    return ports.TCP_SERVER if demand.throughput is not None else ports.TCP_TIMED_BASE + number


@dataclass(frozen=True)
class Intended:
    """What a scenario asks for, and how it is served while nothing has failed: planned once, for
    tables, answers and samples alike."""

    specification: Specification
    graphs: tuple[ForwardingGraph, ...]
    """Of each demand and its answers, by turns."""

    @classmethod
    def of(cls, loaded: LoadedScenario) -> Self:
        specification = specify(loaded)
        return cls(specification, build_forwarding_graphs(loaded.topology, specification.intents()))


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


# Rates that someone states next to a scenario: as if its demands had these guarantees. Pure.

EXAMPLE = "write for example ckpt=2Tbit: a class or a demand, and a real rate"


def with_rates(loaded: LoadedScenario, stated: Sequence[str]) -> LoadedScenario:
    """Each is ``CLASS=RATE``, ``DEMAND=RATE`` or ``RATE`` for all, in real bit/s; a rate for a
    demand goes before its class, and that before all. Raises InputError."""
    if not stated:
        return loaded
    rates = _read(loaded.scenario, stated)
    together = {name for one in loaded.scenario.aggregates for name in one.demands}
    demands = tuple(
        demand if (rate := _rate_of(demand, rates)) is None or demand.id in together
        else _promised(demand, rate, loaded)
        for demand in loaded.scenario.demands
    )  # fmt: skip
    scenario = Scenario.model_construct(**{**dict(loaded.scenario), "demands": demands})
    return loaded.model_copy(update={"scenario": scenario})


def _read(scenario: Scenario, stated: Sequence[str]) -> dict[str, int]:
    """By class or demand; by nothing for all."""
    known = {name for one in scenario.demands for name in (one.id, one.data_class)}
    found: dict[str, int] = {}
    for text in stated:
        what, _, rate = text.rpartition("=")
        if what and what not in known:
            hint = nearest(what, known) or EXAMPLE
            raise InputError(f'no class or demand of {scenario.name} is called "{what}"', hint)
        if what in found:
            raise InputError(f"two rates are stated of {what or 'all'}", "state one")
        try:
            found[what] = parse_rate_bps(rate)
        except QuantityError as error:
            raise InputError(str(error), error.hint or EXAMPLE) from error
    return found


def _rate_of(demand: Demand, rates: Mapping[str, int]) -> int | None:
    given = (rates.get(name) for name in (demand.id, demand.data_class, ""))
    return next((rate for rate in given if rate is not None), None)


def _promised(demand: Demand, real_bps: int, loaded: LoadedScenario) -> Demand:
    scale = Fraction(str(loaded.topology.scaling.capacity_scale))
    cir_bps = round(real_bps * scale)
    try:
        if not cir_bps:
            raise ValueError
        rates = Bandwidth.model_validate({"cir": format_rate(cir_bps)})
    except ValueError:
        message = f"{format_rate(real_bps)} of {demand.id} is {cir_bps} bit/s as emulated"
        raise InputError(message, "state a rate that a meter can hold") from None
    return demand.model_copy(update={"guarantee": rates})


def with_growth(
    loaded: LoadedScenario, growing: Collection[str], times: Fraction
) -> LoadedScenario | None:
    """Return the scenario with the guarantees of these demands and aggregates multiplied.

    Return None if a rate is not a guarantee that the scenario states (a permit's, for example), or
    if a meter cannot hold the product. Rates are rounded up to whole bit/s.
    """
    scenario = loaded.scenario
    known: dict[str, Demand | Aggregate] = {one.id: one for one in scenario.demands}
    known |= {one.id: one for one in scenario.aggregates}
    grown: dict[str, Bandwidth] = {}
    for name in growing:
        stated = known[name].guarantee if name in known else None
        product = None if stated is None else _multiplied(stated, times)
        if product is None:
            return None
        grown[name] = product
    demands, aggregates = (
        tuple(
            one.model_copy(update={"guarantee": grown[one.id]}) if one.id in grown else one
            for one in some
        )
        for some in (scenario.demands, scenario.aggregates)
    )
    changed = {**dict(scenario), "demands": demands, "aggregates": aggregates}
    return loaded.model_copy(update={"scenario": Scenario.model_construct(**changed)})


def _multiplied(rates: Bandwidth, times: Fraction) -> Bandwidth | None:
    cir, pir = (bps if bps is None else math.ceil(bps * times) for bps in (rates.cir, rates.pir))
    if (pir or cir or 0) > MOST_BPS:
        return None
    return rates.model_copy(update={"cir": cir, "pir": pir})


class PlannedDemand(NamedTuple):
    """One demand as compiled, next to the demands that it must be disjoint from."""

    forward: ForwardingGraph
    reverse: ForwardingGraph | None
    """The reverse demand; None if ``forward`` is a reverse demand itself."""


def planned_demand(loaded: LoadedScenario, demand: str) -> PlannedDemand:
    """Return the forwarding graphs of a demand by its id, such as ``ckpt-karachi`` or
    ``ckpt-karachi.return``. Raises InputError with the nearest id if there is no such demand."""
    intents = {intent.id: intent for intent in intents_for(loaded)}
    if demand not in intents:
        hint = nearest(demand, intents) or f"it has {', '.join(list(intents)[:6:2])}, ..."
        raise InputError(f'scenario {loaded.scenario.name} has no demand "{demand}"', hint)
    wanted = (demand, f"{demand}{RETURN}")
    together = [one for one in intents.values() if one.id in wanted or one.disjoint]
    graphs = {one.intent.id: one for one in build_forwarding_graphs(loaded.topology, together)}
    return PlannedDemand(graphs[wanted[0]], graphs.get(wanted[1]))
