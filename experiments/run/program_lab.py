"""A program in the network of a topology, as the host sees it: in a guest, or in this kernel."""

from __future__ import annotations

import contextlib
import os
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import termios
import threading
import tty
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Literal

from corridor.controller.forwarding.all_pairs import compile_all_pairs
from corridor.controller.openflow.frameworks import AskedFramework, installed_framework
from corridor.experiments.lab.controller_process import app_words
from corridor.experiments.machines.kernel import Kernel
from corridor.experiments.run import choosing
from corridor.experiments.run import options as run_options
from corridor.experiments.run.event_log import Say
from corridor.experiments.run.folders import new_folder
from corridor.experiments.run.own_controller import check_loops, spanning_tree
from corridor.experiments.run.program_setting import (
    ALL_PAIRS,
    BY_COMMAND,
    ENDED,
    NONE,
    REMOTE,
    STDERR,
    STDIN,
    STDIN_ENDS,
    STDOUT,
    Ended,
    Setting,
)
from corridor.experiments.testbeds import containment
from corridor.experiments.testbeds.choice import AskedClock, Choice
from corridor.experiments.testbeds.guest_command import USUAL_GUEST_MB, entries_of, guest_mb
from corridor.experiments.testbeds.native import native_run_id, program_natively
from corridor.experiments.testbeds.uml import guest_of_a_program
from corridor.experiments.testbeds.watchdog import PATIENCE_S, failure_of
from corridor.topologies.base.errors import InputError, MeasurementInvalid
from corridor.topologies.base.scratch import scratch_folder
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import wire

# The host's end of a guest's standard streams: files that are followed, or a terminal's line.

PIECE = 65536
LOOK_S = 0.03
TOLD_AFTER_S = 1.0
type Leave = Callable[[BaseException], None]
"""Ends the guest; the exception says why."""
LEAVE_KEY = b"\x1d"
"""Ctrl-], as in telnet: ends the guest, whatever runs in it."""


def at_a_terminal() -> bool:
    """Whether someone types and reads here."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def has_input() -> bool:
    """Whether standard input is for the program: that of a terminal is not, without the other."""
    return sys.stdin is not None and not sys.stdin.isatty()


def take_in(folder: Path, say: Say) -> None:
    """All of standard input, for a guest whose time does not wait for more."""
    with (folder / STDIN).open("wb") as file:
        if not select.select([0], [], [], TOLD_AFTER_S)[0]:
            say("reading standard input to its end; </dev/null gives none")
        while piece := os.read(0, PIECE):
            file.write(piece)


@contextlib.contextmanager
def files_followed(folder: Path, gone: Leave) -> Iterator[None]:
    """Print what a program writes to its output files; all of it is printed when this is left.

    ``gone`` is called when no one reads it any more.
    """
    ended = threading.Event()

    def follow(source: IO[bytes], target: int) -> None:
        try:
            last = False
            while not last:
                last = ended.wait(LOOK_S)
                while piece := source.read(PIECE):
                    _write(target, piece)
        except BrokenPipeError as error:
            gone(error)

    with (
        (folder / STDOUT).open("w+b", buffering=0) as said,
        (folder / STDERR).open("w+b", buffering=0) as complained,
    ):
        threads = [
            threading.Thread(target=follow, args=words, daemon=True)
            for words in ((said, 1), (complained, 2))
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            ended.set()
            for thread in threads:
                thread.join()


def put_input(folder: Path) -> None:
    """In a separate thread: standard input as it comes, for a guest that follows."""
    (folder / STDIN).touch()

    def put() -> None:
        with contextlib.suppress(OSError):  # the folder goes when no one needs it any more
            with (folder / STDIN).open("ab", buffering=0) as file:
                while piece := os.read(0, PIECE):
                    file.write(piece)
            (folder / STDIN_ENDS).touch()

    threading.Thread(target=put, daemon=True).start()


@contextlib.contextmanager
def terminal_passed_on(line: socket.socket, leave: Leave) -> Iterator[None]:
    """Every key to the line and every byte of it to the terminal, until the line ends."""
    before = termios.tcgetattr(0)
    wakes, wake = os.pipe()

    def keys() -> None:
        with contextlib.suppress(OSError):
            while True:
                ready = select.select([0, wakes], [], [])[0]
                if wakes in ready:
                    return
                piece = os.read(0, PIECE)
                if not piece or LEAVE_KEY in piece:
                    leave(KeyboardInterrupt())
                    return
                line.sendall(piece)

    def shown() -> None:
        with contextlib.suppress(OSError):
            while piece := line.recv(PIECE):
                _write(1, piece)

    threads = [threading.Thread(target=one, daemon=True) for one in (keys, shown)]
    tty.setraw(0)
    try:
        for thread in threads:
            thread.start()
        yield
    finally:
        threads[1].join()
        os.write(wake, b".")
        threads[0].join()
        termios.tcsetattr(0, termios.TCSADRAIN, before)
        os.close(wakes)
        os.close(wake)


def _write(target: int, piece: bytes) -> None:
    while piece:
        piece = piece[os.write(target, piece) :]


BARE = "none"
GUEST_RUN_ID = "mn"
SHELL = ("sh",)
BY_SIGNAL = 128
CONSOLE = "console.log"
TREE = "take only a tree of its fibres with --tree"


@dataclass(frozen=True)
class Options:
    """What the command line may ask; None leaves it to the machine."""

    topology: str = BARE
    command: tuple[str, ...] = ()
    tree: bool = False
    ipv6: bool = False
    """Whether hosts have IPv6 addresses, and tables serve both versions of IP."""
    controller: str = ALL_PAIRS
    framework: AskedFramework = "auto"
    testbed: Literal["auto", "native", "uml"] = "auto"
    clock: AskedClock | None = None
    seed: int = 1
    out: Path | None = None
    reads: tuple[Path, ...] = ()
    """What the program may read in a guest, next to the system's files and the current folder."""
    patience_s: float | None = None


