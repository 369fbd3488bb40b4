"""Faults against a kernel that only remembers: what changes, what does not, what comes back."""

import pytest

from corridor.topologies.base.errors import EnvironmentUnsupported, InputError
from corridor.topologies.emulation.faults import ALL_PPM, Faults
from corridor.topologies.emulation.netlink import shapes
from corridor.topologies.model.wiring import wire
from random_topologies import fibre, topology


class Kernel:
    """Links that does as told, or with ``obeys`` off, not."""

    def __init__(self, wiring):
        self.declared = dict(shapes(wiring))
        self.shapes = dict(self.declared)
        self.down = set()
        self.drained = []
        self.obeys = True

    def set_up(self, interface, *, up):
        if self.obeys:
            (self.down.discard if up else self.down.add)(interface)

    def is_up(self, interface):
        return interface not in self.down

    def reshape(self, interface, shape):
        if self.obeys:
            self.shapes[interface] = shape

    def drain(self, interface, shape):
        self.drained.append(interface)
        self.reshape(interface, shape)

    def verify(self, changed):
        if self.shapes != {**self.declared, **changed}:
            raise EnvironmentUnsupported("the kernel does not hold the shaping")


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
