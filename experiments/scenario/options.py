"""Options of a scenario for its network, its probes, its loads, its controller, its background.

Units are in YAML's quantities; see docs/scenarios.md. Background traffic is from figures of a day,
or from stated rates.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from corridor.controller.intent.intent import ALL_KINDS
from corridor.controller.policy.model import KindsOfFailure
from corridor.experiments.scenario.fields import (
    DurationNs,
    OffsetNs,
    PolicedBps,
    RateBps,
    Share,
    ShareAsText,
    SizeBytes,
)
from corridor.experiments.scenario.kinds import Arrival, arrival_of
from corridor.experiments.scenario.lines import LineOptions
from corridor.experiments.scenario.queues import QueuesOptions
from corridor.topologies.base.documents import Document, KeyPath
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.base.units import QuantityError, format_duration, format_rate, written_day
from corridor.topologies.model.background import BackgroundTraffic, FibreFlow
from corridor.topologies.model.catalogue import nearest_named
from corridor.topologies.model.fields import Text
from corridor.topologies.model.topology import Frozen, NonEmpty, Slug, Topology
from corridor.traffic.workloads.arrivals import DEFAULT as DEFAULT_ARRIVAL

MIN_PROBE_BYTES = 86  # Ethernet 14, IPv4 20, UDP 8, STAMP 44 (RFC 8762, 4.2.1)
MIN_PADDING_BYTES = 4
"""An Extra Padding TLV without contents (RFC 8972, 4.1)."""
MAX_FRAME_BYTES = 1514
MAX_PROBES = 5_000_000
LEAST_LOSS = 3e-10  # netem has probabilities of 32 bits
MAX_BUFFER_NS = 60_000_000_000
MAX_QUEUE_PACKETS = 2**32 - 1  # struct tc_netem_qopt
INTERNET = "internet"
"""The background of the shipped figures."""
MOST_LOAD = 10
"""Background of figures over their busy hour, and of a stated rate over the capacity of its fibre:
more is a slip of the unit."""


class NetworkOptions(Frozen):
    """How the emulated network treats packets beyond delay and rate."""

    buffer: OffsetNs = 20_000_000
    """Queue of each port, as the time to empty it at the emulated rate; ``60s`` at most. Buffers of
    real routers are not published: this is an assumption."""
    loss: Share = 0.0
    """Random loss of every fibre, independent in each direction; 0, or at least 0.00000003%."""
    fibre_loss: dict[str, Share] = Field(default_factory=dict)
    """Random loss by fibre id, instead of ``loss``, for example ``{guian-kunming: 2%}``."""
    line: LineOptions = LineOptions()
    """Other random effects of every fibre."""
    fibre_line: dict[str, LineOptions] = Field(default_factory=dict)
    """``line`` by fibre id, for example ``{guian-kunming: {jitter: 5ms}}``."""
    police: PolicedBps | None = None
    """Peak rate of each demand, and of its return traffic, without a guarantee; ``10kbit`` at
    least."""
    segmentation_offload: bool = False
    """Hosts send TCP in batches: faster emulation, but queues hold batches."""
    bfd: DurationNs | None = None
    """BFD (RFC 5880) at both ends of every fibre, at this interval in whole milliseconds. After
    three missed packets, switches stop using the fibre. Without BFD, only carrier loss is detected.
    """

    queues: QueuesOptions | None = None
    """Queue disciplines of fibres: the name of one, or its keys."""

    @field_validator("buffer")
    @classmethod
    def _of_a_minute_at_most(cls, buffer: int) -> int:
        if buffer > MAX_BUFFER_NS:
            most = format_duration(MAX_BUFFER_NS)
            raise QuantityError(f"a buffer is {most} at most, not {format_duration(buffer)}")
        return buffer

    @model_validator(mode="after")
    def _bfd_in_milliseconds(self) -> Self:
        if self.bfd is not None and self.bfd % 1_000_000:
            raise ValueError("the interval of bfd is in whole milliseconds, for example 15ms")
        return self

    @model_validator(mode="after")
    def _marks_frames_and_not_batches(self) -> Self:
        if self.segmentation_offload and self.queues is not None and self.queues.marks:
            raise ValueError(
                "with segmentation_offload a queue would mark whole batches: leave it out, or ecn"
            )
        return self


class BackgroundOptions(Frozen):
    """Traffic that no demand sends: it takes part of the rate of fibres."""

    file: NonEmpty | None = None
    """A file of figures next to the scenario, in the form of the shipped ones."""
    date: Annotated[dt.date, BeforeValidator(written_day)] | None = None
    """The day of the figures; the day of the scenario if not given."""
    load: Annotated[ShareAsText, Field(le=MOST_LOAD)] = 1.0
    """Share of the traffic of the busy hour."""
    fibres: dict[str, RateBps | dict[str, RateBps]] = Field(default_factory=dict)
    """Real rates of fibres instead of figures: of both directions, or by the hub towards which the
    traffic flows, for example ``{guian-kunming: {kunming: 4Tbit}}``."""
    react: Literal["none", "own"] = "none"
    """What owners do in a run after events cut or repair their paths: ``none``, or move traffic to
    their ``own`` other capacity."""
    after: DurationNs = NS_PER_S
    """Time between a cut or repair and the rates after it."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The name of the shipped figures is a short form."""
        return {"anyOf": [{"const": INTERNET}, handler(schema)]}

    @model_validator(mode="before")
    @classmethod
    def _internet(cls, given: object) -> object:
        if not isinstance(given, str):
            return given
        if given != INTERNET:
            hint = f"write {INTERNET}, or keys such as {{file: FIGURES.yaml}}"
            raise QuantityError(f'no background "{given}" is known', hint)
        return {}

    @model_validator(mode="after")
    def _figures_or_rates(self) -> Self:
        if "fibres" in self.model_fields_set and not all((self.fibres, *self.fibres.values())):
            raise ValueError("fibres without a rate: state a rate for each fibre")
        if self.fibres and (self.file, self.date, self.load) != (None, None, 1.0):
            raise ValueError("rates of fibres replace figures: leave out file, date and load")
        if self.react == "none" and "after" in self.model_fields_set:
            raise ValueError("after says when owners have reacted: add react: own")
        if self.fibres and self.react != "none":
            raise ValueError("stated rates have no owners who move them: leave out react")
        return self


