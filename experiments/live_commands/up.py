"""A live network, its page, and its end: ``corridor up``, ``page`` and ``down``."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.experiments.commands.arguments import (
    add_read,
    add_scenario_arguments,
    replaced,
    whole,
)
from corridor.experiments.live_commands.network_arguments import add_name_argument
from corridor.experiments.terminal.live import telling

if TYPE_CHECKING:
    from corridor.experiments.lab.run_events import Event
    from corridor.experiments.live_network.session import Session


EPILOG = """examples:
  corridor up mini                            five hubs, in a guest or in this kernel
  corridor up sovereignty --name law          under every shipped policy set
  corridor up mini --policies none --mininet  with Mininet's shell; its end stops the network
  corridor up my.yaml --policies none --port 8080 --out results/live
  corridor up mini --controller ./my_app.py   your own controller; its tables are verified
  corridor up sovereignty --open              with its page in a browser: cut a fibre and watch
  sudo corridor up mini --testbed native      in this machine's kernel, as in the Vagrant VM

Use it from another terminal: corridor status, events, policy, drain and restore; for its hubs and
fibres, exec, shell, ping, probe, trace, capture, mininet, cut, mend, kill, start and fault.
Nothing is measured. The clock is the real clock. Ctrl-C or corridor down stops the network (exit
code 130 or 143): the tables are read back, and only the results remain."""


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "up",
        aliases=["keep"],
        description="Start a live network of a scenario, which follows failures and changes, with "
        "an HTTP API on the loopback interface.",
        epilog=EPILOG,
    )
    parser.set_defaults(verb="up")  # also where it was called by its alias
    add_scenario_arguments(parser)
    parser.add_argument(
        "--testbed",
        choices=("auto", "native", "uml"),
        default="auto",
        help="default: this machine's kernel if possible, else a guest",
    )
    parser.add_argument(
        "--framework", choices=("auto", "ryu", "os-ken"), help="instead of the scenario's"
    )
    parser.add_argument(
        "--controller",
        default=None,
        metavar="APP",
        help="Ryu or os-ken application that controls the switches: a module or .py file, with "
        'its options in quotes ("my_app.py --observe-links"). Its tables are verified after each '
        "change; it runs as root, in a guest or natively",
    )
    parser.add_argument(
        "--name", default=None, help="name for other commands (default: the scenario's name)"
    )
    parser.add_argument(
        "--port",
        type=whole(1, 65536, "a port is between 1 and 65535"),
        default=None,
        metavar="N",
        help="port of the API (default: a free one)",
    )
    parser.add_argument(
        "--out", type=Path, default=None, metavar="DIR", help="result folder, new or empty"
    )
    parser.add_argument(
        "--open",
        action="store_true",
        dest="page",
        help="serve its page on this machine, and open it in a browser: see corridor page",
    )
    parser.add_argument(
        "--kiosk",
        action="store_true",
        help="with --open: undo all changes when the page is idle for 5 minutes",
    )
    add_read(parser)
    told = parser.add_mutually_exclusive_group()
    told.add_argument("--json", action="store_true", help="print events as JSON lines only")
    told.add_argument(
        "--mininet",
        action="store_true",
        help="start Mininet's command line when the network is up; its end stops the network",
    )


def run(args: argparse.Namespace) -> int:
    from corridor.experiments.live_network.up import Options, bring_up

    def note(event: Event) -> None:
        if args.json:
            print(json.dumps({"wall_s": event["wall_s"], **event}), flush=True)

    options = Options(
        scenario=args.scenario,
        **replaced(args),
        testbed=args.testbed,
        framework=args.framework,
        controller=args.controller,
        name=args.name,
        port=args.port,
        out=args.out,
        reads=tuple(args.read),
        mininet=args.mininet,
        page=args.page or args.kiosk,
        kiosk=args.kiosk,
    )
    with telling(sys.stderr if args.json else sys.stdout, "compiling and proving") as say:
        bring_up(options, say, note)
    return 0


PAGE_EPILOG = """examples:
  corridor page                     of the only network that is up
  corridor page --network law --port 8081
  corridor page --kiosk             for changing visitors: a lecture, an exhibition

