"""What a program finds in a lab: hosts by name, a command to enter them, Mininet's helpers."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from corridor.experiments.testbeds.guest_init import FOLDER, HOST_LINKS, MS_RDONLY, bind, mount
from corridor.experiments.testbeds.guest_settings import mount_settings
from corridor.topologies.base.installation import IMPORT_ROOT
from corridor.topologies.emulation.shell import put_iperf
from corridor.topologies.model.wiring import Wiring

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
    """A line for each hub: its name, its host's address, a path to that one's namespace."""
    return "".join(f"{hub.hub}  {hub.host_ip}  {namespace_of(hub.hub)}\n" for hub in wiring.hubs)


def name_hosts(wiring: Wiring, file: Path) -> None:
    """Let programs that are started from here, and no one else, resolve the names of hubs."""
    if not HOSTS.is_file():
        return
    lines = [f"{hub.host_ip} {hub.hub} {hub.host}\n" for hub in wiring.hubs]
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
