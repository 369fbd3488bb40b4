"""Kinds by name: those that ship, and those of installed packages. Standard library only.

Agents import this file, so what only a kind of a package needs is imported when a name is none of
those that ship.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

OURS = "corridor"
"""Groups of entry points begin so, with a dot behind."""
PACKAGES = "CORRIDOR_PACKAGES"
"""An environment variable: folders of the packages in use, for agents, which start without the
folders of installed packages."""


class Used(NamedTuple):
    """A kind of an installed package that a call used."""

    group: str
    """Without ``corridor.``: ``faults``."""
    name: str
    package: str
    version: str

    @property
    def source(self) -> str:
        """The package and its version in words."""
        return f"{self.package} {self.version}"


class Recorder:
    """Collects the kinds of packages that are looked up within its ``with`` block."""

    def __init__(self) -> None:
        self.used: set[Used] = set()

    def __enter__(self) -> Self:
        self._token = _recorders.set((*_recorders.get(), self))
        return self

    def __exit__(self, *_raised: object) -> None:
        _recorders.reset(self._token)


_recorders: ContextVar[tuple[Recorder, ...]] = ContextVar("recorders", default=())


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
            including: Other kinds that are kinds here, too; they come first. A package may not
                offer a kind here that a package offers there.
        """
        self.group = group
        self._of, self._named = of, named
        self._including = including
        self._shipped: dict[str, Kind] = {
            **(including or {}),
            **{getattr(kind, named): kind for kind in shipped},
        }
        self._installed: dict[str, tuple[Kind, Used | None]] = {}

    def __getitem__(self, name: str) -> Kind:
        """The kind of that name.

        Raises MissingKind, which is a KeyError, and InputError for a kind that is unusable.
        """
        if name in self._shipped:
            return self._shipped[name]
        if self._including is not None and _offers(self._including.group, name):
            _refuse_two(name, self._including.group, self.group)
            return self._including[name]
        from corridor.topologies.base.files_read import read_elsewhere

        read_elsewhere()  # no answer is kept that depends on what is installed
        if name not in self._installed:
            self._installed[name] = _load(self.group, name, self._of, self._named)
        kind, used = self._installed[name]
        if used is not None:
            for recorder in _recorders.get():
                recorder.used.add(used)
        return kind

    def __iter__(self) -> Iterator[str]:
        return iter(self._shipped)

    def __len__(self) -> int:
        return len(self._shipped)

    def offered(self) -> dict[str, str]:
        """By the name of each kind that packages offer, these packages; none is imported."""
        found: dict[str, list[str]] = {}
        for entry in _offered(self.group):
            if entry.name not in self._shipped:
                found.setdefault(entry.name, []).append(_package(entry))
        return {name: ", ".join(sorted(packages)) for name, packages in sorted(found.items())}

    def in_use(self) -> list[Kind]:
        """The kinds that ship, then those of packages that this process has used."""
        before = [] if self._including is None else self._including.in_use()
        own = [kind for kind in self._shipped.values() if kind not in before]
        return [*before, *own, *(kind for kind, _ in self._installed.values())]


def entries() -> list[Used]:
    """All kinds that installed packages offer, none of them imported."""
    import importlib.metadata

    points = importlib.metadata.entry_points()
    found = [
        one for group in points.groups if group.startswith(f"{OURS}.") for one in _offered(group)
    ]
    return [
        Used(one.group.removeprefix(f"{OURS}."), one.name, one.dist.name, one.dist.version)
        for one in found
        if one.dist is not None
    ]


@cache
def _offered(group: str) -> tuple[EntryPoint, ...]:
    """The entry points of a group, of all installed packages."""
    import importlib.metadata

    return tuple(importlib.metadata.entry_points(group=group))


def _offers(group: str, name: str) -> list[EntryPoint]:
    """The entry points of a kind."""
    return [one for one in _offered(group) if one.name == name]


def _refuse_two(name: str, *groups: str) -> None:
    """InputError for a name that packages offer in two groups which scenarios use as one."""
    from corridor.topologies.base.errors import InputError, words_of

    found = [(group, one) for group in groups for one in _offers(group, name)]
    if len({group for group, _ in found}) > 1:
        where = " and ".join(f"{words_of(group)} of {_package(one)}" for group, one in found)
        raise InputError(f'"{name}" is in {where}', "rename one, or remove one package")


def _load(group: str, name: str, of: type, named: str) -> tuple[Any, Used | None]:
    """The kind of that name, of whichever package offers it.

    Raises MissingKind if no package offers it, and InputError if its package cannot be imported, if
    what it offers is not such a kind, or if several packages offer the name.
    """
    import logging

    from corridor.topologies.base.errors import InputError, MissingKind, words_of

    found = _offers(group, name)
    if not found:
        raise MissingKind(group, name)
    packages = sorted({_package(one) for one in found})
    kind_of = words_of(group)
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
    package = found[0].dist
    if package is None:
        return kind, None
    return kind, Used(group.removeprefix(f"{OURS}."), name, package.name, package.version)


def _package(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.module


def _tell_agents(entry: EntryPoint) -> None:
    folder = str(entry.dist.locate_file("")) if entry.dist else ""
    known = os.environ.get(PACKAGES, "").split(os.pathsep)
    if folder and folder not in known:
        os.environ[PACKAGES] = os.pathsep.join([*filter(None, known), folder])
