"""What the process of a guest may do to this machine, also once it has been taken over.

Standard library only. It may write its scratch folder and its result folder, and read the system's
files and those that it was given. It has no network, no other process of the user and, for root, no
capability but to write into folders of other users. Landlock does it, else bubblewrap, both with a
filter of system calls; where neither is available, the filter is all that there is.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import stat
import struct
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from corridor.experiments.testbeds import landlock, syscall_filter

Means = Literal["landlock", "bubblewrap", "none"]
MEANS: tuple[Means, ...] = ("landlock", "bubblewrap", "none")
SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin", "/opt", "/sys")
"""What programs of the system consist of: any user may read it."""
SETTINGS = "/etc"
KERNEL_FACTS = ("/proc/cpuinfo", "/proc/sys/vm/overcommit_memory")
DEVICES = tuple(f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom"))
MOUNT_POINTS = ("/run", "/tmp", "/var/tmp", "/mnt")
"""Empty folders, over which a guest mounts its own."""
ABI_OF_SIGNALS = landlock.SCOPES_SINCE
"""Older versions of Landlock leave signals to the user's other processes (before Linux 6.12)."""
NOT_CONTAINED = (
    "this machine cannot contain a guest: its programs could write all files that you may write; "
    "boot a Linux of 5.13 or later with Landlock, or install bubblewrap"
)
PR_CAPBSET_DROP, CAPABILITIES = 24, 64
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION = 0x20080522
EVERYBODY_READS = stat.S_IROTH
BWRAP = "bwrap"
LESS_THAN_ROOT = ("setpriv", "--bounding-set=-all,+dac_override", "--inh-caps=-all")
"""A program that gains capabilities by being root's is started with another layout of its memory,
against which the guest's kernel would start itself again, for ever. So they cannot be gained."""
TRIAL_S = 10


@dataclass(frozen=True)
class Allowed:
    """Paths of the host that a guest's process may use, besides those of the system."""

    reads: tuple[str, ...]
    writes: tuple[str, ...]
    scratch: tuple[str, ...]
    """Folders that no one reads after the guest: sockets may be made there as well."""
    lists: tuple[str, ...] = ()
    """Folders below which names of files may be listed."""


def means() -> Means:
    """Return what contains guests on this machine: the strictest means that works."""
    version = landlock.version()
    if version >= ABI_OF_SIGNALS:
        return "landlock"
    if _bubblewrap_works():
        return "bubblewrap"
    return "landlock" if version else "none"


def _bubblewrap_works() -> bool:
    """Containers and some kernels forbid the namespaces that it needs."""
    if shutil.which(BWRAP) is None:
        return False
    words = [BWRAP, "--ro-bind", "/", "/", "--unshare-pid", "--proc", "/proc", "true"]
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        return (
            subprocess.run(words, capture_output=True, timeout=TRIAL_S, check=False).returncode == 0
        )
    return False


def is_private(folder: Path) -> bool:
    """Return whether a folder is the user's home, or contains it: no guest reads that unasked."""
    with contextlib.suppress(RuntimeError):
        return Path.home().resolve().is_relative_to(folder.resolve())
    return False


def enter(how: Means, allowed: Allowed, command: Sequence[str]) -> list[str]:
    """Contain this process as far as can be, and return the words that it has to become.

    Raises OSError where the kernel refuses what ``means`` found.
    """
    if how == "bubblewrap":
        return bubblewrap(allowed, command, _filter_file())
    drop_capabilities()
    if how == "landlock":
        landlock.restrict(rules(allowed))
    if os.uname().machine in syscall_filter.ARCHITECTURES:
        syscall_filter.install()
    return list(command)


