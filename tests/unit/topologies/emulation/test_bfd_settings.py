"""BFD settings of Open vSwitch, and the meaning of its answers."""

import pytest

from corridor.topologies.base.errors import InputError
from corridor.topologies.emulation import bfd
from corridor.topologies.model.wiring import wire
from random_topologies import fibre, topology

UP = {"state": "up", "remote_state": "up", "forwarding": "true", "flap_count": "3"}
TOLD = {
    "bfd": [
        "map",
        [
            ["enable", "true"],
            ["min_rx", "15"],
            ["min_tx", "15"],
            ["bfd_remote_dst_mac", "00:23:20:00:00:01"],
        ],
    ]
}
"""The last so that no other sender is accepted."""


@pytest.fixture
def wiring():
    return wire(topology(3, [fibre("x", 0, 1, 1), fibre("y", 1, 2, 1)]), run_id="c0")


def test_both_ends_of_every_fibre_speak_and_no_other_port(wiring):
    assert list(bfd.interfaces(wiring)) == ["c0s1p2", "c0s2p2", "c0s2p3", "c0s3p2"]
    assert bfd.column(15) == TOLD


def test_a_running_network_is_told_the_same(wiring):
    told = bfd.updates(wiring, 15)
    assert [one["where"] for one in told] == [
        [["name", "==", name]] for name in bfd.interfaces(wiring)
    ]
    assert told[0]["row"] == TOLD


def test_an_interval_below_a_millisecond_is_refused(wiring):
    with pytest.raises(InputError, match="less than 1"):
        bfd.column(0)


def test_a_session_that_has_not_spoken_yet_is_down():
    assert bfd.status({}) == bfd.Status("down", "down", forwarding=False, flap_count=0)


@pytest.mark.parametrize(
    "change", [{"state": "init"}, {"remote_state": "init"}, {"forwarding": "false"}]
)
def test_a_session_works_when_both_ends_are_up_and_it_forwards(change):
    assert bfd.status(UP).works
    assert not bfd.status({**UP, **change}).works


def test_ends_without_a_working_session_are_named_with_their_state(wiring):
    found = {name: bfd.status(UP) for name in bfd.interfaces(wiring)}
    assert bfd.lacking(wiring, found) == []
    found["c0s2p2"] = bfd.status({**UP, "state": "down"})
    del found["c0s3p2"]
    assert bfd.lacking(wiring, found) == ["c0s2p2 (down)", "c0s3p2 (no session)"]


SHOWN = """\
---- c0s1p2 ----
\tForwarding: true
\tDetect Multiplier: 3
\tConcatenated Path Down: false
\tTX Interval: Approx 1000ms
\tRX Interval: Approx 5ms
\tDetect Time: now +15ms

---- c0s2p2 ----
\tForwarding: true
\tTX Interval: Approx 5ms
\tRX Interval: Approx 5ms
"""


def test_a_session_that_has_not_taken_its_interval_is_named_with_what_it_does():
    found = bfd.paces(SHOWN)
    assert found["c0s2p2"] == bfd.Pace(5, 5)
    assert bfd.unpaced(["c0s1p2", "c0s2p2", "c0s3p2"], found, 5) == [
        "c0s1p2 (sends each 1000 ms, expects each 5 ms)",
        "c0s3p2 (no session)",
    ]
