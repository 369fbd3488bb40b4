"""What a set of policies says about a demand, and about a path of that demand.

The allowed paths of a demand are the union over the matching permits, intersected with every
matching restrict; any matching deny, or no matching permit, leaves none. Nothing depends on the
order of policies. Adding a restrict or a deny can only shrink the set; only a permit widens it.

What is not known never helps: a permit must match for certain, a restrict or deny matches
unless it certainly does not. Whatever cannot be evaluated is denied.

A set may leave data outside: of a class that it does not have, where no permit of it speaks of the
demand. Nothing permits such data. It goes by what restricts and denies leave, and is not covered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from itertools import groupby

from corridor.controller.policy.automaton import DEFAULT_DENY, Automaton, Violation, build
from corridor.controller.policy.clauses import Trip
from corridor.controller.policy.clauses.places import Answer, Groups, every, inside, some
from corridor.controller.policy.law import load_law
from corridor.controller.policy.law_calendar import as_sure_as_on
from corridor.controller.policy.model import DataClass, Demand, Policy, PolicySet, is_valid_on
from corridor.topologies.model.routing import Path
from corridor.topologies.model.topology import Fibre, Topology

NOT_JUDGED = Policy(
    id="NOT-JUDGED",
    effect="permit",
    confidence="unsure",
    note="No permit: the set says nothing of this data, so no rule calls it lawful.",
)
"""Stands where a permit would, for what is outside a set."""
NO_PERMIT = Policy(id="no-permit", effect="permit")
"""Narrows nothing, so that restricts are seen by themselves."""


@dataclass(frozen=True)
class ApplicablePolicies:
    """The policies that speak about one demand on one day."""

    topology: Topology
    demand: Demand
    automata: tuple[Automaton, ...]
    """One per matching permit, in the order they are tried; empty when nothing is allowed. Of equal
    ones, see ``ranked``, the shortest path is taken."""
    refusals: tuple[Violation, ...] = ()
    """Why nothing is allowed, when that is so for every path."""
    permits: tuple[Policy, ...] = ()
    restricts: tuple[Policy, ...] = ()
    denies: tuple[Policy, ...] = ()
    trip: Trip | None = field(default=None, compare=False)
    """None where the demand could not be evaluated."""

    @cached_property
    def restricted(self) -> Automaton | None:
        """The restricts without a permit, where nothing is allowed: what else forbids a path."""
        if self.automata or self.trip is None:
            return None
        return build(self.trip, NO_PERMIT, self.restricts)

    @property
    def is_judged(self) -> bool:
        """Whether the set speaks of the demand; else only its restricts and denies bind it."""
        return NOT_JUDGED not in self.permits

    def with_closed_gateways(self, hubs: frozenset[str]) -> ApplicablePolicies:
        """The same ruling while the gateways of these hubs are down."""
        closed = tuple(
            replace(automaton, trip=replace(automaton.trip, closed=hubs))
            for automaton in self.automata
        )
        return replace(self, automata=closed)

    def verdict(self, path: Path) -> PolicyDecision:
        """Whether some permit allows a path, with the clauses that decide.

        Never raises: what cannot be evaluated is denied.
        """
        try:
            return self._verdict(path)
        except Exception as problem:  # noqa: BLE001 - an evaluation error means deny
            return PolicyDecision(False, None, (), (unevaluable(self.demand, problem),))

    def _verdict(self, path: Path) -> PolicyDecision:
        _check_joined(self.topology, path, self.demand)
        died = list(self.refusals)
        for automaton in self.automata:
            end = _walk(automaton, self.topology, path)
            if isinstance(end, Violation):
                died.append(end)
            else:
                return PolicyDecision(True, automaton.permit.id, end, ())
        if self.restricted is not None:
            end = _walk(self.restricted, self.topology, path)
            died += [end] if isinstance(end, Violation) else []
        return PolicyDecision(False, None, (), policies_first(died))


@dataclass(frozen=True)
class PolicyDecision:
    """The answer about one path."""

    allowed: bool
    permit: str | None
    """The permit in use."""
    phases: tuple[str, ...]
    """The automaton's phase at each hub of an allowed path."""
    violations: tuple[Violation, ...]
    """Of a refused path: the first clause that died under each permit, in the order tried; without
    a permit, of the restricts alone, then the default deny."""

    def __str__(self) -> str:
        if self.allowed:
            return f"allowed by {self.permit}: {' '.join(self.phases)}"
        return "refused: " + "; ".join(map(str, self.violations))


