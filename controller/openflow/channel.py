"""The only one who sends to switches: orders out, replies in, a deadline for every request.

A request goes to the datapath object that is current when it is made; replies that another object
brings are not heard. Replies and errors are matched by transaction id. Who asks waits on a queue of
the framework's, the one way of waiting that keeps deadlines on green and on native threads alike.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from corridor.controller.forwarding.program import WiredLink
from corridor.controller.openflow import encoding
from corridor.controller.openflow.decoding import OURS, PORTS, TABLES, Answers, Part, read_as_values
from corridor.controller.openflow.encoding import encoded, send_together
from corridor.controller.openflow.errors import Lost, Refused, SwitchError, SwitchTimeout
from corridor.controller.openflow.framework import hub, ofproto, parser
from corridor.controller.openflow.modifications import Modification, Modifications
from corridor.controller.openflow.table_dump import PortCounts
from corridor.controller.openflow.wiring_check import lldp_out
from corridor.topologies.base.slowness import patient

ANSWER_S = 10.0
ATOMIC = ofproto.ONF_BF_ATOMIC | ofproto.ONF_BF_ORDERED


class _Waiting:
    """What one caller waits for."""

    def __init__(self) -> None:
        self.replies: Any = hub.Queue()
        self.sent: list[tuple[int, int]] = []


class OpenFlowChannel:
    """Speaks to switches by their datapath ids. Raises Lost, Refused and Silent."""

    def __init__(self, answer_s: float | None = None) -> None:
        self._answer_s = patient(ANSWER_S) if answer_s is None else answer_s
        self._datapaths: dict[int, Any] = {}
        self._connections: Counter[int] = Counter()
        self._waiting: dict[tuple[int, int], _Waiting] = {}
        self._numbering: Any = hub.Semaphore(1)
        self._bundles = 0
        self.unasked_errors: list[str] = []
        """Errors that no one waits for any more."""

    def connect(self, datapath: Any) -> None:
        """From now on the switch is spoken to by this object."""
        before = self._datapaths.get(datapath.id)
        if before is not None:
            self.disconnect(before)
        self._datapaths[datapath.id] = datapath
        self._connections[datapath.id] += 1

    def disconnect(self, datapath: Any) -> bool:
        """Forget an object; whether it was the current one. Who waits for it hears of it."""
        if not self.is_current(datapath):
            return False
        del self._datapaths[datapath.id]
        for (dpid, _), waiting in list(self._waiting.items()):
            if dpid == datapath.id:
                waiting.replies.put((dpid, Lost(f"switch {dpid} went away")))
        return True

    def hang_up(self, dpid: int) -> None:
        """Have a switch that does not answer connect again."""
        datapath = self._datapaths.get(dpid)
        if datapath is not None:
            datapath.close()

    def close_dead(self) -> None:
        """Close datapaths whose socket is closed, which native threads do not do by themselves.

        There, the one that receives ends with the connection, and waits for the one that sends,
        which waits for something to send.
        """
        for datapath in list(self._datapaths.values()):
            if datapath.socket.fileno() < 0:
                datapath.close()
                datapath.send(b"")

    @property
    def connected(self) -> frozenset[int]:
        return frozenset(self._datapaths)

    @property
    def connections(self) -> Mapping[int, int]:
        """How many times each switch has connected."""
        return self._connections

    def is_current(self, datapath: Any) -> bool:
        return self._datapaths.get(datapath.id) is datapath

    def hear(self, message: Any) -> None:
        """A reply or an error. Replies of outdated connections are ignored."""
        datapath = message.datapath
        if not self.is_current(datapath):
            return
        waiting = self._waiting.get((datapath.id, message.xid))
        if waiting is not None:
            waiting.replies.put((datapath.id, message))
        elif isinstance(message, parser.OFPErrorMsg):
            self.unasked_errors.append(_in_words(message))

    def tell(self, orders: Modifications) -> None:
        """Carry out orders on many switches; returns when all have said that they are done."""
        with _Listening(self) as waiting:
            ends = set()
            for dpid, told in orders.items():
                datapath = self._datapath(dpid)
                # One number for all orders: an error names what was refused.
                xid, end = self._expect(datapath, waiting), self._expect(datapath, waiting)
                parts = (encoding.order(one, xid) for one in told)
                self._send_octets(datapath, (*parts, encoding.barrier(end)))
                ends.add((dpid, end))
            self._await(waiting, ends)

    def bundle(self, orders: Modifications) -> None:
        """Orders of each switch at once or not at all, and in order (ONF extension 230)."""
        if not orders:
            return
        self._bundles = self._bundles % 0xFFFF + 1
        number = self._bundles
        with _Listening(self) as waiting:
            datapaths = {dpid: self._datapath(dpid) for dpid in orders}
            try:
                closed = {
                    (dpid, self._fill(datapaths[dpid], number, told, waiting))
                    for dpid, told in orders.items()
                }
                self._await(waiting, closed)
            except SwitchError:
                self._discard(datapaths.values(), number, waiting)
                raise
            commits = set()
            for dpid, datapath in datapaths.items():
                xid, commit = self._control(datapath, number, "COMMIT", waiting)
                self._send_octets(datapath, (commit,))
                commits.add((dpid, xid))
            self._await(waiting, commits)

    def dump(self, dpids: Collection[int]) -> dict[int, dict[str, list[Any]]]:
        """What switches say they hold: ``switches``, ``groups``, ``meters``, as ``Said`` has them.

        Where not all entries could be read, those of the product are reported, and how
        many others there are.
        """
        answers = self._ask(TABLES, dpids)
        if answers.not_read:
            of_ours = self._ask(OURS, answers.not_read).said
            for dpid, said in of_ours.items():
                answers.said[dpid] |= said
        return answers.tables()

    def port_counts(self, dpids: Collection[int]) -> dict[int, dict[int, PortCounts]]:
        """By port, what went through it: ``rx_packets`` and so on, as OpenFlow calls them."""
        said = self._ask(PORTS, dpids).said
        return {
            dpid: {port: counts for port, counts in parts["ports"] if port <= ofproto.OFPP_MAX}
            for dpid, parts in said.items()
        }

    def _ask(self, parts: Mapping[str, Part], dpids: Collection[int]) -> Answers:
        answers = Answers(parts, dpids)
        with _Listening(self) as waiting:
            ends: dict[int, dict[str, int]] = {dpid: {} for dpid in dpids}
            asked: dict[tuple[int, int], str] = {}
            for dpid in dpids:
                datapath = self._datapath(dpid)
                requests = [request(datapath) for request, _ in parts.values()]
                for part, request in zip(parts, requests, strict=True):
                    xid = ends[dpid][part] = self._expect(datapath, waiting, request)
                    asked[dpid, xid] = part
                    read_as_values(datapath, xid)
                self._send_octets(datapath, encoded(datapath, requests))

            def take(key: tuple[int, int], message: Any) -> list[tuple[int, int]]:
                dpid = key[0]
                ended = answers.take(dpid, asked[key], message)
                return [(dpid, ends[dpid][part]) for part in ended]

            self._await(waiting, asked, take)
        return answers

    def send_lldp(self, links: Iterable[WiredLink]) -> None:
        """A frame along each link; nothing where its switch is away."""
        for link in links:
            datapath = self._datapaths.get(link.src_dpid)
            if datapath is not None:
                out = lldp_out(datapath, link.src_port)
                self._number(datapath, out)
                datapath.send_msg(out)

    def _fill(
        self, datapath: Any, number: int, told: Sequence[Modification], waiting: _Waiting
    ) -> int:
        """Open a bundle, fill and close it, in one write; the number of the last message."""
        _, opening = self._control(datapath, number, "OPEN", waiting)
        xid = self._expect(datapath, waiting)
        parts = (encoding.in_bundle(number, ATOMIC, encoding.order(one, xid)) for one in told)
        end, closing = self._control(datapath, number, "CLOSE", waiting)
        self._send_octets(datapath, (opening, *parts, closing))
        return end

    def _discard(self, datapaths: Iterable[Any], number: int, waiting: _Waiting) -> None:
        """Have switches forget a bundle, if they are reachable; no answer is waited for."""
        for datapath in datapaths:
            _, discard = self._control(datapath, number, "DISCARD", waiting)
            with suppress(Lost):
                self._send_octets(datapath, (discard,))

    def _control(
        self, datapath: Any, number: int, what: str, waiting: _Waiting
    ) -> tuple[int, bytes]:
        kind = getattr(ofproto, f"ONF_BCT_{what}_REQUEST")
        message = parser.ONFBundleCtrlMsg(datapath, number, kind, ATOMIC, [])
        xid = self._expect(datapath, waiting, message)
        (octets,) = encoded(datapath, (message,))
        return xid, octets

    def _send_octets(self, datapath: Any, parts: Iterable[bytes]) -> None:
        """To the object that their replies are expected from, as long as it is the current one."""
        if not self.is_current(datapath):
            raise Lost(f"switch {datapath.id} went away")
        if not send_together(datapath, parts):
            raise Lost(f"switch {datapath.id} takes nothing more")

    def _expect(self, datapath: Any, waiting: _Waiting, message: Any = None) -> int:
        """The number of a message, by default of any that is sent as octets; who is waiting hears
        what comes with it."""
        xid = self._number(datapath, message or parser.OFPBarrierRequest(datapath))
        self._waiting[datapath.id, xid] = waiting
        waiting.sent.append((datapath.id, xid))
        return xid

    def _datapath(self, dpid: int) -> Any:
        datapath = self._datapaths.get(dpid)
        if datapath is None:
            raise Lost(f"switch {dpid} is away")
        return datapath

    def _number(self, datapath: Any, message: Any) -> int:
        with self._numbering:
            xid: int = datapath.set_xid(message)
        return xid

    def _await(
        self,
        waiting: _Waiting,
        ends: Iterable[tuple[int, int]],
        take: Callable[[tuple[int, int], Any], Collection[tuple[int, int]]] = (
            lambda key, _message: (key,)
        ),
    ) -> None:
        """Until every one of ``ends`` has been answered; ``take`` says which then are in full.

        Time is up once none of them says anything for so long: a thousand entries of each of many
        switches take their time to come, and to be read.
        """
        left = set(ends)
        deadline = time.monotonic() + self._answer_s
        while left:
            try:
                seconds = max(deadline - time.monotonic(), 0.001)
                dpid, said = waiting.replies.get(timeout=seconds)
            except hub.QueueEmpty:
                silent = frozenset(dpid for dpid, _ in left)
                reason = f"switches {sorted(silent)} did not answer in time"
                raise SwitchTimeout(reason, silent) from None
            if isinstance(said, Lost):
                raise said
            if isinstance(said, parser.OFPErrorMsg):
                raise Refused(_in_words(said))
            key = (dpid, said.xid)
            if key in left:
                left.difference_update(take(key, said))
                deadline = time.monotonic() + self._answer_s

    def forget(self, waiting: _Waiting) -> None:
        for key in waiting.sent:
            self._waiting.pop(key, None)


class _Listening:
    """Whose replies are heard as long as its caller waits."""

    def __init__(self, channel: OpenFlowChannel) -> None:
        self._channel = channel
        self._waiting = _Waiting()

    def __enter__(self) -> _Waiting:
        return self._waiting

    def __exit__(self, *_: object) -> None:
        self._channel.forget(self._waiting)


def _in_words(error: Any) -> str:
    if error.type == ofproto.OFPET_EXPERIMENTER:
        return f"switch {error.datapath.id} refuses: experimenter error {error.exp_type}"
    return f"switch {error.datapath.id} refuses: type {error.type} code {error.code}"
