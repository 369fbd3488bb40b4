"""Programs that run inside of a live network for someone outside.

What a program starts is found again by a mark in its environment or by its session, so that nothing
of it is left once it is ended. Some are programs of this room.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from corridor.controller.intent.intent import Selector
from corridor.controller.intent.specification import Direction, Specification
from corridor.experiments.lab.event_driver import capture_words, of_fibre
from corridor.experiments.operations import image_root
from corridor.experiments.operations.image_root import ImageRoot
from corridor.topologies.base.child_process import die_with_parent
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest_or_some
from corridor.topologies.model.catalogue import nearest_named_or_some
from corridor.topologies.model.wiring import Wiring
from corridor.traffic.packets import stamp

MARK = "CORRIDOR_PROGRAM"
CHUNK_BYTES = 32_768
SHARED_IN_ROOT = "/shared"
LINGER_S = 0.1
"""How long the output of a program that has ended is read on while its children hold it open."""
ROUNDS, ROUND_S = 50, 0.02
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Room:
    """Where programs run. ``hosts`` is in the place of ``/etc/hosts``: hubs have names.
    ``resolver`` replaces ``/etc/resolv.conf``, since no hub reaches the name server of the host."""

    folder: Path
    """Where they start."""
    hosts: Path | None = None
    root: Path | None = None
    """An empty folder to put another ``/`` in, which has the folder as ``/shared``."""
    top: Sequence[str] = ()
    """Names in ``/``, which a contained guest cannot list."""
    namespace: str | None = None
    """A path to open; None is that of the switches."""
    resolver: Path | None = None
    image: ImageRoot | None = None
    """In ``root``, instead of this machine's files."""


class Window(NamedTuple):
    """A terminal's size."""

    rows: int
    columns: int


class Heard(NamedTuple):
    """What a program has said since it was last read, and its exit code once that is all."""

    out: bytes
    err: bytes
    code: int | None


class Program:
    """A running program. It ends with ``end`` or without; OSError if it cannot start."""

    def __init__(
        self,
        command: Sequence[str],
        room: Room,
        mark: str,
        *,
        window: Window | None = None,
        more_environment: Mapping[str, str] | None = None,
    ) -> None:
        """With a ``window`` at its own terminal, else at pipes."""
        self._mark = mark
        self._window = window
        self._reading, self._writing = Lock(), Lock()
        ours, theirs = _terminal(window) if window else _pipes()
        environment = {**os.environ, **(more_environment or {}), MARK: mark}
        try:
            self._process = subprocess.Popen(
                command,
                stdin=theirs[0],
                stdout=theirs[1],
                stderr=theirs[2],
                env=environment,
                start_new_session=True,
                preexec_fn=lambda: _start(room, is_terminal=window is not None),
            )
        except BaseException:
            for descriptor in {*ours}:
                os.close(descriptor)
            raise
        finally:
            for descriptor in {*theirs}:
                os.close(descriptor)
        self._input: int | None = ours[0]
        self._open = [*dict.fromkeys(ours[1:])]
        self._out = ours[1]
        self._ended = os.pidfd_open(self._process.pid)

    def read(self, wait_s: float) -> Heard:
        """What there is, or is within a time. One at a time: others wait for their turn."""
        with self._reading:
            said = self._pieces(wait_s)
            if not said and self._process.poll() is not None and self._open:
                said = self._pieces(LINGER_S)
                if not said:
                    self._forget(self._open)
            done = not self._open and self._process.poll() is not None
            if done:
                self._close()
            out = said.get(self._out, b"")
            err = b"".join(said[one] for one in said if one != self._out)
            return Heard(out, err, self._process.returncode if done and not said else None)

    def write(self, data: bytes, wait_s: float) -> int:
        """How much of it was taken within a time; BrokenPipeError if no one reads it any more."""
        with self._writing:
            if self._input is None:
                raise BrokenPipeError
            poll = select.poll()
            poll.register(self._input, select.POLLOUT)
            if not poll.poll(wait_s * 1000):
                return 0
            with contextlib.suppress(BlockingIOError):
                return os.write(self._input, data)
            return 0

    def close_input(self) -> None:
        """Close the program's standard input."""
        with self._writing:
            if self._window is None and self._input is not None:
                os.close(self._input)
                self._input = None

    def resize(self, window: Window) -> None:
        with self._writing:
            if self._window is not None and self._input is not None:
                _set_size(self._input, window)

    def signal(self, number: int) -> None:
        """To the program and what it runs in the foreground; nothing once it has ended."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def end(self) -> None:
        """Kill it, and all that it has started."""
        self.signal(signal.SIGKILL)
        end_marked(self._mark, self._process.pid)
        self._process.wait()
        with self._reading:
            self._close()

    def _pieces(self, wait_s: float) -> dict[int, bytes]:
        poll = select.poll()
        for descriptor in self._open:
            poll.register(descriptor, select.POLLIN)
        if self._process.returncode is None and self._ended >= 0:
            poll.register(self._ended, select.POLLIN)
        found = {}
        for descriptor, _ in poll.poll(wait_s * 1000):
            if descriptor == self._ended:
                continue
            piece = _read(descriptor)
            if piece:
                found[descriptor] = piece
            else:
                self._forget([descriptor])
        return found

    def _close(self) -> None:
        """Nothing is read or written any more."""
        self._forget(self._open)
        self.close_input()
        if self._ended >= 0:
            os.close(self._ended)
            self._ended = -1

    def _forget(self, descriptors: Sequence[int]) -> None:
        for descriptor in tuple(descriptors):
            self._open.remove(descriptor)
            with self._writing:
                if descriptor == self._input:
                    self._input = None
                os.close(descriptor)


def end_marked(mark: str, session: int = 0) -> None:
    """Kill every process whose environment has the mark, or one that begins so, or the session."""
    for _ in range(ROUNDS):
        found = _marked(f"{MARK}={mark}".encode(), session)
        if not found:
            return
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(ROUND_S)


def _marked(wanted: bytes, session: int) -> list[int]:
    found = []
    for place in Path("/proc").iterdir():
        if not place.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            fields = (place / "stat").read_text().rpartition(")")[2].split()
            if fields[0] in "ZX":
                continue
            in_session = session and int(fields[3]) == session
            words = () if in_session else (place / "environ").read_bytes().split(b"\0")
            if in_session or any(word.startswith(wanted) for word in words):
                found.append(int(place.name))
    return found


def _pipes() -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Our ends and the program's, each for input, output and errors."""
    (source, ours), (out, their_out), (err, their_err) = (os.pipe2(os.O_CLOEXEC) for _ in range(3))
    os.set_blocking(ours, False)
    return (ours, out, err), (source, their_out, their_err)


