"""The rows of a hub's switch in the database of Open vSwitch."""

from uuid import UUID

from corridor.topologies.emulation.ovsdb_client import bridge_inserted
from corridor.topologies.model.wiring import wire
from random_topologies import fibre, topology


def rows(operations, table):
    return [one["row"] for one in operations if one["table"] == table]


def test_a_bridge_has_a_port_for_each_interface_and_one_of_its_own_name():
    wiring = wire(topology(2, [fibre("x", 0, 1, 1)]), run_id="c0")
    hub = wiring.hubs[0]
    interfaces = {"c0s1p1": {"ofport_request": 1}, "c0s1p2": {"ofport_request": 2}}
    told = bridge_inserted(hub, interfaces, ["tcp:127.0.0.1:6653", "tcp:127.0.0.1:6654"])
    (bridge,) = rows(told, "Bridge")
    assert (bridge["fail_mode"], bridge["protocols"]) == ("secure", "OpenFlow13")
    assert ["datapath-id", f"{hub.dpid:016x}"] in bridge["other_config"][1]
    assert {row["name"]: row for row in rows(told, "Interface")} == {
        "c0s1p1": {"name": "c0s1p1", "ofport_request": 1},
        "c0s1p2": {"name": "c0s1p2", "ofport_request": 2},
        hub.bridge: {"name": hub.bridge, "type": "internal"},
    }
    assert [row["name"] for row in rows(told, "Port")] == ["c0s1p1", "c0s1p2", hub.bridge]
    assert [row["target"] for row in rows(told, "Controller")] == [
        "tcp:127.0.0.1:6653",
        "tcp:127.0.0.1:6654",
    ]


def test_whatever_a_row_refers_to_is_made_in_the_same_transaction():
    wiring = wire(topology(2, [fibre("x", 0, 1, 1)]), run_id="c0")
    told = bridge_inserted(wiring.hubs[0], {"c0s1p1": {}}, ["tcp:127.0.0.1:6653"])
    made = {one["uuid-name"] for one in told}
    assert len(made) == len(told)
    wanted = {
        name
        for one in told
        for column in ("ports", "interfaces", "controller")
        for _, name in one["row"].get(column, ["set", []])[1]
    }
    assert wanted == made - {wiring.hubs[0].bridge}


def test_identifiers_of_rows_follow_from_their_names_and_differ():
    wiring = wire(topology(2, [fibre("x", 0, 1, 1)]), run_id="c0")
    told = [bridge_inserted(hub, {"p": {}}, ["tcp:127.0.0.1:6653"]) for hub in wiring.hubs]
    again = [bridge_inserted(hub, {"p": {}}, ["tcp:127.0.0.1:6653"]) for hub in wiring.hubs]
    assert told == again
    of_bridges = {one["uuid"] for each in told for one in each if one["table"] == "Bridge"}
    assert len(of_bridges) == 2
    assert all(str(UUID(one)) == one for one in of_bridges)
