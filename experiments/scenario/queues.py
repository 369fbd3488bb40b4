"""Options of a scenario for the queues before its fibres; see docs/scenarios.md. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from corridor.experiments.scenario.fields import DurationNs
from corridor.topologies.base.documents import Document, KeyPath, read_document, validate
from corridor.topologies.base.suggestions import nearest, nearest_kind
from corridor.topologies.base.units import (
    QuantityError,
    format_duration,
    format_size,
    parse_duration_ns,
    parse_size_bytes,
)
from corridor.topologies.emulation.queues.registry import KINDS
from corridor.topologies.emulation.queues.tree import Takes
from corridor.topologies.model.catalogue import nearest_named
from corridor.topologies.model.line import (
    DSCP_NAMES,
    FULL_FRAME_ON_FIBRE_BYTES,
    MOST_DSCP,
    format_dscp,
    parse_dscp,
)
from corridor.topologies.model.topology import Frozen, NonEmpty, Slug, Topology

# Service classes and DSCPs of classes of demands, as the file next to this one has them. Pure.

FILE = Path(__file__).with_name("service_classes.yaml")
BEST_EFFORT = 0

Dscp = Annotated[
    int,
    BeforeValidator(parse_dscp),
    PlainSerializer(format_dscp, when_used="json"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": MOST_DSCP},
                {"enum": [*DSCP_NAMES]},
            ]
        }
    ),
]
Confidence = Literal["confident", "unsure"]


class ServiceClass(Frozen):
    """Demands that tolerate alike; those that tolerate least come first."""

    id: Slug
    meaning: NonEmpty
    dscps: tuple[Dscp, ...]
    """None: all that no other has."""
    weight: int
    """Where classes share a fibre by weight."""
    source: NonEmpty
    confidence: Confidence


class Weights(Frozen):
    source: NonEmpty
    confidence: Confidence


class DemandClass(Frozen):
    """How the packets of a class of demands are marked."""

    name: NonEmpty = Field(alias="class")
    service_class: Slug = Field(alias="in")
    dscp: Dscp
    source: NonEmpty
    confidence: Confidence


class ServiceClasses(Frozen):
    service_classes: tuple[ServiceClass, ...]
    weights: Weights
    demand_classes: tuple[DemandClass, ...]

    def dscp_of(self, demand_class: str) -> int | None:
        """None for a class that is not in the file."""
        return next((one.dscp for one in self.demand_classes if one.name == demand_class), None)


@cache
def shipped() -> ServiceClasses:
    return validate(read_document(FILE), ServiceClasses)


NONE = "none"
"""As fibres are without any of these disciplines."""
MOST_CLASSES = 16
MOST_WEIGHT = 100
MOST_BUFFER_BYTES = 2**31 - 1
NS_PER_S_TIMES_BITS = 8 * 10**9
TARGETS_NS = {"fq_codel": 5_000_000, "pie": 15_000_000}
"""RFC 8290 (5.2.1) and RFC 8033 (4.2)."""
AQM_BUFFER_NS = 200_000_000
"""Ours: long enough that an AQM acts before the buffer is full."""


class Buffer(Frozen):
    """A number of octets, or as many as a fibre sends in a time."""

    duration_ns: int | None = None
    size_bytes: int | None = None

    def bytes_at(self, rate_bps: int) -> int:
        """One full frame at least."""
        if self.size_bytes is not None:
            return self.size_bytes
        assert self.duration_ns is not None
        asked = -(-rate_bps * self.duration_ns // NS_PER_S_TIMES_BITS)
        return max(FULL_FRAME_ON_FIBRE_BYTES, asked)


def _buffer(given: object) -> Buffer:
    if isinstance(given, Buffer):
        return given
    if isinstance(given, dict):
        return Buffer(**given)
    try:
        return Buffer(duration_ns=parse_duration_ns(given, "buffer", allow_zero=False))
    except QuantityError as not_a_time:
        try:
            size = parse_size_bytes(given, "buffer")
        except QuantityError:
            raise QuantityError(
                f'"{given}" is neither a time nor a size', "write for example 20ms or 256kB"
            ) from not_a_time
    if not FULL_FRAME_ON_FIBRE_BYTES <= size <= MOST_BUFFER_BYTES:
        least, most = format_size(FULL_FRAME_ON_FIBRE_BYTES), format_size(MOST_BUFFER_BYTES)
        raise QuantityError(f"a buffer has {least} (a full frame) to {most}")
    return Buffer(size_bytes=size)


def _written(buffer: Buffer) -> str:
    if buffer.size_bytes is not None:
        return format_size(buffer.size_bytes)
    assert buffer.duration_ns is not None
    return format_duration(buffer.duration_ns)


def _discipline(given: object) -> object:
    if isinstance(given, str) and given != NONE and given not in KINDS:
        known = (NONE, *KINDS)
        raise QuantityError(f'discipline "{given}" is not known', nearest_kind(given, known))
    return given


BufferOption = Annotated[
    Buffer,
    BeforeValidator(_buffer),
    PlainSerializer(_written, when_used="json"),
    WithJsonSchema({"type": "string"}),
]
Discipline = Annotated[
    str,
    BeforeValidator(_discipline),
    WithJsonSchema({"enum": [NONE, *KINDS]}),
]


def _each_once(dscps: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(dscps))


class ClassOptions(Frozen):
    """Packets that have a separate queue: by what demands they are of, or by their DSCP."""

    name: Slug
    """Unique name."""
    of: tuple[NonEmpty, ...] = ()
    """Application classes, by their shipped DSCPs."""
    dscp: Annotated[tuple[Dscp, ...], AfterValidator(_each_once)] = ()
    """DSCPs, by name or number. A class with neither ``of`` nor ``dscp`` takes all other packets;
    if there is none, the last class does."""
    weight: int | None = Field(default=None, ge=1, le=MOST_WEIGHT, strict=True)
    """Share of a full fibre in ``weighted``, 1 to 100; 1 if not given."""
    buffer: BufferOption | None = None
    """Size or time of its queue."""

    @property
    def dscps(self) -> tuple[int, ...]:
        """All of both; none: whatever no other class takes."""
        known = shipped()
        found = [dscp for name in self.of if (dscp := known.dscp_of(name)) is not None]
        return tuple(dict.fromkeys([*found, *self.dscp]))


class QueueOptions(Frozen):
    """How frames queue before a fibre, in each direction separately."""

    discipline: Discipline = NONE
    """Discipline of every fibre: one of the disciplines in docs/scenarios.md."""
    classes: tuple[ClassOptions, ...] | None = Field(default=None, max_length=MOST_CLASSES)
    """Two to sixteen queue classes of ``priority`` and ``weighted``, the highest priority first;
    the shipped service classes if not given."""
    target: DurationNs | None = None
    """Target queueing delay; 5ms of ``fq_codel`` and 15ms of ``pie`` if not given."""
    ecn: bool | None = Field(default=None, strict=True)
    """Mark ECN-capable packets instead of dropping them (``fq_codel``, ``pie``)."""
    buffer: BufferOption | None = None
    """Size (for example ``256kB``) or time of each class without its own; one full frame at least.
    If not given, the network's buffer, and 200ms of ``fq_codel`` and ``pie``."""

    @model_validator(mode="before")
    @classmethod
    def _a_name_alone(cls, given: Any) -> Any:
        return {"discipline": _discipline(given)} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _only_what_the_discipline_has(self) -> Self:
        takes = self._takes
        of_some: tuple[Takes, ...] = ("classes", "target", "ecn")
        for key in of_some:
            if getattr(self, key) is not None and key not in takes:
                able = ", ".join(name for name, kind in KINDS.items() if key in kind.takes)
                raise ValueError(f"{key} are of {able}, not of {self.discipline}")
        if self.discipline == NONE and self.buffer is not None:
            raise ValueError("without a discipline the buffer is that of network; write fifo")
        for one in self.classes or ():
            if one.weight is not None and "weights" not in takes:
                raise ValueError(f"a weight is of weighted, not of {self.discipline}")
        if self.classes is not None and len(self.classes) < 2:
            raise ValueError("classes are two or more")
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The name of a discipline is a short form."""
        return {"anyOf": [{"enum": [NONE, *KINDS]}, handler(core_schema)]}

    @property
    def _takes(self) -> frozenset[Takes]:
        return frozenset() if self.discipline == NONE else KINDS[self.discipline].takes

    @property
    def buffer_or_default(self) -> Buffer | None:
        """None: the network's."""
        if self.buffer is None and self.discipline in TARGETS_NS:
            return Buffer(duration_ns=AQM_BUFFER_NS)
        return self.buffer

    @property
    def target_ns(self) -> int:
        return self.target or TARGETS_NS.get(self.discipline, 0)

    def resolved_classes(self) -> tuple[ClassOptions, ...]:
        """Those that are given, else the service classes that ship; none where it has none."""
        if "classes" not in self._takes:
            return ()
        return self.classes if self.classes is not None else default_classes()


