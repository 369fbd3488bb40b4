"""What the faults of a live network do to Internet traffic: computed, nothing is measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from corridor.experiments.answers.document import ELEMENTS
from corridor.experiments.answers.internet_cut import InternetCut, internet_cut, internet_on
from corridor.topologies.model.topology import Topology


def internet_now(
    topology: Topology, day: date, faults: Iterable[Mapping[str, Any]]
) -> InternetCut | None:
    """Compute the effect of all cuts that last, as ``corridor cut`` does, by the shipped figures.

    Args:
        topology: Of the network.
        day: Of the figures.
        faults: What operations answer to ``lasting``.

    Returns:
        None if no cut lasts, or background traffic does not use what is cut.
    """
    named = [f"{ELEMENTS[one['kind']]}:{one['what']}" for one in faults if one["kind"] in ELEMENTS]
    return internet_cut(internet_on(topology), named, day) if named else None
