"""Asks the API of a live network, and raises what went wrong as a failure of the command line."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corridor.controller.api import SERVER
from corridor.topologies.base.errors import (
    CorridorError,
    EnvironmentUnsupported,
    InputError,
    PolicyFailure,
)

HOSTS = ("127.0.0.1", "localhost")
READ_S = 30.0
CHANGE_S = 150.0
"""Longer than the API waits for its controller."""
MOST_TOKEN_BYTES = 512
DAY = "/v1/day"
AWAY = ("absent", "busy", "late")
NOT_DONE = ("deferred", "busy", "failed", "crowded")
"""Kinds of no after which it is certain; after others it may have been done."""


@dataclass
class Refused(PolicyFailure):
    """A change that would break a claim."""

    counterexamples: Sequence[Any] = field(default_factory=list)
    """As the API tells them."""


@dataclass
class ControllerAway(EnvironmentUnsupported):
    """The API is there, and its controller is not for now, or does not answer."""


class Api:
    """The network at ``url``, asked with the token in a file. Raises InputError if either is none.

    Every request raises InputError, Refused or EnvironmentLacking.
    """

    def __init__(self, url: str, token_file: Path) -> None:
        self.url = _checked(url)
        self._token_file = token_file
        self._token = _token(token_file)
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects())

    def get(self, path: str, **query: int) -> Any:
        asked = f"{path}?{urllib.parse.urlencode(query)}" if query else path
        return self._ask("GET", asked, None, READ_S)

    def put(self, path: str, body: Any) -> Any:
        return self._ask("PUT", path, body, CHANGE_S)

    def post(self, path: str) -> Any:
        return self._ask("POST", path, None, CHANGE_S)

    def _ask(self, method: str, path: str, body: Any, timeout_s: float) -> Any:
        request = urllib.request.Request(  # noqa: S310 - the scheme is checked
            self.url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
            method=method,
        )
        try:
            with self._opener.open(request, timeout=timeout_s) as answer:
                self._check(answer.headers["Server"])
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                self._check(error.headers["Server"])
                raise self._failure(error, path) from None
        except TimeoutError as error:
            raise self._silent(f"did not answer in {timeout_s:g} s") from error
        except urllib.error.URLError as error:
            if isinstance(error.reason, TimeoutError):
                raise self._silent(f"did not answer in {timeout_s:g} s") from error
            raise EnvironmentUnsupported(
                f"nobody listens at {self.url} ({error.reason})",
                "corridor up SCENARIO starts a network",
            ) from error
        except OSError as error:
            raise self._silent(f"hung up ({error.strerror or error})") from error
        except http.client.BadStatusLine as error:
            raise self._silent("did not answer by HTTP") from error
        except http.client.HTTPException as error:
            raise self._silent(f"hung up ({error})") from error
        except ValueError as error:
            raise self._silent("answered what is no JSON") from error

    def _check(self, server: str | None) -> None:
        if server != SERVER:
            raise EnvironmentUnsupported(
                f"what listens at {self.url} is no live network", "corridor status --help"
            )

    def _silent(self, how: str) -> EnvironmentUnsupported:
        return EnvironmentUnsupported(f"the network at {self.url} {how}", "see corridor events")

    def _failure(self, error: urllib.error.HTTPError, path: str) -> CorridorError:
        said = _problem(error)
        detail = str(said.get("detail") or error.reason)
        kind = str(said.get("kind"))
        if error.code == 401:
            return InputError(
                f"the token in {self._token_file} is not that of the network at {self.url}",
                "each live network has its own: give --network NAME, or its --token-file",
            )
        if kind == "refused":
            return Refused(detail, counterexamples=said.get("counterexamples", []))
        if error.code < 500 and kind != "deferred":
            return InputError(detail)
        if kind == "deferred" and path == DAY:
            return EnvironmentUnsupported(f"not done yet: {detail}", "it then happens by itself")
        raised = ControllerAway if kind in AWAY else EnvironmentUnsupported
        certain = "not done: " if kind in NOT_DONE else ""
        return raised(f"{certain}{detail}", _WAYS_OUT.get(kind, ""))


_WAYS_OUT = {
    "deferred": "ask again when it is",
    "busy": "ask again in a moment; corridor status says how it stands",
    "absent": "ask again in a moment: a controller that died is started again",
    "crowded": "ask again in a moment",
    "late": "corridor status says whether it was done",
}


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The token goes nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _checked(url: str) -> str:
    """Only this machine: the token would be read on the way to another."""
    try:
        parts = urllib.parse.urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    plain = f"http://{host}:{port}"
    if host not in HOSTS or port is None or url.rstrip("/") != plain:
        raise InputError(
            f'"{url}" is no address of a live network', "it is like http://127.0.0.1:8080"
        )
    return plain


def _token(path: Path) -> str:
    try:
        with path.open("rb") as file:
            text = file.read(MOST_TOKEN_BYTES)
    except OSError as error:
        raise InputError(
            f"cannot be read: {error.strerror}", "name the token file", file=str(path)
        ) from error
    token = text.strip()
    if not token or not token.isascii() or not token.decode().isprintable():
        raise InputError("holds no token", "name the token file", file=str(path))
    return token.decode()


def _problem(error: urllib.error.HTTPError) -> dict[str, Any]:
    try:
        said = json.load(error)
    except (ValueError, OSError):
        return {}
    return said if isinstance(said, dict) else {}
