"""A frame of an attack and its due fate; and what many attacks are made of.

A frame is dropped where it was sent, counted under the reason that names it, unless it is of a
demand of its sender's own: then it goes that demand's way, as worthless as its lies.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from attack_frames import ARP, BROADCAST, arp, ethernet, lldp
from attack_world import Mesh
from corridor.controller.forwarding.program import Reason

STRANGE_MAC, MULTICAST_MAC = "02:00:00:00:00:66", "01:00:5e:00:00:01"
NOBODY_MAC = "00:00:00:00:00:00"
BROADCAST_IP = "255.255.255.255"
RANDOM_LABELS = 100
LARGEST_LABEL = 2**20 - 1
SEED = 20261124


class Fate(StrEnum):
    """What must become of a frame that is not dropped under a reason of the tables."""

    PASSES = "passes"
    """On the path of its demand, with a DSCP of 0."""
    ODD = "passes, unreadable"
    """As IPv4, which it says it is by its type only."""
    MANGLED = "passes one fibre"
    """The first of its demand's."""
    TRUSTED = "passes by its label"
    """On the path of the label's demand, whatever the content."""
    ADRIFT = "undelivered"
    ANSWERED = "answered"
    EXPIRES = "expires"
    UNSEEN = "seen by no table"


@dataclass(frozen=True)
class Shot:
    """A frame and its sender. ``demand`` is the demand whose path it takes, if any; ``door`` is the
    side of the hub's gateway by which it comes, if it is not the host that sends it."""

    hub: str
    frame: bytes
    fate: Reason | Fate
    demand: str = ""
    door: str = "host"


@dataclass(frozen=True)
class Attack:
    group: str
    kind: str
    shots: tuple[Shot, ...]


type Kind = Callable[[Mesh], Iterable[Shot]]


class Kinds:
    """Kinds of attacks, in the order in which they are noted."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Kind] = {}

    def __call__(self, group: str, name: str) -> Callable[[Kind], Kind]:
        def note(make: Kind) -> Kind:
            self._known[group, name] = make
            return make

        return note

    def attacks(self, mesh: Mesh) -> list[Attack]:
        return [Attack(*name, tuple(make(mesh))) for name, make in self._known.items()]


def question(mesh: Mesh, hub: str, target: str, **lies: object) -> bytes:
    me = mesh.hub(hub)
    said = {"sha": me.host_mac, "spa": me.host_ip, "tpa": mesh.hub(target).host_ip}
    dst, src = (lies.pop(end, right) for end, right in (("eth_dst", BROADCAST),
                                                       ("eth_src", me.host_mac)))  # fmt: skip
    return ethernet(str(dst), str(src), ARP, arp(**(said | lies)))  # type: ignore[arg-type]


def first_label(mesh: Mesh, demand: str) -> int:
    return next(use.label for use in mesh.program.labels if use.demand == demand)


def guesses(mesh: Mesh) -> list[int]:
    chance = random.Random(SEED)
    labels = [use.label for use in mesh.program.labels]
    beside = [label + step for label in labels for step in (-1, 1)]
    reserved = [0, 1, 2, 3, 13, 14, 15, LARGEST_LABEL]
    return [*labels, *beside, *reserved, *chance.sample(range(LARGEST_LABEL), RANDOM_LABELS)]


def claim(mesh: Mesh, at: str) -> bytes:
    """That a fibre's far end is here, in the controller's own words."""
    links = [link for link in mesh.program.links if link.dst_dpid == mesh.hub(at).dpid]
    return lldp(f"dpid:{links[0].src_dpid:016x}", f"{links[0].src_port}")
