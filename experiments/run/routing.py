"""``corridor routing``: a daemon of plain routing at each hub of a scenario, in a guest."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import get_args

from corridor.controller.intent.specification import failures_of
from corridor.experiments.answers.cut_answer import dead_elements
from corridor.experiments.machines import system_packages
from corridor.experiments.routing import bird
from corridor.experiments.routing.autonomous_systems import systems_of
from corridor.experiments.routing.routing_answer import (
    RoutingJudge,
    added_rtt,
    predicted_impacts,
    verdict_counts,
)
from corridor.experiments.routing.routing_documents import (
    ROUTING_SCHEMA,
    Protocols,
    RoutingAnswer,
)
from corridor.experiments.routing.routing_plan import (
    PLAN_FILE,
    RECORD_FILE,
    ProbedPair,
    Record,
)
from corridor.experiments.routing.routing_times import routing_plan
from corridor.experiments.run.choosing import choose_for_a_lab
from corridor.experiments.run.event_log import Say
from corridor.experiments.run.folders import new_folder
from corridor.experiments.run.options import Options
from corridor.experiments.scenario.changed import with_timeline
from corridor.experiments.scenario.scenario import LoadedScenario, Under, load_under, under_given
from corridor.experiments.testbeds.guest_command import guest_mb
from corridor.experiments.testbeds.uml import (
    OUT_IN_GUEST,
    PYTHON_IN_GUEST,
    run_command_in_guest,
)
from corridor.topologies.base.codec import from_plain, to_plain
from corridor.topologies.base.documents import Plain
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError, MeasurementInvalid
from corridor.topologies.base.scratch import scratch_folder
from corridor.topologies.base.seconds import NS_PER_MS
from corridor.topologies.model.routers import router_network
from corridor.topologies.model.wiring import wire

RUN_ID = "r"
PACKAGE = "bird2"
PROTOCOLS: Protocols = "ospf-bgp"
PROBE_INTERVAL_MS = 20
LEAST_INTERVAL_MS, MOST_CUTS = 10, 50
INSIDE = "corridor.experiments.lab.routers_inside"
CUT_FROM_S, CUT_FOR_S = 1, 3
"""Of the cuts for which the controller is predicted: one each such interval, repaired between."""
EVENT_OF = {"link": "cut", "srlg": "group"}
type Changed = Callable[[Sequence[Plain], Plain], LoadedScenario]
"""A scenario with another timeline and other probes."""


@dataclass(frozen=True)
class RoutingOptions:
    """What is asked of plain routing."""

    protocols: Protocols = PROTOCOLS
    cuts: tuple[str, ...] = ()
    seed: int = 1
    probe_interval_ms: int = PROBE_INTERVAL_MS
    out: Path | None = None


def routing(
    scenario: str | Path = "mini",
    *,
    protocols: Protocols = PROTOCOLS,
    cuts: Sequence[str] = (),
    seed: int = 1,
    probe_interval_ms: int = PROBE_INTERVAL_MS,
    policies: str | None = None,
    as_of: str | date | None = None,
) -> RoutingAnswer:
    """Run plain routing on the map of a scenario, and judge its paths by the policies.

    Args:
        scenario: A shipped scenario or a file.
        protocols: ``ospf-bgp``: OSPF inside each operator's domain, BGP between them; ``ospf``: one
            area for the whole map.
        cuts: Fibres or shared-risk groups that are cut one after another, 30 s each.
        seed: Of the moments at which daemons start.
        probe_interval_ms: Between probes of a demand that a cut affects.
        policies: A policy set or file instead of the scenario's.
        as_of: The day of the policies.

    Returns:
        For each demand its paths by the kernels' tables, their verdict, and the RTT in ms; for
        each cut the outages in ms, next to those predicted of the controller.

    Raises:
        InputError: An argument or a file has a mistake.
        EnvironmentUnsupported: BIRD or a guest with the virtual clock is not available.
        MeasurementInvalid: A daemon ended, or routing did not converge.

    Example:
        >>> corridor.routing("mini").demands[0].routed.rtt_ms  # doctest: +SKIP
        25.110784
    """
    asked = RoutingOptions(protocols, tuple(cuts), seed, probe_interval_ms)
    return run_routing(str(scenario), under_given(policies, as_of), asked, lambda _line: None)


def run_routing(scenario: str, under: Under, asked: RoutingOptions, say: Say) -> RoutingAnswer:
    """Return the same under what the command line gives. Raises as ``routing``."""
    loaded = load_under(scenario, under)

    def changed(timeline: Sequence[Plain], probe: Plain) -> LoadedScenario:
        return with_timeline(scenario, under, timeline, probe, topology=loaded.topology)

    return routed(loaded, changed, asked, say)


def routed(
    loaded: LoadedScenario, changed: Changed, asked: RoutingOptions, say: Say
) -> RoutingAnswer:
    """Return the same of a scenario that is loaded. Raises as ``routing``.

    Args:
        loaded: The scenario.
        changed: Loads it with another timeline and other probes.
        asked: Protocols, cuts, seed and probes.
        say: Takes lines about the guest.
    """
    dead = checked_routing(loaded, asked)
    program = _program()
    network = router_network(wire(loaded.topology, run_id=RUN_ID))
    systems = systems_of(loaded.topology) if asked.protocols == "ospf-bgp" else ()
    plan = routing_plan(
        network,
        {one.hub: bird.configuration(network, one, systems) for one in network.routers},
        [ProbedPair(one.src, one.dst) for one in loaded.scenario.demands],
        [_fibres(loaded, one) for one in dead],
        protocols=asked.protocols,
        seed=asked.seed,
        program=program,
        probe_interval_ns=asked.probe_interval_ms * NS_PER_MS,
    )
    record = _measured(to_plain(plan), len(network.routers), asked.out, say)
    judge = RoutingJudge(loaded, plan, record)
    impacts = predicted_impacts(_with_cuts(changed, dead)) if dead else []
    demands = tuple(judge.demands())
    return RoutingAnswer(
        schema=ROUTING_SCHEMA,
        scenario=loaded.scenario.name,
        topology=loaded.topology.name,
        policies=loaded.policies.name,
        as_of=loaded.as_of.isoformat(),
        daemon=_version(program),
        protocols=asked.protocols,
        seed=asked.seed,
        cost_unit_us=bird.cost_unit_us(network),
        probe_interval_ms=asked.probe_interval_ms,
        routers=len(network.routers),
        links=len(network.links),
        systems=systems,
        converged_ms=judge.converged_ns / NS_PER_MS,
        changes=judge.changes,
        verdicts=verdict_counts(demands),
        added=added_rtt(demands),
        demands=demands,
        cuts=tuple(
            judge.cut(number, what.partition(":")[2], impacts[number])
            for number, what in enumerate(dead)
        ),
    )


def checked_routing(loaded: LoadedScenario, asked: RoutingOptions) -> list[str]:
    """Return the elements that are cut: ``link:ID`` or ``srlg:ID``.

    Raises:
        InputError: An option has a mistake, or a word names no fibre and no shared-risk group.
    """
    if asked.probe_interval_ms < LEAST_INTERVAL_MS:
        hint = f"probes are at least {LEAST_INTERVAL_MS} ms apart"
        raise InputError(f"{asked.probe_interval_ms} ms between probes are too few", hint)
    if asked.protocols not in get_args(Protocols):
        hint = f"write {' or '.join(get_args(Protocols))}"
        raise InputError(f'protocols are "{asked.protocols}"', hint)
    if len(asked.cuts) > MOST_CUTS:
        raise InputError(f"{len(asked.cuts)} cuts are too many", f"give up to {MOST_CUTS}")
    return [_element(loaded, one) for one in asked.cuts]


def _element(loaded: LoadedScenario, word: str) -> str:
    found = dead_elements(loaded, [word])
    if len(found) != 1 or found[0].partition(":")[0] not in EVENT_OF:
        raise InputError(f'"{word}" is not a fibre or shared-risk group', "cut one of them at once")
    return found[0]


def _fibres(loaded: LoadedScenario, element: str) -> tuple[str, ...]:
    failures = failures_of(loaded.topology, [element])
    return tuple(one.id for one in loaded.topology.fibres if not failures.spare(one))


def _with_cuts(changed: Changed, dead: Sequence[str]) -> LoadedScenario:
    """The scenario with these cuts one after another and nothing else, for the prediction of the
    controller."""
    timeline: list[Plain] = []
    for number, one in enumerate(dead):
        kind, _, name = one.partition(":")
        at_s = CUT_FROM_S + 2 * CUT_FOR_S * number
        timeline.append({"at": f"{at_s}s", "for": f"{CUT_FOR_S}s", EVENT_OF[kind]: name})
    lasts_ms = 1000 * (CUT_FROM_S + 2 * CUT_FOR_S * len(dead))
    probe: Plain = {"interval": "100ms", "count": lasts_ms // 100, "size": "128B"}
    return changed(timeline, probe)


def _program() -> str:
    found = system_packages.find(bird.PROGRAM)
    if found is None:
        raise EnvironmentUnsupported(
            "plain routing needs BIRD 2, which is not installed", system_packages.command([PACKAGE])
        )
    return str(Path(found).resolve())


def _version(program: str) -> str:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"\d[\d.]+", done.stdout + done.stderr)
    return f"BIRD {found[0]}" if found else "BIRD"


def _measured(plan: object, routers: int, out: Path | None, say: Say) -> Record:
    choice, kernel = choose_for_a_lab(Options(testbed="uml", clock="virtual"), say)
    if kernel is None:
        raise EnvironmentUnsupported(f"plain routing runs in a guest: {choice.reason}")
    with ExitStack() as stack:
        made = stack.enter_context(scratch_folder()) if out is None else new_folder(out, "routing")
        folder = made.resolve()
        (folder / PLAN_FILE).write_text(json.dumps(plan))
        done = run_command_in_guest(
            kernel,
            [PYTHON_IN_GUEST, "-m", INSIDE, OUT_IN_GUEST],
            folder,
            virtual_clock=True,
            memory_mb=guest_mb(routers, 0),
        )
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1:] or ["no message"]
            raise MeasurementInvalid(f"plain routing ended early: {last[0]}")
        return from_plain(Record, json.loads((folder / RECORD_FILE).read_text()))
