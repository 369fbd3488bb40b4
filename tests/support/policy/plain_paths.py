"""Path expressions by derivatives (Brzozowski 1964): what is left to match after each hub.

The word is the sequence of hubs; a letter is a hub with the fibre that it was entered by.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from corridor.topologies.model.topology import Hub, Topology


@dataclass(frozen=True)
class Expression:
    """``kind`` is none, empty, atom, then, or, star; ``of`` are its parts."""

    kind: str
    of: tuple[Any, ...] = ()

    @property
    def is_dead(self) -> bool:
        return self.kind == "none"


NONE, EMPTY = Expression("none"), Expression("empty")


def then(first: Expression, second: Expression) -> Expression:
    if NONE in (first, second):
        return NONE
    if first == EMPTY:
        return second
    if second == EMPTY:
        return first
    if first.kind == "then":
        return then(first.of[0], then(first.of[1], second))
    return Expression("then", (first, second))


def either(*parts: Expression) -> Expression:
    """Union; order and repetition mean nothing, so that derivatives stay few."""
    found: set[Expression] = set()
    for one in parts:
        found |= set(one.of) if one.kind == "or" else {one}
    found -= {NONE}
    if len(found) < 2:
        return next(iter(found), NONE)
    return Expression("or", tuple(sorted(found, key=repr)))


def star(inner: Expression) -> Expression:
    return inner if inner.kind == "star" else Expression("star", (inner,))


def matches_here(one: Expression) -> bool:
    """Whether it takes the empty word."""
    if one.kind == "then":
        return all(matches_here(part) for part in one.of)
    if one.kind == "or":
        return any(matches_here(part) for part in one.of)
    return one.kind in ("empty", "star")


def after(one: Expression, hub: Hub, came_by: str, topology: Topology) -> Expression:
    """What is left past a hub that was entered by a fibre (none: an empty name)."""
    if one.kind == "atom":
        return EMPTY if is_letter(one.of, hub, came_by, topology) else NONE
    if one.kind == "then":
        first, second = one.of
        left = then(after(first, hub, came_by, topology), second)
        skipped = after(second, hub, came_by, topology) if matches_here(first) else NONE
        return either(left, skipped)
    if one.kind == "or":
        return either(*(after(part, hub, came_by, topology) for part in one.of))
    if one.kind == "star":
        return then(after(one.of[0], hub, came_by, topology), one)
    return NONE


def is_letter(atom: tuple[Any, ...], hub: Hub, came_by: str, topology: Topology) -> bool:
    """Whether an atom certainly takes a hub: (negated, name or ``.``, names of fibres)."""
    negated, name, by = atom
    if by:
        known: set[str] = set()
        if came_by:
            fibre = topology.fibre(came_by)
            known = {fibre.id, fibre.system, *fibre.srlgs}
        asked = by.removeprefix("!")
        if bool({asked, f"cable:{asked}"} & known) == by.startswith("!"):
            return False
    if name == ".":
        return not negated
    if name == "@gateway":
        return hub.intl_gateway != negated
    if name.startswith("@"):
        return (hub.role == name[1:]) != negated
    if name in {one.id for one in topology.hubs}:
        return (hub.id == name) != negated
    return hub.located_in != "XX" and (hub.located_in == name) != negated


_TOKEN = re.compile(r"\s*(<[^>]*>|!?@?[A-Za-z0-9][A-Za-z0-9_-]*|!|\{[0-9]*,?[0-9]*\}|[.()|*+?])")


def parsed(text: str, topology: Topology) -> Expression:
    tokens: list[str] = []
    at = 0
    text = text.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        assert found, text[at:]
        tokens.append(found[1])
        at = found.end()
    left = tokens[::-1]
    whole = _alternatives(left)
    assert not left, text
    return whole


def _alternatives(left: list[str]) -> Expression:
    parts = [_sequence(left)]
    while left and left[-1] == "|":
        left.pop()
        parts.append(_sequence(left))
    return either(*parts)


def _sequence(left: list[str]) -> Expression:
    whole = EMPTY
    while left and left[-1] not in ("|", ")"):
        whole = then(whole, _repeated(left))
    return whole


def _repeated(left: list[str]) -> Expression:
    inner = _atom(left)
    simple: dict[str, Callable[[], Expression]] = {
        "*": lambda: star(inner),
        "+": lambda: then(inner, star(inner)),
        "?": lambda: either(inner, EMPTY),
    }
    while left and (left[-1] in simple or left[-1].startswith("{")):
        token = left.pop()
        inner = simple[token]() if token in simple else _times(inner, token[1:-1])
    return inner


def _times(inner: Expression, bounds: str) -> Expression:
    least, comma, most = bounds.partition(",")
    few, many = int(least or 0), int(most or least) if comma != "," or most else None
    whole = EMPTY
    if many is None:
        whole = star(inner)
    else:
        for _ in range(many - few):
            whole = either(EMPTY, then(inner, whole))
    for _ in range(few):
        whole = then(inner, whole)
    return whole


def _atom(left: list[str]) -> Expression:
    token = left.pop()
    if token == "(":
        inner = _alternatives(left)
        assert left.pop() == ")"
        return inner
    by = "!" if token == "!" and left and left[-1].startswith("<") else ""
    if by:
        token = left.pop()
    if token.startswith("<"):
        by += token[1:-1]
        if not left or not re.match(r"[A-Za-z0-9@.!]", left[-1]):
            return Expression("atom", (False, ".", by))
        token = left.pop()
    negated = token.startswith("!")
    name = token[1:] or left.pop() if negated else token
    return Expression("atom", (negated, name, by))
