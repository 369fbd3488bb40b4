"""What switches of a domain held when, and what was proven of that, as documents. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from corridor.controller.forwarding.program import Flow
from corridor.topologies.base.codec import OMIT_EMPTY


@dataclass(frozen=True)
class Held:
    """From a moment on, what the switches of one domain hold otherwise than before."""

    at_ns: int
    domain: str
    policies: str
    """Digest of the policies of this domain."""
    whole: bool
    """Whether they hold nothing else: the first entry of a process."""
    add: dict[str, tuple[Flow, ...]]
    """By hub."""
    remove: dict[str, tuple[Flow, ...]] = field(metadata=OMIT_EMPTY)


@dataclass(frozen=True)
class Moments:
    """The moments that were proven."""

    proven: int = 0
    violated: tuple[str, ...] = ()
    """Claims about paths that did not hold at one of them, each with who found it and what."""
