"""The machine that ``corridor vm run`` keeps running, and that ``corridor vm ssh`` enters."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from corridor.experiments.machines.boot import last_words
from corridor.experiments.machines.images import machines_folder
from corridor.experiments.machines.recipe import GUEST_USER, PLACE
from corridor.experiments.machines.tools import ENTERING, require
from corridor.topologies.base.errors import EnvironmentUnsupported

NOTE = "running.json"
KEY = "id_ed25519"
ANSWERS_EVERY_S = 2.0
POWER_OFF_S = 60.0


class Running(NamedTuple):
    port: int
    """Of this machine's loopback, leading to the guest's ssh."""
    pid: int
    """QEMU's."""


def public_key() -> str:
    """Of the key that enters machines of this user, made at first."""
    require(ENTERING, "entering the machine")
    key = machines_folder() / KEY
    if not key.exists():
        key.parent.mkdir(parents=True, exist_ok=True)
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "corridor", "-f", str(key)]
        subprocess.run(command, check=True)
    return key.with_suffix(".pub").read_text(encoding="utf-8")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def note(running: Running) -> None:
    (machines_folder() / NOTE).write_text(json.dumps(running._asdict()), encoding="utf-8")


def forget(ended: Running) -> None:
    """Remove the note of a machine that has ended, and not one that another has left since."""
    if noted() == ended:
        (machines_folder() / NOTE).unlink(missing_ok=True)


def noted() -> Running | None:
    with contextlib.suppress(OSError, ValueError, TypeError):
        return Running(**json.loads((machines_folder() / NOTE).read_text(encoding="utf-8")))
    return None


def running() -> Running:
    """Raises EnvironmentUnsupported when no machine runs."""
    found = noted()
    if found and _is_qemu(found.pid):
        return found
    raise EnvironmentUnsupported("no machine runs", "./corridor vm run, in another terminal")


def ssh(to: Running, command: Sequence[str] = (), *, quiet: bool = False) -> list[str]:
    """The command that enters it, in the checkout's folder."""
    key = str(machines_folder() / KEY)
    inside = " ".join(command) or "exec bash -l"
    return [
        *("ssh", "-p", str(to.port), "-i", key, "-o", "IdentitiesOnly=yes"),
        # It is a new machine, with its own new key, each time; the port is this machine's own.
        *("-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={os.devnull}"),
        *("-o", "LogLevel=ERROR", "-o", "ConnectTimeout=10"),
        *(("-o", "BatchMode=yes") if quiet else ()),
        *(() if command else ("-t",)),
        f"{GUEST_USER}@127.0.0.1",
        f"cd /{PLACE} && {inside}",
    ]


def wait_for_ssh(
    to: Running,
    process: subprocess.Popen[bytes],
    folder: Path,
    limit_s: float,
    step: Callable[[str], object],
) -> None:
    """Raises EnvironmentUnsupported when the machine ends, or says nothing within the limit;
    ``folder``: of its boot."""
    start = time.monotonic()
    while time.monotonic() - start < limit_s:
        if process.poll() is not None:
            raise EnvironmentUnsupported(
                f"the machine ended while it booted: {last_words(folder)}",
                "if it is KVM that does not work here: --no-kvm",
            )
        step(f"{time.monotonic() - start:.0f} s")
        answer = subprocess.run(ssh(to, ["true"], quiet=True), capture_output=True, check=False)
        if answer.returncode == 0:
            return
        time.sleep(ANSWERS_EVERY_S)
    raise EnvironmentUnsupported(f"the machine did not answer within {limit_s:.0f} s")


def power_off(to: Running, process: subprocess.Popen[bytes]) -> None:
    """Ask it, and after a minute end it."""
    subprocess.run(ssh(to, ["sudo", "poweroff"], quiet=True), capture_output=True, check=False)
    try:
        process.wait(POWER_OFF_S)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _is_qemu(pid: int) -> bool:
    try:
        return b"qemu-system" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
