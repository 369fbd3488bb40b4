"""A scenario: which topology, which demands, what is measured and for how long.

A YAML file with units on every quantity; see docs/scenarios.md. Nothing here
knows a testbed.
"""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from topologies.documents import Document, nearest, read_document, validate
from topologies.errors import InputError
from topologies.load import load_topology
from topologies.model import Frozen, NonEmpty, Slug, Topology
from topologies.units import parse_duration_ns, parse_size_bytes

SHIPPED = Path(__file__).parent / "scenarios"
DEFAULT = "pan-asia"
MIN_PROBE_BYTES = 86  # Ethernet 14, IPv4 20, UDP 8, STAMP 44 (RFC 8762, 4.2.1)
MAX_FRAME_BYTES = 1514
MAX_PROBES = 5_000_000


def _share(text: object) -> float:
    """``12%`` or ``0.5%`` as a fraction."""
    if not isinstance(text, str) or not text.strip().endswith("%"):
        raise ValueError(f'"{text}" needs a percent sign, for example 0.1%')
    try:
        share = float(text.strip()[:-1]) / 100
    except ValueError:
        raise ValueError(f'"{text}" is not a percentage') from None
    if not math.isfinite(share) or share < 0:
        raise ValueError(f'"{text}" must be a percentage of 0% or more')
    return share


def _duration(text: object) -> int:
    return parse_duration_ns(text, allow_zero=False)


Share = Annotated[float, BeforeValidator(_share)]
DurationNs = Annotated[int, BeforeValidator(_duration)]
BufferNs = Annotated[int, BeforeValidator(parse_duration_ns)]
SizeBytes = Annotated[int, BeforeValidator(parse_size_bytes)]


class NetworkOptions(Frozen):
    """How the emulated network treats packets beyond delay and rate."""

    buffer: BufferNs = 20_000_000
    """Queue of each port at the emulated rate, in nanoseconds."""
    loss: Share = 0.0
    """Random loss of every fibre, each direction on its own."""
    fibre_loss: dict[str, Share] = Field(default_factory=dict)
    """Random loss by fibre id, instead of ``loss``."""
    segmentation_offload: bool = False
    """Let hosts send TCP segments in batches: cheaper to emulate, but queues then hold batches."""


class ProbeOptions(Frozen):
    """STAMP probes of one demand."""

    interval: DurationNs = 20_000_000
    count: int = Field(default=100, ge=1, le=MAX_PROBES)
    size: SizeBytes = Field(default=128, ge=MIN_PROBE_BYTES, le=MAX_FRAME_BYTES)
    """The frame from its Ethernet header on, without FCS, in bytes."""
    arrival: Literal["periodic", "poisson"] = "periodic"


class ThroughputOptions(Frozen):
    """What a demand sends beyond probes, one demand at a time after all probing."""

    udp: Share | None = None
    """A paced UDP stream at this share of the path's bottleneck; above 100% overloads it."""
    tcp: bool = False
    """A kernel TCP transfer."""
    duration: DurationNs = 1_000_000_000

    @model_validator(mode="after")
    def _whole_seconds_for_tcp(self) -> Self:
        if self.tcp and self.duration % 1_000_000_000:
            raise ValueError("a TCP transfer takes whole seconds, for example duration: 2s")
        return self


class Demand(Frozen):
    """Traffic from one hub to another, with its answers coming back."""

    id: Slug
    data_class: NonEmpty = Field(alias="class")
    src: str
    dst: str
    probe: ProbeOptions | None = None
    throughput: ThroughputOptions | None = None


