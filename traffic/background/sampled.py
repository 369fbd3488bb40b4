"""The numbers of an assignment with intervals, from Monte Carlo samples of the figures. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

import numpy as np

from corridor.topologies.base.codec import Document
from corridor.traffic.background.assignment import PEAK, assign
from corridor.traffic.background.carried import (
    Carried,
    FlowCarried,
    HoldingCarried,
    Reaction,
    TotalCarried,
)
from corridor.traffic.background.internet import Internet
from corridor.traffic.background.market import Samples

SAMPLES, SEED = 100, 1
"""Of every answer. An end of a 90 % interval has a standard error of up to 7 % of its width; of 40
samples it is 10, of 400 it is 3. A sample of one country costs some 3 ms of CPU time."""
QUANTILES = (0.05, 0.95)
SCHEMA = 1


@dataclass(frozen=True)
class Sampled(Document):
    """An assignment with 90 % intervals.

    ``low`` and ``high`` have the 5 % and 95 % quantile of each number alone. Their rows do not add
    up: no sample is low in everything.
    """

    schema: int
    seed: int
    samples: int
    value: Carried
    low: Carried
    high: Carried


def sampled(
    internet: Internet,
    day: date,
    failed: Iterable[str] = (),
    reaction: Reaction = "bought",
    seed: int = SEED,
    n: int = SAMPLES,
    *,
    load: float = PEAK,
    countries: Iterable[str] = (),
) -> Sampled:
    """Assign the traffic of a day, with the uncertainty of its figures.

    Args:
        internet: The figures.
        day: As in ``Internet.at``.
        failed: As in ``assign``, like ``reaction`` and ``load``.
        reaction: How far operators have reacted.
        seed: The same seed gives the same samples.
        n: The number of samples, 2 or more.
        load: Multiple of the busy hour's traffic.
        countries: Codes; default: all.

    Returns:
        Values and 90 % intervals. The interval of a number that is None in some samples is that of
        the others.

    Raises:
        InputError: As ``Internet.at`` and ``assign``.
        ValueError: There are fewer than two samples.
    """
    if n < 2:
        raise ValueError(f"an interval needs 2 samples or more, not {n}")
    dead, codes = frozenset(failed), tuple(countries)
    value = assign(internet.at(day, countries=codes), dead, load=load, reaction=reaction)
    samples = Samples(seed, n)
    drawn = [
        assign(
            internet.at(day, draw=samples.draw(one), countries=codes),
            dead,
            load=load,
            reaction=reaction,
        )
        for one in range(n)
    ]
    low, high = (_quantile(value, drawn, share) for share in QUANTILES)
    return Sampled(SCHEMA, seed, n, value, low, high)


def _quantile(value: Carried, drawn: Sequence[Carried], share: float) -> Carried:
    return replace(
        value,
        flows=_rows(FlowCarried, value.flows, [one.flows for one in drawn], share),
        holdings=_rows(HoldingCarried, value.holdings, [one.holdings for one in drawn], share),
        totals=_rows(TotalCarried, value.totals, [one.totals for one in drawn], share),
    )


def _rows[Row: FlowCarried | HoldingCarried | TotalCarried](
    kind: type[Row], value: Sequence[Row], drawn: Sequence[Sequence[Row]], share: float
) -> tuple[Row, ...]:
    """Each row with its numbers at a quantile; texts and truths as in ``value``."""
    names = [one.name for one in fields(kind) if one.type in ("float", "float | None")]
    found: list[Row] = []
    for number, row in enumerate(value):
        changed: dict[str, Any] = {
            name: _at([getattr(one[number], name) for one in drawn], share) for name in names
        }
        found.append(replace(row, **changed))
    return tuple(found)


def _at(numbers: Sequence[float | None], share: float) -> float | None:
    known = [one for one in numbers if one is not None]
    return float(np.quantile(known, share)) if known else None
