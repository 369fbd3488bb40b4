"""Scenarios that someone changes without writing a file. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from corridor.experiments.scenario.extending import read_scenario
from corridor.experiments.scenario.moments import parse_moment
from corridor.experiments.scenario.options import ProbeOptions
from corridor.experiments.scenario.scenario import (
    LoadedScenario,
    Under,
    load_document,
    whole,
)
from corridor.topologies.base.documents import Document, Plain
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.units import QuantityError, parse_duration_ns
from corridor.topologies.model.topology import Topology

CUT_AT, CUT_FOR, CUT_RUNS = "1s", "1s", "4s"
"""When cuts begin, how long they last, and how long demands are probed: until fibres that BFD
watches are mostly used again."""
EVENT_OF = {"link": "cut", "srlg": "group", "hub": "hub", "gateway": "gateway"}
"""Kinds of events by the kind of what fails."""


def with_cuts(name_or_path: str, asked: Under, dead: Sequence[str]) -> LoadedScenario:
    """A scenario in which nothing happens but that these elements fail, all at once, and are
    repaired. Where BFD runs, fibres are cut without their ends seeing it. Workloads run all the
    time where events would begin or end them."""
    document, folder = _read(name_or_path)
    assert isinstance(document.data, dict)
    silent = load_document(document, folder, asked).scenario.network.bfd is not None
    timeline: list[Plain] = [_event(one, silent=silent) for one in dead]
    changed = {**document.data, "timeline": timeline, "faults": [], "cuts": None}
    changed["workloads"] = _always_on(document.data.get("workloads"))
    return lasting(load_document(replace(document, data=changed), folder, asked), CUT_RUNS)


def with_timeline(
    name_or_path: str,
    asked: Under,
    timeline: Sequence[Plain],
    probe: Plain,
    *,
    topology: Topology | None = None,
) -> LoadedScenario:
    """A scenario in which just these events happen, and demands send just these probes; on its own
    map without ``topology``. Without BFD, so that a repaired fibre is in use again at once."""
    document, folder = _read(name_or_path)
    return timeline_of(document, folder, asked, timeline, probe, topology=topology)


def timeline_of(
    document: Document,
    folder: Path,
    asked: Under,
    timeline: Sequence[Plain],
    probe: Plain,
    *,
    topology: Topology | None = None,
) -> LoadedScenario:
    """The same of a document with all that it extends, whose files are in a folder."""
    assert isinstance(document.data, dict)
    data = {**document.data, "timeline": [*timeline], "probe": probe}
    network, demands = data.get("network"), data.get("demands")
    data["network"] = {**network, "bfd": None} if isinstance(network, dict) else {}
    data["demands"] = [
        {key: value for key, value in one.items() if key not in ("probe", "throughput")}
        for one in (demands if isinstance(demands, list) else ())
        if isinstance(one, dict)
    ]
    for key in ("faults", "workloads", "cuts"):
        data.pop(key, None)
    return load_document(replace(document, data=data), folder, asked, topology=topology)


def _read(name_or_path: str) -> tuple[Document, Path]:
    """A scenario with all that it extends, and the folder of its files."""
    own = read_scenario(name_or_path)
    folder = Path(own.file).parent
    return whole(own, folder), folder


def _always_on(workloads: Plain) -> list[Plain]:
    """Without moments that count from events."""
    found: list[Plain] = []
    for one in workloads if isinstance(workloads, list) else ():
        assert isinstance(one, dict)
        ends = {key: parse_moment(one[key]) for key in ("start", "stop") if one.get(key)}
        gone = {key for key, moment in ends.items() if moment.event}
        found.append({key: value for key, value in one.items() if key not in gone})
    return found


def _event(element: str, *, silent: bool) -> dict[str, Plain]:
    kind, _, name = element.partition(":")
    event: dict[str, Plain] = {"at": CUT_AT, "for": CUT_FOR, EVENT_OF[kind]: name}
    return {**event, "silent": True} if silent and kind in ("link", "srlg") else event


def lasting(loaded: LoadedScenario, duration: str) -> LoadedScenario:
    """With every demand probed for so long."""
    try:
        lasts_ns = parse_duration_ns(duration, allow_zero=False)
    except QuantityError as error:
        raise InputError(str(error), error.hint) from error

    def longer(probe: ProbeOptions) -> ProbeOptions:
        return probe.model_copy(update={"count": max(1, -(-lasts_ns // probe.interval))})

    scenario = loaded.scenario
    demands = tuple(
        demand
        if demand.probe is None
        else demand.model_copy(update={"probe": longer(demand.probe)})
        for demand in scenario.demands
    )
    changed = {"probe": longer(scenario.probe), "demands": demands}
    return loaded.model_copy(update={"scenario": scenario.model_copy(update=changed)})
