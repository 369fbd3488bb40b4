"""Dumps are read strictly: what has no place in them is found, never passed over."""

import copy
import json
from dataclasses import replace

import pytest
from prover_lab import MUTANTS, NotHereError, correct

from controller.prover import Prover, prove, read_dump, tables_of
from topologies.errors import InputError
from topologies.load import load_topology
from topologies.values import to_plain


@pytest.fixture(scope="module")
def tables():
    return correct(load_topology("mini"), [("shanghai", "guian"), ("karachi", "guian")])


@pytest.fixture
def dump(tables):
    """As a run's tables/after.json would say it."""
    counted = {"packets": 3, "bytes": 400}
    plain = to_plain(tables.program.switches)
    said = {
        "schema": 2,
        "switches": {s["hub"]: [{**flow, **counted} for flow in s["flows"]] for s in plain},
        "groups": {s["hub"]: s["groups"] for s in plain},
    }
    return json.loads(json.dumps(said))


def claims(dump, tables):
    held = read_dump(dump, tables.wiring)
    return {verdict.claim for verdict in prove(held, tables.wiring, tables.program).violated}


def test_a_faithful_dump_is_the_program(dump, tables):
    held = read_dump(dump, tables.wiring)
    assert held == tables_of(tables.program)
    assert claims(dump, tables) == set()


def test_a_dump_without_groups_is_read(dump, tables):
    del dump["groups"]
    assert claims(dump | {"schema": 1}, tables) == set()


ENTRY_SPOILT = {
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
}


@pytest.mark.parametrize("name", ENTRY_SPOILT)
def test_what_an_entry_should_not_say_is_found(name, dump, tables):
    for position in range(len(dump["switches"]["kunming"])):
        spoilt = copy.deepcopy(dump)
        ENTRY_SPOILT[name](spoilt["switches"]["kunming"][position])
        assert "T0" in claims(spoilt, tables), name


def test_a_silent_switch_and_a_strange_one_are_found(dump, tables):
    silent = copy.deepcopy(dump)
    del silent["switches"]["kunming"]
    assert {"T0", "C0", "C9"} <= claims(silent, tables)
    dump["switches"]["atlantis"] = []
    assert claims(dump, tables) == {"T0"}


def test_a_group_that_is_none_is_found(dump, tables):
    dump["groups"]["kunming"] = [{"id": 1, "buckets": [], "type": "all"}, {"id": 2}, 7]
    assert {"T0", "C0"} <= claims(dump, tables)


@pytest.mark.parametrize(
    "plain",
    [None, [], {}, {"schema": 3}, {"schema": 2, "switches": []}, {"schema": 2},
     {"schema": 2, "switches": {"kunming": 5}}],
)  # fmt: skip
def test_what_is_no_dump_is_refused(plain, tables):
    with pytest.raises(InputError):
        read_dump(plain, tables.wiring, file="x.json")


def test_without_a_program_what_needs_one_is_not_claimed(tables):
    proof = prove(tables_of(tables.program), tables.wiring, None)
    status = {verdict.claim: verdict.status for verdict in proof.verdicts}
    assert proof.holds
    assert status["C0"] == status["C9"] == status["C16"] == "not claimed"
    assert status["C1"] == status["C2"] == status["C3"] == status["C8"] == "proven"


def test_rechecking_a_switch_says_what_proving_anew_says(tables):
    prover = Prover.of(tables_of(tables.program), tables.wiring, tables.program)
    for name, (_claim, mutation) in MUTANTS.items():
        try:
            mutated = mutation(tables)
        except NotHereError:
            continue
        if isinstance(mutated, tuple):
            continue
        after = prover
        for switch in mutated.switches.values():
            if switch != tables_of(tables.program).switches[switch.hub]:
                after = after.recheck(switch)
        anew = prove(mutated, tables.wiring, tables.program)
        assert after.proof.verdicts == anew.verdicts, name
        assert replace(after.proof.counts, ms=0) == replace(anew.counts, ms=0), name
