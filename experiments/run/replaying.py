"""A run again, from the plan in its folder: the same, as far as clock and machine let it."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Literal

from corridor.controller.intent.specification import Specification
from corridor.experiments.account.energy_audit import COMPUTING_FILE
from corridor.experiments.account.summary import Summary
from corridor.experiments.answers.certainty import CERTAINTY_FILE
from corridor.experiments.answers.document import ANSWERS_FILE
from corridor.experiments.lab.proof import prove_expected, prove_run
from corridor.experiments.results.results import read_plan
from corridor.experiments.results.timeline import asked_in_the_end
from corridor.experiments.run.choosing import choose, refuse_old_iperf3, refuse_small_memory
from corridor.experiments.run.event_log import EventLog, Say, sending_s
from corridor.experiments.run.manifest import OBJECTIVE_FILE
from corridor.experiments.run.options import Options
from corridor.experiments.run.runner import carry_out, finish
from corridor.experiments.text.run_verdict import judge
from corridor.topologies.base.bounded_file import RESULT, is_file, read_text
from corridor.topologies.base.errors import InputError, PolicyFailure

INPUTS = (
    *("raw/plan.json", "raw/specification.json", f"raw/{CERTAINTY_FILE}"),
    f"raw/{COMPUTING_FILE}",
    *(ANSWERS_FILE, "scenario.yaml", OBJECTIVE_FILE),
)
"""What is written before anything runs."""
type Testbed = Literal["native", "uml", "qemu"]


def replay(recorded: Path, out_dir: Path, testbed: Testbed, say: Say) -> Summary:
    """Carry out the plan of a run into a new folder, by the clock it was planned for.

    Raises InputError where the folder holds no run of this version, and what ends a run early.
    """
    started = time.monotonic()
    plan = read_plan(recorded)
    if plan.controller:
        said = "used a controller of its author, which is not started automatically"
        hint = "corridor run --controller runs it, if you trust it"
        raise InputError(said, hint, str(recorded))
    judged_by = _specification(recorded)
    clock: Literal["virtual", "real"] = "real" if plan.job.clock == "real" else "virtual"
    options = Options(testbed=testbed, clock=clock, report=False)
    choice, kernel = choose(options, say)
    refuse_old_iperf3(plan)
    if choice.testbed == "uml":
        refuse_small_memory(plan)
    for name in ("raw", "tables"):
        (out_dir / name).mkdir(parents=True)
    for name in filter(lambda one: is_file(recorded / one), INPUTS):
        shutil.copyfile(recorded / name, out_dir / name)
    expected = prove_expected(plan, judged_by)
    expected.write(out_dir / "raw")
    log = EventLog(out_dir, say, started, sending_s(plan))
    carry_out(choice, kernel, plan, out_dir, log)
    summary = finish(out_dir, plan, choice, log, None)
    assert summary is not None
    asked = asked_in_the_end(out_dir / "raw", plan, judged_by)
    proofs = prove_run(out_dir, plan, judged_by, expected, asked)
    if any(one.violated for one in proofs.values()):
        raise PolicyFailure("its tables violate a property", "proof.json says which")
    return judge(out_dir, summary)


def _specification(recorded: Path) -> Specification:
    path = recorded / "raw" / "specification.json"
    try:
        return Specification.from_json(read_text(path, RESULT))
    except ValueError as error:
        hint = "take the version that made the run"
        raise InputError("is of another version", hint, str(path)) from error
