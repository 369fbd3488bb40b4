"""Building an image: once, in a separate folder that gets its name when all is done."""

from __future__ import annotations

import contextlib
import fcntl
import getpass
import json
import os
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from corridor.experiments.machines import handover, recipe
from corridor.experiments.machines.disk import make_disk
from corridor.experiments.machines.qemu import DEBIAN_NAMES, Architecture
from corridor.experiments.machines.recipe import MANIFEST, SUITE, Image, bootstrap, settings
from corridor.experiments.machines.system_packages import BUILDING, find, require
from corridor.topologies.base.child_process import die_with_parent
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.installation import CHECKOUT
from corridor.topologies.base.scratch import in_turn, lock_folder

# Folders that mmdebstrap makes a root in.
#
# What lies there belongs to subordinate ids, so that an ordinary user's ``rm`` cannot remove it:
# mmdebstrap's own helper is the user's way in.

PREFIX = "corridor-root-"
DEFAULT_PLACE = Path("/var/tmp")  # on a disk, and subordinate ids get there


def place() -> Path:
    return Path(os.environ.get("TMPDIR", DEFAULT_PLACE))


@contextlib.contextmanager
def root_folder() -> Iterator[Path]:
    """A private folder, held by its process and removed in the end."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place()))
    lock = lock_folder(folder, fcntl.LOCK_EX)
    try:
        folder.chmod(0o755)
        yield folder
    finally:
        _remove(folder)
        os.close(lock)


def remove_dead_roots() -> list[Path]:
    """Remove this user's folders whose process was killed; which they were."""
    removed = []
    for folder in sorted(place().glob(f"{PREFIX}*")):
        with contextlib.suppress(OSError):  # another user's, someone's still, or just gone
            lock = lock_folder(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            try:
                if os.fstat(lock).st_uid == os.geteuid():
                    _remove(folder)
                    removed.append(folder)
            finally:
                os.close(lock)
    return [folder for folder in removed if not folder.exists()]


def _remove(folder: Path) -> None:
    helper = find("mmdebstrap")
    if helper and os.geteuid() != 0:
        inside = [str(path) for path in folder.iterdir()]
        command = [helper, "--unshare-helper", "rm", "-rf", "--one-file-system", "--", *inside]
        subprocess.run(command, capture_output=True, check=False)
    shutil.rmtree(folder, ignore_errors=True)


SCRIPTS = ("in_image.sh", "handover.sh")
HERE = Path(__file__).parent
HOST_SOURCES = Path("/etc/apt/sources.list.d/debian.sources")
TRUSTED = Path("/etc/ssl/certs/ca-certificates.crt")
NAME_SERVERS = Path("/etc/resolv.conf")
SUBORDINATE_IDS = Path("/etc/subuid")
DISK_NEEDED_BYTES = 8_000_000_000
"""Bootstrapped root, its tar and the disk, all there at once."""
LOG, LOCK = "build.log", "build.lock"

Report = Callable[[str], None]


def build_image(
    architecture: Architecture,
    report: Report = lambda _: None,
    *,
    sources: str = "",
    rebuild: bool = False,
) -> Image:
    """The image for today's checkout, built if there is none yet (or ``rebuild``).

    ``sources``: a file of apt's or the address of a mirror; this machine's own by default.
    Raises EnvironmentUnsupported in one line. Two builders at once: the second waits.
    """
    found = None if rebuild else recipe.find_image(architecture)
    if found:
        return found
    machines = recipe.machines_folder()
    machines.mkdir(parents=True, exist_ok=True)
    with in_turn(machines / LOCK, lambda: report("waiting for another build")):
        found = None if rebuild else recipe.find_image(architecture)
        if found:
            return found
        require(BUILDING, "building an image")
        _check_user()
        _check_room(machines)
        remove_unfinished(machines)
        work = Path(tempfile.mkdtemp(prefix="build-", dir=machines))
        try:
            return _build(architecture, work, report, sources or _own_sources())
        finally:
            shutil.rmtree(work, ignore_errors=True)


def remove_unfinished(machines: Path) -> list[Path]:
    """What builds left that were killed, for who holds the lock: no one else builds here."""
    stale = [folder for folder in sorted(machines.glob("build-*")) if folder.is_dir()]
    for folder in stale:
        shutil.rmtree(folder, ignore_errors=True)
    return [*stale, *remove_dead_roots()]


def remove_unfinished_images() -> list[Path]:
    """As ``remove_unfinished``; nothing while an image is being built."""
    try:
        machines = recipe.machines_folder()
        with (machines / LOCK).open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return remove_unfinished(machines)
    except (OSError, EnvironmentUnsupported):  # none was ever begun, or one is being made
        return []


def _build(architecture: Architecture, work: Path, report: Report, sources: str) -> Image:
    known = recipe.identity_of_checkout(architecture)
    start = time.monotonic()
    _write_inputs(work / "inputs.tar")
    report(f"Debian {SUITE} for {DEBIAN_NAMES[architecture]}, packages and .venv")
    _bootstrap(bootstrap(architecture, work / "inputs.tar", work, sources), work.parent / LOG)
    report("a disk that boots")
    done = work / "done"
    done.mkdir()
    make_disk(work / "root.tar", work / "out", done / "disk.raw", architecture)
    for name in ("vmlinuz", "initrd.img", "packages"):
        (work / "out" / name).rename(done / name)
    took = {"seconds": round(time.monotonic() - start)}
    manifest = {"identity": known, "architecture": architecture, "suite": SUITE, **took}
    (done / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    place = recipe.folder_of(architecture, known)
    if place.exists():
        shutil.rmtree(place)
    done.rename(place)
    return Image(place, architecture, known)


def _write_inputs(file: Path) -> None:
    """The checkout, and what ``in_image.sh`` reads in ``/build``."""
    handover.write(handover.Handover(CHECKOUT), file)
    with tarfile.open(file, "a", format=tarfile.GNU_FORMAT) as tar:
        handover.add_folder(tar, "build")
        for name in SCRIPTS:
            handover.add_text(tar, f"build/{name}", (HERE / name).read_text(), 0o755)
        handover.add_text(
            tar, "build/environment", settings(os.environ, trusts=TRUSTED.exists()), 0o644
        )
        for name, file in (("ca.crt", TRUSTED), ("resolv.conf", NAME_SERVERS)):
            text = file.read_text("utf-8", errors="replace") if file.exists() else ""
            handover.add_text(tar, f"build/{name}", text, 0o644)


def _bootstrap(command: tuple[str, ...], log: Path) -> None:
    with root_folder() as folder, log.open("wb") as said:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(folder)},
            preexec_fn=partial(die_with_parent, signal.SIGTERM),  # then it removes what it made
            check=False,
        )
    if done.returncode:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        raise EnvironmentUnsupported(f"the image could not be built: {_cause(lines)}", f"see {log}")


