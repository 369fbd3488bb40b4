"""What a kind of hard clause is: a value read from YAML, an automaton, and words for people.

A path is the alternating sequence hub, fibre, hub, ... of a trip. A clause is a deterministic
automaton over these elements: ``enter`` takes its state (0 at the start) past one element and
gives the next state, or ``Broken`` with a reason for people. ``Broken`` is final. ``finish``
judges the state at the end. A clause without memory stays in state 0.

Where an element is, or who runs it, may be unknown; then the clause is broken, because it cannot
be shown to hold.

``waypoints`` and ``via`` share the functions about stops: these are passed in their order.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Protocol, Self

from pydantic import BeforeValidator

from corridor.controller.policy.clauses.elements import Element, Named, Selects, Where
from corridor.controller.policy.clauses.places import Groups, Value, inside
from corridor.topologies.base.words import confidence_word
from corridor.topologies.model.addresses import Family
from corridor.topologies.model.domains import DomainMap, domains_of
from corridor.topologies.model.topology import Confidence, Hub, Topology


@dataclass(frozen=True)
class Trip:
    """Source and destination of a path, and the meaning of names in its clauses."""

    src: Hub
    dst: Hub
    groups: Groups
    closed: frozenset[str] = frozenset()
    """Hubs whose gateway is down: they forward, but serve no waypoint."""
    topology: Topology | None = field(default=None, compare=False, repr=False)
    """The map of the trip; without it, no operator is known."""
    family: Family = field(default="ipv4", compare=False)
    """The protocol of the packets, which policies may match and no clause asks for."""

    @cached_property
    def domains(self) -> DomainMap | None:
        """Who runs which end of which fibre; it is read where a clause needs it."""
        return domains_of(self.topology) if self.topology is not None else None

    def ends_at(self, hub: Hub) -> bool:
        return hub.id in (self.src.id, self.dst.id)


@dataclass(frozen=True)
class Broken:
    """A clause does not hold, and why."""

    reason: str


class Clause(Value, ABC):
    """Base of all kinds. The first line of a kind's docstring is its help in the JSON Schema."""

    kind: ClassVar[str]
    """Its key under ``hard``, and its name in all output."""
    short: ClassVar[str] = ""
    """The field that is meant where a bare value is written: ``confine: CN``."""
    examples: ClassVar[tuple[Any, ...]]
    """Values as they are written, for the JSON Schema and for tests, the short form first. One must
    forbid a shortest path of the map ``mini``."""
    looked_up: ClassVar[Mapping[str, Named]] = MappingProxyType({})
    """What is named under its fields, so that a name no one knows is refused with its line. Keys
    of selectors say so themselves."""
    claim: ClassVar[str] = "C1"
    """The claim of docs/prover.md that a packet breaks where it breaks the clause."""
    absent: ClassVar[Any] = None
    """What a policy without the clause has under its key."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """A kind without its names is refused where it is written, before the registry asks."""
        super().__pydantic_init_subclass__(**kwargs)
        lacks = [name for name in ("kind", "examples") if not hasattr(cls, name)]
        if lacks:
            raise TypeError(f"the clause {cls.__qualname__} has no {' and '.join(lacks)}")
        by_key = getattr(cls, "named", dict)
        cls.looked_up = {**cls.looked_up, **by_key()}

    @abstractmethod
    def enter(self, state: int, element: Element, trip: Trip) -> int | Broken:
        """The state past one element.

        States are few. A hub may be entered twice running, the second time with its gateway open,
        where a packet passes its gateway: that must come to the same as entering it once so. A hub
        in ``trip.closed`` may never help where a gateway has to be passed.
        """

    def finish(self, state: int, trip: Trip) -> Broken | None:  # noqa: ARG002 - most have no end
        """The requirement that is still open in a state at the last hub."""
        return None

    @abstractmethod
    def describe(self) -> str:
        """The clause in words that follow "a path must" or stand for themselves, in one line."""

    def phases(self) -> tuple[str, ...]:
        """Names of the states for people; empty for a clause without memory."""
        return ()

    def asks(self, trip: Trip) -> tuple[str, ...]:
        """What of a trip's source decides what the clause lets pass; by default, which it is."""
        return (trip.src.id,)

    def requires_before_border(self, state: int) -> bool | None:  # noqa: ARG002 - most ask for nothing
        """Whether a border is still forbidden in a state; None where it never is for good."""
        return None

    def is_domestic(self, trip: Trip) -> bool:  # noqa: ARG002 - most do not
        """Whether it keeps the trip inside the jurisdiction it starts in."""
        return False

    def gateways(self) -> tuple[Where, ...]:
        """Hubs that must have a gateway for packets to pass."""
        return ()

    @classmethod
    def as_written(cls) -> Any:
        """The type of what a policy has under its key."""
        if not cls.short:
            return cls | None
        field = cls.model_fields[cls.short]
        bare: Any = field.annotation
        if field.metadata:
            bare = Annotated[bare, *field.metadata]
        reads = BeforeValidator(cls._with_its_key, json_schema_input_type=bare | cls)
        return Annotated[cls, reads] | None

    @classmethod
    def _with_its_key(cls, value: Any) -> Any:
        return value if isinstance(value, dict | Clause) else {cls.short: value}

    @classmethod
    def of(cls, written: Any) -> Self | None:
        """The clause that a policy has, by what it has under its key."""
        return written if isinstance(written, cls) else None


