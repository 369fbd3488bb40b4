"""Each state of a network is planned, compiled, sampled and proven once, whichever command asks."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

from corridor.controller.forwarding.compiler import (
    GraphsOnDemand,
    build_forwarding_graphs,
    compile_forwarding_graphs,
)
from corridor.controller.prover import prove
from corridor.controller.prover.exact_claims import examine
from corridor.experiments import cli
from corridor.experiments.answers.gathering import gather
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.intents import Intended
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.analysis.monte_carlo import draw
from corridor.topologies.base.progress import told
from corridor.topologies.model.delay_model import shipped_model

FOLLOWED = """
name: followed
topology: mini
controller: {follow: true}
probe: {interval: 10ms, count: 200}
protect: {k: 1}
timeline:
  - {at: 300ms, cut: kunming-karachi, until: 1200ms}
demands:
  - {id: there, class: infer, src: shanghai, dst: karachi}
  - {id: back, class: infer, src: karachi, dst: shanghai}
"""


@pytest.fixture
def followed(tmp_path: Path) -> str:
    file = tmp_path / "followed.yaml"
    file.write_text(FOLLOWED)
    return str(file)


@contextmanager
def counted() -> Iterator[Counter[object]]:
    """Calls by function and by the state of the network that they are of."""
    of: dict[object, Callable[[FrameType], object]] = {
        build_forwarding_graphs.__code__: lambda frame: (
            str(frame.f_locals["failures"]),
            str([one.demand for one in frame.f_locals["intents"]]),
        ),
        GraphsOnDemand.graph.__code__: lambda frame: frame.f_locals["name"],
        compile_forwarding_graphs.__code__: lambda frame: (
            frame.f_locals["epoch"],
            str([graph.first for graph in frame.f_locals["graphs"]]),
        ),
        draw.__code__: lambda frame: (frame.f_locals["draws"], frame.f_locals["seed"]),
        prove.__code__: lambda _: "tables",
        examine.__code__: lambda _: "tables",
    }
    made: Counter[object] = Counter()

    def note(frame: FrameType, event: str, _what: object) -> None:
        if event == "call" and frame.f_code in of:
            made[frame.f_code.co_name, of[frame.f_code](frame)] += 1

    sys.setprofile(note)
    try:
        yield made
    finally:
        sys.setprofile(None)


def repeated(made: Counter[object]) -> dict[object, int]:
    return {state: times for state, times in made.items() if times > 1}


@pytest.mark.parametrize(
    "words",
    [
        "check FILE --json",
        "check FILE --second-opinion",
        "price FILE --sets cn-outbound,sa",
        "explain there FILE --sure",
        "explain there.return FILE",
        "cut kunming-karachi --scenario FILE",
        "export FILE --to walker --out OUT",
    ],
)
def test_a_command_plans_samples_and_proves_each_state_once(
    followed: str, tmp_path: Path, words: str
) -> None:
    named = {"FILE": followed, "OUT": str(tmp_path / "out")}
    with counted() as made:
        cli.main([named.get(word, word) for word in words.split()])
    assert made
    assert repeated(made) == {}


def test_what_a_run_computes_beforehand_is_computed_once(followed: str) -> None:
    loaded = load_scenario(followed)
    with counted() as made:
        intended = Intended.of(loaded)
        gather(loaded, shipped_model(), intended)
        make_plan(loaded, clock="virtual", run_id="c0", seed=1, intended=intended)
    assert repeated(made) == {}


@pytest.mark.parametrize("words", [["check", "mini"], ["workload", "plan", "mini"]])
def test_commands_that_send_nothing_start_no_process(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[object] = []
    monkeypatch.setattr("subprocess.Popen", started.append)
    assert (cli.main([*words, "--no-cache"] if words[0] == "check" else words), started) == (0, [])


def test_answers_before_a_run_report_how_many_demands_are_explained() -> None:
    said: list[str] = []
    with told(said.append):
        explained = gather(load_scenario("mini"), shipped_model()).explained
    size = len(explained)
    assert f"{size} of {size} demands explained" in said
