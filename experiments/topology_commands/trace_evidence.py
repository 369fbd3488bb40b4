"""``corridor topology evidence``: what measured traceroutes say about the fibres of a map."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.experiments.terminal.kept_answers import answered
from corridor.experiments.terminal.screen import terminal_width
from corridor.experiments.topology_commands.latency import add_common

if TYPE_CHECKING:
    from corridor.topologies.analysis.trace_evidence import (
        FibreEvidence,
        PairEvidence,
        TraceEvidence,
    )

EPILOG = """files: JSON of RIPE Atlas traceroutes (an array or lines), or of scamper's sc_warts2json
places of hops:
  --places FILE.csv   columns prefix,hub; the longest prefix decides
  reverse DNS names   if the file states them: the id of a hub, or a code of its city

verdicts: confirmed      an increment fits, and no path without the fibre is short enough
          ambiguous      an increment fits, and other paths are short enough
          contradicted   an increment is too short for the fibre, which is the shortest path
          disputed       traces confirm it, and others contradict it"""
FIBRE_HEADS = (
    *("fibre", "verdict", "map RTT ms", "90 %", "measured ms"),
    *("confirmed", "contradicted", "ambiguous"),
)
PAIR_HEADS = ("from", "to", "source", "traces", "increment ms", "map RTT ms", "outcome", "paths")
MOST_PAIRS = 20


def add_evidence(actions: Any) -> None:
    evidence = actions.add_parser(
        "evidence",
        help="compare measured traceroutes with the fibres of a map",
        description="Report which fibres of a map measured traceroutes confirm or contradict.",
        epilog=EPILOG,
    )
    evidence.add_argument("topology", metavar="TOPOLOGY", help="a shipped name or a file")
    evidence.add_argument("traces", nargs="+", metavar="FILE.json", help="traceroutes; see below")
    evidence.add_argument(
        "--places", type=Path, metavar="FILE.csv", help="hubs by address prefix; see below"
    )
    evidence.add_argument(
        "--tolerance",
        default="1ms",
        metavar="TIME",
        help="by which an increment may be outside the bounds of a path (default: 1ms)",
    )
    evidence.add_argument(
        "--all", action="store_true", help="print ambiguous fibres and all pairs of places, too"
    )
    add_common(evidence)


def evidence(args: argparse.Namespace) -> int:
    from corridor.topologies.analysis.trace_evidence import evidence_of_files
    from corridor.topologies.base.errors import InputError
    from corridor.topologies.base.units import QuantityError, parse_duration_ns
    from corridor.topologies.formats.load import load_topology
    from corridor.topologies.model.delay_model import load_delay_model

    try:
        tolerance_ms = parse_duration_ns(args.tolerance, "tolerance") / 1e6
    except QuantityError as error:
        raise InputError(str(error)) from None
    found = evidence_of_files(
        load_topology(args.topology),
        args.traces,
        args.places,
        tolerance_ms=tolerance_ms,
        model=load_delay_model(args.delay_model),
    )
    width = terminal_width()
    return answered(args, found, lambda: told(found, everything=args.all, width=width)).tell()


def told(of: TraceEvidence, *, everything: bool = False, width: int | None = None) -> str:
    """The evidence as two tables and its caveats."""
    from corridor.experiments.terminal.columns import render
    from corridor.topologies.base.words import counted

    head = (
        f"{of.topology}: {counted(of.traces, 'trace')}, {of.located_hops} of "
        f"{counted(of.hops, 'hop')} located, {of.tunnel_hops} in MPLS tunnels; "
        f"{of.without_evidence} fibres without evidence"
    )
    lines = [head]
    clear = [one for one in of.fibres if everything or one.verdict != "ambiguous"]
    if clear:
        rows = [_fibre_row(one) for one in clear]
        lines += ["", render(FIBRE_HEADS, rows, frozenset(FIBRE_HEADS[2:]), width=width)]
    if len(clear) < len(of.fibres):
        lines.append(f"and {counted(len(of.fibres) - len(clear), 'ambiguous fibre')}: --all")
    ordered = sorted(of.pairs, key=lambda one: one.outcome not in ("shorter", "impossible"))
    shown = ordered if everything else ordered[:MOST_PAIRS]
    if shown:
        right = frozenset(("traces", "increment ms", "map RTT ms", "paths"))
        lines += ["", render(PAIR_HEADS, [_pair_row(one) for one in shown], right, width=width)]
    if len(shown) < len(ordered):
        lines.append(f"and {len(ordered) - len(shown)} more pairs: --all")
    return "\n".join([*lines, "", *(f"note: {one}" for one in of.caveats)])


def _fibre_row(of: FibreEvidence) -> tuple[str, ...]:
    least = of.least_increment_ms
    return (
        of.fibre,
        of.verdict,
        f"{of.rtt_ms:.1f}",
        f"{of.rtt_low_ms:.1f}-{of.rtt_high_ms:.1f}",
        "-" if least is None else f"{least:.1f}",
        str(of.confirmed),
        str(of.contradicted),
        str(of.ambiguous),
    )


def _pair_row(of: PairEvidence) -> tuple[str, ...]:
    return (
        of.from_hub,
        of.to_hub,
        of.source,
        str(of.traces),
        f"{of.increment_ms:.1f}",
        "-" if of.shortest_ms is None else f"{of.shortest_ms:.1f}",
        of.outcome,
        str(of.fitting_paths),
    )
