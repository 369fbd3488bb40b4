"""A specification whose guaranteed rates fit, if ways can be chosen so; else one that lacks less.

Where rates fit on the shortest ways, nothing is chosen: the specification stays as it is. The last
word has admission, on the tables that these ways become, by every failure set protected against.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from corridor.controller.forwarding.avoided import NOTHING
from corridor.controller.forwarding.compiler import compile_ways, gateways_of
from corridor.controller.forwarding.disjoint import keeping_apart
from corridor.controller.forwarding.forwarding_tree import ForwardingTree, TreeBuilder
from corridor.controller.intent.intent import Intent
from corridor.controller.intent.picks import Pick
from corridor.controller.intent.specification import Specification
from corridor.controller.joint_ways.objectives import moves
from corridor.controller.joint_ways.objectives.objective import Objective
from corridor.controller.joint_ways.objectives.registry import OBJECTIVES
from corridor.controller.joint_ways.rates import may_have_rates, rates_of
from corridor.controller.joint_ways.spaces.space import Links
from corridor.controller.policy.failures import NO_FAILURES, Failures
from corridor.controller.prover import tables_of
from corridor.controller.prover.exact.rates import admissions
from corridor.controller.prover.exact.search import Explorer
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import wire

if TYPE_CHECKING:  # numpy is dear to import
    from corridor.controller.admission.values import Worst

NONE = "none"
TRIES = 4
"""How often links that admission finds too full are given less to promise."""


def fitted(specification: Specification, objective: str | Objective) -> Specification:
    """The same, with ways picked by an objective, one that ships by its key, if rates do not fit
    without; ``none`` picks none.

    Raises KeyError for an objective that is not registered.
    """
    if objective == NONE or not _may_ask(specification):
        return specification
    kind = OBJECTIVES[objective] if isinstance(objective, str) else objective
    return _fitted(_with(specification, {}), kind, NO_FAILURES)


def refitted(specification: Specification, without: Failures) -> Specification:
    """The same, with other ways picked where rates do not fit on those that it has: because
    something has failed, or policies are others. As few move as can; with what is left, rates are
    to fit under the next failures too, and where they cannot, as things are.
    """
    if not specification.chooses or not _may_ask(specification):
        return specification
    if without == NO_FAILURES and any(one.picks for one in specification.directions):
        bare = _with(specification, {})
        if not Served(bare.topology, bare.intents()).too_full():
            return bare
    if fits(specification, without):
        return specification
    chosen = _fitted(specification, moves.KIND, without)
    if fits(chosen, without):
        return chosen
    bare = specification.model_copy(update={"k": 0})
    now = _fitted(bare, moves.KIND, without)
    return now.model_copy(update={"k": specification.k})


def fits(specification: Specification, without: Failures = NO_FAILURES) -> bool:
    """Whether committed rates do."""
    return not Served(specification.topology, specification.intents(), without).too_full()


def _fitted(asked: Specification, objective: Objective, without: Failures) -> Specification:
    """With what is picked so far if rates fit there, else by an objective beside it."""
    # numpy is dear to import
    from corridor.controller.joint_ways.chosen import choose
    from corridor.controller.joint_ways.program import UnsolvedError

    served = Served(asked.topology, asked.intents(), without)
    full = served.too_full()
    best, least = asked, _lacking(full)
    less: dict[tuple[str, str], int] = {}
    for _ in range(TRIES if full else 0):
        links = Links(asked.topology, less)
        try:
            choice = choose(asked.topology, served.asked, served.builder, objective, links)
        except UnsolvedError:
            break
        picked = _with(asked, choice.picks)
        full = Served(picked.topology, picked.intents(), without).too_full()
        if _lacking(full) < least:
            best, least = picked, _lacking(full)
        if not full or choice.fullest > 1:
            break
        for one in full:
            less[one.fibre, one.hub] = less.get((one.fibre, one.hub), 0) + one.excess_bps
    return best


class Served:
    """Demands that rates are promised to, and the ways that serve them."""

    def __init__(
        self, topology: Topology, intents: Iterable[Intent], without: Failures = NO_FAILURES
    ) -> None:
        self.topology, self._without = topology, without
        self.builder, asked = TreeBuilder(topology, without), tuple(intents)
        self._off = keeping_apart(self.builder, topology, asked)
        ways = [self.way(intent) for intent in asked if may_have_rates(intent)]
        self.ways = [way for way in ways if rates_of(way) is not None]

    @property
    def asked(self) -> tuple[Intent, ...]:
        return tuple(way.intent for way in self.ways)

    def way(self, intent: Intent) -> ForwardingTree:
        return self.builder.way(intent, self._off.get(intent.id, NOTHING))

    def too_full(self) -> list[Worst]:
        return too_full(self.topology, self.ways, self._without)


def too_full(
    topology: Topology, ways: Sequence[ForwardingTree], without: Failures = NO_FAILURES
) -> list[Worst]:
    """The links that committed rates do not fit, each in its worst case."""
    if not ways:
        return []
    wiring = wire(topology, gateways=gateways_of(ways))
    explorer = Explorer(
        tables_of(compile_ways(wiring, topology, ways).program), wiring, topology, without
    )
    searched = [explorer.search(way.intent) for way in ways]
    admitted = admissions(explorer, searched)
    return [link for admission in admitted for link in admission.links if not link.fits]


def _may_ask(specification: Specification) -> bool:
    """Whether rates may be promised to anybody."""
    return (
        bool(specification.aggregates)
        or any(one.bandwidth is not None for one in specification.directions)
        or any(one.soft.bandwidth is not None for one in specification.policies.policies)
    )


def _with(specification: Specification, picks: Mapping[str, tuple[Pick, ...]]) -> Specification:
    directions = tuple(
        one.model_copy(update={"picks": picks.get(one.demand.id, ())})
        for one in specification.directions
    )
    return specification.model_copy(update={"directions": directions})


def _lacking(full: Iterable[Worst]) -> float:
    """How many capacities are lacking, summed up."""
    return sum(one.excess_bps / max(one.limit_bps, 1) for one in full)
