"""What the network is to do, as values: what is known, what stands, and how one follows another.

A ``Deployment`` is a program with what it serves and what was known when it was made. In the next
one, directions whose entries differ are compiled in their other epoch, so that both versions can
are next to each other; all others stay as they are. Pure: who carries it to switches is the
controller.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import NamedTuple

from corridor.controller.forwarding.compiler import (
    Compiled,
    build_forwarding_graphs,
    compile_forwarding_graphs,
)
from corridor.controller.forwarding.forwarding_graph import (
    Assess,
    Cross,
    Earlier,
    ForwardingGraph,
    Node,
)
from corridor.controller.forwarding.labels import Seat
from corridor.controller.forwarding.program import (
    FastFailover,
    Flow,
    Meter,
    Program,
    Reason,
    SwitchProgram,
    Table,
    cookie,
)
from corridor.controller.forwarding.two_phase_plan import Update, compile_after, update
from corridor.controller.intent.intent import Intent
from corridor.controller.intent.specification import Specification
from corridor.controller.policy.automaton import DEFAULT_DENY, Automaton, Violation
from corridor.controller.policy.semantics import NO_FAILURES, Failures
from corridor.controller.prover import Proof, Tables, tables_of
from corridor.controller.prover.session import Question, Session
from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import GATEWAY_OUT_PORT, FibreWire, Wiring

FULL_FRAME_BITS = 8 * 1600


@dataclass(frozen=True)
class DesiredState:
    """Everything that decides what the network is to do."""

    specification: Specification
    """With the paths that are chosen, where they are."""
    failures: Failures = NO_FAILURES
    drained: frozenset[str] = frozenset()
    """Fibres that are to carry nothing."""

    def without(self, wiring: Wiring) -> Failures:
        """What must be done without: failures, drained fibres, and gateways no one built."""
        return replace(
            self.failures,
            links=self.failures.links | self.drained,
            gateways=self.failures.gateways | unbuilt(wiring),
        )


def unbuilt(wiring: Wiring) -> frozenset[str]:
    """Hubs without a gateway."""
    return frozenset(hub.hub for hub in wiring.hubs if hub.gateway is None)


@dataclass(frozen=True)
class Deployment:
    """What switches hold, or are to hold."""

    known: DesiredState
    intents: tuple[Intent, ...]
    without: Failures
    compiled: Compiled
    epoch: int
    """It alternates from one update to the next; ``compiled`` has that of each direction."""
    withdrawn: frozenset[int] = frozenset()
    """Numbers of demands that are dropped at their edges although there are paths for them."""
    promises_rates: bool = False
    """Whether guaranteed rates must fit: where someone asks for a change, and not where the
    network must do without what has failed."""

    @property
    def program(self) -> Program:
        return self.compiled.program

    @property
    def graphs(self) -> tuple[ForwardingGraph, ...]:
        return self.compiled.graphs

    @property
    def topology(self) -> Topology:
        return self.known.specification.topology

    @cached_property
    def labels(self) -> frozenset[int]:
        return frozenset(use.label for use in self.program.labels)

    @cached_property
    def switches(self) -> dict[int, SwitchProgram]:
        return {switch.dpid: switch for switch in self.program.switches}


class Planned(NamedTuple):
    """What is known, and how each direction is served then."""

    known: DesiredState
    intents: tuple[Intent, ...]
    without: Failures
    graphs: tuple[ForwardingGraph, ...]


def planned(known: DesiredState, wiring: Wiring, before: Deployment | None = None) -> Planned:
    """Paths of ``before`` are used again where they would be planned again, and intents where they
    are equal: other policies rule on most demands as those before."""
    without, intents = known.without(wiring), known.specification.intents()
    topology, earlier = known.specification.topology, None
    if before is not None and before.topology is topology:
        stood = {one.id: one for one in before.intents}
        intents = tuple(was if (was := stood.get(one.id)) == one else one for one in intents)
        earlier = Earlier(before.without, before.graphs)
    graphs = build_forwarding_graphs(topology, intents, without, earlier)
    return Planned(known, intents, without, graphs)


def stand(
    known: DesiredState, wiring: Wiring, epoch: int, seats: Sequence[Seat] | None = None
) -> Deployment:
    """What is known, compiled in an epoch, or with each direction in its own seat."""
    plan = planned(known, wiring)
    topology = known.specification.topology
    compiled = compile_forwarding_graphs(wiring, topology, plan.graphs, epoch=epoch, seats=seats)
    return Deployment(known, plan.intents, plan.without, compiled, epoch)


def following(deployment: Deployment, known: DesiredState, wiring: Wiring) -> Deployment:
    """What is to stand next: of the other epoch, or of the same where no entry would differ. Where
    nothing else is known than before, it is what stands."""
    if known == deployment.known and not deployment.withdrawn:
        return deployment
    return after(deployment, planned(known, wiring, deployment), wiring)


def after(deployment: Deployment, plan: Planned, wiring: Wiring) -> Deployment:
    """What is planned, compiled so that it can be installed next to a deployment."""
    topology = plan.known.specification.topology
    before, gone = deployment.compiled, deployment.withdrawn
    compiled = compile_after(before, wiring, topology, plan.graphs, gone)
    is_same = compiled.program.switches == deployment.program.switches
    epoch = deployment.epoch if is_same else 1 - deployment.epoch
    return Deployment(plan.known, plan.intents, plan.without, compiled, epoch)


def withdraw(
    deployment: Deployment, numbers: Iterable[int], intents: tuple[Intent, ...]
) -> Deployment:
    """The same with the packets of some demands dropped at their edges, and known nowhere else.

    ``intents`` says what those demands may from now on, which is nothing as long as this stands;
    all else is served as before.
    """
    gone = deployment.withdrawn | frozenset(numbers)
    switches = tuple(_withdrawn(switch, gone) for switch in deployment.program.switches)
    served = tuple(
        _allowed_nothing(intents[number - 1]) if number in gone else intent
        for number, intent in enumerate(deployment.intents, start=1)
    )
    program = replace(deployment.program, switches=switches)
    compiled = replace(deployment.compiled, program=program)
    return replace(deployment, intents=served, compiled=compiled, withdrawn=gone)


def _allowed_nothing(intent: Intent) -> Intent:
    """One that policies still allow, though not by the paths that stand, waits for the next."""
    waits = Violation(DEFAULT_DENY, "withdrawn", intent.id, "withdrawn until the next deployment")
    applicable_policies = replace(
        intent.applicable_policies,
        automata=(),
        refusals=intent.applicable_policies.refusals or (waits,),
    )
    return replace(intent, applicable_policies=applicable_policies)


def no_longer_allowed(deployment: Deployment, intents: Iterable[Intent]) -> frozenset[int]:
    """Numbers of demands that have a path, and whose new rulings refuse them on every path."""
    return frozenset(
        number
        for number, (graph, intent) in enumerate(
            zip(deployment.graphs, intents, strict=True), start=1
        )
        if graph.first is not None
        and not intent.applicable_policies.automata
        and number not in deployment.withdrawn
    )


def unlawful(deployment: Deployment, intents: Iterable[Intent]) -> frozenset[int]:
    """Numbers of demands that have a path, and no longer permits that allow all of it: the one
    in use and those of its detours."""
    return frozenset(
        number
        for number, (graph, intent) in enumerate(
            zip(deployment.graphs, intents, strict=True), start=1
        )
        if number not in deployment.withdrawn
        and not all(
            any(_is_no_stricter(one, old) for one in intent.applicable_policies.automata)
            for old in graph.followed
        )
    )


def _is_no_stricter(new: Automaton, old: Automaton) -> bool:
    """Whether a permit allows all that it did."""
    return (
        new.permit == old.permit
        and all(clause in old.clauses for clause in new.clauses)
        and all(budget in old.budgets for budget in new.budgets)
    )


def proof_of(
    deployment: Deployment,
    wiring: Wiring,
    tables: Tables | None = None,
    session: Session | None = None,
) -> Proof:
    """Prove from nothing that tables, by default those intended, do what a deployment is for, and
    nothing else; what is found serves the proofs to come of a ``session``."""
    return (session or Session()).prove_whole(asked_of(deployment, wiring, tables))


def asked_of(deployment: Deployment, wiring: Wiring, tables: Tables | None = None) -> Question:
    """Whether tables, by default those intended, do what a deployment is for, and nothing else."""
    return _asked(deployment, wiring, tables, deployment.program, frozenset())


def asked_beside(
    deployment: Deployment,
    step: Update,
    new: Deployment,
    wiring: Wiring,
    tables: Tables | None = None,
) -> Question:
    """Whether the old version still serves as it should with the new one next to it."""
    return _asked(deployment, wiring, tables, step.beside, new.labels - deployment.labels)


def asked_flipped(
    deployment: Deployment, step: Update, new: Deployment, wiring: Wiring
) -> Question:
    """Whether the new version will serve as it should once the edges are flipped."""
    return _asked(new, wiring, None, step.flipped, deployment.labels - new.labels)


def step_between(deployment: Deployment, new: Deployment) -> Update:
    return update(deployment.program, new.program)


def _asked(
    deployment: Deployment,
    wiring: Wiring,
    tables: Tables | None,
    intended: Program,
    resting: frozenset[int],
) -> Question:
    return Question(
        tables or tables_of(intended),
        wiring,
        deployment.topology,
        deployment.intents,
        intended,
        deployment.without,
        resting,
        deployment.promises_rates,
    )


def _withdrawn(switch: SwitchProgram, numbers: frozenset[int]) -> SwitchProgram:
    flows = []
    for flow in switch.flows:
        if flow.policy not in numbers:
            flows.append(flow)
        elif flow.table == Table.CLASSIFY:
            flows.append(_blocked(flow))
    return replace(switch, flows=tuple(flows))


def _blocked(flow: Flow) -> Flow:
    why = cookie(Reason.DROP_BLOCKED, policy=flow.policy, serial=flow.serial)
    return replace(flow, actions=(), goto=None, cookie=why)


def longest_ns(deployment: Deployment, wiring: Wiring) -> int:
    """The maximum time of a packet in transit, whatever has failed, with every queue full."""
    hop_ns = {wire.fibre: _most_ns(wire) for wire in wiring.fibres}
    known: dict[Node, int] = {}
    firsts = [graph.first for graph in deployment.graphs if graph.first is not None]
    for node in chain.from_iterable(_ends_first(first) for first in firsts):
        if node not in known:
            onward = known[node.then] if isinstance(node, Cross | Assess) else 0
            if isinstance(node, Cross):
                onward += hop_ns[node.fibre]
            otherwise = known[node.otherwise] if node.otherwise is not None else 0
            known[node] = max(onward, otherwise)
    return max(known.values(), default=0)


def _most_ns(wire: FibreWire) -> int:
    """Through a full queue and over the fibre, in the slower direction."""
    return max(
        shape.longest_ns
        + (shape.queue_packets + 1) * FULL_FRAME_BITS * NS_PER_S // max(shape.rate_bps, 1)
        for shape in (wire.forward, wire.backward)
    )


def _ends_first(first: Node) -> Iterable[Node]:
    """All decisions of a graph, each after those it leads to."""
    done: dict[Node, None] = {}
    waiting: list[tuple[Node, bool]] = [(first, False)]
    while waiting:
        node, ready = waiting.pop()
        if ready:
            done[node] = None
        elif node not in done:
            waiting.append((node, True))
            following = (node.otherwise, getattr(node, "then", None))
            waiting += [(one, False) for one in following if one is not None and one not in done]
    return done


@dataclass(frozen=True)
class Assessed:
    """A label that a gateway lets through, and the packets it may be on."""

    demand: str
    src: str
    dst: str


def assessed(
    deployments_made: Iterable[Deployment], wiring: Wiring
) -> dict[str, dict[int, Assessed]]:
    """For every gateway, the labels it lets through: those its switch takes back from it."""
    found: dict[str, dict[int, Assessed]] = {
        hub.hub: {} for hub in wiring.hubs if hub.gateway is not None
    }
    for deployment in deployments_made:
        for switch in deployment.program.switches:
            for flow in switch.flows if switch.hub in found else ():
                if flow.table == Table.SWITCH and ("in_port", GATEWAY_OUT_PORT) in flow.match:
                    fields = dict(flow.match)
                    intent = deployment.intents[flow.policy - 1]
                    src, dst = (wiring.host(end).ip(intent.family) for end in intent.hosts)
                    label = int(fields["mpls_label"])
                    found[switch.hub][label] = Assessed(intent.id, src, dst)
    return found


def is_cut_off(hub: str, program: Program, wiring: Wiring) -> bool:
    """Whether no switch takes anything labelled from a hub, whatever the hub's switch does."""
    facing = {
        (far.hub, far.port)
        for fibre in wiring.fibres
        for near, far in ((fibre.a, fibre.z), (fibre.z, fibre.a))
        if near.hub == hub
    }
    return not any(
        flow.table == Table.SWITCH and (switch.hub, dict(flow.match).get("in_port")) in facing
        for switch in program.switches
        for flow in switch.flows
        if flow.actions
    )


