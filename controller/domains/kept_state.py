"""What the controller of one domain keeps in its state file, so that it may be killed. Pure."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from pydantic import Field, TypeAdapter

from corridor.controller.domains.messages import Update
from corridor.controller.domains.segments import Visit
from corridor.controller.policy.product import Place
from corridor.topologies.model.fields import Frozen

type Status = Literal["preparing", "prepared", "active", "old"]


class Key(NamedTuple):
    """One version of one direction where it enters a domain."""

    direction: int
    epoch: int
    place: Place


class Crossing(Frozen):
    """What a domain has installed, or is about to, for one version."""

    direction: int
    epoch: int
    place: Place
    status: Status
    permit: int
    delay_ns: int
    """To the destination, as agreed."""
    upstream: str = ""
    """The domain that packets come from; empty at the source."""
    downstream: str = ""
    """The domain that they are handed to; empty at the destination."""
    onward: Place | None = None
    """The entry of that domain."""
    hubs: tuple[str, ...]
    fibres: tuple[str, ...]
    """Inside, and then the one that leads to the next domain."""
    visits: tuple[Visit, ...]
    onward_label: int | None = None

    @property
    def key(self) -> Key:
        return Key(self.direction, self.epoch, self.place)


class _File(Frozen):
    domain: str
    boot: int
    used: dict[int, int]
    closed: dict[int, int]
    pending: tuple[int, ...]
    dead: tuple[str, ...]
    notices: dict[str, int]
    has_left: bool
    crossings: tuple[Crossing, ...]
    outbox: dict[str, tuple[Annotated[Update, Field(discriminator="kind")], ...]]


_FILE: TypeAdapter[_File] = TypeAdapter(_File)


class KeptState:
    """The state of a controller that outlives its process."""

    def __init__(self, domain: str, text: str = "") -> None:
        """``text``: the state file, if the controller ran before. Raises ValueError if that is not
        a state file of this domain."""
        self.domain, self.boot = domain, 1
        self.used: dict[int, int] = {}
        """By direction from here, the last epoch that was used."""
        self.closed: dict[int, int] = {}
        """By direction, the last epoch that was removed here."""
        self.pending: set[int] = set()
        """Directions from here that need another agreement."""
        self.dead: set[str] = set()
        """Fibres that end here and have failed."""
        self.notices: dict[str, int] = {}
        """By domain, the last notice of it that something works again."""
        self.has_left = False
        """Whether this domain takes no part at present."""
        self.crossings: dict[Key, Crossing] = {}
        self.outbox: dict[str, list[Update]] = {}
        """By receiver, what it has not acknowledged."""
        self.changes = 0
        """Grows with each change of what the file has."""
        self.tables = 0
        """Grows with each change that tables may depend on."""
        if text:
            self._read(_FILE.validate_json(text))

    def _read(self, kept: _File) -> None:
        if kept.domain != self.domain:
            raise ValueError(f"the state file is of {kept.domain}")
        self.boot = kept.boot + 1
        self.used, self.closed = dict(kept.used), dict(kept.closed)
        self.pending, self.dead = {*kept.pending}, {*kept.dead}
        self.notices, self.has_left = dict(kept.notices), kept.has_left
        self.crossings = {one.key: one for one in kept.crossings}
        self.outbox = {to: [*items] for to, items in kept.outbox.items()}

    def to_json(self) -> str:
        """Return the state file."""
        kept = _File(
            domain=self.domain,
            boot=self.boot,
            used=self.used,
            closed=self.closed,
            pending=tuple(sorted(self.pending)),
            dead=tuple(sorted(self.dead)),
            notices=self.notices,
            has_left=self.has_left,
            crossings=tuple(self.crossings.values()),
            outbox={to: tuple(items) for to, items in self.outbox.items() if items},
        )
        return kept.model_dump_json()

    def all_crossings(self) -> list[Crossing]:
        """Return a list that stays as it is while crossings change."""
        return [*self.crossings.values()]

    def from_here(self, direction: int | None = None) -> list[Crossing]:
        """Return versions of which this domain is the source: of all directions, or of one."""
        return [
            one
            for one in self.crossings.values()
            if not one.upstream and direction in (None, one.direction)
        ]

    def put(self, one: Crossing) -> None:
        """Add a crossing, or replace the one of its version and place."""
        self.crossings[one.key] = one
        self.changes += 1
        self.tables += 1

    def mark(self, one: Crossing, status: Status) -> None:
        """Give a crossing another status."""
        self.put(one.model_copy(update={"status": status}))

    def close(self, one: Crossing) -> None:
        """Remove a crossing; its version does not come again."""
        self.changes += 1
        self.tables += 1
        del self.crossings[one.key]
        self.closed[one.direction] = max(one.epoch, self.closed.get(one.direction, 0))
