"""User data for cloud-init: the same machine, on any cloud image of Debian 13. Pure.

It is YAML by hand, since its reader wants comments and its first line.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from corridor.experiments.machines.qemu import DEBIAN_NAMES, Architecture

GROUPS = ("venv", "run", "amd64", "kernel")
"""Of the list of packages: what ``./corridor setup`` installs for emulating."""
TOOLS = ("ca-certificates", "git", "rsync", "sudo")
OWNER = "getent passwd | awk -F: '$3 >= 500 && $3 < 60000 && $6 ~ /^\\/home\\// {print $1; exit}'"
"""The image's first user: debian, or the one that Lima or Multipass makes."""


def packages(listed: str, architecture: Architecture) -> list[str]:
    """The packages of ``packages.txt`` for a machine that emulates, by name."""
    rows = [line.split(None, 3) for line in listed.splitlines()]
    wanted = [row for row in rows if len(row) == 4 and row[1] in GROUPS and row[0][0] != "#"]
    amd64 = DEBIAN_NAMES[architecture] == "amd64"
    return sorted({row[0] for row in wanted if amd64 or row[1] != "amd64"} | set(TOOLS))


def user_data(names: Sequence[str], *, clone: str = "") -> str:
    """Installs the packages; with the address of a repository, also the checkout and ``.venv``."""
    lines = ["#cloud-config", "# The corridor emulator on a cloud image of Debian 13."]
    if not clone:
        lines += [
            "# Bring the checkout in yourself, as a user who may sudo, then in it:",
            "#   sh experiments/machines/provision.sh --first-boot",
        ]
    lines += ["package_update: true", "packages:", *(f"  - {name}" for name in names)]
    if clone:
        script = (
            f"owner=$({OWNER}); cd /home/$owner && "
            f"su $owner -c {_in_shell(f'git clone {_in_shell(clone)} corridor')} && "
            "su $owner -c 'sh corridor/experiments/machines/provision.sh'"
        )
        lines += ["runcmd:", f"  - {json.dumps(['sh', '-c', script])}"]
    return "\n".join((*lines, ""))


def _in_shell(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
