"""Build a lab in this kernel and run its program: ``python -m ...inside OUT_DIR [CONSOLE]``.

Reads ``lab.json`` of OUT_DIR, and leaves ``ended.json`` there. With a CONSOLE this is a guest: the
program's terminal is there, or its output goes to files of OUT_DIR. Without one, the program has
the standard streams of this process, and SIGTERM takes the network down.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import termios
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from corridor.experiments.lab.assembly import assemble
from corridor.experiments.run import program_setting
from corridor.experiments.run.program_controllers import steering
from corridor.experiments.run.program_setting import (
    BY_COMMAND,
    BY_CORRIDOR,
    ENDED,
    STDERR,
    STDIN,
    STDIN_ENDS,
    STDOUT,
    Ended,
    Setting,
)
from corridor.topologies.base.errors import CorridorError, EnvironmentUnsupported
from corridor.topologies.base.slowness import measure
from corridor.topologies.emulation.network import CorridorNet
from corridor.topologies.emulation.ovsdb import SYSTEM_RUN_DIR, OpenVSwitch

NOT_FOUND, NOT_RUN, BY_SIGNAL = 127, 126, 128
"""As a shell has them."""


def carry_out(setting: Setting, out_dir: Path, scratch: Path) -> int:
    """The exit code of the program."""
    if not setting.virtual:
        measure()
    commands = scratch / "bin"
    program_setting.put_commands(commands, guest=setting.in_guest)
    os.environ.update(program_setting.environment(commands))
    if setting.keeps:
        os.environ["CORRIDOR_OUT"] = str(out_dir)
    with ExitStack() as stack:
        net = _standing(setting, scratch, out_dir, stack)
        if setting.command:
            return _run(setting)
        assert net is not None
        return _shell(net, setting)


def _standing(
    setting: Setting, scratch: Path, out_dir: Path, stack: ExitStack
) -> CorridorNet | None:
    run_dir = SYSTEM_RUN_DIR if setting.in_guest else scratch / "openvswitch"
    if setting.wiring is None:
        stack.callback(OpenVSwitch.connect(run_dir).close)
        return None
    steered = steering(setting, scratch, out_dir)
    net, _ = stack.enter_context(
        assemble(setting.wiring, steered, scratch, out_dir, run_dir=run_dir)
    )
    if steered is not None:
        steered.wait(net)
    hosts = scratch / "hosts.txt"
    hosts.write_text(
        program_setting.hosts_by_hub(setting.wiring, lambda hub: str(net[hub].namespace.path))
    )
    os.environ["CORRIDOR_HOSTS"] = str(hosts)
    program_setting.name_hosts(setting.wiring, scratch / "names")
    return net


def _run(setting: Setting) -> int:
    """A signal from the terminal is for the program, which may go on."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        program = subprocess.Popen(setting.command, cwd=setting.folder)
    except OSError as error:
        print(f"{setting.command[0]}: {error.strerror}", file=sys.stderr)
        return NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_RUN
    try:
        code = program.wait()
    finally:
        signal.signal(signal.SIGINT, before)
        if program.poll() is None:
            program.terminate()
    return code if code >= 0 else BY_SIGNAL - code


def _shell(net: CorridorNet, setting: Setting) -> int:
    from corridor.topologies.emulation.shell import run_lines, talk

    os.chdir(setting.folder)
    if os.isatty(0):
        talk(net)
    else:
        run_lines(net)
    return 0


def _stop(_number: int, _frame: FrameType | None) -> None:
    """Once: what follows is tidying up."""
    signal.signal(signal.SIGTERM, lambda *_: None)
    raise KeyboardInterrupt


def _ended(out_dir: Path, console: str | None) -> Ended:
    setting = Setting.read(out_dir)
    try:
        if console is not None:
            program_setting.in_a_guest(setting.folder)
            if setting.terminal is None:
                take_files(setting, out_dir)
            else:
                take_terminal(console, *setting.terminal)
        with tempfile.TemporaryDirectory(prefix="corridor-") as scratch:
            code = carry_out(setting, out_dir, Path(scratch))
    except CorridorError as error:
        return Ended(BY_CORRIDOR, error.exit_code, str(error))
    except KeyboardInterrupt:
        return Ended(BY_CORRIDOR, BY_SIGNAL + signal.SIGINT, "interrupted")
    except OSError as error:
        return Ended(BY_CORRIDOR, EnvironmentUnsupported.exit_code, str(error))
    return Ended(BY_COMMAND, code)


def main(arguments: list[str]) -> None:
    out_dir, *console = arguments
    signal.signal(signal.SIGTERM, _stop)
    ended = _ended(Path(out_dir), console[0] if console else None)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    drain_terminal()
    (Path(out_dir) / ENDED).write_text(ended.to_json())


# The standard streams of a program in a guest: a terminal, or files that the host follows.

PIECE = 65536
LOOK_S = 0.05


def take_terminal(console: str, kind: str, rows: int, columns: int) -> None:
    """Make the console the controlling terminal of this session, and its standard streams."""
    terminal = os.open(console, os.O_RDWR)
    termios.tcsetwinsize(terminal, (rows, columns))
    for number in range(3):
        os.dup2(terminal, number)
    os.environ["TERM"] = kind
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]


def take_files(setting: Setting, out_dir: Path) -> None:
    """Write to files of the folder, and read what the host puts there."""
    for number, name in ((1, STDOUT), (2, STDERR)):
        os.dup2(os.open(out_dir / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    if not (out_dir / STDIN).exists():
        _take_silence()
    elif setting.follows_stdin:
        _take_followed(out_dir)
    else:
        os.dup2(os.open(out_dir / STDIN, os.O_RDONLY), 0)


def _take_silence() -> None:
    """An input that is open and never says anything: its end would set a shell's poll spinning."""
    silent, held_open = os.pipe()
    os.dup2(silent, 0)
    os.set_inheritable(held_open, True)


def _take_followed(out_dir: Path) -> None:
    reads, writes = os.pipe()
    os.dup2(reads, 0)
    os.close(reads)
    threading.Thread(target=_follow, args=(out_dir, writes), daemon=True).start()


def _follow(out_dir: Path, writes: int) -> None:
    """Pass on what the host appends. A file must be opened again to be seen to have grown."""
    done = 0
    with contextlib.suppress(BrokenPipeError):
        while True:
            ends = (out_dir / STDIN_ENDS).exists()
            with (out_dir / STDIN).open("rb", buffering=0) as file:
                file.seek(done)
                piece = file.read(PIECE)
            done += len(piece)
            while piece:
                piece = piece[os.write(writes, piece) :]
            if ends and done >= (out_dir / STDIN).stat().st_size:
                break
            time.sleep(LOOK_S)
    os.close(writes)


def drain_terminal() -> None:
    """Return when what was written has left the machine."""
    with contextlib.suppress(termios.error):
        termios.tcdrain(1)


if __name__ == "__main__":
    main(sys.argv[1:])
