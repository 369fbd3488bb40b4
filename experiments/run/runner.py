"""One run from a scenario to a result folder: choose, plan, execute, finish.

Whatever happens after the folder is made, what was measured stays in it and the
summary says how far the run came. A sampled year of failures is emulated with the real controller.
A replay is a run again from the plan in a folder: the same, as far as clock and machine let it.
"""

from __future__ import annotations

import contextlib
import errno
import json
import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from corridor.controller.intent.specification import Specification
from corridor.controller.openflow.frameworks import AskedFramework, installed_framework
from corridor.controller.policy.law import load_law
from corridor.controller.policy.law_calendar import warning_of
from corridor.controller.prover import Proof
from corridor.experiments.account.summary import Summary
from corridor.experiments.account.workload_summary import COMPUTING_FILE
from corridor.experiments.answers.capacity_answer import foreseen as foreseen_capacity
from corridor.experiments.answers.capacity_document import write_capacity
from corridor.experiments.answers.certainty import CERTAINTY_FILE
from corridor.experiments.answers.cut_answer import dead_elements
from corridor.experiments.answers.document import ANSWERS_FILE, Answers, document
from corridor.experiments.answers.gathering import Gathered, gather
from corridor.experiments.availability.availability_answer import checked_model
from corridor.experiments.availability.enclosed import EnclosedScenario
from corridor.experiments.availability.sampled_year import (
    INTERVAL_MS,
    sampled_year,
)
from corridor.experiments.lab.proof import in_a_line, prove_expected, prove_run
from corridor.experiments.machines.debian_kernel import DebianKernel
from corridor.experiments.machines.kernel import Kernel
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.plan.values import Plan
from corridor.experiments.plan.warnings import nothing_moves, plan_warnings
from corridor.experiments.results.emulated_year import YearAnswer, compared
from corridor.experiments.results.results import RunFacts, read_plan, summarise
from corridor.experiments.results.timeline import asked_in_the_end
from corridor.experiments.run import manifest
from corridor.experiments.run.choosing import (
    AnyKernel,
    choose,
    refuse_old_iperf3,
    refuse_small_memory,
)
from corridor.experiments.run.event_log import EventLog, Say, sending_s
from corridor.experiments.run.folders import (
    is_full,
    make_result_folder,
    remove_empty,
    unwritable,
    writing,
)
from corridor.experiments.run.manifest import OBJECTIVE_FILE
from corridor.experiments.run.options import Options
from corridor.experiments.run.own_controller import (
    OwnApp,
    own_app,
    planned_for,
    steered_by_own,
    warned_of,
)
from corridor.experiments.scenario.changed import with_cuts, with_timeline
from corridor.experiments.scenario.intents import Intended
from corridor.experiments.scenario.scenario import LoadedScenario, as_asked, load_under
from corridor.experiments.scenario.served_by_domains import refuse_domains
from corridor.experiments.testbeds.choice import Choice
from corridor.experiments.testbeds.guest_command import needs
from corridor.experiments.testbeds.native import native_run_id, run_native
from corridor.experiments.testbeds.qemu import run_in_machine
from corridor.experiments.testbeds.uml import OnEvent, run_in_guest
from corridor.experiments.testbeds.watchdog import patience_for
from corridor.experiments.text.run_text import sentences_below
from corridor.experiments.text.run_verdict import judge
from corridor.experiments.text.verdict import foreseen
from corridor.topologies.analysis.failure_rates import DEFAULT_CLIMATE, FailureRates
from corridor.topologies.base.bounded_file import RESULT, is_file, is_folder, read_text
from corridor.topologies.base.codec import to_plain
from corridor.topologies.base.documents import Plain
from corridor.topologies.base.errors import (
    CorridorError,
    InputError,
    PolicyFailure,
)
from corridor.topologies.base.installation import require
from corridor.topologies.base.words import counted
from corridor.topologies.model.delay_model import load_delay_model
from corridor.traffic.agents.jobs import clock_in_words
from corridor.traffic.measures.samples import read_parquet

GUEST_RUN_ID = "c0"


@dataclass(frozen=True)
class Outcome:
    out_dir: Path
    summary: Summary
    proofs: dict[str, Proof]
    """Of the tables the switches said they held, ``before`` and ``after`` the traffic."""


def run_scenario(options: Options, say: Say = print) -> Outcome:
    """Run the scenario that ``options`` name, as ``run_loaded`` does."""
    loaded = load_under(options.scenario, options.under)
    if options.cut:
        dead = dead_elements(loaded, options.cut)
        loaded = with_cuts(options.scenario, options.under, dead)
    return run_loaded(loaded, options, say)


