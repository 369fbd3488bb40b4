"""Holds one guest, and nothing of it longer than its caller.

    guest_supervisor.py --link=NAME=PATH ... --copy=NAME=PATH ... [--input=FD] [--own=PATH]
                        --compiled=NAME=PATH ... [--kept=PATH] [--write=PATH ...]
                        [--read=PATH ...] [--list=PATH ...] [--means=landlock|bubblewrap]
                        [--anywhere] -- COMMAND

Standard library only. The command starts in a scratch folder that is its HOME and holds links to
files and folders, and copies of folders of code, compiled or not: see ``compiled_code.py``.
``--kept`` names its file of what was compiled before. With ``--input`` an open descriptor is its
standard input, else it has none. With ``--anywhere`` it is not kept to one processor. A folder with
``--own`` goes with the scratch folder. The command may write the scratch folder and what
``--write`` names, read what it is linked to, what ``--read`` names and the system's files, and list
names below ``--list``, as far as ``--means`` of ``containment.py`` see to it. The standard input of
the supervisor is a pipe that the caller holds open: a ``-`` stops the guest's kernel, a ``+`` has
it go on. When it closes, however the caller ended, or when the guest ends, every process of the
guest is killed and its scratch folder removed.
The supervisor then ends as the guest did.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import shutil
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

if not __package__:
    sys.path.insert(0, str(Path(__file__).absolute().parents[3]))

from corridor.experiments.testbeds import compiled_code, containment
from corridor.experiments.testbeds.guest_init import PLACE
from corridor.topologies.base.child_process import die_with_parent
from corridor.topologies.base.scratch import SHARED_MEMORY, scratch_folder

PR_SET_CHILD_SUBREAPER = 36
ADDR_NO_RANDOMIZE = 0x0040000
EXIT_NOT_STARTED = 127
SIGNALS = {b"-": signal.SIGSTOP, b"+": signal.SIGCONT}
NOT_COMPILED_HERE = shutil.ignore_patterns("__pycache__")
_libc = ctypes.CDLL(None)


def keep(orders: list[str], command: list[str]) -> int:
    """Run the guest to its end or the caller's; its wait status."""
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
    inputs = [int(number) for number in _ordered("--input", orders)]
    kept = next(map(Path, _ordered("--kept", orders)), None)
    pinned = contextlib.nullcontext() if "--anywhere" in orders else one_cpu()
    with (
        _owned(_ordered("--own", orders)),
        scratch_folder() as scratch,
        _memory_folder(scratch) as memory,
        pinned as cpu,
    ):
        for order in orders:
            if order.startswith(("--link=", "--copy=", "--compiled=")):
                _put_in(scratch, order, memory, kept)
        how, allowed = _contained(orders, command, scratch, memory)
        guest = os.fork()
        if guest == 0:
            os.environ.update(HOME=str(scratch), TMPDIR=str(memory))
            _be_guest(str(scratch), how, allowed, command, cpu, *inputs)
        for descriptor in inputs:
            os.close(descriptor)
        try:
            _wait_for_either(guest, how)
        finally:
            status = _end(guest)
        return status


def _ordered(how: str, orders: list[str]) -> list[str]:
    return [order.partition("=")[2] for order in orders if order.startswith(f"{how}=")]


def _memory_folder(scratch: Path) -> contextlib.AbstractContextManager[Path]:
    """Where the kernel keeps the guest's memory: as it would itself, but in a separate folder."""
    configured = any(os.environ.get(name) for name in ("TMPDIR", "TMP", "TEMP"))
    if configured or not os.path.ismount(SHARED_MEMORY):
        return contextlib.nullcontext(scratch)
    return scratch_folder(SHARED_MEMORY)


def _contained(
    orders: list[str], command: list[str], scratch: Path, memory: Path
) -> tuple[containment.Means, containment.Allowed]:
    links = [order.split("=", 2)[2] for order in orders if order.startswith("--link=")]
    program = [command[0]] if command[0].startswith("/") else []
    allowed = containment.Allowed(
        reads=(*links, *program, *_ordered("--read", orders)),
        writes=tuple(_ordered("--write", orders)),
        scratch=tuple({str(scratch), str(memory)}),
        lists=tuple(_ordered("--list", orders)),
    )
    asked = _ordered("--means", orders)
    return next((how for how in containment.MEANS if how in asked), containment.MEANS[-1]), allowed


