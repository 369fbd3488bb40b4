"""``corridor workload``: sources of a shipped workload, and what a scenario would send."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from corridor.experiments.commands.arguments import add_scenario_arguments, load
from corridor.experiments.terminal.live import waiting
from corridor.experiments.terminal.screen import show, terminal_width
from corridor.topologies.base.seconds import NS_PER_S

if TYPE_CHECKING:
    from corridor.experiments.plan.values import Plan, PlannedWorkload
    from corridor.experiments.scenario.shipped_workloads import ShippedWorkload, Source

EXAMPLES = """examples:
  corridor list workloads              shipped workloads
  corridor workload show infer-chat    its parameters, each with its source
  corridor workload plan my.yaml       planned traffic of each demand of a scenario
  corridor workload plan my.yaml --json

Nothing is emulated. exit codes: 0 fine, 2 bad input"""
FIGURE_HEADS = ("of", "figure", "derived", "source", "confidence")
PLAN_HEADS = ("workload", "demand", "messages", "octets", "mean", "of its bottleneck", "customers")
PLAN_RIGHT = frozenset(PLAN_HEADS[2:])
SCHEMA = 1


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "workload",
        description="Show a shipped workload with its sources, or the planned traffic of a "
        "scenario.",
        epilog=EXAMPLES,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    told = actions.add_parser("show", help="a shipped workload and its sources")
    told.add_argument("name", metavar="NAME", help="a name that corridor list workloads prints")
    plan = actions.add_parser("plan", help="planned traffic of a scenario's workloads")
    add_scenario_arguments(plan)
    for one in (told, plan):
        one.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    return _show(args) if args.action == "show" else _plan(args)


def _show(args: argparse.Namespace) -> int:
    from corridor.experiments.scenario.shipped_workloads import shipped_workloads
    from corridor.topologies.base.errors import InputError
    from corridor.topologies.base.suggestions import nearest

    known = shipped_workloads()
    one = known.workloads.get(args.name)
    if one is None:
        hint = nearest(args.name, known.workloads) or "corridor list workloads"
        raise InputError(f'no workload "{args.name}" ships', hint)
    sources = {
        figure.source: known.sources[figure.source] for figure in one.figures if figure.source
    }
    if args.json:
        plain = one.model_dump(mode="json", exclude_defaults=True)
        from_ = {name: source.model_dump(mode="json") for name, source in sources.items()}
        print(json.dumps({"schema": SCHEMA, **plain, "sources": from_}, indent=1))
        return 0
    show(_told(one, sources))
    return 0


def _told(one: ShippedWorkload, sources: dict[str, Source]) -> str:
    from corridor.experiments.terminal.columns import render

    rows = [
        (
            figure.of,
            figure.value,
            figure.derived,
            figure.source or ("our choice" if figure.assumed else "no source was read"),
            figure.confidence,
        )
        for figure in one.figures
    ]
    keys = [f"  {key}: {json.dumps(value)}" for key, value in one.workload.items()]
    classes = f", of the classes {', '.join(one.classes)}" if one.classes else ""
    parts = [
        f"{one.id}: {one.title}{classes}",
        "\n".join(keys),
        render(FIGURE_HEADS, rows, width=terminal_width(), spare=("derived",), wrap="figure"),
        "\n".join(
            f"{name}: {source.title}; {source.url}, {source.date}"
            + (f"; {source.licence}" if source.licence else "")
            for name, source in sources.items()
        ),
        one.notes,
    ]
    return "\n\n".join(filter(None, parts))


def _plan(args: argparse.Namespace) -> int:
    from corridor.experiments.plan.plan import make_plan_unsent
    from corridor.topologies.base.memory import collecting_later

    loaded = load(args)
    with collecting_later(), waiting("planning"):
        plan = make_plan_unsent(loaded)
    if args.json:
        from corridor.topologies.base.codec import to_plain

        said = {"workloads": plan.workloads, "messages": plan.messages, "start_ns": plan.start_ns}
        print(json.dumps({"schema": SCHEMA, **to_plain(said)}))
        return 0
    if not plan.workloads:
        show(f"{plan.scenario} has no workloads: give it some, or write workloads: by-class")
        return 0
    show(_planned(plan))
    return 0


def _mean_bps(workload: PlannedWorkload, octets: int) -> int:
    """Of requests of a trace, which come when they come; 0 of what follows from the network."""
    lasts_ns = sum(until_ns - from_ns for from_ns, until_ns in workload.windows)
    return round(octets * 8 * NS_PER_S / lasts_ns) if workload.kind == "requests" else 0


def _planned(plan: Plan) -> str:
    from corridor.experiments.terminal.columns import render
    from corridor.topologies.base.units import format_rate, format_size

    sent: dict[tuple[int, int], list[int]] = {}
    for message in plan.messages.rows() if plan.messages else ():
        sent.setdefault((message.workload, message.demand), []).append(message.bytes)
    rows = []
    for number, workload in enumerate(plan.workloads):
        for place, demand in enumerate(workload.demands):
            octets = sent.get((number, demand), [])
            mean_bps = workload.mean_bps[place] or _mean_bps(workload, sum(octets))
            bottleneck_bps = plan.demands[demand].bottleneck_bps
            known = bool(mean_bps and bottleneck_bps)
            rows.append(
                (
                    workload.id if not place else "",
                    plan.demands[demand].id,
                    f"{len(octets):,}" if octets else "",
                    format_size(sum(octets)) if octets else "",
                    format_rate(mean_bps) if mean_bps else "",
                    f"{mean_bps / (bottleneck_bps or 1):.1%}" if known else "",
                    f"{workload.customers[place]:.4g}",
                )
            )
    table = render(PLAN_HEADS, rows, right=PLAN_RIGHT, width=terminal_width(), spare=("customers",))
    notes = [f"{one.id}: {' '.join(one.notes)}" for one in plan.workloads]
    return "\n".join([table, "", *notes])
