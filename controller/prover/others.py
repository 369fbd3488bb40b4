"""A proof of another controller's tables: what is verified, what is violated, and what cannot be
decided.

A claim may be undecided though all entries are understood and no packet reaches the controller:
then it says what the search does not look at.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from corridor.controller.forwarding.program import Flow
from corridor.controller.intent.intent import Intent
from corridor.controller.prover.counterexample import entry_in_words
from corridor.controller.prover.exact_claims import examine
from corridor.controller.prover.exact_decisions import End as ExactEnd
from corridor.controller.prover.findings import Findings
from corridor.controller.prover.other_claims import NOT_ASKED, OTHERS, UNTOLD, undeclared
from corridor.controller.prover.prove import Prover
from corridor.controller.prover.search.claim import Breach
from corridor.controller.prover.search.core import DOOR, At, Core
from corridor.controller.prover.search.declared_demands import Demand
from corridor.controller.prover.search.declared_network import Network
from corridor.controller.prover.search.headers import ARP_REPLY, ETH_ARP, UNTAGGED, Box, box
from corridor.controller.prover.search.reach import End, Step
from corridor.controller.prover.search.search import Exploration, Kind, grows
from corridor.controller.prover.search.tables import Tables
from corridor.controller.prover.verdicts import (
    EXACT,
    WHERE_ASKED,
    Counts,
    Proof,
    Verdict,
    in_order,
    of_breaches,
)
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import Wiring

if TYPE_CHECKING:
    from corridor.controller.prover.exact_claims import ExactReport


BY_ONE_PACKET = ("C9", "C10", "C11", "C12", "C18")
"""What the exact search says, which follows one packet of each demand."""
BY_GATEWAYS = ("C9", "C16", "C17")
BY_HEADERS = ("C9", "C10", "C16", "C17")
_TELLS_NONE_APART = frozenset({"in_port", "eth_type", "mpls_label"})


def unproven(
    network: Network, explored: Iterable[Exploration], exact: ExactReport
) -> Mapping[str, str]:
    """By claim, the first reason why it is not decided."""
    of_demands = [seen for seen in explored if seen.demand is not None]
    reasons = (
        (BY_ONE_PACKET, _told_apart(network, of_demands)),
        (BY_GATEWAYS, _by_a_gateway(of_demands)),
        (BY_HEADERS, chain(_garbled_paths(of_demands), _garbled(exact))),
        (("C11",), _round(of_demands)),
    )
    found: dict[str, str] = {}
    for claims, said in reasons:
        first = next(iter(said), None)
        for claim in claims if first is not None else ():
            found.setdefault(claim, str(first))
    return found


def _told_apart(network: Network, of_demands: Iterable[Exploration]) -> Iterator[str]:
    """Entries that take some packets of a demand, and may leave others."""
    for seen in of_demands:
        if seen.demand is None:
            continue
        for step in _steps(seen):
            for flow in _telling(seen.demand, step):
                yield (
                    f"{step.at.hub}: {entry_in_words(network, flow)} distinguishes packets of "
                    f"{seen.demand.id}, of which only one is followed"
                )


def _telling(demand: Demand, step: Step) -> Iterator[Flow]:
    """Entries met that look at a field of which it is not known that it is the same in all packets
    of the demand that come there."""
    packet = step.at.packet
    alike = {*_TELLS_NONE_APART, *_same_in_all(demand), *(name for name, _ in packet.written)}
    if packet.tc is not None:
        alike.add("mpls_tc")
    for flow in step.matched:
        if not all(name in alike for name, _ in flow.match):
            yield flow
        for action in flow.actions:
            if action.kind == "set_field":
                alike.add(str(action.arguments[0]))
            elif action.kind in ("push_label", "pop_label"):
                alike.discard("mpls_tc")


def _same_in_all(demand: Demand) -> set[str]:
    first, *others = demand.packets
    return {
        name
        for name, value in first.equal
        if all(packets.known.get(name) == value for packets in others)
    }


def _steps(seen: Exploration) -> Iterator[Step]:
    """All that may happen to packets of a demand."""
    for place in dict.fromkeys(place for place, _ in seen.edges):
        for turn in seen.at(place).turns:
            if place == DOOR or not turn.is_narrow or seen.happens(turn.step):
                yield turn.step


def _by_a_gateway(of_demands: Iterable[Exploration]) -> Iterator[str]:
    """Gateways pass what has the label that the product's own tables give it, and drop the rest."""
    for seen in of_demands:
        for step in _steps(seen):
            if step.end is End.ASSESSED and seen.demand is not None:
                yield (
                    f"packets of {seen.demand.id} go by the gateway at {step.at.hub}, which passes "
                    "only the labels that the product gives"
                )


