"""A controller of the user's own steers a run: its tables are proven, its packets watched."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest

from corridor.experiments.testbeds.uml import OUT_IN_GUEST
from corridor_runs import corridor, environment, run
from live_runs import Api, LiveRun

pytestmark = [
    pytest.mark.guest,
    pytest.mark.timeout(400),
    pytest.mark.usefixtures("virtual_kernel"),
]
VIRTUAL = ("--testbed", "uml", "--clock", "virtual")
APP = Path(__file__).resolve().parents[4] / "examples" / "shortest_paths.py"
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
def ran(scenario, request, client, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param) / "result"
    own = ("--controller", APP, "--framework", request.param, "--no-figures")
    return run(folder, scenario, *own, *VIRTUAL, client=client)


@pytest.mark.promise("tables of a custom controller are judged")
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
    assert "C5 is violated" in ran.said + ran.complained


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


def test_an_app_that_raises_ends_the_run_with_one_line(scenario, client, tmp_path):
    (tmp_path / "broken.py").write_text(RAISES, encoding="utf-8")
    own = ("--controller", tmp_path / "broken.py", "--no-figures")
    ended = run(tmp_path / "result", scenario, *own, *VIRTUAL, client=client)
    assert ended.code == 3
    last = ended.complained.strip().splitlines()[-1]
    assert "the controller ended with code 1: RuntimeError: no such table" in last


FLOODS = """
from corridor.controller.openflow.framework import App, handler, ofp_event, ofproto, parser
class Floods(App):
    OFP_VERSIONS = (ofproto.OFP_VERSION,)
    @handler.set_ev_cls(ofp_event.EventOFPSwitchFeatures, handler.CONFIG_DISPATCHER)
    def on_switch(self, event):
        out = [parser.OFPActionOutput(ofproto.OFPP_FLOOD)]
        apply = [parser.OFPInstructionActions(ofproto.OFPIT_APPLY_ACTIONS, out)]
        event.msg.datapath.send_msg(parser.OFPFlowMod(event.msg.datapath, instructions=apply))
"""
LOOKED = "the tables of your controller: "
TOLD = "told"
"""A file in the result folder that apps wait for."""
LATER = f"""
from pathlib import Path
from corridor.controller.openflow.framework import hub
class Later(ShortestPaths):
    @handler.set_ev_cls(ofp_event.EventOFPSwitchFeatures, handler.CONFIG_DISPATCHER)
    def on_switch(self, event):
        super().on_switch(event)
        hub.spawn(self.leave, event.msg.datapath)
    def leave(self, datapath):
        while not Path("{OUT_IN_GUEST}/{TOLD}").exists():
            hub.sleep(0.5)
        every = {{"table_id": ofproto.OFPTT_ALL, "command": ofproto.OFPFC_DELETE}}
        nowhere = {{"out_port": ofproto.OFPP_ANY, "out_group": ofproto.OFPG_ANY}}
        datapath.send_msg(parser.OFPFlowMod(datapath, match=parser.OFPMatch(), **every, **nowhere))
"""


def test_an_app_under_which_packets_become_ever_more_is_not_sent_any(scenario, client, tmp_path):
    (tmp_path / "floods.py").write_text(FLOODS, encoding="utf-8")
    own = ("--controller", tmp_path / "floods.py", "--no-figures")
    ended = run(tmp_path / "result", scenario, *own, *VIRTUAL, client=client)
    assert ended.code == 1
    last = ended.complained.strip().splitlines()[-1]
    assert "nothing is sent: the controller's tables copy packets that loop between" in last
    proof = json.loads((tmp_path / "result" / "proof.json").read_text())["proofs"]["before"]
    assert "C8" in {one["claim"] for one in proof["verdicts"] if one["status"] == "violated"}


def test_such_an_app_ends_a_live_network_before_anybody_can_send(scenario, tmp_path):
    (tmp_path / "floods.py").write_text(FLOODS, encoding="utf-8")
    own = ("--testbed", "uml", "--controller", tmp_path / "floods.py")
    one = LiveRun(tmp_path / "flooded", scenario, *own)
    try:
        assert one.process.wait(200) == 1
        assert "would grow without limit" in one.complained()
        assert "] ready: " not in one.said()
    finally:
        one.close()


@pytest.fixture(scope="module")
def live(scenario, tmp_path_factory):
    """Under an app that removes all entries once the file is there."""
    folder = tmp_path_factory.mktemp("live")
    (folder / "later.py").write_text(APP.read_text(encoding="utf-8") + LATER, encoding="utf-8")
    own = ("--testbed", "uml", "--controller", folder / "later.py")
    one = LiveRun(folder / "leaves", scenario, *own)
    try:
        one.wait_until_it_says("] ready: ", 120)
        yield one
    finally:
        one.close()


def test_a_live_network_tells_what_the_tables_of_ones_own_controller_come_to(live):
    api = Api(live.session())
    code, status = api.ask("/v1/status")
    assert (code, status["installed"]) == (200, True)
    assert "C1, C5" in status["unproven"]
    assert api.statuses() == {"UNKNOWN"}
    code, proof = api.ask("/v1/proof")
    assert (code, proof["of"], proof["holds"]) == (200, "later.py", False)
    code, events = api.ask("/v1/events?since=0")
    assert code == 200
    assert events["events"][0]["event"] == "judged"
    assert api.ask("/v1/topology")[0] == 200
    code, refused = api.ask("/v1/policies", "PUT", {"name": "x", "policies": []})
    assert code >= 400
    assert "later.py of yours controls this network" in json.dumps(refused)


def test_its_tables_are_proven_again_when_they_change(live):
    (live.folder / TOLD).touch()
    live.wait_until_it_says("5 switches, 0 entries", 120)
    api = Api(live.session())
    assert "C9, C16, C17 violated" in api.ask("/v1/status")[1]["unproven"]
    assert not api.ask("/v1/proof")[1]["holds"]


def test_killed_and_started_again_it_ends_in_good_order(live):
    state = {"XDG_STATE_HOME": str(live.sessions.parents[1])}
    (live.folder / TOLD).unlink()
    looked = live.said().count(LOOKED)
    asked = corridor("kill", "controller")
    assert subprocess.run(asked, env=environment(**state), timeout=60).returncode == 0
    live.wait_until_it_says("the controller ended with code -9, another is started", 60)
    live.until(lambda: live.said().count(LOOKED) > looked, 120)
    live.process.send_signal(signal.SIGTERM)
    assert live.process.wait(120) == 143, live.complained()
    live.assert_nothing_is_left()
    assert (live.folder / "tables/after.json").exists()
    assert not json.loads((live.folder / "proof.json").read_text())["holds"]
    assert '"event": "judged"' in (live.folder / "events.jsonl").read_text()


def test_an_app_that_ends_is_started_again_and_too_often_ends_the_network(scenario, tmp_path):
    """It dies 5 s after switches have connected, the first time once the network is ready."""
    dies = LATER.replace("every = ", "hub.sleep(5); import os; os._exit(7); every = ")
    (tmp_path / "dies.py").write_text(APP.read_text(encoding="utf-8") + dies, encoding="utf-8")
    own = ("--testbed", "uml", "--controller", tmp_path / "dies.py")
    one = LiveRun(tmp_path / "dies", scenario, *own)
    try:
        one.wait_until_it_says("] ready: ", 120)
        (one.folder / TOLD).touch()
        one.wait_until_it_says("the controller ended with code 7, another is started", 120)
        assert one.process.wait(240) == 3
        assert "the controller ended 4 times, at last with code 7" in one.complained()
    finally:
        one.close()
