"""Faults against a kernel that only remembers: what changes, what does not, what comes back."""

from dataclasses import replace

import pytest

from corridor.topologies.base.errors import EnvironmentUnsupported, InputError
from corridor.topologies.emulation.faults import ALL_PPM, Faults
from corridor.topologies.model import background, degrade
from corridor.topologies.model.fault_kind import Effect
from corridor.topologies.model.wiring import in_flight_packets, wire
from random_topologies import fibre, topology
from remembering_network import Kernel


@pytest.fixture
def faults():
    x = fibre("x", 0, 1, 5_000_000)
    wiring = wire(topology(3, [x, fibre("y", 1, 2, 1)]), loss_ppm={"x": 250})
    return Faults(wiring, Kernel(wiring))


X = ["c0s1p2", "c0s2p2"]


def test_a_carrier_cut_takes_both_ends_down_and_leaves_their_shapes(faults):
    assert faults.cut_carrier("x") == X
    assert faults.kernel.down == set(X)
    assert faults.kernel.shapes == faults.kernel.declared


def test_a_silent_cut_loses_everything_both_ways_and_changes_nothing_else(faults):
    assert faults.cut_silently("x") == X
    assert faults.kernel.down == set()
    for name in X:
        held, declared = faults.kernel.shapes[name], faults.kernel.declared[name]
        assert held.loss_ppm == ALL_PPM
        assert held.__dict__ | {"loss_ppm": 250} == declared.__dict__


def test_what_is_under_way_is_lost_in_a_silent_cut_and_kept_when_it_ends(faults):
    faults.cut_silently("x")
    faults.restore("x")
    assert faults.kernel.drained == X


@pytest.mark.parametrize("cut", ["cut_carrier", "cut_silently"])
def test_restoring_brings_back_exactly_what_was_declared(faults, cut):
    getattr(faults, cut)("x")
    assert faults.restore("x") == X
    assert faults.kernel.down == set()
    assert faults.kernel.shapes == faults.kernel.declared


@pytest.mark.parametrize("fault", ["cut_carrier", "cut_silently", "restore"])
def test_asking_for_what_is_so_already_changes_nothing(faults, fault):
    getattr(faults, fault)("x")
    assert getattr(faults, fault)("x") == []


def test_a_dark_hub_has_all_its_ports_down_and_only_its_own(faults):
    assert faults.hub_down("hub1") == ["c0s2p2", "c0s2p3", "c0s2p1"]
    assert faults.kernel.down == {"c0s2p1", "c0s2p2", "c0s2p3"}


def test_a_hub_that_comes_back_leaves_fibres_that_are_cut_down(faults):
    faults.hub_down("hub1")
    assert faults.cut_carrier("x") == ["c0s1p2"]
    assert faults.hub_up("hub1") == ["c0s2p3", "c0s2p1"]
    assert faults.restore("x") == X


def test_both_kinds_of_cut_end_with_one_restoration(faults):
    faults.cut_silently("x")
    faults.cut_carrier("x")
    assert faults.restore("x") == [*X, *X]
    faults.verify()


@pytest.mark.parametrize("fault", ["cut_carrier", "cut_silently"])
def test_a_kernel_that_does_not_obey_is_noticed(faults, fault):
    faults.kernel.obeys = False
    with pytest.raises(EnvironmentUnsupported):
        getattr(faults, fault)("x")


def test_what_somebody_else_broke_is_noticed(faults):
    faults.verify()
    faults.kernel.down.add("c0s1p2")
    with pytest.raises(EnvironmentUnsupported, match="did not take c0s1p2 up"):
        faults.verify()


def test_unknown_fibres_and_hubs_are_refused(faults):
    for fault, name in (("cut_carrier", "z"), ("restore", "hub1"), ("hub_down", "x")):
        with pytest.raises(InputError, match=f"no .* {name!r}"):
            getattr(faults, fault)(name)


