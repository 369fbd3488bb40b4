"""Which rooms each file of a checkout imports, and which tests a change of them affects."""

from __future__ import annotations

import ast
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path

from corridor.topologies.base.errors import EnvironmentUnsupported, InputError
from corridor.topologies.base.suggestions import nearest

# What a source file names: modules that it imports, and modules and verbs in its strings.

FOLDERS = ("topologies", "controller", "traffic", "experiments")
PACKAGE = "corridor"
MODULE = re.compile(rf"(?<![\w./])(?:{PACKAGE}\.)?((?:{'|'.join(FOLDERS)})(?:\.\w+)+\.?)")
"""A module of the product, or the beginning of its name, with or without the package."""
STARTERS = (PACKAGE, "help")
"""A verb stands behind the command, however it is called, or behind ``help``."""


@lru_cache(1)
def _nodes(text: str) -> list[ast.AST]:
    return list(ast.walk(ast.parse(text)))


def imported(file: str, text: str) -> set[str]:
    """Return every module that a file imports, at whatever depth and however it is written.

    Args:
        file: its path from the folder of the checkout.
        text: its source.
    """
    found: set[str] = set()
    for node in _nodes(text):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(file, node)
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Call) and node.args and _imports_by_name(node.func):
            found |= {_constant_start(node.args[0]).rstrip(".")} - {""}
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


def strings(text: str, *, typed: bool = False) -> Iterator[str]:
    """Yield the strings of a source, and the fixed parts of f-strings, but for docstrings.

    Args:
        text: the source.
        typed: leave out strings that only look up or compare.
    """
    nodes = _nodes(text)
    out = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    if typed:
        out |= {id(one) for node in nodes for one in _only_looked_at(node)}
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in out:
            yield node.value


def _only_looked_at(node: ast.AST) -> Iterator[ast.expr | None]:
    if isinstance(node, ast.Subscript):
        yield node.slice
    elif isinstance(node, ast.Compare):
        yield from (node.left, *node.comparators)
    elif isinstance(node, ast.Dict):  # such as {"schema": 1}
        pairs = zip(node.keys, node.values, strict=True)
        yield from (key for key, value in pairs if _is_number(value))
    elif isinstance(node, ast.Call):
        names = {"setattr", "getattr", "delattr", "hasattr"}
        name = (
            node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        )
        yield from node.args[1:2] if name in names else ()


