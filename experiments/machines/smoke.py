"""Whether a guest kernel boots here, and whether its clock is right."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.base.slowness import patient

INIT = Path(__file__).with_name("smoke_init.py")
TIMEOUT_S, SHORT_S = 60.0, 5.0
"""How long a boot is tried, and how long where another kernel boots already."""


class BootTimeout(Exception):
    """It may boot, but not in time. The text says so, for people."""


def why_no_boot(
    binary: Path, silent: str, *options: str, sleep_s: int = 0, short: bool = False
) -> str:
    """Why a kernel does not boot, which is ``silent`` where it ends without a message; empty if it
    boots. ``short``: it is tried for no longer than ``SHORT_S``."""
    longest_s = patient(SHORT_S if short else TIMEOUT_S)
    try:
        slept = smoke_boot(binary, *options, sleep_s=sleep_s, longest_s=longest_s)
        return silent if slept is None else ""
    except BootTimeout as problem:
        return str(problem)


def smoke_boot(
    binary: Path, *options: str, sleep_s: int = 0, longest_s: float | None = None
) -> int | None:
    """Boots ``binary`` with an init that sleeps by its own clock: ns slept, None if it failed.

    Takes about 0.1 s in the virtual clock however long it sleeps; leaves nothing behind. Raises
    BootTimeout where it takes so long that nothing is known.
    """
    longest_s = longest_s or patient(TIMEOUT_S)
    # A kernel's command line cannot quote a space, and Debian's mounts its /dev.
    usual = tempfile.gettempdir()
    place = "/tmp" if " " in usual or usual.startswith("/dev/") else None
    with tempfile.TemporaryDirectory(prefix="corridor-smoke-", dir=place) as folder:
        init = Path(folder) / "init"
        shutil.copy(INIT, init)
        init.chmod(0o755)
        command = [
            str(binary),
            "mem=128M",
            "rootfstype=hostfs",
            "rootflags=/",
            "ro",
            f"init={init}",
            "quiet",
            "con=null",
            "con0=fd:0,fd:1",
            "umid=smoke",
            f"uml_dir={folder}/",
            f"CORRIDOR_SMOKE_S={sleep_s}",
            *options,
        ]
        try:
            shown = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=longest_s,
                check=False,
                start_new_session=True,
            ).stdout
        except subprocess.TimeoutExpired:
            raise BootTimeout(
                f"{binary.name} had not booted after {longest_s:.0f} s: this machine is busy, "
                "or slow"
            ) from None
        except OSError:
            return None
    slept = re.search(r"corridor-smoke slept (\d+)", shown)
    return int(slept.group(1)) if slept else None


# Whether a kernel boots here and keeps virtual time: booted once before it is accepted.


SMOKE_SLEEP_S = 1000
HELP_S = 60


def seccomp_of(binary: Path) -> bool:
    """Whether it runs processes by seccomp here, or else by ptrace.

    Raises EnvironmentLacking if it does neither, does not start at all, or has no virtual clock.
    """
    # Before 6.16 there was no seccomp mode, and an unknown option would pass unnoticed.
    for seccomp in (True, False) if "seccomp=" in _help_of(binary) else (False,):
        option = ["seccomp=on"] if seccomp else []
        try:
            slept = smoke_boot(binary, *option, "time-travel=inf-cpu", sleep_s=SMOKE_SLEEP_S)
        except BootTimeout as problem:
            raise EnvironmentUnsupported(
                str(problem), "try again when the machine is less busy"
            ) from None
        if slept is not None:
            break
    else:
        raise EnvironmentUnsupported(
            "the kernel does not boot here: neither seccomp nor ptrace works",
            "allow it ptrace (container: --cap-add SYS_PTRACE), or use --clock real",
        )
    if abs(slept - SMOKE_SLEEP_S * NS_PER_S) > SMOKE_SLEEP_S * 10**6:
        raise EnvironmentUnsupported(
            f"the kernel's virtual clock is wrong: it slept {slept} ns for {SMOKE_SLEEP_S} s",
            "./corridor kernel build --rebuild",
        )
    return seccomp


def _help_of(binary: Path) -> str:
    try:
        done = subprocess.run(
            [binary, "--help"], capture_output=True, text=True, timeout=HELP_S, check=False
        )
    except OSError as error:
        raise EnvironmentUnsupported(
            f"the kernel does not start here: {error.strerror}", "./corridor kernel build"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise EnvironmentUnsupported(
            f"the kernel does not answer within {HELP_S} s",
            "try again when the machine is less busy",
        ) from error
    if "GLIBC_" in done.stderr:
        raise EnvironmentUnsupported(
            "the kernel was built with a newer C library than this system has",
            "./corridor kernel build, on this system",
        )
    return done.stdout
