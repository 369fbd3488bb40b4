"""Flow entries of the part of a path inside one domain. Pure.

A domain gives labels to packets that enter it: its neighbour needs no more than the label of the
hand-over, as with downstream label distribution (RFC 5036). A label has the bit of its epoch and
the phase of the packet, and is of one direction, so two versions never share an entry.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from corridor.controller.forwarding.compiler import ETH_MPLS, PRIORITY_RULE
from corridor.controller.forwarding.labels import SNAP_PATHS
from corridor.controller.forwarding.program import (
    FIRST_PATH,
    LAST_PATH,
    Action,
    Flow,
    Reason,
    Table,
    back_to_sender,
    cookie,
    decrement_label_ttl,
    label_of,
    match,
    output,
    phase_of,
    pop_label,
    serial_of,
    set_field,
)
from corridor.controller.policy.automaton import Automaton, State, Violation
from corridor.controller.policy.phase import Phase
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import GATEWAY_IN_PORT, GATEWAY_OUT_PORT, HostEnd, Wiring

LABELS_OF_DIRECTION = 16
MOST_DIRECTIONS = (LAST_PATH - FIRST_PATH) // LABELS_OF_DIRECTION - 1


class NoSegmentError(Exception):
    """Why a domain cannot install its part of a path."""


class Visit(NamedTuple):
    """What a switch does with packets of a path that come in by one port."""

    hub: str
    in_port: int
    phase: int
    """By which packets come, before the gateway."""
    has_gateway: bool
    out_port: int
    label: int = 0
    """By which packets come; 0 until it is chosen."""


class Ports:
    """Ports of a wiring by hub and fibre."""

    def __init__(self, wiring: Wiring) -> None:
        self._of = {
            (end.hub, fibre.fibre): end.port
            for fibre in wiring.fibres
            for end in (fibre.a, fibre.z)
        }

    def __getitem__(self, at: tuple[str, str]) -> int:
        return self._of[at]


def visits(
    topology: Topology,
    automaton: Automaton,
    ports: Ports,
    ends: tuple[HostEnd, HostEnd],
    before: State,
    came_by: str,
    hubs: Sequence[str],
    fibres: Sequence[str],
) -> tuple[tuple[Visit, ...], tuple[State, ...]]:
    """Return what switches of a domain do with packets of a path, and states past each hub.

    ``ends`` are the hosts that send and receive. ``before`` is the state before the first hub, to
    which packets come by the fibre ``came_by``, or from the host if it is empty. If there are as
    many fibres as hubs, the last one leads out, and the last state is that past it. Raises
    NoSegmentError where a clause is violated.
    """
    found: list[Visit] = []
    states: list[State] = []
    state, port = before, ports[hubs[0], came_by] if came_by else ends[0].port
    for at, hub in enumerate(hubs):
        here = topology.hub(hub)
        trip = automaton.trip
        bare = replace(automaton, trip=replace(trip, closed=trip.closed | {hub})).enter(state, here)
        past = _lawful(automaton.enter(state, here))
        has_gateway = not isinstance(bare, Violation) and bare != past
        out = ports[hub, fibres[at]] if at < len(fibres) else ends[1].port
        phase = automaton.phase(bare if has_gateway and not isinstance(bare, Violation) else past)
        found.append(Visit(hub, port, int(phase), has_gateway, out))
        states.append(past)
        if at < len(fibres):
            fibre = topology.fibre(fibres[at])
            state = _lawful(automaton.enter(past, fibre))
            port = ports[fibre.other_end(hub), fibre.id]
    return tuple(found), (*states, state)


def _lawful(state: State | Violation) -> State:
    if isinstance(state, Violation):
        raise NoSegmentError(str(state))
    return state


def labelled(
    path: Sequence[Visit],
    direction: int,
    epoch: int,
    onward: int | None,
    taken: Collection[tuple[str, int]],
) -> tuple[Visit, ...]:
    """Give each visit the label that packets come by.

    ``onward`` is the label that the next domain gave; None at the end. ``taken``: labels that
    other entries of this domain use, by hub. Raises NoSegmentError where none is left.
    """
    used, found = {*taken}, list[Visit]()
    for visit in reversed(path):
        label = onward
        if (
            label is None
            or visit.has_gateway
            or phase_of(label) != visit.phase
            or (visit.hub, label) in used
        ):
            label = next(
                (one for one in _labels(direction, epoch, visit) if (visit.hub, one) not in used),
                None,
            )
            if label is None:
                raise NoSegmentError(f"no label is left at {visit.hub}")
        used.add((visit.hub, label))
        found.append(visit._replace(label=label))
        onward = label
    return tuple(reversed(found))


def _labels(direction: int, epoch: int, visit: Visit) -> Iterator[int]:
    return labels_of(direction, epoch, Phase(visit.phase))


def labels_of(direction: int, epoch: int, phase: Phase) -> Iterator[int]:
    """Yield all labels that packets of a direction may have in a phase of an epoch."""
    first = FIRST_PATH + (direction - 1) * LABELS_OF_DIRECTION
    if first >= SNAP_PATHS.start:
        first += LABELS_OF_DIRECTION
    for number in range(first, first + LABELS_OF_DIRECTION):
        yield label_of(epoch & 1, phase, number)


def flows(
    path: Sequence[Visit], direction: int, epoch: int, onward: int | None
) -> Iterator[tuple[str, Flow]]:
    """Yield the entries of a path, each with its hub, but not those of the source's edge."""
    for at, visit in enumerate(path):
        leaves_by = path[at + 1].label if at + 1 < len(path) else onward
        if visit.has_gateway:
            inspect = (decrement_label_ttl(), output(GATEWAY_IN_PORT))
            yield _entry(visit, visit.in_port, inspect, Reason.TO_GATEWAY, direction, epoch)
        port = GATEWAY_OUT_PORT if visit.has_gateway else visit.in_port
        actions: tuple[Action, ...] = (pop_label(), output(visit.out_port))
        if leaves_by is not None:
            send = back_to_sender() if visit.out_port == port else output(visit.out_port)
            actions = (*_relabelled(visit.label, leaves_by), decrement_label_ttl(), send)
        reason = Reason.EGRESS if leaves_by is None else Reason.SWITCH
        if visit.has_gateway:
            reason = Reason.FROM_GATEWAY
        yield _entry(visit, port, actions, reason, direction, epoch)


def _relabelled(label: int, onward: int) -> tuple[Action, ...]:
    if label == onward:
        return ()
    return set_field("mpls_label", onward), set_field("mpls_tc", int(phase_of(onward)))


def _entry(
    visit: Visit, port: int, actions: tuple[Action, ...], reason: Reason, number: int, epoch: int
) -> tuple[str, Flow]:
    packets = match(eth_type=ETH_MPLS, in_port=port, mpls_label=visit.label)
    why = cookie(reason, policy=number, serial=serial_of(epoch & 1))
    return visit.hub, Flow(Table.SWITCH, PRIORITY_RULE, packets, actions, None, why)
