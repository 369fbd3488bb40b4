"""Searches at prices: looking ahead and remembering change no answer, only how long it takes."""

from __future__ import annotations

import random

import pytest

from corridor.controller.traffic_engineering import candidate_paths as spaces
from corridor.controller.traffic_engineering.candidate_paths import PathSpace
from corridor.controller.traffic_engineering.candidate_values import ByCase, Links, priced
from corridor.controller.traffic_engineering.fit_rates import Served
from corridor.controller.traffic_engineering.selection_setting import selection_problem_of
from corridor.topologies.formats.load import load_topology
from rates_lab import spec

PAN_ASIA = load_topology("pan-asia")
LINKS = Links(PAN_ASIA)
RATES = {
    "far": ("20Mbit", "shenzhen", "jeddah"),
    "near": ("30Mbit", "shanghai", "guian"),
    "south": ("10Mbit", "guian", "bangkok"),
}


def fresh() -> list[PathSpace]:
    served = Served(PAN_ASIA, spec(RATES, k=1, topology=PAN_ASIA).intents())
    return selection_problem_of(served.graphs, served.builder, LINKS).spaces


def random_prices(rng: random.Random) -> dict[int, int]:
    some = rng.sample(range(LINKS.sights), rng.randint(1, 60))
    return {link: rng.choice((1, 10**6, 10**7, 10**9)) for link in some}


@pytest.mark.parametrize("seed", range(3))
def test_looking_ahead_finds_the_same_path(seed: int) -> None:
    rng = random.Random(seed)
    for space in fresh():
        start = space.product.entered(space.automaton.trip.src)
        assert start is not None
        for _ in range(30):
            dead = sum(1 << one for one in rng.sample(range(LINKS.sights // 2), 4))
            price = priced(random_prices(rng), LINKS)
            plain = space.cheapest(start, dead, spaces.NOBODY, price)
            ahead = space.cheapest(start, dead, spaces.NOBODY, price, above_delay=True)
            assert ahead == plain
            assert plain is not None


def test_a_detour_that_is_remembered_is_the_one_that_is_found_afresh(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spaces, "MOST_KEPT", 3)
    rng, kept, others, differ = random.Random(7), fresh(), fresh(), 0
    for _ in range(40):
        case = rng.randrange(len(PAN_ASIA.fibres))
        one = random_prices(rng)
        other_way_round = dict(zip(one, reversed(one.values()), strict=True))
        prices = [ByCase({case: of}) for of in (one, other_way_round)]
        for space, other in zip(kept, others, strict=True):
            main = space.shortest(priced({}, LINKS))
            assert main is not None
            for at in (0, 1, 0):
                other._at_prices.clear()
                found = space.detours(main, prices[at])
                assert found == other.detours(main, prices[at])
                assert len(space._at_prices) <= spaces.MOST_KEPT
                differ += found != space.detours(main, prices[at], alone=True)
    assert differ
