"""Outcomes of a packet at one switch by our evaluations of the tables, in the words of a trace.

Three readings that share no code: the prover's of sets of packets, the prover's of one packet, and
the switches in software that the tests of the compiler use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from attack_frames import ARP, MPLS
from attack_world import Mesh
from corridor.controller.forwarding.program import LABEL_TTL, Flow, Program, Value
from corridor.controller.prover import tables_of
from corridor.controller.prover.exact_decisions import Causes, Fork, Onward, Stop, Switch
from corridor.controller.prover.search.declared_network import Network
from corridor.controller.prover.search.headers import Packet as PacketSet
from corridor.controller.prover.search.headers import box
from corridor.controller.prover.search.packets import FIELDS
from corridor.controller.prover.search.packets import Packet as OnePacket
from corridor.controller.prover.search.reach import End, Place, Step, steps_at
from corridor.topologies.model.wiring import HOST_PORT
from openflow_network import Fate, OpenFlowNetwork
from openflow_network import Packet as SoftPacket
from trace_answers import CONTROLLER, Answer, Out, expired, frozen
from trace_samples import Label, Sample

type Model = Callable[[Sample], Answer | None]
"""None where it does not speak of such packets."""

SOFT_TTL = 64


def models(
    mesh: Mesh, program: Program, down: frozenset[str], closed: frozenset[str]
) -> dict[str, Model]:
    """Each reading of a program while some fibres are down and some hubs' gateways closed."""
    dead = mesh.dead_ports(down, closed)
    return {
        "reach": _Reach(mesh, program, dead).answer,
        "decisions": _Decisions(mesh, program, dead).answer,
        "software": _Software(mesh, program, down, closed).answer,
    }


def _met(flows: list[Flow] | tuple[Flow, ...]) -> tuple[tuple[int, int, int], ...]:
    return tuple((flow.table, flow.priority, flow.cookie) for flow in flows)


def _out(
    sample: Sample,
    port: int | str,
    label: tuple[int, int | None] | None,
    hops: int,
    written: dict[str, Value],
) -> Iterator[Out]:
    """The copy that leaves, unless its TTL is spent."""
    ttl = sample.label.ttl if sample.label else LABEL_TTL
    if expired(ttl, hops):
        return
    headers = frozen(dict(sample.headers) | written)
    yield Out(
        port, None if label is None else Label(label[0], int(label[1] or 0), ttl - hops), headers
    )


class _Reach:
    """``controller/prover/search/reach.py``: every step that is possible, of which one is taken."""

    def __init__(self, mesh: Mesh, program: Program, dead: set[tuple[str, int]]) -> None:
        specification = mesh.specification
        intents = specification.intents()
        tables = tables_of(program)
        self._network = Network(tables, mesh.wiring, specification.topology, intents, program)
        self._dead = dead

    def answer(self, sample: Sample) -> Answer | None:
        headers: dict[str, Any] = dict(sample.headers)
        if sample.label is None:
            packet = PacketSet(sent=box(**headers))
        else:
            del headers["eth_type"]
            packet = PacketSet(box(**headers), frozenset(), sample.label.value, sample.label.tc)
        steps = [
            step
            for step in steps_at(self._network, Place(sample.hub, sample.port, packet))
            if self._is_taken(step)
        ]
        if not steps:  # every bucket of a group is dead
            return Answer(self._met_before_a_group(sample, packet), ())
        (step,) = steps
        return Answer(_met(step.matched), tuple(self._outs(sample, step)))

    def _is_taken(self, step: Step) -> bool:
        """Whether each group's choice is its first live bucket."""
        lookup = self._network.lookups[step.at.hub]
        for choice in step.chosen:
            live = [
                number
                for number, bucket in enumerate(lookup.groups[choice.group].buckets)
                if (step.at.hub, bucket.watch_port) not in self._dead
            ]
            if not live or live[0] != choice.bucket:
                return False
        return True

    def _met_before_a_group(self, sample: Sample, packet: PacketSet) -> tuple[Any, ...]:
        steps = steps_at(self._network, Place(sample.hub, sample.port, packet))
        (matched,) = {step.matched for step in steps}
        return _met(matched)

    def _outs(self, sample: Sample, step: Step) -> Iterator[Out]:
        if step.end.is_drop or (step.at.hub, step.port) in self._dead:
            return
        packet = step.packet
        label = None if packet.label is None else (packet.label, packet.tc)
        written = {name: value for name, value in packet.written if name != "eth_type"}
        port = CONTROLLER if step.end is End.TO_CONTROLLER else step.port
        assert port is not None, step
        yield from _out(sample, port, label, step.hops, written)


