"""Asking switches for all that they hold, and waiting for the last part of the last answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from corridor.controller.openflow.dumps import TABLES, Answers
from corridor.controller.openflow.encoding import encoded, send_together
from corridor.controller.openflow.framework import ofp_event
from corridor.controller.openflow.table_dump import Said

ANSWERS = {
    ofp_event.EventOFPFlowStatsReply: "switches",
    ofp_event.EventOFPGroupDescStatsReply: "groups",
    ofp_event.EventOFPMeterConfigStatsReply: "meters",
}
"""To requests for ``TABLES``."""


class TableReading:
    """One reading at a time; answers to what others asked are passed over."""

    def __init__(self) -> None:
        self._answers = Answers(TABLES, ())
        self._awaited: dict[tuple[int, int], str] = {}
        self._then: Callable[[Said], None] | None = None

    def ask(self, datapaths: Mapping[int, Any], then: Callable[[Said], None]) -> None:
        """``then`` gets what all of them say, by datapath id."""
        self._answers = Answers(TABLES, datapaths)
        self._awaited, self._then = {}, then
        for dpid, datapath in list(datapaths.items()):
            requests = []
            for part, (ask, _) in TABLES.items():
                request = ask(datapath)
                datapath.set_xid(request)
                self._awaited[dpid, request.xid] = part
                requests.append(request)
            send_together(datapath, encoded(datapath, requests))

    def hear(self, event: Any) -> None:
        """One message of an answer, of a kind that is in ``ANSWERS``."""
        message = event.msg
        dpid, key = message.datapath.id, (message.datapath.id, message.xid)
        part = self._awaited.get(key)
        if part is None or part != ANSWERS[type(event)]:
            return
        if self._answers.take(dpid, part, message):
            del self._awaited[key]
            if not self._awaited and self._then is not None:
                self._then(self._answers.said)
