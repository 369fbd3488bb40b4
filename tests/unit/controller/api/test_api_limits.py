"""What the API does not wait for, and how it starts and ends."""

import asyncio
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from functools import partial
from http.client import HTTPConnection
from pathlib import Path

import pytest
from fastapi import FastAPI

from control_socket import ApiProcess, SocketController
from corridor.controller.api.app import make_app
from corridor.controller.api.guard import MOST_BODY_BYTES
from corridor.controller.api.link import MOST_CHANGES, ControllerLink
from corridor.controller.api.process import MOST_CONNECTIONS

ROOT = Path(__file__).resolve().parents[4]
IMPATIENT = """
import sys
from corridor.controller.api import __main__, guard, link, process
guard.READ_S, link.ANSWER_S, link.CHANGE_S = 0.6, 0.8, 1.0
link.MOST_ANSWER_BYTES = 1 << 20
process.MARGIN_S = process.BoundedProtocol.deadline_s = 1.2
sys.exit(__main__.main())
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("limits")


@pytest.fixture(scope="module")
def both(place):
    """A controller, and an API with deadlines of around a second."""
    with (
        SocketController(place / "control.sock") as reconciler,
        ApiProcess(reconciler.path, place / "token", program=("-c", IMPATIENT)) as api,
    ):
        yield reconciler, api


@pytest.fixture
def reconciler(both):
    both[0].instead = None
    both[0].asked.clear()
    return both[0]


@pytest.fixture
def api(both):
    return both[1]


def head(api, *more, method="PUT", path="/v1/day"):
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {api.token}"]
    return ("\r\n".join([*lines, *more]) + "\r\n\r\n").encode()


def trickled(api, beginning, piece, every_s=0.1, for_s=8):
    """Send a piece now and then until the server has enough; what it said, and after how long."""
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as link:
        link.sendall(beginning)
        link.settimeout(every_s)
        said = b""
        while time.monotonic() - start < for_s:
            try:
                more = link.recv(65536)
                if not more:
                    break
                said += more
            except TimeoutError:
                with suppress(OSError):
                    link.sendall(piece)
            except ConnectionError:
                break
    return said, time.monotonic() - start


def test_headers_that_trickle_in_are_hung_up_on(reconciler, api):
    said, took_s = trickled(api, b"GET /v1/status HTTP/1.1\r\nHost: 127.0.0.1\r\n", b"X-A: b\r\n")
    assert said == b""
    assert 0.5 < took_s < 5
    assert reconciler.asked == []


def test_a_connection_that_says_nothing_is_hung_up_on(api):
    said, took_s = trickled(api, b"", b"")
    assert said == b""
    assert took_s < 5


def test_a_body_that_trickles_in_is_told_so_and_hung_up_on(reconciler, api):
    said, took_s = trickled(api, head(api, "Content-Length: 1000"), b" ")
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b'"kind": "slow"' in said
    assert took_s < 5
    assert reconciler.asked == []


def test_a_body_that_trickles_in_without_a_token_is_not_waited_for(api):
    said, took_s = trickled(
        api, b"PUT /v1/day HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n", b" "
    )
    assert said.startswith(b"HTTP/1.1 401 ")
    assert took_s < 3


def test_a_request_whose_body_never_came_whole_is_not_carried_out(reconciler, api):
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as link:
        drain = "/v1/fibres/kunming-karachi/drain"
        link.sendall(head(api, "Content-Length: 1000", method="POST", path=drain) + b"{} ")
    for _ in range(3):
        assert api.ask("GET", "/v1/status").status == 200
    assert reconciler.changes == []


def test_a_second_request_on_a_connection_has_its_own_time(reconciler, api):
    link = HTTPConnection("127.0.0.1", api.port, timeout=10)
    link.connect()
    sock = link.sock
    for _ in range(4):
        link.request("GET", "/v1/status", headers={"Authorization": f"Bearer {api.token}"})
        response = link.getresponse()
        response.read()
        assert (response.status, link.sock is sock) == (200, True)
        time.sleep(0.5)
    link.close()
    assert len(reconciler.asked) == 4


@pytest.mark.parametrize("length", [MOST_BODY_BYTES + 1, 10**15])
def test_a_body_that_says_it_is_too_large_is_not_read(reconciler, api, length):
    said = api.raw(head(api, f"Content-Length: {length}"))
    assert said.startswith(b"HTTP/1.1 413 ")
    assert reconciler.asked == []


def test_a_body_that_grows_too_large_is_not_read_to_its_end(reconciler, api):
    piece = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    body = piece * (MOST_BODY_BYTES // 0x4000 + 8)
    said = api.raw(head(api, "Transfer-Encoding: chunked") + body)
    assert said.startswith(b"HTTP/1.1 413 ") or said == b""
    assert reconciler.asked == []
    assert api.ask("GET", "/v1/status").status == 200


def test_a_body_of_the_most_bytes_is_read(reconciler, api):
    body = b'{"as_of": "2026-11-24"}'.ljust(MOST_BODY_BYTES)
    wanted = (f"Content-Length: {len(body)}", "Content-Type: application/json")
    said = api.raw(head(api, *wanted, "Connection: close") + body)
    assert said.startswith(b"HTTP/1.1 200 ")


def test_headers_without_end_are_not_read(reconciler, api):
    said = api.raw(b"GET /v1/status HTTP/1.1\r\n" + b"X-A: b\r\n" * 20_000)
    assert said.startswith(b"HTTP/1.1 400 ") or said == b""
    assert reconciler.asked == []


def test_more_connections_than_there_may_be_are_hung_up_on_at_once(reconciler, tmp_path):
    with ApiProcess(reconciler.path, tmp_path / "token") as api, ExitStack() as stack:
        links = [
            stack.enter_context(socket.create_connection(("127.0.0.1", api.port), timeout=10))
            for _ in range(MOST_CONNECTIONS + 20)
        ]
        gone, _, _ = select.select(links, [], [], 5)
        assert 0 < len(gone) <= 20
        assert links[0] not in gone
        links[0].sendall(head(api, "Connection: close", method="GET", path="/v1/status"))
        assert links[0].recv(65536).startswith(b"HTTP/1.1 200 ")


def test_a_keeper_that_does_not_answer_is_504_in_time(reconciler, api):
    reconciler.instead = lambda _client, _line: time.sleep(6)
    for method, path, may_be in (("GET", "/v1/status", False), ("POST", "/v1/audit", True)):
        start = time.monotonic()
        reply = api.ask(method, path)
        assert (reply.status, reply.json["kind"]) == (504, "late")
        assert ("it may still be done" in reply.json["detail"]) == may_be
        assert time.monotonic() - start < 4


def test_a_keeper_that_says_late_itself_is_504(reconciler, api):
    reconciler.instead = lambda client, _: client.sendall(
        b'{"ok": false, "kind": "late", "reason": "not done in 120 s; it may still be"}\n'
    )
    assert api.ask("POST", "/v1/audit").status == 504


def test_reads_are_answered_while_changes_wait_and_too_many_changes_are_turned_away(
    reconciler, tmp_path
):
    held = threading.Event()

    def instead(client, line):
        if '"audit"' in line:
            held.wait(60)
        client.sendall((json.dumps(reconciler.control.answer(line)) + "\n").encode())

    reconciler.instead = instead
    with ApiProcess(reconciler.path, tmp_path / "token") as api:
        ask = partial(api.ask, "POST", "/v1/audit")
        waiting = [threading.Thread(target=ask) for _ in range(MOST_CHANGES)]
        for one in waiting:
            one.start()
        while len(reconciler.asked) < MOST_CHANGES:
            time.sleep(0.01)
        assert api.ask("GET", "/v1/status").status == 200
        crowded = ask()
        held.set()
        assert (crowded.status, crowded.json["kind"]) == (503, "crowded")
        assert int(crowded.headers["retry-after"]) > 0
        for one in waiting:
            one.join()


def test_a_keeper_that_is_not_there_yet_is_503_until_it_is(tmp_path):
    path = tmp_path / "control.sock"
    with ApiProcess(path, tmp_path / "token", program=("-c", IMPATIENT)) as api:
        reply = api.ask("GET", "/v1/status")
        assert (reply.status, reply.json["kind"]) == (503, "absent")
        assert int(reply.headers["retry-after"]) > 0
        with SocketController(path):
            assert api.ask("GET", "/v1/status").status == 200
        assert api.ask("GET", "/v1/status").status == 503
        path.touch()
        assert api.ask("GET", "/v1/status").status == 503


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"", 503),
        (b'{"ok": tr', 503),
        (b'{"ok": true}', 503),
        (b"\n", 500),
        (b"[]\n", 500),
        (b'"\xff"\n', 500),
        (b'"' + b"x" * (3 << 20), 500),
    ],
    ids=lambda said: repr(said)[:20],
)
def test_a_keeper_that_hangs_up_or_babbles_is_a_problem_and_no_more(reconciler, api, said, status):
    def instead(client, _line):
        client.sendall(said)
        client.shutdown(socket.SHUT_RDWR)

    reconciler.instead = instead
    reply = api.ask("GET", "/v1/status")
    assert (reply.status, reply.json["kind"]) == (status, "error" if status == 500 else "absent")
    assert "a defect" not in reply.json["detail"]
    reconciler.instead = None
    assert api.ask("GET", "/v1/status").status == 200


def test_an_answer_of_a_form_nobody_expects_is_a_defect_that_is_told(reconciler, api):
    reconciler.instead = lambda client, _: client.sendall(b'{"ok": true, "epoch": "high"}\n')
    reply = api.ask("GET", "/v1/status")
    assert (reply.status, reply.json["kind"]) == (500, "error")
    assert "ResponseValidationError" in reply.json["detail"]


def test_it_says_one_line_and_ends_well_by_sigterm(reconciler, tmp_path):
    with ApiProcess(reconciler.path, tmp_path / "token") as api:
        assert api.said == {"ready": {"url": api.url, "pid": api.process.pid}}
        assert api.url == f"http://127.0.0.1:{api.port}"
        assert api.ask("GET", "/v1/status").status == 200
        assert api.end() == (0, "", "")


def test_it_ends_by_sigterm_while_a_change_is_waited_for(reconciler, tmp_path):
    with ApiProcess(reconciler.path, tmp_path / "token") as api:
        reconciler.instead = lambda _client, _line: time.sleep(30)
        threading.Thread(target=_quietly, args=(api,), daemon=True).start()
        while not reconciler.asked:
            time.sleep(0.01)
        start = time.monotonic()
        assert api.end()[0] == 0
        assert time.monotonic() - start < 10


def _quietly(api):
    with suppress(Exception):
        api.ask("POST", "/v1/audit")


def test_a_port_may_be_chosen_and_one_that_is_taken_is_told(reconciler, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with ApiProcess(reconciler.path, tmp_path / "token", "--port", port) as api:
            assert api.process.wait(20) == 3
            assert "Address already in use" in api.said["failed"]["reason"]
    with ApiProcess(reconciler.path, tmp_path / "token", "--port", port) as api:
        assert api.url == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("port", ["70000", "-1"])
def test_a_port_that_is_none_is_told(reconciler, tmp_path, port):
    with ApiProcess(reconciler.path, tmp_path / "token", "--port", port) as api:
        assert api.process.wait(20) == 3
        assert f"port {port}" in api.said["failed"]["reason"]


def test_it_dies_with_its_parent_however_that_dies(reconciler, tmp_path):
    command = [
        *(sys.executable, "-m", "corridor.controller.api", "--control", str(reconciler.path)),
        *("--token-file", str(tmp_path / "token")),
    ]
    script = f"import subprocess, time; subprocess.Popen({command!r}); time.sleep(60)"
    parent = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    ready = json.loads(parent.stdout.readline())["ready"]
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 5
    while Path(f"/proc/{ready['pid']}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    stat = Path(f"/proc/{ready['pid']}/stat")
    outlived = stat.exists() and " Z " not in stat.read_text()
    if outlived:
        os.kill(ready["pid"], signal.SIGKILL)
    parent.stdout.close()
    assert not outlived


def test_it_imports_no_framework_of_controllers():
    script = (
        "import sys, corridor.controller.api.app, corridor.controller.api.process\n"
        "print([name for name in ('ryu', 'os_ken', 'eventlet', 'mininet') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_nothing_in_the_environment_has_it_tell_anybody_of_its_requests(monkeypatch, caplog):
    """FastAPI would look for an exporter when it starts, and complain that there is none."""
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")

    def complaints(app):
        orders = iter(({"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}))

        async def receive():
            return next(orders)

        async def send(_message):
            pass

        caplog.clear()
        asyncio.run(app({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send))
        return caplog.text

    assert "telemetry" in complaints(FastAPI())
    link = ControllerLink(Path("missing.sock"), answer_s=1, change_s=1)
    assert complaints(make_app(link)) == ""
