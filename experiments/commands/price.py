"""``corridor price``: what each policy set costs, against no policies, by class of data."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.experiments.commands.arguments import add_scenario_arguments, load
from corridor.experiments.results.summary import Summary
from corridor.topologies.base.errors import InputError

if TYPE_CHECKING:
    from corridor.experiments.results.price import Price
    from corridor.experiments.scenario.scenario import LoadedScenario

EPILOG = """examples:
  corridor price sovereignty                        every shipped set, predicted
  corridor price sovereignty --sets cn-outbound,sa  some of them
  corridor price sovereignty --measure --out DIR    and measured: one run a set
  corridor price sovereignty --measure --standing   the same in about half the time

A set is priced by itself: data of classes it does not know is free. The round trip is that of a
demand and its answers; extra is over the same demand without policies."""
DEFAULT_SCENARIO = "sovereignty"
HEADINGS = (
    "set",
    "class of data",
    "permitted",
    "extra RTT, median",
    "most",
    "stretch",
    "measured",
    "single points",
    "without",
)


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "price",
        help="what policy sets cost, against no policies",
        description="Price policy sets on a scenario: what they keep back, what they add to round "
        "trips, and how many single points of failure they leave.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_scenario_arguments(parser, default=DEFAULT_SCENARIO)
    parser.add_argument(
        "--sets",
        metavar="SET,...",
        help="policy sets to price (default: those that ship and know some of its data)",
    )
    parser.add_argument(
        "--measure", action="store_true", help="emulate the scenario under each set, too"
    )
    parser.add_argument(
        "--standing",
        action="store_true",
        help="with --measure: let sets share networks that stand; sooner, and round trips may "
        "differ by some clock ticks from those of networks of their own",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="for price.json, a figure, and the runs; new or empty",
    )
    parser.add_argument("--json", action="store_true", help="print the prices as JSON only")


def run(args: argparse.Namespace) -> int:
    from corridor.experiments.plan.values import NO_POLICIES
    from corridor.experiments.results.price import alone, prices, serve
    from corridor.experiments.run.folders import new_folder

    loaded = load(args)
    names = _sets(args.sets, {demand.data for demand in loaded.scenario.demands})
    scenarios = {name: alone(loaded, name) for name in (NO_POLICIES, *names)}
    out_dir = new_folder(args.out, "price") if args.out or args.measure else None
    measured = _measure(scenarios, out_dir, args.standing) if args.measure and out_dir else {}
    served = {name: serve(scenario) for name, scenario in scenarios.items()}
    classes = [demand.data for demand in loaded.scenario.demands]
    found = [
        price
        for name in names
        for price in prices(
            name,
            classes,
            served[NO_POLICIES],
            served[name],
            (measured[NO_POLICIES], measured[name]) if measured else None,
        )
    ]
    document = {"schema": 1, "scenario": loaded.scenario.name, "prices": list(map(asdict, found))}
    if out_dir is not None:
        from corridor.experiments.figures.price import draw_prices

        (out_dir / "price.json").write_text(json.dumps(document, indent=1) + "\n")
        draw_prices(out_dir, found)
    print(json.dumps(document, indent=1) if args.json else _told(found))
    if out_dir is not None:
        print(f"\nResults are in {out_dir}", file=sys.stderr)
    return 0


def _sets(asked: str | None, data: Set[str]) -> tuple[str, ...]:
    from corridor.controller.policy.load import shipped_policies
    from corridor.experiments.plan.values import NO_POLICIES

    names = _that_know(data) if asked is None else asked.split(",")
    found = tuple(name for name in dict.fromkeys(names) if name and name != NO_POLICIES)
    if not found:
        raise InputError(
            "--sets names no policy set", f"name some of {', '.join(shipped_policies())}"
        )
    return found


def _that_know(data: Set[str]) -> tuple[str, ...]:
    """The shipped sets that have a class of some of ``data``; all of them if none has."""
    from corridor.controller.policy.load import load_policies, shipped_policies

    names = shipped_policies()
    own = [{one.id for one in load_policies(name).classes} for name in names]
    return tuple(name for name, ids in zip(names, own, strict=True) if ids & data) or names


def _measure(
    scenarios: Mapping[str, LoadedScenario], out_dir: Path, standing: bool
) -> dict[str, Mapping[str, float]]:
    """Least round trips in ms by demand, under each set, from one run each."""
    from corridor.experiments.run.runner import Options, run_loaded
    from corridor.experiments.testbeds.standing_guest import StandingGuests

    runs = out_dir / "runs"
    found: dict[str, Mapping[str, float]] = {}
    with StandingGuests(runs) as guests:
        for name, scenario in scenarios.items():
            print(f"under {name}", file=sys.stderr, flush=True)
            options = Options(
                out=runs / Path(name).stem, figures=False, standing=guests if standing else None
            )
            found[name] = _least_ms(run_loaded(scenario, options, _quietly).summary)
    return found


def _least_ms(summary: Summary) -> Mapping[str, float]:
    return {
        demand["id"]: least_ms
        for demand in summary["demands"]
        if (least_ms := (demand["rtt_ms"] or {}).get("min")) is not None
    }


def _quietly(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


def _told(found: Sequence[Price]) -> str:
    from corridor.experiments.results.table import render

    rows = [
        (
            price.policies,
            price.data,
            f"{price.permitted} of {price.demands}",
            _ms(price.extra_ms_median),
            _ms(price.extra_ms_max),
            "" if price.stretch_median is None else f"{price.stretch_median:.2f}x",
            _ms(price.measured_extra_ms_median),
            _number(price.single_points),
            _number(price.single_points_without),
        )
        for price in found
        if _costs(price)
    ]
    free = len(found) - len(rows)
    table = render(HEADINGS, rows, frozenset(HEADINGS[2:]))
    return f"{table}\n\n{free} more pairs of set and class cost nothing and keep nothing back"


def _costs(price: Price) -> bool:
    return price.permitted < price.demands or bool(price.extra_ms_max)


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:+.3f} ms"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
