"""What QEMU is to boot, as a value, and the command that boots it. Pure.

``counted`` is QEMU's own virtual time: one instruction of the guest takes one nanosecond of its
clock, and time in which the guest sleeps is skipped. The guest's times then do not depend on how
fast, or how busy, the machine is that QEMU runs on. It has one processor.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from corridor.topologies.base.errors import InputError

Architecture = Literal["x86_64", "aarch64"]
"""As the kernel and QEMU name it; Debian says amd64 and arm64."""
Accelerator = Literal["kvm", "hvf", "translated", "counted"]
"""``translated``: the real clock, by QEMU's translation of instructions, on any machine."""

DEBIAN_NAMES: dict[Architecture, str] = {"x86_64": "amd64", "aarch64": "arm64"}
PACKAGES: dict[Architecture, str] = {"x86_64": "qemu-system-x86", "aarch64": "qemu-system-arm"}
CONSOLES: dict[Architecture, str] = {"x86_64": "ttyS0", "aarch64": "ttyAMA0"}
"""The guest's device of the first serial line."""
MACHINES: dict[Architecture, str] = {"x86_64": "pc", "aarch64": "virt"}
COUNTED_CPUS: dict[Architecture, str] = {"x86_64": "Nehalem", "aarch64": "cortex-a72"}
"""Plain models: what newer ones add, such as signed pointers, costs translation."""
TRANSLATED_CACHE_MB = 1024
"""Room for translated code; with less, a guest that runs much Python is translated over again."""
START_OF_TIME = "2026-01-01T00:00:00"
"""What a counted guest's hardware clock says when it boots, in UTC."""


class Kernel(NamedTuple):
    """A kernel that QEMU loads itself, without a boot loader of the guest's."""

    image: Path
    initrd: Path | None
    options: tuple[str, ...]
    """Words of the kernel's command line; those behind ``--`` go to its first process."""


class Disk(NamedTuple):
    """A virtio disk; the first is ``/dev/vda``."""

    path: Path
    kind: Literal["raw", "qcow2"] = "raw"
    read_only: bool = False
    keep: bool = False
    """Whether what the guest writes is kept; else it is gone when QEMU ends."""
    serial: str = ""
    """A serial number, by which the guest can tell the disk from others."""


class Share(NamedTuple):
    """A folder of this machine that the guest mounts by its tag, over 9p (trans=virtio)."""

    folder: Path
    tag: str
    read_only: bool = True


class Channel(NamedTuple):
    """A virtio serial port, ``/dev/virtio-ports/NAME`` with udev: what the guest writes there is
    added to a file."""

    name: str
    file: Path


@dataclass(frozen=True)
class Boot:
    """A machine to boot. Without a kernel the boot loader of the first disk is asked."""

    architecture: Architecture
    accelerator: Accelerator
    console: Path | None
    """The file that takes the serial console; None: the terminal, which also gives it input."""
    processors: int = 1
    memory_mb: int = 2560
    kernel: Kernel | None = None
    firmware: Path | None = None
    disks: tuple[Disk, ...] = ()
    shares: tuple[Share, ...] = ()
    channels: tuple[Channel, ...] = ()
    ssh_port: int | None = None
    """A port of this machine's loopback that leads to the guest's port 22; None: no network."""
    seed: int | None = None
    """Of the random numbers that a counted guest's hardware gives it."""


def command(boot: Boot) -> tuple[str, ...]:
    """The command that boots it and ends when it powers off. It also ends where it would reboot."""
    if boot.accelerator == "counted" and boot.processors != 1:
        raise InputError(
            f"a machine whose time is counted has one processor, not {boot.processors}"
        )
    return (
        f"qemu-system-{boot.architecture}",
        *("-nodefaults", "-no-user-config", "-no-reboot"),
        *("-machine", MACHINES[boot.architecture]),
        *_processor(boot),
        *("-smp", str(boot.processors), "-m", str(boot.memory_mb)),
        *("-display", "none", "-vga", "none"),
        *_console(boot.console),
        *_kernel(boot.kernel),
        *(("-bios", str(boot.firmware)) if boot.firmware else ()),
        *(word for number, disk in enumerate(boot.disks) for word in _disk(number, disk)),
        *(word for number, share in enumerate(boot.shares) for word in _share(number, share)),
        *_channels(boot.channels),
        *_network(boot.ssh_port),
        *("-object", "rng-builtin,id=random", "-device", "virtio-rng-pci,rng=random"),
    )


