"""The checks of a checkout, in the order in which they are worth waiting for."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO

from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.installation import CHECKOUT

NO_TESTS_COLLECTED = 5
UNIT = ("tests/unit", "tests/property")
BROWSER = ("tests/browser",)
OWN_KERNEL = ("tests/unit/traffic",)
GUEST = ("tests/guest",)
BLOCKS = "tests/unit/test_doc_blocks.py"
"""Runs the blocks of each page; those of pages that take seconds are slow."""
"""The folders of each section: each test is collected once, by the section that may run it."""
NO_MACHINE = "not guest and not native and not netns and not browser and not vm"
SIDE_BY_SIDE = (
    *("-n", str(min(os.cpu_count() or 1, 4) + 1)),
    *("--dist", "loadfile", "--no-loadscope-reorder"),
)
"""Processes take files one after another, the file that costs most first: see ``conftest.py`` of
the tests. Tests of a file share their fixtures, so they run in one process. One process more than
there are processors computes while another waits for a guest or a time limit."""


@dataclass(frozen=True)
class Section:
    """One command of the checks."""

    name: str
    command: tuple[str, ...]
    empty_is_fine: bool = False
    """Whether pytest may find nothing to run, as when ``-k`` picks tests of another section."""
    in_parallel: bool = False
    """Whether it is one process, which runs while the sections that use all processors run."""


@dataclass(frozen=True)
class Outcome:
    """The result of one section, and its cost."""

    name: str
    passed: bool
    seconds: float
    cpu_s: float
    """CPU seconds of its processes that have ended."""

    def __str__(self) -> str:
        word = "ok" if self.passed else "FAILED"
        return f"{word:<7} {self.name} ({self.seconds:.0f} s, {self.cpu_s:.0f} CPU s)"


def sections(
    *,
    whole: bool,
    guests: bool,
    native: bool,
    root: bool,
    browser: bool,
    docs: bool = False,
    files: Sequence[str] | None = None,
    pages: Sequence[str] = (),
    pytest_arguments: Sequence[str] = (),
) -> list[Section]:
    """Return what is checked, in this order.

    Args:
        whole: all tests; otherwise no slow test, half of the examples of each property, and
            in guests one test per promise; without ``files``, also no test that last took half a
            CPU second.
        guests: whether tests may boot guests.
        native, root: what this machine's own kernel allows.
        browser: whether a Chromium is here.
        docs: whether Sphinx is here.
        files: the only test files to run; None for all.
        pages: pages of documentation whose blocks run although they are slow.
        pytest_arguments: passed to pytest; if there are any, only tests run.
    """
    python = sys.executable
    picked = tuple(pytest_arguments)
    own_paths = any((CHECKOUT / one.partition("::")[0]).exists() for one in picked)

    def tests(
        name: str, markers: str, folders: Sequence[str], how: Sequence[str] = (), **more: bool
    ) -> list[Section]:
        paths = _within(folders, files) if files is not None else tuple(folders)
        if not paths:
            return []
        few: tuple[str, ...] = ()
        if folders is UNIT and not (whole or picked):
            few = ("--few-examples",) if files is not None else ("--few-examples", "--quick")
        arguments = (*(picked or how), *few, *(() if own_paths else paths))
        may_be_empty = bool(picked) or files is not None
        command = (python, "-m", "pytest", "-q", "-m", markers, *arguments)
        return [Section(name, command, empty_is_fine=may_be_empty, **more)]

    chosen = [] if picked else _static(python, docs=docs)
    markers = NO_MACHINE if whole else f"{NO_MACHINE} and not slow"
    chosen += tests("unit and property tests", markers, UNIT, SIDE_BY_SIDE)
    if pages and not (whole or picked):
        named = " or ".join(f"[{one}]" for one in pages)
        slow = f"{NO_MACHINE} and slow"
        blocks = (python, "-m", "pytest", "-q", "-m", slow, "-k", named, BLOCKS)
        chosen.append(Section("blocks of changed pages", blocks, empty_is_fine=True))
    own = [marker for marker, can in (("netns", root), ("native", native)) if can]
    if whole and browser:
        chosen += tests("pages in a browser", "browser", BROWSER, in_parallel=True)
    if whole and own:
        chosen += tests("tests in this machine's own kernel", " or ".join(own), OWN_KERNEL)
    if guests:
        markers = "guest" if whole else "guest and promise"
        chosen += tests("end-to-end tests in guests", markers, GUEST, SIDE_BY_SIDE)
    return chosen


def _static(python: str, *, docs: bool) -> list[Section]:
    found = [
        Section("lint", (python, "-m", "ruff", "check", "--no-cache", ".")),
        Section("format", (python, "-m", "ruff", "format", "--check", ".")),
        Section("types", (python, "-m", "mypy"), in_parallel=True),
    ]
    if docs:
        build = (python, "-P", "-m", "corridor.experiments.cli", "docs")
        found.append(Section("site of the documentation", build, in_parallel=True))
    return found


def _within(folders: Sequence[str], files: Sequence[str]) -> tuple[str, ...]:
    return tuple(one for one in files if one.startswith(tuple(f"{folder}/" for folder in folders)))


def run_in_machine(pytest_arguments: Sequence[str]) -> int:
    """The tests that boot a machine with Debian's own kernel: 0 when all passed."""
    from corridor.experiments.machines.recipe import architecture_named, identity_of_checkout
    from corridor.experiments.machines.system_packages import BUILDING, emulator, require

    architecture = architecture_named("")
    identity_of_checkout(architecture)  # an installed package has neither tests nor a machine
    require((*BUILDING, emulator(architecture)), "testing in a machine")
    command = (sys.executable, "-m", "pytest", "-q", "-m", "vm", "tests/vm", *pytest_arguments)
    return 1 if subprocess.run(command, cwd=CHECKOUT, check=False).returncode else 0


