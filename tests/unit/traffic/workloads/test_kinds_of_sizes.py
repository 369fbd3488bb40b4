"""Sizes of messages: the same for a seed, with the mean and the quantiles that they claim."""

from __future__ import annotations

from math import exp, log
from statistics import mean, median, stdev

import pytest

from corridor.traffic import workloads as sizes
from corridor.traffic.workloads.arrival_kind import SplitMix64
from corridor.traffic.workloads.size_kind import SizeKind
from corridor.traffic.workloads.sizes import KINDS, READ, Sizes
from kinds_lab import named_in

EXAMPLES = {
    "constant": {"octets": 782},
    "exponential": {"mean": 20_000},
    "lognormal": {"median": 3000, "sigma": 0.99},
    "pareto": {"least": 10_000, "alpha": 2.5},
    "quantiles": {"points": {"p0": 40, "p50": 4000, "p100": 60_000}},
    "sample": {READ: (3, 5, 7, 100)},
}
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))


def drawn(name: str, count: int, seed: int = 1) -> list[float]:
    numbers, of = SplitMix64(seed), Sizes(KINDS[name], EXAMPLES[name])
    return [of.draw(numbers) for _ in range(count)]


def test_every_file_of_a_kind_is_in_the_registry() -> None:
    assert named_in(sizes, SizeKind) == dict(KINDS)


@every_kind
def test_sizes_depend_on_the_seed_alone_and_have_the_mean_that_is_said(kind) -> None:
    found = drawn(kind.key, 40_000)
    assert found == drawn(kind.key, 40_000)
    assert min(found) >= 0
    assert mean(found) == pytest.approx(kind.mean(EXAMPLES[kind.key]), rel=0.03)


def test_exponential_sizes_vary_as_much_as_they_are_large_and_half_are_below_ln_2_of_the_mean() -> (
    None
):
    found = drawn("exponential", 40_000)
    assert stdev(found) / mean(found) == pytest.approx(1.0, rel=0.02)
    assert median(found) == pytest.approx(20_000 * log(2), rel=0.02)


def test_half_of_lognormal_sizes_are_below_the_median_and_their_logarithm_has_its_deviation() -> (
    None
):
    found = sorted(drawn("lognormal", 40_000))
    assert found[20_000] == pytest.approx(3000, rel=0.03)
    assert found[round(40_000 * 0.8413)] == pytest.approx(3000 * exp(0.99), rel=0.04)


def test_pareto_sizes_fall_off_by_their_power() -> None:
    found = drawn("pareto", 40_000)
    assert min(found) >= 10_000
    beyond = sum(size > 20_000 for size in found) / len(found)
    assert log(1 / beyond) / log(2) == pytest.approx(2.5, rel=0.03)


def test_sizes_by_quantiles_have_these_quantiles() -> None:
    found = sorted(drawn("quantiles", 40_000))
    assert 40 <= found[0] <= 100
    assert found[20_000] == pytest.approx(4000, rel=0.02)
    assert found[30_000] == pytest.approx(32_000, rel=0.03)
    assert found[-1] <= 60_000


@pytest.mark.parametrize(
    ("points", "says"),
    [
        ({"p1": 1, "p100": 2}, "points need p0, the minimum, and p100"),
        ({"p0": 1, "p99": 2}, "points need p0, the minimum, and p100"),
        ({"p0": 3, "p100": 2}, "fall"),
        ({"p0": 1, "p50": 1, "p50.0": 2, "p100": 2}, "twice"),
    ],
)
def test_quantiles_that_are_none_are_told(points, says) -> None:
    assert says in KINDS["quantiles"].problem({"points": points})


def test_a_sample_gives_nothing_but_what_is_in_it() -> None:
    assert set(drawn("sample", 1000)) == {3, 5, 7, 100}
