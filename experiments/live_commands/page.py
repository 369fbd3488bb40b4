"""``corridor page``: the page of a live network, in a browser."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

from corridor.experiments.commands.arguments import whole
from corridor.experiments.live_commands.network_arguments import add_name_argument

if TYPE_CHECKING:
    from corridor.experiments.live_network.session import Session

EPILOG = """examples:
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


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "page",
        description="Serve and open the page of a live network: map, events, and controls to cut, "
        "drain and change policies.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
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


def run(args: argparse.Namespace) -> int:
    from corridor.experiments.live_network import page_process
    from corridor.experiments.live_network.session import find
    from corridor.topologies.base.errors import EnvironmentUnsupported, InputError

    one = find(args.network)
    if not one.operations or not one.out:
        raise EnvironmentUnsupported(f"network {one.name} has no page: it takes no faults")
    served = page_process.found(one)
    if served is not None:
        if args.port is not None or args.kiosk:
            raise InputError("its page is served already", "corridor page, without --port, --kiosk")
        _opened(one, served, args)
        return 0
    with page_process.page_of(one, _say, port=args.port, kiosk=args.kiosk) as where:
        _opened(one, where, args)
        _until_it_ends(one)
    return 0


def _opened(one: Session, where: str, args: argparse.Namespace) -> None:
    from corridor.experiments.live_network.page_process import open_in_browser

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
