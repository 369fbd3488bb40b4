"""``corridor up``: what it refuses before anything is built, how it ends, what it tells."""

import json
import os
import signal
import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest

from corridor.experiments import cli
from corridor.experiments.lab.proof import controllers_proof
from corridor.experiments.live_network import api_process, session, up
from corridor.experiments.live_network.api_process import ApiProcess, Restarted
from corridor.experiments.live_network.setting import live_wiring
from corridor.experiments.live_network.status_text import ProgressPrinter, told
from corridor.experiments.live_network.up import bfd_interval_ms, ended_by_signals, interfaces
from corridor.experiments.machines.kernel import Kernel
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.testbeds import native
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.model.line import Line

KERNEL = Kernel(Path("/kernels/linux"), "7.3.4-1", "abc", virtual_clock=True, seccomp=True)


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "state/corridor/live"


def corridor(*words):
    try:
        return cli.main(["up", *words])
    except SystemExit as left:
        return left.code


def no_guest(*_arguments):
    raise AssertionError("a network was about to be built")


@pytest.fixture
def nothing_built(monkeypatch):
    monkeypatch.setattr(up, "in_a_guest", no_guest)
    monkeypatch.setattr(up, "here", no_guest)


@pytest.fixture
def taken_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["mniii"], 'no scenario is called "mniii"'),
        (["mini", "--name", "My Net"], 'a live network cannot be called "My Net"'),
        (["mini", "--policies", "pan-asi"], "pan-asi"),
        (["mini", "--as-of", "soon"], "is not a day"),
        (["mini", "--port", "70000"], "a port is between 1 and 65535"),
        (["mini", "--port", "http"], "is not a whole number"),
        (["mini", "--clock", "virtual"], "unrecognized arguments: --clock virtual"),
        (["mini", "--out", "full"], "the result folder is not empty"),
    ],
)
def test_bad_input_is_one_clear_line_and_leaves_nothing(
    words, says, tmp_path, state, nothing_built, capsys
):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    assert corridor(*words) == 2
    said = capsys.readouterr().err
    assert says in said
    assert "Traceback" not in said
    assert sorted(path.name for path in tmp_path.iterdir()) in (["full"], ["full", "state"])
    assert not state.exists() or list(state.iterdir()) == []


def test_a_port_that_is_taken_is_told_before_anything_is_built(
    taken_port, state, nothing_built, capsys
):
    assert corridor("mini", "--port", str(taken_port)) == 2
    said = capsys.readouterr().err
    assert f"port {taken_port} of 127.0.0.1: Address already in use" in said
    assert not state.exists()


def test_a_name_that_is_kept_already_is_refused_and_that_network_left_alone(
    state, nothing_built, capsys, monkeypatch
):
    one = session.session_of_this_process(
        "mini",
        url="http://127.0.0.1:1",
        token_file=state / "mini" / "token",
        scenario="mini",
        testbed="uml",
        clock="real",
    )
    parent = os.getppid()
    other = replace(one, pid=parent, pid_started=session._started(parent))
    session.write(other)
    assert corridor("mini") == 2
    assert f'a network "mini" is up already, by process {parent}' in capsys.readouterr().err
    assert session.find("mini") == other


def test_what_networks_left_that_were_killed_is_removed_and_no_other(state):
    one = session.session_of_this_process(
        "alive", url="x", token_file=state / "t", scenario="mini", testbed="uml", clock="real"
    )
    session.write(one)
    session.write(replace(one, name="dead", pid_started="another boot"))
    (state / "dead" / "token").touch()
    (state / "starting").mkdir()
    assert session.remove_dead() == ("dead",)
    assert sorted(path.name for path in state.iterdir()) == ["alive", "starting"]


def test_clean_removes_the_session_of_a_network_that_was_killed(state, capsys, monkeypatch):
    monkeypatch.setattr(native, "leftovers", list)
    monkeypatch.setattr("corridor.topologies.base.scratch.remove_dead", list)
    monkeypatch.setenv("XDG_CACHE_HOME", str(state.parent / "cache"))
    one = session.session_of_this_process(
        "dead", url="x", token_file=state / "t", scenario="mini", testbed="uml", clock="real"
    )
    session.write(replace(one, pid_started="another boot"))
    assert cli.main(["clean"]) == 0
    assert capsys.readouterr().out == "removed the session of the live network dead\n"
    assert list(state.iterdir()) == []


def test_without_root_there_is_no_native_testbed(tmp_path, nothing_built, capsys, monkeypatch):
    facts = replace(up.probe(), root=False)
    monkeypatch.setattr(up, "probe", lambda: facts)
    assert corridor("mini", "--testbed", "native") == 3
    assert "the native testbed cannot run here: not root" in capsys.readouterr().err
    assert not any((tmp_path / "results").iterdir())


