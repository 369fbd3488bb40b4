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
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from experiments.agents_process import AgentsProcess
from experiments.controller_process import ControllerProcess
from experiments.plan_values import Boundary, Plan
from topologies.errors import CorridorError, MeasurementInvalid
from topologies.values import from_plain, to_plain

if TYPE_CHECKING:
    from topologies.mininet_net import CorridorNet

Emit = Callable[[dict[str, Any]], None]
AGENTS_TIMEOUT_S = 60.0
EPOCH_MARGIN_S = 1
NS = 1_000_000_000


def execute(plan: Plan, out_dir: Path, emit: Emit) -> None:
    """Build, install, prove the wiring, measure, read back, take down."""
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="corridor-")))
        controller = ControllerProcess(plan, scratch, out_dir)
        stack.callback(controller.close)
        net = stack.enter_context(_network(plan, controller, scratch, emit))
        emit({"event": "phase", "name": "install"})
        emit({"event": "controller", **controller.wait_ready()})
        controller.dump(out_dir / "tables" / "before.json")
        _measure(plan, net, out_dir, emit)
        emit({"event": "phase", "name": "read-back"})
        controller.dump(out_dir / "tables" / "after.json")
        net.kernel.verify()
        emit({"event": "phase", "name": "teardown"})
    emit({"event": "phase", "name": "end"})


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
    )
    with net:
        assert net.openvswitch is not None
        emit({"event": "built", "private_openvswitch": net.openvswitch.is_private})
        yield net


def _measure(plan: Plan, net: CorridorNet, out_dir: Path, emit: Emit) -> None:
    job_path = out_dir / "raw" / "job.json"
    job_path.parent.mkdir(parents=True, exist_ok=True)
    job_path.write_text(json.dumps(_placed(plan, net, out_dir / "raw")))
    agents = AgentsProcess(job_path)
    try:
        emit({"event": "agents", **agents.wait("ready", AGENTS_TIMEOUT_S)})
        epoch_ns = (time.time_ns() // NS + 1 + EPOCH_MARGIN_S) * NS
        emit({"event": "phase", "name": "measure", "epoch_ns": epoch_ns})
        agents.tell({"epoch_ns": epoch_ns})
        agents.wait("started", AGENTS_TIMEOUT_S)
        _watch_fibres(plan.boundaries, epoch_ns, net, out_dir / "raw" / "fibres.json")
        done = agents.wait("done", None)
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


def _watch_fibres(
    boundaries: tuple[Boundary, ...], epoch_ns: int, net: CorridorNet, target: Path
) -> None:
    """Read every fibre's counters at each boundary, so that losses can be placed."""
    readings = []
    for boundary in boundaries:
        delay_ns = epoch_ns + boundary.at_ns - time.time_ns()
        time.sleep(max(0, delay_ns) / NS)
        readings.append({"name": boundary.name, "counters": to_plain(net.kernel.counters())})
    if readings:
        target.write_text(json.dumps(readings))


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
        execute(plan, out_dir, emit)
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
