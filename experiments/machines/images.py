"""The images of this machine: which there are, and where they lie.

``~/.cache/corridor/machines/<architecture>-<hash of what it is made of>/``.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from corridor.experiments.machines.qemu import DEBIAN_NAMES, Architecture
from corridor.experiments.machines.recipe import MADE_FROM, identity
from corridor.topologies.base import disk_cache
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError
from corridor.topologies.base.installation import CHECKOUT

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
