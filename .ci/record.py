"""Record commands on a terminal: as an asciicast (version 2), and as an SVG picture that moves.

    python .ci/record.py two-commands.svg       # the two commands of the README
    python .ci/record.py FILE.svg COMMAND...    # each COMMAND a line for a shell

Writes FILE.cast next to FILE.svg. Run it in a checkout that is set up. Pauses are cut to
``PAUSE_S``, and the rest is played faster where it would take longer than ``LONGEST_S``. The exit
code is that of the first command that fails.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import sys
import termios
import time
from collections.abc import Generator, Iterable
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

COLUMNS, ROWS = 100, 30
PAUSE_S, LONGEST_S, END_S = 3.0, 90.0, 5.0
"""The longest pause, the longest recording, and for how long its end stays."""
PROMPT, READ_S = "$ ", 6.0
"""Before a command, what the one before it has printed stays for so long."""
STEP_S = 0.5
"""The picture changes no more often."""
CELL, LINE, EDGE = 7.8, 17, 10
"""Width and height of a character, and the margin, in pixels."""
COLOURS = {"1": "#fff", "2": "#889", "31": "#f77", "32": "#7d7", "33": "#dd7", "36": "#7dd"}
"""By the numbers of ECMA-48's SGR: bold, faint, red, green, yellow, cyan."""
CONTROL = re.compile(r"\x1b\[\??([\d;]*)([A-Za-z])|\x1b\].*?(?:\x07|\x1b\\)|(.)", re.DOTALL)

Span = tuple[str, str]
"""A colour, or nothing, and characters in it."""


class Shown(NamedTuple):
    """A line as it was from one moment to another."""

    row: int
    since_s: float
    until_s: float
    spans: tuple[Span, ...]


def run(command: str) -> Generator[tuple[float, bytes], None, int]:
    """What it writes to a terminal, and when; returns its exit code."""
    process, terminal = pty.fork()
    if not process:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        os.environ["TERM"] = "xterm-256color"
        os.execlp("bash", "bash", "-c", command)  # noqa: S606 - what the caller typed
    while True:
        try:
            said = os.read(terminal, 65536)
        except OSError:  # Linux says so of a terminal that no process has open
            said = b""
        if not said:
            return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        yield time.monotonic(), said


def record(commands: Iterable[str]) -> tuple[list[tuple[float, str]], int]:
    """What was shown, from second 0, and the exit code."""
    code, cut = 0, b""
    events: list[tuple[float, str]] = []
    begin_s = time.monotonic()
    for command in commands:
        events.append((time.monotonic() - begin_s, f"{PROMPT}{command}\r\n"))
        output = run(command)
        while True:
            try:
                now_s, said = next(output)
            except StopIteration as end:
                code = code or int(end.value)
                break
            text = (cut + said).decode("utf-8", errors="ignore")
            cut = (cut + said)[len(text.encode()) :]  # a character that is not complete yet
            events.append((now_s - begin_s, text))
    return events, code


