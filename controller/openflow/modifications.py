"""What a switch is sent, as values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from corridor.controller.forwarding.program import (
    NOT_OURS,
    OF_DEMAND,
    OF_EPOCH,
    ByCookie,
    FastFailover,
    Flow,
    Meter,
)
from corridor.controller.forwarding.two_phase_plan import EDGE, SwitchUpdate, Update
from corridor.controller.openflow.deployments import Difference
from corridor.controller.prover import Tables

type Modifications = Mapping[int, Sequence[Modification]]
"""By datapath id, in order."""


@dataclass(frozen=True)
class Modification:
    """``change`` is for groups and meters whose number is in use; a flow is replaced by ``add``."""

    do: Literal["add", "change", "remove"]
    what: Flow | FastFailover | Meter | ByCookie


def add(things: Iterable[Flow | FastFailover | Meter]) -> Iterator[Modification]:
    return (Modification("add", one) for one in things)


def remove(things: Iterable[Flow | FastFailover | Meter | ByCookie]) -> Iterator[Modification]:
    return (Modification("remove", one) for one in things)


def not_ours_off(dpids: Iterable[int]) -> Modifications:
    """Remove every entry whose cookie is not ours."""
    return {dpid: [*remove(NOT_OURS)] for dpid in dpids}


def groups_and_meters_beside(step: Update) -> Modifications:
    return {one.dpid: [*add(one.groups), *add(one.meters)] for one in step.switches}


def entries_beside(step: Update) -> Modifications:
    return {one.dpid: [*add(one.beside)] for one in step.switches}


def flips(step: Update) -> Modifications:
    """For a bundle at each edge that changes."""
    return {
        one.dpid: [*remove(one.edge_off), *add(one.edge_on)] for one in step.switches if one.flips
    }


def flips_back(step: Update) -> Modifications:
    old = {switch.dpid: switch for switch in step.old.switches}
    return {
        one.dpid: [
            *remove(_not_replaced(one, old[one.dpid].flows)),
            *_back(one, old[one.dpid].flows),
        ]
        for one in step.switches
        if one.flips
    }


def _not_replaced(one: SwitchUpdate, old: Sequence[Flow]) -> list[Flow]:
    keys = {flow.key for flow in old}
    return [flow for flow in one.edge_on if flow.key not in keys]


def _back(one: SwitchUpdate, old: Sequence[Flow]) -> Iterator[Modification]:
    touched = {flow.key for flow in (*one.edge_on, *one.edge_off)}
    return add(flow for flow in old if flow.key in touched)


def entries_of_the_old(step: Update) -> Modifications:
    new = {switch.dpid: switch for switch in step.new.switches}
    return {one.dpid: [*off(one.remove, new[one.dpid].flows)] for one in step.switches}


def groups_and_meters_of_the_old(step: Update) -> Modifications:
    return {
        one.dpid: [*remove(_groups(one.remove_groups)), *remove(_meters(one.remove_meters))]
        for one in step.switches
    }


def entries_of_the_new(step: Update) -> Modifications:
    """To take away what is next to the old, before any edge was flipped."""
    return {one.dpid: [*remove(one.beside)] for one in step.switches}


def groups_and_meters_of_the_new(step: Update) -> Modifications:
    return {one.dpid: [*remove(one.groups), *remove(one.meters)] for one in step.switches}


def edges_off(differences: Mapping[int, Difference]) -> Modifications:
    """Edge entries that are other than they should be go first: their packets are then dropped."""
    return {
        dpid: [*remove(flow for flow in one.extra if flow.table in EDGE)]
        for dpid, one in differences.items()
        if any(flow.table in EDGE for flow in one.extra)
    }


def all_edges_off(held: Tables) -> Modifications:
    """Nothing is admitted any more."""
    edges = {
        one.dpid: [flow for flow in one.flows if flow.table in EDGE]
        for one in held.switches.values()
    }
    return {dpid: [*remove(flows)] for dpid, flows in edges.items() if flows}


def edges_exchanged(differences: Mapping[int, Difference]) -> Modifications:
    """Edges as they should be, at once."""
    found = {}
    for dpid, one in differences.items():
        on = [flow for flow in one.missing if flow.table in EDGE]
        keys = {flow.key for flow in on}
        off = [flow for flow in one.extra if flow.table in EDGE and flow.key not in keys]
        if on or off:
            found[dpid] = [*remove(off), *add(on)]
    return found


def extra_entries_off(one: Difference) -> list[Modification]:
    """Core entries that should not be there, but those that a missing one replaces."""
    missing = {flow.key for flow in one.missing}
    return [
        *remove(flow for flow in one.extra if flow.table not in EDGE and flow.key not in missing)
    ]


def extra_groups_and_meters_off(one: Difference) -> list[Modification]:
    """Once no entry uses them: a switch removes the entries of a group that it removes."""
    return [*remove(_groups(one.extra_groups)), *remove(_meters(one.extra_meters))]


def missing_core(
    one: Difference, held_groups: Iterable[int], held_meters: Iterable[int]
) -> list[Modification]:
    """Groups and meters, then entries that admit nothing from hosts; edges come last."""
    has_groups, has_meters = set(held_groups), set(held_meters)
    made = [
        *(
            Modification("change" if group.id in has_groups else "add", group)
            for group in one.groups
        ),
        *(
            Modification("change" if meter.id in has_meters else "add", meter)
            for meter in one.meters
        ),
    ]
    return [*made, *add(flow for flow in one.missing if flow.table not in EDGE)]


def missing_edges(differences: Mapping[int, Difference]) -> Modifications:
    return {
        dpid: [*add(edges)]
        for dpid, one in differences.items()
        if (edges := [flow for flow in one.missing if flow.table in EDGE])
    }


def off(gone: Sequence[Flow], kept: Iterable[Flow]) -> Iterator[Modification]:
    """Remove entries in as few orders as their cookies allow: all of an epoch, all of a demand in
    an epoch, or else one at a time. No order removes an entry that is kept."""
    left, stay = list(gone), [flow.cookie for flow in kept]
    for mask in (OF_EPOCH, OF_DEMAND):
        shared = {cookie & mask for cookie in stay}
        alone = dict.fromkeys(
            flow.cookie & mask for flow in left if flow.cookie & mask not in shared
        )
        yield from remove(ByCookie(cookie, mask) for cookie in alone)
        left = [flow for flow in left if flow.cookie & mask in shared]
    yield from remove(left)


def _groups(numbers: Iterable[int]) -> Iterator[FastFailover]:
    return (FastFailover(number, ()) for number in numbers)


def _meters(numbers: Iterable[int]) -> Iterator[Meter]:
    return (Meter(number, 0, 0) for number in numbers)
