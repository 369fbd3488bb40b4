"""Messages between controllers of domains: JSON frames, checked before use. Pure.

``docs/domains.md`` documents the protocol. A frame has up to ``MOST_ITEMS`` items for one receiver.
Requests, offers and their acknowledgements are about one query; the others are about one version of
the tables of one direction. A frame that cannot be used is refused with one line and changes
nothing.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, TypeAdapter, ValidationError

from corridor.controller.intent.specification import Specification
from corridor.controller.policy.product import Place
from corridor.topologies.model.fields import Frozen
from corridor.topologies.model.operators import DomainId

VERSION = 1
MOST_BYTES = 1_048_576
"""Of a frame."""
MOST_ITEMS = 4_000
MOST_NS = 10**12
DIGEST_DIGITS = 16

Count = Annotated[int, Field(ge=0, le=2**53, strict=True)]
Name = Annotated[str, Field(max_length=128)]
RefusalKind = Literal[
    "certificate", "too large", "malformed", "version", "receiver", "replayed", "other policies",
    "old epoch", "not a hand-over", "not asked"
]  # fmt: skip


class Refused(Exception):
    """What a message has that its receiver does not accept, in one line."""

    def __init__(self, kind: RefusalKind, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind


class Query(NamedTuple):
    """What requests and offers are about."""

    direction: Count
    """Number of the direction of a demand, from 1; all controllers have the same list."""
    permit: Count
    """Number of the permit, from 0, in the order in which they are tried."""
    attempt: Count
    """Of the source's controller; a higher one replaces those before."""


class Request(Frozen):
    """At what delay do you reach the destination from this entry of yours?"""

    kind: Literal["request"] = "request"
    query: Query
    place: Place


class Offer(Frozen):
    """The lowest delay so far from an entry of the sender to the destination."""

    kind: Literal["offer"] = "offer"
    query: Query
    place: Place
    delay_ns: Annotated[int, Field(ge=0, le=MOST_NS, strict=True)]


class Done(Frozen):
    """Requests and offers of the receiver of which nothing is under way any more."""

    kind: Literal["done"] = "done"
    query: Query
    count: Count
    lost: bool
    """Whether a domain that was asked, or one behind it, did not answer."""


class Prepare(Frozen):
    """Install entries for packets that enter at this place, next to those in use."""

    kind: Literal["prepare"] = "prepare"
    query: Query
    epoch: Count
    place: Place
    before: tuple[Count, ...]
    """The state of the automaton past the fibre, before the hub of the entry."""
    fibre: Name
    """By which packets come."""


class _OfVersion(Frozen):
    direction: Count
    epoch: Count
    place: Place
    """The entry of the domain behind the hand-over."""


class Prepared(_OfVersion):
    """From the receiver of a ``prepare``: entries are installed up to the destination."""

    kind: Literal["prepared"] = "prepared"
    label: Annotated[int, Field(ge=16, lt=2**20, strict=True)]
    """That packets need at the entry."""


class CannotPrepare(_OfVersion):
    """From the receiver of a ``prepare``: nothing is installed from there on."""

    kind: Literal["cannot prepare"] = "cannot prepare"
    why: Name


class Commit(_OfVersion):
    """The source uses the version from now on."""

    kind: Literal["commit"] = "commit"


class Abort(_OfVersion):
    """The version is not used: remove its entries."""

    kind: Literal["abort"] = "abort"


class Release(_OfVersion):
    """The last packet of the version has arrived: remove its entries."""

    kind: Literal["release"] = "release"


class Failed(_OfVersion):
    """From the domain behind the hand-over: a fibre of the path has failed there, or beyond."""

    kind: Literal["failed"] = "failed"


class Restored(Frozen):
    """Something works again in a domain, or a domain takes part again: sources ask again. Each
    controller passes it on once."""

    kind: Literal["restored"] = "restored"
    origin: DomainId
    number: Count
    """Of the notice, in the order of the origin."""


Exchange = Request | Offer | Done
"""Items that are lost with the process that sent or received them."""
Update = Prepare | Prepared | CannotPrepare | Commit | Abort | Release | Failed | Restored
"""Items that are kept in the state file until the receiver has them in its own."""
Item = Annotated[Exchange | Update, Field(discriminator="kind")]


class Frame(Frozen):
    """All items that one controller has for another."""

    version: Literal[1] = 1
    """``VERSION``."""
    sender: DomainId
    to: DomainId
    boot: Count
    """How often the sender has started."""
    number: Count
    """Of the frame, in the order of sending."""
    policies: Annotated[str, Field(pattern=f"^[0-9a-f]{{{DIGEST_DIGITS}}}$")]
    """Digest of the policies, day and demands that requests and offers are under."""
    items: Annotated[tuple[Item, ...], Field(max_length=MOST_ITEMS)]


_FRAMES: TypeAdapter[Frame] = TypeAdapter(Frame)


def encoded(frame: Frame) -> bytes:
    """Return a frame as it is sent."""
    return frame.model_dump_json().encode()


def decoded(data: bytes) -> Frame:
    """Return the frame that was sent. Raises Refused."""
    if len(data) > MOST_BYTES:
        raise Refused("too large", f"{len(data)} octets, at most {MOST_BYTES}")
    try:
        plain: Any = json.loads(data)
    except (ValueError, RecursionError):
        raise Refused("malformed", "not JSON") from None
    version = plain.get("version") if isinstance(plain, dict) else None
    if isinstance(version, int) and version != VERSION:
        raise Refused("version", f"{version}, and this controller has {VERSION}")
    try:
        return _FRAMES.validate_json(data)
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_input=False)[0]
        at = ".".join(str(part) for part in first["loc"])[:80]
        raise Refused("malformed", f"{at}: {first['msg'][:120]}") from None


def digest(specification: Specification) -> str:
    """Return what controllers compare to know that they have the same policies and demands."""
    public = specification.model_dump_json(include={"policies", "as_of", "directions"})
    return hashlib.sha256(public.encode()).hexdigest()[:DIGEST_DIGITS]
