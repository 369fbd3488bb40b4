"""In a guest: everything the API of a live network offers, used once while traffic runs.

``the_api.py OUT_DIR FRAMEWORK`` reads ``wiring.json``, ``specification.json`` and ``policies.json``
there and writes ``seen.json``: what was answered, by step.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import traceback
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.chaos.traffic import Traffic

from corridor.experiments.live_network.api_process import ApiProcess
from corridor.experiments.live_network.network import LiveNetwork
from corridor.experiments.live_network.setting import Setting
from corridor.experiments.scenario import controller_event
from corridor.topologies.model import cut

FIBRE = "kunming-karachi"
SCRATCH = Path("/tmp/api")
MISCOMPILING = str(Path(__file__).resolve().parent / "miscompiling_controller.py")
PATIENCE = {"audit_ns": 3_600_000_000_000, "away_ns": 30_000_000_000}


class Steps:
    """In the order in which they are played; each leaves the network as it was."""

    def __init__(self, kept: LiveNetwork, api: ApiProcess, policies: dict[str, Any]) -> None:
        self.kept = kept
        self.api = api
        self.policies = policies

    def ask(self, method: str, path: str, body: Any = None, token: str | None = None) -> Any:
        """Status, and the body as JSON or text."""
        host, _, port = self.api.url.removeprefix("http://").partition(":")
        link = HTTPConnection(host, int(port), timeout=150)
        token = (SCRATCH / "token").read_text().strip() if token is None else token
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        link.request(method, path, None if body is None else json.dumps(body), headers)
        response = link.getresponse()
        text = response.read().decode()
        link.close()
        is_json = "json" in (response.getheader("content-type") or "")
        return response.status, json.loads(text) if is_json else text

    def corridor(self, *words: str) -> dict[str, Any]:
        """A command of the command line, against this API."""
        address = ("--url", self.api.url, "--token-file", str(SCRATCH / "token"))
        done = subprocess.run(
            [sys.executable, "-m", "corridor.experiments.cli", *words, *address],
            capture_output=True,
            text=True,
        )
        return {"code": done.returncode, "said": done.stdout, "complained": done.stderr}

    def reads(self) -> Any:
        paths = (
            *("status", "demands", "demands/ckpt", "demands/ckpt/explanation", "topology"),
            *("counters", "proof", "policies", "events?since=2"),
        )
        answers = {path: self.ask("GET", f"/v1/{path}") for path in paths}
        return {**answers, "openapi": self.ask("GET", "/openapi.json")}

    def unexpected(self) -> Any:
        events = len(self.kept.events())
        asked = [
            self.ask("POST", f"/v1/fibres/{FIBRE}/drain", token="x")[0],
            self.ask("PUT", "/v1/policies", self.policies["closed"], token="")[0],
            self.ask("GET", "/metrics", token="B" * 43)[0],
        ]
        return {"answers": asked, "happened": self.kept.events()[events:]}

    def token_file(self) -> Any:
        """Read by another user, where only the file's mode prevents it."""
        SCRATCH.chmod(0o755)
        words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        folder = subprocess.run([*words, "ls", str(SCRATCH)], capture_output=True, text=True)
        done = subprocess.run([*words, "cat", str(SCRATCH / "token")], capture_output=True)
        SCRATCH.chmod(0o700)
        return {
            "folder": folder.returncode,
            "code": done.returncode,
            "said": done.stdout.decode(),
            "mode": oct(os.stat(SCRATCH / "token").st_mode & 0o7777),
        }

    def drain_and_restore(self) -> Any:
        with Traffic(self.kept) as traffic:
            time.sleep(0.2)
            drained = self.ask("POST", f"/v1/fibres/{FIBRE}/drain")
            topology = self.ask("GET", "/v1/topology")[1]["fibres"][FIBRE]
            hubs = [one["hubs"] for one in self.ask("GET", "/v1/demands")[1]["demands"]]
            metrics = self.ask("GET", "/metrics")[1]
            time.sleep(0.2)
            restored = self.ask("POST", f"/v1/fibres/{FIBRE}/restore")
        return {
            "drained": drained,
            "topology": topology,
            "hubs": hubs,
            "metrics": metrics,
            "restored": restored,
            "account": traffic.account.to_json(),
        }

    def other_policies(self) -> Any:
        with Traffic(self.kept) as traffic:
            time.sleep(0.2)
            there = self.ask("PUT", "/v1/policies", self.policies["no-sea"])
            held = self.ask("GET", "/v1/policies")[1]
            time.sleep(0.2)
            back = self.ask("PUT", "/v1/policies", self.policies["base"])
        account = traffic.account.to_json()
        return {"there": there, "held": held, "back": back, "account": account}

    def a_set_that_does_not_prove(self) -> Any:
        with Traffic(self.kept) as traffic:
            time.sleep(0.2)
            refused = self.ask("PUT", "/v1/policies", self.policies["unproven"])
            time.sleep(0.2)
        (SCRATCH / "unproven.yaml").write_text(json.dumps(self.policies["unproven"]))
        return {
            "refused": refused,
            "command": self.corridor("policy", "set", str(SCRATCH / "unproven.yaml")),
            "status": self.ask("GET", "/v1/status")[1],
            "audit": self.ask("POST", "/v1/audit"),
            "account": traffic.account.to_json(),
        }

    def a_set_that_blocks_everything(self) -> Any:
        (SCRATCH / "closed.yaml").write_text(json.dumps(self.policies["closed"]))
        closed = self.corridor("policy", "set", str(SCRATCH / "closed.yaml"))
        with Traffic(self.kept) as traffic:
            time.sleep(0.3)
        seen = {
            "command": closed,
            "status": self.corridor("status"),
            "counters": self.ask("GET", "/v1/counters")[1],
            "metrics": self.ask("GET", "/metrics")[1],
        }
        back = self.ask("PUT", "/v1/policies", self.policies["base"])
        return {**seen, "back": back, "account": traffic.account.to_json()}

    def a_set_of_unknown_names(self) -> Any:
        return self.ask("PUT", "/v1/policies", self.policies["foreign"])

    def a_day(self) -> Any:
        later = self.ask("PUT", "/v1/day", {"as_of": "2027-07-01"})
        demands = self.ask("GET", "/v1/demands")[1]["demands"]
        back = self.ask("PUT", "/v1/day", {"as_of": "2026-11-24"})
        return {"later": later, "demands": demands, "back": back}

    def a_cut(self) -> Any:
        self.kept.carry_out(cut.CUT, FIBRE)
        self.kept.until(lambda: "works 0.0" in self._fibre_metric(), 20)
        shown = self.corridor("status")
        metrics = self.ask("GET", "/metrics")[1]
        self.kept.carry_out(cut.MEND, FIBRE)
        self.kept.until(self.kept.is_settled, 60)
        return {"shown": shown, "metrics": metrics}

    def _fibre_metric(self) -> str:
        text = self.ask("GET", "/metrics")[1]
        wanted = f'corridor_fibre_works{{fibre="{FIBRE}"}} '
        return "works " + next(
            line.removeprefix(wanted) for line in text.splitlines() if line.startswith(wanted)
        )

    def a_controller_that_dies(self) -> Any:
        self.kept.carry_out(controller_event.KILL)
        without = self.ask("GET", "/v1/status"), self.corridor("status")
        metrics = self.ask("GET", "/metrics")
        self.kept.carry_out(controller_event.START)
        self.kept.until(self.kept.is_settled, 60)
        return {"without": without, "metrics": metrics, "back": self.ask("GET", "/v1/status")}

    def all_events(self) -> Any:
        return {
            "events": self.ask("GET", "/v1/events"),
            "command": self.corridor("events", "--since", "1"),
        }


