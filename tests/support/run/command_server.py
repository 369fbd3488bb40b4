"""Commands of ``corridor`` without its imports: a process that has them forks for each.

    with Served(folder) as client:    # a program that is called like ``corridor``

What a command gets is its own: words, folder, environment, streams, and signals for its client.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

CLIENT = """
import json, os, signal, socket, sys
link = socket.socket(socket.AF_UNIX)
link.connect({place!r})
told = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]) + "\\n"
socket.send_fds(link, [told.encode()], [0, 1, 2])
with link.makefile() as said:
    process = int(said.readline())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: os.kill(process, number))
    sys.exit(int(said.readline() or 1))
"""
IMPORTED = (
    *("corridor.experiments.answers.asking", "corridor.experiments.lab.asking"),
    *("corridor.experiments.text", "corridor.controller.explain"),
    *("corridor.experiments.commands.run", "corridor.experiments.results.results"),
    *("pyarrow.parquet", "scipy.special"),
)
"""What most commands import; others import the rest themselves."""
EXIT_BY_SIGNAL = 128


class Served:
    """The server, for as long as it is used."""

    def __init__(self, folder: Path) -> None:
        self._place = folder / "commands.sock"
        self.client = folder / "client.py"
        self.client.write_text(CLIENT.format(place=str(self._place)))

    def __enter__(self) -> Path:
        words = [sys.executable, "-P", __file__, str(self._place)]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"
        return self.client

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


def serve(place: str) -> None:
    """Fork for each command; returns in the child that is to carry it out."""
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    for name in IMPORTED:
        __import__(name)
    signal.signal(signal.SIGCHLD, _count)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(place)
        listening.listen()
        print("ready", flush=True)
        while True:
            link, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                return _attend(link)
            link.close()


def _count(_number: int, _frame: object) -> None:
    """Wait for children that have ended, so that what they cost counts."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _attend(link: socket.socket) -> None:
    """In a child: fork once more for the command, and tell its client how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    told, streams, _, _ = socket.recv_fds(link, 1 << 16, 3)
    while not told.endswith(b"\n"):
        told += link.recv(1 << 16)
    if command := os.fork():
        with contextlib.suppress(BrokenPipeError):
            link.sendall(b"%d\n" % command)
            code = os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])
            link.sendall(b"%d\n" % (code if code >= 0 else EXIT_BY_SIGNAL - code))
        os._exit(0)
    link.close()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    words, folder, environment = json.loads(told)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["corridor", *words]


if __name__ == "__main__":
    serve(sys.argv[1])
    from corridor.experiments.cli import main

    sys.exit(main())
