"""The queue before each direction of a fibre, and the rate that background traffic leaves it. Pure.

Owners move background traffic while a run goes on. The rates at a moment are those of what was out
of order the stated time earlier, by the model of background traffic. So a cut and its repair are
both felt that much later, and what is repaired by then moves nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from corridor.controller.forwarding.forwarding_graph import Cross, ForwardingGraph
from corridor.controller.forwarding.nodes import reached
from corridor.controller.intent.intent import Intent
from corridor.experiments.plan.bfd_sessions import Span
from corridor.experiments.plan.timeline import Placed
from corridor.experiments.plan.values import Change
from corridor.experiments.scenario.queues import NONE, Buffer, QueueOptions
from corridor.experiments.scenario.scenario import LoadedScenario, Scenario
from corridor.topologies.emulation.queues.registry import KINDS
from corridor.topologies.model.background import RESERVE, reserved
from corridor.topologies.model.fault_kind import ShapeChange
from corridor.topologies.model.line import Commitment, Packets, Queue, QueueClass
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import End, FibreWire, Shape, Wiring, queue_packets

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
    """Selectors between two hosts: what an intent's packets are, under any label."""
    src, dst = (wiring.host(name).ip(intent.family) for name in intent.hosts)
    return tuple(
        Packets(src, dst, one.protocol or "", one.src_port, one.dst_port)
        for one in intent.selectors
    )


type Rates = Mapping[str, tuple[tuple[int, int], ...]]
"""Of fibres whose rates are not as planned, forward and backward: the bits per second of background
and the packets that a queue holds."""


class Failed(NamedTuple):
    """What is out of order."""

    links: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    hubs: frozenset[str] = frozenset()


@dataclass(frozen=True)
class BackgroundMoves:
    """The reactions of owners to the events of a scenario; none unless it asks for them."""

    loaded: LoadedScenario
    wiring: Wiring
    _known: dict[Failed, Rates] = field(default_factory=dict)

    def changes(self, placed: Sequence[Placed], over_ns: int) -> Iterator[Change]:
        """Yield what is done to queues before the run is over."""
        for at_ns, rates in self._steps(placed):
            if at_ns < over_ns:
                yield Change(at_ns, RESERVE, "", {"fibres": rates})

    def spans(self, placed: Sequence[Placed]) -> Iterator[tuple[str, str, Span, ShapeChange]]:
        """Yield by fibre and the hub that sends, when which change lasts."""
        ends = {wire.fibre: (wire.a.hub, wire.z.hub) for wire in self.wiring.fibres}
        steps = [*self._steps(placed), (math.inf, {})]
        for (begin_ns, rates), (end_ns, _) in pairwise(steps):
            span = Span(int(begin_ns), end_ns)
            for fibre, both in rates.items():
                for hub, now in zip(ends[fibre], both, strict=True):
                    yield fibre, hub, span, partial(reserved, now=now)

    def _steps(self, placed: Sequence[Placed]) -> Iterator[tuple[int, Rates]]:
        """Yield when rates change, and to what."""
        of = self.loaded.scenario.background
        if of is None or of.react == "none":
            return
        lasting = [
            (span, _failed(one, self.loaded.topology))
            for one in placed
            for span in lasts(one)
            if span.end_ns > span.begin_ns + of.after
        ]
        lasting = [one for one in lasting if any(one[1])]
        moments = {int(at) for span, _ in lasting for at in span if at != math.inf}
        was: Rates = {}
        for at_ns in sorted(moments):
            there = [one for span, one in lasting if span.begin_ns <= at_ns < span.end_ns]
            now = self._rates(
                Failed(*(frozenset[str]().union(*one) for one in zip(*there, strict=True)))
            )
            if now != was:
                yield at_ns + of.after, now
            was = now

    def _rates(self, failed: Failed) -> Rates:
        if failed not in self._known:
            self._known[failed] = dict(self._differing(failed))
        return self._known[failed]

    def _differing(self, failed: Failed) -> Iterator[tuple[str, tuple[tuple[int, int], ...]]]:
        assert self.loaded.background is not None
        topology = self.loaded.background.after(*failed).on(self.loaded.topology)
        for wire in self.wiring.fibres:
            both = (wire.a, wire.forward), (wire.z, wire.backward)
            now = tuple(self._now(topology, wire.fibre, *one) for one in both)
            if any(of[0] != shape.background_bps for of, (_, shape) in zip(now, both, strict=True)):
                yield wire.fibre, now

    def _now(self, topology: Topology, fibre: str, end: End, shape: Shape) -> tuple[int, int]:
        """A buffer is a time, so it holds other packets; one of a discipline holds octets."""
        rate_bps = topology.free_rate_bps(topology.fibre(fibre), end.hub)
        buffer_ms = self.loaded.scenario.network.buffer / 1e6
        held = shape.queue_packets if shape.queue.stands else queue_packets(rate_bps, buffer_ms)
        return shape.fibre_bps - rate_bps, held


def lasts(one: Placed) -> list[Span]:
    """When an event takes away what it does: of several steps, those between down and up."""
    kind = one.event.kind
    if kind.steps is None:
        return [Span(one.begin_ns, math.inf if one.end_ns is None else one.end_ns)]
    found, steps = list[Span](), kind.steps(one.event.options)
    for (begin_ns, do), (end_ns, _) in pairwise(steps):
        if do == kind.begin:
            found.append(Span(one.begin_ns + begin_ns, one.begin_ns + end_ns))
    return found


def _failed(one: Placed, topology: Topology) -> Failed:
    event = one.event
    reach = event.kind.reach(topology, event.what, event.options)
    if event.kind.of == "group":
        return Failed(groups=frozenset([event.what]))
    return Failed(links=reach.fibres, hubs=reach.hubs)
