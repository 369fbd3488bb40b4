"""Paths that share nothing: which elements each keeps off, so that demands that are to be disjoint
are, at the minimum sum of delays.

The search is one of conflicts (as of Sharon et al., Conflict-based search, Artificial Intelligence
219, 2015). At first each path is the one without the others. Where two share an element that they
are not to share, one of them has to avoid it: both cases are searched further, that with the
minimum sum first. Each solution is in one of the two cases, and avoiding more elements never
improves a path, so the first pair without a conflict is optimal. Better is: fewer permits tried in
vain before those in use, then the minimum sum of delays, those of answers included.

It is exact for any number of demands within a bound on cases. Not exact is only who is protected
by a longer path (``soft.one_way``): that one way may be shorter by keeping off more.

If no disjoint paths are found, they share the smallest set that was found to help: one fibre with
its risks and ends, one group, one hub or one gateway, else two of these; else paths are as they
would be anyway.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import combinations
from typing import NamedTuple, Protocol

from corridor.controller.forwarding.nodes import Used
from corridor.controller.intent.intent import Intent
from corridor.controller.policy.model import Protected
from corridor.topologies.model.topology import Topology

# What a primary path has to avoid because of other demands; detours may use it.


class Avoided(NamedTuple):
    """Fibres, as a mask, and hubs whose gateway is not passed."""

    fibres: int = 0
    gateways: frozenset[str] = frozenset()

    def and_also(self, other: Avoided) -> Avoided:
        return Avoided(self.fibres | other.fibres, self.gateways | other.gateways)


NOTHING = Avoided()


MOST_CASES = 2000
"""Of one search; each repeats the search of one path."""
MOST_CASES_TO_SHARE = 200
MOST_SHARED, MOST_CANDIDATES = 2, 24
ORDER: tuple[Protected, ...] = ("hub", "srlg", "gateway", "link")
"""Conflicts over what takes down most come first: solving them solves others."""

type Name = str
"""Of an element, with its kind: ``link:guian-kunming``."""


class Builder(Protocol):
    """Finds paths that keep off something."""

    def used(self, intent: Intent, avoided: Avoided) -> Used | None: ...


def keeping_apart(
    builder: Builder, topology: Topology, intents: Sequence[Intent]
) -> Mapping[str, Avoided]:
    """What each intent that is to be disjoint from others keeps off, by its id."""
    kept: dict[str, Avoided] = {}
    for group in _groups(intents):
        kept |= _Search(builder, _Elements(topology), group).solved()
    return kept


@dataclass(frozen=True)
class Sharing:
    """Two intents whose paths share what they are not to share."""

    one: str
    other: str
    over: frozenset[Protected]
    shared: tuple[Name, ...]


def sharings(
    topology: Topology, intents: Sequence[Intent], used: Sequence[Used | None]
) -> list[Sharing]:
    """Of paths that are used while nothing fails, by intent; None where there is none."""
    elements = _Elements(topology)
    candidates = [
        _Candidate(intent, one, elements)
        for intent, one in zip(intents, used, strict=True)
        if one is not None and intent.disjoint
    ]
    found = (
        Sharing(one.intent.id, other.intent.id, one.intent.disjoint_kinds(other.intent), common)
        for one, other in combinations(candidates, 2)
        if (common := tuple(_conflicts(one, other)))
    )
    return list(found)


def _groups(intents: Iterable[Intent]) -> Iterator[list[Intent]]:
    """Intents that hang together by what they ask for."""
    left = [one for one in intents if one.disjoint]
    while left:
        group, names = [left.pop(0)], set[str]()
        grown = True
        while grown:
            names |= {name for one in group for asked in one.disjoint for name in asked.demands}
            more = [one for one in left if one.asked_as in names]
            left = [one for one in left if one.asked_as not in names]
            group += more
            grown = bool(more)
        yield group


class _Elements:
    """Whatever may be shared, and how one keeps off it."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self._bits = {fibre.id: 1 << at for at, fibre in enumerate(topology.fibres)}

    def without(self, name: Name) -> Avoided:
        """A path cannot avoid its own ends: no path is left then."""
        kind, _, what = name.partition(":")
        if kind == "gateway":
            return Avoided(gateways=frozenset([what]))
        if kind == "link":
            return Avoided(self._bits[what])
        if kind == "srlg":
            return Avoided(self._mask(one.id for one in self.topology.fibres_in_srlg(what)))
        return Avoided(self._mask(one.id for one in self.topology.fibres_of(what)))

    def sharing(self, name: Name) -> frozenset[Name]:
        """What is shared of necessity where this is."""
        kind, _, what = name.partition(":")
        if kind != "link":
            return frozenset([name])
        fibre = self.topology.fibre(what)
        risks = (f"srlg:{one}" for one in fibre.srlgs)
        return frozenset([name, *risks, *(f"hub:{end}" for end in fibre.ends)])

    def _mask(self, fibres: Iterable[str]) -> int:
        mask = 0
        for fibre in fibres:
            mask |= self._bits[fibre]
        return mask


