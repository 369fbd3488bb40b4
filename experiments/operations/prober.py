"""Probes of one demand until it is killed, inside: ``python -m ...operations.prober PLAN``.

STAMP packets (RFC 8762) that the tables take for packets of the demand leave one host; the
reflector of runs answers at the other, in this process too. A JSON line for each probe goes to
standard output: ``seq`` and, where an answer came, ``rtt_ns``, ``there_ns``, ``back_ns``; where
none came in time, ``lost``. Both hosts have one clock.
"""

from __future__ import annotations

import contextlib
import errno
import json
import select
import sys
import time
from typing import Any

from corridor.topologies.base.json_lines import say
from corridor.traffic.agents.probe import arrival_of, open_stamped_socket
from corridor.traffic.agents.records import RecordWriter
from corridor.traffic.agents.reflector import ReflectingSocket, Reflector
from corridor.traffic.packets import stamp
from corridor.traffic.packets.kernel import enter_network_namespace, family_of

LOST_NS = 2_000_000_000
ERROR_NS = 1000
"""Of the real clock."""
ROOM_BYTES, CONTROL_BYTES = 2048, 128


class Forgetting(RecordWriter):
    """Keeps nothing."""

    def __init__(self) -> None:
        """Opens no file."""

    def add(self, *_fields: int) -> None:
        """No one reads it."""


class Prober:
    """Sends, answers and tells."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        self._estimate = stamp.error_estimate(ERROR_NS)
        enter_network_namespace(plan["src"]["netns"])
        ip = plan["src"]["ip"]
        self._sock = open_stamped_socket(plan["src_port"], ip, family_of(ip))
        self._peer = (plan["dst"]["ip"], plan["dst_port"])
        enter_network_namespace(plan["dst"]["netns"])
        self._poll = select.poll()
        self._poll.register(self._sock, select.POLLIN)
        self._reflector: ReflectingSocket | None = None
        self._waiting: dict[int, int] = {}
        self._sent = 0

    def run(self) -> None:
        due_ns = time.monotonic_ns()
        while True:
            self._reflect()
            self._send()
            due_ns += self._plan["interval_ns"]
            while (left_ns := due_ns - time.monotonic_ns()) > 0:
                for descriptor, _ in self._poll.poll(max(1, left_ns // 10**6)):
                    if descriptor == self._sock.fileno():
                        self._hear()
                    elif self._reflector is not None:
                        self._reflector.readable()
                self._tell_lost()

    def _reflect(self) -> None:
        """Another prober's reflector at the same port does as well, as long as it is there."""
        if self._reflector is not None:
            return
        where = Reflector(self._plan["dst"]["ip"], self._plan["dst_port"])
        with contextlib.suppress(OSError):
            self._reflector = ReflectingSocket(where, len, Forgetting(), self._estimate)
            self._poll.register(self._reflector.sock, select.POLLIN)

    def _send(self) -> None:
        self._sent += 1
        now_ns = time.time_ns()
        packet = stamp.SenderPacket(self._sent, now_ns, self._estimate, 0)
        self._waiting[self._sent] = now_ns
        try:
            self._sock.sendto(stamp.pack_sender(packet), self._peer)
        except OSError as problem:
            if problem.errno not in (errno.ECONNREFUSED, errno.ENOBUFS, errno.EAGAIN):
                raise

    def _hear(self) -> None:
        try:
            data, control, _, _ = self._sock.recvmsg(ROOM_BYTES, CONTROL_BYTES)
        except (BlockingIOError, ConnectionRefusedError):
            return
        t4_ns = arrival_of(control)[0] or time.time_ns()
        if len(data) < stamp.PACKET_BYTES:
            return
        said = stamp.unpack_reflector(data)
        if self._waiting.pop(said.sender_seq, None) is None:
            return
        there_ns, back_ns = said.t2_ns - said.t1_ns, t4_ns - said.t3_ns
        say(
            {"seq": said.sender_seq, "rtt_ns": there_ns + back_ns}
            | {"there_ns": there_ns, "back_ns": back_ns}
        )

    def _tell_lost(self) -> None:
        before_ns = time.time_ns() - LOST_NS
        for seq in [seq for seq, sent_ns in self._waiting.items() if sent_ns < before_ns]:
            del self._waiting[seq]
            say({"seq": seq, "lost": True})


def main(arguments: list[str]) -> int:
    try:
        Prober(json.loads(arguments[0])).run()
    except OSError as problem:
        say({"failed": str(problem)})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
