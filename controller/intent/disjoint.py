"""Demands whose paths are to share nothing: asked for, and what of it is shared."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from corridor.controller.policy.model import KindsOfFailure, Protected
from corridor.topologies.model.topology import Frozen, Slug

KINDS: tuple[Protected, ...] = ("link", "srlg", "hub", "gateway")


def each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    """Raises ValueError where a demand is named twice."""
    twice = next((one for at, one in enumerate(names) if one in names[:at]), None)
    if twice is not None:
        raise ValueError(f"{twice} is given twice: name each demand once")
    return names


class Disjoint(Frozen):
    """Demands whose primary paths, forward and return, share nothing of some kinds."""

    demands: Annotated[
        tuple[Slug, ...], Field(min_length=2, max_length=8), AfterValidator(each_once)
    ]
    """Ids of two to eight demands, including their return traffic."""
    over: KindsOfFailure = KINDS
    """Kinds of elements that they do not share: ``link``, ``srlg``, ``hub``, ``gateway``."""
