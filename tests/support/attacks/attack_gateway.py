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
from attack_world import OPEN_PORT, SERVED, World
from corridor.controller.forwarding.program import Reason
from corridor.controller.policy.automaton import Phase

HUB = "kunming"
GROUP = "bad gateway"

kind = Kinds()


def _sent(frame: bytes, fate: Reason | Fate, demand: str = "", side: str = "out") -> Shot:
    return Shot(HUB, frame, fate, demand, side)


def _assessed(world: World) -> dict[int, str]:
    """Labels that the hub takes back from its gateway, and whose they are."""
    return {label: plan["demand"] for label, plan in world.labels[HUB].items()}


@kind(GROUP, "what it assesses, though it never came in")
def _(world: World) -> Iterator[Shot]:
    for label, demand in _assessed(world).items():
        yield _sent(labelled(world.datagram(demand), label), Fate.PASSES, demand)


@kind(GROUP, "assessed labels, and all others, of other demands")
def _(world: World) -> Iterator[Shot]:
    """Also those that its own hub gives to what it has assessed, and the other gateway's."""
    taken_back = _assessed(world)
    for label in guesses(world):
        if label not in taken_back:
            for tc in (int(Phase.PRE), int(Phase.ASSESSED)):
                frame = labelled(world.datagram("checkpoints"), label, tc=tc)
                yield _sent(frame, Reason.DROP_NOT_SWITCHED)


@kind(GROUP, "without a label")
def _(world: World) -> Iterator[Shot]:
    me, other = world.hub(HUB), world.hub("karachi")
    frames = [world.datagram(demand) for demand in (*SERVED, "records", "model")]
    question = arp(other.host_mac, other.host_ip, me.host_ip)
    claim = lldp("dpid:0000000000000001", "2")
    frames += [
        ethernet(BROADCAST, other.host_mac, ARP, question),
        ethernet(BROADCAST, STRANGE_MAC, IPV6, ipv6(udp(OPEN_PORT, 5000), UDP)),
        ethernet(NEAREST_BRIDGE, STRANGE_MAC, LLDP, claim),
        ethernet(NEAREST_BRIDGE, STRANGE_MAC, 0x8809, bytes(60)),
        world.datagram("exports")[:20],
    ]
    label = next(iter(_assessed(world)))
    frames += [
        labelled(world.datagram("exports"), label, multicast=True),
        tagged(world.datagram("exports"), (VLAN, 7)),
    ]
    for frame in frames:
        yield _sent(frame, Reason.DROP_NOT_ADMITTED)


@kind(GROUP, "by the side that frames come to it")
def _(world: World) -> Iterator[Shot]:
    for label, demand in _assessed(world).items():
        for frame in (world.datagram(demand), labelled(world.datagram(demand), label)):
            yield _sent(frame, Reason.DROP_NOT_ADMITTED, side="in")


@kind(GROUP, "forged phase")
def _(world: World) -> Iterator[Shot]:
    for label, demand in _assessed(world).items():
        for tc in range(8):
            frame = labelled(world.datagram(demand), label, tc=tc)
            yield _sent(frame, Fate.PASSES, demand)


@kind(GROUP, "spent TTL")
def _(world: World) -> Iterator[Shot]:
    for label, demand in _assessed(world).items():
        for ttl in (0, 1):
            frame = labelled(world.datagram(demand), label, ttl=ttl)
            yield _sent(frame, Fate.EXPIRES)


@kind(GROUP, "another's packets under a label it assesses")
def _(world: World) -> Iterator[Shot]:
    for label, demand in _assessed(world).items():
        for other in ("records", "model", "train", "calls", "checkpoints"):
            if other != demand:
                frame = labelled(world.datagram(other), label)
                yield _sent(frame, Fate.TRUSTED, demand)


@kind(GROUP, "more labels beneath one it assesses")
def _(world: World) -> Iterator[Shot]:
    foreign = next(use.label for use in world.program.labels if use.demand == "calls")
    for label, demand in _assessed(world).items():
        for stack in ((label, foreign), (label, label, foreign)):
            yield _sent(labelled(world.datagram(demand), *stack), Fate.TRUSTED, demand)


@kind(GROUP, "a tag around a label it assesses")
def _(world: World) -> Iterator[Shot]:
    """No table looks for it, but the kernel takes no label from a tagged frame."""
    for label, demand in _assessed(world).items():
        for tci in (0, 7):
            frame = tagged(labelled(world.datagram(demand), label), (VLAN, tci))
            yield _sent(frame, Fate.ADRIFT, demand)
