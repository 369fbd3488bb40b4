"""``corridor price``: what each policy set costs, against no policies or against another set."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.account.summary import Summary
from corridor.experiments.commands.arguments import (
    add_delay_model,
    add_scenario_arguments,
    under,
)
from corridor.experiments.terminal.kept_answers import (
    Answer,
    add_no_cache,
    printed,
    shown,
    told,
    warned_of,
)
from corridor.experiments.terminal.live import waiting
from corridor.experiments.terminal.screen import terminal_width
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.base.whole_file import write_text

if TYPE_CHECKING:
    from corridor.experiments.answers.price import SetPrice
    from corridor.experiments.answers.price_sets import PricedScenario
    from corridor.experiments.scenario.scenario import LoadedScenario
    from corridor.topologies.model.topology import Topology

EPILOG = """examples:
  corridor price sovereignty                        every shipped set
  corridor price sovereignty --policies mine.yaml --against pan-asia   what does my rule change?
  corridor price sovereignty --sets cn-outbound,sa  these two sets
  corridor price sovereignty --policies pan-asia --service internet    over the internet
  corridor price sovereignty --policies sa --interpret sa-government-transfer=recipient
  corridor price sovereignty --measure --out DIR    also emulate: one run for each set
  corridor price sovereignty --measure --standing   the same in about half the time

Each set is priced separately. The added RTT of a demand compares its shortest permitted paths, in
both directions, with those under the baseline (--against). Each price has two totals: with
confident rules only, and with all rules. An interpretation that changes a price is priced under
each of its values; --interpret sets one value for the whole answer."""


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "price",
        description="Compute the cost of policy sets on a scenario: blocked demands, added RTT, "
        "lost protection, and the most effective remedies.",
        epilog=EPILOG,
    )
    add_scenario_arguments(parser)
    add_delay_model(parser)
    parser.add_argument(
        "--sets",
        metavar="SET,...",
        help="policy sets to price, in addition to --policies (default: shipped sets that cover "
        "data of the scenario)",
    )
    parser.add_argument(
        "--against",
        metavar="SET",
        default=NO_POLICIES,
        help="baseline policy set (default: none)",
    )
    parser.add_argument(
        "--no-changes", action="store_true", help="do not search for changes that lower the cost"
    )
    parser.add_argument(
        "--measure", action="store_true", help="also emulate the scenario under each set"
    )
    parser.add_argument(
        "--standing",
        action="store_true",
        help="with --measure: reuse one network for several sets; faster, but RTTs may differ by "
        "a few clock ticks",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="write price.json, report.html and the runs to this folder; new or empty",
    )
    parser.add_argument("--json", action="store_true", help="print the prices as JSON only")
    add_no_cache(parser)


def run(args: argparse.Namespace) -> int:
    return told(args, _answer, may_keep=not (args.out or args.measure))


def _answer(args: argparse.Namespace) -> Answer:
    from corridor.experiments.answers.price_sets import PricedScenario
    from corridor.experiments.run.folders import new_folder
    from corridor.experiments.text import price_text

    base = _under(args, args.against)
    names = _sets(args, base)
    scenarios = {args.against: base} | {name: _under(args, name, base.topology) for name in names}
    _refuse_twins(scenarios)
    _refuse_unknown(args, scenarios)
    out_dir = new_folder(args.out, "price") if args.out or args.measure else None
    laid = PricedScenario.of(base)
    found = _priced(laid, scenarios, names, args)
    if args.measure and out_dir:
        found = _measured(
            found, scenarios, args.against, _measure(scenarios, out_dir, args.standing)
        )
    plain = price_text.document(base.scenario.name, str(base.as_of), base.policies.name, found)
    if out_dir is not None:
        from corridor.experiments.pages.report import PRICES, write_report

        write_text(out_dir / PRICES, json.dumps(plain, indent=1) + "\n")
        _write_paths(out_dir, laid, base, [scenarios[name] for name in names])
        write_report(out_dir)
    table = price_text.told(found, terminal_width())
    said = printed(json.dumps(plain, indent=1)) if args.json else shown(table)
    where = warned_of("" if out_dir is None else f"\nResults are in {out_dir}")
    from corridor.experiments.answers.outcome import warning_of

    return Answer([warned_of(warning_of(scenarios[names[0]])), said, where])


def _write_paths(
    out_dir: Path, laid: PricedScenario, base: LoadedScenario, priced: Sequence[LoadedScenario]
) -> None:
    """What a page needs besides the prices: the map, the paths, and all inputs."""
    from corridor.experiments.answers.paths_by_policy_set import PATHS_FILE, paths_document
    from corridor.experiments.run.manifest import write_prices_manifest

    sets = [one.policies for one in priced]
    paths = paths_document(laid, base.policies, sets, base.scenario.title)
    write_text(out_dir / PATHS_FILE, json.dumps(paths.to_json(), ensure_ascii=False) + "\n")
    write_prices_manifest(out_dir / "manifest.json", base, priced)


def _refuse_twins(scenarios: Mapping[str, LoadedScenario]) -> None:
    """The prices of two sets of one name could not be distinguished."""
    called: dict[str, str] = {}
    for asked, scenario in scenarios.items():
        name = scenario.policies.name
        if name in called:
            message = f"{called[name]} and {asked} are both called {name}"
            raise InputError(message, "give one another name:")
        called[name] = asked


def _under(args: argparse.Namespace, name: str, topology: Topology | None = None) -> LoadedScenario:
    from corridor.experiments.answers.price_sets import alone
    from corridor.experiments.scenario.scenario import load_under

    asked = under(args).model_copy(update={"policies": name, "interpret": {}})
    loaded = load_under(args.scenario, asked, topology=topology)
    known = {one.id for one in loaded.policies.interpretations}
    chosen = {one: value for one, value in args.interpret if one in known}
    if chosen:
        asked = asked.model_copy(update={"interpret": chosen})
        loaded = load_under(args.scenario, asked, topology=loaded.topology)
    return alone(loaded)


def _refuse_unknown(args: argparse.Namespace, scenarios: Mapping[str, LoadedScenario]) -> None:
    """Raise InputError where no set has an interpretation for which a value is chosen."""
    known = [one.id for of in scenarios.values() for one in of.policies.interpretations]
    for name, _ in args.interpret:
        if name not in known:
            few = ", ".join(dict.fromkeys(known)) or "none"
            hint = nearest(name, known) or f"they have {few}"
            raise InputError(f'no policy set has an interpretation "{name}"', hint)


def _priced(
    laid: PricedScenario,
    scenarios: Mapping[str, LoadedScenario],
    names: tuple[str, ...],
    args: argparse.Namespace,
) -> list[SetPrice]:
    from corridor.controller.policy.certainty import Lawful
    from corridor.experiments.answers.price import price
    from corridor.topologies.analysis.monte_carlo import draw
    from corridor.topologies.model.delay_model import load_delay_model

    base = scenarios[args.against]
    lawful = Lawful(draw(base.topology, load_delay_model(args.delay_model)), laid.paths.product)
    found: list[SetPrice] = []
    with waiting("pricing") as tell:
        for name in names:
            tell(f"{len(found) + 1} of {len(names)}: {name}")
            policies, changes = scenarios[name].policies, not args.no_changes
            found.append(
                price(laid, policies, base.policies, search_changes=changes, lawful=lawful)
            )
    return found


def _sets(args: argparse.Namespace, base: LoadedScenario) -> tuple[str, ...]:
    """The sets to price, in order, each once and but for the one they are held against."""
    from corridor.controller.policy.load import shipped_policies

    known = [name for name in shipped_policies() if name != NO_POLICIES]
    asked = [args.policies, *(args.sets or "").split(",")]
    named = [name for name in dict.fromkeys(asked) if name]
    hint = f"name some of {', '.join(known)}, or a file"
    if args.sets is not None and not args.sets.strip(","):
        raise InputError("--sets names no policy set", hint)
    found = tuple(name for name in named or _that_judge(base, known) if name != args.against)
    if not found:
        raise InputError(f"no policy set is named to compare with {args.against}", hint)
    return found


def _that_judge(base: LoadedScenario, names: Sequence[str]) -> Sequence[str]:
    """Those that know some class of the scenario's data; all of them if none does."""
    from corridor.controller.policy.load import load_policies
    from corridor.controller.policy.model import UNCLASSIFIED

    data = {demand.data for demand in base.scenario.demands} - {UNCLASSIFIED}
    return [name for name in names if load_policies(name).class_ids & data] or names


