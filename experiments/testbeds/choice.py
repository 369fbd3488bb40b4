"""Where a run takes place, decided from what the machine can do.

``auto`` means the virtual clock wherever it can be had, else the machine's own kernel, else a
guest with the real clock, else a machine that QEMU emulates, which is too slow for large networks.
Pure: the facts come from ``probe.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from corridor.experiments.machines.kernel import Kernel
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError
from corridor.traffic.agents.jobs import CHARGED, Clock

Testbed = Literal["native", "uml", "qemu"]
Wanted = Literal["auto", "native", "uml", "qemu"]
AskedClock = Literal["virtual", "real"]

GUEST_MEMORY_NEEDED_BYTES = 1_000_000_000
"""What a guest with the reference topology touches of its memory file, with room to spare."""


class MissingRequirement(NamedTuple):
    """Why something cannot be had, and what repairs that; both empty where it can."""

    reason: str = ""
    repair: str = ""


NOT_LOOKED_FOR = MissingRequirement("not looked for")


@dataclass(frozen=True)
class Facts:
    """What was found out about this machine; every ``*_lacks`` is empty when nothing is missing."""

    root: bool
    netem_lacks: str
    openvswitch_lacks: str
    stock_kernel: Kernel | None
    stock_lacks: str
    """Why Debian's kernel cannot run here (not installed, does not boot)."""
    virtual_kernel: Kernel | None
    virtual_lacks: str
    """Why the built virtual-clock kernel does not run here; empty when none is built."""
    build_lacks: str
    """Why a virtual-clock kernel cannot be built here, short of trying to download its source."""
    guest_memory_bytes: int
    guest_memory_folder: str
    """Where User Mode Linux keeps a guest's memory."""
    queues_lack: str = ""
    """Why fibres cannot have queues by class in this machine's kernel."""
    emulated: MissingRequirement = NOT_LOOKED_FOR
    """Why QEMU cannot emulate a machine here."""
    tun_lacks: str = ""
    """Why there can be no gateways in this machine's kernel."""

    def native_lacks(self) -> list[str]:
        lacks = [] if self.root else ["not root"]
        return lacks + [lack for lack in (self.openvswitch_lacks, self.netem_lacks) if lack]

    def guest_memory_lacks(self) -> str:
        if self.guest_memory_bytes >= GUEST_MEMORY_NEEDED_BYTES:
            return ""
        return (
            f"{self.guest_memory_folder} has room for {self.guest_memory_bytes / 1e6:.0f} MB "
            f"of a guest's memory, and {GUEST_MEMORY_NEEDED_BYTES / 1e6:.0f} MB are needed"
        )

    def virtual_guest_lacks(self) -> list[str]:
        """Why no guest with the virtual clock can be had, built or still to build."""
        if self.virtual_kernel and not self.virtual_lacks:
            lacks = []
        else:
            lacks = [self.virtual_lacks or self.build_lacks]
        return [lack for lack in (*lacks, self.guest_memory_lacks()) if lack]

    def real_clock_kernel(self) -> Kernel | None:
        """For a guest with the real clock: the built kernel if it spares processes ptrace."""
        built = None if self.virtual_lacks else self.virtual_kernel
        stock = None if self.stock_lacks else self.stock_kernel
        if built is not None and built.seccomp:
            return built
        return stock or built

    def real_guest_lacks(self) -> list[str]:
        """Why no guest with the real clock can be had."""
        missing = self.stock_lacks or "linux.uml is not installed"
        kernel_lacks = "" if self.real_clock_kernel() else missing
        return [lack for lack in (kernel_lacks, self.guest_memory_lacks()) if lack]

    def without_build(self, reason: str) -> Facts:
        """The same machine once a build has been tried and failed for ``reason``."""
        return replace(self, build_lacks=reason)


class Choice(NamedTuple):
    testbed: Testbed
    clock: Clock
    reason: str
    """One line, printed and recorded with the run."""


