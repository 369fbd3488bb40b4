"""An errand: a command that the machine runs, without a network and with no one logged in.

Its output comes back line by line, its results in a folder, and the machine is gone afterwards.
With the virtual clock its times do not depend on how busy this machine is.
"""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from corridor.experiments.machines import boot
from corridor.experiments.machines.handover import ERRAND, Handover
from corridor.experiments.machines.images import Image
from corridor.experiments.machines.qemu import Channel
from corridor.experiments.machines.recipe import GUEST_USER, PLACE
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.scratch import scratch_folder

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


def script(command: Sequence[str]) -> str:
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


def run(
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
