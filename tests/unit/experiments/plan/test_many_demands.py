"""Many demands: what they cost grows with their number, and says how far it is."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable

import pytest

from corridor.experiments import cli
from corridor.experiments.answers.certainty import certainties
from corridor.experiments.lab.proof import prove_compiled
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.terminal import live

ENDS = (("shanghai", "guian"), ("bangkok", "guian"), ("guian", "karachi"))
SIZES = (30, 60, 90)
REQUESTS = (
    "[{id: all, kind: requests, class: infer, interval: 100ms, up: 1kB, down: 4kB, scale: none}]"
)
STRAIGHT = 1.08
"""How much more the last third may take than the second: a square would take 1.67 times as much."""


@pytest.fixture
def scenario(tmp_path) -> Callable[..., str]:
    def written(count: int, more: str = "", workloads: str = "[]") -> str:
        file = tmp_path / f"many-{count}.yaml"
        ends = [ENDS[number % len(ENDS)] for number in range(count)]
        demands = [
            f"  - {{id: d{number}, class: infer, src: {src}, dst: {dst}{more}}}"
            for number, (src, dst) in enumerate(ends)
        ]
        head = "name: many\ntopology: mini\nprobe: {interval: 1s, count: 2}\nprotect: {k: 1}"
        loads = f"workloads: {workloads}"
        file.write_text("\n".join([head, loads, "demands:", *demands, ""]))
        return str(file)

    return written


def calls_of(work: Callable[[], object]) -> int:
    """How many functions are called, of Python and of C: the same on every machine."""
    made = 0

    def note(_frame: object, event: str, _what: object) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return made


def checked(file: str) -> None:
    loaded = load_scenario(file)
    plan = make_plan(loaded, clock="virtual", run_id="c0", seed=1)
    assert prove_compiled(plan, specify(loaded)).holds
    certainties(loaded, draws=20)


@pytest.mark.parametrize(
    "more", ["", ", guarantee: {cir: 1kbit, pir: 2kbit}", ", throughput: {udp: 50%}"]
)
def test_loading_planning_proving_and_drawing_grow_with_the_number_of_demands(scenario, more):
    checked(scenario(SIZES[0], more))  # what is kept for good is not counted
    files = [scenario(count, more) for count in SIZES]
    calls = [calls_of(lambda file=file: checked(file)) for file in files]
    second, third = itertools.pairwise(calls)
    assert third[1] - third[0] < STRAIGHT * (second[1] - second[0])


def test_planning_what_workloads_send_grows_with_the_number_of_their_connections(scenario):
    def planned(file: str) -> None:
        plan = make_plan(load_scenario(file), clock="virtual", run_id="c0", seed=1)
        assert plan.messages is not None

    planned(scenario(SIZES[0], workloads=REQUESTS))
    files = [scenario(count, workloads=REQUESTS) for count in SIZES]
    calls = [calls_of(lambda file=file: planned(file)) for file in files]
    second, third = itertools.pairwise(calls)
    assert third[1] - third[0] < STRAIGHT * (second[1] - second[0])


def test_a_check_that_takes_long_says_how_far_it_is_where_no_line_moves(
    scenario, monkeypatch, capsys
):
    monkeypatch.setattr(live, "SLOW_S", 0.0)
    assert cli.main(["check", scenario(6)]) == 0
    said = capsys.readouterr().err
    for done in (
        "compiling and proving: 5 of 12 paths planned, after 0 s",
        "5 of 12 paths compiled",
        "5 of 12 directions searched under failures",
        "1 of 6 directions proven from guian",
        "computing Monte Carlo samples of the map: 5 of 6 demands sampled",
    ):
        assert done in said


def test_a_check_that_is_done_soon_says_nothing_of_it(scenario, capsys):
    assert cli.main(["check", scenario(6)]) == 0
    assert capsys.readouterr().err == ""