def choose_testbed(
    facts: Facts, wanted: Wanted = "auto", clock: AskedClock | None = None
) -> Choice:
    """Where to run: raises EnvironmentLacking when this machine cannot do what was asked.

    A choice of the virtual clock without ``facts.virtual_kernel`` means: build the kernel first,
    and if that fails, choose again with ``facts.without_build(...)``.
    """
    if wanted == "native":
        return _native(facts, clock)
    if wanted == "uml":
        return _guest(facts, clock)
    if wanted == "qemu":
        return _emulated(facts, clock)
    return _auto(facts, clock)


def choose_for_keeping(facts: Facts, wanted: Literal["auto", "native", "uml"] = "auto") -> Choice:
    """Where a live network runs: always by the real clock, since a virtual one would run away while
    nothing happens. ``auto`` is this machine's kernel where it can, else a guest."""
    if facts.tun_lacks and not facts.netem_lacks:
        facts = replace(facts, netem_lacks=facts.tun_lacks)  # every live network has gateways
    if wanted == "auto":
        return _real(facts, "a live network has the real clock")
    return choose_testbed(facts, wanted, "real")


def _emulated(facts: Facts, clock: AskedClock | None) -> Choice:
    if clock == "real":
        raise InputError(
            "the qemu testbed has a virtual clock, which charges for computing",
            "use --testbed uml or native for the real one",
        )
    reason, repair = facts.emulated
    _refuse("no machine can be emulated here", [reason] if reason else [], repair)
    return Choice("qemu", CHARGED, "asked for")


def _native(facts: Facts, clock: AskedClock | None) -> Choice:
    if clock == "virtual":
        raise InputError(
            "the native testbed has the machine's own clock",
            "use --testbed uml for the virtual one",
        )
    _refuse("the native testbed cannot run here", facts.native_lacks(), "see ./corridor doctor")
    return Choice("native", "real", "asked for")


def _guest(facts: Facts, clock: AskedClock | None) -> Choice:
    if clock == "real":
        _refuse("no guest can run here", facts.real_guest_lacks(), "see ./corridor doctor")
        return Choice("uml", "real", "asked for")
    virtual_missing = facts.virtual_guest_lacks()
    if clock == "virtual":
        _refuse("no guest with the virtual clock", virtual_missing, "use --clock real")
        return Choice("uml", "virtual", "asked for")
    if not virtual_missing:
        return Choice("uml", "virtual", "a guest was requested, and the virtual clock is available")
    _refuse("no guest can run here", facts.real_guest_lacks(), "see ./corridor doctor")
    return Choice("uml", "real", f"no virtual clock: {'; '.join(virtual_missing)}")


def _auto(facts: Facts, clock: AskedClock | None) -> Choice:
    virtual_missing = facts.virtual_guest_lacks()
    if clock != "real" and not virtual_missing:
        return Choice("uml", "virtual", "the virtual clock is available, and gives exact times")
    can_emulate = not facts.emulated.reason
    if clock == "virtual":
        if can_emulate:
            return Choice("qemu", CHARGED, f"no other virtual clock: {'; '.join(virtual_missing)}")
        _refuse("no virtual clock", [*virtual_missing, facts.emulated.reason], "use --clock real")
    if clock is None and can_emulate and facts.native_lacks() and facts.real_guest_lacks():
        return Choice("qemu", CHARGED, f"nothing else: {'; '.join(virtual_missing)}")
    why = "the real clock was requested" if clock == "real" else _no_virtual(virtual_missing)
    return _real(facts, why)


def _real(facts: Facts, why: str) -> Choice:
    native_lacks = facts.native_lacks()
    if not native_lacks:
        return Choice("native", "real", f"{why}, and this kernel can shape and switch")
    real_lacks = facts.real_guest_lacks()
    _refuse(
        "neither a guest nor the native testbed can run here",
        [*real_lacks, *native_lacks] if real_lacks else [],
        "see ./corridor doctor",
    )
    return Choice("uml", "real", f"{why}, and not native: {'; '.join(native_lacks)}")


def _no_virtual(lacks: list[str]) -> str:
    return f"no virtual clock ({'; '.join(lacks)})"


def _refuse(what: str, lacks: list[str], hint: str) -> None:
    if lacks:
        raise EnvironmentUnsupported(f"{what}: {'; '.join(lacks)}", hint)
