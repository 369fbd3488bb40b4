"""Policies as plain data, by the keys of their files."""

from __future__ import annotations

from collections.abc import Mapping
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
    """What a clause asks for, written by its key or as the bare value."""
    return value[key] if isinstance(value, Mapping) and key in value else value
