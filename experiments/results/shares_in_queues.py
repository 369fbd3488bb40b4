"""How flows share fibres in front of which queues stand, as far as a fluid knows. Pure.

One queue and turns by flow give each its max-min share. Strict priority gives that level by level.
Weighted classes give it where all that meet share the same fibres; over several fibres that
different flows share, over fibres with other classes, and with committed rates, nothing is known.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import NamedTuple

from corridor.topologies.emulation.queues.kinds import PRIORITY, WEIGHTED
from corridor.topologies.model.line import Queue
from corridor.traffic.measures.fair_shares import Flow, by_class_bps, by_priority_bps, max_min_bps

NO_QUEUE = Queue()


class Network(NamedTuple):
    """Capacities of links, and the queues before those that have some."""

    capacities_bps: Mapping[str, float]
    queues: Mapping[str, Queue]


def shares_bps[Name: Hashable](
    flows: Mapping[Name, Flow], dscps: Mapping[Name, int], network: Network
) -> dict[Name, float] | None:
    """None where it is not known."""
    meeting = _meeting(flows)
    if any(network.queues.get(link, NO_QUEUE).committed for link in meeting):
        return None
    queues = {link: network.queues.get(link, NO_QUEUE) for link in meeting}
    mixed = {
        link: {name: _class_of(dscps[name], queues[link]) for name in names}
        for link, names in meeting.items()
    }
    mixed = {link: of for link, of in mixed.items() if len(set(of.values())) > 1}
    if not mixed:
        return max_min_bps(flows, network.capacities_bps)
    kinds = {(queues[link].name, queues[link].classes) for link in mixed}
    if len(kinds) > 1:
        return None
    ((kind, _),) = kinds
    if kind == PRIORITY.key:
        return _by_priority(flows, dscps, queues[min(mixed)], meeting, network)
    if kind == WEIGHTED.key and len({frozenset(of) for of in meeting.values()}) == 1:
        return _by_weight(flows, mixed, network)
    return None


def _by_priority[Name: Hashable](
    flows: Mapping[Name, Flow],
    dscps: Mapping[Name, int],
    queue: Queue,
    meeting: Mapping[str, set[Name]],
    network: Network,
) -> dict[Name, float] | None:
    """Where flows of several levels meet before such queues only."""
    levels = {name: _class_of(dscps[name], queue) for name in flows}
    for link, names in meeting.items():
        is_same = len({levels[name] for name in names}) == 1
        here = network.queues.get(link, NO_QUEUE)
        if not is_same and (here.name, here.classes) != (queue.name, queue.classes):
            return None
    return by_priority_bps(flows, levels, network.capacities_bps)


def _by_weight[Name: Hashable](
    flows: Mapping[Name, Flow], mixed: Mapping[str, Mapping[Name, int]], network: Network
) -> dict[Name, float] | None:
    """Where all flows that meet another meet the same ones, at the fibre that is narrowest."""
    capacities = network.capacities_bps
    narrowest = min(mixed, key=lambda link: (capacities[link], link))
    classes = mixed[narrowest]
    shared = set(_meeting(flows))
    if any(capacities[link] < capacities[narrowest] for link in shared):
        return None
    bounded = {
        name: flow._replace(
            links=(),
            most_bps=min(
                [flow.most_bps, *(capacities[link] for link in flow.links if link not in shared)]
            ),
        )
        for name, flow in flows.items()
        if name in classes
    }
    weights = {
        number: float(one.weight) for number, one in enumerate(network.queues[narrowest].classes)
    }
    alone = {name: flow for name, flow in flows.items() if name not in classes}
    found = by_class_bps(bounded, classes, weights, capacities[narrowest])
    return {**found, **max_min_bps(alone, capacities)}


def _meeting[Name: Hashable](flows: Mapping[Name, Flow]) -> dict[str, set[Name]]:
    """Links that several flows share, and which."""
    found: dict[str, set[Name]] = {}
    for name, flow in flows.items():
        for link in flow.links:
            found.setdefault(link, set()).add(name)
    return {link: names for link, names in found.items() if len(names) > 1}


def _class_of(dscp: int, queue: Queue) -> int:
    """The place of the class that takes such frames, as queues do; all are of one without any."""
    classes = queue.classes
    if not classes:
        return 0
    for place, one in enumerate(classes):
        if dscp in one.dscps:
            return place
    rest = (place for place, one in enumerate(classes) if not one.dscps)
    return next(rest, len(classes) - 1)
