"""A plan is decided by scenario and seed alone, and everything in it is what the scenario asks."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from corridor.experiments.plan.plan import make_plan
from corridor.experiments.plan.values import Plan
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.codec import from_plain, to_plain
from corridor.traffic.agents.probe import Probe

ROOT = Path(__file__).resolve().parents[4]
SCENARIO = """\
schema: 1
name: mine
topology: mini
network: {buffer: 10ms, loss: 1%, fibre_loss: {shanghai-guian: 0.25%}}
probe: {interval: 20ms, count: 7}
demands:
  - {id: plain, class: dr, src: shanghai, dst: karachi}
  - {id: random, class: infer, src: bangkok, dst: guian, probe: {count: 9, arrival: poisson}}
  - {id: heavy, class: ckpt, src: guian, dst: karachi, throughput: {udp: 120%, tcp: true,
     duration: 2s}}
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    path = tmp_path_factory.mktemp("scenario") / "mine.yaml"
    path.write_text(SCENARIO)
    return load_scenario(str(path))


@pytest.fixture(scope="module")
def plan(loaded):
    return plan_of(loaded)


def plan_of(loaded, seed=1, run_id="c0", clock="virtual"):
    return make_plan(loaded, clock=clock, run_id=run_id, seed=seed)


def text_of(plan):
    return json.dumps(to_plain(plan))


def probes(plan):
    return [probe for host in plan.job.hosts for probe in host.of(Probe)]


def test_the_same_seed_gives_the_same_plan_to_the_byte(loaded, plan):
    assert text_of(plan_of(loaded)) == text_of(plan)