def _cause(lines: list[str]) -> str:
    """The line that says why: what corridor or apt said last, else the last line of all."""
    telling = [line for line in lines if line.startswith(("corridor: ", "E: Unable", "E: Failed"))]
    return (telling or lines or ["without a message"])[-1].removeprefix("corridor: ")


def _own_sources() -> str:
    """This machine's mirror, where it is a Debian of the same release."""
    with contextlib.suppress(OSError):
        if SUITE in HOST_SOURCES.read_text(encoding="utf-8"):
            return str(HOST_SOURCES)
    return ""


def _check_user() -> None:
    """Whether mmdebstrap can work as this user: root, or one with subordinate ids."""
    if os.geteuid() == 0:
        return
    user = getpass.getuser()
    with contextlib.suppress(OSError):
        owners = {line.partition(":")[0] for line in SUBORDINATE_IDS.read_text().splitlines()}
        if owners & {user, str(os.getuid())}:
            return
    raise EnvironmentUnsupported(
        f"building an image needs subordinate ids, and {SUBORDINATE_IDS} has none for {user}",
        f"sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {user}",
    )


def _check_room(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < DISK_NEEDED_BYTES:
        raise EnvironmentUnsupported(
            f"building an image needs {DISK_NEEDED_BYTES / 1e9:.0f} GB in {folder}, "
            f"which has {free / 1e9:.1f} GB free",
            "free some, or set XDG_CACHE_HOME to a folder on another disk",
        )
