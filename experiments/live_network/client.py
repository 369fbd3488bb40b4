"""Asks the API of a live network, and raises what went wrong as a failure of the command line."""

from __future__ import annotations

import http.client
import io
import json
import socket
import time
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from corridor.controller.api import SERVER
from corridor.topologies.base.bounded_file import Kind, parse_json, read_bytes
from corridor.topologies.base.errors import (
    CorridorError,
    EnvironmentUnsupported,
    InputError,
    PolicyFailure,
)
from corridor.topologies.base.slowness import patient

HOSTS = ("127.0.0.1", "localhost")
READ_S = 30.0
CHANGE_S = 150.0
"""Longer than the API waits for its controller."""
MOST_ANSWER_BYTES = 64 * 2**20
TOKEN = Kind(512, "name the token file")
DAY = "/v1/day"
AWAY = ("absent", "busy", "late")
NOT_DONE = ("deferred", "busy", "failed", "crowded")
"""Kinds of refusals after which nothing was done; after others it may have been done."""


@dataclass
class Refused(PolicyFailure):
    """A change that would break a claim."""

    counterexamples: Sequence[Any] = field(default_factory=list)
    """As the API tells them."""


@dataclass
class NotUnderstood(InputError):
    """A request that says nothing that can be done."""

    mistakes: Sequence[Any] = field(default_factory=list)
    """As the API tells them."""


@dataclass
class ControllerAway(EnvironmentUnsupported):
    """The API is there, and its controller is not for now, or does not answer."""


class Api:
    """The network at ``url``, asked with the token in a file. Raises InputError if either is none.

    Every request raises InputError, Refused or EnvironmentLacking.
    """

    def __init__(self, url: str, token_file: Path, network: str = "") -> None:
        """``network`` is its name, if it is known."""
        self.url = _checked(url)
        self.network = network
        self._token_file = token_file
        self._token = _token(token_file)

    def get(self, path: str, **query: int) -> Any:
        asked = f"{path}?{urllib.parse.urlencode(query)}" if query else path
        return self._ask("GET", asked, None, patient(READ_S))

    def put(self, path: str, body: Any) -> Any:
        return self._ask("PUT", path, body, patient(CHANGE_S))

    def post(self, path: str) -> Any:
        return self._ask("POST", path, None, patient(CHANGE_S))

    def _ask(self, method: str, path: str, body: Any, timeout_s: float) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        with self._reached(timeout_s) as line:
            try:
                line.request(method, path, data, headers)
                answer = line.getresponse()
                raw = _body(answer)
            except (OSError, http.client.HTTPException) as error:
                raise self._unheard(error, timeout_s) from error
        self._check(answer.getheader("Server"))
        if not 200 <= answer.status < 300:  # a redirect too: the token goes nowhere else
            raise self._failure(answer, raw, path)
        return self._understood(raw)

    def _reached(self, timeout_s: float) -> OneAnswer:
        """A connection for one answer, which has come within the time or never comes."""
        parts = urllib.parse.urlsplit(self.url)
        line = OneAnswer(parts.hostname or "", parts.port, timeout_s)
        try:
            line.connect()
        except TimeoutError as error:
            raise self._silent(f"did not answer in {timeout_s:g} s") from error
        except OSError as error:
            raise EnvironmentUnsupported(
                f"no process listens at {self.url} ({error})",
                "corridor up SCENARIO starts a network",
            ) from error
        return line

    def _unheard(
        self, error: OSError | http.client.HTTPException, timeout_s: float
    ) -> EnvironmentUnsupported:
        if isinstance(error, TimeoutError):
            return self._silent(f"did not answer in {timeout_s:g} s")
        if isinstance(error, OSError):
            return self._silent(f"hung up ({getattr(error, 'strerror', None) or error})")
        if isinstance(error, http.client.BadStatusLine):
            return self._silent("did not answer by HTTP")
        return self._silent(f"hung up ({error})")

    def _understood(self, raw: bytes) -> Any:
        if len(raw) > MOST_ANSWER_BYTES:
            raise self._silent(f"answered more than {MOST_ANSWER_BYTES // 2**20} MiB")
        try:
            said = parse_json(raw.decode(), self.url, objects=Said)
        except (UnicodeDecodeError, InputError) as error:
            raise self._silent("answered something other than JSON of this version") from error
        if not isinstance(said, dict):
            raise self._silent("answered something other than an object")
        return said

    def _check(self, server: str | None) -> None:
        if server != SERVER:
            raise EnvironmentUnsupported(
                f"what listens at {self.url} is not a live network", "corridor status --help"
            )

    def _silent(self, how: str) -> EnvironmentUnsupported:
        return EnvironmentUnsupported(f"the network at {self.url} {how}", "see corridor events")

    def _failure(self, answer: http.client.HTTPResponse, raw: bytes, path: str) -> CorridorError:
        said = _problem(raw)
        detail = str(said.get("detail") or answer.reason)
        kind = str(said.get("kind"))
        if answer.status == 401:
            return InputError(
                f"the token in {self._token_file} is not that of the network at {self.url}",
                "each live network has its own: give --network NAME, or its --token-file",
            )
        if kind == "refused":
            shown = said.get("counterexamples")
            return Refused(detail, counterexamples=shown if isinstance(shown, list) else [])
        if answer.status < 500 and kind != "deferred":
            told = said.get("mistakes")
            return NotUnderstood(detail, mistakes=told if isinstance(told, list) else [])
        if kind == "deferred" and path == DAY:
            return EnvironmentUnsupported(
                f"not done yet: {detail}", "it then happens automatically"
            )
        raised = ControllerAway if kind in AWAY else EnvironmentUnsupported
        certain = "not done: " if kind in NOT_DONE else ""
        return raised(f"{certain}{detail}", _ADVICE_OF.get(kind, ""))


