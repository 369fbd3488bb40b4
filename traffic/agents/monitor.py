"""A judge that no switch or controller has a say in: counts what is sent onto fibres.

    python3 -I -S traffic/agents/monitor.py CONFIG.json        (standard library only)

It sees every frame that leaves by the interfaces it is given, where the kernel hands it to the far
end: past queue and delay line, so that each crossing counts once, and a frame that is lost on the
way does not. What switches send for themselves is left out: BFD between its own addresses, and
LLDP. Configuration: ``{"interfaces": [NAME, ...], "out": PATH}``. Messages are JSON lines:

    out  {"ready": 228}                                   it sees that many interfaces
    in   {"do": "split"}                                  out  {"split": 4600}
    in   {"do": "take"}                                   out  {"taken": {"frames": 4600}}
    in   {"do": "stop"}, or the end of standard input, or SIGTERM
    out  {"done": {"frames": 4600, "lost": 0}}            and the file is written
    out  {"failed": {"reason": "..."}}

What was seen before a ``split`` is counted separately. With ``take`` the file is written with all
that was seen so far, and what is seen from then on is of the next file, which replaces it.

The file::

    {"schema": 1, "frames": 4600, "lost": 0,
     "flows": [{"interface", "label", "traffic_class", "depth", "vlan", "eth_type", "src", "dst",
                "protocol", "src_port", "dst_port", "packets", "bytes", "first_ns", "last_ns"}]}

``label`` and ``traffic_class`` are those of the outermost entry of ``depth`` (0: null, no label);
``eth_type`` is null under a label. ``bytes`` are whole frames without their FCS, times are
CLOCK_REALTIME. ``lost`` counts frames the kernel had no room for: unless 0, counts are too low.
Exit code 0 when the file is written, 2 when the configuration is bad, 3 when nothing can be seen.
"""

# pathlib is one more import, and imports are dear in a guest.
# ruff: noqa: PTH100, PTH120, PTH123

from __future__ import annotations

import json
import os
import select
import socket
import sys
import time
from typing import TypedDict

if not __package__:
    sys.path.insert(0, os.path.abspath(f"{os.path.dirname(os.path.abspath(__file__))}/../../.."))

from corridor.topologies.base.json_lines import Lines, is_readable, say
from corridor.topologies.base.named_tuples import to_plain
from corridor.traffic.agents import packet_ring
from corridor.traffic.agents import packet_ring as packet_filter
from corridor.traffic.agents.transits import EventCounts, Seen
from corridor.traffic.packets import kernel

SCHEMA = 1
EXIT_OK = 0
EXIT_BAD_CONFIG = 2
EXIT_CANNOT_SEE = 3


class Config(TypedDict):
    """The configuration."""

    interfaces: list[str]
    out: str


class Monitor:
    """The frames of some interfaces, counted until it has to end."""

    def __init__(self, interfaces: list[str], out: str) -> None:
        self._names = names = {socket.if_nametoindex(name): name for name in interfaces}
        self._out = out
        self._told_to_end = kernel.readable_at_sigterm()
        self._ring = packet_ring.PacketRing(packet_filter.sent_by(min(names), max(names)))
        self._tally = EventCounts(names)

    def run(self) -> Seen:
        """Count until the end is asked for; what the file then says."""
        runner, poll = Lines(0), select.poll()
        sock = self._ring.sock.fileno()
        for descriptor in (sock, self._told_to_end, 0):
            poll.register(descriptor, select.POLLIN)
        ended = False
        while not ended:
            for descriptor, _ in poll.poll():
                if descriptor == sock:
                    self._count()
                elif descriptor == self._told_to_end:
                    ended = True
                else:
                    ended = self._obey(runner.read()) or ended
        self._ring.close_to_more()
        while is_readable(sock, 3 * packet_ring.RETIRE_MS / 1e3):
            self._count()
        return self._write()

    def _write(self) -> Seen:
        seen = Seen(
            schema=SCHEMA,
            frames=self._tally.frames,
            lost=self._ring.lost(),
            flows=self._tally.flows(),
        )
        with open(self._out, "w") as file:
            json.dump(to_plain(seen), file)
        return seen

    def _obey(self, lines: list[bytes] | None) -> bool:
        """Whether it is the end, by what its runner says, or because there is none any more."""
        orders = [json.loads(line).get("do") for line in lines or ()]
        for order in orders:
            if order in ("split", "take"):
                time.sleep(2 * packet_ring.RETIRE_MS / 1e3)  # what was sent before is in the ring
                self._count()
            if order == "split":
                self._tally.split()
                say({"split": self._tally.frames})
            elif order == "take":
                say({"taken": {"frames": self._write().frames}})
                self._tally = EventCounts(self._names)
        return lines is None or "stop" in orders

    def _count(self) -> None:
        add = self._tally.add
        for sent in self._ring.frames():
            add(sent)


def command(config_path: str, python: str = sys.executable) -> list[str]:
    """The argument vector that starts a monitor."""
    return [python, "-I", "-S", os.path.abspath(__file__), config_path]


def main(arguments: list[str]) -> int:
    try:
        with open(arguments[0], "rb") as file:
            config: Config = json.load(file)
        interfaces, out = config["interfaces"], config["out"]
    except (OSError, ValueError, KeyError, IndexError) as problem:
        reason = f"configuration {arguments[:1]}: {type(problem).__name__}: {problem}"
        say({"failed": {"reason": reason}})
        return EXIT_BAD_CONFIG
    try:
        monitor = Monitor(interfaces, out)
    except (OSError, ValueError) as problem:
        say({"failed": {"reason": f"the monitor sees nothing: {problem}"}})
        return EXIT_CANNOT_SEE
    say({"ready": len(interfaces)})
    seen = monitor.run()
    say({"done": {"frames": seen.frames, "lost": seen.lost}})
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
