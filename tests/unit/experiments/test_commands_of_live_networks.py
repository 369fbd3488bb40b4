"""``corridor status``, ``policy``, ``drain``, ``restore``, ``events``, over the real API."""

import json
import os
import signal
import socketserver
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from control_socket import ApiProcess
from corridor.controller.deployment import deployments
from corridor.experiments import cli
from corridor.experiments.live_network import client, session
from corridor.experiments.live_network.status_table import network, one_demand
from reconciler_lab import CLASSES, NO_EXPORT, PERMITS, policies

ROOT = Path(__file__).resolve().parents[3]
FIBRE = "kunming-karachi"
BLOCKING = """\
name: closed
policies:
- {id: CLOSED, effect: deny, match: {}}
"""


OK = b"HTTP/1.1 200 OK\r\nServer: corridor\r\n"


@pytest.fixture(autouse=True)
def kept(api, reconciler, tmp_path, monkeypatch):
    """The network is the only one that is up, and is put back afterwards."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    noted = session.session_of_this_process(
        "lab",
        url=api.url,
        token_file=api.token_file,
        scenario="mini",
        testbed="uml",
        clock="real",
    )
    session.write(noted)
    yield
    reconciler.instead = None
    reconciler.lab.connect("bangkok")
    reconciler.lab.run(5)
    assert reconciler.lab.do("set_policies", policies=policies())["ok"]
    assert reconciler.lab.do("set_drained", fibre=FIBRE, drained=False)["ok"]


@pytest.fixture
def corridor(capsys):
    """What a command says, and with which exit code it ends."""

    def run(*words):
        code = cli.main(list(words))
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_status_gives_the_answer_first(corridor):
    code, said, _ = corridor("status")
    lines = said.splitlines()
    assert code == 0
    assert lines[0].startswith("epoch ")
    assert lines[0].endswith("policies lab as of 2026-11-24, all tables proven")
    assert lines[1].startswith("demands: 6 UP; updates: ")
    assert "train          UP      12.555 ms  shanghai > guian" in lines


def test_status_tells_of_what_is_out_of_order(reconciler, corridor):
    reconciler.lab.do("set_drained", fibre=FIBRE, drained=True)
    reconciler.lab.lose("bangkok")
    reconciler.lab.port("shanghai-guian", live=False)
    _, said, _ = corridor("status")
    reconciler.lab.connect("bangkok")
    reconciler.lab.port("shanghai-guian", live=True)
    assert f"\ndrained: {FIBRE}\n" in said
    assert "\nfailed: shanghai-guian\n" in said
    assert "\naway: bangkok\n" in said


def test_status_of_one_demand_and_of_one_that_is_not_there(corridor):
    code, said, _ = corridor("status", "ckpt.return")
    assert (code, said.splitlines()[0]) == (0, "ckpt.return")
    assert "  way        karachi > kunming > guian" in said.splitlines()
    code, said, complained = corridor("status", "nobody")
    assert (code, said) == (2, "")
    assert "no demand 'nobody'; there are train, train.return" in complained


@pytest.mark.parametrize("demand", ["../status", "a/b", "x?y", "%2e%2e", "x#y", "ä"])
def test_a_demand_of_any_name_leads_nowhere_else(corridor, demand):
    code, said, complained = corridor("status", demand)
    assert (code, said, complained.count("\n")) == (2, "", 1)


def test_status_for_programs(corridor):
    said = json.loads(corridor("status", "--json")[1])
    assert set(said) == {"status", "hubs", "fibres", "demands"}
    assert said["status"]["policies"] == "lab"
    assert json.loads(corridor("status", "train", "--json")[1])["hubs"] == ["shanghai", "guian"]


@pytest.mark.parametrize("width", [1, 40, 60, 80, 200])
def test_status_is_as_wide_as_the_terminal(reconciler, width):
    reconciler.lab.do("set_policies", policies=policies(NO_EXPORT))

    def said(do):
        return reconciler.control.answer(json.dumps({"do": do}))

    demands = said("demands")["demands"]
    text = network(said("status"), said("topology"), demands, width)
    for words in (text, *(one_demand(one, width) for one in demands)):
        assert max(map(len, words.splitlines())) <= max(width, 40)
    assert text.count("BLOCKED") == 3
    assert "NO-EXPORT deny" in text.replace("\n", " ")


def test_a_network_without_anything_says_so():
    status = {"installed": False, "unproven": "nothing is installed yet", "away": []}
    status |= {"deferred": "", "foreign": 0}
    text = network(status, {"fibres": {}, "hubs": {}}, [], 80)
    assert text.startswith("nothing is installed yet")


def test_policies_are_shown_in_lines_and_whole(corridor):
    _, said, _ = corridor("policy", "show")
    assert said.splitlines()[0] == "lab, as of 2026-11-24: no title"
    assert "  permit   EXPORT [CN-24-7b]" in said.splitlines()
    whole = json.loads(corridor("policy", "show", "--json")[1])
    assert [one["id"] for one in whole["policies"]] == ["HOME", "EXPORT", "FOREIGN"]


def test_a_shipped_set_is_put_in_force_and_its_epoch_and_time_are_told(reconciler, corridor):
    code, said, _ = corridor("policy", "set", "none")
    assert code == 0
    assert said.startswith("policies none: epoch ")
    assert "proven and flipped in " in said
    assert reconciler.lab.network.known.specification.policies.name == "none"
    assert {one.status for one in reconciler.lab.event_log.statuses.values()} == {"UP"}
    again = corridor("policy", "set", "none")[1]
    assert again.endswith(", no table had to be changed\n")


def test_a_file_and_a_day_are_put_in_force(reconciler, corridor, tmp_path):
    (tmp_path / "closed.yaml").write_text(BLOCKING)
    code, said, _ = corridor(
        "policy", "set", str(tmp_path / "closed.yaml"), "--as-of", "2026-11-25"
    )
    assert code == 0
    closed, day = said.splitlines()
    assert closed.startswith("policies closed: 6 demands dropped at once; epoch ")
    assert day.startswith("day 2026-11-25: epoch ")
    assert {one.status for one in reconciler.lab.event_log.statuses.values()} == {"BLOCKED"}
    shown = corridor("status")[1]
    assert "demands: 6 BLOCKED" in shown
    reconciler.lab.do(
        "set_day", as_of=reconciler.lab.network.known.specification.as_of.replace(day=24)
    )


def test_a_set_that_would_break_a_claim_is_refused_with_its_counterexample(
    reconciler, corridor, monkeypatch, tmp_path
):
    following = deployments.following

    def wrong(deployment, known, network):
        return deployments.replace(
            following(deployment, known, network), compiled=deployment.compiled
        )

    monkeypatch.setattr(deployments, "following", wrong)
    written = {"name": "other", "classes": CLASSES, "policies": [*PERMITS, NO_EXPORT]}
    (tmp_path / "other.yaml").write_text(json.dumps(written))
    code, said, complained = corridor("policy", "set", str(tmp_path / "other.yaml"))
    assert code == 1
    lines = said.splitlines()
    assert lines[0].startswith("C1 does not hold: ")
    assert any(line.startswith("clause: NO-EXPORT deny: ") for line in lines)
    assert any(line.startswith("packet: ") for line in lines)
    assert any(line.startswith("verdict: ") for line in lines)
    assert complained.startswith("corridor: it would break C1")
    assert complained.count("\n") == 1
    assert reconciler.lab.network.known.specification.policies == policies()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nine",), 'no policy set "nine"; did you mean "none"?'),
        (("./nowhere.yaml",), "no such file"),
        (("bad.yaml",), "bad.yaml:3: "),
        (("foreign.yaml",), 'is of unknown data class "home"'),
    ],
)
def test_a_set_that_is_none_is_bad_input_and_changes_nothing(
    reconciler, corridor, tmp_path, monkeypatch, words, says
):
    (tmp_path / "bad.yaml").write_text(BLOCKING.replace("deny", "denny"))
    asks = "{class: [other]}"
    foreign = BLOCKING.replace("{}}", f"{asks}}}")
    foreign += "classes: [{id: other, origin: CN, sensitivity: low, basis: none}]\n"
    (tmp_path / "foreign.yaml").write_text(foreign)
    monkeypatch.chdir(tmp_path)
    before = reconciler.lab.holds()
    code, said, complained = corridor("policy", "set", *words)
    assert (code, said, complained.count("\n")) == (2, "", 1)
    assert says in complained
    assert reconciler.lab.holds() == before


def test_a_set_may_name_hubs_that_only_the_kept_network_has(corridor, tmp_path, reconciler):
    closed = BLOCKING.replace("match: {}", "match: {src: {hubs: [shanghai, nowhere]}}")
    (tmp_path / "closed.yaml").write_text(closed)
    code, _, complained = corridor("policy", "set", str(tmp_path / "closed.yaml"))
    assert (code, 'no hub is called "nowhere"' in complained) == (2, True)

    def instead(client, line):
        answer = reconciler.control.answer(line)
        if "hubs" in answer:
            answer["hubs"]["nowhere"] = answer["hubs"]["guian"]
        client.sendall((json.dumps(answer) + "\n").encode())

    reconciler.instead = instead
    _, _, complained = corridor("policy", "set", str(tmp_path / "closed.yaml"))
    assert complained.startswith("corridor: policy set closed: policies[0].match.src.hubs[1]: ")


def test_a_fibre_is_drained_and_restored(reconciler, corridor):
    code, said, _ = corridor("drain", FIBRE)
    assert (code, said.startswith(f"{FIBRE} drained: epoch ")) == (0, True)
    assert reconciler.lab.network.known.drained == {FIBRE}
    code, said, _ = corridor("restore", FIBRE)
    assert (code, said.startswith(f"{FIBRE} restored: epoch ")) == (0, True)
    assert reconciler.lab.network.known.drained == frozenset()
    code, said, complained = corridor("drain", "nowhere")
    assert (code, said) == (2, "")
    assert complained.startswith("corridor: no fibre 'nowhere'; there are ")


def test_what_must_wait_for_a_switch_is_told_in_one_line(reconciler, corridor):
    reconciler.lab.lose("bangkok")
    code, said, complained = corridor("drain", FIBRE)
    assert (code, said) == (3, "")
    assert complained == (
        "corridor: not done: deferred until bangkok is back or given up; ask again when it is\n"
    )


@pytest.mark.parametrize(
    ("kind", "code", "says"),
    [
        ("busy", 3, "ask again in a moment"),
        ("failed", 3, "not done: because"),
        ("late", 3, "corridor status says whether it was done"),
        ("error", 3, "corridor: because"),
        ("bad", 2, "because"),
    ],
)
def test_every_no_of_the_keeper_is_one_line_and_a_code(reconciler, corridor, kind, code, says):
    no = json.dumps({"ok": False, "kind": kind, "reason": "because"}) + "\n"
    reconciler.instead = lambda client, _line: client.sendall(no.encode())
    got, said, complained = corridor("drain", FIBRE)
    assert (got, said, complained.count("\n")) == (code, "", 1)
    assert says in complained


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


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "is no live network"),
        (b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", "is no live network"),
        (b"SSH-2.0-OpenSSH_10.0\r\n", "did not answer by HTTP"),
        (b"HTTP/1.1 200 OK\r\nServer: corridor\r\nContent-Length: 9\r\n\r\n{}", "hung up"),
        (b"", "hung up"),
        (OK + b"Content-Length: 400000\r\n\r\n" + b"[" * 400_000, "no JSON of this version"),
        (OK + b"Content-Length: 2\r\n\r\n[]", "answered what is no object"),
        (OK + b"Content-Length: 2\r\n\r\n{}", 'answered without "'),
        (OK + b"Content-Length: 1\r\n\r\n\xff", "no JSON of this version"),
        (OK.replace(b"200", b"500") + b"Content-Length: 2\r\n\r\n[]", "OK"),
    ],
)
def test_what_listens_and_is_no_kept_network_is_told_in_one_line(corridor, tmp_path, answer, says):
    (tmp_path / "token").write_text("A" * 43 + "\n")
    with socketserver.TCPServer(("127.0.0.1", 0), stranger(answer)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        code, said, complained = corridor(
            "status", "--url", url, "--token-file", str(tmp_path / "token")
        )
        server.shutdown()
    assert (code, said, complained.count("\n")) == (3, "", 1)
    assert says in complained


@pytest.mark.parametrize(
    ("start", "more", "says"),
    [
        (OK + b"\r\n", b"[" * 2**14, "answered more than 1 MiB"),
        (OK + b"Content-Length: 99999\r\n\r\n", b"", "did not answer in 2 s"),
        (OK + b"Content-Length: 99999\r\n\r\n", b"{", "did not answer in 2 s"),
        (OK + b"X: ", b"y", "did not answer in 2 s"),
    ],
    ids=["endless", "silent", "dribbling", "dribbling head"],
)
def test_an_answer_without_end_is_not_waited_for(
    corridor, tmp_path, monkeypatch, start, more, says
):
    monkeypatch.setattr(client, "READ_S", 2.0)
    monkeypatch.setattr(client, "MOST_ANSWER_BYTES", 2**20)
    (tmp_path / "token").write_text("A" * 43 + "\n")
    code = [sys.executable, "-c", ENDLESS, start.hex(), more.hex()]
    with subprocess.Popen(code, stdout=subprocess.PIPE, text=True) as server:
        url = f"http://127.0.0.1:{int(server.stdout.readline())}"
        began_s = time.monotonic()
        got = corridor("status", "--url", url, "--token-file", str(tmp_path / "token"))
        took_s = time.monotonic() - began_s
        server.kill()
    assert (got[0], got[1], got[2].count("\n")) == (3, "", 1)
    assert says in got[2]
    assert took_s < 12


ENDLESS = """
import socket, sys, time
start, more = map(bytes.fromhex, sys.argv[1:])
with socket.create_server(("127.0.0.1", 0)) as listening:
    print(listening.getsockname()[1], flush=True)
    caller, _ = listening.accept()
    caller.recv(65536)
    caller.sendall(start)
    while True:
        caller.sendall(more)
        if len(more) < 2:
            time.sleep(0.2)
