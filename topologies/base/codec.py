"""Frozen dataclasses to plain JSON data and back, by their own type hints.

Plans cross from the machine that compiles them to the one that runs them as
JSON, and commands read what others wrote; only this module knows how.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any, cast

from corridor.topologies.base.errors import InputError

type JsonObject = dict[str, object]
"""A JSON object whose values are not checked: the reader checks their types."""
if TYPE_CHECKING:
    type JsonOf[T] = JsonObject
    """What ``to_plain`` makes of a dataclass: schemas know its keys, ``from_plain`` reads it."""
else:

    class JsonOf:
        """For schemas, the dataclass itself."""

        def __class_getitem__(cls, kind: type) -> type:
            return kind


_OWN = "to_plain"
"""The method of a named tuple that has a separate plain form, and ``from_plain`` next to it."""
_OMIT = "omit"
OMIT_EMPTY: Mapping[str, str] = {_OMIT: "empty"}
"""The metadata of a field with a default that is left out while it is empty."""
OMIT_NONE: Mapping[str, str] = {_OMIT: "none"}
"""The metadata of a field that is left out while it is None, its default."""
_FORMER = "former key"


_NUMBER = ((int, float), "a number")
_SCALARS: Mapping[Any, tuple[tuple[type, ...], str]] = {
    str: ((str,), "a text"),
    bool: ((bool,), "true or false"),
    int: _NUMBER,
    float: _NUMBER,
}
"""What JSON has for a type, and its name. A float without decimals may be written as an integer."""


def formerly(key: str) -> Mapping[str, str]:
    """Return the metadata of a field that earlier versions wrote under another key."""
    return {_FORMER: key}


class Document:
    """A frozen dataclass that is written as JSON: what a command computes, or a run measured.

    A key that is a keyword of Python has an underscore after its name here: ``class_``.
    """

    def to_json(self) -> JsonObject:
        """Return the document as JSON data: what its file contains."""
        return cast(JsonObject, to_plain(self))


_PLAIN = frozenset({str, int, float, bool, type(None)})


def to_plain(value: Any) -> Any:
    """Lists, dicts, strings, numbers, booleans and None, ready for ``json.dump``."""
    kind: type = type(value)
    if kind in _PLAIN:
        return value
    names = _names(kind)
    if names is not None:
        plain = {key: to_plain(getattr(value, name)) for name, key in names}
        for key, omit in _omitted(kind):
            if plain[key] is None or (omit == "empty" and not plain[key]):
                del plain[key]
        return plain
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        own = getattr(value, _OWN, None)
        if own is not None:
            return own()
        # Most items are plain: a call for each takes longer than the rest.
        return [item if type(item) in _PLAIN else to_plain(item) for item in value]
    return value


@cache
def _omitted(kind: type) -> tuple[tuple[str, str], ...]:
    fields = dataclasses.fields(kind)
    return tuple((key_of(one.name), one.metadata[_OMIT]) for one in fields if _OMIT in one.metadata)


def key_of(name: str) -> str:
    """Return the key in JSON of a field: ``class`` of ``class_``."""
    return name.removesuffix("_")


@cache
def _names(kind: type) -> tuple[tuple[str, str], ...] | None:
    """Of a dataclass's fields, with their keys; None for anything else."""
    if not dataclasses.is_dataclass(kind):
        return None
    return tuple((field.name, key_of(field.name)) for field in dataclasses.fields(kind))


def from_plain[T](kind: type[T], plain: Any) -> T:
    """Rebuild ``kind`` from what ``to_plain`` made of it; an unknown key is refused.

    Raises:
        TypeError, LookupError, ValueError, AttributeError: it is something else.
    """
    return cast(T, _rebuild(kind, strict=True, plain=plain))


def read_document[T](kind: type[T], plain: Any, file: str, hint: str) -> T:
    """Rebuild ``kind`` from a file of this version or a later one: unknown keys are left out.

    Unlike ``from_plain`` it also looks at the type of each text, number and boolean.

    Raises:
        InputError: it is something else. The error names the key and the file.
    """
    try:
        return cast(T, _rebuild(kind, strict=False, plain=plain))
    except (TypeError, LookupError, ValueError, AttributeError) as error:
        keys = ".".join(reversed(getattr(error, "__notes__", ())))
        where = f'the key "{keys}"' if keys else "the document"
        raise InputError(f"{where} is not of this version: {error}", hint, file) from error


