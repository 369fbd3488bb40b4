"""A planned day as a scenario: demands with their data, octets over the scale, planned power."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import corridor
from corridor.experiments import cli
from corridor.experiments.scenario.scenario import LoadedScenario, load_scenario
from corridor.topologies.base.errors import InputError

JOBS = """
name: small
topology: mini
policies: cn-outbound
as_of: 2026-11-24
service: leased-circuit
hubs: [shanghai, guian]
state: {mw: {shanghai: 50, guian: 50}, pue: {shanghai: 1.25, guian: 1.2}}
wan_kwh_per_gb: 0.05
jobs:
  - {id: train, count: 4, origin: shanghai, data: cn-general-exempt, returns: same-class, it_mw: 5,
     window_h: [0, 24], hours: 24, input: 10TB, output: 2TB, state: 5TB}
  - {id: infer, count: 2, origin: shanghai, data: cn-personal-none, returns: cn-general-exempt,
     it_mw: 1, rtt_budget: 60ms, input: 2400GB, output: 4800GB, state: 1TB}
events:
  - {id: drought, at_h: 12, power: guian, mw: 11, because: drought}
"""


@pytest.fixture
def jobs(tmp_path) -> Path:
    path = tmp_path / "jobs.yaml"
    path.write_text(JOBS)
    return path


@pytest.fixture
def loaded(jobs) -> LoadedScenario:
    day = jobs.with_name("day.yaml")
    corridor.place(jobs, count="location", scenario=day, hour="1s")
    return load_scenario(str(day))


def test_each_leg_is_a_demand_with_its_data(loaded):
    ends = {
        (one.data_class, one.src, one.dst, one.data, one.returns) for one in loaded.scenario.demands
    }
    assert ("input", "shanghai", "guian", "cn-general-exempt", "cn-general-exempt") in ends
    assert ("input", "shanghai", "guian", "cn-personal-none", "cn-general-exempt") in ends
    assert ("results", "guian", "shanghai", "cn-general-exempt", "cn-personal-none") in ends
    assert ("state", "guian", "shanghai", "cn-general-exempt", "cn-general-exempt") in ends


def test_octets_times_the_stated_scale_are_those_of_the_plan(loaded, jobs):
    day = corridor.place(jobs, count="location").day
    planned = {one.id: one for one in day.legs}
    for one in loaded.workloads:
        leg, entry = planned[one.entry.id], one.entry
        messages = 1 if leg.until_h is None else leg.until_h - leg.at_h
        assert entry.compress == 3600
        assert one.options["size"].mean * messages == pytest.approx(leg.octets, rel=1e-6)
    text = jobs.with_name("day.yaml").read_text()
    assert "# Rates of fibres are 3e-06 of the real ones." in text
    assert "times 3e-06 over 3600," in text


def test_background_of_the_jobs_is_that_of_the_run(jobs):
    jobs.write_text(JOBS + "background: {fibres: {shanghai-guian: 20Tbit}}\n")
    day = jobs.with_name("day.yaml")
    corridor.place(jobs, count="location", scenario=day, hour="1s")
    background = load_scenario(str(day)).background
    assert background.after().link_gbps["shanghai-guian", "shanghai"] == 20_000


def test_events_and_planned_power_are_in_the_file(loaded, jobs):
    (event,) = loaded.events
    assert (event.kind.key, event.what, event.options["because"]) == ("power", "guian", "drought")
    assert event.begins.offset_ns == 12_000_000_000
    computing = loaded.scenario.computing
    assert computing.hour == 1_000_000_000
    day = corridor.place(jobs, count="location").day
    assert sum(sum(one.mw) for one in computing.runs) == pytest.approx(day.it_mwh)
    assert day.it_mwh == pytest.approx(4 * 5 * 24 + 2 * 24)
    assert not loaded.scenario.follows


def test_all_demands_are_permitted_before_anything_moves(jobs):
    day = jobs.with_name("day.yaml")
    corridor.place(jobs, count="location", scenario=day, hour="1s")
    found = corridor.check(str(day))
    assert found.holds


def test_an_unknown_workload_or_a_hub_without_values_is_refused(loaded, jobs):
    day = jobs.with_name("day.yaml")
    of = yaml.safe_load(day.read_text())
    of["computing"]["runs"][0]["awaits"] = ["nothing"]
    wrong = jobs.with_name("wrong.yaml")
    wrong.write_text(yaml.safe_dump(of))
    with pytest.raises(InputError, match='no workload is called "nothing"'):
        load_scenario(str(wrong))
    of["computing"]["runs"][0] |= {"awaits": [], "hub": "karachi"}
    wrong.write_text(yaml.safe_dump(of))
    with pytest.raises(InputError, match="karachi computes, and has no values from hour 0 on"):
        load_scenario(str(wrong))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"hour": "5"}, "no unit"),
        ({"hour": "15ms"}, "an hour of the plan takes 100 ms to 1 h of the run"),
        ({"without_law": True}, "only a day under law can be run"),
    ],
)
def test_what_cannot_be_run_is_refused(jobs, options, said):
    with pytest.raises(InputError, match=said):
        corridor.place(jobs, count="location", scenario=jobs.with_name("day.yaml"), **options)


def test_a_file_that_exists_is_kept(jobs, capsys):
    day = jobs.with_name("day.yaml")
    day.write_text("mine")
    assert cli.main(["place", str(jobs), "--count", "location", "--scenario", str(day)]) == 2
    assert "exists already" in capsys.readouterr().err
    assert day.read_text() == "mine"