def accelerator(
    *, host: str, system: str, guest: Architecture, kvm_opens: bool
) -> Literal["kvm", "hvf", "translated"]:
    """The quickest for a guest's real clock: ``host`` is this machine's architecture and ``system``
    its kernel, as ``platform`` names them."""
    same = guest == ("aarch64" if host == "arm64" else host)
    if same and system == "Linux" and kvm_opens:
        return "kvm"
    return "hvf" if same and system == "Darwin" else "translated"


def _processor(boot: Boot) -> tuple[str, ...]:
    match boot.accelerator:
        case "kvm" | "hvf":
            return ("-accel", boot.accelerator, "-cpu", "host")
        case "translated":
            return ("-accel", f"tcg,thread=multi,tb-size={TRANSLATED_CACHE_MB}", "-cpu", "max")
        case "counted":
            seed = () if boot.seed is None else ("-seed", str(boot.seed))
            return (
                *("-accel", f"tcg,thread=single,tb-size={TRANSLATED_CACHE_MB}"),
                *("-icount", "shift=0,sleep=off", "-rtc", f"base={START_OF_TIME},clock=vm"),
                *("-cpu", COUNTED_CPUS[boot.architecture], *seed),
            )


def _console(file: Path | None) -> tuple[str, ...]:
    if file is None:
        return ("-chardev", "stdio,id=console,mux=on,signal=off", "-serial", "chardev:console")
    return ("-chardev", f"file,id=console,path={_plain(file)}", "-serial", "chardev:console")


def _kernel(kernel: Kernel | None) -> tuple[str, ...]:
    if kernel is None:
        return ()
    initrd = ("-initrd", str(kernel.initrd)) if kernel.initrd else ()
    return ("-kernel", str(kernel.image), *initrd, "-append", " ".join(kernel.options))


def _disk(number: int, disk: Disk) -> tuple[str, ...]:
    read_only = ",readonly=on" if disk.read_only else ""
    thrown_away = "" if disk.keep or disk.read_only else ",snapshot=on"
    how = f"if=none,format={disk.kind},cache=unsafe{read_only}{thrown_away}"
    drive = f"id=disk{number},{how},file={_plain(disk.path)}"
    serial = f",serial={disk.serial}" if disk.serial else ""
    return ("-drive", drive, "-device", f"virtio-blk-pci,drive=disk{number}{serial}")


def _share(number: int, share: Share) -> tuple[str, ...]:
    read_only = ",readonly=on" if share.read_only else ""
    how = f"security_model=none,multidevs=remap{read_only}"
    return (
        *("-fsdev", f"local,id=share{number},{how},path={_plain(share.folder)}"),
        *("-device", f"virtio-9p-pci,fsdev=share{number},mount_tag={share.tag}"),
    )


def _channels(channels: tuple[Channel, ...]) -> tuple[str, ...]:
    if not channels:
        return ()
    words = ["-device", "virtio-serial-pci"]
    for number, channel in enumerate(channels):
        words += [
            *("-chardev", f"file,id=channel{number},path={_plain(channel.file)}"),
            *("-device", f"virtserialport,chardev=channel{number},name={channel.name}"),
        ]
    return tuple(words)


def _network(ssh_port: int | None) -> tuple[str, ...]:
    if ssh_port is None:
        return ("-nic", "none")
    forward = f"user,id=net,hostfwd=tcp:127.0.0.1:{ssh_port}-:22"
    return ("-netdev", forward, "-device", "virtio-net-pci,netdev=net")


def _plain(path: Path) -> str:
    """A path as QEMU's lists of settings take it: a comma is written twice."""
    return str(path).replace(",", ",,")
