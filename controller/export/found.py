"""What our own prover finds of a question: how many ports must be dead to see it, if ever."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count

from corridor.controller.export.headers import Header
from corridor.controller.prover.search.claim import dead_before
from corridor.controller.prover.search.core import DOOR, Turn
from corridor.controller.prover.search.reach import End
from corridor.controller.prover.search.search import Exploration, Node
from corridor.controller.prover.tables.headers import Box

type Asked = Callable[[Turn], bool]


def least_dead(seen: Exploration, header: Header, goal: Asked, spared: Asked) -> int | None:
    """The fewest dead ports with which one header's packets take a turn that is a ``goal``.

    They take none that is ``spared``. None where no failures lead there. Ports are counted as they
    are met on the way: a fibre that is met dead from both ends counts twice.
    """
    sent = Box(frozenset(one for one in header if one[0] != "ip_dscp"))
    order = count()
    queue: list[tuple[int, int, Node | None]] = [(0, next(order), seen.start)]
    settled: set[Node] = set()
    while queue:
        dead, _, node = heapq.heappop(queue)
        if node is None:
            return dead
        if node in settled:
            continue
        settled.add(node)
        following = {id(turn): to for to, turn in seen.ways[node]}
        for turn in seen.at(node[0]).turns:
            if _takes(node, turn, sent) and not spared(turn):
                more = dead + dead_before(turn.step)
                if goal(turn):
                    heapq.heappush(queue, (more, next(order), None))
                if (to := following.get(id(turn))) is not None and to not in settled:
                    heapq.heappush(queue, (more, next(order), to))
    return None


def _takes(node: Node, turn: Turn, sent: Box) -> bool:
    """Whether a turn that depends on what was sent happens to such packets."""
    if node[0] != DOOR and not turn.is_narrow:
        return True
    return turn.step.packet.sent.meet(sent) is not None


def arrives(turn: Turn, hub: str, header: Header) -> bool:
    """Whether it ends at a hub's host, with the headers that were sent."""
    step = turn.step
    if step.end is not End.DELIVERED or step.at.hub != hub or step.packet.label is not None:
        return False
    sent = dict(header)
    return all(sent.get(name) == value for name, value in step.packet.written)
