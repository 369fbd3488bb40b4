"""Building the virtual-clock kernel.

It is built in a separate folder in the cache, booted once to show that it works here, and
only then renamed into place, so a build cut short is never taken for a kernel.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import platform
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TextIO

from corridor.experiments.machines import kernel
from corridor.experiments.machines.kernel import (
    CONFIG,
    Kernel,
    cache_folder,
    config_hash,
    find_kernel,
)
from corridor.experiments.machines.kernel_source import SourcePackage, find_source
from corridor.experiments.machines.smoke import seccomp_of
from corridor.experiments.machines.system_packages import command
from corridor.experiments.terminal.live import LiveLines, Say, can_move
from corridor.topologies.base.child_process import die_with_parent
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.scratch import in_turn

OPTIONAL_SECTION = "# Only where the kernel has them."
BUILD_PROGRAMS = {
    "gcc": "gcc",
    "make": "make",
    "flex": "flex",
    "bison": "bison",
    "bc": "bc",
    "xz": "xz-utils",
    "strip": "binutils",
    "dpkg-deb": "dpkg",
    "tar": "tar",
}
C_HEADER = Path("/usr/include/stdio.h")
DISK_NEEDED_BYTES = 2_600_000_000
# Lines that make prints for this configuration (7.3); only the progress bar depends on it.
EXPECTED_STEPS = 1470
STEP = re.compile(r"^  (?:CC|AR|AS|LD|UPD|HOSTCC)\s")
# Bulky parts of the source that a UML build never opens.
NOT_UNPACKED = (
    "*/Documentation/*/*",
    "*/drivers/gpu/drm/amd/include/*",
    "*/tools/testing/*",
    "*/tools/perf/*",
    "*/arch/*/boot/dts/*",
)


@dataclass(frozen=True)
class Progress:
    """How far a build has come: ``fraction`` within the phase, None where it cannot be known."""

    phase: str
    fraction: float | None = None


Report = Callable[[Progress], None]


def build_kernel(progress: Report = lambda _: None, *, rebuild: bool = False) -> Kernel:
    """The virtual-clock kernel, built if there is none yet (or ``rebuild``).

    Raises EnvironmentLacking in one line when it cannot be had here: wrong processor, no compiler,
    no source, no disk, or a kernel that does not boot. Two builders at once: the second waits.
    """
    cache = cache_folder()
    with cache_to_change(cache, progress):
        kernel = None if rebuild else find_kernel()
        if kernel:
            return kernel
        check_build_tools()
        remove_unfinished(cache)
        free = shutil.disk_usage(cache).free
        if free < DISK_NEEDED_BYTES:
            raise EnvironmentUnsupported(
                f"building the kernel needs {DISK_NEEDED_BYTES / 1e9:.1f} GB in {cache}, "
                f"which has {free / 1e9:.1f} GB free",
                "free some, or set XDG_CACHE_HOME to a folder on another disk",
            )
        work = Path(tempfile.mkdtemp(prefix="kernel-build-", dir=cache))
        try:
            with (cache / "kernel-build.log").open("w", encoding="utf-8") as log:
                return _Build(work, log, progress).run(cache / "kernels")
        finally:
            shutil.rmtree(work, ignore_errors=True)


@contextlib.contextmanager
def cache_to_change(cache: Path, progress: Report = lambda _: None) -> Iterator[None]:
    """The folder of kernels, made, for one builder or importer at a time."""
    try:
        (cache / "kernels").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentUnsupported(
            f"cannot make {cache}: {error.strerror}", "set XDG_CACHE_HOME to a folder you own"
        ) from error
    waits = Progress("waiting for another build of the kernel to end")
    with in_turn(cache / LOCK, lambda: progress(waits)):
        yield


def check_build_tools() -> None:
    """Raises EnvironmentLacking, naming the packages, unless a kernel can be compiled here."""
    check_processor()
    packages = {package for name, package in BUILD_PROGRAMS.items() if not shutil.which(name)}
    if not C_HEADER.exists():
        packages.add("libc6-dev")
    if packages:
        raise EnvironmentUnsupported(
            f"the kernel cannot be built without {', '.join(sorted(packages))}",
            command(sorted(packages)),
        )


def check_processor() -> None:
    """Raises EnvironmentLacking where no kernel in user mode runs."""
    if platform.machine() != "x86_64":
        raise EnvironmentUnsupported(
            f"User Mode Linux runs on x86-64 only, and this is {platform.machine()}",
            "use --testbed native",
        )


def required_options(fragment: str) -> list[str]:
    """The lines of the configuration fragment that the finished configuration must hold."""
    checked = fragment.split(OPTIONAL_SECTION, 1)[0]
    return [line for line in checked.splitlines() if line.startswith("CONFIG_")]


def missing_options(fragment: str, finished: str) -> list[str]:
    """Names of required options that the finished ``.config`` omits or sets otherwise."""
    have = set(finished.splitlines())
    return [line.split("=", 1)[0] for line in required_options(fragment) if line not in have]


class _Build:
    """One build, in one folder, with one log."""

    def __init__(self, work: Path, log: IO[str], progress: Report) -> None:
        self.work = work
        self.log = log
        self.progress = progress

    def run(self, kernels: Path) -> Kernel:
        self.progress(Progress("looking for the kernel source"))
        source = find_source(self.work, self._output_of)
        tree = self._unpack(self._fetch(source))
        self._make_repeatable(tree)
        self._configure(tree)
        self._compile(tree)
        return self._accept(tree, source, kernels)

    def _fetch(self, source: SourcePackage) -> Path:
        if source.tarball:
            return source.tarball
        phase = f"downloading {source.name} {source.version} ({source.size_bytes / 1e6:.0f} MB)"
        self.progress(Progress(phase, 0.0))
        folder = self.work / "download"
        folder.mkdir()

        def watch() -> None:
            arrived = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
            self.progress(Progress(phase, arrived / max(source.size_bytes, 1)))

        self._step(
            ["apt-get", *source.apt_options, "-q", "download", f"{source.name}={source.version}"],
            "the kernel source could not be downloaded",
            cwd=folder,
            idle=watch,
        )
        package = next(folder.glob("*.deb"))
        self.progress(Progress("unpacking the source"))
        self._step(
            ["dpkg-deb", "-x", str(package), str(self.work / "package")],
            "the kernel source package could not be unpacked",
        )
        package.unlink()
        # Ubuntu's is one folder further down, with a link to it, and packed by bzip2.
        found = (self.work / "package/usr/src").rglob("linux-source-*.tar.*")
        tarball = next((file for file in found if not file.is_symlink()), None)
        if tarball is None:
            raise EnvironmentUnsupported(
                f"{source.name} holds no source", "take a kernel of a release: kernel import"
            )
        return tarball

    def _unpack(self, tarball: Path) -> Path:
        self.progress(Progress("unpacking the source"))
        tree = self.work / "source"
        tree.mkdir()
        self._step(
            [
                "tar",
                "-xf",
                str(tarball),
                "-C",
                str(tree),
                "--strip-components=1",
                *(f"--exclude={pattern}" for pattern in NOT_UNPACKED),
            ],
            "the kernel source could not be unpacked",
        )
        return tree

    def _make_repeatable(self, tree: Path) -> None:
        """Change the source so that a guest does the same in every run."""
        try:
            kernel.change_source(tree)
        except (OSError, ValueError) as error:
            raise EnvironmentUnsupported(
                f"this kernel source cannot be made repeatable: {error}", f"log: {self.log.name}"
            ) from error

    def _configure(self, tree: Path) -> None:
        self.progress(Progress("configuring"))
        self._step(
            ["make", "ARCH=um", f"KCONFIG_ALLCONFIG={CONFIG}", "allnoconfig"],
            "the kernel could not be configured",
            cwd=tree,
        )
        missing = missing_options(
            CONFIG.read_text(encoding="utf-8"), (tree / ".config").read_text(encoding="utf-8")
        )
        if missing:
            raise EnvironmentUnsupported(
                f"this kernel source does not take {', '.join(missing)}", f"log: {self.log.name}"
            )

    def _compile(self, tree: Path) -> None:
        cores = len(os.sched_getaffinity(0))
        phase = f"compiling on {cores} core{'s' if cores > 1 else ''}"
        self.progress(Progress(phase, 0.0))
        done = 0

        def count(line: str) -> None:
            nonlocal done
            if STEP.match(line):
                done += 1
                self.progress(Progress(phase, min(done / EXPECTED_STEPS, 0.99)))

        self._step(
            ["make", "ARCH=um", f"-j{cores}", "linux"],
            "the kernel did not compile",
            cwd=tree,
            each=count,
        )
        self._step(["strip", "linux"], "the kernel could not be stripped", cwd=tree)

    def _accept(self, tree: Path, source: SourcePackage, kernels: Path) -> Kernel:
        self.progress(Progress("booting it once"))
        binary = tree / "linux"
        seccomp = seccomp_of(binary)
        self.log.write(f"smoke boot: it boots, seccomp {seccomp}\n")
        wanted = config_hash()
        staged = self.work / "kernel"
        staged.mkdir()
        shutil.move(binary, staged / "linux")
        manifest = {
            "version": source.version,
            "source": source.name,
            "config_hash": wanted,
            "seccomp": seccomp,
            "size_bytes": (staged / "linux").stat().st_size,
        }
        (staged / "kernel.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        shutil.copy(tree / ".config", staged / "config")
        final = kernels / f"{source.version}-{wanted}"
        if final.exists():
            final.rename(self.work / "replaced")
        staged.rename(final)
        return Kernel(final / "linux", source.version, wanted, virtual_clock=True, seccomp=seccomp)

    def _output_of(self, command: list[str]) -> str:
        self.log.write(f"+ {shlex.join(command)}\n")
        self.log.flush()
        shown = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            check=True,
            env=_environment(),
        ).stdout
        self.log.write(shown)
        return shown

    def _step(
        self,
        command: list[str],
        failure: str,
        *,
        cwd: Path | None = None,
        each: Callable[[str], None] | None = None,
        idle: Callable[[], None] | None = None,
    ) -> None:
        """Runs one program into the log; on failure names its last line and the log."""
        self.log.write(f"+ {shlex.join(command)}\n")
        self.log.flush()
        last = ""
        process = subprocess.Popen(
            command,
            cwd=cwd or self.work,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=self.log if idle else subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=partial(die_with_parent, signal.SIGTERM),
        )
        try:
            if idle:
                while process.poll() is None:
                    idle()
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(timeout=0.5)
            else:
                assert process.stdout is not None
                for line in process.stdout:
                    self.log.write(line)
                    last = line.strip() if "rror" in line or not last else last
                    if each:
                        each(line)
            code = process.wait()
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        self.log.flush()
        if code:
            reason = f": {last}" if last else ""
            raise EnvironmentUnsupported(f"{failure}{reason}", f"log: {self.log.name}")


def _environment() -> dict[str, str]:
    """Only what a build may depend on; fixed stamps, so that one source gives one kernel."""
    kept = ("PATH", "HOME", "TMPDIR", "http_proxy", "https_proxy", "no_proxy")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "LC_ALL": "C",
        "KBUILD_BUILD_TIMESTAMP": "1970-01-01",
        "KBUILD_BUILD_USER": "corridor",
        "KBUILD_BUILD_HOST": "corridor",
    }


# What builds of the kernel left in the cache that were killed: folders of a gigabyte and more.

LOCK = "kernel-build.lock"
BLOCK_BYTES = 512


def remove_unfinished_builds() -> list[tuple[Path, int]]:
    """Folders, and the octets that each took; none while a build is in progress."""
    try:
        cache = cache_folder()
        with (cache / LOCK).open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return remove_unfinished(cache)
    except (OSError, EnvironmentUnsupported):  # none was ever begun, or one is being made
        return []


def remove_unfinished(cache: Path) -> list[tuple[Path, int]]:
    """For who holds the lock: no one else builds."""
    found = []
    for folder in sorted(one for one in cache.glob("kernel-build-*") if one.is_dir()):
        octets = sum(file.lstat().st_blocks * BLOCK_BYTES for file in folder.rglob("*"))
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            found.append((folder, octets))
    return found


# Shows a kernel build's progress: a line that moves on a terminal, a few lines elsewhere.


QUIET_STEP = 0.25
"""Without a terminal, one line at each quarter of a phase."""
AFTERWARDS = "going on"


class ProgressPrinter:
    """Takes what a build tells. ``say`` is who tells lines in the meantime, if someone does."""

    def __init__(self, say: Say | None = None, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._owned = LiveLines(self._stream) if can_move(self._stream) else None
        self._live = say if isinstance(say, LiveLines) else self._owned
        self._started_s = time.monotonic()
        self._phase = ""
        self._told = -1.0

    def __call__(self, progress: Progress) -> None:
        fraction = progress.fraction or 0.0
        fresh = progress.phase != self._phase
        percent = "" if progress.fraction is None else f"{fraction:4.0%}"
        if self._live is not None:
            if fresh:
                self._live.doing(f"kernel: {progress.phase}")
            self._live.step(percent.strip())
        elif fresh or fraction - self._told >= QUIET_STEP:
            taken = f"({time.monotonic() - self._started_s:.0f} s)"
            line = " ".join(filter(None, (f"kernel: {progress.phase}", percent, taken)))
            print(line, file=self._stream, flush=True)
            self._told = fraction
        self._phase = progress.phase

    def close(self) -> None:
        """Ends the line that moves."""
        if self._live is self._owned and self._owned is not None:
            self._owned.rest()
        elif self._live is not None:
            self._live.doing(AFTERWARDS)