def run_loaded(loaded: LoadedScenario, options: Options, say: Say = print) -> Outcome:
    """Run one scenario to its end. Raises the failure of a run that has none, results kept."""
    started = time.monotonic()
    loaded = with_framework(loaded, options.framework)
    app = None if options.controller is None else own_app(options.controller)
    if app is not None:
        refuse_domains(loaded, "a run under --controller")
        loaded = steered_by_own(loaded)
        warning = warned_of(loaded, app)
    if loaded.scenario.controller.domains is not None:
        require("a controller for each domain", "study")
    intended = Intended.of(loaded)
    judged_by = intended.specification
    gathered = gather(loaded, load_delay_model(options.delay_model), intended)
    answers = document(gathered, as_asked(options.scenario, options.under))
    was_there = options.out is not None and is_folder(options.out)
    out_dir = make_result_folder(options.out, loaded.scenario.name)
    plan: Plan | None = None

    def tell(choice: Choice) -> None:
        """Once what is quickly checked is; what happens on a timeline takes longer to predict."""
        nonlocal plan
        if not loaded.events:
            plan = _plan(loaded, intended, options, choice, app)
        if options.predict_first:
            say(f"\n{sentences_below(foreseen(answers).lines, options.width)}\n")

    try:
        choice, kernel = choose(options, say, tell)
        if plan is None or plan.job.clock != choice.clock:
            plan = _plan(loaded, intended, options, choice, app)
        refuse_old_iperf3(plan)
        if choice.testbed == "uml":
            refuse_small_memory(plan)
    except BaseException:
        remove_empty(out_dir, itself=not was_there)
        raise
    with writing(out_dir):
        _write_inputs(out_dir, gathered, answers, plan, judged_by, choice, kernel)
        if app is not None:
            app.write(out_dir)
    say(_opening_line(plan, choice, kernel))
    if app is not None:
        say(f"controlled by {app.name} (user-supplied); violations are listed at the end")
        if warning is not None:
            say(warning)
    if late := warning_of(loaded.policies, load_law(), loaded.as_of):
        say(late)
    if choice.clock == "virtual" and (said := needs(plan).said):
        say(said)
    for warning in (*plan_warnings(plan), *nothing_moves(plan, loaded)):
        say(f"warning: {warning}")
    expected = None if app is not None else prove_expected(plan, judged_by)
    if expected is not None:
        with writing(out_dir):
            expected.write(out_dir / "raw")
    log = EventLog(out_dir, say, started, sending_s(plan))
    failure = _failure_of(choice, kernel, plan, out_dir, log, options)
    summary = finish(out_dir, plan, choice, log, failure)
    if failure is not None:
        if isinstance(failure, PolicyFailure):
            prove_run(out_dir, plan, judged_by, expected)
        if isinstance(failure, CorridorError | KeyboardInterrupt):
            _say_what_was_kept(summary, out_dir, say)
        # Whichever process could not write: the reason is the same, and it may not know it.
        if isinstance(failure, CorridorError) and is_full(out_dir):
            raise unwritable(out_dir, OSError(errno.ENOSPC, "")) from failure
        raise failure
    assert summary is not None
    asked = asked_in_the_end(out_dir / "raw", plan, judged_by)
    proofs = prove_run(out_dir, plan, judged_by, expected, asked)
    with writing(out_dir):
        summary = judge(out_dir, summary)
        if options.figures:
            _draw(out_dir, summary)
        if options.report:
            _report(out_dir)
    for when, proof in proofs.items():
        say(f"tables {when} the traffic: {in_a_line(proof)}")
    return Outcome(out_dir, summary, proofs)


def _failure_of(
    choice: Choice,
    kernel: AnyKernel | None,
    plan: Plan,
    out_dir: Path,
    log: EventLog,
    options: Options,
) -> BaseException | None:
    """Carry out a plan; how that failed, to be raised again once what came is summed up."""
    try:
        exact = kernel if isinstance(kernel, Kernel) and choice.clock == "virtual" else None
        if options.standing is not None and exact is not None and not plan.controller:
            options.standing.run(exact, out_dir, log, options.patience_s)
        else:
            carry_out(choice, kernel, plan, out_dir, log, options.patience_s)
    except OSError as error:
        return unwritable(out_dir, error)
    except BaseException as error:  # noqa: BLE001 - see above
        return error
    return None


def _draw(out_dir: Path, summary: Summary) -> None:
    from corridor.experiments.figures import draw_figures

    draw_figures(out_dir, summary)


def _report(out_dir: Path) -> None:
    from corridor.experiments.pages.report import write_report

    write_report(out_dir)


def _plan(
    loaded: LoadedScenario,
    intended: Intended,
    options: Options,
    choice: Choice,
    app: OwnApp | None,
) -> Plan:
    seed = loaded.scenario.seed if options.seed is None else options.seed
    run_id = GUEST_RUN_ID if choice.testbed != "native" else native_run_id()
    clock = choice.clock
    plan = make_plan(loaded, clock=clock, run_id=run_id, seed=seed, intended=intended)
    return plan if app is None else planned_for(plan, app)


