"""What this machine can do, and for each thing it cannot, the command that repairs it.

``verdicts`` is pure; ``examine`` collects what it judges, without leaving anything behind.
"""

from __future__ import annotations

import importlib.metadata
import platform
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from corridor.experiments.machines import system_packages
from corridor.experiments.machines.kernel import cache_folder
from corridor.experiments.machines.kernel_build import DISK_NEEDED_BYTES
from corridor.experiments.run.version import version_of
from corridor.experiments.testbeds import containment
from corridor.experiments.testbeds.choice import Choice, Facts, choose_testbed
from corridor.experiments.testbeds.probe import probe
from corridor.topologies.base import installation
from corridor.topologies.base.errors import CorridorError

DISTRIBUTIONS = {
    "Ryu": ("ryu", "ryu"),
    "os-ken": ("os-ken", "emulate"),
    "eventlet": ("eventlet", "emulate"),
    "Scapy": ("scapy", "emulate"),
}
"""The distributions of programs in Python, and the extra that installs each."""
PACKAGES = {
    "Mininet": "mininet",
    "Open vSwitch": "openvswitch-switch",
    "iperf3": "iperf3",
    "iproute2": "iproute2",
    "BIRD": "bird2",
    "Vagrant": "vagrant",
    "Thai, Arabic letters": "fonts-noto-core",
    "Chinese letters": "fonts-noto-cjk",
}
OPTIONAL = {
    "BIRD": "only needed for plain routing (corridor routing)",
    "Vagrant": "only needed for the virtual machine",
    "Thai, Arabic letters": "figures then have Latin names only",
    "Chinese letters": "figures then have Latin names only",
}
"""What nothing fails without, and what it is for."""
TCX_SINCE = (6, 6)
"""The Linux since which eBPF programs are attached as here."""


TUN_REPAIR = "sudo modprobe tun (container: --device /dev/net/tun); guests do without"


@dataclass(frozen=True)
class Machine:
    """All that the verdicts are drawn from."""

    facts: Facts
    architecture: str
    kernel_release: str
    versions: Mapping[str, str]
    """Empty for what is not installed."""
    cache: str
    cache_free_bytes: int
    system: str = "this system"
    packages_missing: tuple[str, ...] = ()
    """By Debian's names."""
    packages_command: str = ""
    extras_missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The modules that are not installed, by the extra of the Python package."""


@dataclass(frozen=True)
class Verdict:
    subject: str
    ok: bool
    detail: str
    repair: str = ""
    """The command that turns a no into a yes; empty where nothing can."""

    def __str__(self) -> str:
        line = f"{'yes' if self.ok else 'no':<4} {self.subject:<24} {self.detail}"
        return f"{line}\n     {'':<24} -> {self.repair}" if self.repair and not self.ok else line


def examine() -> Machine:
    cache = cache_folder()
    here, lacking = system_packages.distribution(), system_packages.missing("run")
    existing = next(folder for folder in (cache, *cache.parents) if folder.exists())
    return Machine(
        facts=probe(boot=True, emulated=True),
        architecture=platform.machine(),
        kernel_release=platform.release(),
        versions=_versions(),
        cache=str(cache),
        cache_free_bytes=shutil.disk_usage(existing).free,
        system=here.title,
        packages_missing=tuple(lacking),
        packages_command=system_packages.command(lacking, here) if lacking else "",
        extras_missing={extra: installation.missing(extra) for extra in installation.MODULES},
    )


def verdicts(machine: Machine) -> list[Verdict]:
    """In the order in which they are repaired: packages of the system, testbeds, what each of
    those rests on, programs."""
    facts = machine.facts
    return [
        _packages(machine),
        *_testbeds(machine),
        *_kernels(machine),
        *_own_kernel(facts, machine.kernel_release),
        *_programs(machine.versions),
        *_extras(machine.extras_missing),
    ]


def choice_or_reason(facts: Facts) -> Choice | str:
    """What ``--testbed auto`` would do here, or why it could do nothing."""
    try:
        return choose_testbed(facts)
    except CorridorError as error:
        return error.message


def _packages(machine: Machine) -> Verdict:
    return Verdict(
        "system packages",
        not machine.packages_missing,
        ", ".join(machine.packages_missing)
        or "all packages that runs need are installed "
        f"({machine.system}, Python {machine.versions.get('Python')})",
        machine.packages_command,
    )


def _testbeds(machine: Machine) -> list[Verdict]:
    facts = machine.facts
    virtual, real, native = (
        facts.virtual_guest_lacks(),
        facts.real_guest_lacks(),
        facts.native_lacks(),
    )
    built = "" if facts.virtual_kernel and not facts.virtual_lacks else ", once the kernel is built"
    return [
        Verdict(
            "guests, virtual clock",
            not virtual,
            "; ".join(virtual) or f"--testbed uml --clock virtual{built}",
            "./corridor setup" if facts.build_lacks else "",
        ),
        Verdict(
            "guests, real clock",
            not real,
            "; ".join(real) or "--testbed uml --clock real",
            "" if facts.stock_kernel else _install("user-mode-linux", "./corridor kernel build"),
        ),
        Verdict(
            "native",
            not native,
            "; ".join(native) or "--testbed native",
            _repair_native(facts),
        ),
        Verdict(
            "emulated machine",
            not facts.emulated.reason,
            facts.emulated.reason or "--testbed qemu: virtual clock, computing charged",
            facts.emulated.repair,
        ),
    ]


def _repair_native(facts: Facts) -> str:
    if facts.netem_lacks or facts.openvswitch_lacks:
        return "vagrant up, or a machine whose kernel has both; guests need neither"
    return "sudo ./corridor run --testbed native"


def _kernels(machine: Machine) -> list[Verdict]:
    facts = machine.facts
    found = []
    if facts.virtual_kernel:
        mode = "seccomp" if facts.virtual_kernel.seccomp else "ptrace"
        found.append(
            Verdict(
                "virtual-clock kernel",
                not facts.virtual_lacks,
                facts.virtual_lacks or f"Linux {facts.virtual_kernel.version}, {mode}",
                "./corridor kernel build --rebuild",
            )
        )
    else:
        found.append(
            Verdict("virtual-clock kernel", False, "not built yet", "./corridor kernel build")
        )
    stock = facts.stock_kernel
    found.append(
        Verdict(
            "Debian's guest kernel",
            not facts.stock_lacks,
            facts.stock_lacks or (f"Linux {stock.version}, ptrace" if stock else ""),
            "" if stock else _install("user-mode-linux", "./corridor kernel build"),
        )
    )
    found.append(
        Verdict(
            "kernel build tools",
            not facts.build_lacks,
            facts.build_lacks or "compiler and other tools are installed",
            "./corridor setup" if machine.architecture == "x86_64" else "",
        )
    )
    memory = facts.guest_memory_lacks()
    found.append(
        Verdict(
            "guest memory",
            not memory,
            memory or f"{facts.guest_memory_bytes / 1e9:.1f} GB in {facts.guest_memory_folder}",
            "set TMPDIR to a larger folder that allows programs (container: --shm-size=2g)",
        )
    )
    found.append(_containment(containment.means()))
    found.append(
        Verdict(
            "disk for the kernel",
            bool(facts.virtual_kernel) or machine.cache_free_bytes >= DISK_NEEDED_BYTES,
            f"{machine.cache_free_bytes / 1e9:.1f} GB free for {machine.cache}",
            f"free {DISK_NEEDED_BYTES / 1e9:.1f} GB, or set XDG_CACHE_HOME to another disk",
        )
    )
    return found


def _containment(means: containment.Means) -> Verdict:
    """What keeps the programs in a guest from the user's files."""
    return Verdict(
        "guests are contained",
        means != "none",
        f"by {means}" if means != "none" else "programs in guests could write your files",
        _install("bubblewrap"),
    )


