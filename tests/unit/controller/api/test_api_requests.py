"""Attempts to get in without the token: each is refused, and none has any effect.

Every attempt asks for something that would change the network, or for all that is known of it; what
counts is that the controller was never asked. Whoever runs these tests as root also tries as
another user.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from control_socket import ApiProcess

NOBODY = 65534
DRAIN = "/v1/fibres/kunming-karachi/drain"
PATHS = ("/v1/status", "/v1/policies", "/metrics", "/openapi.json", "/", "/v1/nothing", "/docs")
type Attempt = Callable[[ApiProcess], bytes]


def request(
    *headers: str,
    method: str = "POST",
    path: str = DRAIN,
    host: str | None = "Host: 127.0.0.1",
    version: str = "1.1",
    body: str = "",
) -> bytes:
    lines = [f"{method} {path} HTTP/{version}", *([host] if host else []), *headers]
    lines += [f"Content-Length: {len(body)}"] if body else []
    return ("\r\n".join([*lines, "Connection: close", "", ""]) + body).encode("latin-1")


def bearer(api: ApiProcess) -> str:
    return f"Authorization: Bearer {api.token}"


def another_case(token: str) -> str:
    return token.swapcase()


ATTEMPTS: dict[str, Callable[[ApiProcess], bytes]] = {
    "no header": lambda _: request(),
    "an empty header": lambda _: request("Authorization:"),
    "the scheme alone": lambda _: request("Authorization: Bearer"),
    "an empty token": lambda _: request("Authorization: Bearer  "),
    "a wrong token": lambda _: request("Authorization: Bearer " + "A" * 43),
    "the first half of it": lambda api: request(f"Authorization: Bearer {api.token[:21]}"),
    "all of it but the last character": lambda api: request(
        f"Authorization: Bearer {api.token[:-1]}"
    ),
    "more than it": lambda api: request(f"Authorization: Bearer {api.token}A"),
    "it twice in one header": lambda api: request(f"Authorization: Bearer {api.token} {api.token}"),
    "in another case": lambda api: request(f"Authorization: Bearer {another_case(api.token)}"),
    "without a scheme": lambda api: request(f"Authorization: {api.token}"),
    "as Basic": lambda api: request(f"Authorization: Basic {api.token}"),
    "as Token": lambda api: request(f"Authorization: Token {api.token}"),
    "as a parameter of the scheme": lambda api: request(
        f'Authorization: Bearer token="{api.token}"'
    ),
    "in another header": lambda api: request(f"X-Authorization: Bearer {api.token}"),
    "in a proxy's header": lambda api: request(f"Proxy-Authorization: Bearer {api.token}"),
    "in the query": lambda api: request(path=f"{DRAIN}?access_token={api.token}"),
    "in the query, as a header": lambda api: request(
        path=f"{DRAIN}?Authorization=Bearer%20{api.token}"
    ),
    "in a cookie": lambda api: request(f"Cookie: Authorization=Bearer {api.token}"),
    "in the body": lambda api: request(
        "Content-Type: application/x-www-form-urlencoded", body=f"access_token={api.token}"
    ),
    "in the URL, as a user": lambda api: request(path=f"http://x:{api.token}@127.0.0.1{DRAIN}"),
    "two headers, a wrong one first": lambda api: request(
        "Authorization: Bearer wrong", bearer(api)
    ),
    "two headers, a wrong one last": lambda api: request(bearer(api), "Authorization: Bearer no"),
    "two headers with the same": lambda api: request(bearer(api), bearer(api)),
    "a header folded over two lines": lambda api: request(
        "Authorization: Bearer", f" {api.token}x"
    ),
    "with a NUL after it": lambda api: request(f"{bearer(api)}\0x"),
    "a page whose name points here": lambda api: request(bearer(api), host="Host: evil.example"),
    "a name that begins like ours": lambda api: request(
        bearer(api), host="Host: 127.0.0.1.evil.example"
    ),
    "a name that ends like ours": lambda api: request(
        bearer(api), host="Host: evil.example#127.0.0.1"
    ),
    "an address that is not ours": lambda api: request(bearer(api), host="Host: 10.0.0.1"),
    "any address": lambda api: request(bearer(api), host="Host: 0.0.0.0"),
    "two hosts": lambda api: request("Host: evil.example", bearer(api)),
    "an empty host": lambda api: request(bearer(api), host="Host:"),
    "HTTP/1.0 without a host": lambda api: request(bearer(api), host=None, version="1.0"),
    "HTTP/1.1 without a host": lambda api: request(bearer(api), host=None),
    "another host in a proxy's header, without token": lambda _: request(
        "X-Forwarded-Host: 127.0.0.1", "X-Forwarded-For: 127.0.0.1", "Forwarded: for=127.0.0.1"
    ),
    "from a page": lambda api: request(bearer(api), "Origin: http://evil.example"),
    "from a page without a name": lambda api: request(bearer(api), "Origin: null"),
    "from a page on another port": lambda api: request(bearer(api), "Origin: http://127.0.0.1:1"),
    "from a page on this port, without token": lambda api: request(f"Origin: {api.url}"),
    "a simple request of a page": lambda _: request(
        "Origin: http://evil.example", "Content-Type: text/plain", body="{}"
    ),
    "asking for leave first": lambda _: request(
        "Origin: http://evil.example",
        "Access-Control-Request-Method: POST",
        "Access-Control-Request-Headers: authorization",
        method="OPTIONS",
    ),
    "OPTIONS of all": lambda _: request(method="OPTIONS", path="*"),
    "HEAD": lambda _: request(method="HEAD", path="/v1/status"),
    "TRACE": lambda _: request(method="TRACE", path="/v1/status"),
    "CONNECT": lambda _: request(method="CONNECT", path="127.0.0.1:22"),
    "a custom method": lambda _: request(method="BREW"),
    "another method in a header": lambda _: request(
        "X-HTTP-Method-Override: POST", "X-Method-Override: POST", method="GET"
    ),
    "two slashes": lambda _: request(path=f"/{DRAIN}"),
    "dots": lambda _: request(path=f"/v1/..{DRAIN}"),
    "dots that are escaped": lambda _: request(path=f"/openapi.json/%2e%2e{DRAIN}"),
    "slashes that are escaped": lambda _: request(path=DRAIN.replace("/", "%2f")),
    "slashes escaped twice": lambda _: request(path=DRAIN.replace("/", "%252f")),
    "a NUL in the path": lambda _: request(path=f"{DRAIN}%00"),
    "a semicolon": lambda _: request(path=f"{DRAIN};x=/openapi.json"),
    "backslashes": lambda _: request(path=DRAIN.replace("/", "\\")),
    "the path in another case": lambda _: request(path=DRAIN.upper()),
    "a slash at the end": lambda _: request(path=f"{DRAIN}/"),
    "the whole URL as path": lambda api: request(path=f"{api.url}{DRAIN}"),
    "a path in a header": lambda _: request(
        f"X-Original-URL: {DRAIN}", f"X-Rewrite-URL: {DRAIN}", path="/"
    ),
    "a second request in the body of the first": lambda api: request(
        "Content-Type: text/plain", body=request(bearer(api)).decode("latin-1")
    ),
    "a length and chunks": lambda api: (
        request("Transfer-Encoding: chunked", "Content-Length: 5", body="")
        + b"0\r\n\r\n"
        + request()
    ),
    "a WebSocket": lambda _: request(
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        method="GET",
        path="/v1/events",
    ),
    "HTTP/2 from the start": lambda _: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no HTTP at all": lambda _: b'{"do": "drain", "fibre": "kunming-karachi"}\n\r\n\r\n',
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_it_is_turned_away_and_the_keeper_is_never_asked(reconciler, api, attempt):
    reconciler.asked.clear()
    answer = api.raw(ATTEMPTS[attempt](api))
    first = answer.split(b"\r\n", 1)[0]
    assert re.match(rb"HTTP/1.1 (400|401|403|421) ", first), answer
    assert reconciler.asked == []
    assert b"kunming" not in answer
    assert api.token.encode() not in answer
    assert b"access-control-allow" not in answer.lower()


def test_with_the_token_the_same_request_gets_in(reconciler, api):
    """Else the attempts would prove nothing."""
    reconciler.asked.clear()
    assert api.raw(request(bearer(api))).startswith(b"HTTP/1.1 200 ")
    assert api.raw(request(bearer(api), path=DRAIN.replace("drain", "restore")))
    assert reconciler.changes == ["drain", "restore"]


@pytest.mark.parametrize(
    "headers",
    [
        ("authorization: bearer {token}",),
        ("AUTHORIZATION: BEARER {token}",),
        ("Authorization: Bearer {token}", "Origin: http://127.0.0.1"),
    ],
)
def test_what_the_standards_leave_open_gets_in(api, headers):
    said = [one.format(token=api.token) for one in headers]
    answer = api.raw(request(*said, method="GET", path="/v1/status"))
    assert answer.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "localhost:1"])
def test_local_names_are_served(api, host):
    answer = api.raw(request(bearer(api), method="GET", path="/v1/status", host=f"Host: {host}"))
    assert answer.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS", "HEAD"])
def test_without_the_token_every_path_and_method_looks_alike(api, path, method):
    answer = api.raw(request(method=method, path=path))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 401 ")
    assert b'www-authenticate: Bearer realm="corridor"' in head
    assert b"allow:" not in head.lower()
    if method != "HEAD":
        assert body == api.raw(request()).partition(b"\r\n\r\n")[2]


def test_the_token_of_another_run_is_a_wrong_token(reconciler, api, tmp_path):
    with ApiProcess(reconciler.path, tmp_path / "token") as other:
        assert other.token != api.token
        reconciler.asked.clear()
        assert api.ask("POST", DRAIN, token=other.token).status == 401
        assert other.ask("POST", DRAIN, token=api.token).status == 401
        assert reconciler.asked == []


def test_nobody_listens_on_any_address_but_the_loopback_one(api):
    addresses = subprocess.run(
        ["ip", "-o", "-4", "addr", "show"], capture_output=True, text=True, check=True
    ).stdout
    others = [one for one in re.findall(r"inet ([0-9.]+)", addresses) if one != "127.0.0.1"]
    for address in (*others, "127.0.0.2"):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((address, api.port), timeout=5)
    with pytest.raises(OSError, match=r"refused|unavailable|assign|unreachable"):
        socket.create_connection(("::1", api.port), timeout=5)


def test_the_address_cannot_be_chosen(reconciler, tmp_path):
    done = subprocess.run(
        [
            *(sys.executable, "-m", "corridor.controller.api", "--control", str(reconciler.path)),
            *("--token-file", str(tmp_path / "token"), "--host", "0.0.0.0"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "unrecognized arguments" in done.stderr


@pytest.fixture
def reachable(api) -> Iterator[Path]:
    """The token file where nothing but its own mode stands between it and another user."""
    folders = [one for one in api.token_file.parents if one.stat().st_uid == os.geteuid()]
    modes = [(one, one.stat().st_mode & 0o7777) for one in folders if one != Path("/")]
    for folder, mode in modes:
        folder.chmod(mode | 0o011)
    yield api.token_file
    for folder, mode in modes:
        folder.chmod(mode)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try as another user")
def test_another_user_cannot_read_the_token_file(reachable):
    def as_nobody() -> None:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)

    script = f"import os; os.stat({str(reachable)!r}); open({str(reachable)!r})"
    done = subprocess.run(
        ["/usr/bin/python3", "-c", script],
        preexec_fn=as_nobody,
        capture_output=True,
        text=True,
        cwd="/",
    )
    assert done.returncode == 1
    assert "PermissionError" in done.stderr
    assert "open(" in done.stderr, "it was kept from the folder, not from the file"


def test_nothing_that_is_told_names_the_token(reconciler, tmp_path):
    with ApiProcess(reconciler.path, tmp_path / "token") as made:
        token = made.token
        for one in ATTEMPTS.values():
            made.raw(one(made))
        made.ask("GET", "/v1/status")
        made.ask("PUT", "/v1/day", {"as_of": token})
        words = Path(f"/proc/{made.process.pid}/cmdline").read_bytes()
        code, said, complained = made.end()
    assert code == 0
    assert token not in said + complained
    assert b"corridor.controller.api" in words
    assert token.encode() not in words
