"""Execute a plan in this kernel: ``python -m experiments.execute PLAN.json OUT_DIR``.

The one code path of every testbed. In a guest it is the child of the guest's
init, elsewhere a process of its own under root. Events go out as JSON lines on
standard output, never while something is measured; results go to OUT_DIR as they come.
"""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from experiments.agents_process import AgentsProcess
from experiments.breakages import BFD_SLOW_MS, Breakages
from experiments.controller_process import ControllerProcess
from experiments.plan_values import Boundary, Plan
from experiments.timetable import Appointment, keep
from topologies.errors import CorridorError, MeasurementInvalid
from topologies.values import from_plain, to_plain

if TYPE_CHECKING:
    from experiments.gateways_process import GatewaysProcess
    from experiments.watch_process import WatchProcess
    from topologies.mininet_net import CorridorNet

Emit = Callable[[dict[str, Any]], None]
AGENTS_TIMEOUT_S = 60.0
BFD_TIMEOUT_S = 30.0
EPOCH_MARGIN_S = 1
NS = 1_000_000_000


def execute(plan: Plan, judged_by: Path, out_dir: Path, emit: Emit) -> None:
    """Build, install, prove wiring and tables, measure, read back, take down.

    ``judged_by`` holds the specification. Nothing is sent unless the tables that the switches say
    they hold are proven.
    """
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="corridor-")))
        controller = ControllerProcess(plan, scratch, out_dir)
        stack.callback(controller.close)
        net = stack.enter_context(_network(plan, controller, scratch, emit))
        emit({"event": "phase", "name": "install"})
        emit({"event": "controller", **controller.wait_ready()})
        gateways = _stand_gateways(plan, net, scratch, out_dir, stack)
        if plan.bfd_interval_ms is not None:
            net.wait_bfd(BFD_TIMEOUT_S)
        _dump(controller, net, out_dir / "tables" / "before.json")
        _prove(plan, judged_by, out_dir / "tables" / "before.json", emit)
        breakages = Breakages(net, gateways, plan.bfd_interval_ms)
        watch = _watch(plan, scratch, out_dir, stack)
        if plan.bfd_interval_ms is not None:
            net.set_bfd_interval(plan.bfd_interval_ms)
        _measure(plan, net, gateways, breakages, out_dir, emit)
        if watch is not None:
            watch.stop()
        if gateways is not None:
            (out_dir / "raw" / "gateways.json").write_text(json.dumps(gateways.stop()))
        emit({"event": "phase", "name": "read-back"})
        _dump(controller, net, out_dir / "tables" / "after.json")
        breakages.faults.verify()
        emit({"event": "phase", "name": "teardown"})
    emit({"event": "phase", "name": "end"})


def _stand_gateways(
    plan: Plan, net: CorridorNet, scratch: Path, out_dir: Path, stack: contextlib.ExitStack
) -> GatewaysProcess | None:
    if not plan.gateways:
        return None
    from experiments.gateways_process import start_gateways

    labels = {
        gateway.hub: {
            one.label: {"demand": one.demand, "src": one.src_ip, "dst": one.dst_ip}
            for one in gateway.assesses
        }
        for gateway in plan.gateways
    }
    gateways = start_gateways(net, labels, scratch / "gateways.json", out_dir / "audit")
    stack.callback(gateways.close)
    return gateways


def _watch(
    plan: Plan, scratch: Path, out_dir: Path, stack: contextlib.ExitStack
) -> WatchProcess | None:
    if not plan.watched:
        return None
    from experiments.watch_process import WatchProcess

    out_path = out_dir / "raw" / "crossings.json"
    watch = WatchProcess(plan.wiring, scratch / "watch.json", out_path)
    stack.callback(watch.close)
    return watch


def _dump(controller: ControllerProcess, net: CorridorNet, target: Path) -> None:
    """What the switches say they hold, and how they are set up."""
    controller.dump(target)
    said = json.loads(target.read_text())
    target.write_text(json.dumps({**said, "settings": net.settings()}, indent=1, sort_keys=True))


def _prove(plan: Plan, judged_by: Path, dump: Path, emit: Emit) -> None:
    from controller.specification import Specification
    from experiments.proof import prove_before_traffic

    emit({"event": "phase", "name": "prove"})
    specification = Specification.from_json(judged_by.read_text())
    emit({"event": "proven", "said": prove_before_traffic(dump, plan, specification)})


@contextlib.contextmanager
def _network(
    plan: Plan, controller: ControllerProcess, scratch: Path, emit: Emit
) -> Iterator[CorridorNet]:
    from topologies.mininet_net import CorridorNet

    controller.start()
    emit({"event": "phase", "name": "build"})
    net = CorridorNet(
        plan.wiring,
        controllers=[f"tcp:127.0.0.1:{controller.port}"],
        segmentation_offload=plan.segmentation_offload,
        private_dir=scratch / "openvswitch",
        bfd_interval_ms=None if plan.bfd_interval_ms is None else BFD_SLOW_MS,
    )
    with net:
        assert net.openvswitch is not None
        emit({"event": "built", "private_openvswitch": net.openvswitch.is_private})
        yield net


