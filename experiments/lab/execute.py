"""Execute a plan in this kernel: ``python -m corridor.experiments.lab.execute PLAN.json OUT_DIR``.

The one code path of every testbed. In a guest it is the child of the guest's
init, elsewhere a separate process under root. Events go out as JSON lines on
standard output, never while something is measured; results go to OUT_DIR as they come.
"""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from corridor.experiments.account.counters import (
    Health,
    SocketDrops,
    socket_drops,
    write_health,
    write_queues,
)
from corridor.experiments.account.utilisation import reading_times_ns
from corridor.experiments.lab.account_readings import (
    AccountReadings,
    counted,
    counting_all,
    since,
    udp_errors,
    utilisation_readings,
)
from corridor.experiments.lab.controller_process import ControllerProcess
from corridor.experiments.lab.dumps import Dump, fingerprint
from corridor.experiments.lab.event_driver import (
    Captures,
    EventDriver,
    TimedEvent,
    Transfers,
    keep,
    use_readings,
)
from corridor.experiments.lab.line_process import AgentsProcess
from corridor.experiments.lab.planned_instants import (
    align_before,
    await_instant,
    idle_time_skipped,
    share_the_processor,
)
from corridor.experiments.lab.reusable_network import ReusableNetwork, epoch_ns, stand
from corridor.experiments.lab.run_events import (
    AgentsDone,
    AgentsReady,
    ControllerReady,
    Emit,
    emit,
    failures_told,
    step,
    stop,
)
from corridor.experiments.plan.values import PROVEN, Plan
from corridor.experiments.scenario.event_registry import KINDS as EVENTS
from corridor.topologies.base.codec import from_plain
from corridor.topologies.base.errors import MeasurementInvalid
from corridor.topologies.base.slowness import measure, patient
from corridor.topologies.model.fault_kind import ALL_FIBRES, QUICKEN, SLOW
from corridor.traffic.agents.probe import Probe
from corridor.traffic.workloads.arrivals import parts_of

if TYPE_CHECKING:
    from corridor.experiments.lab.assembly import GatewaysProcess
    from corridor.experiments.lab.following_controller import FollowingController
    from corridor.experiments.lab.line_process import MonitorProcess
    from corridor.topologies.emulation.network import CorridorNet
    from corridor.topologies.emulation.ovsdb import OpenVSwitch
    from corridor.traffic.agents.inspection import LabelPlan
    from corridor.traffic.agents.jobs import Death, Job

AGENTS_TIMEOUT_S = 60.0
BFD_TIMEOUT_S = 30.0
PACES = (QUICKEN, SLOW)
REST_S, FOLLOWED_SILENCE_S = 1_000_000, 60
"""How long switches keep a controller that says nothing: for good where nothing changes."""
ALIGNED_BEFORE_NS = 50_000_000
"""Before the epoch; nothing else is due then."""
FOLLOWED_S = 2.0
"""What happened last has been followed by then."""


def execute(plan: Plan, inputs: Path, out_dir: Path, emit: Emit) -> None:
    """Build the network of a plan, carry the plan out, and take the network down."""
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="corridor-")))
        standing = stack.enter_context(stand(plan, scratch, out_dir, emit))
        perform(standing, inputs, out_dir, emit)
        emit({"event": "phase", "name": "teardown"})
    emit({"event": "phase", "name": "end"})


def perform(standing: ReusableNetwork, inputs: Path, out_dir: Path, emit: Emit) -> None:
    """Install, prove wiring and tables, measure, and read back.

    ``inputs`` holds the specification and may say which tables are proven already. Nothing is
    sent unless the tables that the switches say they hold are proven.
    """
    plan, net, controller = standing.plan, standing.net, standing.controller
    openvswitch = net.openvswitch
    assert openvswitch is not None
    with contextlib.ExitStack() as stack:
        emit({"event": "phase", "name": "install"})
        report = controller.wait_ready(partial(step, emit))
        emit(cast(ControllerReady, {"event": "controller", **report}))
        await_instant(plan.job.clock)
        net.shape()
        gateways = standing.gateways
        if gateways is None:
            gateways = _stand_gateways(plan, net, standing.scratch, out_dir, stack)
        if plan.bfd_interval_ms is not None:
            net.wait_bfd(patient(BFD_TIMEOUT_S))
        controller.wait_settled()
        await_instant(plan.job.clock)
        _prove(plan, inputs, _dump(controller, net, out_dir / "tables" / "before.json"), emit)
        transfers = Transfers(net, plan.transfers, plan.demands, out_dir / "raw" / "transfers.json")
        control = standing.scratch / "control.sock"
        captures = Captures(plan.wiring, out_dir / "captures", control)
        stack.callback(captures.close)
        watch = _watch(plan, standing.scratch, out_dir, stack)
        counts = stack.enter_context(AccountReadings(plan, net))
        events = _driver(standing, gateways, transfers, captures, watch, counts)
        if plan.job.clock != "real":
            _let_rest(openvswitch, plan)
        has_bfd = plan.bfd_interval_ms is not None
        before = counted(net, bfd=has_bfd)
        udp = udp_errors(net)
        queues = net.kernel.class_counters()
        counts.read("start", 0)
        sockets = _measure(plan, net, controller, gateways, events, counts, out_dir, emit)
        after = counting_all(counted(net, bfd=has_bfd), events.counted_before)
        health = Health(before, after, sockets, since(udp, udp_errors(net)))
        write_health(out_dir / "raw", health)
        write_queues(out_dir / "raw", queues, net.kernel.class_counters())
        with idle_time_skipped(plan.job.clock):
            _transfer_alone(plan, transfers, emit)
        counts.finish(plan.job.end_ns)
        counts.write(out_dir / "raw")
        if watch is not None:
            watch.stop()
        emit({"event": "phase", "name": "read-back"})
        if plan.follows:
            time.sleep(FOLLOWED_S)
        openvswitch.count_all()
        _dump(controller, net, out_dir / "tables" / "after.json")
        if plan.follows:
            controller.close()  # it would take the end of gateways for failures
        if gateways is not None:
            (out_dir / "raw" / "gateways.json").write_text(json.dumps(gateways.stop()))
        events.faults.verify()