def _garbled_paths(of_demands: Iterable[Exploration]) -> Iterator[str]:
    for seen in of_demands:
        for found in seen.of_kind(Kind.DELIVERED):
            for changed in _changed(seen, found.step):
                demand = seen.demand.id if seen.demand else ""
                yield f"at {found.step.at.hub} packets of {demand} may arrive with {changed}"


def _changed(seen: Exploration, step: Step) -> Iterator[str]:
    """What packets arrive with that they were not sent with."""
    if seen.demand is None:
        return
    if step.packet.is_labelled:
        yield "a label"
    for name, value in sorted(step.packet.written):
        as_sent = all(packets.known.get(name) == value for packets in seen.demand.packets)
        if not as_sent and (name, value) != ("ip_dscp", seen.demand.intent.dscp):
            yield f"another {name}"


def _garbled(exact: ExactReport) -> Iterator[str]:
    for searched in exact.searched:
        for outcome in searched.outcomes:
            if outcome.end is ExactEnd.GARBLED:
                yield f"at {outcome.hub} packets of {outcome.intent} are {outcome.end}"


def _round(of_demands: Iterable[Exploration]) -> Iterator[str]:
    for seen in of_demands:
        if seen.hops is None and seen.demand is not None:
            yield f"packets of {seen.demand.id} may loop, for an unknown time"


# Whether a host under another controller's tables can learn the address of another, so that TCP
# can begin: the ARP request arrives, or is answered before, and so does the reply.

type Pair = tuple[str, str]
"""The host that asks, and the host whose address is asked for."""
_ANYWHERE = frozenset({End.TO_CONTROLLER, End.UNCONTROLLED})


def unanswered(findings: Findings, pair: Pair) -> str:
    """Why a host never comes to know an address; nothing where it may."""
    network, (src, dst) = findings.core.network, pair
    asks = f"{src} asks by ARP for the address of {dst}"
    question = next((one for one in network.questions(src) if _is_for(network, one, dst)), None)
    if question is None:
        return ""
    steps = tuple(_followed(findings, src, question))
    if any(one.end in _ANYWHERE or _answers(network, one, src) for one in steps):
        return ""
    if not any(_hears(network, one, dst) for one in steps):
        return f"{_last(steps, src)} nothing hears that {asks}, so that no TCP begins"
    steps = tuple(_followed(findings, dst, _answer(network, src, dst)))
    if any(one.end in _ANYWHERE for one in steps):
        return ""
    if not any(_hears(network, one, src) for one in steps):
        return f"{_last(steps, dst)} no answer comes back when {asks}, so that no TCP begins"
    return ""


def _hears(network: Network, step: Step, host: str) -> bool:
    """A host gets the frame as it was sent, but for the addresses of Ethernet."""
    written = {name for name, _ in step.packet.written} - {"eth_src", "eth_dst"}
    whole = not written and step.packet.label is None
    return _is_at(network, step, host) and whole


def _is_at(network: Network, step: Step, host: str) -> bool:
    """Whether a step delivers to a host."""
    at = network.hosts[host]
    return step.end is End.DELIVERED and (step.at.hub, step.port) == (at.hub, at.port)


def _is_for(network: Network, question: Box, dst: str) -> bool:
    return question.known["arp_tpa"] == network.hosts[dst].host_ip


