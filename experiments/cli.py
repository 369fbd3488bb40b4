"""The ``corridor`` command: parses arguments, hands over to one verb, prints failures.

Each verb lives in its own file under ``experiments/commands`` and offers
``add_parser(subparsers)`` and ``run(args) -> int``. Verbs import what they need
inside ``run`` so that ``corridor --help`` stays quick.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from corridor.topologies.base.errors import CorridorError

VERBS = (
    "run",
    "keep",
    "status",
    "policy",
    "drain",
    "restore",
    "events",
    "check",
    "explain",
    "price",
    "report",
    "topology",
    "schema",
    "doctor",
    "kernel",
    "test",
    "clean",
)
EXIT_BY_SIGNAL = 128


class Terminated(KeyboardInterrupt):
    """Somebody asked this process to end; it tidies up as after Ctrl-C."""


def _terminate(_number: int, _frame: object) -> NoReturn:
    raise Terminated


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="corridor",
        description="Emulate a map of data hubs and fibres as a network, measure each demand "
        "beside what the model predicts, under policies and when fibres are cut if the scenario "
        "says so, and prove what the tables of its switches let pass.",
        epilog="exit codes: 0 fine, 1 a policy or a claim of the prover does not hold, or a check "
        "failed, 2 bad input, 3 this machine cannot do it, 4 the measurement is not valid",
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb in VERBS:
        module = importlib.import_module(f"corridor.experiments.commands.{verb}")
        module.add_parser(verbs)
    return parser


def _one_line(text: str) -> str:
    """A file's name may hold anything; what is printed holds no line end and no control code."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def main(argv: Sequence[str] | None = None) -> int:
    if argv is None:  # a command of its own, not a call from a test or a notebook
        signal.signal(signal.SIGTERM, _terminate)
        os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # it reads every package's
    args = build_parser().parse_args(argv)
    module = importlib.import_module(f"corridor.experiments.commands.{args.verb}")
    try:
        return int(module.run(args))
    except CorridorError as error:
        print(f"corridor: {_one_line(str(error))}", file=sys.stderr)
        return error.exit_code
    except Terminated:
        print("corridor: terminated", file=sys.stderr)
        return EXIT_BY_SIGNAL + signal.SIGTERM
    except KeyboardInterrupt:
        print("corridor: interrupted", file=sys.stderr)
        return EXIT_BY_SIGNAL + signal.SIGINT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())
