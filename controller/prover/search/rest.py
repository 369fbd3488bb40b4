"""What is left of packets while entries take theirs, one entry after another.

What was cut is kept as a tree, so that an entry is held against those pieces only that it may cut:
of a thousand entries that differ in one field, each meets the one piece with its value. Pieces are
cut, and stand in the order, as if each entry were held against every piece.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from corridor.controller.forwarding.program import Value
from corridor.controller.prover.search.headers import Box, Condition, Packet
from corridor.controller.prover.search.lookup import Rule

DEEPEST = 100
"""Pieces further down are kept in a row: a tree must not outgrow the stack."""


@dataclass(slots=True)
class _Row:
    """Pieces that are all looked at each time."""

    packets: list[Packet]


@dataclass(slots=True)
class _Fork:
    """Pieces by what a field holds."""

    name: str
    packet: Packet
    """What was cut."""
    by_value: dict[Value, _Piece | None] = field(default_factory=dict)
    others: _Piece | None = None
    """With no value that was asked for, once anything else was asked of them."""
    whole: bool = True
    """Nothing else was asked of them, so that they need not be spelt out."""

    def spelt_out(self) -> Packet:
        sent = self.packet.sent
        asked = frozenset((self.name, value) for value in self.by_value)
        return self.packet.of(Box(sent.equal, sent.unequal | asked))


type _Piece = Packet | _Row | _Fork


class Rest:
    """The packets that no entry has taken yet."""

    def __init__(self, packet: Packet) -> None:
        self._root: _Piece | None = packet
        self._conditions: tuple[Condition, ...] = ()
        self._certain = True
        self._taken: list[Packet] = []

    @property
    def is_empty(self) -> bool:
        return self._root is None

    def __iter__(self) -> Iterator[Packet]:
        return _pieces(self._root)

    def take(self, rule: Rule) -> list[Packet]:
        """The packets that a rule takes, in order."""
        self._conditions, self._certain, self._taken = rule.conditions, rule.certain, []
        self._root = self._held(self._root, 0)
        return self._taken

    def _held(self, piece: _Piece | None, depth: int) -> _Piece | None:
        """What a rule leaves of a piece."""
        if piece is None:
            return None
        if type(piece) is _Fork:
            return self._along(piece, depth)
        if type(piece) is _Row:
            left: list[Packet] = []
            for packet in piece.packets:
                self._cut_flat(packet, left)
            return _Row(left) if left else None
        assert isinstance(piece, Packet)
        return self._cut(piece, 0, depth)

    def _along(self, fork: _Fork, depth: int) -> _Piece | None:
        for position, (name, value) in enumerate(self._conditions):
            if name == fork.name:
                self._into(fork, value, position, depth)
                break
            held = fork.packet.value(name)
            if held is None:
                self._through(fork, depth)
                break
            if held != value:
                return fork
        else:
            self._through(fork, depth)
        is_taken = not fork.whole and fork.others is None and not any(fork.by_value.values())
        return None if is_taken else fork

    def _into(self, fork: _Fork, value: Value, position: int, depth: int) -> None:
        """Only the pieces that may hold a value."""
        if value in fork.by_value:
            fork.by_value[value] = self._held(fork.by_value[value], depth + 1)
        elif fork.whole:
            here, _ = fork.packet.cut(fork.name, value)
            if here is not None:
                fork.by_value[value] = self._cut(here, position + 1, depth + 1)
        else:
            fork.others = self._held(fork.others, depth + 1)

    def _through(self, fork: _Fork, depth: int) -> None:
        """All pieces, in order."""
        if fork.whole:
            fork.others, fork.whole = fork.spelt_out(), False
        fork.others = self._held(fork.others, depth + 1)
        for value in reversed(fork.by_value):
            fork.by_value[value] = self._held(fork.by_value[value], depth + 1)

    def _cut(self, packet: Packet, position: int, depth: int) -> _Piece | None:
        """What the conditions from a position on leave of a packet that meets those before."""
        for at in range(position, len(self._conditions)):
            name, value = self._conditions[at]
            here, left = packet.cut(name, value)
            if here is None:
                return packet
            if left is not None:
                return self._split(packet, here, left, at, depth)
            packet = here
        self._taken.append(packet)
        return None if self._certain else packet

    def _split(
        self, packet: Packet, here: Packet, left: Packet, at: int, depth: int
    ) -> _Piece | None:
        name, value = self._conditions[at]
        if left is packet or depth > DEEPEST:
            row = [left]
            self._cut_flat(here, row)
            return _Row(row)
        return _Fork(name, packet, {value: self._cut(here, at + 1, depth + 1)})

    def _cut_flat(self, packet: Packet, left: list[Packet]) -> None:
        """The same, with what is left in a row."""
        hit = cut(packet, self._conditions, self._certain, left)
        if hit is not None:
            self._taken.append(hit)


def cut(
    packet: Packet, conditions: tuple[Condition, ...], certain: bool, left: list[Packet]
) -> Packet | None:
    """The packets that an entry takes; those it leaves go to ``left``."""
    hit: Packet | None = packet
    for name, value in conditions:
        assert hit is not None
        hit, others = hit.cut(name, value)
        if others is not None:
            left.append(others)
        if hit is None:
            return None
    if hit is not None and not certain:
        left.append(hit)
    return hit


def _pieces(piece: _Piece | None) -> Iterator[Packet]:
    if piece is None:
        return
    if type(piece) is _Fork:
        if piece.whole:
            yield piece.spelt_out()
        else:
            yield from _pieces(piece.others)
        for value in reversed(piece.by_value):
            yield from _pieces(piece.by_value[value])
    elif type(piece) is _Row:
        yield from piece.packets
    else:
        assert isinstance(piece, Packet)
        yield piece