STEPS = (
    *("reads", "unexpected", "token_file", "drain_and_restore", "other_policies"),
    *("a_set_that_does_not_prove", "a_set_that_blocks_everything", "a_set_of_unknown_names"),
    *("a_day", "a_cut", "a_controller_that_dies", "all_events"),
)


def main(out: str, framework: str) -> None:
    out_dir = Path(out)
    policies = json.loads((out_dir / "policies.json").read_text())
    seen: dict[str, Any] = {}
    SCRATCH.mkdir(mode=0o700)
    with LiveNetwork(
        *Setting.read(out_dir),
        scratch=SCRATCH,
        out_dir=out_dir,
        framework=framework,
        timing=PATIENCE,
        command=(MISCOMPILING,),
    ) as kept:
        api = ApiProcess(kept.control, SCRATCH / "token", None, out_dir / "api.log")
        try:
            play(Steps(kept, api, policies), seen)
        finally:
            (out_dir / "seen.json").write_text(json.dumps(seen, indent=1))
            api.close()


def play(steps: Steps, seen: dict[str, Any]) -> None:
    for name in STEPS:
        try:
            seen[name] = getattr(steps, name)()
            steps.kept.until(steps.kept.is_settled, 60)
        except Exception:  # noqa: BLE001 - told to the test outside
            seen[name] = {"broken": traceback.format_exc()}
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
