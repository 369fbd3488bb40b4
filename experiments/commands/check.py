"""``corridor check``: compile a scenario and prove its tables, without emulating anything."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.experiments.commands.arguments import add_scenario_arguments, load

if TYPE_CHECKING:
    from corridor.controller.prover import Proof
    from corridor.experiments.plan.values import Plan

EPILOG = """examples:
  corridor check pan-asia                                     what would be installed
  corridor check mini --tables results/mini/tables/after.json   what switches held
  corridor check my.yaml --json                               for a build server

exit codes: 0 all claims hold, 1 a claim is violated, 2 bad input, 5 an internal error
what is claimed, and how it is proven: see docs/prover.md"""


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "check",
        help="prove a scenario's tables without emulating",
        description="Validate a scenario, compile it, and prove what its tables do to any packet. "
        "A claim that does not hold is shown by a packet and its way.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_scenario_arguments(parser)
    parser.add_argument(
        "--tables", type=Path, metavar="FILE", help="prove a run's dump instead, held against it"
    )
    parser.add_argument("--json", action="store_true", help="print the proof as JSON only")


def run(args: argparse.Namespace) -> int:
    from corridor.experiments.lab.proof import proof_document
    from corridor.experiments.plan.garbage import collecting_later

    with collecting_later():
        plan, of, proof = _proven(args)
    if args.json:
        print(json.dumps(proof_document({of: proof}), indent=1))
    else:
        print(_told(plan, proof))
    return 0 if proof.holds else 1


def _proven(args: argparse.Namespace) -> tuple[Plan, str, Proof]:
    """The plan of a scenario, and a proof with what it is of."""
    from corridor.experiments.lab.proof import prove_compiled, prove_dump
    from corridor.experiments.plan.plan import make_plan
    from corridor.experiments.scenario.intents import specify

    loaded = load(args)
    plan = make_plan(loaded, clock="virtual", run_id="c0", seed=loaded.scenario.seed)
    judged_by = specify(loaded)
    if args.tables is None:
        return plan, "compiled", prove_compiled(plan, judged_by)
    return plan, str(args.tables), prove_dump(args.tables, plan, judged_by)


def _told(plan: Plan, proof: Proof) -> str:
    from corridor.experiments.lab.proof import in_a_line
    from corridor.experiments.results.judged import counted, not_judged_line
    from corridor.experiments.results.table import lacks_lines

    lines = [str(verdict) for verdict in proof.verdicts]
    for verdict in proof.violated:
        lines += ["", str(verdict.counterexample)]
    reasons = [f"{demand.id}: {demand.why}" for demand in plan.demands if demand.why]
    lines += ["", *reasons] if reasons else []
    lacking = lacks_lines((demand.id, demand.lacks) for demand in plan.demands)
    lines += ["", lacking] if lacking else []
    served = counted((demand.status, demand.not_judged) for demand in plan.demands)
    lines += ["", f"{plan.scenario} under {plan.policies} as of {plan.as_of}: {served}"]
    lines.append(in_a_line(proof))
    outside = not_judged_line(plan.policies, ((one.id, one.not_judged) for one in plan.demands))
    lines += [outside] if outside else []
    return "\n".join(lines)
