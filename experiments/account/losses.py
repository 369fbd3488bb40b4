"""What was lost: whose packets, where, by what. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

QUEUE, RANDOM, METER, POLICY = "queue", "random loss", "meter", "policy"
FAULT, SWITCH, GATEWAY, MACHINE = "fault", "switch", "gateway", "machine"
IN_FLIGHT, UNEXPLAINED = "in flight", "unexplained"
CAUSES = (QUEUE, FAULT, RANDOM, METER, SWITCH, POLICY, GATEWAY, MACHINE, IN_FLIGHT, UNEXPLAINED)
"""``fault``: on a fibre or at a host that an event took away. ``switch``: a switch had no live port
for it. ``machine``: dropped by the kernel or by a socket, which is none of the network's doing."""


class Cause(NamedTuple):
    """``event`` is the id of the event whose doing it was, or empty."""

    kind: str
    event: str = ""
    reason: str = ""
    """In words, where the kind does not say it all."""


class Loss(NamedTuple):
    number: int
    """Of the class of packets."""
    place: str
    """``fibre:from->to``, a hub for its switch, ``gateway HUB``, ``host HUB``."""
    cause: Cause
    packets: int
    shared: int = 0
    """Of these, how many are known only together with other classes' or causes': several classes
    lost packets by several causes at once, and no one counted which lost which."""


def split(
    rows: Mapping[int, int], columns: Mapping[Cause, int]
) -> dict[tuple[int, Cause], tuple[int, int]]:
    """Share what classes miss out among causes: packets, and how many of them are not certain.

    Rows and columns come to the same sum. Exact where there is one class or one cause.
    """
    left, rest = dict(rows), sum(columns.values())
    total, found = rest, {}
    for cause, lost in columns.items():
        for number, packets in _proportional(left, lost, rest).items():
            if packets:
                certain = max(0, rows[number] + lost - total)
                found[number, cause] = (packets, packets - min(packets, certain))
                left[number] -= packets
        rest -= lost
    return found


def _proportional(rows: Mapping[int, int], wanted: int, total: int) -> dict[int, int]:
    """Whole numbers by the shares of rows, none above its row."""
    if not total:
        return {}
    found = {number: packets * wanted // total for number, packets in rows.items()}
    by_rest = sorted(rows, key=lambda number: (-(rows[number] * wanted % total), number))
    for number in by_rest[: wanted - sum(found.values())]:
        found[number] += 1
    return found
