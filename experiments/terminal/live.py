"""Lines that are printed one after another, and below them, on a terminal, the present work.

``telling`` gives what takes lines. On a terminal the last line moves: what is being done, how far
it has come, for how long. What is done becomes the plain line that a file would have got.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from corridor.experiments.terminal.screen import console_for, fitted, show
from corridor.topologies.base.progress import told

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

Say = Callable[[str], None]
PER_SECOND = 8
SLOW_S = 10.0
"""Where no line moves, how often one says how far it is; what is done sooner says nothing."""
SPINNER = "dots"


def nothing_more() -> str:
    return ""


def can_move(stream: TextIO) -> bool:
    """Whether lines of it can be written again: a terminal that is not dumb."""
    return stream.isatty() and console_for(stream).is_interactive


@contextmanager
def telling(stream: TextIO | None = None, begins: str = "") -> Iterator[Say]:
    """What prints lines on a stream, standard output by default; a ``LiveLines`` on a terminal,
    where ``begins`` is what goes on at first."""
    where = stream or sys.stdout
    if not can_move(where):
        slow = SlowLines(begins, where)

        def say(text: str) -> None:
            show(text, where)
            slow.start_again()

        with told(slow.step):
            yield say
        return
    lines = LiveLines(where)
    if begins:
        lines.doing(begins)
    try:
        with told(lines.step):
            yield lines
    finally:
        lines.rest()


@contextmanager
def waiting(what: str) -> Iterator[Say]:
    """Show work while nothing is printed. The callable takes its progress, and work that
    counts what it goes through says so itself. On a terminal a line that moves; elsewhere a line on
    standard error now and then, once it takes long."""
    if not (sys.stdout.isatty() and can_move(sys.stderr)):
        step = SlowLines(what, sys.stderr).step
        with told(step):
            yield step
        return
    lines = LiveLines(sys.stderr)
    lines.doing(what)
    try:
        with told(lines.step):
            yield lines.step
    finally:
        lines.rest()


class SlowLines:
    """Progress for files and pipes: a line each time that ``SLOW_S`` have passed without one."""

    def __init__(self, what: str, stream: TextIO) -> None:
        self._stream = stream
        self.start_again(what)

    def start_again(self, what: str = "") -> None:
        """Measure from now: another line was printed, and what it announced is another part."""
        self._what = what
        self._since_s = self._said_s = time.monotonic()

    def step(self, text: str) -> None:
        now_s = time.monotonic()
        if now_s - self._said_s >= SLOW_S:
            self._said_s = now_s
            what = f"{self._what}: " if self._what else ""
            show(f"{what}{text}, after {now_s - self._since_s:.0f} s", self._stream)


class LiveLines:
    """Call it with a line to tell. ``begin`` and ``doing`` say what goes on in the meantime."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._live: Live | None = None
        self._line = ""
        """Printed for good once it is done; empty for what leaves no line."""
        self._shown = ""
        self._step = ""
        self._detail = nothing_more
        self._since_s = 0.0

    def __call__(self, text: str) -> None:
        self._told()
        self._print(text)

    def begin(self, line: str, detail: Callable[[], str] = nothing_more) -> None:
        """A part begins that leaves this line; ``detail`` is asked how far it has come."""
        self._told()
        self._line = line
        self._goes_on(line, detail)

    def doing(self, what: str) -> None:
        """Something goes on that leaves no line."""
        self._told()
        self._goes_on(what, nothing_more)

    def step(self, text: str) -> None:
        """How far the part has come."""
        self._step = text

    def rest(self) -> None:
        """End the present work; what has been printed stays."""
        self._told()
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _goes_on(self, shown: str, detail: Callable[[], str]) -> None:
        self._shown, self._step, self._detail = shown, "", detail
        self._since_s = time.monotonic()
        if self._live is None:
            self._live = self._started()
        else:
            self._live.refresh()

    def _started(self) -> Live:
        from rich.live import Live
        from rich.spinner import Spinner

        spinner = Spinner(SPINNER)

        def now() -> Text:
            return self._now(str(spinner.render(time.monotonic())))

        live = Live(
            console=console_for(self._stream),
            get_renderable=now,
            refresh_per_second=PER_SECOND,
            transient=True,
        )
        live.start()
        return live

    def _now(self, frame: str) -> Text:
        from rich.text import Text

        text = Text.assemble((frame, "cyan"), " ", self._shown, no_wrap=True, overflow="ellipsis")
        if more := self._step or self._detail():
            text.append(f"  {more}", "cyan")
        return text.append(f"  {time.monotonic() - self._since_s:.0f} s", "dim")

    def _told(self) -> None:
        """What was going on is done: its line stays."""
        line, self._line = self._line, ""
        if line:
            self._print(line)

    def _print(self, text: str) -> None:
        if self._live is None:
            show(text, self._stream)
            return
        from rich.text import Text

        self._live.console.print(Text.from_ansi(fitted(text, self._stream)), soft_wrap=True)