def rules(allowed: Allowed) -> list[tuple[str, int]]:
    """Return the rules of Landlock: paths with the rights below them."""
    read = landlock.READ
    return [
        *((path, read) for path in (*SYSTEM, *settings(), *allowed.reads)),
        *((path, landlock.READ_DIR) for path in (SETTINGS, *allowed.lists)),
        (f"/proc/{os.getpid()}", landlock.READ_FILE | landlock.READ_DIR),
        *((path, landlock.READ_FILE) for path in KERNEL_FACTS),
        *((path, landlock.READ_FILE | landlock.WRITE_FILE) for path in DEVICES),
        *((path, landlock.WRITE_FOLDER) for path in allowed.writes),
        *((path, landlock.WRITE_FOLDER | landlock.MAKE_SOCK) for path in allowed.scratch),
    ]


def bubblewrap(allowed: Allowed, command: Sequence[str], filter_fd: int) -> list[str]:
    """Return the words that start ``command`` in a file system of what is allowed, and no more."""
    words = [
        shutil.which(BWRAP) or BWRAP,
        "--die-with-parent",
        "--unshare-ipc",
        "--unshare-pid",
        "--unshare-net",
    ]
    words += ["--unshare-uts", "--unshare-cgroup-try"]
    for path in (*SYSTEM, *settings()):
        if Path(path).is_symlink():
            words += ["--symlink", str(Path(path).readlink()), path]
        elif Path(path).exists():
            words += ["--ro-bind", path, path]
    words += ["--proc", "/proc", "--dev", "/dev"]
    words += [word for path in MOUNT_POINTS for word in ("--dir", path)]
    in_system = {
        path for path in allowed.reads for part in SYSTEM if Path(path).is_relative_to(part)
    }
    reads = sorted(set(allowed.reads) - in_system)
    for how, paths in (("--ro-bind-try", reads), ("--bind-try", allowed.writes + allowed.scratch)):
        words += [word for path in _outermost(paths) for word in (how, path, path)]
    words += ["--remount-ro", "/", "--chdir", str(Path.cwd()), "--seccomp", str(filter_fd)]
    program, *arguments = command
    words += [
        "--",
        *(LESS_THAN_ROOT if os.geteuid() == 0 else ()),
        program if "/" in program else f"./{program}",
        *arguments,
    ]
    return words


def _outermost(paths: Iterable[str]) -> list[str]:
    """Folders before what lies in them: a mount would cover what was mounted below it before."""
    return sorted(set(paths), key=len)


def contained(how: Means, process: int) -> int:
    """Return the process of the command, where ``process`` became the words of ``enter``.

    Bubblewrap waits in two processes: one outside the namespace of processes, and the first inside.
    """
    if how == "bubblewrap":
        for _ in range(2):
            children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
            process = int(children[0]) if children else process
    return process


def settings() -> list[str]:
    """Return the parts of ``/etc`` that everybody may read: root would read the rest, too."""
    if os.geteuid() != 0:
        return [SETTINGS]
    return _read_by_everybody(SETTINGS)[0]


def _read_by_everybody(folder: str) -> tuple[list[str], bool]:
    """The largest trees in ``folder`` without anything private, and whether that is all of it."""
    found: list[str] = []
    whole = True
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda one: one.name):
            if not entry.is_symlink() and not entry.stat().st_mode & EVERYBODY_READS:
                whole = False
            elif entry.is_dir(follow_symlinks=False):
                inside, all_of_it = _read_by_everybody(entry.path)
                found += [entry.path] if all_of_it else inside
                whole = whole and all_of_it
            else:
                found.append(entry.path)
    return found, whole


def drop_capabilities() -> None:
    """Give up what makes root more than a user, except to write where another user owns the folder.

    An ordinary user has nothing to give up.
    """
    if os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    for number in range(CAPABILITIES):
        if number != CAP_DAC_OVERRIDE:
            libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0)
    kept = 1 << CAP_DAC_OVERRIDE
    libc.capset(
        struct.pack("=Ii", CAPABILITY_VERSION, 0), struct.pack("=IIIIII", kept, kept, 0, 0, 0, 0)
    )


def _filter_file() -> int:
    """A descriptor that bubblewrap reads the filter of system calls from."""
    reads, writes = os.pipe()
    os.write(writes, syscall_filter.program())
    os.close(writes)
    os.set_inheritable(reads, True)
    return reads
