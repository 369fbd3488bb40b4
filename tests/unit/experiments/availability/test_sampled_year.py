"""A sampled year as a timeline, and what a run of it measures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from corridor.controller.reconcile.failure_detector import FlapSuppressor
from corridor.experiments import cli
from corridor.experiments.availability import sampled_year as module
from corridor.experiments.availability.enclosed import EnclosedScenario
from corridor.experiments.availability.sampled_year import (
    INTERVAL_MS,
    SECONDS_OF_YEAR,
    SLOT_MS,
    SampledYear,
    YearState,
    sampled_year,
)
from corridor.experiments.results.emulated_year import measured_of
from corridor.experiments.scenario.changed import with_timeline
from corridor.experiments.scenario.scenario import AS_WRITTEN, load_scenario
from corridor.topologies.analysis.failing_parts import failure_model
from corridor.topologies.analysis.failure_rates import read_failure_rates
from corridor.traffic.measures.samples import PROBE_DTYPE, Probes

DOWN = [0b00, 0b01, 0b11, 0b01, 0b00, 0b10]


def year_of(states: list[YearState]) -> SampledYear:
    return SampledYear(1, 4, tuple(states), tuple(states), {"bulk": 7.0}, ("one", "two"))


def sampled(seed: int) -> SampledYear:
    rates = read_failure_rates()
    loaded = load_scenario("mini", policies="pan-asia")
    model = failure_model(loaded.topology, rates, samples=20, seed=seed)
    return sampled_year(EnclosedScenario(loaded, model), rates, seed)


def test_states_become_cuts_that_last_for_slots():
    year = year_of([YearState(10, down, frozenset()) for down in DOWN])
    assert year.timeline == [
        {"at": "4000ms", "until": "16000ms", "cut": "one"},
        {"at": "8000ms", "until": "12000ms", "cut": "two"},
        {"at": "20000ms", "cut": "two"},
    ]
    assert year.probes * INTERVAL_MS == len(DOWN) * SLOT_MS


def test_a_year_has_all_of_its_seconds_and_outages_by_the_permitted_paths():
    year = sampled(8)
    assert sum(one.seconds for one in year.states) == pytest.approx(SECONDS_OF_YEAR)
    assert not year.states[0].down
    assert {frozenset(), frozenset({"science-karachi", "ckpt-karachi"})} >= {
        one.out for one in year.states
    }
    assert any(one.out for one in year.states)


def test_merged_states_keep_the_outages_and_their_seconds(monkeypatch):
    every = sampled(8)
    monkeypatch.setattr(module, "MOST_STATES", 10)
    merged = sampled(8)
    assert merged.states == every.states
    assert len(merged.emulated) < len(every.emulated)
    for demand in ("science-karachi", "ckpt-karachi"):
        seconds = [
            sum(one.seconds for one in of.emulated if demand in one.out) for of in (every, merged)
        ]
        assert seconds[0] == pytest.approx(seconds[1])


def probes_of(lost_ms: set[int], slots: int) -> Probes:
    """Of one demand; lost are those sent at these times."""
    rows = np.zeros(slots * SLOT_MS // INTERVAL_MS, PROBE_DTYPE)
    rows["phase"] = 1
    rows["intended_ns"] = 10**18 + np.arange(len(rows)) * INTERVAL_MS * 1_000_000
    rows["received"] = [at * INTERVAL_MS not in lost_ms for at in range(len(rows))]
    return Probes.of(rows)


def test_lost_probes_of_a_state_count_for_as_long_as_it_lasts_and_others_as_they_are():
    second = {SLOT_MS + at for at in range(0, SLOT_MS, INTERVAL_MS)}
    reacting = {2 * SLOT_MS, 2 * SLOT_MS + INTERVAL_MS}
    share, reacting_s = measured_of(probes_of(second | reacting, 3), 0, 3)
    assert share.tolist() == [0, 1, 0]
    assert reacting_s == len(reacting) * INTERVAL_MS / 1000


def test_a_fibre_that_fails_in_every_other_slot_is_not_taken_for_a_flapping_one():
    damper, slot_ns = FlapSuppressor(), SLOT_MS * 1_000_000
    for slot in range(200):
        damper.changed("one", slot * slot_ns, failed=slot % 2 == 0)
        assert not damper.held(slot * slot_ns)


def test_a_scenario_with_a_timeline_has_no_other_events_or_traffic():
    year = replace(
        year_of([]), emulated=(YearState(1, 0, frozenset()), YearState(1, 1, frozenset()))
    )
    events = [{**one, "cut": "guian-kunming"} for one in year.timeline]
    probe = {"interval": "250ms", "count": 32, "size": "128B"}
    found = with_timeline("reference", AS_WRITTEN, events, probe)
    (event,) = found.events
    assert (event.what, event.ends) == ("guian-kunming", None)
    assert found.scenario.network.bfd is None
    assert found.scenario.probe.count == 32
    assert not found.workloads
    assert not any(one.throughput or one.probe for one in found.scenario.demands)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--out", "there"], "--out is for --year alone"),
        (["--year", "--repairs", "queue"], "a year is emulated without a queue"),
        (["--year", "--climate", "peas"], 'no climate is called "peas"'),
    ],
)
def test_a_year_with_bad_input_is_refused(words, said, capsys):
    assert cli.main(["availability", "mini", *words]) == 2
    assert said in capsys.readouterr().err
