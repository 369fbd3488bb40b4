"""Where demands may go: one hub, or any of several."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Tag

from corridor.controller.policy.clauses.elements import Where
from corridor.topologies.model.topology import Slug


def _several(value: Any) -> Any:
    if value == []:
        raise ValueError("dst names no hub: name one, or a selector of hubs")
    return {"hubs": value} if isinstance(value, list) else value


def _kind(value: Any) -> str:
    return "selector" if isinstance(value, dict | Where) else "hub"


Destination = Annotated[
    Annotated[
        Annotated[Slug, Tag("hub")] | Annotated[Where, Tag("selector")], Discriminator(_kind)
    ],
    BeforeValidator(_several, json_schema_input_type=Slug | list[Slug] | Where),
]
"""A hub; or any of those that a selector, or a list of their ids, selects."""
