"""What a source file names: modules that it imports, and modules and verbs in its strings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

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
