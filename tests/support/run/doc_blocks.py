"""The blocks of a page, and what is done with each to see that it works.

What a block is stands behind its three ticks:

    ```sh                            run by bash, in one folder for the whole page
    ```yaml topology=lab/sea.yaml    written there and loaded; or scenario=, policies=, study=
    ```python                        run, in one interpreter for the whole page
    ```yaml adds=two-cities.yaml     loaded as a scenario that has these keys beside the file's
    ```KIND file=NAME                only written, for a command below it
    ```text output                   what the block before it printed: these lines, in this order
    ```text like                     the same, numbers aside

and, of blocks that are run:

    guest          it boots a guest, so that only tests of guests run it
    aside          nothing that boots a guest rests on it, so that they do not run it again
    exit=1         the exit code it ends with, if not 0; exit=0,4: one of these
    stays=WORD     it goes on until it is ended; the page goes on once it has printed WORD
    no-run: WHY    shown only

In outputs a line ``...`` stands for any lines, and ``...`` in a line for anything. Of a table they
may show fewer columns than are printed, as a narrow terminal does. What a guest has measured may be
a little off (``NEAR``): any change of what guests import moves it by ticks of the clock, and that
two runs of one program are equal is held elsewhere.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from corridor.controller.policy.load import load_policies
from corridor.experiments.machines.kernel import cache_folder
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.study.cells import conditions
from corridor.experiments.study.load import load_study
from corridor.topologies.formats.load import load_topology

ROOT = Path(__file__).resolve().parents[3]
KINDS = ("sh", "yaml", "python")
LOADERS: dict[str, Callable[[str], object]] = {
    "topology": load_topology,
    "scenario": load_scenario,
    "policies": load_policies,
    "study": lambda path: conditions(load_study(path)),
}
FLAGS = {"guest", "aside"}
VALUES = {"file", "adds", "exit", "stays", *LOADERS}
PRINTED = {"output", "like"}
NO_RUN = " no-run: "
BLOCK_S = 180
OURS = ("XDG_STATE_HOME", "PYTEST_ADDOPTS")
"""What blocks do not take over from the environment of the tests."""
READY_S = 120
FEWEST_COLUMNS = 3
ROUNDING = 1e-6
PAGES = [
    ROOT / "README.md",
    ROOT / "examples/README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
DONE, FAILED = "\n: done :\n", "\n: failed :\n"
DRIVER = f"""
import os, sys, traceback
space = {{"__name__": "__main__"}}
asked = os.fdopen(os.dup(0))
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
for _ in asked:
    try:
        exec(compile(open(".program.py", encoding="utf-8").read(), "block", "exec"), space)
    except BaseException:
        traceback.print_exc(file=sys.stdout)
        print({FAILED!r}, flush=True)
    sys.stdout.flush()
    sys.stderr.flush()
    print({DONE!r}, end="", flush=True)