def test_of_two_faults_of_a_fibre_each_changes_what_the_other_left(faults):
    slower = Effect(shapes={"c0s1p2": lambda shape: replace(shape, rate_bps=shape.rate_bps // 2)})
    lossy = Effect(shapes={"c0s1p2": lambda shape: replace(shape, loss_ppm=9)})
    declared = faults.kernel.declared["c0s1p2"]
    assert faults.make(("slower", "x"), slower) == ["c0s1p2"]
    faults.make(("lossy", "x"), lossy)
    faults.cut_silently("x")
    held = faults.kernel.shapes["c0s1p2"]
    assert (held.rate_bps, held.loss_ppm) == (declared.rate_bps // 2, ALL_PPM)
    faults.restore("x")
    assert faults.kernel.shapes["c0s1p2"].loss_ppm == 9
    assert faults.end(("slower", "x"), ("lossy", "x")) == ["c0s1p2"]
    assert faults.kernel.shapes == faults.kernel.declared
    assert faults.kernel.drained == X


def degraded(faults, **given):
    """The kernel's state of one end of a fibre that is degraded so, besides what was declared."""
    degrade.degrade(faults, "x", dict.fromkeys(degrade.KIND.options) | given)
    return faults.kernel.shapes[X[0]], faults.kernel.declared[X[0]]


def test_a_degraded_fibre_is_slower_longer_and_lossier_both_ways_until_it_is_restored(faults):
    held, declared = degraded(faults, rate=0.25, delay=20_000_000, loss=0.1)
    assert held.rate_bps == declared.rate_bps // 4
    assert held.one_way_delay_ns == declared.one_way_delay_ns + 20_000_000
    assert held.loss_ppm == pytest.approx(100_000 + 0.9 * 250)
    assert (held.queue_packets, held.seed) == (declared.queue_packets, declared.seed)
    back = faults.kernel.shapes[X[1]]
    assert (back.rate_bps, back.loss_ppm) == (held.rate_bps, held.loss_ppm)
    assert faults.kernel.down == set()
    assert degrade.restore(faults, "x", {}) == X
    assert faults.kernel.shapes == faults.kernel.declared
    assert faults.kernel.drained == []


@pytest.mark.parametrize(
    ("given", "changes"),
    [
        ({"rate": 0.5}, {"rate_bps"}),
        ({"delay": 9_000_000}, {"one_way_delay_ns", "in_flight_packets"}),
        ({"loss": 0.01}, {"loss_ppm"}),
    ],
)
def test_what_a_degraded_fibre_is_not_told_stays_as_declared(faults, given, changes):
    held, declared = degraded(faults, **given)
    pairs = zip(held.__dict__.items(), declared.__dict__.values(), strict=True)
    assert {name for (name, ours), theirs in pairs if ours != theirs} == changes


def test_a_degraded_delay_line_has_room_for_what_comes_at_the_declared_rate(faults):
    held, declared = degraded(faults, rate=0.01, delay=1_000_000_000)
    room = in_flight_packets(declared.rate_bps, held.one_way_delay_ns)
    assert held.in_flight_packets == room


def test_no_share_of_a_rate_is_so_small_that_netem_takes_it_for_no_limit(faults):
    held, _ = degraded(faults, rate=1e-12)
    assert held.rate_bps // 8 > 0


def test_a_fibre_that_is_degraded_and_cut_loses_everything_and_is_then_degraded_still(faults):
    before, _ = degraded(faults, rate=0.25, loss=0.1)
    faults.cut_silently("x")
    assert faults.kernel.shapes[X[0]].loss_ppm == ALL_PPM
    faults.restore("x")
    assert faults.kernel.shapes[X[0]] == before


@pytest.mark.parametrize("first", ["degrade", "reserve"])
def test_background_takes_of_the_whole_fibre_before_it_is_degraded(faults, first):
    """In both orders: half of what 4 of 10 Mbit/s of background leave, then of what 1 leaves."""
    wire = faults.wiring.fibres[0]
    declared = replace(
        wire.forward,
        rate_bps=9_000_000,
        background_bps=1_000_000,
        in_flight_packets=in_flight_packets(9_000_000, 5_000_000),
    )
    wires = (replace(wire, forward=declared, backward=declared), *faults.wiring.fibres[1:])
    wiring = replace(faults.wiring, fibres=wires)
    faults = Faults(wiring, Kernel(wiring))
    options = {"rate": 0.5, "delay": 3_000_000, "loss": None}
    made = {
        "degrade": lambda: degrade.degrade(faults, "x", options),
        "reserve": lambda: background.reserve(
            faults, "", {"fibres": {"x": [[4_000_000, 9], [10_000_000, 1]]}}
        ),
    }
    made.pop(first)()
    next(iter(made.values()))()
    forward, backward = (faults.kernel.shapes[name] for name in X)
    assert (forward.rate_bps, forward.background_bps) == (3_000_000, 4_000_000)
    assert forward.queue_packets == 9
    assert forward.in_flight_packets == in_flight_packets(6_000_000, 8_000_000)
    assert (backward.rate_bps, backward.background_bps) == (8, 9_999_992)
    assert backward.in_flight_packets == in_flight_packets(9_000_000, 5_000_000)
    background.reserve(faults, "", {"fibres": {}})
    assert [faults.kernel.shapes[name].rate_bps for name in X] == [4_500_000, 4_500_000]
    degrade.restore(faults, "x", options)
    assert faults.kernel.shapes == faults.kernel.declared