def _terminal(window: Window) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    ours, theirs = pty.openpty()
    _set_size(ours, window)
    os.set_blocking(ours, False)
    return (ours, ours, ours), (theirs, theirs, theirs)


def _set_size(descriptor: int, window: Window) -> None:
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", *window, 0, 0))


def _read(descriptor: int) -> bytes:
    """Empty at the end: a terminal whose other end has gone is an error to read."""
    try:
        return os.read(descriptor, CHUNK_BYTES)
    except OSError:
        return b""


def _start(room: Room, *, is_terminal: bool) -> None:
    """In the child: end with the parent, take every signal, and enter the room."""
    die_with_parent(signal.SIGKILL)
    for number in (signal.SIGINT, signal.SIGQUIT):  # may be ignored where the network was started
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    _enter(room)
    if is_terminal:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _enter(room: Room) -> None:
    """Enter the room's namespaces, its root and its folder."""
    if room.namespace is not None:
        descriptor = os.open(room.namespace, os.O_RDONLY | os.O_CLOEXEC)
        os.setns(descriptor, os.CLONE_NEWNET)
    if room.hosts is not None or room.root is not None:
        os.unshare(os.CLONE_NEWNS)
        _mount("none", "/", MS_REC | MS_PRIVATE)
    if room.root is not None and room.image is not None:
        _furnish_image(str(room.root), room.folder, room.image.tree)
    elif room.root is not None:
        _furnish(str(room.root), room.folder, room.top)
    for file, name in ((room.hosts, "hosts"), (room.resolver, "resolv.conf")):
        target = Path(f"{room.root or ''}/etc/{name}")
        if file is not None and (name == "hosts" or target.exists()):
            _mount(str(file), str(target), MS_BIND)
    if room.root is not None:
        os.chroot(room.root)
    if room.image is not None:
        Path(room.image.folder).mkdir(parents=True, exist_ok=True)
        os.chdir(room.image.folder)
        image_root.become(room.image.ids)
    else:
        os.chdir(room.folder if room.root is None else SHARED_IN_ROOT)


