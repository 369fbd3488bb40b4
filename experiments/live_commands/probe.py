"""Packets of a live network: ``corridor probe``, ``trace`` and ``capture``."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from corridor.experiments.commands.arguments import whole
from corridor.experiments.live_commands.network_arguments import add_name_argument, reached

if TYPE_CHECKING:
    from corridor.experiments.operations.door import Client


EPILOG = """examples:
  corridor probe science-karachi                 a demand, until Ctrl-C
  corridor probe kunming bangkok                 the first demand from one host to the other
  corridor probe render-bangkok -c 5 --interval 200ms
  corridor probe render-bangkok --json           a JSON object a line

The command sends STAMP packets (RFC 8762) with the ports of the demand. Replies are packets of
DEMAND.return. A line reports each change of the demand's status. A probe without a reply for two
seconds counts as lost.
exit codes: 0 at least one reply, 1 no reply, 2 bad input, 3 no live network"""


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "probe",
        description="Measure the RTT of a demand until Ctrl-C.",
        epilog=EPILOG,
    )
    parser.add_argument(
        "what", nargs="+", metavar="DEMAND | FROM TO", help="a demand, or two hosts"
    )
    parser.add_argument(
        "-c",
        dest="count",
        type=whole(1, 10**9, "at least one"),
        metavar="N",
        help="stop after N probes",
    )
    parser.add_argument("--interval", default="1s", metavar="TIME", help="default: 1s")
    parser.add_argument("--json", action="store_true", help="a JSON object a line")
    add_name_argument(parser)


def run(args: argparse.Namespace) -> int:
    from corridor.experiments.operations.probe_text import Probes, packets_of
    from corridor.experiments.operations.requests import named
    from corridor.topologies.base.errors import InputError
    from corridor.topologies.base.units import parse_duration_ns

    interval_ns = parse_duration_ns(args.interval, allow_zero=False)
    if len(args.what) > 2:
        raise InputError("probe one demand", "corridor probe DEMAND, or corridor probe FROM TO")
    probes = Probes()
    with reached(args) as client:
        first, *others = named(client.ask("demands")["demands"], args.what)
        demand = first["demand"]
        if not args.json:
            also = f"; {len(others)} more between them" if others else ""
            print(f"probes of {demand} ({packets_of(first['packets'])}){also}", flush=True)
        program = client.ask("probe", demand=demand, interval_ns=interval_ns)["program"]
        try:
            for said in _lines(client, program, demand):
                _tell(probes, said, as_json=args.json)
                if args.count is not None and probes.count >= args.count:
                    break
        except KeyboardInterrupt:
            pass
    print(probes.summary(), file=sys.stderr if args.json else sys.stdout, flush=True)
    return 0 if probes.rtts_ns else 1


def _tell(probes: Any, said: dict[str, Any], *, as_json: bool) -> None:
    from corridor.experiments.live_network.status_text import told

    is_status = "event" in said
    text = f"  {told(said)}" if is_status else probes.take(said)
    print(json.dumps(said) if as_json else text, flush=True)


def _lines(client: Client, program: int, demand: str) -> Iterator[dict[str, Any]]:
    """Probes as they come, before each what has changed about the demand."""
    from corridor.experiments.operations import terminal
    from corridor.topologies.base.errors import EnvironmentUnsupported

    rest, before, said_last = b"", None, b""
    for out, err, _ in terminal.pieces(client, program):
        *whole_lines, rest = (rest + out).split(b"\n")
        said_last = err.strip() or said_last
        if whole_lines:
            status = _status(client, demand)
            if status is not None and status != before:
                before = status
                yield {"event": "status", **status}
        for line in whole_lines:
            said = json.loads(line)
            if "failed" in said:
                raise EnvironmentUnsupported(f"no probe can be sent: {said['failed']}")
            yield said
    why = said_last.decode(errors="replace").splitlines()[-1:]
    raise EnvironmentUnsupported(f"the prober has ended{''.join(f': {one}' for one in why)}")


def _status(client: Client, demand: str) -> dict[str, Any] | None:
    """None without a controller."""
    said = client.ask("controller", request={"do": "demands"})["said"]
    found = [one for one in said.get("demands", ()) if one["demand"] == demand]
    return found[0] if found else None


TRACE_EPILOG = """examples:
  corridor trace render-bangkok           hub by hub: entries, label, fibre, delay so far
  corridor trace guian karachi            every demand from one host to the other
  corridor trace render-bangkok --live    by the tables as read back from the switches now

