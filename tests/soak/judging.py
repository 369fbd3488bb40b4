"""What an event may lose and what not, and violations of that. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from corridor.controller.openflow.statuses import SERVED
from corridor.topologies.base.seconds import NS_PER_S
from tests.soak import events as e
from tests.soak.oracle import Directed, Expected, Outlook
from tests.soak.state import State

UNDER_WAY_NS = NS_PER_S * 3 // 10
"""Longer than any path takes: what was sent within this time before a failure may be lost."""
DETECTED_NS = NS_PER_S * 45 // 100
"""BFD at 100 ms notices within three intervals and a half."""
FLIPPED_NS = NS_PER_S // 1000
"""For packets between a host and its switch when a change is answered."""
FOLLOWED_NS = 2 * NS_PER_S
"""For paths made again where switches have no detours: the wait for more failures, and an update in
progress."""
BACK_NS = 4 * NS_PER_S
"""For switches that restart, or get all entries again: to connect, to have BFD up, which takes
three packets at one a second (RFC 5880, 6.8.3), and to receive the entries."""


@dataclass(frozen=True)
class Loss:
    """Something broke, and who used it may lose packets."""

    from_ns: int
    until_ns: int | None
    """None: until the network has settled."""
    fibres: frozenset[str] = frozenset()
    hub: str = ""
    demands: frozenset[str] = frozenset()
    of_all: bool = False

    @classmethod
    def of_fibres(cls, fibres: Iterable[str], at_ns: int, *, silently: bool = False) -> Loss:
        until_ns = at_ns + FOLLOWED_NS + (DETECTED_NS if silently else 0)
        return cls(at_ns - UNDER_WAY_NS, until_ns, fibres=frozenset(fibres))

    @classmethod
    def of_hub(cls, hub: str, at_ns: int, *, until_settled: bool = False) -> Loss:
        until_ns = None if until_settled else at_ns + FOLLOWED_NS
        return cls(at_ns - UNDER_WAY_NS, until_ns, hub=hub)

    @classmethod
    def of_everybody(
        cls, at_ns: int, *, over_ns: int | None = None, until_settled: bool = False
    ) -> Loss:
        """``over_ns`` is when switches could begin to come back, unless at once."""
        until_ns = None if until_settled else (over_ns or at_ns) + BACK_NS
        return cls(at_ns - UNDER_WAY_NS, until_ns, of_all=True)

    def explains(
        self, demand: str, sent_ns: int, crossed: Collection[Directed], ends: tuple[str, str]
    ) -> bool:
        """Whether a packet sent at that time by a demand that crossed these may have been lost."""
        if sent_ns < self.from_ns or (self.until_ns is not None and sent_ns > self.until_ns):
            return False
        hubs = {hub for _, hub in crossed} | set(ends)
        by_fibre = not self.fibres.isdisjoint(fibre for fibre, _ in crossed)
        return self.of_all or by_fibre or self.hub in hubs or demand in self.demands


@dataclass(frozen=True)
class Asked:
    """A change, and what the controller answered."""

    change: e.Change
    done: bool
    died: bool
    reason: str
    state: State
    """That would be, if nothing else happened."""
    at_ns: int
    """When it was answered."""

    @property
    def is_deferred_day(self) -> bool:
        """What has lost its basis is withdrawn although the rest has to wait."""
        return isinstance(self.change, e.SetDay) and self.reason.startswith("deferred")


@dataclass
class ProductPath:
    """How an event went."""

    before: State
    after: State
    """As it is to be if every change that was asked for is made."""
    begun_ns: int = 0
    asked: list[Asked] = field(default_factory=list)
    between: list[State] = field(default_factory=list)
    """States that it passed through."""
    losses: list[Loss] = field(default_factory=list)
    failures: list[tuple[str, int]] = field(default_factory=list)
    """What failed, and when."""
    audits: list[dict[str, Any]] = field(default_factory=list)
    tampered: bool = False
    may_refuse: bool = False
    """What else happened may keep the controller from making a change."""
    withdrew: bool = False
    """Demands were withdrawn for what was asked; a controller that dies then may finish it."""
    attacked: tuple[int, int] = (0, 0)
    """Frames that a host sent and may not, and those of hosts that its switch has since counted
    as such."""

    def breaks(self, loss: Loss, what: Iterable[str]) -> None:
        self.losses.append(loss)
        self.failures += [(name, loss.from_ns + UNDER_WAY_NS) for name in what]

    def unattended(self) -> None:
        """No controller is there to make paths again."""
        self.losses = [replace(one, until_ns=None) for one in self.losses]

    def outcomes(self, step: e.Step | int | None = None) -> list[State]:
        """States of which one has to be the last: all have the same failures, and differ in what
        people have asked for."""
        old = self.before
        states = [replace(self.after, policies=old.policies, day=old.day, drained=old.drained)]
        for one in self.asked:
            made = [one.change.after(state) for state in states]
            if one.done or isinstance(one.change, e.SetDay):
                states = made  # a day is remembered before anything is done about it
            elif one.died and step in e.STEPS and not self.withdrew:
                states = states if step in ("beside", "proven") else made
            elif one.died:
                states += made
        return states

    def unnoticed(self) -> Iterator[str]:
        sent, dropped = self.attacked
        if dropped != sent:
            yield f"of {sent} frames of an attack the switch counted {dropped} as dropped"

    def refused(self) -> Iterator[str]:
        for one in self.asked:
            if not (one.done or one.died or self.may_refuse):
                yield f"{one.change} was refused: {one.reason}"


@dataclass(frozen=True)
class Flows:
    """Traffic of one stretch, as its ends and the watch account for it."""

    sent_ns: Mapping[str, Sequence[int]]
    lost_ns: Mapping[str, Sequence[int]]
    repeated: Mapping[str, int]
    crossed: Mapping[str, Mapping[Directed, int]]
    """By demand, packets on each fibre."""

    def delivered(self, demand: str, after_ns: int = 0) -> int:
        """Of those sent after that time."""
        sent, lost = (
            sum(at_ns > after_ns for at_ns in times[demand])
            for times in (self.sent_ns, self.lost_ns)
        )
        return sent - lost


def wrong_in_course(
    course: ProductPath,
    outlooks: Sequence[Outlook],
    ends: Mapping[str, tuple[str, str]],
    flows: Flows,
    crossed_before: Mapping[str, Iterable[Directed]],
    withdrawn: Iterable[Loss] = (),
) -> Iterator[str]:
    """Losses that nothing explains, and deliveries that nothing allowed.

    ``outlooks`` are those of the states it began in, passed through, and ended in.
    """
    losses = [*course.losses, *withdrawn]
    for demand, lost_ns in flows.lost_ns.items():
        of_each = [outlook[demand] for outlook in outlooks]
        if not any(one.ever for one in of_each) and flows.delivered(demand):
            yield f"{demand} has no lawful path, and {flows.delivered(demand)} packets arrived"
        if not all(one.status == "SERVED" for one in of_each):
            continue
        crossed = {*flows.crossed.get(demand, ()), *crossed_before.get(demand, ())}
        left = [
            at_ns
            for at_ns in lost_ns
            if not any(one.explains(demand, at_ns, crossed, ends[demand]) for one in losses)
        ]
        if left:
            first, last = ((at - course.begun_ns) / NS_PER_S for at in (left[0], left[-1]))
            yield (
                f"{demand} was lawful all the time and lost {len(left)} packets that nothing"
                f" explains, sent {first:+.3f} to {last:+.3f} s after the event began"
            )
    yield from _repeated(flows)


def withdrawn(
    course: ProductPath, outlook_of: Callable[[State], Outlook], changed: Collection[str]
) -> Iterator[Loss]:
    """What a change may take from demands that are lawful before and after it.

    On another day the paths of those it rules again, ``changed``, may be lost until it is answered.
    Of policies that are then not applied, only those that they refuse completely lose packets.
    """
    for one in course.asked:
        is_day = isinstance(one.change, e.SetDay)
        if one.done and not is_day:
            continue
        never = (name for name, expected in outlook_of(one.state).items() if not expected.ever)
        yield Loss(
            course.begun_ns - UNDER_WAY_NS,
            one.at_ns + FLIPPED_NS if one.done else None,
            demands=frozenset(changed if is_day else never),
        )


def wrong_in_journal(said: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Whatever happens, the controller itself reports no unexpected error."""
    for one in said:
        if one["event"] == "error":
            yield f"the controller failed at {one['do']}: {one['message']}; {one['where']}"


