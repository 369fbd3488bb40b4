"""The app that runs next to someone else's: says when that is at rest, and what switches hold.

It installs nothing and answers nothing. Options are variables of the environment:

    CORRIDOR_WIRING   names, ports and addresses, JSON: which switches there are
    CORRIDOR_STATUS   socket of a runner, which the app connects to

It is ready once all switches are connected and hold the same for a while.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from corridor.controller.openflow.decoding import ANSWERS, TableReading
from corridor.controller.openflow.framework import (
    App,
    app_manager,
    handler,
    hub,
    ofp_event,
    ofproto,
)
from corridor.controller.openflow.table_dump import HeldEntry, Said, dump_of, write_dump
from corridor.controller.reconcile.app_status import connect, orders
from corridor.topologies.base.codec import JsonObject, from_plain
from corridor.topologies.model.wiring import Wiring

LOOK_S = 1.0
SAME_TIMES = 3
"""Readings in a row, one a second, in which tables have to be the same."""
MOST_LOOKS = 60
ANSWER_S = 60.0
COUNTERS = ("packets", "bytes")
OURS = frozenset({"ReadingApp", "ofp_event"})
"""As frameworks name this app and the one that answers hellos."""


class ReadingApp(App):
    """One line to a runner, and one reading of tables at a time."""

    OFP_VERSIONS = (ofproto.OFP_VERSION,)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plain = json.loads(Path(os.environ["CORRIDOR_WIRING"]).read_text())
        self._hubs = {one.dpid: one.hub for one in from_plain(Wiring, plain).hubs}
        self._datapaths: dict[int, Any] = {}
        self._tables = TableReading()
        self._said: Any = hub.Queue()
        self._reading: Any = hub.Semaphore(1)
        self._status = connect(os.environ.get("CORRIDOR_STATUS", ""))
        if self._status is not None:
            hub.spawn(self._obey)
            hub.spawn(self._wait)

    @handler.set_ev_cls(ofp_event.EventOFPStateChange, handler.MAIN_DISPATCHER)
    def on_switch(self, event: Any) -> None:
        datapath = event.datapath
        if datapath.id in self._hubs:
            self._datapaths[datapath.id] = datapath

    @handler.set_ev_cls(ofp_event.EventOFPStateChange, handler.DEAD_DISPATCHER)
    def on_loss(self, event: Any) -> None:
        dpid = event.datapath.id
        if self._datapaths.get(dpid) is event.datapath:
            del self._datapaths[dpid]

    @handler.set_ev_cls(list(ANSWERS), handler.MAIN_DISPATCHER)
    def on_answer(self, event: Any) -> None:
        self._tables.hear(event)

    @handler.set_ev_cls(ofp_event.EventOFPErrorMsg, handler.MAIN_DISPATCHER)
    def on_error(self, event: Any) -> None:
        """What a switch refuses it does not hold: the proof sees what it does."""
        at, message = self._hubs.get(event.msg.datapath.id, "?"), event.msg
        self.logger.error("%s refuses: type %s code %s", at, message.type, message.code)

    def _wait(self) -> None:
        """Until all switches are there and nothing changes any more."""
        while len(self._datapaths) < len(self._hubs):
            hub.sleep(LOOK_S)
        if not app_manager.AppManager.get_instance().applications.keys() - OURS:
            said = "the controller's file has no app: no class of it is a RyuApp, or an OSKenApp"
            self._tell({"event": "error", "message": said})
            return
        before: dict[int, list[str]] = {}
        times = 0
        for _ in range(MOST_LOOKS):
            read = self._read()
            if read is None:
                return
            now = _uncounted(read)
            times = times + 1 if now == before else 1
            before = now
            if times == SAME_TIMES:
                self._tell({"event": "ready", **self._report()})
                return
            hub.sleep(LOOK_S)
        said = f"tables still change {MOST_LOOKS * LOOK_S:.0f} s after all switches have connected"
        self._tell({"event": "error", "message": said})

    def _read(self) -> Said | None:
        """What all switches say that are connected; None, and an error told, if one does not."""
        with self._reading:
            self._tables.ask(self._datapaths, self._said.put)
            try:
                said: Said = self._said.get(timeout=ANSWER_S)
            except hub.QueueEmpty:
                silent = ", ".join(sorted(self._hubs[dpid] for dpid in self._tables.silent))
                problem = f"what {silent} holds could not be read for {ANSWER_S:.0f} s"
                self._tell({"event": "error", "message": problem})
                return None
            return said

    def _obey(self) -> None:
        """Commands of the runner, one JSON object a line."""
        assert self._status is not None
        for command in orders(self._status):
            if command["do"] == "report":
                self._tell({"event": "report", **self._report()})
            elif command["do"] == "dump":
                target, read = Path(command["to"]), self._read()
                if read is not None:
                    write_dump(dump_of(read, self._hubs.__getitem__), target)
                    self._tell({"event": "dumped", "to": str(target)})

    def _report(self) -> JsonObject:
        """In the form of an installation's report, of which only the connected switches are
        known."""
        missing = sorted(self._hubs.keys() - self._datapaths.keys())
        return {
            "complete": not missing,
            "switches": len(self._hubs),
            "installed": len(self._datapaths),
            "links": 0,
            "links_seen": 0,
            "missing_switches": missing,
            "missing_links": [],
            "wrong_links": [],
        }

    def _tell(self, message: Mapping[str, object]) -> None:
        assert self._status is not None
        self._status.sendall((json.dumps(message) + "\n").encode())


def _uncounted(said: Said) -> dict[int, list[str]]:
    """Whatever the order, and however often entries were met."""
    return {
        dpid: sorted(repr(_item(one)) for items in parts.values() for one in items)
        for dpid, parts in said.items()
    }


def _item(one: Any) -> Any:
    """An item without what it has counted."""
    if isinstance(one, HeldEntry):
        return one.flow
    return {k: v for k, v in one.items() if k not in COUNTERS} if isinstance(one, dict) else one
