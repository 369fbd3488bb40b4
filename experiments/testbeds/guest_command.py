"""The words a guest is booted with: the same wherever checkout, environment and results lie.

The kernel stirs its command line into its random numbers, and each file that a program opens or
misses can cost a tick of its clock. So what lies elsewhere on another machine is linked or copied
into the working directory of the kernel, and mounted from there. Pure.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from corridor.experiments.machines.kernel import Kernel
from corridor.experiments.testbeds.guest_init import (
    HOST_LINKS,
    MS_RDONLY,
    OUT,
    PROJECT,
    PYTHON,
    PYTHON_PREFIX,
    VIRTUAL_CLOCK,
)
from corridor.experiments.testbeds.needs import USUAL_GUEST_MB
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.installation import PACKAGE

VIRTUAL_START_NS = 1_800_000_000_000_000_000  # 2027-01-15T08:00:00Z, a round second
KERNEL_LINK = "linux"
NOTHING_MORE: Mapping[str, Path] = {}
INIT = "corridor/experiments/testbeds/guest_init.py"

GO_ON = f"exec(compile(open('{PROJECT}/{INIT}').read(),'{INIT}','exec'))"
# The system's Python runs this as first process: it makes the project visible and goes on in it.
FIRST_WORDS = (
    "import ctypes,os;"
    "mount=ctypes.CDLL(None).mount;"
    "mount(b'tmpfs',b'/run',b'tmpfs',0,None);"
    f"os.makedirs('{PROJECT}');"
    f"mount(b'none',b'{PROJECT}',b'hostfs',{MS_RDONLY},b'{HOST_LINKS}/{Path(PROJECT).name}');"
    f"{GO_ON}"
)


def links(
    kernel: Path,
    out_dir: Path,
    seen: Mapping[str, Path] = NOTHING_MORE,
    *,
    name: str = KERNEL_LINK,
) -> dict[str, Path]:
    """What the working directory of a guest's kernel links to; ``seen`` is more, by name.

    Resolved: hostfs mounts what a link leads to, but not through a second one.
    """
    return {
        name: kernel.resolve(),
        Path(OUT).name: out_dir.resolve(),
        Path(PYTHON_PREFIX).name: Path(sys.prefix).resolve(),
        **{more: path.resolve() for more, path in seen.items()},
    }


def copies(more: Mapping[str, Path]) -> dict[str, Path]:
    """What it holds copies of, without what Python has compiled by chance: the package, and more
    folders by the name under which they are to be importable."""
    return {
        f"{Path(PROJECT).name}/{name}": path
        for name, path in (*more.items(), (PACKAGE.name, PACKAGE))
    }


def base_of_python() -> list[str]:
    """Return the folder of the Python that the environment rests on, and that of its program."""
    return [str(Path(sys.base_prefix).resolve()), str(Path(sys.executable).resolve())]


def boot_command(
    kernel: Kernel,
    virtual_clock: bool,
    *init_arguments: str,
    second_console: bool = False,
    memory_mb: int = USUAL_GUEST_MB,
) -> list[str]:
    """The kernel, to be started where ``links`` and ``copies`` are, and its arguments.

    A second console is the kernel's standard input, in both directions.
    """
    options = [
        f"mem={memory_mb}M",
        "rootfstype=hostfs",
        "rootflags=/",
        "ro",
        "quiet",
        "norandmaps",
        "ipv6.disable=1",
        "con=null",
        "ssl=null",
        "con0=null,fd:1",
        *(["con1=fd:0"] if second_console else []),
        "umid=guest",
        f"init={Path(sys.executable).resolve()}",
    ]
    if kernel.seccomp:
        options.append("seccomp=on")
    if virtual_clock:
        options += [VIRTUAL_CLOCK, f"time-travel-start={VIRTUAL_START_NS}"]
    options += [f"{name}={value}" for name, value in guest_environment().items()]
    options += ["--", "-ISc", FIRST_WORDS, *init_arguments]
    return [KERNEL_LINK, *map(_quoted, options)]


def guest_environment() -> Mapping[str, str]:
    """What programs in a guest see; nothing of the caller's environment gets in."""
    return {
        "PATH": f"{Path(PYTHON).parent}:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/run",
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _quoted(argument: str) -> str:
    """One word of the kernel's command line, whose only quoting is a pair of double quotes."""
    if '"' in argument or "\n" in argument:
        raise EnvironmentUnsupported(
            f"a guest cannot be started by a Python with a quote or line end: {argument!r}",
            "use the system's Python",
        )
    if " " not in argument:
        return argument
    name, equals, value = argument.partition("=")
    return f'{name}{equals}"{value}"' if equals and " " not in name else f'"{argument}"'
