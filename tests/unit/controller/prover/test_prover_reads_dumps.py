"""Dumps are read strictly: what has no place in them is found, never passed over.

Groups, and a switch's report of them, survive OpenFlow on both frameworks.
"""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from corridor.controller.forwarding.program import (
    Bucket,
    FastFailover,
    Meter,
    Program,
    SwitchProgram,
    group,
    output,
    set_field,
)
from corridor.controller.prover import prove, read_dump, tables_of
from corridor.topologies.base.codec import from_plain, to_plain
from corridor.topologies.base.errors import InputError
from prover_worlds import Spoilt, atlas_world


@pytest.fixture(scope="module")
def net():
    return atlas_world(1)


@pytest.fixture
def dump(net):
    """As a run's tables/after.json would say it."""
    counted = {"packets": 3, "bytes": 400}
    plain = to_plain(net.program.switches)
    ports = {hub: [p for at, p in net.ports if at == hub] for hub, _ in net.ports}
    said = {
        "schema": 3,
        "switches": {s["hub"]: [{**flow, **counted} for flow in s["flows"]] for s in plain},
        "groups": {s["hub"]: s["groups"] for s in plain},
        "meters": {s["hub"]: s["meters"] for s in plain},
        "settings": {
            hub: {"fail_mode": "secure", "bfd_ports": some} for hub, some in ports.items()
        },
    }
    return json.loads(json.dumps(said))


def claims(dump, net):
    held = read_dump(dump, net.wiring)
    proof = net.prove(Spoilt(held, net.program, net.intents))
    return {verdict.claim for verdict in proof.violated}


def test_a_faithful_dump_is_the_program(dump, net):
    held = read_dump(dump, net.wiring)
    assert held.switches == tables_of(net.program).switches
    assert held.oddities == ()
    assert claims(dump, net) == set()


def test_dumps_of_before_are_read(dump, net):
    del dump["settings"]
    assert claims(dump, net) == set()
    del dump["meters"], dump["groups"]
    assert {"C0", "C15"} <= claims(dump | {"schema": 1}, net)


