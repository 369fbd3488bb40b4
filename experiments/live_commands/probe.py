"""``corridor probe``: round trips of a demand of a live network, one after another."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from corridor.experiments.commands.arguments import whole
from corridor.experiments.live_commands.network_arguments import add_name_argument, reached

if TYPE_CHECKING:
    from corridor.experiments.operations.client import Client

EPILOG = """examples:
  corridor probe science-karachi                 a demand, until Ctrl-C
  corridor probe kunming bangkok                 the first demand from one hub to the other
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
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", nargs="+", metavar="DEMAND | FROM TO", help="a demand, or two hubs")
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
    from corridor.experiments.operations.demands import named
    from corridor.experiments.operations.probe_text import Probes, packets_of
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
    from corridor.experiments.live_network.event_text import told

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