class _Decisions:
    """``corridor.controller.prover.exact_decisions``: one packet, and questions of what is live."""

    def __init__(self, mesh: Mesh, program: Program, dead: set[tuple[str, int]]) -> None:
        topology = mesh.specification.topology
        watches = Causes(topology).watches(topology, mesh.wiring)
        hosts = {hub.hub: frozenset(host.port for host in hub.attached) for hub in mesh.wiring.hubs}
        self._dead = dead
        self._switches = {
            switch.hub: Switch(switch, watches[switch.hub], hosts[switch.hub])
            for switch in program.switches
        }

    def answer(self, sample: Sample) -> Answer | None:
        """None for ARP, which it does not speak of."""
        if sample.headers["eth_type"] == ARP:
            return None
        packet, switch = self._packet(sample), self._switches[sample.hub]
        matched, sent, clear = switch.walk(packet)
        assert clear, f"unclear: {sample}"
        if [action.kind for action, _ in sent] == ["controller"]:
            return Answer(_met(matched), tuple(_out(sample, CONTROLLER, None, 0, {})))
        fate: Any = switch.decide(packet, self)
        while isinstance(fate, Fork):
            is_dead = (sample.hub, fate.watch.port) in self._dead
            fate = fate.dead if is_dead else fate.live
        return Answer(_met(matched), tuple(self._outs(sample, fate)))

    def _packet(self, sample: Sample) -> OnePacket:
        fields = {name: value for name, value in sample.headers.items() if name in FIELDS}
        inside = OnePacket.of(in_port=sample.port, **fields)
        if sample.label is None:
            return inside
        frame = {name: fields[name] for name in ("eth_dst", "eth_src", "vlan_vid")}
        label = {"mpls_label": sample.label.value, "mpls_tc": sample.label.tc}
        interfaces = OnePacket.of(in_port=sample.port, eth_type=MPLS, **frame, **label)
        return OnePacket(interfaces.fields, inside)

    # What the switch asks of its surroundings: what leaves is kept as it is.

    def to_host(self, port: int, packet: OnePacket) -> Any:
        return (port, packet)

    def onward(self, packet: OnePacket, watch: Any) -> Onward[Any]:
        return Onward((watch.port, packet), watch, packet.aged)

    def _outs(self, sample: Sample, fate: Stop | Onward[Any]) -> Iterator[Out]:
        left = fate.to if isinstance(fate, Onward) else fate.end
        if not isinstance(left, tuple):
            return
        port, packet = left
        held = dict(zip(FIELDS, packet.fields, strict=True))
        label, beneath = None, held
        if packet.beneath is not None:
            label = (held["mpls_label"], held["mpls_tc"])
            beneath = dict(zip(FIELDS, packet.beneath.fields, strict=True))
        written = {name: beneath[name] for name in sample.headers if beneath.get(name) is not None}
        written |= {name: held[name] for name in ("eth_dst", "eth_src", "vlan_vid")}
        yield from _out(sample, port, label, packet.aged, written)


class _Recording(OpenFlowNetwork):
    """Keeps the entries that a packet meets."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.met: list[Flow] = []

    def _entry(self, *arguments: Any) -> Flow:
        flow = super()._entry(*arguments)
        self.met.append(flow)
        return flow


class _Software:
    """``openflow_network``: switches in software."""

    def __init__(
        self, mesh: Mesh, program: Program, down: frozenset[str], closed: frozenset[str]
    ) -> None:
        self._network = _Recording(program, mesh.wiring, down, closed)

    def answer(self, sample: Sample) -> Answer | None:
        labels = (sample.label.value,) if sample.label else ()
        tc = sample.label.tc if sample.label else 0
        packet = SoftPacket(frozen(sample.headers), labels, SOFT_TTL, tc)
        self._network.met, fate = [], Fate()
        leaving = self._network._switch(sample.hub, sample.port, packet, fate)
        leaving += [(HOST_PORT, returned) for _, returned in fate.returned]
        outs = [self._out(sample, *one) for one in leaving]
        outs += [_out(sample, CONTROLLER, None, 0, {}) for _ in fate.to_controller]
        return Answer(_met(self._network.met), tuple(out for some in outs for out in some))

    def _out(self, sample: Sample, port: int, packet: SoftPacket) -> Iterator[Out]:
        label = (packet.labels[-1], packet.label_tc) if packet.labels else None
        hops = SOFT_TTL - packet.label_ttl
        yield from _out(sample, port, label, hops, dict(packet.fields))