def test_another_native_network_holds_the_machine(tmp_path, monkeypatch):
    monkeypatch.setattr(native, "STATE", tmp_path / "run")
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "wiring.json").write_text('{"run_id": "c123"}')
    with (
        native._lock(),
        pytest.raises(EnvironmentUnsupported, match="another native run holds this machine"),
        native.keeping_natively(tmp_path, tmp_path),
    ):
        pass


def test_the_first_signal_asks_for_the_end_and_the_second_does_what_it_always_did():
    asked = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with ended_by_signals(lambda: asked.append("stop")) as caught:
            signal.raise_signal(signal.SIGINT)
            assert (asked, caught) == (["stop"], [signal.SIGINT])
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_signal_that_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with ended_by_signals(no_guest) as caught:
            signal.raise_signal(signal.SIGINT)
        assert caught == []
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("scenario", "kernel", "interval_ms"),
    [("mini", KERNEL, None), ("sovereignty", None, 15), ("sovereignty", KERNEL, 1000)],
)
def test_bfd_is_as_asked_but_no_quicker_than_a_guest_can_hold(scenario, kernel, interval_ms):
    assert bfd_interval_ms(load_scenario(scenario), kernel) == interval_ms


def test_gateways_stand_where_the_map_has_some_and_where_policies_want_one(tmp_path):
    policies = {
        "name": "mine",
        "policies": [
            {
                "id": "P",
                "effect": "permit",
                "match": {},
                "hard": {"waypoints": [{"any_of": {"hubs": ["guian"]}, "then": "SEEN"}]},
            }
        ],
    }
    (tmp_path / "mine.yaml").write_text(json.dumps(policies))
    loaded = load_scenario("mini", policies=str(tmp_path / "mine.yaml"))
    with_gateway = [hub.hub for hub in live_wiring(loaded, "c0", 1).hubs if hub.gateway]
    assert with_gateway == ["shanghai", "guian", "kunming"]


def test_losses_are_the_scenarios_where_they_are_asked_for():
    loaded = load_scenario("mini")
    first = live_wiring(loaded, "c0", 1, {"shanghai-guian": Line(1000)}).fibres[0]
    assert (first.fibre, first.forward.loss_ppm) == ("shanghai-guian", 1000)
    assert live_wiring(loaded, "c0", 1).fibres[0].forward.loss_ppm == 0


def test_interfaces_are_listed_by_fibre_and_hub():
    lines = interfaces(live_wiring(load_scenario("mini"), "c7", 1)).splitlines()
    assert lines[:2] == ["c7s1p2  shanghai-guian  at shanghai", "c7s2p2  shanghai-guian  at guian"]
    assert len(lines) == 14


class Api:
    """A process in the place of the API that does what a test says."""

    def __init__(self, folder, monkeypatch, does):
        package = folder / "code/corridor/controller/api"
        package.mkdir(parents=True)
        for one in (package, package.parent, package.parent.parent):
            (one / "__init__.py").touch()
        start = "import json, os, signal, sys, time\n"
        start += "ready = {'url': 'http://x:8080', 'pid': os.getpid()}\n"
        (package / "__main__.py").write_text(start + does)
        monkeypatch.setattr(api_process, "IMPORT_ROOT", folder / "code")
        self.log = folder / "api.log"

    def start(self):
        return ApiProcess(Path("c"), Path("t"), None, self.log)


def test_an_api_that_cannot_start_says_why(tmp_path, monkeypatch):
    does = "print(json.dumps({'failed': {'reason': 'no port'}})); sys.exit(3)"
    with pytest.raises(EnvironmentUnsupported, match="no API of the network: no port"):
        Api(tmp_path, monkeypatch, does).start()


def test_an_api_that_breaks_tells_its_last_words(tmp_path, monkeypatch):
    with pytest.raises(EnvironmentUnsupported, match="it ended with code 1: NameError"):
        Api(tmp_path, monkeypatch, "unknown").start()


def in_time(what):
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


STAYS = "print(json.dumps({'ready': ready}), flush=True); time.sleep(100)"


def test_a_network_outlives_its_api_which_is_started_again_at_its_port(tmp_path, monkeypatch):
    monkeypatch.setattr(api_process, "RESTART_S", 0.01)
    made = Api(tmp_path, monkeypatch, STAYS)
    processes, ports, said, lost = [], [], [], []

    def start(port):
        ports.append(port)
        processes.append(made.start())
        return processes[-1]

    api = Restarted(start, "the API", None, said.append, lambda: lost.append(True))
    made.log.write_text("INFO an earlier request\n")
    processes[0]._process.kill()
    in_time(lambda: len(processes) == 2)
    assert ports == [None, 8080]
    assert said == ["the API is started again: signal 9 ended it"]
    api.close()
    assert processes[1].wait() == "signal 15 ended it"
    assert (len(processes), lost) == (2, [])


