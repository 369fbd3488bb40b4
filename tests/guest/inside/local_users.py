"""In a guest: ``corridor up --testbed native`` under attack by another user of the machine.

``local_users.py OUT_DIR FRAMEWORK`` writes ``seen.json`` there.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from corridor.topologies.emulation import taps

STATE, RESULTS, PLACE = Path("/tmp/state"), Path("/tmp/results"), Path("/tmp/stranger")
AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
LONG_S, SETTLE_S = 120, 3
SCENARIO = """
extends: mini
network: {bfd: 100ms}
"""
STATE_OF_RUNS = "/run/corridor"
LEFT_ALONE = "left-alone"
"""A TAP as a gateway's is while the gateway is away."""


class Up:
    """One running ``corridor up``."""

    def __init__(self, framework: str) -> None:
        PLACE.mkdir()
        scenario = PLACE / "mini.yaml"
        scenario.write_text(SCENARIO)
        words = ["up", str(scenario), "--testbed", "native", "--framework", framework]
        words += ["--out", str(RESULTS / framework)]
        self.out_dir = RESULTS / framework
        self.process = subprocess.Popen(
            [sys.executable, "-m", "corridor.experiments.cli", *words],
            env={**os.environ, "XDG_STATE_HOME": str(STATE)},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        said: list[str] = []
        while not said or "] ready: " not in said[-1]:
            line = self.process.stdout.readline()
            assert line, f"ended: {said}"
            said.append(line)
        self.session = json.loads((STATE / "corridor/live/mini/session.json").read_text())
        self.token = Path(self.session["token_file"]).read_text().strip()

    def ask(self, path: str) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        asked = urllib.request.Request(self.session["url"] + path, headers=headers)
        with urllib.request.urlopen(asked, timeout=LONG_S) as answer:
            return json.loads(answer.read())

    def failures(self) -> list[str]:
        """Events of fibres that fail or are back, from the start on, when sessions come up."""
        lines = (self.out_dir / "events.jsonl").read_text().splitlines()
        return [line for line in lines if json.loads(line)["event"] == "failures"]

    def statuses(self) -> dict[str, int]:
        return self.ask("/v1/status")["demands"]


def given(up: Up) -> dict[str, Any]:
    """The input of the attacker: more than an attacker would know."""
    scratch = Path(up.session["operations"]).parent
    hosts = [line.split()[2] for line in (up.out_dir / "hosts.txt").read_text().splitlines()]
    sockets = [str(one) for one in scratch.rglob("*") if one.is_socket()]
    names = ("", "events.jsonl", "controller.log", "hosts.txt", "raw/specification.json")
    return {
        "url": up.session["url"],
        "state": STATE_OF_RUNS,
        "sockets": sockets,
        "namespaces": hosts,
        "files": [
            *(str(up.out_dir / name) for name in names),
            *(str(scratch / name) for name in ("", "openvswitch/conf.db", "state.json")),
            up.session["token_file"],
            str(Path(up.session["token_file"]).parent),
            str(STATE / "corridor/live/mini/session.json"),
        ],
    }


def main() -> None:
    out_dir, framework = Path(sys.argv[1]), sys.argv[2]
    RESULTS.mkdir()
    up = Up(framework)
    shutil.copy(Path(__file__).with_name("stranger.py"), PLACE)
    told = given(up)
    taps.create(LEFT_ALONE)
    Path(taps.CLONE_DEVICE).chmod(0o666)  # as udev has it on a machine
    (PLACE / "given.json").write_text(json.dumps(told))
    for path in PLACE.iterdir():
        path.chmod(0o644)
    before, failures = up.ask("/v1/topology"), up.failures()
    command = [
        *AS_NOBODY,
        "/usr/bin/python3",
        str(PLACE / "stranger.py"),
        str(PLACE / "given.json"),
    ]
    attack = subprocess.run(command, capture_output=True, text=True, timeout=LONG_S)
    time.sleep(SETTLE_S)
    after = up.ask("/v1/topology")
    seen = {
        "told": told,
        "token": up.token,
        "code": attack.returncode,
        "complained": attack.stderr[-2000:],
        **json.loads(attack.stdout or "{}"),
        "connections": [
            {hub: one["connections"] for hub, one in said["hubs"].items()}
            for said in (before, after)
        ],
        "works": [one["works"] for one in after["fibres"].values()],
        "failures": up.failures()[len(failures) :],
        "statuses": up.statuses(),
        "log": (up.out_dir / "controller.log").read_text(),
    }
    up.process.send_signal(signal.SIGINT)
    seen["end"] = up.process.wait(LONG_S)
    (out_dir / "seen.json").write_text(json.dumps(seen, indent=1))


main()
