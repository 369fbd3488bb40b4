"""The words a guest is booted with: the same wherever checkout, environment and results lie.

The kernel stirs its command line into its random numbers, and each file that a program opens or
misses can cost a tick of its clock. So what lies elsewhere on another machine is linked or copied
into the working directory of the kernel, and mounted from there. Pure.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from corridor.controller.forwarding.program import Program
from corridor.experiments.machines.kernel import Kernel
from corridor.experiments.plan.values import Plan
from corridor.experiments.testbeds.guest_init import (
    HOST_LINKS,
    MS_RDONLY,
    OUT,
    PROJECT,
    PYTHON,
    PYTHON_PREFIX,
    VIRTUAL_CLOCK,
)
from corridor.topologies.base.disk_cache import compiled_before
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.installation import PACKAGE
from corridor.topologies.base.seconds import NS_PER_S
from corridor.traffic.agents.stream_out import StreamOut

# What carrying out a plan takes: memory of a guest, and about how long. Pure.
#
# Fitted to runs of 5 to 968 hubs and 6 to 1,000 demands on a machine of 2 cores
# (docs/benchmarks.md). By it, a run of 2,031 hubs had a guest of 6 GB, which was enough. Memory is
# safe to rely on; the time is for a person who decides whether to wait.

MB = 1_000_000
BASE_MB, HUB_MB, ENTRY_MB = 200, 0.9, 0.016
DOMAIN_MB = 110
"""Of the two processes of a domain's controller."""
USUAL_GUEST_MB = 2048
GUEST_STEP_MB = 1024
SPARE = 2
"""A guest is offered this multiple of what it is likely to touch; unused memory costs nothing."""
BOOT_S, PORT_S, ENTRY_S = 3.0, 0.006, 0.001
PROBE_HOP_S, FRAME_S, TRANSFER_SHARE = 6e-5, 8e-6, 0.5
FRAME_BITS = 12_000
TOLD_S = 60


@dataclass(frozen=True)
class Needs:
    """Of one plan in a guest with the virtual clock."""

    touched_mb: int
    """What of its memory a guest is likely to touch."""
    guest_mb: int
    """What it is offered."""
    building_s: float
    measuring_s: float

    @property
    def said(self) -> str | None:
        """For who waits; None if it is not worth a word."""
        total_s = self.building_s + self.measuring_s
        if total_s < TOLD_S:
            return None
        return (
            f"this takes about {total_s / 60:.0f} min on 2 cores that do nothing else, "
            f"{self.building_s / 60:.1f} of them for the network and its tables, "
            f"and {self.touched_mb / 1000:.1f} GB"
        )


def needs(plan: Plan) -> Needs:
    """Reckoned from the size of its network, of its tables, and of what is sent."""
    hubs, fibres = len(plan.wiring.hubs), len(plan.wiring.fibres)
    entries = entries_of(plan.program)
    touched_mb = _touched_mb(hubs, entries)
    if plan.domains is not None:
        touched_mb += DOMAIN_MB * len(plan.domains.domains)
    return Needs(
        touched_mb=round(touched_mb),
        guest_mb=_offered_mb(touched_mb),
        building_s=BOOT_S + PORT_S * 2 * (hubs + fibres) + ENTRY_S * entries,
        measuring_s=_measuring_s(plan),
    )


def entries_of(program: Program) -> int:
    return sum(len(switch.flows) for switch in program.switches)


def guest_mb(hubs: int, entries: int) -> int:
    """What a guest with a network of a size is offered, for whatever else runs in it."""
    return _offered_mb(_touched_mb(hubs, entries))


def _touched_mb(hubs: int, entries: int) -> float:
    return BASE_MB + HUB_MB * hubs + ENTRY_MB * entries


def _offered_mb(touched_mb: float) -> int:
    return max(USUAL_GUEST_MB, int(-(-SPARE * touched_mb // GUEST_STEP_MB) * GUEST_STEP_MB))


def _measuring_s(plan: Plan) -> float:
    hops = sum(demand.probes * 2 * len(demand.fibres) for demand in plan.demands)
    bits: float = sum(
        stream.rate_bps * stream.duration_ns / NS_PER_S
        for host in plan.job.hosts
        for stream in host.of(StreamOut)
    )
    transfers_s = sum(transfer.duration_s for transfer in plan.transfers)
    longest = max((len(demand.fibres) for demand in plan.demands), default=0)
    return PROBE_HOP_S * hops + FRAME_S * longest * bits / FRAME_BITS + TRANSFER_SHARE * transfers_s


VIRTUAL_START_NS = 1_800_000_000_000_000_000  # 2027-01-15T08:00:00Z, a round second
NO_IPV6 = ("ipv6.disable=1",)
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


def code(more: Mapping[str, Path] = NOTHING_MORE) -> list[str]:
    """Orders for what it holds copies of: the package, compiled, and more folders as they are, by
    the name under which they are to be importable."""
    place = Path(PROJECT).name
    kept = compiled_before()
    return [
        *(f"--copy={place}/{name}={path}" for name, path in more.items()),
        f"--compiled={place}/{PACKAGE.name}={PACKAGE}",
        *([] if kept is None else [f"--kept={kept}"]),
    ]


def base_of_python() -> list[str]:
    """Return the folder of the Python that the environment rests on, and that of its program."""
    return [str(Path(sys.base_prefix).resolve()), str(Path(sys.executable).resolve())]


def boot_command(
    kernel: Kernel,
    virtual_clock: bool,
    *init_arguments: str,
    second_console: bool = False,
    memory_mb: int = USUAL_GUEST_MB,
    ipv6: bool = False,
) -> list[str]:
    """The kernel, to be started where ``links`` and ``code`` are, and its arguments.

    A second console is the kernel's standard input, in both directions. Without ``ipv6`` the kernel
    knows IPv4 only.
    """
    options = [
        f"mem={memory_mb}M",
        "rootfstype=hostfs",
        "rootflags=/",
        "ro",
        "quiet",
        "norandmaps",
        *NO_IPV6[ipv6:],
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
