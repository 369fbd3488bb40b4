"""Messages to and from the supervisor of gateways; see its docstring. Standard library only."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from corridor.traffic.agents.gateway import GatewayCounts, GatewayPlan
from corridor.traffic.agents.inspection import Labels
from corridor.traffic.packets.forked import Ending


class Config(TypedDict):
    """The configuration."""

    out_dir: str
    gateways: dict[str, GatewayPlan]
    epoch_ns: NotRequired[int]
    socket: NotRequired[str]


class Order(TypedDict):
    """A message of the runner's or a controller's; which keys it has depends on what is to do."""

    do: NotRequired[str]
    hub: NotRequired[str]
    labels: NotRequired[Labels]
    epoch_ns: NotRequired[int]


class Said(TypedDict):
    """A message of a gateway's process: that it is ready or why not, how many labels it assesses,
    or, at its end, its counts."""

    ready: NotRequired[bool]
    error: NotRequired[str]
    assessing: NotRequired[int]
    counts: NotRequired[GatewayCounts]


class Death(Ending):
    """A gateway that ended, and whose it was."""

    hub: str


class Started(TypedDict):
    """A gateway that inspects again."""

    hub: str
    pid: int


class Assessing(TypedDict):
    """How many labels a gateway lets pass now."""

    hub: str
    labels: int


class Refused(TypedDict):
    reason: str


class Answer(TypedDict):
    """To who said ``assess``."""

    assessing: NotRequired[Assessing]
    refused: NotRequired[Refused]
