"""Faults of a live network: ``corridor fault``, ``mend``, ``kill`` and ``start``."""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING, Any

from corridor.experiments.live_commands.network_arguments import add_name_argument, reached
from corridor.topologies.model.fault_registry import BY_HAND, KINDS, by_hand

if TYPE_CHECKING:
    from corridor.experiments.operations.door import Client
    from corridor.experiments.terminal.parser import Parser
    from corridor.topologies.model.fault_kind import EventKind


EPILOG = """examples:
  corridor fault degrade guian-kunming --rate 25% --delay 20ms
  corridor fault degrade guian-kunming --end
  corridor fault cut guian-kunming --silent        the same as corridor cut guian-kunming --silent
  corridor fault list                              current faults

The kinds and their options are those of scenarios. A fault lasts until --end, corridor mend or
corridor start ends it. The same fault with other options replaces the earlier one.
exit codes: 0 success, 2 bad input, 3 no live network"""
LIST = "list"


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "fault",
        description="Cause a failure in a live network, or end it.",
        epilog=EPILOG,
    )
    kinds = parser.add_subparsers(dest="kind", metavar="KIND", required=True)
    add_name_argument(kinds.add_parser(LIST, help="current faults"))
    for kind in BY_HAND.values():
        _add_arguments(kinds.add_parser(kind.key, help=kind.words), kind)
    for key, package in KINDS.offered().items():
        one = kinds.add_parser(key, help=f"a kind of the package {package}")
        one.late = partial(_import_kind, key)


def _import_kind(key: str, parser: Parser) -> None:
    """Add the arguments of a kind of a package, which is imported only if it is named."""
    kind = by_hand(key)
    if kind is None:
        parser.error(f"{key} has several steps: only a timeline can carry it out")
    _add_arguments(parser, kind)


def _add_arguments(parser: Parser, kind: EventKind) -> None:
    parser.description = f"{kind.words}."
    parser.add_argument("what", metavar=kind.of.upper(), help=f"which {kind.of}")
    add_options(parser, kind)
    parser.add_argument("--end", action="store_true", help="it works again")
    add_name_argument(parser)


def add_options(parser: argparse.ArgumentParser, kind: EventKind) -> None:
    """Those of a kind, as scenarios write them."""
    for name, option in kind.options.items():
        words = option.words.replace("%", "%%")
        if option.unit == "flag":
            parser.add_argument(f"--{name}", action="store_true", help=words)
        else:
            parser.add_argument(f"--{name}", metavar=option.unit.upper(), help=words)


def run(args: argparse.Namespace) -> int:
    with reached(args) as client:
        if args.kind == LIST:
            return _list(client)
        kind = KINDS[args.kind]
        if args.end:
            return end(client, kind, args.what)
        return begin(client, kind, args.what, options_of(kind, args))


def options_of(kind: EventKind, args: argparse.Namespace) -> dict[str, Any]:
    """What was given, as values in the units of plans; InputError."""
    from pydantic import ValidationError

    from corridor.experiments.scenario.kinds import Fault
    from corridor.topologies.base.errors import InputError

    given = {name: getattr(args, name) for name in kind.options}
    written = {name: value for name, value in given.items() if value not in (None, False)}
    for name, value in written.items():
        if kind.options[name].unit in ("count", "number"):
            written[name] = float(value) if "." in value else int(value)
    try:
        fault = Fault.model_validate({"at": "0s", kind.key: args.what, **written})
    except ValidationError as problem:
        first = problem.errors()[0]
        said = first["msg"].removeprefix("Value error, ")
        raise InputError(": ".join([*map(str, first["loc"]), said])) from problem
    return {name: value for name, value in fault.options.items() if name in written}


def begin(client: Client, kind: EventKind, what: str, options: dict[str, Any]) -> int:
    """Have it fail, and say so in a line."""
    done = client.ask("begin", kind=kind.key, what=what, options=options)
    how = "".join(f", {name}" for name, value in options.items() if value is True)
    print(f"{kind.key} {what}{how}: " + ("begun" if done["changed"] else "it is so already"))
    return 0


def end(client: Client, kind: EventKind, what: str) -> int:
    """Have it work again."""
    done = client.ask("end", kind=kind.key, what=what)
    print(f"{kind.key} {what}: " + ("ended" if done["changed"] else "it was not started manually"))
    return 0


def _list(client: Client) -> int:
    lasting = client.ask("lasting")["faults"]
    for one in lasting:
        options = "".join(f" {name}={value}" for name, value in one["options"].items())
        print(f"{one['kind']} {one['what']}{options}")
    if not lasting:
        print("no manual fault is active")
    return 0


UNDO_EPILOG = "exit codes: 0 success, 2 bad input, 3 no live network"


def add_mend(verbs: Any) -> None:
    parser = verbs.add_parser(
        "mend",
        description="End all manual faults of a fibre: cuts and degradations.",
        epilog=UNDO_EPILOG,
    )
    parser.add_argument("fibre", metavar="FIBRE", help="a fibre's id")
    add_name_argument(parser)


def run_mend(args: argparse.Namespace) -> int:
    with reached(args) as client:
        lasting = client.ask("lasting")["faults"]
        kinds = [KINDS[one["kind"]] for one in lasting if one["what"] == args.fibre]
        for kind in [one for one in kinds if one.of == "fibre"] or [KINDS["cut"]]:
            end(client, kind, args.fibre)
    return 0


CONTROLLER = "controller"
OF_HUBS = tuple(kind.key for kind in KINDS.values() if kind.of == "hub")
KILL_EPILOG = """examples:
  corridor kill gateway kunming     its process; corridor start gateway kunming undoes it
  corridor kill hub bangkok         every port of its switch goes down
  corridor kill controller          a new controller starts, and takes over the installed tables

exit codes: 0 success, 2 bad input, 3 no live network"""


def add_kill(verbs: Any) -> None:
    parser = verbs.add_parser(
        "kill",
        description="Kill a gateway, a hub or the controller of a live network.",
        epilog=KILL_EPILOG,
    )
    kinds = parser.add_subparsers(dest="kind", metavar="WHAT", required=True)
    add_hubs(kinds)
    add_name_argument(kinds.add_parser(CONTROLLER, help="SIGKILL; a new controller starts at once"))


def add_hubs(kinds: Any) -> None:
    """The kinds of faults of hubs."""
    for key in OF_HUBS:
        one = kinds.add_parser(key, help=KINDS[key].words)
        one.add_argument("hub", metavar="HUB", help="a hub's id")
        add_name_argument(one)


def run_kill(args: argparse.Namespace) -> int:
    with reached(args) as client:
        if args.kind == CONTROLLER:
            client.ask("kill-controller")
            print("the controller is killed, another is started")
            return 0
        return begin(client, KINDS[args.kind], args.hub, {})


def add_start(verbs: Any) -> None:
    parser = verbs.add_parser(
        "start",
        description="Undo corridor kill.",
        epilog=UNDO_EPILOG,
    )
    add_hubs(parser.add_subparsers(dest="kind", metavar="WHAT", required=True))


def run_start(args: argparse.Namespace) -> int:
    with reached(args) as client:
        return end(client, KINDS[args.kind], args.hub)