def run_lab(options: Options, say: Say) -> int:
    """The exit code of the program; raises whatever else ended the lab."""
    topology = _topology(options, say)
    at_terminal = at_a_terminal()
    if at_terminal and not options.command:
        options = _for_a_shell(options)
    if topology is None:
        options = _bare(options)
    asked = run_options.Options(testbed=options.testbed, clock=options.clock)
    choice, kernel = choosing.choose_for_a_lab(asked, say)
    setting = _setting(options, topology, choice, at_terminal)
    reads = _readable(options, setting) if kernel is not None else []
    say(_opening_line(topology, options, choice, kernel))
    with _folder(options) as folder:
        setting.write(folder)
        if kernel is None:
            ended = _natively(folder, setting)
        else:
            ended = _in_a_guest(kernel, folder, setting, options, reads, say)
    if ended.by == BY_COMMAND:
        return ended.code
    if ended.code >= BY_SIGNAL:
        raise KeyboardInterrupt
    raise failure_of(ended.code, ended.message)


def _topology(options: Options, say: Say) -> Topology | None:
    """None for a bare lab; raises InputError where a flood would loop for ever."""
    if options.topology == BARE:
        if options.tree or options.controller != ALL_PAIRS:
            raise InputError("a bare lab has no network", "name a topology")
        return None
    topology = load_topology(options.topology)
    if options.tree:
        topology = spanning_tree(topology)
    if options.controller in (ALL_PAIRS, NONE):
        return topology
    if warning := check_loops(topology, app_words(options.controller)[0], TREE):
        say(warning)
    return topology


def _readable(options: Options, setting: Setting) -> list[Path]:
    """Files of the host for the program; raises InputError for a home that no one named."""
    named = [path.resolve() for path in options.reads]
    folder = Path(setting.folder)
    if containment.is_private(folder) and folder.resolve() not in named:
        raise InputError(
            f"a program in a guest reads the folder that it starts in, and {folder} "
            "contains all your files",
            f"start in a folder of the program's own, or add --read {folder}",
        )
    app = Path(setting.controller)
    if setting.controller.endswith(".py"):
        named.append(app if containment.is_private(app.parent) else app.parent)
    return named


def _for_a_shell(options: Options) -> Options:
    if options.clock == "virtual":
        raise InputError(
            "a virtual clock does not wait for input at a terminal",
            "pipe commands into the shell, or use --clock real",
        )
    return replace(options, clock="real")


def _bare(options: Options) -> Options:
    if options.testbed == "native":
        raise InputError("a bare lab is a guest", "run the command itself, as root")
    return replace(options, testbed="uml", command=options.command or SHELL)


def _setting(
    options: Options, topology: Topology | None, choice: Choice, at_terminal: bool
) -> Setting:
    in_guest, virtual = choice.testbed == "uml", choice.clock == "virtual"
    run_id = GUEST_RUN_ID if in_guest else native_run_id()
    tables = topology is not None and options.controller == ALL_PAIRS
    terminal = None
    if at_terminal and in_guest and not virtual:
        columns, rows = shutil.get_terminal_size()
        terminal = (os.environ.get("TERM", "dumb"), rows, columns)
    app = app_words(options.controller)
    if app[0].endswith(".py"):
        app[0] = str(Path(app[0]).absolute())
    return Setting(
        wiring=None
        if topology is None
        else wire(topology, run_id=run_id, seed=options.seed, ipv6=options.ipv6),
        program=compile_all_pairs(topology, run_id=run_id, ipv6=options.ipv6)
        if topology and tables
        else None,
        controller=shlex.join(app),
        framework=installed_framework(options.framework),
        command=options.command,
        folder=str(Path.cwd()),
        virtual=virtual,
        in_guest=in_guest,
        terminal=terminal,
        follows_stdin=not virtual,
        keeps=options.out is not None,
    )


