"""Asks the controller, with a deadline, and turns its no into a problem, as RFC 9457 has it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

from corridor.topologies.base.codec import JsonObject
from corridor.topologies.base.json_lines import encode

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


MOST_ANSWER_BYTES = 64 << 20
ANSWER_S = 20.0
"""For what changes nothing."""
CHANGE_S = 125.0
"""A little more than the controller takes at most."""
MOST_READS, MOST_CHANGES = 8, 4


class ControllerLink:
    """A connection for each request. What changes something never waits for what only reads."""

    def __init__(self, control: Path, *, answer_s: float, change_s: float) -> None:
        self._control = control
        self._answer_s = answer_s
        self._change_s = change_s
        self._reads = asyncio.Semaphore(MOST_READS)
        self._changing = 0

    async def read(self, do: str, **more: object) -> JsonObject:
        """What the controller says; raises Problem."""
        try:
            async with asyncio.timeout(self._answer_s), self._reads:
                return _checked(await self._exchange(do, more))
        except TimeoutError:
            raise Problem("late", f"no answer in {self._answer_s:g} s") from None

    async def wait(self, wait_s: int, do: str, **more: object) -> JsonObject:
        """What the controller says once there is something, or the time is over; raises Problem.

        It takes no place of those that read."""
        try:
            async with asyncio.timeout(wait_s + self._answer_s):
                return _checked(await self._exchange(do, {**more, "wait_s": wait_s}))
        except TimeoutError:
            raise Problem("late", f"no answer in {wait_s + self._answer_s:g} s") from None

    async def change(self, do: str, **more: object) -> JsonObject:
        """The outcome of it; raises Problem."""
        if self._changing >= MOST_CHANGES:
            raise Problem("crowded", f"{self._changing} changes are waiting already")
        self._changing += 1
        try:
            async with asyncio.timeout(self._change_s):
                return _checked(await self._exchange(do, more))
        except TimeoutError:
            detail = f"no answer in {self._change_s:g} s; it may still be done"
            raise Problem("late", detail) from None
        finally:
            self._changing -= 1

    async def _exchange(self, do: str, more: JsonObject) -> JsonObject:
        try:
            reader, writer = await asyncio.open_unix_connection(
                self._control, limit=MOST_ANSWER_BYTES
            )
        except OSError as problem:
            raise Problem("absent", f"cannot reach the controller: {problem.strerror}") from problem
        try:
            writer.write(encode({"do": do, **more}))
            await writer.drain()
            return _read(await reader.readline())
        except OSError:
            raise _hung_up() from None
        except ValueError:
            raise Problem("error", "the controller's answer cannot be read") from None
        finally:
            writer.close()


def _read(line: bytes) -> JsonObject:
    """The answer in a line; raises ValueError, or Problem where the controller died as it wrote."""
    if not line.endswith(b"\n"):
        raise _hung_up()
    answer = json.loads(line)
    if not isinstance(answer, dict):
        raise ValueError("no object")
    return answer


def _hung_up() -> Problem:
    return Problem("absent", "the controller hung up; what was asked for may have been done")


def _checked(answer: JsonObject) -> JsonObject:
    """An answer without its ``ok``."""
    if not answer.pop("ok", False):
        reason = str(answer.get("reason", ""))
        kind = str(answer.get("kind", "error"))
        more = {"mistakes": answer["mistakes"]} if "mistakes" in answer else {}
        if kind == "refused":
            more["counterexamples"] = answer.get("counterexamples", [])
        raise Problem(kind, reason, **more)
    return answer