@contextlib.contextmanager
def _owned(folders: list[str]) -> Iterator[None]:
    """Folders that no one needs once the guest has ended."""
    try:
        yield
    finally:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)


def _put_in(scratch: Path, order: str, memory: Path, kept: Path | None = None) -> None:
    """What an order names, in the scratch folder.

    A copy lies in ``memory``, where hundreds of files are made and removed in a third of the time,
    and the scratch folder has a link to its first folder: a guest mounts nothing through two links.
    """
    how, name, source = order.split("=", 2)
    if how == "--link":
        (scratch / name).symlink_to(source)
        return
    if how == "--copy":
        shutil.copytree(source, memory / name, ignore=NOT_COMPILED_HERE)
    else:
        compiled_code.copy_compiled(Path(source), memory / name, f"{PLACE}/{name}", kept)
    first = Path(name).parts[0]
    if not (scratch / first).exists():
        (scratch / first).symlink_to(memory / first)


def _be_guest(
    scratch: str,
    how: containment.Means,
    allowed: containment.Allowed,
    command: Sequence[str],
    cpu: int | None,
    reads: int | None = None,
) -> NoReturn:
    """In the child: its own session, its memory layout the same every time."""
    try:
        os.setsid()
        die_with_parent()
        _libc.personality(ADDR_NO_RANDOMIZE)
        if cpu is not None:
            os.sched_setaffinity(0, {cpu})
        os.chdir(scratch)
        source = os.open(os.devnull, os.O_RDONLY) if reads is None else reads
        os.dup2(source, 0)
        os.close(source)
        words = containment.enter(how, allowed, command)
        os.execve(words[0], words, dict(os.environ))  # noqa: S606
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", flush=True)
    os._exit(EXIT_NOT_STARTED)


def _wait_for_either(guest: int, how: containment.Means) -> None:
    """Until the caller's pipe closes or the guest ends; what comes by the pipe stops its kernel,
    whose clock then stands still, or has it go on."""
    poll = select.poll()
    poll.register(0, select.POLLIN)
    ended = os.pidfd_open(guest)
    poll.register(ended, select.POLLIN)
    while True:
        for descriptor, _ in poll.poll():
            told = b"" if descriptor == ended else os.read(0, 1)
            if told not in SIGNALS:
                return
            os.kill(containment.contained(how, guest), SIGNALS[told])


def _end(guest: int) -> int:
    """Kill what is left of the guest: its processes share its group, and end as our children."""
    os.kill(guest, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):  # it has no group yet, and so no processes
        os.killpg(guest, signal.SIGKILL)
    status = 0
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, ended = os.wait()
            if pid == guest:
                status = ended
    return status


def _stop(_number: int, _frame: object) -> NoReturn:
    raise SystemExit(1)


def main() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _stop)
    end = sys.argv.index("--")
    code = os.waitstatus_to_exitcode(keep(sys.argv[1:end], sys.argv[end + 1 :]))
    if code < 0:
        with contextlib.suppress(OSError):  # SIGKILL has no handler to take away
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


# A processor for each guest, as long as there are any. A guest is one processor, but two
# processes of the host that hand over to each other at every system call of the guest. On two
# cores each of these wakes a core that sleeps, which takes five times as long as going on on the
# same.

NAME = "\0corridor/cpu/{}"
"""An address that leads to no file: it is taken as long as someone holds it."""
BUSY = 2.0
"""Processes that wait for each processor."""


@contextlib.contextmanager
def one_cpu() -> Iterator[int | None]:
    """The number of a processor that no other guest of this machine has while the body runs.

    None if there is none, or where more waits for processors than there are: then what is
    ready should go on wherever there is room.
    """
    ours = sorted(os.sched_getaffinity(0))
    if len(ours) < 2 or os.getloadavg()[0] >= BUSY * len(ours):
        yield None
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as held:
        yield _take(held, ours)


def _take(held: socket.socket, ours: list[int]) -> int | None:
    """The last first: what else this machine does tends to the first."""
    for cpu in reversed(ours):
        with contextlib.suppress(OSError):
            held.bind(NAME.format(cpu))
            return cpu
    return None


if __name__ == "__main__":
    main()