def _opening_line(
    topology: Topology | None, options: Options, choice: Choice, kernel: Kernel | None
) -> str:
    what = "no network"
    if topology is not None:
        said = {ALL_PAIRS: "tables for every pair of hubs", NONE: "no controller"}
        said[REMOTE] = "controller on port 6653"
        steered = said.get(options.controller, f"controller {options.controller}")
        what = f"{topology}, "
        what += steered
    where = f"Linux {kernel.version} guest" if kernel else "this machine's kernel"
    return f"{what}; {choice.clock} clock ({where})"


@contextlib.contextmanager
def _folder(options: Options) -> Iterator[Path]:
    if options.out is None:
        with scratch_folder() as folder:
            yield folder
    else:
        yield new_folder(options.out, "lab").resolve()


def _natively(folder: Path, setting: Setting) -> Ended:
    """The terminal's signals are for the program. They reach this process, too, which waits."""
    run_id = setting.wiring.run_id if setting.wiring is not None else native_run_id()
    before = signal.getsignal(signal.SIGINT)
    with program_natively(folder, run_id) as program:
        if before != signal.SIG_IGN:
            signal.signal(signal.SIGINT, lambda *_: None)
        try:
            program.wait()
        finally:
            signal.signal(signal.SIGINT, before)
    file = folder / ENDED
    return _said(file.read_text() if file.exists() else "", "the lab")


def _in_a_guest(
    kernel: Kernel,
    folder: Path,
    setting: Setting,
    options: Options,
    reads: Sequence[Path],
    say: Say,
) -> Ended:
    """Files are open before the guest begins: without ``--out`` they go with it."""
    guests: list[subprocess.Popen[bytes]] = []
    reasons: list[BaseException] = []

    def leave(reason: BaseException) -> None:
        reasons.append(reason)
        for guest in guests:
            assert guest.stdin is not None
            guest.stdin.close()

    with ExitStack() as stack:
        told = stack.enter_context((folder / ENDED).open("w+"))
        console = stack.enter_context((folder / CONSOLE).open("wb", buffering=0))
        line = _streams(folder, setting, leave, stack, say)
        guest = guest_of_a_program(
            kernel,
            folder,
            Path(setting.folder),
            line,
            reads=reads,
            virtual_clock=setting.virtual,
            memory_mb=_memory_mb(setting),
            patience_s=options.patience_s or (PATIENCE_S if setting.virtual else None),
            own=not setting.keeps,
            ipv6=options.ipv6,
        )
        guests.append(stack.enter_context(guest))
        last = _watch_console(guests[0], console)
        text = told.read()
        if reasons and not text:
            raise reasons[0]
        return _said(text, "the guest", last)
    raise AssertionError("a lab ends by a return or an exception")


def _streams(
    folder: Path, setting: Setting, leave: Leave, stack: ExitStack, say: Say
) -> socket.socket | None:
    """Connect the program's streams with ours; the guest's end of a terminal's line."""
    if setting.terminal is not None:
        ours, theirs = socket.socketpair()
        stack.enter_context(ours)
        stack.enter_context(terminal_passed_on(ours, leave))
        stack.enter_context(theirs)
        return theirs
    if has_input() and setting.virtual:
        take_in(folder, say)
    elif has_input():
        put_input(folder)
    stack.enter_context(files_followed(folder, leave))
    return None


def _memory_mb(setting: Setting) -> int:
    if setting.wiring is None or setting.program is None:
        return USUAL_GUEST_MB
    return guest_mb(len(setting.wiring.hubs), entries_of(setting.program))


def _watch_console(guest: subprocess.Popen[bytes], console: IO[bytes]) -> str:
    """Keep what the kernel and we say there, until the guest has ended; the last line."""
    last = b""
    assert guest.stdout is not None
    for line in guest.stdout:
        console.write(line)
        if line.strip() and not line.startswith(b'{"event": "exit"'):
            last = line
    guest.wait()
    return last.decode(errors="replace").strip()


def _said(text: str, who: str, last: str = "") -> Ended:
    """How a lab says it ended; raises MeasurementInvalid for one that had no time to."""
    if text:
        return Ended.from_json(text)
    raise MeasurementInvalid(f"{who} ended before its program did{last and f': {last}'}")
