"""Give the programs of a guest an ``/etc`` that they can write, and a resolver that fails at once.

Standard library only. The host's files stay where they are: the guest sees links to them, and
copies of the few that programs change. Changes are lost with the guest.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from pathlib import Path

from corridor.experiments.testbeds.guest_init import PLACE, bind, mount

SETTINGS = Path("/etc")
OF_HOST = Path(PLACE, "etc")
WRITTEN = ("hosts", "network", "ssh", "sysctl.conf")
"""Files and folders that scripts of networks add lines to."""
RESOLVER = """\
# Nothing answers on port 53 here, so a name that /etc/hosts does not have fails at once.
nameserver 127.0.0.1
options attempts:1 timeout:1
"""
"""The host's own resolver cannot be reached, and its address can be that of a hub: a query to it
would wait for 10 s."""


def mount_settings() -> None:
    """Mount the guest's own ``/etc``. Raises OSError where the kernel refuses a mount."""
    OF_HOST.mkdir(parents=True, exist_ok=True)
    bind(str(SETTINGS), str(OF_HOST))
    mount("tmpfs", str(SETTINGS), "tmpfs", data="mode=755")
    fill(SETTINGS, OF_HOST)
    if (SETTINGS / "ssh/sshd_config").exists():
        Path("/run/sshd").mkdir(exist_ok=True)
        make_host_key(SETTINGS / "ssh")


def fill(settings: Path, of_host: Path) -> None:
    """Fill an empty folder with links to the settings of the host, and copies of some."""
    for source in of_host.iterdir():
        target = settings / source.name
        if source.is_symlink():
            target.symlink_to(source.readlink())
        elif source.name not in WRITTEN:
            target.symlink_to(source)
        else:
            _copy(source, target)
    (settings / "network").mkdir(exist_ok=True)
    resolver = settings / "resolv.conf"
    resolver.unlink(missing_ok=True)
    resolver.write_text(RESOLVER)


def make_host_key(folder: Path) -> None:
    """Make the key that ``sshd`` needs: the guest must not read those of this machine."""
    key = folder / "ssh_host_ed25519_key"
    key.unlink(missing_ok=True)
    make = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "guest", "-f", str(key))
    with contextlib.suppress(FileNotFoundError):
        subprocess.run(make, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def _copy(source: Path, target: Path) -> None:
    """Leave out what the guest may not read."""
    with contextlib.suppress(OSError):
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True)
        else:
            shutil.copyfile(source, target)
