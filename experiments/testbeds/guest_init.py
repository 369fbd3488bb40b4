"""First process of a guest, started by ``guest_command.py``. Standard library only.

Mounts what is missing over the read-only host root, gives the run a
writable view of its result folder and nothing else, executes the plan in a child
with the code every testbed shares, and switches the machine off. With the argument
``command`` it executes the argument list in the folder's ``command.json`` instead,
with ``keep`` it keeps a network until the second console closes, with ``serve`` it carries out
the plans that are named there, with ``program`` it runs a user's program.
"""

# pathlib is one more import, and imports are dear in a guest.
# ruff: noqa: PTH103, PTH112, PTH119, PTH120, PTH123, PTH208, PTH211

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import json
import os
import socket
import struct
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn

MS_RDONLY, MS_BIND = 1, 4096
SYS_INIT_MODULE = 175  # x86-64, the only machine User Mode Linux runs on here
# A guest's default, 62 MB in all, is one transfer over 20 ms at 1 Gbit/s; memory pressure
# would then hold its window at 40 kB for good.
TCP_MEMORY_PAGES = "4000000 4000000 4000000"
RB_POWER_OFF = 0x4321FEDC
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
HOST_LINKS = "/proc/self/cwd"
"""Where the host finds what a guest mounts: in the working directory of its kernel."""
FILES = "CORRIDOR_FILES"
"""Names in the environment how a guest has the host's files, if not by hostfs."""
NINE_P = "9p"
NINE_P_UNCACHED = "trans=virtio,version=9p2000.L,msize=512000,access=any"
NINE_P_OPTIONS = f"{NINE_P_UNCACHED},cache=loose"
"""A guest's cache is never stale: no one else writes to what it sees while it lives."""
PLACE = "/run/corridor"
PROJECT = f"{PLACE}/project"
PYTHON_PREFIX = f"{PLACE}/python"
PYTHON = f"{PYTHON_PREFIX}/bin/python3"
OUT = f"{PLACE}/out"
HOST_OUT = f"{PLACE}/out-of-host"
"""Where an emulated machine has the result folder: its own is in memory until it ends."""
SPINNER = "CORRIDOR_SPINNER"
"""Names in the environment the process that keeps an emulated machine busy."""
UML_MODULES = "/usr/lib/uml/modules"
NEEDED_MODULES = (
    *("veth", "sch_netem", "sch_prio", "cls_u32", "openvswitch", "tun"),
    *("ifb", "sch_htb", "sch_drr", "sch_fq_codel", "sch_pie"),
    *("sch_ingress", "cls_matchall", "cls_bpf", "act_mirred"),
)
MININETS_MODULES = (
    *("sch_htb", "sch_hfsc", "sch_red", "sch_tbf", "sch_ingress", "cls_u32", "act_mirred"),
    *("ifb", "bridge", "8021q"),
)
"""What else links of Mininet and its examples ask for."""
FOLDER = "folder"
"""Link to the folder that a program of a user's is started in."""
RANDOM_OCTETS = 1 << 16
LINKER_CACHE = "/etc/ld.so.cache"
LINKER_CACHE_OCTETS = 1 << 20
POPULATED = (
    "-c",
    (
        "import ctypes,runpy,sys;"
        "ctypes.CDLL(None).mlockall(2);"
        "runpy.run_module(sys.argv.pop(1),None,'__main__',True)"
    ),
)
"""As ``controller_start.py`` has it."""
VIRTUAL_CLOCK = "time-travel=inf-cpu"
_libc = ctypes.CDLL(None, use_errno=True)


def mount(source: str, target: str, kind: str, flags: int = 0, data: str = "") -> None:
    """A file system on a folder, which is made; raises OSError naming the target."""
    os.makedirs(target, exist_ok=True)
    _mount(source, target, kind, flags, data)


def bind(source: str, target: str) -> None:
    """One file over another that is there."""
    _mount(source, target, None, MS_BIND, "")


def _mount(source: str, target: str, kind: str | None, flags: int, data: str) -> None:
    encoded = [None if part is None else part.encode() for part in (source, target, kind)]
    if _libc.mount(*encoded, flags, data.encode() or None):
        number = ctypes.get_errno()
        raise OSError(number, f"mount {kind or 'bind'} on {target}: {os.strerror(number)}")


