"""Frozen dataclasses to plain JSON data and back, by their own type hints.

Plans cross from the machine that compiles them to the one that runs them as
JSON; these two functions are the only place that knows how.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, cast

type JsonObject = dict[str, object]
"""An object of JSON, of which nothing is known but that: who reads it looks what its values are."""
_OWN = "to_plain"
"""The method of a named tuple that has a plain form of its own, and ``from_plain`` beside it."""
_OMIT = "omit empty"
OMIT_EMPTY: Mapping[str, bool] = {_OMIT: True}
"""The metadata of a field with a default that is left out while it is empty."""


def to_plain(value: Any) -> Any:
    """Lists, dicts, strings, numbers, booleans and None, ready for ``json.dump``."""
    kind: type = type(value)
    names = _names(kind)
    if names is not None:
        plain = {name: to_plain(getattr(value, name)) for name in names}
        for name in _omitted(kind):
            if not plain[name]:
                del plain[name]
        return plain
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        own = getattr(value, _OWN, None)
        return [to_plain(item) for item in value] if own is None else own()
    return value


@cache
def _omitted(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind) if _OMIT in field.metadata)


@cache
def _names(kind: type) -> tuple[str, ...] | None:
    """Of a dataclass's fields; None for anything else."""
    if not dataclasses.is_dataclass(kind):
        return None
    return tuple(field.name for field in dataclasses.fields(kind))


def from_plain[T](kind: type[T], plain: Any) -> T:
    """Rebuild ``kind`` from what ``to_plain`` made of it; else raises TypeError or KeyError."""
    return cast(T, _rebuild(kind, plain))


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _rebuild(kind: Any, plain: Any) -> Any:
    return _rebuilder(kind)(plain)


@cache
def _rebuilder(kind: Any) -> Callable[[Any], Any]:
    """What rebuilds values of a kind: hints are taken apart once, values many times."""
    if dataclasses.is_dataclass(kind):
        return partial(_rebuild_dataclass, kind)
    if hasattr(kind, _OWN):
        return cast(Callable[[Any], Any], kind.from_plain)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        some = next(item for item in arguments if item is not type(None))
        return lambda plain: None if plain is None else _rebuild(some, plain)
    if origin is tuple:
        return _tuple_rebuilder(arguments)
    if origin is dict:
        key, item = arguments
        return lambda plain: {
            _key(key, name): _rebuild(item, value) for name, value in plain.items()
        }
    return _as_it_is


def _rebuild_dataclass(kind: Any, plain: Any) -> Any:
    if not isinstance(plain, dict):
        raise TypeError(f"{kind.__name__} is an object, not {type(plain).__name__}")
    hints = _hints(kind)
    return kind(**{name: _rebuild(hints[name], item) for name, item in plain.items()})


def _tuple_rebuilder(arguments: tuple[Any, ...]) -> Callable[[Any], Any]:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        each = _rebuilder(arguments[0])
        return tuple if each is _as_it_is else lambda plain: tuple(map(each, plain))
    return lambda plain: tuple(
        _rebuild(item, value) for item, value in zip(arguments, plain, strict=True)
    )


def _as_it_is(plain: Any) -> Any:
    return plain


def _key(kind: Any, text: str) -> Any:
    return int(text) if kind is int else text