class Scenario(Frozen):
    """One experiment, checked against its topology."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    name: Slug
    title: str = ""
    topology: str
    seed: int = Field(default=1, ge=0, lt=2**63)
    framework: Literal["ryu", "os-ken"] = "ryu"
    network: NetworkOptions = NetworkOptions()
    probe: ProbeOptions = ProbeOptions()
    demands: tuple[Demand, ...] = Field(min_length=1, max_length=4000)


class LoadedScenario(Frozen):
    """A scenario and the topology it names."""

    scenario: Scenario
    topology: Topology


def shipped_scenarios() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.yaml")))


def load_scenario(name_or_path: str = DEFAULT) -> LoadedScenario:
    """A shipped scenario by name, or a file; raises InputError with file, line and a way out."""
    document = read_document(_find(name_or_path))
    scenario = validate(document, Scenario)
    topology = _topology(document, scenario, Path(document.file).parent)
    _check_demands(document, scenario, topology)
    _check_losses(document, scenario, topology)
    return LoadedScenario(scenario=scenario, topology=topology)


def _find(name_or_path: str) -> Path:
    shipped = SHIPPED / f"{name_or_path}.yaml"
    if name_or_path in shipped_scenarios():
        return shipped
    path = Path(name_or_path)
    if path.exists() or "/" in name_or_path or path.suffix:
        return path
    known = shipped_scenarios()
    hint = nearest(name_or_path, known) or f"shipped are {', '.join(known)}; or give a file"
    raise InputError(f'no scenario is called "{name_or_path}"', hint)


def _topology(document: Document, scenario: Scenario, folder: Path) -> Topology:
    beside = folder / scenario.topology
    try:
        return load_topology(str(beside) if beside.is_file() else scenario.topology)
    except InputError as error:
        if error.file:
            raise
        raise document.error(error.message, "topology", hint=error.hint) from error


def _check_demands(document: Document, scenario: Scenario, topology: Topology) -> None:
    hubs = {hub.id for hub in topology.hubs}
    island_of = _islands(topology)
    counts = Counter(demand.id for demand in scenario.demands)
    for number, demand in enumerate(scenario.demands):
        if counts[demand.id] > 1:
            raise document.error(
                f'demand id "{demand.id}" is used {counts[demand.id]} times',
                "demands",
                number,
                "id",
                hint="give each its own",
            )
        for end in ("src", "dst"):
            hub = getattr(demand, end)
            if hub not in hubs:
                hint = nearest(hub, hubs) or f"corridor topology show {scenario.topology}"
                message = f'demand "{demand.id}" names unknown hub "{hub}"'
                raise document.error(message, "demands", number, end, hint=hint)
        if demand.src == demand.dst:
            message = f'demand "{demand.id}" starts and ends at "{demand.src}"'
            raise document.error(message, "demands", number, "dst", hint="name another hub")
        if island_of[demand.src] != island_of[demand.dst]:
            message = f"no fibre leads from {demand.src} to {demand.dst} in {topology.name}"
            hint = "add a fibre that joins the two parts, or drop the demand"
            raise document.error(message, "demands", number, hint=hint)


def _islands(topology: Topology) -> dict[str, str]:
    """Each hub's island, named by one of its hubs: what fibres join, directly or not."""
    island = {hub.id: hub.id for hub in topology.hubs}
    members = {hub.id: [hub.id] for hub in topology.hubs}
    for fibre in topology.fibres:
        kept, joined = island[fibre.a], island[fibre.z]
        if kept != joined:
            for hub in members.pop(joined):
                island[hub] = kept
                members[kept].append(hub)
    return island


def _check_losses(document: Document, scenario: Scenario, topology: Topology) -> None:
    fibres = {fibre.id for fibre in topology.fibres}
    for fibre, share in scenario.network.fibre_loss.items():
        if fibre not in fibres:
            hint = nearest(fibre, fibres) or f"corridor topology show {scenario.topology}"
            message = f'loss of unknown fibre "{fibre}"'
            raise document.error(message, "network", "fibre_loss", fibre, hint=hint)
        _check_loss(document, share, "network", "fibre_loss", fibre)
    _check_loss(document, scenario.network.loss, "network", "loss")


def _check_loss(document: Document, share: float, *path: str) -> None:
    if share > 1:
        raise document.error("a loss cannot exceed 100%", *path, hint="write for example 0.1%")
