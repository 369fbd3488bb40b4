"""What is wrong with what was seen of an attack: nothing, if every frame had its due fate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from attack_frames import ARP
from attack_shots import Attack, Fate, Shot
from attack_world import HONEST_PORT, Mesh
from corridor.controller.forwarding.program import Reason, phase_of
from corridor.controller.policy.product import Product
from corridor.experiments.account.transit_check import TransitChecker
from corridor.topologies.base.named_tuples import from_plain
from corridor.traffic.agents import transits

TOS_AT, CHECKSUM_AT = 15, slice(24, 26)
ARRIVING = (Fate.PASSES, Fate.ODD, Fate.TRUSTED)
STRANGE = (Fate.ODD, Fate.MANGLED, Fate.TRUSTED, Fate.ADRIFT)
"""What a judge by addresses cannot tell, or takes for another's."""

type Seen = Mapping[str, Any]


class Verdicts:
    """Judges all attacks on one network."""

    def __init__(self, mesh: Mesh) -> None:
        self._world = mesh
        self._judge = TransitChecker(mesh.specification, mesh.wiring)
        self._place = {
            end.interface: (fibre.fibre, end.hub)
            for fibre in mesh.wiring.fibres
            for end in (fibre.a, fibre.z)
        }

    def faults(self, attack: Attack, seen: Seen) -> list[str]:
        """Everything that should not have been, in words."""
        return [
            *self._crossings(attack, seen),
            *self._labels(seen),
            *self._drops(attack, seen),
            *self._deliveries(attack, seen),
            *_honest(seen),
            *(f"the controller: {said}" for said in seen["complaints"]),
        ]

    def crossed(self, attack: Attack, seen: Seen) -> tuple[int, int]:
        """Crossings of fibres by its frames: on paths of their own demand, and elsewhere."""
        allowed = self._allowed(attack)
        counts = [0, 0]
        for flow in _crossings_of(seen).flows:
            if not is_honest(flow):
                counts[self._place[flow.interface] not in allowed] += flow.packets
        return counts[0], counts[1]

    def _crossings(self, attack: Attack, seen: Seen) -> Iterator[str]:
        crossings = _crossings_of(seen)
        verdict = self._judge.verdict(crossings)
        if verdict.lost:
            yield f"the watch has missed {verdict.lost} frames"
        if crossings.frames != seen["on_fibres"]:
            yield f"the watch saw {crossings.frames} frames, the kernel sent {seen['on_fibres']}"
        trusted = any(shot.fate is Fate.TRUSTED for shot in attack.shots)
        for one in () if trusted else verdict.forbidden:
            yield f"forbidden: {one}"
        may_be_strange = any(shot.fate in STRANGE for shot in attack.shots)
        for one in () if may_be_strange else verdict.strange:
            yield f"strange: {one}"
        allowed = self._allowed(attack)
        for flow in crossings.flows:
            place = self._place[flow.interface]
            if not is_honest(flow) and place not in allowed:
                yield f"crossed {place}: {flow}"

    def _allowed(self, attack: Attack) -> set[tuple[str, str]]:
        return {place for shot in attack.shots for place in self._places(shot)}

    def _places(self, shot: Shot) -> Iterator[tuple[str, str]]:
        """Fibres that a frame may be sent onto, and from where."""
        if not shot.demand:
            return
        for automaton in self._world.intent(shot.demand).applicable_policies.automata:
            for fibre, hub in Product(automaton, self._world.specification.topology).crossings():
                if shot.fate is not Fate.MANGLED or hub == shot.hub:
                    yield fibre, hub

    def _labels(self, seen: Seen) -> Iterator[str]:
        """The traffic class says the phase of the label, whatever anybody says otherwise."""
        known = {use.label for use in self._world.program.labels}
        for flow in _crossings_of(seen).flows:
            label = flow.label
            if label in known and flow.traffic_class != phase_of(label):
                yield f"label {label} says class {flow.traffic_class}"

    def _drops(self, attack: Attack, seen: Seen) -> Iterator[str]:
        wanted: Counter[tuple[str, str]] = Counter()
        for shot in attack.shots:
            if isinstance(shot.fate, Reason):
                wanted[shot.hub, shot.fate.name] += 1
            elif shot.fate is Fate.MANGLED:
                wanted[self._next_hub(shot), Reason.DROP_NOT_SWITCHED.name] += 1
        found = Counter({(hub, reason): n for hub, reason, n in seen["drops"]})
        for key in sorted(wanted.keys() | found.keys()):
            if wanted[key] != found[key]:
                yield f"{' '.join(key)}: {found[key]} of {wanted[key]} counted"

    def _next_hub(self, shot: Shot) -> str:
        uses = self._world.program.labels
        return next(use.hubs[1] for use in uses if use.demand == shot.demand)

    def _deliveries(self, attack: Attack, seen: Seen) -> Iterator[str]:
        wanted = Counter(self._deliver_to(shot) for shot in attack.shots)
        del wanted[""]
        found = Counter(hub for hub, _ in seen["delivered"])
        for hub in sorted(wanted.keys() | found.keys()):
            if wanted[hub] != found[hub]:
                yield f"{found[hub]} frames reached {hub} instead of {wanted[hub]}"
        sent = Counter(
            _without_dscp(_beneath(shot.frame)) for shot in attack.shots if shot.fate is Fate.PASSES
        )
        if sent and all(shot.fate in (Fate.PASSES, Fate.EXPIRES) for shot in attack.shots):
            frames = [bytes.fromhex(frame) for _, frame in seen["delivered"]]
            for other in (sent - Counter(map(_without_dscp, frames))).elements():
                yield f"did not arrive as it was sent: {other.hex()}"
            for dscp in sorted({frame[TOS_AT] >> 2 for frame in frames} - {0}):
                yield f"arrived with DSCP {dscp}"
        yield from self._answers(attack, seen)

    def _deliver_to(self, shot: Shot) -> str:
        if shot.fate is Fate.ANSWERED:
            return shot.hub
        return self._world.intent(shot.demand).pair[1] if shot.fate in ARRIVING else ""

    def _answers(self, attack: Attack, seen: Seen) -> Iterator[str]:
        """Right answers to right questions: the MAC of the address that was asked for."""
        macs = {hub.host_ip: hub.host_mac for hub in self._world.wiring.hubs}
        for _, text in seen["delivered"]:
            frame = bytes.fromhex(text)
            if int.from_bytes(frame[12:14]) == ARP:
                address = ".".join(map(str, frame[28:32]))
                if frame[22:28].hex(":") != macs.get(address):
                    yield f"ARP says {frame[22:28].hex(':')} for {address}"


def _crossings_of(seen: Seen) -> transits.Seen:
    return from_plain(transits.Seen, seen["crossings"])


def is_honest(flow: transits.SeenFlow) -> bool:
    return flow.src_port == HONEST_PORT


def _honest(seen: Seen) -> Iterator[str]:
    for demand, count in seen["honest"].items():
        if count["arrived"] != count["sent"] or not count["sent"]:
            yield f"{demand}: {count['arrived']} of {count['sent']} honest packets arrived"


def _beneath(frame: bytes) -> bytes:
    """What is under the one label of a gateway's frame."""
    if frame[12:14] == b"\x88\x47":
        return frame[:12] + b"\x08\x00" + frame[18:]
    return frame


def _without_dscp(frame: bytes) -> bytes:
    changed = bytearray(frame)
    changed[TOS_AT] &= 3
    changed[CHECKSUM_AT] = b"\x00\x00"
    return bytes(changed)
