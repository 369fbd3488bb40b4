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
from typing import Any, NoReturn

from corridor.topologies.base.errors import CorridorError

FAMILIES = {
    "experiments": ("run", "check", "explain", "price", "report", "topology", "schema"),
    "a live network": ("up", "status", "policy", "drain", "restore", "events"),
    "this machine": ("doctor", "kernel", "test", "clean"),
}
VERBS = tuple(verb for verbs in FAMILIES.values() for verb in verbs)
HELP = "help"
EPILOG = """corridor help VERB shows a verb's options and examples.

exit codes:
  0 fine, 1 a policy or a claim of the prover does not hold, or a check failed,
  2 bad input, 3 this machine cannot do it, 4 the measurement is not valid"""
EXIT_BY_SIGNAL = 128


class Terminated(KeyboardInterrupt):
    """Somebody asked this process to end; it tidies up as after Ctrl-C."""


def _terminate(_number: int, _frame: object) -> NoReturn:
    raise Terminated


class _Verbs:
    """What verbs add their parsers to: their lines of help are printed by family, not in a row."""

    def __init__(self, subparsers: Any) -> None:
        self._subparsers = subparsers
        self._lines: dict[str, str] = {}

    def add_parser(self, verb: str, **settings: Any) -> Any:
        self._lines[verb] = settings.pop("help")
        return self._subparsers.add_parser(verb, **settings)

    def by_family(self) -> str:
        lines = []
        for family, verbs in FAMILIES.items():
            lines += [f"{family}:", *(f"  {verb:10}{self._lines[verb]}" for verb in verbs), ""]
        return "\n".join(lines)


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="corridor",
        usage="corridor VERB ...",
        description="Emulate a map of data hubs and fibres as a network: measure each demand\n"
        "beside what a model predicts, under policies and when fibres are cut, and prove\n"
        "what the tables of its switches let pass.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    subparsers = parser.add_subparsers(
        dest="verb", metavar="VERB", required=True, prog="corridor", help=argparse.SUPPRESS
    )
    verbs = _Verbs(subparsers)
    for verb in VERBS:
        module = importlib.import_module(f"corridor.experiments.commands.{verb}")
        module.add_parser(verbs)
    parser.epilog = f"{verbs.by_family()}\n{EPILOG}"
    return parser


def _asked(words: Sequence[str]) -> Sequence[str]:
    """``help`` and ``help VERB`` ask for what ``--help`` prints; ``test`` leaves that to itself."""
    return [*words[1:2], "--help"] if list(words[:1]) == [HELP] else words


def _one_line(text: str) -> str:
    """A file's name may hold anything; what is printed holds no line end and no control code."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def main(argv: Sequence[str] | None = None) -> int:
    if argv is None:  # a command of its own, not a call from a test or a notebook
        signal.signal(signal.SIGTERM, _terminate)
        os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # it reads every package's
    args = build_parser().parse_args(_asked(sys.argv[1:] if argv is None else argv))
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
