"""Programs at hosts of a live network: ``corridor exec``, ``shell``, ``mininet`` and ``ping``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.experiments.commands.arguments import whole
from corridor.experiments.live_commands.network_arguments import add_name_argument, reached

if TYPE_CHECKING:
    from corridor.experiments.operations.images import Image

EPILOG = """examples:
  corridor exec guian ip route
  corridor exec karachi iperf3 -s -1 &            hubs have names: they are in /etc/hosts there
  corridor exec guian iperf3 -c karachi
  echo hello | corridor exec guian cat
  corridor exec --network law guian -- sh -c 'ls > here.txt'
  skopeo copy docker://nginx:1.27 oci:nginx && corridor exec --image nginx karachi &

The program runs as root in the namespace of the host; a hub's id names its default host. Its folder
is shared/ of the result folder. In a guest it sees this machine's files, but can write only there
and under /tmp. It reads the input of this command, unless that is a terminal. It ends with this
command, and receives Ctrl-C. With --image it sees the files of an image instead: /usr and the like
read-only, all else as a private copy, and shared/ as /shared. Without CMD, the image's own command
runs.
exit codes: that of the program; 128 plus the number of a signal; 2 bad input, 3 no live network"""


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "exec",
        description="Run a program in the network namespace of a host.",
        epilog=EPILOG,
    )
    add_name_argument(parser)
    _add_image_argument(parser)
    parser.add_argument("hub", metavar="HOST", help="a hub's id, or a host behind a hub")
    parser.add_argument(
        "command", nargs=argparse.REMAINDER, metavar="CMD ...", help="a program and its arguments"
    )


def run(args: argparse.Namespace) -> int:
    from corridor.experiments.operations import terminal
    from corridor.experiments.operations.requests import ping_problem
    from corridor.topologies.base.errors import InputError

    command = args.command[1:] if args.command[:1] == ["--"] else args.command
    image = _image(args)
    if image is not None and not command:
        command = list(image.settings.command)
    if not command:
        raise InputError("nothing to run", "corridor exec HOST CMD ..., or corridor shell HOST")
    with reached(args) as client:
        problem = ping_problem(client.ask("demands"), args.hub, command)
        if problem is not None:
            print(f"corridor: {problem}", file=sys.stderr, flush=True)
        feed = sys.stdin is not None and not sys.stdin.isatty()
        return terminal.run(client, args.hub, command, feed=feed, image=image)


def _add_image_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--image",
        type=Path,
        metavar="FILE",
        help="container image whose files the program sees: an OCI layout or archive, or a folder "
        "with a root file system",
    )


def _image(args: argparse.Namespace) -> Image | None:
    """The image of the arguments, kept where the network finds it; raises InputError."""
    if args.image is None:
        return None
    from corridor.experiments.live_network.session import find
    from corridor.experiments.operations.image_root import TARS
    from corridor.experiments.operations.images import kept_image
    from corridor.experiments.operations.server import SHARED_FOLDER

    return kept_image(args.image, Path(find(args.network).out) / SHARED_FOLDER / TARS)


SHELL = ["bash", "--norc"]
IMAGE_SHELL = ["sh"]
SHELL_EPILOG = """example:
  corridor shell guian          then ping karachi, ip addr, iperf3 -c karachi, ... and exit

It runs as root in the namespace of the host: see corridor exec --help.
exit codes: that of the shell; 2 bad input, 3 no live network"""


def add_shell(verbs: Any) -> None:
    parser = verbs.add_parser(
        "shell",
        description="An interactive shell in the network namespace of a host.",
        epilog=SHELL_EPILOG,
    )
    add_name_argument(parser)
    _add_image_argument(parser)
    parser.add_argument("hub", metavar="HOST", help="a hub's id, or a host behind a hub")


def run_shell(args: argparse.Namespace) -> int:
    from corridor.experiments.operations import terminal
    from corridor.topologies.base.errors import InputError

    if sys.stdin is None or not sys.stdin.isatty():
        raise InputError("a shell needs a terminal", f"corridor exec {args.hub} sh < script")
    image = _image(args)
    with reached(args) as client:
        words = ["env", f"PS1={args.hub}# ", *(SHELL if image is None else IMAGE_SHELL)]
        return terminal.shell(client, args.hub, words, image)


MININET_EPILOG = """examples:
  corridor mininet                        then nodes, links, guian ping -c 3 karachi, iperf, exit
  echo 'link s1 s2 down' | corridor mininet
  corridor mininet < commands.txt         each line as if it were typed

Hosts are h1, h2, ... or the names of their hubs; switches are s1, s2, .... All commands of
Mininet's shell work, except that corridor start and kill start and stop switches. Under policies,
only packets of demands pass: pingall shows which pairs can ping. A link that "link" takes down
stays down until "link" brings it up. The end of the shell does not change the network.
exit codes: 0 success, 2 bad input, 3 no live network"""


def add_mininet(verbs: Any) -> None:
    parser = verbs.add_parser(
        "mininet",
        description="Mininet's command line on a live network of corridor up.",
        epilog=MININET_EPILOG,
    )
    add_name_argument(parser)


def run_mininet(args: argparse.Namespace) -> int:
    from corridor.experiments.operations import terminal

    with reached(args) as client:
        at_terminal = sys.stdin is not None and sys.stdin.isatty()
        return terminal.mininet(client, at_terminal=at_terminal)


PING_EPILOG = """examples:
  corridor ping kunming bangkok         until Ctrl-C
  corridor ping kunming bangkok -c 3

Switches drop packets that match no demand. If there is only one demand between two hosts, all
packets between them belong to it, also ICMP. If there are several, ports distinguish them: then
use corridor probe DEMAND.
exit codes: those of ping (1: no answer), 2 bad input, 3 no live network"""


def add_ping(verbs: Any) -> None:
    parser = verbs.add_parser(
        "ping",
        description="Ping one host from another, and print the matching demand.",
        epilog=PING_EPILOG,
    )
    parser.add_argument("src", metavar="FROM", help="a hub's id, or a host behind a hub")
    parser.add_argument("dst", metavar="TO", help="likewise")
    parser.add_argument(
        "-c",
        dest="count",
        type=whole(1, 10**9, "at least one"),
        metavar="N",
        help="stop after N packets",
    )
    add_name_argument(parser)


def run_ping(args: argparse.Namespace) -> int:
    from corridor.experiments.operations import terminal
    from corridor.experiments.operations.requests import for_any_packet

    with reached(args) as client:
        known = client.ask("demands")
        demand = for_any_packet(known["demands"], args.src, args.dst)
        print(f"by demand {demand}", file=sys.stderr, flush=True)
        count = [] if args.count is None else ["-c", str(args.count)]
        families = {one["demand"]: one["family"] for one in known["demands"]}
        key = "addresses" if families[demand] == "ipv4" else "ipv6_addresses"
        words = ["ping", *count, known[key][args.dst]]
        return terminal.run(client, args.src, words, feed=False)