@cache
def _hints(kind: type, strict: bool) -> dict[str, tuple[str, Callable[[Any], Any]]]:
    """By key, the field of a dataclass, and what rebuilds its values."""
    made = typing.get_origin(kind) or kind
    given = dict(zip(getattr(made, "__type_params__", ()), typing.get_args(kind), strict=True))
    hints = {name: given.get(hint, hint) for name, hint in typing.get_type_hints(made).items()}
    found = dict[str, tuple[str, Callable[[Any], Any]]]()
    for field in dataclasses.fields(made):
        rebuild = partial(_rebuild, hints[field.name], strict)
        for key in (key_of(field.name), field.metadata.get(_FORMER)):
            if key is not None:
                found[key] = field.name, rebuild
    return found


def _rebuild(kind: Any, strict: bool, plain: Any) -> Any:
    return _rebuilder(kind, strict=strict)(plain)


@cache
def _rebuilder(kind: Any, *, strict: bool) -> Callable[[Any], Any]:
    """What rebuilds values of a kind: hints are analysed once, values many times."""
    if dataclasses.is_dataclass(typing.get_origin(kind) or kind):
        return partial(_rebuild_dataclass, kind, strict)
    if hasattr(kind, _OWN):
        return cast(Callable[[Any], Any], kind.from_plain)
    if isinstance(kind, typing.TypeAliasType):
        return _rebuilder(kind.__value__, strict=strict)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        some = [item for item in arguments if item is not type(None)]
        if strict or not _SCALARS.keys() >= {*some}:
            return lambda plain: None if plain is None else _rebuild(some[0], strict, plain)
        kinds = tuple(kind for item in some for kind in _SCALARS[item][0])
        # Python takes a union in another order for the same, and may give back that one.
        called = sorted(_SCALARS[item][1] for item in some)
        return _scalar((*kinds, *({type(None)} & {*arguments})), *called)
    if origin is tuple:
        return _tuple_rebuilder(arguments, strict)
    if origin is dict:
        key, item = arguments
        return lambda plain: {
            _key(key, name): _rebuild(item, strict, value) for name, value in plain.items()
        }
    return _as_it_is if strict or kind not in _SCALARS else _scalar(*_SCALARS[kind])


def _rebuild_dataclass(kind: Any, strict: bool, plain: Any) -> Any:
    if not isinstance(plain, dict):
        raise TypeError(f"{kind.__name__} is an object, not {type(plain).__name__}")
    hints, found = _hints(kind, strict), dict[str, Any]()
    for key, item in plain.items():
        if not strict and key not in hints:
            continue
        name, rebuild = hints[key]
        try:
            found[name] = rebuild(item)
        except (TypeError, LookupError, ValueError, AttributeError) as error:
            error.add_note(key)
            raise
    try:
        return kind(**found)
    except TypeError:
        fields = dataclasses.fields(typing.get_origin(kind) or kind)
        missing = [one for one in fields if _is_missing(one, found)]
        if not missing:
            raise
        raise TypeError(f'the key "{key_of(missing[0].name)}" is missing') from None


def _is_missing(field: dataclasses.Field[Any], found: Mapping[str, Any]) -> bool:
    defaults = field.default, field.default_factory
    return field.name not in found and all(one is dataclasses.MISSING for one in defaults)


def _tuple_rebuilder(arguments: tuple[Any, ...], strict: bool) -> Callable[[Any], Any]:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        each = _rebuilder(arguments[0], strict=strict)
        return tuple if each is _as_it_is else lambda plain: tuple(map(each, _list(plain)))
    return lambda plain: tuple(
        _rebuild(item, strict, value) for item, value in zip(arguments, _list(plain), strict=True)
    )


def _as_it_is(plain: Any) -> Any:
    return plain


def _scalar(kinds: tuple[type, ...], *called: str) -> Callable[[Any], Any]:
    def checked(plain: Any) -> Any:
        if not isinstance(plain, kinds) or (isinstance(plain, bool) and bool not in kinds):
            raise TypeError(f"{' or '.join(called)} is expected, not {json.dumps(plain)[:40]}")
        return plain

    return checked


def _list(plain: Any) -> Any:
    if not isinstance(plain, list | tuple):
        raise TypeError(f"a list is expected, not {json.dumps(plain)[:40]}")
    return plain


def _key(kind: Any, text: str) -> Any:
    return int(text) if kind is int else text
