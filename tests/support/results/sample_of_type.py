"""A value of a type, with every key that a TypedDict of it has: what a document looks like."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from typing import (
    Any,
    Literal,
    NotRequired,
    Required,
    TypeAliasType,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from corridor.topologies.base.codec import key_of

FIGURES = ("min", "mean", "p50", "p95", "p99", "max")
PLAIN = {str: "x", int: 1, float: 1.0, bool: True}


def sample(of: Any) -> Any:
    """Of a choice the first that is not None; a list has one item."""
    if of in PLAIN:
        return PLAIN[of]
    if is_typeddict(of):
        return {key: sample(hint) for key, hint in get_type_hints(of).items()}
    if is_dataclass(of):
        return {key_of(key): sample(hint) for key, hint in get_type_hints(of).items()}
    if isinstance(of, TypeAliasType):
        return sample(of.__value__)
    origin, parts = get_origin(of), get_args(of)
    if origin in (Union, types.UnionType):
        return sample(next(part for part in parts if part is not type(None)))
    if origin is Literal:
        return parts[0]
    if origin in (list, tuple, Sequence):
        return [sample(part) for part in parts if part is not Ellipsis]
    if origin in (dict, Mapping):
        return {key: sample(parts[1]) for key in FIGURES}
    if origin in (NotRequired, Required):
        return sample(parts[0])
    if is_typeddict(origin) or is_dataclass(origin):
        hints = get_type_hints(origin)
        return {
            key: sample(parts[0] if isinstance(hint, TypeVar) else hint)
            for key, hint in hints.items()
        }
    return None
