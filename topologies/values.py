"""Frozen dataclasses to plain JSON data and back, by their own type hints.

Plans cross from the machine that compiles them to the one that runs them as
JSON; these two functions are the only place that knows how.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from functools import cache
from typing import Any, cast


def to_plain(value: Any) -> Any:
    """Lists, dicts, strings, numbers, booleans and None, ready for ``json.dump``."""
    if dataclasses.is_dataclass(value):
        names = (field.name for field in dataclasses.fields(value))
        return {name: to_plain(getattr(value, name)) for name in names}
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    return value


def from_plain[T](kind: type[T], plain: Any) -> T:
    """Rebuild ``kind`` from what ``to_plain`` made of it; else raises TypeError or KeyError."""
    return cast(T, _rebuild(kind, plain))


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _rebuild(kind: Any, plain: Any) -> Any:
    if dataclasses.is_dataclass(kind):
        hints = _hints(cast(type, kind))
        return cast(Any, kind)(
            **{name: _rebuild(hints[name], item) for name, item in plain.items()}
        )
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if plain is None:
            return None
        return _rebuild(next(item for item in arguments if item is not type(None)), plain)
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return tuple(_rebuild(arguments[0], item) for item in plain)
        return tuple(_rebuild(item, value) for item, value in zip(arguments, plain, strict=True))
    if origin is dict:
        return {
            _key(arguments[0], key): _rebuild(arguments[1], item) for key, item in plain.items()
        }
    return plain


def _key(kind: Any, text: str) -> Any:
    return int(text) if kind is int else text