def may_be_left(said: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the controller has reported that something may be wrong: an audit follows soon
    after."""
    return any(
        one["event"] == "failed"
        or (one["event"] == "refused" and one["kind"] != "busy")
        or (one["event"] == "update" and "left_over" in one)
        for one in said
    )


def wrong_when_settled(
    expected: Outlook,
    flows: Flows,
    delay_ns: Mapping[str, int],
    broken: Collection[str],
    away: Collection[str] = (),
) -> Iterator[str]:
    """Strictly: served demands lose nothing and take the shortest lawful path, all others deliver
    nothing, and nothing is on a fibre that is dead or drained, unless it was sent there by the
    switch of a hub that is ``away`` and unreachable."""
    for demand, one in expected.items():
        sent, delivered = len(flows.sent_ns[demand]), flows.delivered(demand)
        crossed = flows.crossed.get(demand, {})
        if one.status == "SERVED" and delivered < sent:
            yield f"{demand} is to be served, and {sent - delivered} of {sent} packets were lost"
        if one.status != "SERVED" and delivered:
            yield f"{demand} is {one.status}, and {delivered} of {sent} packets arrived"
        for fibre, hub in crossed:
            if fibre in broken and hub not in away:
                yield f"{demand} is on {fibre} from {hub}, which is dead or drained"
        took_ns = sum(count * delay_ns[fibre] for (fibre, _), count in crossed.items())
        if one.status == "SERVED" and sent == delivered and took_ns != sent * (one.one_way_ns or 0):
            fibres = ", ".join(sorted(fibre for fibre, _ in crossed))
            yield (
                f"{demand} goes by {fibres}, {took_ns / max(sent, 1) / 1e6:.3f} ms; the shortest"
                f" lawful path takes {(one.one_way_ns or 0) / 1e6:.3f} ms"
            )
    yield from _repeated(flows)


def _repeated(flows: Flows) -> Iterator[str]:
    for demand, count in flows.repeated.items():
        if count:
            yield f"{count} packets of {demand} arrived more than once"


def wrong_after_answers(
    course: ProductPath, outlook_of: Callable[[State], Outlook], flows: Flows
) -> Iterator[str]:
    """What a change forbids on every path is dropped before the change is answered."""
    for one in course.asked:
        if not (one.done or one.is_deferred_day):
            continue
        after_ns = one.at_ns + FLIPPED_NS
        for demand, expected in outlook_of(one.state).items():
            came = 0 if expected.ever else flows.delivered(demand, after_ns)
            if came:
                yield f"{came} packets of {demand} came through after {one.change} forbade it"


def wrong_statuses(expected: Outlook, said: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The controller's statuses of demands, compared with those required."""
    by_demand = {one["demand"]: one for one in said}
    for demand, wanted in expected.items():
        one = by_demand.get(demand)
        if one is None:
            yield f"{demand}: it is not reported"
        else:
            yield from (f"{demand}: {what}" for what in _wrong_status(wanted, one))


def _wrong_status(wanted: Expected, said: Mapping[str, Any]) -> Iterator[str]:
    status = "SERVED" if said["status"] in SERVED else said["status"]
    told = f"{said['status']} ({said['reason'] or said['permit']})"
    if status != wanted.status:
        yield f"said to be {told}, must be {wanted.status}"
    elif status == "SERVED" and said["permit"] != wanted.permit:
        yield f"served by {said['permit']}, the first with a path is {wanted.permit}"
    elif status == "SERVED" and said["one_way_ns"] != wanted.one_way_ns:
        yield f"reported with {said['one_way_ns']} ns, the shortest lawful path {wanted.one_way_ns}"
    elif status == "BLOCKED" and not any(
        said["clause"].startswith(f"{policy} ") for policy in wanted.blamed
    ):
        yield f"blocked, and {said['clause']!r} is not one of {', '.join(sorted(wanted.blamed))}"
    if status != "DOWN" and said["reason"].startswith(("bridged", "withdrawn until")):
        yield f"not yet settled: {told}"