def _quicken(net: CorridorNet, plan: Plan, interval_ms: int) -> None:
    """Have the sessions at the planned interval that are to be so from the epoch on.

    All of them, unless the plan slows or quickens any.
    """
    first = {change.what: change for change in reversed(plan.changes) if change.do in PACES}
    fibres = [what for what, change in first.items() if (change.do, change.at_ns) == (QUICKEN, 0)]
    if not first or ALL_FIBRES in first:
        fibres = [ALL_FIBRES]
    for fibre in fibres:
        net.set_bfd_interval(interval_ms, fibre or None)
    if fibres:
        net.wait_bfd_interval(interval_ms, fibres, patient(BFD_TIMEOUT_S))


def _let_rest(openvswitch: OpenVSwitch, plan: Plan) -> None:
    """As far as possible: at rest it does not look for a controller that comes back."""
    silence_s = FOLLOWED_SILENCE_S if plan.follows else REST_S
    reconnects = any(EVENTS[event.kind].disconnects for event in plan.events)
    openvswitch.rest(plan.wiring, silence_s, reconnects=reconnects)


def _stand_gateways(
    plan: Plan, net: CorridorNet, scratch: Path, out_dir: Path, stack: contextlib.ExitStack
) -> GatewaysProcess | None:
    if not plan.gateways:
        return None
    from corridor.experiments.lab.assembly import start_gateways

    labels: dict[str, dict[int, LabelPlan]] = {
        gateway.hub: {
            one.label: {"demand": one.demand, "src": one.src_ip, "dst": one.dst_ip}
            for one in gateway.assesses
        }
        for gateway in plan.gateways
    }
    gateways = start_gateways(net, labels, scratch / "gateways.json", out_dir / "audit")
    stack.callback(gateways.close)
    return gateways


def _driver(
    standing: ReusableNetwork,
    gateways: GatewaysProcess | None,
    transfers: Transfers,
    captures: Captures,
    monitor: MonitorProcess | None,
    counts: AccountReadings,
) -> EventDriver:
    plan, controller = standing.plan, standing.controller
    follows = cast("FollowingController", controller) if plan.follows else None
    interval_ms = plan.bfd_interval_ms
    driver = EventDriver(
        standing.net, gateways, interval_ms, follows, transfers, captures, monitor, counts.around
    )
    counts.faults = driver.faults
    return driver


def _watch(
    plan: Plan, scratch: Path, out_dir: Path, stack: contextlib.ExitStack
) -> MonitorProcess | None:
    if not plan.watched:
        return None
    from corridor.experiments.lab.line_process import MonitorProcess

    out_path = out_dir / "raw" / "crossings.json"
    watch = MonitorProcess(plan.wiring, scratch / "watch.json", out_path)
    stack.callback(watch.close)
    return watch


def _dump(controller: ControllerProcess, net: CorridorNet, target: Path) -> Dump:
    """What the switches say they hold, and how they are set up; kept in a file."""
    controller.dump(target)
    said = json.loads(target.read_text())
    told = {hub: one for hub, one in net.settings().items() if hub in said["switches"]}
    said = {**said, "settings": told}
    target.write_text(json.dumps(said, indent=1, sort_keys=True))
    return Dump(str(target), said)


def _prove(plan: Plan, inputs: Path, dump: Dump, emit: Emit) -> None:
    """Nothing, if the dump says what is proven already; else a proof of it, here."""
    emit({"event": "phase", "name": "prove"})
    known = _known(inputs)
    if known.get("digest") == dump.digest and known.get("inputs") == fingerprint(inputs):
        emit({"event": "proven", "said": known.get("said", ""), "of": dump.digest})
        return
    from corridor.controller.intent.specification import Specification
    from corridor.experiments.lab.proof import (
        in_a_line,
        prove_before_traffic,
        prove_others_said,
        refuse_endless,
    )

    specification = Specification.from_json((inputs / "specification.json").read_text())
    if plan.controller:  # violations are reported, and traffic is sent: it is the user's network
        proof = prove_others_said(dump, plan, specification)
        emit({"event": "proven", "said": in_a_line(proof), "of": dump.digest})
        refuse_endless(proof)
        return
    said = prove_before_traffic(dump, plan, specification, inputs)
    emit({"event": "proven", "said": said, "of": dump.digest})


