"""Files to hand on: a disk with the checkout in it, for other programs than QEMU here."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple
from xml.sax.saxutils import escape

from corridor.experiments.machines import handover
from corridor.experiments.machines.disk import add_files
from corridor.experiments.machines.qemu import DEBIAN_NAMES, Architecture
from corridor.experiments.machines.recipe import DISK_MIB, Image
from corridor.experiments.machines.system_packages import EXPORTING, require
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError
from corridor.topologies.base.installation import CHECKOUT

# What a Vagrant box and an OVA consist of, as texts. Pure.
#
# A box is a tar with the disk, ``metadata.json`` and a Vagrantfile; a catalogue lists boxes under a
# name and a version, as a registry would.

Provider = Literal["libvirt", "virtualbox"]
DISK_NAMES: Mapping[Provider, str] = {"libvirt": "box.img", "virtualbox": "box-disk001.vmdk"}
BASE_MAC = "080027C0441D"
"""VirtualBox boxes carry the address of their first network card."""
MEMORY_MB, PROCESSORS = 4096, 2
OS_TYPES: Mapping[Architecture, tuple[int, str]] = {
    "x86_64": (96, "Debian_64"),
    "aarch64": (96, "Debian_arm64"),
}
"""Of the CIM standard's list of systems, and as VirtualBox names it."""


class Listed(NamedTuple):
    """A box as its catalogue lists it: its address and the SHA-256 of its file."""

    url: str
    sha256: str


class Pin(NamedTuple):
    """The box that the Vagrantfile asks for."""

    name: str
    version: str


def pinned(vagrantfile: str) -> Pin:
    found = [
        re.search(rf'ENV\.fetch\("{variable}", "([^"]+)"\)', vagrantfile)
        for variable in ("CORRIDOR_BOX", "CORRIDOR_BOX_VERSION")
    ]
    name, version = (match[1] if match else "" for match in found)
    if not name or not version:
        raise InputError("names no box and version", file="Vagrantfile")
    return Pin(name, version)


