"""What an image of the machine is made of, what distinguishes two, and which ones are here.

The image holds Debian, the system packages and ``.venv``, but no checkout and no key: both come
with who boots it, so that a change of the code needs no new image.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from corridor.experiments.machines.qemu import DEBIAN_NAMES, Architecture
from corridor.topologies.base import disk_cache
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError
from corridor.topologies.base.installation import CHECKOUT

SUITE = "trixie"
SECTOR_BYTES = 512
MIB_SECTORS = 2048
DISK_MIB = 16 * 1024
"""Of the disk as the machine sees it; the file holds only what was written."""
ROOT_LABEL = "corridor-root"
PLACE = "vagrant"
"""The checkout's folder in the machine, at its root: where the Vagrantfile has it."""
GUEST_USER, GUEST_UID = "vagrant", 1000
MADE_FROM = (
    *("corridor", "pyproject.toml", "requirements.lock"),
    *("experiments/setup/packages.txt", "experiments/setup/setup.sh"),
    "experiments/setup/compile_packages.py",
    *("experiments/machines/provision.sh", "experiments/machines/in_image.sh"),
    *("experiments/machines/handover.sh", "experiments/machines/recipe.py"),
)
"""Files of the checkout that decide what is in an image."""
DEBIAN_PACKAGES = (
    *("bash-completion", "ca-certificates", "dbus", "git", "iproute2", "iputils-ping", "kmod"),
    *("less", "openssh-server", "procps", "python3", "rsync", "sudo", "udev"),
    *("systemd", "systemd-sysv", "systemd-resolved", "systemd-timesyncd"),
    *("initramfs-tools", "lz4", "grub-common", "cloud-init", "cloud-guest-utils"),
)
OF_ARCHITECTURE: Mapping[Architecture, tuple[str, ...]] = {
    "x86_64": ("linux-image-amd64", "grub-pc-bin", "grub-efi-amd64-bin"),
    "aarch64": ("linux-image-arm64", "grub-efi-arm64-bin"),
}
GRUB_TARGETS: Mapping[Architecture, tuple[str, ...]] = {
    "x86_64": ("i386-pc", "x86_64-efi"),
    "aarch64": ("arm64-efi",),
}
EFI_PROGRAMS: Mapping[Architecture, str] = {"x86_64": "BOOTX64.EFI", "aarch64": "BOOTAA64.EFI"}
"""What firmware starts on a disk that it knows nothing of."""
ROOT_TYPES: Mapping[Architecture, str] = {
    "x86_64": "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709",
    "aarch64": "B921B045-1DF0-41C3-AF44-4C6F280D3FAE",
}
"""Partition types by the Discoverable Partitions Specification."""
LEFT_OUT = (
    *("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*"),
    *("/usr/share/groff/*", "/usr/share/lintian/*"),
)


class Partition(NamedTuple):
    name: str
    start: int
    sectors: int
    kind: str
    """Its type: a GUID."""


BIOS = Partition("bios", MIB_SECTORS, MIB_SECTORS, "21686148-6449-6E6F-744E-656564454649")
EFI = Partition("efi", 2 * MIB_SECTORS, 32 * MIB_SECTORS, "C12A7328-F81F-11D2-BA4B-00A0C93EC93B")


def root_partition(architecture: Architecture) -> Partition:
    start = EFI.start + EFI.sectors
    end = (DISK_MIB - 1) * MIB_SECTORS
    return Partition("root", start, end - start, ROOT_TYPES[architecture])


def partition_table(architecture: Architecture) -> str:
    """For ``sfdisk``. The root comes first in number, so that it is ``/dev/vda1``."""
    order = (root_partition(architecture), EFI, BIOS)
    lines = [
        f"{number}: start={one.start}, size={one.sectors}, type={one.kind}, name={one.name}"
        for number, one in enumerate(order, 1)
    ]
    return "\n".join(("label: gpt", *lines, ""))


def bootstrap(architecture: Architecture, inputs: Path, out: Path, sources: str) -> tuple[str, ...]:
    """The command that makes ``out/root.tar`` and, for the boot loader, ``out/out``.

    ``inputs`` is a tar with ``/vagrant`` and ``/build``; ``sources`` a file of apt's, or empty for
    Debian's own mirror. An ordinary user's needs no more than subordinate ids.
    """
    included = (*DEBIAN_PACKAGES, *OF_ARCHITECTURE[architecture])
    prepare = f'chroot "$1" sh /build/in_image.sh {" ".join(GRUB_TARGETS[architecture])}'
    return (
        *("mmdebstrap", "--variant=minbase"),
        f"--architectures={DEBIAN_NAMES[architecture]}",
        f"--include={','.join(included)}",
        '--aptopt=Acquire::Languages "none"',
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT),
        "--dpkgopt=path-include=/usr/share/doc/*/copyright",
        "--dpkgopt=force-unsafe-io",
        f"--customize-hook=tar-in {inputs} /",
        f"--customize-hook={prepare}",
        f"--customize-hook=copy-out /build/out {out}",
        '--customize-hook=rm -rf "$1/build"',
        *(SUITE, str(out / "root.tar")),
        *((sources,) if sources else ()),
    )


