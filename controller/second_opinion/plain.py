"""Policies as plain data, by the keys of their files."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

type Plain = Mapping[str, Any]
"""An object of a policy file; a key that is not given may be missing, null or empty."""


def names(value: Any) -> tuple[str, ...]:
    """One name may stand for a list of one."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def listed(value: Any) -> tuple[Any, ...]:
    """One object may stand for a list of one."""
    if value is None:
        return ()
    return (value,) if isinstance(value, Mapping | str) else tuple(value)


def is_given(value: Any) -> bool:
    """Whether a key says anything; ``false`` does."""
    return value is not None and value not in ((), [], {}, "")


def short_form(value: Any, key: str) -> Any:
    """What a clause asks for, written by its key or as the bare value. Raises UnknownKeyError."""
    if not isinstance(value, Mapping):
        return value
    refuse_others(value, (key,))
    return value[key]


class UnknownKeyError(Exception):
    """A key that the second opinion knows nothing of: what it asks cannot be evaluated."""


def refuse_others(asked: Plain, known: Collection[str]) -> None:
    """Raises UnknownKeyError for a key that says anything and is none of those known."""
    for key, value in asked.items():
        if key not in known and is_given(value):
            raise UnknownKeyError(f"the second opinion knows no {key}")
