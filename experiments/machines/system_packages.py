"""Packages of the system, and the programs that machines are built and booted with.

Packages are those that no Python package brings, with the command that installs them on the
distribution at hand. The tables are those that ``./corridor`` reads: ``packages.txt``,
``package_names.txt`` and ``distributions.txt`` in ``experiments/setup``.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from corridor.experiments.machines.qemu import PACKAGES, Architecture
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.installation import PACKAGE

TABLES = PACKAGE / "experiments/setup"
OS_RELEASE = Path("/etc/os-release")
NEEDED = ("openvswitch-switch", "iproute2", "iperf3", "util-linux")
"""Of the packages of the group ``run``, by Debian's names: what nothing is emulated without."""
IPERF3_NEEDED = (3, 17)
INSTALL = {
    "debian": "sudo apt-get install --no-install-recommends",
    "ubuntu": "sudo apt-get install --no-install-recommends",
    "fedora": "sudo dnf install",
    "arch": "sudo pacman -S --needed",
}
BY_HAND = "install them by hand, or use the container of docs/setup.md"


@dataclass(frozen=True)
class Distribution:
    """As ``/etc/os-release`` has it, and the column of names that serves it; none is ``none``."""

    title: str
    names: str


def distribution(os_release: Path | None = None) -> Distribution:
    told = _os_release(OS_RELEASE if os_release is None else os_release)
    title = told.get("PRETTY_NAME", "this system")
    for row in _rows("distributions.txt"):
        if row[0] == told.get("ID") and row[1] in ("*", told.get("VERSION_ID")):
            return Distribution(title, row[3])
    relatives = [told.get("ID", ""), *told.get("ID_LIKE", "").split()]
    names = next(
        (one for one in ("ubuntu", "debian", "fedora", "arch") if one in relatives), "none"
    )
    return Distribution(title, names)


def missing(*groups: str) -> list[str]:
    """Debian's names of the packages of these groups whose file is not there."""
    return [row[0] for row in _rows("packages.txt") if row[1] in groups and not _is_there(row[2])]


def command(packages: Iterable[str], here: Distribution | None = None) -> str:
    """What to type for packages by Debian's names; packages that the distribution does not have are
    left out.

    Words instead of a command where set-up does not know the distribution.
    """
    here = here or distribution()
    if here.names not in INSTALL:
        return BY_HAND
    names = list(_names(packages, here.names))
    return f"{INSTALL[here.names]} {shlex.join(names)}" if names else BY_HAND


def refuse_missing() -> None:
    """EnvironmentLacking, naming all at once, before anything else is asked of this machine."""
    lacking = [name for name in missing("run") if name in NEEDED]
    if lacking:
        raise EnvironmentUnsupported(
            f"these system packages are missing: {', '.join(lacking)}", command(missing("run"))
        )


def iperf3_lacks() -> str:
    """Why transfers over TCP cannot be measured with the iperf3 that is here; empty if they can."""
    try:
        done = subprocess.run(
            ["iperf3", "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return "iperf3 does not start here"
    found = re.match(r"iperf (\d+)\.(\d+)", done.stdout)
    if found is None or tuple(map(int, found.groups())) >= IPERF3_NEEDED:
        return ""
    return f"iperf3 {found[1]}.{found[2]} does not report its counters while it runs; 3.17 does"


def _names(packages: Iterable[str], column: str) -> Iterator[str]:
    columns = ("debian", "ubuntu", "fedora", "arch")
    known = {row[0]: dict(zip(columns, row, strict=True)) for row in _rows("package_names.txt")}
    for package in packages:
        name = known.get(package, {}).get(column, package)
        if name != "-":
            yield from (package if column == "debian" or name == "=" else name).split(",")


def _is_there(pattern: str) -> bool:
    return any(Path("/").glob(pattern.lstrip("/")))


def _rows(table: str) -> list[list[str]]:
    lines = (TABLES / table).read_text(encoding="utf-8").splitlines()
    return [line.split() for line in lines if line and not line.startswith("#")]


def _os_release(file: Path) -> dict[str, str]:
    try:
        words = shlex.split(file.read_text(encoding="utf-8"), comments=True)
    except (OSError, ValueError):
        return {}
    return dict(word.split("=", 1) for word in words if "=" in word)


BRINGS = {
    "mmdebstrap": "mmdebstrap",
    "newuidmap": "uidmap",
    "sfdisk": "fdisk",
    "mke2fs": "e2fsprogs",
    "debugfs": "e2fsprogs",
    "mformat": "mtools",
    "mcopy": "mtools",
    "qemu-img": "qemu-utils",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
}
SYSTEM_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"
"""Not on the PATH of Debian's ordinary users, though they may run what lies there."""
BUILDING = ("mmdebstrap", "newuidmap", "sfdisk", "mke2fs", "debugfs", "mformat", "mcopy")
ENTERING = ("ssh", "ssh-keygen")
EXPORTING = ("debugfs", "qemu-img")


def emulator(architecture: Architecture) -> str:
    return f"qemu-system-{architecture}"


def find(program: str) -> str | None:
    """Its path, also where only administrators' PATH leads."""
    return shutil.which(program) or shutil.which(program, path=SYSTEM_FOLDERS)


def require(programs: Iterable[str], purpose: str) -> None:
    """Raises EnvironmentUnsupported, naming the packages, unless all are here."""
    missing = [program for program in programs if find(program) is None]
    if missing:
        packages = " ".join(sorted({package_of(program) for program in missing}))
        raise EnvironmentUnsupported(
            f"{', '.join(missing)} not found, and {purpose} needs it",
            f"sudo apt-get install --no-install-recommends {packages}",
        )


def package_of(program: str) -> str:
    for architecture, package in PACKAGES.items():
        if program == emulator(architecture):
            return package
    return BRINGS[program]