def test_a_plan_does_not_depend_on_the_order_in_which_python_hashes():
    code = (
        "import json; from corridor.experiments.plan.plan import make_plan; "
        "from corridor.experiments.scenario.scenario import load_scenario; "
        "from corridor.topologies.base.codec import to_plain; "
        "plan = make_plan(load_scenario('mini'), clock='virtual', run_id='c0', seed=1); "
        "print(json.dumps(to_plain(plan)))"
    )
    plans = [
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert plans[0] == plans[1]


def test_another_seed_changes_losses_and_random_sending_times_and_nothing_else(loaded, plan):
    other = plan_of(loaded, seed=2)
    shapes = [
        [shape for fibre in one.wiring.fibres for shape in (fibre.forward, fibre.backward)]
        for one in (plan, other)
    ]
    assert all(left.seed != right.seed for left, right in zip(*shapes, strict=True))

    def without_seeds(value):
        if isinstance(value, dict):
            return {key: without_seeds(item) for key, item in value.items() if key != "seed"}
        return [without_seeds(item) for item in value] if isinstance(value, list) else value

    assert without_seeds(to_plain(plan)) == without_seeds(to_plain(other))
    for left, right in zip(probes(plan), probes(other), strict=True):
        assert (left.seed == right.seed) == (left.arrival == "periodic"), left


RANDOM = (
    "  - {{id: {}, class: infer, src: {}, dst: guian, probe: {{count: 9, arrival: poisson}}}}\n"
)


def planned(folder, *lines, topology="mini"):
    path = folder / "names.yaml"
    head = f"schema: 1\nname: names\ntopology: {topology}\nnetwork: {{loss: 1%}}\ndemands:\n"
    path.write_text(head + "".join(lines))
    return plan_of(load_scenario(str(path)))


def random_times(plan):
    """When each demand of a plan is probed in the phase of that name, by id."""
    return {
        plan.demands[probe.demand].id: probe.send_times
        for probe in probes(plan)
        if plan.job.phases[probe.phase] == "probe"
    }


def loss_seeds(plan):
    return {one.fibre: (one.forward.seed, one.backward.seed) for one in plan.wiring.fibres}


def test_other_demands_in_other_places_leave_random_times_and_losses_as_they_were(tmp_path):
    first, second = RANDOM.format("first", "bangkok"), RANDOM.format("second", "shanghai")
    added = RANDOM.format("added", "karachi")
    before = planned(tmp_path, first, second)
    assert len({tuple(times) for times in random_times(before).values()}) == 2
    for lines in ((added, first, second), (second, first), (second, added, first)):
        after = planned(tmp_path, *lines)
        found = random_times(after)
        assert {name: found[name] for name in random_times(before)} == random_times(before)
        assert loss_seeds(after) == loss_seeds(before)
    assert random_times(planned(tmp_path, second))["second"] == random_times(before)["second"]


def test_another_fibre_in_front_leaves_losses_and_random_times_as_they_were(tmp_path):
    fibres = ["  - {id: old, a: shanghai, z: guian, one_way_delay: 9ms}\n"]
    plans = []
    for more in ([], ["  - {id: new, a: karachi, z: shanghai, one_way_delay: 1ms}\n"]):
        text = "name: own\nhubs: [shanghai, guian, karachi]\nfibres:\n"
        joined = "  - {id: join, a: guian, z: karachi, one_way_delay: 20ms}\n"
        (tmp_path / "own.yaml").write_text(text + "".join([*more, *fibres, joined]))
        line = RANDOM.format("one", "shanghai")
        plans.append(planned(tmp_path, line, topology="own.yaml"))
    before, after = plans
    assert loss_seeds(after).items() > loss_seeds(before).items()
    assert random_times(after) == random_times(before)


def test_every_direction_of_every_fibre_has_a_seed_of_its_own(plan):
    seeds = [s.seed for f in plan.wiring.fibres for s in (f.forward, f.backward)]
    assert len(set(seeds)) == len(seeds)


def test_the_run_id_names_interfaces_and_changes_no_address_and_no_table(loaded, plan):
    other = plan_of(loaded, run_id="zz9")
    assert other.wiring.hubs[0].host_interface == "zz9h1-eth0"
    assert other.program == plan.program
    assert [h.host_mac for h in other.wiring.hubs] == [h.host_mac for h in plan.wiring.hubs]


def test_a_plan_survives_json(plan):
    assert from_plain(Plan, json.loads(text_of(plan))) == plan


def test_losses_come_in_parts_per_million_with_a_fibres_own_before_that_of_all(plan):
    losses = {fibre.fibre: fibre.forward.loss_ppm for fibre in plan.wiring.fibres}
    assert losses.pop("shanghai-guian") == 2500
    assert set(losses.values()) == {10_000}


def test_streams_offer_their_share_of_the_bottleneck_and_transfers_their_seconds(plan):
    plain, _, heavy = plan.demands
    assert plain.stream_bps is None
    assert heavy.bottleneck_bps == 96_000_000
    assert heavy.stream_bps == 115_200_000
    (transfer,) = plan.transfers
    assert (transfer.demand, transfer.duration_s) == (2, 2)
    assert (transfer.src_host, transfer.dst_host) == ("h2", "h5")


def test_every_demand_and_its_answers_have_a_label_of_their_own_along_their_path(plan):
    labels = {use.demand: use for use in plan.program.labels}
    assert len({use.label for use in plan.program.labels}) == 2 * len(plan.demands)
    for demand in plan.demands:
        assert labels[demand.id].hubs == demand.hubs
        assert labels[f"{demand.id}.return"].hubs == demand.hubs[::-1]


def test_a_pair_demanded_both_ways_has_its_own_shortest_path_each_way(tmp_path):
    """Two paths of the same delay: each direction prefers the fibre that comes first on its
    path."""
    ends = {"first": "shanghai, z: guian", "second": "shanghai, z: wuhan"}
    ends |= {"third": "wuhan, z: karachi", "fourth": "guian, z: karachi"}
    fibres = "".join(f"  - {{id: {n}, a: {e}, one_way_delay: 5ms}}\n" for n, e in ends.items())
    hubs = "hubs: [shanghai, guian, wuhan, karachi]\n"
    (tmp_path / "tie.yaml").write_text(f"name: tie\n{hubs}fibres:\n{fibres}")
    (tmp_path / "both.yaml").write_text(
        "schema: 1\nname: both\ntopology: tie.yaml\ndemands:\n"
        "  - {id: there, class: dr, src: shanghai, dst: karachi}\n"
        "  - {id: back, class: dr, src: karachi, dst: shanghai}\n"
    )
    there, back = plan_of(load_scenario(str(tmp_path / "both.yaml"))).demands
    assert there.fibres == ("first", "fourth")
    assert back.fibres == ("third", "second")


def test_probes_are_sent_as_often_as_asked_after_three_to_warm_up(plan):
    counts = {
        name: [probe.packets for probe in probes(plan) if probe.phase == phase]
        for phase, name in ((0, "warm-up"), (1, "probe"))
    }
    assert sorted(counts["warm-up"]) == [3, 3, 3]
    assert sorted(counts["probe"]) == [7, 7, 9]


def test_nothing_is_sent_while_probes_of_another_phase_may_be_under_way(plan):
    longest_ns = max(demand.predicted_rtt_ns for demand in plan.demands)
    end_of_warm_up = max(
        p.start_ns + p.interval_ns * (p.packets - 1) for p in probes(plan) if not p.phase
    )
    start_of_probes = min(p.start_ns for p in probes(plan) if p.phase)
    assert start_of_probes > end_of_warm_up + longest_ns
