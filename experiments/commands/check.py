"""``corridor check``: compile a scenario and prove its tables, without emulating anything."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.experiments.commands.arguments import (
    add_delay_model,
    add_scenario_arguments,
    load,
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
from corridor.experiments.terminal.screen import complain, terminal_width
from corridor.topologies.base.errors import InputError

if TYPE_CHECKING:
    from corridor.controller.intent.specification import Specification
    from corridor.controller.prover import Proof
    from corridor.controller.second_opinion import SecondOpinion
    from corridor.controller.testing.findings import Finding
    from corridor.experiments.answers.certainty import PathUncertainties
    from corridor.experiments.plan.values import Plan
    from corridor.experiments.scenario.intents import Intended
    from corridor.experiments.scenario.scenario import LoadedScenario

EPILOG = """examples:
  corridor check pan-asia                                     the compiled tables
  corridor check mini --tables results/mini/tables/after.json   tables read from switches in a run
  corridor check my.yaml --json                               JSON, for programs
  corridor check my.yaml my_policies.yaml --sarif FILE        for code scanning of a build server
  corridor check my.yaml --second-opinion                     also run the independent check

exit codes: 0 no property is violated, 1 a property is violated or the independent check disagrees,
  2 bad input, 5 internal error
docs/prover.md describes the properties, and how they are verified"""


UNCHECKED = "no policy set is active: nothing was checked against a law (--policies NAME checks it)"


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "check",
        description="Validate and compile a scenario, and verify its flow tables for all packets. "
        "Each violated property has a counterexample.",
        epilog=EPILOG,
    )
    add_scenario_arguments(parser, several=True)
    parser.add_argument(
        "--tables",
        type=Path,
        metavar="FILE",
        help="verify the tables that a run read from its switches, instead of compiled ones",
    )
    add_delay_model(parser)
    parser.add_argument(
        "--second-opinion",
        action="store_true",
        help="also run the independent check: a separately written program that evaluates the "
        "policies for packet paths, without and with failures, and for counterexamples",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print JSON only: the proof, and the uncertainty of each path",
    )
    for option, what in (("--sarif", "SARIF 2.1.0"), ("--code-quality", "GitLab's Code Quality")):
        said = f"also write findings to FILE as {what}, with file and line"
        parser.add_argument(option, type=Path, metavar="FILE", help=said)
    add_no_cache(parser)


def run(args: argparse.Namespace) -> int:
    if not args.sarif and not args.code_quality:
        return _each(args, None)
    from corridor.controller.testing.findings import check_files, write_findings

    check_files({"--sarif": args.sarif, "--code-quality": args.code_quality})
    found: list[Finding] = []
    try:
        return _each(args, found)
    finally:
        write_findings(found, args.sarif, args.code_quality, "corridor-check")


def _each(args: argparse.Namespace, found: list[Finding] | None) -> int:
    """Check every scenario and return the highest exit code; findings are added to ``found``."""
    names, *codes = _scenarios(args.scenario, found)
    if args.json and len(names) > 1:
        said = f"--json prints the proof of one scenario, not of {', '.join(names)}"
        raise InputError(said, "check them one by one")
    keep = args.tables is None and found is None  # what switches held is read each time
    for name in names:
        one = argparse.Namespace(**{**vars(args), "scenario": name})
        try:
            codes.append(told(one, partial(_answer, found=found), may_keep=keep))
        except InputError as error:
            codes.append(_refused(error, name, found))
    return max(codes)


def _scenarios(names: list[str], found: list[Finding] | None) -> tuple[list[str], int]:
    """Each once; of a policy set or topology, those that use it. With the highest exit code."""
    if not any(name.endswith((".yaml", ".yml")) for name in names):
        return names, 0
    from corridor.experiments.answers.scenarios_of_file import ScenariosOfFiles

    listed: list[str] = []
    files, code = ScenariosOfFiles(), 0
    for name in names:
        try:
            scenarios, said = files.of(name)
        except InputError as error:
            code = _refused(error, name, found)
            continue
        listed += scenarios
        if said:
            print(said, file=sys.stderr)
    return list({Path(one).resolve(): one for one in listed}.values()), code


def _refused(error: InputError, name: str, found: list[Finding] | None) -> int:
    """Report the error of one file, so that others are still checked, and return its exit code."""
    if found is not None:
        from corridor.controller.testing.findings import bad_input

        finding = bad_input(error, name)
        found += [finding] if finding not in found else []
    complain(str(error))
    return error.exit_code


def _answer(args: argparse.Namespace, found: list[Finding] | None) -> Answer:
    from corridor.experiments.account.proof_document import proof_document
    from corridor.experiments.answers.certainty import certainties
    from corridor.experiments.plan.warnings import nothing_moves, plan_warnings
    from corridor.experiments.scenario.intents import Intended
    from corridor.topologies.base.codec import to_plain
    from corridor.topologies.base.memory import collecting_later
    from corridor.topologies.model.delay_model import load_delay_model

    model, loaded = load_delay_model(args.delay_model), load(args)
    with collecting_later(), waiting("compiling and proving"):
        intended = Intended.of(loaded)
        plan, of, proof = _proven(args, loaded, intended)
        warnings = [*plan_warnings(plan), *nothing_moves(plan, loaded)]
        warned = "".join(f"WARNS: {warning}\n" for warning in warnings)
    judged_by = intended.specification
    other = _second_opinion(args, judged_by, plan, proof) if args.second_opinion else None
    if found is not None:
        from corridor.experiments.account.proof_findings import proof_findings

        options = {"policies": args.policies, "other": other, "warnings": warnings}
        found += proof_findings(loaded, plan, proof, **options)
    with waiting("computing Monte Carlo samples of the map"):
        certainty = certainties(loaded, model, graphs=intended.graphs)
    if args.json:
        document = {
            **proof_document({of: proof}, second_opinion=other).to_json(),
            "certainty": certainty.document.to_json(),
            **_anycast(plan),
            **({} if plan.domains is None else {"domains": to_plain(plan.domains)}),
        }
        parts = [printed(json.dumps(document, indent=1)), warned_of(warned.rstrip("\n"))]
    else:
        texts = [_told(plan, proof, certainty, loaded), *([str(other)] if other else [])]
        parts = [shown(warned + "\n".join(texts))]
    holds = proof.holds and (other is None or other.agrees)
    from corridor.experiments.answers.outcome import warning_of

    return Answer([warned_of(warning_of(loaded)), *parts], 0 if holds else 1)


def _second_opinion(
    args: argparse.Namespace, judged_by: Specification, plan: Plan, proof: Proof
) -> SecondOpinion:
    from corridor.experiments.lab.deployment_proof import judge_tables
    from corridor.experiments.lab.dumps import as_compiled, read_dump_file

    with waiting("running the independent check"):
        dump = as_compiled(plan) if args.tables is None else read_dump_file(args.tables)
        return judge_tables(dump, plan, judged_by, proof)


def _proven(
    args: argparse.Namespace, loaded: LoadedScenario, intended: Intended
) -> tuple[Plan, str, Proof]:
    """The plan of a scenario, and a proof with what it is of."""
    from corridor.experiments.lab.proof import prove_compiled, prove_dump
    from corridor.experiments.plan.plan import make_plan_unsent

    judged_by = intended.specification
    plan = make_plan_unsent(loaded, intended)
    if args.tables is None:
        return plan, "compiled", prove_compiled(plan, judged_by)
    return plan, str(args.tables), prove_dump(args.tables, plan, judged_by)


def _told(plan: Plan, proof: Proof, found: PathUncertainties, loaded: LoadedScenario) -> str:
    from corridor.controller.policy.set_names import NO_POLICIES
    from corridor.experiments.answers.certainty_text import near_ties_text
    from corridor.experiments.answers.demand_parts import anycast_lines, anycast_summary
    from corridor.experiments.answers.outcome import (
        not_judged_line,
        statuses_counted,
        unclassified_line,
    )
    from corridor.experiments.lab.proof import in_a_line
    from corridor.experiments.text.demand_table import aggregate_lines, lacks_lines

    lines = [str(verdict) for verdict in proof.verdicts]
    for verdict in proof.violated:
        lines += ["", str(verdict.counterexample)]
    reasons = [f"{demand.id}: {demand.why}" for demand in plan.demands if demand.why]
    lines += ["", *reasons] if reasons else []
    several = anycast_lines({one.id: anycast_summary(one.anycast) for one in plan.demands})
    lines += ["", several] if several else []
    apart = [
        f"{one.id}: +{one.apart_ns / 1e6:.2f} ms RTT for disjointness"
        for one in plan.demands
        if one.apart_ns
    ]
    apart += [
        f"{one.id}: +{one.room_ns / 1e6:.2f} ms RTT for committed rates"
        for one in plan.demands
        if one.room_ns
    ]
    lines += ["", *apart] if apart else []
    sources = {one.id: one.src for one in plan.demands}
    together = aggregate_lines(loaded.scenario.aggregates, sources)
    lines += ["", together] if together else []
    lacking = lacks_lines((demand.id, demand.lacks) for demand in plan.demands)
    lines += ["", lacking] if lacking else []
    lines += ["", near_ties_text(found, terminal_width())] if found.demands else []
    served = statuses_counted((demand.status, demand.not_judged) for demand in plan.demands)
    if plan.domains is not None:
        from corridor.experiments.text.run_text import planned_lines

        lines += ["", *planned_lines(plan.domains, terminal_width())]
    lines += ["", f"{plan.scenario}, policy set {plan.policies}, as of {plan.as_of}: {served}"]
    lines.append(in_a_line(proof))
    outside = not_judged_line(plan.policies, ((one.id, one.not_judged) for one in plan.demands))
    not_judged = {one.id for one in plan.demands if one.not_judged}
    unnamed = unclassified_line(one for one in loaded.scenario.demands if one.id in not_judged)
    lines += filter(None, [outside, unnamed, _doubtful(plan), _assumed(plan)])
    lines += [UNCHECKED] if plan.policies == NO_POLICIES else []
    return "\n".join(lines)


def _anycast(plan: Plan) -> dict[str, Any]:
    """By demand, of those that may go to any of several hubs."""
    from corridor.experiments.answers.demand_parts import anycast_summary
    from corridor.topologies.base.codec import to_plain

    found = {one.id: to_plain(anycast_summary(one.anycast)) for one in plan.demands if one.anycast}
    return {"anycast": found} if found else {}


def _doubtful(plan: Plan) -> str:
    """Jurisdictions that paths may meet, each with the demands that it is not known of."""
    found: dict[str, int] = {}
    for demand in plan.demands:
        for code in demand.may_cross:
            found[code] = found.get(code, 0) + 1
    counts = ", ".join(f"{code} {count}" for code, count in sorted(found.items()))
    return (
        f"possible transit, which no source confirms (number of demands): {counts}"
        if counts
        else ""
    )


def _assumed(plan: Plan) -> str:
    from corridor.experiments.text.demand_table import assumed_line

    said = assumed_line((demand.fibres, demand.assumed) for demand in plan.demands)
    return f"{said}; guaranteed rates are only as certain as these" if said else ""
