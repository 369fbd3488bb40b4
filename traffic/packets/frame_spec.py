"""What is asked of Scapy's process, and what it answers. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypedDict

from corridor.topologies.base.errors import InputError
from corridor.traffic.packets import stamp
from corridor.traffic.packets.template import Offsets


def ssid_of(demand: int) -> int:
    """The STAMP session identifier of a demand: never 0, and reflectors read the demand back."""
    if not 0 <= demand <= stamp.MAX_DEMAND:
        raise InputError(f"demand {demand} does not fit a STAMP session identifier")
    return demand + 1


@dataclass(frozen=True)
class FrameSpec:
    """What ``frames.py`` needs to build one frame; ``size_bytes`` is L2 without FCS.

    ``ssid``, ``error_estimate`` and ``reply`` (a reflector's reply instead of a request) are for
    ``stamp``, ``flow`` is for ``stream``.
    """

    id: str
    kind: Literal["stamp", "stream"]
    src_mac: str
    dst_mac: str
    src_ip: str
    dst_ip: str
    sport: int
    dport: int
    size_bytes: int
    dscp: int = 0
    ttl: int = 255
    ssid: int = 0
    error_estimate: int = stamp.error_estimate(256)
    reply: bool = False
    flow: int = 0


class BuiltFrame(TypedDict):
    """One frame as Scapy's process answers it."""

    id: str
    frame_hex: str
    offsets: Offsets
