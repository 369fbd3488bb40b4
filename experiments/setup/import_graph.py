"""Which rooms each file of a checkout imports, and so which tests a change of a room affects."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

FOLDERS = ("topologies", "controller", "traffic", "experiments")
PACKAGE = "corridor"
TESTS = "tests"
HELPERS = f"{TESTS}/support"
"""Tests import the files below this folder by their bare names."""
INSIDE = f"{TESTS}/guest/inside"
"""Tests run the files of this folder in guests, by their bare names."""
WORD = re.compile(r"\w+")
DEFINED = re.compile(r"^def (\w+)", re.MULTILINE)
AUTOUSE = "autouse=True"
NAMED = re.compile(rf"\b{PACKAGE}(?:\.\w+)+")
PROGRAM = re.compile(rf"\b{TESTS}(?:\.\w+)+|\b\w+\.py\b|(?<=[\"'])\w+(?=[\"'])")
"""A module of the tests, a file, or a whole string, which may be a program that a test runs."""


def imported(file: str, text: str) -> set[str]:
    """Return every module that a file imports, at whatever depth and however it is written.

    Args:
        file: its path from the folder of the checkout.
        text: its source.
    """
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(file, node)
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Call) and node.args and _imports_by_name(node.func):
            found |= {_constant_start(node.args[0])} - {""}
    return found


def _absolute(file: str, node: ast.ImportFrom) -> str:
    package = [PACKAGE, *file.split("/")[: -node.level]] if node.level else []
    return ".".join([*package, *([node.module] if node.module else [])])


def _imports_by_name(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in ("import_module", "__import__")


def _constant_start(argument: ast.expr) -> str:
    """A module named by a string, or by what an f-string begins with."""
    if isinstance(argument, ast.JoinedStr) and argument.values:
        argument = argument.values[0]
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return argument.value
    return ""


class ImportGraph:
    """The files of a checkout, product and tests, and the files that each imports.

    A room is a folder of the product that holds code, named by its path.
    """

    def __init__(self, checkout: Path) -> None:
        self._texts = {
            path.relative_to(checkout).as_posix(): path.read_text(encoding="utf-8")
            for folder in (*FOLDERS, TESTS)
            for path in sorted((checkout / folder).rglob("*.py"))
        }
        self.rooms = frozenset(_folder(one) for one in self._texts if not _is_test(one))

    def rooms_named(self, name: str) -> frozenset[str]:
        """Return the room of this name and the rooms inside it: none if the room does not exist."""
        name = name.rstrip("/")
        return frozenset(one for one in self.rooms if one == name or one.startswith(f"{name}/"))

    def room_of(self, file: str) -> str | None:
        """Return the innermost room that a file lies in, code or data: None if it lies in none."""
        return next((one for one in _folders_above(file) if one in self.rooms), None)

    def tests_of(self, rooms: Iterable[str]) -> set[str]:
        """Return the test files that import a file of these rooms, directly or through others."""
        touched = set(rooms)
        return self._tests_reaching({one for one in self._texts if _folder(one) in touched})

    def tests_naming(self, pattern: str) -> set[str]:
        """Return the test files with text that a pattern matches, or that import such a file."""
        named = re.compile(pattern)
        return self._tests_reaching(
            {one for one, text in self._texts.items() if _is_test(one) and named.search(text)}
        )

    def tests_importing(self, file: str) -> set[str]:
        """Return the test files that are, import, or run by its path, this file of the tests.

        Every test below the folder of a ``conftest.py`` depends on it.
        """
        found = self._tests_reaching({file} & self._texts.keys())
        if file.endswith("/conftest.py"):
            below = f"{_folder(file)}/"
            found |= {one for one in self._texts if _holds_tests(one) and one.startswith(below)}
        return found

    @property
    def tests_that_import_no_room(self) -> set[str]:
        """The test files that start programs of the checkout by their paths, or only read it."""
        of_product = {one for one in self._texts if not _is_test(one)}
        importing = _reaching(of_product, self._importers)
        return {one for one in self._texts if _holds_tests(one)} - importing

    def _tests_reaching(self, targets: set[str]) -> set[str]:
        return {one for one in _reaching(targets, self._users) if _holds_tests(one)}

    @cached_property
    def _importers(self) -> dict[str, set[str]]:
        importers: dict[str, set[str]] = {}
        for file, text in self._texts.items():
            for one in self._imports(file, text):
                importers.setdefault(one, set()).add(file)
        return importers

    @cached_property
    def _users(self) -> dict[str, set[str]]:
        """The files that import each file, and the tests that name it as a program to run."""
        users = {file: set(importers) for file, importers in self._importers.items()}
        for file, text in self._texts.items():
            if _is_test(file):
                for one in self._programs(file, text):
                    users.setdefault(one, set()).add(file)
        return users

    def _programs(self, file: str, text: str) -> Iterator[str]:
        for name in set(PROGRAM.findall(text)):
            path = name.removesuffix(".py").replace(".", "/")
            if path.startswith(f"{TESTS}/"):
                places = [path, f"{path}/__main__"]
            elif name.endswith(".py"):
                folders = (*self._helper_folders, INSIDE, _folder(file))
                places = [f"{folder}/{path}" for folder in folders]
            else:
                places = [f"{folder}/{path}" for folder in (*self._helper_folders, INSIDE)]
            files = (f"{one}.py" for one in places if f"{one}.py" in self._texts)
            yield from (one for one in files if not _holds_tests(one))

    def _imports(self, file: str, text: str) -> Iterator[str]:
        modules = imported(file, text)
        if _is_test(file):  # a test also names modules to other processes, and to monkeypatch
            modules |= set(NAMED.findall(text))
            yield from self._conftests_used(file, text)
        for module in modules:
            path = module.replace(".", "/")
            if path.startswith(f"{PACKAGE}/"):
                yield from self._files_of(path.removeprefix(f"{PACKAGE}/"))
            else:
                folders = (*self._helper_folders, _folder(file))
                for one in (path, *(f"{folder}/{path}" for folder in folders)):
                    yield from (found for found in self._files_of(one) if _is_test(found))

    @cached_property
    def _helper_folders(self) -> list[str]:
        below = (one for one in self._texts if one.startswith(f"{HELPERS}/"))
        return sorted({_folder(one) for one in below if one.count("/") <= 3})

    def _files_of(self, path: str) -> Iterator[str]:
        """The files that run when a module is imported: all of a room if its name is open."""
        if path.endswith("/"):
            yield from (one for one in self._texts if one.startswith(path))
        parents = (f"{folder}/__init__.py" for folder in _folders_above(f"{path}/"))
        yield from (one for one in (f"{path}.py", *parents) if one in self._texts)

    def _conftests_used(self, file: str, text: str) -> Iterator[str]:
        """Those of the folders above whose fixtures the file names."""
        words = set(WORD.findall(text))
        for folder in _folders_above(file):
            conftest = f"{folder}/conftest.py"
            if conftest != file and self._fixtures.get(conftest, set()) & (words | {AUTOUSE}):
                yield conftest

    @cached_property
    def _fixtures(self) -> dict[str, set[str]]:
        """The names that each ``conftest.py`` defines, and whether it has a fixture for all."""
        return {
            file: {*DEFINED.findall(text), *({AUTOUSE} if AUTOUSE in text else ())}
            for file, text in self._texts.items()
            if file.endswith("/conftest.py")
        }


def _reaching(targets: set[str], users: Mapping[str, Iterable[str]]) -> set[str]:
    """The targets, and the files that use one of them, directly or through others."""
    reached, new = set[str](), targets
    while new:
        reached |= new
        new = {one for target in new for one in users.get(target, ())} - reached
    return reached


def _folder(file: str) -> str:
    return file.rpartition("/")[0]


def _folders_above(file: str) -> Iterator[str]:
    while file := _folder(file):
        yield file


def _is_test(file: str) -> bool:
    return file.startswith(f"{TESTS}/")


def _holds_tests(file: str) -> bool:
    return _is_test(file) and Path(file).name.startswith("test_")
