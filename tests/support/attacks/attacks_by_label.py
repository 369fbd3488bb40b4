"""Hosts that tag and label their frames, as if the network had."""

from __future__ import annotations

from collections.abc import Iterator

from attack_frames import LLDP, NEAREST_BRIDGE, QINQ, VLAN, ethernet, labelled, tagged
from attack_shots import Kinds, Shot, claim, first_label, guesses, question
from attack_world import Mesh
from corridor.controller.forwarding.program import Reason
from corridor.controller.policy.phase import Phase

kind = Kinds()


def _to_tag(mesh: Mesh) -> Iterator[bytes]:
    yield mesh.datagram("checkpoints")
    yield question(mesh, "guian", "karachi")
    yield labelled(mesh.datagram("checkpoints"), first_label(mesh, "checkpoints"))
    yield ethernet(NEAREST_BRIDGE, mesh.hub("guian").host_mac, LLDP, claim(mesh, "guian"))


@kind("tags", "VLAN")
def _(mesh: Mesh) -> Iterator[Shot]:
    for frame in _to_tag(mesh):
        for tci in (1, 7, 4095, 7 << 13 | 7, 0x1000 | 7):
            yield Shot("guian", tagged(frame, (VLAN, tci)), Reason.DROP_TAGGED)


@kind("tags", "priority (VID 0)")
def _(mesh: Mesh) -> Iterator[Shot]:
    for frame in _to_tag(mesh):
        for tci in (0, 0x1000, 7 << 13):
            yield Shot("guian", tagged(frame, (VLAN, tci)), Reason.DROP_TAGGED)


@kind("tags", "QinQ and deeper")
def _(mesh: Mesh) -> Iterator[Shot]:
    stacks = ([(QINQ, 7)], [(QINQ, 0)], [(QINQ, 7), (VLAN, 8)], [(QINQ, 0), (VLAN, 0)],
              [(VLAN, 7), (VLAN, 8)], [(QINQ, 7), (QINQ, 8)],
              [(VLAN, 0), (VLAN, 0), (VLAN, 0)])  # fmt: skip
    for frame in _to_tag(mesh):
        for stack in stacks:
            yield Shot("guian", tagged(frame, *stack), Reason.DROP_TAGGED)


@kind("tags", "of other types")
def _(mesh: Mesh) -> Iterator[Shot]:
    for eth_type in (0x9100, 0x9200, 0x88E7, 0x8864, 0x6558):
        frame = tagged(mesh.datagram("checkpoints"), (eth_type, 7))
        yield Shot("guian", frame, Reason.DROP_NOT_ADMITTED)


# Labels.


@kind("labels", "every label in use, and guesses")
def _(mesh: Mesh) -> Iterator[Shot]:
    inside = mesh.datagram("checkpoints")
    for hub in mesh.wiring.hubs:
        for label in guesses(mesh):
            yield Shot(hub.hub, labelled(inside, label), Reason.DROP_HOST_LABEL)


@kind("labels", "multicast")
def _(mesh: Mesh) -> Iterator[Shot]:
    inside = mesh.datagram("checkpoints")
    for hub in mesh.wiring.hubs:
        for use in mesh.program.labels:
            frame = labelled(inside, use.label, multicast=True)
            yield Shot(hub.hub, frame, Reason.DROP_HOST_LABEL)


@kind("labels", "two and more deep")
def _(mesh: Mesh) -> Iterator[Shot]:
    inside = mesh.datagram("checkpoints")
    labels = [use.label for use in mesh.program.labels]
    for label in labels:
        for stack in ((label, label), (3, label), (0, label), (label, 0), (label, *labels)):
            yield Shot("guian", labelled(inside, *stack), Reason.DROP_HOST_LABEL)


@kind("labels", "forged phase and TTL")
def _(mesh: Mesh) -> Iterator[Shot]:
    inside, label = mesh.datagram("checkpoints"), first_label(mesh, "checkpoints")
    for tc in range(8):
        for ttl in (0, 1, 2, 64, 255):
            frame = labelled(inside, label, tc=tc, ttl=ttl)
            yield Shot("guian", frame, Reason.DROP_HOST_LABEL)


@kind("labels", "cut short")
def _(mesh: Mesh) -> Iterator[Shot]:
    frame = labelled(mesh.datagram("checkpoints"), first_label(mesh, "checkpoints"))
    for length in (len(frame), 14, 15, 17, 18, 30):
        yield Shot("guian", frame[:length], Reason.DROP_HOST_LABEL)


@kind("gateway bypass", "as if assessed, at the gateway's own hub and elsewhere")
def _(mesh: Mesh) -> Iterator[Shot]:
    """With the label behind the gateway, and those it returns, over packets that require it."""
    for use in mesh.program.labels:
        if use.phase in (Phase.ASSESSED, Phase.EXEMPT) or use.state == "PRE":
            inside = mesh.datagram(use.demand)
            for hub in ("kunming", "shanghai", "guian", "karachi"):
                frame = labelled(inside, use.label, tc=int(Phase.ASSESSED))
                yield Shot(hub, frame, Reason.DROP_HOST_LABEL)
