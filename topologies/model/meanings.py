"""What people call what the catalogue has by an id: its name, a part of that, its own script.

``上海`` is the hub ``shanghai``, ``Thailand`` the jurisdiction ``TH``, ``SeaMeWe-4`` the cable
``smw4``. A word that means several ids of one kind means none of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import get_args

from corridor.topologies.base.suggestions import nearest, nearest_or_some, squeezed
from corridor.topologies.model.catalogue import shipped_hubs, shipped_systems
from corridor.topologies.model.jurisdictions import load_jurisdictions
from corridor.topologies.model.topology import Role

LEAST_WORD, LEAST_INITIALS = 5, 2
"""Letters of a word that stands for a name of several, and words of one that initials stand for."""


def nearest_named(word: str, options: Iterable[str]) -> str:
    """As ``nearest``, also by what the catalogue calls what is among ``options``."""
    return nearest(word, options, meanings())


def nearest_named_or_some(word: str, options: Iterable[str]) -> str:
    return nearest_or_some(word, options, meanings())


@cache
def meanings() -> Mapping[str, tuple[str, ...]]:
    """Ids by what else they are called: of each word one of a kind at most."""
    known, found = load_jurisdictions(), dict[str, tuple[str, ...]]()
    hubs = {hub.id: (hub.name, hub.local_name or "") for hub in shipped_hubs().values()}
    places = {one.id: (one.name,) for one in known.jurisdictions}
    places |= {one.id: (one.name,) for one in known.groups}
    systems = {one.id: (one.name,) for one in shipped_systems().values()}
    for kind, forms in ((hubs, _FORMS), (places, (*_FORMS, _initials)), (systems, _FORMS)):
        for word, id_ in _unique(kind, forms).items():
            found[word] = (*found.get(word, ()), id_)
    return found


def _unique(kind: Mapping[str, Iterable[str]], forms: Iterable[_Form]) -> dict[str, str]:
    """Words that mean one id of a kind; those of the first of ``forms`` before the others'."""
    by_word: dict[str, str] = {}
    for form in forms:
        claimed: dict[str, set[str]] = {}
        for id_, names in kind.items():
            for word in {squeezed(part) for name in names for part in form(name)}:
                claimed.setdefault(word, set()).add(id_)
        for word, ids in claimed.items():
            if len(ids) == 1 and word and word not in _TERMS:
                by_word.setdefault(word, *ids)
    return by_word


_TERMS = frozenset(get_args(Role))
"""Words that mean something else wherever names are written."""


type _Form = Callable[[str], Iterator[str]]
"""From a name to words for it."""


def _whole(name: str) -> Iterator[str]:
    yield name


def _parts(name: str) -> Iterator[str]:
    """What is in a name next to brackets, within them, and next to strokes."""
    outside = re.sub(r"\([^)]*\)", " ", name)
    for part in (outside, *re.findall(r"\(([^)]*)\)", name)):
        yield part
        yield from part.split("/")


def _words(name: str) -> Iterator[str]:
    """Words of a name that are much of it: ``Saudi`` of Saudi Arabia, not ``border`` of a border's
    hub."""
    for whole in (name, *_parts(name)):
        letters = len(squeezed(whole))
        for word in whole.split():
            if len(word) >= LEAST_WORD and len(squeezed(word)) * 5 >= letters * 2:
                yield word


def _initials(name: str) -> Iterator[str]:
    """``UAE`` of United Arab Emirates."""
    words = [word for word in name.split() if word[0].isupper()]
    if len(words) >= LEAST_INITIALS:
        yield "".join(word[0] for word in words)


_FORMS: tuple[_Form, ...] = (_whole, _parts, _words)
