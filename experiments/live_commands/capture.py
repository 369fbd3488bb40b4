"""``corridor capture``: packets of a live network as pcapng."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from corridor.experiments.commands.arguments import whole
from corridor.experiments.live_commands.network_arguments import add_name_argument, reached

if TYPE_CHECKING:
    from corridor.experiments.operations.client import Client

STDOUT = "-"
EPILOG = """examples:
  corridor capture kunming-bangkok -w fibre.pcapng --for 5s     at both ends of a fibre
  corridor capture guian -w host.pcapng --count 20              at a hub's host, without labels
  corridor capture kunming-bangkok -w - | wireshark -k -i -
  corridor capture kunming-bangkok -w - | tshark -r - -T fields -e frame.comment

Interfaces have the names of the kernel, and a description. The comment of each labelled packet
states the demand, permit, phase and epoch of its label. Timestamps are from the kernel, in ns. A
packet sent on a fibre is captured after its delay.
exit codes: 0 captured, 2 bad input, 3 no live network"""


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "capture",
        description="Write the packets of a hub's host, or of both ends of a fibre, as pcapng.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("where", metavar="HUB | FIBRE", help="where: a hub or a fibre")
    parser.add_argument(
        "-w", dest="file", required=True, metavar="FILE", help="output file; - is standard output"
    )
    parser.add_argument("--force", action="store_true", help="replace FILE if it exists")
    parser.add_argument(
        "--count",
        type=whole(1, 10**12, "at least one"),
        metavar="N",
        help="stop after N packets",
    )
    parser.add_argument("--for", dest="time", metavar="TIME", help="end after a time, as 5s")
    add_name_argument(parser)


def run(args: argparse.Namespace) -> int:
    from corridor.topologies.base.errors import InputError
    from corridor.topologies.base.units import parse_duration_ns

    lasts_ns = None if args.time is None else parse_duration_ns(args.time, allow_zero=False)
    with reached(args) as client:
        hubs = client.ask("demands")["addresses"]
        place = {"hub" if args.where in hubs else "fibre": args.where}
        program = client.ask("capture", **place)["program"]
        try:
            opened = None if args.file == STDOUT else _opened(Path(args.file), args.force)
        except FileExistsError:
            raise InputError(
                "exists already", "name another file or add --force", file=args.file
            ) from None
        except OSError as problem:
            raise InputError(f"{args.file} cannot be written: {problem.strerror}") from problem
        with opened or nullcontext(sys.stdout.buffer) as file:
            packets = _capture(client, program, file, args.count, lasts_ns)
    print(f"{packets} packets", file=sys.stderr)
    return 0


def _opened(file: Path, overwrite: bool) -> BinaryIO:
    return file.open("wb") if overwrite else file.open("xb")


def _capture(
    client: Client, program: int, file: BinaryIO, most: int | None, lasts_ns: int | None
) -> int:
    """How many packets were written until it is to end, or Ctrl-C."""
    from corridor.traffic.packets import pcapng

    packets, began_ns = 0, time.monotonic_ns()
    try:
        for block in _blocks(client, program):
            if block is not None:
                file.write(block)
                packets += pcapng.kind_of(block) == pcapng.ENHANCED_PACKET
            else:
                file.flush()
            is_over = lasts_ns is not None and time.monotonic_ns() - began_ns > lasts_ns
            if is_over or (most is not None and packets >= most):
                break
    except KeyboardInterrupt:
        pass
    return packets


def _blocks(client: Client, program: int) -> Iterator[bytes | None]:
    """Whole blocks as they arrive; None when there are none at present."""
    from corridor.experiments.operations import terminal
    from corridor.topologies.base.errors import EnvironmentUnsupported
    from corridor.traffic.packets import pcapng

    held = bytearray()
    for out, err, code in terminal.pieces(client, program):
        held += out
        while block := pcapng.first_block(held):
            del held[: len(block)]
            yield block
        yield None
        if code is not None:
            why = err.decode(errors="replace").strip().splitlines()[-1:]
            raise EnvironmentUnsupported(": ".join(["the capture has ended", *why]))
