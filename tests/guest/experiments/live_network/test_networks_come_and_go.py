"""Down means gone: interfaces, datapath ports, bridges and, if they were ours, the daemons."""

import pytest

from corridor_runs import seen_inside

pytestmark = pytest.mark.guest
NOTHING = {"interfaces": [], "ports": [], "datapaths": [], "daemons": []}
HUBS, FIBRES = 5, 7


@pytest.fixture(scope="module")
def seen(tmp_path_factory, virtual_kernel):
    out_dir = tmp_path_factory.mktemp("coming-and-going")
    return seen_inside(virtual_kernel, out_dir, "coming_and_going")


@pytest.mark.parametrize("where", ["alone", "beside another"])
def test_a_network_that_is_up_has_an_interface_for_every_bridge_and_end(seen, where):
    ours = [name for name in seen[where]["up"]["interfaces"] if name.startswith("t0")]
    assert len(ours) == HUBS + HUBS + 2 * FIBRES
    assert set(ours) <= set(seen[where]["up"]["ports"])


@pytest.mark.promise("a network that is taken down leaves nothing")
def test_of_a_network_with_an_open_vswitch_of_its_own_nothing_is_left(seen):
    assert seen["alone"]["before"] == NOTHING
    assert len(seen["alone"]["up"]["daemons"]) == 2
    assert seen["alone"]["down"] == NOTHING
    assert not seen["alone"]["run folder"]


def test_a_switch_is_not_connected_to_a_controller_that_does_not_run(seen):
    assert seen["alone"]["connected"] == [False] * HUBS


def test_neighbours_that_were_stopped_come_back_with_bfd_and_shaping(seen):
    assert seen["neighbours back"] == [HUBS, 2 * FIBRES]


def test_on_an_open_vswitch_that_others_use_only_ours_goes(seen):
    beside = seen["beside another"]
    assert beside["before"]["ports"] == ["other", "ovs-system", "p0"]
    assert beside["down"] == beside["before"]
    assert beside["bridges"] == ["other"]
    for holder in ("vswitchd holds", "database holds"):
        assert "other" in beside[holder]
        assert "t0" not in beside[holder]


def test_an_open_vswitch_is_closed_with_the_bridges_it_still_has(seen):
    assert seen["after all"] == NOTHING
