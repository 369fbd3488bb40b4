"""Processes that serve a live network over HTTP: its API, and its page. They end with this one.

A network is not at the mercy of them: one that dies is started again at the same port.
The process of a page holds a lock on the session's folder, since two would put back what the other
did, and leaves a note there, so that others find it: ``page.json`` with its address. Its token is
in ``page-token``.
"""

from __future__ import annotations

import contextlib
import fcntl
import html
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from corridor.experiments.live_network import session
from corridor.experiments.live_network.session import Session
from corridor.topologies.base import child_process
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError
from corridor.topologies.base.installation import IMPORT_ROOT, require
from corridor.topologies.base.json_lines import LineReader
from corridor.topologies.base.scratch import lock_folder
from corridor.topologies.base.slowness import patient

READY_S = 30.0
END_S = 5.0
RESTART_S = 1.0
MOST_RESTARTS, RESTARTS_WITHIN_S = 5, 60.0
"""A process that dies more often has a reason that a new process does not change."""
type Say = Callable[[str], object]


class ServingProcess:
    """``python -m MODULE``, which says where it listens. Raises EnvironmentUnsupported."""

    def __init__(
        self, what: str, module: str, words: Sequence[str], log: Path, *, end_s: float = END_S
    ) -> None:
        """``what`` it is, for people; what it complains of goes to ``log``."""
        require(f"the {what}", "page")
        self._what = what
        self._log = log
        self._end_s = end_s
        with log.open("ab") as file:
            self._process = child_process.start(
                [sys.executable, "-m", module, *words],
                stdout=subprocess.PIPE,
                stderr=file,
                own_session=True,
                cwd=IMPORT_ROOT,
            )
        try:
            self.url = self._wait_ready()
        except BaseException:
            self.close()
            raise

    def wait(self) -> str:
        """Wait until the process ends; return how it ended, with the last line that it logged."""
        code = self._process.wait()
        if code < 0:  # its last line then reports an earlier request
            return f"signal {-code} ended it"
        said = self._log.read_text(errors="replace").strip().splitlines()
        return f"it ended with code {code}" + (f": {said[-1]}" if said else "")

    def close(self) -> None:
        """Have it end, and wait for it."""
        child_process.end(self._process, self._end_s)

    def _wait_ready(self) -> str:
        assert self._process.stdout is not None
        line = LineReader(self._process.stdout.fileno()).next(patient(READY_S))
        said = json.loads(line) if line else {}
        if "ready" in said:
            return str(said["ready"]["url"])
        if "failed" in said:
            raise EnvironmentUnsupported(f"no {self._what}: {said['failed']['reason']}")
        why = self.wait() if line == b"" else f"it did not answer within {patient(READY_S):.0f} s"
        raise EnvironmentUnsupported(f"no {self._what}: {why}", f"see {self._log}")


class Restarted:
    """A serving process; another one takes its port when it dies."""

    def __init__(
        self,
        start: Callable[[int | None], ServingProcess],
        what: str,
        port: int | None,
        say: Say,
        lost: Callable[[], object] = lambda: None,
    ) -> None:
        """``start`` starts one at a port; ``lost`` is called if no further one is started.

        Raises EnvironmentUnsupported if the first one does not start.
        """
        self._start, self._what, self._say, self._lost = start, what, say, lost
        self._leaving = False
        self._starting = threading.Lock()
        self._process = start(port)
        self.url = self._process.url
        threading.Thread(target=self._watch, daemon=True).start()

    def close(self) -> None:
        with self._starting:  # one that is just being started ends as well
            self._leaving = True
            self._process.close()

    def _watch(self) -> None:
        """This thread outlives every process that it starts: a process dies with its thread."""
        died_s: list[float] = []
        while True:
            why = self._process.wait()
            with self._starting:
                if self._leaving:
                    return
                died_s = [one for one in died_s if one > time.monotonic() - RESTARTS_WITHIN_S]
                died_s.append(time.monotonic())
                problem = f"it died {len(died_s)} times in {RESTARTS_WITHIN_S:.0f} s, last: {why}"
                if len(died_s) <= MOST_RESTARTS:
                    time.sleep(RESTART_S)
                    self._say(f"{self._what} is started again: {why}")
                    try:
                        self._process = self._start(int(self.url.rpartition(":")[2]))
                        continue
                    except EnvironmentUnsupported as failure:
                        problem = str(failure)
                self._say(f"{self._what} is gone: {problem}")
            self._lost()
            return


class ApiProcess(ServingProcess):
    """The HTTP API of a live network as its controller sees it."""

    def __init__(self, control: Path, token_file: Path, port: int | None, log: Path) -> None:
        words = ["--control", str(control), "--token-file", str(token_file)]
        words += [] if port is None else ["--port", str(port)]
        super().__init__("API of the network", "corridor.controller.api", words, log)


MODULE = "corridor.experiments.live_network.page_main"
TOKEN_FILE, NOTE, OPENER, LOG = "page-token", "page.json", "open.html", "page.log"
CONTROL = "control.sock"
"""Next to the socket of operations, wherever a network is."""
IDLE_S = 300.0
"""Of a kiosk."""
PAGE_END_S = 130.0
"""What pages did is put back in the meantime."""


@contextlib.contextmanager
def page_of(one: Session, say: Say, *, port: int | None, kiosk: bool) -> Iterator[str]:
    """The page of a network while entered: its address, with the token. Raises InputError where
    another process serves it, and EnvironmentUnsupported."""
    folder = session.folder_for(one.name)
    token_file = folder / TOKEN_FILE
    control = Path(one.operations).with_name(CONTROL)
    words = [
        *("--control", str(control), "--operations", one.operations),
        *("--token-file", str(token_file), "--network", one.name, "--results", one.out),
        *(["--idle-s", str(IDLE_S)] if kiosk else []),
    ]
    with contextlib.ExitStack() as stack:
        stack.enter_context(_alone(folder))
        for name in (NOTE, TOKEN_FILE, OPENER):
            (folder / name).unlink(missing_ok=True)
            stack.callback((folder / name).unlink, missing_ok=True)
        log = Path(one.out) / LOG

        def start(at: int | None) -> ServingProcess:
            given = [*words, *([] if at is None else ["--port", str(at)])]
            return ServingProcess("page of the network", MODULE, given, log, end_s=PAGE_END_S)

        serving = Restarted(start, "the page of the network", port, say)
        stack.callback(serving.close)
        (folder / NOTE).write_text(json.dumps({"url": serving.url}))
        yield address(serving.url, token_file)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No one else serves the page of this network in the meantime; raises InputError."""
    try:
        held = lock_folder(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        hint = "corridor page again, without --port and --kiosk, once it listens"
        raise InputError("its page is being served by another process", hint) from None
    try:
        yield
    finally:
        os.close(held)


def address(url: str, token_file: Path) -> str:
    """With the token behind ``#``, which no browser sends to anybody."""
    return f"{url}/#token={token_file.read_text().strip()}"


def found(one: Session) -> str | None:
    """The address of a page that someone serves already."""
    folder = session.folder_for(one.name)
    with contextlib.suppress(InputError), _alone(folder):
        return None
    with contextlib.suppress(OSError, ValueError, KeyError):
        said = json.loads((folder / NOTE).read_text())
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
