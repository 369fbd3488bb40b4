"""The ``corridor`` command: parses arguments, hands over to one verb, prints failures.

Each verb lives in its own file under ``experiments/commands`` and offers
``add_parser(subparsers)`` and ``run(args) -> int``. Verbs import what they need
inside ``run`` so that ``corridor --help`` stays quick.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any, NoReturn, TextIO

from corridor.experiments.command_line import completion
from corridor.experiments.command_line.manual import manual
from corridor.experiments.command_line.parser import Parser
from corridor.experiments.crash_report import keep_traceback
from corridor.experiments.terminal.screen import complaint
from corridor.topologies.base.errors import CorridorError, EnvironmentUnsupported

FAMILIES = {
    "what there is": ("list", "man", "completion"),
    "experiments": (
        *("run", "study", "lab", "check", "explain", "price", "capacity", "law"),
        *("report", "show", "compare", "artifact", "export", "topology", "workload", "schema"),
    ),
    "a live network": ("up", "page", "status", "events", "policy", "drain", "restore", "down"),
    "its hubs and fibres, by hand": (
        *("exec", "shell", "mininet", "ping", "probe", "trace", "capture"),
        *("fault", "cut", "mend", "kill", "start"),
    ),
    "this machine": ("doctor", "kernel", "vm", "docs", "test", "clean"),
}
VERBS = tuple(verb for verbs in FAMILIES.values() for verb in verbs)
HELP, LAB = "help", "lab"
EXIT_INTERNAL = 5
WELCOME = """corridor emulates data hubs and fibres, under law and when cables are cut.

  corridor list              what ships: scenarios, policy sets, maps, workloads
  corridor price --sets th   what the law of one country costs
  corridor run               the reference corridor, emulated and measured

corridor help shows every verb."""
EPILOG = """corridor help VERB shows a verb's options and examples.

exit codes:
  0 fine, 1 a policy or a claim of the prover does not hold, or a check failed,
  2 bad input, 3 this machine cannot do it, 4 the measurement is not valid,
  5 an internal error"""
EXIT_BY_SIGNAL = 128
MOST_SHOWN = 300
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


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
        made = self._subparsers.add_parser(verb, **settings)
        made.summary = self._lines[verb]
        return made

    def by_family(self) -> str:
        lines = []
        for family, verbs in FAMILIES.items():
            lines += [f"{family}:", *(f"  {verb:12}{self._lines[verb]}" for verb in verbs), ""]
        return "\n".join(lines)


class _Version(argparse.Action):
    """``--version``: looks for the commit only if it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_given: object, **_more: object) -> None:
        from corridor.experiments.run.version import version_line

        print(version_line())
        parser.exit()


def build_parser() -> Parser:
    parser = Parser(
        prog="corridor",
        usage="corridor VERB ...",
        description="Emulate a map of data hubs and fibres as a network: measure each demand\n"
        "beside what a model predicts, under policies and when fibres are cut, and prove\n"
        "what the tables of its switches let pass.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action=_Version, nargs=0, help="show the version, and the commit of a checkout"
    )
    subparsers = parser.add_subparsers(
        dest="verb", metavar="VERB", required=True, prog="corridor", help=argparse.SUPPRESS
    )
    verbs = _Verbs(subparsers)
    for verb in VERBS:
        module = importlib.import_module(f"corridor.experiments.commands.{verb}")
        module.add_parser(verbs)
    parser.epilog = f"{verbs.by_family()}\n{EPILOG}"
    parser.set_defaults(manual=partial(manual, parser, FAMILIES, EPILOG))
    return parser


def _asked(words: Sequence[str]) -> Sequence[str]:
    """``help`` and ``help VERB`` ask for what ``--help`` prints; ``test`` leaves that to itself."""
    return [*words[1:], "--help"] if list(words[:1]) == [HELP] else words


def _own_command(words: Sequence[str]) -> tuple[Sequence[str], list[str]]:
    """What is ours, and the command of the user's own that stands behind ``lab ... --``."""
    if list(words[:1]) != [LAB] or "--" not in words:
        return words, []
    at = list(words).index("--")
    return words[:at], list(words[at + 1 :])


def _one_line(text: str) -> str:
    """A file's name may hold anything; what is printed holds no line end and no control code."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code of one command; whatever went wrong has been told in one line."""
    if argv is None:  # a command of its own, not a call from a test or a notebook
        _open_closed_streams()
        signal.signal(signal.SIGTERM, _terminate)
        os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # it reads every package's
        if completion.is_asked():
            completion.answer(build_parser())
    try:
        return _obey(argv)
    except BrokenPipeError:
        _forget_output(sys.stdout)
        return 0
    except Terminated:
        return _complain("terminated", EXIT_BY_SIGNAL + signal.SIGTERM)
    except KeyboardInterrupt:
        return _complain("interrupted", EXIT_BY_SIGNAL + signal.SIGINT)
    except CorridorError as error:
        return _complain(str(error), error.exit_code)
    except MemoryError:
        return _complain("it needs more memory than it gets", EnvironmentUnsupported.exit_code)
    except Exception as error:  # noqa: BLE001 - the last resort: whatever escapes is our mistake
        return _unforeseen(error)


def _open_closed_streams() -> None:
    """Give a stream that the caller has closed somewhere to go, before a file takes its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115, PTH123 - until Python ends


def _obey(argv: Sequence[str] | None) -> int:
    """What was printed has also been written when this returns, or it raises OSError."""
    try:
        given = sys.argv[1:] if argv is None else argv
        if not given:
            print(WELCOME)
            return 0
        words, command = _own_command(_asked(given))
        args = build_parser().parse_args(words)
        if command:
            args.command = command
        module = importlib.import_module(f"corridor.experiments.commands.{args.verb}")
        return int(module.run(args))
    finally:
        if sys.stdout is not None:
            sys.stdout.flush()


def _unforeseen(error: Exception) -> int:
    _let_go_of_output()
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        place = f"{error.filename}: " if error.filename else "output: "
        said = f"{place}cannot be written: {error.strerror}; make room, or write elsewhere"
        return _complain(said, EnvironmentUnsupported.exit_code)
    file = keep_traceback(error)
    where = f"the traceback is in {file}" if file else "its traceback could not be written"
    what = f"{type(error).__name__}: {error}"[:MOST_SHOWN]
    return _complain(f"an internal error: {what}; {where}, please report it", EXIT_INTERNAL)


def _complain(text: str, code: int) -> int:
    """Tell it on standard error, if that takes anything; the code all the same."""
    if sys.stderr is not None:
        try:
            line = complaint(f"corridor: {_one_line(text)}", sys.stderr)
            print(line, file=sys.stderr, flush=True)
        except OSError:
            _forget_output(sys.stderr)
    return code


def _let_go_of_output() -> None:
    """What was printed is written now or never: Python would fail at it once more at its end."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError):
        _forget_output(sys.stdout)


def _forget_output(stream: TextIO | None) -> None:
    """What a stream still holds goes nowhere, also when Python ends."""
    if stream is not None:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    sys.exit(main())
