"""``corridor topology``: show, check and convert topologies, and predict a latency on one."""

from __future__ import annotations

import argparse
import json
from functools import partial
from typing import TYPE_CHECKING, Any

from corridor.experiments.terminal.kept_answers import answered
from corridor.experiments.terminal.screen import show, terminal_width
from corridor.experiments.topology_commands import latency, trace_evidence

if TYPE_CHECKING:
    from corridor.topologies.model.topology import Fibre, Topology

EXAMPLES = """examples:
  corridor topology show pan-asia
  corridor topology check my-network.yaml --json
  corridor topology domains pan-asia            who runs which hub and fibre, and what is unknown
  corridor topology import topohub:topozoo/Chinanet --out chinanet.yaml
  corridor topology import pan-asia --out pan-asia.graphml
  corridor topology import random.edgelist --default-length 100km --out random.yaml
  corridor topology import net.gml --attribute weight=km --out net.yaml
  corridor topology latency kunming karachi --layer optical
  corridor topology validate measured.csv --fit constants.yaml
  corridor topology evidence pan-asia traces.json --places hops.csv

A topology is a shipped name (pan-asia, edwc, mini, cloud-backbone), a file (.yaml, .graphml, .gml,
.json, .edgelist, .graph of REPETITA, .txt of SNDlib, .netbox), or topohub:family/Name (Topology
Zoo, SNDlib)."""
HUB_HEADS = ("hub", "in", "role", "lat", "lon", "name")
FIBRE_HEADS = (
    *("fibre", "from", "to", "medium", "km", "ms", "90 %"),
    *("capacity", "emulated", "crosses"),
)
NAME_HELP = "shipped name, file, or topohub:family/Name"


