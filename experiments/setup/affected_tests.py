"""The test files that rooms, or the files that a branch changes, affect."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from corridor.experiments.setup.import_graph import TESTS, ImportGraph
from corridor.experiments.setup.source_names import FOLDERS
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError
from corridor.topologies.base.suggestions import nearest

BASES = ("main", "origin/main")
"""A clone may have the second alone."""
NAME_ROOMS = "name the rooms: ./corridor test ROOM..."
PAGES = (
    "tests/unit/test_doc_blocks.py",
    "tests/guest/test_doc_blocks_in_guests.py",
    "tests/guest/test_stories_in_guests.py",
    "tests/unit/experiments/setup/test_documentation_site.py",
    "tests/unit/experiments/scenario/test_red_sea_of_2025.py",
    "tests/unit/experiments/setup/test_generated_reference.py",
)
"""These run the blocks of all pages of documentation, or read all pages."""
OF_THE_TREE = ("tests/unit/test_rooms.py", "tests/unit/test_docs_pages.py")
"""These read all files of the checkout, so each change affects them."""


def affected_by_rooms(graph: ImportGraph, names: Iterable[str]) -> list[str]:
    """Return the test files of rooms, and those of the rooms that import them.

    Raises:
        InputError: no room has this name. Where a file has it, the hint is the file's room.
    """
    rooms: set[str] = set()
    for name in names:
        found = graph.rooms_named(name)
        if not found:
            raise InputError(
                f'no room is called "{name}"',
                _suggestion(graph, name) or "docs/design.md lists the rooms",
            )
        rooms |= found
    return sorted(graph.tests_of(rooms) | _always(graph))


def _suggestion(graph: ImportGraph, name: str) -> str:
    room = graph.room_of(name) if Path(name).suffix else None
    if room:
        return f'did you mean "{room}"?'
    last: dict[str, list[str]] = {}
    for one in sorted(graph.rooms):
        last.setdefault(one.rpartition("/")[2], []).append(one)
    return nearest(name, graph.rooms, last)


def leading_rooms(arguments: Sequence[str], checkout: Path) -> list[str]:
    """Return the arguments before the first option, or path of another folder of the checkout.

    They name rooms, or nothing.
    """
    found: list[str] = []
    for one in arguments:
        name = one if one.startswith("-") else os.path.normpath(one)
        folder = name.partition("/")[0]
        is_elsewhere = folder not in FOLDERS and (checkout / name.partition("::")[0]).exists()
        if name.startswith("-") or folder == TESTS or is_elsewhere:
            break
        found.append(name)
    return found


def changed_files(checkout: Path) -> list[str]:
    """Return the files that differ from the commit at which this branch left ``main``.

    Files that are not committed are among them. Raises EnvironmentUnsupported without ``main``.
    """
    try:
        inside = _git(checkout, "rev-parse", "--show-prefix")
    except (OSError, subprocess.CalledProcessError) as error:
        raise EnvironmentUnsupported(
            "what changed is not known: this folder is not a checkout of git, or git is missing",
            NAME_ROOMS,
        ) from error
    if inside != [""]:
        raise EnvironmentUnsupported("what changed is not known: git's checkout is a folder above")
    differ = _git(checkout, "diff", "--name-only", "--no-renames", _base(checkout))
    return sorted({*differ, *_git(checkout, "ls-files", "--others", "--exclude-standard")})


def _base(checkout: Path) -> str:
    """The commit at which this branch left ``main``."""
    for branch in BASES:
        try:
            return _git(checkout, "merge-base", "HEAD", branch)[0]
        except subprocess.CalledProcessError:
            continue
    raise EnvironmentUnsupported(
        f"what changed is not known: neither {' nor '.join(BASES)} shares a commit with HEAD",
        f"git fetch origin main:main (of a shallow clone: with --unshallow), or {NAME_ROOMS}",
    )


def affected_by_files(graph: ImportGraph, files: Iterable[str]) -> tuple[list[str] | None, str]:
    """Return the test files that these files affect, and the first file that may affect all.

    The list is None, and the file is named, where a file is neither in a room, nor a test, nor a
    file of the tests that a test imports, runs or names, nor in the documentation.
    """
    rooms: set[str] = set()
    affected = _always(graph)
    for file in files:
        if graph.is_code(file):
            affected |= graph.tests_importing(file)
        elif room := graph.room_of(file):
            rooms.add(room)
        elif tests := _tests_of_a_file(graph, file):
            affected |= tests
        elif not _is_test(file):
            return None, file
    return sorted(affected | graph.tests_of(rooms)), ""


def _tests_of_a_file(graph: ImportGraph, file: str) -> set[str]:
    """Those that a file of the tests, or of the documentation, affects."""
    if file.startswith("docs/"):
        name = Path(file).name if Path(file).stem != "README" else file
        return {*PAGES} | graph.tests_naming(rf"(?<![\w-]){re.escape(name)}")
    if not (file.startswith("tests/") and file.endswith(".py")):
        return set()
    tests = graph.tests_importing(file)
    return tests or (set() if _is_test(file) else graph.tests_naming(rf"\b{Path(file).stem}\b"))


def _is_test(file: str) -> bool:
    """Also of one that was removed."""
    return file.startswith("tests/") and re.search(r"/test_[^/]*\.py$", file) is not None


def _always(graph: ImportGraph) -> set[str]:
    return {*OF_THE_TREE, *graph.tests_that_import_no_room}


def _git(checkout: Path, *arguments: str) -> list[str]:
    done = subprocess.run(
        ["git", *arguments], cwd=checkout, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()