def metadata(provider: Provider, identity: str) -> str:
    """``metadata.json`` of a box whose image has this identity.

    libvirt keeps a copy of the disk under a name, and never takes another of the same name: with
    the identity in it, a box of a newer image is not mistaken for the old one. Older
    plugins read the two words before ``disks``.
    """
    said: dict[str, object] = {"provider": provider}
    if provider == "libvirt":
        disk = {"path": DISK_NAMES[provider], "name": f"corridor-{identity}"}
        said |= {"format": "qcow2", "virtual_size": DISK_MIB // 1024, "disks": [disk]}
    return json.dumps(said) + "\n"


def vagrantfile(provider: Provider) -> str:
    """The Vagrantfile of a box; the project's own comes after it and decides."""
    own = f'  config.vm.base_mac = "{BASE_MAC}"\n' if provider == "virtualbox" else ""
    return f'Vagrant.configure("2") do |config|\n{own}end\n'


def catalogue(pin: Pin, boxes: Mapping[Provider, Listed]) -> str:
    """The catalogue of boxes. Vagrant compares each file that it fetches with the checksum. The
    catalogue names no architecture: Debian's vagrant knows of none, and newer ones take the only
    box that a provider has."""
    providers = [
        {"name": name, "url": box.url, "checksum_type": "sha256", "checksum": box.sha256}
        for name, box in sorted(boxes.items())
    ]
    versions = [{"version": pin.version, "providers": providers}]
    return json.dumps({"name": pin.name, "versions": versions}, indent=2) + "\n"


def descriptor(architecture: Architecture, disk: str, disk_bytes: int) -> str:
    """The OVF descriptor of the machine, whose disk is a stream-optimised VMDK file."""
    system, virtualbox = OS_TYPES[architecture]
    capacity = DISK_MIB * 1024 * 1024
    items = "\n".join(
        _item(number, kind, what, **more)
        for number, (kind, what, more) in enumerate(_hardware(), 1)
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Envelope ovf:version="1.0" xml:lang="en-US" xmlns="{OVF}/envelope/1"
  xmlns:ovf="{OVF}/envelope/1" xmlns:rasd="{CIM}/CIM_ResourceAllocationSettingData"
  xmlns:vssd="{CIM}/CIM_VirtualSystemSettingData"
  xmlns:vbox="http://www.virtualbox.org/ovf/machine">
  <References>
    <File ovf:id="file1" ovf:href="{escape(disk)}" ovf:size="{disk_bytes}"/>
  </References>
  <DiskSection>
    <Info>The machine's disk</Info>
    <Disk ovf:diskId="disk1" ovf:fileRef="file1" ovf:capacity="{capacity}"
      ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>
  </DiskSection>
  <NetworkSection>
    <Info>Its network</Info>
    <Network ovf:name="NAT"><Description>Outbound connections only</Description></Network>
  </NetworkSection>
  <VirtualSystem ovf:id="corridor">
    <Info>The corridor emulator on Debian 13</Info>
    <OperatingSystemSection ovf:id="{system}">
      <Info>Its system</Info>
      <Description>{virtualbox}</Description>
      <vbox:OSType ovf:required="false">{virtualbox}</vbox:OSType>
    </OperatingSystemSection>
    <VirtualHardwareSection>
      <Info>Its hardware</Info>
      <System>
        <vssd:ElementName>Virtual hardware</vssd:ElementName>
        <vssd:InstanceID>0</vssd:InstanceID>
        <vssd:VirtualSystemIdentifier>corridor</vssd:VirtualSystemIdentifier>
        <vssd:VirtualSystemType>virtualbox-2.2</vssd:VirtualSystemType>
      </System>
{items}
    </VirtualHardwareSection>
  </VirtualSystem>
</Envelope>
"""


OVF = "http://schemas.dmtf.org/ovf"
CIM = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2"
PROCESSOR, MEMORY, ETHERNET, DISK, SATA = 3, 4, 10, 17, 20
"""Kinds of hardware, as CIM's ResourceType counts them."""


def _hardware() -> tuple[tuple[int, str, dict[str, str]], ...]:
    """The third names its SATA controller, by its number, as what the disk hangs on."""
    return (
        (PROCESSOR, "processors", {"VirtualQuantity": str(PROCESSORS)}),
        (MEMORY, "memory", {"AllocationUnits": "MegaBytes", "VirtualQuantity": str(MEMORY_MB)}),
        (SATA, "sata", {"Address": "0", "ResourceSubType": "AHCI"}),
        (DISK, "disk", {"AddressOnParent": "0", "HostResource": "/disk/disk1", "Parent": "3"}),
        (
            ETHERNET,
            "ethernet",
            {"AutomaticAllocation": "true", "Connection": "NAT", "ResourceSubType": "E1000"},
        ),
    )


def _item(number: int, kind: int, what: str, **more: str) -> str:
    """Its elements are in the order of the alphabet, as the schema asks."""
    said = {"ElementName": what, "InstanceID": str(number), "ResourceType": str(kind), **more}
    lines = [f"        <rasd:{name}>{text}</rasd:{name}>" for name, text in sorted(said.items())]
    return "\n".join(("      <Item>", *lines, "      </Item>"))


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
        said = descriptor(image.architecture, disk.name, disk.stat().st_size)
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
            _add_text(tar, "metadata.json", metadata(provider, image.identity))
            _add_text(tar, "Vagrantfile", vagrantfile(provider))
            if provider == "virtualbox":
                size = disk.stat().st_size
                _add_text(tar, "ovf", descriptor(image.architecture, disk.name, size))
            tar.add(disk, disk.name, filter=_nobodys)
        staged.replace(file)
    listing = folder / CATALOGUE
    pin = pinned((CHECKOUT / "Vagrantfile").read_text(encoding="utf-8"))
    listing.write_text(catalogue(pin, _boxes(image, folder, address)), encoding="utf-8")
    return file, listing


def _boxes(image: Image, folder: Path, address: str) -> dict[Provider, Listed]:
    debian = DEBIAN_NAMES[image.architecture]
    files = {one: folder.resolve() / f"corridor-{one}-{debian}.box" for one in DISK_NAMES}
    return {
        one: Listed(
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
