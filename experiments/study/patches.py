"""What a level of an axis changes in a scenario: values set by the path of their key. Pure.

``network.buffer`` is a key of ``network``, ``workloads.inference.fills`` one of the item of a list
whose id is ``inference``, and ``timeline+`` adds items to a list.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from corridor.topologies.base.documents import Plain

ADDS = "+"


class NoSuchPlace(ValueError):
    """A path that leads nowhere in a scenario; ``hint`` says what is there."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def patched(data: Mapping[str, Plain], patch: Mapping[str, Plain]) -> dict[str, Plain]:
    """A copy of a scenario's values with those of ``patch`` set, one after another."""
    made: dict[str, Any] = copy.deepcopy(dict(data))
    for path, value in patch.items():
        _put(made, path, copy.deepcopy(value))
    return made


def _put(made: dict[str, Any], path: str, value: Plain) -> None:
    *inner, last = path.removesuffix(ADDS).split(".")
    at: Any = made
    for number, key in enumerate(inner):
        at = _inside(at, key, path, ".".join(inner[: number + 1]))
    if path.endswith(ADDS):
        _add(at, last, path, value)
    elif isinstance(at, list):
        at[_place(at, last, path)] = value
    else:
        at[last] = value


def _inside(at: Any, key: str, path: str, so_far: str) -> Any:
    """The mapping or list under a key, made where there is none."""
    if isinstance(at, list):
        return at[_place(at, key, path)]
    found = at.setdefault(key, {})
    if found is None:
        found = at[key] = {}
    if not isinstance(found, dict | list):
        raise NoSuchPlace(f'"{path}": {so_far} contains no keys, it is {found}')
    return found


def _place(items: list[Any], name: str, path: str) -> int:
    ids = [item.get("id") if isinstance(item, dict) else None for item in items]
    if name in ids:
        return ids.index(name)
    known = ", ".join(str(one) for one in ids if one)
    raise NoSuchPlace(f'"{path}": it contains no "{name}"', known and f"ids are {known}")


def _add(at: Any, key: str, path: str, value: Plain) -> None:
    if not isinstance(value, list):
        raise NoSuchPlace(f'"{path}" adds items to a list', "write them as a list")
    if isinstance(at, list):
        at = at[_place(at, key, path)]
        raise NoSuchPlace(f'"{path}": what is there is not a list')
    there = at.setdefault(key, []) or []
    if not isinstance(there, list):
        raise NoSuchPlace(f'"{path}": what is there is not a list')
    at[key] = [*there, *value]
