"""Whether a host under another controller's tables can learn the address of another, so that TCP
can begin: the ARP request arrives, or is answered before, and so does the reply."""

from __future__ import annotations

from collections.abc import Iterator

from corridor.controller.prover.findings import Findings
from corridor.controller.prover.search.core import At, Core
from corridor.controller.prover.search.declared_network import Network
from corridor.controller.prover.search.headers import ARP_REPLY, ETH_ARP, UNTAGGED, Box, box
from corridor.controller.prover.search.reach import End, Step
from corridor.controller.prover.search.search import Exploration

type Pair = tuple[str, str]
"""The hub of who asks, and the hub of whose address is asked for."""
_ANYWHERE = frozenset({End.TO_CONTROLLER, End.UNCONTROLLED})


def unanswered(findings: Findings, pair: Pair) -> str:
    """Why a host never comes to know an address; nothing where it may."""
    network, (src, dst) = findings.core.network, pair
    asks = f"{src} asks by ARP for the address of {dst}"
    question = next((one for one in network.questions(src) if _is_for(network, one, dst)), None)
    if question is None:
        return ""
    steps = tuple(_followed(findings, src, question))
    if any(one.end in _ANYWHERE or _answers(one, src) for one in steps):
        return ""
    if not any(_hears(one, dst) for one in steps):
        return f"{_last(steps, src)} nothing hears that {asks}, so that no TCP begins"
    steps = tuple(_followed(findings, dst, _answer(network, src, dst)))
    if any(one.end in _ANYWHERE for one in steps):
        return ""
    if not any(_hears(one, src) for one in steps):
        return f"{_last(steps, dst)} no answer comes back when {asks}, so that no TCP begins"
    return ""


def _hears(step: Step, hub: str) -> bool:
    """A host gets the frame as it was sent, but for the addresses of Ethernet."""
    written = {name for name, _ in step.packet.written} - {"eth_src", "eth_dst"}
    whole = not written and step.packet.label is None
    return step.end is End.DELIVERED and step.at.hub == hub and whole


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


def _answers(step: Step, src: str) -> bool:
    """A switch itself makes an answer of the question."""
    is_reply = ("arp_op", ARP_REPLY) in step.packet.written
    return step.end is End.DELIVERED and step.at.hub == src and is_reply


def _followed(findings: Findings, hub: str, sent: Box) -> Iterator[Step]:
    """All that may happen to a frame that a host sends, whatever has failed."""
    door = _door(findings.core, findings.edges[hub].edge.steps, sent)
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
