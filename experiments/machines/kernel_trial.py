"""Whether a kernel boots here and keeps virtual time: booted once before it is accepted."""

from __future__ import annotations

import subprocess
from pathlib import Path

from corridor.experiments.machines.smoke import BootTimeout, smoke_boot
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.seconds import NS_PER_S

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
