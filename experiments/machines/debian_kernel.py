"""Debian's kernel for an emulated machine: the one that is installed, else its package, once.

Kept in ``~/.cache/corridor/emulated/<version>-<hash>/``: the kernel, and an archive with the
modules that a network needs. The package is 110 MB and is not kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import lzma
import platform
import re
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from corridor.experiments.machines.qemu import DEBIAN_NAMES, PACKAGES, Architecture
from corridor.topologies.base import disk_cache
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.scratch import in_turn

# Which modules of a kernel must be loaded, in which order, for others to be. Pure.
#
# A kernel package says so nowhere: ``modules.dep`` is made where it is installed. So what a module
# needs is read from the module itself.

SIGNED = b"~Module signature appended~\n"
SIGNATURE_INFO_BYTES = 12
"""What lies before it, of which the last four bytes say how long the signature is (the kernel's
``struct module_signature``)."""
_DEPENDS = re.compile(rb"\0depends=([\w,-]*)\0")


def module_name(path: str) -> str:
    """The kernel takes a dash in the name of a file for an underscore."""
    return PurePosixPath(path).name.partition(".ko")[0].replace("-", "_")


def is_known(name: str) -> bool:
    """Whether a module has a format that ``unpacked`` reads."""
    return name.endswith((".ko", ".ko.xz"))


def unpacked(name: str, packed: bytes) -> bytes:
    """A module as the kernel loads it; EnvironmentUnsupported for a packing that is not known."""
    if name.endswith(".ko"):
        return packed
    if name.endswith(".ko.xz"):
        return lzma.decompress(packed)
    raise EnvironmentUnsupported(f"{name}: this module has an unknown compression")


def unsigned(module: bytes) -> bytes:
    """A module without the signature that is appended to it.

    The kernel checks one for as long as it loads the module: a tenth of a second of an emulated
    machine, for each. It takes a module that has none, unless it was told not to.
    """
    if not module.endswith(SIGNED):
        return module
    signature_bytes = int.from_bytes(module[-len(SIGNED) - 4 : -len(SIGNED)])
    return module[: -len(SIGNED) - SIGNATURE_INFO_BYTES - signature_bytes]


def needed_by(module: bytes) -> tuple[str, ...]:
    """The names of the modules that an unpacked one needs, as its section ``.modinfo`` has them."""
    found = _DEPENDS.search(module)
    names = found.group(1).decode() if found else ""
    return tuple(name.replace("-", "_") for name in names.split(",") if name)


def in_order(
    wanted: Iterable[str],
    needs: Callable[[str], Iterable[str]],
    built_in: Iterable[str],
) -> list[str]:
    """Names of modules, each once and after all that it needs; without those that are built in."""
    found: dict[str, None] = {}
    known = frozenset(built_in)

    def visit(name: str) -> Iterator[str]:
        if name not in known and name not in found:
            for other in needs(name):
                yield from visit(other)
            yield name

    for name in wanted:
        found |= dict.fromkeys(visit(name))
    return list(found)


def built_in(listing: str) -> frozenset[str]:
    """Names from the text of ``modules.builtin``."""
    return frozenset(module_name(line) for line in listing.splitlines() if line)


def by_name(paths: Iterable[str]) -> Mapping[str, str]:
    """Where a module lies, by its name."""
    return {module_name(path): path for path in paths}


# The first file system of an emulated machine: modules, a shell, and what to do with them.
#
# An archive in the kernel's own format (``newc``, Documentation/driver-api/early-userspace). The
# same content gives the same bytes: no times, no owners, numbers in order.

MAGIC, LAST = "070701", "TRAILER!!!"
IN_INITRAMFS, PROGRAM, FILE = stat.S_IFDIR | 0o755, stat.S_IFREG | 0o755, stat.S_IFREG | 0o644
DEVICE = stat.S_IFCHR | 0o600
CONSOLE = (5, 1)


class Entry(NamedTuple):
    """One file of an archive, folders before what is in them."""

    name: str
    mode: int = IN_INITRAMFS
    content: bytes = b""
    device: tuple[int, int] = (0, 0)


def archive(entries: Iterable[Entry]) -> bytes:
    """All of them, and the end."""
    parts = [_packed(number, one) for number, one in enumerate(entries, 1)]
    return b"".join(parts) + _packed(0, Entry(LAST, 0))


def _packed(number: int, entry: Entry) -> bytes:
    name = entry.name.encode() + b"\0"
    links = 2 if entry.mode & IN_INITRAMFS == IN_INITRAMFS else 1
    fields = (
        *(number, entry.mode, 0, 0, links, 0, len(entry.content)),
        *(0, 0, *entry.device, len(name), 0),
    )
    head = MAGIC.encode() + b"".join(b"%08X" % field for field in fields)
    return _to_a_word(head + name) + _to_a_word(entry.content)


def _to_a_word(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def with_modules(busybox: bytes, modules: Sequence[tuple[str, bytes]]) -> bytes:
    """An archive of a shell and of modules, by name, for a script that is in another."""
    return archive(
        [
            *(Entry(name) for name in ("bin", "dev", "modules", "root")),
            Entry("dev/console", DEVICE, device=CONSOLE),
            Entry("bin/busybox", PROGRAM, busybox),
            *(Entry(f"modules/{name}.ko", FILE, image) for name, image in modules),
        ]
    )


def with_script(script: str) -> bytes:
    """An archive of the first program. Of archives one after the other the kernel unpacks each."""
    return archive([Entry("init", PROGRAM, script.encode())])


FOLDER = "emulated"
WORK = "getting-"
LOCK = "kept.lock"
STALE_S = 3600
BUSYBOX = Path("/usr/bin/busybox")
BUSYBOX_PACKAGE = "busybox-static"
DOWNLOAD_PROGRAMS = {"apt-get": "apt", "dpkg-deb": "dpkg"}
ARCHITECTURES: dict[str, Architecture] = {
    "x86_64": "x86_64",
    "aarch64": "aarch64",
    "arm64": "aarch64",
}
"""By what ``platform`` states about a machine."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class DebianKernel:
    """A kernel that QEMU boots, and what its guests load first."""

    path: Path
    modules: Path
    """An archive, without a first program: see ``with_script``."""
    names: tuple[str, ...]
    """Of the modules, in the order in which they can be loaded."""
    version: str
    architecture: Architecture

    def __str__(self) -> str:
        return f"{self.path} (Linux {self.version}, emulated, computing charged)"

    def initramfs(self, script: str) -> Path:
        """The modules and a first program, as one file that is kept with them."""
        whole = with_script(script) + self.modules.read_bytes()
        name = f"initramfs-{hashlib.sha256(whole).hexdigest()[:12]}"
        place = disk_cache.kept_file(
            str(Path(FOLDER) / self.path.parent.name / name),
            lambda staged: _write(staged, whole),
        )
        if place is None:
            raise EnvironmentUnsupported(
                f"cannot write to {self.path.parent}", "set XDG_CACHE_HOME to a folder you own"
            )
        return place


