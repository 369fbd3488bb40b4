"""A reconciler on a real Unix socket, with a test's switches; and the API process in front."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import queue
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from corridor.controller.intent.specification import Specification
from corridor.controller.openflow.deployments import DesiredState
from corridor.controller.reconcile.control import Control
from corridor.topologies.model.wiring import Wiring
from fake_switches import Lab
from reconciler_lab import specification, wiring

ROOT = Path(__file__).resolve().parents[3]
START_S = 30.0


class SocketController:
    """Answers as a controller does, one request at a time. ``asked`` are the requests so far."""

    def __init__(
        self, path: Path, of: Specification | None = None, wired: Wiring | None = None
    ) -> None:
        self.path = path
        self.lab = Lab(DesiredState(of or specification()), wired or wiring())
        self.lab.connect()
        self.lab.run(0.5)
        self.control = Control(self.lab.reconciler, self.lab.event_log, queue.Queue)
        self.control._have = self.lab.have
        self.asked: list[dict[str, Any]] = []
        self.instead: Any = None
        """Called with a connection and a line, instead of answering."""
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def __enter__(self) -> SocketController:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(self.path))
        self._socket.listen(64)
        threading.Thread(target=self._accept, args=(self._socket,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up for good; the socket's name is gone too."""
        if self._socket is not None:
            self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
            self._socket = None
            self.path.unlink()

    @property
    def changes(self) -> list[str]:
        """What was asked for that would change something."""
        wanted = ("policy", "day", "drain", "restore", "audit")
        return [one["do"] for one in self.asked if one["do"] in wanted]

    def _accept(self, server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = server.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError), client.makefile("r") as lines:
            for line in lines:
                self.asked.append(json.loads(line))
                if self.instead is not None:
                    self.instead(client, line)
                    continue
                client.sendall((json.dumps(self.answer(line)) + "\n").encode())

    def answer(self, line: str) -> Any:
        """One request at a time, as in a controller; one that waits for events blocks no other."""
        with contextlib.nullcontext() if "wait_s" in json.loads(line) else self._lock:
            return self.control.answer(line)


class ApiProcess:
    """``python -m corridor.controller.api``, as a user starts it, or a ``program`` like it."""

    def __init__(
        self,
        control: Path,
        token_file: Path,
        *more: str,
        program: tuple[str, ...] = ("-m", "corridor.controller.api"),
        environment: dict[str, str] | None = None,
    ) -> None:
        self.token_file = token_file
        self.process = subprocess.Popen(
            [
                *(sys.executable, *program),
                *("--control", str(control), "--token-file", str(token_file), *more),
            ],
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], START_S)
        assert readable, "it said nothing"
        self.said: dict[str, Any] = json.loads(self.process.stdout.readline() or "{}")
        self.url: str = self.said.get("ready", {}).get("url", "")
        if not self.said:
            raise AssertionError(self.process.communicate()[1])

    def __enter__(self) -> ApiProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def token(self) -> str:
        return self.token_file.read_text().strip()

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        timeout_s: float = 60,
        **headers: str,
    ) -> Reply:
        """One request with the token, its body as JSON."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        said = {"Authorization": f"Bearer {token or self.token}", **headers}
        content = None if body is None else json.dumps(body)
        if content is not None:
            said.setdefault("Content-Type", "application/json")
        try:
            link.request(method, path, content, said)
            response = link.getresponse()
            return Reply(response.status, dict(response.getheaders()), response.read().decode())
        finally:
            link.close()

    @contextlib.contextmanager
    def stream(self, query: str = "", timeout_s: float = 60, **headers: str) -> Iterator[Told]:
        """A stream that was begun, hung up on in the end."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        said = {"Authorization": f"Bearer {self.token}", **headers}
        try:
            link.request("GET", f"/v1/stream{query}", None, said)
            yield Told(link.getresponse())
        finally:
            link.close()

    def raw(self, request: bytes, timeout_s: float = 20) -> bytes:
        """Bytes as they are, and all that comes back until it hangs up."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout_s) as link:
            with suppress(OSError):
                link.sendall(request)
            answer = b""
            with suppress(ConnectionError):
                while more := link.recv(65536):
                    answer += more
            return answer

    def end(self) -> tuple[int, str, str]:
        """By SIGTERM: its exit code, and what else it said on both streams."""
        self.process.send_signal(signal.SIGTERM)
        said, complained = self.process.communicate(timeout=60)
        return self.process.returncode, said, complained


class Told:
    """Server-sent events as they come."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.response = response
        self.status = response.status

    def __iter__(self) -> Iterator[tuple[str, str, Any]]:
        """Of each its kind (empty for the controller's), its id, and what it says."""
        fields: dict[str, str] = {}
        for line in self.response:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if not value and "data" in fields:
                yield fields.get("event", ""), fields.get("id", ""), json.loads(fields["data"])
            fields = {**fields, name: value} if value else {}

    def events(self) -> Iterator[tuple[str, Any]]:
        """Those of the controller."""
        return ((place, said) for kind, place, said in self if not kind)


class Reply:
    """A status, headers by lower-case name, a body."""

    def __init__(self, status: int, headers: dict[str, str], text: str) -> None:
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.text = text

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    def __repr__(self) -> str:
        return f"{self.status} {self.text[:500]}"
