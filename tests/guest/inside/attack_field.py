"""In a guest: the network under attack, honest traffic over it, and all who watch it.

What judges an attack shares nothing with the tables: every frame past a fibre's delay line, as the
watch counts them and as the kernel does; every frame that reaches a host; the switches' counters.
"""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from honest_traffic import RECEIVE_BUFFER, RECEIVE_BUFFER_FORCED, Honest, receiver
from rogue_gateway import Rogue

from corridor.controller.forwarding.program import COOKIE_MAGIC, Program, Reason
from corridor.experiments.lab.assembly import GatewaysProcess, start_gateways
from corridor.experiments.lab.controller_process import ControllerProcess
from corridor.experiments.lab.line_process import MonitorProcess
from corridor.topologies.base.codec import from_plain
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.named_tuples import to_plain
from corridor.topologies.emulation.datapath import NetlinkSocket
from corridor.topologies.emulation.network import CorridorNet
from corridor.topologies.emulation.queues.rtnetlink import mtu_set
from corridor.topologies.model.wiring import Wiring

EVERY_PROTOCOL = 3
LARGE_MTU = 9000
SETTLE_S = 2.5
"""Switches bring their counters up to date about twice a second; the longest path takes 0.1 s."""
SPACING_S, BURST = 0.0002, 10
HONEST_PACKETS = 20
"""Of each demand in the course of an attack, at least."""
VIRTUAL = SimpleNamespace(clock="virtual")
SCRATCH = Path("/tmp/attack")

type Shot = tuple[str, str, bytes]
"""Hub, door (``host``, or the side of its gateway) and frame."""