def _answer(network: Network, src: str, dst: str) -> Box:
    here, there = network.hosts[dst], network.hosts[src]
    return box(
        vlan_vid=UNTAGGED,
        eth_type=ETH_ARP,
        eth_src=here.host_mac,
        eth_dst=there.host_mac,
        arp_op=ARP_REPLY,
        arp_sha=here.host_mac,
        arp_spa=here.host_ip,
        arp_tha=there.host_mac,
        arp_tpa=there.host_ip,
    )


def _answers(network: Network, step: Step, src: str) -> bool:
    """A switch itself makes an answer of the question."""
    is_reply = ("arp_op", ARP_REPLY) in step.packet.written
    return _is_at(network, step, src) and is_reply


def _followed(findings: Findings, host: str, sent: Box) -> Iterator[Step]:
    """All that may happen to a frame that a host sends, whatever has failed."""
    door = _door(findings.core, findings.edges[host].edge.steps, sent)
    seen = Exploration.of(findings.core, None, door)
    for node in seen.edges:
        for turn in seen.at(node[0]).turns:
            if node == seen.start or not turn.is_narrow or seen.happens(turn.step):
                yield turn.step


def _door(core: Core, steps: tuple[Step, ...], sent: Box) -> At:
    turns = []
    for turn in core.judged(steps).turns:
        both = turn.step.packet.sent.meet(sent)
        if both is not None:
            packet = turn.step.packet.of(both)
            turns.append(turn._replace(step=turn.step._replace(packet=packet)))
    return At(tuple(turns), ())


def _last(steps: tuple[Step, ...], src: str) -> str:
    """Where such a frame ends."""
    ends = sorted({one.at.hub for one in steps if one.to is None}) or [src]
    return f"{', '.join(ends)}:"


NO_PIPELINE = "concerns the product's own pipeline, not tables of other controllers"
TOO_DEEP = "a chain of tables or groups is too long to be followed"
OF_TABLES, CLOSED, GROUPS = "T0", "C1", "C15"
ARRIVAL = ("C16", "C17")
PASSED_OVER = frozenset({ExactEnd.UNCLEAR, ExactEnd.GARBLED})
"""An app may do anything with packets that it receives, and others may rewrite headers."""


def prove_others(
    tables: Tables,
    wiring: Wiring,
    topology: Topology,
    intents: Sequence[Intent],
    by_tcp: Collection[Pair] = (),
) -> Proof:
    """Hold tables against all claims but those of the product's own pipeline. A claim is proven
    only where every entry is understood that could break it, and no packet that it is about may
    come to the controller, which can send it anywhere. Hosts ask for each other's address before
    they send ``by_tcp``."""
    try:
        return _proof(tables, wiring, topology, intents, by_tcp)
    except RecursionError:
        return _too_deep(tables)


def _proof(
    tables: Tables,
    wiring: Wiring,
    topology: Topology,
    intents: Sequence[Intent],
    by_tcp: Collection[Pair],
) -> Proof:
    exact = examine(tables, wiring, topology, intents, passed_over=PASSED_OVER)
    prover = Prover.at(Network(tables, wiring, topology, intents, others=True))
    verdicts = in_order(_Judge(prover.findings, exact, by_tcp).verdicts())
    took_ms = round(prover.ms + exact.counts.ms, 3)
    counts = replace(prover.proof.counts, ms=took_ms)
    explored = (looked.seen for looked in prover.findings.searched.values())
    endless = next(filter(None, map(grows, explored)), "")
    return Proof(verdicts, counts, prover.proof.witnesses, endless)


def _too_deep(tables: Tables) -> Proof:
    sentences = {one.id: one.sentence for one in OTHERS} | EXACT
    verdicts = [Verdict(*one, "not proven", TOO_DEEP) for one in sentences.items()]
    verdicts += [Verdict(*one, "not claimed", NO_PIPELINE) for one in NOT_ASKED.items()]
    held = tables.switches.values()
    entries = sum(len(one.flows) for one in held)
    groups = sum(len(one.groups) for one in held)
    return Proof(in_order(verdicts), Counts(len(held), entries, groups, 0, 0, 0, 0.0))