class Exposure(NamedTuple):
    """A jurisdiction that an element is, or may be, under."""

    code: str
    how: str
    """In words; a fibre that "may cross" cannot be shown to keep out, nor to be there."""


def exposure(element: Element) -> Iterator[Exposure]:
    """Jurisdictions that an element touches, or may touch, of itself."""
    if isinstance(element, Hub):
        yield Exposure(element.located_in, "is in")
        return
    for code in element.crosses:
        yield Exposure(code, "crosses")
    for one in element.may_cross:
        yield Exposure(one.code, "may cross")


def is_source(element: Element, trip: Trip) -> bool:
    return isinstance(element, Hub) and element.id == trip.src.id


def leaves_home(element: Element, trip: Trip) -> bool:
    """Whether an element is, or may be, outside the jurisdiction of the first hub."""
    if is_source(element, trip):
        return False
    home = frozenset([trip.src.located_in])
    return any(inside(one.code, home) is not True for one in exposure(element))


# Three kinds of statement about law: its text, an interpretation of it, an assumption.

StatementKind = Literal["text", "interpretation", "assumption"]
"""``text``: the words of a legal text say so. ``interpretation``: what we take a legal text to
mean; another reader may read it otherwise. ``assumption``: a rule or model of ours that no legal
text states."""

_STRONGEST_FIRST: tuple[StatementKind, ...] = ("text", "interpretation", "assumption")


def weakest(kinds: Iterable[StatementKind]) -> StatementKind | None:
    """Return the weakest kind; None without kinds."""
    return max(kinds, key=_STRONGEST_FIRST.index, default=None)


def caveat(kind: StatementKind | None, confidence: Confidence) -> str:
    """Return `` (interpretation)``, `` (our assumption)``, `` (uncertain)``, or an empty string
    for what is confident."""
    if kind == "assumption":
        return " (our assumption)"
    if kind == "interpretation":
        return " (interpretation)"
    return "" if confidence == "confident" else f" ({confidence_word(confidence)})"


def check_confidence(name: str, kind: StatementKind | None, confidence: Confidence) -> None:
    """Raise ValueError where what no text says is marked as confident."""
    if kind in ("interpretation", "assumption") and confidence == "confident":
        raise ValueError(f"{name} is an {kind}, so its confidence must be unsure")


MOST_STOPS = 32
"""The limit up to which searches count the stops that a packet has passed."""


class Stop(Protocol):
    """A stop of either clause."""

    @property
    def any_of(self) -> Selects: ...

    @property
    def before(self) -> Literal["border", "end"]: ...


def in_words(stops: Iterable[Stop]) -> str:
    said = (f"{stop.any_of}{' before the border' * (stop.before == 'border')}" for stop in stops)
    return ", then ".join(said)


def past_the_border(
    stops: Sequence[Stop], state: int, element: Element, trip: Trip
) -> Broken | None:
    """Where an element is, or may be, abroad, and a stop is due that is to come before that."""
    due = [stop for stop in stops[state:] if stop.before == "border"]
    if due and leaves_home(element, trip):
        home = trip.src.located_in
        known = frozenset([home])
        abroad = (one.how for one in exposure(element) if inside(one.code, known) is False)
        verb = "may be" if all(how == "may cross" for how in abroad) else "is"
        return Broken(f"the path {verb} outside {home} at {element.id} before {due[0].any_of}")
    return None


def served(stops: Sequence[Stop], state: int, element: Element, trip: Trip) -> int:
    """How many stops are behind a packet past an element that may serve them."""
    while state < len(stops) and stops[state].any_of.selects(element, trip.groups) is True:
        state += 1
    return state


def missed(stops: Sequence[Stop], state: int, trip: Trip) -> Broken | None:
    """The stop that is still missing at the last hub."""
    if state < len(stops):
        return Broken(f"{trip.dst.id} is reached before {stops[state].any_of}")
    return None
