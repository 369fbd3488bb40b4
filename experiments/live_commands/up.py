"""``corridor up``: bring a scenario's network up and hold it to its policies until it is ended."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.experiments.commands.arguments import add_read, add_scenario_arguments, whole
from corridor.experiments.terminal.live import telling

if TYPE_CHECKING:
    from corridor.experiments.lab.run_events import Event

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
        formatter_class=argparse.RawDescriptionHelpFormatter,
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
        policies=args.policies,
        as_of=args.as_of,
        outside=args.outside,
        service=args.service,
        interpret=dict(args.interpret),
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
