"""The checks of a checkout, in the order in which they are worth waiting for."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.places import CHECKOUT

NO_TESTS_COLLECTED = 5
NEITHER_GUEST_NOR_KERNEL = "not guest and not native and not netns and not browser and not vm"
QUICK = f"{NEITHER_GUEST_NOR_KERNEL} and not slow"
SIDE_BY_SIDE = (
    *("-n", str(min(os.cpu_count() or 1, 4))),
    *("--dist", "loadfile", "--no-loadscope-reorder"),
)
"""Files go to as many processes, in the order in which they are collected: see ``conftest.py`` of
the tests in guests. Tests of a file share what they look at, so they stay together."""


@dataclass(frozen=True)
class Section:
    name: str
    command: tuple[str, ...]
    empty_is_fine: bool = False
    """Whether pytest may find nothing to run, as when ``-k`` picks tests of another section."""


def sections(
    *,
    fast: bool,
    guests: bool,
    native: bool,
    root: bool,
    browser: bool,
    docs: bool = False,
    pytest_arguments: Sequence[str] = (),
) -> list[Section]:
    """What is checked: ``native`` and ``root`` say what this machine's own kernel allows,
    ``browser`` whether a Chromium is here, ``docs`` whether what makes the site is.

    With pytest arguments only tests run, since they single some out.
    """
    python = sys.executable
    picked = tuple(pytest_arguments)

    def tests(name: str, markers: str) -> Section:
        how = picked or SIDE_BY_SIDE
        return Section(
            name, (python, "-m", "pytest", "-q", "-m", markers, *how), empty_is_fine=bool(picked)
        )

    static = [
        Section("lint", (python, "-m", "ruff", "check", "--no-cache", ".")),
        Section("format", (python, "-m", "ruff", "format", "--check", ".")),
        Section("types", (python, "-m", "mypy")),
    ]
    if docs:
        build = (python, "-P", "-m", "corridor.experiments.cli", "docs")
        static.append(Section("site of the documentation", build))
    chosen = [] if picked else static
    if fast:
        return [*chosen, tests("unit and property tests", QUICK)]
    chosen.append(tests("unit and property tests", NEITHER_GUEST_NOR_KERNEL))
    if browser:
        command = (python, "-m", "pytest", "-q", "-m", "browser", *(picked or ("tests/browser",)))
        chosen.append(Section("pages in a browser", command, empty_is_fine=bool(picked)))
    own = [marker for marker, can in (("netns", root), ("native", native)) if can]
    if own:
        markers = f"({' or '.join(own)}) and not guest"
        command = (python, "-m", "pytest", "-q", "-m", markers, *picked)
        chosen.append(Section("tests in this machine's own kernel", command, empty_is_fine=True))
    if guests:
        chosen.append(tests("end-to-end tests in guests", "guest"))
    return chosen


def run_in_machine(pytest_arguments: Sequence[str]) -> int:
    """The tests that boot a machine with Debian's own kernel: 0 when all passed."""
    from corridor.experiments.machines.images import architecture_named, identity_of_checkout
    from corridor.experiments.machines.tools import BUILDING, emulator, require

    architecture = architecture_named("")
    identity_of_checkout(architecture)  # an installed package has neither tests nor a machine
    require((*BUILDING, emulator(architecture)), "testing in a machine")
    command = (sys.executable, "-m", "pytest", "-q", "-m", "vm", "tests/vm", *pytest_arguments)
    return 1 if subprocess.run(command, cwd=CHECKOUT, check=False).returncode else 0


def run_checks(*, fast: bool, guests: bool, pytest_arguments: Sequence[str]) -> int:
    """Runs every section, even after one failed, and sums up: 0 when all passed, else 1."""
    from corridor.experiments.documentation.site import lacks as site_lacks
    from corridor.experiments.run.printing import INSTALL, find_browser
    from corridor.experiments.testbeds.probe import probe

    browser = find_browser() is not None
    no_site = site_lacks()
    facts = probe(boot=guests and not fast)
    if guests and not fast:
        lacks = facts.real_guest_lacks()
        if lacks:
            raise EnvironmentUnsupported(
                f"the end-to-end tests cannot run: {'; '.join(lacks)}",
                "see ./corridor doctor, or leave them out with --no-guests",
            )
    results: list[tuple[str, bool, float]] = []
    for section in sections(
        fast=fast,
        guests=guests,
        native=not facts.native_lacks(),
        root=facts.root,
        docs=not no_site,
        browser=browser,
        pytest_arguments=pytest_arguments,
    ):
        print(f"\n== {section.name} ==", flush=True)
        start = time.monotonic()
        code = subprocess.run(section.command, cwd=CHECKOUT, check=False).returncode
        passed = code == 0 or (code == NO_TESTS_COLLECTED and section.empty_is_fine)
        results.append((section.name, passed, time.monotonic() - start))
    print("\n== summary ==")
    for name, passed, seconds in results:
        print(f"{'ok' if passed else 'FAILED':<7} {name} ({seconds:.0f} s)")
    if not facts.root or facts.native_lacks():
        print(f"left out: tests of the native testbed ({'; '.join(facts.native_lacks())})")
    if no_site:
        print(f"left out: the site ({', '.join(no_site)} not here; ./corridor setup --docs)")
    if not browser and not fast:
        print(f"left out: tests of pages in a browser (no Chromium is here; {INSTALL})")
    return 0 if all(passed for _, passed, _ in results) else 1
