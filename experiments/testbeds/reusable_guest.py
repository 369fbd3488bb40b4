"""Guests for many plans: a network is built once, and its clock stands still between plans.

    with ReusableGuests(folder) as guests:
        guests.run(kernel, folder / "first", on_event)
        guests.run(kernel, folder / "second", on_event)

A plan is carried out by the guest whose network it fits, else by a new one. What it measures is
what a separate guest would measure but for some ticks of 256 ns: see decision 48.
"""

from __future__ import annotations

import contextlib
import json
import socket
from pathlib import Path

from corridor.experiments.lab.reusable_network import fit
from corridor.experiments.lab.run_events import Event
from corridor.experiments.machines.kernel import Kernel
from corridor.experiments.plan.values import Plan
from corridor.experiments.testbeds.guest_command import needs
from corridor.experiments.testbeds.uml import OnEvent, serving_guest
from corridor.experiments.testbeds.watchdog import Watchdog, patience_for, read_events
from corridor.topologies.base.child_process import Closing
from corridor.topologies.base.codec import from_plain
from corridor.topologies.base.errors import InputError

MOST_GUESTS = 2
STAND_STILL, GO_ON = b"-", b"+"
"""See ``guest_supervisor.py``."""


class ReusableGuests(Closing):
    """Carries out plans that lie in folders of ``folder``, which alone its guests may write to."""

    def __init__(self, folder: Path, most: int = MOST_GUESTS) -> None:
        self._folder = folder.resolve()
        self._most = most
        self._guests: list[StandingGuest] = []

    def close(self) -> None:
        for guest in self._guests:
            guest.close()

    @property
    def standing(self) -> int:
        """How many networks stand."""
        return len(self._guests)

    def run(
        self, kernel: Kernel, out_dir: Path, on_event: OnEvent, patience_s: float | None = None
    ) -> None:
        """Carry out ``out_dir/raw/plan.json``, as ``run_in_guest`` does, and raise as it does."""
        where = out_dir.resolve()
        if not where.is_relative_to(self._folder) or where == self._folder:
            raise InputError(
                f"a plan for these guests lies in a folder of {self._folder}", file=str(out_dir)
            )
        plan = from_plain(Plan, json.loads((where / "raw" / "plan.json").read_text()))
        if patience_s is None:
            patience_s = patience_for(plan, virtual_clock=True)
        guest = self._guest_for(kernel, plan)
        try:
            guest.run(plan, str(where.relative_to(self._folder)), on_event, patience_s)
        except BaseException:
            guest.close()  # no one knows what is left of its network
            self._guests.remove(guest)
            raise

    def _guest_for(self, kernel: Kernel, plan: Plan) -> StandingGuest:
        """The one used least lately makes room for a new one."""
        guest = next((one for one in self._guests if one.fits(kernel, plan)), None)
        if guest is None:
            while len(self._guests) >= self._most:
                self._guests.pop(0).close()
            guest = StandingGuest(kernel, self._folder, needs(plan).guest_mb, ipv6=plan.wiring.ipv6)
        else:
            self._guests.remove(guest)
        self._guests.append(guest)
        return guest


class StandingGuest:
    """One guest, and the network that stays in it once it has carried out a plan."""

    def __init__(self, kernel: Kernel, folder: Path, memory_mb: int, *, ipv6: bool) -> None:
        self._kernel = kernel
        self._folder = folder
        self._memory_mb = memory_mb
        self._plan: Plan | None = None
        self._line, theirs = socket.socketpair()
        try:
            self._guest = serving_guest(kernel, folder, theirs, memory_mb, ipv6=ipv6)
        except BaseException:
            self._line.close()
            raise

    def fits(self, kernel: Kernel, plan: Plan) -> bool:
        return (
            self._plan is not None
            and self._guest.poll() is None
            and kernel == self._kernel
            and needs(plan).guest_mb <= self._memory_mb
            and fit(self._plan, plan)
        )

    def run(self, plan: Plan, name: str, on_event: OnEvent, patience_s: float) -> None:
        """Carry out a plan that lies in the folder ``name``; the clock stands still afterwards."""
        out_dir = self._folder / name
        order = f"{name}\n".encode()

        def note(event: Event) -> None:
            if event["event"] == "standing":  # it listens only now
                self._order(order)
            else:
                on_event(event)

        with Watchdog(out_dir, self._let_go, patience_s):
            if self._plan is not None:
                self._tell(GO_ON)
                self._order(order)
            console = out_dir / "console.log"
            read_events(self._guest, note, console, "the guest", until_phase="end")
        self._tell(STAND_STILL)
        self._plan = plan

    def close(self) -> None:
        """End the guest; safe to call twice."""
        self._line.close()
        self._let_go()
        self._guest.wait()
        assert self._guest.stdout is not None
        self._guest.stdout.close()

    def _order(self, order: bytes) -> None:
        """One that has died in the meantime has ended too early, which reading its events tells."""
        with contextlib.suppress(OSError):
            self._line.sendall(order)

    def _tell(self, what: bytes) -> None:
        assert self._guest.stdin is not None
        with contextlib.suppress(BrokenPipeError, ValueError):
            self._guest.stdin.write(what)
            self._guest.stdin.flush()

    def _let_go(self) -> None:
        """Its supervisor kills what is left of it."""
        assert self._guest.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._guest.stdin.close()
