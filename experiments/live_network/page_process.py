"""The page of a live network: its process, where it is, and a browser that opens it.

Who serves it holds a lock on the session's folder, since two would put back what the other did, and
leaves a note there, so that others find it: ``page.json`` with its address. Its token is in
``page-token``.
"""

from __future__ import annotations

import contextlib
import fcntl
import html
import json
import os
import shutil
import webbrowser
from collections.abc import Iterator
from pathlib import Path

from corridor.experiments.live_network import session
from corridor.experiments.live_network.api_process import Restarted, Say, ServingProcess
from corridor.experiments.live_network.session import Session
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.scratch import lock_folder

MODULE = "corridor.experiments.live_network.page_main"
TOKEN_FILE, NOTE, OPENER, LOG = "page-token", "page.json", "open.html", "page.log"
CONTROL = "control.sock"
"""Next to the socket of operations, wherever a network is."""
IDLE_S = 300.0
"""Of a kiosk."""
END_S = 130.0
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
            return ServingProcess("page of the network", MODULE, given, log, end_s=END_S)

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
