"""Which plans may share a network, when their traffic begins, and what they need."""

from dataclasses import replace

import pytest

from corridor.experiments.lab.reusable_network import EPOCH_S, epoch_ns, fit
from corridor.experiments.machines.kernel import Kernel
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.testbeds.guest_command import USUAL_GUEST_MB, boot_command, needs
from corridor.topologies.base.seconds import NS_PER_S

START_NS = 1_800_000_000 * NS_PER_S


def plan_of(name="mini", seed=1):
    return make_plan(load_scenario(name), clock="virtual", run_id="c0", seed=seed)


@pytest.fixture(scope="module")
def mini():
    return plan_of()


def with_other_shapes(plan):
    def slower(fibre):
        return replace(fibre, forward=replace(fibre.forward, rate_bps=1000, loss_ppm=5))

    return replace(plan, wiring=replace(plan.wiring, fibres=tuple(map(slower, plan.wiring.fibres))))


def test_another_seed_other_rates_and_other_tables_fit_the_same_network(mini):
    assert fit(mini, plan_of(seed=2))
    assert fit(mini, with_other_shapes(mini))
    assert fit(mini, replace(mini, program=replace(mini.program, switches=())))


def test_other_hubs_and_other_fibres_do_not_fit(mini):
    assert not fit(mini, plan_of("pan-asia"))
    fewer = replace(mini.wiring, fibres=mini.wiring.fibres[1:])
    assert not fit(mini, replace(mini, wiring=fewer))


@pytest.mark.parametrize("change", [{"framework": "os-ken"}, {"segmentation_offload": True}])
def test_what_a_network_is_built_with_has_to_be_the_same(mini, change):
    assert not fit(mini, replace(mini, **change))


def test_sessions_of_bfd_are_begun_for_each_plan(mini):
    quick = replace(mini, bfd_interval_ms=15)
    assert not fit(quick, quick)
    assert not fit(mini, quick)


def test_traffic_begins_at_the_same_moment_however_long_building_took(mini):
    begins = {epoch_ns(mini, START_NS + took) for took in (1, 3 * NS_PER_S, 58 * NS_PER_S)}
    assert begins == {START_NS + EPOCH_S * NS_PER_S}


def test_it_never_begins_at_once(mini):
    late = START_NS + EPOCH_S * NS_PER_S - NS_PER_S // 2
    assert epoch_ns(mini, late) == START_NS + 2 * EPOCH_S * NS_PER_S


def test_where_waiting_is_not_free_it_begins_at_the_next_second_but_one(mini):
    quick = replace(mini, bfd_interval_ms=15)
    real = replace(mini, job=mini.job._replace(clock="real"))
    for plan in (quick, real):
        assert epoch_ns(plan, START_NS + NS_PER_S // 3) == START_NS + 2 * NS_PER_S


def test_a_guest_of_the_usual_size_is_enough_for_what_ships(mini):
    for plan in (mini, plan_of("pan-asia"), plan_of("sovereignty")):
        assert needs(plan).guest_mb == USUAL_GUEST_MB
        assert needs(plan).said is None


def test_a_larger_network_gets_a_larger_guest_and_a_word_about_it(mini):
    hubs = mini.wiring.hubs * 2000
    large = replace(mini, wiring=replace(mini.wiring, hubs=hubs))
    assert needs(large).touched_mb > 2 * needs(mini).touched_mb
    assert needs(large).guest_mb >= 2 * needs(large).touched_mb - 1
    assert needs(large).guest_mb % 1024 == 0
    assert "min on 2 cores" in needs(large).said


def test_the_guest_is_booted_with_the_memory_it_is_offered(tmp_path):
    kernel = Kernel(tmp_path / "linux", "7.3", "", virtual_clock=True, seccomp=True)
    assert "mem=3072M" in boot_command(kernel, True, memory_mb=3072)
    assert f"mem={USUAL_GUEST_MB}M" in boot_command(kernel, True)
