"""``corridor check``: one line a claim, a counterexample where one does not hold, exit codes."""

import json

import pytest

from corridor.experiments.cli import main
from corridor.experiments.lab.proof import prove_run
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.codec import to_plain
from corridor.topologies.base.errors import InputError


@pytest.fixture(scope="module")
def plan():
    return make_plan(load_scenario("mini"), clock="virtual", run_id="c0", seed=1)


@pytest.fixture
def run(plan, tmp_path):
    """A result folder with dumps that are as they should be."""
    (tmp_path / "tables").mkdir()
    plain = to_plain(plan.program.switches)
    said = {
        "schema": 2,
        "switches": {switch["hub"]: switch["flows"] for switch in plain},
        "groups": {switch["hub"]: switch["groups"] for switch in plain},
    }
    for name in ("before", "after"):
        (tmp_path / "tables" / f"{name}.json").write_text(json.dumps(said))
    return tmp_path


def corrupt(run, name="after"):
    path = run / "tables" / f"{name}.json"
    said = json.loads(path.read_text())
    said["switches"]["kunming"].pop()
    entry = next(one for one in said["switches"]["guian"] if one["goto"] == 1)
    entry["match"] = [pair for pair in entry["match"] if pair[0] != "ipv4_src"]
    path.write_text(json.dumps(said))
    return path


def test_a_scenario_is_proven_claim_by_claim(capsys):
    assert main(["check", "mini"]) == 0
    lines = capsys.readouterr().out.splitlines()
    told = {line.split()[0]: line.split(None, 1)[1] for line in lines if line[:1] in "TC" and line}
    assert list(told) == ["T0", *(f"C{number}" for number in range(18))]
    assert all(text.startswith(("verified", "not checked")) for text in told.values())


def test_a_spoilt_dump_is_shown_by_a_packet_and_exits_with_1(run, capsys):
    assert main(["check", "mini", "--tables", str(corrupt(run))]) == 1
    said = capsys.readouterr().out
    assert "C2  violated" in said
    assert "verdict: h2 sends under another's address" in said
    assert "ovs-appctl ofproto/trace c0s2" in said


def test_json_holds_the_same(run, capsys):
    path = corrupt(run)
    assert main(["check", "mini", "--tables", str(path), "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["schema"], said["holds"]) == (1, False)
    (proof,) = said["proofs"].values()
    violated = {one["claim"] for one in proof["verdicts"] if one["status"] == "violated"}
    assert {"C0", "C1", "C2"} <= violated


@pytest.mark.parametrize("content", [None, "", "[]", "{", '{"schema": 2}', "[" * 100_000])
def test_a_file_that_is_no_dump_exits_with_2(content, tmp_path, capsys):
    path = tmp_path / "dump.json"
    if content is not None:
        path.write_text(content)
    assert main(["check", "mini", "--tables", str(path)]) == 2
    assert capsys.readouterr().err.startswith(f"corridor: {path}:")


def test_an_unknown_scenario_exits_with_2(capsys):
    assert main(["check", "no-such-thing"]) == 2


def test_a_runs_dumps_are_proven_and_the_proofs_kept(run, plan):
    corrupt(run)
    proofs = prove_run(run, plan, specify(load_scenario("mini")))
    assert (proofs["before"].holds, proofs["after"].holds) == (True, False)
    kept = json.loads((run / "proof.json").read_text())
    assert (kept["schema"], kept["holds"]) == (1, False)
    assert [proof["holds"] for proof in kept["proofs"].values()] == [True, False]


def prove(run, plan):
    prove_run(run, plan, specify(load_scenario("mini")))
    return json.loads((run / "proof.json").read_text())["proofs"]


def change(run, change, name="after"):
    path = run / "tables" / f"{name}.json"
    said = json.loads(path.read_text())
    change(said)
    path.write_text(json.dumps(said))


def count_packets(said):
    for entries in said["switches"].values():
        for number, entry in enumerate(entries):
            entry |= {"packets": number, "bytes": 100 * number}


def test_tables_that_say_the_same_but_for_counters_are_proven_once(run, plan):
    change(run, count_packets)
    before, after = prove(run, plan).values()
    assert "same_as" not in before
    assert after["same_as"] == "before"
    assert after["of"] == before["of"]
    assert after["counts"]["ms"] == 0
    after["counts"]["ms"] = before["counts"]["ms"]
    assert {key: after[key] for key in before} == before


def spoil_entry(said):
    said["switches"]["kunming"][3]["priority"] += 1


def spoil_action(said):
    entry = next(one for one in said["switches"]["guian"] if one["actions"])
    entry["actions"] = []


def add_group(said):
    said["groups"]["guian"] = [{"id": 7, "buckets": []}]


def add_meter(said):
    said["meters"] = {"guian": [{"id": 7, "rate_kbps": 1, "burst_kbit": 1}]}


def change_setting(said):
    said["settings"] = {"guian": {"fail_mode": "standalone", "bfd_ports": None}}


def add_counter_of_a_group(said):
    said["groups"]["guian"] = [{"id": 7, "buckets": [], "packets": 1}]


def write_a_number_otherwise(said):
    entry = next(one for one in said["switches"]["guian"] if one["goto"] == 1)
    entry["goto"] = True


CHANGES = [
    spoil_entry,
    spoil_action,
    add_group,
    add_meter,
    change_setting,
    add_counter_of_a_group,
    write_a_number_otherwise,
]


@pytest.mark.parametrize("changed", CHANGES)
@pytest.mark.parametrize("name", ["before", "after"])
def test_a_dump_that_differs_in_anything_is_proven_itself(name, changed, run, plan):
    change(run, count_packets)
    change(run, changed, name)
    proofs = prove(run, plan)
    assert not any("same_as" in proof for proof in proofs.values())
    assert proofs["before"]["of"] != proofs["after"]["of"]


@pytest.mark.parametrize("changed", [spoil_entry, spoil_action, add_group, change_setting])
def test_what_changed_during_the_traffic_is_still_violated(changed, run, plan):
    change(run, changed)
    proofs = prove(run, plan)
    assert (proofs["before"]["holds"], proofs["after"]["holds"]) == (True, False)


@pytest.mark.parametrize(
    "content", ["[]", '{"schema": 2, "switches": []}', '{"switches": {"a": 1}}']
)
def test_two_files_that_are_no_dumps_are_refused_although_they_say_the_same(content, run, plan):
    for name in ("before", "after"):
        (run / "tables" / f"{name}.json").write_text(content)
    with pytest.raises(InputError):
        prove(run, plan)
