"""Kinds by name: those that ship, and those of installed packages. Standard library only.

Agents import this file, so what only a kind of a package needs is imported when a name is none of
those that ship.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

PACKAGES = "CORRIDOR_PACKAGES"
"""An environment variable: folders of the packages in use, for agents, which start without the
folders of installed packages."""
USED: dict[str, str] = {}
"""Packages whose kinds this process uses, and their versions."""


class Registry[Kind](Mapping[str, Kind]):
    """The kinds of one thing, for example of clauses.

    Iteration gives the kinds that ship, in their order, whatever is installed. Any other name is
    looked for among the entry points of installed packages. Such a kind is imported then, and one
    line on standard error names its package.
    """

    def __init__(
        self,
        group: str,
        shipped: Iterable[Kind],
        *,
        of: type,
        named: str = "key",
        including: Registry[Kind] | None = None,
    ) -> None:
        """Collect the kinds that ship.

        Args:
            group: The group of entry points, for example ``corridor.clauses``. An entry point has
                the name of its kind.
            shipped: The kinds that ship.
            of: The class of each kind, or of which each kind is a subclass.
            named: The attribute that has the name of a kind.
            including: Other kinds that are kinds here, too; they come first.
        """
        self.group = group
        self._of, self._named = of, named
        self._including = including
        self._shipped: dict[str, Kind] = {
            **(including or {}),
            **{getattr(kind, named): kind for kind in shipped},
        }
        self._installed: dict[str, Kind] = {}

    def __getitem__(self, name: str) -> Kind:
        """The kind of that name. Raises KeyError, and InputError for a kind that is unusable."""
        if name in self._shipped:
            return self._shipped[name]
        if self._including is not None and name in self._including:
            return self._including[name]
        from corridor.topologies.base.files_read import read_elsewhere

        read_elsewhere()  # no answer is kept that depends on what is installed
        if name not in self._installed:
            self._installed[name] = _load(self.group, name, self._of, self._named)
        return self._installed[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._shipped)

    def __len__(self) -> int:
        return len(self._shipped)

    def in_use(self) -> list[Kind]:
        """The kinds that ship, then those of packages that this process has used."""
        before = [] if self._including is None else self._including.in_use()
        own = [kind for kind in self._shipped.values() if kind not in before]
        return [*before, *own, *self._installed.values()]


@cache
def _offered(group: str) -> tuple[EntryPoint, ...]:
    """The entry points of a group, of all installed packages."""
    import importlib.metadata

    return tuple(importlib.metadata.entry_points(group=group))


def _load(group: str, name: str, of: type, named: str) -> Any:
    """The kind of that name, of whichever package offers it.

    Raises KeyError if no package offers it, and InputError if its package cannot be imported, if
    what it offers is no such kind, or if several packages offer the name.
    """
    import logging

    from corridor.topologies.base.errors import InputError

    found = [one for one in _offered(group) if one.name == name]
    if not found:
        raise KeyError(name)
    packages = sorted({_package(one) for one in found})
    kind_of = group.partition(".")[2].replace("_", " ")
    if len(packages) > 1:
        said = f'"{name}" of {kind_of} is in several packages: {", ".join(packages)}'
        raise InputError(said, "remove all but one")
    # A package is never used without a line: without a handler, Python prints to standard error.
    notices = logging.getLogger(__name__)
    notices.warning('corridor: "%s" of %s is from the package %s', name, kind_of, packages[0])
    try:
        kind = found[0].load()
    except (Exception, SystemExit) as problem:
        said = f'package {packages[0]} does not load "{name}": {type(problem).__name__}: {problem}'
        raise InputError(said, "repair or remove the package") from problem
    if not (isinstance(kind, of) or (isinstance(kind, type) and of in kind.__mro__)):
        said = f'package {packages[0]}: "{name}" of {kind_of} is no {of.__name__}'
        raise InputError(said, "repair or remove the package")
    if getattr(kind, named, None) != name:
        said = f'package {packages[0]}: the {named} of "{name}" is "{getattr(kind, named, "")}"'
        raise InputError(said, f"give both one name in {group}")
    _tell_agents(found[0])
    if (package := found[0].dist) is not None:
        USED[package.name] = package.version
    return kind


def _package(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.module


def _tell_agents(entry: EntryPoint) -> None:
    folder = str(entry.dist.locate_file("")) if entry.dist else ""
    known = os.environ.get(PACKAGES, "").split(os.pathsep)
    if folder and folder not in known:
        os.environ[PACKAGES] = os.pathsep.join([*filter(None, known), folder])
