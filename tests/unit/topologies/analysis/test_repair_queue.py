"""Repairs that begin at once or wait for ships, against hand-made cases and closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from corridor.topologies.analysis.failing_parts import failure_model
from corridor.topologies.analysis.failure_rates import FILE, read_failure_rates
from corridor.topologies.analysis.repair_queue import (
    Down,
    Failure,
    RepairSimulation,
    ShipUse,
    repaired,
    states,
)
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.load import load_topology

SEA = "sea"


def fault(at: float, part: int, repair: float, *, ships: str = SEA) -> Failure:
    return Failure(at, part, repair, 1 << part, ships)


def by_ships(failures: list[Failure], ships: int, keeps: float) -> tuple[list[Down], ShipUse]:
    use = ShipUse(ships)
    return sorted(repaired(failures, {SEA: (ships, keeps)}, {SEA: use})), use


def test_the_second_of_two_faults_waits_for_the_only_ship():
    faults = [fault(0, 0, 10), fault(1, 1, 10), fault(2, 2, 3, ships="")]
    found, use = by_ships(faults, 1, 4)
    # The first has the ship from 6 to 10; the second is ready at 7, and repaired at 14.
    assert found == [Down(0, 10, 1), Down(1, 14, 2), Down(2, 5, 4)]
    assert (use.repairs, use.waited, use.waiting, use.busy) == (2, 1, 3, 8)


def test_permits_decide_who_has_the_ship_first():
    found, _ = by_ships([fault(0, 0, 30), fault(1, 1, 5)], 1, 5)
    assert found == [Down(0, 30, 1), Down(1, 6, 2)]


def test_nobody_waits_where_every_fault_has_a_ship():
    faults = [fault(at, at, 10) for at in range(5)]
    assert by_ships(faults, 5, 4)[0] == sorted(repaired(faults, {}, {}))


def test_a_failure_of_what_is_down_changes_nothing():
    faults = [fault(0, 0, 10), fault(5, 0, 50), fault(12, 0, 1)]
    for found in (list(repaired(faults, {}, {})), by_ships(faults, 1, 2)[0]):
        assert found == [Down(0, 10, 1), Down(12, 13, 1)]


def test_states_follow_each_other_without_a_gap():
    down = [Down(-1, 2, 1), Down(1, 3, 2), Down(2.5, 9, 1)]
    assert list(states(down, 4)) == [(0, 1, 1), (1, 2, 3), (2, 2.5, 2), (2.5, 3, 3), (3, 4, 1)]
    assert list(states([], 4)) == [(0, 4, 0)]


def test_one_ship_for_two_cables_is_as_the_machine_repair_model_has_it():
    """M/M/1//2: with failures at rate l and repairs at rate m, all by the one ship, n of 2 are
    down with probabilities 1 : 2 l/m : 2 (l/m)^2."""
    random, years, load = np.random.default_rng(1), 40_000, 0.5
    faults = []
    for part in (0, 1):
        at = np.sort(random.uniform(0, years, random.poisson(load * years)))
        repairs = random.exponential(1, len(at))
        faults += [fault(*one) for one in zip(at, [part] * len(at), repairs, strict=True)]
    found, _ = by_ships(sorted(faults), 1, float("inf"))
    shares = np.zeros(3)
    for begin, end, lines in states(found, years):
        shares[lines.bit_count()] += (end - begin) / years
    weights = np.array([1, 2 * load, 2 * load**2])
    assert shares == pytest.approx(weights / weights.sum(), abs=0.01)


@pytest.mark.parametrize("times", ["lognormal", "exponential", "constant"])
def test_the_distribution_of_repairs_that_do_not_wait_changes_no_availability(times):
    rates = read_failure_rates()
    model = failure_model(load_topology("mini"), rates, samples=20, seed=1)
    simulation, years = RepairSimulation(model, rates, seed=1, times=times), 3000.0
    wet = [at for at, one in enumerate(model.parts) if one.kind == "wet"]
    part = max(wet, key=lambda at: model.mean_unavailable[at])
    failures = [one for one in simulation.failures(0, years) if one.part == part]
    down = sum(one.end - one.begin for one in repaired(failures, {}, {}))
    assert down / years == pytest.approx(model.unavailable[part, 0], rel=0.1)


def test_the_spread_of_repairs_is_pooled_within_seas():
    assert read_failure_rates().repair_spread == pytest.approx(0.68, abs=0.01)


def test_unknown_ships_are_reported_with_their_line(tmp_path):
    file = tmp_path / "rates.yaml"
    file.write_text(FILE.read_text().replace("  ships: gulf\n", "  ships: golf\n", 1))
    with pytest.raises(InputError, match='no group of repair ships is called "golf"'):
        read_failure_rates(file)
