"""Which combinations of levels a study has: product, zip, exclude, include. Pure.

The levels of an axis go with every level of every other; those of axes that are zipped go side by
side. What is excluded is left out, then what is included is added.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

type Levels = Mapping[str, str]
"""By axis, the name of a level."""


def combinations(
    axes: Mapping[str, Sequence[str]],
    zipped: Sequence[Sequence[str]] = (),
    exclude: Sequence[Levels] = (),
    include: Sequence[Levels] = (),
) -> list[Levels]:
    """In the order of the axes, the last of which changes first; none twice.

    ``zipped`` axes have equally many levels; ``exclude`` and ``include`` name levels that there
    are, and each of ``include`` one of every axis.
    """
    groups = _groups(axes, zipped)
    wanted = [_merged(names, chosen) for names, chosen in _products(axes, groups)]
    kept = [one for one in wanted if not any(matches(one, other) for other in exclude)]
    added = [{axis: other[axis] for axis in axes} for other in include]
    return [*kept, *(one for one in added if one not in kept)]


def matches(levels: Levels, where: Levels) -> bool:
    """Whether a combination has all the levels that ``where`` names."""
    return all(levels.get(axis) == level for axis, level in where.items())


def _groups(
    axes: Mapping[str, Sequence[str]], zipped: Sequence[Sequence[str]]
) -> list[Sequence[str]]:
    """Axes that move together, each group where its first one stands."""
    of = {axis: group for group in zipped for axis in group}
    return list({tuple(of.get(axis, (axis,))): None for axis in axes})


def _products(
    axes: Mapping[str, Sequence[str]], groups: Sequence[Sequence[str]]
) -> Iterator[tuple[Sequence[Sequence[str]], Sequence[Sequence[str]]]]:
    sides = [list(zip(*(axes[axis] for axis in group), strict=True)) for group in groups]
    for chosen in product(*sides):
        yield groups, chosen


def _merged(groups: Sequence[Sequence[str]], chosen: Sequence[Sequence[str]]) -> Levels:
    return {
        axis: level
        for group, levels in zip(groups, chosen, strict=True)
        for axis, level in zip(group, levels, strict=True)
    }