def test_an_api_that_dies_again_and_again_ends_its_network_with_the_reason(tmp_path, monkeypatch):
    monkeypatch.setattr(api_process, "RESTART_S", 0.01)
    made = Api(tmp_path, monkeypatch, STAYS.replace("time.sleep(100)", "sys.exit('broken')"))
    said, lost = [], []
    Restarted(lambda _: made.start(), "the API", None, said.append, lambda: lost.append(True))
    in_time(lambda: lost)
    assert len(said) == api_process.MOST_RESTARTS + 1
    last = "the API is gone: it died 6 times in 60 s, last: it ended with code 1: broken"
    assert said[-1] == last


def test_an_api_is_ended_with_the_network(tmp_path, monkeypatch):
    api = Api(tmp_path, monkeypatch, STAYS).start()
    assert api.url == "http://x:8080"
    api.close()
    assert api.wait() == f"signal {signal.SIGTERM} ended it"


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({"event": "switch", "hub": "guian", "connected": False}, "switch of guian went away"),
        (
            {"event": "failures", "links": ["a-b"], "srlgs": [], "hubs": ["x"], "gateways": []},
            "failed: fibre a-b, hub x",
        ),
        (
            {"event": "failures", "links": [], "srlgs": [], "hubs": [], "gateways": []},
            "no failures remain",
        ),
        (
            {"event": "update", "why": "day", "epoch": 1, "done_ms": {"flipped": 8.4, "over": 230},
             "entries": {"before": 3, "most": 7, "after": 5}},
            ("moved to epoch 1 (day): flipped after 8 ms, done after 230 ms; "
             "3 entries, 7 during the update, 5 now"),
        ),
        ({"event": "withdrawn", "demands": list("abcdefg")},
         "withdrawn at once: a, b, c, d, e and 2 more"),
        ({"event": "refused", "do": "set_policies", "reason": "it would break C5"},
         "refused set_policies: it would break C5"),
        (
            {"event": "repaired", "why": "audit", "foreign": {"x": ["f"]}, "missing": {}},
            "deviating tables were corrected (audit); 1 foreign",
        ),
        ({"event": "rates", "lacking": [{"said": "2Mbit do not fit"}, {"said": "3Mbit do not"}]},
         "committed rates: 2Mbit do not fit, 3Mbit do not"),
        ({"event": "rates", "lacking": []}, "committed rates fit again"),
        (
            {"event": "status", "demand": "ckpt", "status": "BLOCKED", "was": "UP", "hubs": [],
             "one_way_ns": None, "reason": "no path", "clause": "NO-EXPORT deny",
             "legal_ref": ["CN-1"]},
            "ckpt: UP -> BLOCKED: no path (NO-EXPORT deny; CN-1)",
        ),
        (
            {"event": "status", "demand": "one", "status": "UP", "was": "UP",
             "hubs": ["a", "b"], "one_way_ns": 18_000_000, "reason": "", "clause": ""},
            "one: UP, a > b, 18.000 ms one way",
        ),
        ({"event": "ready", "links": 7}, None),
        ({"event": "of tomorrow", "n": 3, "at_ns": 4, "what": "x"}, "of tomorrow: what x"),
        ({"event": "bare", "n": 3, "at_ns": 4}, "bare"),
    ],
)  # fmt: skip
def test_each_event_is_told_in_a_line(said, line):
    assert told(said) == line


def test_a_person_hears_of_trouble_at_once_and_of_the_rest_once_all_is_calm():
    lines, events = [], []
    teller = ProgressPrinter("mini", Path("results"), lines.append, events.append, started_s=100.0)

    def say(at_s, **event):
        teller({**event, "wall_s": at_s})

    def reconciler(at_s, **said):
        say(at_s, event="controller_event", said=said)

    say(101, event="phase", name="build")
    reconciler(102, event="switch", hub="guian", connected=True)
    reconciler(103, event="refused", do="boot", reason="it would break C5")
    say(104, event="phase", name="ready", demands={"UP": 12, "BLOCKED": 1})
    reconciler(105, event="switch", hub="guian", connected=False)
    reconciler(106, event="ready")
    say(107, event="restart", code=-9)
    say(108, event="phase", name="teardown")
    reconciler(109, event="switch", hub="guian", connected=False)
    say(110, event="phase", name="end")
    assert lines[:3] == [
        "[   1.0 s] building the network, installing and proving tables",
        "[   3.0 s] refused boot: it would break C5",
        "[   4.0 s] ready: 1 BLOCKED, 12 UP",
    ]
    assert "--network mini" in lines[3]
    assert lines[4:] == [
        "[   5.0 s] switch of guian went away",
        "[   7.0 s] the controller ended with code -9, another is started",
        "[   8.0 s] taking down",
    ]
    assert [event["wall_s"] for event in events] == list(range(1, 11))


def test_a_keepers_last_proof_has_the_form_of_any_other():
    said = {"of": "policies", "epoch": 1, "holds": True, "beside": {"a": 1}, "flipped": {"b": 2}}
    assert controllers_proof(said).to_json() == {
        "schema": 1,
        "of": "policies",
        "epoch": 1,
        "holds": True,
        "proofs": {"beside": {"a": 1}, "flipped": {"b": 2}},
    }
