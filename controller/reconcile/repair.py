"""Bring switches to what they should hold, whatever they hold: after a restart, or tampering.

Edges that are other than they should be go first, so that no packet is admitted to tables that are
not whole; then entries that should not be there; then groups, meters and the core; then groups and
meters that should not be there, which no entry uses any more; edges come last.

A controller that comes back recognises what switches hold as ours, and breaks nothing. One that
died in the middle of an update leaves entries of two versions; which edges are flipped says what
must be finished and what undone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from corridor.controller.forwarding.compiler import DirectionTables
from corridor.controller.forwarding.labels import Seat, seat_of
from corridor.controller.forwarding.program import (
    COOKIE_MAGIC,
    FIRST_PATH,
    LAST_PATH,
    Flow,
    Table,
    serial_of,
)
from corridor.controller.forwarding.two_phase_plan import EDGE
from corridor.controller.openflow import modifications
from corridor.controller.openflow.deployments import Deployment, Difference, difference
from corridor.controller.openflow.errors import Refused
from corridor.controller.openflow.modifications import Modifications
from corridor.controller.prover import Tables
from corridor.controller.prover.search.tables import Oddity
from corridor.controller.reconcile.interfaces import Interfaces, only


@dataclass(frozen=True)
class Repaired:
    """What was wrong, and what switches hold now."""

    foreign: Mapping[str, tuple[Flow, ...]]
    """By hub, entries without a known owner."""
    stray: Mapping[str, tuple[Flow, ...]]
    """Ours, and not in any deployment."""
    missing: Mapping[str, int]
    aids: Mapping[str, int]
    """Groups and meters that were other than they should be, or no one's we know."""
    unread: tuple[Oddity, ...]
    """What could not be read, and was taken away."""
    tables: Tables

    @property
    def was_whole(self) -> bool:
        return not (self.foreign or self.stray or self.missing or self.aids or self.unread)


def compare(held: Tables, deployment: Deployment) -> dict[int, Difference]:
    """By datapath id, what differs from a deployment."""
    wanted = {one.hub: one for one in deployment.program.switches}
    found = {wanted[hub].dpid: difference(has, wanted[hub]) for hub, has in held.switches.items()}
    return {dpid: one for dpid, one in found.items() if one}


def repair(
    interfaces: Interfaces,
    deployment: Deployment,
    dpids: frozenset[int],
    held: Tables | None = None,
) -> Repaired:
    """Have switches hold exactly their part of a deployment again. Raises SwitchError."""
    held = held if held is not None else interfaces.tables(dpids)
    differ = compare(held, deployment)
    now = held
    if differ or held.oddities:
        _not_ours_off(interfaces, held)
        interfaces.switches.bundle(modifications.edges_off(differ))
        now = _put_right(interfaces, deployment, dpids, held)
    return _repaired(interfaces, differ, held, now)


def reinstall(
    interfaces: Interfaces,
    deployment: Deployment,
    dpids: frozenset[int],
    held: Tables,
    drain_s: float,
    before_edges: Callable[[], Tables],
) -> Repaired:
    """The same from whatever is held: a label may mean something else there, so nothing is
    admitted until the core is whole, and ``drain_s`` passes before it is touched. ``before_edges``
    reads the core, and raises SwitchError if it is not whole."""
    differ = compare(held, deployment)
    cleared = _not_ours_off(interfaces, held)
    off = modifications.all_edges_off(held)
    if off:
        interfaces.switches.bundle(off)
        interfaces.sleep(drain_s)
    now = interfaces.tables_again(held, cleared | off.keys())
    return _repaired(
        interfaces, differ, held, _put_right(interfaces, deployment, dpids, now, before_edges)
    )


def _not_ours_off(interfaces: Interfaces, held: Tables) -> set[int]:
    """Remove all entries that are not ours from switches with unreadable ones; these switches."""
    at = {interfaces.dpid(one.hub) for one in held.oddities if one.unread}
    if at:
        interfaces.switches.tell(modifications.not_ours_off(sorted(at)))
    return at


def _put_right(
    interfaces: Interfaces,
    deployment: Deployment,
    dpids: frozenset[int],
    held: Tables,
    before_edges: Callable[[], Tables | None] = lambda: None,
) -> Tables:
    """What switches hold once they have received what is missing. Edges that differ from what they
    should be are off. Only switches that were sent something since ``held``, or since what
    ``before_edges`` has read, are read again."""
    differ = compare(held, deployment)
    has = {interfaces.dpid(hub): one for hub, one in held.switches.items()}
    interfaces.switches.tell(
        only({d: modifications.extra_entries_off(one) for d, one in differ.items()}, dpids)
    )
    core = {
        dpid: modifications.missing_core(
            one, (g.id for g in has[dpid].groups), (m.id for m in has[dpid].meters)
        )
        for dpid, one in differ.items()
    }
    interfaces.switches.tell(only(core, dpids))
    interfaces.switches.tell(
        only(
            {d: modifications.extra_groups_and_meters_off(one) for d, one in differ.items()}, dpids
        )
    )
    core_read = before_edges()
    edges = modifications.missing_edges(differ)
    interfaces.switches.bundle(edges)
    if core_read is None:
        odd = {interfaces.dpid(one.hub) for one in held.oddities}
        now = interfaces.tables_again(held, differ.keys() | odd)
    else:
        now = interfaces.tables_again(core_read, edges.keys())
    left = compare(now, deployment)
    if left or now.oddities:
        raise Refused(_still_other(interfaces, left, now))
    return now


