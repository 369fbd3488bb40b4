"""A network that is measured, as kinds of events see it beyond what faults need. Pure."""

from __future__ import annotations

from typing import Any, Protocol

from corridor.topologies.model.fault_kind import Network


class Lab(Network, Protocol):
    """All that a timeline can change."""

    def request(self, do: str, **what: Any) -> None:
        """Ask the controller, as over its control socket; what it answers stands with what was
        done. Returns at once: others do not wait for it."""

    def kill_controller(self) -> None:
        """SIGKILL. Switches serve on by the tables that they hold."""

    def start_controller(self) -> None:
        """Another, which takes over what switches hold."""

    def transfer(self, demand: str) -> None:
        """Begin the TCP transfer that is planned for a demand; returns at once."""

    def begin_capture(self, fibre: str) -> None:
        """Write what is on a fibre to a file, from now on."""

    def end_capture(self, fibre: str) -> None:
        """No more of it."""
