"""Whether a guest kernel boots here, and whether its clock is right."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from corridor.topologies.base.slowness import patient

INIT = Path(__file__).with_name("smoke_init.py")
TIMEOUT_S = 60


class BootTimeout(Exception):
    """It may boot, but not in time. The text says so, for people."""


def why_no_boot(binary: Path, silent: str, *options: str, sleep_s: int = 0) -> str:
    """Why a kernel does not boot, which is ``silent`` where it ends without a message; empty if it
    boots."""
    try:
        return silent if smoke_boot(binary, *options, sleep_s=sleep_s) is None else ""
    except BootTimeout as problem:
        return str(problem)


def smoke_boot(binary: Path, *options: str, sleep_s: int = 0) -> int | None:
    """Boots ``binary`` with an init that sleeps by its own clock: ns slept, None if it failed.

    Takes about 0.1 s in the virtual clock however long it sleeps; leaves nothing behind. Raises
    BootTimeout where it takes so long that nothing is known.
    """
    longest_s = patient(TIMEOUT_S)
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