_ADVICE_OF = {
    "deferred": "ask again when it is",
    "busy": "try again in a moment; corridor status prints its state",
    "absent": "try again in a moment: a controller that died is restarted",
    "crowded": "ask again in a moment",
    "late": "corridor status prints whether it was done",
}


class OneAnswer(http.client.HTTPConnection):
    """A connection whose answer must be there, to its last byte, in a time from its start."""

    def __init__(self, host: str, port: int | None, timeout_s: float) -> None:
        super().__init__(host, port, timeout=timeout_s)
        self._ends_s = time.monotonic() + timeout_s
        self._real: socket.socket | None = None

    def connect(self) -> None:
        super().connect()
        self._real = self.sock
        self.sock = _Until(self.sock, self._ends_s)

    def close(self) -> None:
        """Not yet: ``http.client`` does so before the answer is read."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._real is not None:
            self._real.close()


class _Until:
    """What ``http.client`` asks of a socket, until a time of the monotonic clock."""

    def __init__(self, real: socket.socket, ends_s: float) -> None:
        self._real, self._ends_s = real, ends_s

    def sendall(self, data: bytes) -> None:
        self._real.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Incoming(self._real, self._ends_s))


class _Incoming(io.RawIOBase):
    def __init__(self, real: socket.socket, ends_s: float) -> None:
        super().__init__()
        self._real, self._ends_s = real, ends_s

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        left_s = self._ends_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self._real.settimeout(left_s)
        return self._real.recv_into(buffer)


class Said(dict[str, object]):
    """An object of an answer; without a key, it is of another version, or not our network."""

    def __missing__(self, key: str) -> Any:
        raise EnvironmentUnsupported(
            f'the network answered without "{key}"', "use the version that keeps the network"
        )


def _body(answer: http.client.HTTPResponse) -> bytes:
    """The body, and of one that is too large a byte more than is taken."""
    raw = answer.read(MOST_ANSWER_BYTES + 1)
    if answer.length and len(raw) <= MOST_ANSWER_BYTES:
        raise http.client.IncompleteRead(raw, answer.length)
    return raw


def _checked(url: str) -> str:
    """Only this machine: the token could be read in transit to another."""
    try:
        parts = urllib.parse.urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    plain = f"http://{host}:{port}"
    if host not in HOSTS or port is None or url.rstrip("/") != plain:
        raise InputError(
            f'"{url}" is not an address of a live network', "it is like http://127.0.0.1:8080"
        )
    return plain


def _token(path: Path) -> str:
    text = read_bytes(path, TOKEN)
    token = text.strip()
    if not token or not token.isascii() or not token.decode().isprintable():
        raise InputError("holds no token", "name the token file", file=str(path))
    return token.decode()


def _problem(raw: bytes) -> dict[str, object]:
    try:
        said = parse_json(raw.decode(), "")
    except (UnicodeDecodeError, InputError):
        return {}
    return said if isinstance(said, dict) else {}