"""
"""Answers that never end, a lot or an octet at a time."""


def stranger(answer):
    class Unexpected(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.recv(65536)
            self.request.sendall(answer)

    return Unexpected


def test_a_wrong_token_is_one_line_that_does_not_name_it(api, corridor, tmp_path):
    (tmp_path / "other").write_text("B" * 43 + "\n")
    address = ("--url", api.url, "--token-file", str(tmp_path / "other"))
    code, said, complained = corridor("status", *address)
    assert (code, said, complained.count("\n")) == (2, "", 1)
    assert "is not that of the network at" in complained
    assert "B" * 43 not in complained
    assert corridor("status", "--url", api.url, "--token-file", str(api.token_file))[0] == 0


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--url", "http://127.0.0.1:1"), 2, "--url and --token-file go together"),
        (("--token-file", "x"), 2, "--url and --token-file go together"),
        (("--network", "none"), 2, 'no network "none" is up'),
        (("--url", "http://127.0.0.1:1", "--token-file", "nowhere"), 2, "nowhere: no such file"),
        (("--url", "http://127.0.0.1:1", "--token-file", "empty"), 2, "empty: holds no token"),
        (("--url", "http://127.0.0.1:1", "--token-file", "TOKEN"), 3, "nobody listens at"),
        (("--url", "http://evil.example:80", "--token-file", "TOKEN"), 2, "is no address"),
        (("--url", "https://127.0.0.1:1", "--token-file", "TOKEN"), 2, "is no address"),
        (("--url", "http://127.0.0.1:1@evil.example", "--token-file", "TOKEN"), 2, "no address"),
        (("--url", "http://127.0.0.1:1/v1", "--token-file", "TOKEN"), 2, "is no address"),
        (("--url", "http://127.0.0.1", "--token-file", "TOKEN"), 2, "is no address"),
        (("--url", "http://127.0.0.1:x", "--token-file", "TOKEN"), 2, "is no address"),
        (("--url", "file:///etc/passwd", "--token-file", "TOKEN"), 2, "is no address"),
    ],
)
def test_what_leads_to_no_network_is_one_line(
    api, corridor, tmp_path, monkeypatch, words, code, says
):
    (tmp_path / "empty").write_text("")
    monkeypatch.chdir(tmp_path)
    given = [str(api.token_file) if word == "TOKEN" else word for word in words]
    got, said, complained = corridor("status", *given)
    assert (got, said, complained.count("\n")) == (code, "", 1)
    assert says in complained


def test_a_network_that_is_not_kept_any_more_is_one_line(corridor):
    session.remove("lab")
    code, said, complained = corridor("status")
    assert (code, said) == (2, "")
    assert complained == ("corridor: no network is up; corridor up SCENARIO starts one\n")


def test_a_keeper_that_is_restarting_is_one_line(api, corridor, tmp_path):
    with ApiProcess(tmp_path / "nobody.sock", tmp_path / "token") as alone:
        code, said, complained = corridor(
            "status", "--url", alone.url, "--token-file", str(alone.token_file)
        )
    assert (code, said, complained.count("\n")) == (3, "", 1)
    assert "cannot reach the controller" in complained
    assert "a controller that died is started again" in complained


ELSEWHERE = """
import http.server, sys

