"""``corridor test``: checks this checkout: lint, types, then tests from quick to slow."""

from __future__ import annotations

import argparse
from typing import Any


def add_parser(subparsers: Any) -> None:
    # Another prefix, so that pytest's own options (-k, -x, ...) reach pytest.
    parser = subparsers.add_parser("test", add_help=False, prefix_chars="+")
    parser.add_argument(
        "arguments", nargs="*", metavar="ARGUMENT", help="of the checks; --help lists them"
    )


def run(args: argparse.Namespace) -> int:
    from corridor.experiments.setup.checks import run_checks, run_in_machine

    parser = argparse.ArgumentParser(
        prog="corridor test",
        description="Runs lint, types, unit and property tests, then the tests that boot guests. "
        "Every section runs; the exit code is 1 if any failed.",
        epilog="Anything else goes to pytest, as in: ./corridor test -k delay",
    )
    parser.add_argument("--fast", action="store_true", help="leave out guests and slow tests")
    parser.add_argument(
        "--no-guests", action="store_true", help="leave out the tests that boot a guest"
    )
    parser.add_argument(
        "--vm",
        action="store_true",
        help="instead: native runs on Debian's own kernel, in a machine that QEMU boots; its image "
        "is built first (corridor vm build)",
    )
    own, pytest_arguments = parser.parse_known_args(args.arguments)
    if own.vm:
        return run_in_machine(pytest_arguments)
    return run_checks(fast=own.fast, guests=not own.no_guests, pytest_arguments=pytest_arguments)
