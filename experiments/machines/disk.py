"""A disk that boots, made of files: no loop device, no mount, no root."""

from __future__ import annotations

import contextlib
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from corridor.experiments.machines.qemu import Architecture
from corridor.experiments.machines.recipe import (
    BIOS,
    DISK_MIB,
    EFI,
    EFI_PROGRAMS,
    GRUB_TARGETS,
    ROOT_LABEL,
    SECTOR_BYTES,
    grub_pointing_at,
    partition_table,
    root_partition,
)
from corridor.experiments.machines.system_packages import find
from corridor.topologies.base.errors import EnvironmentUnsupported

UNIT_BYTES = 1024


def make_disk(root: Path, boot_code: Path, disk: Path, architecture: Architecture) -> None:
    """A raw disk with the files of the tar ``root``, booted by BIOS or by UEFI.

    ``boot_code`` is the folder that ``in_image.sh`` leaves. Raises EnvironmentUnsupported.
    """
    with disk.open("wb") as file:
        file.truncate(DISK_MIB * 1024 * 1024)
    _run(["sfdisk", "--quiet", str(disk)], partition_table(architecture))
    part = root_partition(architecture)
    size = f"{part.sectors * SECTOR_BYTES // UNIT_BYTES}k"
    offset = f"offset={part.start * SECTOR_BYTES},lazy_itable_init=1"
    made = ["mke2fs", "-q", "-F", "-t", "ext4", "-L", ROOT_LABEL, "-E", offset]
    _make_file_system([*made, "-d", "-", str(disk), size], root)
    for target in GRUB_TARGETS[architecture]:
        core = boot_code / f"grub-{target}"
        if target == "i386-pc":
            _write_bios_boot(disk, boot_code / "boot.img", core)
        else:
            _write_efi_boot(disk, core, EFI_PROGRAMS[architecture])


def add_files(disk: Path, architecture: Architecture, tar: Path) -> None:
    """Write the entries of a tar into the disk's root file system; owners are the tar's."""
    part = root_partition(architecture)
    with tempfile.TemporaryDirectory(prefix="corridor-disk-", dir=disk.parent) as folder:
        place = Path(folder)
        with tarfile.open(tar) as entries:
            entries.extractall(place / "files", filter="tar")
            script = place / "script"
            script.write_text("\n".join(debugfs_commands(entries, place / "files")) + "\n")
        where = f"{disk}?offset={part.start * SECTOR_BYTES}"
        said = _run(["debugfs", "-w", "-f", str(script), where])
    complaints = [line for line in said.splitlines() if _is_complaint(line)]
    if complaints:
        raise EnvironmentUnsupported(f"debugfs could not write into {disk}: {complaints[0]}")


def debugfs_commands(entries: tarfile.TarFile, unpacked: Path) -> Iterator[str]:
    """What writes the entries. A folder that is there stays, with all that is in it."""
    for entry in entries:
        name = f'"/{entry.name}"'
        if entry.isdir():
            yield f"mkdir {name}"
            mode = 0o40000 | entry.mode
        elif entry.issym():
            yield f'symlink {name} "{entry.linkname}"'
            mode = 0o120777
        elif entry.isreg():
            yield f'write "{unpacked / entry.name}" {name}'
            mode = 0o100000 | entry.mode
        else:
            continue
        yield f"set_inode_field {name} mode 0{mode:o}"
        yield f"set_inode_field {name} uid {entry.uid}"
        yield f"set_inode_field {name} gid {entry.gid}"


def _is_complaint(line: str) -> bool:
    """``debugfs`` ends with 0 whatever happens, and says each command as it reads it."""
    said = line.strip()
    plain = said.startswith(("debugfs", "Allocated inode:")) or "directory already exists" in said
    return bool(said) and not plain


def _write_bios_boot(disk: Path, boot: Path, core: Path) -> None:
    first, rest = grub_pointing_at(boot.read_bytes(), core.read_bytes(), BIOS.start)
    if len(rest) > BIOS.sectors * SECTOR_BYTES:
        raise EnvironmentUnsupported(f"GRUB's core does not fit its partition: {len(rest)} bytes")
    with disk.open("r+b") as file:
        file.write(first)
        file.seek(BIOS.start * SECTOR_BYTES)
        file.write(rest)


def _write_efi_boot(disk: Path, core: Path, program: str) -> None:
    place = f"{disk}@@{EFI.start * SECTOR_BYTES}"
    _run(["mformat", "-i", place, "-T", str(EFI.sectors), "-v", "EFI", "::"])
    _run(["mmd", "-i", place, "::/EFI", "::/EFI/BOOT"])
    _run(["mcopy", "-i", place, str(core), f"::/EFI/BOOT/{program}"])


def _make_file_system(command: Sequence[str], root: Path) -> None:
    """Have mke2fs read the tar from a pipe."""
    with tempfile.TemporaryFile() as said:
        program = find(command[0]) or command[0]
        with subprocess.Popen(
            [program, *command[1:]], stdin=subprocess.PIPE, stdout=said, stderr=said
        ) as process:
            assert process.stdin is not None
            with contextlib.suppress(BrokenPipeError):  # it says itself why it ended
                copy_with_plain_names(root, process.stdin)
                process.stdin.close()
        if process.returncode:
            said.seek(0)
            words = said.read().decode(errors="replace").strip().splitlines()
            raise EnvironmentUnsupported(f"mke2fs failed: {' '.join(words[-2:])}")


def _run(command: Sequence[str], given: str = "") -> str:
    """What the command said, on both channels; EnvironmentUnsupported with its last line."""
    program = find(command[0]) or command[0]
    done = subprocess.run(
        [program, *command[1:]],
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        last = (done.stdout.strip().splitlines() or [f"code {done.returncode}"])[-1]
        raise EnvironmentUnsupported(f"{command[0]} failed: {last}")
    return done.stdout


# A tar that programs read which know no character set.
#
# mke2fs stays in the locale ``C``, where libarchive refuses names that a pax header gives in UTF-8.
# GNU's headers have names as octets. An entry that is overwritten so loses extended
# attributes; Debian has none on files with such names.

ONCE_BYTES = 1 << 20


def copy_with_plain_names(source: Path, out: IO[bytes]) -> None:
    """Write the tar to ``out``, names beyond ASCII by GNU's headers. Raises OSError, TarError."""
    with tarfile.open(source, "r:") as tar, source.open("rb") as raw:
        for entry in tar:
            end = entry.offset_data + (_padded(entry.size) if entry.isreg() else 0)
            start = entry.offset
            if not (entry.name + entry.linkname).isascii():
                out.write(entry.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape"))
                start = entry.offset_data
            raw.seek(start)
            _copy(raw, out, end - start)
        out.write(b"\0" * tarfile.RECORDSIZE)


def _padded(size: int) -> int:
    return -(-size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE


def _copy(source: IO[bytes], out: IO[bytes], left: int) -> None:
    while left > 0:
        part = source.read(min(left, ONCE_BYTES))
        if not part:
            raise tarfile.ReadError("the tar ends too soon")
        out.write(part)
        left -= len(part)
