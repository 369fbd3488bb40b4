"""When the machinery breaks: one clear line, what was measured kept, nothing left running."""

import json
import os
import random
import re
import shlex
import signal
import subprocess
import time
from pathlib import Path

import pytest

from corridor.experiments.run.recover import recover
from corridor.traffic.measures import samples
from corridor_runs import SCENARIOS, WatchedRun, broken_copy, corridor, environment, run

pytestmark = [pytest.mark.guest, pytest.mark.usefixtures("virtual_kernel")]
VIRTUAL = ("--testbed", "uml", "--clock", "virtual")
LONG = SCENARIOS / "long.yaml"
PROBES_OF_LONG = 2 * 40_000
A_BUSY_MACHINES_PATIENCE_S = 90


@pytest.fixture
def watched(tmp_path):
    """Starts runs of the long scenario, or another, and ends what is left of them."""
    runs: list[WatchedRun] = []

    def start(*arguments, code: Path | None = None) -> WatchedRun:
        more = {} if code is None else {"code": code}
        place = tmp_path / f"run{len(runs)}"
        runs.append(WatchedRun(place, *(arguments or (LONG, *VIRTUAL)), **more))
        return runs[-1]

    yield start
    for one in runs:
        one.close()


def in_the_middle(one: WatchedRun) -> None:
    one.wait_until_it_says("measuring")
    deadline = time.monotonic() + 30
    while kept_probes(one.folder) < 500:
        assert one.process.poll() is None, one.complained()
        assert time.monotonic() < deadline, "no probe was written while measuring"
        time.sleep(0.05)


def kept_probes(folder: Path) -> int:
    return int(samples.join(samples.read_directory(folder / "raw"))["received"].sum())


