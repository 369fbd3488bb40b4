"""What is done to a live network, how long it takes to be whole again, and whether it is.

A ``Stage`` has what scenes are made of: changes that are asked for, a controller that dies at a
moment, switches that are lost, tables that are tampered with. A scene returns its breakdowns, one
JSON object each:

    name            what broke
    at_ns           when; since what it is repaired is counted from there
    until_ns        when it was looked at again
    proven_ns       when the controller last said that what switches hold is proven
    events          what it said in between, but for statuses
    was_whole       whether an audit then found all as it should be
    doubt, proof    what it says of its tables: why they are in doubt, whether the last proof holds
    statuses        of each demand
    policies        the identifiers of those in force
    strays          labels that switches hold, read without the controller, and that the deployment
                    does not have
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from corridor.controller.forwarding.two_phase_plan import EDGE
from corridor.experiments.live_network.network import LiveNetwork
from corridor.experiments.scenario import controller_event
from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.model import hub_faults
from tests.chaos.crash_points import FILE
from tests.chaos.traffic import Traffic

PROVEN = ("taken over", "installed", "repaired", "update")
FOLLOWED_S = 0.5
"""What has failed is followed within this, if it is."""
LONG_S = 120.0
LABEL = re.compile(r"mpls_label=(\d+)|set_field:(\d+)->mpls_label")

type Change = tuple[str, Mapping[str, Any]]
"""What the control socket is asked for."""


class Stage:
    """One network, on which scenes follow each other; each leaves it as it was. Its controllers
    are mortal, and look for orders in the same file."""

    def __init__(self, kept: LiveNetwork, changes: Mapping[str, Change]) -> None:
        self.kept = kept
        self.changes = changes
        """By name; ``base`` leads back."""
        self._moment = Path(os.environ[FILE])

    def change(self, name: str) -> dict[str, Any]:
        do, what = self.changes[name]
        return self.kept.ask(do, **what)

    def settle(self) -> None:
        """Until all is as it should be, and stays so until what failed has been followed."""
        was_calm = False
        while not was_calm:
            self.kept.until(self.kept.is_settled, LONG_S)
            time.sleep(FOLLOWED_S)
            was_calm = self.kept.is_settled()

    # Controllers.

    def start(self, doubting: bool = False) -> int:
        """A controller; when."""
        at_ns = time.time_ns()
        if doubting:
            self.order("unproven")
        self.kept.carry_out(controller_event.START)
        return at_ns

    def kill(self) -> int:
        self.kept.carry_out(controller_event.KILL)
        return time.time_ns()

    def taken(self) -> None:
        """Until the controller that was started last stands by the network, and all is calm."""
        self.kept.until(self.kept.is_installed, LONG_S)
        self.settle()

    def order(self, do: str, at: str = "") -> None:
        self._moment.write_text(json.dumps({"do": do, "at": at}))

    def die(self, moments: Sequence[str], change: str) -> int:
        """Ask for a change, and have the controller die in it; then the next, as it takes over."""
        first, *others = moments
        self.order("die", first)
        self.change(change)
        at_ns = self._died(first)
        for moment in others:
            self.order("die", moment)
            self.kept.carry_out(controller_event.START)
            self._died(moment)
        return at_ns

    def _died(self, moment: str) -> int:
        process = self.kept.controller.process
        assert process is not None
        try:
            process.wait(LONG_S)
        except subprocess.TimeoutExpired as problem:
            raise TimeoutError(f"it never came to {moment!r}") from problem
        return time.time_ns()

    def while_asked(self, change: str, what: Callable[[], int]) -> tuple[int, dict[str, Any]]:
        """Do something during a change; return the time, and the result of the change."""
        answers: list[dict[str, Any]] = []
        asking = threading.Thread(target=lambda: answers.append(self.change(change)))
        asking.start()
        at_ns = what()
        asking.join()
        took_s = (time.time_ns() - at_ns) / NS_PER_S
        return at_ns, {**answers[0], "took_s": round(took_s, 3)}

    def while_it_waits(
        self, moment: str, change: str, what: Callable[[], int]
    ) -> tuple[int, dict[str, Any]]:
        """The same while it stands still at a moment, until that is done."""
        self.order("wait", moment)

        def then() -> int:
            self.kept.until(lambda: "waits" in self._moment.read_text(), LONG_S)
            at_ns = what()
            self._moment.unlink()
            return at_ns

        return self.while_asked(change, then)

    # Switches.

    def lose(self, hub: str) -> int:
        """A switch loses its controller, which notices."""
        at_ns = time.time_ns()
        self.kept.carry_out(hub_faults.SWITCH_AWAY, hub)
        self.kept.until(lambda: not self._is_connected(hub), LONG_S)
        return at_ns

    def find(self, hub: str) -> int:
        at_ns = time.time_ns()
        self.kept.carry_out(hub_faults.SWITCH_BACK, hub)
        self.kept.until(lambda: self._is_connected(hub), LONG_S)
        return at_ns

    def _is_connected(self, hub: str) -> bool:
        """As the controller sees it."""
        return bool(self.kept.ask("topology")["hubs"][hub]["connected"])

    def empty_switches(self) -> int:
        """ovs-vswitchd killed and started: every table is empty."""
        at_ns = time.time_ns()
        self.kept.carry_out(hub_faults.RESTART)
        return at_ns

    def ofctl(self, hub: str, do: str, *words: str, options: Sequence[str] = ()) -> str:
        address = self.kept.net.switch_of(hub).management_address
        command = ["ovs-ofctl", "-O", "OpenFlow13", *options, do, address, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def labels(self, *hubs: str) -> set[int]:
        """In the tables of some switches, as Open vSwitch's own tool reads them."""
        return {
            int(match or given)
            for hub in hubs
            for dump in ("dump-flows", "dump-groups")
            for match, given in LABEL.findall(self.ofctl(hub, dump))
        }

    def strays(self) -> list[int]:
        known = {one["label"] for one in self.kept.ask("labels")["labels"]}
        return sorted(self.labels(*(hub.hub for hub in self.kept.wiring.hubs)) - known)

    def edges(self) -> int:
        """How many entries there are that admit what hosts send."""
        return sum(
            self.ofctl(hub.hub, "dump-flows", f"table={table}").count("cookie=")
            for hub in self.kept.wiring.hubs
            for table in EDGE
        )

    # The result.

    def said(self, kind: str, since_ns: int) -> list[Mapping[str, Any]]:
        """Events of a kind, or all that are not of a demand."""
        return [
            one
            for one in self.kept.events()
            if one["at_ns"] >= since_ns and one["event"] != "status" and kind in ("", one["event"])
        ]

    def breakdown(self, name: str, at_ns: int, **more: Any) -> dict[str, Any]:
        """The present state of the network, and the events since something broke."""
        audit = self.kept.ask("audit")
        said = self.said("", at_ns)
        proven = [one["at_ns"] for one in said if one["event"] in PROVEN]
        status = self.kept.ask("status")
        policies = self.kept.ask("policies")["set"]["policies"]
        return {
            "name": name,
            "at_ns": at_ns,
            "until_ns": time.time_ns(),
            "proven_ns": proven[-1] if proven else None,
            "events": said,
            "was_whole": audit.get("was_whole"),
            "unproven": status["unproven"],
            "proof": self.kept.ask("proof")["proof"]["holds"],
            "statuses": self.kept.statuses(),
            "policies": [one["id"] for one in policies],
            "strays": self.strays(),
            **more,
        }


def timed(one: dict[str, Any], traffic: Traffic, spacing_ms: float) -> dict[str, Any]:
    """A breakdown with what was lost in it, by demand in ms since, and when each was well again.

    Well is a demand from the first packet on after which none is lost.
    """
    start_s, end_s = ((one[key] - traffic.start_ns) / NS_PER_S for key in ("at_ns", "until_ns"))
    lost = {
        demand: [round((at - start_s) * 1e3, 1) for at in times if start_s - 0.2 < at < end_s]
        for demand, times in traffic.account.lost.items()
    }
    well = {
        demand: round(max(0.0, at[-1] + spacing_ms), 1) if at else 0.0
        for demand, at in lost.items()
    }
    proven_ns = one["proven_ns"]
    proven_ms = None if proven_ns is None else round((proven_ns - one["at_ns"]) / 1e6, 1)
    return {**one, "lost_ms": lost, "well_ms": well, "proven_ms": proven_ms}
