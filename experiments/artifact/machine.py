"""The environment of this machine, as far as runs depend on it."""

from __future__ import annotations

import importlib.metadata
import platform
import subprocess

from corridor.experiments.artifact.environment import Environment
from corridor.experiments.machines.kernel import find_kernel
from corridor.experiments.run.version import bundled, version_line
from corridor.experiments.study.bundle import program_digest
from corridor.topologies.base.codec import to_plain

SYSTEM = (
    *("openvswitch-switch", "openvswitch-common", "iproute2", "iperf3", "mininet", "ethtool"),
    *("util-linux", "procps", "libc6", "python3", "python3.12", "python3.13", "python3.14"),
)
"""By Debian's names. Other distributions tell none of them, and so are another environment."""
ASKED_S = 20
OWN = "corridor"
"""Of the emulator's own distribution, the files are compared, not the number."""


def environment_here() -> Environment:
    kernel = find_kernel()
    return Environment(
        program=program_digest(),
        version=version_line(),
        python=platform.python_version(),
        kernel=None if kernel is None else {**to_plain(kernel), "path": kernel.path.name},
        packages=_packages(),
        system=_system(),
    )


def _packages() -> dict[str, str]:
    found = {}
    for one in (*bundled(), *importlib.metadata.distributions()):
        name = one.metadata["Name"]
        if name and not name.lower().startswith(OWN):
            found[name.lower()] = one.version
    return dict(sorted(found.items()))


def _system() -> dict[str, str]:
    """Of packages that are installed. Empty where dpkg is not."""
    command = ["dpkg-query", "-W", "-f", "${Package} ${Version} ${db:Status-Abbrev}\n", *SYSTEM]
    try:
        said = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=ASKED_S
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return {}
    rows = [line.split() for line in said.splitlines()]
    return {name: version for name, version, *state in rows if state == ["ii"]}