def is_emulated() -> bool:
    """Whether this is a machine of QEMU, whose clock skips the time in which it waits for files."""
    return os.environ.get(FILES) == NINE_P


def keep_busy() -> None:
    """A process that runs whenever no other does, so that no time is skipped: see
    ``lab/planned_instants.py``."""
    spinner = os.fork()
    if spinner == 0:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        while True:
            pass
    os.environ[SPINNER] = str(spinner)


def results_in_memory() -> contextlib.AbstractContextManager[None]:
    """The host's result folder as one in memory, brought out while entered and on leaving."""
    sys.path.insert(0, PROJECT)
    from corridor.experiments.testbeds.brought_out import brought_out

    return brought_out(OUT, HOST_OUT)


def mount_of_host(name: str, target: str, flags: int) -> None:
    """A folder of the host, by the name that it has in the working directory of the kernel.

    What is written in an emulated machine is with the host at once.
    """
    if is_emulated():
        options = NINE_P_OPTIONS if flags & MS_RDONLY else NINE_P_UNCACHED
        mount(name, target, NINE_P, flags, options)
    else:
        mount("none", target, "hostfs", flags, f"{HOST_LINKS}/{name}")


def prepare(modules: tuple[str, ...] = NEEDED_MODULES) -> None:
    """A system with proc, sys, dev and scratch space, Python, and the result folder under ``OUT``.

    ``/run`` is scratch space already, and holds the project.
    """
    mount("proc", "/proc", "proc")
    mount("sysfs", "/sys", "sysfs")
    if not os.path.ismount("/dev"):  # Debian's kernel has done it already
        mount("devtmpfs", "/dev", "devtmpfs")
    mount("devpts", "/dev/pts", "devpts")
    os.symlink("/proc/self/fd", "/dev/fd")
    load_modules(f"{UML_MODULES}/{os.uname().release}", modules)
    mount("tmpfs", "/tmp", "tmpfs")
    mount_of_host(os.path.basename(PYTHON_PREFIX), PYTHON_PREFIX, MS_RDONLY)
    if is_emulated():
        mount_of_host(os.path.basename(OUT), HOST_OUT, 0)
        mount("tmpfs", OUT, "tmpfs")
    else:
        mount_of_host(os.path.basename(OUT), OUT, 0)
    _hide_where_the_host_keeps_them()
    _pad_linker_cache()
    socket.sethostname("corridor")
    with open("/proc/sys/net/ipv4/tcp_mem", "w") as pages:
        pages.write(TCP_MEMORY_PAGES)
    _loopback_up()


def _hide_where_the_host_keeps_them() -> None:
    """Remove its own place and the checkout's from the environment.

    Python reads both when it starts. The length of a path shapes its memory, a folder that is
    not there costs ticks, and the code is a copy here.
    """
    cover = f"{PLACE}/pyvenv.cfg"
    with open(cover, "w") as file:
        file.write(f"home = {os.path.dirname(sys.executable)}\n")
        file.write("include-system-site-packages = false\n")
    bind(cover, f"{PYTHON_PREFIX}/pyvenv.cfg")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = f"{PYTHON_PREFIX}/lib/{version}/site-packages"
    for name in os.listdir(packages):
        if name.startswith("__editable__") and name.endswith(".pth"):
            bind("/dev/null", f"{packages}/{name}")


