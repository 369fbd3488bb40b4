"""Results are read as documents with types, not as dictionaries: what is left may only fall."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2] / "experiments"
LEFT = {
    "account": (127, 12),
    "answers": (2, 1),
    "atlas": (24, 4),
    "brief": (3, 0),
    "figures": (31, 120),
    "pages": (2, 4),
    "results": (112, 7),
    "setup": (17, 117),
    "text": (8, 4),
}
"""By room: uses of ``x["key"]``, and of ``Any``. Lower a number when code gets below it."""


def uses(room: str) -> tuple[int, int]:
    nodes = [
        node
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    ]
    keys = sum(isinstance(node, ast.Subscript) and _is_text(node.slice) for node in nodes)
    return keys, sum(isinstance(node, ast.Name) and node.id == "Any" for node in nodes)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


@pytest.mark.parametrize("room", LEFT)
def test_a_room_reads_no_more_dictionaries_than_it_did(room: str) -> None:
    found, allowed = uses(room), LEFT[room]
    assert all(one <= most for one, most in zip(found, allowed, strict=True)), (
        f"{room} has {found} uses of keys and of Any, allowed are {allowed}: give them types"
    )
