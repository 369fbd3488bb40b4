"""In a guest: a network that the controller keeps, with traffic, gateways, and a watch."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from triangle import udp_frame

import controller
from controller.specification import Specification
from experiments.crossings import Judge
from experiments.gateways_process import GatewaysProcess, configuration
from experiments.watch_process import WatchProcess
from topologies.faults import Faults
from topologies.mininet_net import CorridorNet
from topologies.ovsdb import die_with_parent
from topologies.wiring import HubWire, Wiring

PORT = 6653
UDP_PORT = 4000
SPACING_S = 0.004
SETTLE_S = 0.5
SCRATCH = Path("/tmp/kept")
ROOT = Path(controller.__file__).resolve().parents[1]
HERE = Path(__file__).resolve().parent
PATIENCE = {"audit_ns": 3_600_000_000_000, "away_ns": 3_000_000_000}


class KeptNetwork:
    """Everything under one roof; ``with`` takes it down."""

    def __init__(
        self,
        out: Path,
        specification: Specification,
        wiring: Wiring,
        framework: str,
        bfd_interval_ms: int = 100,
    ) -> None:
        SCRATCH.mkdir(exist_ok=True)
        self.out = out
        self.specification = specification
        self.wiring = wiring
        self.framework = framework
        self.controller: subprocess.Popen[bytes] | None = None
        self.net = CorridorNet(
            wiring,
            controllers=[f"tcp:127.0.0.1:{PORT}"],
            private_dir=SCRATCH / "ovs",
            bfd_interval_ms=bfd_interval_ms,
        )
        self.watches = 0
        self.runner = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        """Where controllers report; nobody need accept."""

    def __enter__(self) -> KeptNetwork:
        self.runner.bind(str(SCRATCH / "status.sock"))
        self.runner.listen(8)
        (SCRATCH / "specification.json").write_text(self.specification.to_json())
        self.net.start()
        self.start_gateways()
        self.start_controller()
        self.until(lambda: self.ask("status").get("standing"), 60)
        self.faults = Faults(self.wiring, self.net.kernel)
        self.net.wait_bfd(20)
        self.until(self.is_calm, 30)
        return self

    def __exit__(self, *_: object) -> None:
        if self.controller is not None:
            self.kill_controller()
        self.gateways.close()
        self.net.stop()

    def start_gateways(self) -> None:
        config = configuration(self.net, {}, self.out / "audit")
        path = SCRATCH / "gateways.json"
        path.write_text(json.dumps({**config, "socket": str(SCRATCH / "gateways.sock")}))
        self.gateways = GatewaysProcess(path)

    def start_controller(self, *, dies_at: str | None = None) -> None:
        main = ["-m", "controller.main"]
        if dies_at is not None:
            main = [str(HERE / "dying_controller.py"), dies_at]
        environment = {
            **os.environ,
            "CORRIDOR_FRAMEWORK": self.framework,
            "CORRIDOR_SPECIFICATION": str(SCRATCH / "specification.json"),
            "CORRIDOR_WIRING": str(self.out / "wiring.json"),
            "CORRIDOR_STATUS": str(SCRATCH / "status.sock"),
            "CORRIDOR_CONTROL": str(SCRATCH / "control.sock"),
            "CORRIDOR_GATEWAYS": str(SCRATCH / "gateways.sock"),
            "CORRIDOR_EVENTS": str(self.out / "events.jsonl"),
            "CORRIDOR_STATE": str(SCRATCH / "state.json"),
            "CORRIDOR_PATIENCE": json.dumps(PATIENCE),
        }
        with (self.out / "controller.log").open("ab") as log:
            self.controller = subprocess.Popen(
                [sys.executable, *main, "--port", str(PORT)],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,
            )

    def kill_controller(self) -> None:
        assert self.controller is not None
        self.controller.kill()
        self.controller.wait()
        self.controller = None

    def ask(self, do: str, **more: Any) -> dict[str, Any]:
        """What the control socket answers; ``ok`` is false while nobody listens."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
                link.settimeout(120)
                link.connect(str(SCRATCH / "control.sock"))
                link.sendall((json.dumps({"do": do, **more}) + "\n").encode())
                line = link.makefile("r").readline()
                return json.loads(line) if line else {"ok": False, "reason": "closed"}
        except OSError as problem:
            return {"ok": False, "reason": str(problem)}

    def until(self, what: Any, seconds: float) -> float:
        """Wait until something is so; how long it took. What it last was is said if it is not."""
        start = time.monotonic()
        while not (was := what()):
            if time.monotonic() - start > seconds:
                log = (self.out / "controller.log").read_text(errors="replace")[-3000:]
                said = [one for one in self.events() if one["event"] not in ("status",)][-12:]
                raise RuntimeError(f"not in {seconds} s: {was} {self.ask('status')}\n{said}\n{log}")
            time.sleep(0.05)
        return time.monotonic() - start

    def is_calm(self) -> bool:
        """Everything stands that should, with nothing failed."""
        status = self.ask("status")
        topology = self.ask("topology")
        return (
            bool(status.get("standing"))
            and not status["doubt"]
            and all(one["works"] for one in topology["fibres"].values())
            and all(one["gateway"] is not False for one in topology["hubs"].values())
            and not set(status["demands"]) & {"UNKNOWN", "DOWN"}
        )

    def statuses(self) -> dict[str, str]:
        return {one["demand"]: one["status"] for one in self.ask("demands").get("demands", [])}

    def events(self, *kinds: str) -> list[dict[str, Any]]:
        """As the controllers wrote them."""
        path = self.out / "events.jsonl"
        said = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [one for one in said if not kinds or one["event"] in kinds]

    def watched(self, specification: Specification | None = None) -> Watched:
        self.watches += 1
        return Watched(self, specification or self.specification)

    def restart_vswitchd(self) -> None:
        openvswitch = self.net.openvswitch
        daemon = openvswitch._daemons.pop()
        daemon.kill()
        daemon.wait()
        time.sleep(0.5)
        run_dir = openvswitch.run_dir
        (run_dir / "ovs-vswitchd.pid").unlink(missing_ok=True)
        quiet = ["-vconsole:off", "-vsyslog:off", f"--log-file={run_dir}/ovs.log"]
        openvswitch._daemon(["ovs-vswitchd", f"unix:{run_dir}/db.sock", *quiet])

    def connect_switch(self, hub: str, *, connected: bool) -> None:
        port = PORT if connected else 1
        bridge = self.wiring.hub(hub).bridge
        self.net.openvswitch._checked(
            ["ovs-vsctl", "--no-wait", "set-controller", bridge, f"tcp:127.0.0.1:{port}"]
        )

    def tamper(self, hub: str, *words: str) -> None:
        address = self.net.switch_of(hub).management_address
        subprocess.run(["ovs-ofctl", "-O", "OpenFlow13", words[0], address, *words[1:]], check=True)