class QueuesOptions(QueueOptions):
    """The discipline of all fibres, and those of some."""

    fibres: dict[str, QueueOptions] = Field(default_factory=dict)
    """Disciplines of single fibres, for example ``{guian-kunming: none}``."""

    def of(self, fibre: str) -> QueueOptions:
        return self.fibres.get(fibre, self)

    @property
    def marks(self) -> bool:
        """Whether any of them does."""
        return any(one.ecn for one in (self, *self.fibres.values()))


def default_classes() -> tuple[ClassOptions, ...]:
    return tuple(
        ClassOptions(name=one.id, dscp=one.dscps, weight=one.weight)
        for one in shipped().service_classes
    )


def check_queues(
    document: Document, queues: QueuesOptions | None, topology: Topology, name: str
) -> None:
    """Fibres are known, and so are the packets of each class, once. Raises InputError; ``name`` is
    the topology's, as the scenario has it."""
    if queues is None:
        return
    at = ("network", "queues")
    fibres = {fibre.id for fibre in topology.fibres}
    for fibre in queues.fibres:
        if fibre not in fibres:
            hint = nearest_named(fibre, fibres) or f"corridor topology show {name}"
            raise document.error(
                f'queue of unknown fibre "{fibre}"', *at, "fibres", fibre, hint=hint
            )
    for path, one in (
        (at, queues),
        *(((*at, "fibres", key), of) for key, of in queues.fibres.items()),
    ):
        _check_classes(document, one.classes or (), (*path, "classes"))


