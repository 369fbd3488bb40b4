"""Summaries that a test writes by hand as JSON, as the document that product code takes."""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from types import UnionType
from typing import Any, TypeAliasType, Union, get_args, get_origin, get_type_hints

from corridor.experiments.account.summary import Summary
from corridor.topologies.base.codec import from_plain, key_of, to_plain

PLAIN: dict[Any, Any] = {str: "", int: 0, float: 0.0, bool: False}


def typed(plain: dict[str, Any]) -> Summary:
    """Return a summary with these keys of ``summary.json``; others that it needs are empty."""
    return made(Summary, plain)


def changed(of: Summary, **keys: Any) -> Summary:
    """Return a summary with other values under some keys, as JSON has them."""
    return made(Summary, {**of.to_json(), **{key: to_plain(one) for key, one in keys.items()}})


def made[T](kind: type[T], keys: dict[str, Any]) -> T:
    """Return a document with these keys of its JSON; others that it needs are empty."""
    return from_plain(kind, _filled(kind, keys))


def _filled(kind: Any, value: Any) -> Any:
    while isinstance(kind, TypeAliasType):
        kind = kind.__value__
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        some = next((one for one in parts if one is not type(None)), None)
        return None if value is None else _filled(some, value)
    if origin is tuple and isinstance(value, list | tuple):
        return [_filled(parts[0], one) for one in value]
    if origin is dict:
        return {key: _filled(parts[1], one) for key, one in value.items()}
    of = origin or kind
    if not is_dataclass(of) or not isinstance(value, dict):
        return value
    given = dict(zip(getattr(of, "__type_params__", ()), parts, strict=True))
    hints = {name: given.get(one, one) for name, one in get_type_hints(of).items()}
    found = {}
    for field in fields(of):
        key, hint = key_of(field.name), hints[field.name]
        if key in value:
            found[key] = _filled(hint, value[key])
        elif field.default is MISSING and field.default_factory is MISSING:
            found[key] = _empty(hint)
    return found | {key: one for key, one in value.items() if key not in found}


def _empty(kind: Any) -> Any:
    while isinstance(kind, TypeAliasType):
        kind = kind.__value__
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return None if type(None) in get_args(kind) else PLAIN[get_args(kind)[0]]
    if origin is tuple:
        return []
    if origin is dict:
        return {}
    if is_dataclass(origin or kind):
        return _filled(kind, {})
    return PLAIN[kind]
