"""The OpenFlow half of a domain's controller: moves its switches from one program to the next.

The half that speaks with other domains decides. It listens at the socket ``CORRIDOR_DOMAIN``, names
programs, and is told when switches hold one, and which ports are live. If it is killed, this half
keeps what switches hold, and waits for the next one.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from corridor.controller.forwarding.program import Flow, SwitchProgram
from corridor.controller.forwarding.two_phase_plan import EDGE
from corridor.controller.openflow.encoding import order, send_together
from corridor.controller.openflow.framework import handler, hub, ofp_event, ofproto, parser
from corridor.controller.openflow.modifications import Modification, add, remove
from corridor.controller.reconcile.app_status import connect, orders
from corridor.controller.reconcile.static_app import StaticApp, read_program
from corridor.topologies.base.json_lines import tell
from corridor.topologies.base.slowness import patient

AGAIN_S, ANSWER_S = 0.2, 10.0


class DomainApp(StaticApp):
    """Installs the first program as ``StaticApp``, and follows the domain from there."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._line: socket.socket | None = None
        self._live: dict[tuple[int, int], bool] = {}
        hub.spawn(self._follow, os.environ["CORRIDOR_DOMAIN"])

    @handler.set_ev_cls(ofp_event.EventOFPStateChange, handler.MAIN_DISPATCHER)
    def on_ports(self, event: Any) -> None:
        """A switch has said what ports it has."""
        for number, port in event.datapath.ports.items():
            self._port(event.datapath.id, number, bool(port.state & ofproto.OFPPS_LIVE))

    @handler.set_ev_cls(ofp_event.EventOFPPortStatus, handler.MAIN_DISPATCHER)
    def on_port(self, event: Any) -> None:
        """A port is there, has changed, or is gone."""
        message = event.msg
        is_there = message.reason != ofproto.OFPPR_DELETE
        live = is_there and bool(message.desc.state & ofproto.OFPPS_LIVE)
        self._port(message.datapath.id, message.desc.port_no, live)

    def _port(self, dpid: int, number: int, live: bool) -> None:
        if self._live.get((dpid, number)) != live:
            self._live[dpid, number] = live
            self._report({"port": [dpid, number, live]})

    def _follow(self, path: str) -> None:
        while True:
            with contextlib.suppress(OSError):
                self._line = connect(path)
                assert self._line is not None
                for (dpid, number), live in sorted(self._live.items()):
                    self._report({"port": [dpid, number, live]})
                for one in orders(self._line):
                    if one["do"] == "program":
                        self._move(read_program(one["from"]).switches)
                        self._report({"held": one["from"]})
            self._line = None
            hub.sleep(AGAIN_S)

    def _report(self, message: Mapping[str, object]) -> None:
        if self._line is not None:
            with contextlib.suppress(OSError):
                tell(self._line, message)

    def _move(self, switches: Iterable[SwitchProgram]) -> None:
        """New entries first, then edges, then what is left of the old: a barrier on all switches
        between. Every packet meets the entries of one version, or none."""
        new = {one.dpid: one for one in switches}
        pairs = [(one, new[dpid]) for dpid, one in self._programs.items()]
        self._programs = new
        for step in (_core_on, _edges, _core_off):
            done: Any = hub.Queue()
            asked: dict[int, Any] = {}
            for was, one in pairs:
                datapath, changes = self._datapaths.get(one.dpid), [*step(was, one)]
                if datapath is None or not changes:
                    continue  # a switch that connects again is given all of its program
                xid = datapath.set_xid(parser.OFPFlowMod(datapath))
                send_together(datapath, (order(change, xid) for change in changes))
                asked[one.dpid] = datapath
                self._barrier(datapath, partial(done.put, one.dpid))
            self._await_barriers(asked, done)

    def _await_barriers(self, asked: dict[int, Any], done: Any) -> None:
        """Return once each switch has answered, or has connected again: it has all of its program
        then. A switch that does neither holds the update up, since what it holds is not known."""
        while asked:
            try:
                asked.pop(done.get(timeout=patient(ANSWER_S)), None)
            except hub.QueueEmpty:
                for dpid in [one for one in asked if self._datapaths.get(one) is not asked[one]]:
                    del asked[dpid]


def _more(was: SwitchProgram, one: SwitchProgram, *, edge: bool) -> list[Flow]:
    held = {*was.flows}
    return [flow for flow in one.flows if (flow.table in EDGE) == edge and flow not in held]


def _gone(was: SwitchProgram, one: SwitchProgram, *, edge: bool) -> list[Flow]:
    """Entries that no other replaces."""
    keys = {flow.key for flow in one.flows}
    return [flow for flow in was.flows if (flow.table in EDGE) == edge and flow.key not in keys]


def _core_on(was: SwitchProgram, one: SwitchProgram) -> Iterable[Modification]:
    return add(_more(was, one, edge=False))


def _edges(was: SwitchProgram, one: SwitchProgram) -> Iterable[Modification]:
    return [*remove(_gone(was, one, edge=True)), *add(_more(was, one, edge=True))]


def _core_off(was: SwitchProgram, one: SwitchProgram) -> Iterable[Modification]:
    return remove(_gone(was, one, edge=False))
