"""What a program finds in a lab, and what host and guest tell each other of it, in files.

Hosts by name, a command to enter them, Mininet's helpers; what a lab is to be, and how it ended.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from corridor.controller.forwarding.program import Program
from corridor.experiments.testbeds.guest_init import FOLDER, HOST_LINKS, MS_RDONLY, bind, mount
from corridor.experiments.testbeds.guest_settings import mount_settings
from corridor.topologies.base.codec import from_plain, to_plain
from corridor.topologies.base.installation import IMPORT_ROOT
from corridor.topologies.emulation.shell import put_iperf
from corridor.topologies.model.wiring import HostEnd, Wiring

MS_REC, MS_PRIVATE = 16384, 1 << 18
HOSTS = Path("/etc/hosts")
BOOT = Path("/boot")
REAL_TIME_LIMITS = "CONFIG_RT_GROUP_SCHED"
CGROUPS = "/sys/fs/cgroup"
CONTROLLERS = ("cpu", "cpuacct")
"""As version 1 of control groups, which is what Mininet 2.3 knows."""

HUB = """\
#!/bin/sh
# hub NAME COMMAND...: run a command in the host of a hub, which is also h1, h2 and so on.
number=0
while read -r name address place; do
    number=$((number + 1))
    if [ "$name" = "$1" ] || [ "h$number" = "$1" ]; then
        shift
        exec nsenter --net="$place" "$@"
    fi
done <"$CORRIDOR_HOSTS"
echo "hub: no hub is called '$1'; they are in $CORRIDOR_HOSTS" >&2
exit 127
"""
MN = """\
#!/bin/sh
# Mininet's command, by the Python that knows the models.
exec {python} /usr/bin/mn "$@"
"""
RYU = """\
#!/bin/sh
# As in .venv, whose scripts name a Python that a guest may not see.
exec {python} -m corridor.controller.openflow.ryu_manager "$@"
"""
CONTROLLER = """\
#!/bin/sh
# What Mininet calls its reference controller, here a learning switch of Ryu's: -v ptcp:[PORT].
for word; do
    case $word in ptcp:*) port=${{word#ptcp:}} ;; esac
done
app=corridor.controller.reconcile.learning_app
exec {python} -m corridor.controller.reconcile.app_main --app "$app" --port "${{port:-6633}}"
"""
WITHOUT_CPUSETS = """\
#!/bin/sh
# A guest has one processor, and so no sets of them.
for word; do
    shift
    set -- "$@" "$(printf %s "$word" | sed 's/,cpuset:/:/')"
done
exec /usr/bin/{name} "$@"
"""


def in_a_guest(folder: str) -> None:
    """Mount what programs expect of a machine, and the folder that one is started in, if that
    lies where a guest sees nothing of the host."""
    mount("tmpfs", "/dev/shm", "tmpfs")
    mount("cgroup", CGROUPS, "tmpfs")
    for name in CONTROLLERS:
        mount("cgroup", f"{CGROUPS}/{name}", "cgroup", data=name)
    mount_settings()
    _put_kernel_options()
    if not Path(folder).is_dir():
        mount("none", folder, "hostfs", MS_RDONLY, f"{HOST_LINKS}/{FOLDER}")


def _put_kernel_options() -> None:
    """Let Mininet find out whether this kernel can limit real-time processes, as in Debian."""
    if BOOT.is_dir():
        mount("tmpfs", str(BOOT), "tmpfs")
        has_limits = Path(CGROUPS, "cpu/cpu.rt_runtime_us").exists()
        option = f"{REAL_TIME_LIMITS}=y" if has_limits else f"# {REAL_TIME_LIMITS} is not set"
        (BOOT / f"config-{os.uname().release}").write_text(option + "\n")


def put_commands(folder: Path, *, guest: bool) -> None:
    """Commands that are found before the system's."""
    folder.mkdir()
    commands = {"hub": HUB}
    if guest:
        commands |= {
            "mn": MN.format(python=sys.executable),
            "controller": CONTROLLER.format(python=sys.executable),
            "ryu-manager": RYU.format(python=sys.executable),
            **{name: WITHOUT_CPUSETS.format(name=name) for name in ("cgcreate", "cgdelete")},
        }
    for name, text in commands.items():
        file = folder / name
        file.write_text(text)
        file.chmod(0o755)
    if guest:
        put_iperf(folder)


def hosts_by_hub(wiring: Wiring, namespace_of: Callable[[str], str]) -> str:
    """A line for each host, those of hubs first: name, address, a path to its namespace."""
    hosts: tuple[HostEnd, ...] = (
        *wiring.hubs,
        *(host for hub in wiring.hubs for host in hub.hosts),
    )
    return "".join(
        f"{one.name}  {ip}  {namespace_of(one.name)}\n"
        for one in hosts
        for ip in wiring.addresses(one)
    )


def name_hosts(wiring: Wiring, file: Path) -> None:
    """Let programs that are started from here, and no one else, resolve the names of hosts."""
    if not HOSTS.is_file():
        return
    lines = [
        f"{ip} {host.name} {host.host}\n" for host in wiring.hosts for ip in wiring.addresses(host)
    ]
    file.write_text(HOSTS.read_text(errors="replace").rstrip("\n") + "\n" + "".join(lines))
    os.unshare(os.CLONE_NEWNS)
    mount("none", "/", "none", MS_REC | MS_PRIVATE)
    bind(str(file), str(HOSTS))


def environment(commands: Path) -> dict[str, str]:
    """Of the program, in addition to what this process has."""
    return {
        "PATH": f"{commands}:{os.environ.get('PATH', os.defpath)}",
        "PYTHONPATH": str(IMPORT_ROOT),
    }


SETTING, ENDED = "lab.json", "ended.json"
STDIN, STDIN_ENDS = "stdin", "stdin.end"
STDOUT, STDERR = "stdout.txt", "stderr.txt"
ALL_PAIRS, NONE, REMOTE = "corridor", "none", "remote"
"""Controllers; any other is an app of Ryu's or os-ken's, by its module or file."""
REMOTE_PORT = 6653


@dataclass(frozen=True)
class Setting:
    """One lab."""

    wiring: Wiring | None
    """None for a bare one: Open vSwitch runs, and nothing is built."""
    program: Program | None
    """Tables for every pair of hubs."""
    controller: str
    framework: str
    command: tuple[str, ...]
    """Empty for Mininet's shell."""
    folder: str
    """Where the command is started."""
    virtual: bool
    in_guest: bool
    terminal: tuple[str, int, int] | None
    """The kind of the terminal on the second console, its rows and columns."""
    follows_stdin: bool
    """Input may still come; else all of it is there, or there is none."""
    keeps: bool
    """The folder stays: the command receives its path."""

    def write(self, folder: Path) -> None:
        (folder / SETTING).write_text(json.dumps(to_plain(self)))

    @classmethod
    def read(cls, folder: Path) -> Setting:
        return from_plain(cls, json.loads((folder / SETTING).read_text()))


class Ended(NamedTuple):
    """How a lab ended: by the command's own end, or by our failure with its message."""

    by: str
    code: int
    message: str = ""

    def to_json(self) -> str:
        return json.dumps({name: said for name, said in self._asdict().items() if said != ""})

    @classmethod
    def from_json(cls, text: str) -> Ended:
        return cls(**json.loads(text))


BY_COMMAND, BY_CORRIDOR = "command", "corridor"
