"""Every format there is. To add one: its file, which has a ``FORMAT``, and a line here."""

from __future__ import annotations

from corridor.controller.explain import aalwines, walker
from corridor.controller.explain.subject import Format
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest_or_some

FORMATS: tuple[Format, ...] = (aalwines.FORMAT, walker.FORMAT)


def format_of(name: str) -> Format:
    """Raises InputError for one that is not there."""
    known = {one.name: one for one in FORMATS}
    if name not in known:
        raise InputError(f"no format {name!r}", nearest_or_some(name, known))
    return known[name]
