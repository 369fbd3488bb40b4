"""Which clauses make a demand pay, on which legal basis, and whether that is certain. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from corridor.controller.explain.clauses import forbidden_by, forbidding
from corridor.controller.explain.references import Ground, Reference, grounds
from corridor.controller.policy.automaton import Automaton, Violation
from corridor.controller.policy.model import PolicySet
from corridor.controller.policy.paths import Path
from corridor.experiments.results.price_sets import Served
from corridor.experiments.results.price_ways import Way, Ways
from corridor.topologies.model.topology import Confidence

KEPT_BACK, DELAY, PROTECTION, WIDTH = "kept back", "delay", "no way around", "width"


@dataclass(frozen=True)
class Cause:
    """One clause, and what it takes from a demand or its answers."""

    costs: str
    """``kept back``, ``delay`` or ``no way around``."""
    policy: str
    clause: str
    reason: str
    legal: tuple[Reference, ...]
    confidence: Confidence

    @property
    def is_certain(self) -> bool:
        """Else it is our reading of the law."""
        return self.confidence == "confident"


def causes(
    ways: Ways, policies: PolicySet, before: Served, after: Served, lost: Sequence[str]
) -> tuple[Cause, ...]:
    """Of a demand that has less ``after`` than ``before``; each clause once for each cost."""
    found: dict[tuple[str, str, str], Cause] = {}
    for costs, violations in _violations(ways, policies, before, after, lost):
        for ground in grounds(violations, policies):
            cause = _cause(costs, ground)
            found.setdefault((costs, cause.policy, cause.clause), cause)
    return tuple(found.values())


def _violations(
    ways: Ways, policies: PolicySet, before: Served, after: Served, lost: Sequence[str]
) -> Iterator[tuple[str, Iterable[Violation]]]:
    for ruling, was, now, ruled in zip(
        after.rulings, before.ways, after.ways, before.rulings, strict=True
    ):
        if was is None:
            continue
        if now is None:
            yield KEPT_BACK, forbidding(ruling, policies.known_groups)
            continue
        if now.one_way_ns > was.one_way_ns:
            yield DELAY, forbidden_by(ruling, now.automaton, was.path)
        if now.widest_bps < was.widest_bps:
            yield WIDTH, forbidden_by(ruling, now.automaton, was.path)
        for name in lost:
            if name in now.single_points:
                around = _around(ways, ruled.automata, name, was)
                yield PROTECTION, forbidden_by(ruling, now.automaton, around)


def _around(ways: Ways, automata: Sequence[Automaton], name: str, was: Way) -> Path:
    """The way around an element that the other set leaves."""
    found = ways.around(automata, name)
    return was.path if found is None else ways.path(*found)


def _cause(costs: str, ground: Ground) -> Cause:
    return Cause(
        costs, ground.policy, ground.clause, ground.reason, ground.legal, ground.confidence
    )
