"""What a scenario may say of its network, its probes, its loads and its controller.

Units are in YAML's quantities; see docs/scenarios.md.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from corridor.controller.intent.intent import ALL_KINDS
from corridor.controller.policy.model import KindsOfFailure
from corridor.experiments.scenario.choices import Arrival, arrival_of
from corridor.experiments.scenario.lines import LineOptions
from corridor.experiments.scenario.policing import PolicedBps
from corridor.experiments.scenario.quantities import DurationNs, OffsetNs, Share, SizeBytes
from corridor.experiments.scenario.queues import QueuesOptions
from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.base.units import QuantityError, format_duration
from corridor.topologies.model.topology import Frozen, Slug
from corridor.traffic.arrivals.registry import DEFAULT as DEFAULT_ARRIVAL

MIN_PROBE_BYTES = 86  # Ethernet 14, IPv4 20, UDP 8, STAMP 44 (RFC 8762, 4.2.1)
MIN_PADDING_BYTES = 4
"""An Extra Padding TLV without contents (RFC 8972, 4.1)."""
MAX_FRAME_BYTES = 1514
MAX_PROBES = 5_000_000
LEAST_LOSS = 3e-10  # netem has probabilities of 32 bits
MAX_BUFFER_NS = 60_000_000_000
MAX_QUEUE_PACKETS = 2**32 - 1  # struct tc_netem_qopt


class NetworkOptions(Frozen):
    """How the emulated network treats packets beyond delay and rate."""

    buffer: OffsetNs = 20_000_000
    """Queue of each port at the emulated rate, in nanoseconds."""
    loss: Share = 0.0
    """Random loss of every fibre, each direction on its own."""
    fibre_loss: dict[str, Share] = Field(default_factory=dict)
    """Random loss by fibre id, instead of ``loss``."""
    line: LineOptions = LineOptions()
    """What else is random on every fibre, and how losses come."""
    fibre_line: dict[str, LineOptions] = Field(default_factory=dict)
    """The same by fibre id, instead of ``line`` as a whole."""
    police: PolicedBps | None = None
    """What the edge lets in of each demand, and of its answers, where nothing is promised to it."""
    segmentation_offload: bool = False
    """Let hosts send TCP segments in batches: cheaper to emulate, but queues then hold batches."""
    bfd: DurationNs | None = None
    """Interval of BFD on every fibre, both ways, in nanoseconds; without it only a lost carrier is
    noticed."""

    queues: QueuesOptions | None = None
    """Queues before fibres, instead of one of full frames each."""

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


class ProtectOptions(Frozen):
    """Failures that the switches bridge by themselves, beside what the permits in use ask for."""

    k: int = Field(default=0, ge=0, le=3, strict=True)
    """How many at once."""
    over: KindsOfFailure = ALL_KINDS


class ProbeOptions(Frozen):
    """STAMP probes of one demand."""

    interval: DurationNs = 20_000_000
    count: int = Field(default=100, ge=1, le=MAX_PROBES, strict=True)
    size: SizeBytes = Field(default=128, ge=MIN_PROBE_BYTES, le=MAX_FRAME_BYTES)
    """The frame from its Ethernet header on, without FCS, in bytes."""
    arrival: Arrival = arrival_of(DEFAULT_ARRIVAL)

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
    """A paced UDP stream at this share of the path's bottleneck; above 100% overloads it."""
    tcp: bool = False
    """A kernel TCP transfer."""
    duration: DurationNs = NS_PER_S

    @model_validator(mode="after")
    def _whole_seconds_for_tcp(self) -> Self:
        if self.tcp and self.duration % NS_PER_S:
            raise ValueError("a TCP transfer takes whole seconds, for example duration: 2s")
        return self


class ControllerOptions(Frozen):
    """What the controller does once its tables are in."""

    follow: Annotated[bool | None, Field(strict=True)] = None
    """Whether it follows failures and changes. By default it does where a scenario has faults, but
    for ``cuts``, which show what switches do by themselves."""


class CutOptions(Frozen):
    """Fibres cut one after another, each repaired before the next, while all demands are probed."""

    fibres: Literal["all"] | tuple[Slug, ...] = "all"
    silent: bool = False
    """Lose what is sent and keep the carrier, so that only BFD notices."""
    outage: DurationNs = 300_000_000
    """From the cut to its repair."""
    interval: DurationNs = 1_000_000
    """Between probes of the demands that cross the fibre: the resolution of an outage."""
    others: DurationNs = 20_000_000
    """Between probes of the other demands."""
    settle: DurationNs | None = None
    """From the repair to the next fibre; 500ms if not given, and 5s with BFD, whose sessions
    come up slowly."""