def policies_first(violations: Iterable[Violation]) -> tuple[Violation, ...]:
    """Each violation once; the default deny last, because it also applies to what a law forbids."""
    return tuple(sorted(dict.fromkeys(violations), key=lambda one: one.policy == DEFAULT_DENY))


def rule(
    policies: PolicySet, topology: Topology, demand: Demand, as_of: date
) -> ApplicablePolicies:
    """What ``policies`` say about ``demand`` on the day ``as_of``. Never raises."""
    return PolicyLookup(policies, topology, as_of).on(demand)


def _in_force(policies: PolicySet, as_of: date) -> tuple[Policy, ...]:
    """Those of a day, in the order in which they are asked, as sure as they are then."""
    law = load_law()
    found = (
        as_sure_as_on(policy, law, as_of)
        for policy in policies.policies
        if policy.applies_on(as_of)
    )
    return tuple(sorted(found, key=_order))


def _rule(
    policies: PolicySet,
    in_force: Sequence[Policy],
    topology: Topology,
    demand: Demand,
    as_of: date,
) -> ApplicablePolicies:
    data = data_of(policies, demand)
    src, dst = topology.hub(demand.src), topology.hub(demand.dst)
    trip = Trip(src, dst, policies.known_groups, topology=topology, family=demand.family)
    certain, possible = [], []
    for policy in in_force:
        answer = _speaks_about(policy, data, trip)
        if policy.effect == "permit" and answer is True:
            certain.append(policy)
        if policy.effect != "permit" and answer is not False:
            possible.append(policy)
    if not certain and policies.is_outside(demand.data_class):
        certain = [NOT_JUDGED]
    restricts = tuple(policy for policy in possible if policy.effect == "restrict")
    denies = tuple(policy for policy in possible if policy.effect == "deny")
    refusals = tuple(_refusals(data, demand, as_of, certain, denies))
    automata = () if refusals else tuple(build(trip, permit, restricts) for permit in certain)
    return ApplicablePolicies(
        topology, demand, automata, refusals, tuple(certain), restricts, denies, trip
    )


class PolicyLookup:
    """What policies say about many demands on one day. Those that are alike are ruled on once:
    their names aside, the same data between the same hubs, carried alike, of one family."""

    def __init__(self, policies: PolicySet, topology: Topology, as_of: date) -> None:
        self._policies, self._topology, self._as_of = policies, topology, as_of
        self._known: dict[tuple[object, ...], ApplicablePolicies] = {}

    def on(self, demand: Demand) -> ApplicablePolicies:
        """As ``rule`` says it. Never raises."""
        alike = (demand.data_class, demand.src, demand.dst, demand.service, demand.family)
        known = self._known.get(alike)
        if known is not None and not known.refusals:  # a refusal names its demand
            return replace(known, demand=demand)
        try:
            found = _rule(self._policies, self._in_force, self._topology, demand, self._as_of)
        except Exception as problem:  # noqa: BLE001 - an evaluation error means deny
            found = ApplicablePolicies(self._topology, demand, (), (unevaluable(demand, problem),))
        self._known[alike] = found
        return found

    @cached_property
    def _in_force(self) -> tuple[Policy, ...]:
        return _in_force(self._policies, self._as_of)


def data_of(policies: PolicySet, demand: Demand) -> DataClass:
    """The class of a demand's data, carried as the demand says. Raises KeyError."""
    data = policies.data_class(demand.data_class)
    return data.model_copy(update={"service": demand.service}) if demand.service else data


def _order(policy: Policy) -> tuple[int, tuple[int, ...], str]:
    """Preference, then specificity, then id: a total order that no file order can change."""
    return (*_rank(policy), policy.id)


def _rank(policy: Policy) -> tuple[int, tuple[int, ...]]:
    return (policy.preference, tuple(-part for part in policy.match.specificity))


def ranked(automata: Sequence[Automaton]) -> tuple[tuple[int, ...], ...]:
    """The numbers of permits in the order they are tried, equal ones together: of these the
    shortest path is taken, whichever allows it."""
    numbers = range(len(automata))
    ranks = groupby(numbers, key=lambda number: _rank(automata[number].permit))
    return tuple(tuple(rank) for _, rank in ranks)


def unmet(policy: Policy, data: DataClass, trip: Trip) -> tuple[str, ...]:
    """Keys of a policy's match that do not hold for certain; none where a permit matches."""
    return tuple(key for key, answer in _asked(policy, data, trip).items() if answer is not True)


def _speaks_about(policy: Policy, data: DataClass, trip: Trip) -> Answer:
    return every(_asked(policy, data, trip).values())


