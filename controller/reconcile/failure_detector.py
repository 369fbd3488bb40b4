"""From the port states that switches report to failures. Pure.

A fibre works while both its ends are live, a gateway while both its ports are, a hub while its
switch answers. What no one has said anything of is taken to work.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from corridor.controller.policy.semantics import Failures
from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.model.wiring import GATEWAY_IN_PORT, GATEWAY_OUT_PORT, Wiring

# Fibres that flap are held out until they have been quiet for a while. Pure.
#
# As in route flap damping (RFC 2439): each failure adds a penalty, which decays by half in a fixed
# time. Where it comes over a limit, the fibre is taken for failed although it may be up, until
# nothing has changed about it for ``QUIET_NS``.

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


@dataclass
class FailureDetector:
    """What is seen of a network."""

    wiring: Wiring
    damper: FlapSuppressor = field(default_factory=FlapSuppressor)
    _live: dict[tuple[int, int], bool] = field(default_factory=dict)
    _silent: set[str] = field(default_factory=set)
    """Hubs whose switches have been away for too long."""
    _down: frozenset[str] = frozenset()

    def port(self, dpid: int, port: int, *, live: bool, now_ns: int) -> bool:
        """A switch speaks of a port; whether that changes what has failed."""
        self._live[dpid, port] = live
        return self._recount(now_ns)

    def is_live(self, dpid: int, port: int) -> bool:
        """As its switch has said last."""
        return self._live.get((dpid, port), True)

    def silent(self, hub: str, *, silent: bool, now_ns: int) -> bool:
        """A hub's switch has been away too long, or is back; whether that changes anything."""
        (self._silent.add if silent else self._silent.discard)(hub)
        return self._recount(now_ns)

    def failures(self, now_ns: int) -> Failures:
        """All that is out of order, with fibres that flap."""
        held = self.damper.held(now_ns)
        links = {name[5:] for name in self._down | held if name.startswith("link:")}
        gateways = {name[8:] for name in self._down | held if name.startswith("gateway:")}
        return Failures(
            links=frozenset(links), gateways=frozenset(gateways), hubs=frozenset(self._silent)
        )

    def _recount(self, now_ns: int) -> bool:
        before, self._down = self._down, frozenset(self._failed())
        for name in sorted(before ^ self._down):
            self.damper.changed(name, now_ns, failed=name in self._down)
        return before != self._down

    def _failed(self) -> Iterator[str]:
        dpids = {hub.hub: hub.dpid for hub in self.wiring.hubs}
        for fibre in self.wiring.fibres:
            ends = ((dpids[end.hub], end.port) for end in (fibre.a, fibre.z))
            if not all(self._live.get(end, True) for end in ends):
                yield f"link:{fibre.fibre}"
        for hub in self.wiring.hubs:
            ports = ((hub.dpid, port) for port in (GATEWAY_IN_PORT, GATEWAY_OUT_PORT))
            if hub.gateway is not None and not all(self._live.get(port, True) for port in ports):
                yield f"gateway:{hub.hub}"
        yield from (f"hub:{hub}" for hub in sorted(self._silent))
