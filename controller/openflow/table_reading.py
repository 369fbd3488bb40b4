"""Asking switches for all that they hold, and waiting for the last part of the last answer.

They are asked how many entries that is, too: a framework logs and drops a message of which it
cannot read a part, and what else was in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from corridor.controller.openflow.dumps import TABLES, Answers
from corridor.controller.openflow.encoding import encoded, send_together
from corridor.controller.openflow.framework import ofp_event, ofproto, parser
from corridor.controller.openflow.table_dump import Said, unread

COUNT = "count"
ANSWERS = {
    ofp_event.EventOFPAggregateStatsReply: COUNT,
    ofp_event.EventOFPFlowStatsReply: "switches",
    ofp_event.EventOFPGroupDescStatsReply: "groups",
    ofp_event.EventOFPMeterConfigStatsReply: "meters",
}
"""To requests for ``TABLES``, and for how many entries there are."""


class TableReading:
    """One reading at a time; answers to what others asked are passed over."""

    def __init__(self) -> None:
        self._answers = Answers(TABLES, ())
        self._awaited: dict[tuple[int, int], str] = {}
        self._counts: dict[int, int] = {}
        self._then: Callable[[Said], None] | None = None

    def ask(self, datapaths: Mapping[int, Any], then: Callable[[Said], None]) -> None:
        """``then`` gets what all of them say, by datapath id."""
        self._answers = Answers(TABLES, datapaths)
        self._awaited, self._counts, self._then = {}, {}, then
        for dpid, datapath in list(datapaths.items()):
            requests = []
            asked = {part: ask(datapath) for part, (ask, _) in TABLES.items()}
            for part, request in {**asked, COUNT: _how_many(datapath)}.items():
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
        if part == COUNT:
            self._counts[dpid] = message.body.flow_count
        elif not self._answers.take(dpid, part, message):
            return
        del self._awaited[key]
        if not self._awaited and self._then is not None:
            self._then(self._whole())

    @property
    def silent(self) -> set[int]:
        """Datapath ids of those whose answers are not whole."""
        return {dpid for dpid, _ in self._awaited}

    def _whole(self) -> Said:
        said = self._answers.said
        for dpid, parts in said.items():
            lacking = self._counts[dpid] - len(parts["switches"])
            if lacking:
                parts["switches"].append(unread(lacking))
        return said


def _how_many(datapath: Any) -> Any:
    return parser.OFPAggregateStatsRequest(
        *(datapath, 0, ofproto.OFPTT_ALL, ofproto.OFPP_ANY, ofproto.OFPG_ANY, 0, 0),
        parser.OFPMatch(),
    )
