"""What was seen on the fibres, held against what policies allow there. Pure.

The judge reads addresses and ports of what was sent, never labels: a packet on a fibre that no
permitted path of its demand contains is a violation, whatever its label and whatever has failed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from corridor.controller.intent.intent import Intent, Selector
from corridor.controller.intent.specification import Specification
from corridor.controller.policy.product import Product
from corridor.experiments.account.summary import Crossing, CrossingsSummary
from corridor.topologies.base.bounded_file import RESULT, read_json, read_text
from corridor.topologies.base.named_tuples import from_plain
from corridor.topologies.model.addresses import ETH_TYPE, family_of
from corridor.topologies.model.routing import shortest_tree, walk
from corridor.topologies.model.topology import UNKNOWN_JURISDICTION, Topology
from corridor.topologies.model.wiring import Wiring
from corridor.traffic.agents.transits import Seen, SeenFlow

ETHERNET_BYTES, DATAPATH_PROBE, ETH_ARP = 14, 0x1234, 0x0806
PROTOCOLS = {"tcp": 6, "udp": 17}


class TransitChecker:
    """Knows where packets of each demand may be."""

    def __init__(self, specification: Specification, wiring: Wiring) -> None:
        self._specification = specification
        self._intents = specification.intents()
        self._host_of = {host.ip(one): host.name for host in wiring.hosts for one in ETH_TYPE}
        self._sender = {
            end.interface: (fibre.fibre, end.hub)
            for fibre in wiring.fibres
            for end in (fibre.a, fibre.z)
        }

    def verdict(self, seen: Seen) -> CrossingsSummary:
        """By one specification, in force all the time."""
        return judge(seen, [(self, ALWAYS)])

    def sender(self, interface: str) -> tuple[str, str]:
        """The fibre that frames are sent onto there, and the hub that sends them."""
        return self._sender[interface]

    def crossing(self, flow: SeenFlow) -> Crossing:
        """Whose packets they are."""
        fibre, hub = self._sender[flow.interface]
        intent = self._intent_of(flow)
        return Crossing(
            fibre=fibre,
            sent_by=hub,
            demand=intent.id if intent else "",
            flow=_in_words(flow),
            label=flow.label,
            packets=flow.packets,
        )

    def _intent_of(self, flow: SeenFlow) -> Intent | None:
        hosts = (self._host_of.get(flow.src or ""), self._host_of.get(flow.dst or ""))
        family = family_of(flow.src or "")
        mine = (one for one in self._intents if one.hosts == hosts and one.family == family)
        return next((one for one in mine if any(_fits(s, flow) for s in one.selectors)), None)

    def allows(self, crossing: Crossing) -> bool:
        """Whether packets of its demand may be there."""
        return (crossing.fibre, crossing.sent_by) in self._lawful[crossing.demand]

    @cached_property
    def _lawful(self) -> dict[str, frozenset[tuple[str, str]]]:
        topology = self._specification.topology
        return {
            intent.id: frozenset[tuple[str, str]]().union(
                *(Product(one, topology).crossings() for one in intent.applicable_policies.automata)
            )
            for intent in self._intents
        }


class Span(NamedTuple):
    """From one moment to another, in ns on the clock of who watched."""

    from_ns: float
    until_ns: float


ALWAYS = Span(-math.inf, math.inf)


def judge(
    seen: Seen, in_force: Sequence[tuple[TransitChecker, Span]], *, labelled: bool = True
) -> CrossingsSummary:
    """Forbidden is what none allows that is in force at its time; while one is rolled out, the one
    before is in force as well. Not ``labelled`` are packets under a controller of the user's own,
    whose hosts also ask each other for addresses."""
    forbidden, strange = [], []
    for flow in filter(_is_of_a_host, seen.flows):
        crossing = in_force[0][0].crossing(flow)
        allowing = [span for one, span in in_force if crossing.demand and one.allows(crossing)]
        if crossing.demand and not _lies_in(flow, allowing):
            forbidden.append(crossing)
        if _is_strange(flow, crossing, labelled=labelled):
            strange.append(crossing)
    return CrossingsSummary(
        frames=seen.frames,
        lost=seen.lost,
        forbidden=tuple(forbidden),
        strange=tuple(strange),
    )


def _is_strange(flow: SeenFlow, crossing: Crossing, *, labelled: bool) -> bool:
    if labelled:
        return not crossing.demand or flow.depth != 1
    return not crossing.demand and flow.eth_type != ETH_ARP


def _is_of_a_host(flow: SeenFlow) -> bool:
    """Not a bare frame by which ovs-vswitchd finds out, as it starts, what its datapath can."""
    if flow.depth or flow.eth_type != DATAPATH_PROBE:
        return True
    return flow.bytes > flow.packets * ETHERNET_BYTES


def _lies_in(flow: SeenFlow, spans: Sequence[Span]) -> bool:
    """Whether all packets of a flow were seen in one stretch that spans make up together."""
    return any(
        bool(one.from_ns <= flow.first_ns and flow.last_ns <= one.until_ns)
        for one in _joined(spans)
    )


def _joined(spans: Sequence[Span]) -> list[Span]:
    """The same time, with those that meet as one."""
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and span.from_ns <= joined[-1].until_ns:
            joined[-1] = Span(joined[-1].from_ns, max(joined[-1].until_ns, span.until_ns))
        else:
            joined.append(span)
    return joined


def judge_run(
    raw: Path,
    wiring: Wiring,
    in_force: Callable[[Specification], Sequence[tuple[Specification, Span]]],
    *,
    labelled: bool = True,
) -> CrossingsSummary | None:
    """Check a run's ``raw`` folder; None if no monitor ran. ``in_force`` lists the changes of
    the specification that the run began with."""
    seen, judged_by = raw / "crossings.json", raw / "specification.json"
    if not seen.exists() or not judged_by.exists():
        return None
    first = Specification.from_json(read_text(judged_by, RESULT))
    judges = [(TransitChecker(one, wiring), span) for one, span in in_force(first)]
    return judge(from_plain(Seen, read_json(seen, RESULT)), judges, labelled=labelled)


def _fits(selector: Selector, flow: SeenFlow) -> bool:
    protocol = None if selector.protocol is None else PROTOCOLS[selector.protocol]
    wanted = (
        (protocol, flow.protocol),
        (selector.src_port, flow.src_port),
        (selector.dst_port, flow.dst_port),
    )
    return all(value in (None, has) for value, has in wanted)


def _in_words(flow: SeenFlow) -> str:
    src, dst = f"{flow.src}:{flow.src_port}", f"{flow.dst}:{flow.dst_port}"
    return f"{src} -> {dst} protocol {flow.protocol}"


# Where packets cannot have been, by their delay alone. Pure.
#
# A packet that took less time than the fastest path through a jurisdiction was not there, whatever
# switches, labels or watches say (after Levin et al., Alibi Routing, SIGCOMM 2015). This path
# is over any fibre of the topology, lawful or not, without the time a frame's bits take. A fibre
# that
# may cross a jurisdiction is taken to cross it.


class Alibis:
    """Fastest paths through each jurisdiction of a topology; searched once for each hub."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._delays: dict[str, dict[str, int]] = {}

    def of(self, src: str, dst: str, slowest_ns: int) -> tuple[str, ...]:
        """Jurisdictions that no packet from ``src`` to ``dst`` met if all took at most so long."""
        fastest = self._fastest_through(src, dst)
        return tuple(sorted(code for code, least in fastest.items() if slowest_ns < least))

    def _fastest_through(self, src: str, dst: str) -> Mapping[str, int]:
        """By jurisdiction, the minimum one-way delay in ns of a path through it."""
        ahead, behind = self._from(src), self._from(dst)
        fastest: dict[str, int] = {}

        def met(code: str, delay_ns: int) -> None:
            if code != UNKNOWN_JURISDICTION:
                fastest[code] = min(delay_ns, fastest.get(code, delay_ns))

        for hub in self._topology.hubs:
            if hub.id in ahead and hub.id in behind:
                met(hub.located_in, ahead[hub.id] + behind[hub.id])
        for fibre in self._topology.fibres:
            for near, far in (fibre.ends, fibre.ends[::-1]):
                if near in ahead and far in behind:
                    over_ns = ahead[near] + self._topology.one_way_delay_ns(fibre) + behind[far]
                    for code in (*fibre.crosses, *fibre.may_cross_codes):
                        met(code, over_ns)
        return fastest

    def _from(self, hub: str) -> dict[str, int]:
        if hub not in self._delays:
            tree = shortest_tree(self._topology, hub)
            delay_ns = self._topology.one_way_delay_ns
            self._delays[hub] = {
                far: sum(delay_ns(fibre) for fibre in walk(tree, far)[1]) for far in tree
            }
        return self._delays[hub]