def _measure(
    scenarios: Mapping[str, LoadedScenario], out_dir: Path, standing: bool
) -> dict[str, Mapping[str, float]]:
    """Least round trips in ms by demand, under each set, from one run each."""
    from corridor.experiments.run.options import Options
    from corridor.experiments.run.runner import run_loaded
    from corridor.experiments.testbeds.reusable_guest import ReusableGuests

    runs = out_dir / "runs"
    found: dict[str, Mapping[str, float]] = {}
    with ReusableGuests(runs) as guests:
        for name, scenario in scenarios.items():
            print(f"under {name}", file=sys.stderr, flush=True)
            options = Options(
                out=runs / Path(name).stem, report=False, standing=guests if standing else None
            )
            found[name] = _least_ms(run_loaded(scenario, options, _quietly).summary)
    return found


def _measured(
    found: list[SetPrice],
    scenarios: Mapping[str, LoadedScenario],
    against: str,
    least: Mapping[str, Mapping[str, float]],
) -> list[SetPrice]:
    from corridor.experiments.answers.price import measured

    names = [name for name in scenarios if name != against]
    return [
        measured(one, least[against], least[name]) for one, name in zip(found, names, strict=True)
    ]


def _least_ms(summary: Summary) -> Mapping[str, float]:
    return {
        demand.id: least_ms
        for demand in summary.demands
        if demand.rtt_ms is not None and (least_ms := demand.rtt_ms.min) is not None
    }


def _quietly(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)
