"""Files of a page, served without a token: exactly these, with headers that allow nothing else."""

import re

import pytest

from control_socket import ApiProcess

SERVED = """
import sys
from pathlib import Path
from corridor.controller.api.process import Application, run

def application(link):
    from corridor.controller.api.app import make_app
    from corridor.controller.api.guard import Page, Pages
    pages = {"/": Page("text/html", b"<p>hello"), "/app.js": Page("text/javascript", b"1")}
    return Application(Pages(make_app(link), pages), open_to_all=pages)

_, _, control, _, token = sys.argv
sys.exit(run(Path(control), Path(token), 0, application))
"""
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}
OTHERS = (
    *("//", "/.", "/./", "/app.js/", "/app.js/..", "/%61pp.js", "/app%2ejs", "/APP.JS", "/app.jsx"),
    *("/../app.js", "/v1/../app.js", "/%2e%2e/app.js", "/app.js%00", "/app.js;x", "/\\app.js"),
    *("/..%2f..%2fetc/passwd", "/../../etc/passwd", "/v1/status", "/favicon.ico", "/index.html"),
    *("http://127.0.0.1/app.js/x", "*", "/app.js#x/../v1/status"),
)


@pytest.fixture(scope="module")
def served(reconciler, tmp_path_factory):
    token = tmp_path_factory.mktemp("page") / "token"
    with ApiProcess(reconciler.path, token, program=("-c", SERVED)) as made:
        yield made


def asked(served, path, method="GET", host="127.0.0.1", *more):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *more, "Connection: close", "", ""]
    return served.raw("\r\n".join(lines).encode("latin-1"))


@pytest.mark.parametrize(("path", "body"), [("/", "<p>hello"), ("/app.js", "1"), ("/?x=1", None)])
def test_a_file_is_served_to_anybody_here_under_headers_that_allow_it_nothing_else(
    served, path, body
):
    head, _, text = asked(served, path).decode().partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 200 ")
    assert body is None or text == body
    said = dict(line.lower().split(": ", 1) for line in head.splitlines()[1:])
    assert {name: said.get(name) for name in HEADERS} == HEADERS
    assert "access-control-allow-origin" not in said


@pytest.mark.parametrize("path", OTHERS)
def test_any_other_path_needs_the_token_however_it_is_written(reconciler, served, path):
    reconciler.asked.clear()
    assert re.match(rb"HTTP/1.1 (400|401) ", asked(served, path)), path
    assert reconciler.asked == []


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "OPTIONS", "DELETE"])
def test_any_other_method_needs_it_too(served, method):
    assert asked(served, "/", method).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", ""])
def test_a_name_that_was_pointed_here_gets_no_page(served, host):
    answer = asked(served, "/", "GET", host)
    assert re.match(rb"HTTP/1.1 (400|421) ", answer)
    assert b"hello" not in answer


def test_a_page_of_another_origin_gets_no_file(served):
    answer = asked(served, "/app.js", "GET", "127.0.0.1", "Origin: http://evil.example")
    assert answer.startswith(b"HTTP/1.1 403 ")


def test_with_the_token_all_else_is_the_api(served):
    assert served.ask("GET", "/v1/status").status == 200
    assert served.ask("GET", "/nothing").status == 404
    assert served.ask("POST", "/app.js").status == 404
