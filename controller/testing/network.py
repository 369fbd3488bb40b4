"""A topology under policies, and demands of it under test: their tables, and the fate of packets.

What must hold whatever fails is a policy itself. So it is asked of the tables as the prover asks
for the demand's own policies: every bucket is taken as possible, and the search looks for a path
that violates the clause. What is asked for given failures follows one packet through the tables.

The tables are those that are compiled; of a network that runs, those that its switches hold. Errors
name what is not there. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from corridor.controller.explain.clauses import forbidding
from corridor.controller.forwarding.compiler import compile_forwarding_graphs, gateways_of
from corridor.controller.forwarding.forwarding_graph import ForwardingGraph, GraphBuilder
from corridor.controller.forwarding.program import Program, Value
from corridor.controller.intent.anycast import settle, unknown_names
from corridor.controller.intent.intent import UNPROTECTED, Intent, Protection
from corridor.controller.intent.specification import KINDS, canonical, elements, failures_of
from corridor.controller.policy.automaton import Automaton, Bound, Violation
from corridor.controller.policy.clauses import Clause, Trip
from corridor.controller.policy.clauses.elements import Where
from corridor.controller.policy.clauses.places import Service, operators
from corridor.controller.policy.load import check_policies, load_policies
from corridor.controller.policy.model import (
    UNCLASSIFIED,
    Demand,
    DemandEntry,
    Hard,
    Policy,
    PolicySet,
)
from corridor.controller.policy.permitted_paths import NoPermittedPath
from corridor.controller.policy.semantics import rule
from corridor.controller.prover.claim_registry import of_steps, open_edge
from corridor.controller.prover.counterexample import Counterexample, tell
from corridor.controller.prover.exact_outcomes import Outcome
from corridor.controller.prover.exact_search import Explorer
from corridor.controller.prover.search.claim import Breach, TraceStep
from corridor.controller.prover.search.core import At, Core
from corridor.controller.prover.search.declared_demands import Death
from corridor.controller.prover.search.declared_demands import Demand as ProvedDemand
from corridor.controller.prover.search.declared_network import Network
from corridor.controller.prover.search.packets import FIELDS
from corridor.controller.prover.search.search import Exploration, Kind, trace_to
from corridor.controller.prover.search.tables import Tables, tables_of
from corridor.controller.testing.packets import Failed, Live
from corridor.topologies.base.documents import describe_path
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.addresses import Family
from corridor.topologies.model.catalogue import nearest_named
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import Wiring, wire


@dataclass(frozen=True)
class PolicedTopology:
    """What demands are made of. Errors name what is not there."""

    topology: Topology
    policies: PolicySet
    as_of: date
    live: Live[Any] | None = None
    """Where demands are also put to the test by switches and packets."""
    written_in: str = field(default="", repr=False)
    """The name or file of the policy set; empty if it was not read from one."""

    def check_hub(self, name: str) -> None:
        """Raises InputError for a hub that is not there."""
        check_name("hub", name, (hub.id for hub in self.topology.hubs))

    def canonical(self, failures: Iterable[str]) -> Failed:
        """The same failures, however they were written. Raises InputError for what cannot fail."""
        return canonical(self.topology, failures)

    def check_places(self, names: Iterable[str]) -> None:
        """Raises InputError for what is neither jurisdiction nor group."""
        for name in names:
            check_name("jurisdiction or group", name, self.policies.known_groups.members)

    def check_operators(self, names: Iterable[str]) -> None:
        """Raises InputError for who runs nothing here and is not a jurisdiction or group."""
        given = {hub.operated_by for hub in self.topology.hubs}
        given |= {fibre.operated_by for fibre in self.topology.fibres}
        known = frozenset[str]().union(*map(operators, given))
        for name in names:
            check_name("operator", name, [*sorted(known), *self.policies.known_groups.members])

    def clauses(self, hard: Mapping[str, Any]) -> tuple[Clause, ...]:
        """Hard clauses as a policy has them. Raises InputError for what is none, or names what is
        not there."""
        if "max_one_way" in hard:
            raise InputError("max_one_way is not a clause about elements", "use assert_within")
        try:
            rule = Policy(id="ASSERTED", effect="restrict", hard=Hard.model_validate(hard))
        except ValidationError as problem:
            first = problem.errors()[0]
            where = describe_path(("hard", *first["loc"]))
            raise InputError(f"{where}: {first['msg']}") from problem
        groups = self.policies.groups
        check_policies(PolicySet(name="asserted", groups=groups, policies=(rule,)), self.topology)
        return tuple(rule.hard.clauses())


def check_name(what: str, name: str, known: Iterable[str]) -> None:
    """Raises InputError unless ``name`` is one of those that are known."""
    options = list(known)
    if name not in options:
        few = f"known are {', '.join(options)}" if len(options) < 12 else ""
        raise InputError(f'no {what} is called "{name}"', nearest_named(name, options) or few)


OPEN = Policy(id="test", effect="permit")
"""Allows everything: what is asked for is all that narrows it."""
EACH_ONCE = Protection(1)
"""Each thing that may fail, alone."""
MOST_TRIALS = 40


@dataclass(frozen=True, eq=False)
class DemandUnderTest:
    """A demand and what tables do to its packets."""

    network: PolicedTopology
    graph: ForwardingGraph

    def __repr__(self) -> str:
        asked = self.intent.demand
        return f"{asked.data_class} from {asked.src} to {asked.dst}"

    @property
    def intent(self) -> Intent:
        return self.graph.intent

    @property
    def trip(self) -> Trip:
        src, dst = map(self.network.topology.hub, self.intent.pair)
        groups = self.network.policies.known_groups
        return Trip(src, dst, groups, topology=self.network.topology)

    def breach(self, clause: Clause) -> tuple[Breach, Counterexample] | None:
        """The path that violates a clause with the fewest failures, if there is one."""
        permit = OPEN.model_copy(update={"id": f"test {clause.kind}"})
        automaton = Automaton(self.trip, permit, (Bound(permit, clause),))
        asked = replace(
            self.intent.applicable_policies, automata=(automaton,), refusals=(), permits=(permit,)
        )
        proved = ProvedDemand(1, Intent(asked), self.network.topology, self._held.hosts)
        breaches = list(_deaths(Exploration.of(self._core, proved, self._door), proved))
        if not breaches:
            return None
        worst = min(breaches, key=lambda breach: breach.order)
        return worst, tell(self._held, clause.kind, permit.id, worst)

    def behind(self, hub: str, port: int) -> str:
        """What is at a port: ``link:ID`` or ``gateway:HUB``."""
        cable = self._held.cables.get((hub, port))
        return f"link:{cable.fibre}" if cable else f"gateway:{hub}"

    def outcome(self, failures: Iterable[str] = ()) -> Outcome:
        """The outcome of a packet while just these have failed."""
        failed = failures_of(self.network.topology, failures)
        return self._explorer.follow(self.intent, failed)

    def losses(self, within: Protection) -> Iterator[tuple[str, ...]]:
        """Least sets of failures under which packets are lost though both ends work, the smallest
        first."""
        ends = {f"hub:{hub}" for hub in self.intent.pair}
        lost = [outcome for outcome in self._outcomes(within) if not outcome.delivered]
        sets = {failed for outcome in lost for failed in outcome.explained if not ends & failed}
        yield from sorted((tuple(sorted(one)) for one in sets), key=lambda one: (len(one), one))

    def slowest(self, failures: Iterable[str], within: Protection) -> Outcome:
        """The delivery that takes longest: while just these have failed, or some of ``within``."""
        arrived = [self.outcome(failures)]
        if within.k:
            arrived += [outcome for outcome in self._outcomes(within) if outcome.delivered]
        return max(arrived, key=lambda outcome: outcome.one_way_ns)

    def trials(self, within: Protection) -> tuple[Failed, ...]:
        """Sets of failures to send packets under: none; each one of these kinds that takes down
        an element of the path without failures, except its ends; and of sets of more, one for each
        other path that packets then take. At most ``MOST_TRIALS``, the smaller first."""
        if isinstance(self.graph.route, NoPermittedPath):
            return ((),)
        ends = {f"hub:{hub}" for hub in self.intent.pair}
        causes = self._explorer.causes
        met = frozenset[str]().union(*(causes.named(one.causes) for one in self.outcome().crossed))
        single = [
            (name,) for name in elements(self.network.topology, within.over) if name in met - ends
        ]
        more = [
            next((tuple(sorted(one)) for one in outcome.explained if not ends & one), ())
            for outcome in (self._outcomes(within) if within.k > 1 else ())
        ]
        sets = [(), *(single if within.k else ()), *(one for one in more if len(one) > 1)]
        return tuple(sorted(dict.fromkeys(sets), key=len))[:MOST_TRIALS]

    @property
    def forbidden(self) -> tuple[Violation, ...]:
        """What forbids the shortest path there is."""
        return forbidding(self.intent.applicable_policies)

    def _outcomes(self, within: Protection) -> tuple[Outcome, ...]:
        return self._explorer.search(self.intent, within).outcomes

    def packet(self) -> dict[str, Value]:
        """One that ``outcome`` is about."""
        fields = self._explorer.packet(self.intent, self.intent.selectors[0]).fields
        told = zip(FIELDS, fields, strict=True)
        return {name: value for name, value in told if value is not None}

    @property
    def leaks(self) -> bool:
        """Whether a packet may leave the source's switch, whatever has failed."""
        return any(not turn.step.end.is_drop for turn in self._door.turns)

    @cached_property
    def _explorer(self) -> Explorer:
        tables, wiring = self._laid
        return Explorer(tables, wiring, self.network.topology)

    @cached_property
    def _held(self) -> Network:
        tables, wiring = self._laid
        return Network(tables, wiring, self.network.topology, [self.intent])

    @cached_property
    def _core(self) -> Core:
        return Core(self._held, of_steps)

    @cached_property
    def _door(self) -> At:
        """What the host's port does with the demand's packets."""
        opened = open_edge(self._held, self._core, self.intent.demand.src)
        return next(door for demand, door in opened.demands if demand is not None)

    @cached_property
    def _laid(self) -> tuple[Tables, Wiring]:
        if self.network.live is not None:
            return self.network.live.tables(self)
        wiring, program = self.compiled()
        return tables_of(program), wiring

    def compiled(self, run_id: str = "c0") -> tuple[Wiring, Program]:
        """A network for this demand alone, and the tables that serve it."""
        topology = self.network.topology
        wiring = wire(topology, run_id=run_id, gateways=gateways_of([self.graph]))
        return wiring, compile_forwarding_graphs(wiring, topology, [self.graph]).program


