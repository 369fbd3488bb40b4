"""Relations between answers about policies: where they are listed, and what they all use."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from plain_worlds import Rule

type Relation = Callable[[Random], None]
RELATIONS: list[Relation] = []


def relation(one: Relation) -> Relation:
    RELATIONS.append(one)
    return one


def permit(name: str = "P", **hard: Any) -> Rule:
    return {"id": name, "effect": "permit", "hard": hard}


def restrict(name: str = "R", **hard: Any) -> Rule:
    return {"id": name, "effect": "restrict", "hard": hard}