def _own_kernel(facts: Facts, release: str) -> list[Verdict]:
    # A module that is there but not loaded counts as there: the kernel loads it when asked.
    repair = "boot a kernel that has it (sudo apt-get install linux-image-amd64); guests do without"
    return [
        Verdict("root", facts.root, "yes" if facts.root else "not root", "sudo ./corridor ..."),
        Verdict("netem", not facts.netem_lacks, facts.netem_lacks or "here", repair),
        Verdict(
            "openvswitch",
            not facts.openvswitch_lacks,
            facts.openvswitch_lacks or "here",
            repair,
        ),
        Verdict("tun (gateways)", not facts.tun_lacks, facts.tun_lacks or "here", TUN_REPAIR),
        Verdict("queues by class", not facts.queues_lack, facts.queues_lack or "here", repair),
        _attached_programs(release, repair),
    ]


def _attached_programs(release: str, repair: str) -> Verdict:
    """Whether the kernel is one that has tcx."""
    found = re.match(r"(\d+)\.(\d+)", release)
    has_it = found is not None and (int(found[1]), int(found[2])) >= TCX_SINCE
    since = ".".join(map(str, TCX_SINCE))
    detail = "here" if has_it else f"Linux {release} is older than {since}, which has tcx"
    return Verdict("account of packets, ECN", has_it, detail, repair)


def _programs(versions: Mapping[str, str]) -> list[Verdict]:
    found = []
    for name, version in versions.items():
        package = PACKAGES.get(name)
        repair = _install(package) if package else _install_extra(name)
        absent = f"not installed ({OPTIONAL[name]})" if name in OPTIONAL else "missing"
        found.append(Verdict(name, bool(version), version or absent, repair))
    return found


def _extras(missing: Mapping[str, tuple[str, ...]]) -> list[Verdict]:
    return [
        Verdict(
            f"extra {extra}",
            not modules,
            f"not installed: {', '.join(modules)}" if modules else "installed",
            installation.installation(extra),
        )
        for extra, modules in missing.items()
    ]


def _install_extra(program: str) -> str:
    """The command for a program of an extra, or for Python itself."""
    return installation.installation(
        DISTRIBUTIONS[program][1] if program in DISTRIBUTIONS else "all"
    )


def _install(package: str, else_: str = "") -> str:
    """The command for a package by Debian's name, or what does without where there is none."""
    said = system_packages.command([package])
    return else_ if else_ and said == system_packages.BY_HAND else said


def _versions() -> dict[str, str]:
    versions = {"Python": platform.python_version()}
    for name, (distribution, _) in DISTRIBUTIONS.items():
        try:
            versions[name] = version_of(distribution)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = ""
    installed = _debian_versions(tuple(PACKAGES.values()))
    for name, package in PACKAGES.items():
        versions[name] = installed.get(package, "")
    return versions


def _debian_versions(packages: tuple[str, ...]) -> dict[str, str]:
    """Versions of installed packages; of all in one call, since a fork is dear in a guest."""
    if not Path("/usr/bin/dpkg-query").exists():
        return {}
    shown = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status} ${Version}\n", *packages],
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    ).stdout
    rows = (line.split(" ", 2) for line in shown.splitlines())
    return {row[0]: row[2] for row in rows if len(row) == 3 and row[1] == "installed"}