def _pad_linker_cache() -> None:
    """Give the list of the host's libraries a length that does not depend on how many there are.

    Every program maps that list before its libraries, so its length shifts their addresses. Open
    vSwitch orders some of its work by addresses, which moves when packets are sent.
    """
    cover = f"{PLACE}/ld.so.cache"
    try:
        with open(LINKER_CACHE, "rb") as file:
            listed = file.read()
    except FileNotFoundError:  # programs look into folders instead
        return
    with open(cover, "wb") as file:
        file.write(listed)
        file.truncate(-(-len(listed) // LINKER_CACHE_OCTETS) * LINKER_CACHE_OCTETS)
    bind(cover, LINKER_CACHE)


def load_modules(folder: str, names: tuple[str, ...]) -> None:
    """What a network needs of Debian's kernel; the one built for the virtual clock has it all.

    Straight into the kernel: the modules are not where modprobe looks, and the root is read-only.
    """
    if not os.path.isdir(folder):
        return
    with open(f"{folder}/modules.dep") as listing:
        needs = dict(line.split(":", 1) for line in listing)
    by_name = {os.path.basename(path).partition(".")[0]: path for path in needs}
    loaded: set[str] = set()
    for name in names:
        path = by_name[name]
        for part in (*reversed(needs[path].split()), path):
            if part not in loaded:
                _load_module(f"{folder}/{part}")
                loaded.add(part)


def _load_module(path: str) -> None:
    with open(path, "rb") as module:
        image = module.read()
    if _libc.syscall(SYS_INIT_MODULE, image, ctypes.c_ulong(len(image)), b""):
        number = ctypes.get_errno()
        raise OSError(number, f"loading {path}: {os.strerror(number)}")


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(control, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def run_plan() -> NoReturn:
    """Become the one code path of every testbed."""
    make_repeatable()
    words = [PYTHON, *POPULATED, "corridor.experiments.lab.execute", f"{OUT}/raw/plan.json", OUT]
    os.execv(PYTHON, words)  # noqa: S606


def make_repeatable() -> None:
    """Have the random numbers of programs not depend on which others have drawn before.

    Open vSwitch draws from ``/dev/urandom`` when it sends for BFD: each program that opens it reads
    the same octets. ``/dev/random`` stays the kernel's, to begin its numbers again at planned
    instants. Nothing is done by other clocks.
    """
    with open("/proc/cmdline") as words:
        if VIRTUAL_CLOCK not in words.read().split():
            return
    cover = f"{PLACE}/urandom"
    with open(cover, "wb") as file:
        for number in range(RANDOM_OCTETS // 64):
            file.write(hashlib.sha512(b"corridor %d" % number).digest())
    bind(cover, "/dev/urandom")


def run_command() -> NoReturn:
    """Become the command, its output in files and its input open but silent."""
    with open(f"{OUT}/command.json") as file:
        arguments = json.load(file)
    for number, name in ((1, "stdout.txt"), (2, "stderr.txt")):
        os.dup2(os.open(f"{OUT}/{name}", os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    silent, held_open = os.pipe()
    os.dup2(silent, 0)
    os.set_inheritable(held_open, True)  # an end of file would set a shell's poll spinning
    os.execvp(arguments[0], arguments)  # noqa: S606


def keep_network() -> NoReturn:
    """Become the keeping of the folder's network."""
    words = [
        PYTHON,
        "-m",
        "corridor.experiments.live_network.inside",
        OUT,
        "/tmp/kept",
        "/dev/tty1",
    ]
    os.execv(PYTHON, words)  # noqa: S606


def serve_plans() -> NoReturn:
    """Become what carries out one plan after another on one network."""
    make_repeatable()
    words = [PYTHON, *POPULATED, "corridor.experiments.lab.serving", OUT, "/dev/tty1"]
    os.execv(PYTHON, words)  # noqa: S606


def run_program() -> NoReturn:
    """Become what builds a network and runs a program of a user's in it."""
    words = [PYTHON, "-m", "corridor.experiments.run.programs_inside", OUT, "/dev/tty1"]
    os.execv(PYTHON, words)  # noqa: S606


def in_a_child(become: Callable[[], NoReturn]) -> int:
    """Start its own session; its exit code, or 128 and the signal that ended it."""
    child = os.fork()
    if child == 0:
        try:
            os.setsid()
            os.chdir(PROJECT)
            become()
        except BaseException:  # noqa: BLE001 - a child ends here, whatever happens
            traceback.print_exc()
        finally:
            os._exit(3)
    while True:
        pid, status = os.wait()
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def main() -> None:
    code = 3
    try:
        # User Mode Linux adds its own words at the end.
        asked = sys.argv[1] if len(sys.argv) > 1 else ""
        if is_emulated():
            keep_busy()
        prepare(NEEDED_MODULES + (MININETS_MODULES if asked == "program" else ()))
        others = {
            "command": run_command,
            "keep": keep_network,
            "serve": serve_plans,
            "program": run_program,
        }
        with results_in_memory() if is_emulated() else contextlib.nullcontext():
            code = in_a_child(others.get(asked, run_plan))
    except OSError as error:
        print(json.dumps({"event": "failed", "message": f"guest: {error}", "code": 3}))
    finally:
        print(json.dumps({"event": "exit", "code": code}), flush=True)
        os.sync()
        _libc.reboot(RB_POWER_OFF)


if __name__ == "__main__":
    main()
