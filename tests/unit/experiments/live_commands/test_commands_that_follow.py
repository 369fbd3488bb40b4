"""``corridor events``, and commands that go on until they are ended, over the real API."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("kept")
ROOT = Path(__file__).resolve().parents[4]
FIBRE = "kunming-karachi"


def test_events_are_told_a_line_each(reconciler, corridor):
    reconciler.lab.do("set_drained", fibre=FIBRE, drained=True)
    code, said, _ = corridor("events")
    lines = said.splitlines()
    assert code == 0
    assert lines[0].split(maxsplit=2)[2].startswith("switch of ")
    assert any(f"({FIBRE} drained)" in line for line in lines)
    numbers = [int(line.split()[1]) for line in lines]
    assert numbers == sorted(numbers)
    late = corridor("events", "--since", str(numbers[-2]), "--json")[1]
    assert [json.loads(line)["n"] for line in late.splitlines()] == [numbers[-1]]


def follow(place, *words):
    return subprocess.Popen(
        [sys.executable, "-m", "corridor.experiments.cli", *words],
        cwd=ROOT,
        env={**os.environ, "XDG_STATE_HOME": str(place)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("last", [1, 1000], ids=["fewer than before", "more than before"])
def test_events_are_followed_also_when_a_new_controller_counts_from_one(reconciler, tmp_path, last):
    """Even where none answers for a while."""
    reconciler.lab.do("set_drained", fibre=FIBRE, drained=True)
    process = follow(tmp_path, "events", "--follow", "--json", "--since", "3")
    seen = [json.loads(process.stdout.readline())]
    fresh = [{"event": "switch", "n": 1, "at_ns": 1, "hub": "guian", "connected": True}]
    answer = {"ok": True, "events": fresh, "last": last, "started_ns": 1}
    absent = {"ok": False, "kind": "busy", "reason": "there are others before it"}
    left = [absent, absent]

    def instead(client, line):
        since = json.loads(line)["since"]
        told = {**answer, "events": [one for one in fresh if one["n"] > since]}
        client.sendall((json.dumps(left.pop() if left else told) + "\n").encode())

    reconciler.instead = instead
    while seen[-1]["n"] != 1:
        seen.append(json.loads(process.stdout.readline()))
    assert not left
    process.send_signal(signal.SIGTERM)
    _, complained = process.communicate(timeout=20)
    assert seen[0]["n"] == 4
    assert seen[-1]["hub"] == "guian"
    assert (process.returncode, complained) == (143, "corridor: terminated\n")


def test_status_is_watched_until_it_is_ended(tmp_path):
    process = follow(tmp_path, "status", "--watch", "--json")
    rounds = [json.loads(process.stdout.readline()) for _ in range(2)]
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 143
    assert [one["status"]["policies"] for one in rounds] == ["lab", "lab"]


def test_status_is_watched_also_while_no_controller_answers(reconciler, tmp_path):
    process = follow(tmp_path, "status", "--watch", "--json")
    rounds = [json.loads(process.stdout.readline())]
    no = json.dumps({"ok": False, "kind": "busy", "reason": "because"}) + "\n"
    reconciler.instead = lambda client, _line: client.sendall(no.encode())
    while "problem" not in rounds[-1]:
        rounds.append(json.loads(process.stdout.readline()))
    reconciler.instead = None
    while "status" not in rounds[-1]:
        rounds.append(json.loads(process.stdout.readline()))
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 143
    assert "because" in next(one["problem"] for one in rounds if "problem" in one)
