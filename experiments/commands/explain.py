"""``corridor explain``: why a demand takes its path, or none, and what happens when things fail."""

from __future__ import annotations

import argparse
import json
from typing import Any

from corridor.experiments.commands.arguments import (
    add_delay_model,
    add_scenario_arguments,
    load,
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

EPILOG = """examples:
  corridor explain records-urumqi-lahore               in the scenario "reference"
  corridor explain ckpt-guian-karachi.return           its reverse demand
  corridor explain infer-karachi-guian pan-asia --sure   also the main sources of uncertainty
  corridor explain results-guian-riyadh sovereignty --policies pan-asia --as-of 2026-01-01
  corridor explain state-riyadh-guian my.yaml --json   JSON, for programs

Delays are one-way delays of the path. Nothing is emulated. Not legal advice.
exit codes: 0 success, also if the demand is blocked; 2 bad input"""


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "explain",
        description="Explain one demand of a scenario: its permit and legal basis, its path, the "
        "cost of each clause, its paths after failures, and unused permits.",
        epilog=EPILOG,
    )
    parser.add_argument(
        "demand", metavar="DEMAND", help="id of a demand; ID.return is its reverse demand"
    )
    add_scenario_arguments(parser)
    parser.add_argument(
        "--sure",
        action="store_true",
        help="also print which fibre lengths and constants contribute most to the uncertainty",
    )
    add_delay_model(parser)
    parser.add_argument("--json", action="store_true", help="print JSON, with every detail")
    add_no_cache(parser)


def run(args: argparse.Namespace) -> int:
    return told(args, _answer)


def _answer(args: argparse.Namespace) -> Answer:
    from corridor.controller.explain import explain
    from corridor.experiments.answers.certainty_text import ask
    from corridor.experiments.answers.demand_parts import anycast_summary
    from corridor.experiments.scenario.intents import planned_demand
    from corridor.experiments.scenario.scenario import as_asked
    from corridor.experiments.text.explanation_text import explained
    from corridor.topologies.base.codec import to_plain
    from corridor.topologies.model.delay_model import load_delay_model

    model, loaded = load_delay_model(args.delay_model), load(args)
    with waiting("computing paths and Monte Carlo samples of the map"):
        graph, answers = planned_demand(loaded, args.demand)
        found = explain(graph, loaded.policies, loaded.as_of, answers)
        sure = ask(loaded.topology, model, graph, answers, influences=args.sure)
    chosen = {one.id: anycast_summary(one.anycast) for one in loaded.scenario.demands}
    anycast = chosen.get(args.demand.removesuffix(".return"))
    if args.json:
        document = {**found.to_json(), **sure.to_json(), "anycast": to_plain(anycast)}
        said = printed(json.dumps(document, indent=1, ensure_ascii=False))
    else:
        width = terminal_width()
        asked = as_asked(args.scenario, under(args))
        parts = [explained(found, loaded.topology, width, asked, anycast), *sure.sections(width)]
        said = shown("\n\n".join(parts))
    from corridor.experiments.answers.outcome import warning_of

    return Answer([warned_of(warning_of(loaded)), said])
