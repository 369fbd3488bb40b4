"""Ways out of a guest, each tried once.

    ways_out.py PREFIX HOME OUT [VICTIM PORT ABSTRACT PATH_SOCKET]

Standard library only. PREFIX is where the host's files are: empty in the process of a guest itself,
which stands for a guest's kernel that was taken over; a read-write mount of hostfs in a guest.
Prints a JSON object: for each way, what was got, or the error. The caller looks at HOME as well.
"""

import ctypes
import json
import os
import signal
import socket
import sys
from pathlib import Path

PTRACE_ATTACH, IO_URING_SETUP, TIOCSTI = 16, 425, 0x5412
CLONE_NEWUSER = 0x10000000
libc = ctypes.CDLL(None, use_errno=True)


def checked(result):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return f"returned {result}"


def on_files(prefix, home, out):
    """Escapes by files: all are open to root of a guest over hostfs."""
    there = Path(f"{prefix}{home}")
    shell, key, other = there / ".bashrc", there / ".ssh" / "id", there / "other"
    return {
        "append to a start-up file": lambda: shell.open("a").write("evil"),
        "overwrite a start-up file": lambda: shell.write_text("evil"),
        "truncate a file": lambda: os.truncate(shell, 0),
        "make a file in the home": lambda: (there / "new").write_text("evil"),
        "make a folder in the home": (there / "folder").mkdir,
        "make a file in /var/tmp": lambda: Path(f"{prefix}/var/tmp/corridor-escape").write_text(
            "x"
        ),
        "make a file in /dev/shm": lambda: Path(f"{prefix}/dev/shm/corridor-escape").write_text(
            "x"
        ),
        "make a job of cron": lambda: Path(f"{prefix}/etc/cron.d/corridor-escape").write_text("x"),
        "remove a file": other.unlink,
        "rename a file": lambda: other.rename(there / "renamed"),
        "move a file into the result folder": lambda: other.rename(f"{out}/moved"),
        "read a key": key.read_text,
        "list the keys": lambda: os.listdir(key.parent),
        "list the home": lambda: os.listdir(there),
        "link a key into the result folder": lambda: os.link(key, f"{out}/hard"),
        "leave a symbolic link for the host to follow": lambda: os.symlink(shell, f"{out}/soft"),
        "climb out of the result folder": lambda: Path(f"{out}/../home/.ssh/id").read_text(),
        "make a device": lambda: os.mknod(f"{out}/disk", 0o60600, os.makedev(8, 0)),
        "make a pipe for the host to wait at": lambda: os.mkfifo(f"{out}/pipe"),
        "open a key to everybody": lambda: key.chmod(0o666),
        "give a file away": lambda: os.chown(other, 65534, 65534),
        "date a file back": lambda: os.utime(other, (0, 0)),
        "name an attribute of a file": lambda: os.setxattr(other, "user.evil", b"1"),
        "read what only root may read": lambda: Path(f"{prefix}/etc/shadow").read_text(),
    }


def on_processes(victim, port, abstract, path_socket):
    """Escapes of a compromised guest kernel."""
    process = Path(f"/proc/{victim}")

    def connect(kind, address):
        with socket.socket(kind, socket.SOCK_STREAM) as one:
            one.connect(address)
        return "connected"

    def trace():
        return checked(libc.ptrace(PTRACE_ATTACH, victim, None, None))

    return {
        "read the environment of a process": lambda: (process / "environ").read_bytes().decode(),
        "read the memory of a process": lambda: (process / "mem").open("rb").read(1),
        "go through the root of a process": lambda: os.listdir(process / "root/"),
        "trace a process": trace,
        "end a process": lambda: os.kill(victim, signal.SIGKILL),
        "connect to a port": lambda: connect(socket.AF_INET, ("127.0.0.1", port)),
        "connect to an abstract socket": lambda: connect(socket.AF_UNIX, f"\0{abstract}"),
        "connect to a socket in the home": lambda: connect(socket.AF_UNIX, path_socket),
        "set up io_uring": lambda: checked(libc.syscall(IO_URING_SETUP, 1, bytes(120))),
        "make a user namespace": lambda: checked(libc.unshare(CLONE_NEWUSER)),
        "type into a terminal": lambda: checked(libc.ioctl(0, TIOCSTI, b"x")),
        "keep a secret of the environment": lambda: os.environ["SECRET"],
    }


def tried(ways):
    outcome = {}
    for name, way in ways.items():
        try:
            outcome[name] = {"got": repr(way())}
        except (OSError, KeyError) as error:
            outcome[name] = {"error": str(error)}
    return outcome


if __name__ == "__main__":
    prefix, home, out, *rest = sys.argv[1:]
    ways = on_files(prefix, home, out)
    if prefix:
        Path(prefix).mkdir(parents=True)
        checked(libc.mount(b"none", prefix.encode(), b"hostfs", 0, b"/"))
    if rest:
        victim, port, abstract, path_socket = rest
        ways |= on_processes(int(victim), int(port), abstract, path_socket)
    print(json.dumps(tried(ways)))
