"""The controller app: carries a compiled program to the switches and says what they hold.

It decides nothing. Tables come from the compiler as values; the app installs
them behind barriers, proves the wiring with LLDP, and reads tables back. It runs
on Ryu and on os-ken:

    ryu-manager --config-file corridor.conf controller/reconcile/static_app.py

with, in the file, ``[corridor]`` and ``program = program.json`` (a compiled
program) or ``topology = mini`` (every pair of hubs, by the shortest path).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from corridor.controller.forwarding.program import Program, SwitchProgram, WiredLink
from corridor.controller.openflow import encoding
from corridor.controller.openflow.decoding import ANSWERS, TableReading
from corridor.controller.openflow.encoding import encoded, send_together
from corridor.controller.openflow.framework import (
    App,
    cfg,
    handler,
    hub,
    ofp_event,
    ofproto,
    parser,
)
from corridor.controller.openflow.installation import Installation
from corridor.controller.openflow.table_dump import Said, dump_of, write_dump
from corridor.controller.openflow.wiring_check import check_wiring, lldp_out, seen_by
from corridor.controller.reconcile.app_status import connect, orders
from corridor.topologies.base.codec import from_plain

TOLD_SWITCHES = 50
CONF = cfg.CONF
CONF.register_opts(
    [
        cfg.StrOpt("program", default=os.environ.get("CORRIDOR_PROGRAM", "")),
        cfg.StrOpt("topology", default=os.environ.get("CORRIDOR_TOPOLOGY", "mini")),
        cfg.StrOpt("status", default=os.environ.get("CORRIDOR_STATUS", "")),
    ],
    group="corridor",
)


def load_program() -> Program:
    """The program the options name, compiled here if they name a topology only."""
    if CONF.corridor.program:
        return read_program(CONF.corridor.program)
    from corridor.controller.forwarding.all_pairs import compile_all_pairs

    return compile_all_pairs(CONF.corridor.topology)


def read_program(path: str) -> Program:
    return from_plain(Program, json.loads(Path(path).read_text()))


class StaticApp(App):
    """One program, many switches, one status line at a time."""

    OFP_VERSIONS = (ofproto.OFP_VERSION,)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._datapaths: dict[int, Any] = {}
        self._on_barrier: dict[tuple[int, int], Callable[[], None]] = {}
        self._tables = TableReading()
        self._take(load_program())
        self._status = connect(CONF.corridor.status)
        if self._status is not None:
            hub.spawn(self._obey)
        hub.spawn(self._prove_wiring)

    def _take(self, program: Program, seen: Iterable[WiredLink] = ()) -> None:
        """From now on this is what switches are to hold, and none is known to hold it."""
        self.installation = Installation(program, seen={*seen} & {*program.links})
        self._on_barrier.clear()
        self._programs = {switch.dpid: switch for switch in program.switches}
        self._announced = False

    def _exchange(self, program: Program) -> None:
        """Another program on the switches that are connected. Links stay proven, for no one has
        touched the wiring since."""
        self._take(program, self.installation.seen)
        for dpid, datapath in sorted(self._datapaths.items()):
            self._install(datapath, self._programs[dpid])
        hub.spawn(self._prove_wiring)

    @handler.set_ev_cls(ofp_event.EventOFPSwitchFeatures, handler.CONFIG_DISPATCHER)
    def on_switch(self, event: Any) -> None:
        """A switch has connected: replace whatever it holds by its part of the program."""
        datapath = event.msg.datapath
        program = self._programs.get(datapath.id)
        if program is None:
            self.logger.warning("switch %016x is not in the program; left alone", datapath.id)
            return
        self._datapaths[datapath.id] = datapath
        self.installation.lost_switch(datapath.id)
        self._install(datapath, program)

    @handler.set_ev_cls(ofp_event.EventOFPStateChange, handler.DEAD_DISPATCHER)
    def on_loss(self, event: Any) -> None:
        dpid = event.datapath.id
        if self._datapaths.get(dpid) is event.datapath:
            del self._datapaths[dpid]
            self.installation.lost_switch(dpid)

    @handler.set_ev_cls(ofp_event.EventOFPBarrierReply, handler.MAIN_DISPATCHER)
    def on_barrier(self, event: Any) -> None:
        then = self._on_barrier.pop((event.msg.datapath.id, event.msg.xid), None)
        if then is not None:
            then()

    @handler.set_ev_cls(ofp_event.EventOFPErrorMsg, handler.MAIN_DISPATCHER)
    def on_error(self, event: Any) -> None:
        """A switch refused something: the program is not what it holds."""
        message = event.msg
        text = f"switch {message.datapath.id} refuses: type {message.type} code {message.code}"
        self.logger.error(text)
        self._tell({"event": "error", "message": text})

    @handler.set_ev_cls(ofp_event.EventOFPPacketIn, handler.MAIN_DISPATCHER)
    def on_packet(self, event: Any) -> None:
        """Only LLDP of the wiring check comes here; anything else has no flow to the controller."""
        link = seen_by(event.msg)
        if link is not None:
            if self.installation.saw_link(link):
                self._announce()
            else:
                self._tell({"event": "error", "message": f"wired other than declared: {link}"})

    @handler.set_ev_cls(list(ANSWERS), handler.MAIN_DISPATCHER)
    def on_answer(self, event: Any) -> None:
        """One part of a switch's answer to ``_dump``."""
        self._tables.hear(event)

    def _install(self, datapath: Any, program: SwitchProgram) -> None:
        """Deletes, groups and meters, entries, a barrier after each: nothing meets what was before.

        Entries go first when deleting and last when adding, since they name groups and meters.
        """

        # One number for all: an error states what was refused, and no reply is waited for.
        xid = datapath.set_xid(parser.OFPFlowMod(datapath))

        def add_groups() -> None:
            groups = (encoding.group(group, xid) for group in program.groups)
            meters = (encoding.meter(meter, xid) for meter in program.meters)
            send_together(datapath, (*groups, *meters))
            self._barrier(datapath, add_entries)

        def add_entries() -> None:
            send_together(datapath, (encoding.entry(flow, xid) for flow in program.flows))
            self._barrier(datapath, lambda: self._installed(datapath.id))

        send_together(datapath, encoding.everything_off(xid))
        more = program.groups or program.meters
        self._barrier(datapath, add_groups if more else add_entries)

    def _installed(self, dpid: int) -> None:
        self.installation.installed.add(dpid)
        done, of = len(self.installation.installed), len(self._programs)
        if done % TOLD_SWITCHES == 0 or done == of:
            self._tell({"event": "step", "name": "tables", "done": done, "of": of})
        self._announce()

    def _barrier(self, datapath: Any, then: Callable[[], None]) -> None:
        request = parser.OFPBarrierRequest(datapath)
        datapath.set_xid(request)
        self._on_barrier[datapath.id, request.xid] = then
        datapath.send_msg(request)

    def _prove_wiring(self) -> None:
        """Send LLDP out of every fibre port until each declared link has been seen."""
        check_wiring(self.installation, self._send_lldp, hub.sleep)

    def _send_lldp(self, links: Sequence[WiredLink]) -> None:
        """A frame along each link; ``links`` of one switch stand together."""
        for dpid, ours in groupby(links, key=lambda link: link.src_dpid):
            datapath = self._datapaths.get(dpid)
            if datapath is not None:
                out = (lldp_out(datapath, link.src_port) for link in ours)
                send_together(datapath, encoded(datapath, out))

    def _announce(self) -> None:
        if self._announced or not self.installation.is_complete:
            return
        self._announced = True
        self.logger.info("all tables are in and the wiring is as declared")
        self._tell({"event": "ready", **self.installation.report()})

    def _obey(self) -> None:
        """Commands of the runner, one JSON object a line."""
        assert self._status is not None
        for command in orders(self._status):
            if command["do"] == "program":
                self._exchange(read_program(command["from"]))
            elif command["do"] == "dump":
                self._dump(Path(command["to"]))
            elif command["do"] == "report":
                self._tell({"event": "report", **self.installation.report()})

    def _dump(self, target: Path) -> None:
        """Ask every switch for its entries and groups and write what they say, by hub."""

        def write(said: Said) -> None:
            write_dump(dump_of(said, lambda dpid: self._programs[dpid].hub), target)
            self._tell({"event": "dumped", "to": str(target)})

        self._tables.ask(self._datapaths, write)

    def _tell(self, message: Mapping[str, object]) -> None:
        if self._status is not None:
            self._status.sendall((json.dumps(message) + "\n").encode())