CHANGES = {
    "an unknown field of an entry": lambda entry: entry.update(timeouts_s=[0, 30]),
    "an unknown field of the match": lambda entry: entry["match"].append(["tunnel_id", 5]),
    "a mask": lambda entry: entry["match"].append(["vlan_vid", [4096, 4096]]),
    "an unknown action": lambda entry: entry["actions"].append(
        {"kind": "unknown", "arguments": ["OFPActionSetQueue(queue_id=1)"]}
    ),
    "an action with too much": lambda entry: entry["actions"].append(
        {"kind": "output", "arguments": [1, 2]}
    ),
    "a missing part": lambda entry: entry.pop("cookie"),
    "a number that is none": lambda entry: entry.update(priority="high"),
    "a meter that is none": lambda entry: entry.update(meter="all"),
    "a meter that is not there": lambda entry: entry.update(meter=99),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_an_entry_should_not_say_is_found(name, dump, net):
    for position in range(0, len(dump["switches"]["a1"]), 5):
        changed = copy.deepcopy(dump)
        CHANGES[name](changed["switches"]["a1"][position])
        assert "T0" in claims(changed, net), name


def test_a_silent_switch_and_a_strange_one_are_found(dump, net):
    silent = copy.deepcopy(dump)
    del silent["switches"]["a1"]
    assert {"T0", "C0", "C16"} <= claims(silent, net)
    dump["switches"]["atlantis"] = []
    assert claims(dump, net) == {"T0"}


def test_a_group_or_meter_that_is_none_is_found(dump, net):
    changed = copy.deepcopy(dump)
    changed["groups"]["a1"] = [{"id": 1, "buckets": [], "type": "all"}, {"id": 2}, 7]
    assert {"T0", "C0"} <= claims(changed, net)
    for meter in ({"id": 1}, {"id": "1", "rate_kbps": 1, "burst_kbit": 1}, 7):
        changed = copy.deepcopy(dump)
        changed["meters"]["a1"].append(meter)
        assert "T0" in claims(changed, net)


def test_a_meter_of_another_kind_is_found(dump, net):
    """The controller gives it a rate of -1."""
    assert dump["meters"]["a1"] == [to_plain(Meter(1, 40_000, 4_000))]
    dump["meters"]["a1"][0]["rate_kbps"] = -1
    assert {"T0", "C0"} <= claims(dump, net)


@pytest.mark.parametrize(
    ("said", "broken"),
    [
        ({"fail_mode": "standalone", "bfd_ports": None}, {"C0"}),
        ({"fail_mode": None, "bfd_ports": None}, set()),
        ({"fail_mode": "secure", "bfd_ports": [2]}, {"C0"}),
        ({"fail_mode": "secure", "speed": 7}, {"T0"}),
        (7, {"T0"}),
    ],
)
def test_how_a_switch_is_set_up_is_held_too(said, broken, dump, net):
    dump["settings"]["a1"] = said
    assert claims(dump, net) == broken


@pytest.mark.parametrize(
    "plain",
    [None, [], {}, {"schema": 4}, {"schema": 2, "switches": []}, {"schema": 2},
     {"schema": 2, "switches": {"a1": 5}}, {"schema": 3, "switches": {}, "meters": []}],
)  # fmt: skip
def test_what_is_no_dump_is_refused(plain, net):
    with pytest.raises(InputError):
        read_dump(plain, net.wiring, file="x.json")


def test_without_a_program_what_needs_one_is_not_claimed(net):
    proof = prove(tables_of(net.program), net.wiring, net.topology, net.intents)
    status = {verdict.claim: verdict.status for verdict in proof.verdicts}
    assert proof.holds
    assert status.pop("C0") == "not claimed"
    exact = {claim for claim, said in status.items() if said == "not claimed"}
    assert exact == {"C9", "C10", "C12", "C13"}


ROOT = Path(__file__).resolve().parents[4]
GROUPS = (
    FastFailover(2, (Bucket(4, None, (set_field("mpls_label", 40), output(4))),)),
    FastFailover(
        1,
        (
            Bucket(3, None, (output(3),)),
            Bucket(None, 2, (group(2),)),
        ),
    ),
)

SAY_BACK = """
import json, struct, sys
from corridor.controller.openflow import decoding, encoding, framework
from corridor.controller.forwarding.program import FastFailover
from corridor.topologies.base.codec import from_plain, to_plain
back = []
for plain, kind in json.load(sys.stdin):
    message = encoding.group(from_plain(FastFailover, plain), 7)
    buckets = message[16:]
    said = struct.pack("!HBxI", 8 + len(buckets), kind, plain["id"]) + buckets
    back += map(to_plain, decoding.groups(said, 0))
actions = framework.parser
stray = [actions.OFPActionPushMpls(0x8847), actions.OFPActionSetField(eth_src="02:00:00:00:00:01"),
         actions.OFPActionPopMpls(0x8847), actions.OFPActionSetQueue(1)]
kinds = [action.kind for action in encoding.actions_from_openflow(stray)]
json.dump({"groups": back, "kinds": kinds}, sys.stdout)
"""
FAST_FAILOVER, ALL = 3, 0


def say_back(framework: str, kind: int) -> dict:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SAY_BACK],
        input=json.dumps([[to_plain(made), kind] for made in GROUPS]),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "CORRIDOR_FRAMEWORK": framework},
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("framework", ["ryu", "os-ken"])
def test_groups_come_back_as_they_were_sent(framework):
    said = say_back(framework, FAST_FAILOVER)["groups"]
    assert tuple(from_plain(FastFailover, plain) for plain in said) == GROUPS


@pytest.mark.parametrize("framework", ["ryu", "os-ken"])
def test_what_has_no_value_here_is_kept_as_unknown(framework):
    said = say_back(framework, ALL)
    for plain in said["groups"]:
        assert plain["buckets"][0]["actions"][0]["kind"] == "unknown"
    assert said["kinds"] == ["unknown", "set_field", "unknown", "unknown"]


def test_plans_of_before_groups_are_still_read():
    program = Program((SwitchProgram("a", 1, (), GROUPS), SwitchProgram("b", 2, ())), ())
    plain = to_plain(program)
    assert from_plain(Program, plain) == program
    for switch in plain["switches"]:
        del switch["groups"]
    assert from_plain(Program, plain).switches[0].groups == ()
