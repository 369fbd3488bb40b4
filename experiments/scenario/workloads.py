"""Workloads of a scenario: as they are written, and held against its demands. Pure.

A workload is one kind's keys (``traffic/workloads``) in addition to those that all kinds have.
The keys come from the registry, each read and checked by its unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, Field, model_validator

from corridor.experiments.scenario.demands import DemandEntry
from corridor.experiments.scenario.fields import (
    DurationNs,
    OffsetNs,
    RateBps,
    Share,
    complete,
    field_of,
    refuse_of_others,
)
from corridor.experiments.scenario.kinds import READ_WITH_CHOICES, Arrival, MomentText, Size
from corridor.topologies.base.documents import Document
from corridor.topologies.base.options import Values
from corridor.topologies.base.suggestions import nearest, nearest_kind
from corridor.topologies.base.units import QuantityError
from corridor.topologies.model.fields import ByKind, Fields
from corridor.topologies.model.topology import Frozen, NonEmpty, Slug
from corridor.traffic.workloads.trace import TraceRow
from corridor.traffic.workloads.workload_kind import Scale, WorkloadKind
from corridor.traffic.workloads.workload_registry import KINDS

Congestion = Literal["cubic", "reno", "bbr"]
MOST_CONNECTIONS = 1000
MOST_COMPRESSED = 1e9


class Transport(Frozen):
    """What carries messages: kernel TCP, or a paced stream of UDP."""

    tcp: Congestion | None = None
    """Congestion control of the kernel's TCP: ``cubic``, ``reno`` or ``bbr``."""
    udp: RateBps | None = None
    """A paced UDP stream at this rate of frames: at most 200% of its path's bottleneck as emulated,
    and at least one frame."""
    connections: Annotated[int, Field(strict=True, ge=1, le=MOST_CONNECTIONS)] | None = None
    """Parallel connections of each demand, over which a transfer is split."""
    sample: DurationNs | None = None
    """How often the kernel's state of each connection is recorded."""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if self.udp is not None and (self.tcp or self.connections or self.sample):
            raise ValueError("a transport is tcp, with its connections and samples, or udp")
        return self

    @property
    def congestion(self) -> Congestion:
        return self.tcp or get_args(Congestion)[0]


def _known(name: str) -> str:
    if name not in KINDS:
        raise QuantityError(f'workload of unknown kind "{name}"', nearest_kind(name, KINDS))
    return name


