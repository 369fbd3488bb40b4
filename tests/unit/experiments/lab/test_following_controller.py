"""A controller that is started again and again, what it is taken to say, and what it writes."""

import json
import threading
from types import SimpleNamespace

import pytest

from corridor.experiments.account.run_files import ControllerEvents
from corridor.experiments.lab.event_driver import EventDriver
from corridor.experiments.lab.following_controller import FollowingController, in_one_piece
from corridor.experiments.scenario import day_event
from corridor.topologies.base.codec import to_plain
from corridor.topologies.base.errors import EnvironmentUnsupported
from reconciler_lab import wiring
from remembering_network import Net

READY = """
import json, os, socket, time
line = socket.socket(socket.AF_UNIX)
line.connect(os.environ["CORRIDOR_STATUS"])
line.sendall(json.dumps({"event": "ready", "pid": os.getpid()}).encode() + b"\\n")
time.sleep(60)
"""
WELL = {
    "status": {"ok": True, "installed": True, "unproven": "", "demands": {"UP": 2}},
    "topology": {"ok": True, "fibres": {"one": {"works": True}}, "hubs": {"h": {"gateway": None}}},
}


def following(folder, *command, wired=None):
    scratch = folder / "scratch"
    scratch.mkdir()
    return FollowingController(
        wired or wiring(),
        folder / "specification.json",
        "ryu",
        scratch,
        folder,
        patient=False,
        events=folder / "events.jsonl",
        command=command,
    )


def test_one_that_is_killed_before_it_is_heard_is_not_in_the_way_of_the_next(tmp_path):
    controller = following(tmp_path, "-c", READY)
    try:
        controller.start(tmp_path / "switches.sock")
        for _ in range(4):
            controller.kill()
            controller.start_again()
        started = controller.process
        controller.start_again()
        assert controller.process is started, "one runs already"
        assert controller.wait_ready() == {"pid": started.pid}
    finally:
        controller.close()
    assert started.returncode is not None


def test_one_that_ends_is_not_waited_for(tmp_path):
    controller = following(tmp_path, "-c", "print('no more'); raise SystemExit(7)")
    controller.start(tmp_path / "switches.sock")
    try:
        with pytest.raises(EnvironmentUnsupported, match="ended with code 7: no more"):
            controller.until(lambda: False, 30)
    finally:
        controller.close()


@pytest.mark.parametrize(
    ("where", "what"),
    [
        ("status", {"ok": False}),
        ("status", {"installed": False}),
        ("status", {"unproven": "an update"}),
        ("status", {"demands": {"UP": 1, "DOWN": 1}}),
        ("topology", {"fibres": {"one": {"works": False}}}),
        ("topology", {"hubs": {"h": {"gateway": False}}}),
    ],
)
def test_a_network_is_settled_when_nothing_is_amiss(tmp_path, monkeypatch, where, what):
    controller, said = following(tmp_path), dict(WELL)
    monkeypatch.setattr(controller, "ask", lambda do: said[do])
    assert controller.is_settled()
    said[where] = {**WELL[where], **what}
    assert not controller.is_settled()


def test_what_no_fibre_leads_to_may_be_down_in_a_settled_network(tmp_path, monkeypatch):
    whole = wiring()
    torn = SimpleNamespace(hubs=whole.hubs, fibres=())
    assert (in_one_piece(whole), in_one_piece(torn)) == (True, False)
    controller = following(tmp_path, wired=torn)
    said = {**WELL, "status": {**WELL["status"], "demands": {"DOWN": 1}}}
    monkeypatch.setattr(controller, "ask", lambda do: said[do])
    assert controller.is_settled()


def test_events_are_read_as_they_are_written_and_half_a_line_once_it_is_whole(tmp_path):
    path = tmp_path / "events.jsonl"
    events = ControllerEvents(path)
    assert events.so_far() == []
    path.write_text('{"event": "update", "n": 1}\n{"event": "sta')
    assert [one["n"] for one in events.so_far()] == [1]
    with path.open("a") as file:
        file.write('tus", "n": 2}\n{"event": "update", "n": 3}\n')
    assert [one["n"] for one in events.so_far()] == [1, 2, 3]
    assert [one["n"] for one in events.so_far("update")] == [1, 3]


def test_changes_that_several_threads_ask_for_get_their_own_answers():
    together = threading.Barrier(2, timeout=10)

    def answer(_do, *, as_of):
        together.wait()
        return {"ok": True, "as_of": as_of}

    driver = EventDriver(Net(wiring()), None, None, SimpleNamespace(ask=answer))
    made = {}

    def change(to):
        made[to] = driver.carry_out(day_event.SET, to, {})

    threads = [threading.Thread(target=change, args=(to,)) for to in ("2026-11-24", "2027-07-01")]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    for to, record in made.items():
        assert (record.what, record.answer["as_of"]) == (to, to)
    assert len(json.dumps(to_plain(driver.done))) > 0
