"""What a gateway's process can do that has gone bad: it holds both sides of a hub's gateway.

It is trusted with what it assesses, and with nothing else. Under a label that its own hub takes
back from it, it may send on whatever it likes, which then goes the way of that label's demand and
no other. All else it sends is dropped at its hub.
"""

from __future__ import annotations

from collections.abc import Iterator

from attack_frames import (
    ARP,
    BROADCAST,
    IPV6,
    LLDP,
    NEAREST_BRIDGE,
    UDP,
    VLAN,
    arp,
    ethernet,
    ipv6,
    labelled,
    lldp,
    tagged,
    udp,
)
from attack_shots import STRANGE_MAC, Fate, Kinds, Shot, guesses
from attack_world import OPEN_PORT, SERVED, Mesh
from corridor.controller.forwarding.program import Reason
from corridor.controller.policy.phase import Phase

HUB = "kunming"
GROUP = "bad gateway"

kind = Kinds()


def _sent(frame: bytes, fate: Reason | Fate, demand: str = "", side: str = "out") -> Shot:
    return Shot(HUB, frame, fate, demand, side)


def _assessed(mesh: Mesh) -> dict[int, str]:
    """Labels that the hub takes back from its gateway, and whose they are."""
    return {label: plan["demand"] for label, plan in mesh.labels[HUB].items()}


@kind(GROUP, "what it assesses, though it never came in")
def _(mesh: Mesh) -> Iterator[Shot]:
    for label, demand in _assessed(mesh).items():
        yield _sent(labelled(mesh.datagram(demand), label), Fate.PASSES, demand)


@kind(GROUP, "assessed labels, and all others, of other demands")
def _(mesh: Mesh) -> Iterator[Shot]:
    """Also those that its own hub gives to what it has assessed, and the other gateway's."""
    taken_back = _assessed(mesh)
    for label in guesses(mesh):
        if label not in taken_back:
            for tc in (int(Phase.PRE), int(Phase.ASSESSED)):
                frame = labelled(mesh.datagram("checkpoints"), label, tc=tc)
                yield _sent(frame, Reason.DROP_NOT_SWITCHED)


@kind(GROUP, "without a label")
def _(mesh: Mesh) -> Iterator[Shot]:
    me, other = mesh.hub(HUB), mesh.hub("karachi")
    frames = [mesh.datagram(demand) for demand in (*SERVED, "records", "model")]
    question = arp(other.host_mac, other.host_ip, me.host_ip)
    claim = lldp("dpid:0000000000000001", "2")
    frames += [
        ethernet(BROADCAST, other.host_mac, ARP, question),
        ethernet(BROADCAST, STRANGE_MAC, IPV6, ipv6(udp(OPEN_PORT, 5000), UDP)),
        ethernet(NEAREST_BRIDGE, STRANGE_MAC, LLDP, claim),
        ethernet(NEAREST_BRIDGE, STRANGE_MAC, 0x8809, bytes(60)),
        mesh.datagram("exports")[:20],
    ]
    label = next(iter(_assessed(mesh)))
    frames += [
        labelled(mesh.datagram("exports"), label, multicast=True),
        tagged(mesh.datagram("exports"), (VLAN, 7)),
    ]
    for frame in frames:
        yield _sent(frame, Reason.DROP_NOT_ADMITTED)


@kind(GROUP, "by the side that frames come to it")
def _(mesh: Mesh) -> Iterator[Shot]:
    for label, demand in _assessed(mesh).items():
        for frame in (mesh.datagram(demand), labelled(mesh.datagram(demand), label)):
            yield _sent(frame, Reason.DROP_NOT_ADMITTED, side="in")


@kind(GROUP, "forged phase")
def _(mesh: Mesh) -> Iterator[Shot]:
    for label, demand in _assessed(mesh).items():
        for tc in range(8):
            frame = labelled(mesh.datagram(demand), label, tc=tc)
            yield _sent(frame, Fate.PASSES, demand)


@kind(GROUP, "spent TTL")
def _(mesh: Mesh) -> Iterator[Shot]:
    for label, demand in _assessed(mesh).items():
        for ttl in (0, 1):
            frame = labelled(mesh.datagram(demand), label, ttl=ttl)
            yield _sent(frame, Fate.EXPIRES)


@kind(GROUP, "another's packets under a label it assesses")
def _(mesh: Mesh) -> Iterator[Shot]:
    for label, demand in _assessed(mesh).items():
        for other in ("records", "model", "train", "calls", "checkpoints"):
            if other != demand:
                frame = labelled(mesh.datagram(other), label)
                yield _sent(frame, Fate.TRUSTED, demand)


@kind(GROUP, "more labels beneath one it assesses")
def _(mesh: Mesh) -> Iterator[Shot]:
    foreign = next(use.label for use in mesh.program.labels if use.demand == "calls")
    for label, demand in _assessed(mesh).items():
        for stack in ((label, foreign), (label, label, foreign)):
            yield _sent(labelled(mesh.datagram(demand), *stack), Fate.TRUSTED, demand)


@kind(GROUP, "a tag around a label it assesses")
def _(mesh: Mesh) -> Iterator[Shot]:
    """No table looks for it, but the kernel takes no label from a tagged frame."""
    for label, demand in _assessed(mesh).items():
        for tci in (0, 7):
            frame = tagged(labelled(mesh.datagram(demand), label), (VLAN, tci))
            yield _sent(frame, Fate.ADRIFT, demand)
