"""What commands find that is not a live network, or none any more, or not theirs."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import socketserver
import subprocess
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

import corridor
from control_socket import ApiProcess
from corridor.experiments import cli
from corridor.experiments.commands.list import GROUPS as PLUGIN_GROUPS
from corridor.experiments.live_network import client, session
from corridor.experiments.setup.plugins import GROUPS, registry_of
from corridor.topologies.base.registry import Registry

pytestmark = pytest.mark.usefixtures("kept")
OK = b"HTTP/1.1 200 OK\r\nServer: corridor\r\n"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "is not a live network"),
        (b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", "is not a live network"),
        (b"SSH-2.0-OpenSSH_10.0\r\n", "did not answer by HTTP"),
        (b"HTTP/1.1 200 OK\r\nServer: corridor\r\nContent-Length: 9\r\n\r\n{}", "hung up"),
        (b"", "hung up"),
        (
            OK + b"Content-Length: 400000\r\n\r\n" + b"[" * 400_000,
            "something other than JSON of this version",
        ),
        (OK + b"Content-Length: 2\r\n\r\n[]", "answered something other than an object"),
        (OK + b"Content-Length: 2\r\n\r\n{}", 'answered without "'),
        (OK + b"Content-Length: 1\r\n\r\n\xff", "something other than JSON of this version"),
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
    monkeypatch.setattr(client, "patient", float)
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
        (("--url", "http://127.0.0.1:1", "--token-file", "TOKEN"), 3, "no process listens at"),
        (("--url", "http://evil.example:80", "--token-file", "TOKEN"), 2, "is not an address"),
        (("--url", "https://127.0.0.1:1", "--token-file", "TOKEN"), 2, "is not an address"),
        (
            ("--url", "http://127.0.0.1:1@evil.example", "--token-file", "TOKEN"),
            2,
            "not an address",
        ),
        (("--url", "http://127.0.0.1:1/v1", "--token-file", "TOKEN"), 2, "is not an address"),
        (("--url", "http://127.0.0.1", "--token-file", "TOKEN"), 2, "is not an address"),
        (("--url", "http://127.0.0.1:x", "--token-file", "TOKEN"), 2, "is not an address"),
        (("--url", "file:///etc/passwd", "--token-file", "TOKEN"), 2, "is not an address"),
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
    with ApiProcess(tmp_path / "missing.sock", tmp_path / "token") as alone:
        code, said, complained = corridor(
            "status", "--url", alone.url, "--token-file", str(alone.token_file)
        )
    assert (code, said, complained.count("\n")) == (3, "", 1)
    assert "cannot reach the controller" in complained
    assert "a controller that died is restarted" in complained


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
"""A separate process: code that patches threads for a controller may be in this one."""


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


# No command executes code of a scenario without a line that names the file.

ROOT = Path(__file__).resolve().parents[4]


def test_code_of_a_scenario_is_named_before_it_runs(tmp_path):
    (tmp_path / "mine.py").write_text((ROOT / "examples" / "own_objective.py").read_text())
    text = (ROOT / "examples" / "own_objective.yaml").read_text()
    (tmp_path / "own.yaml").write_text(text.replace("own_objective.py\n", "mine.py\n"))
    for verb in (["check"], ["explain"]):
        words = [sys.executable, "-m", "corridor.experiments.cli", *verb]
        words += ["training"] * (verb == ["explain"])
        done = subprocess.run(
            [*words, "own.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        said = [line for line in done.stderr.splitlines() if "mine.py" in line]
        assert len(said) == 1, done.stderr
        assert "running code of" in said[0]


# ``corridor plugins`` without any installed package, and the groups that it knows.

MADE = re.compile(r"^[A-Z]+ = Registry\b", re.MULTILINE)


def makes_a_registry(module: str) -> bool:
    return bool(MADE.search(Path(find_spec(module).origin).read_text(encoding="utf-8")))


def test_without_packages_it_says_so(capsys):
    assert cli.main(["plugins"]) == 0
    assert capsys.readouterr().out == "no installed package offers a kind\n"
    assert cli.main(["plugins", "clauses", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"schema": 1, "plugins": []}


def test_every_registry_of_kinds_is_a_group():
    names = [one.name for one in pkgutil.walk_packages(corridor.__path__, "corridor.")]
    found = {
        value.group
        for module in filter(makes_a_registry, names)
        for value in vars(importlib.import_module(module)).values()
        if isinstance(value, Registry)
    }
    assert found == {f"corridor.{group}" for group in GROUPS}
    assert tuple(GROUPS) == PLUGIN_GROUPS


def test_the_registry_of_each_group_has_its_kinds():
    for group in GROUPS:
        kinds = registry_of(group)
        assert isinstance(kinds, Registry)
        assert kinds.group == f"corridor.{'events' if group == 'faults' else group}"