def _measure(
    plan: Plan,
    net: CorridorNet,
    gateways: GatewaysProcess | None,
    breakages: Breakages,
    out_dir: Path,
    emit: Emit,
) -> None:
    job_path = out_dir / "raw" / "job.json"
    job_path.parent.mkdir(parents=True, exist_ok=True)
    job_path.write_text(json.dumps(_placed(plan, net, out_dir / "raw")))
    agents = AgentsProcess(job_path)
    try:
        emit({"event": "agents", **agents.wait("ready", AGENTS_TIMEOUT_S)})
        epoch_ns = (time.time_ns() // NS + 1 + EPOCH_MARGIN_S) * NS
        emit({"event": "phase", "name": "measure", "epoch_ns": epoch_ns})
        agents.tell({"epoch_ns": epoch_ns})
        if gateways is not None:
            gateways.count_from(epoch_ns)
        agents.wait("started", AGENTS_TIMEOUT_S)
        readings = _counter_readings(plan.boundaries, net, out_dir / "raw" / "fibres.json")
        keep([*breakages.appointments(plan.faults, epoch_ns), *readings], epoch_ns)
        done = agents.wait("done", None)
        breakages.write(out_dir / "raw" / "faults.json")
        emit({"event": "agents-done", **done})
        _refuse_deaths(done["died"])
    finally:
        agents.close()
    if plan.transfers:
        emit({"event": "phase", "name": "transfer"})
        _transfer(plan, net, out_dir / "raw" / "transfers.json")


def _refuse_deaths(died: list[dict[str, Any]]) -> None:
    if died:
        hosts = sorted(host for death in died for host in death["hosts"])
        named = ", ".join(hosts[:5]) + (" ..." if len(hosts) > 5 else "")
        raise MeasurementInvalid(
            f"traffic agents died while measuring: {named}", "what they had measured is kept"
        )


def _placed(plan: Plan, net: CorridorNet, raw: Path) -> dict[str, Any]:
    """The job with what only this kernel knows: where namespaces are and where results go."""
    hosts = [
        {**host, "netns": net[host["name"]].namespace.path, "interface": host["interface"]}
        for host in plan.job["hosts"]
    ]
    return {**plan.job, "hosts": hosts, "out_dir": str(raw)}


def _counter_readings(
    boundaries: tuple[Boundary, ...], net: CorridorNet, target: Path
) -> Iterator[Appointment]:
    """Every fibre's counters are read at each boundary, so that losses can be placed."""
    readings: list[dict[str, Any]] = []

    def read(name: str) -> None:
        readings.append({"name": name, "counters": to_plain(net.kernel.counters())})
        if len(readings) == len(boundaries):
            target.write_text(json.dumps(readings))

    for boundary in boundaries:
        yield Appointment(boundary.at_ns, partial(read, boundary.name))


def _transfer(plan: Plan, net: CorridorNet, target: Path) -> None:
    from traffic import tcp

    results = []
    for transfer in plan.transfers:
        before = to_plain(net.kernel.counters())
        result = tcp.run(
            tcp.Transfer(
                flow=transfer.demand,
                server_netns=net.nameToNode[transfer.dst_host].namespace.path,
                server_ip=transfer.dst_ip,
                client_netns=net.nameToNode[transfer.src_host].namespace.path,
                client_ip=transfer.src_ip,
                port=transfer.port,
                client_port=transfer.client_port,
                control_port=transfer.control_port,
                duration_s=transfer.duration_s,
            )
        )
        after = to_plain(net.kernel.counters())
        results.append(
            {
                "demand": transfer.demand,
                "result": to_plain(result),
                "counters": {"before": before, "after": after},
            }
        )
        target.write_text(json.dumps(results))


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(arguments: list[str]) -> int:
    plan_path, out_dir = Path(arguments[0]), Path(arguments[1])
    signal.signal(signal.SIGTERM, _stop)

    def emit(event: dict[str, Any]) -> None:
        print(json.dumps({"event": event["event"], "at_ns": time.time_ns(), **event}), flush=True)

    try:
        plan = from_plain(Plan, json.loads(plan_path.read_text()))
        execute(plan, plan_path.with_name("specification.json"), out_dir, emit)
    except KeyboardInterrupt:
        emit({"event": "failed", "kind": "Interrupted", "message": "stopped", "code": 130})
        return 130
    except CorridorError as error:
        emit({"event": "failed", "message": str(error), "code": error.exit_code})
        return error.exit_code
    except OSError as error:
        emit({"event": "failed", "message": str(error), "code": 3})
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