class ProtectOptions(Frozen):
    """Failures that the switches bridge by themselves, in addition to what the permits in use ask
    for."""

    k: int = Field(default=0, ge=0, le=3, strict=True)
    """Number of simultaneous failures."""
    over: KindsOfFailure = ALL_KINDS
    """Kinds of failures; all if not given: ``link``, ``srlg``, ``hub`` and ``gateway``."""


class ProbeOptions(Frozen):
    """STAMP probes of one demand."""

    interval: DurationNs = 20_000_000
    """Time between probes of a demand, or its mean."""
    count: int = Field(default=100, ge=1, le=MAX_PROBES, strict=True)
    """Probes of a demand, 1 to 5,000,000; p95 needs 200, p99 1,000."""
    size: SizeBytes = Field(default=128, ge=MIN_PROBE_BYTES, le=MAX_FRAME_BYTES)
    """Size of the frame from its Ethernet header on, without FCS: ``86B`` to ``1514B``."""
    arrival: Arrival = arrival_of(DEFAULT_ARRIVAL)
    """When probes are sent: a kind of arrivals; ``periodic`` if not given."""

    @field_validator("size")
    @classmethod
    def _holds_whole_padding(cls, size: int) -> int:
        most = MIN_PROBE_BYTES + MIN_PADDING_BYTES
        if MIN_PROBE_BYTES < size < most:
            raise ValueError(
                f"a probe of {size} B has no room for padding, whose header is "
                f"{MIN_PADDING_BYTES} B: write {MIN_PROBE_BYTES}B, or at least {most}B"
            )
        return size


