"""Files to hand on: a disk with the checkout in it, for other programs than QEMU here."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from corridor.experiments.machines import box, handover
from corridor.experiments.machines.box import DISK_NAMES, Provider
from corridor.experiments.machines.disk import add_files
from corridor.experiments.machines.images import Image
from corridor.experiments.machines.qemu import DEBIAN_NAMES
from corridor.experiments.machines.tools import EXPORTING, require
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.installation import CHECKOUT

Format = Literal["qcow2", "vmdk"]
CONVERSIONS: dict[Format, tuple[str, ...]] = {
    "qcow2": ("-c", "-O", "qcow2", "-o", "compression_type=zlib"),
    "vmdk": ("-O", "vmdk", "-o", "subformat=streamOptimized"),
}
VAGRANT_KEY = Path(__file__).with_name("vagrant.pub")
"""The public half of the key that every Vagrant has, and that it replaces at the first boot."""
CATALOGUE = "catalogue.json"

Report = Callable[[str], None]


def write_disk(image: Image, handed: handover.Handover, file: Path, how: Format) -> None:
    """The image's disk with what is handed over, in another program's format."""
    require(EXPORTING, "writing a disk")
    with _with_files(image, handed, file.parent) as disk:
        _convert(disk, file, how)


def write_ova(image: Image, handed: handover.Handover, file: Path) -> None:
    """A machine for VirtualBox, VMware and whatever else reads OVF."""
    name = file.stem
    with tempfile.TemporaryDirectory(prefix=".corridor-ova-", dir=file.parent) as folder:
        disk = Path(folder) / f"{name}-disk1.vmdk"
        write_disk(image, handed, disk, "vmdk")
        said = box.descriptor(image.architecture, disk.name, disk.stat().st_size)
        staged = Path(folder) / file.name
        with tarfile.open(staged, "w", format=tarfile.USTAR_FORMAT) as tar:
            _add_text(tar, f"{name}.ovf", said)  # the descriptor has to be the first
            tar.add(disk, disk.name, filter=_nobodys)
        staged.replace(file)


def write_box(
    image: Image,
    handed: handover.Handover,
    provider: Provider,
    folder: Path,
    *,
    address: str = "",
) -> tuple[Path, Path]:
    """A Vagrant box and the catalogue that lists it, with those of other providers in the folder.

    The catalogue has the name and version that the Vagrantfile asks for. It names the files in
    ``folder``, or those of the same names under ``address``, from which others will fetch them.
    """
    file = folder / f"corridor-{provider}-{DEBIAN_NAMES[image.architecture]}.box"
    handed = handed._replace(public_key=VAGRANT_KEY.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix=".corridor-box-", dir=folder) as work:
        disk = Path(work) / DISK_NAMES[provider]
        write_disk(image, handed, disk, "qcow2" if provider == "libvirt" else "vmdk")
        staged = Path(work) / file.name
        with tarfile.open(staged, "w", format=tarfile.USTAR_FORMAT) as tar:
            _add_text(tar, "metadata.json", box.metadata(provider, image.identity))
            _add_text(tar, "Vagrantfile", box.vagrantfile(provider))
            if provider == "virtualbox":
                size = disk.stat().st_size
                _add_text(tar, "box.ovf", box.descriptor(image.architecture, disk.name, size))
            tar.add(disk, disk.name, filter=_nobodys)
        staged.replace(file)
    catalogue = folder / CATALOGUE
    pin = box.pinned((CHECKOUT / "Vagrantfile").read_text(encoding="utf-8"))
    catalogue.write_text(box.catalogue(pin, _boxes(image, folder, address)), encoding="utf-8")
    return file, catalogue


def _boxes(image: Image, folder: Path, address: str) -> dict[Provider, box.Listed]:
    debian = DEBIAN_NAMES[image.architecture]
    files = {one: folder.resolve() / f"corridor-{one}-{debian}.box" for one in DISK_NAMES}
    return {
        one: box.Listed(
            f"{address.rstrip('/')}/{file.name}" if address else file.as_uri(), _sha256(file)
        )
        for one, file in files.items()
        if file.exists()
    }


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


@contextmanager
def _with_files(image: Image, handed: handover.Handover, beside: Path) -> Iterator[Path]:
    """A copy of the image's disk with the files in it; a sparse one, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix=".corridor-disk-", dir=beside) as folder:
        disk, tar = Path(folder) / "disk.raw", Path(folder) / "files.tar"
        copy = ["cp", "--sparse=always", "--reflink=auto", str(image.disk), str(disk)]
        subprocess.run(copy, check=True)
        handover.write(handed, tar)
        add_files(disk, image.architecture, tar)
        yield disk


def _convert(disk: Path, file: Path, how: Format) -> None:
    staged = file.with_name(f".{file.name}.part")
    command = ["qemu-img", "convert", "-f", "raw", *CONVERSIONS[how], str(disk), str(staged)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        staged.unlink(missing_ok=True)
        raise EnvironmentUnsupported(f"qemu-img could not write {file}: {done.stderr.strip()}")
    shutil.move(staged, file)


def _add_text(tar: tarfile.TarFile, name: str, text: str) -> None:
    content = text.encode()
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))


def _nobodys(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o644
    return entry