def run_checks(
    *,
    whole: bool,
    guests: bool,
    files: Sequence[str] | None,
    pages: Sequence[str] = (),
    pytest_arguments: Sequence[str],
) -> int:
    """Run every section, even after one failed, and sum up: 0 when all passed, else 1.

    The arguments are those of ``sections``.
    """
    from corridor.experiments.run.exporting import INSTALL, find_browser
    from corridor.experiments.setup.documentation_site import lacks as site_lacks
    from corridor.experiments.testbeds.probe import probe

    browser = find_browser() is not None
    no_site = site_lacks()
    facts = probe(boot=guests)
    if guests:
        lacks = facts.real_guest_lacks()
        if lacks:
            raise EnvironmentUnsupported(
                f"the end-to-end tests cannot run: {'; '.join(lacks)}",
                "see ./corridor doctor, or leave them out with --no-guests",
            )
    chosen = sections(
        whole=whole,
        guests=guests,
        native=not facts.native_lacks(),
        root=facts.root,
        docs=not no_site and whole,
        browser=browser,
        files=files,
        pages=pages,
        pytest_arguments=pytest_arguments,
    )
    outcomes = _run_all(chosen)
    print("\n== summary ==")
    print(*outcomes, sep="\n")
    other = "other runs in guests" if guests else "all runs in guests"
    if not whole:
        print(f"left out: slow tests, {other}, pages in a browser (./corridor test --whole)")
    elif not guests:
        print(f"left out: {other} (--no-guests)")
    if whole and (not facts.root or facts.native_lacks()):
        print(f"left out: tests of the native testbed ({'; '.join(facts.native_lacks())})")
    if whole and no_site:
        print(f"left out: the site ({', '.join(no_site)} not here; ./corridor setup --docs)")
    if whole and not browser:
        print(f"left out: tests of pages in a browser (no Chromium is installed; {INSTALL})")
    return 0 if all(one.passed for one in outcomes) else 1


def _run_all(chosen: Sequence[Section]) -> list[Outcome]:
    """Run the sections, in their order except those that run in parallel with the others."""
    with ThreadPoolExecutor(1) as pool:
        parallel = {one: pool.submit(_run_in_parallel, one) for one in chosen if one.in_parallel}
        try:
            own = {one: _run_in_view(one) for one in chosen if not one.in_parallel}
            return [own[one] if one in own else parallel[one].result() for one in chosen]
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _run_in_view(section: Section) -> Outcome:
    print(_title(section), flush=True)
    return _run(section)


def _run_in_parallel(section: Section) -> Outcome:
    """Print what the section printed once it has ended, in one piece."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        outcome = _run(section, log)
        log.seek(0)
        print(f"{_title(section)}\n{log.read()}", end="", flush=True)
    return outcome


def _title(section: Section) -> str:
    return f"\n== {section.name} =="


def _run(section: Section, log: IO[str] | None = None) -> Outcome:
    start = time.monotonic()
    errors = None if log is None else subprocess.STDOUT
    with subprocess.Popen(
        section.command, cwd=CHECKOUT, env=environment(), stdout=log, stderr=errors
    ) as process:
        try:
            _, status, spent = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            raise
        code = process.returncode = os.waitstatus_to_exitcode(status)
    passed = code == 0 or (code == NO_TESTS_COLLECTED and section.empty_is_fine)
    cpu_s = spent.ru_utime + spent.ru_stime
    return Outcome(section.name, passed, time.monotonic() - start, cpu_s)


def environment() -> dict[str, str]:
    """The environment of the checks: if ``./corridor`` keeps bytecode, so do their processes.

    Without it, each process of the tests would compile all the modules that it imports.
    """
    if sys.pycache_prefix is None:
        return dict(os.environ)
    kept = {**os.environ, "PYTHONPYCACHEPREFIX": sys.pycache_prefix}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept
