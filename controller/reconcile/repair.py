"""Bring switches to what they should hold, whatever they hold: after a restart, or tampering.

Edges that are other than they should be go first, so that no packet is admitted to tables that are
not whole; then entries that should not be there; then groups, meters and the core; then groups and
meters that should not be there, which no entry uses any more; edges come last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from corridor.controller.forwarding.program import COOKIE_MAGIC, Flow
from corridor.controller.forwarding.two_phase_plan import EDGE
from corridor.controller.openflow import modifications
from corridor.controller.openflow.deployments import Deployment, Difference, difference
from corridor.controller.openflow.errors import Refused
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
