"""What somebody may have meant who wrote a name that is not there: the one place that guesses.

In this order: the same but for case and dashes, the same by meaning, the same ends the other way
round (``karachi-kunming``), a part of few names, a slip of the keyboard, the beginning of a part.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence

CUTOFF, SURE = 0.6, 0.85
"""How much of two names is the same where one may be a slip of the other, and where it is one."""
MOST = 3
"""Names that one written part may stand for; of more, nothing is said."""
MOST_LISTED = 12
LEAST_PART, LONGEST = 2, 200
NO_MEANINGS: Mapping[str, str] = {}


def nearest(word: str, options: Iterable[str], meanings: Mapping[str, str] = NO_MEANINGS) -> str:
    """``did you mean "x"?`` for the closest of ``options``, or an empty text.

    ``meanings`` says of other words, in lower case, which option they mean.
    """
    quoted = [f'"{one}"' for one in closest(word, options, meanings)]
    if not quoted:
        return ""
    return f"did you mean {' or '.join(filter(None, (', '.join(quoted[:-1]), quoted[-1])))}?"


def nearest_or_some(word: str, options: Iterable[str]) -> str:
    """The same, else ``there are a, b and 7 more``."""
    known = list(options)
    more = len(known) - MOST_LISTED
    there = f"{', '.join(known[:MOST_LISTED]) or 'none'}{f' and {more} more' if more > 0 else ''}"
    return nearest(word, known) or f"there are {there}"


def closest(
    word: str, options: Iterable[str], meanings: Mapping[str, str] = NO_MEANINGS
) -> Sequence[str]:
    """The option that was meant, or a few of them; empty where nothing is close."""
    known = {_folded(one): one for one in options}
    folded = _folded(word[:LONGEST])
    if folded in known:
        return [known[folded]]
    if (meant := meanings.get(folded)) in known.values():
        return [str(meant)]
    turned = {_by_parts(one): one for one in known}
    if (found := turned.get(_by_parts(folded))) is not None:
        return [known[found]]
    names = _with_part(rf"{re.escape(folded)}(?:$|[-:.])", folded, known)
    names = names or difflib.get_close_matches(folded, known, n=1, cutoff=SURE)
    names = names or _with_part(re.escape(folded), folded, known)
    names = names or difflib.get_close_matches(folded, known, n=1, cutoff=CUTOFF)
    return [known[name] for name in names]


def _folded(word: str) -> str:
    return re.sub(r"[\s_]+", "-", word.strip().casefold())


def _by_parts(word: str) -> tuple[str, ...]:
    return tuple(sorted(re.split(r"[-:.]", word)))


def _with_part(pattern: str, part: str, names: Iterable[str]) -> Sequence[str]:
    """Names that begin so, or a part of which does, if they are few."""
    found = [name for name in names if re.search(rf"(?:^|[-:.]){pattern}", name)]
    return found if len(part) >= LEAST_PART and len(found) <= MOST else []
