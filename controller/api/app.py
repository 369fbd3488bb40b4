"""The API as an ASGI application: endpoints, problems, and an exact OpenAPI document."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from pydantic.json_schema import JsonSchemaValue
from starlette.exceptions import HTTPException

from corridor.controller.api import routes
from corridor.controller.api.event_feed import EventFeed
from corridor.controller.api.link import MEDIA_TYPE, ControllerLink, Problem

EXAMPLES = Path(__file__).with_name("examples.json")
VERSION = "1"
DESCRIPTION = """The network that `corridor up` holds to its policies.

Every path needs `Authorization: Bearer TOKEN`, and is served on 127.0.0.1 only. A change is
answered once it is in force, and proven; one that would break a claim is refused with a
counterexample. Changes take their turn: the controller makes one at a time."""
SERVERS = [{"url": "/", "description": "the address that `corridor up` prints"}]
"""Relative to the document: an API has another port each time."""
SILENT: TelemetryConfig = {
    "auto_configure": False,
    "tracing": False,
    "metrics": False,
    "logs": False,
}
"""Nothing is sent to third parties, whatever the environment sets."""
DEFAULT_MISTAKES = ("HTTPValidationError", "ValidationError")
"""What FastAPI adds to every operation with parameters, and this application never answers."""


def make_app(link: ControllerLink, feed: EventFeed | None = None) -> FastAPI:
    """Asks the controller at the other end of ``link``. Who may ask is decided before it.
    ``feed`` is what streams follow, by default of that link."""
    app = FastAPI(
        title="Corridor",
        version=VERSION,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_name,
        telemetry=SILENT,
    )
    app.state.link = link
    app.state.feed = feed or EventFeed(link)
    app.include_router(routes.router)
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _mistakes)
    app.add_exception_handler(UnicodeError, _no_text)
    app.add_exception_handler(HTTPException, _by_status)
    app.add_exception_handler(Exception, _defect)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    return app


def _name(route: APIRoute) -> str:
    return route.name


def _told(request: Request, problem: Problem, **headers: str) -> Response:
    return Response(
        problem.body(request.scope["path"]),
        problem.status,
        headers={**problem.headers, **headers},
        media_type=MEDIA_TYPE,
    )


def _problem(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    return _told(request, problem)


def _mistakes(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, RequestValidationError)
    mistakes = [
        {"where": ".".join(map(str, one["loc"])), "message": str(one["msg"])}
        for one in problem.errors()
    ]
    first = mistakes[0]
    return _told(
        request, Problem("bad", f"{first['where']}: {first['message']}", mistakes=mistakes)
    )


def _no_text(request: Request, _problem: Exception) -> Response:
    """JSON can escape half of a surrogate pair, which no encoding of text has."""
    return _told(request, Problem("bad", "the body contains a character that is not text"))


def _by_status(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)
    if problem.status_code == 405:
        detail = f"{request.method} is not for this path"
        allowed = ", ".join(sorted(routes.methods_of(request.scope["path"])))
        return _told(request, Problem("method", detail), allow=allowed)
    kind = "unknown" if problem.status_code == 404 else "bad"
    return _told(request, Problem(kind, str(problem.detail)))


def _defect(request: Request, problem: Exception) -> Response:
    return _told(request, Problem("error", f"a defect: {type(problem).__name__}"))


def _document(app: FastAPI) -> dict[str, Any]:
    """OpenAPI, with the token, problems as what they are, and policy sets as they are written."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            servers=SERVERS,
        )
        components = made["components"]
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        components["schemas"] |= _policy_schemas()
        for name in DEFAULT_MISTAKES:
            components["schemas"].pop(name, None)
        made["security"] = [{"token": []}]
        for path, operations in made["paths"].items():
            for method, operation in operations.items():
                _exactly(operation)
                _with_example(operation, f"{method.upper()} {path}")
        app.openapi_schema = _for_generators(made)
    return app.openapi_schema


def _exactly(operation: dict[str, Any]) -> None:
    """Every problem has one type, and an operation lists only its possible problems."""
    responses = operation["responses"]
    for status in [one for one in responses if one >= "400"]:
        (content,) = responses[status]["content"].values()
        if content["schema"]["$ref"].rpartition("/")[2] in DEFAULT_MISTAKES:
            del responses[status]
        else:
            responses[status]["content"] = {MEDIA_TYPE: content}


@cache
def _examples() -> dict[str, Any]:
    """By method and path, of a small network: an example of the body that an operation takes, or
    else of its answer, where the schema of that has none."""
    found: dict[str, Any] = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    return found


def _with_example(operation: dict[str, Any], name: str) -> None:
    if name in _examples():
        of = operation.get("requestBody") or operation["responses"]["200"]
        (content,) = of["content"].values()
        content["example"] = _examples()[name]


def _for_generators(value: Any) -> Any:
    """What a document says, in the words that generators of clients know: an array has ``items``
    instead of ``prefixItems`` that are all alike, and no default is an object."""
    if isinstance(value, list):
        return [_for_generators(one) for one in value]
    if not isinstance(value, dict):
        return value
    plain = {name: _for_generators(one) for name, one in value.items()}
    if isinstance(plain.get("default"), dict) and "properties" not in plain["default"]:
        del plain["default"]
    items = plain.get("prefixItems")
    if items and all(one == items[0] for one in items):
        plain["items"] = plain.pop("prefixItems")[0]
    return plain


def _policy_schemas() -> dict[str, JsonSchemaValue]:
    """The JSON Schema of a policy set with all it refers to, as components."""
    from corridor.controller.policy.model import PolicySet
    from corridor.controller.policy.schema import json_schema

    made = _referring(json_schema(PolicySet, "PolicySet"))
    made.pop("$schema")
    inner: dict[str, JsonSchemaValue] = made.pop("$defs")
    return {**{_component(name): one for name, one in inner.items()}, "PolicySet": made}


def _component(name: str) -> str:
    """The name of a part of a policy set among all components: an identifier in any language."""
    return "Policy" + "".join(word[:1].upper() + word[1:] for word in re.split(r"\W+", name))


def _referring(value: Any) -> Any:
    """With references to ``$defs`` made to point to components."""
    if isinstance(value, dict):
        return {
            key: f"#/components/schemas/{_component(item.removeprefix('#/$defs/'))}"
            if key == "$ref" and isinstance(item, str)
            else _referring(item)
            for key, item in value.items()
        }
    return [_referring(one) for one in value] if isinstance(value, list) else value
