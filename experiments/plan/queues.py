"""The queue before each direction of each fibre, from what a scenario says. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from corridor.controller.forwarding.forwarding_graph import Cross, ForwardingGraph
from corridor.controller.forwarding.nodes import reached
from corridor.controller.intent.intent import Intent
from corridor.experiments.scenario.queues import NONE, Buffer, QueueOptions
from corridor.experiments.scenario.scenario import LoadedScenario, Scenario
from corridor.topologies.emulation.queues.registry import KINDS
from corridor.topologies.model.line import Commitment, Packets, Queue, QueueClass
from corridor.topologies.model.wiring import FibreWire, Shape, Wiring

type Direction = tuple[str, str]
"""A fibre, and the hub from which it is entered."""
Guaranteed = Mapping[str, tuple[Commitment, frozenset[Direction]]]
"""By who pays: what is promised, and where its packets may come."""


def with_queues(
    wiring: Wiring, loaded: LoadedScenario, graphs: Sequence[ForwardingGraph]
) -> Wiring:
    """The wiring with the queues that its scenario asks for; the same where it asks for none."""
    if loaded.scenario.network.queues is None:
        return wiring
    promised = _promised(wiring, loaded, graphs)
    return replace(
        wiring, fibres=tuple(_queued(fibre, loaded.scenario, promised) for fibre in wiring.fibres)
    )


def _queued(fibre: FibreWire, scenario: Scenario, promised: Guaranteed) -> FibreWire:
    assert scenario.network.queues is not None
    options = scenario.network.queues.of(fibre.fibre)
    if options.discipline == NONE:
        return fibre

    def of(shape: Shape, hub: str) -> Shape:
        here = tuple(
            commitment for commitment, where in promised.values() if (fibre.fibre, hub) in where
        )
        queue = _queue(options, scenario.network.buffer, shape.rate_bps, here)
        return replace(shape, queue=queue)

    return replace(
        fibre,
        forward=of(fibre.forward, fibre.a.hub),
        backward=of(fibre.backward, fibre.z.hub),
    )


def _queue(
    options: QueueOptions, network_buffer_ns: int, rate_bps: int, here: tuple[Commitment, ...]
) -> Queue:
    takes = KINDS[options.discipline].takes
    buffer = options.buffer_or_default or Buffer(duration_ns=network_buffer_ns)
    return Queue(
        name=options.discipline,
        buffer_bytes=buffer.bytes_at(rate_bps),
        classes=tuple(
            QueueClass(
                one.name,
                (one.buffer or buffer).bytes_at(rate_bps),
                one.dscps,
                (one.weight or 1) if "weights" in takes else 1,
            )
            for one in options.resolved_classes()
        ),
        committed=here if "commitments" in takes else (),
        target_us=options.target_ns // 1000 if "target" in takes else 0,
        ecn=bool(options.ecn),
    )


def _promised(
    wiring: Wiring, loaded: LoadedScenario, graphs: Sequence[ForwardingGraph]
) -> Guaranteed:
    """Where switches may send guaranteed packets, whatever fails; a controller that follows may
    send them anywhere."""
    anywhere = frozenset(
        (fibre.fibre, end.hub) for fibre in wiring.fibres for end in (fibre.a, fibre.z)
    )
    found: dict[str, tuple[Commitment, frozenset[Direction]]] = {}
    for graph in graphs:
        rates = graph.intent.guarantee(graph.permit) if graph.permit else None
        if rates is None:
            continue
        payer, packets = graph.intent.pays_as, _packets(wiring, graph.intent)
        where = anywhere if loaded.scenario.follows else _crossed(graph)
        if payer in found:
            before, there = found[payer]
            one = replace(before, packets=(*before.packets, *packets))
            found[payer] = one, there | where
        else:
            found[payer] = Commitment(payer, rates.cir, packets, rates.pir), where
    return found


def _crossed(graph: ForwardingGraph) -> frozenset[Direction]:
    return frozenset(
        (node.fibre, node.hub) for node in reached(graph.first) if isinstance(node, Cross)
    )


def _packets(wiring: Wiring, intent: Intent) -> tuple[Packets, ...]:
    """Selectors between two hubs' hosts: what an intent's packets are, under any label."""
    src, dst = (wiring.hub(hub).host_ip for hub in intent.pair)
    return tuple(
        Packets(src, dst, one.protocol or "", one.src_port, one.dst_port)
        for one in intent.selectors
    )
