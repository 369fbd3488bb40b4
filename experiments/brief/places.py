"""Names of hubs and countries in sentences, and the part of a map that paths use. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Protocol

from corridor.experiments.answers.map_document import MapDocument
from corridor.experiments.brief.document import Look, Picture
from corridor.topologies.base.words import joined, short_name


class OnMap(Protocol):
    """A path, computed or measured, with the jurisdictions that it crosses and may cross."""

    @property
    def fibres(self) -> Sequence[str]: ...

    @property
    def crosses(self) -> Sequence[str]: ...

    @property
    def may_cross(self) -> Sequence[str]: ...


class Places:
    """Ids of a map as people call them."""

    def __init__(self, where: MapDocument) -> None:
        self.where = where
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
        return name if of is None else f"{short_name(of.name)} ({self.country(of.jurisdiction)})"

    def between(self, src: str, dst: str) -> str:
        """``Karachi (Pakistan) to Lahore``: a country that both ends have is named once."""
        one, other = self._hubs.get(src), self._hubs.get(dst)
        if one is not None and other is not None and one.jurisdiction == other.jurisdiction:
            ends = f"{short_name(one.name)} to {short_name(other.name)}"
            return f"{ends} ({self.country(one.jurisdiction)})"
        return f"{self.hub(src)} to {self.hub(dst)}"

    def sentence(self, text: str) -> str:
        """A text with names instead of the ids of hubs and the codes of jurisdictions."""
        return self._ids.sub(lambda found: self._named(found[0]), text)

    @cached_property
    def _ids(self) -> re.Pattern[str]:
        known = sorted({*self._hubs, *self.where.jurisdictions}, key=len, reverse=True)
        return re.compile(rf"(?<![\w:-])(?:{'|'.join(map(re.escape, known))})(?![\w-])")

    def _named(self, name: str) -> str:
        of = self._hubs.get(name)
        return self.country(name) if of is None else short_name(of.name)

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