class ThroughputOptions(Frozen):
    """What a demand sends beyond probes, one demand at a time after all probing."""

    udp: Share | None = None
    """A paced stream at this share of the path's bottleneck, in frames of 1442 octets, for example
    ``95%``; above 100% it overloads the path."""
    tcp: bool = False
    """A kernel TCP transfer, by iperf3."""
    duration: DurationNs = NS_PER_S
    """Duration of each; whole seconds with ``tcp``."""

    @model_validator(mode="after")
    def _whole_seconds_for_tcp(self) -> Self:
        if self.tcp and self.duration % NS_PER_S:
            raise ValueError("a TCP transfer takes whole seconds, for example duration: 2s")
        return self


class ControllerOptions(Frozen):
    """What the controller does once its tables are in."""

    follow: Annotated[bool | None, Field(strict=True)] = None
    """Whether the controller reacts to events. The default is ``true`` if the scenario has events
    and no ``cuts``."""
    domains: Literal["operators"] | None = None
    """``operators``: each operator in a jurisdiction has its own controller; see
    docs/domains.md."""


class CutOptions(Frozen):
    """Fibres cut one after another, each repaired before the next, while all demands are probed."""

    fibres: Literal["all"] | tuple[Slug, ...] = "all"
    """Which fibres, for example ``[kashgar-khunjerab]``."""
    silent: bool = False
    """Keep the carrier, so that only BFD detects the cut."""
    outage: DurationNs = 300_000_000
    """Time from cut to repair; longer if the longest detour requires it."""
    interval: DurationNs = 1_000_000
    """Time between probes of demands that cross the fibre: the resolution of an outage."""
    others: DurationNs = 20_000_000
    """Time between probes of other demands."""
    settle: DurationNs | None = None
    """Time from the repair to the next cut; 500ms if not given, 5s with BFD."""


# What hubs compute while a scenario is measured, for the energy audit.

HOURS = 24
"""Of a planned day."""
type PlannedMw = Annotated[float, Field(ge=0, le=1e9)]


class ComputingHub(Frozen):
    """Values of a hub from an hour on."""

    hub: Slug
    """Its id."""
    from_h: int = Field(default=0, ge=0, lt=HOURS, strict=True)
    """Hour of the planned day."""
    pue: float = Field(ge=1, le=10)
    """Energy at the meter over IT energy."""
    g_per_kwh: float | None = Field(default=None, ge=0)
    """Emissions at the meter by ``count``; not counted if not given."""
    green: float | None = Field(default=None, ge=0, le=1)
    """Share of contracted green power, if known."""
    price: float | None = Field(default=None, ge=0)
    """Of a kWh in ``currency``."""


class ComputingRun(Frozen):
    """Equal jobs that compute at one hub."""

    job: Slug
    """Its id."""
    hub: Slug
    """Where they compute."""
    data: Slug
    """Data class of the input."""
    brought_by: str = ""
    """The workload that sends the input to the hub; none at the origin."""
    awaits: tuple[str, ...] = ()
    """Workloads whose messages must arrive before they compute."""
    mw: tuple[PlannedMw, ...] = Field(min_length=HOURS, max_length=HOURS)
    """IT power by hour of the planned day."""


class ComputingLeg(Frozen):
    """What a workload is planned to send."""

    workload: str
    """Its id."""
    data: Slug
    """Data class."""
    octets: int = Field(ge=1)
    """As planned, not scaled."""


class Computing(Frozen):
    """What hubs compute, and what it needs to arrive."""

    hour: DurationNs
    """The time in the run that stands for an hour of the planned day."""
    count: Text = ""
    """The counting of emissions: ``location``, ``market`` or ``marginal``."""
    currency: Text = ""
    """Of prices."""
    wan_kwh_per_gb: float | None = Field(default=None, gt=0, le=100)
    """Energy of the network, in no total; not counted if not given."""
    hubs: tuple[ComputingHub, ...] = Field(min_length=1, max_length=1000)
    """Values of hubs; the latest entry of a hub applies."""
    runs: tuple[ComputingRun, ...] = Field(min_length=1, max_length=1000)
    """Jobs by hub and period."""
    legs: tuple[ComputingLeg, ...] = Field(default=(), max_length=500)
    """Planned octets of workloads."""
    planned_by: NonEmpty = "corridor place"
    """Who planned it, for readers."""


