"""Results are read as documents with types, not as dictionaries."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2] / "experiments"
ROOMS = (
    *("account", "answers", "atlas", "brief", "figures", "pages", "replays", "results", "setup"),
    "text",
)
"""Documents of answers and runs, what shows them, and their JSON Schemas."""
FACES = ("atlas", "brief", "figures", "pages", "text")
PLAIN = ("Mapping[str, Any]", "dict[str, Any]", "JsonObject")


def sources(room: str) -> dict[Path, ast.Module]:
    return {
        path: ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted((ROOT / room).rglob("*.py"))
    }


def uses(tree: ast.AST) -> tuple[int, int]:
    nodes = list(ast.walk(tree))
    keys = sum(isinstance(node, ast.Subscript) and _is_key(node) for node in nodes)
    return keys, sum(isinstance(node, ast.Name) and node.id == "Any" for node in nodes)


def _is_key(node: ast.Subscript) -> bool:
    is_type = isinstance(node.value, ast.Name) and node.value.id == "Literal"
    text = isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str)
    return text and not is_type


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_reads_documents_by_their_fields(room: str) -> None:
    found = {str(path): uses(tree) for path, tree in sources(room).items()}
    assert {path: counts for path, counts in found.items() if any(counts)} == {}, (
        'uses of x["key"] and of Any: give the documents types'
    )


def imported(room: str) -> set[tuple[str, str]]:
    """By module, the names of other rooms that a room imports."""
    return {
        (node.module, alias.name)
        for tree in sources(room).values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and node.module is not None
        and node.module.startswith("corridor.experiments.")
        and node.module.split(".")[2] != room
        for alias in node.names
    }


def plain_in(module: str, name: str) -> list[str]:
    """Parameters and results of a function that are objects of JSON without a type."""
    path = ROOT.joinpath(*module.split(".")[2:]).with_suffix(".py")
    if not path.is_file():
        return []
    return [
        f"{module}.{name}: {ast.unparse(hint)}"
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name == name
        for hint in (*(one.annotation for one in node.args.args), node.returns)
        if hint is not None and any(plain in ast.unparse(hint) for plain in PLAIN)
    ]


@pytest.mark.parametrize("room", FACES)
def test_faces_get_documents_with_types_from_other_rooms(room: str) -> None:
    found = [plain for module, name in sorted(imported(room)) for plain in plain_in(module, name)]
    assert found == []
