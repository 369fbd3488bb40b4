"""The page of a live network: its process, where it is, and a browser that opens it.

Who serves it leaves a note beside the session, so that others find it: ``page.json`` with its
address and the process. Its token is in ``page-token``.
"""

from __future__ import annotations

import contextlib
import html
import json
import os
import shutil
import threading
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path

from corridor.experiments.live_network import session
from corridor.experiments.live_network.api_process import ServingProcess
from corridor.experiments.live_network.session import Session
from corridor.topologies.base.errors import EnvironmentUnsupported

MODULE = "corridor.experiments.live_network.page"
TOKEN_FILE, NOTE, OPENER, LOG = "page-token", "page.json", "open.html", "page.log"
CONTROL = "control.sock"
"""Beside the socket of operations, wherever a network is."""
IDLE_S = 300.0
"""Of a kiosk."""
RESTART_S = 1.0
END_S = 30.0
"""What pages did is put back meanwhile."""
type Say = Callable[[str], object]


@contextlib.contextmanager
def page_of(one: Session, say: Say, *, port: int | None, kiosk: bool) -> Iterator[str]:
    """The page of a network while entered: its address, with the token. Raises
    EnvironmentUnsupported."""
    folder = session.folder_for(one.name)
    token_file = folder / TOKEN_FILE
    token_file.unlink(missing_ok=True)
    words = [
        *(
            "--control",
            str(Path(one.operations).with_name(CONTROL)),
            "--operations",
            one.operations,
        ),
        *("--token-file", str(token_file), "--network", one.name, "--results", one.out),
        *(["--idle-s", str(IDLE_S)] if kiosk else []),
    ]
    with contextlib.ExitStack() as stack:
        for name in (NOTE, TOKEN_FILE, OPENER):
            stack.callback((folder / name).unlink, missing_ok=True)
        serving = _Restarted(words, Path(one.out) / LOG, port, say)
        stack.callback(serving.close)
        (folder / NOTE).write_text(json.dumps({"url": serving.url, "pid": os.getpid()}))
        yield address(serving.url, token_file)


class _Restarted:
    """The process, and another at the same port when it dies, which puts back what pages did."""

    def __init__(self, words: list[str], log: Path, port: int | None, say: Say) -> None:
        self._words, self._log, self._say = words, log, say
        self._leaving = threading.Event()
        self._process = self._started(port)
        self.url = self._process.url
        threading.Thread(target=self._watch, daemon=True).start()

    def close(self) -> None:
        self._leaving.set()
        self._process.close()

    def _started(self, port: int | None) -> ServingProcess:
        words = [*self._words, *([] if port is None else ["--port", str(port)])]
        return ServingProcess("page of the network", MODULE, words, self._log, end_s=END_S)

    def _watch(self) -> None:
        while True:
            why = self._process.wait()
            if self._leaving.wait(RESTART_S):
                return
            self._say(f"the page of the network is started again: {why}")
            try:
                self._process = self._started(int(self.url.rpartition(":")[2]))
            except EnvironmentUnsupported as problem:
                self._say(str(problem))
                return


def address(url: str, token_file: Path) -> str:
    """With the token behind ``#``, which no browser sends to anybody."""
    return f"{url}/#token={token_file.read_text().strip()}"


def found(one: Session) -> str | None:
    """The address of a page that somebody serves already."""
    folder = session.folder_for(one.name)
    with contextlib.suppress(OSError, ValueError, KeyError):
        said = json.loads((folder / NOTE).read_text())
        if Path(f"/proc/{int(said['pid'])}").exists():
            return address(str(said["url"]), folder / TOKEN_FILE)
    return None


def open_in_browser(one: Session, where: str, say: Say) -> None:
    """Where there is a browser and a display. A file of the user's own leads there: what a program
    is started with, others on this machine can see."""
    say(f"page: {where}")
    port = where.split("/")[2].rpartition(":")[2]
    if not _has_display():
        say(f"  no display here: from elsewhere, ssh -L {port}:127.0.0.1:{port} and open that")
        return
    opener = session.folder_for(one.name) / OPENER
    target = html.escape(where, quote=True)
    opener.touch(mode=0o600)
    opener.write_text(
        f'<!doctype html><meta charset="utf-8"><title>corridor</title>'
        f'<meta http-equiv="refresh" content="0;url={target}"><a href="{target}">the page</a>'
    )
    if not webbrowser.open(opener.as_uri()):
        say("  no browser could be started: open that address in one")


def _has_display() -> bool:
    """Not as root: browsers refuse that, or had better."""
    shown = any(os.environ.get(one) for one in ("DISPLAY", "WAYLAND_DISPLAY"))
    return shown and os.geteuid() != 0 and shutil.which("xdg-open") is not None
