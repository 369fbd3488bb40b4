"""Execute a plan in this kernel: ``python -m experiments.execute PLAN.json OUT_DIR``.

The one code path of every testbed. In a guest it is the child of the guest's
init, elsewhere a process of its own under root. Events go out as JSON lines on
standard output, never while something is measured; results go to OUT_DIR as they come.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from experiments.plan_values import Boundary, Plan
from topologies.errors import CorridorError, EnvironmentLacking, MeasurementInvalid
from topologies.ovsdb import die_with_parent
from topologies.values import from_plain, to_plain
from traffic.launcher import command as launcher_command

if TYPE_CHECKING:
    from topologies.mininet_net import CorridorNet

Emit = Callable[[dict[str, Any]], None]
CONTROLLER_TIMEOUT_S = 120.0
AGENTS_TIMEOUT_S = 60.0
EPOCH_MARGIN_S = 1
NS = 1_000_000_000
ROOT = Path(__file__).resolve().parent.parent


def execute(plan: Plan, out_dir: Path, emit: Emit) -> None:
    """Build, install, prove the wiring, measure, read back, take down."""
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="corridor-")))
        controller = Controller(plan, scratch, out_dir)
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
    plan: Plan, controller: Controller, scratch: Path, emit: Emit
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


class Controller:
    """The controller process and the line it reports on."""

    def __init__(self, plan: Plan, scratch: Path, out_dir: Path) -> None:
        self._plan = plan
        self._program = scratch / "program.json"
        self._address = scratch / "status.sock"
        self._log_path = out_dir / "controller.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._read = b""
        self._status: socket.socket | None = None
        self._ready = False
        self.port = _free_port()

    def start(self) -> None:
        self._program.write_text(json.dumps(to_plain(self._plan.program)))
        self._listener.bind(str(self._address))
        self._listener.listen(1)
        environment = dict(
            os.environ,
            CORRIDOR_FRAMEWORK=self._plan.framework,
            CORRIDOR_PROGRAM=str(self._program),
            CORRIDOR_STATUS=str(self._address),
        )
        with self._log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "controller.main", "--port", str(self.port)],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,
            )

    def wait_ready(self) -> dict[str, Any]:
        """Tables in and wiring as declared; raises with the reason otherwise."""
        self._connect()
        message = self._expect("ready", CONTROLLER_TIMEOUT_S)
        if message is None:
            report = self._ask({"do": "report"}, "report") or {}
            raise EnvironmentLacking(
                f"the controller is not ready after {CONTROLLER_TIMEOUT_S:g} s: {_missing(report)}",
                f"see {self._log_path.name} in the result folder",
            )
        self._ready = True
        return {key: value for key, value in message.items() if key != "event"}

    def dump(self, target: Path) -> None:
        """Write what the switches say they hold."""
        target.parent.mkdir(parents=True, exist_ok=True)
        if self._ask({"do": "dump", "to": str(target)}, "dumped") is None:
            raise MeasurementInvalid(f"the switches did not answer for {target.name}")

    def close(self) -> None:
        if self._process is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
            self._process.kill()
            self._process.wait()
        self._listener.close()

    def _connect(self) -> None:
        self._listener.settimeout(0.2)
        deadline = time.monotonic() + CONTROLLER_TIMEOUT_S
        while self._status is None:
            with contextlib.suppress(TimeoutError):
                self._status, _ = self._listener.accept()
            if self._status is None:
                self._check_alive()
                if time.monotonic() > deadline:
                    raise EnvironmentLacking("the controller does not report", self._log_hint())

    def _ask(self, message: dict[str, Any], answer: str) -> dict[str, Any] | None:
        assert self._status is not None
        try:
            self._status.sendall((json.dumps(message) + "\n").encode())
        except OSError:
            self._check_alive()
        return self._expect(answer, CONTROLLER_TIMEOUT_S)

    def _expect(self, event: str, timeout_s: float) -> dict[str, Any] | None:
        deadline = time.monotonic() + timeout_s
        try:
            while line := self._read_line(deadline):
                message: dict[str, Any] = json.loads(line)
                if message["event"] == event:
                    return message
                if message["event"] == "error":
                    raise EnvironmentLacking(message["message"], self._log_hint())
        except TimeoutError:
            return None
        self._check_alive()
        raise MeasurementInvalid("the controller closed its line", self._log_hint())

    def _read_line(self, deadline: float) -> bytes:
        """The next line, empty at the end; a file object would not read again after a timeout."""
        assert self._status is not None
        while b"\n" not in self._read:
            self._status.settimeout(max(deadline - time.monotonic(), 0.001))
            data = self._status.recv(1 << 16)
            if not data:
                return b""
            self._read += data
        line, _, self._read = self._read.partition(b"\n")
        return line

    def _check_alive(self) -> None:
        assert self._process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self._process.wait(0.2)
            said = self._log_path.read_text(errors="replace").strip().splitlines()
            reason = f": {said[-1]}" if said else ""
            kind = MeasurementInvalid if self._ready else EnvironmentLacking
            raise kind(f"the controller ended with code {code}{reason}", self._log_hint())

    def _log_hint(self) -> str:
        return f"see {self._log_path.name} in the result folder"


def _measure(plan: Plan, net: CorridorNet, out_dir: Path, emit: Emit) -> None:
    job_path = out_dir / "raw" / "job.json"
    job_path.parent.mkdir(parents=True, exist_ok=True)
    job_path.write_text(json.dumps(_placed(plan, net, out_dir / "raw")))
    agents = Agents(job_path)
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


class Agents:
    """The launcher of the traffic agents and its lines."""

    def __init__(self, job_path: Path) -> None:
        self._process = subprocess.Popen(
            launcher_command(str(job_path)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def tell(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write((json.dumps(message) + "\n").encode())
            self._process.stdin.flush()

    def wait(self, kind: str, _timeout_s: float | None) -> dict[str, Any]:
        """The next message of a kind; deaths of agents on the way end the run, with their names."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            message: dict[str, Any] = json.loads(line)
            if kind in message:
                return _as_mapping(kind, message)
            if "failed" in message:
                failed = message["failed"]
                raise EnvironmentLacking(f"host {failed['host']}: {failed['reason']}")
        code = self._process.wait()
        raise MeasurementInvalid(f"the traffic agents ended with code {code} before {kind!r}")

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()


def _as_mapping(kind: str, message: dict[str, Any]) -> dict[str, Any]:
    value = message[kind]
    return value if isinstance(value, dict) else message


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


def _missing(report: dict[str, Any]) -> str:
    parts = [
        f"{len(report.get(key, []))} {text} ({', '.join(map(str, report[key][:3]))} ...)"
        for key, text in (
            ("missing_switches", "switches without tables"),
            ("missing_links", "fibres not seen by LLDP"),
            ("wrong_links", "fibres wired other than declared"),
        )
        if report.get(key)
    ]
    return "; ".join(parts) or "no switch has connected"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
