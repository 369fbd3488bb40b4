"""What pages did to a network, and for how long it lasts. Pure: times are given.

A page that did something holds all that pages did, for as long as it goes on saying that it is
there. When none of those says so any more, all of it is over. In a kiosk someone must use a page
now and then, besides.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

UNNAMED = ""
LEASE_S = 120.0
"""Longer than a browser lets a tab that is not seen wait for its turn."""


class Was(NamedTuple):
    """What there was before pages changed it, and what the last of them made of it."""

    before: Any
    now: Any
    """None while it is being made."""


@dataclass
class Done:
    """All that pages did, and did not undo."""

    cuts: list[str] = field(default_factory=list)
    drains: list[str] = field(default_factory=list)
    policies: Was | None = None
    """Sets as JSON."""
    day: Was | None = None
    """Days as YYYY-MM-DD."""

    def __bool__(self) -> bool:
        return bool(self.cuts or self.drains or self.policies or self.day)

    def plain(self) -> dict[str, Any]:
        """For people who look at a page."""
        return {
            "cuts": list(self.cuts),
            "drains": list(self.drains),
            "policies": self.policies.before.get("name", "") if self.policies else None,
            "day": self.day.before if self.day else None,
        }

    def to_json(self) -> str:
        return json.dumps(
            {
                "cuts": self.cuts,
                "drains": self.drains,
                "policies": self.policies,
                "day": self.day,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Raises ValueError, KeyError or TypeError for what ``to_json`` did not write."""
        said = json.loads(text)
        policies, day = (Was(*said[one]) if said[one] else None for one in ("policies", "day"))
        return cls(list(said["cuts"]), list(said["drains"]), policies, day)


def with_change(was: Was | None, before: Any, now: Any) -> Was | None:
    """One change more: None where it leads back to what there was."""
    first = was.before if was else before
    return None if first == now else Was(first, now)


def toggled(names: list[str], name: str, *, on: bool) -> list[str]:
    """With a name in it once, or not."""
    return [*(one for one in names if one != name), *([name] if on else [])]


@dataclass
class Leases:
    """Which pages hold what was done."""

    idle_s: float | None = None
    """How long pages may lie unused in a kiosk."""
    _owners: dict[str, float] = field(default_factory=dict)
    """Pages that did something, and when they were heard last."""
    _touched_s: float = 0.0

    def did(self, page: str, now_s: float) -> None:
        """A page did something."""
        self._owners[page] = self._touched_s = now_s

    def heard(self, page: str, now_s: float, *, touched: bool) -> None:
        """A page is there. What was done by pages without a name is held by the next that is."""
        if UNNAMED in self._owners:
            self._owners = {page: now_s}
        if page in self._owners:
            self._owners[page] = now_s
        if touched:
            self._touched_s = now_s

    def taken_over(self, now_s: float) -> None:
        """Something was done by pages that is not known by name any more: they have time to act."""
        self.did(UNNAMED, now_s)

    def clear(self) -> None:
        self._owners.clear()

    def why_over(self, now_s: float) -> str:
        """Why nothing of what was done is held any more; empty while it is."""
        return next(self._reasons(now_s), "")

    def _reasons(self, now_s: float) -> Iterator[str]:
        if all(heard_s + LEASE_S <= now_s for heard_s in self._owners.values()):
            yield "the page that did it is gone"
        if self.idle_s is not None and self._touched_s + self.idle_s <= now_s:
            yield f"no page was used for {self.idle_s:g} s"
