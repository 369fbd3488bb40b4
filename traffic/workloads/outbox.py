"""Messages as kinds of workloads plan them, before they have addresses and ports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from corridor.topologies.base.errors import InputError

MOST_MESSAGES = 200_000
"""In a run: plans, and what agents know of them, grow with each."""


class Sent(NamedTuple):
    """A message. Times are nanoseconds after the epoch."""

    id: int
    connection: int
    back: bool
    """Whether it goes from the demand's destination to its source."""
    bytes: int
    round: int
    at_ns: int | None
    """When it is meant to begin; None where it begins when ``after`` has arrived."""
    after: tuple[int, ...] = ()
    wait_ns: int = 0
    pieces: int = 1
    gap_ns: int = 0
    answers: int | None = None
    deadline_ns: int | None = None


@dataclass
class Connection:
    """A connection of a demand, and its messages in the order in which each end sends them."""

    id: int
    demand: int
    opens_ns: int
    closes_ns: int
    messages: list[Sent] = field(default_factory=list)


class Outbox:
    """Collects what workloads send; ids go on from one workload to the next. Raises InputError
    for more messages than a run may have."""

    def __init__(self) -> None:
        self.connections: list[Connection] = []
        self._next = 0

    def __len__(self) -> int:
        """Messages so far."""
        return self._next

    def connect(self, demand: int, opens_ns: int, closes_ns: int) -> int:
        """A new connection's id."""
        number = len(self.connections)
        self.connections.append(Connection(number, demand, max(0, opens_ns), closes_ns))
        return number

    def keep_open(self, connection: int, until_ns: int) -> None:
        """Give a connection up no sooner than that."""
        one = self.connections[connection]
        one.closes_ns = max(one.closes_ns, until_ns)

    def send(
        self,
        connection: int,
        octets: int,
        round_: int,
        at_ns: int | None,
        *,
        back: bool = False,
        after: tuple[int, ...] = (),
        wait_ns: int = 0,
        pieces: int = 1,
        gap_ns: int = 0,
        answers: int | None = None,
        deadline_ns: int | None = None,
    ) -> int:
        """The id of a message that goes onto a connection after those before it of the same end."""
        number = self._next
        if number >= MOST_MESSAGES:
            raise InputError(
                f"more than {MOST_MESSAGES:,} messages are to be sent",
                "let it run for a shorter time, make messages larger and rarer, or name fewer "
                "demands",
            )
        self._next += 1
        self.connections[connection].messages.append(
            Sent(
                number,
                connection,
                back,
                octets,
                round_,
                at_ns,
                after,
                wait_ns,
                min(pieces, octets),
                gap_ns,
                answers,
                deadline_ns,
            )
        )
        return number

    def sent(self) -> Iterator[Sent]:
        """All messages, by connection."""
        for one in self.connections:
            yield from one.messages
