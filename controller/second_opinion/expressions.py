"""Expressions over paths: what is written, and to which positions of a path it reaches.

A part of an expression says at which positions it may end if it begins at a given one. Nothing is
built of it but that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol

from corridor.controller.second_opinion.journey import Journey
from corridor.controller.second_opinion.selectors import Known, Places, opposite
from corridor.topologies.model.topology import Fibre, Hub

TOKENS = re.compile(
    r"\s*(?:(?P<fibre><[^>]*>)|'(?P<quoted>[^']*)'|@(?P<role>[\w-]+)|(?P<name>[\w-]+)"
    r"|\{(?P<least>\d+)(?P<to>,?)(?P<most>\d*)\}|(?P<sign>[.!()|*+?]))"
)
GATEWAY = "gateway"


@dataclass
class Reading:
    """A path that an expression is held against."""

    journey: Journey
    places: Places
    ran_out: bool = field(default=False)
    """Whether a hub was asked for past the last one: a longer path may fit."""


class Part(Protocol):
    def ends(self, reading: Reading, start: int) -> frozenset[int]:
        """How many hubs may be behind it, where ``start`` are before it."""


@dataclass(frozen=True)
class Atom:
    """One hub, with the fibre that it was entered by."""

    hub: str
    """``.``, ``@role``, or a name; what is in quotes is a hub."""
    is_quoted: bool = False
    no_hub: bool = False
    """Whether a ``!`` stands before the hub."""
    fibre: str = ""
    no_fibre: bool = False

    def ends(self, reading: Reading, start: int) -> frozenset[int]:
        if start >= len(reading.journey.hubs):
            reading.ran_out = True
            return frozenset()
        entered_by = reading.journey.fibres[start - 1] if start else None
        hub = self._is_hub(reading.journey.hubs[start], reading.places)
        surely = (opposite(hub) if self.no_hub else hub) is True
        by_it = not self.fibre or (_is_called(entered_by, self.fibre) != self.no_fibre)
        return frozenset({start + 1}) if surely and by_it else frozenset()

    def _is_hub(self, hub: Hub, places: Places) -> Known:
        if self.is_quoted:
            return hub.id == self.hub
        if self.hub == ".":
            return True
        if self.hub.startswith("@"):
            role = self.hub[1:]
            return hub.intl_gateway if role == GATEWAY else hub.role == role
        if places.is_place(self.hub):
            return places.lies_in(hub.located_in, (self.hub,))
        return hub.id == self.hub


def _is_called(fibre: Fibre | None, name: str) -> bool:
    """Whether a fibre has this id, is of this cable system, or in this shared-risk group."""
    if fibre is None:
        return False
    return name in (fibre.id, fibre.system, *fibre.srlgs) or f"cable:{name}" in fibre.srlgs


@dataclass(frozen=True)
class Sequence:
    parts: tuple[Part, ...]

    def ends(self, reading: Reading, start: int) -> frozenset[int]:
        reached = frozenset({start})
        for part in self.parts:
            reached = frozenset(end for at in reached for end in part.ends(reading, at))
        return reached


@dataclass(frozen=True)
class Choice:
    parts: tuple[Part, ...]

    def ends(self, reading: Reading, start: int) -> frozenset[int]:
        return frozenset(end for part in self.parts for end in part.ends(reading, start))


@dataclass(frozen=True)
class Repeat:
    part: Part
    least: int
    most: int | None
    """None without a bound."""

    def ends(self, reading: Reading, start: int) -> frozenset[int]:
        reached = frozenset({start})
        for _ in range(self.least):
            reached = frozenset(end for at in reached for end in self.part.ends(reading, at))
        found, times = reached, self.least
        while reached and (self.most is None or times < self.most):
            further = frozenset(end for at in reached for end in self.part.ends(reading, at))
            reached, times = further - found, times + 1
            found |= further
        return found


class WrittenError(ValueError):
    """What is written is not an expression."""


@cache
def parsed(expression: str) -> Part:
    """Raises WrittenError."""
    reader = _Reader(expression)
    whole = reader.choice()
    if reader.token is not None:
        raise WrittenError(f"nothing can be made of {expression!r} from {reader.token[0]!r} on")
    return whole


class _Reader:
    """Goes through the tokens of an expression."""

    def __init__(self, expression: str) -> None:
        self._tokens = _tokens(expression)
        self._at = 0

    @property
    def token(self) -> re.Match[str] | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def choice(self) -> Part:
        parts = [self._sequence()]
        while self._takes("|"):
            parts.append(self._sequence())
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def _sequence(self) -> Part:
        parts: list[Part] = []
        while self.token is not None and self.token["sign"] not in (")", "|"):
            parts.append(self._repeated(self._one()))
        return Sequence(tuple(parts))

    def _repeated(self, part: Part) -> Part:
        bounds = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        while self.token is not None:
            token = self.token
            if token["sign"] in bounds:
                part = Repeat(part, *bounds[token["sign"]])
            elif token["least"]:
                least, most = int(token["least"]), token["most"]
                part = Repeat(part, least, int(most) if most else None if token["to"] else least)
            else:
                break
            self._at += 1
        return part

    def _one(self) -> Part:
        if self._takes("("):
            inner = self.choice()
            if not self._takes(")"):
                raise WrittenError("a bracket is not closed")
            return inner
        negated = self._takes("!")
        if self.token is None or not self.token["fibre"]:
            return self._hub("", negated, no_fibre=False)
        fibre = self._next()["fibre"][1:-1].strip()
        mark = self._at
        no_hub = self._takes("!")
        follows = self.token is not None and (
            self.token["quoted"]
            or self.token["role"]
            or self.token["name"]
            or self.token["sign"] == "."
        )
        if follows:
            return self._hub(fibre, no_hub, no_fibre=negated)
        self._at = mark
        return Atom(".", fibre=fibre, no_fibre=negated)

    def _hub(self, fibre: str, no_hub: bool, *, no_fibre: bool) -> Atom:
        token = self._next()
        if token["quoted"]:
            return Atom(token["quoted"], True, no_hub, fibre, no_fibre)
        hub = f"@{token['role']}" if token["role"] else token["name"] or token["sign"]
        if not hub or hub in "()|*+?!":
            raise WrittenError(f"no hub is {token[0]!r}")
        return Atom(hub, False, no_hub, fibre, no_fibre)

    def _takes(self, sign: str) -> bool:
        if self.token is None or self.token["sign"] != sign:
            return False
        self._at += 1
        return True

    def _next(self) -> re.Match[str]:
        if self.token is None:
            raise WrittenError("it ends too early")
        self._at += 1
        return self._tokens[self._at - 1]


def _tokens(expression: str) -> list[re.Match[str]]:
    found: list[re.Match[str]] = []
    position, text = 0, expression.strip()
    while position < len(text):
        token = TOKENS.match(text, position)
        if token is None:
            raise WrittenError(f"nothing can be made of {text[position:]!r}")
        found.append(token)
        position = token.end()
    return found
