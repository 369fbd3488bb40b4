"""Evaluates all claims at one place: a switch, a host's port, another door, the paths of a
demand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from corridor.controller.forwarding.program import FastFailover, Flow
from corridor.controller.policy.phase import Phase
from corridor.controller.prover.demand_claims import (
    Avoidance,
    Confinement,
    Latency,
    NoLoop,
    NotVacuous,
    Passage,
    Return,
    Termination,
)
from corridor.controller.prover.edges_claims import Binding, ClosedWorld
from corridor.controller.prover.labels_claims import Labels, Separation
from corridor.controller.prover.other_claims import OTHERS
from corridor.controller.prover.search.claim import Breach, Claim, Door, Edge, shown_at
from corridor.controller.prover.search.core import At, Core, Remark, Turn
from corridor.controller.prover.search.declared_demands import Demand
from corridor.controller.prover.search.declared_network import Network
from corridor.controller.prover.search.headers import (
    ETH_ARP,
    ETH_MPLS,
    NO_LABEL_NAMED,
    Allowed,
    Box,
    Packet,
    Sieve,
)
from corridor.controller.prover.search.reach import Place, Step, steps_at
from corridor.controller.prover.search.search import Exploration, Kind, PathClaim, trace_to
from corridor.controller.prover.tables_claims import Installed, Liveness, Understood

CLAIMS: tuple[Claim, ...] = (
    Understood(),
    Installed(),
    ClosedWorld(),
    Binding(),
    Labels(),
    Confinement(),
    Avoidance(),
    Termination(),
    Passage(),
    NoLoop(),
    Latency(),
    Separation(),
    Liveness(),
    NotVacuous(),
    Return(),
)

type Found = tuple[tuple[Claim, Breach], ...]


class _Asked(NamedTuple):
    """Claims by the places that they look at."""

    overall: tuple[Claim, ...]
    in_switch: tuple[Claim, ...]
    in_entry: tuple[Claim, ...]
    in_group: tuple[Claim, ...]
    at_edge: tuple[Claim, ...]
    at_port: tuple[Claim, ...]
    in_step: tuple[Claim, ...]
    along_paths: tuple[PathClaim, ...]
    among: tuple[PathClaim, ...]

    @classmethod
    def of(cls, claims: tuple[Claim, ...]) -> _Asked:
        def that(where: str) -> tuple[Claim, ...]:
            return tuple(
                one for one in claims if getattr(type(one), where) is not getattr(Claim, where)
            )

        of_paths = tuple(one for one in claims if isinstance(one, PathClaim))
        return cls(
            that("overall"),
            that("in_switch"),
            that("in_entry"),
            that("in_group"),
            that("at_edge"),
            that("at_port"),
            that("in_step"),
            of_paths,
            tuple(one for one in of_paths if type(one).among is not PathClaim.among),
        )


_OURS, _OTHERS = _Asked.of(CLAIMS), _Asked.of(OTHERS)


def _asked(network: Network) -> _Asked:
    return _OTHERS if network.others else _OURS


_UNLABELLED = Packet(Box(unequal=frozenset([("eth_type", ETH_MPLS)])))
_UNFIT = Packet(
    Box(
        frozenset([("eth_type", ETH_MPLS)]),
        frozenset(("mpls_tc", int(phase)) for phase in Phase if phase.may_cross_borders),
    )
)


def overall(network: Network) -> Found:
    return tuple(
        (claim, breach) for claim in _asked(network).overall for breach in claim.overall(network)
    )


def of_switch(network: Network, hub: str) -> Found:
    """What is wrong with entries taken together, or with what is not there."""
    return tuple(
        (claim, breach)
        for claim in _asked(network).in_switch
        if network.intended is not None or not claim.needs_program
        for breach in claim.in_switch(network, hub)
    )


def of_entries(network: Network, hub: str, flows: Iterable[Flow]) -> Found:
    return tuple(
        (claim, Breach(said, hub, flow))
        for flow in flows
        for claim in _asked(network).in_entry
        for said in claim.in_entry(network, hub, flow)
    )


def of_groups(network: Network, hub: str, groups: Iterable[FastFailover]) -> Found:
    return tuple(
        (claim, Breach(f"group {group.id} {said}", hub))
        for group in groups
        for claim in _asked(network).in_group
        for said in claim.in_group(network, hub, group)
    )


def of_steps(network: Network, steps: Iterable[Step]) -> tuple[Remark, ...]:
    return tuple(
        (claim, step, said)
        for step in steps
        for claim in _asked(network).in_step
        for said in claim.in_step(network, step)
    )


class Opened(NamedTuple):
    """A host's port, what is wrong there, and what it does with the packets of each demand."""

    edge: Edge
    found: Found
    demands: tuple[tuple[Demand | None, At], ...]
    """None for packets without a demand that yet leave; in other controllers' tables, for ARP."""


