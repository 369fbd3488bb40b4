"""No layer answers faster than the fibre below it, whichever two places are asked for."""

from __future__ import annotations

import itertools
from functools import cache

import pytest

from corridor.topologies.analysis.predict import (
    RTT_MS_PER_KM,
    OffTheMap,
    parts_of,
    place_of,
    places,
)
from corridor.topologies.model.delay_model import LAYERS, LayerName, shipped_model
from corridor.topologies.model.topology import great_circle_km

PAIRS = tuple(itertools.combinations(sorted(places()), 2))


@cache
def _rtt_ms(a: str, z: str, name: LayerName) -> tuple[float, str] | None:
    """The median of a layer and its map; None where the layer does not answer."""
    layer = shipped_model().layer(name)
    try:
        region, parts = parts_of(a, z, layer)
    except OffTheMap:
        return None
    return parts.rtt_ms(layer, region), layer.map_of(region)


@pytest.mark.parametrize("name", LAYERS)
def test_every_pair_of_places_takes_longer_than_light_and_than_fibre_of_the_same_map(
    name: LayerName,
) -> None:
    answered = 0
    for a, z in PAIRS:
        found, optical = _rtt_ms(a, z, name), _rtt_ms(a, z, "optical")
        if found is None:
            continue
        answered += 1
        rtt_ms, topology = found
        assert rtt_ms >= RTT_MS_PER_KM * great_circle_km(place_of(a), place_of(z)), (a, z)
        if optical is not None and topology != "cloud-backbone":
            assert topology == optical[1], (a, z)
            assert rtt_ms >= optical[0], (a, z)
    assert answered > 1000
