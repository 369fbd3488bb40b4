"""When which job is due, and how long is waited for what. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from corridor.controller.reconcile.jobs import Timer
from corridor.topologies.base.seconds import NS_PER_S

DAY_NS = 86_400 * NS_PER_S


@dataclass(frozen=True)
class Timing:
    """How long the controller waits for what."""

    hold_ns: int = NS_PER_S // 10
    """For more failures after one, before paths are made again."""
    settle_ns: int = 5 * NS_PER_S
    """For ports to come alive, when all switches have connected for the first time."""
    first_ns: int = 60 * NS_PER_S
    """For all switches to connect for the first time."""
    away_ns: int = 10 * NS_PER_S
    """For a switch that went away, before its hub counts as failed."""
    retry_ns: int = 2 * NS_PER_S
    audit_ns: int = 30 * NS_PER_S


@dataclass
class Timers:
    """At most one of each job."""

    _due_ns: dict[Timer, int] = field(default_factory=dict)

    def set(self, job: Timer, due_ns: int) -> None:
        """Whenever it was due before."""
        self._due_ns[job] = due_ns

    def bring_forward(self, job: Timer, due_ns: int) -> None:
        """Unless it is due earlier already."""
        self._due_ns[job] = min(due_ns, self._due_ns.get(job, due_ns))

    def cancel(self, job: Timer) -> None:
        """Nothing if it is not due at all."""
        self._due_ns.pop(job, None)

    @property
    def next(self) -> tuple[Timer, int] | None:
        """What is due first, and when."""
        return min(self._due_ns.items(), key=lambda one: one[1], default=None)