def report(folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        corridor("report", folder, "--json", "--no-figures"),
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def one_line(text: str) -> str:
    lines = text.splitlines()
    assert len(lines) == 1, f"not one line: {text}"
    return lines[0]


def test_a_run_killed_at_any_moment_leaves_nothing_but_a_result_folder_that_can_be_read(watched):
    moments = random.Random(20261124)
    for delay_s in (second + moments.uniform(0.05, 1) for second in range(6)):
        one = watched()
        time.sleep(delay_s)
        one.kill()
        one.assert_nothing_is_left()
        if (one.folder / "events.jsonl").exists():
            summary = recover(one.folder).summary
            assert not summary.complete, f"killed after {delay_s:.2f} s"
            assert sum(demand.received for demand in summary.demands) < PROBES_OF_LONG


def test_a_run_killed_while_measuring_keeps_the_probes_it_had(watched):
    one = watched()
    in_the_middle(one)
    one.kill()
    one.assert_nothing_is_left()
    summary = json.loads(report(one.folder).stdout)
    kept = [demand["received"] for demand in summary["demands"]]
    assert all(0 < received < PROBES_OF_LONG // 2 for received in kept), kept
    assert not summary["complete"]


def test_with_the_real_clock_a_killed_run_leaves_nothing_either(watched):
    one = watched("mini", "--testbed", "uml", "--clock", "real")
    one.wait_until_it_says("installing")
    one.kill()
    one.assert_nothing_is_left()


def test_a_killed_guest_is_reported_in_one_line_and_its_probes_are_kept(watched):
    one = watched()
    in_the_middle(one)
    os.kill(one.guest(), signal.SIGKILL)
    assert one.process.wait(A_BUSY_MACHINES_PATIENCE_S) == 4
    line = one_line(one.complained())
    assert line.startswith("corridor: the guest ended before the run did (signal 9)"), line
    one.assert_nothing_is_left()
    summary = json.loads((one.folder / "summary.json").read_text())
    assert not summary["complete"]
    assert "signal 9" in summary["failure"]
    assert all(demand["received"] > 0 for demand in summary["demands"])


@pytest.mark.promise("a run that is ended keeps its samples and leaves no process")
def test_control_c_ends_the_run_with_130_and_keeps_its_probes(watched):
    one = watched()
    in_the_middle(one)
    os.killpg(one.process.pid, signal.SIGINT)
    assert one.process.wait(A_BUSY_MACHINES_PATIENCE_S) == 130
    assert one_line(one.complained()) == "corridor: interrupted"
    assert "answered probes are kept in" in one.said()
    one.assert_nothing_is_left()
    assert json.loads((one.folder / "summary.json").read_text())["complete"] is False


def test_a_request_to_terminate_is_obeyed_like_control_c(watched):
    one = watched()
    in_the_middle(one)
    os.kill(one.process.pid, signal.SIGTERM)
    assert one.process.wait(A_BUSY_MACHINES_PATIENCE_S) == 143
    assert one_line(one.complained()) == "corridor: terminated"
    one.assert_nothing_is_left()
    assert json.loads((one.folder / "summary.json").read_text())["complete"] is False


def test_a_run_that_fell_behind_badly_ends_with_4_and_keeps_all_it_measured(watched):
    one = watched("mini", "--testbed", "uml", "--clock", "real")
    one.wait_until_it_says("measuring")
    time.sleep(2)
    guest = one.guest()
    os.kill(guest, signal.SIGSTOP)
    time.sleep(3)
    os.kill(guest, signal.SIGCONT)
    assert one.process.wait(60) == 4
    line = one_line(one.complained())
    assert line.startswith("corridor: the measurement is not valid: the machine was too busy"), line
    summary = json.loads((one.folder / "summary.json").read_text())
    assert summary["complete"]
    assert all(demand["sent"] > 0 for demand in summary["demands"])
    assert "train-east-west" in one.said()


LOOKS_SELDOM = """
        for one in self._sockets:
            one.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        return {}

    def timed(self):
        class Seldom:
            def __init__(self, readable):
                self.readable = readable

            def start(self, epoch_ns):
                self.next_ns = epoch_ns
                return True

            def fire(self):
                for _ in range(50):
                    self.readable()
                self.next_ns += 50_000_000
                return 0

        return [Seldom(one.readable) for one in self._sockets]
"""


def test_probes_that_a_full_socket_dropped_are_not_the_networks_loss(tmp_path):
    """Reflectors with room for next to nothing, which look at it twenty times a second."""
    copy = broken_copy(
        tmp_path,
        "traffic/agents/reflector.py",
        "        return {one.sock.fileno(): one.readable for one in self._sockets}\n",
        LOOKS_SELDOM,
    )
    ran = run(tmp_path / "result", SCENARIOS / "timing.yaml", *VIRTUAL, code=copy)
    assert ran.code == 4
    line = one_line(ran.complained)
    assert re.search(r"lost \d+ packets, and up to \d+ of them not in the network", line), line
    health = json.loads((ran.folder / "raw/health.json").read_text())
    dropped = {host: one["requests"] for host, one in health["sockets"].items()}
    assert dropped["guian"] > 10
    assert any(
        f"packets found the socket of the agent at guian full ({dropped['guian']} requests" in said
        for said in ran.summary["warnings"]
    ), ran.summary["warnings"]


@pytest.mark.promise("a breakdown is one line that names its cause")
def test_a_controller_that_does_not_start_is_reported_with_its_last_word(tmp_path):
    copy = broken_copy(
        tmp_path,
        "controller/reconcile/app_main.py",
        "def main() -> int:\n",
        'def main() -> int:\n    raise RuntimeError("the framework is broken")\n',
    )
    ran = run(tmp_path / "result", "mini", *VIRTUAL, code=copy)
    assert ran.code == 3
    line = one_line(ran.complained)
    assert "the controller ended with code 1: RuntimeError: the framework is broken" in line
    assert "controller.log" in line


def test_a_controller_that_dies_while_it_installs_is_reported(tmp_path):
    copy = broken_copy(
        tmp_path,
        "controller/reconcile/static_app.py",
        "        self.installation.installed.add(dpid)\n",
        "        os._exit(9)\n",
    )
    ran = run(tmp_path / "result", "mini", *VIRTUAL, code=copy)
    assert ran.code == 3
    assert "the controller ended with code 9" in one_line(ran.complained)


def test_a_switch_that_refuses_an_entry_stops_the_run(tmp_path):
    copy = broken_copy(
        tmp_path,
        "controller/openflow/encoding.py",
        "flow.table, ofproto.OFPFC_ADD, 0, 0,",
        "flow.table, 77, 0, 0,",
    )
    ran = run(tmp_path / "result", "mini", *VIRTUAL, code=copy)
    assert ran.code == 3
    assert "refuses" in one_line(ran.complained)


def test_a_fibre_wired_to_the_wrong_port_stops_the_run(tmp_path):
    copy = broken_copy(
        tmp_path,
        "topologies/emulation/ovsdb_client.py",
        "append((end.interface, end.port))\n",
        "append((end.interface, {2: 3, 3: 2}.get(end.port, end.port)))\n",
    )
    ran = run(tmp_path / "result", "mini", *VIRTUAL, code=copy)
    assert ran.code == 3
    assert "wired other than declared" in one_line(ran.complained)


def test_an_agent_killed_while_measuring_invalidates_the_run_and_keeps_its_probes(tmp_path):
    copy = broken_copy(
        tmp_path,
        "traffic/agents/agent.py",
        "            due_ns = min(queue[0][0], self._end_ns) if queue else self._end_ns\n",
        "            due_ns = min(queue[0][0], self._end_ns) if queue else self._end_ns\n"
        "            self.turns = getattr(self, 'turns', 0) + 1\n"
        "            if self.turns == 600:\n"
        "                os.kill(os.getpid(), 9)\n",
    )
    ran = run(tmp_path / "result", LONG, *VIRTUAL, code=copy)
    assert ran.code == 4
    line = one_line(ran.complained)
    assert "traffic agents died while measuring: guian, karachi, shanghai" in line, line
    assert ran.summary["complete"] is False
    assert all(0 < demand["received"] < 1000 for demand in ran.summary["demands"])


def test_a_guest_that_never_sleeps_again_is_ended_and_its_probes_are_kept(watched, tmp_path):
    copy = broken_copy(
        tmp_path,
        "traffic/agents/agent.py",
        "            due_ns = min(queue[0][0], self._end_ns) if queue else self._end_ns\n",
        "            due_ns = min(queue[0][0], self._end_ns) if queue else self._end_ns\n"
        "            self.turns = getattr(self, 'turns', 0) + 1\n"
        "            while self.turns == 600:\n"
        "                pass\n",
    )
    one = watched(LONG, *VIRTUAL, "--patience", "0.2", code=copy)
    assert one.process.wait(100) == 4
    line = one_line(one.complained())
    assert line == (
        "corridor: the guest made no progress for 12 s and was ended; what was measured is kept"
    )
    one.assert_nothing_is_left()
    summary = json.loads((one.folder / "summary.json").read_text())
    assert summary["complete"] is False
    assert all(0 < demand["received"] < 1000 for demand in summary["demands"])


@pytest.mark.parametrize("room_kb", [60, 110, 400])
def test_a_full_disk_is_named_and_what_fitted_is_kept(tmp_path, room_kb):
    place = tmp_path / "small"
    place.mkdir()
    verb = shlex.join(corridor("run", LONG, *VIRTUAL, "--out", place / "result", "--no-figures"))
    script = (
        f"mount -t tmpfs -o size={room_kb}k tmpfs {shlex.quote(str(place))} && {verb}; code=$?; "
        f"ls {shlex.quote(str(place))}/result/raw >&3; exit $code"
    )
    listing = tmp_path / "listing"
    unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    ran = subprocess.run(
        [*unshare, "sh", "-c", f"exec 3>{shlex.quote(str(listing))}; {script}"],
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert ran.returncode == 4, ran.stdout + ran.stderr
    line = one_line(ran.stderr)
    assert "no space left" in line, line
    if room_kb > 100:
        assert "plan.json" in listing.read_text(), "what fitted was not kept"