def identity(architecture: Architecture, files: Mapping[str, bytes]) -> str:
    """Short hash of what an image is made of: ``files`` by name, as MADE_FROM lists them."""
    digest = hashlib.sha256(architecture.encode())
    for name, content in sorted(files.items()):
        digest.update(f"\n{name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:12]


PASSED = (
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
    *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST"),
    *("PIP_DEFAULT_TIMEOUT", "PIP_RETRIES"),
)


def settings(environment: Mapping[str, str], *, trusts: bool = True) -> str:
    """The builder's settings that hold inside the image while it is built, for a shell to read;
    ``trusts``: whether the certificates that it trusts are in ``/build``."""
    kept = {name: value for name, value in environment.items() if name in PASSED}
    if trusts:
        kept["PIP_CERT"] = "/build/ca.crt"
    return "".join(f"{name}={_quoted(value)}\n" for name, value in sorted(kept.items()))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def grub_pointing_at(boot: bytes, core: bytes, sector: int) -> tuple[bytes, bytes]:
    """GRUB's first sector and its core, told where on the disk the core begins.

    The offsets are those of GRUB's ``boot.h``: the core's first sector in the boot sector, and the
    last entry of the block list in the core's own first sector, which names the rest of it.
    """
    place, rest = 0x5C, 0x1F4
    first = bytearray(boot[:440])
    first[place : place + 8] = sector.to_bytes(8, "little")
    second = bytearray(core)
    second[rest : rest + 8] = (sector + 1).to_bytes(8, "little")
    return bytes(first), bytes(second)


# The images of this machine: which there are, and where they lie.

MANIFEST = "image.json"
"""Written last: an image without it is not finished."""
ALIASES: Mapping[str, Architecture] = {
    **{debian: name for name, debian in DEBIAN_NAMES.items()},
    **{str(name): name for name in DEBIAN_NAMES},
}


@dataclass(frozen=True)
class Image:
    """A finished image. Nothing writes to it again."""

    folder: Path
    architecture: Architecture
    identity: str

    @property
    def disk(self) -> Path:
        return self.folder / "disk.raw"

    @property
    def kernel(self) -> Path:
        return self.folder / "vmlinuz"

    @property
    def initrd(self) -> Path:
        return self.folder / "initrd.img"

    @property
    def packages(self) -> Path:
        """Every Debian package in it, with its version."""
        return self.folder / "packages"

    def size_bytes(self) -> int:
        """What its files take of this machine's disk."""
        return sum(file.stat().st_blocks * 512 for file in self.folder.iterdir())

    def __str__(self) -> str:
        return f"{self.disk} ({DEBIAN_NAMES[self.architecture]}, {self.identity})"


def machines_folder() -> Path:
    folder = disk_cache.cache_folder()
    if folder is None:
        raise EnvironmentUnsupported("no home folder to keep images in", "set XDG_CACHE_HOME")
    return folder / "machines"


def architecture_named(name: str) -> Architecture:
    """By Debian's name or the kernel's; empty: this machine's."""
    named = name or {"arm64": "aarch64"}.get(platform.machine(), platform.machine())
    if named in ALIASES:
        return ALIASES[named]
    raise InputError(f"no machine exists for {named}", "--arch takes amd64 or arm64")


def identity_of_checkout(architecture: Architecture) -> str:
    """Raises EnvironmentUnsupported without a checkout from which to make a machine."""
    try:
        files = {name: (CHECKOUT / name).read_bytes() for name in MADE_FROM}
    except OSError as error:
        raise EnvironmentUnsupported(
            "a machine is made of a checkout, and this is not a checkout "
            f"({error.filename} is not there)",
            "clone the repository and run ./corridor vm there",
        ) from error
    return identity(architecture, files)


def find_image(architecture: Architecture) -> Image | None:
    """The finished image for today's checkout, without building any."""
    known = identity_of_checkout(architecture)
    image = Image(folder_of(architecture, known), architecture, known)
    try:
        said = json.loads((image.folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    whole = isinstance(said, dict) and said.get("identity") == known and image.disk.exists()
    return image if whole else None


def other_images(image: Image) -> list[Image]:
    """Finished images of earlier versions of this checkout, or of other checkouts."""
    found = []
    for manifest in sorted(machines_folder().glob(f"*-*/{MANIFEST}")):
        folder = manifest.parent
        debian, _, known = folder.name.partition("-")
        if debian in ALIASES and folder != image.folder:
            found.append(Image(folder, ALIASES[debian], known))
    return found


def folder_of(architecture: Architecture, known: str) -> Path:
    return machines_folder() / f"{DEBIAN_NAMES[architecture]}-{known}"
