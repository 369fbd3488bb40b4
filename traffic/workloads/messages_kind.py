"""Messages over kernel TCP as a kind of workload. Standard library only.

What carries them out is imported only where there are some, for imports are dear in a guest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from corridor.traffic.workloads.messages import ConnectionEnd
from corridor.traffic.workloads.workload import Place, Timed, Workload

if TYPE_CHECKING:
    from corridor.traffic.workloads.messages_host import Connections


class Messages(Workload[ConnectionEnd]):
    """All connections that end at a host."""

    key = "connections"
    part = ConnectionEnd
    turn = 3
    told_if_idle = False
    next_ns = 0
    """Never: deadlines here come and go with what arrives, so they have a timer of their own."""

    def __init__(self, parts: Sequence[ConnectionEnd], place: Place) -> None:
        self._count = len(parts)
        self._connections: Connections | None = None
        if parts:
            from corridor.traffic.workloads.messages_host import Connections

            self._connections = Connections(parts, place)

    def timed(self) -> list[Timed]:
        return [self] if self._connections else []

    def start(self, epoch_ns: int) -> bool:
        if self._connections:
            self._connections.start(epoch_ns)
        return False

    def fire(self) -> int:
        return 0

    def stop(self) -> None:
        if self._connections:
            self._connections.stop()

    def finish(self) -> Mapping[str, object]:
        return {self.key: self._connections.finish() if self._connections else {}}

    def __len__(self) -> int:
        return self._count
