"""Which networks are up on this machine now, and how to reach them.

``corridor up`` leaves a note of each in ``$XDG_STATE_HOME/corridor/live/NAME/session.json``; the
commands that use a live network read it. A note counts while the process that wrote it lives.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import stat
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from corridor.topologies.base.bounded_file import NOTE, open_bounded, parse_json
from corridor.topologies.base.codec import from_plain, to_plain
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError
from corridor.topologies.base.suggestions import nearest

SCHEMA = 2
FILE = "session.json"
TOKEN_FILE = "token"  # noqa: S105 - the file's name
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@dataclass(frozen=True)
class Session:
    """One live network. Its API is at ``url``; who may use it reads ``token_file``."""

    name: str
    url: str
    """As ``http://127.0.0.1:PORT``."""
    token_file: str
    pid: int
    """Of the ``corridor up`` that holds it."""
    pid_started: str
    """When that process started, as the kernel counts it: a later one may have its number."""
    scenario: str
    testbed: str
    clock: str
    operations: str
    """The socket by which programs are run and faults are made; empty if there is none."""
    out: str
    """The result folder."""
    started: str
    """Time of day, UTC, as in ISO 8601."""
    schema: int = SCHEMA
    has_internet_traffic: bool = False
    """Whether the shipped figures put Internet traffic on its fibres."""


def session_of_this_process(
    name: str,
    *,
    url: str,
    token_file: Path,
    scenario: str,
    testbed: str,
    clock: str,
    operations: Path | None = None,
    out: Path | None = None,
    has_internet_traffic: bool = False,
) -> Session:
    """A session that lives as long as the process that calls this."""
    return Session(
        name=name,
        url=url,
        token_file=str(token_file),
        pid=os.getpid(),
        pid_started=_started(os.getpid()),
        scenario=scenario,
        testbed=testbed,
        clock=clock,
        operations=str(operations or ""),
        out=str(out or ""),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        has_internet_traffic=has_internet_traffic,
    )


def sessions_folder() -> Path:
    """``$XDG_STATE_HOME/corridor/live`` or ``~/.local/state/corridor/live``."""
    configured = Path(os.environ.get("XDG_STATE_HOME", ""))
    base = configured if configured.is_absolute() else Path.home() / ".local" / "state"
    return base / "corridor" / "live"


def folder_for(name: str) -> Path:
    """The folder of a live network, which may not be there; InputError if it cannot have one."""
    if not _NAME.fullmatch(name):
        raise InputError(
            f'a live network cannot be called "{name}"',
            "use up to 63 lower-case letters, digits and hyphens",
        )
    return sessions_folder() / name


def make_folder(name: str) -> Path:
    """The same, there and the user's alone: for the session, the token, sockets.

    Raises InputError while a network of that name is up, EnvironmentUnsupported if that fails.
    """
    folder = folder_for(name)
    _refuse_second(name)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise EnvironmentUnsupported(
            f"cannot make {folder} for you alone: {error.strerror}",
            "set XDG_STATE_HOME to a folder you own",
        ) from error
    return folder


def write(session: Session) -> Path:
    """Leave the note, as a whole or not at all; its path. Raises as ``make_folder``."""
    folder = make_folder(session.name)
    number, aside = tempfile.mkstemp(dir=folder, prefix=".session-")
    with os.fdopen(number, "w") as file:
        json.dump(to_plain(session), file, indent=1)
    return Path(aside).replace(folder / FILE)


def remove(name: str) -> None:
    """The note and all that lies next to it; nothing if there is none."""
    shutil.rmtree(folder_for(name), ignore_errors=True)


def remove_dead() -> tuple[str, ...]:
    """Remove what networks left whose process is dead; their names."""
    noted = {path.parent.name for path in sessions_folder().glob(f"*/{FILE}")}
    dead = tuple(sorted(noted - {one.name for one in sessions()}))
    for name in dead:
        shutil.rmtree(sessions_folder() / name, ignore_errors=True)
    return dead


def find(name: str | None = None) -> Session:
    """The one of that name, by default the only one; InputError if it is not alive or not one."""
    alive = {one.name: one for one in sessions()}
    if not alive:
        which = "no network is up" if name is None else f'no network "{name}" is up'
        raise InputError(which, "corridor up SCENARIO starts one")
    known = ", ".join(alive)
    if name is None:
        if len(alive) > 1:
            raise InputError(f"several networks are up: {known}", "choose one with --network NAME")
        return next(iter(alive.values()))
    if name not in alive:
        hint = nearest(name, alive) or f"up are {known}"
        raise InputError(f'no network "{name}" is up', hint)
    return alive[name]


def sessions() -> tuple[Session, ...]:
    """All whose process lives, by name."""
    found = [_read(path) for path in sorted(sessions_folder().glob(f"*/{FILE}"))]
    return tuple(one for one in found if one is not None and is_alive(one))


def is_alive(session: Session) -> bool:
    """Whether its process is there, and is the one that wrote it."""
    with contextlib.suppress(OSError):
        return _started(session.pid) == session.pid_started
    return False


def _refuse_second(name: str) -> None:
    other = _read(folder_for(name) / FILE)
    if other is not None and other.pid != os.getpid() and is_alive(other):
        raise InputError(
            f'a network "{name}" is up already, by process {other.pid}',
            "choose another name, or end that one",
        )


def _read(path: Path) -> Session | None:
    """What a note says, if it is one of this user's, and of this version."""
    try:
        with open_bounded(path, NOTE) as file:
            if os.fstat(file.fileno()).st_uid != os.getuid():
                return None
            said = parse_json(file.read(NOTE.max_bytes).decode(), str(path))
        session = from_plain(Session, said)
        mode = stat.S_IMODE(path.parent.stat().st_mode)
    except (InputError, OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    is_ours = not mode & 0o022 and session.name == path.parent.name
    return session if is_ours and session.schema == SCHEMA else None


def _started(pid: int) -> str:
    """Which boot of the machine, and how many ticks after it. Raises OSError."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    if fields[0] in "ZX":
        raise ProcessLookupError(pid)
    return f"{boot} {fields[19]}"
