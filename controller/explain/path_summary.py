"""What a path means to people: length, delay and jurisdictions, and the sources of its policies."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from corridor.controller.forwarding.forwarding_graph import Cross, ForwardingGraph
from corridor.controller.forwarding.packet_traces import PacketTrace, trace_packet
from corridor.controller.policy.automaton import DEFAULT_DENY, Automaton, Violation
from corridor.controller.policy.clauses.clause import StatementKind, caveat
from corridor.controller.policy.law import is_rule_id, load_law
from corridor.controller.policy.law_calendar import policy_confidence, policy_kind
from corridor.controller.policy.model import Policy, PolicySet
from corridor.controller.policy.permitted_paths import NoPermittedPath, PermittedPath
from corridor.topologies.base.words import confidence_word
from corridor.topologies.model.routing import (
    Path,
    crossed_jurisdictions,
    possible_jurisdictions,
    shortest_path_between,
)
from corridor.topologies.model.topology import Confidence, Topology


@dataclass(frozen=True)
class Reference:
    """A rule of law, or free text."""

    id: str
    """Empty for free text."""
    citation: str
    status: str = ""
    confidence: str = ""
    address: str = ""
    """Where the authority publishes it, if that is known."""

    def __str__(self) -> str:
        if not self.id:
            return self.citation
        caveat = "".join(
            f", {confidence_word(word)}"
            for word, fine in ((self.status, "in-force"), (self.confidence, "confident"))
            if word and word != fine
        )
        return f"{self.id}: {self.citation}{caveat}"


@dataclass(frozen=True)
class Ground:
    """Why something is forbidden: whose clause, where it died, what kind of statement its policy
    is, and how certain that is."""

    policy: str
    clause: str
    element: str
    reason: str
    legal: tuple[Reference, ...]
    confidence: Confidence
    kind: StatementKind | None
    """None: a rule of the policy set that cites none of law."""

    def __str__(self) -> str:
        if self.policy == DEFAULT_DENY:
            return self.reason
        cited = ", ".join(one.id or one.citation for one in self.legal)
        law = f" [{cited}]" if cited else ""
        return (
            f"{self.policy} {self.clause}{law}{caveat(self.kind, self.confidence)}: {self.reason}"
        )


def grounds(violations: Iterable[Violation], policies: PolicySet, day: date) -> tuple[Ground, ...]:
    law = load_law()
    by_id = {policy.id: policy for policy in policies.policies}
    sure = {name: policy_confidence(policy, law, day) for name, policy in by_id.items()}
    kinds = {name: policy_kind(policy, law) for name, policy in by_id.items()}
    return tuple(
        Ground(
            died.policy,
            died.clause,
            died.element,
            died.reason,
            tuple(_reference(one, day) for one in died.legal_ref),
            sure.get(died.policy, "confident"),
            kinds.get(died.policy),
        )
        for died in violations
    )


def kind_of(policy: Policy) -> StatementKind | None:
    """Return the kind of statement that a policy makes under the shipped law."""
    return policy_kind(policy, load_law())


def references(policy: Policy, day: date) -> tuple[Reference, ...]:
    """What a policy cites, in its order, as sure as it is on a day."""
    return tuple(_reference(one, day) for one in policy.legal_ref)


def _reference(written: str, day: date) -> Reference:
    rule = load_law().by_id.get(written) if is_rule_id(written) else None
    if rule is None:
        return Reference("", written)
    return Reference(
        rule.id, rule.citation, rule.status, rule.confidence_on(day), rule.official.url
    )


@dataclass(frozen=True)
class PathDetails:
    """A path, what it takes and what it touches."""

    hubs: tuple[str, ...]
    fibres: tuple[str, ...]
    one_way_ns: int
    length_km: float
    crosses: tuple[str, ...]
    """Jurisdictions in the order they are met, at hubs and between them."""
    may_cross: tuple[str, ...] = ()
    """Those that may be met besides: sources differ, or no one tells."""
    phases: tuple[str, ...] = ()
    """How a packet stands past each hub; none where no policy was asked."""
    gateways: tuple[str, ...] = ()
    """Hubs whose gateway is passed."""


def passage_of(topology: Topology, path: Path) -> PathDetails:
    fibres = [topology.fibre(name) for name in path.fibres]
    return PathDetails(
        hubs=path.hubs,
        fibres=path.fibres,
        one_way_ns=sum(topology.one_way_delay_ns(fibre) for fibre in fibres),
        length_km=round(sum(fibre.length_km for fibre in fibres), 1),
        crosses=crossed_jurisdictions(topology, path),
        may_cross=possible_jurisdictions(topology, path),
    )


def passage_of_route(topology: Topology, route: PermittedPath, automaton: Automaton) -> PathDetails:
    """Of a route that ``automaton`` accepts, with the gateways closed that were when it was found.
    No packet has taken it yet."""
    gateways = tuple(_gateways(topology, route, automaton))
    return replace(passage_of(topology, route.path), phases=route.phases, gateways=gateways)


def _gateways(topology: Topology, route: PermittedPath, automaton: Automaton) -> Iterator[str]:
    """Where the state past a hub is another than it would be with the gateway there closed."""
    state = automaton.start
    for at, (hub, past) in enumerate(zip(route.path.hubs, route.states, strict=True)):
        trip = replace(automaton.trip, closed=automaton.trip.closed | {hub})
        shut = replace(automaton, trip=trip)
        came = shut.enter(state, topology.fibre(route.path.fibres[at - 1])) if at else state
        ungated = came if isinstance(came, Violation) else shut.enter(came, topology.hub(hub))
        if not isinstance(ungated, Violation) and ungated != past:
            yield hub
        state = past


def passage_of_graph(topology: Topology, graph: ForwardingGraph) -> PathDetails | None:
    """While all is well."""
    if isinstance(graph.route, NoPermittedPath):
        return None
    return passage_of_journey(topology, trace_packet(graph, topology))


def passage_of_journey(topology: Topology, journey: PacketTrace) -> PathDetails:
    """As far as the packet comes."""
    left = [node for node in journey.taken if isinstance(node, Cross)]
    last = journey.stuck or (journey.taken[-1] if journey.taken else None)
    passed = [one.automaton.name(one.state) for one in (*left, *([last] if last else []))]
    plain = passage_of(topology, journey.path)
    return replace(plain, phases=tuple(passed), gateways=journey.gateways)


def shortest_passage(
    topology: Topology, src: str, dst: str, dead: Collection[str] = ()
) -> PathDetails | None:
    """The shortest over all fibres but the dead ones, whatever policies say."""
    found = shortest_path_between(topology, src, dst, dead)
    if found is None:
        return None
    return passage_of(topology, Path(found.hubs, tuple(fibre.id for fibre in found.fibres)))
