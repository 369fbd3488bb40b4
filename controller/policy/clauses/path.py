"""``path``: the whole path fits a regular expression over its hubs, and the fibres between them.

The expression becomes an automaton, whose states are sets of positions in it, as the bits of ints.
Each atom is a position (V. M. Glushkov, 1961); the positions that the hubs so far may have come to
are a state, so the automaton is deterministic, and none of it is built before it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product
from typing import Annotated, ClassVar

from pydantic import AfterValidator

from corridor.controller.policy.clauses.clause import Broken, Clause, Trip
from corridor.controller.policy.clauses.elements import Element
from corridor.controller.policy.clauses.expressions import (
    Atom,
    Choice,
    Repeat,
    Sequence,
    Test,
    Tree,
    parsed,
)
from corridor.controller.policy.clauses.places import Groups, shipped_groups
from corridor.topologies.model.topology import Fibre, Hub, NonEmpty

MOST_STATES, MOST_TOLD = 200, 4


class TooMany(ValueError):
    """An expression needs more states than searches support."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f'path "{text[:60]}" needs more than {MOST_STATES} states: repeat less, or name fewer'
        )


@dataclass(frozen=True)
class _Part:
    """A part of an expression, by positions."""

    first: int
    last: int
    is_optional: bool


@dataclass(frozen=True)
class ExpressionAutomaton:
    """Sets of positions are ints."""

    text: str
    tree: Tree
    atoms: tuple[Atom, ...]
    """By position."""
    first: int
    last: int
    follow: tuple[int, ...]
    """By position."""

    def after(self, positions: int) -> int:
        """Where the next hub may be."""
        following = 0
        for position in _bits(positions):
            following |= self.follow[position]
        return following

    def entered_by(self, positions: int, fibre: Fibre | None) -> int:
        """Those of some positions whose hub may be entered by a fibre."""
        for test, where in self.of_fibres:
            if where & positions and not test.of_fibre(fibre):
                positions &= ~where
        return positions

    def at(self, positions: int, hub: Hub, groups: Groups) -> int:
        """Those of some positions that a hub fits."""
        for test, where in self.of_hubs:
            if where & positions and not test.of_hub(hub, groups):
                positions &= ~where
        return self.merged(positions)

    def merged(self, positions: int) -> int:
        """The same state by fewer positions: of those that lead on alike, the first."""
        return _union(self._alike[position] for position in _bits(positions))

    def expected(self, positions: int) -> str:
        """What is asked for at some positions, in words."""
        texts = dict.fromkeys(self.atoms[position].text for position in _bits(positions))
        few = [*texts][:MOST_TOLD]
        return " or ".join([*few, *["something else"] * (len(texts) > MOST_TOLD)])

    @cached_property
    def _alike(self) -> tuple[int, ...]:
        """By position, the first that the same follows; as sets of one."""
        first: dict[tuple[int, bool], int] = {}
        return tuple(
            first.setdefault((following, bool(self.last >> position & 1)), 1 << position)
            for position, following in enumerate(self.follow)
        )

    @cached_property
    def of_hubs(self) -> tuple[tuple[Test, int], ...]:
        """Tests of hubs, with the positions that ask them."""
        return _by_test(atom.hub for atom in self.atoms)

    @cached_property
    def of_fibres(self) -> tuple[tuple[Test, int], ...]:
        return _by_test(atom.fibre for atom in self.atoms)


def _by_test(tests: Iterable[Test]) -> tuple[tuple[Test, int], ...]:
    """Each test that asks for something, with the positions that ask it."""
    found: dict[Test, int] = {}
    for position, test in enumerate(tests):
        if test.kind != "any":
            same = test._replace(at=0)
            found[same] = found.get(same, 0) | 1 << position
    return tuple(found.items())


@lru_cache(256)
def automaton_of(text: str) -> ExpressionAutomaton:
    """Raises ValueError for what is not an expression, or has too many states."""
    tree = parsed(text)
    builder = _Builder(text)
    whole = builder.part(tree)
    made = ExpressionAutomaton(
        text, tree, tuple(builder.atoms), whole.first, whole.last, tuple(builder.follow)
    )
    _check_states(made)
    return made


