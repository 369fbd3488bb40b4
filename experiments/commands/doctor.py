"""This machine: ``corridor doctor``, ``kernel`` and ``clean``."""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from pathlib import Path
from typing import Any

from corridor.experiments.machines.kernel import facts_of
from corridor.experiments.terminal.live import waiting
from corridor.experiments.terminal.screen import show
from corridor.traffic.agents.jobs import clock_in_words

EXIT_NO_TESTBED = 3


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser("doctor")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    from corridor.experiments.setup.doctor import choice_or_reason, examine, verdicts

    with waiting("examining this machine, and booting a guest"):
        machine = examine()
    found = verdicts(machine)
    choice = choice_or_reason(machine.facts)
    nothing = isinstance(choice, str)
    if args.json:
        report = {
            "schema": "corridor/doctor/1",
            "verdicts": [dataclasses.asdict(verdict) for verdict in found],
            "choice": None if isinstance(choice, str) else choice._asdict(),
            "reason": choice if isinstance(choice, str) else choice.reason,
            "machine": dataclasses.asdict(machine),
        }
        print(json.dumps(report, indent=2, default=str))
    else:
        lines = "\n".join(map(str, found))
        if isinstance(choice, str):
            show(f"{lines}\n\nnothing can run here: {choice}")
        else:
            best = f"{choice.testbed}, {clock_in_words(choice.clock)}: {choice.reason}"
            show(f"{lines}\n\n--testbed auto: {best}")
    return EXIT_NO_TESTBED if nothing else 0


def add_kernel(verbs: Any) -> None:
    parser = verbs.add_parser("kernel")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    build = actions.add_parser("build", help="build it unless it is there (about 4 min on 2 cores)")
    build.add_argument(
        "--rebuild", action="store_true", help="build the newest even if one is there"
    )
    show = actions.add_parser("show", help="the kernels that guests can boot")
    exported = actions.add_parser("export", help="write the built kernel as one file")
    exported.add_argument("file", metavar="FILE", help="such as corridor-kernel.tar.xz")
    imported = actions.add_parser(
        "import",
        help="install the kernel of such a file after a test boot; only use files that you trust",
    )
    imported.add_argument("file", metavar="FILE", help="that kernel export wrote")
    for action in (build, show, exported, imported):
        action.add_argument("--json", action="store_true", help="print JSON")


def run_kernel(args: argparse.Namespace) -> int:
    actions = {"build": _build, "show": _show, "export": _export, "import": _import}
    return actions[args.action](args)


def _build(args: argparse.Namespace) -> int:
    from corridor.experiments.machines.kernel_build import ProgressPrinter, build_kernel

    printer = ProgressPrinter()
    start = time.monotonic()
    try:
        kernel = build_kernel(printer, rebuild=args.rebuild)
    finally:
        printer.close()
    if args.json:
        took = {"seconds": round(time.monotonic() - start, 1)}
        print(json.dumps({**facts_of(kernel), **took}, indent=2))
    else:
        print(f"{kernel}, ready after {time.monotonic() - start:.0f} s")
    return 0


def _export(args: argparse.Namespace) -> int:
    from corridor.experiments.machines.kernel import find_kernel
    from corridor.experiments.machines.kernel_handed_on import export_kernel
    from corridor.topologies.base.errors import EnvironmentUnsupported

    kernel = find_kernel()
    if kernel is None:
        raise EnvironmentUnsupported("no kernel is built here yet", "./corridor kernel build")
    export_kernel(kernel, Path(args.file))
    print(json.dumps(facts_of(kernel), indent=2) if args.json else f"{args.file}: {kernel}")
    return 0


def _import(args: argparse.Namespace) -> int:
    from corridor.experiments.machines.kernel_handed_on import import_kernel

    kernel = import_kernel(Path(args.file))
    print(json.dumps(facts_of(kernel), indent=2) if args.json else f"{kernel}, imported")
    return 0


def _show(args: argparse.Namespace) -> int:
    from corridor.experiments.machines.kernel import cache_folder, config_hash
    from corridor.experiments.testbeds.probe import probe

    facts = probe()
    virtual, real = facts.virtual_kernel, facts.real_clock_kernel()
    if args.json:
        shown = {
            "virtual": facts_of(virtual) if virtual else None,
            "real": facts_of(real) if real else None,
            "cache": str(cache_folder() / "kernels"),
            "config_hash": config_hash(),
        }
        print(json.dumps(shown, indent=2))
    else:
        print(f"virtual clock: {virtual or 'not built yet: ./corridor kernel build'}")
        print(f"real clock:    {real or 'missing: see ./corridor doctor'}")
    return 0


def add_clean(verbs: Any) -> None:
    verbs.add_parser(
        "clean",
        description="Remove remains of killed processes: bridges and interfaces of native runs, "
        "scratch folders of guests, sessions of live networks, partial builds of the kernel and "
        "of the machine's image. Also remove caches: answers (at most 64, and 64 MiB), frames, "
        "bytecode.",
    )


def run_clean(_args: argparse.Namespace) -> int:
    from corridor.experiments.live_network.session import remove_dead as remove_dead_sessions
    from corridor.experiments.machines.build import remove_unfinished_images
    from corridor.experiments.machines.kernel_build import remove_unfinished_builds
    from corridor.experiments.testbeds.native import leftovers, remove_leftovers
    from corridor.topologies.base.disk_cache import remove_kept
    from corridor.topologies.base.scratch import remove_dead
    from corridor.topologies.base.words import counted

    found = leftovers()
    for run_id in found:
        remove_leftovers(run_id)
        print(f"removed what run {run_id} left")
    folders = remove_dead()
    for folder in folders:
        print(f"removed {folder}")
    sessions = remove_dead_sessions()
    for name in sessions:
        print(f"removed the session of the live network {name}")
    builds = remove_unfinished_builds()
    for folder, size in builds:
        print(f"removed {folder}, {size / 1e9:.1f} GB of a kernel's build that was killed")
    images = remove_unfinished_images()
    for folder in images:
        print(f"removed {folder}, of an image's build that was killed")
    kept, size = remove_kept()
    if kept:
        print(f"removed {counted(kept, 'file')} that commands kept for later, {size / 1e6:.1f} MB")
    if not (found or folders or sessions or builds or images or kept):
        print("nothing to remove")
    return 0