class Field:
    """Everything that is up."""

    def __init__(self, given: dict[str, Any], out_dir: Path) -> None:
        SCRATCH.mkdir()
        self.given, self.out_dir = given, out_dir
        self._complained: list[str] = []
        self.wiring = from_plain(Wiring, given["wiring"])
        program = from_plain(Program, given["program"])
        told: Any = SimpleNamespace(program=program, framework="ryu", job=VIRTUAL)
        self.controller = ControllerProcess.of_plan(told, SCRATCH, out_dir)
        address = "unix:switches.sock"
        self.net = CorridorNet(self.wiring, controllers=[address], private_dir=SCRATCH / "ovs")

    def __enter__(self) -> Field:
        self.net.start()
        self.controller.start(self.net.openvswitch.run_dir / "switches.sock")
        self.controller.wait_ready()
        self.gateways = self._stand_gateways()
        self.doors = {hub.hub: self._door(hub.hub) for hub in self.wiring.hubs}
        # So that no host complains by ICMP of what it gets.
        self._bound = [
            receiver(self.net, hub.hub, port)
            for hub in self.wiring.hubs
            for port in self.given["ports"]
        ]
        self.honest = [
            Honest(self.net, plan, self.given["honest_port"], self.doors[plan["src"]])
            for plan in self.given["honest"]
        ]
        return self

    def __exit__(self, *_failure: object) -> None:
        self.gateways.close()
        self.net.stop()
        self.controller.close()

    def rogue(self, hub: str) -> Rogue:
        wire = self.wiring.hub(hub).gateway
        assert wire is not None
        return Rogue(self.gateways, hub, wire)

    def switch(self, hub: str, verb: str, *words: str) -> None:
        """``ovs-ofctl`` on a hub's switch."""
        address = self.net.switch_of(hub).management_address
        command = ["ovs-ofctl", "-O", "OpenFlow13", "--strict", verb, address, *words]
        subprocess.run(command, check=True, capture_output=True)

    def attack(
        self, shots: Sequence[Shot], rogue: Rogue | None, spared: set[str]
    ) -> dict[str, Any]:
        """Send frames through doors while traffic of the ``spared`` demands goes on; all that was
        seen of it."""
        self._delivered()
        honest = [one for one in self.honest if one.demand in spared]
        watch = MonitorProcess(self.wiring, SCRATCH / "watch.json", SCRATCH / "crossings.json")
        on_fibres, control = self.sent_onto_fibres()
        drops = self._count_drops()
        refused = self._send_all(shots, rogue, honest)
        time.sleep(SETTLE_S)
        drops.subtract(self._count_drops())
        on_fibres_now, control_now = self.sent_onto_fibres()
        return {
            "refused": refused,
            "crossings": to_plain(watch.stop()),
            "on_fibres": on_fibres_now - on_fibres,
            "control": control_now - control,
            "drops": [[*key, -n] for key, n in sorted(drops.items()) if n],
            "delivered": self._delivered(),
            "honest": {one.demand: one.account() for one in honest},
            "complaints": self._complaints(),
        }

    def _send_all(
        self, shots: Sequence[Shot], rogue: Rogue | None, honest: Iterable[Honest]
    ) -> dict[str, int]:
        """How many the sender's own kernel refused, by what it said."""
        refused: Counter[str] = Counter()
        pause = max(1, len(shots) // HONEST_PACKETS)
        for number in range(max(len(shots), HONEST_PACKETS)):
            if number % pause == 0:
                for one in honest:
                    one.send()
            if number % BURST == 0:
                time.sleep(SPACING_S)
            for hub, door, frame in shots[number : number + 1]:
                try:
                    if rogue is not None and door != "host":
                        rogue.send(door, frame)
                    else:
                        self.doors[hub].send(frame)
                except OSError as error:
                    refused[str(error.strerror)] += 1
        return dict(refused)

    def _stand_gateways(self) -> GatewaysProcess:
        labels = {
            hub: {int(label): plan for label, plan in assessed.items()}
            for hub, assessed in self.given["labels"].items()
        }
        place = SCRATCH / "gateways.json"
        return start_gateways(self.net, labels, place, self.out_dir / "audits")

    def _door(self, hub: str) -> socket.socket:
        """Sees what reaches a host and sends what it wants to send, of any size."""
        interface = self.wiring.hub(hub).host_interface
        with self.net[hub].namespace.entered():
            with NetlinkSocket() as route:
                route.carry_out([mtu_set(interface, LARGE_MTU)])
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERY_PROTOCOL))
        sock.setsockopt(socket.SOL_SOCKET, RECEIVE_BUFFER_FORCED, RECEIVE_BUFFER)
        sock.bind((interface, EVERY_PROTOCOL))
        sock.setblocking(False)
        return sock

    def _delivered(self) -> list[tuple[str, str]]:
        """Hub and frame of all that has reached a host since the last time, but honest traffic."""
        heads = {one.head for one in self.honest}
        found = []
        for hub, sock in self.doors.items():
            try:
                while True:
                    frame, address = sock.recvfrom(1 << 16)
                    if address[2] != socket.PACKET_OUTGOING and frame[:-8] not in heads:
                        found.append((hub, frame.hex()))
            except BlockingIOError:
                pass
        return found

    def _count_drops(self) -> Counter[tuple[str, str]]:
        """Packets by hub and by the name of the drop that counted them."""
        target = self.out_dir / "held.json"
        self._report()  # or it would complain instead
        self.controller.dump(target)
        counts: Counter[tuple[str, str]] = Counter()
        for hub, entries in json.loads(target.read_text())["switches"].items():
            for entry in entries:
                if entry["cookie"] >> 48 == COOKIE_MAGIC:
                    reason = Reason(entry["cookie"] >> 16 & 0xFFFF)
                    if reason.is_drop:
                        counts[hub, reason.name] += entry["packets"]
        return counts

    def _report(self) -> dict[str, Any]:
        """How far the controller has come; it first says all that it has to complain of."""
        while True:
            try:
                return self.controller._ask("report", "report") or {}
            except EnvironmentUnsupported as error:
                self._complained.append(str(error))

    def sent_onto_fibres(self) -> tuple[int, int]:
        """By the kernel's count, which knows nothing of what they are, and on the lane of control
        traffic among them."""
        found = self.net.kernel.counters().values()
        control = sum(one.control_packets for one in found)
        return control + sum(one.sent_packets for one in found), control

    def _complaints(self) -> list[str]:
        """What the controller says is not as it should be, since the last time."""
        report = self._report()
        said, self._complained = self._complained, []
        said += [str(one) for key in ("wrong_links", "missing_links") for one in report[key]]
        return said