def _check_classes(document: Document, classes: tuple[ClassOptions, ...], at: KeyPath) -> None:
    owners: dict[int, str] = {}
    names: set[str] = set()
    rests = []
    for number, one in enumerate(classes):
        if one.name in names:
            message = f'two classes are called "{one.name}"'
            raise document.error(message, *at, number, "name", hint="give each its own")
        names.add(one.name)
        for place, unknown in _unknown(one):
            known = [of.name for of in shipped().demand_classes]
            hint = nearest(unknown, known) or "give its demands a dscp, and name that here"
            message = f'the DSCP of demands of class "{unknown}" is not known'
            raise document.error(message, *at, number, "of", place, hint=hint)
        for dscp in one.dscps:
            owner = owners.setdefault(dscp, one.name)
            if owner != one.name:
                message = f'{format_dscp(dscp)} is of "{owner}" and of "{one.name}"'
                raise document.error(message, *at, number, hint="a DSCP has one class")
        rests += [] if one.dscps else [one.name]
    if len(rests) > 1:
        message = f'both "{rests[0]}" and "{rests[1]}" take what no other class does'
        raise document.error(message, *at, hint="give all but one of them a dscp or of")


def _unknown(one: ClassOptions) -> Iterator[tuple[int, str]]:
    for place, name in enumerate(one.of):
        if shipped().dscp_of(name) is None:
            yield place, name