def check_computing(
    document: Document, computing: Computing | None, workloads: Collection[str]
) -> None:
    """Raise InputError with the line of a workload or hub that is not there."""
    if computing is None:
        return
    hubs = {one.hub for one in computing.hubs if one.from_h == 0}
    for place, name in _workloads(computing):
        if name not in workloads:
            raise document.error(f'no workload is called "{name}"', "computing", *place)
    for number, run in enumerate(computing.runs):
        if run.hub not in hubs:
            message = f"{run.hub} computes, and has no values from hour 0 on"
            hint = "give it an entry under computing: hubs"
            raise document.error(message, "computing", "runs", number, hint=hint)


def _workloads(computing: Computing) -> Iterator[tuple[KeyPath, str]]:
    for number, run in enumerate(computing.runs):
        for name in (*run.awaits, *([run.brought_by] if run.brought_by else [])):
            yield ("runs", number), name
    for number, leg in enumerate(computing.legs):
        yield ("legs", number), leg.workload


def background_of(
    document: Document,
    asked: BackgroundOptions | None,
    topology: Topology,
    name: str,
    day: date,
    folder: Path,
) -> BackgroundTraffic | None:
    """Return the background of a scenario; None without the key.

    Args:
        document: The scenario, for the lines of mistakes.
        asked: The key.
        topology: Of the scenario.
        name: Of the topology, as it is written.
        day: Of the scenario.
        folder: Where its files are.

    Raises:
        InputError: A file or a day has no figures, or a rate is not possible: with its line.
    """
    if asked is None:
        return None
    if asked.fibres:
        stated = tuple(_stated_rates(document, asked.fibres, topology, name))
        return BackgroundTraffic(source="stated", topology=topology, stated=stated)
    from corridor.traffic.background.internet import read_internet
    from corridor.traffic.background.on_fibres import internet_on_fibres

    try:
        return internet_on_fibres(
            topology,
            read_internet(folder / asked.file if asked.file else None),
            asked.date or day,
            source=asked.file or INTERNET,
            load=asked.load,
        )
    except InputError as error:
        raise document.error_of_named(error, "background") from error


def _stated_rates(
    document: Document,
    rates: Mapping[str, int | Mapping[str, int]],
    topology: Topology,
    name: str,
) -> Iterator[FibreFlow]:
    fibres = {fibre.id: fibre for fibre in topology.fibres}
    for key, rate in rates.items():
        at = ("background", "fibres", key)
        if key not in fibres:
            hint = nearest_named(key, fibres) or f"corridor topology show {name}"
            raise document.error(f'background on unknown fibre "{key}"', *at, hint=hint)
        fibre = fibres[key]
        toward = rate if isinstance(rate, Mapping) else dict.fromkeys(fibre.ends, rate)
        for hub, bps in toward.items():
            if hub not in fibre.ends:
                hint = f"it joins {' and '.join(fibre.ends)}"
                raise document.error(f'fibre "{key}" does not end at "{hub}"', *at, hub, hint=hint)
            most_bps = MOST_LOAD * topology.capacity_gbps(fibre) * 1e9
            if bps > most_bps:
                message = f"{format_rate(bps)} is over {MOST_LOAD} times the capacity of {key}"
                hint = f"state at most {format_rate(round(most_bps))}"
                place = (*at, hub) if toward is rate else at
                raise document.error(message, *place, hint=hint)
            yield FibreFlow(f"{key}/{hub}", bps / 1e9, ((key, fibre.other_end(hub)),))
