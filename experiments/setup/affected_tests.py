"""The test files that rooms, or the files that a branch changes, affect."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from corridor.experiments.setup.import_graph import FOLDERS, ImportGraph
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError
from corridor.topologies.base.suggestions import nearest

MAIN = "main"
PAGES = ("tests/unit/test_doc_blocks.py", "tests/guest/test_doc_blocks_in_guests.py")
"""These run the blocks of the pages of documentation."""
OF_THE_TREE = ("tests/unit/test_rooms.py", "tests/unit/test_docs_pages.py")
"""These read all files of the checkout, so each change affects them."""


def affected_by_rooms(graph: ImportGraph, names: Iterable[str]) -> list[str]:
    """Return the test files of rooms, and those of the rooms that import them.

    Raises:
        InputError: there is no room of this name.
    """
    rooms: set[str] = set()
    for name in names:
        found = graph.rooms_named(name)
        if not found:
            raise InputError(
                f'there is no room "{name}"',
                nearest(name, graph.rooms) or "docs/design.md lists the rooms",
            )
        rooms |= found
    return sorted(graph.tests_of(rooms) | _always(graph))


def leading_rooms(arguments: Sequence[str]) -> list[str]:
    """Return the arguments before the first option that name rooms, or folders of rooms."""
    found: list[str] = []
    for one in arguments:
        if one.partition("/")[0] not in FOLDERS:
            break
        found.append(one)
    return found


def changed_files(checkout: Path) -> list[str]:
    """Return the files that differ from the commit at which this branch left ``main``.

    Files that are not committed are among them.
    """
    try:
        inside = _git(checkout, "rev-parse", "--show-prefix")
    except (OSError, subprocess.CalledProcessError) as error:
        raise EnvironmentUnsupported(
            "what changed is not known: this folder is not a checkout of git, or git is missing",
            "name the rooms: ./corridor test ROOM...",
        ) from error
    if inside != [""]:
        raise EnvironmentUnsupported("what changed is not known: git's checkout is a folder above")
    try:
        (base,) = _git(checkout, "merge-base", "HEAD", MAIN)
    except subprocess.CalledProcessError:
        base = "HEAD"
    differ = _git(checkout, "diff", "--name-only", "--no-renames", base)
    return sorted({*differ, *_git(checkout, "ls-files", "--others", "--exclude-standard")})


def affected_by_files(graph: ImportGraph, files: Iterable[str]) -> tuple[list[str] | None, str]:
    """Return the test files that these files affect, and the first file that may affect all.

    The list is None, and the file is named, where a file is neither in a room, nor a test, nor a
    page of documentation.
    """
    rooms: set[str] = set()
    affected = _always(graph)
    for file in files:
        if room := graph.room_of(file):
            rooms.add(room)
        elif file.startswith("tests/") and (tests := graph.tests_importing(file)):
            affected |= tests
        elif file.startswith("docs/"):
            affected |= {*PAGES}
        elif not (file.startswith("tests/") and file.endswith(".py")):
            return None, file
    return sorted(affected | graph.tests_of(rooms)), ""


def _always(graph: ImportGraph) -> set[str]:
    return {*OF_THE_TREE, *graph.tests_that_import_no_room}


def _git(checkout: Path, *arguments: str) -> list[str]:
    done = subprocess.run(
        ["git", *arguments], cwd=checkout, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()
