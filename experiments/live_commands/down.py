"""``corridor down``: end a live network from another terminal."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from corridor.experiments.live_network.session import Session

EPILOG = """examples:
  corridor down            the only network that is up
  corridor down law        the network with this name

It returns when the network has stopped and only its results remain.
exit codes: 0 stopped, or none was up, 2 bad input, 3 it does not stop"""
LONGEST_S = 120.0
LOOK_S = 0.1


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "down",
        description="Stop a live network, as Ctrl-C does at its terminal, and wait for its end.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "name",
        nargs="?",
        metavar="NAME",
        help="the network (default: the only one that is up)",
    )
    parser.add_argument("--network", metavar="NAME", help="the same, as in other commands")


def run(args: argparse.Namespace) -> int:
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
        time.sleep(LOOK_S)
    with contextlib.suppress(OSError):
        session.remove_dead()
    return True
