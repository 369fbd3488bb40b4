"""What ``corridor domains`` answers, as typed documents. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from corridor.controller.domains.reconstruction import Inferred
from corridor.topologies.base.codec import Document

PATHS_SCHEMA = 1


@dataclass(frozen=True)
class Carried:
    """What one domain carries of a path."""

    domain: str
    hubs: tuple[str, ...]
    fibres: tuple[str, ...]
    one_way_ms: float
    """With the fibre that leads to the next domain."""


@dataclass(frozen=True)
class Listened:
    """How many delays one domain disclosed to another."""

    by: str
    to: str
    delays: int


@dataclass(frozen=True)
class Exchanged:
    """The messages between controllers."""

    requests: int
    """Border places with policy states that were queried."""
    numbers: int
    """Delays that were disclosed."""
    rounds: int
    """Messages that follow one another: requests, then delays back to the source."""
    listened: tuple[Listened, ...]


@dataclass(frozen=True)
class CarriedDirection:
    """A demand, or its answers."""

    demand: str
    src: str
    dst: str
    one_way_ms: float | None
    """None without a permitted path over the domains."""
    one_controller_ms: float | None
    """The same with one controller for the whole map."""
    permit: str
    domains: tuple[str, ...]
    carried: tuple[Carried, ...]
    exchanged: Exchanged
    agreed_ms: float | None
    """Modelled time until the source has its path; None without one, or with silent domains."""
    difference: str
    """Why the result is not that of one controller; empty if it is."""


@dataclass(frozen=True)
class Lied:
    """What happens to directions of demands if one controller lies and the others accept it."""

    domain: str
    kind: str
    changed: int
    """Directions with another path, or none."""
    slower: int
    """Delivered later than without the lie, by true delays."""
    most_ms: float
    """The maximum of that."""
    late: int
    """Delivered later than ``max_one_way`` of their permit."""
    undelivered: int
    forbidden: int
    """Delivered by a path that breaks another hard clause."""
    measurable: int
    """Directions whose true delay is not the agreed one, as a measurement shows."""
    examples: tuple[str, ...]
    """Violations of forbidden paths."""


@dataclass(frozen=True)
class MedianMs:
    """Times of several cases."""

    cases: int
    median: float
    maximum: float


@dataclass(frozen=True)
class CutDifference:
    """A single failure after which domains do not find what one controller finds."""

    demand: str
    fibre: str
    one_way_ms: float | None
    one_controller_ms: float | None


@dataclass(frozen=True)
class Cuts:
    """The same questions after each single failure of a fibre on each path."""

    cases: int
    equal: int
    without_path: int
    """In which neither finds one."""
    detour_ms: MedianMs | None
    """Modelled time from a cut of a fibre between two domains until the source has a detour: the
    domain at the near end reports the cut back to the source, which asks again."""
    differences: tuple[CutDifference, ...]


@dataclass(frozen=True)
class ComposedProof:
    """What contracts of domains prove of the compiled tables, compared with one proof."""

    domains: int
    claims: tuple[str, ...]
    """Claims that compose from contracts."""
    violated: tuple[str, ...]
    """Those of them that do not hold."""
    breaches: tuple[str, ...]
    """A sentence with the domain that found it."""
    arrive: int
    """Directions whose packets all arrive while nothing fails."""
    contracts: int
    disclosed: int
    """Ports with a label and a standing that one domain disclosed to another."""
    equal: bool
    """Whether one proof of all tables has the same verdicts on these claims."""


@dataclass(frozen=True)
class Spread:
    """Of all directions that are not blocked before any message."""

    median: float
    maximum: int


@dataclass(frozen=True)
class Timing:
    """The same exchange, if messages take the delay of the paths that they are about."""

    work_ms: float
    """Assumed time of a controller for one message."""
    agreed_ms: MedianMs | None
    """From the first message until the source has the path that it keeps."""
    quiet_ms: MedianMs | None
    """Until the last message has arrived."""
    numbers: Spread
    """Delays that are disclosed, since no controller knows which one is final."""


@dataclass(frozen=True)
class DomainPathsAnswer(Document):
    """Paths of demands, what controllers disclose, and the result of one controller."""

    schema: int
    scenario: str
    topology: str
    policies: str
    as_of: str
    hand_overs: str
    """``any``: wherever two domains are at one hub; ``stated``: where a statement names both."""
    silent: tuple[str, ...]
    domains: tuple[str, ...]
    inter_domain_fibres: int
    hubs_of_several_domains: int
    directions: tuple[CarriedDirection, ...]
    equal: int
    """Directions with the result of one controller: the same delay, or no path in both."""
    numbers: Spread
    rounds: Spread
    map_numbers: int
    """Numbers that tell the whole map: the two ends and the delay of each fibre."""
    timing: Timing | None
    """None with silent domains."""
    cuts: Cuts | None
    """None if not requested."""
    proof: ComposedProof | None
    """None if not requested."""
    lied: Lied | None
    """None if not requested."""
    curious: str
    """The domain whose knowledge ``inferred`` is; empty if none was requested."""
    inferred: tuple[Inferred, ...]
    """By neighbour that disclosed a delay to it."""


@dataclass(frozen=True)
class CarriedBy:
    """Who carries a direction after the last step."""

    demand: str
    domains: tuple[str, ...]
    """Empty without a path."""
    hubs: tuple[str, ...]
    one_way_ms: float | None


@dataclass(frozen=True)
class Killed:
    """A process that was killed (SIGKILL) and started again from its state file."""

    domain: str
    at_s: float
    """After the step began."""
    under_way: bool
    """Whether something was under way in any domain."""
    takeover_s: float
    """From the kill until the next process had its state and its neighbours."""
    settled_s: float
    """From the kill until nothing was under way in any domain."""
    proofs: int
    """Moments in that time at which the tables of all domains were proven together."""


@dataclass(frozen=True)
class RunStep:
    """What processes of domains did until nothing was under way."""

    name: str
    wall_s: float
    equal: int
    """Directions with the delay of one controller, or no path in both, and a permitted path."""
    moved: int
    """Directions with another path than before the step."""
    messages: int
    """Frames that were sent."""
    octets: int
    """Of these frames, without TLS."""
    requests: int
    delays: int
    """Delays that were disclosed."""
    minimum_delays: int | None
    """The same as ``composition`` computes it; None where the step asks for some directions."""
    killed: tuple[Killed, ...]
    """In the order of time."""
    proofs: int
    """Moments at which the tables of all domains were proven together."""
    violated: tuple[str, ...]
    """Claims that were violated at one of them."""


@dataclass(frozen=True)
class DomainRun(Document):
    """A scenario whose domains have a process each."""

    schema: int
    scenario: str
    topology: str
    policies: str
    policies_after: str
    """Of the last step."""
    protocol: int
    """Its version."""
    domains: tuple[str, ...]
    """The home domains of hubs: each programs the switches of its hubs."""
    steps: tuple[RunStep, ...]
    refused: dict[str, int]
    """Messages that were refused, by kind."""
    carried: tuple[CarriedBy, ...]
