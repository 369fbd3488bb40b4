"""How full each direction of a fibre was, from its intervals."""

from __future__ import annotations

import pytest

from corridor.experiments.account.fibre_use import Lasting, fibre_use
from corridor.experiments.account.utilisation import Use

S = 10**9
RATE_BPS = 8_000_000
CUT = Lasting("cut", 2000.0, 3000.0)
LATER = Lasting("later", 3000.0, None)


def use(share: float, at_s: float, lasts_s: float = 1.0, hub: str = "a", **more: int) -> Use:
    """An interval whose frames, without background, take a share of the rate."""
    lasts_ns = round(lasts_s * S)
    octets = round(share * RATE_BPS * lasts_ns / 8 / S)
    dropped = more.pop("dropped", 0)
    return Use("f", hub, round(at_s * S), lasts_ns, octets, dropped, RATE_BPS, **more)


def test_the_mean_counts_how_long_intervals_last() -> None:
    (found,) = fibre_use([use(0.2, 0), use(0.8, 1, 3, dropped=7)], [])
    assert found.utilization == pytest.approx(0.65)
    assert found.most_utilization == pytest.approx(0.8)
    assert (found.dropped_packets, found.rate_mbps) == (7, 8.0)
    assert not found.is_congested


def test_background_is_a_part_of_the_utilization() -> None:
    (found,) = fibre_use([use(0.3, 0, background_bps=RATE_BPS // 2)], [])
    assert found.utilization == pytest.approx(0.8)
    assert found.background == pytest.approx(0.5)


def test_directions_are_apart_and_the_fullest_is_first() -> None:
    found = [*fibre_use([use(0.1, 0), use(0.4, 0, hub="z")], [])]
    assert [one.from_ for one in found] == ["z", "a"]


@pytest.mark.parametrize(
    ("at_s", "events"),
    [(0, ()), (1, ()), (1.5, ("cut",)), (2, ("cut",)), (2.5, ("cut", "later")), (3, ("later",))],
)
def test_a_congested_interval_names_the_events_that_last_then(
    at_s: float, events: tuple[str, ...]
) -> None:
    (found,) = fibre_use([use(0.9, at_s), use(0.89, 9)], [CUT, LATER])
    assert found.congested_s == 1.0
    assert found.congested_in == events


def test_without_intervals_there_is_nothing() -> None:
    assert not [*fibre_use([], [CUT])]
