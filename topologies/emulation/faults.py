"""Faults of a network that runs: cables cut with and without a sign of it, hubs gone dark.

    faults = Faults(net.wiring, net.kernel)
    faults.cut_carrier("thailand-laos")     # both ends see their link go down
    faults.restore("thailand-laos")

Each call says what it changed, and nothing if all was so already. All go over netlink, without a
fork, and are read back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from corridor.topologies.base.errors import EnvironmentUnsupported, InputError
from corridor.topologies.emulation.netlink import Links, shapes
from corridor.topologies.model.wiring import FibreWire, Shape, Wiring

ALL_PPM = 1_000_000


@dataclass
class Faults:
    """What is broken in one network. InputError for hubs and fibres it does not have."""

    wiring: Wiring
    kernel: Links
    _cut: set[str] = field(default_factory=set)
    _silent: set[str] = field(default_factory=set)
    _dark: set[str] = field(default_factory=set)
    _off: set[str] = field(default_factory=set)
    """Interfaces that are down now."""
    _deaf: set[str] = field(default_factory=set)
    """Interfaces that lose all they send now."""

    def cut_carrier(self, fibre: str) -> list[str]:
        """Take both ends' links down: what is under way is lost, and both switches see it."""
        self._cut.add(self._fibre(fibre).fibre)
        return self._apply()

    def cut_silently(self, fibre: str) -> list[str]:
        """Lose all that is on the fibre, and all that enters it, both ways, with its carrier up.

        So both ends notice at once, by BFD. A real cut somewhere on a long fibre is noticed by
        either end up to half its delay later, since what is past the cut still arrives.
        """
        self._silent.add(self._fibre(fibre).fibre)
        return self._apply()

    def restore(self, fibre: str) -> list[str]:
        """Undo both kinds of cut: links up, and exactly the declared shaping."""
        self._cut.discard(self._fibre(fibre).fibre)
        self._silent.discard(fibre)
        return self._apply()

    def hub_down(self, hub: str) -> list[str]:
        """Take every port of a hub's switch down: its host's, and its end of each fibre."""
        self._dark.add(self._hub(hub))
        return self._apply()

    def hub_up(self, hub: str) -> list[str]:
        """The ports back up, except where a fibre is cut."""
        self._dark.discard(self._hub(hub))
        return self._apply()

    def changed_shapes(self) -> Mapping[str, Shape]:
        """Shapes that are not the declared ones, for ``Links.verify``."""
        declared = shapes(self.wiring)
        return {name: replace(declared[name], loss_ppm=ALL_PPM) for name in sorted(self._deaf)}

    def verify(self) -> None:
        """EnvironmentLacking unless the kernel is as these faults, and no others, make it."""
        self.kernel.verify(self.changed_shapes())
        for name in self._switchable():
            self._check_link(name)

    def _apply(self) -> list[str]:
        off, deaf = self._interfaces_off(), self._interfaces_deaf()
        switched = [name for name in self._switchable() if (name in off) != (name in self._off)]
        reshaped = [name for name in shapes(self.wiring) if (name in deaf) != (name in self._deaf)]
        self._off, self._deaf = off, deaf
        for name in switched:
            self.kernel.set_up(name, up=name not in off)
        wanted = {**shapes(self.wiring), **self.changed_shapes()}
        for name in reshaped:
            change = self.kernel.drain if name in deaf else self.kernel.reshape
            change(name, wanted[name])
        for name in switched:
            self._check_link(name)
        if reshaped:
            self.kernel.verify(self.changed_shapes())
        return [*switched, *reshaped]

    def _interfaces_off(self) -> set[str]:
        off = {hub.switch_interface for hub in self.wiring.hubs if hub.hub in self._dark}
        for fibre in self.wiring.fibres:
            for end in (fibre.a, fibre.z):
                if fibre.fibre in self._cut or end.hub in self._dark:
                    off.add(end.interface)
        return off

    def _interfaces_deaf(self) -> set[str]:
        return {
            end.interface
            for fibre in self.wiring.fibres
            if fibre.fibre in self._silent
            for end in (fibre.a, fibre.z)
        }

    def _switchable(self) -> list[str]:
        return [*shapes(self.wiring), *(hub.switch_interface for hub in self.wiring.hubs)]

    def _check_link(self, name: str) -> None:
        if self.kernel.is_up(name) == (name in self._off):
            wanted = "down" if name in self._off else "up"
            raise EnvironmentUnsupported(f"the kernel did not take {name} {wanted}")

    def _fibre(self, name: str) -> FibreWire:
        for fibre in self.wiring.fibres:
            if fibre.fibre == name:
                return fibre
        raise InputError(f"no fibre {name!r} in this network")

    def _hub(self, name: str) -> str:
        if all(hub.hub != name for hub in self.wiring.hubs):
            raise InputError(f"no hub {name!r} in this network")
        return name
