"""Names of places, fibres and demands in sentences, and the part of a map that paths use. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Protocol

from corridor.experiments.answers.map_document import FibreEntry, MapDocument
from corridor.experiments.brief.document import Look, Picture
from corridor.topologies.base.words import joined, short_name
from corridor.topologies.model.catalogue import group_name, system_name

BY_KIND = {"hub": "hub {}", "gateway": "the gateway at {}", "srlg": "the {}"}
"""What fails besides fibres, whose names have an article."""
SAME_NAME = re.compile(r"\b([A-Z][\w ]+) is in \1, ")
"""A city that is its own jurisdiction: ``Hong Kong is in Hong Kong, outside China``."""


class OnMap(Protocol):
    """A path, computed or measured, with the jurisdictions that it crosses and may cross."""

    @property
    def fibres(self) -> Sequence[str]: ...

    @property
    def crosses(self) -> Sequence[str]: ...

    @property
    def may_cross(self) -> Sequence[str]: ...


class Between(Protocol):
    """A demand with its ends."""

    @property
    def id(self) -> str: ...

    @property
    def src(self) -> str: ...

    @property
    def dst(self) -> str: ...


class Places:
    """Ids of a map, and of demands, as people call them."""

    def __init__(self, where: MapDocument, demands: Iterable[Between] = ()) -> None:
        self.where = where
        self._demands = list(demands)
        self._hubs = {one.id: one for one in where.hubs}

    def country(self, code: str) -> str:
        """The name of a jurisdiction without what is in parentheses; ``?`` stays."""
        bare = code.removesuffix("?")
        return short_name(self.where.jurisdictions.get(bare, bare)) + code[len(bare) :]

    def country_of(self, hub: str) -> str:
        return self.country(self._hubs[hub].jurisdiction) if hub in self._hubs else hub

    def hub(self, name: str) -> str:
        """A hub with its country: ``Karachi (Pakistan)``."""
        of = self._hubs.get(name)
        return name if of is None else f"{of.short_name} ({self.country(of.jurisdiction)})"

    def between(self, src: str, dst: str) -> str:
        """``Karachi (Pakistan) to Lahore``: a country that both ends have is named once."""
        one, other = self._hubs.get(src), self._hubs.get(dst)
        if one is not None and other is not None and one.jurisdiction == other.jurisdiction:
            ends = f"{one.short_name} to {other.short_name}"
            return f"{ends} ({self.country(one.jurisdiction)})"
        return f"{self.hub(src)} to {self.hub(dst)}"

    def sentence(self, text: str) -> str:
        """A text with names instead of ids and codes of jurisdictions."""

        def named(found: re.Match[str]) -> str:
            name, before = self._names[found[0]], text[: found.start()]
            is_first = not before or before.endswith(". ")
            return name[:1].upper() + name[1:] if is_first else name

        return SAME_NAME.sub(r"\1 is ", self._ids.sub(named, text))

    def span(self, ends: str) -> str:
        """Two hubs with a hyphen between their ids: ``from Gui'an to Vientiane``."""
        cuts = (at for at, letter in enumerate(ends) if letter == "-")
        pairs = ((ends[:at], ends[at + 1 :]) for at in cuts)
        known = (self._from(*pair) for pair in pairs if self._hubs.keys() >= {*pair})
        return next(known, ends)

    def element(self, name: str) -> str:
        """What may fail, such as ``link:kunming-mengla``, by its name."""
        kind, _, which = name.partition(":")
        known = self._names.get(which, which)
        return BY_KIND.get(kind, "{}").format(known)

    @cached_property
    def _ids(self) -> re.Pattern[str]:
        known = sorted(self._names, key=len, reverse=True)
        return re.compile(rf"(?<![\w:-])(?:{'|'.join(map(re.escape, known))})(?![\w-])")

    @cached_property
    def _names(self) -> Mapping[str, str]:
        fibres = self.where.fibres
        paths = {one.id: self._fibre(one) for one in fibres}
        often = Counter(paths.values())
        return {
            **{one.id: self.between(one.src, one.dst) for one in self._demands},
            **{key: f"{name} ({key})" if often[name] > 1 else name for key, name in paths.items()},
            **{name: group_name(name) for one in fibres for name in one.srlgs},
            **{code: self.country(code) for code in self.where.jurisdictions},
            **{name: of.short_name for name, of in self._hubs.items()},
        }

    def _fibre(self, of: FibreEntry) -> str:
        return f"the {system_name(of.system) if of.system else 'fibre'} {self._from(of.a, of.z)}"

    def _from(self, *hubs: str) -> str:
        names = (self._hubs[one].short_name if one in self._hubs else one for one in hubs)
        return f"from {' to '.join(names)}"

    def crossed(self, paths: Iterable[OnMap]) -> tuple[list[str], list[str]]:
        """Names of the countries that paths cross, and of those that they may cross besides."""
        every = list(paths)
        sure = dict.fromkeys(code for path in every for code in path.crosses)
        may = dict.fromkeys(code for path in every for code in path.may_cross if code not in sure)
        return [self.country(code) for code in sure], [self.country(code) for code in may]

    def part(self, fibres: Iterable[str], hubs: Sequence[str]) -> MapDocument:
        """The map with these fibres, their ends and these hubs alone."""
        wanted = set(fibres)
        kept = tuple(one for one in self.where.fibres if one.id in wanted)
        ends = {hub for one in kept for hub in (one.a, one.z)} | set(hubs)
        return replace(
            self.where, fibres=kept, hubs=tuple(one for one in self.where.hubs if one.id in ends)
        )

    def picture(
        self,
        legs: Sequence[tuple[Look, OnMap]],
        paths: Iterable[OnMap],
        ends: Iterable[str],
        meanings: Mapping[Look, str],
        cut: Sequence[str] = (),
    ) -> Picture | None:
        """The paths of ``legs`` on their part of the map; None where they use no fibre.

        The caption names the countries of ``paths``.
        """
        fibres = [fibre for _, path in legs for fibre in path.fibres]
        if not fibres:
            return None
        shown = list(dict.fromkeys(ends))
        return Picture(
            where=self.part([*fibres, *cut], shown),
            paths=[(look, path.fibres) for look, path in legs],
            meanings=meanings,
            ends=shown,
            caption=caption_of(*self.crossed(paths)) + (" Crosses mark cut fibres." if cut else ""),
            cut=cut,
        )


def caption_of(crossed: Sequence[str], may: Sequence[str]) -> str:
    """The countries that paths cross, and those that they may cross."""
    besides = f"; possibly also {joined(may)}" if may else ""
    only = "Only hubs and fibres of these paths are shown."
    return f"The paths cross {joined(crossed)}{besides}. {only}"