"""
DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b")
TESTS_TOOK = re.compile(
    r"(?<= in )\d+(?:\.\d+)?s(?: \((?:\d+ days?, )?\d+:\d\d:\d\d\))?(?= =*$|$)", re.MULTILINE
)
"""The duration in the last line of pytest: from a minute on it is printed in two forms."""
NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
NEAR = (
    (r"(?<![\d.])\d+\.\d{3}(?= ms\b)", 0.003, 0.0),
    (r"^\d+\.\d{3}$", 0.003, 0.0),  # a cell of a table whose head says ms
    (r"[+-]?(?<![\d.])\d+\.\d(?= us\b)", 3.0, 0.0),
    (r"(?<![\d.])\d+\.\d{6}(?![\d.])", 0.003, 0.0),
    (r"(?<![\d.])\d{8,}(?![\d.])", 3000.0, 0.0),
    (r"(?<![\d.])\d+\.\d(?=[,\]])", 0.1, 0.0),
    (r"(?<![\d.])\d+\.\d{3}(?= Mbit/s)", 0.0, 0.01),
    (r"(?<=queue )\d{3,}|(?<![\d.])\d{3,}(?= (?:sent|lost|delivered)\b)", 0.0, 0.1),
    (r"(?<![\d.])\d{3,}\.0(?![\d.])", 0.0, 0.1),
)
"""What a guest has measured, and how far off it may be: by so much, or by so large a share. Times,
in milli-, micro- or nanoseconds, are off by ticks; of what queues make of load ticks make more."""
MEASURED = re.compile("|".join(f"({pattern})" for pattern, _, _ in NEAR))
ANY_NUMBER = r"([+-]?\d+(?:\.\d+)?)"


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@dataclass(frozen=True)
class Block:
    place: str
    kind: str
    text: str
    flags: frozenset[str]
    values: dict[str, str]
    why_not: str | None

    @property
    def is_code(self) -> bool:
        return self.kind in KINDS

    @property
    def is_run(self) -> bool:
        return self.is_code and self.why_not is None

    @property
    def is_output(self) -> bool:
        return self.kind == "text" and bool(self.flags & PRINTED)

    @property
    def needs_guest(self) -> bool:
        return "guest" in self.flags

    def is_left_out(self, in_guests: bool) -> bool:
        return not self.is_run or ("aside" in self.flags if in_guests else self.needs_guest)

    @property
    def file(self) -> str | None:
        return next((self.values[key] for key in ("file", *LOADERS) if key in self.values), None)

    @property
    def codes(self) -> set[int]:
        return {int(code) for code in self.values.get("exit", "0").split(",")}


def blocks(page: Path) -> Iterator[Block]:
    lines = iter(enumerate(page.read_text(encoding="utf-8").splitlines(), start=1))
    for number, line in lines:
        if line.startswith("```"):
            text = "".join(_until_its_end(lines))
            yield _block(f"{page.name}:{number}", line[3:], text)


def _until_its_end(lines: Iterator[tuple[int, str]]) -> Iterator[str]:
    for _, line in lines:
        if line == "```":
            return
        yield f"{line}\n"


def _block(place: str, info: str, text: str) -> Block:
    said, _, reason = info.partition(NO_RUN)
    kind, *words = said.split()
    flags = {word for word in words if "=" not in word}
    values = dict(word.split("=", 1) for word in words if "=" in word)
    unknown = (flags - FLAGS - PRINTED) | (values.keys() - VALUES)
    assert not unknown, f"{place}: {info}: {', '.join(sorted(unknown))}?"
    assert not flags >= FLAGS, f"{place}: {info}: one or the other, else nothing runs it"
    return Block(place, kind, text, frozenset(flags), values, reason or None)


def pages_with(wanted: Callable[[Block], bool]) -> list[Path]:
    return [page for page in PAGES if any(wanted(block) for block in blocks(page))]


GUEST_PAGES = pages_with(lambda block: block.is_run and block.needs_guest)
PAGE_S = 900


def is_to_begin_with(page: Path) -> bool:
    """Half of those pages, so that two processes have one each."""
    return page.parent != ROOT / "docs" or page.stem == "tutorial"


@dataclass
class Reader:
    """A reader who executes the blocks of a page in order, in one folder."""

    folder: Path
    in_guests: bool = False
    said: str = ""
    """What the last block printed."""
    ran: list[str] = field(default_factory=list)
    _staying: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _interpreter: subprocess.Popen[bytes] | None = None
    _skipped: bool = False

    def follow(self, page: Path) -> None:
        try:
            for block in blocks(page):
                self.do(block)
        finally:
            self.close()

    def do(self, block: Block) -> None:
        if block.is_output and not self._skipped and self.ran:
            compare(block, self.said, measured=self.in_guests)
        elif block.file is not None and not block.is_code:
            self._write(block.file, block.text)
        elif block.is_code:
            if block.file is not None:
                self._write(block.file, block.text)
            self._skipped = block.is_left_out(self.in_guests)
            if not self._skipped:
                self._run(block)
                self.ran.append(block.place)

    def close(self) -> None:
        for process in reversed(self._staying):
            end(process, signal.SIGINT)
        self._staying.clear()
        if self._interpreter is not None:
            end(self._interpreter, signal.SIGTERM)
            self._interpreter = None

    def _write(self, name: str, text: str) -> None:
        written = self.folder / name
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(text, encoding="utf-8")

    def _run(self, block: Block) -> None:
        if block.kind == "yaml" and (whole := block.values.get("adds")):
            both = f"{(self.folder / whole).read_text(encoding='utf-8')}{block.text}"
            self._write(f"with-{whole}", both)
            load_scenario(str(self.folder / f"with-{whole}"))
        elif block.kind == "yaml":
            use = next((use for use in LOADERS if use in block.values), None)
            assert use, f"{block.place}: say what loads it"
            LOADERS[use](block.values[use])
        elif block.kind == "sh" and block.file is None:
            self._shell(block, ["bash", "-euo", "pipefail", "-c", block.text])
        elif block.kind == "python" and block.file is None:
            self._python(block)

    def _python(self, block: Block) -> None:
        """One interpreter for the page; it reads the names of files from standard input."""
        if self._interpreter is None:
            self._interpreter = self._start([sys.executable, "-c", DRIVER], self.folder / ".python")
        log, program = self.folder / ".python", self.folder / ".program.py"
        program.write_text(block.text, encoding="utf-8")
        before = log.stat().st_size
        assert self._interpreter.stdin is not None
        self._interpreter.stdin.write(b"go on\n")
        self._interpreter.stdin.flush()
        deadline = time.monotonic() + BLOCK_S
        while not (said := log.read_bytes()[before:].decode("utf-8", "replace")).endswith(DONE):
            assert self._interpreter.poll() is None, f"{block.place}: Python ended\n{said}"
            assert time.monotonic() < deadline, f"{block.place}: it takes too long\n{said}"
            time.sleep(0.05)
        self.said = said.removesuffix(DONE)
        assert FAILED not in self.said, f"{block.place}: exit code 1\n{block.text}\n{self.said}"

    def _shell(self, block: Block, words: Sequence[str]) -> None:
        log = self.folder / ".said"
        process = self._start(words, log)
        if word := block.values.get("stays"):
            self._staying.append(process)
            self.said = _await(process, log, word, block)
            return
        try:
            code = process.wait(BLOCK_S)
        finally:
            end(process, signal.SIGTERM)
        self.said = log.read_text(encoding="utf-8", errors="replace")
        assert code in block.codes, f"{block.place}: exit code {code}\n{block.text}\n{self.said}"

    def _start(self, words: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
        log.unlink(missing_ok=True)
        return subprocess.Popen(
            list(words),
            cwd=self.folder,
            env={
                **{name: value for name, value in os.environ.items() if name not in OURS},
                "HOME": str(self.folder.with_name(f"{self.folder.name}-home")),
                "XDG_CACHE_HOME": str(cache_folder().parent),
                "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
                "PYTHONPATH": str(ROOT / ".package"),
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            },
            stdin=subprocess.PIPE if words[-1] == DRIVER else subprocess.DEVNULL,
            stdout=log.open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_hear_interrupts,
        )


def _hear_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _await(process: subprocess.Popen[bytes], log: Path, word: str, block: Block) -> str:
    """What it has printed once the word is there."""
    deadline = time.monotonic() + READY_S
    while word not in (said := log.read_text(encoding="utf-8", errors="replace")):
        assert process.poll() is None, f"{block.place}: it ended\n{said}"
        assert time.monotonic() < deadline, f"{block.place}: it never printed {word}\n{said}"
        time.sleep(0.1)
    return said


def end(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    """A command and what it left running."""
    for one in (how, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, one)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(60)


def compare(block: Block, said: str, *, measured: bool = False) -> None:
    """Raise unless every line that a page shows was printed, in that order."""
    like = "like" in block.flags
    shown, of_now = _without_today(*(TESTS_TOOK.sub("0s", text) for text in (block.text, said)))
    printed = [_cells(line, like) for line in of_now.splitlines()]
    shows = _shows_measured if measured else _matches
    rest = (printed[at:] for at in range(len(printed) or 1))
    missed = [_first_missing(shown, lines, like, shows) for lines in rest]
    best = max(missed, key=lambda found: found[0])
    assert not best[1], f"{block.place}: not printed there: {best[1]}\n{said}"


def _without_today(shown: str, said: str) -> tuple[str, str]:
    """With a word for today, which is another day on the page, and was when the block was run."""
    now = datetime.now().astimezone()
    today = {str(moment.date()) for moment in (now, now - timedelta(seconds=BLOCK_S))}
    then = today | (set(DAY.findall(shown)) - set(DAY.findall(said)))
    return (
        DAY.sub(lambda day: "TODAY" if day[0] in then else day[0], shown),
        DAY.sub(lambda day: "TODAY" if day[0] in today else day[0], said),
    )


type Alike = Callable[[str, str], bool]
"""Whether what is shown is what was printed."""


def _first_missing(
    shown: str, printed: list[list[str]], like: bool, alike: Alike
) -> tuple[int, str]:
    """How many lines were found in a row from there on, and the next, if there is one more."""
    at, skipping = 0, True
    for number, line in enumerate(shown.splitlines()):
        if line.strip() == "...":
            skipping = True
        elif wanted := _cells(line, like):
            places = range(at, len(printed))
            found = next((n for n in places if _shows(wanted, printed[n], alike)), None)
            if found is None or (not skipping and any(printed[at:found])):
                return number, line
            at, skipping = found + 1, False
    return len(shown), ""


def _cells(line: str, like: bool) -> list[str]:
    """The cells, separated by two or more spaces; the rule of a table gets one length."""
    cells = re.split(r" {2,}", re.sub(r"-{3,}", "---", line.strip()))
    return [NUMBER.sub("0", cell) if like else cell for cell in cells if cell]


def _shows(wanted: list[str], printed: list[str], alike: Alike) -> bool:
    """Whether a line is shown as it was printed, or as a row of a table without some columns."""
    if len(wanted) < FEWEST_COLUMNS:
        return alike(" ".join(wanted), " ".join(printed))
    rest = iter(printed)
    return all(any(alike(cell, other) for other in rest) for cell in wanted)


def _matches(wanted: str, text: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, wanted.split("..."))), text) is not None


def _shows_measured(wanted: str, text: str) -> bool:
    """As it was printed, what was measured to ``NEAR``."""
    found = list(MEASURED.finditer(wanted))
    ends = [0, *(one.end() for one in found)]
    starts = [*(one.start() for one in found), len(wanted)]
    between = (wanted[end:start] for end, start in zip(ends, starts, strict=True))
    exact = (".*".join(map(re.escape, part.split("..."))) for part in between)
    printed = re.fullmatch(ANY_NUMBER.join(exact), text)
    return printed is not None and all(
        math.isclose(float(one[0]), float(other), abs_tol=by + ROUNDING, rel_tol=share)
        and len(one[0].partition(".")[2]) == len(other.partition(".")[2])
        for one, other in zip(found, printed.groups(), strict=True)
        for _, by, share in [NEAR[(one.lastindex or 0) - 1]]
    )


def outputs_of(page: Path) -> Iterator[tuple[Block, Block]]:
    """Each block that is run, with the output that the page shows of it."""
    last: Block | None = None
    for block in blocks(page):
        if block.is_code:
            last = block
        elif block.is_output:
            assert last is not None, f"{block.place}: of what?"
            yield last, block


SHIM = '#!/bin/sh\nexec {python} {words} "$@"\n'
COMMAND = "-P -m corridor.experiments.cli"
SHIMS = {
    "bin/corridor": COMMAND,
    "corridor": COMMAND,
    ".venv/bin/corridor": COMMAND,
    ".venv/bin/python": "",
    ".venv/bin/ryu-manager": "-m corridor.controller.openflow.ryu_manager",
    ".venv/bin/pytest": "-m pytest -p corridor.controller.pytest_plugin"
    " -p corridor.experiments.run.policy_test_plugin -p no:cacheprovider",
}
COPIED = ("topologies", "controller", "experiments", "examples")
"""Whole: a guest may not see where the checkout lies, and what starts ``../corridor`` finds the
folder's own, which sets nothing up."""


def give_commands(folder: Path, client: Path | None = None) -> None:
    """A folder in which the commands of a checkout can be typed, or sent by a client of theirs."""
    for name, words in SHIMS.items():
        shim = folder / name
        if client is not None and words == COMMAND:
            words = f"-ISE {shlex.quote(str(client))}"
        shim.parent.mkdir(parents=True, exist_ok=True)
        shim.write_text(SHIM.format(python=shlex.quote(sys.executable), words=words))
        shim.chmod(0o755)


def furnish(folder: Path, client: Path | None = None) -> None:
    """A folder as a reader has it: the commands, the examples, the code."""
    give_commands(folder, client)
    (folder / "lab").mkdir()
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))


@pytest.fixture(name="reader")
def reader_in_guests(tmp_path, monkeypatch, virtual_kernel, client) -> Reader:
    """A reader in a folder of examples."""
    furnish(tmp_path, client)
    monkeypatch.chdir(tmp_path)
    return Reader(tmp_path, in_guests=True)
