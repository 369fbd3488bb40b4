"""From a demand under test and sets of failures to a plan that puts it to the test. Pure.

Each set has a trial: its failures are made, packets are sent, and all is repaired again. The
packets of a trial have a separate source port, by which they are told from others wherever they
are seen. Fibres are empty before the next.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from corridor.controller.intent.specification import Direction, Specification, failures_of
from corridor.controller.openflow.frameworks import framework_here
from corridor.controller.testing.network import DemandUnderTest
from corridor.controller.testing.packets import Failed
from corridor.experiments.plan.policies import assessments
from corridor.experiments.plan.values import PLAN_SCHEMA, Change, Plan
from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.model import cut, hub_faults
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import Wiring
from corridor.traffic.agents import jobs
from corridor.traffic.agents.probe import Probe
from corridor.traffic.agents.reflector import Reflector
from corridor.traffic.agents.scapy_process import build_templates
from corridor.traffic.packets import ports, stamp
from corridor.traffic.packets.template import FrameSpec, ssid_of

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
