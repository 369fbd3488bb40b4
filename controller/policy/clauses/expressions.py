"""Expressions over paths, from text to a tree: ``guian .* <smw4>karachi``.

The word is the sequence of hubs. An atom stands for one hub, with the fibre it was entered by.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

from corridor.controller.policy.clauses.elements import cables_of
from corridor.controller.policy.clauses.places import Answer, Groups, inside
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.model.topology import Fibre, Hub, Role

MOST_REPEATED, MOST_LETTERS, MOST_NESTED, MOST_SHOWN = 16, 1000, 32, 60
GATEWAY = "gateway"
ROLES: tuple[str, ...] = tuple(role for role in get_args(Role) if role != GATEWAY)

type Kind = Literal["any", "name", "role", "gateway", "fibre"]


class Test(NamedTuple):
    """What an atom asks of its hub, or of the fibre that the hub was entered by."""

    kind: Kind
    name: str = ""
    at: int = 0
    """Where it is in the expression, from 1."""
    is_not: bool = False

    def of_hub(self, hub: Hub, groups: Groups) -> bool:
        """Whether it certainly holds of a hub."""
        answer = self._of_hub(hub, groups)
        return answer is (not self.is_not)

    def _of_hub(self, hub: Hub, groups: Groups) -> Answer:
        if self.kind == "any":
            return True
        if self.kind == "role":
            return hub.role == self.name
        if self.kind == "gateway":
            return hub.intl_gateway
        if self.name in groups.members:
            return inside(hub.located_in, groups.members[self.name])
        return hub.id == self.name

    def of_fibre(self, fibre: Fibre | None) -> bool:
        """Whether it holds of a fibre; no fibre has led to the first hub."""
        if self.kind == "any":
            return True
        names = {fibre.id, *fibre.srlgs, *cables_of(fibre)} if fibre else set[str]()
        return (self.name in names) is not self.is_not


ANY = Test("any")


@dataclass(frozen=True)
class Atom:
    """One hub, with the fibre it was entered by."""

    hub: Test
    fibre: Test
    text: str
    """As it is written."""


@dataclass(frozen=True)
class Sequence:
    parts: tuple[Tree, ...]


@dataclass(frozen=True)
class Choice:
    parts: tuple[Tree, ...]


@dataclass(frozen=True)
class Repeat:
    part: Tree
    least: int
    most: int | None
    """None: any number."""


type Tree = Atom | Sequence | Choice | Repeat


def parsed(text: str) -> Tree:
    """The tree of an expression. Raises ValueError with the place in it."""
    if len(text) > MOST_LETTERS:
        raise ValueError(f"path is longer than {MOST_LETTERS} characters")
    parser = _Parser(text)
    tree = parser.choice()
    if parser.token.kind != "end":
        raise parser.error('a "(" is missing before this ")"')
    return tree


def names_in(tree: Tree) -> Iterator[Test]:
    """What names hubs, jurisdictions and fibres in an expression."""
    if isinstance(tree, Atom):
        yield from (test for test in (tree.fibre, tree.hub) if test.kind in ("name", "fibre"))
    elif isinstance(tree, Repeat):
        yield from names_in(tree.part)
    else:
        for part in tree.parts:
            yield from names_in(part)


class _Token(NamedTuple):
    kind: Literal["name", "role", "fibre", "times", "sign", "end"]
    text: str
    """What it says, without what it is written in."""
    at: int
    """Where it stands, from 1."""


_TOKEN = re.compile(
    r"(?P<name>[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*)|'(?P<quoted>[^']+)'|@(?P<role>[a-z]*)"
    r"|<(?P<fibre>[^<>]+)>|\{(?P<times>[0-9]{1,9}(?:,[0-9]{0,9})?)\}|(?P<sign>[.!()|*+?])"
)


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        found = _TOKEN.match(text, at)
        if found is None:
            raise _error(text, at + 1, f'"{text[at]}" is not understood')
        kind = found.lastgroup
        said = found[kind or 0].strip()
        yield _Token("name" if kind == "quoted" else kind, said, at + 1)  # type: ignore[arg-type]
        at = found.end()
    yield _Token("end", "", len(text) + 1)


def _error(text: str, at: int, message: str) -> ValueError:
    shown = text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."
    return ValueError(f'path "{shown}", character {at}: {message}')


class _Parser:
    """Descends recursively, with one token in sight, or two behind a ``!``."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._next = 0

    @property
    def token(self) -> _Token:
        return self._tokens[self._next]

    def is_sign(self, signs: str) -> bool:
        return self.token.kind == "sign" and self.token.text in signs

    def error(self, message: str) -> ValueError:
        return _error(self._text, self.token.at, message)

    def choice(self, depth: int = 0) -> Tree:
        if depth > MOST_NESTED:
            raise self.error(f"brackets are nested deeper than {MOST_NESTED}")
        parts = [self._sequence(depth)]
        while self.is_sign("|"):
            self._next += 1
            parts.append(self._sequence(depth))
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def _sequence(self, depth: int) -> Tree:
        parts = [self._repeated(depth)]
        while self.token.kind != "end" and not self.is_sign("|)"):
            parts.append(self._repeated(depth))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _repeated(self, depth: int) -> Tree:
        part = self._group(depth) if self.is_sign("(") else self._atom()
        times = self._times()
        if times is None:
            return part
        if self._times() is not None:
            self._next -= 1
            raise self.error("what is repeated is repeated again: put it in brackets")
        return Repeat(part, *times)

    def _group(self, depth: int) -> Tree:
        self._next += 1
        tree = self.choice(depth + 1)
        if not self.is_sign(")"):
            raise self.error('a ")" is missing')
        self._next += 1
        return tree

    def _times(self) -> tuple[int, int | None] | None:
        """How often, if that comes next."""
        token = self.token
        found = _SIGNS.get(token.text) if token.kind == "sign" else None
        if token.kind == "times":
            found = self._counted(*token.text.partition(","))
        if found is not None:
            self._next += 1
        return found

    def _counted(self, least: str, comma: str, most: str) -> tuple[int, int | None]:
        low = int(least)
        high = int(most) if most else None if comma else low
        if max(low, high or 0) > MOST_REPEATED:
            raise self.error(f"nothing is counted to more than {MOST_REPEATED}")
        if high is not None and high < max(low, 1):
            raise self.error("the maximum is at least 1, and not below the minimum")
        return low, high

    def _atom(self) -> Atom:
        first = self._next
        fibre, hub = self._test("fibre"), self._test("name", "role")
        if hub is None and self.is_sign("."):
            hub = ANY
            self._next += 1
        if fibre is None and hub is None:
            raise self.error(_unexpected(self.token))
        start, end = self._tokens[first].at - 1, self._tokens[self._next].at - 1
        return Atom(hub or ANY, fibre or ANY, self._text[start:end].strip())

    def _test(self, *kinds: str) -> Test | None:
        """What is asked of a hub, or of a fibre, if that comes next."""
        is_not = self.is_sign("!")
        token = self._tokens[self._next + is_not]
        if token.kind not in kinds:
            return None
        self._next += 1 + is_not
        if token.kind == "role" and token.text not in (*ROLES, GATEWAY):
            known = (*ROLES, GATEWAY)
            hint = nearest(token.text, known) or f"known are {', '.join(known)}"
            raise _error(self._text, token.at, f"no role is called @{token.text}: {hint}")
        kind: Any = GATEWAY if token.kind == "role" and token.text == GATEWAY else token.kind
        return Test(kind, token.text, token.at, is_not)


_SIGNS: Mapping[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


def _unexpected(token: _Token) -> str:
    if token.kind == "times" or (token.kind == "sign" and token.text in "*+?"):
        return "there is nothing here to repeat"
    if token.text == "!":
        return "a hub, jurisdiction, @role or <fibre> follows !"
    return "a hub, jurisdiction, @role or <fibre> is expected here"
