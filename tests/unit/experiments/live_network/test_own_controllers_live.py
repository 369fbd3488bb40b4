"""What a live network answers under a user-supplied controller."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from corridor.controller.forwarding.program import Flow, output
from corridor.controller.prover import tables_of
from corridor.controller.reconcile.event_log import EventLog
from corridor.experiments.lab.controller_process import OwnController
from corridor.experiments.live_network.own_controller import (
    NOT_OF_IT,
    OwnAnswers,
    OwnLiveController,
)
from corridor.experiments.live_network.setting import Setting
from corridor.experiments.live_network.status_text import told
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.codec import to_plain
from corridor.topologies.base.errors import CorridorError, EnvironmentUnsupported, PolicyFailure

LAW = """
name: law
policies:
- {id: MAY, effect: permit}
- {id: STAY, effect: restrict, hard: {confine: CN}}
"""
SCENARIO = """
schema: 1
name: one
topology: mini
demands:
- {id: train, class: ai_bulk, src: shanghai, dst: guian}
"""


class LiveTables:
    """Tables that a switch would report, and the events."""

    def __init__(self, folder: Path, more: str = "", **asked: str) -> None:
        (folder / "one.yaml").write_text(SCENARIO + more, encoding="utf-8")
        loaded = load_scenario(str(folder / "one.yaml"), **asked)
        plan = make_plan(loaded, clock="real", run_id="c0", seed=1)
        self.told: list[Any] = []
        self.dumps = 0
        self.held: dict[str, Any] = {
            part: {
                one.hub: to_plain(getattr(one, name))
                for one in tables_of(plan.program).switches.values()
            }
            for part, name in (("switches", "flows"), ("groups", "groups"), ("meters", "meters"))
        }
        self.held["schema"] = 3
        started = OwnLiveController(None, "ryu", folder, folder, patient=False)
        setting = Setting(specify(loaded), plan.wiring)
        answers = OwnAnswers("app.py", setting, EventLog(self.told.append))
        self.own = started.of(answers, "some.app", folder)

    def ask(self, do: str, **what: Any) -> Any:
        return json.loads(self.own.answers.answer(json.dumps({"do": do, **what}).encode()))


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LiveTables:
    return tells(LiveTables(tmp_path), monkeypatch)


def tells(made: LiveTables, monkeypatch: pytest.MonkeyPatch) -> LiveTables:
    def dump(_self: OwnController, target: Path) -> None:
        made.dumps += 1
        target.write_text(json.dumps(made.held), encoding="utf-8")

    monkeypatch.setattr(OwnController, "dump", dump)
    return made


def test_nothing_is_installed_before_tables_were_read(live: LiveTables) -> None:
    status = live.ask("status")
    assert (status["ok"], status["installed"], status["demands"]) == (True, False, {})
    assert status["unproven"]
    assert live.ask("proof")["proof"] == {}


def test_tables_that_hold_serve_every_demand_and_are_proven_once(live: LiveTables) -> None:
    live.own.look()
    live.own.look()
    assert [one["event"] for one in live.told] == ["judged", "status", "status"]
    assert live.ask("status")["demands"] == {"UP": 2}
    assert live.ask("proof")["proof"]["holds"]
    assert "14 properties verified, 0 violated" in told(live.told[0])


def test_tables_that_change_are_proven_again_and_never_told_as_holding(live: LiveTables) -> None:
    live.own.look()
    for hub in live.held["switches"]:
        live.held["switches"][hub] = []
    live.own.look()
    status = live.ask("status")
    assert status["unproven"] == "C9, C16, C17 violated"
    assert status["demands"] == {"UNKNOWN": 2}
    assert not live.ask("proof")["proof"]["holds"]


def test_a_switch_that_is_not_there_is_away_and_nothing_is_proven(live: LiveTables) -> None:
    del live.held["switches"]["guian"]
    live.own.look()
    assert live.ask("status")["away"] == ["guian"]
    assert not live.ask("topology")["hubs"]["guian"]["connected"]
    assert live.ask("status")["demands"] == {"UNKNOWN": 2}


def test_events_are_told_from_a_number_on(live: LiveTables) -> None:
    live.own.look()
    found = live.ask("events", since=1)
    assert [one["event"] for one in found["events"]] == ["status", "status"]
    assert live.ask("events", since=found["last"], wait_s=0.01)["events"] == []
    assert len(live.ask("events", since=3, of=1)["events"]) == 3


@pytest.mark.parametrize("do", sorted(NOT_OF_IT))
def test_what_only_the_products_controller_can_do_is_refused(live: LiveTables, do: str) -> None:
    found = live.ask(do)
    assert (found["ok"], found["kind"]) == (False, "refused")
    assert "app.py of yours controls this network" in found["reason"]


@pytest.mark.parametrize("line", [b"no json", b"[]", b'{"do": ["x"]}', b'{"do": "dance"}'])
def test_what_is_not_understood_is_said_to_be_so(live: LiveTables, line: bytes) -> None:
    assert json.loads(live.own.answers.answer(line))["kind"] == "bad"


def test_what_keeps_the_app_from_its_start_ends_the_wait_for_it(live: LiveTables) -> None:
    class Ended:
        def poll(self) -> int:
            return 1

    def ends() -> None:
        raise EnvironmentUnsupported("the controller ended with code 1")

    live.own.wait_ready = ends  # type: ignore[method-assign,assignment]
    live.own._watch(Ended())
    with pytest.raises(CorridorError, match="ended with code 1"):
        live.own.until(live.own.is_settled, 5)


def test_a_watch_ends_where_another_process_has_replaced_its_own(
    live: LiveTables,
) -> None:
    live.own.wait_ready = lambda: None  # type: ignore[method-assign,assignment,return-value]
    live.own._watch(object())
    assert live.ask("status")["installed"]
    assert live.dumps == 1, "the other has a separate line"


def test_who_ends_the_network_waits_no_longer_than_so_for_an_app_that_is_not_ready(
    live: LiveTables, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("corridor.experiments.live_network.own_controller.DUMP_S", 0.05)
    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(live.own._line_free.acquire).result()
        with pytest.raises(CorridorError, match="is not ready"):
            live.own.dump(tmp_path / "after.json")


def test_tables_under_which_packets_become_ever_more_are_refused_before_anything_is_told(
    live: LiveTables,
) -> None:
    flood = Flow(0, 99, (("eth_type", 0x0806),), (output(0xFFFFFFFB),), None, 0)
    for hub in live.held["switches"]:
        live.held["switches"][hub] = [to_plain(flood)]
    live.own.wait_ready = lambda: None  # type: ignore[method-assign,assignment,return-value]
    live.own._watch(live.own.process)
    assert not live.ask("status")["installed"]
    with pytest.raises(PolicyFailure, match="would grow without limit"):
        live.own.until(live.own.is_settled, 5)


def test_tables_that_can_no_longer_be_read_are_no_longer_proven(
    live: LiveTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.own.look()

    def broken(_self: OwnController, _target: Path) -> None:
        raise ConnectionResetError("reset")

    monkeypatch.setattr(OwnController, "dump", broken)
    live.own.process = None
    assert not live.own._looks_again(None)
    assert live.ask("status")["unproven"] == "reset"
    assert live.ask("status")["demands"] == {"UNKNOWN": 2}
    assert not live.ask("proof")["proof"]["holds"]


def test_what_no_law_lets_pass_is_blocked_and_not_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "law.yaml").write_text(LAW, encoding="utf-8")
    abroad = "- {id: infer, class: infer, src: bangkok, dst: guian}\n"
    live = tells(LiveTables(tmp_path, abroad, policies=str(tmp_path / "law.yaml")), monkeypatch)
    live.own.look()
    served = {one["demand"]: one["status"] for one in live.ask("demands")["demands"]}
    assert (served["train"], served["infer"]) == ("UP", "BLOCKED")
