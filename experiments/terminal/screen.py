"""Text for a terminal: statuses in colour, lines that fit. Elsewhere the same text, untouched.

Whether there is colour is rich's to say: NO_COLOR, FORCE_COLOR and TERM=dumb are obeyed as it obeys
them. It is imported only where there may be colour, since that takes 50 ms.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

USUAL = (80, 24)
COLOURS = (
    (r"\b(?:UP|ALLOW)\b|(?m:^yes(?= ))|(?m:^[CT]\d+ +verified\b)", "green"),
    (r"\b(?:ALT|DEGRADED|REQUIRE|UNDECIDED)\b|\b(?:WARNS:|not covered)", "yellow"),
    (r"(?m:^warning:|^[CT]\d+ +not checked)", "yellow"),
    (r"\b(?:BLOCKED|DOWN|DENY|NOT VERIFIED|UNKNOWN)\b", "red"),
    (r"(?m:^no(?=  ))|(?m:^[CT]\d+ +violated\b)", "red"),
    (r"(?m:^-{2,}(?:  -{2,})*$)", "dim"),
)
"""Patterns, and the colour of what fits them: statuses, verdicts, and the rules of tables."""
MAY_FORCE = ("FORCE_COLOR", "TTY_COMPATIBLE")


def width_of(stream: TextIO) -> int | None:
    """Characters that fit on a line; None where it is not a terminal, and nothing is to be cut."""
    return shutil.get_terminal_size(USUAL).columns if stream.isatty() else None


def terminal_width() -> int | None:
    """That of standard output."""
    return width_of(sys.stdout)


def show(text: str, stream: TextIO | None = None) -> None:
    """Print, on standard output by default, as a terminal takes it if it is one."""
    print(fitted(text, stream or sys.stdout), file=stream or sys.stdout, flush=True)


def fitted(text: str, stream: TextIO) -> str:
    """Wrapped and coloured for a terminal."""
    return styled(wrapped(text, width_of(stream)), stream)


def complaint(text: str, stream: TextIO) -> str:
    """One line of what went wrong, with the program's name in red.

    Control characters are escaped: the name of a file may contain any.
    """
    text = "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
    if not _may_colour(stream):
        return text
    from rich.text import Text

    program, colon, said = text.partition(": ")
    return _ansi(Text.assemble((program + colon, "bold red"), said), stream)


def complain(text: str) -> None:
    """Report on standard error, in one line, what went wrong. Nothing if it takes no output."""
    if sys.stderr is not None:
        try:
            print(complaint(f"corridor: {text}", sys.stderr), file=sys.stderr, flush=True)
        except OSError:
            forget_output(sys.stderr)


def forget_output(stream: TextIO | None) -> None:
    """Discard what a stream still holds, also when Python ends."""
    if stream is not None:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def styled(text: str, stream: TextIO) -> str:
    """The text with colours, if the stream takes them."""
    if not _may_colour(stream):
        return text
    from rich.text import Text

    rich_text = Text(text)
    for pattern, colour in COLOURS:
        rich_text.highlight_regex(pattern, style=colour)
    return _ansi(rich_text, stream)


def console_for(stream: TextIO) -> Console:
    """Rich's, which reads the environment once."""
    from rich.console import Console

    return Console(file=stream, highlight=False, markup=False, emoji=False)


def _ansi(text: Text, stream: TextIO) -> str:
    console = console_for(stream)
    with console.capture() as capture:
        console.print(text, soft_wrap=True, end="")
    return capture.get()


def _may_colour(stream: TextIO) -> bool:
    return stream.isatty() or any(os.environ.get(name) for name in MAY_FORCE)


# Lines no wider than a terminal: prose is wrapped at words, below where it begins. Pure.

INDENT = 2
COLUMN = re.compile(r"(?<=[^\s\[]) {2,}(?=\S)")
"""Before a text in columns."""
LEAST_ROOM = 20
"""Characters that a wrapped line keeps, however deep it is indented."""


def wrapped(text: str, width: int | None) -> str:
    """Every line within ``width``, as far as its words let it; as it is without one."""
    if width is None:
        return text
    return "\n".join(part for line in text.split("\n") for part in _wrapped(line, width))


def _wrapped(line: str, width: int) -> Iterator[str]:
    if len(line) <= width:
        yield line
        return
    begins = len(line) - len(line.lstrip()) + INDENT
    gaps = [gap.end() for gap in COLUMN.finditer(line[: width // 2])]
    indent = " " * max(0, min(gaps[-1] if gaps else begins, width - LEAST_ROOM))
    yield from textwrap.wrap(
        line,
        width,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
