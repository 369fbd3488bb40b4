"""Named tuples to plain JSON data and back, by their own type hints.

For what agents read: ``codec.py`` does the same for dataclasses, which are dear to import in a
guest. Standard library only.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping
from functools import cache
from typing import Any, cast

_PLAIN = frozenset((int, str, bool, float, type(None)))


def to_plain(value: object) -> Any:
    """Lists, dicts, strings, numbers, booleans and None, ready for ``json.dump``.

    Fields that a class names in ``omitted_if_default`` are left out where they have their default.
    """
    if type(value) in _PLAIN:
        return value
    names: tuple[str, ...] | None = getattr(value, "_fields", None)
    if names is not None:
        plain = {name: to_plain(getattr(value, name)) for name in names}
        for name in getattr(value, "omitted_if_default", ()):
            if plain[name] == value._field_defaults[name]:  # type: ignore[attr-defined]
                del plain[name]
        return plain
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    return value


def from_plain[T](kind: type[T], plain: Mapping[str, Any]) -> T:
    """Rebuild ``kind`` from what ``to_plain`` made of it; else raises TypeError or KeyError."""
    return cast(T, _rebuild(kind, plain))


@cache
def _nested(kind: type) -> tuple[tuple[str, Any], ...]:
    """Fields that plain data have in another form, with their types."""
    hints = typing.get_type_hints(kind)
    return tuple((name, hint) for name, hint in hints.items() if _is_nested(hint))


@cache
def _is_nested(hint: Any) -> bool:
    return hasattr(hint, "_fields") or typing.get_origin(hint) is tuple


def _rebuild(kind: Any, plain: Any) -> Any:
    if hasattr(kind, "_fields"):
        if not isinstance(plain, dict):
            raise TypeError(f"{kind.__name__} is an object, not {type(plain).__name__}")
        nested = {
            name: _rebuild(hint, plain[name]) for name, hint in _nested(kind) if name in plain
        }
        return kind(**{**plain, **nested})
    if typing.get_origin(kind) is tuple:
        each = typing.get_args(kind)[0]
        return tuple(_rebuild(each, item) for item in plain) if _is_nested(each) else tuple(plain)
    return plain