class _Candidate:
    """What one path traverses, by kind."""

    def __init__(self, intent: Intent, used: Used, elements: _Elements) -> None:
        self.intent, self.used = intent, used
        fibres = [elements.topology.fibre(name) for name in used.fibres]
        self.met: Mapping[Protected, frozenset[str]] = {
            "link": frozenset(used.fibres),
            "srlg": frozenset(srlg for fibre in fibres for srlg in fibre.srlgs),
            "hub": frozenset(intent.pair).union(*(fibre.ends for fibre in fibres)),
            "gateway": frozenset(used.gateways),
        }


def _conflicts(one: _Candidate, other: _Candidate) -> Iterator[Name]:
    """A hub that is an end of both is nothing that could be kept off."""
    kinds = one.intent.disjoint_kinds(other.intent)
    ends = {*one.intent.pair} & {*other.intent.pair}
    for kind in ORDER:
        if kind in kinds:
            common = one.met[kind] & other.met[kind]
            yield from (
                f"{kind}:{name}" for name in sorted(common - ends if kind == "hub" else common)
            )


type _Rank = tuple[int, int]
"""Permits tried in vain, and delays, added up."""


class _Case(NamedTuple):
    """What each intent avoids, and its path then; None where an intent has no path."""

    avoided: tuple[Avoided, ...]
    candidates: tuple[_Candidate | None, ...]

    @property
    def rank(self) -> _Rank:
        used = [candidate.used for candidate in self.candidates if candidate is not None]
        return sum(one.rank for one in used), sum(one.one_way_ns for one in used)


@dataclass
class _Found:
    """What a search came to."""

    case: _Case | None
    met: dict[Name, None] = field(default_factory=dict)
    """What was ever in conflict, in the order in which it came up."""


class _Search:
    """Of demands that hang together."""

    def __init__(self, builder: Builder, elements: _Elements, intents: Sequence[Intent]) -> None:
        self._builder, self._elements, self._intents = builder, elements, intents
        self._known: dict[tuple[int, Avoided], _Candidate | None] = {}
        begin = tuple(self._candidate(at, NOTHING) for at in range(len(intents)))
        self._begin = _Case((NOTHING,) * len(intents), begin)

    def solved(self) -> dict[str, Avoided]:
        found = self._best(frozenset(), MOST_CASES)
        case = found.case or self._sharing_least(list(found.met)[:MOST_CANDIDATES]) or self._begin
        return {one.id: off for one, off in zip(self._intents, case.avoided, strict=True)}

    def _sharing_least(self, candidates: Sequence[Name]) -> _Case | None:
        """The best case in which one element is shared, else that in which two are."""
        for count in range(1, MOST_SHARED + 1):
            cases = []
            for some in combinations(candidates, count):
                excused = frozenset[Name]().union(*map(self._elements.sharing, some))
                case = self._best(excused, MOST_CASES_TO_SHARE).case
                cases += [case] if case is not None else []
            if cases:
                return min(cases, key=lambda case: case.rank)
        return None

    def _best(self, excused: frozenset[Name], most: int) -> _Found:
        """The best case without a conflict but over what is excused, within a number of them."""
        found = _Found(None)
        queue: list[tuple[_Rank, int, _Case]] = [(self._begin.rank, 0, self._begin)]
        seen = {self._begin.avoided}
        while queue and len(seen) <= most:
            _, _, case = heappop(queue)
            conflict = self._conflict(case, excused)
            if conflict is None:
                found.case = case
                return found
            (name, *others), *both = conflict
            found.met.update(dict.fromkeys((name, *others)))
            for at in reversed(both):  # of equally good cases that in which the first stays
                other = self._keeping_off(case, at, name)
                if other is not None and other.avoided not in seen:
                    seen.add(other.avoided)
                    heappush(queue, (other.rank, len(seen), other))
        return found

    def _conflict(
        self, case: _Case, excused: frozenset[Name]
    ) -> tuple[list[Name], int, int] | None:
        """The first two that share what they are not to, and all of that."""
        for one, other in combinations(range(len(case.candidates)), 2):
            a, b = case.candidates[one], case.candidates[other]
            if a is None or b is None:
                continue
            names = [name for name in _conflicts(a, b) if name not in excused]
            if names:
                return names, one, other
        return None

    def _keeping_off(self, case: _Case, at: int, name: Name) -> _Case | None:
        """With one more thing that one of them avoids; None where it has no path then."""
        avoided = case.avoided[at].and_also(self._elements.without(name))
        candidate = self._candidate(at, avoided)
        if candidate is None:
            return None
        return _Case(
            (*case.avoided[:at], avoided, *case.avoided[at + 1 :]),
            (*case.candidates[:at], candidate, *case.candidates[at + 1 :]),
        )

    def _candidate(self, at: int, avoided: Avoided) -> _Candidate | None:
        if (at, avoided) not in self._known:
            intent = self._intents[at]
            used = self._builder.used(intent, avoided)
            self._known[at, avoided] = (
                None if used is None else _Candidate(intent, used, self._elements)
            )
        return self._known[at, avoided]