def this_architecture() -> Architecture | None:
    """Of this machine, if QEMU is known to emulate it here."""
    return ARCHITECTURES.get(platform.machine())


def emulator_lacks() -> tuple[str, str]:
    """Why no machine can be emulated here at all, and what repairs that; empty if one can."""
    architecture = this_architecture()
    if architecture is None:
        return f"no machine is emulated on {platform.machine()}", "use --testbed native"
    program = f"qemu-system-{architecture}"
    repair = f"sudo apt-get install --no-install-recommends {PACKAGES[architecture]}"
    if not shutil.which(program):
        return f"{program} is not installed", repair
    try:
        devices = subprocess.run(
            [program, "-device", "help"], capture_output=True, text=True, timeout=30, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return f"{program} does not run here", repair
    if '"virtio-9p-pci"' not in devices:
        return f"this {program} was built without virtio-9p", repair
    return "", ""


def kernel_lacks(wanted: Sequence[str]) -> tuple[str, str]:
    """Why Debian's kernel is not available here, without a try to download it, and a remedy."""
    if find(wanted) or _installed(wanted):
        return "", ""
    missing = [name for name in DOWNLOAD_PROGRAMS if not shutil.which(name)]
    if missing:
        reason = f"no kernel in /boot can be read, and without {missing[0]} none can be got"
        return reason, "install Debian's linux-image package, or copy a cache of another machine"
    return "", ""


def find(wanted: Sequence[str]) -> DebianKernel | None:
    """The newest that is kept here for these modules."""
    cache, architecture = disk_cache.cache_folder(), this_architecture()
    if cache is None or architecture is None:
        return None
    kept = (cache / FOLDER).glob(f"*-{_digest(architecture, wanted)}/kernel.json")
    found = [one for manifest in kept if (one := _read(manifest, architecture))]
    return max(found, key=lambda one: _version_key(one.version), default=None)


def fetch(wanted: Sequence[str], say: Say = print) -> DebianKernel:
    """The kernel, made ready once: from ``/boot``, or else from Debian's package.

    Raises EnvironmentUnsupported in one line where none can be had. ``wanted`` names modules; those
    that a kernel neither has nor has built in are left out if they end in ``?``.
    """
    kept = find(wanted)
    if kept is not None:
        return kept
    cache, architecture = disk_cache.cache_folder(), this_architecture()
    if cache is None or architecture is None:
        raise EnvironmentUnsupported("no home folder to keep kernels in", "set XDG_CACHE_HOME")
    try:
        (cache / FOLDER).mkdir(parents=True, exist_ok=True)
        _remove_stale(cache / FOLDER)
        with tempfile.TemporaryDirectory(prefix=WORK, dir=cache / FOLDER) as work:
            return _make(Path(work), cache / FOLDER, architecture, wanted, say)
    except OSError as error:
        raise EnvironmentUnsupported(
            f"no kernel can be kept in {cache}: {error.strerror or error}",
            "set XDG_CACHE_HOME to a folder of yours on a disk with room",
        ) from error


def _remove_stale(kept: Path) -> None:
    """What someone who was killed has left, and no one works on any more."""
    for folder in kept.glob(f"{WORK}*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > STALE_S:
                shutil.rmtree(folder)


def _make(
    work: Path, kept: Path, architecture: Architecture, wanted: Sequence[str], say: Say
) -> DebianKernel:
    installed = _installed(wanted)
    if installed is None:
        debian = DEBIAN_NAMES[architecture]
        say(f"getting Debian's kernel for emulated machines, once (110 MB; kept in {kept})")
        root = _unpacked_package(work, _kernel_package(debian))
        image = next((root / "boot").glob("vmlinu[xz]-*"))
        folder = next((root / "usr/lib/modules").iterdir())
    else:
        image, folder = installed
    built_in, paths = _modules_of(folder)
    images: dict[str, bytes] = {}

    def image_of(name: str) -> bytes:
        if name not in images:
            if name not in paths:
                raise EnvironmentUnsupported(
                    f"{image.name} has no module {name}", "install Debian's linux-image package"
                )
            packed = (folder / paths[name]).read_bytes()
            images[name] = unsigned(unpacked(paths[name], packed))
        return images[name]

    names = in_order(
        _there(wanted, {*built_in, *paths}),
        lambda name: needed_by(image_of(name)),
        built_in,
    )
    staged = work / "ready"
    staged.mkdir()
    shutil.copyfile(image, staged / "vmlinuz")
    archive = with_modules(_busybox(work), [(name, image_of(name)) for name in names])
    (staged / "modules.cpio").write_bytes(archive)
    version = image.name.partition("-")[2]
    about = {"version": version, "modules": names, "size_bytes": len(archive)}
    (staged / "kernel.json").write_text(json.dumps(about, indent=1) + "\n")
    target = kept / f"{version}-{_digest(architecture, wanted)}"
    with in_turn(kept / LOCK, lambda: say("waiting for another process that keeps a kernel")):
        found = _read(target / "kernel.json", architecture)
        if found is None:  # none is there, or one that was corrupt
            shutil.rmtree(target, ignore_errors=True)
            staged.rename(target)
            found = _read(target / "kernel.json", architecture)
    assert found is not None
    return found


def _there(wanted: Iterable[str], known: set[str]) -> list[str]:
    return [name.rstrip("?") for name in wanted if not name.endswith("?") or name[:-1] in known]


def _modules_of(folder: Path) -> tuple[frozenset[str], dict[str, str]]:
    """Which are built in, and where the others lie."""
    listing = (folder / "modules.builtin").read_text(encoding="utf-8")
    files = (file.relative_to(folder).as_posix() for file in folder.rglob("*.ko*"))
    return built_in(listing), dict(by_name(files))


def _installed(wanted: Sequence[str]) -> tuple[Path, Path] | None:
    """The newest kernel in ``/boot`` that may be read and whose modules are here, and these."""
    for image in sorted(Path("/boot").glob("vmlinuz-*"), key=_by_version, reverse=True):
        folder = Path("/lib/modules") / image.name.partition("-")[2]
        try:
            with image.open("rb"):
                built_in, paths = _modules_of(folder)
        except OSError:
            continue
        known = {*built_in, *filter(lambda name: is_known(paths[name]), paths)}
        if all(name in known for name in wanted if not name.endswith("?")):
            return image, folder
    return None


def _busybox(work: Path) -> bytes:
    """A shell that needs no other file."""
    if BUSYBOX.exists() and b"/ld-linux" not in (image := BUSYBOX.read_bytes())[:4096]:
        return image
    return next(_unpacked_package(work, BUSYBOX_PACKAGE).glob("**/bin/busybox")).read_bytes()


def _kernel_package(debian: str) -> str:
    """The package that the newest kernel is in, of which ``linux-image-ARCHITECTURE`` is a name."""
    listed = _run(["apt-cache", "depends", f"linux-image-{debian}"], Path("/"))
    found = re.search(rf"Depends: (linux-image-[\d.]\S*-{debian})\s", listed)
    if found is None:
        raise _nowhere(f"linux-image-{debian}")
    return found.group(1)


def _unpacked_package(work: Path, name: str) -> Path:
    """The folder into which a package of Debian's was unpacked."""
    folder = work / name
    (folder / "files").mkdir(parents=True)
    _run(["apt-get", "-q", "-o", "APT::Sandbox::User=", "download", name], folder)
    package = next(folder.glob("*.deb"), None)
    if package is None:
        raise _nowhere(name)
    _run(["dpkg-deb", "-x", str(package), str(folder / "files")], folder)
    package.unlink()
    return folder / "files"


def _run(command: list[str], folder: Path) -> str:
    try:
        return subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise _nowhere(command[-1]) from error


def _nowhere(package: str) -> EnvironmentUnsupported:
    return EnvironmentUnsupported(
        f"apt cannot get {package}, and no kernel in /boot can be read",
        f"connect to the network and: sudo apt-get update; or install {package}",
    )


def _read(manifest: Path, architecture: Architecture) -> DebianKernel | None:
    try:
        about = json.loads(manifest.read_text(encoding="utf-8"))
        image, modules = manifest.with_name("vmlinuz"), manifest.with_name("modules.cpio")
        if modules.stat().st_size != about["size_bytes"] or not image.exists():
            return None
        return DebianKernel(image, modules, tuple(about["modules"]), about["version"], architecture)
    except (OSError, ValueError, KeyError):
        return None


def _write(place: Path, content: bytes) -> None:
    place.write_bytes(content)


def _digest(architecture: str, wanted: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps([architecture, *wanted]).encode()).hexdigest()[:12]


def _by_version(image: Path) -> tuple[int, ...]:
    return _version_key(image.name)


def _version_key(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))
