"""Messages over kernel TCP as a kind of workload. Standard library only.

What carries them out is imported only where there are some, for imports are dear in a guest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from corridor.traffic.agents.messages import ConnectionEnd
from corridor.traffic.agents.program import Place, Timed, Workload

if TYPE_CHECKING:
    from corridor.traffic.agents.messages_host import Connections


class Messages(Workload[ConnectionEnd]):
    """All connections that end at a host."""

    key = "connections"
    part = ConnectionEnd
    turn = 3
    told_if_idle = False
    next_ns = 0
    """Never: deadlines here come and go with what arrives, so they have a separate timer."""

    def __init__(self, parts: Sequence[ConnectionEnd], place: Place) -> None:
        self._count = len(parts)
        self._connections: Connections | None = None
        if parts:
            from corridor.traffic.agents.messages_host import Connections

            self._connections = Connections(parts, place)

    @classmethod
    def clashes(cls, parts: Sequence[ConnectionEnd]) -> Iterator[str]:
        """Connections with the same addresses and ports; messages that wait for what never comes
        here, so that they would never begin."""
        ends = Counter(part[3:7] for part in parts)
        for (local_ip, local_port, peer_ip, peer_port), count in ends.items():
            if count > 1:
                yield f"{count} connections from {local_ip}:{local_port} to {peer_ip}:{peer_port}"
        coming = {message for part in parts for message, _ in part.expects}
        for part in parts:
            for message in part.sends:
                if missing := set(message.after) - coming:
                    yield f"message {message.id} waits for {min(missing)}, which does not come here"

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
