"""The present path of a demand's packet: what each hub does with it, entry by entry.

One packet is followed through tables, as the exact search of the prover does it, with what is known
to have failed dead and all else alive.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from corridor.controller.forwarding.program import Flow, LabelUse, Reason, phase_of
from corridor.controller.intent.intent import Intent
from corridor.controller.policy.semantics import Failures
from corridor.controller.prover.exact_decisions import End, Fate, Fork, Mask, Onward, Stop, Watch
from corridor.controller.prover.exact_search import Explorer
from corridor.controller.prover.search.packets import AT, Packet
from corridor.topologies.base.codec import to_plain

MOST_HOPS = 64
"""More than any lawful path has; a packet in a loop is followed no further."""


@dataclass(frozen=True)
class TracedLabel:
    """A label, and its meaning in the program."""

    number: int
    epoch: int
    phase: str
    state: str
    """The phase by the names of the policy; empty where no program knows the label."""


@dataclass(frozen=True)
class TracedHop:
    """What one hub does with the packet."""

    hub: str
    entries: tuple[str, ...]
    """Those that it matches, in order."""
    found_dead: tuple[str, ...]
    """Fibres and gateways passed over because nothing would come through."""
    by: str
    """The fibre it leaves by, ``gateway:HUB``, or empty where it goes no further."""
    label: TracedLabel | None
    """As it leaves."""
    one_way_ns: int
    """Of the fibres crossed, up to here."""


@dataclass(frozen=True)
class Trace:
    """A packet from its host to where it ends."""

    demand: str
    packet: dict[str, int | str]
    hops: tuple[TracedHop, ...]
    end: str
    delivered: bool

    def to_json(self) -> dict[str, Any]:
        return dict(to_plain(self))


def trace(
    explorer: Explorer, intent: Intent, failures: Failures, uses: Iterable[LabelUse]
) -> Trace:
    """Of the first kind of packet that an intent has, while ``failures`` last."""
    follower = _Follower(explorer, intent, explorer.causes.failed(failures), uses)
    packet = explorer.packet(intent, intent.selectors[0])
    sent = {name: packet.fields[at] for name, at in AT.items()}
    hops, end = follower.follow(packet)
    plain = {name: value for name, value in sent.items() if value is not None}
    return Trace(intent.id, plain, hops, str(end), end is End.DELIVERED)


def known_labels(uses: Iterable[LabelUse]) -> list[dict[str, Any]]:
    """Whose packets carry which label, for who reads captured packets."""
    return [
        {
            "label": use.label,
            "demand": use.demand,
            "permit": use.permit,
            "state": use.state,
            "epoch": use.label >> 19,
        }
        for use in uses
    ]


class _Follower:
    """Follows one packet; it is also what lies outside of each switch."""

    def __init__(
        self, explorer: Explorer, intent: Intent, failed: Mask, uses: Iterable[LabelUse]
    ) -> None:
        self._switches = explorer.switches
        self._delivered_at = explorer.delivered_at(intent)
        self._failed = failed
        self._states = {use.label: use.state for use in uses}
        self._hub = intent.pair[0]
        self._sent: Packet | None = None

    def to_host(self, port: int, packet: Packet) -> End:
        assert self._sent is not None
        if (self._hub, port) != self._delivered_at:
            return End.ELSEWHERE
        is_same = packet.fields[1:] == self._sent.fields[1:] and packet.beneath is None
        return End.DELIVERED if is_same else End.GARBLED

    def onward(self, packet: Packet, watch: Watch) -> Onward[Packet]:
        return Onward(packet.at(watch.far_port), watch, 1)

    def follow(self, packet: Packet) -> tuple[tuple[TracedHop, ...], End]:
        self._sent = packet
        hops: list[TracedHop] = []
        spent_ns = 0
        while len(hops) < MOST_HOPS:
            switch = self._switches[self._hub]
            entries = tuple(map(_entry, switch.walk(packet)[0]))
            fate, dead = self._resolved(switch.decide(packet, self))
            if isinstance(fate, Stop):
                hops.append(TracedHop(self._hub, entries, dead, "", None, spent_ns))
                return tuple(hops), fate.end
            packet, watch = fate.to, fate.watch
            label = self._label(packet)
            hops.append(TracedHop(self._hub, entries, dead, watch.thing, label, spent_ns))
            self._hub = watch.far
            spent_ns += watch.one_way_ns
        return tuple(hops), End.EXPIRED

    def _resolved(self, fate: Fate) -> tuple[Stop | Onward[Packet], tuple[str, ...]]:
        """What happens as things are, and what was found dead."""
        dead: list[str] = []
        while isinstance(fate, Fork):
            if fate.watch.causes & self._failed:
                dead.append(fate.watch.thing)
                fate = fate.dead
            else:
                fate = fate.live
        return fate, tuple(dead)

    def _label(self, packet: Packet) -> TracedLabel | None:
        number = packet.fields[AT["mpls_label"]]
        if not isinstance(number, int):
            return None
        return TracedLabel(
            number, number >> 19, phase_of(number).name, self._states.get(number, "")
        )


def _entry(flow: Flow) -> str:
    """An entry in a few words."""
    fields = " ".join(f"{name}={value}" for name, value in flow.match) or "any"
    reason = flow.cookie >> 16 & 0xFFFF
    known = Reason(reason).name if reason in set(Reason) else "of no known reason"
    return f"table {flow.table} priority {flow.priority} {known} [{fields}]"
