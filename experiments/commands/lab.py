"""``corridor lab``: any program in the network of a topology, or in a bare guest with Mininet."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from corridor.experiments.commands.arguments import add_read, add_seed, minutes

EPILOG = """examples:
  corridor lab mini -- hub shanghai ping -c 3 karachi    a command at the host of a hub
  corridor lab mini --ipv6 -- hub shanghai ping -6 -c 3 karachi
  corridor lab mini                                      Mininet's shell, on five hubs
  echo 'shanghai ping -c 3 karachi' | corridor lab mini  its commands, from a file or a pipe
  corridor lab mini --clock real -- python3 my_test.py   your own program
  corridor lab mini --tree --controller ryu.app.simple_switch_13 -- hub shanghai ping -c 3 karachi
  corridor lab mini --controller remote -- ./my-controller
  corridor lab -- python3 my_mininet_script.py           no network: Mininet and Open vSwitch only

COMMAND runs as root of the guest, in the current folder. It can read this folder, the programs and
settings of the system, and the files of --read; no other files of the user. It can write below
/tmp, which is discarded, and with --out to $CORRIDOR_OUT. Names of hubs resolve to their addresses.
"hub NAME CMD..." runs a command at the host of a hub. The file $CORRIDOR_HOSTS lists names,
addresses and namespaces of hosts.

Without COMMAND, a topology starts Mininet's shell, and an empty guest starts sh. At a terminal, the
shell uses the real clock, and Ctrl-] ends the guest. With the virtual clock, a pipe is read to its
end before the shell starts.

exit codes: that of COMMAND, 128 plus the number of the signal that ended it, 127 or 126 if it could
not be started; or, with a line on standard error that begins with "corridor:": 2 bad input, 3 this
machine cannot do it, 4 the guest ended before COMMAND, 130 interrupted. With --out, ended.json
states what ended it."""


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "lab",
        usage="corridor lab [TOPOLOGY] [options] [-- COMMAND ...]",
        description="Build the network of a topology, with shaped fibres and tables for every pair "
        "of hubs, run a program in it, and remove it. No policies apply, and nothing is measured.",
        epilog=EPILOG,
    )
    parser.add_argument(
        "topology",
        nargs="?",
        default="none",
        metavar="TOPOLOGY",
        help="name of a shipped topology, or a file; none for an empty guest (default)",
    )
    parser.add_argument(
        "--controller",
        default="corridor",
        metavar="APP",
        help="corridor (default); an application of Ryu or os-ken, as a module or .py file, with "
        'its options in quotes ("my_app.py --observe-links"); remote: a controller on port 6653; '
        "or none",
    )
    parser.add_argument(
        "--framework",
        choices=("auto", "ryu", "os-ken"),
        default="auto",
        help="default: the installed one, Ryu if both are",
    )
    parser.add_argument(
        "--ipv6",
        action="store_true",
        help="give hosts IPv6 addresses, and install tables for both versions of IP",
    )
    parser.add_argument(
        "--tree", action="store_true", help="leave out fibres that make loops, the longest first"
    )
    _add_circumstances(parser)
    parser.set_defaults(command=[])


def _add_circumstances(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--testbed", choices=("auto", "native", "uml"), default="auto", help="default: auto"
    )
    parser.add_argument(
        "--clock", choices=("virtual", "real"), default=None, help="default: virtual if possible"
    )
    add_seed(parser, "seed of random losses (default: 1)")
    parser.add_argument(
        "--out", type=Path, default=None, metavar="DIR", help="keep logs there, new or empty"
    )
    add_read(parser)
    parser.add_argument(
        "--patience",
        type=minutes,
        default=None,
        metavar="MIN",
        help="stop a guest that prints and writes nothing for this time (default: 15 with the "
        "virtual clock)",
    )
    parser.add_argument("--quiet", action="store_true", help="say nothing before COMMAND does")


def run(args: argparse.Namespace) -> int:
    from corridor.experiments.run.program_lab import Options, run_lab

    def say(text: str) -> None:
        if not args.quiet:
            print(text, file=sys.stderr, flush=True)

    options = Options(
        topology=args.topology,
        command=tuple(args.command),
        tree=args.tree,
        ipv6=args.ipv6,
        controller=args.controller,
        framework=args.framework,
        testbed=args.testbed,
        clock=args.clock,
        seed=args.seed,
        out=args.out,
        reads=tuple(args.read),
        patience_s=args.patience,
    )
    return run_lab(options, say)
