"""Controllers of domains that exchange items in memory, in a random order, and are killed."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from corridor.controller.domains.contracts import COMPOSED, compose, provers
from corridor.controller.domains.domain_controller import DomainController, Timer
from corridor.controller.domains.kept_state import Crossing
from corridor.controller.domains.messages import Frame, Refused, decoded, encoded
from corridor.controller.domains.sight import sights
from corridor.controller.forwarding.program import Program
from corridor.controller.intent.intent import Intent
from corridor.controller.intent.specification import Specification
from corridor.controller.prover.search.tables import tables_of
from corridor.topologies.model.domains import HomeDomains
from corridor.topologies.model.routing import Path
from corridor.topologies.model.wiring import GATEWAY_IN_PORT, GATEWAY_OUT_PORT, HOST_PORT, wire


@dataclass
class Packet:
    """A packet under way: where, by which port and label it came, and its path so far."""

    direction: int
    hub: str
    port: int
    label: int
    hubs: list[str]
    fibres: list[str]
    rules: Specification
    """By which it was let in."""


class DomainNetwork:
    """All controllers of a network; every write of a state file is before what it sends."""

    def __init__(self, specification: Specification, seed: int = 0) -> None:
        topology = specification.topology
        gateways = frozenset(hub.id for hub in topology.hubs if hub.intl_gateway)
        self.wiring = wire(topology, gateways=gateways)
        self.rules = dict.fromkeys(HomeDomains(topology).domains, specification)
        """By domain, its rules with the whole map."""
        self.owner = HomeDomains(topology).home
        self.sights = sights(specification, self.wiring)
        self.chance = Random(seed)
        self.files: dict[str, str] = {}
        self.controllers: dict[str, DomainController] = {}
        self.timers: list[tuple[str, Timer]] = []
        self.silent: set[str] = set()
        self.kills = 0.0
        """How often a controller is killed before it has written what it received."""
        self.frames = self.octets = self.proofs = self.lost_packets = self.arrived = 0
        self.packets: list[Packet] = []
        self._proven: tuple[object, ...] = ()
        for name in self.sights:
            self.boot(name)

    def boot(self, name: str) -> None:
        self.controllers[name] = DomainController(self.sights[name], self.files.get(name, ""))
        self.controllers[name].start()
        self.keep(name)

    def kill(self, name: str) -> None:
        """What it had not written is lost, and so are its timers."""
        self.timers = [one for one in self.timers if one[0] != name]
        self.boot(name)

    def keep(self, name: str) -> None:
        one = self.controllers[name]
        self.files[name] = one.state.to_json()
        self.timers += [(name, timer) for timer in one.timers]
        one.timers.clear()

    def step(self) -> bool:
        """Deliver one frame, or let a timer expire; False if nothing is left to do."""
        sending = [
            (name, to)
            for name, one in self.controllers.items()
            for to in one.unsent_to()
            if to not in self.silent or one.agreements.volatile.get(to)
        ]
        if sending:
            self._send(*self.chance.choice(sorted(sending)))
            return True
        if self.timers:
            name, timer = self.timers.pop(self.chance.randrange(len(self.timers)))
            self.controllers[name].due(timer)
            self.keep(name)
            return True
        return False

    def _send(self, name: str, to: str) -> None:
        one = self.controllers[name]
        update, exchange = one.take(to)
        if to in self.silent:
            one.agreements.unsent(to, exchange)
            self.keep(name)
            return
        frame = Frame(
            sender=name, to=to, boot=one.state.boot, number=self.frames, policies=one.digest,
            items=(*update, *exchange),
        )  # fmt: skip
        data = encoded(frame)
        self.frames, self.octets = self.frames + 1, self.octets + len(data)
        if self.chance.random() < self.kills:
            self.kill(to)
            one.agreements.unsent(to, exchange)
            self.keep(name)
            return
        other = self.controllers[to]
        other.agreements.met(name, frame.boot)
        for item in decoded(data).items:
            try:
                other.received(name, item, frame.policies)
            except Refused as problem:
                other.refused[problem.kind] += 1
        self.keep(to)
        if self.chance.random() < 0.9:  # else the reply is lost, and items come twice
            one.delivered(to, len(update))
            self.keep(name)

    def change(self, name: str, specification: Specification) -> None:
        """Give one domain other policies."""
        self.rules[name] = specification
        self.sights[name] = sights(specification, self.wiring)[name]
        self.controllers[name].change(self.sights[name])
        self.keep(name)

    def cut(self, fibre: str) -> None:
        """Both domains at its ends find it dead."""
        for name, one in self.controllers.items():
            if any(each.id == fibre for each in one.sight.specification.topology.fibres):
                one.cut(fibre)
                self.keep(name)

    def repaired(self, fibre: str) -> None:
        """Both find that it works again."""
        for name, one in self.controllers.items():
            if any(each.id == fibre for each in one.sight.specification.topology.fibres):
                one.repaired(fibre)
                self.keep(name)

    def crossings(self) -> list[Crossing]:
        """What packets may use, of all domains."""
        return [each for one in self.controllers.values() for each in one.active()]

    def settle(self, most: int = 20_000) -> int:
        for count in range(most):
            if not self.step():
                return count
        raise AssertionError("domains do not come to rest")

    # What is installed, and what it does to packets.

    @property
    def program(self) -> Program:
        return Program(tuple(x for one in self.controllers.values() for x in one.program()), ())

    @property
    def intents(self) -> list[Intent]:
        """Of each direction, as its source has them."""
        of = {name: rules.intents() for name, rules in self.rules.items()}
        first = next(iter(self.rules.values()))
        sources = [self.owner[one.demand.src] for one in first.directions]
        return [of[name][at] for at, name in enumerate(sources)]

    def breaches(self) -> list[str]:
        """What the composed proof finds in the tables of all domains; what is proven is kept."""
        program = self.program
        if program.switches == self._proven:
            return []
        self._proven, self.proofs = program.switches, self.proofs + 1
        first = next(iter(self.rules.values()))
        parts = (tables_of(program), self.wiring, first.topology, self.intents)
        found = compose(provers(self.owner, *parts), self.owner)
        return [f"{one.claim} {one.said}" for one in found.violated if one.claim in COMPOSED]

    def inject(self) -> None:
        """One packet of each direction that its source lets in."""
        for name, one in self.controllers.items():
            for crossing in one.active():
                if not crossing.upstream:
                    first = crossing.visits[0]
                    packet = Packet(
                        crossing.direction, first.hub, HOST_PORT, first.label, [first.hub], [],
                        self.rules[name],
                    )  # fmt: skip
                    self.packets.append(packet)

    def move(self) -> None:
        """Every packet takes one step by the tables as they are."""
        tables = {
            (switch.hub, dict(flow.match).get("in_port"), dict(flow.match).get("mpls_label")): flow
            for switch in self.program.switches
            for flow in switch.flows
            if flow.table == 4 and flow.match
        }
        far = {}
        for fibre in self.wiring.fibres:
            for near, other in ((fibre.a, fibre.z), (fibre.z, fibre.a)):
                far[near.hub, near.port] = (other.hub, other.port, fibre.fibre)
        still = []
        for one in self.packets:
            flow = tables.get((one.hub, one.port, one.label))
            if flow is None:
                self.lost_packets += 1
                continue
            out = 0
            for action in flow.actions:
                if action.kind == "set_field" and action.arguments[0] == "mpls_label":
                    one.label = int(action.arguments[1])
                elif action.kind in ("output", "in_port"):
                    out = int(action.arguments[0]) if action.kind == "output" else one.port
            if out == HOST_PORT:
                self._judge(one)
            elif out == GATEWAY_IN_PORT:
                one.port = GATEWAY_OUT_PORT
                still.append(one)
            elif self._is_dead(far[one.hub, out][2]):
                self.lost_packets += 1
            else:
                one.hub, one.port, fibre = far[one.hub, out]
                one.hubs.append(one.hub)
                one.fibres.append(fibre)
                still.append(one)
        self.packets = still

    def _is_dead(self, fibre: str) -> bool:
        return any(fibre in one.state.dead for one in self.controllers.values())

    def _judge(self, packet: Packet) -> None:
        self.arrived += 1
        applicable = packet.rules.intents()[packet.direction - 1].applicable_policies
        path = Path(tuple(packet.hubs), tuple(packet.fibres))
        assert packet.hubs[-1] == applicable.demand.dst
        assert applicable.verdict(path).allowed, (str(applicable.verdict(path)), path)