def _still_other(interfaces: Interfaces, left: Mapping[int, Difference], now: Tables) -> str:
    """As by others than this controller, who fill tables while they are put right."""
    if now.oddities:
        return "; ".join(f"{one.hub}: {one.said}" for one in now.oddities)
    names = ", ".join(sorted(interfaces.hub(dpid) for dpid in left))
    return f"{names} differ from the intended tables"


def _repaired(
    interfaces: Interfaces, differ: Mapping[int, Difference], before: Tables, held: Tables
) -> Repaired:
    return Repaired(
        _by_hub(interfaces, differ, lambda flow: flow.cookie >> 48 != COOKIE_MAGIC),
        _by_hub(interfaces, differ, lambda flow: flow.cookie >> 48 == COOKIE_MAGIC),
        {interfaces.hub(dpid): len(one.missing) for dpid, one in differ.items() if one.missing},
        {interfaces.hub(dpid): count for dpid, one in differ.items() if (count := _aids(one))},
        tuple(one for one in before.oddities if one.unread),
        held,
    )


def _aids(one: Difference) -> int:
    parts = (one.groups, one.meters, one.extra_groups, one.extra_meters)
    return sum(len(part) for part in parts)


def _by_hub(
    interfaces: Interfaces, differ: Mapping[int, Difference], which: Callable[[Flow], bool]
) -> dict[str, tuple[Flow, ...]]:
    found = {interfaces.hub(dpid): tuple(filter(which, one.extra)) for dpid, one in differ.items()}
    return {hub: flows for hub, flows in found.items() if flows}


def whole_core(differ: Mapping[int, Difference]) -> bool:
    """Whether nothing but edges is missing, so that only they decide what is served."""
    return not any(
        one.groups or one.meters or any(flow.table not in EDGE for flow in one.missing)
        for one in differ.values()
    )


def only_extra(differ: Mapping[int, Difference]) -> bool:
    """Whether all is there, and more."""
    return not any(one.groups or one.meters or one.missing for one in differ.values())


@dataclass(frozen=True)
class Recognised:
    """``whole``: exactly so. ``more``: all of it serves, and something is next to it. ``edges``:
    its core is whole, and some edges are other: an update was about to flip them."""

    deployment: Deployment
    what: Literal["whole", "more", "edges"]
    finish: Modifications
    """For bundles, where edges are other."""


def seats_held(held: Tables, directions: Sequence[DirectionTables]) -> tuple[Seat, ...]:
    """The seats in which switches hold these directions: by the labels that edges give, else by
    those that hubs forward; where neither was read, that of ``directions``."""
    ours = [
        (hub, flow)
        for hub, switch in held.switches.items()
        for flow in switch.flows
        if flow.cookie >> 48 == COOKIE_MAGIC
    ]
    seats = _at_edges(flow for _, flow in ours)
    lowest = _lowest((hub, flow) for hub, flow in ours if flow.policy not in seats)
    return tuple(
        seats.get(number) or _by_hubs(lowest, number, direction) or direction.seat
        for number, direction in enumerate(directions, start=1)
    )


def _at_edges(flows: Iterable[Flow]) -> dict[int, Seat]:
    seats = {}
    for flow in flows:
        if flow.table in EDGE:
            given = [a.arguments[0] for a in flow.actions if a.kind == "push_label"]
            if given:
                seats[flow.policy] = seat_of(int(given[0]))
            elif flow.goto is None:
                seats[flow.policy] = Seat(0 if flow.serial == serial_of(0) else 1, FIRST_PATH)
    return seats


def _lowest(flows: Iterable[tuple[str, Flow]]) -> dict[tuple[str, int, int], int]:
    """By hub, direction and serial, the lowest direction number of the labels that are
    forwarded."""
    lowest: dict[tuple[str, int, int], int] = {}
    for hub, flow in flows:
        label = dict(flow.match).get("mpls_label")
        if flow.table == Table.SWITCH and isinstance(label, int):
            key, path = (hub, flow.policy, flow.serial), label & LAST_PATH
            lowest[key] = min(path, lowest.get(key, path))
    return lowest


def _by_hubs(
    lowest: dict[tuple[str, int, int], int], number: int, direction: DirectionTables
) -> Seat | None:
    """The seat that most hubs agree on; where a block starts is how far its labels are moved."""
    made = _lowest((hub, flow) for hub, flows in direction.flows.items() for flow in flows)
    found = Counter(
        Seat(epoch, direction.seat.first + lowest[held] - path)
        for (hub, _, _), path in made.items()
        for epoch in (0, 1)
        if (held := (hub, number, serial_of(epoch))) in lowest
    )
    return found.most_common(1)[0][0] if found else None


def recognise(held: Tables, candidates: Iterable[Deployment]) -> Recognised | None:
    """The candidate that is served now; the first, where several could be."""
    compared = [(one, compare(held, one)) for one in candidates]
    for one, differ in compared:
        if not differ:
            return Recognised(one, "whole", {})
    for one, differ in compared:
        if only_extra(differ):
            return Recognised(one, "more", {})
    for one, differ in compared:
        if whole_core(differ):
            return Recognised(one, "edges", modifications.edges_exchanged(differ))
    return None
