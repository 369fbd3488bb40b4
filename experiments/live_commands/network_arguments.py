"""Arguments of the commands that use a live network: which one, or where it listens."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from corridor.experiments.live_network.client import Api
    from corridor.experiments.operations.door import Client

EXIT_CODES = (
    "exit codes: 0 success, 1 a property would be violated, 2 bad input or a wrong token, "
    "3 no live network replies, 5 internal error"
)


def add_name_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--network",
        metavar="NAME",
        help="name of the live network (default: the only one that is up)",
    )


def add_network_arguments(parser: argparse.ArgumentParser) -> None:
    add_name_argument(parser)
    parser.add_argument("--url", metavar="URL", help="of its API, instead of its name")
    parser.add_argument("--token-file", type=Path, metavar="FILE", help="with --url: its token")


def connect(args: argparse.Namespace) -> Api:
    """The network that the arguments name; raises InputError."""
    from corridor.experiments.live_network.client import Api
    from corridor.experiments.live_network.session import find
    from corridor.topologies.base.errors import InputError

    if args.url is None and args.token_file is None:
        session = find(args.network)
        return Api(session.url, Path(session.token_file), session.name)
    if args.url is None or args.token_file is None:
        raise InputError("--url and --token-file go together", "give both, or --network NAME")
    if args.network is not None:
        raise InputError("--network and --url name two networks", "give one of them")
    return Api(args.url, args.token_file)


def reached(args: argparse.Namespace) -> Client:
    """The operations of the network that the arguments name; raises InputError."""
    from corridor.experiments.live_network.session import find
    from corridor.experiments.operations.door import Client
    from corridor.topologies.base.errors import EnvironmentUnsupported

    session = find(args.network)
    if not session.operations:
        raise EnvironmentUnsupported(f"network {session.name} takes no programs and no faults")
    return Client(Path(session.operations))