@dataclass(frozen=True)
class Difference:
    """What one switch must be sent so that it has the intended entries."""

    extra: tuple[Flow, ...] = ()
    """Entries to take away; those with the key of a missing one are replaced by it."""
    missing: tuple[Flow, ...] = ()
    extra_groups: tuple[int, ...] = ()
    extra_meters: tuple[int, ...] = ()
    groups: tuple[FastFailover, ...] = ()
    """As they should be; those missing or other than that."""
    meters: tuple[Meter, ...] = ()

    def __bool__(self) -> bool:
        return any((self.extra, self.missing, self.groups, self.meters)) or any(
            (self.extra_groups, self.extra_meters)
        )


def difference(held: SwitchProgram, wanted: SwitchProgram) -> Difference:
    """From what a switch says it holds to what it should hold."""
    if held is wanted:
        return Difference()
    has, should = frozenset(held.flows), frozenset(wanted.flows)
    groups, meters = ({one.id: one for one in some} for some in (held.groups, held.meters))
    return Difference(
        extra=tuple(flow for flow in held.flows if flow not in should),
        missing=tuple(flow for flow in wanted.flows if flow not in has),
        extra_groups=_foreign(held.groups, wanted.groups),
        extra_meters=_foreign(held.meters, wanted.meters),
        groups=tuple(one for one in wanted.groups if groups.get(one.id) != one),
        meters=tuple(one for one in wanted.meters if meters.get(one.id) != one),
    )


def _foreign[T: (FastFailover, Meter)](
    held: tuple[T, ...], wanted: tuple[T, ...]
) -> tuple[int, ...]:
    known = {one.id for one in wanted}
    return tuple(one.id for one in held if one.id not in known)
