"""Every format there is. To add one: its file, which has a ``FORMAT``, and a line here."""

from __future__ import annotations

from corridor.controller.explain import aalwines, walker
from corridor.controller.explain.subject import Format
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.registry import Registry
from corridor.topologies.base.suggestions import nearest_or_some

FORMATS = Registry("corridor.exports", (aalwines.FORMAT, walker.FORMAT), of=Format)
"""By their names."""


def format_of(name: str) -> Format:
    """Raises InputError for one that is not there."""
    if name not in FORMATS:
        raise InputError(f"no format {name!r}", nearest_or_some(name, FORMATS))
    return FORMATS[name]