The path is computed from the tables that the controller has deployed, and from the failures that
it knows: no packet is sent. corridor explain explains why this path is used.
exit codes: 0 traced, wherever the path ends; 2 bad input; 3 no live network, or no reply"""


def add_trace(verbs: Any) -> None:
    parser = verbs.add_parser(
        "trace",
        description="Follow a packet of a demand through the tables of a live network.",
        epilog=TRACE_EPILOG,
    )
    parser.add_argument(
        "what", nargs="+", metavar="DEMAND | FROM TO", help="a demand, or two hosts"
    )
    parser.add_argument("--live", action="store_true", help="read the tables from the switches")
    parser.add_argument("--json", action="store_true", help="a JSON object a line, one a demand")
    add_name_argument(parser)


def run_trace(args: argparse.Namespace) -> int:
    from corridor.experiments.operations.probe_text import traced
    from corridor.experiments.operations.requests import named
    from corridor.topologies.base.errors import InputError

    if len(args.what) > 2:
        raise InputError("trace one demand", "corridor trace DEMAND, or corridor trace FROM TO")
    with reached(args) as client:
        chosen = named(client.ask("demands")["demands"], args.what)
        statuses = {one["demand"]: one for one in _asked(client, do="demands")["demands"]}
        for number, one in enumerate(chosen):
            status = statuses[one["demand"]]
            said = _asked(client, do="trace", demand=one["demand"], live=args.live)
            if args.json:
                print(json.dumps({**said["trace"], "epoch": said["epoch"], "served": status}))
                continue
            text = traced(said["trace"], status, said["epoch"], live=args.live)
            print("\n" + text if number else text)
    return 0


def _asked(client: Client, **request: Any) -> dict[str, Any]:
    """What the controller says, where it says yes."""
    from corridor.topologies.base.errors import EnvironmentUnsupported

    said: dict[str, Any] = client.ask("controller", request=request)["said"]
    if not said["ok"]:
        raise EnvironmentUnsupported(said["reason"])
    return said


STDOUT = "-"
CAPTURE_EPILOG = """examples:
  corridor capture kunming-bangkok -w fibre.pcapng --for 5s     at both ends of a fibre
  corridor capture guian -w host.pcapng --count 20              at a host, without labels
  corridor capture kunming-bangkok -w - | wireshark -k -i -
  corridor capture kunming-bangkok -w - | tshark -r - -T fields -e frame.comment

Interfaces have the names of the kernel, and a description. The comment of each labelled packet
states the demand, permit, phase and epoch of its label. Timestamps are from the kernel, in ns. A
packet sent on a fibre is captured after its delay.
exit codes: 0 captured, 2 bad input, 3 no live network"""


def add_capture(verbs: Any) -> None:
    parser = verbs.add_parser(
        "capture",
        description="Write the packets of a host, or of both ends of a fibre, as pcapng.",
        epilog=CAPTURE_EPILOG,
    )
    parser.add_argument("where", metavar="HOST | FIBRE", help="a host or a fibre")
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


def run_capture(args: argparse.Namespace) -> int:
    from corridor.topologies.base.errors import InputError
    from corridor.topologies.base.units import parse_duration_ns

    lasts_ns = None if args.time is None else parse_duration_ns(args.time, allow_zero=False)
    with reached(args) as client:
        hubs = client.ask("demands")["addresses"]
        place = {"hub" if args.where in hubs else "fibre": args.where}
        program = client.ask("capture", **place)["program"]
        try:
            opened = None if args.file == STDOUT else _opened_file(Path(args.file), args.force)
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


def _opened_file(file: Path, overwrite: bool) -> BinaryIO:
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
