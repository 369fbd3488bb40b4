"""The standard streams of a program in a guest: a terminal, or files that the host follows."""

from __future__ import annotations

import contextlib
import os
import sys
import termios
import threading
import time
from pathlib import Path

from corridor.experiments.run.program_setting import (
    STDERR,
    STDIN,
    STDIN_ENDS,
    STDOUT,
    Setting,
)

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
