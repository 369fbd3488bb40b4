"""In a guest: a process in the place of a hub's gateway, which sends what it likes."""

from __future__ import annotations

import os

from corridor.experiments.lab.assembly import GatewaysProcess
from corridor.topologies.emulation import taps
from corridor.topologies.model.wiring import GatewayWire

SIDES = ("in", "out")


class Rogue:
    """Takes the place of a hub's gateway until ``leave``."""

    def __init__(self, gateways: GatewaysProcess, hub: str, wire: GatewayWire) -> None:
        gateways.kill(hub)
        self._gateways, self._hub = gateways, hub
        self._names = dict(zip(SIDES, (wire.in_interface, wire.out_interface), strict=True))
        self._held = {side: taps.attach(name) for side, name in self._names.items()}
        for name in self._names.values():
            taps.set_up(name, up=True)

    def send(self, side: str, frame: bytes) -> None:
        """Into the switch, by its port of that side. OSError if the device takes no such frame."""
        os.write(self._held[side], frame)

    def leave(self) -> None:
        """The gateway that was there is back when this returns."""
        for name in self._names.values():
            taps.set_up(name, up=False)
        for descriptor in self._held.values():
            os.close(descriptor)
        self._gateways.start(self._hub)
