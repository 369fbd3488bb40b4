"""Answers of commands that compute and do nothing else, kept for the same question.

An answer is used again where the command, the day, the code, the libraries and all that it read are
the same. What was read is noted while it is computed, and held against its digest before each use.
Nothing that a live network or its switches say is ever kept.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import os
import stat
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from corridor.experiments.terminal.screen import show, terminal_width
from corridor.topologies.base.disk_cache import find_text, ignore_kept_texts, keep_text
from corridor.topologies.base.files_read import (
    FOLDERS,
    FilesRead,
    noting,
    state,
)
from corridor.topologies.base.installation import CHECKOUT
from corridor.topologies.base.memory import collecting_later
from corridor.topologies.base.today import today

if TYPE_CHECKING:
    from corridor.topologies.base.codec import JsonObject

INPUTS, ANSWER = "inputs", "answer"
"""Kinds of texts: the names of what a question depends on, and answers."""
NOT_ASKED = ("manual", "no_cache", "own_process")
"""Arguments that do not change an answer."""
SETTLED_NS = 1_000_000_000
"""Code that was changed so recently may be another than what this process has imported."""

type Part = tuple[Literal["shown", "printed", "warned"], str]
"""A text, and how it is printed."""


@dataclass(frozen=True)
class Answer:
    """The output of a command: texts, each with how it is printed, and the exit code."""

    parts: Sequence[Part]
    exit_code: int = 0

    def tell(self) -> int:
        """Print it; the exit code."""
        for where, text in self.parts:
            if where == "shown":
                show(text)
            elif where == "printed":
                print(text)
            elif text:
                print(text, file=sys.stderr, flush=True)
        return self.exit_code


def shown(text: str) -> Part:
    """Goes to standard output as a terminal takes it, if that is one."""
    return "shown", text


def printed(text: str) -> Part:
    """Goes to standard output as it is."""
    return "printed", text


class HasJson(Protocol):
    def to_json(self) -> JsonObject: ...


def answered(
    args: argparse.Namespace,
    found: HasJson,
    text: Callable[[], str],
    exit_code: int = 0,
    note: str = "",
) -> Answer:
    """What was found as JSON and nothing else, if ``--json`` asks for it; else as text, with a note
    to standard error."""
    if args.json:
        said = printed(json.dumps(found.to_json(), indent=1, ensure_ascii=False))
        return Answer([said], exit_code)
    return Answer([shown(text()), warned_of(note)], exit_code)


def warned_of(text: str) -> Part:
    """Goes to standard error, unless it is empty."""
    return "warned", text


def add_no_cache(parser: argparse.ArgumentParser) -> None:
    """The option of commands whose answers are kept."""
    parser.add_argument(
        "--no-cache",
        action="store_true",
        help="do not read or write the cache of answers (corridor clean removes it)",
    )


def told(
    args: argparse.Namespace,
    make: Callable[[argparse.Namespace], Answer],
    *,
    may_keep: bool = True,
) -> int:
    """Print the answer of ``make``, new or kept, and return the exit code.

    Only the ``corridor`` process itself keeps answers: in others, modules remember what they read.
    What may not be kept can be an emulation of minutes, for which cycles are collected as usual.
    """
    if args.no_cache:
        ignore_kept_texts()
    if not may_keep:
        return make(args).tell()
    with collecting_later():
        if not getattr(args, "own_process", False):
            return make(args).tell()
        question = None if args.no_cache else _question(args)
        exit_code = kept(question, lambda: make(args)).tell()
        gc.freeze()  # else Python searches all values for cycles now, and again as it ends
        return exit_code


def kept(question: str | None, make: Callable[[], Answer]) -> Answer:
    """The answer to a question, computed unless it is kept; None is a question that is not kept."""
    if question is None:
        return make()
    paths = find_text(INPUTS, question)
    text = None if paths is None else find_text(ANSWER, _key(question, json.loads(paths)))
    if text is not None:
        said = json.loads(text)
        return Answer([(where, part) for where, part in said["parts"]], said["exit_code"])
    began_ns, read = time.time_ns(), FilesRead()
    with noting(read):
        answer = make()
    paths_read = sorted(read.paths)
    key = _key(question, paths_read)  # before the check: what changes later has another digest
    if read.is_whole and read.is_unchanged_since(began_ns):
        keep_text(ANSWER, key, json.dumps(asdict(answer)))
        keep_text(INPUTS, question, json.dumps(paths_read))
    return answer


def code_version() -> str | None:
    """The digest of what this code is, by the status of its files; None while it changes.

    No program can set the time of a file's last change (ctime), unlike that of its content. None,
    too, where a link leads to another folder. Raises OSError where a file or folder cannot be seen.
    """
    found, newest_ns = [], 0
    for one in sorted(_files([str(CHECKOUT / name) for name in FOLDERS]), key=lambda e: e.path):
        held = one.stat()
        if stat.S_ISDIR(held.st_mode):
            return None
        newest_ns = max(newest_ns, held.st_ctime_ns)
        found.append((one.path, held.st_ino, held.st_size, held.st_mtime_ns, held.st_ctime_ns))
    is_settled = newest_ns < time.time_ns() - SETTLED_NS
    return _digest([found, sys.version, *_libraries()]) if is_settled else None


def _question(args: argparse.Namespace) -> str | None:
    """The key of a question and its place; None where the place or the code cannot be read."""
    try:
        code, folder = code_version(), str(Path.cwd())
    except OSError:  # a link to nothing, as an editor leaves, or a folder that was deleted
        return None
    if code is None:
        return None
    asked = {name: repr(value) for name, value in vars(args).items() if name not in NOT_ASKED}
    ours = {name: text for name, text in os.environ.items() if name.startswith("CORRIDOR_")}
    return _digest([code, asked, ours, folder, terminal_width(), str(today())])


def _key(question: str, paths: Iterable[str]) -> str:
    return _digest([question, [(path, state(path)) for path in paths]])


def _digest(of: object) -> str:
    return hashlib.sha256(json.dumps(of, sort_keys=True).encode()).hexdigest()


def _files(folders: Iterable[str]) -> Iterator[os.DirEntry[str]]:
    for folder in folders:
        below = []
        with os.scandir(folder) as entries:
            for one in entries:
                if one.is_dir(follow_symlinks=False):
                    below += [one.path] if one.name != "__pycache__" else []
                else:
                    yield one
        yield from _files(below)


def _libraries() -> Iterator[object]:
    """Where Python looks for modules, and the versions of libraries there, by their names."""
    for place in sys.path:
        try:
            names = sorted(one.name for one in Path(place).glob("*.dist-info"))
            yield (place, Path(place).stat().st_mtime_ns, names)
        except OSError:
            yield place
