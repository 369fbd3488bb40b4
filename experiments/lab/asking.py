"""Questions that Python asks about the tables of a scenario: ``corridor.check`` and
``corridor.second_opinion``."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from corridor.controller.intent.specification import Specification
from corridor.controller.prover import Proof
from corridor.controller.second_opinion import EVERY_SINGLE, Sample, SecondOpinion
from corridor.experiments.lab.deployment_proof import judge_tables
from corridor.experiments.lab.dumps import as_compiled, read_dump_file
from corridor.experiments.lab.proof import prove_compiled, prove_dump
from corridor.experiments.plan.plan import make_plan_unsent
from corridor.experiments.plan.values import Plan
from corridor.experiments.scenario.given import given_name, given_of
from corridor.experiments.scenario.intents import Intended
from corridor.experiments.scenario.scenario import DEFAULT, load_scenario


def check(
    scenario: str | Path = DEFAULT,
    *,
    policies: str | Path | None = None,
    as_of: date | str | None = None,
    tables: str | Path | None = None,
) -> Proof:
    """Verify the flow tables of a scenario for every packet and every protected failure.

    Args:
        scenario: The name of a shipped scenario, or a scenario file.
        policies: A shipped policy set or a file, instead of the scenario's own.
        as_of: The date whose policies are in force; default: the scenario's date, or today.
        tables: A file ``tables/*.json`` of a run; default: the tables that would be installed.

    Returns:
        A verdict on each property (``verdicts``), with a counterexample if it is violated;
        ``holds`` is true if no property is violated or undecided.

    Raises:
        InputError: A file or a name is invalid, or the tables belong to another scenario.

    Example:
        >>> corridor.check("mini").holds
        True
    """
    plan, judged_by = _planned(scenario, policies, as_of)
    return _proof(plan, judged_by, _file(tables))


def second_opinion(
    scenario: str | Path = DEFAULT,
    *,
    policies: str | Path | None = None,
    as_of: date | str | None = None,
    tables: str | Path | None = None,
    sample: Sample = EVERY_SINGLE,
) -> SecondOpinion:
    """Check the paths of packets with a second policy evaluator.

    The evaluator shares no code with the compiler and the prover. The result is compared with the
    proof.

    Args:
        scenario: The name of a shipped scenario, or a scenario file.
        policies: A shipped policy set or a file, instead of the scenario's own.
        as_of: The date whose policies are in force; default: the scenario's date, or today.
        tables: A file ``tables/*.json`` of a run; default: the tables that would be installed.
        sample: Which failure sets to check; default: every single failure.

    Returns:
        ``agrees``, the number of ``paths`` checked, and each disagreement.

    Raises:
        InputError: A file or a name is invalid, or the tables belong to another scenario.

    Example:
        >>> corridor.second_opinion("mini").agrees
        True
    """
    given_of(sample, Sample, "sample", "take it from corridor.controller.second_opinion")
    plan, judged_by = _planned(scenario, policies, as_of)
    file = _file(tables)
    dump = as_compiled(plan) if file is None else read_dump_file(file)
    return judge_tables(dump, plan, judged_by, _proof(plan, judged_by, file), sample)


def _planned(
    scenario: str | Path, policies: str | Path | None, as_of: date | str | None
) -> tuple[Plan, Specification]:
    loaded = load_scenario(str(scenario), policies=policies, as_of=as_of)
    intended = Intended.of(loaded)
    plan = make_plan_unsent(loaded, intended)
    return plan, intended.specification


def _file(tables: str | Path | None) -> Path | None:
    return None if tables is None else Path(given_name(tables, "tables"))


def _proof(plan: Plan, judged_by: Specification, tables: Path | None) -> Proof:
    if tables is None:
        return prove_compiled(plan, judged_by)
    return prove_dump(tables, plan, judged_by)
