"""Waiting before a single server with Poisson arrivals and an unbounded queue. Pure.

Waiting is the time from arrival until service begins: of a packet, the time in the queue without
its own transmission. ``load`` is the arrival rate times the mean service time, below 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp, log
from typing import NamedTuple


def check_load(load: float) -> None:
    """ValueError for a queue that has no steady state."""
    if not 0 <= load < 1:
        raise ValueError(f"a load of {load:g} has no steady state: it has to be below 1")


def mg1_mean_s(load: float, service_s: float, cv: float) -> float:
    """M/G/1: Pollaczek and Khinchine (Kleinrock, Queueing Systems 1, 1975, eq. 5.70).

    ``cv`` is the coefficient of variation of service times: 0 constant, 1 exponential.
    """
    check_load(load)
    return load * service_s * (1 + cv * cv) / (2 * (1 - load))


def mm1_mean_s(load: float, service_s: float) -> float:
    return mg1_mean_s(load, service_s, 1.0)


def md1_mean_s(load: float, service_s: float) -> float:
    return mg1_mean_s(load, service_s, 0.0)


def mm1_share_within(load: float, service_s: float, within_s: float) -> float:
    """M/M/1: the share that waits so long at most (Kleinrock, section 5.12)."""
    check_load(load)
    return 1 - load * exp(-(1 - load) * within_s / service_s)


def mm1_quantile_s(load: float, service_s: float, share: float) -> float:
    """M/M/1: the longest wait of a share of all; 0 if at least that share does not wait."""
    check_load(load)
    if share <= 1 - load:
        return 0.0
    return log(load / (1 - share)) * service_s / (1 - load)


def md1_numbers(load: float, most: int) -> list[float]:
    """M/D/1: the probabilities of 0 to ``most`` customers in the system.

    From the balance of crossings up and down of each level at departures: sums of positive terms,
    which do not cancel (the usual recursion subtracts).
    """
    check_load(load)
    none, beyond = exp(-load), []
    term, at_most = none, none
    for count in range(1, most + 2):
        beyond.append(max(0.0, 1 - at_most))
        term *= load / count
        at_most += term
    found = [1 - load]
    for number in range(most):
        up = found[0] * beyond[number]
        up += sum(found[k] * beyond[number - k + 1] for k in range(1, number + 1))
        found.append(up / none)
    return found


def md1_share_within(load: float, service_s: float, within_s: float) -> float:
    """M/D/1: the share that waits so long at most (Franx, OR Letters 29, 2001, with one server).

    Erlang's series of 1909 says the same with terms of both signs, and fails at long waits.
    """
    check_load(load)
    if within_s < 0:
        return 0.0
    steps = int(within_s / service_s) + 1
    numbers = md1_numbers(load, steps)
    at_most = [numbers[0]]
    for probability in numbers[1:]:
        at_most.append(at_most[-1] + probability)
    offered = load * (steps - within_s / service_s)
    total, term = 0.0, exp(-offered)
    for j in range(steps):
        total += at_most[steps - j] * term
        term *= offered / (j + 1)
    return min(total, 1.0)


def md1_quantile_s(load: float, service_s: float, share: float) -> float:
    """M/D/1: the longest wait of a share of all; 0 if at least that share does not wait."""
    return _inverse(lambda s: md1_share_within(load, service_s, s), share, service_s)


def _inverse(share_within: Callable[[float], float], share: float, unit_s: float) -> float:
    """By halving, to a millionth of the unit."""
    if not 0 <= share < 1:
        raise ValueError(f"{share:g} is not a share between 0 and 1")
    if share_within(0.0) >= share:
        return 0.0
    low_s, high_s = 0.0, unit_s
    while share_within(high_s) < share:
        low_s, high_s = high_s, 2 * high_s
    while high_s - low_s > 1e-6 * unit_s:
        middle_s = (low_s + high_s) / 2
        low_s, high_s = (low_s, middle_s) if share_within(middle_s) >= share else (middle_s, high_s)
    return high_s


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
