"""``corridor kernel``: build the virtual-clock kernel, hand it on, or show what is there."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from corridor.experiments.machines.kernel import facts_of


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser("kernel")
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


def run(args: argparse.Namespace) -> int:
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
