"""A sampled year of failures and repairs, emulated with the real controller."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from corridor.experiments.availability.availability_answer import checked_model
from corridor.experiments.availability.enclosed import EnclosedScenario
from corridor.experiments.availability.sampled_year import (
    INTERVAL_MS,
    sampled_year,
)
from corridor.experiments.results.emulated_year import YearAnswer, compared
from corridor.experiments.run.event_log import Say
from corridor.experiments.run.folders import writing
from corridor.experiments.run.options import Options
from corridor.experiments.run.runner import run_loaded
from corridor.experiments.scenario.changed import with_timeline
from corridor.experiments.scenario.scenario import load_under
from corridor.topologies.analysis.failure_rates import DEFAULT_CLIMATE, FailureRates
from corridor.topologies.base.documents import Plain
from corridor.traffic.measures.samples import read_parquet

YEAR_FILE = "year.json"
SAMPLES = 200


def emulate_year(
    options: Options,
    rates: FailureRates,
    *,
    climate: str = DEFAULT_CLIMATE,
    seed: int = 1,
    say: Say = print,
) -> YearAnswer:
    """Sample a year of failures, run it, and write the comparison next to the results.

    Args:
        options: Of the run; ``seed`` of them is that of the run, not of the year.
        rates: As of ``read_failure_rates``.
        climate: Which years of the record count.
        seed: Of the rates, failures and repairs.
        say: Prints the lines of the run.

    Raises:
        InputError: The climate is unknown, or the scenario is invalid.
        CorridorError: The run failed; its folder is kept.
    """
    loaded = load_under(options.scenario, options.under)
    model = checked_model(loaded, rates, climate, SAMPLES, seed)
    year = sampled_year(EnclosedScenario(loaded, model), rates, seed)
    probe: dict[str, Plain] = {"interval": f"{INTERVAL_MS}ms", "count": year.probes, "size": "128B"}
    run = with_timeline(options.scenario, options.under, year.timeline, probe)
    outcome = run_loaded(run, replace(options, scenario=options.scenario), say)
    probes, _ = read_parquet(outcome.out_dir / "probes.parquet")
    found = compared(year, outcome.summary, probes, climate=climate, folder=str(outcome.out_dir))
    with writing(outcome.out_dir):
        Path(outcome.out_dir / YEAR_FILE).write_text(json.dumps(found.to_json(), indent=1) + "\n")
    return found