class _Builder:
    """Numbers the atoms of an expression, a repeated one as often as it is repeated."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.atoms: list[Atom] = []
        self.follow: list[int] = []

    def part(self, tree: Tree) -> _Part:
        match tree:
            case Atom():
                return self._atom(tree)
            case Sequence():
                return self._sequence(tree.parts)
            case Choice():
                parts = [self.part(one) for one in tree.parts]
                return _Part(
                    _union(one.first for one in parts),
                    _union(one.last for one in parts),
                    any(one.is_optional for one in parts),
                )
            case Repeat():
                return self._repeat(tree)

    def _atom(self, atom: Atom) -> _Part:
        bit = 1 << len(self.atoms)
        if len(self.atoms) == 2 * MOST_STATES:
            raise TooMany(self._text)
        self.atoms.append(atom)
        self.follow.append(0)
        return _Part(bit, bit, False)

    def _sequence(self, trees: Iterable[Tree]) -> _Part:
        whole = _Part(0, 0, True)
        for tree in trees:
            whole = self._behind(whole, self.part(tree))
        return whole

    def _behind(self, before: _Part, part: _Part) -> _Part:
        self._join(before.last, part.first)
        return _Part(
            before.first | (part.first if before.is_optional else 0),
            part.last | (before.last if part.is_optional else 0),
            before.is_optional and part.is_optional,
        )

    def _join(self, positions: int, following: int) -> None:
        for position in _bits(positions):
            self.follow[position] |= following

    def _repeat(self, tree: Repeat) -> _Part:
        whole = _Part(0, 0, True)
        for _ in range(tree.least - (tree.least > 0 and tree.most is None)):
            whole = self._behind(whole, self.part(tree.part))
        if tree.most is None:
            part = self.part(tree.part)
            self._join(part.last, part.first)
            is_optional = part.is_optional or not tree.least
            return self._behind(whole, _Part(part.first, part.last, is_optional))
        for _ in range(tree.most - tree.least):
            part = self.part(tree.part)
            whole = self._behind(whole, _Part(part.first, part.last, True))
        return whole


def _union(sets: Iterable[int]) -> int:
    union = 0
    for one in sets:
        union |= one
    return union


def _bits(positions: int) -> Iterator[int]:
    while positions:
        lowest = positions & -positions
        yield lowest.bit_length() - 1
        positions ^= lowest


# How many states there may be on any map.


def _check_states(made: ExpressionAutomaton) -> None:
    """Raises ValueError where hubs can lead to more sets of positions than searches support."""
    states: set[int] = set()
    waiting = [made.entered_by(made.first, None)]
    while waiting:
        for state in _left_of(made, waiting.pop()) - states:
            states.add(state)
            waiting.append(made.after(state))
        if len(states) > MOST_STATES:
            raise TooMany(made.text)


def _left_of(made: ExpressionAutomaton, positions: int) -> set[int]:
    """What fibres and hubs, whichever they are, leave of some positions; without nothing."""
    found = {positions}
    for fibre in {test.name for test, _ in made.of_fibres}:
        tests = [one for one in made.of_fibres if one[0].name == fibre]
        gone = [_union(where for test, where in tests if test.is_not is by) for by in (True, False)]
        found = {one & ~other for one, other in product(found, gone)}
        _check_few(made, found)
    return set[int]().union(*(_left_by_hubs(made, one) for one in found)) - {0}


def _left_by_hubs(made: ExpressionAutomaton, positions: int) -> set[int]:
    families: dict[str, list[tuple[Test, int]]] = {}
    asked = 0
    for test, where in made.of_hubs:
        if where & positions:
            families.setdefault(_family(test), []).append((test, where & positions))
            asked |= where
    found = {made.merged(positions & ~asked)}
    for family, tests in families.items():
        options = {made.merged(option) for option in _options(family, tests)}
        found = {made.merged(one | other) for one, other in product(found, options)}
        _check_few(made, found)
    return found


def _check_few(made: ExpressionAutomaton, found: set[int]) -> None:
    if len(found) > MOST_STATES + 1:
        raise TooMany(made.text)


def _family(test: Test) -> str:
    """Tests of one family are of one thing: a hub has one id, one role, one jurisdiction."""
    is_place = test.kind == "name" and test.name in shipped_groups().members
    return "place" if is_place else test.kind


def _options(family: str, tests: list[tuple[Test, int]]) -> Iterator[int]:
    """The positions that are left together by each hub that there may be."""
    names = {test.name for test, _ in tests}
    holding = [frozenset[str](), *(frozenset([name]) for name in names)]
    if family == "place":
        members = shipped_groups().members
        codes = {code for name in names for code in members[name]}
        holding += [frozenset(name for name in names if code in members[name]) for code in codes]
        yield 0  # where a hub is may not be known
    for those in holding:
        yield _union(where for test, where in tests if (test.name in those) is not test.is_not)


def _an_expression(text: str) -> str:
    automaton_of(text)
    return text


class Path(Clause):
    """The whole path fits this regular expression over its hubs and the fibres between them."""

    kind = "path"
    short = "expression"
    examples = (
        "CN+ !PK* karachi",
        "(!<corridor:karakoram>)*",
        {"expression": ". (MM|IN|PK|@transit){1,3} ."},
    )
    looked_up: ClassVar = {"expression": "path"}

    expression: Annotated[NonEmpty, AfterValidator(_an_expression)]
    """Atoms for one hub each, such as karachi, CN, @western, <smw4>karachi, !CN and a dot for any;
    brackets, a bar for or, and how often: ``*``, ``+``, ``?``, ``{2,3}``."""

    def describe(self) -> str:
        return f'fit "{self.expression}"'

    def asks(self, trip: Trip) -> tuple[str, ...]:  # noqa: ARG002 - it is the same from anywhere
        return ()

    def enter(self, state: int, element: Element, trip: Trip) -> int | Broken:
        """A state is twice the positions of hubs that may be next, or twice those of this hub and
        one more: then entering a hub is entering this one again. 0 is before the first hub."""
        automaton = automaton_of(self.expression)
        positions, at_hub = divmod(state, 2)
        if isinstance(element, Hub):
            if at_hub:
                return state
            asked = positions if state else automaton.entered_by(automaton.first, None)
            left = automaton.at(asked, element, trip.groups)
        else:
            asked = automaton.after(positions) if at_hub else positions or automaton.first
            left = automaton.entered_by(asked, element)
        if not left:
            return Broken(f"{element.id} does not fit {self._asked(asked)}")
        return 2 * left + isinstance(element, Hub)

    def _asked(self, positions: int) -> str:
        what = automaton_of(self.expression).expected(positions) if positions else "the end"
        return f'"{self.expression}", which asks for {what} there'

    def finish(self, state: int, trip: Trip) -> Broken | None:
        automaton = automaton_of(self.expression)
        positions = state // 2
        if positions & automaton.last:
            return None
        return Broken(f"{trip.dst.id} ends what {self._asked(automaton.after(positions))}")
