"""Waits of probes for each other are reported before the run, with length and place."""

from __future__ import annotations

from pathlib import Path

import pytest

from corridor.experiments.commands import check
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.plan.probe_queues import queue_warnings, waits
from corridor.experiments.plan.values import Plan
from corridor.experiments.scenario.scenario import load_scenario

LINE = """name: line
capacity: {{scale: 1, assumed_terrestrial: {rate}, assumed_submarine: 1Gbit, min_rate: 1Mbit,
  max_rate: 1Gbit}}
hubs: [shanghai, guian, kunming]
fibres:
- {{id: first, a: shanghai, z: guian, length: 1000km}}
- {{id: second, a: guian, z: kunming, length: 1000km}}
"""
SCENARIO = """schema: 1
name: queues
topology: line.yaml
policies: none
seed: 1
probe: {{interval: {interval}, count: 6, arrival: {arrival}}}
demands:
- {{id: through, class: dr, src: shanghai, dst: kunming}}
- {{id: half, class: dr, src: shanghai, dst: guian}}
"""
SENDS_NS = 132 * 8 * 1000
"""A probe of 128 octets with its label, at 1 Mbit/s."""


def written(
    folder: Path, rate: str = "1Mbit", interval: str = "20ms", arrival: str = "periodic"
) -> Path:
    (folder / "line.yaml").write_text(LINE.format(rate=rate))
    path = folder / "s.yaml"
    path.write_text(SCENARIO.format(interval=interval, arrival=arrival))
    return path


def planned(path: Path, seed: int = 1) -> Plan:
    return make_plan(load_scenario(str(path)), clock="virtual", run_id="c0", seed=seed)


def test_probes_far_apart_wait_for_nobody(tmp_path: Path) -> None:
    assert waits(planned(written(tmp_path))) == {}


def test_probes_half_a_transmission_apart_wait_the_other_half(tmp_path: Path) -> None:
    """Of an interval as long as one takes to send, each demand gets half: 2 x 100 % of the rate."""
    found = waits(planned(written(tmp_path, interval=f"{4 * SENDS_NS // 3}ns")))
    first_wait_ns = SENDS_NS - 4 * SENDS_NS // 3 // 2
    assert found[1].fibre == "first"
    assert found[1].most_ns > found[1].median_ns > first_wait_ns


def test_what_waits_is_told_with_the_fibre_and_a_way_out(tmp_path: Path) -> None:
    said = queue_warnings(planned(written(tmp_path, interval="1500us")))
    assert len(said) == 2
    assert "2 of 2 demands" in said[0]
    assert "at first (1Mbit)" in said[0]
    assert "141% of first" in said[1]
    assert all("probe: of the scenario" in line for line in said)


def test_ten_times_the_rate_and_nobody_waits(tmp_path: Path) -> None:
    assert queue_warnings(planned(written(tmp_path, rate="10Mbit", interval="1500us"))) == []


def test_random_arrivals_are_those_that_will_be_sent(tmp_path: Path) -> None:
    path = written(tmp_path, interval="3ms", arrival="poisson")
    found = waits(planned(path, seed=1))
    assert found
    assert found == waits(planned(path, seed=1))
    assert found != waits(planned(path, seed=2))


@pytest.mark.parametrize("name", ["mini", "pan-asia", "sovereignty"])
def test_shipped_scenarios_have_nothing_to_warn_of(name: str) -> None:
    loaded = load_scenario(name)
    plan = make_plan(loaded, clock="virtual", run_id="c0", seed=loaded.scenario.seed)
    assert queue_warnings(plan) == []


def test_check_says_it_and_keeps_json_clean(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import argparse
    import json

    parser = argparse.ArgumentParser()
    check.add_parser(parser.add_subparsers())
    path = str(written(tmp_path, interval="1500us"))
    assert check.run(parser.parse_args(["check", path])) == 0
    assert "WARNS: probes wait for each other" in capsys.readouterr().out
    assert check.run(parser.parse_args(["check", path, "--json"])) == 0
    out, errors = capsys.readouterr()
    assert json.loads(out)
    assert "WARNS: probes wait" in errors