def _deaths(seen: Exploration, proved: ProvedDemand) -> Iterator[Breach]:
    refused = proved.permits.refused
    if refused is not None:
        for turn in seen.door.turns:
            if not turn.step.end.is_drop:
                yield _breach(proved, refused, (TraceStep(turn.step),))
    for found in seen.of_kind(Kind.DEATH):
        assert found.death is not None
        yield _breach(proved, found.death, trace_to(seen, found.node, found.step))


def _breach(proved: ProvedDemand, death: Death, trace: tuple[TraceStep, ...]) -> Breach:
    said = "; ".join(one.reason for one in death.violations)
    return Breach(said, trace[-1].step.at.hub, None, trace, proved, death.violations)


@dataclass(frozen=True)
class CorridorNetwork(PolicedTopology):
    """A topology under policies on a day, to make demands of."""

    def demand(
        self,
        data_class: str,
        src: str,
        dst: str | Sequence[str] | Mapping[str, object],
        *,
        k: int = 0,
        over: Iterable[str] = ("link", "srlg", "hub", "gateway"),
        service: Service | None = None,
        family: Family = "ipv4",
    ) -> DemandUnderTest:
        """Data of a class from one hub to another, compiled to its own tables.

        ``dst`` is a hub, or a list or a selector of hubs (``{"role": "western"}``): then the
        nearest lawful one. Carried by a ``service``, or by any where none is given, in packets of a
        ``family``. Protected as its permit says, and at least against ``k`` failures of the kinds
        in ``over``.
        Raises InputError for a class or hub that is not there, or a selector that selects none.
        """
        classes = [entry.id for entry in self.policies.classes]
        check_name("data class", data_class, [*classes, UNCLASSIFIED])
        self.check_hub(src)
        if isinstance(dst, str):
            self.check_hub(dst)
        asked = protection_of(k, over) if k else UNPROTECTED
        ends = {"src": src, "dst": dst, "service": service, "family": family}
        demand = self._settled({"id": f"{src}-to-any", "class": data_class, **ends})
        applicable_policies = rule(self.policies, self.topology, demand, self.as_of)
        intent = Intent(applicable_policies, protection=asked)
        return DemandUnderTest(self, GraphBuilder(self.topology).graph(intent))

    def _settled(self, plain: Mapping[str, object]) -> Demand:
        """To the hub that serves it."""
        try:
            entry = DemandEntry.model_validate(plain)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise InputError(f"{where}: {first['msg']}", "give dst a hub, or a selector") from error
        if isinstance(entry.dst, Where):
            for path, name, known in unknown_names(
                entry.dst, self.topology, self.policies.known_groups
            ):
                check_name(str(path[-1]), name, known)
        found = settle(self.policies, self.topology, entry, self.as_of).demand
        return found.model_copy(update={"id": f"{found.src}-to-{found.dst}"})


def load_network(topology: str | Path, policies: str | Path, as_of: date | str) -> CorridorNetwork:
    """Shipped names or files; the day as a date or like ``2026-11-24``. Raises InputError.

    What no permit speaks of is blocked, whatever the set states about data outside it: a test holds
    what policies permit.
    """
    day = date.fromisoformat(as_of) if isinstance(as_of, str) else as_of
    loaded, known = _loaded(str(topology), str(policies))
    return CorridorNetwork(loaded, known, day, written_in=str(policies))


@cache
def _loaded(topology: str, policies: str) -> tuple[Topology, PolicySet]:
    loaded = load_topology(topology)
    strict = load_policies(policies, loaded).model_copy(update={"outside": "deny"})
    return loaded, strict


def protection_of(k: int, over: Iterable[str]) -> Protection:
    """Raises InputError for a kind that cannot fail."""
    kinds = tuple(over)
    for kind in kinds:
        check_name("kind of failure", kind, KINDS)
    return Protection(k, tuple(kind for kind in KINDS if kind in kinds))
