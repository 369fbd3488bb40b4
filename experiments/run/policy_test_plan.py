"""From a demand under test and sets of failures to a plan that puts it to the test. Pure.

Each set has a trial: its failures are made, packets are sent, and all is repaired again. The
packets of a trial have a separate source port, by which they are told from others wherever they
are seen. Fibres are empty before the next.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from corridor.controller.intent.specification import Direction, Specification, failures_of
from corridor.controller.openflow.frameworks import framework_here
from corridor.controller.openflow.table_dump import drops_by_reason
from corridor.controller.prover import read_dump
from corridor.controller.testing.network import DemandUnderTest
from corridor.controller.testing.packets import Crossing, Failed, Packets
from corridor.experiments.account.transit_check import TransitChecker
from corridor.experiments.lab.dumps import DUMPS
from corridor.experiments.plan.policies import assessments
from corridor.experiments.plan.prediction import LABEL_BYTES, serialisation_ns
from corridor.experiments.plan.values import PLAN_SCHEMA, Change, Plan
from corridor.topologies.base.errors import MeasurementInvalid
from corridor.topologies.base.named_tuples import from_plain
from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.model import cut, hub_faults
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import HubWire, Wiring
from corridor.traffic.agents import jobs
from corridor.traffic.agents.probe import Probe
from corridor.traffic.agents.reflector import Reflector
from corridor.traffic.agents.scapy_process import build_templates
from corridor.traffic.agents.transits import Seen, SeenFlow
from corridor.traffic.measures.samples import join, read_directory
from corridor.traffic.packets import ports, stamp
from corridor.traffic.packets.frame_spec import FrameSpec, ssid_of

if TYPE_CHECKING:  # it imports a controller's framework
    from corridor.controller.openflow.table_dump import TableDump


FRAME_BYTES = 128
PROBES, INTERVAL_NS = 10, 10_000_000
LEAD_NS = {"virtual": 100_000_000, "real": 500_000_000}
"""From the failures to the first packet, in which this machine makes them and switches see them."""
EMPTYING_NS = NS_PER_S
"""From the last packet to the repair: five times a fibre around the Earth."""
SETTLE_NS = 500_000_000
FIRST_NS = 100_000_000


@dataclass(frozen=True)
class Trial:
    """Packets under one set of failures; times count from the epoch."""

    failed: Failed
    port: int
    """Where its packets come from."""
    begin_ns: int
    send_ns: int
    repair_ns: int


def specify_demand(demand: DemandUnderTest) -> Specification:
    """What its tables and its packets are judged by."""
    network, intent = demand.network, demand.intent
    return Specification(
        topology=network.topology,
        policies=network.policies,
        as_of=network.as_of,
        directions=(Direction(demand=intent.demand, selectors=intent.selectors),),
        k=intent.protection.k,
        over=intent.protection.over,
    )


def plan_trials(
    demand: DemandUnderTest, sets: Collection[Failed], *, clock: jobs.Clock, run_id: str
) -> tuple[Plan, tuple[Trial, ...]]:
    """One trial after another, each with all fibres, hubs and gateways but its own failures."""
    wiring, program = demand.compiled(run_id)
    topology = demand.network.topology
    trials = tuple(_trials(sets, LEAD_NS[clock]))
    gateways = frozenset(hub.hub for hub in wiring.hubs if hub.gateway is not None)
    hosts, names = jobs.in_sequence(list(_phases(demand, trials, wiring)))
    plan = Plan(
        schema=PLAN_SCHEMA,
        scenario=demand.intent.id,
        seed=1,
        policies=demand.network.policies.name,
        as_of=demand.network.as_of.isoformat(),
        framework=framework_here(),
        follows=False,
        segmentation_offload=False,
        demands=(),
        wiring=wiring,
        program=program,
        job=jobs.plan_job(clock, "", hosts, names),
        watched=True,
        gateways=assessments(gateways, program, wiring, [demand.intent]),
        bfd_interval_ms=None,
        start_ns=0,
        changes=tuple(fault for one in trials for fault in _faults(one, topology, gateways)),
        events=(),
        cuts=(),
        boundaries=(),
        transfers=(),
    )
    return plan, trials


def _trials(sets: Collection[Failed], lead_ns: int) -> Iterator[Trial]:
    begin_ns = FIRST_NS
    for number, failed in enumerate(sets):
        send_ns = begin_ns + lead_ns
        repair_ns = send_ns + PROBES * INTERVAL_NS + EMPTYING_NS
        yield Trial(failed, ports.REPLY_BASE + number, begin_ns, send_ns, repair_ns)
        begin_ns = repair_ns + SETTLE_NS


def _faults(trial: Trial, topology: Topology, gateways: Collection[str]) -> Iterator[Change]:
    """What fails and is repaired. Where no gateway is there is nothing to kill."""
    failed = failures_of(topology, trial.failed)
    fibres = sorted(
        one.id
        for one in topology.fibres
        if one.id in failed.links or not failed.srlgs.isdisjoint(one.srlgs)
    )
    for fibre in fibres:
        yield Change(trial.begin_ns, cut.CUT, fibre)
        yield Change(trial.repair_ns, cut.MEND, fibre)
    for name in sorted(failed.hubs):
        yield Change(trial.begin_ns, hub_faults.HUB_DOWN, name)
        yield Change(trial.repair_ns, hub_faults.HUB_UP, name)
    for name in sorted(failed.gateways & frozenset(gateways)):
        yield Change(trial.begin_ns, hub_faults.KILL_GATEWAY, name)
        yield Change(trial.repair_ns, hub_faults.START_GATEWAY, name)


def _phases(
    demand: DemandUnderTest, trials: Sequence[Trial], wiring: Wiring
) -> Iterator[jobs.Phase]:
    src, dst = (wiring.hub(hub) for hub in demand.intent.pair)
    specs = [
        FrameSpec(
            id=str(number),
            kind="stamp",
            src_mac=src.host_mac,
            dst_mac=dst.host_mac,
            src_ip=src.host_ip,
            dst_ip=dst.host_ip,
            sport=trial.port,
            dport=stamp.PORT,
            size_bytes=FRAME_BYTES,
            ssid=ssid_of(number),
        )
        for number, trial in enumerate(trials)
    ]
    templates = build_templates(specs)
    reflector = jobs.Host(dst.hub, "", dst.host_interface, (Reflector(dst.host_ip),))
    for number, trial in enumerate(trials):
        probe = Probe(
            demand=number,
            template=templates[str(number)],
            reply_port=trial.port,
            start_ns=0,
            interval_ns=INTERVAL_NS,
            packets=PROBES,
        )
        sender = jobs.Host(src.hub, "", src.host_interface, (probe,))
        yield jobs.Phase(f"trial:{number}", trial.send_ns, (sender, reflector))


# What a run of trials left in its folder: packets that were seen, and what was counted.


def packets_of(
    out_dir: Path, plan: Plan, trials: Sequence[Trial], topology: Topology, pair: tuple[str, str]
) -> dict[Failed, Packets]:
    """By trial, the outcome of its packets. Raises MeasurementInvalid if they were not all sent, or
    failures came too late for them, or frames on fibres were not all seen."""
    _check_times(out_dir / "raw" / "changes.json", trials)
    seen = _seen(out_dir)
    if seen.lost:
        raise MeasurementInvalid(f"the monitor had no room for {seen.lost} frames")
    src, dst = map(plan.wiring.hub, pair)
    sender = _senders(plan)
    passed = list(_passed(out_dir / "audit"))
    probes = join(read_directory(out_dir / "raw"))
    found = {}
    for number, trial in enumerate(trials):
        crossings = _crossings(seen.flows, (src, dst), trial.port, sender)
        mine = probes[probes["demand"] == number]
        sent = len(np.unique(mine["seq"][mine["sent"] & ~mine["send_failed"]]))
        if sent < PROBES:
            raise MeasurementInvalid(f"of {PROBES} packets {sent} were sent")
        arrived = mine[mine["reflections"] > 0]
        fastest_ns = None
        if len(arrived):
            bits_ns = sum(_bits_ns(topology, one) for one in crossings)
            fastest_ns = int((arrived["t2_ns"] - arrived["t1_ns"]).min()) - bits_ns
        found[trial.failed] = Packets(
            failed=trial.failed,
            sent=sent,
            arrived=len(np.unique(arrived["seq"])),
            fastest_ns=fastest_ns,
            crossings=crossings,
            gateways=frozenset(hub for hub, port in passed if port == trial.port),
        )
    return found


def dropped_at(hub: str, out_dir: Path) -> dict[str, int]:
    """What its switch dropped between both dumps, by reason."""
    before, after = (drops_by_reason(said)["by_hub"] for said in _dumps(out_dir))
    here = {
        reason: count - before.get(hub, {}).get(reason, 0)
        for reason, count in after.get(hub, {}).items()
    }
    return {reason: count for reason, count in here.items() if count}


def amiss_in(out_dir: Path, plan: Plan, judged_by: Specification) -> tuple[str, ...]:
    """Frames on fibres that have no demand, or that are off every lawful path of theirs; tables
    that have changed."""
    seen = _seen(out_dir)
    verdict = TransitChecker(judged_by, plan.wiring).verdict(seen)
    forbidden = (
        f"{one.packets} packets of {one.flow} on {one.fibre}, sent by {one.sent_by}, where their"
        " policies forbid them"
        for one in verdict.forbidden
    )
    strange = (
        f"{one.packets} frames without a demand or wrongly labelled on {one.fibre}, sent by"
        f" {one.sent_by}: {one.flow}"
        for one in verdict.strange
    )
    changed = (f"the tables of {hub} changed during the trial" for hub in _changed(out_dir, plan))
    return (*forbidden, *strange, *changed)


def _changed(out_dir: Path, plan: Plan) -> Iterator[str]:
    before, after = (read_dump(said, plan.wiring) for said in _dumps(out_dir))
    for hub, held in before.switches.items():
        now = after.switches[hub]
        parts = ((held.flows, now.flows), (held.groups, now.groups), (held.meters, now.meters))
        if any(set(was) != set(is_now) for was, is_now in parts):
            yield hub


def _seen(out_dir: Path) -> Seen:
    return from_plain(Seen, json.loads((out_dir / "raw" / "crossings.json").read_text()))


def _dumps(out_dir: Path) -> list[TableDump]:
    return [json.loads((out_dir / "tables" / f"{when}.json").read_text()) for when in DUMPS]


def _check_times(done: Path, trials: Sequence[Trial]) -> None:
    """Failures are made, and repaired, while none of their packets is in flight."""
    if not done.exists():
        return
    until_ns = {trial.begin_ns: trial.send_ns for trial in trials}
    until_ns |= {trial.repair_ns: later.send_ns for trial, later in itertools.pairwise(trials)}
    for one in json.loads(done.read_text()):
        late_ns = one["ended_ns"] - until_ns.get(one["planned_ns"], one["ended_ns"])
        if late_ns > 0:
            raise MeasurementInvalid(
                f"{one['do']} {one['what']} came {late_ns / 1e6:.0f} ms after packets were sent",
                "this machine is too busy for a network by its own clock",
            )


def _senders(plan: Plan) -> dict[str, tuple[str, str]]:
    """By interface: the fibre, and the hub that sends there."""
    return {
        end.interface: (fibre.fibre, end.hub)
        for fibre in plan.wiring.fibres
        for end in (fibre.a, fibre.z)
    }


def _crossings(
    flows: Sequence[SeenFlow],
    ends: tuple[HubWire, HubWire],
    port: int,
    sender: Mapping[str, tuple[str, str]],
) -> tuple[Crossing, ...]:
    """Packets of one trial."""
    wanted = (*(end.host_ip for end in ends), port)
    mine = [flow for flow in flows if (flow.src, flow.dst, flow.src_port) == wanted]
    return tuple(
        Crossing(*sender[flow.interface], flow.label, flow.packets)
        for flow in sorted(mine, key=lambda flow: flow.first_ns)
    )


def _passed(audits: Path) -> Iterator[tuple[str, int]]:
    """Hub and source port of every flow that a gateway let pass."""
    for path in sorted(audits.glob("gateway-*.jsonl")):
        hub = path.stem.removeprefix("gateway-")
        for line in path.read_text().splitlines():
            said = json.loads(line)
            if said["record"] == "seen" and said["verdict"] == "passed":
                yield hub, said["src_port"]


def _bits_ns(topology: Topology, crossing: Crossing) -> int:
    """The time a frame's own bits take, which is longer here than on a real fibre."""
    rate_bps = topology.free_rate_bps(topology.fibre(crossing.fibre), crossing.sent_by)
    return serialisation_ns(FRAME_BYTES + LABEL_BYTES, rate_bps)
