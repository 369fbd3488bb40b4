"""The ``corridor`` command: parses arguments, hands over to one verb, prints failures.

Each verb is in a file under ``experiments/commands``, or under ``experiments/live_commands`` if it
is about a live network, as ``add_parser(verbs)`` and ``run(args) -> int``. A verb in the file of
another one (``IN_FILE_OF``) is there as ``add_VERB`` and ``run_VERB``. Only the file of the verb
that is called is imported, and it imports what it needs inside ``run``: ``corridor VERB --help``
stays quick.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from corridor.experiments.terminal.parser import Parser
from corridor.experiments.terminal.screen import complain, forget_output
from corridor.topologies.base.errors import CorridorError, EnvironmentUnsupported
from corridor.topologies.base.installation import explained, require

FAMILIES: Mapping[str, Mapping[str, str]] = {
    "what there is": {
        "list": "what ships: scenarios, policy sets, maps, workloads, examples, studies",
        "plugins": "kinds of installed packages, and whether each can be used",
        "man": "the manual page corridor(1)",
        "completion": "what bash, zsh or fish reads to complete verbs, flags and names",
    },
    "experiments": {
        "run": "emulate a scenario and report its results",
        "study": "many runs as one file: axes, seeds, intervals, comparisons",
        "lab": "run any program in the network of a topology, or Mininet's shell",
        "check": "verify the flow tables of a scenario without emulation",
        "explain": "explain the path of a demand, or why it has none",
        "price": "cost of policy sets, compared with no policies or another set",
        "capacity": "utilization of fibres under failures, and growth limits",
        "availability": "how often demands have a permitted path: nines, and the price of law",
        "risks": "what fails, by how much the availability of demands depends on it",
        "energy": "power, carbon, prices and seasons of hubs, and what is unknown",
        "place": "where to compute under law, latency, fibre and power; what law costs",
        "plan": "which fibres and gateways to build next, under law and a budget",
        "domains": "several operators, a controller each: paths, proofs, and what they disclose",
        "routing": "plain routing by real daemons: its paths, their law, outages after cuts",
        "replay": "dated outages computed, next to their published effects",
        "law": "query legal rules as data, with sources and dates",
        "report": "write the results of a folder as one page",
        "show": "print the results in the folder of a run or study",
        "compare": "compare two runs, studies, policy sets, maps or scenarios",
        "artifact": "pack a study or run as one file that others can verify",
        "export": "flow tables and queries for other provers, and comparison of results",
        "topology": "show, check or convert a topology",
        "traffic": "background Internet traffic of countries, with sources and intervals",
        "workload": "shipped workloads with sources; planned traffic of a scenario",
        "schema": "print the JSON Schema of input files and of outputs",
    },
    "a live network": {
        "up": "start a live network of a scenario, until Ctrl-C",
        "page": "watch and change a live network in a browser",
        "status": "state of a live network, and status of each demand",
        "events": "events of a live network",
        "policy": "show or change the policies of a live network",
        "drain": "remove all traffic from a fibre of a live network",
        "restore": "use a drained fibre of a live network again",
        "down": "stop a live network",
    },
    "its hubs and fibres, by hand": {
        "exec": "run a program at a hub of a live network",
        "shell": "a shell at a hub of a live network",
        "mininet": "Mininet's command line on a live network",
        "ping": "ping one hub of a live network from another",
        "probe": "measure the RTT of a demand of a live network",
        "trace": "the current path of a demand's packets, entry by entry",
        "capture": "packets at a hub or on a fibre of a live network, as pcapng",
        "fault": "cause a failure of a fibre, hub or gateway of a live network",
        "cut": "compute the effect of a cut, or cut a fibre of a live network",
        "mend": "end all faults of a fibre of a live network",
        "kill": "kill a gateway, a hub or the controller of a live network",
        "start": "start a killed gateway or hub of a live network",
    },
    "this machine": {
        "doctor": "report what this machine supports, and how to repair the rest",
        "kernel": "build or show the guest kernel with the virtual clock",
        "vm": "build, run, enter or export a complete Debian machine",
        "docs": "build the documentation as an offline site with search",
        "test": "check this checkout: lint, types, tests",
        "clean": "remove remains of killed runs, and cached answers",
    },
}
SUMMARIES = {verb: line for verbs in FAMILIES.values() for verb, line in verbs.items()}
VERBS = tuple(SUMMARIES)
LIVE_FAMILIES = ("a live network", "its hubs and fibres, by hand")
"""Their verbs are in the room ``live_commands``, most others in ``commands``."""
IN_FILE_OF = {
    **dict.fromkeys(("clean", "kernel"), "doctor"),
    **dict.fromkeys(("kill", "mend", "start"), "fault"),
    **dict.fromkeys(("shell", "mininet", "ping"), "exec"),
    **dict.fromkeys(("drain", "restore"), "policy"),
    **dict.fromkeys(("capture", "trace"), "probe"),
    **dict.fromkeys(("down", "page"), "up"),
    "completion": "man",
    "docs": "test",
    "energy": "place",
    "events": "status",
    "plugins": "list",
    "risks": "availability",
    "show": "report",
    "traffic": "replay",
}
"""Verbs in the file of another verb."""
ROOMS = {"topology": "topology_commands"}
"""The room of a verb with several files."""
HELP, LAB = "help", "lab"
ASKED_BY_SHELL = "_ARGCOMPLETE"
"""The variable that the shell's part of argcomplete sets when Tab is pressed."""
EXIT_INTERNAL = 5
WELCOME = """corridor emulates data hubs and fibres, under policies and cable cuts.

  corridor list              shipped scenarios, policy sets, maps, workloads
  corridor price --sets th   cost of the law of one country
  corridor run               the reference corridor, emulated and measured

corridor help shows every verb."""
EPILOG = """corridor help VERB shows the options and examples of a verb.

exit codes:
  0 success, 1 a policy or property is violated, or a check failed,
  2 bad input, 3 this machine cannot do it, 4 the measurement is invalid,
  5 internal error"""
