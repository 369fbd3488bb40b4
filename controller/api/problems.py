"""What goes wrong, as RFC 9457 has it: one kind for each, with its status."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

from corridor.topologies.base.codec import JsonObject

MEDIA_TYPE = "application/problem+json"
KINDS: Mapping[str, tuple[HTTPStatus, str]] = {
    # of the controller, see ``corridor.controller.reconcile.control``
    "bad": (HTTPStatus.UNPROCESSABLE_ENTITY, "The request says nothing that can be done"),
    "unknown": (HTTPStatus.NOT_FOUND, "Not found"),
    "refused": (HTTPStatus.CONFLICT, "It would violate a property, or has no tables"),
    "deferred": (HTTPStatus.CONFLICT, "A switch is away"),
    "busy": (HTTPStatus.SERVICE_UNAVAILABLE, "No verified tables are installed"),
    "failed": (HTTPStatus.BAD_GATEWAY, "A switch or a gateway did not follow its instructions"),
    "late": (HTTPStatus.GATEWAY_TIMEOUT, "The controller did not answer in time"),
    "error": (HTTPStatus.INTERNAL_SERVER_ERROR, "A defect"),
    # of this process
    "absent": (HTTPStatus.SERVICE_UNAVAILABLE, "The controller does not listen"),
    "crowded": (HTTPStatus.SERVICE_UNAVAILABLE, "Too many changes are waiting"),
    "malformed": (HTTPStatus.BAD_REQUEST, "This is not an HTTP request"),
    "unauthorized": (HTTPStatus.UNAUTHORIZED, "The token is missing or wrong"),
    "forbidden": (HTTPStatus.FORBIDDEN, "Pages of other origins may not ask"),
    "method": (HTTPStatus.METHOD_NOT_ALLOWED, "The method is not for this path"),
    "slow": (HTTPStatus.REQUEST_TIMEOUT, "The request took too long to come"),
    "large": (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large"),
    "misdirected": (HTTPStatus.MISDIRECTED_REQUEST, "This host is not served here"),
}
RETRY_AFTER_S = {"busy": 2, "absent": 2, "crowded": 5}


class Problem(Exception):
    """One of ``KINDS``, with what there is to say about it."""

    def __init__(self, kind: str, detail: str, **more: object) -> None:
        super().__init__(detail)
        self.kind = kind if kind in KINDS else "error"
        self.detail = detail
        self.more = more
        self.status = KINDS[self.kind][0].value

    def plain(self, instance: str = "") -> JsonObject:
        """``instance`` is the path that was asked for."""
        return {
            "type": f"urn:corridor:problem:{self.kind}",
            "title": KINDS[self.kind][1],
            "status": self.status,
            "detail": self.detail,
            "kind": self.kind,
            **({"instance": instance} if instance else {}),
            **self.more,
        }

    def body(self, instance: str = "") -> bytes:
        return json.dumps(self.plain(instance)).encode()

    @property
    def headers(self) -> dict[str, str]:
        found = {"content-type": MEDIA_TYPE}
        if self.kind in RETRY_AFTER_S:
            found["retry-after"] = str(RETRY_AFTER_S[self.kind])
        if self.kind == "unauthorized":
            found["www-authenticate"] = 'Bearer realm="corridor"'
        return found
