"""The app that holds a network to its policies while it changes: see ``reconcile/reconciler.py``.

Thin: it hands what comes from switches to the channel and to the controller, checks the wiring by
LLDP, and opens the sockets. Options, in ``[corridor]`` of a file or as ``CORRIDOR_...``:

    specification   what demands are served and judged by, JSON
    wiring          names, ports and addresses, JSON
    status          socket of a runner, which the app connects to
    control         socket that the app listens on, see ``control.py``
    gateways        socket of those who run the gateways
    events          file for one JSON object an event
    state           file for what a controller must know after a restart
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from corridor.controller.intent.specification import Specification
from corridor.controller.openflow.channel import OpenFlowChannel
from corridor.controller.openflow.decoding import ANSWERS
from corridor.controller.openflow.deployments import DesiredState
from corridor.controller.openflow.framework import (
    FRAMEWORK,
    App,
    cfg,
    handler,
    hub,
    ofp_event,
    ofproto,
)
from corridor.controller.openflow.installation import Installation
from corridor.controller.openflow.table_dump import write_dump
from corridor.controller.openflow.wiring_check import check_wiring, seen_by
from corridor.controller.reconcile.app_status import connect, orders
from corridor.controller.reconcile.beside import BesideProcess
from corridor.controller.reconcile.control import Control
from corridor.controller.reconcile.deployer import Deployer
from corridor.controller.reconcile.event_log import EventLog
from corridor.controller.reconcile.failure_detector import FailureDetector
from corridor.controller.reconcile.gateways import GatewaysLink, NoGateways
from corridor.controller.reconcile.interfaces import Interfaces
from corridor.controller.reconcile.jobs import (
    DumpTables,
    Order,
    PortChanged,
    SwitchConnected,
    SwitchLost,
    Timing,
)
from corridor.controller.reconcile.network_state import NetworkState
from corridor.controller.reconcile.reconciler import Reconciler
from corridor.controller.reconcile.state_file import StateFile
from corridor.controller.reconcile.two_phase_rollout import Updater
from corridor.controller.traffic_engineering.fit_rates import may_ask
from corridor.topologies.base.codec import from_plain
from corridor.topologies.base.memory import Settled
from corridor.topologies.model.wiring import Wiring

LOSS_POLL_S = 0.5
MOST_UNREAD = 10_000
MOST_WAITING = 128
"""To be heard on the control socket, while proofs are computed."""
OPTIONS = ("specification", "wiring", "status", "control", "gateways", "events", "state")
CONF = cfg.CONF
CONF.register_opts(
    [cfg.StrOpt(name, default=os.environ.get(f"CORRIDOR_{name.upper()}", "")) for name in OPTIONS],
    group="corridor",
)
REPLIES = [
    ofp_event.EventOFPBarrierReply,
    ofp_event.EventOFPErrorMsg,
    *ANSWERS,
    ofp_event.EventOFPPortStatsReply,
    ofp_event.EventONFBundleCtrlMsg,
]


class FollowingApp(App):
    """One network, kept."""

    OFP_VERSIONS = (ofproto.OFP_VERSION,)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        options = CONF.corridor
        specification = Specification.from_json(Path(options.specification).read_text())
        self._wiring = from_plain(Wiring, json.loads(Path(options.wiring).read_text()))
        self._status = connect(options.status)
        self._to_tell: Any = hub.Queue()
        self._channel = OpenFlowChannel()
        self._ports: dict[int, dict[int, bool]] = {}
        self._links: Installation | None = None
        self.event_log = EventLog(self._tell, Path(options.events) if options.events else None)
        gateways = GatewaysLink(options.gateways) if options.gateways else NoGateways()
        interfaces = Interfaces(self._wiring, self._channel, gateways, time.monotonic_ns, hub.sleep)
        store = StateFile(Path(options.state) if options.state else None, specification)
        self._network = NetworkState(
            deployer=Deployer(
                interfaces, store, self.event_log, Updater(interfaces), settled=Settled()
            ),
            event_log=self.event_log,
            known=DesiredState(specification),
            sightings=FailureDetector(self._wiring),
            timing=_patience(),
        )
        self.reconciler = Reconciler(self._network, hub.Queue(), hub.QueueEmpty, self._check_wiring)
        self._network.beside = beside = BesideProcess(jobs=self.reconciler.jobs, spawn=hub.spawn)
        if specification.chooses and may_ask(specification):
            with contextlib.suppress(OSError):  # it is tried again, and told, when it is needed
                beside.warm()
        self._control = Control(self.reconciler, self.event_log, hub.Queue)
        hub.spawn(self.reconciler.run)
        if FRAMEWORK == "os-ken":
            hub.spawn(self._notice_losses)
        if self._status is not None:
            hub.spawn(self._obey)
            hub.spawn(self._report)
        if options.control:
            hub.spawn(self._listen, options.control)

    @handler.set_ev_cls(ofp_event.EventOFPStateChange, handler.MAIN_DISPATCHER)
    def on_switch(self, event: Any) -> None:
        """A switch is ready to be spoken to, and has said what ports it has."""
        datapath = event.datapath
        if not any(one.dpid == datapath.id for one in self._wiring.hubs):
            self.logger.warning("switch %016x is not in the wiring; left alone", datapath.id)
            return
        self._channel.connect(datapath)
        ports = {number: _is_live(port) for number, port in datapath.ports.items()}
        self.reconciler.jobs.put(Order(SwitchConnected(datapath.id, ports)))

    @handler.set_ev_cls(ofp_event.EventOFPStateChange, handler.DEAD_DISPATCHER)
    def on_loss(self, event: Any) -> None:
        if self._channel.disconnect(event.datapath):
            self.reconciler.jobs.put(Order(SwitchLost(event.datapath.id)))

    @handler.set_ev_cls(REPLIES, handler.MAIN_DISPATCHER)
    def on_reply(self, event: Any) -> None:
        self._channel.hear(event.msg)

    @handler.set_ev_cls(ofp_event.EventOFPPortStatus, handler.MAIN_DISPATCHER)
    def on_port(self, event: Any) -> None:
        message = event.msg
        if self._channel.is_current(message.datapath):
            gone = message.reason == ofproto.OFPPR_DELETE
            live = not gone and _is_live(message.desc)
            changed = PortChanged(message.datapath.id, message.desc.port_no, live)
            self.reconciler.jobs.put(Order(changed))

    @handler.set_ev_cls(ofp_event.EventOFPPacketIn, handler.MAIN_DISPATCHER)
    def on_packet(self, event: Any) -> None:
        """Only LLDP of the wiring check comes here; anything else has no flow to the controller."""
        link = None if self._links is None else seen_by(event.msg)
        if self._links is not None and link is not None and not self._links.saw_link(link):
            self._tell({"event": "error", "message": f"wired other than declared: {link}"})

    def _notice_losses(self) -> None:
        while True:
            hub.sleep(LOSS_POLL_S)
            self._channel.close_dead()

    def _check_wiring(self) -> None:
        """Once something stands: its paths are only as good as the wiring is as declared."""
        deployment = self._network.deployer.deployment
        assert deployment is not None
        self._links = Installation(deployment.program)
        self._links.installed = {hub.dpid for hub in self._wiring.hubs}
        hub.spawn(self._prove_wiring)

    def _prove_wiring(self) -> None:
        """Send LLDP until each link has been seen in both directions, but those known to be cut."""
        links = self._links
        assert links is not None
        check_wiring(links, self._channel.send_lldp, hub.sleep, self._dead_ports)
        self._tell({"event": "ready", **links.report()})

    def _dead_ports(self) -> set[tuple[int, int]]:
        failures = self._network.failures
        return {
            (self._wiring.hub(end.hub).dpid, end.port)
            for fibre in self._wiring.fibres
            for end in (fibre.a, fibre.z)
            if fibre.fibre in failures.links or failures.hubs & {fibre.a.hub, fibre.z.hub}
        }

    def _obey(self) -> None:
        """Commands of the runner, one JSON object a line."""
        assert self._status is not None
        for command in orders(self._status):
            if command["do"] == "report" and self._links is not None:
                self._tell({"event": "report", **self._links.report()})
            elif command["do"] == "report":
                self._tell({"event": "report", "complete": False, **self._network.state})
            elif command["do"] == "dump":
                self._dump(Path(command["to"]))

    def _dump(self, target: Path) -> None:
        reply = hub.Queue()
        self.reconciler.jobs.put(Order(DumpTables(), reply))
        answer = reply.get()
        if answer["ok"]:
            write_dump(answer["document"], target)
            self._tell({"event": "dumped", "to": str(target)})

    def _listen(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            Path(path).unlink()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
            server.bind(path)
            server.listen(MOST_WAITING)
            while True:
                client, _ = server.accept()
                hub.spawn(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError), client.makefile("r") as lines:
            for line in lines:
                answer = self._control.answer(line)
                client.sendall((json.dumps(answer) + "\n").encode())

    def _tell(self, message: Mapping[str, object]) -> None:
        """To the runner, if there is one. No one waits for it to read."""
        if self._status is not None and self._to_tell.qsize() < MOST_UNREAD:
            self._to_tell.put(message)

    def _report(self) -> None:
        assert self._status is not None
        with contextlib.suppress(OSError):
            while True:
                self._status.sendall((json.dumps(self._to_tell.get()) + "\n").encode())


def _is_live(port: Any) -> bool:
    """Open vSwitch counts a port as live while its link is up and BFD, if it is on, forwards."""
    return bool(port.state & ofproto.OFPPS_LIVE)


def _patience() -> Timing:
    """As ``CORRIDOR_PATIENCE`` says, a JSON object of nanoseconds; by default as usual."""
    return Timing(**json.loads(os.environ.get("CORRIDOR_PATIENCE") or "{}"))
