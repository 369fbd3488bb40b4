"""Faults of a network that runs: what they do to its interfaces, made and ended.

    faults = Faults(net.wiring, net.kernel)
    faults.cut_carrier("thailand-laos")     # both ends see their link go down
    faults.restore("thailand-laos")

Which kinds there are and what each does is in the room ``topologies/model``. Each call says what
it changed, and nothing if all was so already. All go over netlink, without a fork, and are read
back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.emulation.netlink import Links, shapes
from corridor.topologies.model import cut, hub_faults
from corridor.topologies.model.fault_kind import Effect, FaultName
from corridor.topologies.model.wiring import ALL_PPM, Shape, Wiring


@dataclass
class Faults:
    """What is broken in one network. InputError for hubs and fibres it does not have."""

    wiring: Wiring
    kernel: Links
    _lasting: dict[FaultName, Effect] = field(default_factory=dict)
    _off: set[str] = field(default_factory=set)
    """Interfaces that are down now."""
    _silent: set[str] = field(default_factory=set)
    """Interfaces that lose all they send now."""
    _shapes: Mapping[str, Shape] = field(default_factory=dict)
    """Shapes that are not the declared ones now."""

    def make(self, name: FaultName, effect: Effect) -> list[str]:
        """Let an effect last until its name is ended."""
        self._lasting[name] = effect
        return self._apply()

    def end(self, *names: FaultName) -> list[str]:
        """End effects; interfaces are as the others, that still last, have them."""
        for name in names:
            self._lasting.pop(name, None)
        return self._apply()

    def cut_carrier(self, fibre: str) -> list[str]:
        """Take both ends' links down: what is in flight is lost, and both switches see it."""
        return cut.cut_carrier(self, fibre, {})

    def cut_silently(self, fibre: str) -> list[str]:
        """Lose all that is on the fibre, and all that enters it, in both directions, with its
        carrier up."""
        return cut.cut_silently(self, fibre, {})

    def restore(self, fibre: str) -> list[str]:
        """Undo both kinds of cut."""
        return cut.repair(self, fibre, {})

    def hub_down(self, name: str) -> list[str]:
        """Take every port of a hub's switch down."""
        return hub_faults.hub_down(self, name, {})

    def hub_up(self, name: str) -> list[str]:
        """The ports back up, except where a fibre is cut."""
        return hub_faults.hub_up(self, name, {})

    def changed_shapes(self) -> Mapping[str, Shape]:
        """Shapes that are not the declared ones, for ``Links.verify``."""
        declared = shapes(self.wiring)
        changed: dict[str, Shape] = {}
        for effect in sorted(self._lasting.values(), key=lambda one: not one.first):
            for name, change in effect.shapes.items():
                changed[name] = change(changed.get(name, declared[name]))
        for name in self._wanted_silent():
            changed[name] = replace(changed.get(name, declared[name]), loss_ppm=ALL_PPM)
        return {name: changed[name] for name in sorted(changed)}

    def off(self) -> list[str]:
        """Interfaces that are held down."""
        return sorted(self._off)

    def verify(self) -> None:
        """EnvironmentUnsupported unless the kernel is as these faults, and no others, make it."""
        self.kernel.verify(self.changed_shapes())
        for name in self._switchable():
            self._check_link(name)

    def _apply(self) -> list[str]:
        off, silent, changed = self._wanted_off(), self._wanted_silent(), self.changed_shapes()
        switched = [name for name in self._switchable() if (name in off) != (name in self._off)]
        declared = shapes(self.wiring)
        reshaped = [name for name in declared if changed.get(name) != self._shapes.get(name)]
        drained = silent - self._silent
        self._off, self._silent, self._shapes = off, silent, changed
        for name in switched:
            self.kernel.set_up(name, up=name not in off)
        for name in reshaped:
            change = self.kernel.drain if name in drained else self.kernel.reshape
            change(name, changed.get(name, declared[name]))
        for name in switched:
            self._check_link(name)
        if reshaped:
            self.kernel.verify(changed)
        return [*switched, *reshaped]

    def _wanted_off(self) -> set[str]:
        return {name for effect in self._lasting.values() for name in effect.off}

    def _wanted_silent(self) -> set[str]:
        return {name for effect in self._lasting.values() for name in effect.silent}

    def _switchable(self) -> list[str]:
        return [*shapes(self.wiring), *(host.switch_interface for host in self.wiring.hosts)]

    def _check_link(self, name: str) -> None:
        if self.kernel.is_up(name) == (name in self._off):
            wanted = "down" if name in self._off else "up"
            raise EnvironmentUnsupported(f"the kernel did not take {name} {wanted}")
