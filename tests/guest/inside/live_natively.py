"""In a guest: ``corridor up --testbed native``, used and cut by hand, ended and killed.

``live_natively.py OUT_DIR`` writes ``seen.json`` there.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import traceback
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

STATE = Path("/tmp/state")
FIBRE = "kunming-karachi"
LONG_S = 120


class Kept:
    """One running ``corridor up``."""

    def __init__(self, out_dir: Path) -> None:
        self.out_dir = out_dir
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "corridor.experiments.cli",
                "up",
                "mini",
                "--out",
                str(out_dir),
            ],
            env={**os.environ, "XDG_STATE_HOME": str(STATE)},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.said: list[str] = []
        while not self.said or "] ready: " not in self.said[-1]:
            line = self.process.stdout.readline()
            assert line, f"ended: {self.said}"
            self.said.append(line)
        self.session = json.loads((STATE / "corridor/live/mini/session.json").read_text())
        self.token = Path(self.session["token_file"]).read_text().strip()

    def ask(self, path: str, method: str = "GET", body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(self.session["url"] + path, data, headers, method=method)
        with urllib.request.urlopen(asked, timeout=130) as answer:
            return json.loads(answer.read())

    def path(self, demand: str) -> list[str]:
        return self.ask(f"/v1/demands/{demand}")["hubs"]

    def corridor(self, *words: str) -> str:
        """What a command says from another terminal."""
        command = [sys.executable, "-m", "corridor.experiments.cli", *words]
        environment = {**os.environ, "XDG_STATE_HOME": str(STATE)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        return done.stdout + done.stderr

    def interfaces(self, fibre: str) -> list[str]:
        lines = (self.out_dir / "interfaces.txt").read_text().splitlines()
        return [line.split()[0] for line in lines if line.split()[1] == fibre]


def until(what: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + LONG_S
    while not (found := what()):
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.1)
    return found


def used(out_dir: Path) -> dict[str, Any]:
    kept = Kept(out_dir)
    direct = kept.path("ckpt-karachi")
    seen: dict[str, Any] = {"testbed": kept.session["testbed"], "direct": direct, "there": left()}
    for what in ("drain", "restore"):
        kept.ask(f"/v1/fibres/{FIBRE}/{what}", "POST")
        seen[what] = kept.path("ckpt-karachi")
    hosts = [line.split() for line in (out_dir / "hosts.txt").read_text().splitlines()]
    (shanghai, guian) = hosts[:2]
    ping = ["nsenter", f"--net={shanghai[2]}", "ping", "-c", "1", guian[1]]
    seen["ping"] = subprocess.run(ping, capture_output=True, text=True).stdout
    end = kept.interfaces(FIBRE)[0]
    subprocess.run(["ip", "link", "set", end, "down"], check=True)
    until(lambda: kept.path("ckpt-karachi") not in (direct, []))
    seen["cut"] = kept.path("ckpt-karachi")
    seen["works while cut"] = kept.ask("/v1/topology")["fibres"][FIBRE]["works"]
    subprocess.run(["ip", "link", "set", end, "up"], check=True)
    until(lambda: kept.path("ckpt-karachi") == direct)
    seen["exec"] = kept.corridor("exec", "guian", "sh", "-c", "pwd; grep karachi /etc/hosts")
    seen["by hand"] = kept.corridor("cut", FIBRE)
    until(lambda: kept.path("ckpt-karachi") not in (direct, []))
    seen["by hand"] += kept.corridor("mend", FIBRE)
    seen["page"] = by_its_page(kept)
    return {**seen, **ended(kept)}


def again(out_dir: Path) -> dict[str, Any]:
    """After one that was killed."""
    kept = Kept(out_dir)
    return {"there": left(), "path": kept.path("ckpt-karachi"), **ended(kept)}


def ended(kept: Kept) -> dict[str, Any]:
    kept.process.send_signal(signal.SIGINT)
    return {
        "code": kept.process.wait(LONG_S),
        "told": kept.process.stdout.read(),
        "left": left(),
        "proven": json.loads((kept.out_dir / "proof.json").read_text())["holds"],
    }


def by_its_page(kept: Kept) -> dict[str, Any]:
    """What ``corridor page`` serves here: a fibre is cut by it, and is whole once it has ended."""
    serving = subprocess.Popen(
        [sys.executable, "-m", "corridor.experiments.cli", "page", "--no-browser"],
        env={**os.environ, "XDG_STATE_HOME": str(STATE)},
        stdout=subprocess.PIPE,
        text=True,
    )
    url, _, token = serving.stdout.readline().split()[1].partition("/#token=")

    def asked(path: str, body: Any = None) -> str:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url + path, data, {"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=130) as answer:
            return answer.read().decode()

    def works() -> bool:
        return json.loads(asked("/v1/topology"))["fibres"][FIBRE]["works"]

    seen: dict[str, Any] = {"title": "<title>Live: " in asked("/page/body")}
    asked("/page/do", {"do": "cut", "page": "page-1234", "fibre": FIBRE})
    until(lambda: not works())
    seen["states"] = json.loads(asked("/page/now"))["fibres"]
    serving.send_signal(signal.SIGINT)
    seen["code"] = serving.wait(LONG_S)
    until(lambda: kept.ask("/v1/topology")["fibres"][FIBRE]["works"])
    return seen


def killed(out_dir: Path) -> dict[str, Any]:
    kept = Kept(out_dir)
    kept.process.kill()
    kept.process.wait()
    until(lambda: not left()["processes"])
    return {"left": left()}


def left() -> dict[str, Any]:
    """What there is of networks in this kernel, of their processes, and of their sessions."""
    links = json.loads(subprocess.check_output(["ip", "-j", "link"]))
    return {
        "links": sum(one["ifname"] not in ("lo", "ovs-system") for one in links),
        "processes": sorted(_programs()),
        "sessions": sorted(path.name for path in (STATE / "corridor/live").glob("*")),
        "notes": sorted(path.name for path in Path("/run/corridor").glob("*.run")),
        "sockets": sorted(map(str, Path("/tmp").glob("*/control.sock"))),
    }


def _programs() -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if state != "Z" and any(b"python" in word or b"ovs" in word for word in words[:1]):
                found.append(b" ".join(words[:3]).decode(errors="replace"))
    return [one for one in found if "guest_init" not in one and "-ISc" not in one]


def main() -> None:
    out_dir = Path(sys.argv[1])
    seen: dict[str, Any] = {"before": left()}
    for name, what in (("used", used), ("killed", killed), ("again", again)):
        try:
            seen[name] = what(out_dir / name)
        except Exception:  # noqa: BLE001 - told to the test
            seen[name] = {"broken": traceback.format_exc()}
    (out_dir / "seen.json").write_text(json.dumps(seen, indent=1))


main()