def _is_number(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and not isinstance(value.value, str)


def arguments(text: str) -> set[str]:
    """Return the names of all arguments of functions, and the strings: what may name fixtures."""
    return {node.arg for node in _nodes(text) if isinstance(node, ast.arg)} | set(strings(text))


def modules_in_strings(text: str) -> set[str]:
    """Return the modules of the product that strings of a source name, as to start them.

    A name that ends in ``.`` is the beginning of more than one. The package is left out.
    """
    return {name for string in strings(text) for name in MODULE.findall(string)}


def first_words(text: str) -> set[str]:
    """Return the words that may be verbs: strings begin with them, or a command stands before.

    Strings that only look up or compare, as in ``said["status"] == "run"``, type nothing.
    """
    found: set[str] = set()
    for string in strings(text, typed=True):
        words = string.split()
        found |= set(words[:1])
        found |= {
            after
            for word, after in pairwise(words)
            if word.endswith(STARTERS) or word == f"{PACKAGE}.experiments.cli"
        }
    return found


# The graph of imports, and what a change reaches.

# Which verbs of the command line the tests of a file type, and so which of its modules they use.
#
# The command line imports the module of a verb when the verb is called. A test that reaches the
# command line therefore depends on the verbs that its strings name, not on all. A string names the
# verb with which it begins, as ``"check"`` or ``"check mini.yaml"``, and verbs behind ``corridor``.

DISPATCHER = "experiments/cli.py"
ROOMS = tuple(f"experiments/{one}" for one in ("commands", "live_commands", "topology_commands"))
EVERY = re.compile(
    r"\b(?:VERBS|FAMILIES|SUMMARIES|build_parser)\b|[\"'](?:man|completion)[\"']"
    r"|^(?:from|import) (?:doc_blocks|notebook)\b",
    re.MULTILINE,
)
"""What names every verb: their lists and parsers, and what runs the blocks of all pages."""
STARTED = re.compile(r"\"corridor\.experiments\.cli\",\s*\"(\w+)\"")
"""A command line of the product in its own code."""
ALIASES = re.compile(r"\baliases=\[([^]]*)\]")
OTHERS = re.compile(r"^def add_(?!parser\b)(\w+)\(verbs\b", re.MULTILINE)
"""Verbs in the file of another verb."""


class VerbsTyped:
    """The verbs of the command line, and what types them.

    Args:
        texts: the sources of a checkout, by path.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._typed: dict[str, set[str]] = {}

    def modules(self, files: Iterable[str]) -> set[str]:
        """Return the files of the verbs that these files type between them: of all if of none."""
        found: set[str] = set()
        for file in files:
            if EVERY.search(self._texts[file]):
                return self._all
            found |= {self._files[word] for word in self._words(file)}
        return found or self._all

    def started_by(self, file: str) -> set[str]:
        """Return the files of the verbs that a file of the product starts in another process."""
        return {
            self._files[one] for one in STARTED.findall(self._texts[file]) if one in self._files
        }

    def _words(self, file: str) -> set[str]:
        if file not in self._typed:
            self._typed[file] = first_words(self._texts[file]) & self._files.keys()
        return self._typed[file]

    @property
    def _all(self) -> set[str]:
        return set(self._files.values())

    @cached_property
    def _files(self) -> dict[str, str]:
        """The file of each verb and of each alias."""
        found: dict[str, str] = {}
        for file, text in self._texts.items():
            folder, _, name = file.rpartition("/")
            if folder in ROOMS and "def add_parser(" in text:
                names = re.findall(r"\w+", " ".join(ALIASES.findall(text)))
                names += OTHERS.findall(text)
                found |= dict.fromkeys((name.removesuffix(".py"), *names), file)
        return found


FACADE = f".package/{PACKAGE}/__init__.py"
"""Offers names of many modules, each of which it imports when the name is used."""
EXAMPLES = "examples"
TESTS = "tests"
HELPERS = f"{TESTS}/support"
"""Tests import the files below this folder by their bare names."""
INSIDE = f"{TESTS}/guest/inside"
"""Tests run the files of this folder in guests, by their bare names."""
DEFINED = re.compile(r"(?:^def |\bname=\")(\w+)", re.MULTILINE)
AUTOUSE = "autouse=True"
NAMED = re.compile(rf"\b{PACKAGE}(?:\.\w+)+")
PROGRAM = re.compile(rf"\b{TESTS}(?:\.\w+)+|\b\w+\.py\b|(?<=[\"'])\w+(?=[\"'])")
"""A module of the tests, a file, or a whole string, which may be a program that a test runs."""


class ImportGraph:
    """The files of a checkout, product and tests, and the files that each imports.

    A room is a folder of the product that holds code, named by its path.
    """

    def __init__(self, checkout: Path) -> None:
        self._texts = {
            path.relative_to(checkout).as_posix(): path.read_text(encoding="utf-8")
            for folder in (*FOLDERS, EXAMPLES, TESTS)
            for path in sorted((checkout / folder).rglob("*.py"))
        }
        self.rooms = frozenset(_folder(one) for one in self._texts if _is_product(one))
        facade = checkout / FACADE
        self._facade = facade.read_text(encoding="utf-8") if facade.exists() else ""

    def rooms_named(self, name: str) -> frozenset[str]:
        """Return the room of this name and the rooms inside it: none if the room does not exist."""
        name = name.rstrip("/")
        return frozenset(one for one in self.rooms if one == name or one.startswith(f"{name}/"))

    def room_of(self, file: str) -> str | None:
        """Return the innermost room that a file lies in, code or data: None if it lies in none."""
        return next((one for one in _folders_above(file) if one in self.rooms), None)

    def is_code(self, file: str) -> bool:
        """Whether it is a file of a room that others import; data and what was removed are not."""
        return file in self._texts and _is_product(file)

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
        """Return the test files that are, import, or run by its path, this file.

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
        of_product = {one for one in self._texts if _is_product(one)}
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
        return self._with_verbs(users)

    def _with_verbs(self, users: dict[str, set[str]]) -> dict[str, set[str]]:
        """Add what types or starts a verb to the users of its module."""
        verbs, used = VerbsTyped(self._texts), _turned(users)
        for test in _reaching({DISPATCHER}, users):
            if _holds_tests(test):
                for one in verbs.modules(filter(_is_test, _reaching({test}, used))):
                    users.setdefault(one, set()).add(test)
        for file in filter(_is_product, self._texts):
            for one in verbs.started_by(file):
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
        if file == DISPATCHER:  # which tests use which verb is known from what they type
            modules = {one for one in modules if not one.endswith(".")}
        else:  # started as programs, or by a registry
            modules |= {f"{PACKAGE}.{one}" for one in self._open(modules_in_strings(text))}
        if not _is_product(file):  # also names modules to other processes, and to monkeypatch
            modules |= set(NAMED.findall(text))
        if _is_test(file):
            yield from self._conftests_used(file, text)
            yield from self._examples(text)
        for module in modules:
            path = module.replace(".", "/")
            if path.startswith(f"{PACKAGE}/"):
                path = path.removeprefix(f"{PACKAGE}/")
                yield from self._files_of(self._homes.get(path, path))
            else:
                folders = (*self._helper_folders, _folder(file))
                for one in (path, *(f"{folder}/{path}" for folder in folders)):
                    yield from (found for found in self._files_of(one) if _is_test(found))

    def _examples(self, text: str) -> Iterator[str]:
        """Those that a test may run: one that a string names, or all of a folder."""
        for one in set(strings(text)):
            if one == EXAMPLES or one.startswith(f"{EXAMPLES}/"):
                named = one if one in self._texts else f"{one.rstrip('/')}/"
                yield from (file for file in self._texts if file.startswith(named))

    def _open(self, modules: set[str]) -> set[str]:
        """A room that a string names is the beginning of names of its modules."""
        return {f"{one}." if one.replace(".", "/") in self.rooms else one for one in modules}

    @cached_property
    def _homes(self) -> dict[str, str]:
        """By the name that the package offers, the path of the module that has it."""
        offered = (one.split(".") for one in imported(FACADE, self._facade))
        return {one[-1]: "/".join(one[1:-1]) for one in offered if one[0] == PACKAGE and one[2:]}

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
        """Those of the folders above whose fixtures the functions of the file take."""
        words = arguments(text)
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


def _turned(users: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    """By each file, the files that it uses."""
    used: dict[str, set[str]] = {}
    for one, its_users in users.items():
        for user in its_users:
            used.setdefault(user, set()).add(one)
    return used


def _folder(file: str) -> str:
    return file.rpartition("/")[0]


def _folders_above(file: str) -> Iterator[str]:
    while file := _folder(file):
        yield file


def _is_test(file: str) -> bool:
    return file.startswith(f"{TESTS}/")


def _is_product(file: str) -> bool:
    return file.startswith(tuple(f"{one}/" for one in FOLDERS))


def _holds_tests(file: str) -> bool:
    return _is_test(file) and Path(file).name.startswith("test_")


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
        elif not _is_test_file(file):
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
    return tests or (
        set() if _is_test_file(file) else graph.tests_naming(rf"\b{Path(file).stem}\b")
    )


def _is_test_file(file: str) -> bool:
    """Also of one that was removed."""
    return file.startswith("tests/") and re.search(r"/test_[^/]*\.py$", file) is not None


def _always(graph: ImportGraph) -> set[str]:
    return {*OF_THE_TREE, *graph.tests_that_import_no_room}


def _git(checkout: Path, *arguments: str) -> list[str]:
    done = subprocess.run(
        ["git", *arguments], cwd=checkout, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()
