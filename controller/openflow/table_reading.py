"""Asking switches for all that they hold, and waiting for the last part of the last answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from corridor.controller.openflow.decoding import read_as_values
from corridor.controller.openflow.dumps import COUNT, ENTRIES, TABLES, Answers
from corridor.controller.openflow.encoding import encoded, send_together
from corridor.controller.openflow.framework import ofp_event
from corridor.controller.openflow.table_dump import Said

ANSWERS = {
    ofp_event.EventOFPAggregateStatsReply: COUNT,
    ofp_event.EventOFPFlowStatsReply: ENTRIES,
    ofp_event.EventOFPGroupDescStatsReply: "groups",
    ofp_event.EventOFPMeterConfigStatsReply: "meters",
}
"""To requests for ``TABLES``."""


class TableReading:
    """One reading at a time; answers to what others asked are passed over."""

    def __init__(self) -> None:
        self._answers = Answers(TABLES, ())
        self._awaited: dict[int, dict[str, int]] = {}
        """By switch, the numbers of requests for parts that have not ended."""
        self._then: Callable[[Said], None] | None = None

    def ask(self, datapaths: Mapping[int, Any], then: Callable[[Said], None]) -> None:
        """``then`` gets what all of them say, by datapath id."""
        self._answers = Answers(TABLES, datapaths)
        self._awaited, self._then = {}, then
        asked = [(one, _requests(one)) for one in datapaths.values()]
        for datapath, requests in asked:
            numbers = [request.xid for request in requests]
            self._awaited[datapath.id] = dict(zip(TABLES, numbers, strict=True))
        for datapath, requests in asked:
            send_together(datapath, encoded(datapath, requests))

    def hear(self, event: Any) -> None:
        """One message of an answer, of a kind that is in ``ANSWERS``."""
        message = event.msg
        dpid, part = message.datapath.id, ANSWERS[type(event)]
        awaited = self._awaited.get(dpid, {})
        if awaited.get(part) != message.xid:
            return
        for ended in self._answers.take(dpid, part, message):
            awaited.pop(ended, None)
        if not awaited:
            del self._awaited[dpid]
        if not self._awaited and self._then is not None:
            self._then(self._answers.tables())

    @property
    def silent(self) -> set[int]:
        """Datapath ids of those whose answers are not whole."""
        return set(self._awaited)


def _requests(datapath: Any) -> list[Any]:
    requests = [ask(datapath) for ask, _ in TABLES.values()]
    for request in requests:
        read_as_values(datapath, datapath.set_xid(request))
    return requests
