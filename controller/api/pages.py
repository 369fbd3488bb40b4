"""Files of a page that is served without a token: exactly these, and they hold no secret.

What a browser may do with them is stated in their headers: nothing from elsewhere, no script that
is not a file of these, no text that becomes markup, no frame around it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS: Mapping[str, str] = {
    "content-security-policy": POLICY,
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
}
"""Next to those that every answer has."""


class Page(NamedTuple):
    """One file."""

    media_type: str
    body: bytes


class Pages:
    """ASGI around ASGI: GET of a path in the table is answered here, all else by the other."""

    def __init__(self, app: ASGIApp, pages: Mapping[str, Page]) -> None:
        self._app = app
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        page = self._pages.get(scope["path"]) if scope["method"] == "GET" else None
        if page is None:
            await self._app(scope, receive, send)
            return
        said = {
            "content-type": f"{page.media_type}; charset=utf-8",
            "content-length": str(len(page.body)),
            **HEADERS,
        }
        headers = [(name.encode(), value.encode()) for name, value in said.items()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": page.body})