def add_parser(verbs: Any) -> None:
    """Add the verb and its actions."""
    parser = verbs.add_parser(
        "topology",
        description="Show, check or convert a topology.",
        epilog=EXAMPLES,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    show = actions.add_parser("show", help="print hubs, fibres, lengths, delays and rates")
    check = actions.add_parser(
        "check", help="print properties and gaps; exit 1 if an invariant fails"
    )
    domains = actions.add_parser(
        "domains", help="print operators, hand-overs, and what is assumed, unknown or disputed"
    )
    domains.add_argument(
        "--all", action="store_true", help="list every fibre and assumed hand-over, too"
    )
    convert = actions.add_parser("import", help="read any format, write .yaml, .graphml or .json")
    for action in (show, check, domains):
        action.add_argument(
            "topology", nargs="?", default="pan-asia", metavar="TOPOLOGY", help=NAME_HELP
        )
    convert.add_argument("topology", metavar="SRC", help=NAME_HELP)
    convert.add_argument("--out", required=True, metavar="FILE", help="the ending sets the format")
    convert.add_argument("--force", action="store_true", help="replace FILE if it exists")
    for action in (show, check, domains, convert):
        _add_import_options(action)
        action.add_argument("--json", action="store_true", help="print JSON")
    latency.add_latency(actions)
    latency.add_validate(actions)
    trace_evidence.add_evidence(actions)


def _add_import_options(action: argparse.ArgumentParser) -> None:
    group = action.add_argument_group("graphs of others")
    lengths = group.add_mutually_exclusive_group()
    lengths.add_argument(
        "--default-length",
        metavar="LENGTH",
        help="length of links without one in the file, as 100km",
    )
    lengths.add_argument(
        "--default-delay", metavar="DELAY", help="one-way delay, instead of a length, as 1ms"
    )
    group.add_argument(
        "--ignore-delays",
        action="store_true",
        help="do not read delays of links: derive them from lengths and places",
    )
    group.add_argument(
        "--attribute",
        action="append",
        default=[],
        metavar="NAME=UNIT",
        help="read this attribute of links as a delay (ns us ms s), length (m km mi) or capacity "
        "(bit kbit Mbit Gbit Tbit); may be repeated",
    )


def _loaded(args: argparse.Namespace) -> Topology:
    """The topology that was named, read as was asked."""
    from corridor.topologies.base.errors import InputError
    from corridor.topologies.formats.load import load_topology

    attributes = {}
    for written in args.attribute:
        name, equals, unit = written.rpartition("=")
        if not (name and equals):
            hint = "write it like --attribute weight=km"
            raise InputError(f'"{written[:40]}" names no attribute and its unit', hint)
        attributes[name] = unit
    return load_topology(
        args.topology,
        default_length=args.default_length,
        default_delay=args.default_delay,
        attributes=attributes,
        ignore_delays=args.ignore_delays,
    )


def run(args: argparse.Namespace) -> int:
    """Carry out one action; the exit code is 1 only when ``check`` finds a broken invariant."""
    if args.action == "show":
        return _show(args)
    if args.action == "check":
        return _check(args)
    if args.action == "domains":
        return _domains(args)
    if args.action == "import":
        return _import(args)
    if args.action == "evidence":
        return trace_evidence.evidence(args)
    if args.action == "validate":
        return latency.validate(args)
    return latency.latency(args)


def _show(args: argparse.Namespace) -> int:
    from corridor.topologies.formats import networkx_graphs

    topology = _loaded(args)
    if args.json:
        print(networkx_graphs.to_text(topology))
    else:
        show(describe(topology, terminal_width()))
    return 0


def _check(args: argparse.Namespace) -> int:
    from corridor.topologies.analysis.check import check_topology

    report = check_topology(_loaded(args))
    return answered(args, report, lambda: str(report), 0 if report.ok else 1).tell()


def _domains(args: argparse.Namespace) -> int:
    from corridor.experiments.text import domains_text
    from corridor.topologies.analysis.domains_known import domains_known

    found = domains_known(_loaded(args))
    width = terminal_width()
    text = partial(domains_text.known, found, width, everything=args.all)
    return answered(args, found, text).tell()


def _import(args: argparse.Namespace) -> int:
    from corridor.topologies.formats.export import export_topology

    topology = _loaded(args)
    export_topology(topology, args.out, overwrite=args.force)
    counts = {"hubs": len(topology.hubs), "fibres": len(topology.fibres)}
    result = {"written": args.out, "name": topology.name, **counts, "notes": topology.notes}
    if args.json:
        print(json.dumps(result, ensure_ascii=False, indent=1))
    else:
        notes = "\n".join(f"  {note}" for note in topology.notes)
        show(f"{args.out}: {topology}\n{notes}")
    return 0


def describe(topology: Topology, width: int | None = None) -> str:
    """The topology as two tables and its notes."""
    from corridor.experiments.terminal.columns import render
    from corridor.topologies.model.addresses import addresses, ipv6_of

    lines = [f"{topology} - {topology.title}", ""]
    hubs = [
        (hub.id, hub.located_in, hub.role, f"{hub.lat:.2f}", f"{hub.lon:.2f}", hub.name)
        for hub in topology.hubs
    ]
    right = frozenset({"lat", "lon"})
    lines.append(render(HUB_HEADS, hubs, right, width=width, wrap="name", ruled=False))
    lines += ["", *_legend(topology), ""]
    fibres = [_fibre_row(topology, fibre) for fibre in topology.fibres]
    right = frozenset(FIBRE_HEADS[4:9])
    spare = ("medium", "capacity", "from", "to", "90 %", "emulated")
    table = render(
        FIBRE_HEADS, fibres, right, width=width, spare=spare, wrap="crosses", ruled=False
    )
    lines.append(table)
    if topology.hosts:
        given = addresses([hub.id for hub in topology.hubs], topology.hosts)
        hosts = [
            (host.id, host.hub, given[host.id], ipv6_of(given[host.id])) for host in topology.hosts
        ]
        heads = ("host", "hub", "address", "with IPv6")
        lines += ["", render(heads, hosts, frozenset(), ruled=False)]
    lines += ["", *(f"note: {note}" for note in topology.notes)]
    return "\n".join(line.rstrip() for line in lines)


LENGTH_MARKS = {"derived": "~", "apportioned": "*", "stated": "^"}
STATUS_MARKS = {"uncertain": " ?", "planned": " +"}


def _legend(topology: Topology) -> list[str]:
    """What the marks mean; those of a status only where one stands."""
    lengths = "~ derived, * share of a published total, ^ stated without a source"
    marks = [
        f"lengths: {lengths}; delays are one-way",
        "90 %: where a delay lies, by the basis of its length",
    ]
    doubtful = [fibre for fibre in topology.fibres if fibre.status in STATUS_MARKS]
    if doubtful:
        count = f"{len(doubtful)} fibre{'s are' if len(doubtful) > 1 else ' is'}"
        marks.append(
            f"service: ? uncertain, + planned; {count} so, and paths use them unless a scenario "
            "leaves them out"
        )
    if any(fibre.known_gbps is None for fibre in topology.fibres):
        marks.append("capacity: * assumed, none is published; topology check says on what basis")
    if topology.capacity_groups:
        marks.append("capacity: = shared at an end, so counted once")
    if any(fibre.may_cross for fibre in topology.fibres):
        marks.append("crosses: ? not known whether light comes under it; topology check says why")
    return marks


def _fibre_row(topology: Topology, fibre: Fibre) -> tuple[str, ...]:
    from corridor.topologies.analysis.monte_carlo import delay_factors
    from corridor.topologies.base.units import format_rate
    from corridor.topologies.model.routing import marked

    ms = fibre.one_way_delay_ns / 1e6
    low, high = delay_factors(fibre)
    mark = LENGTH_MARKS.get(fibre.length_basis, "")
    capacity = "-"
    if fibre.known_gbps is not None:
        capacity = f"{format_rate(round(fibre.known_gbps * 1e9))}{'=' * bool(fibre.shares)}"
    assumed = "*" * (fibre.known_gbps is None)
    return (
        fibre.id + STATUS_MARKS.get(fibre.status, ""),
        fibre.a,
        fibre.z,
        fibre.medium,
        f"{mark}{fibre.length_km:.0f}",
        f"{ms:.2f}",
        f"{low * ms:.2f}-{high * ms:.2f}",
        capacity,
        format_rate(topology.emulated_rate_bps(fibre)) + assumed,
        marked(fibre.crosses, (one.code for one in fibre.may_cross)),
    )
