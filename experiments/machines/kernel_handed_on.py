"""A built kernel as one file, to be taken to machines that cannot build it.

A tar file, packed by xz: the kernel, its configuration, and ``kernel.json`` with the hash of what
it was configured by and of both files. The same kernel gives the same bytes. What is imported is
a program that runs as its user: hashes find damage, not malice.
"""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from corridor.experiments.machines.kernel import CONFIG, Kernel, cache_folder, config_hash
from corridor.experiments.machines.kernel_build import (
    Report,
    cache_to_change,
    check_processor,
    missing_options,
)
from corridor.experiments.machines.smoke import seccomp_of
from corridor.topologies.base.errors import InputError

SCHEMA = "corridor/kernel/1"
MANIFEST, BINARY, FINISHED_CONFIG = "kernel.json", "linux", "config"
MOST_BYTES = 100_000_000
ANOTHER = "take the one of this release, or ./corridor kernel build"


@dataclass(frozen=True)
class HandedOn:
    """What a file of a kernel holds, checked against its hashes."""

    version: str
    source: str
    binary: bytes
    config: str


def export_kernel(kernel: Kernel, file: Path) -> None:
    """Write the file; raises InputError where it cannot be written."""
    folder = kernel.path.parent
    told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    binary, config = kernel.path.read_bytes(), (folder / FINISHED_CONFIG).read_bytes()
    manifest = {
        "schema": SCHEMA,
        "version": kernel.version,
        "source": told["source"],
        "config_hash": kernel.config_hash,
        "sha256": {BINARY: _digest(binary), FINISHED_CONFIG: _digest(config)},
    }
    contents = {
        MANIFEST: (json.dumps(manifest, indent=2) + "\n").encode(),
        FINISHED_CONFIG: config,
        BINARY: binary,
    }
    unfinished = file.with_name(f".{file.name}.unfinished")
    try:
        unfinished.write_bytes(lzma.compress(_packed(contents)))
        unfinished.replace(file)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise InputError(f"cannot be written: {error.strerror}", file=str(file)) from error


def read_handed_on(file: Path) -> HandedOn:
    """Raises InputError for what is damaged, or no kernel for this version of the emulator."""
    contents = _unpacked(file)
    try:
        manifest = json.loads(contents[MANIFEST])
        schema, wanted, digests = (manifest[key] for key in ("schema", "config_hash", "sha256"))
        version, source = str(manifest["version"]), str(manifest["source"])
        expected = {name: str(digests[name]) for name in (BINARY, FINISHED_CONFIG)}
    except (ValueError, KeyError, TypeError) as error:
        raise _not_one(file, f"its {MANIFEST} is not as expected") from error
    if schema != SCHEMA:
        raise _not_one(file, f"its schema is {schema!r} and not {SCHEMA}")
    for name, digest in expected.items():
        if _digest(contents[name]) != digest:
            raise InputError(f"is damaged: {name} has another SHA-256", "get it again", str(file))
    config = contents[FINISHED_CONFIG].decode(errors="replace")
    missing = missing_options(CONFIG.read_text(encoding="utf-8"), config)
    if wanted != config_hash() or missing:
        lacks = f", and does not have {', '.join(missing[:3])}" if missing else ""
        raise InputError(
            f"is a kernel of another configuration: {wanted} instead of {config_hash()}{lacks}",
            ANOTHER,
            str(file),
        )
    if not version or not set(version) <= _VERSION_CHARACTERS:
        raise _not_one(file, f"its version is {version!r}")
    return HandedOn(version, source, contents[BINARY], config)


def import_kernel(file: Path, progress: Report = lambda _: None) -> Kernel:
    """Put the kernel among those of this user, once it has booted here.

    Raises InputError for what ``read_handed_on`` refuses, EnvironmentLacking if it does not boot.
    """
    check_processor()
    handed = read_handed_on(file)
    cache = cache_folder()
    with (
        cache_to_change(cache, progress),
        tempfile.TemporaryDirectory(prefix="kernel-build-", dir=cache) as folder,
    ):
        staged = Path(folder) / "kernel"
        staged.mkdir()
        binary = staged / BINARY
        binary.write_bytes(handed.binary)
        binary.chmod(0o755)
        seccomp = seccomp_of(binary)
        told = {
            "version": handed.version,
            "source": handed.source,
            "config_hash": config_hash(),
            "seccomp": seccomp,
            "size_bytes": len(handed.binary),
        }
        (staged / MANIFEST).write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
        (staged / FINISHED_CONFIG).write_text(handed.config, encoding="utf-8")
        final = cache / "kernels" / f"{handed.version}-{config_hash()}"
        if final.exists():
            final.rename(Path(folder) / "replaced")
        staged.rename(final)
    return Kernel(
        final / BINARY, handed.version, config_hash(), virtual_clock=True, seccomp=seccomp
    )


_VERSION_CHARACTERS = frozenset(
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.+~-"
)


def _packed(contents: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            member.mode = 0o755 if name == BINARY else 0o644
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _unpacked(file: Path) -> dict[str, bytes]:
    """The three files by name, read into memory: nothing is unpacked by names of others."""
    names = {MANIFEST, BINARY, FINISHED_CONFIG}
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(file, mode="r:xz") as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isreg() else None
                if member.name not in names or content is None or member.size > MOST_BYTES:
                    raise _not_one(file, f"it holds {member.name!r}")
                found[member.name] = content.read()
    except FileNotFoundError as error:
        raise InputError("no such file", file=str(file)) from error
    except (tarfile.TarError, lzma.LZMAError, EOFError) as error:
        raise InputError(f"is damaged, or no kernel: {error}", ANOTHER, str(file)) from error
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=str(file)) from error
    if set(found) != names:
        raise _not_one(file, f"it does not have {', '.join(sorted(names - set(found)))}")
    return found


def _not_one(file: Path, why: str) -> InputError:
    return InputError(f"is not an exported kernel: {why}", ANOTHER, str(file))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
