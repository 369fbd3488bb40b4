"""Whether switches say what was compiled for them, counters and order aside."""

import copy
import json

import pytest

from corridor.controller.prover import read_dump, tables_of
from corridor.experiments.lab.dumps import Dump, as_compiled, fingerprint
from corridor.experiments.lab.proof import Proven, prove_dump, prove_expected, prove_run
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.plan.values import PROVEN
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.codec import to_plain


@pytest.fixture(scope="module")
def plan():
    return make_plan(load_scenario("mini"), clock="virtual", run_id="c0", seed=1)


@pytest.fixture
def said(plan):
    """A dump as the switches of a run would give it: JSON, with counters, in their own order."""
    dump = json.loads(json.dumps(as_compiled(plan).said))
    for entries in dump["switches"].values():
        entries.reverse()
        for number, entry in enumerate(entries):
            entry |= {"packets": number, "bytes": 100 * number}
    return dump


def test_it_is_the_program_with_how_switches_are_set_up(plan):
    compiled = as_compiled(plan)
    tables = read_dump(json.loads(json.dumps(compiled.said)), plan.wiring)
    assert tables.switches == tables_of(plan.program).switches
    assert tables.oddities == ()
    assert {one.fail_mode for one in tables.settings.values()} == {"secure"}


def test_counters_and_order_make_no_difference(plan, said):
    assert Dump("", said).digest == as_compiled(plan).digest


def first_entry(said):
    return next(iter(said["switches"].values()))[0]


def change_priority(said):
    first_entry(said)["priority"] += 1


def change_cookie(said):
    first_entry(said)["cookie"] += 1


def change_match(said):
    first_entry(said)["match"].append(["vlan_vid", 5])


def change_twice(said):
    entries = next(iter(said["switches"].values()))
    entries.append(copy.deepcopy(entries[0]))


def change_missing(said):
    next(iter(said["switches"].values())).pop()


def change_switch(said):
    said["switches"].popitem()


def change_place(said):
    hubs = list(said["switches"])
    one, other = hubs[:2]
    said["switches"][one], said["switches"][other] = said["switches"][other], said["switches"][one]


def change_group(said):
    next(iter(said["groups"].values())).append({"id": 1, "buckets": []})


def change_meter(said):
    next(iter(said["meters"].values())).append({"id": 1, "rate_kbps": 1, "burst_kbit": 1})


def change_setting(said):
    next(iter(said["settings"].values()))["fail_mode"] = "standalone"


def change_timeout(said):
    first_entry(said)["timeouts_s"] = [0, 10]


def change_type(said):
    first_entry(said)["priority"] = str(first_entry(said)["priority"])


def change_key(said):
    said["more"] = {}


CHANGES = [value for name, value in sorted(globals().items()) if name.startswith("change_")]


@pytest.mark.parametrize("change", CHANGES, ids=lambda one: one.__name__)
def test_whatever_else_differs_makes_a_difference(plan, said, change):
    change(said)
    assert Dump("", said).digest != as_compiled(plan).digest


def test_what_was_proven_of_the_compiled_tables_is_not_proven_again(plan, said, tmp_path):
    judged_by = specify(load_scenario("mini"))
    expected = prove_expected(plan, judged_by)
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables/before.json").write_text(json.dumps(said))
    proofs = prove_run(tmp_path, plan, judged_by, expected)
    assert proofs["before"] is expected.proof
    kept = json.loads((tmp_path / "proof.json").read_text())["proofs"]["before"]
    assert (kept["same_as"], kept["of"]) == ("compiled", expected.digest)


def test_tables_other_than_compiled_are_proven_by_themselves(plan, said, tmp_path):
    judged_by = specify(load_scenario("mini"))
    expected = prove_expected(plan, judged_by)
    entry = next(one for one in said["switches"]["guian"] if one["actions"])
    entry["actions"] = []
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables/before.json").write_text(json.dumps(said))
    proofs = prove_run(tmp_path, plan, judged_by, expected)
    assert not proofs["before"].holds


def inputs(folder, plan, judged_by):
    folder.mkdir()
    (folder / "plan.json").write_text(json.dumps(to_plain(plan)))
    (folder / "specification.json").write_text(judged_by.to_json())
    return folder


def test_a_proof_is_left_for_a_run_with_what_it_is_of(plan, tmp_path):
    judged_by = specify(load_scenario("mini"))
    raw = inputs(tmp_path / "raw", plan, judged_by)
    expected = prove_expected(plan, judged_by)
    expected.write(raw)
    known = json.loads((raw / PROVEN).read_text())
    assert known["digest"] == expected.digest
    assert known["inputs"] == fingerprint(raw)


@pytest.mark.parametrize("name", ["plan.json", "specification.json"])
def test_another_plan_and_another_specification_are_not_what_it_is_of(plan, tmp_path, name):
    raw = inputs(tmp_path / "raw", plan, specify(load_scenario("mini")))
    before = fingerprint(raw)
    (raw / name).write_text((raw / name).read_text() + " ")
    assert fingerprint(raw) != before


def test_a_proof_that_fails_is_not_left_for_a_run(plan, tmp_path):
    judged_by = specify(load_scenario("mini"))
    raw = inputs(tmp_path / "raw", plan, judged_by)
    changed = as_compiled(plan).said
    flows = changed["switches"]["guian"]
    flows.remove(next(one for one in flows if one["actions"]))
    (tmp_path / "changed.json").write_text(json.dumps(changed))
    Proven("x", prove_dump(tmp_path / "changed.json", plan, judged_by)).write(raw)
    assert not (raw / PROVEN).exists()
