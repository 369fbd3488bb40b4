"""A reused network executes one plan after another, each as on a separate network."""

from dataclasses import replace

import numpy as np
import pytest

from corridor.experiments.run import runner
from corridor.experiments.run.options import Options
from corridor.experiments.run.runner import run_scenario
from corridor.experiments.testbeds.reusable_guest import ReusableGuests
from corridor.topologies.base.errors import CorridorError
from corridor.traffic.measures import samples
from corridor_runs import SCENARIOS

pytestmark = [pytest.mark.guest, pytest.mark.usefixtures("virtual_kernel")]
TICKS_NS = 5_000
"""What a different history of the guest may change of a round trip: 20 reads of the clock."""


def options(folder, **changes):
    base = Options(scenario=str(SCENARIOS / "lossy.yaml"), testbed="uml", clock="virtual")
    return replace(base, out=folder, report=False, **changes)


def quietly(_text):
    pass


def probes(folder):
    return samples.read_parquet(folder / "probes.parquet")[0]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """On a separate network; then seeds 1, 2 and 1 again on a reused one."""
    place = tmp_path_factory.mktemp("standing")
    run_scenario(options(place / "own"), quietly)
    with ReusableGuests(place) as guests:
        for name, seed in (("first", 1), ("other", 2), ("again", 1)):
            run_scenario(options(place / name, seed=seed, standing=guests), quietly)
        assert guests.standing == 1
    return {name: place / name for name in ("own", "first", "other", "again")}


@pytest.mark.parametrize("name", ["first", "again"])
def test_it_measures_what_a_network_of_its_own_does_but_for_ticks(runs, name):
    own, stood = probes(runs["own"]), probes(runs[name])
    for column in ("phase", "demand", "seq"):
        assert np.array_equal(own[column], stood[column]), column
    # A guest that waits for its plan may see minutes of its clock go by.
    begun = [one["intended_ns"] - one["intended_ns"][0] for one in (own, stood)]
    assert np.array_equal(*begun)
    answered = own["received"] & stood["received"]
    assert answered.sum() > 100
    took = [one["t4_ns"] - one["t1_ns"] - (one["t3_ns"] - one["t2_ns"]) for one in (own, stood)]
    measured = answered & (own["phase"] > 0)
    assert np.abs(took[0] - took[1])[measured].max() < TICKS_NS


def test_the_same_seed_loses_the_same_probes_whatever_was_carried_out_before(runs):
    lost = {name: ~probes(folder)["received"] for name, folder in runs.items()}
    assert (lost["own"] == lost["first"]).all()
    assert (lost["own"] == lost["again"]).all()
    assert (lost["own"] != lost["other"]).any()


def test_what_a_plan_breaks_and_does_not_repair_is_whole_for_the_next(tmp_path):
    cut = tmp_path / "cut.yaml"
    cut.write_text(
        (SCENARIOS / "lossy.yaml").read_text()
        + "controller: {follow: false}\nfaults: [{cut: kunming-karachi, at: 500ms}]\n"
    )
    with ReusableGuests(tmp_path) as guests:
        told = [
            run_scenario(
                options(tmp_path / name, standing=guests, scenario=str(cut)), quietly
            ).summary
            for name in ("first", "second")
        ]
        assert guests.standing == 1
    received = [{one.id: one.received for one in summary.demands} for summary in told]
    assert received[0] == received[1]
    assert 0 < received[0]["far"] < 200


def test_a_run_that_fails_takes_its_network_with_it(tmp_path, monkeypatch):
    made = runner.make_plan

    def spoilt(*arguments, **more):
        """A plan whose program lets nothing out of one hub."""
        plan = made(*arguments, **more)
        first, *rest = plan.program.switches
        first = replace(first, flows=tuple(flow for flow in first.flows if not flow.actions))
        return replace(plan, program=replace(plan.program, switches=(first, *rest)))

    with ReusableGuests(tmp_path) as guests:
        with monkeypatch.context() as patched:
            patched.setattr(runner, "make_plan", spoilt)
            with pytest.raises(CorridorError):
                run_scenario(options(tmp_path / "spoilt", standing=guests), quietly)
        assert guests.standing == 0
        run_scenario(options(tmp_path / "whole", standing=guests), quietly)
        assert guests.standing == 1
