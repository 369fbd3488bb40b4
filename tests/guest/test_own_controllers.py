"""A controller of the user's own steers a run: its tables are proven, its packets watched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from corridor_runs import run

pytestmark = [pytest.mark.guest, pytest.mark.usefixtures("virtual_kernel")]
APP = Path(__file__).resolve().parents[2] / "examples" / "shortest_paths.py"
LAW = """
name: law
policies:
- {id: MAY, effect: permit}
- {id: NOT-BY-LAOS, effect: restrict, hard: {avoid: {crosses: LA}}}
"""
SCENARIO = """
schema: 1
name: three
topology: mini
policies: law.yaml
probe: {interval: 20ms, count: 100}
demands:
- {id: train, class: ai_bulk, src: shanghai, dst: guian}
- {id: infer, class: infer, src: bangkok, dst: guian}
- {id: science, class: science, src: karachi, dst: guian}
timeline:
- {id: dig, at: 1s, for: 500ms, cut: shanghai-guian}
"""
RAISES = """
from corridor.controller.openflow.framework import App
class Broken(App):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        raise RuntimeError("no such table")
"""


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    (folder / "law.yaml").write_text(LAW, encoding="utf-8")
    (folder / "three.yaml").write_text(SCENARIO, encoding="utf-8")
    return folder / "three.yaml"


@pytest.fixture(scope="module", params=["ryu", "os-ken"])
def ran(scenario, request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param) / "result"
    own = ("--controller", APP, "--framework", request.param, "--no-figures")
    return run(folder, scenario, *own, "--testbed", "uml", "--clock", "virtual")


def test_what_its_tables_break_is_proven_with_a_packet_and_the_run_goes_on(ran):
    assert ran.code == 1, ran.said + ran.complained
    proofs = json.loads((ran.folder / "proof.json").read_text())["proofs"]
    assert proofs["after"]["same_as"] == "before"
    said = {one["claim"]: one for one in proofs["before"]["verdicts"]}
    violated = {claim for claim, one in said.items() if one["status"] == "violated"}
    assert {"C1", "C5"} <= violated
    assert said["C8"]["status"] == "proven"
    assert said["C0"]["status"] == "not claimed"
    assert "NOT-BY-LAOS" in json.dumps(said["C5"]["counterexample"]["clauses"])
    assert "C5 does not hold" in ran.said + ran.complained


def test_what_the_proof_foretells_the_monitor_sees_and_the_account_closes(ran):
    forbidden = ran.summary["crossings"]["forbidden"]
    assert {one["demand"].removesuffix(".return") for one in forbidden} == {"infer"}
    assert not ran.summary["crossings"]["strange"]
    account = ran.summary["account"]
    assert account["closes"], account
    assert ran.summary["complete"]
    assert not ran.summary["invalid"]
    received = {one["id"]: one["received"] for one in ran.summary["demands"]}
    assert received["infer"] == received["science"] == 100
    assert received["train"] < 100, "the cut is not bridged"


def test_the_app_is_kept_with_the_results(ran):
    assert (ran.folder / "controller_app.py").read_bytes() == APP.read_bytes()


def test_an_app_that_raises_ends_the_run_with_one_line(scenario, tmp_path):
    (tmp_path / "broken.py").write_text(RAISES, encoding="utf-8")
    own = ("--controller", tmp_path / "broken.py", "--no-figures")
    ended = run(tmp_path / "result", scenario, *own, "--testbed", "uml", "--clock", "virtual")
    assert ended.code == 3
    last = ended.complained.strip().splitlines()[-1]
    assert "the controller ended with code 1: RuntimeError: no such table" in last
