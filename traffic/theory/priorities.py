"""Waiting by class before a single server that takes the highest class first. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from corridor.traffic.theory.waiting import check_load


class Offered(NamedTuple):
    """What a class brings: Poisson arrivals, and service times of this mean and variation."""

    load: float
    service_s: float
    cv: float = 0.0


def priority_means_s(classes: Sequence[Offered]) -> list[float]:
    """The mean waiting of each class, the highest first; a service that began goes on to its end.

    Cobham (Operations Research 2, 1954; Kleinrock, Queueing Systems 2, eq. 3.31). All together have
    to stay below a load of 1.
    """
    check_load(sum(one.load for one in classes))
    residual_s = sum(one.load * one.service_s * (1 + one.cv**2) / 2 for one in classes)
    found, above = [], 0.0
    for one in classes:
        found.append(residual_s / ((1 - above) * (1 - above - one.load)))
        above += one.load
    return found


def conserved_s(classes: Sequence[Offered], means_s: Sequence[float]) -> float:
    """The sum of loads times waiting, which is the same in whatever order classes are served
    (Kleinrock's conservation law, Naval Research Logistics Quarterly 12, 1965)."""
    return sum(one.load * mean_s for one, mean_s in zip(classes, means_s, strict=True))