class Elsewhere(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print("asked", flush=True)
        self.send_response(302)
        self.send_header("Location", sys.argv[1])
        self.end_headers()

    def log_message(self, *_):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Elsewhere)
print(server.server_port, flush=True)
server.serve_forever()
"""
"""A process of its own: what patches threads for a controller may be in this one."""


def test_the_token_is_sent_to_no_proxy_and_follows_no_redirect(api, corridor, monkeypatch):
    with subprocess.Popen(
        [sys.executable, "-c", ELSEWHERE, f"{api.url}/v1/status"], stdout=subprocess.PIPE, text=True
    ) as server:
        there = f"http://127.0.0.1:{int(server.stdout.readline())}"
        monkeypatch.setenv("http_proxy", there)
        monkeypatch.setenv("HTTP_PROXY", there)
        assert corridor("status")[0] == 0
        code, said, _ = corridor("status", "--url", there, "--token-file", str(api.token_file))
        server.terminate()
        asked = server.stdout.read().split()
    assert (code, said) == (3, "")
    assert asked == ["asked"]


def test_to_know_the_commands_no_library_is_imported():
    script = (
        "import sys\nfrom corridor.experiments.cli import build_parser\nbuild_parser()\n"
        "print([name for name in ('pydantic', 'fastapi', 'yaml') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
