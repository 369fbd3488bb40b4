"""Booting the machine of an image: which QEMU, with what in its hands. An edge."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from corridor.experiments.machines import boot, handover, qemu
from corridor.experiments.machines.handover import ERRAND, Handover
from corridor.experiments.machines.qemu import CONSOLES, Architecture, Boot, Channel, Disk, Share
from corridor.experiments.machines.recipe import (
    GUEST_USER,
    PLACE,
    ROOT_LABEL,
    Image,
    machines_folder,
)
from corridor.experiments.machines.system_packages import ENTERING, emulator, require
from corridor.topologies.base.child_process import die_with_parent
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.scratch import scratch_folder

KVM = Path("/dev/kvm")
RESULTS = "results"
HANDOVER = "handover"
CONSOLE, LOG = "console", "qemu.log"
"""What a machine says, and what QEMU says, in the folder of a boot."""
COUNTED_MEMORY_MB = 2560
PLAIN_OPTIONS = ("quiet", "net.ifnames=0")


@dataclass(frozen=True)
class Wanted:
    """How the machine of an image is to be booted."""

    virtual: bool = False
    """Whether its time is counted in instructions, instead of the real clock."""
    no_kvm: bool = False
    """Whether instructions are translated though this machine could run them."""
    processors: int = 2
    memory_mb: int = 4096
    ssh_port: int | None = None
    kernel_options: tuple[str, ...] = ()
    channels: tuple[Channel, ...] = ()
    seed: int | None = None


def accelerator(architecture: Architecture, wanted: Wanted) -> qemu.Accelerator:
    if wanted.virtual:
        return "counted"
    return "translated" if wanted.no_kvm else here(architecture)


def here(architecture: Architecture) -> qemu.Accelerator:
    """The quickest accelerator that this machine has for the real clock."""
    return qemu.accelerator(
        host=platform.machine(),
        system=platform.system(),
        guest=architecture,
        kvm_opens=os.access(KVM, os.R_OK | os.W_OK),
    )


def as_boot(image: Image, wanted: Wanted, folder: Path, results: Path | None) -> Boot:
    """The machine of an image, whose handover and console lie in ``folder``."""
    options = (
        f"root=LABEL={ROOT_LABEL}",
        *("ro", f"console={CONSOLES[image.architecture]},115200", *PLAIN_OPTIONS),
        *(("mitigations=off",) if wanted.virtual else ()),
        *wanted.kernel_options,
    )
    return Boot(
        image.architecture,
        accelerator(image.architecture, wanted),
        folder / CONSOLE,
        processors=1 if wanted.virtual else wanted.processors,
        memory_mb=COUNTED_MEMORY_MB if wanted.virtual else wanted.memory_mb,
        kernel=qemu.Kernel(image.kernel, image.initrd, options),
        disks=(
            Disk(image.disk),
            Disk(folder / HANDOVER, read_only=True, serial=HANDOVER),
        ),
        shares=(Share(results, RESULTS, read_only=False),) if results else (),
        channels=wanted.channels,
        ssh_port=wanted.ssh_port,
        seed=wanted.seed,
    )


def start(boot: Boot, folder: Path) -> subprocess.Popen[bytes]:
    """Start QEMU; it ends with this process. What it says goes to the folder."""
    require([emulator(boot.architecture)], "booting the machine")
    with (folder / LOG).open("wb") as said:
        return subprocess.Popen(
            qemu.command(boot),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent,
            start_new_session=True,
        )


def last_words(folder: Path) -> str:
    """The last that QEMU said, else the console."""
    for name in (LOG, CONSOLE):
        file = folder / name
        lines = file.read_text("utf-8", errors="replace").split("\n") if file.exists() else []
        said = [line.strip() for line in lines if line.strip()]
        if said:
            return said[-1][:200]
    return "it said nothing"


def hand_over(what: handover.Handover, folder: Path) -> None:
    handover.write(what, folder / HANDOVER)


# The machine that ``corridor vm run`` keeps running, and that ``corridor vm ssh`` enters.


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


# An errand: a command that the machine runs, without a network and with no one logged in.

LOOK_EVERY_S = 0.2
PORTS = "/dev/virtio-ports"
OPTIONS = (
    f"systemd.run=/{ERRAND}",
    "systemd.run_success_action=poweroff",
    "systemd.run_failure_action=poweroff",
)
"""Of systemd's own generator: its target has what every service needs, and no others."""
TIMED_OUT = 124
"""As ``timeout`` says it."""


def errand_script(command: Sequence[str]) -> str:
    """What the machine runs. The command is the user's who owns the checkout; sudo asks nothing."""
    inside = f"cd /{PLACE} && {shlex.join(command)}"
    as_user = f"su {GUEST_USER} -s /bin/bash -c {shlex.quote(inside)}"
    lines = (
        "#!/bin/sh",
        "systemctl -q start openvswitch-switch",
        f"{as_user} </dev/null >{PORTS}/output 2>&1",
        f"echo $? >{PORTS}/code",
    )
    return "\n".join((*lines, ""))


def run_errand(
    image: Image,
    handed: Handover,
    *,
    results: Path | None,
    wanted: boot.Wanted,
    say: Callable[[str], None],
    limit_s: float,
) -> int:
    """The command's exit code, or TIMED_OUT; ``handed`` carries the script as its errand.

    Raises EnvironmentUnsupported where the machine ended without a word.
    """
    with scratch_folder() as folder:
        boot.hand_over(handed, folder)
        output, code = folder / "output", folder / "code"
        channels = (Channel("output", output), Channel("code", code))
        machine = boot.as_boot(
            image,
            replace(wanted, channels=channels, kernel_options=(*wanted.kernel_options, *OPTIONS)),
            folder,
            results,
        )
        process = boot.start(machine, folder)
        try:
            ended = _follow(process, output, say, limit_s)
        finally:
            process.kill()
            process.wait()
        if not ended:
            return TIMED_OUT
        text = code.read_text(encoding="utf-8") if code.exists() else ""
        if text.strip().isdigit():
            return int(text)
        raise EnvironmentUnsupported(
            f"the machine ended before its errand: {boot.last_words(folder)}"
        )


def _follow(
    process: subprocess.Popen[bytes], output: Path, say: Callable[[str], None], limit_s: float
) -> bool:
    """Report what is written to ``output`` until the machine ends; False if it took too long."""
    deadline = time.monotonic() + limit_s
    told, begun = 0, b""
    ended = False
    while True:
        ended = process.poll() is not None
        if output.exists():
            with output.open("rb") as file:
                file.seek(told)
                fresh = file.read()
            told += len(fresh)
            *lines, begun = (begun + fresh).split(b"\n")
            for line in lines:
                say(line.decode("utf-8", errors="replace").rstrip("\r"))
        if ended or time.monotonic() > deadline:
            if begun:
                say(begun.decode("utf-8", errors="replace"))
            return ended
        time.sleep(LOOK_EVERY_S)
