"""Another user of the machine and a native network: none gets in, reads it, or stops it.

In a guest, where the attacker is ``nobody``; the network is in the guest's own kernel, as a native
run is in a machine's.
"""

import pytest

from corridor_runs import seen_inside

pytestmark = [pytest.mark.guest, pytest.mark.timeout(300)]
NOTHING = {
    what: []
    for what in (
        *("tcp", "api", "unix sockets", "files", "state", "processes", "namespaces", "raw"),
        *("settings", "taps", "datapath"),
    )
}


@pytest.fixture(scope="module", params=["ryu", "os-ken"])
def attacked(request, tmp_path_factory, virtual_kernel):
    folder = tmp_path_factory.mktemp(request.param)
    return seen_inside(virtual_kernel, folder, "local_users", request.param)


def test_the_attacks_were_carried_out_on_what_there_is(attacked):
    assert (attacked["code"], attacked["complained"]) == (0, "")
    assert len(attacked["told"]["sockets"]) >= 5
    assert attacked["bfd"] > 100, "broadcasts that left by interfaces of fibres"


def test_none_gets_in_and_none_reads(attacked):
    assert attacked["got"] == NOTHING


def test_what_the_kernel_tells_every_user_is_known_and_no_secret(attacked):
    readable = attacked["readable"]
    assert readable["datapath"] == [
        *("ovs_datapath", "ovs_flow", "ovs_meter", "ovs_packet", "ovs_vport"),
    ]
    assert readable["flows"] > 0, "docs/limitations.md says so"
    assert any("corridor" in words for words in readable["words"])
    assert not [words for words in readable["words"] if attacked["token"] in words]


def test_none_stops_it(attacked):
    assert attacked["statuses"] == {"UP": 12}
    assert attacked["failures"] == [], "forged BFD takes no session down"
    assert set(attacked["works"]) == {True}
    before, after = attacked["connections"]
    assert before == after
    assert "Traceback" not in attacked["log"]
    assert attacked["end"] == 130
