"""Values to plain JSON data and back, by their hints."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

from corridor.topologies.base.codec import from_plain, to_plain


@dataclass(frozen=True)
class Leaf:
    number: int
    name: str | None = None


@dataclass(frozen=True)
class Tree:
    leaf: Leaf | None
    pair: tuple[int, Leaf]
    leaves: tuple[Leaf, ...] = ()
    numbers: tuple[int, ...] = ()
    by_port: dict[int, Leaf] = field(default_factory=dict)
    below: tuple[Tree, ...] = ()


TWIG = Tree(None, (1, Leaf(2)))
TREE = Tree(Leaf(1, "a"), (3, Leaf(4)), (Leaf(5),), (6, 7), {8: Leaf(9)}, (TWIG,))


@pytest.mark.parametrize("tree", [TREE, TWIG])
def test_what_crosses_as_json_comes_back_equal(tree: Tree) -> None:
    assert from_plain(Tree, json.loads(json.dumps(to_plain(tree)))) == tree


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"more": 1}, KeyError),
        ({"pair": [1]}, ValueError),
        ({"numbers": 1}, TypeError),
        ({"leaf": 1}, TypeError),
        ({"leaves": [{}]}, TypeError),
    ],
)
def test_what_is_no_such_value_is_refused(
    changes: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        from_plain(Tree, to_plain(TREE) | changes)
