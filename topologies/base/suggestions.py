"""What a user may have meant who wrote a name that is not there: the one place that guesses.

In this order: the same but for case, accents and dashes, the same by meaning, the same ends the
other way round (``karachi-kunming``), a part of few names, a name within more words, a slip of the
keyboard, the beginning of a part. A wrong guess is worse than none: short names are never taken for
others of nearly the same letters, nor a name for another with other digits.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from corridor.topologies.base.words import few

MOST, MOST_ALIKE = 3, 2
"""Names that one written part may stand for, and that one slip may lead to; of more, nothing is
said."""
MOST_LISTED = 12
LEAST_PART, LEAST_BEGINNING, LEAST_SPELT, LONGEST = 2, 3, 4, 200
"""Letters of a whole part of a name, of the beginning of one, of what may be a slip; and of all
that is looked at."""

INSTALL = "install the package that offers it"
type Meanings = Mapping[str, str | Sequence[str]]
"""Words, as ``squeezed`` has them or in lower case, and what they may mean."""
NO_MEANINGS: Meanings = {}


def nearest(word: str, options: Iterable[str], meanings: Meanings = NO_MEANINGS) -> str:
    """``did you mean "x"?`` for the closest of ``options``, or an empty text.

    ``meanings`` states about other words which options they mean.
    """
    quoted = [f'"{one}"' for one in closest(word, options, meanings)]
    if not quoted:
        return ""
    return f"did you mean {' or '.join(filter(None, (', '.join(quoted[:-1]), quoted[-1])))}?"


def nearest_or_some(word: str, options: Iterable[str], meanings: Meanings = NO_MEANINGS) -> str:
    """The same, else ``there are a, b and 7 more``."""
    known = list(options)
    return nearest(word, known, meanings) or f"there are {few(known, MOST_LISTED) or 'none'}"


def nearest_kind(word: str, kinds: Iterable[str]) -> str:
    """The same for a name of a kind, which a package that is not installed may offer."""
    known = list(kinds)
    return nearest(word, known) or f"use one of {', '.join(known)}, or {INSTALL}"


def closest(word: str, options: Iterable[str], meanings: Meanings = NO_MEANINGS) -> Sequence[str]:
    """The option that was meant, or a few of them; empty where nothing is close."""
    known = {_folded(one): one for one in options}
    folded = _folded(word[:LONGEST])
    if folded in known:
        return [known[folded]]
    meant = _Meant(known, meanings)
    for names in (
        meant.exactly(folded),
        _turned(folded, known),
        _with_part(rf"{re.escape(folded)}(?:$|[-:.])", folded, known, LEAST_PART),
        _within(folded, known),
        meant.slip_of(folded, is_code=not word.islower()),
        _with_part(re.escape(folded), folded, known, LEAST_BEGINNING),
        meant.begun(folded),
    ):
        if names:
            return [known[name] for name in names]
    return []


def squeezed(word: str) -> str:
    """Letters and digits alone, in lower case and without accents: ``SMW-4`` is ``smw4``."""
    return "".join(filter(str.isalnum, _folded(word)))


class _Meant:
    """Options by what they are called, and by what else means them."""

    def __init__(self, known: Mapping[str, str], meanings: Meanings) -> None:
        self._meanings = meanings
        self._options = known
        self._called: dict[str, list[str]] = {}
        for name in known:
            self._called.setdefault(squeezed(name), []).append(name)
        whole = frozenset(self._called)
        for name in known:
            for called in {squeezed(tail) for tail in _tails(name)} - whole:
                self._called.setdefault(called, []).append(name)

    def exactly(self, folded: str) -> Sequence[str]:
        word = squeezed(folded)
        return (
            self._called.get(word, ())
            or self._of(self._meanings.get(folded, ()))
            or self._of(self._meanings.get(word, ()))
        )

    def slip_of(self, folded: str, *, is_code: bool) -> Sequence[str]:
        """What is spelt nearly so, as far as there is one such, or two."""
        word, best = squeezed(folded), len(folded)
        found: dict[str, None] = {}
        for called in self._names():
            distance = _distance(word, called, is_code=is_code)
            if distance is not None and distance <= best:
                names = self._called.get(called) or self._of(self._meanings.get(called, ()))
                found = dict.fromkeys([*(found if distance == best else ()), *names])
                best = distance if names else best
        return [*found] if len(found) <= MOST_ALIKE else []

    def begun(self, folded: str) -> Sequence[str]:
        """What has a name of which at least half is written."""
        word = squeezed(folded)
        if len(word) < LEAST_SPELT:
            return []
        found = dict.fromkeys(
            name
            for called, meant in self._meanings.items()
            if called.startswith(word) and len(word) * 2 >= len(called)
            for name in self._of(meant)
        )
        return [*found] if len(found) == 1 else []

    def _names(self) -> Iterable[str]:
        yield from self._called
        yield from (one for one in self._meanings if one not in self._called)

    def _of(self, meant: str | Sequence[str]) -> Sequence[str]:
        """The options among what a word means, by their whole name or the part behind a colon."""
        names = (meant,) if isinstance(meant, str) else meant
        wanted = {_folded(name) for name in names}
        return [name for name in self._options if name in wanted or _tail(name) in wanted]


def _folded(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word.strip().casefold())
    plain = "".join(one for one in plain if not unicodedata.combining(one))
    return re.sub(r"[\s_]+", "-", plain)


def _tail(name: str) -> str:
    return name.rpartition(":")[2]


def _tails(name: str) -> Iterable[str]:
    """A name without the kinds before it, one after another."""
    while ":" in name:
        name = name.partition(":")[2]
        yield name


def _turned(folded: str, known: Iterable[str]) -> Sequence[str]:
    turned = {_by_parts(one): one for one in known}
    found = turned.get(_by_parts(folded))
    return [] if found is None else [found]


def _by_parts(word: str) -> tuple[str, ...]:
    return tuple(sorted(re.split(r"[-:.]", word)))


def _with_part(pattern: str, part: str, names: Iterable[str], least: int) -> Sequence[str]:
    """Names that begin so, or a part of which does, if they are few."""
    if len(part) < least:
        return []
    found = [name for name in names if re.search(rf"(?:^|[-:.]){pattern}", name)]
    return found if len(found) <= MOST else []


def _within(folded: str, known: Iterable[str]) -> Sequence[str]:
    """The one name all of whose parts are among the words that are written."""
    words = {*_by_parts(folded)}
    found = [
        name
        for name in known
        if len(_tail(name)) >= LEAST_SPELT and words.issuperset(_by_parts(_tail(name)))
    ]
    return found if len(words) > 1 and len(found) == 1 else []


def _distance(word: str, name: str, *, is_code: bool) -> int | None:
    """How many slips lead from a name to a word; None where it is more likely another name.

    Slips: a letter too many, too few, wrong, or two the wrong way round (Damerau, 1964).
    """
    shorter, longer = sorted((len(word), len(name)))
    most = 1 + (longer >= 8) + (longer >= 16)
    if abs(len(word) - len(name)) > most or _digits(word) != _digits(name):
        return None
    if len(name) < LEAST_SPELT:
        # Of three letters only two swapped letters, or one doubled; and never of a code: SOC is
        # no slip of SCO.
        is_turned = len(word) == len(name) and sorted(word) == sorted(name)
        is_doubled = re.sub(r"(.)\1", r"\1", word) == name
        return 1 if len(name) == 3 and (is_turned or is_doubled) and not is_code else None
    if shorter < LEAST_SPELT and (is_code or shorter < LEAST_BEGINNING):
        return None
    distance = _slips(word, name)
    # Who slips twice begins right.
    return distance if distance == 1 or (distance <= most and word[0] == name[0]) else None


def _digits(word: str) -> str:
    """Its figures, each once where it is written several times in a row."""
    return re.sub(r"(.)\1+", r"\1", "".join(filter(str.isdigit, word)))


def _slips(word: str, name: str) -> int:
    """The Damerau-Levenshtein distance, of optimal alignments."""
    before: list[int] = []
    earlier: list[int]
    row: list[int] = [*range(len(name) + 1)]
    for place, letter in enumerate(word, start=1):
        earlier, before, row = before, row, [place]
        for at, other in enumerate(name, start=1):
            cost = min(before[at] + 1, row[-1] + 1, before[at - 1] + (letter != other))
            is_turned = place > 1 and at > 1 and (letter, word[place - 2]) == (name[at - 2], other)
            row += [min(cost, earlier[at - 2] + 1) if is_turned else cost]
    return row[-1]