The command prints the address of the page and opens it in a browser, if there is one. The address
contains a token: anyone who has it can cut fibres and change policies. If corridor up --open serves
the page already, the command ends; otherwise it serves the page until Ctrl-C, or until the network
stops. From another machine, use ssh -L PORT:127.0.0.1:PORT and the same address. Changes made on a
page are undone two minutes after it is closed, and when the command ends.
exit codes: 0 opened, 2 bad input, 3 no live network, 130 Ctrl-C"""
LOOK_S = 0.5


def add_page(verbs: Any) -> None:
    parser = verbs.add_parser(
        "page",
        description="Serve and open the page of a live network: map, events, and controls to cut, "
        "drain and change policies.",
        epilog=PAGE_EPILOG,
    )
    parser.add_argument(
        "--port",
        type=whole(1, 65536, "a port is between 1 and 65535"),
        metavar="N",
        help="port of the page (default: a free one)",
    )
    parser.add_argument(
        "--kiosk",
        action="store_true",
        help="undo all changes when the page is idle for 5 minutes",
    )
    parser.add_argument("--no-browser", action="store_true", help="print its address only")
    add_name_argument(parser)


def run_page(args: argparse.Namespace) -> int:
    from corridor.experiments.live_network import api_process
    from corridor.experiments.live_network.session import find
    from corridor.topologies.base.errors import EnvironmentUnsupported, InputError

    one = find(args.network)
    if not one.operations or not one.out:
        raise EnvironmentUnsupported(f"network {one.name} has no page: it takes no faults")
    served = api_process.found(one)
    if served is not None:
        if args.port is not None or args.kiosk:
            raise InputError("its page is served already", "corridor page, without --port, --kiosk")
        _opened(one, served, args)
        return 0
    with api_process.page_of(one, _say, port=args.port, kiosk=args.kiosk) as where:
        _opened(one, where, args)
        _until_it_ends(one)
    return 0


def _opened(one: Session, where: str, args: argparse.Namespace) -> None:
    from corridor.experiments.live_network.api_process import open_in_browser

    if args.no_browser:
        _say(f"page: {where}")
    else:
        open_in_browser(one, where, _say)


def _until_it_ends(one: Session) -> None:
    from corridor.experiments.live_network.session import is_alive

    try:
        while is_alive(one):
            time.sleep(LOOK_S)
    except KeyboardInterrupt:
        _say("undoing the changes of pages; Ctrl-C again keeps them")
        raise
    _say(f"network {one.name} has ended")


def _say(text: str) -> None:
    print(text, flush=True)


DOWN_EPILOG = """examples:
  corridor down            the only network that is up
  corridor down law        the network with this name

It returns when the network has stopped and only its results remain.
exit codes: 0 stopped, or none was up, 2 bad input, 3 it does not stop"""
LONGEST_S = 120.0
DOWN_LOOK_S = 0.1


def add_down(verbs: Any) -> None:
    parser = verbs.add_parser(
        "down",
        description="Stop a live network, as Ctrl-C does at its terminal, and wait for its end.",
        epilog=DOWN_EPILOG,
    )
    parser.add_argument(
        "name",
        nargs="?",
        metavar="NAME",
        help="the network (default: the only one that is up)",
    )
    parser.add_argument("--network", metavar="NAME", help="the same, as in other commands")


def run_down(args: argparse.Namespace) -> int:
    from corridor.experiments.live_network import session
    from corridor.topologies.base.errors import EnvironmentUnsupported, InputError
    from corridor.topologies.base.slowness import patient

    if None not in (args.name, args.network) and args.name != args.network:
        raise InputError(f"{args.name} and {args.network} are two networks", "name one of them")
    name = args.name if args.network is None else args.network
    alive = {one.name: one for one in session.sessions()}
    if not alive or (name is not None and name not in alive):
        session.remove_dead()
        print("no network is up" if name is None else f"no network {name} is up")
        return 0
    chosen = session.find(name)
    try:
        os.kill(chosen.pid, signal.SIGTERM)
    except PermissionError as problem:
        raise EnvironmentUnsupported(
            f"network {chosen.name} is another user's", "end it as that user"
        ) from problem
    except ProcessLookupError:
        pass
    if not _ended(chosen):
        raise EnvironmentUnsupported(
            f"network {chosen.name} has not ended in {patient(LONGEST_S):.0f} s",
            f"kill -9 {chosen.pid}",
        )
    print(f"network {chosen.name} is down; its results are in {chosen.out}")
    return 0


def _ended(one: Session) -> bool:
    """Whether its process is gone in time, and with it its note."""
    from corridor.experiments.live_network import session
    from corridor.topologies.base.slowness import patient

    deadline_s = time.monotonic() + patient(LONGEST_S)
    while session.is_alive(one):
        if time.monotonic() > deadline_s:
            return False
        time.sleep(DOWN_LOOK_S)
    with contextlib.suppress(OSError):
        session.remove_dead()
    return True