def _asked(policy: Policy, data: DataClass, trip: Trip) -> dict[str, Answer]:
    match, groups = policy.match, trip.groups
    return {
        "class": data.id in match.data_class or not match.data_class,
        "origin": _of_origin(policy, data, groups),
        "service": _carried(match.service, data.service),
        "family": match.family in (None, trip.family),
        "src": match.src.selects(trip.src, groups),
        "dst": match.dst.selects(trip.dst, groups),
    }


def _carried(asked: Sequence[str], service: str | None) -> Answer:
    if not asked:
        return True
    return None if service is None else service in asked


def _of_origin(policy: Policy, data: DataClass, groups: Groups) -> Answer:
    if not policy.match.origin:
        return True
    codes = groups.codes(policy.match.origin)
    answers = [inside(code, codes) for code in data.origin]
    return every(answers) if policy.effect == "permit" else some(answers)


def _refusals(
    data: DataClass,
    demand: Demand,
    as_of: date,
    permits: Sequence[Policy],
    denies: Sequence[Policy],
) -> list[Violation]:
    where = demand.id
    refusals = [
        Violation(policy.id, "deny", where, f"denies {demand}", policy.legal_ref)
        for policy in denies
    ]
    if not is_valid_on(as_of, None, data.valid_until):
        reason = f"the basis of class {data.id} ended on {data.valid_until}"
        refusals.append(Violation(DEFAULT_DENY, "expiry", where, reason))
    elif not permits:
        refusals.append(Violation(DEFAULT_DENY, "match", where, f"no permit matches {demand}"))
    return refusals


def unevaluable(demand: Demand, problem: Exception) -> Violation:
    """Why something that cannot be evaluated is denied."""
    said = problem.args[0] if isinstance(problem, KeyError) and problem.args else problem
    reason = f"cannot be evaluated, so it is denied: {said or type(problem).__name__}"
    return Violation(DEFAULT_DENY, "error", demand.id, reason)


def _walk(automaton: Automaton, topology: Topology, path: Path) -> tuple[str, ...] | Violation:
    """The phase at each hub, or the first violation along the path."""
    state = automaton.start
    phases, delay_ns = [], 0
    for position, hub in enumerate(path.hubs):
        entered = automaton.enter(state, topology.hub(hub))
        if isinstance(entered, Violation):
            return entered
        state = entered
        phases.append(automaton.name(state))
        if position < len(path.fibres):
            fibre = topology.fibre(path.fibres[position])
            delay_ns += topology.one_way_delay_ns(fibre)
            entered = automaton.enter(state, fibre)
            if isinstance(entered, Violation):
                return entered
            state = entered
    return automaton.finish(state) or automaton.exceeds(delay_ns) or tuple(phases)


def _check_joined(topology: Topology, path: Path, demand: Demand) -> None:
    """Raises ValueError unless ``path`` is one of ``topology`` and of ``demand``."""
    if (path.src, path.dst) != (demand.src, demand.dst):
        raise ValueError(f"the path joins {path.src} to {path.dst}")
    for near, name, far in zip(path.hubs[:-1], path.fibres, path.hubs[1:], strict=True):
        if topology.fibre(name).other_end(near) != far:
            raise ValueError(f"fibre {name} does not join {near} to {far}")


# What is out of order, as far as it is known.


@dataclass(frozen=True)
class Failures:
    """What is out of order. A hub without its gateway still forwards."""

    links: frozenset[str] = frozenset()
    srlgs: frozenset[str] = frozenset()
    hubs: frozenset[str] = frozenset()
    gateways: frozenset[str] = frozenset()

    def spare(self, fibre: Fibre) -> bool:
        """Whether a fibre and both its ends still work."""
        return (
            fibre.id not in self.links
            and self.srlgs.isdisjoint(fibre.srlgs)
            and self.hubs.isdisjoint(fibre.ends)
        )

    def and_also(self, more: Failures) -> Failures:
        return Failures(
            self.links | more.links,
            self.srlgs | more.srlgs,
            self.hubs | more.hubs,
            self.gateways | more.gateways,
        )

    def each(self) -> Iterator[tuple[str, Failures]]:
        """Each failed element, and the failures that remain when it alone is repaired."""
        for kind in ("links", "srlgs", "hubs", "gateways"):
            failed: frozenset[str] = getattr(self, kind)
            for name in sorted(failed):
                # An SRLG is already called by its kind: corridor:karakoram.
                label = name if kind == "srlgs" else f"{kind[:-1]}:{name}"
                yield label, replace(self, **{kind: failed - {name}})


NO_FAILURES = Failures()