def _known(inputs: Path) -> dict[str, Any]:
    """What is stated to be proven already; nothing, if that statement is invalid."""
    try:
        known = json.loads((inputs / PROVEN).read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _measure(
    plan: Plan,
    net: CorridorNet,
    controller: ControllerProcess,
    gateways: GatewaysProcess | None,
    events: EventDriver,
    counts: AccountReadings,
    out_dir: Path,
    emit: Emit,
) -> dict[str, SocketDrops]:
    """What sockets of agents have dropped."""
    job_path = out_dir / "raw" / "job.json"
    job_path.parent.mkdir(parents=True, exist_ok=True)
    job_path.write_text(_placed(plan, net, out_dir / "raw").to_json())
    for host in plan.job.hosts:
        for probe in host.of(Probe):
            parts_of(probe.arrival)  # one of a package tells agents its folder
    agents = AgentsProcess(job_path)
    try:
        emit(
            cast(
                AgentsReady, {"event": "agents", **agents.wait("ready", patient(AGENTS_TIMEOUT_S))}
            )
        )
        with idle_time_skipped(plan.job.clock):
            if plan.job.clock == "virtual":
                _begin_timers_again(net, controller)
            if plan.bfd_interval_ms is not None:
                _quicken(net, plan, plan.bfd_interval_ms)
                await_instant(plan.job.clock)
            start_ns = epoch_ns(plan, time.time_ns())
            emit({"event": "phase", "name": "measure", "epoch_ns": start_ns})
            agents.tell({"epoch_ns": start_ns})
            if gateways is not None:
                gateways.count_from(start_ns)
            agents.wait("started", patient(AGENTS_TIMEOUT_S))
            if plan.job.clock == "virtual":
                align_before(start_ns - ALIGNED_BEFORE_NS)
                share_the_processor(plan.job.clock)
            readings = [
                TimedEvent(one.at_ns, partial(counts.read, one.name, one.at_ns))
                for one in plan.boundaries
            ]
            times_ns = reading_times_ns(plan)
            used = use_readings(times_ns, net, out_dir / "raw")
            loads = utilisation_readings(times_ns, counts, out_dir / "raw")
            planned = events.timed_events(plan.changes, start_ns)
            keep([*planned, *readings, *used, *loads], start_ns)
            done = agents.wait("done", None)
        events.write(out_dir / "raw" / "changes.json")
        emit(cast(AgentsDone, {"event": "agents-done", **done}))
        _refuse_deaths(done["died"])
        return socket_drops(done["agents"])
    finally:
        agents.close()


def _begin_timers_again(net: CorridorNet, controller: ControllerProcess) -> None:
    """Have the timers of Open vSwitch and of the controller begin at a planned instant.

    Each of their waits begins when the one before has ended, so that a wait of theirs that a
    start-up has made a tick later is a tick late for good.
    """
    assert net.openvswitch is not None
    await_instant("virtual")
    with net.openvswitch.held(), controller.held():
        await_instant("virtual")
    net.openvswitch.wait_for_ports()
    await_instant("virtual")


def _transfer_alone(plan: Plan, transfers: Transfers, emit: Emit) -> None:
    """Those that are not of the timeline, one after another, once the agents have ended."""
    alone = [one for one in plan.transfers if one.at_ns is None]
    if alone:
        emit({"event": "phase", "name": "transfer"})
        for one in alone:
            transfers.carry_out(plan.demands[one.demand].id)


def _refuse_deaths(died: list[Death]) -> None:
    if died:
        hosts = sorted(host for death in died for host in death["hosts"])
        named = ", ".join(hosts[:5]) + (" ..." if len(hosts) > 5 else "")
        raise MeasurementInvalid(
            f"traffic agents died while measuring: {named}", "their measurements are kept"
        )


def _placed(plan: Plan, net: CorridorNet, raw: Path) -> Job:
    """The job with what only this kernel knows: where namespaces are and where results go."""
    hosts = tuple(host._replace(netns=net[host.name].namespace.path) for host in plan.job.hosts)
    return plan.job._replace(hosts=hosts, out_dir=str(raw))


def main(arguments: list[str]) -> int:
    plan_path, out_dir = Path(arguments[0]), Path(arguments[1])
    signal.signal(signal.SIGTERM, stop)

    def work() -> None:
        plan = from_plain(Plan, json.loads(plan_path.read_text()))
        if plan.job.clock == "real":
            measure()
        execute(plan, plan_path.parent, out_dir, emit)

    return failures_told(work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