def shortened(events: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """With shorter pauses, and faster where it would last too long.

    A pause is the time without a new line: what is written again in one line goes on in it, faster.
    """
    ends = sorted({0, len(events) - 1, *(n for n, (_, text) in enumerate(events) if "\n" in text)})
    now_s, times = 0.0, [0.0]
    for first, last in pairwise(ends):
        took_s = events[last][0] - events[first][0]
        pace = min(1.0, PAUSE_S / took_s) if took_s else 1.0
        times += [
            now_s + pace * (at_s - events[first][0]) for at_s, _ in events[first + 1 : last + 1]
        ]
        if events[last][1].startswith(PROMPT):
            times[-1] += READ_S
        now_s = times[-1]
    speed = max(1.0, now_s / (LONGEST_S - END_S))
    return [(at_s / speed, text) for at_s, (_, text) in zip(times, events, strict=True)]


def cast(events: list[tuple[float, str]], title: str) -> str:
    head = {"version": 2, "width": COLUMNS, "height": ROWS, "title": title}
    lines = [head, *([round(at_s, 3), "o", text] for at_s, text in events)]
    return "".join(f"{json.dumps(one, ensure_ascii=False)}\n" for one in lines)


class Screen:
    """Lines by number, from the first that was ever shown; each a list of (colour, character)."""

    def __init__(self) -> None:
        self.lines: list[list[Span]] = [[]]
        self._row = self._column = 0
        self._colour = ""

    def write(self, text: str) -> None:
        for numbers, kind, character in CONTROL.findall(text):
            if character:
                self._put(character)
            elif kind:
                self._obey(numbers, kind)

    def _put(self, character: str) -> None:
        if character == "\r":
            self._column = 0
        elif character == "\n":
            self._row += 1
        elif character >= " ":
            if self._column >= COLUMNS:
                self._row, self._column = self._row + 1, 0
            line = self._line()
            line += [("", " ")] * (self._column + 1 - len(line))
            line[self._column] = (self._colour, character)
            self._column += 1
        self._line()

    def _line(self) -> list[Span]:
        self.lines += [[] for _ in range(self._row + 1 - len(self.lines))]
        return self.lines[self._row]

    def _obey(self, numbers: str, kind: str) -> None:
        match kind:
            case "m":
                known = [COLOURS[one] for one in numbers.split(";") if one in COLOURS]
                self._colour = known[-1] if known else ""
            case "A":
                self._row = max(0, self._row - int(numbers or 1))
            case "K":
                del self._line()[0 if numbers == "2" else self._column :]

    def spans(self) -> list[tuple[Span, ...]]:
        return [_joined(line) for line in self.lines]


def _joined(line: list[Span]) -> tuple[Span, ...]:
    spans: list[Span] = []
    for colour, character in line:
        if spans and spans[-1][0] == colour:
            spans[-1] = (colour, spans[-1][1] + character)
        else:
            spans.append((colour, character))
    return tuple(spans)


def replay(events: list[tuple[float, str]]) -> tuple[list[Shown], list[tuple[float, int]], float]:
    """Lines with their times, the first row that is seen from each moment on, and the end."""
    screen, shown, scrolled = Screen(), list[Shown](), [(0.0, 0)]
    now: list[tuple[float, tuple[Span, ...]]] = []
    moments = {round(at_s / STEP_S) for at_s, _ in events}
    left = iter(events)
    event = next(left, None)
    for moment in sorted(moments):
        at_s = moment * STEP_S
        while event and round(event[0] / STEP_S) <= moment:
            screen.write(event[1])
            event = next(left, None)
        for row, spans in enumerate(screen.spans()):
            if row == len(now):
                now.append((at_s, spans))
            elif now[row][1] != spans:
                shown.append(Shown(row, now[row][0], at_s, now[row][1]))
                now[row] = (at_s, spans)
        first = max(0, len(screen.lines) - ROWS)
        if first != scrolled[-1][1]:
            scrolled.append((at_s, first))
    end_s = max(moments, default=0) * STEP_S + END_S
    shown += [Shown(row, since_s, end_s, spans) for row, (since_s, spans) in enumerate(now)]
    return [one for one in shown if one.spans and one.until_s > one.since_s], scrolled, end_s


def svg(events: list[tuple[float, str]], title: str) -> str:
    """A picture that plays it again and again."""
    shown, scrolled, end_s = replay(events)
    width, height = COLUMNS * CELL, ROWS * LINE
    moves = [(at_s, f"0 {-row * LINE}") for at_s, row in scrolled]
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width + 2 * EDGE:.0f} {height + 2 * EDGE}"
  font-family="monospace" font-size="13" fill="#ddd">
<title>{escape(title)}</title>
<style>text {{ white-space: pre }}</style>
<rect width="100%" height="100%" fill="#223" rx="6"/>
<svg x="{EDGE}" y="{EDGE}" width="{width:.0f}" height="{height}"><g>
{_changes("animateTransform", 'attributeName="transform" type="translate"', moves, end_s)}
{"".join(_text(one, end_s) for one in shown)}</g></svg></svg>
"""


def _changes(kind: str, what: str, values: list[tuple[float, str]], end_s: float) -> str:
    """An animation that goes from one value to the next at each of the moments."""
    times = ";".join(f"{at_s / end_s:.5f}" for at_s, _ in values)
    said = ";".join(value for _, value in values)
    return (
        f'<{kind} {what} calcMode="discrete" dur="{end_s}s" repeatCount="indefinite" '
        f'keyTimes="{times}" values="{said}"/>'
    )


def _text(one: Shown, end_s: float) -> str:
    said = "".join(
        f'<tspan fill="{colour}">{escape(text)}</tspan>' if colour else escape(text)
        for colour, text in one.spans
    )
    length = sum(len(text) for _, text in one.spans) * CELL
    states = [(one.since_s, "visible")]
    if one.since_s:
        states.insert(0, (0.0, "hidden"))
    if one.until_s < end_s:
        states.append((one.until_s, "hidden"))
    last = states[-1][1]
    seen = _changes("animate", 'attributeName="visibility"', states, end_s)
    place = f'y="{one.row * LINE + 13}" textLength="{length:.1f}" visibility="{last}"'
    return f"<text {place}>{said}{seen}</text>\n"


def main(words: list[str]) -> int:
    if not words or not words[0].endswith(".svg"):
        print("record: name the file to write: FILE.svg [COMMAND...]", file=sys.stderr)
        return 2
    file = Path(words[0])
    if not file.parent.is_dir():  # before minutes of recording are lost
        print(f"record: {file.parent}: no such folder; create it first", file=sys.stderr)
        return 2
    commands = words[1:] or ["./corridor run", "./corridor test"]
    events, code = record(commands)
    events, title = shortened(events), ", ".join(commands)
    file.with_suffix(".cast").write_text(cast(events, title), encoding="utf-8")
    file.write_text(svg(events, title), encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