def _furnish(root: str, shared: Path, top: Sequence[str]) -> None:
    """Everything in ``/`` as it is, and the shared folder, seen by this process and its children:
    a root that cannot be written to has no place for one more folder."""
    _mount("none", root, 0, "tmpfs")
    for name in top:
        place, target = Path("/", name), f"{root}/{name}"
        if place.is_symlink():
            Path(target).symlink_to(place.readlink())
        elif place.is_dir():
            Path(target).mkdir()
            _mount(str(place), target, MS_BIND | MS_REC)
    Path(f"{root}{SHARED_IN_ROOT}").mkdir(exist_ok=True)
    _mount(str(shared), f"{root}{SHARED_IN_ROOT}", MS_BIND)


def _furnish_image(root: str, shared: Path, tree: Path) -> None:
    """The files of an image: shared folders read-only, private copies of the others, and this
    machine's ``/proc``, ``/sys`` and ``/dev``."""
    _mount("none", root, 0, "tmpfs")
    for name, is_shared in image_root.top_of(tree):
        if is_shared:
            Path(root, name).mkdir()
            _mount(str(tree / name), f"{root}/{name}", MS_BIND | MS_REC)
            _mount("none", f"{root}/{name}", MS_REMOUNT | MS_BIND | MS_RDONLY)
        else:
            image_root.copied(tree / name, Path(root, name))
    image_root.prepare_folders(Path(root))
    for name in image_root.OF_THE_MACHINE:
        _mount(f"/{name}", f"{root}/{name}", MS_BIND | MS_REC)
    Path(f"{root}{SHARED_IN_ROOT}").mkdir(exist_ok=True)
    _mount(str(shared), f"{root}{SHARED_IN_ROOT}", MS_BIND)


def _mount(source: str, target: str, flags: int, kind: str = "none") -> None:
    if _libc.mount(source.encode(), target.encode(), kind.encode(), flags, None):
        number = ctypes.get_errno()
        raise OSError(number, f"mount on {target}: {os.strerror(number)}")


ROOM = "corridor.experiments.operations"
type NamespaceOf = Callable[[str], str]


def probe_command(
    specification: Specification,
    wiring: Wiring,
    namespace_of: NamespaceOf,
    demand: str,
    interval_ns: int,
) -> list[str]:
    """Words for Python: see ``prober.py``. InputError if a demand's packets cannot be probes."""
    direction = direction_of(specification, demand)
    selector = probed(direction)
    (src, dst), family = direction.demand.hosts, direction.demand.family
    plan = {
        "src": {"netns": namespace_of(src), "ip": wiring.host(src).ip(family)},
        "dst": {"netns": namespace_of(dst), "ip": wiring.host(dst).ip(family)},
        "src_port": selector.src_port or 0,
        "dst_port": selector.dst_port or stamp.PORT,
        "interval_ns": interval_ns,
    }
    return ["-m", f"{ROOM}.prober", json.dumps(plan)]


def direction_of(specification: Specification, demand: str) -> Direction:
    known = {one.demand.id: one for one in specification.directions}
    if demand not in known:
        hint = nearest_or_some(demand, known)
        raise InputError(f'no demand "{demand}" in this network', hint)
    return known[demand]


def probed(direction: Direction) -> Selector:
    """Which of a demand's packets are UDP."""
    for selector in direction.selectors:
        if selector.protocol in (None, "udp"):
            return selector
    raise InputError(f"the packets of {direction.demand.id} are not UDP: it cannot be probed")


def capture_command(
    wiring: Wiring,
    control: Path,
    namespace_of: NamespaceOf,
    hub: str | None,
    fibre: str | None,
) -> list[str]:
    """Words for Python: see ``capturer.py``. At a hub's host, or at both ends of a fibre."""
    if hub is not None:
        host = {wiring.host(hub).host_interface: f"host of {hub}"}
        return capture_words(host, namespace_of(hub), control)
    if fibre is not None:
        known = [*(one.fibre for one in wiring.fibres), *(one.hub for one in wiring.hubs)]
        if fibre not in known:
            raise InputError(
                f"no fibre {fibre!r} in this network", nearest_named_or_some(fibre, known)
            )
        return capture_words(of_fibre(wiring, fibre), "", control)
    raise InputError("a capture is at a hub or at a fibre")