EXTRAS = {"run": ("emulate",), "lab": ("emulate",), "up": ("emulate", "page"), "page": ("page",)}
"""The extras without which a verb does nothing; others report one where they need it."""
EXIT_BY_SIGNAL = 128
MOST_SHOWN = 300
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Terminated(KeyboardInterrupt):
    """Another process asked this one to end; it cleans up as after Ctrl-C."""


def _terminate(_number: int, _frame: object) -> NoReturn:
    raise Terminated


class _Verbs:
    """The object that verbs add their parsers to; it knows each verb's line of help."""

    def __init__(self, subparsers: Any) -> None:
        self._subparsers = subparsers

    def add_parser(self, verb: str, **settings: Any) -> Any:
        made = self._subparsers.add_parser(verb, **settings)
        made.summary = SUMMARIES[verb]
        return made


class _Version(argparse.Action):
    """``--version``: looks for the commit only if it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_given: object, **_more: object) -> None:
        from corridor.experiments.run.version import version_line

        print(version_line())
        parser.exit()


def build_parser(words: Sequence[str] | None = None) -> Parser:
    """The parser of all verbs.

    Args:
        words: The command. Only the verb that it names is imported; the parsers of the other verbs
            are empty. Without it, or where it names no verb, every verb is imported.
    """
    parser = Parser(
        prog="corridor",
        usage="corridor VERB ...",
        description="Emulate a map of data hubs and fibres: measure each demand, compare it with\n"
        "a model, under policies and cable cuts, and verify the flow tables of the switches.",
        epilog=f"{_by_family()}\n{EPILOG}",
    )
    parser.add_argument(
        "--version", action=_Version, nargs=0, help="show the version, and the commit of a checkout"
    )
    subparsers = parser.add_subparsers(
        dest="verb", metavar="VERB", required=True, prog="corridor", help=argparse.SUPPRESS
    )
    verbs, needed = _Verbs(subparsers), _needed(words)
    for verb in VERBS:
        if verb in needed:
            _function(verb, "add", "add_parser")(verbs)
        else:
            verbs.add_parser(verb, add_help=False)
    parser.set_defaults(manual=_manual)
    return parser


def _needed(words: Sequence[str] | None) -> Sequence[str]:
    """The verbs whose arguments it takes to understand a command."""
    if words is None:
        return VERBS
    named = next((word for word in words if not word.startswith("-")), None)
    if named is None:
        return ()
    return (named,) if named in VERBS else VERBS  # an alias, or a slip of the keyboard


def _by_family() -> str:
    """The verbs with their lines of help."""
    lines = []
    for family, verbs in FAMILIES.items():
        lines += [f"{family}:", *(f"  {verb:13}{line}" for verb, line in verbs.items()), ""]
    return "\n".join(lines)


def _manual(version: str) -> str:
    """The manual page of all verbs."""
    from corridor.experiments.terminal.parser import manual

    return manual(build_parser(), FAMILIES, EPILOG, version)


def _asked(words: Sequence[str]) -> Sequence[str]:
    """``help`` and ``help VERB`` ask for what ``--help`` prints; ``test`` leaves that to itself."""
    return [*words[1:], "--help"] if list(words[:1]) == [HELP] else words


def _own_command(words: Sequence[str]) -> tuple[Sequence[str], list[str]]:
    """What is ours, and the command of the user's own that stands behind ``lab ... --``."""
    if list(words[:1]) != [LAB] or "--" not in words:
        return words, []
    at = list(words).index("--")
    return words[:at], list(words[at + 1 :])


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code of one command; every error has been reported in one line."""
    if argv is None:  # a separate command, not a call from a test or a notebook
        _open_closed_streams()
        signal.signal(signal.SIGTERM, _terminate)
        os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # it reads every package's
        if "pycache_prefix" in sys._xoptions:  # noqa: SLF001 - by the launcher, for this process
            os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        if ASKED_BY_SHELL in os.environ:
            from corridor.experiments.terminal import completion

            completion.answer(build_parser)
    try:
        return _obey(argv)
    except BrokenPipeError:
        forget_output(sys.stdout)
        return 0
    except Terminated:
        return _complain("terminated", EXIT_BY_SIGNAL + signal.SIGTERM)
    except KeyboardInterrupt:
        return _complain("interrupted", EXIT_BY_SIGNAL + signal.SIGINT)
    except CorridorError as error:
        return _complain(str(error), error.exit_code)
    except ModuleNotFoundError as error:
        lacking = explained(error, _verb(argv))
        return _unforeseen(error) if lacking is None else _complain(str(lacking), lacking.exit_code)
    except MemoryError:
        return _complain("it needs more memory than is available", EnvironmentUnsupported.exit_code)
    except Exception as error:  # noqa: BLE001 - the last resort: whatever escapes is our mistake
        return _unforeseen(error)


def _open_closed_streams() -> None:
    """Give a stream that the caller has closed somewhere to go, before a file takes its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115, PTH123 - until Python ends


