"""Rates that several demands have together: a customer's pipe."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from corridor.controller.intent.disjoint import each_once
from corridor.controller.policy.model import Bandwidth
from corridor.topologies.model.topology import Frozen, Slug


class Aggregate(Frozen):
    """Demands whose data, there and not back, has one guarantee for all: however they share it."""

    id: Slug
    """Name of the aggregate; not the id of a demand."""
    demands: Annotated[
        tuple[Slug, ...], Field(min_length=2, max_length=16), AfterValidator(each_once)
    ]
    """Ids of two to sixteen demands; forward direction only."""
    guarantee: Bandwidth
    """Committed and peak rate of all together, instead of the permits' rates; the demands do not
    have a separate ``guarantee``."""