class WorkloadKeys(ByKind):
    """What a scenario states about a workload in addition to the parameters of its kind."""

    id: Slug
    """Its name in events and results: lower case, digits, hyphens."""
    kind: Annotated[str, AfterValidator(_known)]
    """One of the kinds of workloads, with its own keys; ``shipped`` may give it instead."""
    shipped: str = ""
    """A shipped workload, for example ``infer-chat``, instead of ``kind``; other keys replace its
    keys, and ``null`` removes one."""
    demands: tuple[str, ...] = Field(default=(), max_length=4000)
    """Ids of its demands."""
    data_class: NonEmpty | None = Field(default=None, alias="class")
    """All demands of an application class, instead of ``demands``."""
    transport: Transport = Transport()
    """What carries its messages: ``tcp`` or ``udp``; default ``{tcp: cubic}``."""
    start: MomentText | None = None
    """Moment at which messages begin; the first probe if not given. Timeline events of kind
    ``load`` may switch it on instead, any number of times."""
    stop: MomentText | None = None
    """Moment after which no message begins; the last probe if not given."""
    drain: OffsetNs = 1_000_000_000
    """How long unfinished messages may continue after that; then they are abandoned and count as
    incomplete."""
    background: bool = Field(default=False, strict=True)
    """It only loads fibres; results report it separately."""
    scale: Scale | None = None
    """What is scaled: ``bytes``, ``arrivals`` or ``none``; the default depends on the kind."""
    compress: float = Field(default=1.0, ge=1, le=MOST_COMPRESSED, allow_inf_nan=False)
    """Factor by which its time is compressed."""
    customers: float | None = Field(default=None, gt=0, le=1e9, allow_inf_nan=False)
    """Number of senders that it represents; 1 if not given."""
    fills: Share | None = Field(default=None, gt=0, le=10)
    """As many senders as use this share of their path's bottleneck on average, both directions
    together, for example ``30%``."""

    @classmethod
    def registry(cls) -> Mapping[str, WorkloadKind]:
        return KINDS

    @classmethod
    def fields_of(cls, kind: WorkloadKind) -> Fields:
        """Its parameters. A parameter that two kinds share has one unit, and each kind its own
        description and default; each may be left out here, for other kinds do not have it."""
        return {
            name: field_of(
                name, option._replace(default=None), required=False, read=READ_WITH_CHOICES
            )
            for name, option in kind.options.items()
        }

    @classmethod
    def names_in(cls, given: Any) -> Iterable[str]:
        kind = given.get("kind") if isinstance(given, dict) else None
        return [kind] if isinstance(kind, str) else ()

    @classmethod
    def problem_of(cls, kind: WorkloadKind) -> str:
        for name, option in kind.options.items():
            if name in WorkloadKeys.model_fields:
                return f"{name} is a key of all workloads"
            for other in cls.kinds():
                if other.options.get(name, option).unit != option.unit:
                    return f"its {name} is not the {name} of {other.key}"
        return ""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        kind, kinds = KINDS[self.kind], {one.key: one for one in self.kinds()}
        options = dict.fromkeys(name for one in kinds.values() for name in one.options)
        given = (name for name in options if getattr(self, name) is not None)
        refuse_of_others(kinds, kind, given)
        complete(f"{self.kind} {self.id}", kind, self.options)
        if bool(self.demands) == (self.data_class is not None):
            raise ValueError(f'workload "{self.id}" needs demands or a class, one of the two')
        if self.transport.udp is not None and not kind.udp:
            raise ValueError(f"{self.kind} goes by tcp; a stream may be udp")
        if self.transport.udp is not None and getattr(self, "rate", None) is not None:
            raise ValueError("its rate is in transport: leave out rate")
        if self.customers is not None and self.fills is not None:
            raise ValueError("give customers or fills, not both")
        if self.scaled_by == "arrivals" and not self.options.get("interval"):
            message = f'workload "{self.id}" has no intervals between arrivals to make longer'
            raise QuantityError(message, "say scale: bytes or none")
        if self.customers is not None and self.options.get("trace"):
            raise ValueError("a trace has as many customers as it has: leave customers out")
        if self.compress > 1 and not self.compresses:
            raise QuantityError(
                f'workload "{self.id}" cannot be compressed: its messages are sent as they are '
                "written, when they are written",
                "leave compress out" + ("" if not kind.compresses else ", or say scale: bytes"),
            )
        return self

    def covers(self, demand: DemandEntry) -> bool:
        """Whether the workload has this demand."""
        return demand.id in self.demands or demand.data_class == self.data_class

    @property
    def scaled_by(self) -> Scale:
        return self.scale or KINDS[self.kind].scale

    @property
    def compresses(self) -> bool:
        """Whether its time may be compressed."""
        return KINDS[self.kind].compresses and self.scaled_by == "bytes"

    @property
    def options(self) -> Values:
        """The parameters of its kind, with what is not given; sizes and arrivals as planned."""
        kind, found = KINDS[self.kind], {}
        for name, option in kind.options.items():
            given = getattr(self, name)
            found[name] = option.default if given is None else _planned(given)
        if self.transport.udp is not None:
            found["rate"] = self.transport.udp
        return found


def _planned(given: Any) -> Any:
    if isinstance(given, Size):
        return given.sizes
    return given.planned if isinstance(given, Arrival) else given


if TYPE_CHECKING:

    class WorkloadEntry(WorkloadKeys):
        """A workload with the keys of every kind."""
else:
    WorkloadEntry = WorkloadKeys.of_kinds("WorkloadEntry", KINDS.values())


@dataclass(frozen=True)
class Workload:
    """A workload of a scenario, with what its files hold, for the demands it has there."""

    entry: WorkloadEntry
    demands: tuple[str, ...]
    options: Values
    place: tuple[str, int]
    """Where it stands: the list, and its number there."""
    trace: tuple[TraceRow, ...] = field(default=(), repr=False)

    @property
    def kind(self) -> WorkloadKind:
        return KINDS[self.entry.kind]


def demands_of(
    document: Document, number: int, entry: WorkloadEntry, demands: Sequence[DemandEntry]
) -> tuple[str, ...]:
    """The ids of its demands; raises InputError for one that is not there."""
    ids = {demand.id: demand for demand in demands}
    at = ("workloads", number)
    for place, name in enumerate(entry.demands):
        if name not in ids:
            hint = nearest(name, ids) or "name demands by their id"
            message = f'workload "{entry.id}" is of unknown demand "{name}"'
            raise document.error(message, *at, "demands", place, hint=hint)
        if name in entry.demands[:place]:
            message = f'workload "{entry.id}" names demand "{name}" twice'
            raise document.error(message, *at, "demands", place, hint="leave one out")
    if entry.demands:
        return entry.demands
    found = tuple(one.id for one in demands if one.data_class == entry.data_class)
    if not found:
        classes = {one.data_class for one in demands}
        hint = (
            nearest(str(entry.data_class), classes) or f"classes are {', '.join(sorted(classes))}"
        )
        message = f'workload "{entry.id}" is of class "{entry.data_class}", which no demand has'
        raise document.error(message, *at, "class", hint=hint)
    return found
