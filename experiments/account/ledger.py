"""The account of a run: for each class of packets, sent = delivered + all losses + in flight. Pure.

Nothing is what is left over: what hosts sent and received, what was counted where packets enter and
leave switches, what queues and meters say they dropped are their own counts, and have to agree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from corridor.experiments.account.ends import Ends, Segments
from corridor.experiments.account.fibres import BACKLOG, FibreAccount, directions, fibre_account
from corridor.experiments.account.packet_classes import (
    FAULT,
    IN_FLIGHT,
    MACHINE,
    OTHER,
    PROBE,
    STREAM,
    UNEXPLAINED,
    Cause,
    Loss,
    PacketClass,
)
from corridor.experiments.account.readings import Moment, since
from corridor.experiments.account.switches import PassageAccount, Reasons, passage_accounts
from corridor.topologies.model.wiring import Wiring

FULL_SOCKET, NO_LISTENER = "a socket was full", "no socket was bound to its port"


class Line(NamedTuple):
    """One class of packets."""

    of: PacketClass
    sent: int
    delivered: int
    losses: tuple[Loss, ...]

    @property
    def in_flight(self) -> int:
        return sum(one.packets for one in self.losses if one.cause.kind == IN_FLIGHT)

    @property
    def lost(self) -> int:
        return sum(one.packets for one in self.losses) - self.in_flight

    @property
    def off_by(self) -> int:
        """What is sent and in no column, or in one too many; 0 if it closes."""
        return self.sent - self.delivered - self.lost - self.in_flight


class Ledger(NamedTuple):
    """``problems`` lists counts that do not agree, ``unsure`` values without a second count."""

    lines: tuple[Line, ...]
    fibres: tuple[FibreAccount, ...]
    problems: tuple[str, ...]
    unsure: tuple[str, ...]

    @property
    def off_by(self) -> int:
        """Packets in no column, or in one too many, or in one that nothing explains."""
        return sum(abs(line.off_by) + _unexplained(line) for line in self.lines)

    @property
    def closes(self) -> bool:
        return not self.problems and not self.off_by


def ledger(
    wiring: Wiring,
    classes: Sequence[PacketClass],
    read: Sequence[Moment],
    ends: Ends,
    reasons: Reasons,
) -> Ledger:
    """Of a run that came to its end."""
    fibres = tuple(fibre_account(one, read) for one in directions(wiring))
    passed = tuple(passage_accounts(wiring, read, reasons))
    ports = {host.name: host.switch_interface for host in wiring.hosts}
    found: dict[int, list[Loss]] = {}
    parts: list[FibreAccount | PassageAccount] = [*fibres, *passed]
    for part in parts:
        for loss in part.losses:
            found.setdefault(loss.number, []).append(loss)
    problems = [problem for part in parts for problem in part.problems]
    lines = []
    unheard = Counter(ends.unheard)
    for of in classes:
        at_hosts = _Hosts(of, ports, read, ends, unheard)
        problems += at_hosts.problems
        losses = (*found.get(of.number, ()), *at_hosts.losses)
        if at_hosts.sent or losses:
            lines.append(Line(of, at_hosts.sent, at_hosts.delivered, _merged(losses)))
    problems += [_said_of(line) for line in lines if line.off_by]
    of_nobody = sum(loss.packets for loss in found.get(OTHER, ()))
    return Ledger(tuple(lines), fibres, tuple(problems), tuple(_unsure(lines, ends, of_nobody)))


class _Hosts:
    """Both hosts of a class: what they say, and what was counted at their ports."""

    def __init__(
        self,
        of: PacketClass,
        ports: Mapping[str, str],
        read: Sequence[Moment],
        ends: Ends,
        unheard: Counter[str],
    ) -> None:
        """``unheard`` is what no other class has accounted for yet; it is reduced."""
        first, last = read[0], read[-1]
        entered = since(first, last, ports[of.src], sent=False).get(of.number, 0)
        left = since(first, last, ports[of.dst], sent=True).get(of.number, 0)
        self.sent = ends.sent.get(of.number, entered)
        self.delivered = ends.received.get(of.number, left)
        self.losses: list[Loss] = []
        self.problems: list[str] = []
        what = f"{of.kind}s of {of.demand}, {of.direction}"
        self._hold_against_sockets(of, entered, ports[of.src], read, ends.segments, what)
        full = ends.dropped.get((of.dst, of.kind, of.direction), 0)
        late = unheard[of.dst] if of.kind in (PROBE, STREAM) else 0
        before = Counter({FULL_SOCKET: full, NO_LISTENER: late})
        self._between(of, f"host {of.src}", self.sent - entered, ports[of.src], read, what, {})
        self._between(
            of, f"host {of.dst}", left - self.delivered, ports[of.dst], read, what, before
        )
        unheard[of.dst] -= sum(
            one.packets for one in self.losses if one.cause.reason == NO_LISTENER
        )

    def _hold_against_sockets(
        self,
        of: PacketClass,
        entered: int,
        port: str,
        read: Sequence[Moment],
        segments: Mapping[int, Segments],
        what: str,
    ) -> None:
        """Sockets count what they send by themselves; a port that was down has not seen all."""
        told = segments.get(of.number)
        if told is None or any(port in one.broken_by for one in read):
            return
        machine = read[-1].said.machine - read[0].said.machine
        if not told.sent - machine <= entered <= told.most:
            self.problems.append(
                f"{what}: {told.sent} segments were sent by the count of their sockets, and "
                f"{entered} packets came to the port of host {of.src}"
            )

    def _between(
        self,
        of: PacketClass,
        place: str,
        missing: int,
        port: str,
        read: Sequence[Moment],
        what: str,
        at_sockets: Mapping[str, int],
    ) -> None:
        """Packets between a host's agent and its port; the kernel counted ``at_sockets``, by
        reason, where they were for a socket there."""
        if not missing:
            return
        down = [one.broken_by[port] for one in read if port in one.broken_by]
        if missing > 0 and down:
            self.losses.append(Loss(of.number, place, Cause(FAULT, down[-1], "port down"), missing))
            return
        backlog = read[-1].said.machine - read[0].said.machine
        for reason, counted in {**at_sockets, BACKLOG: backlog}.items():
            if (lost := min(missing, counted)) > 0:
                self.losses.append(Loss(of.number, place, Cause(MACHINE, "", reason), lost))
                missing -= lost
        if missing:
            self.problems.append(
                f"{what}: {missing} packets are missing between {place} and its port"
            )


def _merged(losses: Sequence[Loss]) -> tuple[Loss, ...]:
    """One for each place and cause."""
    packets, shared = Counter[tuple[int, str, Cause]](), Counter[tuple[int, str, Cause]]()
    for number, place, cause, lost, unsure in losses:
        packets[number, place, cause] += lost
        shared[number, place, cause] += unsure
    return tuple(Loss(*key, packets[key], shared[key]) for key in sorted(packets))


def _unexplained(line: Line) -> int:
    return sum(one.packets for one in line.losses if one.cause.kind == UNEXPLAINED)


def _said_of(line: Line) -> str:
    of = line.of
    return (
        f"{of.kind}s of {of.demand}, {of.direction}: {line.sent} sent, {line.delivered} delivered, "
        f"{line.lost} lost, {line.in_flight} in flight: off by {line.off_by}"
    )


def _unsure(lines: Sequence[Line], ends: Ends, of_nobody: int) -> Iterator[str]:
    """``of_nobody`` is the number of lost packets without a demand."""
    if of_nobody:
        yield f"{of_nobody} packets without a demand were lost; they are listed by fibre only"
    by_port = [line for line in lines if line.of.number not in ends.sent]
    told = sum(line.sent for line in by_port if line.of.number in ends.segments)
    rest = sum(line.sent for line in by_port) - told
    if told:
        segments = sum(
            ends.segments[line.of.number].sent
            for line in by_port
            if line.of.number in ends.segments
        )
        yield (
            f"{told} packets of TCP: sent is the count of hosts' ports, and sockets counted "
            f"{segments} of them; delivered is the count of ports only"
        )
    if rest:
        yield (
            f"{rest} packets of TCP: sent and delivered are what was counted at hosts' ports; "
            "no host counts them"
        )
    shared = sum(one.shared for line in lines for one in line.losses)
    if shared:
        yield (
            f"{shared} lost packets: several demands lost packets by several causes at the same "
            "fibre at once; sums by demand and by cause are exact, which lost which is by shares"
        )
    switched = sum(
        one.packets for line in lines for one in line.losses if one.cause.kind == "switch"
    )
    if switched:
        yield (
            f"{switched} packets that switches did not forward: received minus sent packets; "
            "switches do not count packets that they drop without a live port"
        )
