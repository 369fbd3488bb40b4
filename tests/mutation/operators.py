"""Small changes of code, as people make them by mistake: of one file each, one place each. Pure."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import NamedTuple

type Change = Callable[[ast.AST], ast.AST | None]
"""A node as it becomes, or None where the change is none."""


class Mutant(NamedTuple):
    """A file with one change."""

    line: int
    what: str
    code: ast.Module


def mutants_of(source: str) -> Iterator[Mutant]:
    """Every change of a file's functions. Texts, types and what raises stay as they are."""
    whole = ast.parse(source)
    types = {id(part) for said in _types(whole) for part in ast.walk(said)}
    for number, node in enumerate(ast.walk(whole)):
        for what, change in CHANGES if id(node) not in types else ():
            if _is_code(node) and change(deepcopy(node)) is not None:
                yield Mutant(_line(node), what, _changed(whole, number, change))


def _changed(whole: ast.Module, number: int, change: Change) -> ast.Module:
    copied = deepcopy(whole)
    place = _at(copied, number)
    becomes = change(place)
    assert becomes is not None
    _Replaced(place, becomes).visit(copied)
    return ast.fix_missing_locations(copied)


def _types(tree: ast.AST) -> Iterator[ast.AST]:
    """Annotations and decorators: no packet meets them."""
    for node in ast.walk(tree):
        for name in ("annotation", "returns"):
            said = getattr(node, name, None)
            if isinstance(said, ast.AST):
                yield said
        yield from getattr(node, "decorator_list", ())


def _at(tree: ast.AST, number: int) -> ast.AST:
    return next(node for at, node in enumerate(ast.walk(tree)) if at == number)


def _line(node: ast.AST) -> int:
    return int(getattr(node, "lineno", 0))


def _is_code(node: ast.AST) -> bool:
    return isinstance(node, ast.expr | ast.stmt | ast.comprehension)


class _Replaced(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self._new if node is self._old else self.generic_visit(node)


def _condition(node: ast.AST, value: bool) -> ast.AST | None:
    if isinstance(node, ast.If | ast.IfExp):
        node.test = ast.Constant(value)
        return node
    return None


def _compared(node: ast.AST) -> ast.AST | None:
    """``==`` for ``!=``, ``in`` for ``not in``, ``<`` for ``<=``."""
    if not isinstance(node, ast.Compare):
        return None
    other = _OTHER.get(type(node.ops[0]))
    if other is None:
        return None
    node.ops[0] = other()
    return node


_OTHER: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}


def _joined(node: ast.AST) -> ast.AST | None:
    """``and`` for ``or``."""
    if not isinstance(node, ast.BoolOp):
        return None
    node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    return node


def _operated(node: ast.AST) -> ast.AST | None:
    """``+`` for ``-``, ``|`` for ``&``, ``<<`` for ``>>``."""
    if not isinstance(node, ast.BinOp):
        return None
    other = _OPERATORS.get(type(node.op))
    if other is None or _is_text(node.left) or _is_text(node.right):
        return None
    node.op = other()
    return node


_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.FloorDiv: ast.Mult,
    ast.Mult: ast.FloorDiv,
}


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _number(node: ast.AST) -> ast.AST | None:
    """One more."""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return ast.Constant(node.value + 1)
    return None


def _truth(node: ast.AST) -> ast.AST | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        return ast.Constant(not node.value)
    return None


def _undone(node: ast.AST) -> ast.AST | None:
    """A statement that is not there: a call, a yield, an addition, one that ends a round."""
    is_said = isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant)
    gone = is_said or isinstance(node, ast.AugAssign | ast.Continue | ast.Break)
    return ast.Pass() if gone else None


def _fewer(node: ast.AST) -> ast.AST | None:
    """A list, tuple, set or mapping without its last entry."""
    if isinstance(node, ast.List | ast.Tuple | ast.Set) and isinstance(
        getattr(node, "ctx", ast.Load()), ast.Load
    ):
        if len(node.elts) > 1:
            node.elts.pop()
            return node
    elif isinstance(node, ast.Dict) and len(node.keys) > 1:
        node.keys.pop()
        node.values.pop()
        return node
    return None


def _first(node: ast.AST) -> ast.AST | None:
    """The same without the first entry."""
    if isinstance(node, ast.Dict) and len(node.keys) > 1:
        node.keys.pop(0)
        node.values.pop(0)
        return node
    if isinstance(node, ast.Tuple | ast.List) and isinstance(node.ctx, ast.Load) and node.elts[1:]:
        node.elts.pop(0)
        return node
    return None


def _unnamed(node: ast.AST) -> ast.AST | None:
    """A call without its last named argument."""
    if isinstance(node, ast.Call) and node.keywords:
        node.keywords.pop()
        return node
    return None


def _swapped(node: ast.AST) -> ast.AST | None:
    """A call with its first two arguments swapped."""
    if isinstance(node, ast.Call) and len(node.args) > 1:
        node.args[0], node.args[1] = node.args[1], node.args[0]
        return node
    return None


def _all(node: ast.AST) -> ast.AST | None:
    """A comprehension that leaves nothing out."""
    if isinstance(node, ast.comprehension) and node.ifs:
        node.ifs = []
        return node
    return None


def _other_member(node: ast.AST) -> ast.AST | None:
    """Another reason, phase or table, by its name."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        members = MEMBERS.get(node.value.id, ())
        if node.attr in members:
            node.attr = members[(members.index(node.attr) + 1) % len(members)]
            return node
    return None


MEMBERS = {
    "Table": ("ADMIT", "CLASSIFY", "LABEL", "BORDER", "SWITCH"),
    "Phase": ("PRE", "ASSESSED", "DOMESTIC", "EXEMPT"),
    "Reason": (
        *("ADMIT", "CLASSIFY", "LABEL", "SWITCH", "EGRESS", "ARP_REPLY", "WIRING_CHECK"),
        *("BORDER", "TO_GATEWAY", "FROM_GATEWAY", "BFD", "DROP_NOT_ADMITTED"),
        *("DROP_UNCLASSIFIED", "DROP_NO_LABEL", "DROP_NOT_SWITCHED", "DROP_BORDER"),
        *("DROP_BLOCKED", "DROP_TAGGED", "DROP_HOST_LABEL", "DROP_HOST_LLDP", "DROP_IPV6"),
        *("DROP_SPOOFED_ARP", "DROP_BROADCAST", "DROP_SPOOFED_IP", "DROP_SPOOFED_MAC"),
    ),
}
CHANGES: tuple[tuple[str, Change], ...] = (
    ("always", lambda node: _condition(node, True)),
    ("never", lambda node: _condition(node, False)),
    ("compared otherwise", _compared),
    ("joined otherwise", _joined),
    ("operated otherwise", _operated),
    ("one more", _number),
    ("not so", _truth),
    ("not done", _undone),
    ("without the last", _fewer),
    ("without the first", _first),
    ("without a named argument", _unnamed),
    ("arguments swapped", _swapped),
    ("nothing left out", _all),
    ("another member", _other_member),
)
