"""Claim C18: demands that are to be disjoint share nothing while nothing fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from corridor.controller.intent.intent import Intent
from corridor.controller.prover.exact_outcomes import Outcome, Searched
from corridor.controller.prover.search.claim import Breach
from corridor.topologies.base.words import few

MOST_NAMED = 4


def are_asked(searched: Sequence[Searched]) -> bool:
    """Whether any are to be disjoint."""
    return any(one.intent.disjoint for one in searched)


def sharings(searched: Sequence[Searched]) -> Iterator[Breach]:
    """What packets of two demands meet alike, though they are not to. Packets that are dropped
    count as far as they come."""
    asked = [one for one in searched if one.intent.disjoint]
    for one, other in combinations(asked, 2):
        common = sorted(_common(one, other))
        if common:
            listed = few(common, MOST_NAMED)
            said = f"packets of {one.intent.id} and {other.intent.id} both meet {listed}"
            yield Breach(f"{said} while nothing fails", one.intent.pair[0])


def _common(one: Searched, other: Searched) -> frozenset[str]:
    kinds = one.intent.disjoint_kinds(other.intent)
    common = _met(one.intent, one.outcomes[0]) & _met(other.intent, other.outcomes[0])
    ends = {f"hub:{hub}" for hub in {*one.intent.pair} & {*other.intent.pair}}
    return frozenset(name for name in common - ends if name.partition(":")[0] in kinds)


def _met(intent: Intent, outcome: Outcome) -> frozenset[str]:
    """Return the names of everything whose failure alone hits packets of an intent.

    A demand whose packets never leave their hub has no path that a failure could hit.
    """
    if not outcome.crossed:
        return frozenset()
    causes = (outcome.causes.named(watch.causes) for watch in outcome.crossed)
    return frozenset({f"hub:{hub}" for hub in intent.pair}).union(*causes)
