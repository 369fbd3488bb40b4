"""Fibres that flap are held out until they have been quiet for a while. Pure.

As in route flap damping (RFC 2439): each failure adds a penalty, which decays by half in a fixed
time. Where it comes over a limit, the fibre is taken for failed although it may be up, until
nothing has changed about it for ``QUIET_NS``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from corridor.topologies.base.seconds import NS_PER_S

HALF_LIFE_NS = 10 * NS_PER_S
LIMIT = 2.5
"""In failures: the third within a few seconds."""
QUIET_NS = 20 * NS_PER_S


@dataclass
class _Record:
    penalty: float = 0.0
    changed_ns: int = 0
    is_held: bool = False


@dataclass
class FlapSuppressor:
    """What has flapped."""

    half_life_ns: int = HALF_LIFE_NS
    limit: float = LIMIT
    quiet_ns: int = QUIET_NS
    _records: dict[str, _Record] = field(default_factory=dict)

    def changed(self, name: str, now_ns: int, *, failed: bool) -> None:
        """Something has failed, or come back."""
        record = self._records.setdefault(name, _Record())
        self._let_in(record, now_ns)
        record.penalty *= 0.5 ** ((now_ns - record.changed_ns) / self.half_life_ns)
        record.changed_ns = now_ns
        if failed:
            record.penalty += 1
            record.is_held = record.is_held or record.penalty > self.limit

    def held(self, now_ns: int) -> frozenset[str]:
        """Return what is held out now."""
        return frozenset(
            name
            for name, record in self._records.items()
            if record.is_held and now_ns < record.changed_ns + self.quiet_ns
        )

    def let_in(self, now_ns: int) -> None:
        """Forget what has been quiet for long enough: tables without it are made now."""
        for record in self._records.values():
            self._let_in(record, now_ns)

    def _let_in(self, record: _Record, now_ns: int) -> None:
        if record.is_held and now_ns >= record.changed_ns + self.quiet_ns:
            record.is_held, record.penalty = False, 0.0

    def release_ns(self) -> int | None:
        """Return when the first of those that were not let in yet is to be, if nothing changes."""
        due = [one.changed_ns + self.quiet_ns for one in self._records.values() if one.is_held]
        return min(due, default=None)