def _verb(argv: Sequence[str] | None) -> str:
    """What a command is called in an error: by its verb."""
    return next(iter(_needed(sys.argv[1:] if argv is None else argv)), "corridor")


def _function(verb: str, does: str, by_default: str) -> Any:
    """A function of a verb: ``by_default`` in a file of its own name."""
    return getattr(_module(verb), f"{does}_{verb}" if verb in IN_FILE_OF else by_default)


def _module(verb: str) -> Any:
    """The file of a verb, imported."""
    is_live = any(verb in FAMILIES[family] for family in LIVE_FAMILIES)
    room = "live_commands" if is_live else ROOMS.get(verb, "commands")
    return importlib.import_module(f"corridor.experiments.{room}.{IN_FILE_OF.get(verb, verb)}")


def _obey(argv: Sequence[str] | None) -> int:
    """What was printed has also been written when this returns, or it raises OSError."""
    try:
        given = sys.argv[1:] if argv is None else argv
        if not given:
            print(WELCOME)
            return 0
        words, command = _own_command(_asked(given))
        args = build_parser(words).parse_args(words)
        if command:
            args.command = command
        args.own_process = argv is None
        require(args.verb, *EXTRAS.get(args.verb, ()))
        return int(_function(args.verb, "run", "run")(args))
    finally:
        if sys.stdout is not None:
            sys.stdout.flush()


def _unforeseen(error: Exception) -> int:
    _let_go_of_output()
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        place = f"{error.filename}: " if error.filename else "output: "
        said = f"{place}cannot be written: {error.strerror}; make room, or write elsewhere"
        return _complain(said, EnvironmentUnsupported.exit_code)
    if sys.pycache_prefix is not None and _is_of_bytecode(error):
        said = f"{sys.pycache_prefix}: bytecode there is harmed: {error}; run corridor clean"
        return _complain(said, EnvironmentUnsupported.exit_code)
    from corridor.experiments.crash_report import keep_traceback

    file = keep_traceback(error)
    where = f"the traceback is in {file}" if file else "its traceback could not be written"
    what = f"{type(error).__name__}: {error}"[:MOST_SHOWN]
    return _complain(f"an internal error: {what}; {where}, please report it", EXIT_INTERNAL)


def _is_of_bytecode(error: Exception) -> bool:
    """Whether Python failed to read a file of bytecode, as one that was cut short."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return last is not None and last.tb_frame.f_code.co_name == "_compile_bytecode"


def _complain(text: str, code: int) -> int:
    complain(text)
    return code


def _let_go_of_output() -> None:
    """What was printed is written now or never: Python would fail at it again at its end."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError):
        forget_output(sys.stdout)


if __name__ == "__main__":
    sys.exit(main())