class Watched:
    """Traffic of every demand, from entering to leaving, and what came of it."""

    def __init__(self, kept: KeptNetwork, specification: Specification) -> None:
        self._kept = kept
        self._specification = specification
        self._port = UDP_PORT + kept.watches
        self._stop = threading.Event()
        self._sent: dict[str, list[int]] = {}
        self.lost: dict[str, list[float]] = {}
        """By demand, when what did not arrive was sent, in seconds since the start."""
        self.counts: dict[str, int] = {}

    def __enter__(self) -> Watched:
        number = self._kept.watches
        config, seen = SCRATCH / f"watch{number}.json", self._kept.out / f"crossings{number}.json"
        self._watch = WatchProcess(self._kept.wiring, config, seen)
        self._ends = {}
        for one in self._kept.specification.directions:
            src, dst = (self._kept.wiring.hub(hub) for hub in (one.demand.src, one.demand.dst))
            self._ends[one.demand.id] = (src, dst, self._sender(src), self._receiver(dst))
        self._thread = threading.Thread(target=self._send)
        self.start_ns = time.time_ns()
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        time.sleep(SETTLE_S)
        self._stop.set()
        self._thread.join()
        time.sleep(SETTLE_S)
        self._collect()
        seen = self._watch.stop()
        self.verdict = Judge(self._specification, self._kept.wiring).verdict(seen)

    def summary(self) -> dict[str, Any]:
        """Plain, for the test outside."""
        return {
            "sent": self.counts,
            "lost": self.lost,
            "frames": self.verdict.frames,
            "unseen": self.verdict.lost,
            "forbidden": [str(one) for one in self.verdict.forbidden],
            "strange": [str(one) for one in self.verdict.strange],
        }

    def _send(self) -> None:
        numbers = 0
        due = time.monotonic()
        while not self._stop.is_set():
            for demand, (src, dst, wire, _) in self._ends.items():
                self._sent.setdefault(demand, []).append(time.time_ns())
                wire.send(udp_frame(src, dst, self._port, struct.pack("!Q", numbers)))
            numbers += 1
            due += SPACING_S
            time.sleep(max(0.0, due - time.monotonic()))

    def _collect(self) -> None:
        receivers = {id(r): r for _, _, _, r in self._ends.values()}
        arrived: dict[str, set[int]] = {demand: set() for demand in self._ends}
        by_pair = {(s.host_ip, id(r)): demand for demand, (s, _, _, r) in self._ends.items()}
        for key, receiver in receivers.items():
            while True:
                try:
                    payload, (address, _) = receiver.recvfrom(64)
                except BlockingIOError:
                    break
                demand = by_pair.get((address, key))
                if demand is not None:
                    arrived[demand].add(int.from_bytes(payload[:8]))
        for demand, (*_, wire, _) in self._ends.items():
            sent = self._sent[demand]
            self.counts[demand] = len(sent)
            self.lost[demand] = [
                round((at - self.start_ns) / 1e9, 3)
                for number, at in enumerate(sent)
                if number not in arrived[demand]
            ]
            wire.close()
        for receiver in receivers.values():
            receiver.close()

    def _sender(self, src: HubWire) -> socket.socket:
        with self._kept.net[src.hub].namespace.entered():
            wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            wire.bind((src.host_interface, 0))
        return wire

    def _receiver(self, dst: HubWire) -> socket.socket:
        for _, known, _, receiver in self._ends.values():
            if known == dst:
                return receiver
        with self._kept.net[dst.hub].namespace.entered():
            receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            receiver.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
            receiver.bind((dst.host_ip, self._port))
        receiver.setblocking(False)
        return receiver
