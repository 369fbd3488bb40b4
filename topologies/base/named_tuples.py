"""Named tuples to plain JSON data and back, by their own type hints.

For what agents read: ``codec.py`` does the same for dataclasses, which are dear to import in a
guest. Standard library only.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping
from functools import cache
from typing import Any, cast


def to_plain(value: object) -> Any:
    """Lists, dicts, strings, numbers, booleans and None, ready for ``json.dump``."""
    names: tuple[str, ...] | None = getattr(value, "_fields", None)
    if names is not None:
        return {name: to_plain(getattr(value, name)) for name in names}
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    return value


def from_plain[T](kind: type[T], plain: Mapping[str, Any]) -> T:
    """Rebuild ``kind`` from what ``to_plain`` made of it; else raises TypeError or KeyError."""
    return cast(T, _rebuild(kind, plain))


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _rebuild(kind: Any, plain: Any) -> Any:
    if hasattr(kind, "_fields"):
        if not isinstance(plain, dict):
            raise TypeError(f"{kind.__name__} is an object, not {type(plain).__name__}")
        hints = _hints(kind)
        return kind(**{name: _rebuild(hints[name], item) for name, item in plain.items()})
    if typing.get_origin(kind) is tuple:
        each = typing.get_args(kind)[0]
        return tuple(_rebuild(each, item) for item in plain)
    return plain