def with_framework(loaded: LoadedScenario, wanted: AskedFramework | None) -> LoadedScenario:
    """Return the scenario with the framework that runs it: the wanted one, if one is given, else
    its own; in place of ``auto`` what is installed. Raises EnvironmentUnsupported."""
    framework = installed_framework(wanted or loaded.scenario.framework)
    scenario = loaded.scenario.model_copy(update={"framework": framework})
    return loaded.model_copy(update={"scenario": scenario})


def carry_out(
    choice: Choice,
    kernel: AnyKernel | None,
    plan: Plan,
    out_dir: Path,
    on_event: OnEvent,
    patience_s: float | None = None,
) -> None:
    """Execute a plan that is in its folder, where ``choice`` says; raises what that reports."""
    if choice.testbed == "native":
        run_native(out_dir, on_event)
        return
    assert kernel is not None
    virtual = choice.clock != "real"
    if patience_s is None:
        patience_s = patience_for(plan, virtual_clock=virtual)
    memory_mb, ipv6 = needs(plan).guest_mb, plan.wiring.ipv6
    if isinstance(kernel, DebianKernel):
        run_in_machine(
            kernel, out_dir, on_event, patience_s=patience_s, memory_mb=memory_mb, ipv6=ipv6
        )
        return
    run_in_guest(
        kernel,
        out_dir,
        on_event,
        virtual_clock=virtual,
        patience_s=patience_s,
        memory_mb=memory_mb,
        ipv6=ipv6,
    )


def _write_inputs(
    out_dir: Path,
    gathered: Gathered,
    answers: Answers,
    plan: Plan,
    judged_by: Specification,
    choice: Choice,
    kernel: AnyKernel | None,
) -> None:
    loaded = gathered.loaded
    planned = to_plain(plan)
    (out_dir / "raw" / "plan.json").write_text(json.dumps(planned))
    (out_dir / "raw" / "specification.json").write_text(judged_by.to_json())
    certainty = gathered.certain.document.to_json()
    (out_dir / "raw" / CERTAINTY_FILE).write_text(json.dumps(certainty) + "\n")
    said = json.dumps(answers.to_json(), ensure_ascii=False)
    (out_dir / ANSWERS_FILE).write_text(said + "\n", encoding="utf-8")
    if (capacity := foreseen_capacity(loaded)) is not None:
        write_capacity(out_dir, capacity)
    manifest.write_scenario(out_dir / "scenario.yaml", loaded)
    if (computing := loaded.scenario.computing) is not None:
        (out_dir / "raw" / COMPUTING_FILE).write_text(computing.model_dump_json() + "\n")
    manifest.write_manifest(
        out_dir / "manifest.json",
        loaded,
        choice,
        kernel,
        seed=plan.seed,
        program=planned["program"],
        plan=planned,
    )


def _opening_line(plan: Plan, choice: Choice, kernel: AnyKernel | None) -> str:
    where = f"Linux {kernel.version} guest" if kernel else "this machine's kernel"
    return (
        f"{plan.scenario}: {counted(len(plan.wiring.hubs), 'hub')}, "
        f"{counted(len(plan.wiring.fibres), 'fibre')}, "
        f"{counted(len(plan.demands), 'demand')}, policies {plan.policies} as of {plan.as_of}, "
        f"seed {plan.seed}\n"
        f"testbed {choice.testbed}, {clock_in_words(choice.clock)} ({where}): {choice.reason}"
    )


def finish(
    out_dir: Path,
    plan: Plan,
    choice: Choice,
    log: EventLog,
    failure: BaseException | None,
) -> Summary | None:
    """Sum up what there is; None if a run that failed left too little, or no room, for that."""
    facts = RunFacts(
        testbed=choice.testbed,
        clock=choice.clock,
        reason=choice.reason,
        complete=failure is None,
        failure=None if failure is None else str(failure) or type(failure).__name__,
        build_s=log.between("build", "install"),
        teardown_s=log.between("teardown", "end"),
        wall_s=round(time.monotonic() - log.started, 3),
        virtual_s=log.clock_between("build", "end") if choice.clock != "real" else None,
        clock_step_ns=log.clock_step_ns,
    )
    try:
        summary = summarise(out_dir, plan, facts)
    except OSError as error:
        if failure is not None:
            return None
        raise unwritable(out_dir, error) from error
    except ValueError:
        if failure is None:
            raise
        return _recovered(out_dir)
    return summary


def _recovered(out_dir: Path) -> Summary | None:
    """The summary of a run that left files cut short."""
    from corridor.experiments.run.recover import recover

    with contextlib.suppress(CorridorError):
        return recover(out_dir).summary
    return None


def _say_what_was_kept(summary: Summary | None, out_dir: Path, say: Say) -> None:
    if summary is None:
        say(f"the run is incomplete; partial results are in {out_dir} (use corridor report)")
        return
    received = sum(demand.received for demand in summary.demands)
    say(f"the run is incomplete; {received} answered probes are kept in {out_dir}")


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