def open_edge(network: Network, core: Core, name: str) -> Opened:
    host = network.hosts[name]
    steps = steps_at(network, Place(host.hub, host.port, Packet()))
    edge = Edge(host.hub, name, steps)
    found: list[tuple[Claim, Breach]] = [
        (claim, breach)
        for claim in _asked(network).at_edge
        for breach in claim.at_edge(network, edge)
    ]
    turns, remarks, _ = core.judged(steps)
    found += [(claim, shown_at(step, said)) for claim, step, said in remarks]
    demands = network.demands_from[name]
    by_headers = Sieve.of_boxes((turn.step.packet.sent, turn) for turn in turns)
    doors: list[tuple[Demand | None, At]] = [
        (demand, At(tuple(_of_demand(by_headers, demand)), ())) for demand in demands
    ]
    stray = tuple(_questions(turns) if network.others else _of_nobody(turns, demands))
    if stray:
        doors.append((None, At(stray, ())))
    return Opened(edge, tuple(found), tuple(doors))


def _of_demand(by_headers: Sieve[Turn], demand: Demand) -> Iterator[Turn]:
    for turn in by_headers.fitting_any([packets.known.get for packets in demand.packets]):
        sent = turn.step.packet.sent
        for packets in demand.packets:
            both = sent.meet(packets)
            if both is not None:
                yield turn if both == sent else _narrowed(turn, both)


def _of_nobody(turns: Iterable[Turn], demands: Iterable[Demand]) -> Iterator[Turn]:
    known = Allowed(packets for demand in demands for packets in demand.packets)
    for turn in turns:
        if turn.step.to is not None:
            for rest in known.outside(turn.step.packet.sent):
                yield _narrowed(turn, rest)


def _questions(turns: Iterable[Turn]) -> Iterator[Turn]:
    for turn in turns:
        sent = turn.step.packet.sent.cut("eth_type", ETH_ARP)[0]
        if turn.step.to is not None and sent is not None:
            yield _narrowed(turn, sent)


def _narrowed(turn: Turn, sent: Box) -> Turn:
    packet = turn.step.packet.of(sent)
    return turn._replace(step=turn.step._replace(packet=packet))


def open_door(network: Network, hub: str, port: int) -> Found:
    """What is wrong with what a port would let in, whatever labels are in use."""

    def steps(packet: Packet) -> tuple[Step, ...]:
        return steps_at(network, Place(hub, port, packet))

    cable = network.cables.get((hub, port))
    over_border = cable is not None and cable.over_border
    return _at_door(
        network,
        Door(
            hub,
            port,
            unlabelled=steps(_UNLABELLED),
            unnamed=steps(Packet(label=NO_LABEL_NAMED)),
            unfit=steps(_UNFIT) if over_border else (),
        ),
    )


def unsent(network: Network, hub: str, port: int, label: int) -> Found:
    """What is wrong with a label that a port lets in, and that no demand's packet brings to it."""
    steps = steps_at(network, Place(hub, port, Packet(label=label)))
    return _at_door(network, Door(hub, port, unsent=steps))


def _at_door(network: Network, door: Door) -> Found:
    return tuple(
        (claim, breach)
        for claim in _asked(network).at_port
        for breach in claim.at_port(network, door)
    )


def along_paths(network: Network, seen: Exploration) -> Found:
    found: list[tuple[Claim, Breach]] = [
        (claim, breach)
        for claim in _asked(network).along_paths
        for breach in claim.along_paths(network, seen)
    ]
    for _, node, _, _, remark in seen.of_kind(Kind.REMARK):
        if remark is not None:
            claim, step, said = remark
            trace = trace_to(seen, node, step)
            found.append((claim, Breach(said, step.at.hub, None, trace, seen.demand)))
    return tuple(found)


def among(network: Network, explored: Sequence[Exploration]) -> Found:
    return tuple(
        (claim, breach) for claim in _asked(network).among for breach in claim.among(explored)
    )