class _Judge:
    def __init__(self, findings: Findings, exact: ExactReport, by_tcp: Collection[Pair]) -> None:
        self._network, self._exact = findings.core.network, exact
        self._breaches: dict[str, list[Breach]] = {}
        for claim, breach in chain.from_iterable(findings.every):
            self._breaches.setdefault(claim.id, []).append(breach)
        for claim_id, found in exact.breaches.items():
            self._breaches.setdefault(claim_id, []).extend(found)
        odd = self._breaches.get(OF_TABLES, [])
        self._odd = {one.hub for one in odd}
        self._not_understood = self._odd_entry(min(odd, key=lambda one: one.order)) if odd else ""
        self._of_demands = (
            self._not_understood or next(self._untold(findings), "") or self._unclear()
        )
        self._of_anybody = self._of_demands or next(self._untold_of_nobody(findings), "")
        explored = [looked.seen for looked in findings.searched.values()]
        self._unproven = {**unproven(self._network, explored, exact)}
        asked = (unanswered(findings, one) for one in sorted(by_tcp))
        if unheard := next(filter(None, asked), ""):
            for one in ARRIVAL:
                self._unproven.setdefault(one, unheard)

    def verdicts(self) -> Iterator[Verdict]:
        sentences = {one.id: one.sentence for one in OTHERS} | EXACT
        asked = {one: said for one, said in WHERE_ASKED.items() if one in self._exact.breaches}
        for claim, sentence in (sentences | asked).items():
            yield self._verdict(claim, sentence)
        for claim, sentence in NOT_ASKED.items():
            yield Verdict(claim, sentence, "not claimed", NO_PIPELINE)

    def _verdict(self, claim: str, sentence: str) -> Verdict:
        found = self._breaches.get(claim, [])
        certain = found if claim == OF_TABLES else [one for one in found if self._is_certain(one)]
        if certain:
            return of_breaches(self._network, claim, sentence, certain)
        if found:
            first = min(found, key=lambda one: one.order)
            why = f"{self._not_understood}; it may be that {first.said}"
            return Verdict(claim, sentence, "not proven", why)
        why = {CLOSED: self._of_anybody, GROUPS: self._not_understood}.get(claim, self._of_demands)
        why = why or self._unproven.get(claim, "")
        if why and claim != OF_TABLES:
            return Verdict(claim, sentence, "not proven", why)
        return Verdict(claim, sentence, "proven")

    def _is_certain(self, breach: Breach) -> bool:
        """Whether it is shown by a path over switches whose entries are all understood. A result of
        the search of all paths is certain where all entries are understood."""
        hubs = {one.step.at.hub for one in breach.trace} or {*self._odd, breach.hub}
        return not hubs & self._odd

    def _unclear(self) -> str:
        for searched in self._exact.searched:
            for outcome in searched.outcomes:
                if outcome.end is ExactEnd.UNCLEAR:
                    return f"at {outcome.hub} the result is unknown for {outcome.intent}"
        return ""

    def _odd_entry(self, breach: Breach) -> str:
        at = f"{breach.hub}: " if breach.hub else ""
        at = "" if breach.said.startswith(at) else at
        entry = "" if breach.entry is None else f"{entry_in_words(self._network, breach.entry)} "
        return f"{at}{entry}{breach.said}"

    def _untold(self, findings: Findings) -> Iterator[str]:
        """Packets of demands that may come where the result is unknown for them."""
        for looked in findings.searched.values():
            seen = looked.seen
            if seen.demand is None:
                continue
            for place, _ in seen.edges:
                for turn in seen.at(place).turns:
                    if turn.step.end in UNTOLD:
                        yield self._handed_on(turn.step, f"packets of {seen.demand.id}")

    def _untold_of_nobody(self, findings: Findings) -> Iterator[str]:
        for opened in findings.edges.values():
            for step, _ in undeclared(self._network, opened.edge):
                if step.end in UNTOLD:
                    yield self._handed_on(step, "what no demand sends")

    def _handed_on(self, step: Step, whose: str) -> str:
        entry = entry_in_words(self._network, step.matched[-1]) if step.matched else "no entry"
        note = f" ({step.note})" if step.note else ""
        return f"{step.at.hub}: {entry} has {whose} go {step.end}{note}, and from there anywhere"
