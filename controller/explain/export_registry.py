"""Every format there is. To add one: its file, which has a ``FORMAT``, and a line here."""

from __future__ import annotations

from corridor.controller.explain import aalwines, walker
from corridor.controller.explain.subject import Format
from corridor.topologies.base.registry import Registry

FORMATS = Registry("corridor.exports", (aalwines.FORMAT, walker.FORMAT), of=Format)
"""By their names."""
