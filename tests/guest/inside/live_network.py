"""In a guest: a network kept to its policies while all sorts of things happen to it.

``live_network.py OUT_DIR FRAMEWORK SCENE...`` reads ``wiring.json``, ``specification.json`` and
``policies.json`` there and writes ``seen.json``: by scene, what was sent, lost, and seen on fibres.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import traceback
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.chaos.traffic import Traffic

from corridor.controller.intent.specification import Specification
from corridor.controller.policy.model import PolicySet
from corridor.experiments.live_network.network import LiveNetwork
from corridor.experiments.live_network.setting import Setting
from corridor.experiments.scenario import day_event, drain_event
from corridor.experiments.scenario import policies_event as policies
from corridor.topologies.model import cut, hub_faults

FIBRE = "kunming-karachi"
SCRATCH = Path("/tmp/kept")
PATIENCE = {"audit_ns": 3_600_000_000_000, "away_ns": 3_000_000_000}


class Scenes:
    """One after another on one network; each leaves it as it was."""

    def __init__(self, kept: LiveNetwork, policies: dict[str, Any], runner: socket.socket) -> None:
        self.kept = kept
        self.runner = runner
        self.policies = policies

    def specified(self, name: str) -> Specification:
        chosen = PolicySet.model_validate(self.policies[name])
        return self.kept.specification.model_copy(update={"policies": chosen})

    def calm(self, watched: Traffic) -> dict[str, Any]:
        time.sleep(0.5)
        return {"statuses": self.kept.statuses()}

    def a_runner_listening(self, watched: Traffic) -> dict[str, Any]:
        """What the first controller has said to its runner, and what it answers."""
        line, _ = self.runner.accept()
        line.settimeout(20)
        path = self.kept.out_dir / "dump.json"
        said = []
        with line, line.makefile("rw") as lines:
            for order in ({"do": "report"}, {"do": "dump", "to": str(path)}):
                lines.write(json.dumps(order) + "\n")
            lines.flush()
            while not said or said[-1]["event"] != "dumped":
                said.append(json.loads(lines.readline()))
        return {"said": said, "schema": json.loads(path.read_text())["schema"]}

    def policies_there_and_back(self, watched: Traffic) -> dict[str, Any]:
        answers, took = [], []
        time.sleep(0.2)
        for name in ("no-sea", "base", "no-export", "base"):
            start = time.monotonic()
            answers.append(self.kept.carry_out(policies.SET, name, set=self.policies[name]))
            took.append(round(time.monotonic() - start, 4))
            if name == "no-sea":
                with Traffic(self.kept, [self.specified("no-sea")]) as strict:
                    time.sleep(0.3)
                answers[-1]["strictly"] = strict.account.to_json()
            if name == "no-export":
                answers[-1]["statuses"] = self.kept.ask("demands")["demands"]
                answers[-1]["since"] = time.time_ns()
            time.sleep(0.2)
        return {"answers": answers, "took": took}

    def policies_that_say_nothing(self, watched: Traffic) -> dict[str, Any]:
        return {"answer": self.kept.ask("policy", set={"name": "x", "policies": [{"id": "?"}]})}

    def a_fibre_cut_and_repaired(self, watched: Traffic) -> dict[str, Any]:
        return self._cut(cut.CUT)

    def a_fibre_cut_silently(self, watched: Traffic) -> dict[str, Any]:
        return self._cut(cut.SILENCE)

    def _cut(self, do: str) -> dict[str, Any]:
        time.sleep(0.2)
        at = time.time_ns()
        self.kept.carry_out(do, FIBRE)
        noticed = self.kept.until(lambda: not self._works(), 10)
        moved = self.kept.until(lambda: FIBRE not in self._used(), 10)
        statuses = self.kept.statuses()
        time.sleep(0.3)
        repaired = time.time_ns()
        self.kept.carry_out(cut.MEND, FIBRE)
        self.kept.until(lambda: FIBRE in self._used(), 30)
        return {
            "cut_ns": at,
            "repaired_ns": repaired,
            "noticed": noticed,
            "moved": moved,
            "statuses": statuses,
        }

    def _works(self) -> bool:
        return self.kept.ask("topology")["fibres"][FIBRE]["works"]

    def _used(self) -> set[str]:
        """Fibres that some demand crosses now, as the controller sees it."""
        crossed = {
            frozenset(ends)
            for one in self.kept.ask("demands")["demands"]
            for ends in pairwise(one["hubs"])
        }
        fibres = self.kept.ask("topology")["fibres"]
        return {name for name, one in fibres.items() if frozenset(one["ends"]) in crossed}

    def a_fibre_drained(self, watched: Traffic) -> dict[str, Any]:
        first = self.kept.carry_out(drain_event.DRAIN, FIBRE)
        time.sleep(0.2)
        used = self._used()
        second = self.kept.carry_out(drain_event.RESTORE, FIBRE)
        return {"answers": [first, second], "used": sorted(used)}

    def switches_emptied(self, watched: Traffic) -> dict[str, Any]:
        """ovs-vswitchd killed and started: every table is empty."""
        time.sleep(0.2)
        before = len(self.kept.events("repaired"))
        at = time.time_ns()
        self.kept.carry_out(hub_faults.RESTART)
        self.kept.until(lambda: len(self.kept.events("repaired")) > before, 30)
        self.kept.until(self.kept.is_settled, 30)
        back = time.time_ns()
        time.sleep(0.3)
        return {"at": at, "back": back, "audit": self.kept.ask("audit")}

    def switches_that_hang(self, watched: Traffic) -> dict[str, Any]:
        """ovs-vswitchd stands still while policies change, and goes on after it was given up."""
        time.sleep(0.2)
        daemon = self.kept.net.openvswitch.vswitchd
        daemon.send_signal(signal.SIGSTOP)
        answer = self.kept.ask("policy", set=self.policies["no-export"])
        daemon.send_signal(signal.SIGCONT)
        self.kept.until(self.kept.is_settled, 60)
        status = self.kept.ask("status")
        return {"answer": answer, "status": status, "audit": self.kept.ask("audit")}

    def a_gateway_killed(self, watched: Traffic) -> dict[str, Any]:
        time.sleep(0.2)
        at = time.time_ns()
        self.kept.carry_out(hub_faults.KILL_GATEWAY, "kunming")
        self.kept.until(lambda: not self.kept.ask("topology")["hubs"]["kunming"]["gateway"], 10)
        time.sleep(1)
        statuses = self.kept.ask("demands")["demands"]
        self.kept.carry_out(hub_faults.START_GATEWAY, "kunming")
        self.kept.until(self.kept.is_settled, 30)
        time.sleep(0.5)
        return {"at": at, "statuses": statuses}

    def a_switch_disconnected(self, watched: Traffic) -> dict[str, Any]:
        """Its tables serve on; a change waits, then is made without it; it is taken back."""
        self.kept.carry_out(hub_faults.SWITCH_AWAY, "bangkok")
        self.kept.until(lambda: self.kept.ask("status")["away"] == ["bangkok"], 10)
        deferred = self.kept.carry_out(drain_event.DRAIN, FIBRE)
        self.kept.until(lambda: self.kept.ask("topology")["hubs"]["bangkok"]["failed"], 20)
        time.sleep(1)
        without = self.kept.statuses()
        self.kept.carry_out(hub_faults.SWITCH_BACK, "bangkok")
        self.kept.until(lambda: not self.kept.ask("topology")["hubs"]["bangkok"]["failed"], 20)
        self.kept.until(self.kept.is_settled, 30)
        time.sleep(0.5)
        return {"deferred": deferred, "without": without, "audit": self.kept.ask("audit")}

    def tamper(self, hub: str, *words: str) -> None:
        address = self.kept.net.switch_of(hub).management_address
        subprocess.run(["ovs-ofctl", "-O", "OpenFlow13", words[0], address, *words[1:]], check=True)

    def entries_of_strangers(self, watched: Traffic) -> dict[str, Any]:
        self.tamper("guian", "add-flow", "table=4,priority=500,mpls,in_port=2,actions=output:3")
        self.tamper("kunming", "add-flow", "table=1,priority=9,ip,nw_dst=10.0.0.0/8,actions=drop")
        self.tamper("kunming", "del-flows", "table=4,mpls,in_port=2")
        first = self.kept.ask("audit")
        return {"first": first, "second": self.kept.ask("audit"), "status": self.kept.ask("status")}

    def entries_that_nobody_can_read(self, watched: Traffic) -> dict[str, Any]:
        """Frameworks have no name for this field."""
        for hub in ("guian", "kunming"):
            self.tamper(hub, "add-flow", "table=4,priority=500,tun_erspan_ver=1,actions=output:3")
        self.tamper("kunming", "add-flow", "table=1,priority=9,ip,nw_dst=10.0.0.0/8,actions=drop")
        first = self.kept.ask("audit")
        return {"first": first, "second": self.kept.ask("audit"), "status": self.kept.ask("status")}

    def a_basis_that_ends(self, watched: Traffic) -> dict[str, Any]:
        time.sleep(0.2)
        answer = self.kept.carry_out(day_event.SET, "2027-07-01")
        at = time.time_ns()
        statuses = self.kept.ask("demands")["demands"]
        time.sleep(0.3)
        back = self.kept.carry_out(day_event.SET, "2026-11-24")
        return {"answer": answer, "at": at, "statuses": statuses, "back": back}


def main(out: str, framework: str, *scenes: str) -> None:
    out_dir = Path(out)
    policies = json.loads((out_dir / "policies.json").read_text())
    seen: dict[str, Any] = {}
    SCRATCH.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as runner:
        runner.bind(str(SCRATCH / "runner.sock"))
        runner.listen(8)
        with LiveNetwork(
            *Setting.read(out_dir),
            scratch=SCRATCH,
            out_dir=out_dir,
            framework=framework,
            timing=PATIENCE,
            status=SCRATCH / "runner.sock",
        ) as kept:
            play(kept, Scenes(kept, policies, runner), scenes, seen)
    (out_dir / "seen.json").write_text(json.dumps(seen, indent=1))


def play(kept: LiveNetwork, stage: Scenes, scenes: tuple[str, ...], seen: dict[str, Any]) -> None:
    for scene in scenes:
        before = kept.events()[-1]["n"]
        try:
            with Traffic(kept) as traffic:
                said = getattr(stage, scene)(traffic)
            account = traffic.account.to_json()
            seen[scene] = {**said, **account, "start_ns": traffic.start_ns}
        except Exception:  # noqa: BLE001 - told to the test outside
            seen[scene] = {"broken": traceback.format_exc()}
            return
        finally:
            (kept.out_dir / "seen.json").write_text(json.dumps(seen, indent=1))
        seen[scene]["events_after"] = before
        kept.until(kept.is_settled, 30)


if __name__ == "__main__":
    main(*sys.argv[1:])
